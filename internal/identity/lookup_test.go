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

func TestLookup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ben := w.user("ben")
	w.mergedAway("zoe", "ben")
	w.mergedAway("Ann", "ben")
	guest, unlinked := w.guest(), w.unlinked("left")
	for _, tc := range []struct {
		name, id, user string
		want           api.LookupDeveloperIdentityOutput
	}{
		{"by identity", ben, "", api.LookupDeveloperIdentityOutput{IdentityId: ben, DeveloperUserIdentifierList: []string{"Ann", "ben", "zoe"}}},
		{"by user", "", "zoe", api.LookupDeveloperIdentityOutput{IdentityId: ben, DeveloperUserIdentifierList: []string{"zoe"}}},
		{"by both", ben, "zoe", api.LookupDeveloperIdentityOutput{IdentityId: ben, DeveloperUserIdentifierList: []string{"zoe"}}},
		{"guest", guest, "", api.LookupDeveloperIdentityOutput{IdentityId: guest, DeveloperUserIdentifierList: []string{}}},
		{"identity without its last login", unlinked, "", api.LookupDeveloperIdentityOutput{IdentityId: unlinked, DeveloperUserIdentifierList: []string{}}},
	} {
		got, err := w.lookUp(tc.id, tc.user)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if diff := cmp.Diff(tc.want, *got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

func TestLookup_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const (
		notSupported = "InvalidParameterException: This identity pool does not support the specified developer provider"
		needsOne     = "InvalidParameterException: Please provide an IdentityId or a DeveloperUserIdentifier."
		noUser       = "ResourceNotFoundException: Developer user not found."
	)
	notFound := func(id string) string { return "ResourceNotFoundException: Identity '" + id + "' not found." }
	mismatch := func(id string) string {
		return "ResourceConflictException: The developer user does not belong to identity '" + id + "'."
	}
	plain, other := w.newPool(owner, ""), w.newPool(owner, provider)
	elsewhere := must(w.tokenIn(owner, other, "", provider, "ann elsewhere"))
	ann, ben, merged := w.user("ann"), w.user("ben"), w.mergedAway("moved", "ben")
	unknownPool, unknown := newID(home), newID(home)

	in := func(pool, id, user string) func() error {
		return func() error {
			return only(w.LookupDeveloperIdentity(t.Context(), owner, &api.LookupDeveloperIdentityInput{
				IdentityPoolId: pool, IdentityId: id, DeveloperUserIdentifier: user,
			}))
		}
	}
	here := func(id, user string) func() error { return in(w.pool, id, user) }
	w.refuses("LookupDeveloperIdentity", []refusal{
		{"neither", here("", ""), needsOne, here(ann, "")},
		{"unknown pool", in(unknownPool, ann, ""), "ResourceNotFoundException: IdentityPool '" + unknownPool + "' not found.", here(ann, "")},
		{"pool without a developer provider", in(plain, "", "ann"), notSupported, here("", "ann")},
		{"unknown identity", here(unknown, ""), notFound(unknown), here(ann, "")},
		{"unknown identity, known user", here(unknown, "ann"), notFound(unknown), here(ann, "ann")},
		{"identity of another pool", here(elsewhere, ""), notFound(elsewhere), in(other, elsewhere, "")},
		{"identity of another pool, its user", here(elsewhere, "ann elsewhere"), notFound(elsewhere), in(other, elsewhere, "ann elsewhere")},
		{"unknown user", here("", "nobody"), noUser, here("", "ann")},
		{"user of another pool", here("", "ann elsewhere"), noUser, in(other, "", "ann elsewhere")},
		{"identity of another user", here(ben, "ann"), mismatch(ben), here(ann, "ann")},
		{"identity, unknown user", here(ann, "nobody"), mismatch(ann), here(ann, "ann")},
		{"merged identity, its former user", here(merged, "moved"), mismatch(merged), here(ben, "moved")},
	})
}

// usersOf returns a lister of an identity's developer users.
func (w *world) usersOf(c identity.Caller, pool, id string, max int64) lister {
	return func(token string) ([]string, string, error) {
		out, err := w.LookupDeveloperIdentity(w.Context(), c, &api.LookupDeveloperIdentityInput{
			IdentityPoolId: pool, IdentityId: id, MaxResults: max, NextToken: token,
		})
		if err != nil {
			return nil, "", err
		}
		return out.DeveloperUserIdentifierList, out.NextToken, nil
	}
}

func TestLookup_Pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	for _, user := range []string{"é", "a", "b\n", "Zoe"} {
		w.mergedAway(user, "ann")
	}
	sorted := []string{"Zoe", "a", "ann", "b\n", "é"}
	for max, wantPages := range map[int64]int{1: 5, 2: 3, 4: 2, 5: 1, 60: 1, 0: 1} {
		pages := w.pages(w.usersOf(owner, w.pool, ann, max), nil)
		if got := slices.Concat(pages...); !slices.Equal(got, sorted) || len(pages) != wantPages {
			t.Errorf("MaxResults %d: got %q, want %q in %d pages", max, pages, sorted, wantPages)
		}
	}
	// Users that come and go between pages do not move the others.
	pages := w.pages(w.usersOf(owner, w.pool, ann, 1), func(page int) {
		switch page {
		case 1: // behind "Zoe"
			w.mergedAway("Adam", "ann")
		case 2: // behind "a", which goes
			if err := w.unlink(ann, "a"); err != nil {
				t.Fatal(err)
			}
			w.mergedAway("az", "ann")
		}
	})
	if got, want := slices.Concat(pages...), []string{"Zoe", "a", "ann", "az", "b\n", "é"}; !slices.Equal(got, want) {
		t.Errorf("with changes between pages: got %q, want %q", got, want)
	}
}

func TestUnlink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	w.mergedAway("ann at home", "ann")
	w.clock.goOn(time.Hour)

	if err := w.unlink(ann, "ann at home"); err != nil {
		t.Fatal(err)
	}
	if got := w.user("ann"); got != ann {
		t.Errorf("ann, whose other user was unlinked: got %s, want %s", got, ann)
	}
	if fresh := w.user("ann at home"); fresh == ann {
		t.Error("a user who was unlinked got the old identity, want a new one")
	}
	if d, err := w.describe(ann); err != nil || !d.LastModifiedDate.Equal(start.Add(time.Hour)) || !d.CreationDate.Equal(start) {
		t.Errorf("describe: got %+v, %v, want a later modification", d, err)
	}
}

// The identity stays when its last login goes, and opens for nobody.
func TestUnlink_LastLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.unlinked("ann")
	w.reopen()

	if d, err := w.describe(ann); err != nil || d.IdentityId != ann || d.Logins != nil {
		t.Errorf("describe: got %+v, %v, want no logins", d, err)
	}
	if got := w.stored(ann); got == nil || got.Disabled || !got.Authenticated {
		t.Errorf("stored: got %+v, want an authenticated identity that is not disabled", got)
	}
	fresh := w.user("ann")
	if fresh == ann {
		t.Errorf("next sight of the user: got the old identity %s, want a new one", ann)
	}
	forbidden := "NotAuthorizedException: Access to Identity '" + ann + "' is forbidden."
	if got := answer(w.link(ann, "new")); got != forbidden {
		t.Errorf("token that names it: got %s, want %s", got, forbidden)
	}
	if got := w.user("ann"); got != fresh {
		t.Errorf("third sight of the user: got %s, want %s", got, fresh)
	}
}

func TestUnlink_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const (
		notSupported = "InvalidParameterException: This identity pool does not support the specified developer provider"
		noUser       = "ResourceNotFoundException: Developer user not found."
	)
	notFound := func(id string) string { return "ResourceNotFoundException: Identity '" + id + "' not found." }
	mismatch := func(id string) string {
		return "ResourceConflictException: The developer user does not belong to identity '" + id + "'."
	}
	plain, other := w.newPool(owner, ""), w.newPool(owner, provider)
	elsewhere := must(w.tokenIn(owner, other, "", provider, "ann"))
	unknownPool, unknown := newID(home), newID(home)
	ben, merged, guest := w.user("ben"), w.mergedAway("moved", "ben"), w.guest()

	in := func(pool, developerProvider, id, user string) func() error {
		return func() error {
			return w.UnlinkDeveloperIdentity(t.Context(), owner, &api.UnlinkDeveloperIdentityInput{
				IdentityPoolId: pool, DeveloperProviderName: developerProvider, IdentityId: id, DeveloperUserIdentifier: user,
			})
		}
	}
	here := func(id, user string) func() error { return in(w.pool, provider, id, user) }
	n := 0
	// twin unlinks somebody who is linked.
	twin := func() error {
		n++
		user := fmt.Sprint("user ", n)
		return w.unlink(w.user(user), user)
	}
	w.refuses("UnlinkDeveloperIdentity", []refusal{
		{"unknown pool", in(unknownPool, provider, ben, "ben"), "ResourceNotFoundException: IdentityPool '" + unknownPool + "' not found.", twin},
		{"pool without a developer provider", in(plain, provider, ben, "ben"), notSupported, twin},
		{"another developer provider", in(w.pool, "login.other", ben, "ben"), notSupported, twin},
		{"unknown identity", here(unknown, "ben"), notFound(unknown), twin},
		{"identity of another pool", here(elsewhere, "ann"), notFound(elsewhere), in(other, provider, elsewhere, "ann")},
		{"unknown user", here(ben, "nobody"), noUser, twin},
		{"user of a guest", here(guest, "nobody"), noUser, twin},
		{"guest, user of another identity", here(guest, "ben"), mismatch(guest), twin},
		{"merged identity, its former user", here(merged, "moved"), mismatch(merged), here(ben, "moved")},
		{"user unlinked before", here(ben, "moved"), noUser, here(ben, "ben")},
	})
}
