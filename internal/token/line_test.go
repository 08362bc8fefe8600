package token_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

// ask makes, or changes, a pool that asks for an algorithm.
func ask(t testing.TB, store identity.Store, n int, algorithm string) {
	t.Helper()
	p := &identity.Pool{ID: fmt.Sprintf("us-east-1:%08d-1111-4abc-8def-0123456789ab", n), Account: "111122223333", Name: "p", SigningAlgorithm: algorithm}
	err := store.Update(t.Context(), func(tx identity.Tx) error {
		err := tx.UpdatePool(p)
		if errors.Is(err, identity.ErrNotFound) {
			err = tx.InsertPool(p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func ensure(t testing.TB, r *token.Ring) {
	t.Helper()
	if err := r.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// signs returns the key and the algorithm that sign for pools which ask for one. The token
// verifies against the key set and by the ring itself, and SignsWith foretells it.
func signs(t testing.TB, r *token.Ring, now time.Time, algorithm string) string {
	t.Helper()
	c := claims(now)
	c.Algorithm = algorithm
	raw := issue(t, r, c)
	header, _ := decode(t, raw)
	var h struct{ Kid, Alg string }
	if err := json.Unmarshal([]byte(header), &h); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(keySet(t, r), raw); err != nil {
		t.Errorf("a token of key %s: %v", h.Kid, err)
	}
	if _, err := r.VerifyOwn(t.Context(), api.Secret(raw)); err != nil {
		t.Errorf("a token of key %s, by the ring: %v", h.Kid, err)
	}
	if foretold, err := r.SignsWith(t.Context(), algorithm); err != nil || foretold != h.Alg {
		t.Errorf("SignsWith(%q): got %s, %v, want %s", algorithm, foretold, err, h.Alg)
	}
	return strings.TrimPrefix(h.Kid, "us-east-1-") + " " + h.Alg
}

// lives is life with the keys for pools marked.
func lives(t testing.TB, r *token.Ring) []string {
	t.Helper()
	keys, err := r.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lines := life(t, r)
	for i, k := range keys {
		if k.ForPools {
			lines[i] += " pools"
		}
	}
	return lines
}

func checkLives(t testing.TB, r *token.Ring, when string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, lives(t, r)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// The keys of one algorithm, from the first pool that asks for it to the end.
func TestRing_Line_Story(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	store := openStore(t, cl.now)
	r := ensured(t, config(t, store, cl.now))
	if got := signs(t, r, cl.now(), token.EdDSA); got != "1 ES256" {
		t.Errorf("before any key for pools: %s", got)
	}
	ask(t, store, 1, token.EdDSA)
	ensure(t, r)
	checkLives(t, r, "asked for", "1 ES256 Active from 0s", "2 EdDSA Published from 15m0s pools")
	for _, tc := range []struct {
		past          time.Duration
		own, forPools string
	}{
		{0, "1 ES256", "1 ES256"},
		{ahead - time.Millisecond, "1 ES256", "1 ES256"},
		{ahead, "1 ES256", "2 EdDSA"},
		{50 * day, "1 ES256", "2 EdDSA"},
	} {
		cl.goTo(tc.past)
		if a, b := signs(t, r, cl.now(), ""), signs(t, r, cl.now(), token.EdDSA); a != tc.own || b != tc.forPools {
			t.Errorf("after %v: %s and for pools %s, want %s and %s", tc.past, a, b, tc.own, tc.forPools)
		}
		if other := signs(t, r, cl.now(), token.RS256); other != tc.own {
			t.Errorf("after %v: %s signs for an algorithm that has no key", tc.past, other)
		}
	}
	ensure(t, r)
	checkLives(t, r, "long after", "1 ES256 Active from 0s", "2 EdDSA Active from 15m0s pools")

	// No pool asks for it: its last tokens stay good. Asked for again meanwhile, the key goes on at
	// once, since every verifier has it.
	cl.goTo(100 * day)
	c := claims(cl.now())
	c.Algorithm, c.Lifetime = token.EdDSA, day
	last := issue(t, r, c)
	ask(t, store, 1, "")
	ensure(t, r)
	if got := signs(t, r, cl.now(), token.EdDSA); got != "1 ES256" {
		t.Errorf("after the end: %s", got)
	}
	checkLives(t, r, "ended", "1 ES256 Active from 0s", "2 EdDSA Retired from 15m0s to 2424h5m0s pools")
	cl.goTo(101 * day)
	if _, err := verify(keySet(t, r), last); err != nil {
		t.Errorf("the last token of a key that has ended: %v", err)
	}
	ask(t, store, 2, token.EdDSA)
	ensure(t, r)
	if got := signs(t, r, cl.now(), token.EdDSA); got != "2 EdDSA" {
		t.Errorf("resumed: %s", got)
	}
	checkLives(t, r, "resumed", "1 ES256 Active from 0s", "2 EdDSA Active from 15m0s pools")

	// When it has expired, the next one is published ahead like the first.
	ask(t, store, 2, "")
	ensure(t, r)
	cl.goOn(stays)
	if got := published(t, r); got != "us-east-1-1" {
		t.Errorf("after its time the key set has %s", got)
	}
	ask(t, store, 1, token.EdDSA)
	ensure(t, r)
	if got := signs(t, r, cl.now(), token.EdDSA); got != "1 ES256" {
		t.Errorf("begun anew: %s", got)
	}
	if _, err := r.Rotate(t.Context(), token.RS256, false); !errors.Is(err, token.ErrNotAsked) {
		t.Errorf("Rotate of what no pool asks for: got %v, want %v", err, token.ErrNotAsked)
	}
	cl.goOn(ahead)
	if got := signs(t, r, cl.now(), token.EdDSA); got != "3 EdDSA" {
		t.Errorf("begun anew, when it has been published: %s", got)
	}
}

// Each line rotates by itself.
func TestRing_Line_Rotate(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	store := openStore(t, cl.now)
	r := ensured(t, config(t, store, cl.now))
	ask(t, store, 1, token.EdDSA)
	ensure(t, r)
	cl.goTo(time.Hour)
	if row, err := r.Rotate(t.Context(), token.EdDSA, false); err != nil || row.Number != 3 || !row.ForPools || row.Algorithm != token.EdDSA {
		t.Fatalf("Rotate: got %+v, %v", row, err)
	}
	checkLives(t, r, "for pools", "1 ES256 Active from 0s", "2 EdDSA Active from 15m0s to 25h20m0s pools", "3 EdDSA Published from 1h15m0s pools")
	rotate(t, r, true)
	checkLives(t, r, "the service's own, now", "1 ES256 Retired from 0s to 25h5m0s", "2 EdDSA Active from 15m0s to 25h20m0s pools",
		"3 EdDSA Published from 1h15m0s pools", "4 ES256 Active from 1h0m0s")
	if row, err := r.Rotate(t.Context(), token.EdDSA, true); err != nil || row.Number != 3 {
		t.Errorf("Rotate now: got %+v, %v", row, err)
	}
	checkLives(t, r, "for pools, now", "1 ES256 Retired from 0s to 25h5m0s", "2 EdDSA Retired from 15m0s to 25h5m0s pools",
		"3 EdDSA Active from 1h0m0s pools", "4 ES256 Active from 1h0m0s")
	if got := published(t, r); got != "us-east-1-1 us-east-1-2 us-east-1-3 us-east-1-4" {
		t.Errorf("the key set has %s", got)
	}

	// Ended with a key that waits: none of them signs, and no later one is taken for the first.
	if _, err := r.Rotate(t.Context(), token.EdDSA, false); err != nil {
		t.Fatal(err)
	}
	ask(t, store, 1, "")
	ensure(t, r)
	cl.goOn(ahead)
	if got := signs(t, r, cl.now(), token.EdDSA); got != "4 ES256" {
		t.Errorf("ended while a key waits: %s", got)
	}
	ask(t, store, 1, token.EdDSA)
	ensure(t, r)
	if got := signs(t, r, cl.now(), token.EdDSA); got != "5 EdDSA" {
		t.Errorf("resumed with the key that waited: %s", got)
	}
}

// What the service's own keys do, no key is made for, until the service's own change; and at no
// moment does a pool that asked for the algorithm get another.
func TestRing_Line_OwnChanges(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	store := openStore(t, cl.now)
	c := config(t, store, cl.now)
	r := ensured(t, c)
	ask(t, store, 1, token.ES256)
	ensure(t, r)
	checkLives(t, r, "of the service's own", "1 ES256 Active from 0s")

	c.Algorithm = token.EdDSA
	changed := ensured(t, c)
	checkLives(t, changed, "changed", "1 ES256 Active from 0s to 24h20m0s", "2 ES256 Published from 15m0s pools", "3 EdDSA Published from 15m0s")
	for past := time.Duration(0); past < 2*ahead; past += time.Minute {
		cl.goTo(past)
		if got := signs(t, changed, cl.now(), token.ES256); !strings.HasSuffix(got, " ES256") {
			t.Errorf("after %v: %s signs for pools that ask for ES256", past, got)
		}
	}
	if got := signs(t, changed, cl.now(), ""); got != "3 EdDSA" {
		t.Errorf("after the change: %s", got)
	}
	// A ring that is told to keep to what there is, as commands are, changes nothing.
	ensure(t, changed)
	checkLives(t, changed, "at the end", "1 ES256 Retired from 0s to 24h20m0s", "2 ES256 Active from 15m0s pools", "3 EdDSA Active from 15m0s")
}

// The discovery document names what tokens may be signed with, as soon as it may be.
func TestRing_Line_Discovery(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	store := openStore(t, cl.now)
	r := ensured(t, config(t, store, cl.now))
	algorithms := func() string {
		t.Helper()
		body, err := r.Discovery(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Algorithms []string `json:"id_token_signing_alg_values_supported"`
		}
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatal(err)
		}
		return strings.Join(doc.Algorithms, " ")
	}
	ask(t, store, 1, token.EdDSA)
	ask(t, store, 2, token.RS256)
	ensure(t, r)
	if got := algorithms(); got != "ES256 EdDSA RS256" && got != "ES256 RS256 EdDSA" {
		t.Errorf("published: %s", got)
	}
	ask(t, store, 2, "")
	ensure(t, r)
	cl.goOn(stays)
	if got := algorithms(); got != "ES256 EdDSA" {
		t.Errorf("retired: %s", got)
	}
}

// Nodes on one store make one key for each algorithm, and without being asked a node finds
// what another has been told.
func TestRing_Line_ManyNodes(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	store := openStore(t, cl.now)
	first := ensured(t, config(t, store, cl.now))
	ask(t, store, 1, token.EdDSA)
	var all sync.WaitGroup
	for range 8 {
		r := newRing(t, config(t, store, cl.now))
		all.Go(func() {
			if err := r.Ensure(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	checkLives(t, first, "eight nodes", "1 ES256 Active from 0s", "2 EdDSA Published from 15m0s pools")
}

// Run makes the key when it is told that a pool asks, rotates it, and retires it.
func TestRing_Line_Run(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := openStore(t, time.Now)
		c := config(t, store, time.Now)
		c.RotateEvery = 30 * day
		r := ensured(t, c)
		var node sync.WaitGroup
		t.Cleanup(node.Wait)
		node.Go(func() { r.Run(t.Context()) })
		time.Sleep(10 * day)
		synctest.Wait()
		ask(t, store, 1, token.EdDSA)
		r.Prepare()
		r.Prepare()
		synctest.Wait()
		if got := published(t, r); got != "us-east-1-1 us-east-1-2" {
			t.Errorf("at once: the key set has %s", got)
		}
		time.Sleep(95 * day) // 105: the own have rotated three times, those for pools too
		synctest.Wait()
		keys, err := r.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]int{}
		for _, k := range keys {
			count[fmt.Sprint(k.ForPools, k.Status)]++
		}
		want := map[string]int{"falseExpired": 3, "falseActive": 1, "trueExpired": 3, "trueActive": 1}
		if diff := cmp.Diff(want, count); diff != "" {
			t.Errorf("after 105 days (-want +got):\n%s", diff)
		}
		// Found within the hour, also when nobody says so.
		ask(t, store, 1, "")
		time.Sleep(stays + time.Hour + time.Minute)
		synctest.Wait()
		keys, err = r.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if k.ForPools && (k.Status != token.Expired || len(k.Private) > 0) {
				t.Errorf("key %d for pools that do not ask any more: %s, wiped %v", k.Number, k.Status, len(k.Private) == 0)
			}
		}
	})
}

// A key verifies what is signed with it by its own algorithm, and nothing else: not by that of
// another key of the ring, and not by another hash with the same RSA key.
func TestVerifyOwn_NoConfusion(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	store := openStore(t, cl.now)
	c := config(t, store, cl.now)
	private := rsaKey(t, 2048)
	insert(t, store, row(t, c.Seal, token.RS512, private))
	c.Algorithm = token.RS512
	r := ensured(t, c)
	for n, algorithm := range []string{token.RS256, token.ES256, token.EdDSA} {
		ask(t, store, n, algorithm)
	}
	ensure(t, r)
	cl.goTo(ahead)
	raw := map[string]string{}
	keyIDs := map[string]string{}
	for _, algorithm := range algorithms {
		cl := ownClaims()
		cl.IssuedAt, cl.Algorithm = start.Add(ahead), algorithm
		raw[algorithm] = issue(t, r, cl)
		header, _ := decode(t, raw[algorithm])
		var h struct{ Kid, Alg string }
		if err := json.Unmarshal([]byte(header), &h); err != nil || h.Alg != algorithm {
			t.Fatalf("asked for %s: header %s, %v", algorithm, header, err)
		}
		keyIDs[algorithm] = h.Kid
		if _, err := r.VerifyOwn(t.Context(), api.Secret(raw[algorithm])); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
	if len(keyIDs) != 4 {
		t.Fatalf("keys %v", keyIDs)
	}
	for _, algorithm := range algorithms {
		parts := strings.Split(raw[algorithm], ".")
		for _, other := range algorithms {
			if other == algorithm {
				continue
			}
			for name, header := range map[string]string{
				"the algorithm of another":           `{"kid":"` + keyIDs[algorithm] + `","typ":"JWS","alg":"` + other + `"}`,
				"the key of another":                 `{"kid":"` + keyIDs[other] + `","typ":"JWS","alg":"` + algorithm + `"}`,
				"key and algorithm, both of another": `{"kid":"` + keyIDs[other] + `","typ":"JWS","alg":"` + other + `"}`,
			} {
				forged := encoded(header) + "." + parts[1] + "." + parts[2]
				if got, err := r.VerifyOwn(t.Context(), api.Secret(forged)); got != nil || refusal(err) != notVerified {
					t.Errorf("%s with %s, %s: got %v, %v", algorithm, name, other, got, err)
				}
			}
		}
	}
	// Truly signed by the key, by an algorithm that is not the key's.
	sign := func(algorithm string, hash crypto.Hash, sum func([]byte) []byte) string {
		signed := encoded(`{"kid":"us-east-1-1","typ":"JWS","alg":"`+algorithm+`"}`) + "." + strings.Split(raw[token.RS512], ".")[1]
		signature, err := rsa.SignPKCS1v15(nil, private, hash, sum([]byte(signed)))
		if err != nil {
			t.Fatal(err)
		}
		return signed + "." + encoded(string(signature))
	}
	sum256 := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
	sum512 := func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }
	for _, tc := range []struct{ name, token, want string }{
		{"RS512 as it is", sign(token.RS512, crypto.SHA512, sum512), ""},
		{"RS256 by the key for RS512", sign(token.RS256, crypto.SHA256, sum256), notVerified},
		{"RS256, and says RS512", sign(token.RS512, crypto.SHA256, sum256), notVerified},
	} {
		_, err := r.VerifyOwn(t.Context(), api.Secret(tc.token))
		if tc.want == "" && err != nil || tc.want != "" && refusal(err) != tc.want {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}
