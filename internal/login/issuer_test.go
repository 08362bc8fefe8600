package login

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

const (
	account  = "111122223333"
	clientID = "client-one"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A clock is set by the test.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: start} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) goOn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// Keys for all tests; making them is slow.
var (
	rsaOne   = sync.OnceValue(newRSA)
	rsaTwo   = sync.OnceValue(newRSA)
	ecOne    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	ec384    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
	ec521    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) })
	ed25519K = sync.OnceValue(func() ed25519.PrivateKey { _, k, err := ed25519.GenerateKey(rand.Reader); return must(k, err) })
)

func newRSA() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type members = map[string]any

// jwk returns a public key as a JWK.
func jwk(kid string, key crypto.PublicKey) members {
	m := members{"kid": kid, "use": "sig"}
	switch k := key.(type) {
	case *rsa.PublicKey:
		maps.Copy(m, members{"kty": "RSA", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())})
	case *ecdsa.PublicKey:
		point := must(k.Bytes())[1:]
		maps.Copy(m, members{"kty": "EC", "crv": k.Params().Name, "x": b64(point[:len(point)/2]), "y": b64(point[len(point)/2:])})
	case ed25519.PublicKey:
		maps.Copy(m, members{"kty": "OKP", "crv": "Ed25519", "x": b64(k)})
	}
	return m
}

// with returns m with changes; a nil removes.
func with(m members, changes ...any) members {
	m = maps.Clone(m)
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(m, changes[i].(string))
		} else {
			m[changes[i].(string)] = changes[i+1]
		}
	}
	return m
}

// sign signs by the algorithm that the name says; key is a private key or a secret.
func sign(alg string, key any, input string) []byte {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[max(0, len(alg)-3):]]
	if alg == "EdDSA" {
		return ed25519.Sign(key.(ed25519.PrivateKey), []byte(input))
	}
	if secret, ok := key.([]byte); ok {
		mac := hmac.New(hash.New, secret)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	}
	h := hash.New()
	h.Write([]byte(input))
	sum := h.Sum(nil)
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if alg[0] == 'P' {
			return must(rsa.SignPSS(rand.Reader, k, hash, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
		}
		return must(rsa.SignPKCS1v15(nil, k, hash, sum))
	case *ecdsa.PrivateKey:
		r, s := mustTwo(ecdsa.Sign(rand.Reader, k, sum))
		size := (k.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	panic("no such key")
}

func mustTwo(a, b *big.Int, err error) (*big.Int, *big.Int) {
	if err != nil {
		panic(err)
	}
	return a, b
}

// jws signs any header over any claims. Either may be members or JSON text.
func jws(alg string, key any, header, claims any) string {
	text := func(v any) string {
		if s, ok := v.(string); ok {
			return b64([]byte(s))
		}
		return b64(must(json.Marshal(v)))
	}
	input := text(header) + "." + text(claims)
	return input + "." + b64(sign(alg, key, input))
}

// An issuer is an OpenID Connect provider.
type issuer struct {
	url  string
	algs []string
	mu   sync.Mutex
	keys any // the list of the key set
	// hits counts requests, and fail makes them fail.
	hits atomic.Int64
	fail atomic.Bool
	// documents override what is served, by path.
	documents map[string]http.HandlerFunc
}

// newIssuer starts an issuer with keys of all kinds.
func newIssuer(t testing.TB) *issuer {
	i := &issuer{
		algs: []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "none"},
		keys: []members{
			jwk("rsa", rsaOne().Public()), jwk("ec", ecOne().Public()), jwk("ec384", ec384().Public()),
			jwk("ec521", ec521().Public()), jwk("ed", ed25519K().Public()),
		},
	}
	s := httptest.NewTLSServer(i)
	t.Cleanup(s.Close)
	i.url = s.URL
	return i
}

func (i *issuer) publish(keys any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.hits.Add(1)
	if i.fail.Load() {
		http.Error(w, "no", http.StatusServiceUnavailable)
		return
	}
	if f := i.documents[r.URL.Path]; f != nil {
		f(w, r)
		return
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		json.NewEncoder(w).Encode(members{
			"issuer": i.url, "jwks_uri": "https://" + r.Host + "/keys", "id_token_signing_alg_values_supported": i.algs,
		})
	case r.URL.Path == "/keys":
		i.mu.Lock()
		defer i.mu.Unlock()
		json.NewEncoder(w).Encode(members{"keys": i.keys})
	default:
		http.NotFound(w, r)
	}
}

func (i *issuer) name() string { return strings.TrimPrefix(i.url, "https://") }
func (i *issuer) arn() string  { return "arn:aws:iam::" + account + ":oidc-provider/" + i.name() }

// claims are those of a good token, changed.
func (i *issuer) claims(changes ...any) members {
	return with(members{
		"iss": i.url, "aud": clientID, "sub": "ann", "iat": start.Unix(), "exp": start.Add(time.Hour).Unix(),
	}, changes...)
}

// token signs claims as the issuer does.
func (i *issuer) token(changes ...any) string {
	return jws("RS256", rsaOne(), members{"alg": "RS256", "kid": "rsa"}, i.claims(changes...))
}

// accounts is a [Registry].
type accounts struct {
	oidc map[string][]string // client ids by name
	// thumbprints and metadata by name.
	thumbprints map[string][]string
	saml        map[string]string
}

func (a *accounts) TrustedOIDC(_ context.Context, id, name string) (clients, thumbprints []string, err error) {
	if id != account {
		return nil, nil, errors.New("asked for another account")
	}
	return a.oidc[name], a.thumbprints[name], nil
}

func (a *accounts) TrustedSAML(_ context.Context, id, name string) (string, error) {
	if id != account {
		return "", errors.New("asked for another account")
	}
	return a.saml[name], nil
}

// A world is Providers, and a pool that has providers.
type world struct {
	testing.TB
	*Providers
	clock    *clock
	accounts *accounts
	pool     *identity.Pool
	fetches  atomic.Int64
}

func newWorld(t testing.TB, issuers []*issuer, changes ...func(*Config)) *world {
	t.Helper()
	w := &world{TB: t, clock: newClock(), accounts: &accounts{oidc: map[string][]string{}, thumbprints: map[string][]string{}, saml: map[string]string{}}}
	w.pool = &identity.Pool{ID: "eu-central-1:0", Account: account, LoginProviders: map[string]string{}}
	// All of httptest's servers have one certificate.
	one := httptest.NewTLSServer(nil)
	t.Cleanup(one.Close)
	c := Config{
		Now: w.clock.now, Registry: w.accounts, OwnIssuers: []string{"https://cognito-identity.amazonaws.com"},
		AllowPrivate: true, RootCAs: one.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
		Observe: func(Fetch) { w.fetches.Add(1) },
	}
	for _, change := range changes {
		change(&c)
	}
	for _, i := range issuers {
		w.accounts.oidc[i.name()] = []string{clientID, "client-two"}
		w.pool.OpenIDConnectProviders = append(w.pool.OpenIDConnectProviders, i.arn())
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.Providers = p
	return w
}

// said returns how a login ends: the subject, or what the client is told.
func (w *world) said(provider, token string) string {
	w.Helper()
	r := new(explain.Record)
	v, err := w.Verify(explain.Into(w.Context(), r), w.pool, provider, api.Secret(token))
	w.explains(r, err, token)
	var wire *api.Error
	switch {
	case err == nil:
		return "login " + v.Subject
	case errors.As(err, &wire):
		var r *Refusal
		if !errors.As(err, &r) {
			w.Errorf("%v carries no reason", err)
		}
		return wire.Error()
	}
	return "internal: " + err.Error()
}

// explains checks that the explanation of a login agrees with how it ended: what every
// login that a test tries must do. It returns the step that failed; empty: none.
func (w *world) explains(r *explain.Record, err error, token string) (failed string) {
	w.Helper()
	var wire *api.Error
	if err != nil && !errors.As(err, &wire) {
		return ""
	}
	e, internal := r.Explanation(err)
	if internal != nil {
		w.Fatalf("no explanation: %v", internal)
	}
	if wire != nil && (e.Accepted || e.Code != string(wire.Code) || e.Message != wire.Message || e.Reason == "") || wire == nil && (!e.Accepted || e.Code+e.Message+e.Reason != "") {
		w.Errorf("%v is explained by %+v", err, e)
	}
	for _, s := range e.Steps {
		if s.Outcome == "failed" {
			if failed != "" || s.Expected == "" || s.Found == "" {
				w.Errorf("step %s: a second one that failed, or nothing expected or found: %+v", s.Step, s)
			}
			failed = s.Step
		}
		if after := failed != "" && s.Step != failed; after != (s.Outcome == "notReached") {
			w.Errorf("step %s: %s, and %q has failed", s.Step, s.Outcome, failed)
		}
		if s.Expected == "" && s.Outcome == "passed" {
			w.Errorf("step %s expects nothing", s.Step)
		}
	}
	if (failed == "") != (err == nil) {
		w.Errorf("%v: failed step %q", err, failed)
	}
	text := fmt.Sprint(e)
	for _, part := range strings.FieldsFunc(token, func(c rune) bool { return c == '.' || c == ';' }) {
		if len(part) > 30 && strings.Contains(text, part) {
			w.Errorf("the explanation repeats %q of the token: %s", part, text)
		}
	}
	return failed
}

// reason returns why a token is refused; empty: it is not.
func (w *world) reason(provider, token string) Reason {
	w.Helper()
	_, err := w.Verify(w.Context(), w.pool, provider, api.Secret(token))
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	if err != nil {
		w.Errorf("not a refusal: %v", err)
	}
	return ""
}

// A try is a token, and how it ends.
type try struct {
	name, token, want string
}

// tries lets each token be tried, and between them a good one, which must be taken.
func (w *world) tries(provider, good string, rows []try) {
	w.Helper()
	for _, r := range rows {
		if got := w.said(provider, r.token); got != r.want {
			w.Errorf("%s: got %q, want %q", r.name, got, r.want)
		}
		if got := w.said(provider, good); !strings.HasPrefix(got, "login ") {
			w.Fatalf("after %s, the good token: %s", r.name, got)
		}
	}
}

const (
	notVerified  = "NotAuthorizedException: Invalid login token. Couldn't verify signed token."
	notIDToken   = "NotAuthorizedException: Invalid login token. Not a valid OpenId Connect identity token."
	wrongIssuer  = "NotAuthorizedException: Invalid login token. Issuer doesn't match providerName"
	notSupported = "NotAuthorizedException: Token is not from a supported provider of this identity pool."
	missing      = "NotAuthorizedException: Invalid login token. Missing a required claim: "
	notYet       = "NotAuthorizedException: Invalid login token. Token is not valid yet."
	cognitoToken = "NotAuthorizedException: Invalid login token. Can't pass in a Cognito token."
)
