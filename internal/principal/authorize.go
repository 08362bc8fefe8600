package principal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A Decision is whether a caller may do something, and why.
type Decision struct {
	// Root: the caller is the root of the account, whom no policy concerns.
	Root bool
	// Decision is that of the caller's policies; for the root, that it is allowed.
	iam.Decision
}

// String tells a person how the request was decided.
func (d Decision) String() string {
	if d.Root {
		return "allowed: the root of an account may do everything in it"
	}
	return d.Decision.String()
}

// Authorize refuses what the caller may not do to the resource, an ARN or *. The root of
// an account may do everything; a user what one of its policies allows and none denies.
// Nobody else may do anything: sessions get their permissions elsewhere. That the resource
// is of the caller's account is for the operation to see to.
//
// Conditions returns the values of condition keys in lower case that are the request's; it
// may be nil. Those of the caller, such as aws:SourceIp, are known here and go before.
func (s *Service) Authorize(ctx context.Context, c api.Caller, action, resource string, conditions func(key string) []string) error {
	d, err := s.Explain(ctx, c, action, resource, conditions)
	if err != nil || d.Allowed {
		return err
	}
	return d.Refusal(c, resource)
}

// Refusal is what a caller is told of a decision that does not allow, where resource is
// what AWS calls the one asked about.
func (d Decision) Refusal(c api.Caller, resource string) *api.Error {
	refused := api.NotAllowed.With(c.Principal, d.Action, resource)
	refused.Message += d.Because()
	return refused.Because(errors.New(d.String()))
}

// Explain returns the decision of Authorize.
func (s *Service) Explain(ctx context.Context, c api.Caller, action, resource string, conditions func(key string) []string) (Decision, error) {
	if IsRoot(c) {
		return Decision{true, iam.Decision{Allowed: true, Action: action, Resource: resource}}, nil
	}
	user, named, err := s.policiesOf(ctx, c)
	if err != nil {
		return Decision{}, fmt.Errorf("read policies of %s: %w", c.Principal, err)
	}
	r := &iam.Request{Action: action, Resource: resource, Context: func(key string) []string {
		if strings.HasPrefix(key, "aws:") {
			if values, known := globalKey(c, user.Tags, key); known {
				return values
			}
		}
		if conditions == nil {
			return nil
		}
		return conditions(key)
	}}
	return Decision{Decision: iam.Evaluate(r, iam.Policies{Identity: named})}, nil
}

// policiesOf returns the user that calls, and its policies. A caller that is no user,
// or one that is gone, has neither: then there is nothing that could allow.
func (s *Service) policiesOf(ctx context.Context, c api.Caller) (user *User, named []iam.Named, err error) {
	err = s.store.View(ctx, func(tx Tx) error {
		user, named = &User{}, nil
		if c.User == "" {
			return nil
		}
		u, err := tx.Users().Get(c.Account, c.User)
		// A user who has the name of one that is gone does not inherit its requests.
		if errors.Is(err, identity.ErrNotFound) || err == nil && u.ID != c.ID {
			return nil
		}
		if err != nil {
			return err
		}
		user = u
		named, err = s.compiled.policies(tx, c.Account, &u.Permissions)
		return err
	})
	return user, named, err
}

// globalKey returns the values of a global condition key that follow from the caller, if
// key is one; source: "AWS global condition context keys" of the IAM User Guide. The name
// is in lower case.
func globalKey(c api.Caller, tags map[string]string, key string) (values []string, known bool) {
	value := ""
	switch key {
	case "aws:currenttime":
		value = c.Now.UTC().Format(time.RFC3339)
	case "aws:epochtime":
		value = strconv.FormatInt(c.Now.Unix(), 10)
	case "aws:sourceip":
		value = c.SourceIP
	case "aws:securetransport":
		value = strconv.FormatBool(c.Secure)
	case "aws:requestedregion":
		value = c.Region
	case "aws:principalarn":
		value = c.Principal
	case "aws:principalaccount":
		value = c.Account
	case "aws:principaltype":
		if c.User != "" {
			value = "User"
		}
	case "aws:userid":
		value = c.ID
	case "aws:username":
		value = c.User
	default:
		wanted, ok := strings.CutPrefix(key, "aws:principaltag/")
		if !ok {
			return nil, false
		}
		for name, v := range tags {
			if strings.EqualFold(name, wanted) {
				return []string{v}, true
			}
		}
		return nil, true
	}
	if value == "" {
		return nil, true
	}
	return []string{value}, true
}
