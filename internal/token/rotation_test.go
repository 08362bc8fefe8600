package token_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

const (
	day   = 24 * time.Hour
	ahead = 15 * time.Minute
	// stays is how long a key stays in the key set after the next has activated.
	stays = day + 5*time.Minute
)

func rotate(t testing.TB, r *token.Ring, activateNow bool) *identity.SigningKey {
	t.Helper()
	row, err := r.Rotate(t.Context(), "", activateNow)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// life tells the ring's keys as lines, with times as the time past since start.
func life(t testing.TB, r *token.Ring) []string {
	t.Helper()
	keys, err := r.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, k := range keys {
		line := fmt.Sprintf("%d %s %s from %v", k.Number, k.Algorithm, k.Status, k.Activates.Sub(start))
		if !k.Expires.IsZero() {
			line += fmt.Sprintf(" to %v", k.Expires.Sub(start))
		}
		lines = append(lines, line)
	}
	return lines
}

// signer returns the id of the key that signs.
func signer(t testing.TB, r *token.Ring, now time.Time) string {
	t.Helper()
	header, _ := decode(t, issue(t, r, claims(now)))
	var h struct {
		KeyID string `json:"kid"`
	}
	if err := json.Unmarshal([]byte(header), &h); err != nil {
		t.Fatal(err)
	}
	return h.KeyID
}

// published returns the ids in the key set.
func published(t testing.TB, r *token.Ring) string {
	t.Helper()
	var ids []string
	for _, k := range keySet(t, r).Keys {
		ids = append(ids, k.KeyID)
	}
	return strings.Join(ids, " ")
}

// One key from its publication to its end.
func TestRing_Rotate_Story(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	r := ensured(t, config(t, openStore(t, cl.now), cl.now))
	if got := rotate(t, r, false); got.Number != 2 || got.KeyID != "us-east-1-2" || !got.Created.Equal(start) {
		t.Errorf("Rotate: got %d %s of %v", got.Number, got.KeyID, got.Created)
	}
	const times1, times2 = "from 0s to 24h20m0s", "from 15m0s"
	for _, tc := range []struct {
		past              time.Duration
		life1, life2      string
		signer, published string
	}{
		{0, "Active", "Published", "us-east-1-1", "us-east-1-1 us-east-1-2"},
		{ahead - time.Millisecond, "Active", "Published", "us-east-1-1", "us-east-1-1 us-east-1-2"},
		{ahead, "Retired", "Active", "us-east-1-2", "us-east-1-1 us-east-1-2"},
		{ahead + stays - time.Millisecond, "Retired", "Active", "us-east-1-2", "us-east-1-1 us-east-1-2"},
		{ahead + stays, "Expired", "Active", "us-east-1-2", "us-east-1-2"},
		{1000 * day, "Expired", "Active", "us-east-1-2", "us-east-1-2"},
	} {
		cl.goTo(tc.past)
		want := []string{"1 ES256 " + tc.life1 + " " + times1, "2 ES256 " + tc.life2 + " " + times2}
		if diff := cmp.Diff(want, life(t, r)); diff != "" {
			t.Errorf("after %v (-want +got):\n%s", tc.past, diff)
		}
		if got := signer(t, r, cl.now()); got != tc.signer {
			t.Errorf("after %v: %s signs, want %s", tc.past, got, tc.signer)
		}
		if got := published(t, r); got != tc.published {
			t.Errorf("after %v: key set has %s, want %s", tc.past, got, tc.published)
		}
	}
}

func TestRing_Rotate_WhilePending(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	r := ensured(t, config(t, openStore(t, cl.now), cl.now))
	check := func(when string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, life(t, r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	check("at first", "1 ES256 Active from 0s")
	rotate(t, r, false)
	cl.goOn(time.Minute)
	if got := rotate(t, r, false); got.Number != 2 {
		t.Errorf("Rotate while 2 is pending: got %d", got.Number)
	}
	check("while 2 is pending", "1 ES256 Active from 0s to 24h20m0s", "2 ES256 Published from 15m0s")

	if got := rotate(t, r, true); got.Number != 2 || !got.Activates.Equal(cl.now()) {
		t.Errorf("Rotate now while 2 is pending: got %d from %v", got.Number, got.Activates)
	}
	check("with 2 activated early", "1 ES256 Retired from 0s to 24h6m0s", "2 ES256 Active from 1m0s")
	if got := signer(t, r, cl.now()); got != "us-east-1-2" {
		t.Errorf("%s signs", got)
	}

	cl.goOn(time.Minute)
	if got := rotate(t, r, true); got.Number != 3 || !got.Activates.Equal(cl.now()) {
		t.Errorf("Rotate now with none pending: got %d from %v", got.Number, got.Activates)
	}
	check("with 3 active at once", "1 ES256 Retired from 0s to 24h6m0s",
		"2 ES256 Retired from 1m0s to 24h7m0s", "3 ES256 Active from 2m0s")
}

func TestRing_Rotate_WithoutKeys(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	r := newRing(t, config(t, openStore(t, cl.now), cl.now))
	if got := rotate(t, r, false); got.Number != 1 || !got.Activates.Equal(start) {
		t.Errorf("got %d from %v, want 1 at once", got.Number, got.Activates)
	}
}

func TestRing_Ensure(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	store := openStore(t, cl.now)
	c := config(t, store, cl.now)
	ensured(t, c)
	r := ensured(t, c)
	if diff := cmp.Diff([]string{"1 ES256 Active from 0s"}, life(t, r)); diff != "" {
		t.Errorf("after two starts (-want +got):\n%s", diff)
	}

	c.Algorithm = token.EdDSA
	ensured(t, c)
	r = ensured(t, c)
	want := []string{"1 ES256 Active from 0s to 24h20m0s", "2 EdDSA Published from 15m0s"}
	if diff := cmp.Diff(want, life(t, r)); diff != "" {
		t.Errorf("after two starts with another algorithm (-want +got):\n%s", diff)
	}
	// A token made before the change outlives it.
	raw := issue(t, r, identity.Claims{Subject: "s", Audience: "a", AMR: []string{"x"}, IssuedAt: cl.now(), Lifetime: day})
	cl.goTo(ahead)
	if got := signer(t, r, cl.now()); got != "us-east-1-2" {
		t.Errorf("%s signs after the change", got)
	}
	cl.goTo(day)
	if _, err := verify(keySet(t, r), raw); err != nil {
		t.Errorf("a token of before the change: %v", err)
	}
}

// Tokens of every moment verify against the key set of every later moment until they
// are over, and against what a client may have cached just before they were made.
func TestRing_Rotate_EveryMoment(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	r := ensured(t, config(t, openStore(t, cl.now), cl.now))
	type issued struct {
		raw  string
		over time.Time
	}
	var tokens []issued
	var cached jose.JSONWebKeySet
	seen := map[int]bool{}
	for step := range 200 {
		cl.goTo(time.Duration(step) * 17 * time.Minute)
		if step > 0 {
			cl.goOn(-token.KeySetMaxAge)
		}
		cached = keySet(t, r)
		if step > 0 {
			cl.goOn(token.KeySetMaxAge)
		}
		if step%29 == 7 {
			seen[rotate(t, r, false).Number] = true
		}
		lifetime := 10 * time.Minute
		if step%2 == 0 {
			lifetime = day
		}
		c := claims(cl.now())
		c.Lifetime = lifetime
		tok := issued{issue(t, r, c), cl.now().Add(lifetime)}
		if _, err := verify(cached, tok.raw); err != nil {
			t.Errorf("after %v, with a cached key set: %v", cl.now().Sub(start), err)
		}
		tokens = append(tokens, tok)
		set := keySet(t, r)
		for i, tok := range tokens {
			if tok.over.Before(cl.now()) {
				continue
			}
			if _, err := verify(set, tok.raw); err != nil {
				t.Errorf("after %v, token %d: %v", cl.now().Sub(start), i, err)
			}
		}
	}
	if len(seen) != 7 || strings.HasPrefix(published(t, r), "us-east-1-1 ") {
		t.Errorf("%d rotations, and in the key set are %s: the test shows too little", len(seen), published(t, r))
	}
}

// Many nodes on one store do together what one would do.
func TestRing_ManyNodes(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	store := openStore(t, cl.now)
	const nodes = 8
	var rings []*token.Ring
	for range nodes {
		rings = append(rings, newRing(t, config(t, store, cl.now)))
	}
	together := func(f func(*token.Ring) error) {
		t.Helper()
		var all sync.WaitGroup
		begin := make(chan struct{})
		for _, r := range rings {
			all.Go(func() {
				<-begin
				if err := f(r); err != nil {
					t.Error(err)
				}
			})
		}
		close(begin)
		all.Wait()
	}
	together(func(r *token.Ring) error { return r.Ensure(t.Context()) })
	if diff := cmp.Diff([]string{"1 ES256 Active from 0s"}, life(t, rings[0])); diff != "" {
		t.Errorf("Ensure (-want +got):\n%s", diff)
	}
	for want := 2; want <= 6; want++ {
		together(func(r *token.Ring) error {
			row, err := r.Rotate(t.Context(), "", false)
			if err == nil && row.Number != want {
				return fmt.Errorf("Rotate: got key %d, want %d", row.Number, want)
			}
			return err
		})
		cl.goOn(ahead)
		for _, r := range rings {
			if got, want := signer(t, r, cl.now()), fmt.Sprintf("us-east-1-%d", want); got != want {
				t.Errorf("%s signs, want %s", got, want)
			}
		}
	}
}

// An interloper is a store in which somebody else is faster with the first Update.
type interloper struct {
	identity.Store
	faster func()
}

func (s *interloper) Update(ctx context.Context, f func(identity.Tx) error) error {
	if faster := s.faster; faster != nil {
		s.faster = nil
		faster()
	}
	return s.Store.Update(ctx, f)
}

// That another node was faster is no error, and what it made is what was wanted.
func TestRing_AnotherNodeIsFaster(t *testing.T) {
	t.Parallel()
	for _, activateNow := range []bool{false, true} {
		cl := new(clock)
		store := openStore(t, cl.now)
		other := newRing(t, config(t, store, cl.now))
		slow := &interloper{Store: store}
		r := newRing(t, config(t, slow, cl.now))

		slow.faster = func() {
			if err := other.Ensure(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := r.Ensure(t.Context()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"1 ES256 Active from 0s"}, life(t, r)); diff != "" {
			t.Errorf("Ensure (-want +got):\n%s", diff)
		}

		slow.faster = func() { rotate(t, other, activateNow) }
		got := rotate(t, r, activateNow)
		if keys := life(t, r); got.Number != 2 || len(keys) != 2 {
			t.Errorf("Rotate(%v): got key %d; keys are %q", activateNow, got.Number, keys)
		}
	}
}

// No client that keeps the key set for as long as it may ever meets a token that it
// can not verify, however often keys rotate.
func TestRing_Rotate_UnderLoad(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	r := ensured(t, config(t, openStore(t, cl.now), cl.now))
	const clients, rotations = 4, 20
	stop := make(chan struct{})
	verified := make(chan struct{}, 20) // one for each token
	var keyIDs sync.Map
	var all sync.WaitGroup
	defer all.Wait()
	defer close(stop)
	for range clients {
		all.Go(func() {
			var set jose.JSONWebKeySet
			var expires time.Time
			for {
				raw, err := r.Issue(t.Context(), claims(cl.now()))
				if err != nil {
					t.Error(err)
					return
				}
				if now := cl.now(); !now.Before(expires) {
					body, err := r.KeySet(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					set = jose.JSONWebKeySet{}
					if err := json.Unmarshal(body, &set); err != nil {
						t.Error(err)
						return
					}
					expires = now.Add(token.KeySetMaxAge)
				}
				jws, err := jose.ParseSignedCompact(string(raw), joseAlgorithms)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := jws.Verify(set); err != nil {
					t.Errorf("key %s: %v", jws.Signatures[0].Header.KeyID, err)
					return
				}
				keyIDs.Store(jws.Signatures[0].Header.KeyID, nil)
				select {
				case verified <- struct{}{}:
				case <-stop:
					return
				}
			}
		})
	}
	for range rotations {
		rotate(t, r, false)
		for past := time.Duration(0); past <= ahead && !t.Failed(); past += time.Minute {
			cl.goOn(time.Minute)
			// Those of before this minute, and some more.
			for range len(verified) + 2*clients {
				select {
				case <-verified:
				case <-time.After(time.Minute):
					t.Fatalf("no token in a minute, %v after the start", cl.now().Sub(start))
				}
			}
		}
	}
	for n := 1; n <= rotations+1; n++ {
		if id := fmt.Sprintf("us-east-1-%d", n); !loaded(&keyIDs, id) {
			t.Errorf("no token of key %s was verified", id)
		}
	}
}

func loaded(m *sync.Map, key any) bool {
	_, ok := m.Load(key)
	return ok
}

// A year of two nodes on one store.
func TestRing_Run(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var log bytes.Buffer
		c := config(t, openStore(t, time.Now), time.Now)
		c.RotateEvery = 30 * day
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
		var nodes sync.WaitGroup
		t.Cleanup(nodes.Wait) // the context of the test has ended by then
		r := ensured(t, c)
		c.Log = nil
		for _, r := range []*token.Ring{r, newRing(t, c)} {
			nodes.Go(func() { r.Run(t.Context()) })
		}

		time.Sleep(30*day - ahead - time.Second)
		synctest.Wait()
		if got := published(t, r); got != "us-east-1-1" {
			t.Errorf("before the first rotation, the key set has %s", got)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := published(t, r); got != "us-east-1-1 us-east-1-2" {
			t.Errorf("after the first rotation, the key set has %s", got)
		}
		time.Sleep(335 * day)
		synctest.Wait()
		keys, err := r.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(keys) != 13 {
			t.Errorf("%d keys after a year, want 13", len(keys))
		}
		for i, k := range keys {
			want := start.Add(time.Duration(i) * 30 * day)
			if late := k.Activates.Sub(want); late < 0 || late > time.Minute {
				t.Errorf("key %d activates at %v, want %v", k.Number, k.Activates, want)
			}
			if i > 0 && k.Activates.Sub(k.Created) < ahead {
				t.Errorf("key %d is Published %v ahead", k.Number, k.Activates.Sub(k.Created))
			}
			wantStatus := token.Expired
			if i == 12 {
				wantStatus = token.Active
			}
			if wiped := len(k.Private) == 0; k.Status != wantStatus || wiped != (wantStatus == token.Expired) {
				t.Errorf("key %d: %s, wiped %v, want %s", k.Number, k.Status, wiped, wantStatus)
			}
			if len(k.Public) == 0 {
				t.Errorf("key %d has lost its public key", k.Number)
			}
		}
		if got := signer(t, r, time.Now()); got != "us-east-1-13" {
			t.Errorf("%s signs", got)
		}
		if strings.Contains(log.String(), "level=ERROR") || strings.Contains(log.String(), "level=WARN") {
			t.Errorf("log:\n%s", &log)
		}
	})
}

// A private key is wiped when it has Expired, without a schedule and not before.
func TestRing_Run_Wipes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := ensured(t, config(t, openStore(t, time.Now), time.Now))
		rotate(t, r, false)
		var node sync.WaitGroup
		t.Cleanup(node.Wait)
		node.Go(func() { r.Run(t.Context()) })
		for _, tc := range []struct {
			sleep time.Duration
			wiped bool
		}{{ahead + stays - time.Second, false}, {3 * time.Second, true}} {
			time.Sleep(tc.sleep)
			synctest.Wait()
			keys, err := r.Keys(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := len(keys[0].Private) == 0; got != tc.wiped {
				t.Errorf("%v later: wiped %v, want %v", tc.sleep, got, tc.wiped)
			}
			if len(keys[1].Private) == 0 {
				t.Errorf("%v later: the Active key is wiped", tc.sleep)
			}
		}
		issue(t, r, claims(time.Now()))
	})
}

// Failures are logged and tried again, and wiping goes on without rotation.
func TestRing_Run_Fails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		store := openStore(t, time.Now)
		c := config(t, store, time.Now)
		old := row(t, c.Seal, token.ES256, ecdsaKey(t, elliptic.P256()))
		old.Expires = time.Now().Add(time.Hour)
		insert(t, store, old)
		bad := row(t, masterKey(t, "x"), token.ES256, ecdsaKey(t, elliptic.P256()))
		bad.Number, bad.KeyID = 2, "us-east-1-2"
		insert(t, store, bad)
		c.RotateEvery = day
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
		r := newRing(t, c)
		var node sync.WaitGroup
		t.Cleanup(node.Wait)
		node.Go(func() { r.Run(t.Context()) })
		time.Sleep(time.Hour + 90*time.Second)
		synctest.Wait()
		if got := strings.Count(log.String(), "level=ERROR"); got != 62 {
			t.Errorf("%d errors in 61 minutes and a half, want one a minute", got)
		}
		if !strings.Contains(log.String(), "open signing key us-east-1-2: sealed under another key") {
			t.Errorf("log:\n%s", &log)
		}
		keys, err := r.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(keys) != 2 || len(keys[0].Private) != 0 || len(keys[1].Private) == 0 {
			t.Errorf("%d keys; private halves of %d and %d bytes, want the first wiped", len(keys), len(keys[0].Private), len(keys[1].Private))
		}
	})
}

// A clock that is set back to before the first key's time, or is behind that of the node that made
// the key, does not keep the service from signing: that key replaces none. A later key still
// waits for its time.
func TestRing_ClockSetBack(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	r := ensured(t, config(t, openStore(t, cl.now), cl.now))
	for _, past := range []time.Duration{0, -time.Hour, -1000 * time.Hour} {
		cl.goTo(past)
		if got := signer(t, r, cl.now()); got != "us-east-1-1" {
			t.Errorf("at %v %q signs, want us-east-1-1", past, got)
		}
	}
	cl.goTo(0)
	rotate(t, r, false)
	for past, want := range map[time.Duration]string{-time.Hour: "us-east-1-1", 0: "us-east-1-1", 20 * time.Minute: "us-east-1-2"} {
		cl.goTo(past)
		if got := signer(t, r, cl.now()); got != want {
			t.Errorf("with a second key published, at %v %q signs, want %s", past, got, want)
		}
	}
}
