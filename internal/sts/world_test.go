package sts_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/sts"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

var (
	owner    = principal.Root("111122223333")
	stranger = principal.Root("444455556666")
	start    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

const (
	issuerURL = "https://id.example.com"
	foreign   = "https://issuer.example/t"
	poolID    = "eu-central-1:00000000-0000-4000-8000-000000000001"
	userID    = "eu-central-1:00000000-0000-4000-8000-000000000011"
	guestID   = "eu-central-1:00000000-0000-4000-8000-000000000012"
	nowhere   = "eu-central-1:00000000-0000-4000-8000-000000000099"

	noEntry = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
	nothing = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "none:None", "Resource": "*"}}`
	ofPool  = `"StringEquals": {"cognito-identity.amazonaws.com:aud": "` + poolID + `"}`
)

var userAMR = []string{"authenticated", "login.app", "login.app:" + poolID + ":ann"}

// A world is a Service on a store in a file, with a pool, a user and a guest.
type world struct {
	testing.TB
	*sts.Service
	past       atomic.Int64
	db         *store.DB
	ring       *token.Ring
	principals *principal.Service
	provider   *provider
}

func (w *world) now() time.Time       { return start.Add(time.Duration(w.past.Load())) }
func (w *world) goOn(d time.Duration) { w.past.Add(int64(d)) }

func newWorld(t testing.TB, settings ...func(*sts.Config)) *world {
	t.Helper()
	secret := make([]byte, 32)
	rand.Read(secret)
	master, err := seal.Parse(base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, provider: newProvider(t)}
	w.provider.now = w.now
	w.db, err = store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "store.db"), Now: w.now})
	w.check(err)
	t.Cleanup(func() {
		if err := w.db.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	w.ring, err = token.New(token.Config{Store: w.db, Seal: master, Issuer: issuerURL, Algorithm: token.ES256, KeyIDPrefix: "k", Now: w.now})
	w.check(err)
	t.Cleanup(w.ring.Close)
	w.check(w.ring.Ensure(t.Context()))
	w.principals, err = principal.New(principal.Config{
		Store: w.db.Principals(), Seal: master, NewID: func(prefix string) string { return prefix + rand.Text()[:17] }, Issuer: issuerURL, InsecureUpstreams: true,
	})
	w.check(err)
	c := sts.Config{Principals: w.principals, Tokens: w.ring, Issuer: w.ring, IssuerURL: issuerURL, Now: w.now, Providers: w.provider, AllowPrivate: true}
	for _, f := range settings {
		f(&c)
	}
	w.Service, err = sts.New(c)
	w.check(err)
	w.check(w.db.Update(t.Context(), func(tx identity.Tx) error {
		return errors.Join(
			tx.InsertPool(&identity.Pool{ID: poolID, Account: owner.Account, DeveloperProvider: "login.app", AllowGuests: true, Created: start, Modified: start}),
			tx.InsertIdentity(&identity.Identity{ID: userID, PoolID: poolID, Authenticated: true, Logins: []identity.Login{{Provider: "login.app", Subject: "ann"}}, Created: start, Modified: start}),
			tx.InsertIdentity(&identity.Identity{ID: guestID, PoolID: poolID, Created: start, Modified: start}),
		)
	}))
	return w
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(answer(err))
	}
}

// lets is a trust policy for a provider under a condition.
func lets(provider, condition string) string {
	return fmt.Sprintf(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Federated": %q}, "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"], "Condition": {%s}}}`, provider, condition)
}

// role makes a role of the account with the trust policy, and returns its ARN.
func (w *world) role(c api.Caller, name, trust string) string {
	w.Helper()
	out, err := w.principals.CreateRole(w.Context(), c, &api.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: trust, MaxSessionDuration: 7200})
	w.check(err)
	return out.Role.Arn
}

// back gives a role an upstream.
func (w *world) back(arn string, u api.RoleUpstream) {
	w.Helper()
	_, err := w.principals.SetRoleUpstream(w.Context(), owner, &api.SetRoleUpstreamInput{RoleArn: arn, Upstream: &u})
	w.check(err)
}

// claims are those of a token of the user.
func (w *world) claims() identity.Claims {
	return identity.Claims{Subject: userID, Audience: poolID, AMR: userAMR, PoolARN: identity.PoolARN(owner.Account, poolID), IssuedAt: w.now(), Lifetime: 15 * time.Minute}
}

// token returns a token of this server; f may change what it says.
func (w *world) token(f func(*identity.Claims)) api.Secret {
	w.Helper()
	c := w.claims()
	if f != nil {
		f(&c)
	}
	t, err := w.ring.Issue(w.Context(), c)
	w.check(err)
	return t
}

// exchange exchanges a token for a session called s1; f may change the call.
func (w *world) exchange(arn string, t api.Secret, f func(*api.AssumeRoleWithWebIdentityInput)) (*api.AssumeRoleWithWebIdentityOutput, error) {
	in := &api.AssumeRoleWithWebIdentityInput{RoleArn: arn, RoleSessionName: "s1", WebIdentityToken: t}
	if f != nil {
		f(in)
	}
	e := w.explained(in)
	out, err := w.AssumeRoleWithWebIdentity(w.Context(), api.Caller{Now: w.now(), SourceIP: "192.0.2.7"}, in)
	w.foretold(e, err)
	return out, err
}

// as returns who signs with credentials now.
func (w *world) as(id string, token api.Secret) (api.Caller, error) {
	c, err := w.principals.Credential(w.Context(), id, string(token), w.now())
	return c.Caller, err
}

func only[T any](_ T, err error) error { return err }

// answer puts an error as the client reads it.
func answer(err error) string {
	if err == nil {
		return "success"
	}
	if refused, ok := errors.AsType[*api.Error](err); ok {
		return refused.Error()
	}
	return "internal error: " + err.Error()
}

// checkDeclared fails the test when an operation fails otherwise than it declares.
func (w *world) checkDeclared(s *api.Service, operation string, err error) {
	w.Helper()
	refused, ok := errors.AsType[*api.Error](err)
	if !ok || !s.Operation(operation).Declares(refused.Code) {
		w.Errorf("%s does not declare %v", operation, err)
	}
}

// A provider issues and verifies ID tokens signed by one key.
type provider struct {
	key     *ecdsa.PrivateKey
	now     func() time.Time
	refusal error // what it answers instead; nil: it verifies
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &provider{key: key}
}

// token returns an ID token for the client app; more replaces and adds claims.
func (p *provider) token(t testing.TB, more map[string]any) api.Secret {
	t.Helper()
	claims := map[string]any{"iss": foreign, "sub": "ann", "aud": "app", "exp": p.now().Add(time.Hour).Unix()}
	for name, value := range more {
		claims[name] = value
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return api.Secret(text)
}

// IDToken implements [sts.Providers].
func (p *provider) IDToken(_ context.Context, of *principal.OIDCProvider, raw api.Secret) (*sts.IDToken, error) {
	if p.refusal != nil {
		return nil, p.refusal
	}
	signed, err := jose.ParseSignedCompact(string(raw), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, &sts.Refusal{Reason: "malformed token", Err: err}
	}
	payload, err := signed.Verify(&p.key.PublicKey)
	if err != nil {
		return nil, &sts.Refusal{Reason: sts.BadSignature, Err: err}
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		Party    string `json:"azp"`
		Expires  int64  `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, &sts.Refusal{Reason: "malformed token", Err: err}
	}
	switch now := p.now(); {
	case claims.Issuer != "https://"+of.Name:
		return nil, &sts.Refusal{Reason: "wrong issuer"}
	case !slices.Contains(of.ClientIDs, claims.Audience):
		return nil, &sts.Refusal{Reason: sts.WrongAudience}
	case now.Unix() >= claims.Expires:
		return nil, &sts.Refusal{Reason: sts.Expired, Now: now, Expires: time.Unix(claims.Expires, 0)}
	}
	return &sts.IDToken{Subject: claims.Subject, Audience: claims.Audience, AuthorizedParty: claims.Party, Payload: payload}, nil
}

// register makes an account trust the provider for the client app, and returns its ARN.
func (w *world) register(c api.Caller) string {
	w.Helper()
	out, err := w.principals.CreateOpenIDConnectProvider(w.Context(), c, &api.CreateOpenIDConnectProviderInput{
		Url: foreign, ClientIDList: []string{"app"}, ThumbprintList: []string{strings.Repeat("0", 40)},
	})
	w.check(err)
	return out.OpenIDConnectProviderArn
}
