package principal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/session"
)

// AssumeRole returns temporary credentials of a role. Its trust policy must admit the caller
// for sts:AssumeRole; also for sts:TagSession if there are session tags, and for
// sts:SetSourceIdentity if there is a source identity, each of which may come from the
// session that calls. Where the trust policy names the caller's account, or the role is of
// another account, the caller's own policies must allow it too; nowhere may they deny it.
// A refusal does not tell whether the role exists.
//
// Session policies of the caller must allow it even where the trust policy names the
// caller: the guide exempts sessions that are named by their own ARN, and we do not.
func (s *Service) AssumeRole(ctx context.Context, c api.Caller, in *api.AssumeRoleInput) (*api.AssumeRoleOutput, error) {
	switch {
	case isRoot(c):
		return nil, api.RootMayNotAssume.With()
	case in.SerialNumber != "" || in.TokenCode != "":
		return nil, api.NoSuchMFADevice.With()
	}
	account, name, ok := roleOf(in.RoleArn)
	if !ok {
		return nil, api.InvalidRoleARN.With(in.RoleArn)
	}
	wanted, err := wantedSession(c, in)
	if err != nil {
		return nil, err
	}
	percent, err := packedSize(wanted)
	if err != nil {
		return nil, err
	}
	var assumed api.AssumedRoleUser
	content, err := view(ctx, s, func(tx Tx) (session.Content, error) {
		r, err := s.assumable(tx, c, account, name, in, wanted)
		if err != nil {
			return session.Content{}, err
		}
		length, err := roleSessionLength(c, r, in.DurationSeconds)
		if err != nil {
			return session.Content{}, err
		}
		if err := sessionPoliciesExist(tx, account, wanted); err != nil {
			return session.Content{}, err
		}
		assumed = api.AssumedRoleUser{AssumedRoleId: sessionID(r, wanted.Name), Arn: sessionARN(r, wanted.Name)}
		return session.Content{
			Kind: session.OfRole, Account: r.Account, Name: r.Name, ID: r.ID,
			Session: issued(tx, wanted, r.SessionsFrom, length),
		}, nil
	})
	if err != nil {
		return nil, err
	}
	credentials, err := s.mint(content)
	if err != nil {
		return nil, err
	}
	return &api.AssumeRoleOutput{
		Credentials: credentials, AssumedRoleUser: &assumed, PackedPolicySize: percent, SourceIdentity: wanted.SourceIdentity,
	}, nil
}

// wantedSession returns the session that a caller asks for, with what it inherits and
// without its times.
func wantedSession(c api.Caller, in *api.AssumeRoleInput) (api.Session, error) {
	w := api.Session{Name: in.RoleSessionName, SourceIdentity: in.SourceIdentity}
	if in.Policy != "" {
		if err := checkDocument(in.Policy, iam.SessionPolicy); err != nil {
			return w, err
		}
		w.Policies = []string{in.Policy}
	}
	if len(in.PolicyArns) > MaxSessionPolicies {
		return w, api.TooManySessionPolicies.With(MaxSessionPolicies)
	}
	for _, p := range in.PolicyArns {
		w.PolicyARNs = append(w.PolicyARNs, p.Arn)
	}
	if c.Session != nil && c.Session.SourceIdentity != "" {
		if in.SourceIdentity != "" && in.SourceIdentity != c.Session.SourceIdentity {
			return w, api.SourceIdentitySet.With()
		}
		w.SourceIdentity = c.Session.SourceIdentity
	}
	var err error
	w.Tags, w.TransitiveTags, err = sessionTags(c, in)
	return w, err
}

// sessionPoliciesExist refuses a session with managed policies that its account does not have.
func sessionPoliciesExist(tx Tx, account string, w api.Session) error {
	for _, arn := range w.PolicyARNs {
		_, err := policies.get(tx, account, arn)
		if isNotFound(err) {
			return api.SessionPolicyNotFound.With(arn)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sessionTags returns the tags that a caller asks for together with those that it passes on.
func sessionTags(c api.Caller, in *api.AssumeRoleInput) (tags map[string]string, transitive []string, err error) {
	tags = make(map[string]string)
	for _, t := range in.Tags {
		switch {
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return nil, nil, api.ReservedSessionTag.With()
		case tagValue(tags, t.Key) != nil:
			return nil, nil, api.DuplicateSessionTags.With()
		}
		tags[t.Key] = t.Value
	}
	for _, key := range in.TransitiveTagKeys {
		if tagValue(tags, key) == nil {
			return nil, nil, api.TransitiveTagMissing.With()
		}
		transitive = append(transitive, key)
	}
	if c.Session != nil {
		for _, key := range c.Session.TransitiveTags {
			value := tagValue(c.Session.Tags, key)
			if tagValue(tags, key) != nil {
				return nil, nil, api.TransitiveTagSet.With()
			}
			tags[key] = value[0]
			transitive = append(transitive, key)
		}
	}
	return tags, transitive, nil
}

// packedSize returns what part of the room for policies and tags a session takes, in
// percent, and refuses one that takes more than there is.
func packedSize(w api.Session) (percent int64, err error) {
	n, err := session.Packed(&w)
	if err != nil {
		return 0, err
	}
	percent = (100*int64(n) + session.MaxPacked - 1) / session.MaxPacked
	if percent <= 100 {
		return percent, nil
	}
	text := api.PackedTagsTooLarge
	if len(w.Policies)+len(w.PolicyARNs) > 0 {
		text = api.PackedPoliciesTooLarge
	}
	return 0, text.With(fmt.Sprintf("%d%%", percent))
}

// roleSessionLength returns how long a session of a role lasts, in seconds. The order of
// the checks is observed.
func roleSessionLength(c api.Caller, r *Role, wanted int64) (int64, error) {
	length := cmp.Or(wanted, defaultMaxSession)
	switch {
	case length > r.MaxSession:
		return 0, api.RoleSessionTooLong.With()
	case c.Session != nil && c.Session.Role != "" && length > maxChainedSession:
		return 0, api.ChainedSessionTooLong.With()
	}
	return length, nil
}

// assumable returns the role, if the caller may assume it with the session.
func (s *Service) assumable(tx Tx, c api.Caller, account, name string, in *api.AssumeRoleInput, w api.Session) (*Role, error) {
	refused := func(action string) *api.Error { return api.NotAllowed.With(c.Principal, action, in.RoleArn) }
	const assume = "sts:AssumeRole"
	r, err := tx.Roles().Get(account, name)
	if errors.Is(err, identity.ErrNotFound) || err == nil && r.ARN() != in.RoleArn {
		return nil, refused(assume).Because(identity.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read role %s of %s: %w", name, account, err)
	}
	sub, err := s.subject(tx, c)
	if err != nil {
		return nil, fmt.Errorf("read policies of %s: %w", c.Principal, err)
	}
	if !sub.known {
		return nil, refused(assume).Because(errors.New("the caller is gone"))
	}
	// Observed: what comes with the role is refused before the role itself.
	var actions []string
	if w.SourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	if len(w.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	conditions := assumeConditions(in, w, r)
	for _, action := range append(actions, assume) {
		d, err := s.trusts(sub, r, action, conditions)
		if err != nil {
			return nil, err
		}
		if !d.Allowed {
			return nil, refused(action).Because(errors.New(d.String()))
		}
	}
	return r, nil
}

// trusts decides by the role's trust policy and those of the caller.
func (s *Service) trusts(sub *subject, r *Role, action string, conditions func(key string) []string) (iam.Decision, error) {
	trust, err := s.compiled.trust.of(r, parseTrust)
	if err != nil {
		return iam.Decision{}, fmt.Errorf("trust policy of %s: %w", r.ARN(), err)
	}
	q := &iam.Request{
		Action: action, Resource: r.ARN(), Context: sub.context(conditions),
		Principal: iam.Principal{ARN: sub.Principal, Role: sub.role, ID: uniqueID(sub.ID)},
	}
	if d := iam.EvaluateTrust(q, trust); !d.Allowed {
		return d, nil
	}
	own := sub.policies
	q.Principal.ByName = true
	if r.Account == sub.Account && iam.EvaluateTrust(q, trust).Allowed {
		// The trust policy allows on its own, and the caller's may still deny.
		own.Identity = append(slices.Clip(own.Identity), trusted())
	}
	return iam.Evaluate(q, own), nil
}

// uniqueID is the unique id in that of a caller: of a session, its role's.
func uniqueID(caller string) string {
	id, _, _ := strings.Cut(caller, ":")
	return id
}

// trusted stands for the trust policy of a role among the policies of its principal.
var trusted = sync.OnceValue(func() iam.Named {
	return iam.Named{Name: "trust", Policy: mustParse(iam.IdentityPolicy, `{"Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}}`)}
})

func mustParse(kind iam.Kind, document string) *iam.Policy {
	p, err := iam.Parse([]byte(document), kind)
	if err != nil {
		panic(err) // the document is one of this package
	}
	return p
}

// assumeConditions returns the condition keys of AssumeRole.
func assumeConditions(in *api.AssumeRoleInput, w api.Session, r *Role) func(key string) []string {
	one := func(value string) []string {
		if value == "" {
			return nil
		}
		return []string{value}
	}
	return func(key string) []string {
		switch key {
		case "sts:externalid":
			return one(in.ExternalId)
		case "sts:rolesessionname":
			return one(w.Name)
		case "sts:sourceidentity":
			return one(w.SourceIdentity)
		case "sts:transitivetagkeys":
			return in.TransitiveTagKeys
		case "aws:tagkeys":
			var keys []string
			for _, t := range in.Tags {
				keys = append(keys, t.Key)
			}
			return keys
		}
		if tag, ok := strings.CutPrefix(key, "aws:requesttag/"); ok {
			for _, t := range in.Tags {
				if strings.EqualFold(t.Key, tag) {
					return []string{t.Value}
				}
			}
		}
		if tag, ok := strings.CutPrefix(key, "aws:resourcetag/"); ok {
			return tagValue(r.Tags, tag)
		}
		return nil
	}
}
