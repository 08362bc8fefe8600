package identity_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// create makes the pool that p describes, but for its id.
func (w *world) create(p *api.IdentityPool) (*api.IdentityPool, error) {
	return w.CreateIdentityPool(w.Context(), owner, &api.CreateIdentityPoolInput{
		IdentityPoolName: p.IdentityPoolName, AllowUnauthenticatedIdentities: p.AllowUnauthenticatedIdentities,
		AllowClassicFlow: p.AllowClassicFlow, SupportedLoginProviders: p.SupportedLoginProviders,
		DeveloperProviderName: p.DeveloperProviderName, OpenIdConnectProviderARNs: p.OpenIdConnectProviderARNs,
		CognitoIdentityProviders: p.CognitoIdentityProviders, SamlProviderARNs: p.SamlProviderARNs,
		IdentityPoolTags: p.IdentityPoolTags,
	})
}

func (w *world) update(p *api.IdentityPool) (*api.IdentityPool, error) {
	return w.UpdateIdentityPool(w.Context(), owner, p)
}

func (w *world) describePool(id string) (*api.IdentityPool, error) {
	return w.DescribeIdentityPool(w.Context(), owner, &api.DescribeIdentityPoolInput{IdentityPoolId: id})
}

func (w *world) deletePool(id string) error {
	return w.DeleteIdentityPool(w.Context(), owner, &api.DeleteIdentityPoolInput{IdentityPoolId: id})
}

// fullPool describes a pool that has everything a pool can have.
func fullPool() *api.IdentityPool {
	return &api.IdentityPool{
		IdentityPoolName: "full pool", AllowUnauthenticatedIdentities: true, AllowClassicFlow: new(false),
		DeveloperProviderName: provider,
		SupportedLoginProviders: map[string]string{
			google: "a.apps.googleusercontent.com;b.apps.googleusercontent.com", facebook: "7346241598935555",
			"www.amazon.com": "amzn1.application.x", "api.twitter.com": "k;s", "appleid.apple.com": "com.example", "www.digits.com": "k;s",
		},
		OpenIdConnectProviderARNs: []string{"arn:aws:iam::111122223333:oidc-provider/" + oidcProvider, "arn:aws:iam::111122223333:oidc-provider/id.example.com/realms/a"},
		CognitoIdentityProviders: []api.CognitoIdentityProvider{
			{ProviderName: userPool, ClientId: "7c1example", ServerSideTokenCheck: new(true)},
			{ProviderName: userPool, ClientId: "7c2example", ServerSideTokenCheck: new(false)},
			{ProviderName: "cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_x", ClientId: "7c3example"},
		},
		SamlProviderARNs: []string{samlARN},
		IdentityPoolTags: map[string]string{"team": "a"},
	}
}

func TestCreatePool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tc := range []struct {
		name string
		in   *api.IdentityPool
	}{
		{"least", &api.IdentityPool{IdentityPoolName: "least"}},
		{"full", fullPool()},
		{"full, of the same name", fullPool()},
	} {
		got, err := w.create(tc.in)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		want := *tc.in
		want.IdentityPoolId = got.IdentityPoolId
		if want.IdentityPoolTags == nil {
			want.IdentityPoolTags = map[string]string{} // always there (observed)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s: created (-want +got)\n%s", tc.name, diff)
		}
		if !strings.HasPrefix(got.IdentityPoolId, home+":") {
			t.Errorf("%s: got id %s, want one in region %s", tc.name, got.IdentityPoolId, home)
		}
		w.reopen()
		described, err := w.describePool(got.IdentityPoolId)
		if diff := cmp.Diff(&want, described); err != nil || diff != "" {
			t.Errorf("%s: described: %v (-want +got)\n%s", tc.name, err, diff)
		}
	}
}

func TestUpdatePool_Replaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created, err := w.create(fullPool())
	if err != nil {
		t.Fatal(err)
	}
	id := created.IdentityPoolId
	least := func() *api.IdentityPool { return &api.IdentityPool{IdentityPoolId: id, IdentityPoolName: "least"} }
	with := func(change func(*api.IdentityPool)) *api.IdentityPool {
		p := least()
		p.DeveloperProviderName, p.IdentityPoolTags = provider, map[string]string{"team": "a"}
		change(p)
		return p
	}
	full := fullPool()
	full.IdentityPoolId = id
	for _, tc := range []struct {
		name     string
		in, want *api.IdentityPool
	}{
		{"to the least: developer provider and tags stay", least(), with(func(p *api.IdentityPool) {})},
		{"to everything", full, full},
		{"developer provider named again", with(func(p *api.IdentityPool) {}), with(func(p *api.IdentityPool) {})},
		{"other tags", with(func(p *api.IdentityPool) { p.IdentityPoolTags = map[string]string{"x": "y"} }), with(func(p *api.IdentityPool) { p.IdentityPoolTags = map[string]string{"x": "y"} })},
		{"classic flow allowed", with(func(p *api.IdentityPool) { p.AllowClassicFlow = new(true) }), with(func(p *api.IdentityPool) { p.AllowClassicFlow = new(true) })},
		{"no tags, said", with(func(p *api.IdentityPool) { p.IdentityPoolTags = map[string]string{} }), with(func(p *api.IdentityPool) { p.IdentityPoolTags = map[string]string{} })},
		{"no tags, not said", least(), with(func(p *api.IdentityPool) { p.IdentityPoolTags = map[string]string{} })},
	} {
		got, err := w.update(tc.in)
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: updated: %v (-want +got)\n%s", tc.name, err, diff)
		}
		got, err = w.describePool(id)
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: described: %v (-want +got)\n%s", tc.name, err, diff)
		}
	}
}

// Not said is neither allowed nor forbidden, and stays not said.
func TestPool_AllowClassicFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	same := func(got *api.IdentityPool, err error, want *bool) string {
		if err != nil {
			return err.Error()
		}
		return cmp.Diff(want, got.AllowClassicFlow)
	}
	states := map[string]*bool{"not said": nil, "allowed": new(true), "forbidden": new(false)}
	for from, before := range states {
		for to, after := range states {
			p, err := w.create(&api.IdentityPool{IdentityPoolName: "p", AllowClassicFlow: before})
			if diff := same(p, err, before); diff != "" {
				t.Fatalf("created %s: %s", from, diff)
			}
			updated, err := w.update(&api.IdentityPool{IdentityPoolId: p.IdentityPoolId, IdentityPoolName: "p", AllowClassicFlow: after})
			if diff := same(updated, err, after); diff != "" {
				t.Errorf("from %s to %s: updated: %s", from, to, diff)
			}
			described, err := w.describePool(p.IdentityPoolId)
			if diff := same(described, err, after); diff != "" {
				t.Errorf("from %s to %s: described: %s", from, to, diff)
			}
		}
	}
}

func TestPool_DeveloperProviderIsFixedOnceSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const fixed = "InvalidParameterException: The developer provider name of an identity pool can not be changed."
	pool := w.newPool(owner, "")
	set := func(name string) func() error {
		return func() error {
			return only(w.update(&api.IdentityPool{IdentityPoolId: pool, IdentityPoolName: "p", DeveloperProviderName: name}))
		}
	}
	if err := set("login.late")(); err != nil {
		t.Fatalf("set it later: %v", err)
	}
	ann, err := w.tokenIn(owner, pool, "", "login.late", "ann")
	if err != nil {
		t.Fatal(err)
	}
	w.refuses("UpdateIdentityPool", []refusal{
		{"another name", set(provider), fixed, set("login.late")},
		{"the same in capitals", set("LOGIN.late"), fixed, set("")},
		{"another name after one was left out", set("login.later"), fixed, set("")},
	})
	if got, err := w.tokenIn(owner, pool, "", "login.late", "ann"); got != ann {
		t.Errorf("ann: got %s, %v, want %s as before", got, err, ann)
	}
}

func TestPool_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	unknown := newID(home)
	notFound := "ResourceNotFoundException: IdentityPool '" + unknown + "' not found."
	gone := w.newPool(owner, "")
	w.refuses("DescribeIdentityPool", []refusal{{
		"describe an unknown pool", func() error { return only(w.describePool(unknown)) }, notFound,
		func() error { return only(w.describePool(w.pool)) },
	}})
	w.refuses("UpdateIdentityPool", []refusal{{
		"update an unknown pool",
		func() error { return only(w.update(&api.IdentityPool{IdentityPoolId: unknown, IdentityPoolName: "p"})) }, notFound,
		func() error { return only(w.update(&api.IdentityPool{IdentityPoolId: w.pool, IdentityPoolName: "p"})) },
	}})
	w.refuses("DeleteIdentityPool", []refusal{
		{"delete an unknown pool", func() error { return w.deletePool(unknown) }, notFound, func() error { return w.deletePool(gone) }},
		{"delete a pool again", func() error { return w.deletePool(gone) }, "ResourceNotFoundException: IdentityPool '" + gone + "' not found.",
			func() error { return w.deletePool(w.pool) }},
	})
}

// What providers a pool may have, held to by both operations that set them.
func TestPool_Providers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const badUserPool = "InvalidParameterException: Invalid Cognito Identity Provider"
	badLogin := func(name string) string {
		return "InvalidParameterException: '" + name + "' is not a supported login provider."
	}
	badARN := func(arn string) string { return "InvalidParameterException: '" + arn + "' is not a valid ARN." }

	type change = func(*api.IdentityPool)
	login := func(names ...string) change {
		return func(p *api.IdentityPool) {
			p.SupportedLoginProviders = make(map[string]string)
			for _, name := range names {
				p.SupportedLoginProviders[name] = "app"
			}
		}
	}
	users := func(name, client string) change {
		return func(p *api.IdentityPool) {
			p.CognitoIdentityProviders = []api.CognitoIdentityProvider{{ProviderName: userPool, ClientId: "first"}, {ProviderName: name, ClientId: client}}
		}
	}
	oidc := func(arns ...string) change { return func(p *api.IdentityPool) { p.OpenIdConnectProviderARNs = arns } }
	saml := func(arns ...string) change { return func(p *api.IdentityPool) { p.SamlProviderARNs = arns } }
	both := func(a, b change) change { return func(p *api.IdentityPool) { a(p); b(p) } }
	const (
		oidcARN     = "arn:aws:iam::111122223333:oidc-provider/" + oidcProvider
		strangers   = "arn:aws:iam::444455556666:oidc-provider/" + oidcProvider
		strangersID = "arn:aws:iam::444455556666:saml-provider/corporate"
	)

	rows := []struct {
		name string
		bad  change
		want string
		good change
	}{
		{"unknown login provider", login("login.example.com"), badLogin("login.example.com"), login("appleid.apple.com")},
		{"login provider in capitals", login("Graph.Facebook.com"), badLogin("Graph.Facebook.com"), login(facebook)},
		{"user pool as a login provider", login(userPool), badLogin(userPool), login(google)},
		{"this service as a login provider", login(cognito), badLogin(cognito), login("www.amazon.com")},
		{"one login provider good, two bad", login(google, "b.example", "a.example"), badLogin("a.example"), login(google, facebook)},

		{"no provider name", users("", "7c1"), badUserPool, users(userPool, "7c1")},
		{"no client", users(userPool, ""), badUserPool, users(userPool, "_")},
		{"user pool id alone", users("eu-central-1_AbCdEf123", "7c1"), badUserPool, users(userPool, "7c1")},
		{"user pool of another host", users("cognito-idp.eu-central-1.example.com/eu-central-1_A", "7c1"), badUserPool, users("cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_A", "7c1")},
		{"user pool as a URL", users("https://"+userPool, "7c1"), badUserPool, users(userPool, "7c1")},
		{"user pool with more behind", users(userPool+"/x", "7c1"), badUserPool, users(userPool+"x", "7c1")},
		{"user pool with a line feed", users(userPool+"\n", "7c1"), badUserPool, users(userPool, "7c1")},

		{"OIDC provider of another account", oidc(oidcARN, strangers), badARN(strangers), oidc(oidcARN)},
		{"OIDC provider without a name", oidc("arn:aws:iam::111122223333:oidc-provider/"), badARN("arn:aws:iam::111122223333:oidc-provider/"), oidc(oidcARN)},
		{"OIDC provider, not an ARN", oidc("https://token.example.com"), badARN("https://token.example.com"), oidc(oidcARN)},
		{"OIDC provider with a space", oidc(oidcARN + " x"), badARN(oidcARN + " x"), oidc(oidcARN + "/x")},
		{"SAML provider as an OIDC provider", oidc(samlARN), badARN(samlARN), saml(samlARN)},
		{"OIDC provider as a SAML provider", saml(oidcARN), badARN(oidcARN), oidc(oidcARN)},
		{"SAML provider of another account", saml(strangersID), badARN(strangersID), saml(samlARN)},
		{"role as a SAML provider", saml("arn:aws:iam::111122223333:role/corporate"), badARN("arn:aws:iam::111122223333:role/corporate"), saml(samlARN)},
		{"bad OIDC and SAML providers", both(saml(strangersID), oidc(strangers)), badARN(strangers), both(saml(samlARN), oidc(oidcARN))},
	}
	for operation, set := range map[string]func(*api.IdentityPool) error{
		"CreateIdentityPool": func(p *api.IdentityPool) error { return only(w.create(p)) },
		"UpdateIdentityPool": func(p *api.IdentityPool) error { return only(w.update(p)) },
	} {
		with := func(c change) func() error {
			return func() error {
				p := &api.IdentityPool{IdentityPoolId: w.pool, IdentityPoolName: "p"}
				c(p)
				return set(p)
			}
		}
		var refusals []refusal
		for _, r := range rows {
			refusals = append(refusals, refusal{operation + ", " + r.name, with(r.bad), r.want, with(r.good)})
		}
		w.refuses(operation, refusals)
	}
}

// A developer provider can not have a public provider's name, neither when the pool is
// made nor when it first gets one.
func TestPool_ReservedDeveloperProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	without := w.newPool(owner, "")
	for _, name := range []string{google, facebook, cognito, userPool} {
		want := "InvalidParameterException: '" + name + "' is the name of a public provider and can not be a developer provider name."
		w.refuses("CreateIdentityPool", []refusal{{"create with " + name, func() error {
			return only(w.create(&api.IdentityPool{IdentityPoolName: "p", DeveloperProviderName: name}))
		}, want, func() error {
			return only(w.create(&api.IdentityPool{IdentityPoolName: "p", DeveloperProviderName: "my." + strings.ReplaceAll(name, "/", ".")}))
		}}})
		if got := answer(only(w.update(&api.IdentityPool{IdentityPoolId: without, IdentityPoolName: "p", DeveloperProviderName: name}))); got != want {
			t.Errorf("update with %s: got %s, want %s", name, got, want)
		}
	}

	// Nor that of an OpenID Connect provider which the pool has, whichever of them comes first.
	want := "InvalidParameterException: '" + oidcProvider + "' is the name of a public provider and can not be a developer provider name."
	pool := func(id, developerProvider string, arns ...string) *api.IdentityPool {
		return &api.IdentityPool{IdentityPoolId: id, IdentityPoolName: "p", DeveloperProviderName: developerProvider, OpenIdConnectProviderARNs: arns}
	}
	developers := w.newPool(owner, oidcProvider)
	if err := only(w.update(pool(without, "", oidcARN))); err != nil {
		t.Fatal(err)
	}
	w.refuses("UpdateIdentityPool", []refusal{
		{"a developer provider of the name", func() error { return only(w.update(pool(without, oidcProvider, oidcARN))) }, want,
			func() error { return only(w.update(pool(without, provider, oidcARN))) }},
		{"an OpenID Connect provider of the name", func() error { return only(w.update(pool(developers, "", oidcARN))) }, want,
			func() error { return only(w.update(pool(developers, "", oidcARN+"/path"))) }},
	})
	w.refuses("CreateIdentityPool", []refusal{{"both", func() error { return only(w.create(pool("", oidcProvider, oidcARN))) }, want,
		func() error { return only(w.create(pool("", provider, oidcARN))) }}})
}

func TestDeletePool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.newPool(owner, provider)
	ann, elsewhere := w.user("ann"), must(w.tokenIn(owner, other, "", provider, "ann"))
	if err := w.deletePool(w.pool); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	if pools := slices.Concat(w.pages(w.poolsOf(owner, 1), nil)...); !slices.Equal(pools, []string{other}) {
		t.Errorf("pools: got %q, want %s alone", pools, other)
	}
	if got := answer(only(w.describe(ann))); got != "ResourceNotFoundException: Identity '"+ann+"' not found." {
		t.Errorf("describe an identity of it: got %s", got)
	}
	if got, err := w.tokenIn(owner, other, "", provider, "ann"); got != elsewhere {
		t.Errorf("the same user of another pool: got %s, %v, want %s as before", got, err, elsewhere)
	}
	if got := answer(only(w.tokenIn(owner, other, ann, provider, "new"))); got != "ResourceNotFoundException: Identity '"+ann+"' not found." {
		t.Errorf("token in another pool that names an identity of it: got %s", got)
	}
}

func TestListPools_OldestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newPool(ownerAbroad, "")
	w.newPool(stranger, "")
	want := []api.IdentityPoolShortDescription{{IdentityPoolId: w.pool, IdentityPoolName: "pool"}}
	for n := range 4 {
		w.clock.goOn(time.Second)
		p, err := w.create(&api.IdentityPool{IdentityPoolName: fmt.Sprint("pool ", 9-n)})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, api.IdentityPoolShortDescription{IdentityPoolId: p.IdentityPoolId, IdentityPoolName: p.IdentityPoolName})
	}
	// An update does not make a pool younger.
	w.clock.goOn(time.Second)
	if _, err := w.update(&api.IdentityPool{IdentityPoolId: w.pool, IdentityPoolName: "pool"}); err != nil {
		t.Fatal(err)
	}
	out, err := w.ListIdentityPools(t.Context(), owner, &api.ListIdentityPoolsInput{MaxResults: 60})
	if diff := cmp.Diff(&api.ListIdentityPoolsOutput{IdentityPools: want}, out); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	// A pool that is made between two pages comes last, and none is listed twice.
	pages := w.pages(w.poolsOf(owner, 2), func(page int) {
		if page == 1 {
			w.clock.goOn(time.Second)
			want = append(want, api.IdentityPoolShortDescription{IdentityPoolId: w.newPool(owner, "")})
		}
	})
	var ids []string
	for _, p := range want {
		ids = append(ids, p.IdentityPoolId)
	}
	if got := slices.Concat(pages...); !slices.Equal(got, ids) {
		t.Errorf("got %q, want %q", got, ids)
	}
	none, err := w.ListIdentityPools(t.Context(), rootOf("777788889999", home), &api.ListIdentityPoolsInput{MaxResults: 1})
	if err != nil || none.IdentityPools == nil || len(none.IdentityPools) > 0 || none.NextToken != "" {
		t.Errorf("account without pools: got %+v, %v, want an empty list", none, err)
	}
}

// What the service was given and what it gave stay apart from what it keeps.
func TestPool_IsNotShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := fullPool()
	created, err := w.create(in)
	if err != nil {
		t.Fatal(err)
	}
	want := fullPool()
	want.IdentityPoolId = created.IdentityPoolId
	in.IdentityPoolTags["team"] = "spoilt"
	in.SupportedLoginProviders[google] = "spoilt"
	in.SamlProviderARNs[0] = "spoilt"
	in.CognitoIdentityProviders[0].ClientId = "spoilt"
	if got, err := w.describePool(created.IdentityPoolId); err != nil || !cmp.Equal(got, want) {
		t.Errorf("after a change of the input: %v (-want +got)\n%s", err, cmp.Diff(want, got))
	}
	arn := identity.PoolARN(owner.Account, created.IdentityPoolId)
	for name, change := range map[string]func() error{
		"tag":   func() error { return w.tag(arn, map[string]string{"new": ""}) },
		"untag": func() error { return w.untag(arn, "team") },
	} {
		given := must(w.describePool(created.IdentityPoolId))
		before := maps.Clone(given.IdentityPoolTags)
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, given.IdentityPoolTags); diff != "" {
			t.Errorf("%s changed an answer given before (-before +after)\n%s", name, diff)
		}
	}
}
