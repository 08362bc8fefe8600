package identity_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

func TestToken_UnknownUserGetsNewIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.newPool(owner, provider)
	ann := w.user("ann")
	if region, _, _ := strings.Cut(ann, ":"); region != home {
		t.Errorf("got identity %s, want one in region %s", ann, home)
	}
	if bob := w.user("bob"); bob == ann {
		t.Errorf("two users got one identity, %s", ann)
	}
	// The same user of another pool is another user.
	elsewhere, err := w.tokenIn(owner, other, "", provider, "ann")
	if err != nil || elsewhere == ann {
		t.Errorf("ann in another pool: got %s, %v, want another identity than %s", elsewhere, err, ann)
	}
	for _, h := range w.state()[owner.Account].Identities {
		want := w.pool
		if h.ID == elsewhere {
			want = other
		}
		if h.PoolID != want || !h.Authenticated || len(h.Logins) != 1 {
			t.Errorf("got %+v, want an authenticated identity of pool %s with one login", h, want)
		}
	}
}

func TestToken_KnownUserKeepsIdentityForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	before := w.state()
	for n := range 3 {
		w.clock.goOn(400 * 24 * time.Hour)
		w.reopen()
		if got := w.user("ann"); got != ann {
			t.Errorf("after opening the store %d times: got %s, want %s", n+1, got, ann)
		}
	}
	// It may also be named.
	if err := w.link(ann, "ann"); err != nil {
		t.Errorf("ann with her own identity: %v", err)
	}
	if diff := cmp.Diff(before, w.state()); diff != "" {
		t.Errorf("tokens for a known user changed the store (-before +after)\n%s", diff)
	}
}

func TestToken_LinksGuest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest := w.guest()
	w.clock.goOn(time.Minute)
	if err := w.link(guest, "ann"); err != nil {
		t.Fatal(err)
	}
	if got := w.user("ann"); got != guest {
		t.Errorf("identity of ann: got %s, want the guest's, %s", got, guest)
	}
	want := []*identity.Identity{{
		ID: guest, PoolID: w.pool, Authenticated: true, Logins: []identity.Login{{Provider: provider, Subject: "ann"}},
		Created: start, Modified: start.Add(time.Minute),
	}}
	if diff := cmp.Diff(want, w.state()[owner.Account].Identities); diff != "" {
		t.Errorf("identities (-want +got)\n%s", diff)
	}
	// Once authenticated, for ever: nobody links a login to it as to a guest.
	if err := w.unlink(guest, "ann"); err != nil {
		t.Fatal(err)
	}
	if got, want := answer(w.link(guest, "ann")), "NotAuthorizedException: Access to Identity '"+guest+"' is forbidden."; got != want {
		t.Errorf("token for a former guest without logins: got %s, want %s", got, want)
	}
}

// A guest stays linkable where the pool takes no more guests: the user is none.
func TestToken_LinksGuestOfPoolWithoutGuests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest := w.guest()
	_, err := w.UpdateIdentityPool(t.Context(), owner, &api.IdentityPool{IdentityPoolId: w.pool, IdentityPoolName: "pool"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.link(guest, "ann"); err != nil {
		t.Error(err)
	}
}

// Each row of the decision table that refuses.
func TestToken_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const (
		noPool        = "ResourceNotFoundException: IdentityPool '%s' not found."
		noIdentity    = "ResourceNotFoundException: Identity '%s' not found."
		notSupported  = "InvalidParameterException: This identity pool does not support the specified developer provider"
		noDeveloper   = "InvalidParameterException: Please provide a login of the developer provider of this identity pool."
		forbidden     = "NotAuthorizedException: Access to Identity '%s' is forbidden."
		dontMatch     = "NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool."
		userElsewhere = "DeveloperUserAlreadyRegisteredException: Developer user is already registered with another identity."
	)
	unknownPool, unknownIdentity := newID(home), newID(home)
	otherPool, plainPool := w.newPool(owner, provider), w.newPool(owner, "")
	poolAbroad, strangersPool := w.newPool(ownerAbroad, provider), w.newPool(stranger, provider)

	ann, bob := w.user("ann"), w.user("bob")
	inOtherPool := must(w.tokenIn(owner, otherPool, "", provider, "ann"))
	strangersIdentity := must(w.tokenIn(stranger, strangersPool, "", provider, "ann"))
	identityAbroad := must(w.tokenIn(ownerAbroad, poolAbroad, "", provider, "ann"))
	merged, unlinked := w.mergedAway("moved", "bob"), w.unlinked("left")
	deleted := w.user("gone")
	must(w.delete(owner, deleted))
	publicOnly := w.insert(identity.Login{Provider: "accounts.google.com", Subject: "1"})

	in := func(c identity.Caller, pool, id string, pairs ...string) func() error {
		return func() error { return only(w.tokenIn(c, pool, id, pairs...)) }
	}
	inPool := func(id string, pairs ...string) func() error { return in(owner, w.pool, id, pairs...) }
	link := func(id, user string) func() error { return func() error { return w.link(id, user) } }
	asAnn := inPool("", provider, "ann")

	w.refuses("GetOpenIdTokenForDeveloperIdentity", []refusal{
		{"unknown pool", in(owner, unknownPool, "", provider, "ann"), fmt.Sprintf(noPool, unknownPool), asAnn},
		{"pool id in capitals", in(owner, strings.ToUpper(w.pool), "", provider, "ann"), fmt.Sprintf(noPool, strings.ToUpper(w.pool)), asAnn},
		{"pool of another account", in(owner, strangersPool, "", provider, "ann"), fmt.Sprintf(noPool, strangersPool), in(stranger, strangersPool, "", provider, "ann")},
		{"pool in another region", in(owner, poolAbroad, "", provider, "ann"), fmt.Sprintf(noPool, poolAbroad), in(ownerAbroad, poolAbroad, "", provider, "ann")},

		{"pool without a developer provider", in(owner, plainPool, "", provider, "ann"), notSupported, in(owner, otherPool, "", provider, "ann")},
		{"another developer provider", inPool("", "login.other", "ann"), notSupported, asAnn},
		{"developer provider in capitals", inPool("", "LOGIN.example", "ann"), notSupported, asAnn},
		{"two developer providers", inPool("", provider, "ann", "login.other", "ann"), notSupported, asAnn},
		{"no logins", inPool(""), noDeveloper, asAnn},
		{"no logins, pool without a developer provider", in(owner, plainPool, ""), noDeveloper, asAnn},
		{"no logins, identity named", inPool(ann), noDeveloper, link(ann, "ann")},

		{"unknown identity", link(unknownIdentity, "new 1"), fmt.Sprintf(noIdentity, unknownIdentity), link(w.guest(), "new 1")},
		{"unknown identity, known user", link(unknownIdentity, "ann"), fmt.Sprintf(noIdentity, unknownIdentity), link(ann, "ann")},
		{"identity of another pool", link(inOtherPool, "ann"), fmt.Sprintf(noIdentity, inOtherPool), in(owner, otherPool, inOtherPool, provider, "ann")},
		{"identity of another account", link(strangersIdentity, "ann"), fmt.Sprintf(noIdentity, strangersIdentity), in(stranger, strangersPool, strangersIdentity, provider, "ann")},
		{"identity in another region", link(identityAbroad, "ann"), fmt.Sprintf(noIdentity, identityAbroad), in(ownerAbroad, poolAbroad, identityAbroad, provider, "ann")},
		{"deleted identity", link(deleted, "gone"), fmt.Sprintf(noIdentity, deleted), inPool("", provider, "gone")},

		{"merged identity, new user", link(merged, "new 2"), fmt.Sprintf(forbidden, merged), link(w.guest(), "new 2")},
		{"merged identity, its former user", link(merged, "moved"), fmt.Sprintf(forbidden, merged), link(bob, "moved")},
		{"merged identity, another user", link(merged, "ann"), fmt.Sprintf(forbidden, merged), link(ann, "ann")},
		{"identity without its last login, new user", link(unlinked, "new 3"), fmt.Sprintf(forbidden, unlinked), link(w.guest(), "new 3")},
		{"identity without its last login, its former user", link(unlinked, "left"), fmt.Sprintf(forbidden, unlinked), inPool("", provider, "left")},

		{"identity of another user, new user", link(ann, "new 4"), dontMatch, link(w.guest(), "new 4")},
		{"identity of a public login, new user", link(publicOnly, "new 5"), dontMatch, link(w.guest(), "new 5")},
		{"identity of another user, known user", link(ann, "bob"), userElsewhere, link(bob, "bob")},
		{"guest, known user", link(w.guest(), "bob"), userElsewhere, link(w.guest(), "new 6")},
		{"identity without its last login, known user", link(unlinked, "bob"), userElsewhere, link(bob, "bob")},
	})
}

// Linking never gives an identity a second developer user; merging does, up to 20.
func TestToken_ManyUsersOnOneIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest := w.guest()
	if err := w.link(guest, "user 01"); err != nil {
		t.Fatal(err)
	}
	users := []string{"user 01"}
	for n := 2; n <= identity.MaxLogins; n++ {
		user := fmt.Sprintf("user %02d", n)
		w.mergedAway(user, users[n-2])
		users = append(users, user)
	}
	for _, user := range users {
		if got := w.user(user); got != guest {
			t.Errorf("%s: got identity %s, want %s", user, got, guest)
		}
		if err := w.link(guest, user); err != nil {
			t.Errorf("%s, identity named: %v", user, err)
		}
	}
	out, err := w.lookUp(guest, "")
	if err != nil || !slices.Equal(out.DeveloperUserIdentifierList, users) {
		t.Errorf("users of %s: got %+v, %v, want %q", guest, out, err, users)
	}

	before := w.state()
	want := "NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool."
	if got := answer(w.link(guest, "user 21")); got != want {
		t.Errorf("a 21st user: got %s, want %s", got, want)
	}
	if diff := cmp.Diff(before, w.state()); diff != "" {
		t.Errorf("a 21st user changed the store (-before +after)\n%s", diff)
	}
}

// A token that can not be signed is a failure inside. The user is stored before, and
// keeps the identity.
func TestToken_StoredBeforeSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	brief, err := token.New(token.Config{
		Store: w.store, Seal: w.seal, Issuer: issuer, Algorithm: token.ES256, KeyIDPrefix: home, Now: w.clock.now,
		MaxLifetime: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(brief.Close)
	w.Service, err = identity.New(identity.Config{
		Store: w.store, Issuer: brief, Seal: w.seal, Regions: []string{home}, NewGUID: uuid.NewString,
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.signIn("ann")
	if got := answer(err); !strings.HasPrefix(got, "internal error: issue token: ") {
		t.Errorf("token of 15 minutes, of a ring that allows one: got %q, %s, want an internal error", id, got)
	}
	stored := w.state()[owner.Account].Identities
	if len(stored) != 1 {
		t.Fatalf("got identities %+v, want one", stored)
	}
	w.reopen()
	if got := w.user("ann"); got != stored[0].ID {
		t.Errorf("got %s, want %s", got, stored[0].ID)
	}
}

// must returns what a call answers, where the test rests on its success.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
