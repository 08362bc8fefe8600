package identity_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func (w *world) tryDisable(id string) error {
	return w.DisableIdentity(w.Context(), owner, &api.DisableIdentityInput{IdentityPoolId: w.pool, IdentityId: id})
}

func (w *world) tryEnable(id string) error {
	return w.EnableIdentity(w.Context(), owner, &api.EnableIdentityInput{IdentityPoolId: w.pool, IdentityId: id})
}

func (w *world) revoke(id string) (*api.RevokeIdentityOutput, error) {
	return w.RevokeIdentity(w.Context(), owner, &api.RevokeIdentityInput{IdentityPoolId: w.pool, IdentityId: id})
}

func (w *world) disable(id string) {
	w.Helper()
	if err := w.tryDisable(id); err != nil {
		w.Fatalf("disable %s: %v", id, err)
	}
}

func (w *world) enable(id string) {
	w.Helper()
	if err := w.tryEnable(id); err != nil {
		w.Fatalf("enable %s: %v", id, err)
	}
}

func (w *world) ensure(user string) (*api.EnsureDeveloperIdentityOutput, error) {
	return w.EnsureDeveloperIdentity(w.Context(), owner, &api.EnsureDeveloperIdentityInput{IdentityPoolId: w.pool, DeveloperUserIdentifier: user})
}

func (w *world) attach(id, user string) error {
	return w.LinkDeveloperIdentity(w.Context(), owner, &api.LinkDeveloperIdentityInput{IdentityPoolId: w.pool, IdentityId: id, DeveloperUserIdentifier: user})
}

// usersWith lists the developer users of the world's pool by prefix, each with its identity.
func (w *world) usersWith(prefix string, max int64) lister {
	return func(token string) (users []string, next string, err error) {
		out, err := w.SearchDeveloperIdentities(w.Context(), owner, &api.SearchDeveloperIdentitiesInput{
			IdentityPoolId: w.pool, Prefix: prefix, MaxResults: max, NextToken: token,
		})
		if err != nil {
			return nil, "", err
		}
		for _, d := range out.DeveloperIdentities {
			users = append(users, d.DeveloperUserIdentifier+" "+d.IdentityId)
		}
		return users, out.NextToken, nil
	}
}

func TestEnsureDeveloperIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, err := w.ensure("ann")
	if err != nil || !*first.Created {
		t.Fatalf("first call: got %+v, %v", first, err)
	}
	before := w.state()
	w.clock.goOn(time.Hour)
	again, err := w.ensure("ann")
	if err != nil || *again.Created || again.IdentityId != first.IdentityId || w.user("ann") != first.IdentityId {
		t.Errorf("again: got %+v, %v, want %s", again, err, first.IdentityId)
	}
	if known := must(w.ensure("ann")); known.IdentityId != first.IdentityId {
		t.Errorf("known: got %+v", known)
	}
	if diff := cmp.Diff(before, w.state()); diff != "" {
		t.Errorf("a known user changed the store (-before +after)\n%s", diff)
	}
	if ben := w.user("ben"); must(w.ensure("ben")).IdentityId != ben {
		t.Error("ben, who was seen by a token, got another identity")
	}
	w.disable(first.IdentityId)
	if got := must(w.ensure("ann")); got.IdentityId != first.IdentityId {
		t.Errorf("disabled: got %+v", got)
	}
	plain := w.newPool(owner, "")
	in := func(c identity.Caller, pool string) func() error {
		return func() error {
			return only(w.EnsureDeveloperIdentity(t.Context(), c, &api.EnsureDeveloperIdentityInput{IdentityPoolId: pool, DeveloperUserIdentifier: "new"}))
		}
	}
	w.refuses("EnsureDeveloperIdentity", []refusal{
		{"no developer provider", in(owner, plain), "InvalidParameterException: This identity pool does not support the specified developer provider", in(owner, w.pool)},
		{"another account's pool", in(stranger, w.pool), "ResourceNotFoundException: IdentityPool '" + w.pool + "' not found.", in(owner, w.pool)},
	})
}

func TestSearchDeveloperIdentities(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	users := []string{"ann", "ann 2", "Ann", "anna", "ben", "\u00e9", "e\u0301", "%", "_", "an"}
	ids := make(map[string]string)
	for _, user := range users {
		ids[user] = w.user(user)
	}
	ids["ben 2"] = ids["ben"]
	users = append(users, "ben 2")
	w.mergedAway("ben 2", "ben")
	w.disable(ids["ann"])
	w.person(google, "ann of Google")
	w.unlinked("ann left")
	other := w.pool
	w.pool = w.newPublicPool(provider)
	w.user("ann elsewhere")
	w.pool = other
	slices.Sort(users)
	for _, prefix := range []string{"", "a", "an", "ann", "ann ", "A", "b", "\u00e9", "e", "%", "_", "z"} {
		var want []string
		for _, user := range users {
			if strings.HasPrefix(user, prefix) {
				want = append(want, user+" "+ids[user])
			}
		}
		for _, max := range []int64{0, 1, 2, 60} {
			pages := w.pages(w.usersWith(prefix, max), nil)
			if got := slices.Concat(pages...); !slices.Equal(got, want) {
				t.Errorf("prefix %q by %d: got %q, want %q", prefix, max, got, want)
			}
		}
	}
	_, next, err := w.usersWith("an", 1)("")
	if err != nil {
		t.Fatal(err)
	}
	search := func(c identity.Caller, pool, prefix, token string) func() error {
		return func() error {
			return only(w.SearchDeveloperIdentities(t.Context(), c, &api.SearchDeveloperIdentitiesInput{IdentityPoolId: pool, Prefix: prefix, NextToken: token}))
		}
	}
	const badPage = "InvalidParameterException: Invalid NextToken."
	good := search(owner, w.pool, "an", next)
	w.refuses("SearchDeveloperIdentities", []refusal{
		{"page of another prefix", search(owner, w.pool, "a", next), badPage, good},
		{"page of another pool", search(owner, w.newPool(owner, provider), "an", next), badPage, good},
		{"page that is no page", search(owner, w.pool, "an", "a"), badPage, good},
		{"no developer provider", search(owner, w.newPool(owner, ""), "", ""), "InvalidParameterException: This identity pool does not support the specified developer provider", good},
		{"another account's pool", search(stranger, w.pool, "", ""), "ResourceNotFoundException: IdentityPool '" + w.pool + "' not found.", good},
	})
}

func TestLinkDeveloperIdentity(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	ann, ben, guest := w.person(google, "ann"), w.user("ben"), w.guest()
	left := w.unlinked("left")
	for _, link := range [][2]string{{ann, "ann"}, {ann, "ann"}, {ann, "ann at home"}, {ben, "ben at home"}, {guest, "new"}, {left, "left"}} {
		if err := w.attach(link[0], link[1]); err != nil || w.user(link[1]) != link[0] {
			t.Errorf("%s to %s: %v, has %s", link[1], link[0], err, w.user(link[1]))
		}
	}
	if i := w.stored(guest); !i.Authenticated {
		t.Errorf("guest with a user: got %+v, want it authenticated", i)
	}
	if got := w.person(google, "ann"); got != ann {
		t.Errorf("ann by Google: got %s, want %s", got, ann)
	}
	merged, disabled := w.mergedAway("a", "b"), w.user("disabled")
	w.disable(disabled)
	crowded := w.user("crowd 00")
	for n := 1; n < identity.MaxLogins; n++ {
		if err := w.attach(crowded, fmt.Sprintf("crowd %02d", n)); err != nil {
			t.Fatal(err)
		}
	}
	unknown := newID(home)
	call := func(id, user string) func() error { return func() error { return w.attach(id, user) } }
	good := call(ann, "ann")
	w.refuses("LinkDeveloperIdentity", []refusal{
		{"user of another identity", call(ann, "ben"), "DeveloperUserAlreadyRegisteredException: Developer user is already registered with another identity.", good},
		{"user of a disabled identity", call(ann, "disabled"), "DeveloperUserAlreadyRegisteredException: Developer user is already registered with another identity.", good},
		{"unknown", call(unknown, "x"), noSuchIdentity(unknown), good},
		{"merged", call(merged, "x"), forbidden(merged), good},
		{"disabled", call(disabled, "x"), forbidden(disabled), good},
		{"a 21st login", call(crowded, "crowd 20"), "ResourceConflictException: An identity can not have more than 20 logins.", call(crowded, "crowd 19")},
		{"another account's pool", func() error {
			return w.LinkDeveloperIdentity(t.Context(), stranger, &api.LinkDeveloperIdentityInput{IdentityPoolId: w.pool, IdentityId: ann, DeveloperUserIdentifier: "x"})
		}, "ResourceNotFoundException: IdentityPool '" + w.pool + "' not found.", good},
	})
}

// A disabled identity can not be used in any way, and keeps what it is until it is enabled.
func TestDisableIdentity(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	w.giveRoles()
	ann := must(w.tokenBy("", provider, "ann", google, "ann", userPool, "ann"))
	w.mergedAway("ann at home", "ann")
	guest, ben := w.guest(), w.user("ben")
	token := w.ownToken("ann", nil)
	before := w.stored(ann)
	w.clock.goOn(time.Minute)
	w.disable(ann)
	w.disable(guest)
	w.reopen()
	calls := map[string]func() error{
		"sign in":                      func() error { return only(w.signIn("ann")) },
		"sign in at home":              func() error { return only(w.signIn("ann at home")) },
		"sign in, named":               func() error { return w.link(ann, "ann") },
		"sign in with a login":         func() error { return only(w.tokenBy("", provider, "ann", google, "ann")) },
		"GetId":                        func() error { return only(w.signInBy(google, "ann")) },
		"GetId with a new login":       func() error { return only(w.signInBy(google, "ann", samlARN, "new")) },
		"GetOpenIdToken":               func() error { return only(w.openToken(ann, google, "ann")) },
		"credentials":                  func() error { return only(w.credentials(ann, google, "ann")) },
		"credentials by token":         func() error { return only(w.credentialsOf(ann, "", token)) },
		"merge away":                   func() error { return only(w.merge("ann", "ben")) },
		"merge into":                   func() error { return only(w.merge("ben", "ann")) },
		"unlink":                       func() error { return w.unlinkBy(ann, []string{userPool}, google, "ann") },
		"unlink developer user":        func() error { return w.unlink(ann, "ann") },
		"user of another by its login": func() error { return only(w.tokenBy("", provider, "ben", google, "ann")) },
	}
	refused := w.state()
	for name, call := range calls {
		if got := answer(call()); got != forbidden(ann) {
			t.Errorf("%s: got %s, want %s", name, got, forbidden(ann))
		}
	}
	for name, err := range map[string]error{"token": only(w.openToken(guest)), "credentials": only(w.credentials(guest)), "link": w.link(guest, "new")} {
		if got := answer(err); got != forbidden(guest) {
			t.Errorf("guest, %s: got %s", name, got)
		}
	}
	if diff := cmp.Diff(refused, w.state()); diff != "" {
		t.Errorf("refused calls changed the store (-before +after)\n%s", diff)
	}
	if got := w.user("ben"); got != ben {
		t.Errorf("ben: got %s, want %s", got, ben)
	}

	w.disable(ann) // again
	w.enable(ann)
	w.enable(ann)
	w.enable(guest)
	after := w.stored(ann).Clone()
	after.Modified = before.Modified
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("enabled again (-before +after)\n%s", diff)
	}
	if got := w.person(google, "ann"); got != ann || w.user("ann at home") != ann {
		t.Errorf("ann, enabled: got %s, want %s", got, ann)
	}
	if _, err := w.credentialsOf(ann, "", token); err != nil {
		t.Errorf("token of before: %v", err)
	}
}

func TestDisableIdentity_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, merged := w.user("ann"), w.mergedAway("a", "b")
	other := w.newPool(owner, provider)
	elsewhere := must(w.tokenIn(owner, other, "", provider, "ann"))
	unknown := newID(home)
	for operation, call := range map[string]func(c identity.Caller, pool, id string) error{
		"DisableIdentity": func(c identity.Caller, pool, id string) error {
			return w.DisableIdentity(t.Context(), c, &api.DisableIdentityInput{IdentityPoolId: pool, IdentityId: id})
		},
		"EnableIdentity": func(c identity.Caller, pool, id string) error {
			return w.EnableIdentity(t.Context(), c, &api.EnableIdentityInput{IdentityPoolId: pool, IdentityId: id})
		},
		"RevokeIdentity": func(c identity.Caller, pool, id string) error {
			return only(w.RevokeIdentity(t.Context(), c, &api.RevokeIdentityInput{IdentityPoolId: pool, IdentityId: id}))
		},
	} {
		of := func(c identity.Caller, pool, id string) func() error {
			return func() error { return call(c, pool, id) }
		}
		good := of(owner, w.pool, ann)
		noPool := func(id string) string { return "ResourceNotFoundException: IdentityPool '" + id + "' not found." }
		w.refuses(operation, []refusal{
			{operation + ", unknown pool", of(owner, unknown, ann), noPool(unknown), good},
			{operation + ", another account's", of(stranger, w.pool, ann), noPool(w.pool), good},
			{operation + ", from another region", of(ownerAbroad, w.pool, ann), noPool(w.pool), good},
			{operation + ", unknown", of(owner, w.pool, unknown), noSuchIdentity(unknown), good},
			{operation + ", of another pool", of(owner, w.pool, elsewhere), noSuchIdentity(elsewhere), of(owner, other, elsewhere)},
		})
	}
	w.enable(ann)
	forGood := "ResourceConflictException: Identity '" + merged + "' was merged into another and can not be enabled."
	w.refuses("EnableIdentity", []refusal{{"merged", func() error { return w.tryEnable(merged) }, forGood, func() error { return w.tryEnable(ann) }}})
	// Nor does it become an identity that can be, by being disabled once more.
	w.disable(merged)
	w.refuses("EnableIdentity", []refusal{{"merged and disabled", func() error { return w.tryEnable(merged) }, forGood, func() error { return w.tryEnable(ann) }}})
}

func TestRevokeIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, ben := w.user("ann"), w.user("ben")
	first := must(w.revoke(ann)).IssuedBefore
	if !first.After(w.clock.now()) || first.After(w.clock.now().Add(time.Second)) {
		t.Errorf("got %v, want a moment after %v", first, w.clock.now())
	}
	// What is revoked is never taken again: not by a clock that was set back.
	w.clock.goOn(-time.Hour)
	if again := must(w.revoke(ann)).IssuedBefore; !again.After(first) {
		t.Errorf("with the clock set back: got %v, want a time after %v", again, first)
	}
	w.clock.goOn(2 * time.Hour)
	last := must(w.revoke(ann)).IssuedBefore
	if want := w.clock.now(); last.Before(want) {
		t.Errorf("later: got %v, want %v or later", last, want)
	}
	w.reopen()
	for id, want := range map[string]time.Time{ann: last, ben: {}} {
		got := must(w.GetIdentityStatus(t.Context(), owner, &api.GetIdentityStatusInput{IdentityPoolId: w.pool, IdentityId: id})).IssuedBefore
		if !got.Equal(want) {
			t.Errorf("%s: revoked before %v, want %v", id, got, want)
		}
	}
	if got := w.user("ann"); got != ann {
		t.Errorf("ann has %s, want %s as before", got, ann)
	}
}
