package identity_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func TestGetId_NewGuestAtEveryCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := make(map[string]bool)
	for _, in := range []api.GetIdInput{
		{IdentityPoolId: w.pool},
		{IdentityPoolId: w.pool},
		{IdentityPoolId: w.pool, Logins: map[string]api.Secret{}},
		{IdentityPoolId: w.pool, AccountId: owner.Account},
	} {
		for _, c := range []identity.Caller{anonymous, owner, stranger} {
			out, err := w.GetId(t.Context(), c, &in)
			if err != nil || seen[out.IdentityId] {
				t.Errorf("%+v by %q: got %+v, %v, want a new guest", in, c.Account, out, err)
				continue
			}
			seen[out.IdentityId] = true
			want := &identity.Identity{ID: out.IdentityId, PoolID: w.pool, Created: start, Modified: start}
			if diff := cmp.Diff(want, w.stored(out.IdentityId)); diff != "" {
				t.Errorf("guest (-want +got)\n%s", diff)
			}
		}
	}
}

func TestGetId_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closed, err := w.CreateIdentityPool(t.Context(), owner, &api.CreateIdentityPoolInput{IdentityPoolName: "no guests"})
	if err != nil {
		t.Fatal(err)
	}
	poolAbroad := w.newPool(ownerAbroad, "")
	unservedPool := w.newPool(rootOf(owner.Account, unserved), "")
	unknown, deleted := newID(home), w.newPool(owner, "")
	if err := w.DeleteIdentityPool(t.Context(), owner, &api.DeleteIdentityPoolInput{IdentityPoolId: deleted}); err != nil {
		t.Fatal(err)
	}
	call := func(c identity.Caller, account, pool string) func() error {
		return func() error {
			return only(w.GetId(t.Context(), c, &api.GetIdInput{AccountId: account, IdentityPoolId: pool}))
		}
	}
	notFound := func(pool string) string { return "ResourceNotFoundException: IdentityPool '" + pool + "' not found." }
	w.refuses("GetId", []refusal{
		{"unknown pool", call(anonymous, "", unknown), notFound(unknown), call(anonymous, "", w.pool)},
		{"deleted pool", call(anonymous, "", deleted), notFound(deleted), call(anonymous, "", w.pool)},
		{"another account named", call(anonymous, stranger.Account, w.pool), notFound(w.pool), call(anonymous, owner.Account, w.pool)},
		{"another account named, guests not allowed", call(anonymous, stranger.Account, closed.IdentityPoolId), notFound(closed.IdentityPoolId), call(anonymous, owner.Account, w.pool)},
		{"signed for another region", call(owner, "", poolAbroad), notFound(poolAbroad), call(ownerAbroad, "", poolAbroad)},
		{"region that is not served", call(anonymous, "", unservedPool), notFound(unservedPool), call(anonymous, "", poolAbroad)},
		{"guests not allowed", call(anonymous, "", closed.IdentityPoolId), "NotAuthorizedException: Unauthenticated access is not supported for this identity pool.", func() error {
			_, err := w.UpdateIdentityPool(t.Context(), owner, &api.IdentityPool{
				IdentityPoolId: closed.IdentityPoolId, IdentityPoolName: "guests", AllowUnauthenticatedIdentities: true,
			})
			if err != nil {
				return err
			}
			return call(anonymous, "", closed.IdentityPoolId)()
		}},
	})
}

// Names of providers only: a developer user identifier is nobody's business here.
func TestDescribeIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest, ann := w.guest(), w.user("ann")
	w.clock.goOn(time.Hour)
	w.mergedAway("ann 2", "ann")
	w.addLogin(ann, identity.Login{Provider: google, Subject: "1"})
	linked := w.guest()
	w.clock.goOn(time.Hour)
	if err := w.link(linked, "ben"); err != nil {
		t.Fatal(err)
	}
	unlinked := w.unlinked("left")
	hour := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }
	for _, tc := range []struct {
		name string
		want api.IdentityDescription
	}{
		{"guest", api.IdentityDescription{IdentityId: guest, CreationDate: hour(0), LastModifiedDate: hour(0)}},
		{"two users and a public login", api.IdentityDescription{IdentityId: ann, Logins: []string{provider, google}, CreationDate: hour(0), LastModifiedDate: hour(1)}},
		{"linked guest", api.IdentityDescription{IdentityId: linked, Logins: []string{provider}, CreationDate: hour(1), LastModifiedDate: hour(2)}},
		{"without its last login", api.IdentityDescription{IdentityId: unlinked, CreationDate: hour(2), LastModifiedDate: hour(2)}},
	} {
		got, err := w.describe(tc.want.IdentityId)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if diff := cmp.Diff(tc.want, *got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
		if slices.Contains([]string{guest, unlinked}, tc.want.IdentityId) && got.Logins != nil {
			t.Errorf("%s: got logins %#v, want none at all", tc.name, got.Logins)
		}
	}
	unknown := newID(home)
	w.refuses("DescribeIdentity", []refusal{{
		"unknown", func() error { return only(w.describe(unknown)) }, "ResourceNotFoundException: Identity '" + unknown + "' not found.",
		func() error { return only(w.describe(guest)) },
	}})
}

func TestListIdentities_HideDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all, shown []string // in the order in which they are made
	for _, user := range []string{"ann", "ben", "cat"} {
		merged := w.mergedAway(user+" 2", user)
		shown = append(shown, w.user(user))
		all = append(all, merged, w.user(user))
	}
	// Nothing else hides an identity.
	others := []string{w.guest(), w.unlinked("left")}
	all, shown = append(all, others...), append(shown, others...)
	for _, tc := range []struct {
		name string
		hide *bool
		want []string
	}{{"left out", nil, all}, {"false", new(false), all}, {"true", new(true), shown}} {
		for _, max := range []int64{1, 2, 60} {
			pages := w.pages(w.identitiesOf(owner, w.pool, tc.hide, max), nil)
			if got := slices.Concat(pages...); !slices.Equal(got, tc.want) {
				t.Errorf("HideDisabled %s, MaxResults %d: got %q, want %q", tc.name, max, got, tc.want)
			}
		}
	}
	out, err := w.ListIdentities(t.Context(), owner, &api.ListIdentitiesInput{IdentityPoolId: w.pool, MaxResults: 60})
	if err != nil || out.IdentityPoolId != w.pool {
		t.Fatalf("got %+v, %v, want the pool's id", out, err)
	}
	for _, listed := range out.Identities {
		if described, err := w.describe(listed.IdentityId); err != nil || !cmp.Equal(listed, *described) {
			t.Errorf("%s: listed %+v, described %+v, %v", listed.IdentityId, listed, described, err)
		}
	}
	empty, err := w.ListIdentities(t.Context(), owner, &api.ListIdentitiesInput{IdentityPoolId: w.newPool(owner, ""), MaxResults: 1})
	if err != nil || empty.Identities == nil || len(empty.Identities) > 0 || empty.NextToken != "" {
		t.Errorf("empty pool: got %+v, %v, want an empty list", empty, err)
	}
}

// Whoever is there all the while is listed once, in order, whatever comes and goes.
func TestListIdentities_StableWhileOthersComeAndGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var there, goes []string
	for n := range 9 {
		if n%4 != 0 { // some share their time
			w.clock.goOn(time.Second)
		}
		id := w.guest()
		if n%3 == 1 {
			goes = append(goes, id)
		} else {
			there = append(there, id)
		}
	}
	var came []string
	pages := w.pages(w.identitiesOf(owner, w.pool, nil, 2), func(page int) {
		if page > 4 {
			return
		}
		came = append(came, w.guest()) // of the same time as the last one, or a later one
		w.clock.goOn(time.Second)
		if len(goes) > 0 {
			// At first the one on which the list stands.
			must(w.delete(owner, goes[0]))
			goes = goes[1:]
		}
	})
	counts := make(map[string]int)
	for _, id := range slices.Concat(pages...) {
		if counts[id]++; counts[id] > 1 {
			t.Errorf("%s is listed twice in %q", id, pages)
		}
	}
	for _, id := range there {
		if counts[id] != 1 {
			t.Errorf("%s is listed %d times, want once", id, counts[id])
		}
	}
	for _, id := range came[1:] { // behind the end of the list as it was
		if counts[id] != 1 {
			t.Errorf("%s, which came, is listed %d times, want once", id, counts[id])
		}
	}
}

func TestDeleteIdentities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	strangersPool := w.newPool(stranger, provider)
	strangers := must(w.tokenIn(stranger, strangersPool, "", provider, "ann"))
	poolAbroad := w.newPool(ownerAbroad, provider)
	isAbroad := must(w.tokenIn(ownerAbroad, poolAbroad, "", provider, "ann"))
	inOtherPool := must(w.tokenIn(owner, w.newPool(owner, provider), "", provider, "ann"))
	ann, ben, guest, merged := w.user("ann"), w.user("ben"), w.guest(), w.mergedAway("moved", "ben")
	unknown := newID(home)

	denied := func(ids ...string) (list []api.UnprocessedIdentityId) {
		slices.Sort(ids)
		for _, id := range ids {
			list = append(list, api.UnprocessedIdentityId{IdentityId: id, ErrorCode: "AccessDenied"})
		}
		return list
	}
	for _, tc := range []struct {
		name string
		ids  []string
		want []api.UnprocessedIdentityId
		gone []string
	}{
		{"all refused", []string{strangers, unknown, isAbroad}, denied(strangers, unknown, isAbroad), nil},
		{"refused twice", []string{unknown, unknown}, denied(unknown), nil},
		{"some refused", []string{unknown, ann, strangers, inOtherPool}, denied(strangers, unknown), []string{ann, inOtherPool}},
		{"deleted before", []string{ann}, denied(ann), nil},
		{"none refused, one twice", []string{guest, merged, guest}, nil, []string{guest, merged}},
	} {
		before := w.state()
		got, err := w.delete(owner, tc.ids...)
		if err != nil || got == nil || !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %#v, %v, want %+v", tc.name, got, err, tc.want)
		}
		want := before[owner.Account]
		want.Identities = slices.DeleteFunc(slices.Clone(want.Identities), func(i *identity.Identity) bool { return slices.Contains(tc.gone, i.ID) })
		before[owner.Account] = want
		if diff := cmp.Diff(before, w.state()); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tc.name, diff)
		}
	}
	if got := answer(only(w.lookUp("", "ann"))); got != "ResourceNotFoundException: Developer user not found." {
		t.Errorf("look up of a deleted identity's user: got %s", got)
	}
	if again := w.user("ann"); again == ann {
		t.Error("a deleted identity's user got it back, want a new one")
	}
	if got := w.user("ben"); got != ben {
		t.Errorf("ben: got %s, want %s as before", got, ben)
	}
}
