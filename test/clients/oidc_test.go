package clients_test

import (
	"context"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
)

// A relying party of these tests knows the issuer and its own audience, nothing more:
// keys and algorithms come by discovery.
func relyingParty(t *testing.T, ctx context.Context, issuer string) *oidc.Provider {
	t.Helper()
	p, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verify checks a token as a relying party does, and that it is about identity.
func verify(t *testing.T, p *oidc.Provider, token, audience, identity string) {
	t.Helper()
	checked, err := p.Verifier(&oidc.Config{ClientID: audience}).Verify(t.Context(), token)
	if err != nil {
		t.Errorf("verify %v: %v", part(t, token, 0), err)
		return
	}
	if checked.Subject != identity {
		t.Errorf("subject %s, want %s", checked.Subject, identity)
	}
}

func TestOIDC_Algorithms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		algorithm string
		flags     []string
	}{
		{"RS512", nil},
		{"RS256", []string{"--signing-algorithm", "RS256"}},
		{"ES256", []string{"--signing-algorithm", "ES256"}},
		{"EdDSA", []string{"--signing-algorithm", "EdDSA"}},
	} {
		t.Run(tt.algorithm, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.flags...)
			c := w.sdk()
			pool := newPool(t, c)
			identity, token, err := tokenFor(t.Context(), c, pool, "alice")
			if err != nil {
				t.Fatal(err)
			}
			if got := part(t, token, 0)["alg"]; got != tt.algorithm {
				t.Errorf("the token is signed by %v, want %s", got, tt.algorithm)
			}
			p := relyingParty(t, t.Context(), w.url)
			verify(t, p, token, pool, identity)

			head, payload, signature := cutToken(t, token)
			_, other, err := tokenFor(t.Context(), c, newPool(t, c), "alice")
			if err != nil {
				t.Fatal(err)
			}
			_, otherPayload, otherSignature := cutToken(t, other)
			for name, bad := range map[string]string{
				"of another audience":           other,
				"with a payload of another":     head + "." + otherPayload + "." + signature,
				"with a signature of another":   head + "." + payload + "." + otherSignature,
				"with a changed signature":      head + "." + payload + "." + flipped(signature),
				"without a signature":           head + "." + payload + ".",
				"that says it needs none":       "eyJhbGciOiJub25lIn0." + payload + ".",
				"that claims another algorithm": strings.Replace(token, head, "eyJraWQiOiJ1cy1lYXN0LTEtMSIsImFsZyI6IkhTMjU2In0", 1), // {"kid":"us-east-1-1","alg":"HS256"}
			} {
				if _, err := p.Verifier(&oidc.Config{ClientID: pool}).Verify(t.Context(), bad); err == nil {
					t.Errorf("a token %s verifies: %s", name, bad)
				}
			}
		})
	}
}

func cutToken(t *testing.T, token string) (head, payload, signature string) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token %q has %d parts", token, len(parts))
	}
	return parts[0], parts[1], parts[2]
}

// flipped changes a character in the middle, where every bit counts.
func flipped(text string) string {
	at, other := len(text)/2, "A"
	if text[at] == 'A' {
		other = "B"
	}
	return text[:at] + other + text[at+1:]
}

// Rotating on the running server: a relying party that has fetched the keys before goes
// on with the old token, and learns the new key by itself.
func TestOIDC_Rotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.sdk()
	pool := newPool(t, c)
	identity, before, err := tokenFor(t.Context(), c, pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	p := relyingParty(t, t.Context(), w.url)
	verify(t, p, before, pool, identity)

	if r := w.poolkeeper("signing-keys", "rotate", "--now"); r.code != 0 || !strings.HasPrefix(r.stdout, "us-east-1-2 (RS512) is published and signs from ") {
		t.Fatalf("rotate: %+v", r)
	}
	_, after, err := tokenFor(t.Context(), c, pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if old, new := part(t, before, 0)["kid"], part(t, after, 0)["kid"]; old != "us-east-1-1" || new != "us-east-1-2" {
		t.Errorf("key ids %v and then %v, want us-east-1-1 and us-east-1-2", old, new)
	}
	verify(t, p, before, pool, identity)
	verify(t, p, after, pool, identity)
	verify(t, relyingParty(t, t.Context(), w.url), before, pool, identity)

	// A key published ahead does not sign yet.
	if r := w.poolkeeper("signing-keys", "rotate"); r.code != 0 || !strings.HasPrefix(r.stdout, "us-east-1-3 ") {
		t.Fatalf("rotate: %+v", r)
	}
	_, still, err := tokenFor(t.Context(), c, pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if kid := part(t, still, 0)["kid"]; kid != "us-east-1-2" {
		t.Errorf("key id %v right after publishing a third key, want us-east-1-2", kid)
	}
}
