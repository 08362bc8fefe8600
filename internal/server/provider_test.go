package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/login"
)

// A provider is what answers for the OpenID Connect providers op.example and op.example/second,
// and for a security token service that roles can be backed by. At silent.example and at
// public providers nobody answers.
type provider struct {
	key *ecdsa.PrivateKey
	// url is where it listens, and silent where nobody does.
	url, silent string
}

const providerName = "op.example"

func newProvider(t testing.TB) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key}
	mux := http.NewServeMux()
	discovery := func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimSuffix(r.URL.Path, "/.well-known/openid-configuration")
		json.NewEncoder(w).Encode(map[string]any{
			"issuer": "https://" + providerName + path, "jwks_uri": p.url + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"},
		})
	}
	mux.HandleFunc("/.well-known/openid-configuration", discovery)
	mux.HandleFunc("/second/.well-known/openid-configuration", discovery)
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
			"kid": "one", "use": "sig", "alg": "ES256", "kty": "EC", "crv": "P-256",
			"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
		}}})
	})
	mux.HandleFunc("/sts", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>` +
			`<AccessKeyId>UPSTREAMUPSTREAMUPST</AccessKeyId><SecretAccessKey>upstream secret</SecretAccessKey><SessionToken>upstream session</SessionToken>` +
			`<Expiration>2014-05-13T17:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`))
	})
	mux.HandleFunc("/refuses", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		w.Write([]byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`))
	})
	mux.HandleFunc("/fails", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	l := httptest.NewServer(mux)
	t.Cleanup(l.Close)
	p.url = l.URL
	gone := httptest.NewServer(nil)
	p.silent = gone.URL
	gone.Close()
	return p
}

// endpoints say where the providers are found.
func (p *provider) endpoints() map[string]login.Endpoint {
	all := map[string]login.Endpoint{providerName: {URL: p.url}}
	for _, name := range []string{"silent.example", "accounts.google.com", "appleid.apple.com", "graph.facebook.com", "www.amazon.com", "api.twitter.com", "www.digits.com"} {
		all[name] = login.Endpoint{URL: p.silent}
	}
	return all
}

// token returns an ID token for an hour from the start of the site's clock; claims replace those
// of ann's, and a nil removes one.
func (p *provider) token(t testing.TB, claims map[string]any) string {
	t.Helper()
	all := map[string]any{"iss": "https://" + providerName, "aud": "client-one", "sub": "ann-of-op", "iat": start.Unix(), "exp": start.Unix() + 3600}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	input := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"one","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, p.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}
