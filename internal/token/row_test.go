package token_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

// row returns the row of an active key, as rings write it.
func row(t testing.TB, s *seal.Key, algorithm string, private crypto.Signer) *identity.SigningKey {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &identity.SigningKey{
		Number: 1, KeyID: "us-east-1-1", Algorithm: algorithm,
		Private: s.Seal("signing-key/us-east-1-1/"+algorithm, der), Public: public,
		Created: start, Activates: start,
	}
}

func insert(t testing.TB, store identity.Store, row *identity.SigningKey) {
	t.Helper()
	if err := store.Update(t.Context(), func(tx identity.Tx) error { return tx.InsertSigningKey(row) }); err != nil {
		t.Fatal(err)
	}
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ecdsaKey(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What a ring must never use: rows that were tampered with, and keys that are weak or not for
// their algorithm. Nothing is issued or published then, and no key is added.
func TestRing_BadRow(t *testing.T) {
	t.Parallel()
	k := masterKey(t, "k")
	p256, other, p384 := ecdsaKey(t, elliptic.P256()), ecdsaKey(t, elliptic.P256()), ecdsaKey(t, elliptic.P384())
	rsa2048, rsa1024 := rsaKey(t, 2048), rsaKey(t, 1024)
	edwards := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	good := func(algorithm string, private crypto.Signer) func(*testing.T) *identity.SigningKey {
		return func(t *testing.T) *identity.SigningKey { return row(t, k, algorithm, private) }
	}
	changed := func(change func(*identity.SigningKey)) func(*testing.T) *identity.SigningKey {
		return func(t *testing.T) *identity.SigningKey {
			r := row(t, k, token.RS512, rsa2048)
			change(r)
			return r
		}
	}
	for _, tc := range []struct {
		name string
		row  func(*testing.T) *identity.SigningKey
		want string // "": good
		is   error
	}{
		{"RS512", good(token.RS512, rsa2048), "", nil},
		{"RS256", good(token.RS256, rsa2048), "", nil},
		{"ES256", good(token.ES256, p256), "", nil},
		{"EdDSA", good(token.EdDSA, edwards), "", nil},
		{"short RSA key", good(token.RS512, rsa1024), "RSA key of 1024 bits is too short", nil},
		{"RSA key for ES256", good(token.ES256, rsa2048), `RSA key is not for "ES256"`, nil},
		{"RSA key for none", good("none", rsa2048), `RSA key is not for "none"`, nil},
		{"RSA key for HS512", good("HS512", rsa2048), `RSA key is not for "HS512"`, nil},
		{"P-384 key", good(token.ES256, p384), `elliptic key on P-384 is not for "ES256"`, nil},
		{"P-256 key for EdDSA", good(token.EdDSA, p256), `elliptic key on P-256 is not for "EdDSA"`, nil},
		{"Ed25519 key for RS512", good(token.RS512, edwards), `Ed25519 key is not for "RS512"`, nil},
		{"algorithm changed", changed(func(r *identity.SigningKey) { r.Algorithm = token.RS256 }), "", seal.ErrCorrupt},
		{"key id changed", changed(func(r *identity.SigningKey) { r.KeyID = "us-east-1-2" }), "", seal.ErrCorrupt},
		{"private key damaged", changed(func(r *identity.SigningKey) { r.Private[100] ^= 1 }), "", seal.ErrCorrupt},
		{"private key cut", changed(func(r *identity.SigningKey) { r.Private = r.Private[:20] }), "", seal.ErrCorrupt},
		{"another master key", func(t *testing.T) *identity.SigningKey {
			return row(t, masterKey(t, "x"), token.RS512, rsa2048)
		}, "sealed under another key", seal.ErrWrongKey},
		{"public key of another", func(t *testing.T) *identity.SigningKey {
			r := row(t, k, token.ES256, p256)
			r.Public = row(t, k, token.ES256, other).Public
			return r
		}, "public key is not that of the private key", nil},
		{"no key inside", changed(func(r *identity.SigningKey) {
			r.Private = k.Seal("signing-key/us-east-1-1/RS512", []byte("-----hunter2-----"))
		}), "open signing key us-east-1-1: ", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cl := new(clock)
			store := openStore(t, cl.now)
			insert(t, store, tc.row(t))
			c := config(t, store, cl.now)
			c.Algorithm = token.EdDSA
			r := newRing(t, c)
			if tc.want == "" && tc.is == nil {
				if _, err := verify(keySet(t, r), issue(t, r, claims(start))); err != nil {
					t.Error(err)
				}
				return
			}
			secret, issueErr := r.Issue(t.Context(), claims(start))
			set, setErr := r.KeySet(t.Context())
			doc, docErr := r.Discovery(t.Context())
			if secret != "" || set != nil || doc != nil {
				t.Errorf("got token %q, key set %s, discovery %s", string(secret), set, doc)
			}
			_, rotateErr := r.Rotate(t.Context(), "", false)
			for call, err := range map[string]error{
				"Issue": issueErr, "KeySet": setErr, "Discovery": docErr,
				"Rotate": rotateErr, "Ensure": r.Ensure(t.Context()),
			} {
				if err == nil || !strings.Contains(err.Error(), tc.want) || tc.is != nil && !errors.Is(err, tc.is) {
					t.Errorf("%s: got %v, want %s %v", call, err, tc.want, tc.is)
				} else if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%s: the error shows what was sealed: %v", call, err)
				}
			}
			if got := life(t, r); len(got) != 1 {
				t.Errorf("a key was added: %q", got)
			}
		})
	}
}

// What a row says is read at every call, also after it was opened.
func TestRing_BadRow_Later(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	store := openStore(t, cl.now)
	r := ensured(t, config(t, store, cl.now))
	issue(t, r, claims(start))
	keySet(t, r)
	for name, change := range map[string]func(*identity.SigningKey){
		"algorithm": func(k *identity.SigningKey) { k.Algorithm = token.RS512 },
		"private":   func(k *identity.SigningKey) { k.Private = append(bytes.Clone(k.Private), 0) },
		"public":    func(k *identity.SigningKey) { k.Public = append(bytes.Clone(k.Public), 0) },
	} {
		keys, err := r.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		before, changed := *keys[0].SigningKey, *keys[0].SigningKey
		change(&changed)
		put := func(k *identity.SigningKey) {
			if err := store.Update(t.Context(), func(tx identity.Tx) error { return tx.UpdateSigningKey(k) }); err != nil {
				t.Fatal(err)
			}
		}
		put(&changed)
		if _, err := r.Issue(t.Context(), claims(start)); err == nil {
			t.Errorf("%s changed: Issue succeeds", name)
		}
		if _, err := r.KeySet(t.Context()); err == nil {
			t.Errorf("%s changed: KeySet succeeds", name)
		}
		put(&before)
		issue(t, r, claims(start))
	}
}

// Keys in the store open with later versions of the program, and have their public
// members as the RFCs give them.
func TestRing_KeySet_Vectors(t *testing.T) {
	t.Parallel()
	raw := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	p256, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		source, algorithm string
		private           crypto.Signer
		want              string
	}{
		{
			"RFC 7515, appendix A.3.1", token.ES256, p256,
			`{"kty":"EC","alg":"ES256","use":"sig","kid":"us-east-1-1","crv":"P-256",` +
				`"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
		},
		{
			"RFC 8037, appendix A.2", token.EdDSA, ed25519.NewKeyFromSeed(raw("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")),
			`{"kty":"OKP","alg":"EdDSA","use":"sig","kid":"us-east-1-1","crv":"Ed25519",` +
				`"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		},
	} {
		cl := new(clock)
		store := openStore(t, cl.now)
		c := config(t, store, cl.now)
		insert(t, store, row(t, c.Seal, tc.algorithm, tc.private))
		got, err := newRing(t, c).KeySet(t.Context())
		if want := `{"keys":[` + tc.want + `]}`; err != nil || string(got) != want {
			t.Errorf("%s:\n got %s, %v\nwant %s", tc.source, got, err, want)
		}
	}
}

// Neither the database nor what a ring prints holds a private key in the clear.
func TestRing_SealsKeys(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	c := config(t, openStore(t, cl.now), cl.now)
	c.Algorithm = token.EdDSA
	r := ensured(t, c)
	keys, err := r.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k := keys[0]
	der, err := c.Seal.Open("signing-key/us-east-1-1/EdDSA", k.Private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	seed := parsed.(ed25519.PrivateKey).Seed()
	printed, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	set, err := r.KeySet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{k.Private, k.Public, printed, set} {
		if bytes.Contains(b, seed) || bytes.Contains(b, []byte(base64.RawURLEncoding.EncodeToString(seed))) {
			t.Errorf("private key in %q", b)
		}
	}
}
