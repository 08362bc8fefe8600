package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

func ownClaims() identity.Claims {
	c := claims(start)
	c.AMR = []string{"authenticated", "login.my.app", "login.my.app:us-east-1:99999999-8888-7777-6666-555555555555:<\"ü\n>"}
	c.PrincipalTags = map[string]string{"Team": "a b", "team\\": "é"}
	return c
}

func TestVerifyOwn_WhatIssueSigns(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		k := &clock{}
		c := config(t, openStore(t, k.now), k.now)
		c.Algorithm = algorithm
		r := ensured(t, c)
		for _, tags := range []map[string]string{nil, ownClaims().PrincipalTags} {
			in := ownClaims()
			in.PrincipalTags = tags
			got, err := r.VerifyOwn(t.Context(), api.Secret(issue(t, r, in)))
			if err != nil {
				t.Errorf("%s: %v", algorithm, err)
				continue
			}
			want := &identity.OwnClaims{
				Subject: in.Subject, Audience: in.Audience, AMR: in.AMR, PrincipalTags: tags,
				IssuedAt: start, Expires: start.Add(10 * time.Minute),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", algorithm, diff)
			}
		}
	}
}

// part returns a part of a token, decoded, and its inverse.
func decoded(t *testing.T, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func encoded(part string) string { return base64.RawURLEncoding.EncodeToString([]byte(part)) }

const (
	notOurs     = "NotAuthorizedException: Invalid login token. Not a Cognito token."
	notVerified = "NotAuthorizedException: Invalid login token. Couldn't verify signed token."
)

func refusal(err error) string {
	if refused, ok := errors.AsType[*api.Error](err); ok {
		return refused.Error()
	}
	return fmt.Sprint("not refused: ", err)
}

func TestVerifyOwn_Refusals(t *testing.T) {
	t.Parallel()
	k := &clock{}
	c := config(t, openStore(t, k.now), k.now)
	r := ensured(t, c)
	good := issue(t, r, ownClaims())
	parts := strings.Split(good, ".")
	header, payload := decoded(t, parts[0]), decoded(t, parts[1])

	// The same key id, and another key.
	twin := ensured(t, config(t, openStore(t, k.now), k.now))
	foreign := c
	foreign.Issuer = "https://id.example.com.evil"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, err := r.KeySet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mac := func(header string, secret []byte) string {
		signed := encoded(header) + "." + parts[1]
		h := hmac.New(sha256.New, secret)
		h.Write([]byte(signed))
		return signed + "." + encoded(string(h.Sum(nil)))
	}
	resigned := func(header string) string {
		signed := encoded(header) + "." + parts[1]
		digest := sha256.Sum256([]byte(signed))
		a, b, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return signed + "." + encoded(string(append(a.FillBytes(make([]byte, 32)), b.FillBytes(make([]byte, 32))...)))
	}
	with := func(old, new string, in, rest string) string { return encoded(strings.Replace(in, old, new, 1)) + rest }
	var jwks struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(set, &jwks); err != nil {
		t.Fatal(err)
	}
	sig := "." + parts[2]
	for _, tc := range []struct{ name, token, want string }{
		{"empty", "", notOurs},
		{"no dots", "token", notOurs},
		{"two parts", parts[0] + "." + parts[1], notOurs},
		{"four parts", good + ".", notOurs},
		{"many dots", strings.Repeat(".", 50_000), notOurs},
		{"too long", good + strings.Repeat("A", 64<<10), notOurs},
		{"blank behind", good + " ", notOurs},
		{"padding", good + "=", notOurs},
		{"line end behind", good + "\n", notOurs},
		{"line end in the signature", parts[0] + "." + parts[1] + "." + parts[2][:9] + "\r\n" + parts[2][9:], notOurs},
		{"not JSON", encoded("a") + "." + encoded("b") + sig, notOurs},
		{"header null", encoded("null") + "." + parts[1] + sig, notVerified},
		{"payload null", parts[0] + "." + encoded("null") + sig, notOurs},
		{"payload twice", parts[0] + "." + encoded(payload+payload) + sig, notOurs},
		{"exp as text", parts[0] + "." + with(`"exp":`, `"exp":"1","x":`, payload, sig), notOurs},
		{"exp as a fraction", parts[0] + "." + with(`"exp":`, `"exp":1e99,"x":`, payload, sig), notOurs},
		{"another issuer", issue(t, ensured(t, foreign), ownClaims()), notOurs},
		{"no issuer", parts[0] + "." + with(`"iss"`, `"ISSUER"`, payload, sig), notOurs},
		{"critical extension", with(`"typ"`, `"crit":["b64"],"typ"`, header, "."+parts[1]+sig), notOurs},

		{"subject changed", parts[0] + "." + with("11111111", "21111111", payload, sig), notVerified},
		{"lifetime changed", parts[0] + "." + with(`"exp":1`, `"exp":2`, payload, sig), notVerified},
		{"no signature", parts[0] + "." + parts[1] + ".", notVerified},
		{"signature of a twin with another key", issue(t, twin, ownClaims()), notVerified},
		{"unknown key", with("us-east-1-1", "us-east-1-2", header, "."+parts[1]+sig), notVerified},
		{"key id with a path", with("us-east-1-1", "../us-east-1-1", header, "."+parts[1]+sig), notVerified},
		{"alg none", with("ES256", "none", header, "."+parts[1]+"."), notVerified},
		{"alg NoNe", with("ES256", "NoNe", header, "."+parts[1]+"."), notVerified},
		{"alg missing", with(`"alg"`, `"x"`, header, "."+parts[1]+sig), notVerified},
		{"alg of another kind of key", with("ES256", "RS512", header, "."+parts[1]+sig), notVerified},
		{"MAC with the public key", mac(strings.Replace(header, "ES256", "HS256", 1), jwks.Keys[0]), notVerified},
		{"MAC as ES256", mac(header, jwks.Keys[0]), notVerified},
		{"own key in the header", resigned(strings.Replace(header, `"typ"`, `"jwk":{"kty":"EC"},"typ"`, 1)), notVerified},
		{"another key", resigned(header), notVerified},
	} {
		got, err := r.VerifyOwn(t.Context(), api.Secret(tc.token))
		if refusal(err) != tc.want || got != nil {
			t.Errorf("%s: got %+v, %s\nwant %s", tc.name, got, refusal(err), tc.want)
		}
	}
	for n := range parts[2] {
		changed := []byte(good)
		changed[len(good)-1-n] ^= 1
		if _, err := r.VerifyOwn(t.Context(), api.Secret(changed)); err == nil {
			t.Errorf("signature with another bit at %d: accepted", n)
		}
	}
	if _, err := r.VerifyOwn(t.Context(), api.Secret(good)); err != nil {
		t.Errorf("the token that all of them come from: %v", err)
	}
}

// A token is valid up to its last second, whatever happens to the keys.
func TestVerifyOwn_Time(t *testing.T) {
	t.Parallel()
	k := &clock{}
	r := ensured(t, config(t, openStore(t, k.now), k.now))
	old := issue(t, r, ownClaims())
	if _, err := r.Rotate(t.Context(), "", true); err != nil {
		t.Fatal(err)
	}
	expired := fmt.Sprintf("NotAuthorizedException: Invalid login token. Token expired: %d >= %d", start.Unix()+600, start.Unix()+600)
	for _, tc := range []struct {
		past time.Duration
		want string
	}{
		{0, ""},
		{10*time.Minute - time.Millisecond, ""},
		{10 * time.Minute, expired},
		{-5 * time.Minute, ""},
		{-5*time.Minute - time.Millisecond, notOurs}, // issued in the future
	} {
		k.goTo(tc.past)
		_, err := r.VerifyOwn(t.Context(), api.Secret(old))
		if tc.want == "" && err != nil || tc.want != "" && refusal(err) != tc.want {
			t.Errorf("after %v: got %v, want %q", tc.past, err, tc.want)
		}
	}
}

func TestVerifyOwn_StoreGone(t *testing.T) {
	t.Parallel()
	k := &clock{}
	db := openStore(t, k.now).(*store.DB)
	r := ensured(t, config(t, db, k.now))
	good := issue(t, r, ownClaims())
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := r.VerifyOwn(t.Context(), api.Secret(good))
	if _, refused := errors.AsType[*api.Error](err); refused || !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("got %v, want %v", err, identity.ErrUnavailable)
	}
}

func BenchmarkVerifyOwn(b *testing.B) {
	for _, algorithm := range algorithms {
		b.Run(algorithm, func(b *testing.B) {
			k := &clock{}
			c := config(b, openStore(b, k.now), k.now)
			c.Algorithm = algorithm
			r := ensured(b, c)
			good := api.Secret(issue(b, r, ownClaims()))
			for b.Loop() {
				if _, err := r.VerifyOwn(b.Context(), good); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
