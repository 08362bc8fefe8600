package identity_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func TestMerge_MovesAllLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, ben := w.user("ann"), w.user("ben")
	w.mergedAway("ann at home", "ann")
	// A public login of the source moves too.
	w.addLogin(ann, identity.Login{Provider: google, Subject: "1"})
	w.clock.goOn(time.Hour)

	got, err := w.merge("ann", "ben")
	if err != nil || got != ben {
		t.Fatalf("merge: got %s, %v, want %s", got, err, ben)
	}
	for user, want := range map[string]string{"ann": ben, "ann at home": ben, "ben": ben} {
		if got := w.user(user); got != want {
			t.Errorf("identity of %s: got %s, want %s", user, got, want)
		}
	}
	changed := start.Add(time.Hour)
	for _, want := range []*identity.Identity{
		{ID: ann, PoolID: w.pool, Authenticated: true, Disabled: true, Merged: true, Created: start, Modified: changed},
		{ID: ben, PoolID: w.pool, Authenticated: true, Created: start, Modified: changed, Logins: []identity.Login{
			{Provider: provider, Subject: "ben"}, {Provider: provider, Subject: "ann"},
			{Provider: provider, Subject: "ann at home"}, {Provider: google, Subject: "1"},
		}},
	} {
		if diff := cmp.Diff(want, w.stored(want.ID)); diff != "" {
			t.Errorf("identity (-want +got)\n%s", diff)
		}
	}
}

// The source's identity is disabled for good: only looking at it works, and deleting.
func TestMerge_DisablesSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	merged := w.mergedAway("ann", "ben")
	w.reopen()

	forbidden := "NotAuthorizedException: Access to Identity '" + merged + "' is forbidden."
	for _, user := range []string{"ann", "ben", "new"} {
		if got := answer(w.link(merged, user)); got != forbidden {
			t.Errorf("token that names it for %s: got %s, want %s", user, got, forbidden)
		}
	}
	if d, err := w.describe(merged); err != nil || d.IdentityId != merged || d.Logins != nil {
		t.Errorf("describe: got %+v, %v, want no logins", d, err)
	}
	if out, err := w.lookUp(merged, ""); err != nil || len(out.DeveloperUserIdentifierList) != 0 {
		t.Errorf("look up: got %+v, %v, want no users", out, err)
	}
	if left, err := w.delete(owner, merged); err != nil || len(left) != 0 {
		t.Errorf("delete: %+v, %v", left, err)
	}
	if out, err := w.lookUp("", "ann"); err != nil || out.IdentityId != w.user("ben") {
		t.Errorf("ann after her old identity was deleted: got %+v, %v", out, err)
	}
}

func TestMerge_Repeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mergedAway("ann", "ben")
	ben := w.user("ben")
	before := w.state()
	w.clock.goOn(time.Hour)
	for _, users := range [][2]string{{"ann", "ben"}, {"ben", "ann"}, {"ann", "ann"}} {
		if got, err := w.merge(users[0], users[1]); err != nil || got != ben {
			t.Errorf("merge %s into %s: got %s, %v, want %s", users[0], users[1], got, err, ben)
		}
	}
	if diff := cmp.Diff(before, w.state()); diff != "" {
		t.Errorf("a repeated merge changed the store (-before +after)\n%s", diff)
	}
}

func TestMerge_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const (
		noUser       = "ResourceNotFoundException: Developer user not found."
		notSupported = "InvalidParameterException: This identity pool does not support the specified developer provider"
		tooMany      = "ResourceConflictException: An identity can not have more than 20 logins."
	)
	plain, other := w.newPool(owner, ""), w.newPool(owner, provider)
	unknownPool := newID(home)
	for _, user := range []string{"ann", "ben", "cat", "left"} {
		w.user(user)
	}
	must(w.tokenIn(owner, other, "", provider, "elsewhere"))
	w.unlinked("left")
	developers := func(name string, n int) (logins []identity.Login) {
		for k := range n {
			logins = append(logins, identity.Login{Provider: provider, Subject: fmt.Sprint(name, " ", k)})
		}
		return logins
	}
	w.insert(developers("eight", 8)...)
	w.insert(developers("twelve", 12)...)
	w.insert(developers("nine", 9)...)
	// What public logins leave behind; no operation links them yet.
	public := func(user, provider, subject string) {
		w.addLogin(w.user(user), identity.Login{Provider: provider, Subject: subject})
	}
	public("google 1", google, "1")
	public("google 2", google, "2")
	public("google 2", facebook, "1")
	public("facebook 2", facebook, "2")
	public("apple", "appleid.apple.com", "1")

	merge := func(pool, developerProvider, source, destination string) func() error {
		return func() error {
			return only(w.MergeDeveloperIdentities(t.Context(), owner, &api.MergeDeveloperIdentitiesInput{
				IdentityPoolId: pool, DeveloperProviderName: developerProvider,
				SourceUserIdentifier: source, DestinationUserIdentifier: destination,
			}))
		}
	}
	here := func(source, destination string) func() error { return merge(w.pool, provider, source, destination) }
	both := func(name string) string {
		return "ResourceConflictException: Both identities have a login of " + name + "."
	}

	w.refuses("MergeDeveloperIdentities", []refusal{
		{"unknown pool", merge(unknownPool, provider, "ann", "ben"), "ResourceNotFoundException: IdentityPool '" + unknownPool + "' not found.", here("ann", "ann")},
		{"pool without a developer provider", merge(plain, provider, "ann", "ben"), notSupported, here("ann", "ann")},
		{"another developer provider", merge(w.pool, "login.other", "ann", "ben"), notSupported, here("ann", "ann")},
		{"public provider", merge(w.pool, google, "1", "2"), notSupported, here("ann", "ann")},
		{"unknown source", here("nobody", "ben"), noUser, here("ann", "ben")},
		{"unknown destination", here("ann", "nobody"), noUser, here("ann", "cat")},
		{"both unknown and one", here("nobody", "nobody"), noUser, here("ann", "ann")},
		{"source of another pool", here("elsewhere", "ben"), noUser, merge(other, provider, "elsewhere", "elsewhere")},
		{"source that was unlinked", here("left", "ben"), noUser, here("ben", "ben")},
		{"subject of a public login", here("1", "ben"), noUser, here("ben", "ben")},
		{"21 logins together", here("nine 0", "twelve 0"), tooMany, here("eight 0", "twelve 0")},
		{"21 logins the other way round", here("twelve 3", "ann"), tooMany, here("twelve 3", "eight 5")},
		{"both have Google", here("google 1", "google 2"), both(google), here("google 1", "facebook 2")},
		{"both have Google, the other way round", here("google 2", "google 1"), both(google), here("google 2", "apple")},
	})
	if got := w.stored(w.user("twelve 0")); len(got.Logins) != identity.MaxLogins {
		t.Errorf("identity after merging 8 and 12 logins has %d", len(got.Logins))
	}
}

// addLogin links a login to an identity, by no operation.
func (w *world) addLogin(id string, l identity.Login) {
	w.Helper()
	err := w.store.Update(w.Context(), func(tx identity.Tx) error {
		i, err := tx.Identity(id)
		if err != nil {
			return err
		}
		i = i.Clone()
		i.Logins = append(i.Logins, l)
		return tx.UpdateIdentity(i)
	})
	if err != nil {
		w.Fatal(err)
	}
}

// stored returns an identity as the store keeps it, or nil.
func (w *world) stored(id string) *identity.Identity {
	w.Helper()
	identities := w.state()[owner.Account].Identities
	if n := slices.IndexFunc(identities, func(i *identity.Identity) bool { return i.ID == id }); n >= 0 {
		return identities[n]
	}
	return nil
}
