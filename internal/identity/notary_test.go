package identity_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A notary stands for all public providers: it vouches for what it has signed itself, for
// each provider with a key of its own.
type notary struct {
	secret []byte
	// asked counts. silent is a provider that does not answer.
	asked  atomic.Int64
	silent atomic.Value
	// during, unless nil, is called while a login is verified.
	during func()
}

func (n *notary) mac(provider, statement string) string {
	h := hmac.New(sha256.New, n.secret)
	h.Write([]byte(provider + "\x00" + statement))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// vouch returns a token of the provider for a user, with claims: names, each followed by its
// value, which is several when the name is repeated.
func (n *notary) vouch(provider, user string, pairs ...string) string {
	claims := identity.LoginClaims{"sub": {user}}
	for k := 0; k < len(pairs); k += 2 {
		claims[pairs[k]] = append(claims[pairs[k]], pairs[k+1])
	}
	b, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	statement := base64.RawURLEncoding.EncodeToString(b)
	return statement + "." + n.mac(provider, statement)
}

// Verify implements [identity.Verifier].
func (n *notary) Verify(ctx context.Context, p *identity.Pool, provider string, token api.Secret) (*identity.Verified, error) {
	n.asked.Add(1)
	if n.during != nil {
		n.during()
	}
	if n.silent.Load() == provider {
		return nil, api.ProviderUnreachable.With(provider)
	}
	statement, mac, _ := strings.Cut(string(token), ".")
	if !hmac.Equal([]byte(mac), []byte(n.mac(provider, statement))) {
		return nil, api.LoginNotVerified.With()
	}
	v := &identity.Verified{}
	b, err := base64.RawURLEncoding.DecodeString(statement)
	if err == nil {
		err = json.Unmarshal(b, &v.Claims)
	}
	if err != nil {
		return nil, err
	}
	v.Login = identity.Login{Provider: provider, Subject: v.Claims["sub"][0]}
	v.AMR = []string{provider, provider + ":OIDC:" + v.Subject}
	v.Audience = p.LoginProviders[provider]
	for _, c := range p.CognitoProviders {
		if c.ProviderName == provider {
			v.Audience = c.ClientID
		}
	}
	for _, arn := range p.OpenIDConnectProviders {
		if strings.HasSuffix(arn, ":oidc-provider/"+provider) {
			v.ProviderARN, v.Audience = arn, "app"
		}
	}
	if slices.Contains(p.SAMLProviders, provider) {
		v.ProviderARN = provider
	}
	return v, nil
}

// A role is what a pool of the account can be given.
type role struct {
	// audience is the pool that the role trusts; empty: any.
	audience string
	// passers are the principals that may pass it.
	passers []string
}

// A roleBook keeps roles, and writes what it is asked to issue into the session token.
type roleBook struct {
	mu      sync.Mutex
	allowed map[string]role
	notes   []string
	silent  bool
}

func (b *roleBook) add(arn string, r role) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed[arn] = r
}

func (b *roleBook) get(arn string) (role, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.allowed[arn]
	return r, ok
}

func (b *roleBook) note(_ context.Context, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes = append(b.notes, text)
}

// MayPass implements [identity.Roles].
func (b *roleBook) MayPass(_ context.Context, c identity.Caller, arn string) error {
	if r, _ := b.get(arn); !slices.Contains(r.passers, c.Principal) {
		return api.RoleForbidden.With(arn)
	}
	return nil
}

// TrustsPool implements [identity.Roles].
func (b *roleBook) TrustsPool(_ context.Context, account, arn, pool string) (string, error) {
	if r, ok := b.get(arn); ok && r.audience == "" {
		return "its trust policy does not ask for an audience.", nil
	}
	return "", nil
}

// MayHave implements [identity.CredentialIssuer].
func (b *roleBook) MayHave(ctx context.Context, f identity.ForIdentity) error {
	explain.From(ctx).At("role", "one that trusts the pool")
	if r, ok := b.get(f.RoleARN); !ok || r.audience != f.PoolID {
		return api.PoolMisconfigured.With()
	}
	return nil
}

// ForIdentity implements [identity.CredentialIssuer].
func (b *roleBook) ForIdentity(ctx context.Context, f identity.ForIdentity) (*api.Credentials, error) {
	if b.silent {
		return nil, api.ExternalFailure.With()
	}
	if err := b.MayHave(ctx, f); err != nil {
		return nil, err
	}
	token, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	return &api.Credentials{
		AccessKeyId: "ASIAIOSFODNN7EXAMPLE", SecretKey: "secret", SessionToken: api.Secret(token), Expiration: start.Add(time.Hour),
	}, nil
}

// arnOf returns the ARN of a role of the owner.
func arnOf(name string) string { return "arn:aws:iam::" + owner.Account + ":role/" + name }
