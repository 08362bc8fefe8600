// Package limit says when requests come too fast. It owns the rates, how they are
// written, AWS's among them, and the buckets that count, of which there is a bounded
// number. It does not know what a request is: callers name who asks, and the time.
//
// A bucket that was not used for longest gives way to a new one. Who comes back after
// that finds a full one, so a limit that many addresses at once share holds for each of
// them only as long as they fit.
package limit

import (
	"container/list"
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// What is limited, beside single operations.
const (
	Address = "address"
	Key     = "key"
	Account = "account"
	// Operation is the scope of every operation with a rate of its own.
	Operation = "operation"
)

// Scopes are all of them.
var Scopes = []string{Address, Key, Account, Operation}

// A Rate is how many requests a second are let through in the long run, and how many at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Rates are by what is limited: [Address], [Key], [Account], or an operation's name.
type Rates map[string]Rate

// AWS are the quotas that AWS publishes for identity pools, each for an account and region.
// Sources: Amazon Cognito Developer Guide, "Quotas"; for tags, the API reference.
var AWS = Rates{
	"GetId":                              {25, 25},
	"GetOpenIdToken":                     {200, 200},
	"GetCredentialsForIdentity":          {200, 200},
	"GetOpenIdTokenForDeveloperIdentity": {200, 200},
	"TagResource":                        {5, 5},
	"UntagResource":                      {5, 5},
	"ListTagsForResource":                {10, 10},
}

// Parse reads rates as an operator writes them: NAME=RATE or NAME=RATE/BURST, and aws, which
// stands for [AWS]. A later one overrides an earlier. The burst is one second's, at
// least 1, where it is left out. Nil: there are none.
func Parse(texts []string) (Rates, error) {
	var rates Rates
	for _, text := range texts {
		if rates == nil {
			rates = Rates{}
		}
		if text == "aws" {
			maps.Copy(rates, AWS)
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		perSecond, burst, hasBurst := strings.Cut(value, "/")
		r := Rate{}
		var err error
		if r.PerSecond, err = strconv.ParseFloat(perSecond, 64); !ok || name == "" || err != nil || !(r.PerSecond > 0) || r.PerSecond > 1e6 {
			return nil, fmt.Errorf("%q is neither aws nor NAME=RATE, a number above 0", text)
		}
		r.Burst = max(1, int(math.Ceil(r.PerSecond)))
		if hasBurst {
			if r.Burst, err = strconv.Atoi(burst); err != nil || r.Burst < 1 {
				return nil, fmt.Errorf("%q: the burst is a whole number above 0", text)
			}
		}
		rates[name] = r
	}
	return rates, nil
}

// Operations returns the names of the operations with a rate of their own, in order.
func (r Rates) Operations() []string {
	names := slices.Sorted(maps.Keys(r))
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(Scopes, name) })
}

// Limits let requests through or not. The zero value and nil let everything through.
type Limits struct {
	rates   atomic.Pointer[Rates]
	refused [4]atomic.Uint64 // by index into Scopes

	seed   maphash.Seed
	once   sync.Once
	shards [shards]shard
}

const (
	shards = 16
	// perShard bounds the buckets: 65,536 in all, of about 300 bytes.
	perShard = 4096
)

// A shard is a part of the buckets, the one used last in front.
type shard struct {
	mu      sync.Mutex
	buckets map[bucketKey]*list.Element
	order   list.List
}

type bucketKey struct{ scope, who string }

type bucket struct {
	key  bucketKey
	rate Rate
	*rate.Limiter
}

// Set replaces the rates; with none, everything is let through from now on.
func (l *Limits) Set(r Rates) {
	if len(r) == 0 {
		l.rates.Store(nil)
		return
	}
	l.rates.Store(&r)
}

// Refused returns how often each of [Scopes] has refused.
func (l *Limits) Refused() map[string]uint64 {
	n := map[string]uint64{}
	for i, scope := range Scopes {
		n[scope] = l.refused[i].Load()
	}
	return n
}

// on returns the rates, if there are any.
func (l *Limits) on() (Rates, bool) {
	if l == nil {
		return nil, false
	}
	r := l.rates.Load()
	if r == nil {
		return nil, false
	}
	return *r, true
}

// Peer reports whether a request from an address may go on. Of IPv6 the first 64 bits count:
// the rest is its owner's to choose. What is no address, such as a peer without one, may.
func (l *Limits) Peer(address string, now time.Time) bool {
	r, on := l.on()
	if !on {
		return true
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return true
	}
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			a = p.Addr()
		}
	}
	return l.allow(r, Address, Address, a.String(), now)
}

// Caller reports whether a call may go on of who has proved to have an access key of an
// account, in a region. A caller without either is counted by the operation alone, with all
// others of that kind.
func (l *Limits) Caller(key, account, region, operation string, now time.Time) bool {
	r, on := l.on()
	return !on ||
		(key == "" || l.allow(r, Key, Key, key, now)) &&
			(account == "" || l.allow(r, Account, Account, account, now)) &&
			l.allow(r, Operation, operation, account+"/"+region, now)
}

// allow takes from the bucket that a rate has for somebody.
func (l *Limits) allow(rates Rates, scope, name, who string, now time.Time) bool {
	r, limited := rates[name]
	if !limited {
		return true
	}
	l.once.Do(func() { l.seed = maphash.MakeSeed() })
	k := bucketKey{name, who}
	s := &l.shards[maphash.Comparable(l.seed, k)%shards]
	if s.take(k, r, now) {
		return true
	}
	l.refused[slices.Index(Scopes, scope)].Add(1)
	return false
}

func (s *shard) take(k bucketKey, r Rate, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.buckets[k]
	if e == nil || e.Value.(*bucket).rate != r {
		if e != nil {
			s.drop(e)
		}
		if len(s.buckets) >= perShard {
			s.drop(s.order.Back())
		}
		if s.buckets == nil {
			s.buckets = map[bucketKey]*list.Element{}
		}
		e = s.order.PushFront(&bucket{k, r, rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)})
		s.buckets[k] = e
	} else {
		s.order.MoveToFront(e)
	}
	return e.Value.(*bucket).AllowN(now, 1)
}

// drop forgets a bucket. Its caller holds mu.
func (s *shard) drop(e *list.Element) {
	delete(s.buckets, e.Value.(*bucket).key)
	s.order.Remove(e)
}
