package fault_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A ledger is what clients know of the users that they have made in one pool, and the tokens
// that they got.
type ledger struct {
	t    *testing.T
	pool string

	mu        sync.Mutex
	users     map[string]*account
	tokens    []string
	latencies []time.Duration
	acks      chan struct{} // closed at the next acknowledgement
	errors    map[string]int
	writers   int
	loaded    time.Duration // how long clients have called
	recovery  []time.Duration
}

// An account is what is known of one user.
type account struct {
	identity string // empty: any
	// linked and gone: whether the user may have the identity, and may have none. Both
	// while a call about the user has not been answered.
	linked, gone bool
}

func newLedger(t *testing.T, n *node) *ledger {
	t.Helper()
	pool, err := n.pool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &ledger{t: t, pool: pool, users: map[string]*account{}, acks: make(chan struct{}), errors: map[string]int{}}
}

// load has clients make users, and unlink every fifth, until the function returned is called.
func (l *ledger) load(clients int, nodes ...*node) (stop func()) {
	ctx, cancel := context.WithCancel(l.t.Context())
	begun := time.Now()
	var all sync.WaitGroup
	for range clients {
		l.writers++
		prefix := fmt.Sprintf("w%d-", l.writers)
		all.Go(func() {
			for k := 0; ctx.Err() == nil; k++ {
				n := nodes[rand.N(len(nodes))]
				if f := l.write(n, fmt.Sprint(prefix, k), k%5 == 4); f != answered {
					after(ctx, 2*time.Millisecond, 5*time.Millisecond)
				}
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
		l.loaded += time.Since(begun)
	}
}

func (l *ledger) note(begun time.Time, err error, f func()) fate {
	l.mu.Lock()
	defer l.mu.Unlock()
	how := fateOf(err)
	if err == nil {
		l.latencies = append(l.latencies, time.Since(begun))
		close(l.acks)
		l.acks = make(chan struct{})
		f()
		return how
	}
	var refused *api.Error
	switch {
	case how == never:
		l.errors["not accepted"]++
	case errors.As(err, &refused):
		l.errors[string(refused.Code)]++
	default:
		l.errors["no answer"]++
	}
	if how == answered {
		l.t.Errorf("refused: %v", err)
	}
	return how
}

func (l *ledger) write(n *node, user string, unlinks bool) fate {
	a := &account{linked: true, gone: true}
	l.mu.Lock()
	l.users[user] = a
	l.mu.Unlock()
	var out api.GetOpenIdTokenForDeveloperIdentityOutput
	begun := time.Now()
	err := n.call(context.Background(), "GetOpenIdTokenForDeveloperIdentity", l.signIn(user), &out)
	f := l.note(begun, err, func() {
		a.identity, a.gone = out.IdentityId, false
		l.tokens = append(l.tokens, string(out.Token))
	})
	if f == never {
		l.mu.Lock()
		delete(l.users, user)
		l.mu.Unlock()
	}
	if err != nil || !unlinks {
		return f
	}
	l.mu.Lock()
	a.gone = true
	l.mu.Unlock()
	begun = time.Now()
	err = n.call(context.Background(), "UnlinkDeveloperIdentity", &api.UnlinkDeveloperIdentityInput{
		IdentityPoolId: l.pool, IdentityId: out.IdentityId, DeveloperProviderName: provider, DeveloperUserIdentifier: user,
	}, nil)
	return l.note(begun, err, func() { a.linked = false })
}

func (l *ledger) signIn(user string) *api.GetOpenIdTokenForDeveloperIdentityInput {
	return &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: l.pool, Logins: map[string]api.Secret{provider: api.Secret(user)},
	}
}

// next waits for a call to be acknowledged from now on. It returns how long that took since a
// time, which is noted as how long it took to recover.
func (l *ledger) next(since time.Time) time.Duration {
	l.t.Helper()
	l.mu.Lock()
	acks := l.acks
	l.mu.Unlock()
	select {
	case <-acks:
	case <-time.After(patience):
		l.t.Fatalf("nothing was acknowledged within %v", patience)
	}
	l.recovery = append(l.recovery, time.Since(since))
	return time.Since(since)
}

// acknowledged returns how many calls were, so far.
func (l *ledger) acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.latencies)
}

// snapshot returns what is known now, for a check of what is left of the present.
func (l *ledger) snapshot() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &ledger{t: l.t, pool: l.pool, users: map[string]*account{}, latencies: slices.Clone(l.latencies), errors: map[string]int{}}
	for name, a := range l.users {
		known := *a
		s.users[name] = &known
	}
	return s
}

// A balance is what a check has found.
type balance struct {
	known, found, lost, split int
}

// count looks every user up.
func (l *ledger) count(n *node) (b balance) {
	l.t.Helper()
	type entry struct {
		user string
		*account
	}
	work := make(chan entry)
	var mu sync.Mutex
	owner := map[string]string{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for e := range work {
				var out api.LookupDeveloperIdentityOutput
				err := n.eventually(l.t.Context(), func() error {
					return n.call(l.t.Context(), "LookupDeveloperIdentity", &api.LookupDeveloperIdentityInput{
						IdentityPoolId: l.pool, DeveloperUserIdentifier: e.user,
					}, &out)
				})
				var refused *api.Error
				absent := errors.As(err, &refused) && refused.Code == api.ResourceNotFoundException
				mu.Lock()
				if e.linked != e.gone {
					b.known++
				}
				switch {
				case err != nil && !absent:
					l.t.Errorf("look up %s: %v", e.user, err)
				case absent && !e.gone, !absent && !e.linked:
					b.lost++
				case !absent && e.identity != "" && e.identity != out.IdentityId, !absent && owner[out.IdentityId] != "":
					b.split++
				case e.linked != e.gone:
					b.found++
				}
				if !absent {
					owner[out.IdentityId] = e.user
				}
				mu.Unlock()
			}
		})
	}
	for name, a := range l.users {
		work <- entry{name, a}
	}
	close(work)
	all.Wait()
	return b
}

// verify returns how many of the tokens do not verify by what a node publishes.
func (l *ledger) verify(n *node, tokens []string) (failed int) {
	l.t.Helper()
	v, err := verifier(l.t.Context(), n, l.pool)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, token := range tokens {
		if _, err := v.Verify(l.t.Context(), token); err != nil {
			if failed == 0 {
				l.t.Logf("a token: %v", err)
			}
			failed++
		}
	}
	return failed
}

// verifier is a relying party that has the keys of one node.
func verifier(ctx context.Context, n *node, pool string) (*oidc.IDTokenVerifier, error) {
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), n.http)
	var doc struct {
		Issuer string   `json:"issuer"`
		Keys   string   `json:"jwks_uri"`
		Algs   []string `json:"id_token_signing_alg_values_supported"`
	}
	at := "http://" + n.address
	if err := n.fetch(ctx, at+"/.well-known/openid-configuration", &doc); err != nil {
		return nil, err
	}
	keys := oidc.NewRemoteKeySet(ctx, at+"/.well-known/jwks_uri")
	return oidc.NewVerifier(doc.Issuer, keys, &oidc.Config{ClientID: pool, SupportedSigningAlgs: doc.Algs, Now: n.now}), nil
}

// check fails unless all that was acknowledged is there, once, and every token verifies. It
// prints the figures.
func (l *ledger) check(n *node) {
	l.t.Helper()
	b := l.count(n)
	failed := l.verify(n, l.tokens)
	l.figures(b, failed)
	if b.known == 0 || len(l.tokens) == 0 {
		l.t.Error("nothing was acknowledged")
	}
	if b.lost > 0 || b.split > 0 || failed > 0 {
		l.t.Errorf("%d acknowledged writes lost, %d identities split, %d tokens that do not verify; want none", b.lost, b.split, failed)
	}
}

func (l *ledger) figures(b balance, failed int) {
	l.t.Helper()
	slices.Sort(l.latencies)
	slices.Sort(l.recovery)
	at := func(d []time.Duration, q float64) time.Duration {
		if len(d) == 0 {
			return 0
		}
		return d[min(len(d)-1, int(q*float64(len(d))))].Round(100 * time.Microsecond)
	}
	l.t.Logf("acknowledged %d, known %d, found %d, lost %d, split %d; %d tokens, %d do not verify; errors %v",
		len(l.latencies), b.known, b.found, b.lost, b.split, len(l.tokens), failed, l.errors)
	l.t.Logf("%.0f/s, p50 %v, p99 %v, max %v; recovery of %d: median %v, most %v",
		float64(len(l.latencies))/max(l.loaded.Seconds(), 1e-9), at(l.latencies, .5), at(l.latencies, .99), at(l.latencies, 1),
		len(l.recovery), at(l.recovery, .5), at(l.recovery, 1))
}
