package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// inside answers requests in the process, with no network, so that time can stand still.
type inside struct{ http.Handler }

func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	i.ServeHTTP(rec, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return rec.Result(), nil
}

// TestKeys_Ages: what becomes of keys as time goes by, while the provider answers, while it
// does not, and when it does again.
func TestKeys_Ages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{url: "https://issuer.example", algs: []string{"RS256"}, keys: []members{jwk("rsa", rsaOne().Public())}}
		p := must(New(Config{Now: time.Now, Registry: &accounts{}}))
		p.client.shared = inside{i}
		try := func() Reason {
			t.Helper()
			now := time.Now()
			token := i.token("iat", now.Unix(), "exp", now.Add(time.Hour).Unix())
			_, err := p.IDToken(t.Context(), Issuer{URL: i.url, ClientIDs: []string{clientID}}, token)
			var r *Refusal
			if errors.As(err, &r) {
				return r.Reason
			}
			if err != nil {
				t.Errorf("not a refusal: %v", err)
			}
			return ""
		}
		// Each step: time goes by, the token is tried, and what was begun behind it ends.
		const fetch = 2 // requests
		var hits int64
		for n, step := range []struct {
			goOn    time.Duration
			down    bool
			want    Reason
			fetches int64
		}{
			{0, true, Unreachable, 1},                  // nothing yet, and the provider is down
			{time.Second, true, Unreachable, 0},        // too early to ask again
			{fetchGap, false, "", fetch},               // it is back
			{keysFresh - time.Second, false, "", 0},    // fresh
			{time.Second, false, "", fetch},            // fetched behind the caller
			{time.Second, false, "", 0},                // fresh again
			{keysFresh, true, "", 1},                   // down, and the keys are not old
			{time.Second, true, "", 0},                 // too early to ask again
			{keysOld, true, "", 1},                     // old: asked before, and used for lack of newer ones
			{fetchGap, true, "", 1},                    // asked behind the caller
			{3 * time.Hour, true, "", 1},               // stale
			{failureMemory - time.Second, true, "", 1}, // known to be down: behind the caller
			{time.Hour, true, Unreachable, 1},          // too stale
			{fetchGap, false, "", fetch},               // back
			{-time.Hour, false, "", fetch},             // the clock was set back
		} {
			if step.goOn > 0 {
				time.Sleep(step.goOn)
			} else if step.goOn < 0 {
				// Time in the test can not go back; the same is for the keys to come
				// from the future.
				for _, e := range p.keys.entries {
					e.fetched = e.fetched.Add(-step.goOn)
				}
			}
			i.fail.Store(step.down)
			if got := try(); got != step.want {
				t.Errorf("step %d: got %q, want %q", n, got, step.want)
			}
			synctest.Wait()
			if got := i.hits.Load() - hits; got != step.fetches {
				t.Errorf("step %d: got %d requests, want %d", n, got, step.fetches)
			}
			hits = i.hits.Load()
		}
	})
}

// TestKeys_SingleFlight: logins that wait for the same keys wait for one fetch, their
// caller may give up, and others' keys come meanwhile.
func TestKeys_SingleFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{url: "https://slow.example", algs: []string{"RS256"}, keys: []members{jwk("rsa", rsaOne().Public())}}
		i.documents = map[string]http.HandlerFunc{"/keys": func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(4 * time.Second):
			case <-r.Context().Done():
			}
			json.NewEncoder(w).Encode(members{"keys": i.keys})
		}}
		p := must(New(Config{Now: time.Now, Registry: &accounts{}}))
		p.client.shared = inside{i}
		now := time.Now()
		token := i.token("iat", now.Unix(), "exp", now.Add(time.Hour).Unix())
		verify := func(ctx context.Context) error {
			_, err := p.IDToken(ctx, Issuer{URL: i.url, ClientIDs: []string{clientID}}, token)
			return err
		}
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if err := verify(t.Context()); err != nil {
					t.Errorf("waiting: %v", err)
				}
			})
		}
		all.Go(func() {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("tired"))
			defer cancel()
			err := verify(ctx)
			var r *Refusal
			if err == nil || errors.As(err, &r) || time.Since(now) != time.Second {
				t.Errorf("giving up: got %v after %v, want the end of the context after 1s", err, time.Since(now))
			}
		})
		all.Wait()
		if got, want := i.hits.Load(), int64(2); got != want {
			t.Errorf("got %d requests, want %d", got, want)
		}
		if took := time.Since(now); took != 4*time.Second {
			t.Errorf("took %v, want 4s", took)
		}
	})
}

// TestKeys_Bounded: the cache forgets the provider that was not used for longest.
func TestKeys_Bounded(t *testing.T) {
	t.Parallel()
	now := start
	fetched := map[string]int{}
	c := &keyCache{entries: map[source]*keyEntry{}, now: func() time.Time { now = now.Add(time.Millisecond); return now }}
	c.fetch = func(_ context.Context, s source) (*keySet, error) {
		fetched[s.issuer]++
		return &keySet{keys: []webKey{{id: "k", public: rsaOne().Public(), algorithms: algorithms}}, algorithms: algorithms}, nil
	}
	use := func(n int) {
		t.Helper()
		if _, err := c.key(t.Context(), source{issuer: fmt.Sprint(n)}, "RS256", "k", true); err != nil {
			t.Fatal(err)
		}
	}
	for n := range maxSources {
		use(n)
	}
	use(0)
	use(maxSources) // takes the place of 1
	use(0)
	use(2)
	use(1)
	if got := len(c.entries); got != maxSources {
		t.Errorf("got %d providers, want %d", got, maxSources)
	}
	if fetched["0"] != 1 || fetched["2"] != 1 || fetched["1"] != 2 {
		t.Errorf("fetched 0, 2 and 1: got %d, %d and %d times, want 1, 1 and 2", fetched["0"], fetched["2"], fetched["1"])
	}
}

// TestVerify_InternalErrors: a registry that fails is not the token's fault.
func TestVerify_InternalErrors(t *testing.T) {
	t.Parallel()
	p := must(New(Config{Now: time.Now, Registry: &accounts{}}))
	for provider, pool := range map[string]*identity.Pool{
		"issuer.example": {Account: "444455556666", OpenIDConnectProviders: []string{"arn:aws:iam::444455556666:oidc-provider/issuer.example"}},
		"arn:aws:iam::444455556666:saml-provider/s": {Account: "444455556666", SAMLProviders: []string{"arn:aws:iam::444455556666:saml-provider/s"}},
	} {
		_, err := p.Verify(t.Context(), pool, provider, "x")
		var wire *api.Error
		if err == nil || errors.As(err, &wire) {
			t.Errorf("%s: got %v, want an internal error", provider, err)
		}
	}
}
