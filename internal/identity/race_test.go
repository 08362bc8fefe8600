package identity_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// together runs f(0) to f(n-1) at the same time.
func together(n int, f func(k int)) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for k := range n {
		wg.Go(func() {
			<-begin
			f(k)
		})
	}
	close(begin)
	wg.Wait()
}

func TestRace_FirstCallsOfOneUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.racing = true
	ids, errs := make([]string, 200), make([]error, 200)
	together(len(ids), func(k int) { ids[k], errs[k] = w.signIn("ann") })
	for k := range ids {
		if errs[k] != nil || ids[k] != ids[0] {
			t.Errorf("caller %d: got %s, %v, want %s", k, ids[k], errs[k], ids[0])
		}
	}
	if stored := w.state()[owner.Account].Identities; len(stored) != 1 || stored[0].ID != ids[0] {
		t.Errorf("got %d identities, want %s alone", len(stored), ids[0])
	}
}

// One user is linked to one of many guests; the others stay guests.
func TestRace_OneUserManyGuests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.racing = true
	guests, errs := make([]string, 40), make([]error, 40)
	for k := range guests {
		guests[k] = w.guest()
	}
	together(len(guests), func(k int) { errs[k] = w.link(guests[k], "ann") })
	winner := w.user("ann")
	for k, guest := range guests {
		want := "DeveloperUserAlreadyRegisteredException: Developer user is already registered with another identity."
		if guest == winner {
			want = "success"
		}
		if got := answer(errs[k]); got != want {
			t.Errorf("guest %d: got %s, want %s", k, got, want)
		}
		if i := w.stored(guest); i.Authenticated != (guest == winner) || i.Disabled {
			t.Errorf("guest %d: got %+v", k, i)
		}
	}
	if !slices.Contains(guests, winner) {
		t.Errorf("ann has identity %s, which was no guest's", winner)
	}
}

// One of many users is linked to a guest; the others get nothing of it.
func TestRace_ManyUsersOneGuest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.racing = true
	guest, errs := w.guest(), make([]error, 40)
	user := func(k int) string { return fmt.Sprint("user ", k) }
	together(len(errs), func(k int) { errs[k] = w.link(guest, user(k)) })
	won := 0
	for k, err := range errs {
		if err == nil {
			won++
		} else if got := answer(err); !strings.HasPrefix(got, "NotAuthorizedException: Logins don't match.") {
			t.Errorf("%s: got %s", user(k), got)
		}
		if id := w.user(user(k)); (id == guest) != (err == nil) {
			t.Errorf("%s, answered %s, has identity %s; the guest was %s", user(k), answer(err), id, guest)
		}
	}
	if won != 1 {
		t.Errorf("%d users were linked, want one", won)
	}
}

// Merges of two users into each other: one of them wins, and both answers name the
// identity that remains.
func TestRace_CrossingMerges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.racing = true
	for round := range 12 {
		users := [2]string{fmt.Sprint("ann ", round), fmt.Sprint("ben ", round)}
		before := []string{w.user(users[0]), w.user(users[1])}
		var got [2]string
		var errs [2]error
		together(2, func(k int) { got[k], errs[k] = w.merge(users[k], users[1-k]) })
		if errs[0] != nil || errs[1] != nil || got[0] != got[1] || !slices.Contains(before, got[0]) {
			t.Fatalf("round %d: got %q, %v, want one of %q twice", round, got, errs, before)
		}
		for _, user := range users {
			if id := w.user(user); id != got[0] {
				t.Errorf("round %d: %s has identity %s, want %s", round, user, id, got[0])
			}
		}
		for _, id := range before {
			if i := w.stored(id); i.Disabled != (id != got[0]) {
				t.Errorf("round %d: got %+v, want it disabled unless it is %s", round, i, got[0])
			}
		}
	}
}

// Until the pool is deleted, a user has one identity; from then on there is nothing. No
// call fails in another way.
func TestRace_DeletePool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.racing = true
	notFound := "ResourceNotFoundException: IdentityPool '" + w.pool + "' not found."
	var (
		mu  sync.Mutex
		ids = make(map[string]string) // of users
	)
	const callers, calls, users = 8, 40, 6
	half := make(chan struct{}, callers)
	deleted := make(chan struct{})
	together(callers+1, func(k int) {
		if k == callers {
			for range callers {
				<-half
			}
			if err := w.deletePool(w.pool); err != nil {
				t.Errorf("delete pool: %v", err)
			}
			close(deleted)
			return
		}
		for n := range calls {
			if n == calls/2 {
				half <- struct{}{}
			}
			if n == calls-1 {
				<-deleted
			}
			after := false
			select {
			case <-deleted:
				after = true
			default:
			}
			user := fmt.Sprint("user ", (k+n)%users)
			id, err := w.signIn(user)
			switch {
			case err == nil && after:
				t.Errorf("%s got a token for %s after the pool was deleted", user, id)
			case err == nil:
				mu.Lock()
				if other, ok := ids[user]; ok && other != id {
					t.Errorf("%s got %s, and %s before", user, id, other)
				}
				ids[user] = id
				mu.Unlock()
			case answer(err) != notFound:
				t.Errorf("%s: got %s, want %s", user, answer(err), notFound)
			}
		}
	})
	for user, id := range ids {
		if got := answer(only(w.describe(id))); got != "ResourceNotFoundException: Identity '"+id+"' not found." {
			t.Errorf("identity of %s: got %s", user, got)
		}
	}
}

// A crowd is users of a world, who differ in what may happen to their logins.
type crowd struct {
	*world
	// kept are linked and merged, and never unlinked, nor is an identity deleted that
	// may be theirs. loose are merged with them, and unlinked. lost are merged among
	// themselves, unlinked, and deleted.
	kept, loose, lost []string
	// public are public logins. Those of google and samlARN are never unlinked.
	public []identity.Login

	mu sync.Mutex
	// acknowledged are the kept users and public logins for whom a call has succeeded.
	acknowledged map[string]bool
}

func isKept(l identity.Login) bool { return l.Provider == google || l.Provider == samlARN }

// people returns between one and two public logins, as pairs, of different providers.
func (c *crowd) people(r *rand.Rand) (all []identity.Login, pairs []string) {
	for range 1 + r.IntN(2) {
		l := c.public[r.IntN(len(c.public))]
		if !slices.ContainsFunc(all, func(m identity.Login) bool { return m.Provider == l.Provider }) {
			all, pairs = append(all, l), append(pairs, l.Provider, l.Subject)
		}
	}
	return all, pairs
}

// somebody returns the id of an identity that is likely to be there.
func (c *crowd) somebody(r *rand.Rand) string {
	l := c.public[r.IntN(len(c.public))]
	if r.IntN(2) == 0 {
		l = identity.Login{Provider: provider, Subject: pick(r, slices.Concat(c.kept, c.loose))}
	}
	id := newID(home)
	err := c.store.View(c.Context(), func(tx identity.Tx) error {
		found, err := tx.IdentityOfLogin(c.pool, l)
		if err == nil {
			id = found
		}
		return nil
	})
	if err != nil {
		c.Error(err)
	}
	return id
}

func (c *crowd) users() []string { return slices.Concat(c.kept, c.loose, c.lost) }

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// step makes one call by chance and checks that it fails only as it may.
func (c *crowd) step(r *rand.Rand) {
	var (
		err       error
		operation string
		allowed   []string
	)
	const (
		noUser        = "ResourceNotFoundException: Developer user not found."
		noIdentity    = "ResourceNotFoundException: Identity '"
		mismatch      = "ResourceConflictException: The developer user does not belong to identity"
		userElsewhere = "DeveloperUserAlreadyRegisteredException: "
		forbidden     = "NotAuthorizedException: Access to Identity '"
		dontMatch     = "NotAuthorizedException: Logins don't match."
		otherLogin    = "ResourceConflictException: The identity has another login of "
		bothHave      = "ResourceConflictException: Both identities have a login of "
		notLinked     = "ResourceNotFoundException: Identity '"
		forGood       = "ResourceConflictException: Identity '"
	)
	user := pick(r, c.users())
	ack := func(err error, users ...string) {
		if err != nil {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, user := range users {
			if slices.Contains(c.kept, user) {
				c.acknowledged[user] = true
			}
		}
	}
	ackLogins := func(err error, all []identity.Login) {
		if err != nil {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, l := range all {
			if isKept(l) {
				c.acknowledged[l.Subject] = true
			}
		}
	}
	logins, pairs := c.people(r)
	switch n := r.IntN(18); {
	case n == 10 || n == 11:
		operation, allowed = "GetId", []string{forbidden, otherLogin, bothHave}
		_, err = c.signInBy(pairs...)
		ackLogins(err, logins)
	case n == 12 || n == 13:
		operation, allowed = "GetOpenIdToken", []string{forbidden, otherLogin, bothHave, dontMatch, noIdentity}
		id := c.somebody(r)
		if r.IntN(2) == 0 {
			var guest *api.GetIdOutput
			if guest, err = c.GetId(c.Context(), anonymous, &api.GetIdInput{IdentityPoolId: c.pool}); err != nil {
				break
			}
			id = guest.IdentityId
		}
		_, err = c.openToken(id, pairs...)
		ackLogins(err, logins)
	case n == 14:
		operation, allowed = "GetOpenIdTokenForDeveloperIdentity", []string{userElsewhere, forbidden, dontMatch, otherLogin, bothHave, noIdentity}
		user = pick(r, slices.Concat(c.kept, c.loose))
		id := ""
		if r.IntN(2) == 0 {
			id = c.somebody(r)
		}
		_, err = c.tokenBy(id, append([]string{provider, user}, pairs...)...)
		ack(err, user)
		ackLogins(err, logins)
	case n == 15:
		operation, allowed = "UnlinkIdentity", []string{forbidden, dontMatch, notLinked, noIdentity}
		err = c.unlinkBy(c.somebody(r), []string{pick(r, []string{userPool, oidcProvider})}, pairs...)
	case n == 16:
		operation, allowed = "DisableIdentity", []string{noIdentity}
		err = c.tryDisable(c.somebody(r))
	case n == 17:
		operation, allowed = "EnableIdentity", []string{noIdentity, forGood}
		for _, i := range c.disabled() {
			if err = c.tryEnable(i); err != nil {
				break
			}
		}
	case n < 3:
		operation, allowed = "GetOpenIdTokenForDeveloperIdentity", []string{forbidden}
		_, err = c.signIn(user)
		ack(err, user)
	case n < 5:
		operation, allowed = "GetOpenIdTokenForDeveloperIdentity", []string{userElsewhere, forbidden, dontMatch, noIdentity}
		var guest *api.GetIdOutput
		if guest, err = c.GetId(c.Context(), anonymous, &api.GetIdInput{IdentityPoolId: c.pool}); err != nil {
			break
		}
		id := guest.IdentityId
		if out, lookup := c.lookUp("", pick(r, c.users())); lookup == nil && r.IntN(2) == 0 {
			id = out.IdentityId
		}
		err = c.link(id, user)
		ack(err, user)
	case n < 8:
		operation, allowed = "MergeDeveloperIdentities", []string{noUser, forbidden, bothHave}
		among := slices.Concat(c.kept, c.loose)
		if r.IntN(3) == 0 {
			among = c.lost
		}
		source, destination := pick(r, among), pick(r, among)
		_, err = c.merge(source, destination)
		ack(err, source, destination)
	case n < 9:
		operation, allowed = "UnlinkDeveloperIdentity", []string{noUser, mismatch, noIdentity, forbidden}
		user = pick(r, slices.Concat(c.loose, c.lost))
		var found *api.LookupDeveloperIdentityOutput
		if found, err = c.lookUp("", user); err == nil {
			err = c.unlink(found.IdentityId, user)
		}
	default:
		operation = "DeleteIdentities"
		found, lookup := c.lookUp("", pick(r, c.lost))
		if lookup != nil {
			return
		}
		_, err = c.delete(owner, found.IdentityId)
	}
	if err == nil {
		return
	}
	may := func(text string) bool { return strings.HasPrefix(answer(err), text) }
	if !declared(operation, err) || !slices.ContainsFunc(allowed, may) {
		c.Errorf("%s of %s: got %s", operation, user, answer(err))
	}
}

// disabled returns the identities that an administrator has disabled.
func (c *crowd) disabled() (ids []string) {
	err := c.store.View(c.Context(), func(tx identity.Tx) error {
		ids = nil
		all, _, err := tx.Identities(c.pool, false, "", 1_000_000)
		for _, i := range all {
			if i.Disabled && !i.Merged {
				ids = append(ids, i.ID)
			}
		}
		return err
	})
	if err != nil {
		c.Error(err)
	}
	return ids
}

// checkInstant checks one state of the store: a login is of one identity, and both
// know it; a merged identity has none; no identity has two logins of a public provider; a kept
// user or login that was linked still is.
func (c *crowd) checkInstant() {
	c.mu.Lock()
	var linked []string
	for user := range c.acknowledged {
		linked = append(linked, user)
	}
	c.mu.Unlock()
	err := c.store.View(c.Context(), func(tx identity.Tx) error {
		all, _, err := tx.Identities(c.pool, false, "", 1_000_000)
		if err != nil {
			return err
		}
		holders := make(map[string]string) // of users
		for _, i := range all {
			if len(i.Logins) > 0 && (i.Merged || !i.Authenticated) || i.Merged && !i.Disabled || len(i.Logins) > identity.MaxLogins {
				return fmt.Errorf("identity %+v", i)
			}
			public := make(map[string]bool)
			for _, l := range i.Logins {
				if public[l.Provider] {
					return fmt.Errorf("identity %+v has two logins of %s", i, l.Provider)
				}
				public[l.Provider] = l.Provider != provider
				if other, ok := holders[l.Subject]; ok {
					return fmt.Errorf("%s belongs to %s and to %s", l.Subject, other, i.ID)
				}
				holders[l.Subject] = i.ID
			}
		}
		logins := slices.Clone(c.public)
		for _, user := range c.users() {
			logins = append(logins, identity.Login{Provider: provider, Subject: user})
		}
		for _, l := range logins {
			id, err := tx.IdentityOfLogin(c.pool, l)
			if err != nil && !errors.Is(err, identity.ErrNotFound) {
				return err
			}
			if id != holders[l.Subject] {
				return fmt.Errorf("%s resolves to %q and belongs to %q", l, id, holders[l.Subject])
			}
		}
		for _, user := range linked {
			if holders[user] == "" {
				return fmt.Errorf("%s was linked, never unlinked or deleted, and has no identity", user)
			}
		}
		return nil
	})
	if err != nil {
		c.Error(err)
	}
}

// checkAgreement checks, while nothing else happens, that all operations say the same, once
// no identity is disabled but those merged.
func (c *crowd) checkAgreement() {
	c.Helper()
	for _, id := range c.disabled() {
		c.enable(id)
	}
	list := func(hide *bool) []string {
		return slices.Concat(c.pages(c.identitiesOf(owner, c.pool, hide, 7), nil)...)
	}
	all, shown := list(nil), list(new(true))
	holders := make(map[string]string) // of users
	for _, id := range all {
		d, err := c.describe(id)
		if err != nil {
			c.Errorf("describe %s, which is listed: %v", id, err)
			continue
		}
		users := slices.Concat(c.pages(c.usersOf(owner, c.pool, id, 3), nil)...)
		if slices.Contains(d.Logins, provider) != (len(users) > 0) {
			c.Errorf("%s has users %q, and is described with logins %q", id, users, d.Logins)
		}
		for _, user := range users {
			holders[user] = id
		}
		if slices.Contains(shown, id) {
			continue
		}
		if len(users) > 0 {
			c.Errorf("%s is disabled and has users %q", id, users)
		}
		if got := answer(c.link(id, c.kept[0])); got != "NotAuthorizedException: Access to Identity '"+id+"' is forbidden." {
			c.Errorf("token that names disabled identity %s: got %s", id, got)
		}
	}
	for _, l := range c.public {
		var holder string
		for _, i := range c.state()[owner.Account].Identities {
			if slices.Contains(i.Logins, l) {
				holder = i.ID
			}
		}
		if holder == "" {
			continue
		}
		if id, err := c.signInBy(l.Provider, l.Subject); err != nil || id != holder {
			c.Errorf("%s belongs to %s, but signs in as %s, %v", l, holder, id, err)
		}
		if out, err := c.openToken(holder, l.Provider, l.Subject); err != nil || out.IdentityId != holder {
			c.Errorf("%s belongs to %s, but a token is for %+v, %v", l, holder, out, err)
		}
	}
	for _, user := range c.users() {
		out, err := c.lookUp("", user)
		if err != nil {
			if holders[user] != "" {
				c.Errorf("%s belongs to %s, but a look up got %s", user, holders[user], answer(err))
			}
			continue
		}
		if out.IdentityId != holders[user] {
			c.Errorf("%s belongs to %s, but a look up got %s", user, holders[user], out.IdentityId)
		}
		if id, err := c.signIn(user); err != nil || id != holders[user] {
			c.Errorf("%s belongs to %s, but a token is for %s, %v", user, holders[user], id, err)
		}
	}
	if again := list(nil); !slices.Equal(again, all) {
		c.Errorf("asking changed the list from %q to %q", all, again)
	}
}

// Tokens, links, merges, unlinks, public logins, deletes and disablings of a handful of users
// cross each other.
func TestRace_Crowd(t *testing.T) {
	t.Parallel()
	c := &crowd{
		world: newPublicWorld(t),
		public: []identity.Login{
			{Provider: google, Subject: "g1"}, {Provider: google, Subject: "g2"}, {Provider: samlARN, Subject: "s1"}, {Provider: samlARN, Subject: "s2"},
			{Provider: userPool, Subject: "u1"}, {Provider: userPool, Subject: "u2"}, {Provider: oidcProvider, Subject: "o1"},
		},
		kept: []string{"kept 1", "kept 2", "kept 3", "kept 4"}, loose: []string{"loose 1", "loose 2"}, lost: []string{"lost 1", "lost 2", "lost 3"},
		acknowledged: make(map[string]bool),
	}
	c.racing = true
	const intervals, workers, steps = 4, 8, 30
	for interval := range uint64(intervals) {
		together(workers, func(k int) {
			r := rand.New(rand.NewPCG(interval, uint64(k)))
			for n := range steps {
				c.step(r)
				if n%10 == k {
					c.checkInstant() // amid the steps of the others
				}
			}
		})
		c.checkInstant()
		c.checkAgreement()
		if t.Failed() {
			t.Fatalf("after interval %d", interval)
		}
	}
	c.reopen()
	c.checkInstant()
	c.checkAgreement()
	if want := len(c.kept) + 4; len(c.acknowledged) != want {
		t.Errorf("only %d of %d kept users and logins were ever linked: the test says little", len(c.acknowledged), want)
	}
}

// Many call at once with two logins, each of which has an identity: one of the two remains.
func TestRace_CrossingLogins(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	w.racing = true
	for round := range 6 {
		ann, ben := fmt.Sprint("ann ", round), fmt.Sprint("ben ", round)
		ids := []string{w.person(google, ann), w.person(userPool, ben)}
		got, errs := make([]string, 12), make([]error, 12)
		together(len(got), func(k int) {
			if k%3 == 0 {
				got[k], errs[k] = w.signInBy(google, ann, userPool, ben)
				return
			}
			var out *api.GetOpenIdTokenOutput
			if out, errs[k] = w.openToken(ids[k%2], google, ann, userPool, ben); errs[k] == nil {
				got[k] = out.IdentityId
			}
		})
		remains := w.person(google, ann)
		if other := w.person(userPool, ben); other != remains || !slices.Contains(ids, remains) {
			t.Fatalf("round %d: got %s and %s, want one of %q", round, remains, other, ids)
		}
		for k := range got {
			// Whoever names the one that was merged away before is refused.
			lost := k%3 != 0 && ids[k%2] != remains && answer(errs[k]) == forbidden(ids[k%2])
			if !lost && (errs[k] != nil || got[k] != remains) {
				t.Errorf("round %d, caller %d: got %s, %v, want %s", round, k, got[k], errs[k], remains)
			}
		}
	}
}
