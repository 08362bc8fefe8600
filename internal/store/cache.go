package store

import (
	"sync"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// A cache holds rows of the small tables that are read at every request: pools, providers,
// entities, access keys, signing keys and settings. It never goes stale, because it does
// not outlive a change of these tables.
//
// No other process writes to a file: the writer withdraws the cache before such a commit and
// publishes an empty one after it. Who has used a cache and still finds it
// published has seen only rows that were current all the while.
//
// In a database that others change too, each such commit counts the revision up. A cache has
// rows of one revision, and is used in a transaction that has read that revision, or whose reader
// finds out, before it believes what it has seen, that this is still the revision, or was in the same
// [identity.Request].
//
// Absence is never cached: anybody could fill the cache by asking for
// what does not exist.
type cache struct {
	revision int64 // not of a file

	pools         rows[guid, *pool]
	poolsNumbered rows[int64, *pool]
	providers     rows[providerKey, int64]
	providerNames rows[int64, string]
	users         rows[entityKey, *principal.User]
	roles         rows[entityKey, *principal.Role]
	policies      rows[entityKey, *principal.Policy]
	oidcProviders rows[entityKey, *principal.OIDCProvider]
	samlProviders rows[entityKey, *principal.SAMLProvider]
	accessKeys    rows[string, *principal.AccessKey]
	settings      rows[string, []byte]
	signingKeys   rows[struct{}, []*identity.SigningKey]
}

// What bounds each part of a cache. A pool of the largest size that AWS allows is about
// 100 KB, a usual one 1 KB. Of entities, a document longer than cachedDoc, in bytes, is
// read each time: only a SAML provider's can be, to which AWS allows 10 MB.
const (
	cachedRows = 1024
	cachedDoc  = 128 << 10
)

// rows is a bounded map for concurrent use. The zero value is empty.
type rows[K comparable, V any] struct {
	mu sync.RWMutex
	m  map[K]V
}

func (r *rows[K, V]) get(k K) (v V, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	v, ok = r.m[k]
	return v, ok
}

func (r *rows[K, V]) put(k K, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = make(map[K]V)
	}
	if len(r.m) >= cachedRows {
		// Any victim will do: this happens only where more rows are in
		// use than fit, and then no choice is much better than chance.
		for victim := range r.m {
			delete(r.m, victim)
			break
		}
	}
	r.m[k] = v
}
