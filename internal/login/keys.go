package login

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/poolkeeper/poolkeeper/internal/explain"
)

// How long a provider's keys are used. A key that the provider has removed is refused
// after keysOld at the latest while the provider answers, and after keysStale when not.
const (
	// keysFresh: they are fetched again behind the back of callers.
	keysFresh = 5 * time.Minute
	// keysOld: callers wait until they have been fetched again.
	keysOld = 10 * time.Minute
	// keysStale: they are used no more, even when the provider does not answer.
	keysStale = 4 * time.Hour
	// failureMemory is how long after a failure callers are served old keys at once.
	failureMemory = time.Minute
	// fetchGap is the least time between two fetches for one provider, so that tokens
	// with invented kids, or a provider that is down, cause no storm.
	fetchGap = 10 * time.Second
	// maxSources is how many providers are remembered; the one not used for longest goes.
	maxSources = 1024
)

// A source is where a provider's keys come from, and whom to trust for it. It is the whole
// key of the cache: no two registrations share what they would not both accept.
type source struct {
	// issuer must be what the discovery document says, byte for byte.
	issuer string
	// from is where the discovery document is looked for.
	from string
	// thumbprints, joined.
	thumbprints string
}

// forever is the age of what is from the future: the clock was set back.
const forever = time.Duration(1<<63 - 1)

// age returns how long before now t was.
func age(now, t time.Time) time.Duration {
	if d := now.Sub(t); d >= 0 {
		return d
	}
	return forever
}

// A keyCache holds the keys of providers. One fetch for a provider runs at a time, and none
// waits for another provider's.
type keyCache struct {
	fetch func(context.Context, source) (*keySet, error)
	now   func() time.Time
	// lookup is told whether keys were at hand; nil: nobody is.
	lookup func(atHand bool)

	mu      sync.Mutex
	entries map[source]*keyEntry
}

type keyEntry struct {
	used time.Time // guarded by the cache's mutex

	mu      sync.Mutex
	set     *keySet   // nil: none yet
	fetched time.Time // when the fetch of set began
	tried   time.Time // when the last fetch ended
	err     error     // of the last fetch
	flight  chan struct{}
}

// key returns the key that a token names. Its errors are refusals, or the end of ctx.
func (c *keyCache) key(ctx context.Context, s source, alg jose.SignatureAlgorithm, kid string, named bool) (crypto.PublicKey, error) {
	t := explain.From(ctx)
	t.At("keys", "the discovery document of issuer %s, at %s, and the key set that it names", explain.Quote(s.issuer), explain.Quote(s.from))
	e := c.entry(s)
	set, err := c.current(ctx, s, e)
	if err != nil {
		return nil, err
	}
	t.Found("%d keys, and %d that are of no use", len(set.keys), set.skipped)
	if named {
		t.At("key", "a key of the provider for %s with kid %s", alg, explain.Quote(kid))
	} else {
		t.At("key", "the only key of the provider for %s, since the token names none", alg)
	}
	k, ok := set.find(alg, kid, named)
	if !ok {
		// The provider may have a new key.
		newer, err := c.newer(ctx, s, e, set)
		if err != nil {
			return nil, err
		}
		set = newer
		k, ok = set.find(alg, kid, named)
	}
	if t != nil {
		t.Found("keys %s, for %s", set.ids(), namesOf(set.algorithms))
	}
	switch {
	case !slices.Contains(set.algorithms, alg):
		return nil, refuse(AlgorithmRefused, "%s is not of the provider's", alg)
	case !ok:
		return nil, refuse(UnknownKey, "kid %s, %s, of %d keys", explain.Quote(kid), alg, len(set.keys))
	}
	return k, nil
}

func (c *keyCache) entry(s source) *keyEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[s]
	if !ok {
		if len(c.entries) >= maxSources {
			var oldest source
			for k, v := range c.entries {
				if o := c.entries[oldest]; o == nil || v.used.Before(o.used) {
					oldest = k
				}
			}
			delete(c.entries, oldest)
		}
		e = &keyEntry{}
		c.entries[s] = e
	}
	e.used = c.now()
	return e
}

// current returns keys that may be used, fetching them if need be.
func (c *keyCache) current(ctx context.Context, s source, e *keyEntry) (*keySet, error) {
	now := c.now()
	e.mu.Lock()
	old := age(now, e.fetched)
	failed := e.err != nil && age(now, e.tried) < failureMemory
	if c.lookup != nil {
		c.lookup(e.set != nil && (old < keysOld || failed && old < keysStale))
	}
	switch {
	case e.set != nil && old < keysFresh:
		defer e.mu.Unlock()
		return e.set, nil
	case e.set != nil && (old < keysOld || failed && old < keysStale):
		defer e.mu.Unlock()
		c.start(ctx, s, e)
		return e.set, nil
	case e.flight == nil && e.err != nil && age(now, e.tried) < fetchGap:
		defer e.mu.Unlock()
		return nil, unreachable(e.err)
	}
	e.tried = time.Time{} // what is at hand can not be used: no gap
	flight := c.start(ctx, s, e)
	e.mu.Unlock()
	if err := wait(ctx, flight); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.set == nil || age(c.now(), e.fetched) >= keysStale {
		return nil, unreachable(e.err)
	}
	return e.set, nil
}

// newer returns keys that were fetched after set, or set if it is too early to ask again.
func (c *keyCache) newer(ctx context.Context, s source, e *keyEntry, set *keySet) (*keySet, error) {
	e.mu.Lock()
	if e.set != set {
		defer e.mu.Unlock()
		return e.set, nil
	}
	flight := c.start(ctx, s, e)
	e.mu.Unlock()
	if flight == nil {
		return set, nil
	}
	if err := wait(ctx, flight); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.set, nil
}

// start begins a fetch unless one runs or the last was just now, and returns what is
// closed at its end; nil: there is none. The caller holds e.mu. The fetch outlives its
// caller, since others wait for it; its end is its own time limit.
func (c *keyCache) start(ctx context.Context, s source, e *keyEntry) <-chan struct{} {
	if e.flight != nil {
		return e.flight
	}
	began := c.now()
	if !e.tried.IsZero() && age(began, e.tried) < fetchGap {
		return nil
	}
	done := make(chan struct{})
	e.flight = done
	ctx = context.WithoutCancel(ctx)
	go func() {
		set, err := c.fetch(ctx, s)
		e.mu.Lock()
		defer e.mu.Unlock()
		if err == nil {
			e.set, e.fetched = set, began
		}
		e.err, e.tried, e.flight = err, c.now(), nil
		close(done)
	}()
	return done
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a provider's keys: %w", context.Cause(ctx))
	}
}

// fetchKeys reads a provider's discovery document and key set.
func (p *Providers) fetchKeys(ctx context.Context, s source) (*keySet, error) {
	set, err := p.readKeys(ctx, s)
	if p.observe != nil {
		f := Fetch{Issuer: s.issuer, Err: err}
		if err == nil {
			f.Keys, f.Skipped = len(set.keys), set.skipped
		}
		p.observe(f)
	}
	return set, err
}

func (p *Providers) readKeys(ctx context.Context, s source) (*keySet, error) {
	var thumbprints []string
	if s.thumbprints != "" {
		thumbprints = strings.Split(s.thumbprints, " ")
	}
	// OpenID Connect Discovery, section 4.1.
	text, err := p.client.document(ctx, strings.TrimSuffix(s.from, "/")+"/.well-known/openid-configuration", thumbprints)
	if err != nil {
		return nil, fmt.Errorf("discovery document: %w", err)
	}
	doc, err := parseObject(text)
	if err != nil {
		return nil, fmt.Errorf("discovery document: %w", err)
	}
	if issuer, _ := doc.text("issuer"); issuer != s.issuer {
		return nil, fmt.Errorf("discovery document is of issuer %s", explain.Quote(issuer))
	}
	uri, ok := doc.text("jwks_uri")
	if !ok {
		return nil, errors.New("discovery document names no key set")
	}
	used, err := publishedAlgorithms(doc)
	if err != nil {
		return nil, err
	}
	if text, err = p.client.document(ctx, uri, thumbprints); err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	set, err := parseKeySet(text)
	if err != nil {
		return nil, err
	}
	set.algorithms = used
	return set, nil
}

// publishedAlgorithms returns what a provider signs ID tokens by, of what is allowed. A
// document that does not say means RS256, the default.
func publishedAlgorithms(doc object) ([]jose.SignatureAlgorithm, error) {
	const member = "id_token_signing_alg_values_supported"
	if _, ok := doc[member]; !ok {
		return []jose.SignatureAlgorithm{jose.RS256}, nil
	}
	names, ok := doc.texts(member)
	if !ok {
		return nil, errors.New("discovery document: " + member + " is not a list of strings")
	}
	var used []jose.SignatureAlgorithm
	for _, alg := range algorithms {
		if slices.Contains(names, string(alg)) {
			used = append(used, alg)
		}
	}
	return used, nil
}
