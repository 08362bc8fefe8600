package identity_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

const (
	home   = "eu-central-1"
	abroad = "us-east-1"
	// unserved is a region of whose pools the store may know and the service may not.
	unserved = "ap-south-1"

	issuer = "https://id.example.com"
	// provider is the developer provider name of a world's pool.
	provider = "login.example"
)

// Who calls. The owner has a world's pool; the stranger has another account.
var (
	owner       = rootOf("111122223333", home)
	ownerAbroad = rootOf("111122223333", abroad)
	stranger    = rootOf("444455556666", home)
	anonymous   = identity.Caller{}
)

func rootOf(account, region string) identity.Caller {
	return identity.Caller{Account: account, Principal: identity.RootARN(account), AccessKeyID: "AKIAIOSFODNN7EXAMPLE", Region: region}
}

const guestIdle = 30 * 24 * time.Hour

// start is when worlds begin.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A clock stands still until it is told to go on.
type clock struct{ past atomic.Int64 }

func (c *clock) now() time.Time       { return start.Add(time.Duration(c.past.Load())) }
func (c *clock) goOn(d time.Duration) { c.past.Add(int64(d)) }

// A world is the service on a store in a file and with a ring of keys, all under a master
// key of its own, and in it one pool of the owner, at home, which takes guests and
// developer users.
//
// Methods that return an error make one call. The others fail the test where a call
// fails: they belong to the goroutine of the test.
type world struct {
	testing.TB
	*identity.Service
	ctx   context.Context
	clock clock
	path  string
	seal  *seal.Key
	store *store.DB
	ring  *token.Ring
	pool  string
	// guests removes those that were not used for guestIdle.
	guests *identity.Guests
	// notary vouches for public logins, and roles are those that pools may give.
	notary notary
	roles  roleBook
	// racing: several goroutines change things at once.
	racing bool
}

func newWorld(t testing.TB) *world {
	t.Helper()
	secret := make([]byte, 32)
	rand.Read(secret)
	master, err := seal.Parse(base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, ctx: t.Context(), path: filepath.Join(t.TempDir(), "store.db"), seal: master}
	w.notary.secret, w.roles.allowed = secret, make(map[string]role)
	w.open()
	t.Cleanup(w.close)
	w.pool = w.newPool(owner, provider)
	return w
}

// Context returns the context of the test, also within a fuzz target, which may not ask
// its F for it.
func (w *world) Context() context.Context { return w.ctx }

func (w *world) open() {
	w.Helper()
	var err error
	if w.store, err = store.Open(w.Context(), store.Config{Path: w.path, Now: w.clock.now}); err != nil {
		w.Fatal(err)
	}
	if err := w.store.UseIDKey(w.Context(), func(tx identity.Tx) ([]byte, error) { return identity.IDKey(tx, w.seal) }); err != nil {
		w.Fatal(err)
	}
	w.ring, err = token.New(token.Config{
		Store: w.store, Seal: w.seal, Issuer: issuer, Algorithm: token.ES256, KeyIDPrefix: home, Now: w.clock.now,
	})
	if err != nil {
		w.Fatal(err)
	}
	if err := w.ring.Ensure(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.guests = identity.NewGuests(w.store, guestIdle)
	w.Service, err = identity.New(identity.Config{
		Store: w.store, Issuer: w.ring, Seal: w.seal, Regions: []string{home, abroad}, NewGUID: uuid.NewString,
		Logins: &w.notary, Tokens: w.ring, Credentials: &w.roles, Roles: &w.roles, Warn: w.roles.note, Guests: w.guests,
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) close() {
	w.ring.Close()
	if err := w.store.Close(); err != nil {
		w.Errorf("close store: %v", err)
	}
}

// reopen ends the service and starts another on the same file.
func (w *world) reopen() {
	w.Helper()
	w.close()
	w.open()
}

// newPool makes a pool that takes guests, and users of the developer provider where
// there is one.
func (w *world) newPool(c identity.Caller, developerProvider string) string {
	w.Helper()
	p, err := w.CreateIdentityPool(w.Context(), c, &api.CreateIdentityPoolInput{
		IdentityPoolName: "pool", AllowUnauthenticatedIdentities: true, DeveloperProviderName: developerProvider,
	})
	if err != nil {
		w.Fatal(err)
	}
	return p.IdentityPoolId
}

// logins makes Logins of provider names, each followed by what is said for it.
func logins(pairs ...string) map[string]api.Secret {
	m := make(map[string]api.Secret)
	for n := 0; n < len(pairs); n += 2 {
		m[pairs[n]] = api.Secret(pairs[n+1])
	}
	return m
}

// tokenIn asks for a token in a pool, for the identity where one is named.
func (w *world) tokenIn(c identity.Caller, pool, id string, pairs ...string) (string, error) {
	out, err := w.GetOpenIdTokenForDeveloperIdentity(w.Context(), c, &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: pool, IdentityId: id, Logins: logins(pairs...),
	})
	if err != nil {
		return "", err
	}
	return out.IdentityId, nil
}

// signIn asks for a token for a developer user of the world's pool.
func (w *world) signIn(user string) (id string, err error) {
	return w.tokenIn(owner, w.pool, "", provider, user)
}

// link asks for a token for a developer user and names the identity.
func (w *world) link(id, user string) error {
	got, err := w.tokenIn(owner, w.pool, id, provider, user)
	if err == nil && got != id {
		w.Errorf("token for %q that named %s: got identity %s", user, id, got)
	}
	return err
}

func (w *world) merge(source, destination string) (id string, err error) {
	out, err := w.MergeDeveloperIdentities(w.Context(), owner, &api.MergeDeveloperIdentitiesInput{
		IdentityPoolId: w.pool, DeveloperProviderName: provider,
		SourceUserIdentifier: source, DestinationUserIdentifier: destination,
	})
	if err != nil {
		return "", err
	}
	return out.IdentityId, nil
}

func (w *world) unlink(id, user string) error {
	return w.UnlinkDeveloperIdentity(w.Context(), owner, &api.UnlinkDeveloperIdentityInput{
		IdentityPoolId: w.pool, IdentityId: id, DeveloperProviderName: provider, DeveloperUserIdentifier: user,
	})
}

func (w *world) lookUp(id, user string) (*api.LookupDeveloperIdentityOutput, error) {
	return w.LookupDeveloperIdentity(w.Context(), owner, &api.LookupDeveloperIdentityInput{
		IdentityPoolId: w.pool, IdentityId: id, DeveloperUserIdentifier: user,
	})
}

func (w *world) describe(id string) (*api.IdentityDescription, error) {
	return w.DescribeIdentity(w.Context(), owner, &api.DescribeIdentityInput{IdentityId: id})
}

// delete deletes identities and returns the ids that were not.
func (w *world) delete(c identity.Caller, ids ...string) ([]api.UnprocessedIdentityId, error) {
	out, err := w.DeleteIdentities(w.Context(), c, &api.DeleteIdentitiesInput{IdentityIdsToDelete: ids})
	if err != nil {
		return nil, err
	}
	return out.UnprocessedIdentityIds, nil
}

// user returns the identity of a developer user, who is signed in.
func (w *world) user(name string) string {
	w.Helper()
	id, err := w.signIn(name)
	if err != nil {
		w.Fatalf("sign %q in: %v", name, err)
	}
	return id
}

// guest returns a new guest of the world's pool.
func (w *world) guest() string {
	w.Helper()
	out, err := w.GetId(w.Context(), anonymous, &api.GetIdInput{IdentityPoolId: w.pool})
	if err != nil {
		w.Fatalf("new guest: %v", err)
	}
	return out.IdentityId
}

// mergedAway returns the identity that the user had until it was merged into that of
// into.
func (w *world) mergedAway(user, into string) string {
	w.Helper()
	id := w.user(user)
	w.user(into)
	if _, err := w.merge(user, into); err != nil {
		w.Fatalf("merge %q into %q: %v", user, into, err)
	}
	return id
}

// unlinked returns the identity that the user had, and that nobody has now.
func (w *world) unlinked(user string) string {
	w.Helper()
	id := w.user(user)
	if err := w.unlink(id, user); err != nil {
		w.Fatalf("unlink %q: %v", user, err)
	}
	return id
}

// insert puts an identity with the logins into the world's pool, by no operation.
func (w *world) insert(logins ...identity.Login) string {
	w.Helper()
	i := &identity.Identity{
		ID: newID(home), PoolID: w.pool, Authenticated: len(logins) > 0, Logins: logins,
		Created: w.clock.now(), Modified: w.clock.now(),
	}
	if err := w.store.Update(w.Context(), func(tx identity.Tx) error { return tx.InsertIdentity(i.Clone()) }); err != nil {
		w.Fatal(err)
	}
	return i.ID
}

// newID returns an id that nothing has.
func newID(region string) string { return region + ":" + uuid.NewString() }

// claims returns what a token says, which a key of the key set has signed.
func (w *world) claims(raw api.Secret) map[string]any {
	w.Helper()
	body, err := w.ring.KeySet(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		w.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(string(raw), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		w.Fatal(err)
	}
	payload, err := jws.Verify(set)
	if err != nil {
		w.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		w.Fatalf("claims %s: %v", payload, err)
	}
	return claims
}

// holdings is all that the store keeps of an account.
type holdings struct {
	Pools      []*identity.Pool
	Identities []*identity.Identity
}

// state returns what the store keeps, by account.
func (w *world) state() map[string]holdings {
	w.Helper()
	const all = 10_000
	state := make(map[string]holdings)
	err := w.store.View(w.Context(), func(tx identity.Tx) error {
		clear(state)
		for _, account := range []string{owner.Account, stranger.Account, anonymous.Account} {
			var h holdings
			for _, region := range []string{home, abroad, unserved, anonymous.Region} {
				pools, err := tx.Pools(account, region, identity.Cursor{}, all)
				if err != nil {
					return err
				}
				h.Pools = append(h.Pools, pools...)
				for _, p := range pools {
					identities, _, err := tx.Identities(p.ID, false, "", all)
					if err != nil {
						return err
					}
					h.Identities = append(h.Identities, identities...)
				}
			}
			state[account] = h
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return state
}

// answer puts an error as the client reads it: the exception and its text.
func answer(err error) string {
	if err == nil {
		return "success"
	}
	if refused, ok := errors.AsType[*api.Error](err); ok {
		return refused.Error()
	}
	return "internal error: " + err.Error()
}

// declared reports whether the operation may fail with err.
func declared(operation string, err error) bool {
	refused, ok := errors.AsType[*api.Error](err)
	for _, s := range []*api.Service{api.CognitoIdentity, api.Identities} {
		if op := s.Operation(operation); op != nil {
			return ok && op.Declares(refused.Code)
		}
	}
	return false
}

// A refusal is a call that must not succeed, and its twin, which differs in what is
// wrong with the call, and must.
type refusal struct {
	name string
	call func() error
	// want is the exception and its text.
	want string
	twin func() error
}

// refuses checks that the operation refuses the calls and that a refused call changes
// nothing.
func (w *world) refuses(operation string, refusals []refusal) {
	w.Helper()
	for _, r := range refusals {
		// A change is seen by its time, if by nothing else.
		w.clock.goOn(time.Second)
		before := w.state()
		err := r.call()
		if got := answer(err); got != r.want {
			w.Errorf("%s: got %s\nwant %s", r.name, got, r.want)
		} else if !declared(operation, err) {
			w.Errorf("%s: %s does not declare %s", r.name, operation, got)
		}
		if diff := cmp.Diff(before, w.state()); diff != "" {
			w.Errorf("%s: a refused call changed the store (-before +after)\n%s", r.name, diff)
		}
		if err := r.twin(); err != nil {
			w.Errorf("%s: its twin got %s, want success", r.name, answer(err))
		}
	}
}

// only drops what a call answers beside its error.
func only[T any](_ T, err error) error { return err }
