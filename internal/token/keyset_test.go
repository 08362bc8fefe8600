package token_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/token"
)

var joseAlgorithms = []jose.SignatureAlgorithm{jose.RS512, jose.RS256, jose.ES256, jose.EdDSA}

// keySet returns the key set, read as a client reads it.
func keySet(t testing.TB, r *token.Ring) jose.JSONWebKeySet {
	t.Helper()
	body, err := r.KeySet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatalf("key set %s: %v", body, err)
	}
	return set
}

// verify returns the payload of a token that a key of the set has signed.
func verify(set jose.JSONWebKeySet, raw string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(raw, joseAlgorithms)
	if err != nil {
		return nil, err
	}
	return jws.Verify(set)
}

func TestRing_KeySet_Verifies(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		cl := new(clock)
		c := config(t, openStore(t, cl.now), cl.now)
		c.Algorithm = algorithm
		r := ensured(t, c)
		set := keySet(t, r)
		for range 3 {
			raw := issue(t, r, claims(start))
			got, err := verify(set, raw)
			if err != nil {
				t.Errorf("%s: %v", algorithm, err)
				continue
			}
			if _, payload := decode(t, raw); string(got) != payload {
				t.Errorf("%s: verified %s, want %s", algorithm, got, payload)
			}
			end := len(raw) - 10
			changed := raw[:end] + strings.Map(func(r rune) rune { return 'A' + (r+1)%26 }, raw[end:])
			if _, err := verify(set, changed); err == nil {
				t.Errorf("%s: a changed signature is verified", algorithm)
			}
		}
	}
}

func TestRing_KeySet_Form(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		token.RS512: {"kty", "alg", "use", "kid", "n", "e"},
		token.RS256: {"kty", "alg", "use", "kid", "n", "e"},
		token.ES256: {"kty", "alg", "use", "kid", "crv", "x", "y"},
		token.EdDSA: {"kty", "alg", "use", "kid", "crv", "x"},
	}
	lengths := map[string]int{"n": 342, "x": 43, "y": 43} // no padding, no sign byte
	for _, algorithm := range algorithms {
		cl := new(clock)
		c := config(t, openStore(t, cl.now), cl.now)
		c.Algorithm = algorithm
		body, err := ensured(t, c).KeySet(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		dec := json.NewDecoder(strings.NewReader(strings.TrimSuffix(strings.TrimPrefix(string(body), `{"keys":[`), `]}`)))
		values := map[string]string{}
		for name := ""; ; {
			tok, err := dec.Token()
			if err != nil {
				break
			}
			s, ok := tok.(string)
			switch {
			case !ok:
			case name == "":
				got, name = append(got, s), s
			default:
				values[name], name = s, ""
			}
		}
		if diff := cmp.Diff(want[algorithm], got); diff != "" {
			t.Errorf("%s: members of %s (-want +got):\n%s", algorithm, body, diff)
		}
		if values["alg"] != algorithm || values["kid"] != "us-east-1-1" || values["use"] != "sig" {
			t.Errorf("%s: got %s", algorithm, body)
		}
		for name, length := range lengths {
			if v := values[name]; v != "" && len(v) != length {
				t.Errorf("%s: %s has %d characters, want %d: %s", algorithm, name, len(v), length, v)
			}
		}
	}
}

func TestRing_Discovery(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	store := openStore(t, cl.now)
	c := config(t, store, cl.now)
	c.Issuer = "https://example.com/id"
	discovery := func(r *token.Ring) string {
		got, err := r.Discovery(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
	want := `{"issuer":"https://example.com/id","jwks_uri":"https://example.com/id/.well-known/jwks_uri",` +
		`"response_types_supported":["id_token"],"subject_types_supported":["public"],` +
		`"id_token_signing_alg_values_supported":["ES256"],` +
		`"claims_supported":["sub","aud","amr","https://aws.amazon.com/tags","iss",` +
		`"https://cognito-identity.amazonaws.com/identity-pool-arn","exp","iat"]}`
	if got := discovery(ensured(t, c)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// Another algorithm is announced as soon as its key is published.
	c.Algorithm = token.EdDSA
	want = strings.Replace(want, `["ES256"]`, `["ES256","EdDSA"]`, 1)
	if got := discovery(ensured(t, c)); got != want {
		t.Errorf("with two algorithms:\ngot  %s\nwant %s", got, want)
	}
}

// A relying party that is told the issuer and nothing else verifies tokens of
// each algorithm.
func TestRing_RelyingParty(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			srv := httptest.NewServer(mux)
			t.Cleanup(srv.Close)
			c := config(t, openStore(t, time.Now), time.Now)
			c.Issuer, c.Algorithm = srv.URL, algorithm
			r := ensured(t, c)
			serve := func(body []byte, err error) http.HandlerFunc {
				return func(w http.ResponseWriter, _ *http.Request) {
					if err != nil {
						t.Error(err)
					}
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write(body)
				}
			}
			mux.Handle("/.well-known/openid-configuration", serve(r.Discovery(t.Context())))
			mux.Handle("/.well-known/jwks_uri", serve(r.KeySet(t.Context())))

			cl := claims(time.Now())
			cl.AMR = []string{"authenticated", "login.my.app", "login.my.app:pool:user"}
			cl.PrincipalTags = map[string]string{"department": "R&D", "team": "é"}
			cl.PoolARN = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:9faf"
			provider, err := oidc.NewProvider(t.Context(), srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			raw := issue(t, r, cl)
			got, err := provider.Verifier(&oidc.Config{ClientID: cl.Audience}).Verify(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			if got.Subject != cl.Subject || !slices.Equal(got.Audience, []string{cl.Audience}) ||
				got.IssuedAt.Unix() != cl.IssuedAt.Unix() || got.Expiry.Sub(got.IssuedAt) != cl.Lifetime {
				t.Errorf("got %+v", got)
			}
			var own struct {
				AMR  []string `json:"amr"`
				Tags struct {
					Principal map[string][]string `json:"principal_tags"`
				} `json:"https://aws.amazon.com/tags"`
				PoolARN string `json:"https://cognito-identity.amazonaws.com/identity-pool-arn"`
			}
			if err := got.Claims(&own); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string][]string{"department": {"R&D"}, "team": {"é"}}, own.Tags.Principal); diff != "" {
				t.Errorf("principal tags (-want +got):\n%s", diff)
			}
			if !slices.Equal(own.AMR, cl.AMR) || own.PoolARN != cl.PoolARN {
				t.Errorf("got %+v", own)
			}

			if _, err := provider.Verifier(&oidc.Config{ClientID: "another"}).Verify(t.Context(), raw); err == nil {
				t.Error("verified for another audience")
			}
		})
	}
}
