package principal

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A subject is a caller together with what is stored of it and decides what it may do.
type subject struct {
	api.Caller
	// known: the user or the role is there. Otherwise there are no policies.
	known bool
	// role is the ARN of the role whose session calls; empty for others.
	role string
	// tags are those of the user or the role.
	tags map[string]string
	// providers are what condition keys about a web identity begin with, in lower case.
	providers []string
	policies  iam.Policies
}

// subject returns a caller as a subject. One who has the name of another that is gone does
// not inherit its requests.
func (s *Service) subject(tx Tx, c api.Caller) (*subject, error) {
	sub := &subject{Caller: c}
	var has *Permissions
	var err error
	switch {
	case c.Session != nil && c.Session.Role != "":
		var r *Role
		if r, err = tx.Roles().Get(c.Account, c.Session.Role); err == nil && sessionID(r, c.Session.Name) == c.ID {
			sub.role, sub.tags, has = r.ARN(), r.Tags, &r.Permissions
			sub.providers = s.keyPrefixes(c.Session.WebIdentity)
		}
	case c.User != "":
		var u *User
		if u, err = tx.Users().Get(c.Account, c.User); err == nil && u.ID == c.ID {
			sub.tags, has = u.Tags, &u.Permissions
		}
	}
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return nil, err
	}
	if has == nil {
		return sub, nil
	}
	sub.known = true
	if sub.policies.Identity, err = s.compiled.policies(tx, c.Account, has); err != nil {
		return nil, err
	}
	sub.policies.Session, err = s.compiled.sessionPolicies(tx, c.Account, c.Session)
	return sub, err
}

// context returns the values of condition keys: the subject's own before those of the
// request.
func (sub *subject) context(conditions func(key string) []string) func(key string) []string {
	return func(key string) []string {
		if strings.HasPrefix(key, "aws:") {
			if values, known := sub.global(key); known {
				return values
			}
		}
		if sub.Session != nil {
			if values, known := webIdentityKey(sub.providers, sub.Session.WebIdentity, key); known {
				return values
			}
		}
		if conditions == nil {
			return nil
		}
		return conditions(key)
	}
}

// global returns the values of a global condition key that follow from the caller, if
// key is one; source: "AWS global condition context keys" of the IAM User Guide. The name
// is in lower case.
func (sub *subject) global(key string) (values []string, known bool) {
	value := ""
	switch key {
	case "aws:currenttime":
		value = sub.Now.UTC().Format(time.RFC3339)
	case "aws:epochtime":
		value = strconv.FormatInt(sub.Now.Unix(), 10)
	case "aws:sourceip":
		value = sub.SourceIP
	case "aws:securetransport":
		value = strconv.FormatBool(sub.Secure)
	case "aws:requestedregion":
		value = sub.Region
	case "aws:principalarn":
		if value = sub.role; value == "" {
			value = sub.Principal
		}
	case "aws:principalaccount":
		value = sub.Account
	case "aws:principaltype":
		switch {
		case sub.role != "":
			value = "AssumedRole"
		case sub.User != "":
			value = "User"
		}
	case "aws:userid":
		value = sub.ID
	case "aws:username":
		value = sub.User
	case "aws:tokenissuetime":
		if sub.Session != nil {
			value = sub.Session.Issued.UTC().Format(time.RFC3339)
		}
	case "aws:multifactorauthpresent":
		// Requests with an access key of the user's own lack it.
		if sub.Session != nil {
			value = "false"
		}
	case "aws:sourceidentity":
		if sub.Session != nil {
			value = sub.Session.SourceIdentity
		}
	case "aws:federatedprovider":
		if sub.Session == nil || sub.Session.WebIdentity == nil {
			return nil, false // while a role is taken, the request has it
		}
		value = sub.Session.WebIdentity.Provider
	default:
		wanted, ok := strings.CutPrefix(key, "aws:principaltag/")
		if !ok {
			return nil, false
		}
		return sub.tag(wanted), true
	}
	if value == "" {
		return nil, true
	}
	return []string{value}, true
}

// tag returns the value of a tag. Session tags override those of the role.
func (sub *subject) tag(key string) []string {
	if sub.Session != nil {
		if values := tagValue(sub.Session.Tags, key); values != nil {
			return values
		}
	}
	return tagValue(sub.tags, key)
}

// tagValue returns the value of the tag with the key, in whatever case; nil: there is none.
func tagValue(tags map[string]string, key string) []string {
	for k, v := range tags {
		if strings.EqualFold(k, key) {
			return []string{v}
		}
	}
	return nil
}

// mayCall refuses actions that no session of a user or of root may take.
func mayCall(c api.Caller, action string) error {
	if c.Session == nil || c.Session.Role != "" {
		return nil
	}
	service, name, _ := strings.Cut(action, ":")
	switch {
	case strings.EqualFold(service, "iam"):
		// Observed: to IAM, such credentials are unknown.
		return api.UnrecognizedSession.With()
	case strings.EqualFold(service, "sts") && name != "AssumeRole" && name != "GetCallerIdentity":
		return api.NotWithSession.With(name)
	}
	return nil
}
