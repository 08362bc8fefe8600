package principal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/iam"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/session"
)

// A WebIdentityRequest is what somebody asks for, for whom an identity provider vouches.
type WebIdentityRequest struct {
	RoleARN, SessionName string
	// DurationSeconds is how long the session lasts; 0: 3600.
	DurationSeconds int64
	// Policy is the document of a session policy, PolicyARNs managed policies that are
	// session policies; both may be empty.
	Policy     string
	PolicyARNs []string
	// Who is whom the provider vouches for. It is passed on as it is.
	Who *api.WebIdentity
	// Claims are the values of further condition keys, which begin with the provider's
	// name, by the rest of their names in lower case.
	Claims map[string]string
	// Tags are session tags, TransitiveTags keys of them that go on.
	Tags           []api.Tag
	TransitiveTags []string
	SourceIdentity string
	// TokenIssued is when this server issued the token; zero: the identity was verified in
	// another way, just now.
	TokenIssued time.Time
}

// An Admission is the session of a role that a web identity may have.
type Admission struct {
	// Role is not to be modified.
	Role *Role
	User api.AssumedRoleUser
	// PackedPolicySize is in percent.
	PackedPolicySize int64
	SourceIdentity   string
	// Time is that of the decision.
	Time time.Time

	content session.Content
}

// AdmitWebIdentity decides whether somebody may take a role, for whom an identity provider
// vouches; that the provider does has been verified. The trust policy of the role must
// admit the provider for sts:AssumeRoleWithWebIdentity; also for sts:TagSession if there are
// tags, and for sts:SetSourceIdentity if there is a source identity. An identity of a pool
// must be one of the pool, not be disabled, and its token not be revoked. A role of another
// account than the pool's must ask for the audience, whatever else its policy says.
//
// A refusal tells neither why nor whether the role exists. Of the caller, address and time
// alone matter.
func (s *Service) AdmitWebIdentity(ctx context.Context, c api.Caller, w *WebIdentityRequest) (*Admission, error) {
	account, name, ok := roleOf(w.RoleARN)
	if !ok {
		return nil, api.InvalidRoleARN.With(w.RoleARN)
	}
	t := explain.From(ctx)
	t.Plan(explain.TakeRole...)
	t.At("session", "session policies that can be read, at most %d managed ones, and tags with keys that differ in more than case", MaxSessionPolicies)
	t.Found("%d session policies, %d tags", len(w.PolicyARNs)+min(len(w.Policy), 1), len(w.Tags))
	in := w.input()
	wanted, err := wantedSession(api.Caller{}, in)
	if err != nil {
		return nil, err
	}
	wanted.WebIdentity = w.Who
	t.At("size", "policies, tags and what the token says of its user to fit in a session token")
	percent, err := packedSize(wanted)
	if err != nil {
		return nil, err
	}
	if err := identityFits(wanted); err != nil {
		return nil, err
	}
	return view(ctx, s, func(tx Tx) (*Admission, error) {
		r, from, err := s.admitting(t, tx, c, w, account, name, in, wanted)
		if err != nil {
			return nil, err
		}
		t.At("duration", "at most %d seconds, as the role allows", r.MaxSession)
		t.Found("%d seconds", cmp.Or(w.DurationSeconds, defaultMaxSession))
		length, err := roleSessionLength(api.Caller{}, r, w.DurationSeconds)
		if err != nil {
			return nil, err
		}
		t.At("session policies", "managed policies of the role's account")
		if err := sessionPoliciesExist(tx, account, wanted); err != nil {
			return nil, err
		}
		return &Admission{
			Role:             r,
			User:             api.AssumedRoleUser{AssumedRoleId: sessionID(r, wanted.Name), Arn: sessionARN(r, wanted.Name)},
			PackedPolicySize: percent, SourceIdentity: wanted.SourceIdentity, Time: tx.Now(),
			content: session.Content{
				Kind: session.OfWebIdentity, Account: r.Account, Name: r.Name, ID: r.ID,
				Session: issued(tx, wanted, from, length),
			},
		}, nil
	})
}

// Grant returns credentials of the session.
func (s *Service) Grant(a *Admission) (*api.STSCredentials, error) { return s.mint(a.content) }

// OIDCProviderCalled returns the OpenID Connect provider of an account with the name, which is its URL
// without https://: ErrNotFound.
func (s *Service) OIDCProviderCalled(ctx context.Context, account, name string) (*OIDCProvider, error) {
	return view(ctx, s, func(tx Tx) (*OIDCProvider, error) {
		p, err := tx.OIDCProviders().Get(account, name)
		if err == nil && p.Name != name {
			err = identity.ErrNotFound // names are found in any case, and issuers are not
		}
		if err != nil {
			return nil, fmt.Errorf("read OIDC provider of %s: %w", account, err)
		}
		return p, nil
	})
}

// AccountOfRole returns the account in the ARN of a role, and otherwise fails with an
// [*api.Error].
func AccountOfRole(arn string) (string, error) {
	account, _, ok := roleOf(arn)
	if !ok {
		return "", api.InvalidRoleARN.With(arn)
	}
	return account, nil
}

// input is the request as AssumeRole would have it, to which the same rules apply.
func (w *WebIdentityRequest) input() *api.AssumeRoleInput {
	in := &api.AssumeRoleInput{
		RoleArn: w.RoleARN, RoleSessionName: w.SessionName, DurationSeconds: w.DurationSeconds, Policy: w.Policy,
		Tags: w.Tags, TransitiveTagKeys: w.TransitiveTags, SourceIdentity: w.SourceIdentity,
	}
	for _, arn := range w.PolicyARNs {
		in.PolicyArns = append(in.PolicyArns, api.PolicyDescriptorType{Arn: arn})
	}
	return in
}

// identityFits refuses a session whose web identity does not fit in its token.
func identityFits(w api.Session) error {
	n, err := session.Identity(&w)
	if err != nil {
		return err
	}
	packed, err := session.Packed(&w)
	if err != nil {
		return err
	}
	if room := session.MaxIdentity + session.MaxPacked - packed; n > room {
		return api.WebIdentityTooLarge.With(fmt.Sprintf("%d%%", (100*n+room-1)/room))
	}
	return nil
}

// admitting returns the role, and from when on sessions of it and of the identity are taken,
// if the role may be taken with the session.
func (s *Service) admitting(t *explain.Record, tx Tx, c api.Caller, w *WebIdentityRequest, account, name string, in *api.AssumeRoleInput, wanted api.Session) (*Role, time.Time, error) {
	refused := func(err error) (*Role, time.Time, error) {
		return nil, time.Time{}, api.WebIdentityNotAllowed.With().Because(err)
	}
	t.At("role", "one that there is, with the same path")
	r, err := tx.Roles().Get(account, name)
	if err == nil && r.ARN() != w.RoleARN {
		err = identity.ErrNotFound
	}
	if errors.Is(err, identity.ErrNotFound) {
		t.Found("no role %s", w.RoleARN)
		return refused(fmt.Errorf("role %s: %w", w.RoleARN, err))
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read role %s of %s: %w", name, account, err)
	}
	t.Found("%s", w.RoleARN)
	trust, err := s.compiled.trust.of(r, parseTrust)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("trust policy of %s: %w", r.ARN(), err)
	}
	from := r.SessionsFrom
	if w.Who.Provider == api.IdentityPools {
		t.At("web identity", "one of the pool that the token is for, not disabled, with a login that the token names, and a token that is not revoked")
		t.Found("identity %s, pool %s", explain.Quote(w.Who.Subject), explain.Quote(w.Who.Audience))
		i, p, err := identityOf(tx, w)
		if refusal, ok := errors.AsType[*identityRefused](err); ok {
			if pool, err := tx.Pool(w.Who.Audience); err != nil || pool.Account != r.Account {
				t.Withhold("the identity pool is not of the role's account, which is not told more")
			}
			return refused(refusal)
		}
		if err != nil {
			return nil, time.Time{}, err
		}
		if p.Account != r.Account && OpenTrust(r.Account, s.issuer, trust) != "" {
			t.At("trust policy", "the audience to be spelled out in each statement that lets identities in, since the pool is of another account")
			return refused(errors.New("the role is of another account than the pool, and its trust policy lets in identities of any pool"))
		}
		from = latest(from, i.RevokedBefore)
	}
	if c.Now.IsZero() {
		c.Now = tx.Now()
	}
	names, err := s.federated(tx, w.Who, r.Account)
	if err != nil {
		return nil, time.Time{}, err
	}
	anybody := &subject{Caller: api.Caller{Region: c.Region, SourceIP: c.SourceIP, Secure: c.Secure, Now: c.Now}}
	conditions := anybody.context(s.webIdentityConditions(w, assumeConditions(in, wanted, r)))
	if err := w.admitted(t, trust, names, conditions); err != nil {
		return refused(err)
	}
	return r, from, nil
}

// admitted tells why a role's trust policy does not let the web identity in, in words that
// hold no values.
func (w *WebIdentityRequest) admitted(t *explain.Record, trust *iam.Policy, provider []string, conditions func(key string) []string) error {
	actions := []string{"sts:AssumeRoleWithWebIdentity"}
	if len(w.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if w.SourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	for _, action := range actions {
		step := "trust policy"
		if action != actions[0] {
			step += ", " + action
		}
		t.At(step, "a statement that allows %s to %s, and none that denies it", action, explain.List(provider))
		r := &iam.Request{Action: action, Context: conditions, Principal: iam.Principal{Federated: provider}}
		d := iam.EvaluateTrust(r, trust)
		if d.Allowed {
			t.Found("%s", d)
			continue
		}
		var misses []iam.Miss
		if !d.Denied {
			misses = iam.Misses(r, trust)
		}
		if t != nil {
			t.Found("%s", inFull(d, misses))
		}
		return errors.New(iam.Why(d, misses))
	}
	return nil
}

// inFull is [iam.Why] with values.
func inFull(d iam.Decision, misses []iam.Miss) string {
	text := []string{d.String()}
	for _, m := range misses {
		said := m.String()
		if m.Operator != "" {
			said += fmt.Sprintf(": wanted %s, found %s", explain.List(m.Wanted), explain.List(m.Found))
		}
		text = append(text, said)
	}
	return strings.Join(text, "; ")
}

// An identityRefused is why an identity can not take a role.
type identityRefused struct{ error }

// identityOf returns the identity that asks, and its pool.
func identityOf(tx Tx, w *WebIdentityRequest) (*identity.Identity, *identity.Pool, error) {
	i, err := tx.Identity(w.Who.Subject)
	var p *identity.Pool
	if err == nil {
		p, err = tx.Pool(i.PoolID)
	}
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return nil, nil, &identityRefused{fmt.Errorf("identity %s: %w", w.Who.Subject, err)}
	case err != nil:
		return nil, nil, fmt.Errorf("read identity %s: %w", w.Who.Subject, err)
	case i.PoolID != w.Who.Audience:
		return nil, nil, &identityRefused{errors.New("the identity is of another pool than the token is for")}
	case !i.Authenticated && !p.AllowGuests:
		return nil, nil, &identityRefused{errors.New("the identity is a guest's, and the pool allows none now")}
	}
	if w.TokenIssued.IsZero() {
		// Who was verified just now comes after whatever was revoked.
		err = i.Takes(latest(tx.Now(), i.RevokedBefore))
	} else if err = i.Takes(w.TokenIssued); err == nil {
		err = i.Vouches(w.Who.AMR)
	}
	if err != nil {
		return nil, nil, &identityRefused{err}
	}
	return i, p, nil
}

// federated returns the names under which trust policies of roles of the account may
// know the provider. This server is an OpenID Connect provider too, of accounts that have
// registered its issuer with the audience.
func (s *Service) federated(tx Tx, who *api.WebIdentity, account string) ([]string, error) {
	names := []string{who.Provider}
	if who.Provider != api.IdentityPools || s.issuer == "" {
		return names, nil
	}
	p, err := tx.OIDCProviders().Get(account, s.issuer)
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return nil, fmt.Errorf("read OIDC provider %s of %s: %w", s.issuer, account, err)
	}
	if err == nil && p.Name == s.issuer && slices.Contains(p.ClientIDs, who.Audience) {
		names = append(names, p.ARN())
	}
	return names, nil
}

// keyPrefixes returns what condition keys about a web identity begin with, in lower case.
func (s *Service) keyPrefixes(who *api.WebIdentity) []string {
	switch {
	case who == nil:
		return nil
	case who.Provider != api.IdentityPools:
		_, name, _ := strings.Cut(who.Provider, ":oidc-provider/")
		return []string{strings.ToLower(name)}
	case s.issuer == "":
		return []string{api.IdentityPools}
	}
	return []string{api.IdentityPools, strings.ToLower(s.issuer)}
}

// webIdentityKey returns the values of a condition key about a web identity, if key is
// one; source: "Available keys for AWS web identity federation" of the IAM User Guide.
func webIdentityKey(prefixes []string, who *api.WebIdentity, key string) (values []string, known bool) {
	name, known := afterPrefix(prefixes, key)
	if !known {
		return nil, false
	}
	switch name {
	case "aud":
		return []string{who.Audience}, true
	case "sub":
		return []string{who.Subject}, true
	case "amr":
		return who.AMR, true
	}
	return nil, false
}

// afterPrefix returns what follows one of the prefixes and a colon.
func afterPrefix(prefixes []string, key string) (name string, ok bool) {
	for _, prefix := range prefixes {
		if rest, ok := strings.CutPrefix(key, prefix); ok && strings.HasPrefix(rest, ":") {
			return rest[1:], true
		}
	}
	return "", false
}

// webIdentityConditions returns the condition keys while a role is taken: those about the
// web identity before others.
func (s *Service) webIdentityConditions(w *WebIdentityRequest, others func(key string) []string) func(key string) []string {
	prefixes := s.keyPrefixes(w.Who)
	return func(key string) []string {
		if key == "aws:federatedprovider" {
			return []string{w.Who.Provider}
		}
		if values, known := webIdentityKey(prefixes, w.Who, key); known {
			return values
		}
		if name, ok := afterPrefix(prefixes, key); ok {
			if value, ok := w.Claims[name]; ok {
				return []string{value}
			}
			return nil
		}
		return others(key)
	}
}
