package identity_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// belongings are what a call can name of somebody's.
type belongings struct {
	pool, identity, user, otherUser string
	// guest is a guest, and person an identity with two public logins of this name.
	guest, person string
}

func (b belongings) arn() string { return identity.PoolARN(owner.Account, b.pool) }

// hide puts names for the belongings in an answer, so that answers about
// different ones can be compared.
func (b belongings) hide(answer string) string {
	return strings.NewReplacer(b.pool, "POOL", b.identity, "IDENTITY", b.guest, "GUEST", b.person, "PERSON").Replace(answer)
}

// scope tells to whom a method answers.
type scope int

const (
	// region: to the account, in the region of what is named.
	region scope = iota
	// public: to anybody, in the region of what is named.
	public
	// own: to anybody, about the caller's own. It names nothing.
	own
)

// A method is one of the service, and how it is called with somebody's belongings.
type method struct {
	name  string
	scope scope
	call  func(*world, identity.Caller, belongings) (any, error)
}

// methods has a row for each method of the service, in an order in which none takes
// away what a later one names.
var methods = []method{
	{"CreateIdentityPool", own, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.CreateIdentityPool(w.Context(), c, &api.CreateIdentityPoolInput{IdentityPoolName: "new"})
	}},
	{"DescribeIdentityPool", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.DescribeIdentityPool(w.Context(), c, &api.DescribeIdentityPoolInput{IdentityPoolId: b.pool})
	}},
	{"UpdateIdentityPool", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		in := publicPool(provider)
		return w.UpdateIdentityPool(w.Context(), c, &api.IdentityPool{
			IdentityPoolId: b.pool, IdentityPoolName: "changed", AllowUnauthenticatedIdentities: true,
			SupportedLoginProviders: in.SupportedLoginProviders, CognitoIdentityProviders: in.CognitoIdentityProviders,
		})
	}},
	{"ListIdentityPools", own, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.ListIdentityPools(w.Context(), c, &api.ListIdentityPoolsInput{MaxResults: 60})
	}},
	{"TagResource", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.TagResource(w.Context(), c, &api.TagResourceInput{ResourceArn: b.arn(), Tags: map[string]string{"a": "b"}})
	}},
	{"ListTagsForResource", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.ListTagsForResource(w.Context(), c, &api.ListTagsForResourceInput{ResourceArn: b.arn()})
	}},
	{"UntagResource", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.UntagResource(w.Context(), c, &api.UntagResourceInput{ResourceArn: b.arn(), TagKeys: []string{"team"}})
	}},
	{"GetId", public, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.GetId(w.Context(), c, &api.GetIdInput{IdentityPoolId: b.pool})
	}},
	{"GetOpenIdToken", public, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.GetOpenIdToken(w.Context(), c, &api.GetOpenIdTokenInput{IdentityId: b.guest})
	}},
	{"GetCredentialsForIdentity", public, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.GetCredentialsForIdentity(w.Context(), c, &api.GetCredentialsForIdentityInput{IdentityId: b.person, Logins: w.by(google, "person")})
	}},
	{"SetIdentityPoolRoles", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return nil, w.SetIdentityPoolRoles(w.Context(), c, &api.SetIdentityPoolRolesInput{
			IdentityPoolId: b.pool, Roles: map[string]string{"authenticated": arnOf("users")},
		})
	}},
	{"GetIdentityPoolRoles", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.GetIdentityPoolRoles(w.Context(), c, &api.GetIdentityPoolRolesInput{IdentityPoolId: b.pool})
	}},
	{"SetPrincipalTagAttributeMap", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.SetPrincipalTagAttributeMap(w.Context(), c, &api.SetPrincipalTagAttributeMapInput{
			IdentityPoolId: b.pool, IdentityProviderName: google, UseDefaults: new(true),
		})
	}},
	{"GetPrincipalTagAttributeMap", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.GetPrincipalTagAttributeMap(w.Context(), c, &api.GetPrincipalTagAttributeMapInput{IdentityPoolId: b.pool, IdentityProviderName: google})
	}},
	{"DescribeIdentity", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.DescribeIdentity(w.Context(), c, &api.DescribeIdentityInput{IdentityId: b.identity})
	}},
	{"ListIdentities", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.ListIdentities(w.Context(), c, &api.ListIdentitiesInput{IdentityPoolId: b.pool, MaxResults: 60})
	}},
	{"GetOpenIdTokenForDeveloperIdentity", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.GetOpenIdTokenForDeveloperIdentity(w.Context(), c, &api.GetOpenIdTokenForDeveloperIdentityInput{
			IdentityPoolId: b.pool, IdentityId: b.identity, Logins: logins(provider, b.user),
		})
	}},
	{"LookupDeveloperIdentity", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.LookupDeveloperIdentity(w.Context(), c, &api.LookupDeveloperIdentityInput{
			IdentityPoolId: b.pool, IdentityId: b.identity, DeveloperUserIdentifier: b.user,
		})
	}},
	{"EnsureDeveloperIdentity", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.EnsureDeveloperIdentity(w.Context(), c, &api.EnsureDeveloperIdentityInput{IdentityPoolId: b.pool, DeveloperUserIdentifier: b.user})
	}},
	{"SearchDeveloperIdentities", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.SearchDeveloperIdentities(w.Context(), c, &api.SearchDeveloperIdentitiesInput{IdentityPoolId: b.pool})
	}},
	{"LinkDeveloperIdentity", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return nil, w.LinkDeveloperIdentity(w.Context(), c, &api.LinkDeveloperIdentityInput{IdentityPoolId: b.pool, IdentityId: b.identity, DeveloperUserIdentifier: "another"})
	}},
	{"RevokeIdentity", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.RevokeIdentity(w.Context(), c, &api.RevokeIdentityInput{IdentityPoolId: b.pool, IdentityId: b.guest})
	}},
	{"GetIdentityStatus", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.GetIdentityStatus(w.Context(), c, &api.GetIdentityStatusInput{IdentityPoolId: b.pool, IdentityId: b.identity})
	}},
	{"SetIdentityPoolSigning", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return nil, w.SetIdentityPoolSigning(w.Context(), c, &api.SetIdentityPoolSigningInput{IdentityPoolId: b.pool, SigningAlgorithm: "ES256"})
	}},
	{"GetIdentityPoolSigning", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.GetIdentityPoolSigning(w.Context(), c, &api.GetIdentityPoolSigningInput{IdentityPoolId: b.pool})
	}},
	{"DisableIdentity", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return nil, w.DisableIdentity(w.Context(), c, &api.DisableIdentityInput{IdentityPoolId: b.pool, IdentityId: b.guest})
	}},
	{"EnableIdentity", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return nil, w.EnableIdentity(w.Context(), c, &api.EnableIdentityInput{IdentityPoolId: b.pool, IdentityId: b.guest})
	}},
	{"UnlinkIdentity", public, func(w *world, c identity.Caller, b belongings) (any, error) {
		// The one that is taken away is linked again.
		w.GetOpenIdToken(w.Context(), c, &api.GetOpenIdTokenInput{IdentityId: b.person, Logins: w.by(google, "person", userPool, "person")})
		return nil, w.UnlinkIdentity(w.Context(), c, &api.UnlinkIdentityInput{IdentityId: b.person, Logins: w.by(google, "person"), LoginsToRemove: []string{userPool}})
	}},
	{"MergeDeveloperIdentities", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.MergeDeveloperIdentities(w.Context(), c, &api.MergeDeveloperIdentitiesInput{
			IdentityPoolId: b.pool, DeveloperProviderName: provider,
			SourceUserIdentifier: b.otherUser, DestinationUserIdentifier: b.user,
		})
	}},
	{"UnlinkDeveloperIdentity", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return nil, w.UnlinkDeveloperIdentity(w.Context(), c, &api.UnlinkDeveloperIdentityInput{
			IdentityPoolId: b.pool, IdentityId: b.identity, DeveloperProviderName: provider, DeveloperUserIdentifier: b.user,
		})
	}},
	{"ExplainLogin", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.ExplainLogin(w.Context(), c, &api.ExplainLoginInput{IdentityPoolId: b.pool, IdentityId: b.person, Logins: w.by(google, "person")})
	}},
	// They serve no operation: conditions of policies ask them.
	{"TagsOf", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.TagsOf(w.Context(), c, b.arn())
	}},
	{"PoolARNs", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.PoolARNs(w.Context(), c, []string{b.identity})
	}},
	{"DeleteIdentities", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return w.DeleteIdentities(w.Context(), c, &api.DeleteIdentitiesInput{IdentityIdsToDelete: []string{b.identity}})
	}},
	{"DeleteIdentityPool", region, func(w *world, c identity.Caller, b belongings) (any, error) {
		return nil, w.DeleteIdentityPool(w.Context(), c, &api.DeleteIdentityPoolInput{IdentityPoolId: b.pool})
	}},
}

func TestTenancy_EveryMethodHasARow(t *testing.T) {
	t.Parallel()
	service := reflect.TypeFor[*identity.Service]()
	rows := make(map[string]bool)
	for _, m := range methods {
		rows[m.name] = true
	}
	for m := range service.Methods() {
		if !rows[m.Name] && m.Name != "ListRegions" { // which is about the server
			t.Errorf("%s has no row: who may call it?", m.Name)
		}
		delete(rows, m.Name)
	}
	for name := range rows {
		t.Errorf("there is a row for %s, which is no method", name)
	}
}

// ownersBelongings makes what the owner of a world has.
func (w *world) ownersBelongings() belongings {
	w.Helper()
	w.pool = w.newPublicPool(provider)
	if err := w.tag(identity.PoolARN(owner.Account, w.pool), map[string]string{"team": "a"}); err != nil {
		w.Fatal(err)
	}
	w.giveRoles()
	b := belongings{
		pool: w.pool, identity: w.user("ann"), user: "ann", otherUser: "ben",
		guest: w.guest(), person: w.person(google, "person", userPool, "person"),
	}
	w.user("ben")
	return b
}

// nobodys returns belongings that nobody has.
func nobodys() belongings {
	return belongings{pool: newID(home), identity: newID(home), user: "ann", otherUser: "ben", guest: newID(home), person: newID(home)}
}

// answerTo calls a method and returns all that it answers.
func (w *world) answerTo(c identity.Caller, m method, b belongings) string {
	w.Helper()
	out, err := m.call(w, c, b)
	if err != nil {
		return b.hide(answer(err))
	}
	text, err := json.Marshal(out)
	if err != nil {
		w.Fatal(err)
	}
	return b.hide(string(text))
}

// What belongs to another account or region is answered as what does not exist, and is
// not touched: with nothing cached, and with all of it.
func TestTenancy_NotYoursIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owners, none := w.ownersBelongings(), nobodys()
	callers := map[string]identity.Caller{
		"another account":                     stranger,
		"the right account in another region": ownerAbroad,
		"nobody":                              anonymous,
	}
	for _, m := range methods {
		for who, c := range callers {
			switch {
			case m.scope == own,
				m.scope == public && (c.Region == home || c.Region == ""):
				continue
			}
			want := w.answerTo(c, m, none)
			before := w.state()
			w.reopen()
			for _, temperature := range []string{"cold", "warm"} {
				if got := w.answerTo(c, m, owners); got != want {
					t.Errorf("%s by %s, %s: got %s\nwant, as for a random id, %s", m.name, who, temperature, got, want)
				}
				if diff := cmp.Diff(before, w.state()); diff != "" {
					t.Errorf("%s by %s, %s, changed the store (-before +after)\n%s", m.name, who, temperature, diff)
				}
				must(w.describePool(owners.pool))
				must(w.describe(owners.identity))
			}
		}
	}
}

// Lists hold the caller's own, and what a caller makes is his.
func TestTenancy_OwnOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owners := w.ownersBelongings()
	for _, m := range methods {
		if m.scope != own {
			continue
		}
		before := w.state()[owner.Account]
		got := w.answerTo(stranger, m, owners)
		if diff := cmp.Diff(before, w.state()[owner.Account]); diff != "" {
			t.Errorf("%s by another account changed the owner's holdings (-before +after)\n%s", m.name, diff)
		}
		for _, shown := range []string{"POOL", "IDENTITY", owner.Account, "Exception"} {
			if strings.Contains(got, `"`+shown+`"`) {
				t.Errorf("%s by another account: got %s, which shows %s", m.name, got, shown)
			}
		}
		list := strings.HasPrefix(m.name, "List")
		atHome, elsewhere := w.answerTo(owner, m, owners), w.answerTo(ownerAbroad, m, owners)
		if shown := strings.Contains(atHome, "POOL"); shown != list {
			t.Errorf("%s by the owner: got %s", m.name, atHome)
		}
		if strings.Contains(elsewhere, "POOL") {
			t.Errorf("%s by the owner in another region: got %s", m.name, elsewhere)
		}
	}
}

// The twin of the refusals: the same calls succeed for whom they are.
func TestTenancy_YoursIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owners, none := w.ownersBelongings(), nobodys()
	for _, m := range methods {
		if m.scope == own {
			continue
		}
		refused := w.answerTo(owner, m, none)
		if got := w.answerTo(owner, m, owners); got == refused || strings.Contains(got, "Exception: ") {
			t.Errorf("%s by the owner: got %s", m.name, got)
		}
		if m.scope != public {
			continue
		}
		for _, c := range []identity.Caller{stranger, anonymous} {
			if got := w.answerTo(c, m, owners); got == refused || strings.Contains(got, "Exception: ") {
				t.Errorf("%s by %q: got %s, want success: it is public", m.name, c.Account, got)
			}
		}
	}
}

// Nothing reaches a pool that is deleted, or its identities: not even its owner.
func TestTenancy_DeletedPoolIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owners, none := w.ownersBelongings(), nobodys()
	must(w.describePool(owners.pool)) // into the cache, if there is one
	if err := w.deletePool(owners.pool); err != nil {
		t.Fatal(err)
	}
	before := w.state()
	for _, when := range []string{"at once", "after opening the store again"} {
		for _, m := range methods {
			if m.scope == own {
				continue
			}
			if got, want := w.answerTo(owner, m, owners), w.answerTo(owner, m, none); got != want {
				t.Errorf("%s of a deleted pool, %s: got %s\nwant, as for a random id, %s", m.name, when, got, want)
			}
		}
		if diff := cmp.Diff(before, w.state()); diff != "" {
			t.Errorf("calls on a deleted pool, %s, changed the store (-before +after)\n%s", when, diff)
		}
		w.reopen()
	}
}
