package identity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// byRules is a role mapping of rules: each has claim, match, value and the name of a role.
func byRules(resolution string, rules ...[4]string) api.RoleMapping {
	m := api.RoleMapping{Type: "Rules", AmbiguousRoleResolution: resolution, RulesConfiguration: new(api.RulesConfigurationType)}
	for _, r := range rules {
		m.RulesConfiguration.Rules = append(m.RulesConfiguration.Rules, api.MappingRule{Claim: r[0], MatchType: r[1], Value: r[2], RoleARN: arnOf(r[3])})
	}
	return m
}

func byToken(resolution string) api.RoleMapping {
	return api.RoleMapping{Type: "Token", AmbiguousRoleResolution: resolution}
}

func (w *world) getRoles() *api.GetIdentityPoolRolesOutput {
	w.Helper()
	out, err := w.GetIdentityPoolRoles(w.Context(), owner, &api.GetIdentityPoolRolesInput{IdentityPoolId: w.pool})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func TestRoles_SetReplacesGetReturns(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	both := map[string]string{"authenticated": arnOf("users"), "unauthenticated": arnOf("guests")}
	mappings := map[string]api.RoleMapping{
		google:                   byRules("Deny", [4]string{"sub", "Equals", "1", "one"}, [4]string{"sub", "NotEqual", "1", "path/two"}),
		userPool + ":7c1example": byToken("AuthenticatedRole"),
		oidcARN:                  byRules("AuthenticatedRole", [4]string{"a", "StartsWith", "b", "one"}),
		samlARN:                  byToken("Deny"),
	}
	for _, tc := range []struct {
		name     string
		roles    map[string]string
		mappings map[string]api.RoleMapping
	}{
		{"nothing", nil, nil},
		{"both roles", both, nil},
		{"one role", map[string]string{"unauthenticated": arnOf("guests")}, nil},
		{"mappings", both, mappings},
		{"one mapping", both, map[string]api.RoleMapping{google: mappings[google]}},
		{"nothing again", nil, nil},
	} {
		w.setRoles(tc.roles, tc.mappings)
		w.reopen()
		want := &api.GetIdentityPoolRolesOutput{IdentityPoolId: w.pool, Roles: tc.roles, RoleMappings: tc.mappings}
		if diff := cmp.Diff(want, w.getRoles()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}

	// An update of the pool is another matter, and leaves them.
	w.setRoles(both, mappings)
	w.setTags(google, new(true), nil)
	before, tags := w.getRoles(), w.getTags(google)
	if err := w.setPool(func(p *api.IdentityPool) { p.SupportedLoginProviders = nil }); err != nil {
		t.Fatal(err)
	}
	if err := w.setPool(func(*api.IdentityPool) {}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.getRoles()); diff != "" {
		t.Errorf("roles after updates of the pool (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(tags, w.getTags(google)); diff != "" {
		t.Errorf("tag map after updates of the pool (-want +got)\n%s", diff)
	}
}

func TestRoles_Refusals(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	unknown, strangersPool := newID(home), w.newPool(stranger, "")
	set := func(c identity.Caller, pool string, roles map[string]string, mappings map[string]api.RoleMapping) func() error {
		return func() error {
			return w.SetIdentityPoolRoles(t.Context(), c, &api.SetIdentityPoolRolesInput{IdentityPoolId: pool, Roles: roles, RoleMappings: mappings})
		}
	}
	role1 := func(arn string) map[string]string { return map[string]string{"authenticated": arn} }
	roles := func(arn string) func() error { return set(owner, w.pool, role1(arn), nil) }
	mapped := func(key string, m api.RoleMapping) func() error {
		return set(owner, w.pool, nil, map[string]api.RoleMapping{key: m})
	}
	user := owner
	user.Principal = "arn:aws:iam::111122223333:user/ann"
	w.roles.add(arnOf("users"), role{audience: w.pool, passers: []string{owner.Principal}})
	w.roles.add(arnOf("other"), role{audience: w.pool})
	w.roles.add("arn:aws:iam::444455556666:role/r", role{audience: w.pool, passers: []string{owner.Principal}})
	fine, rule := roles(arnOf("users")), [4]string{"sub", "Equals", "1", "users"}
	notFound := func(pool string) string { return "ResourceNotFoundException: IdentityPool '" + pool + "' not found." }
	noPass := func(arn string) string { return "NotAuthorizedException: Access to Role '" + arn + "' is forbidden." }
	noARN := func(arn string) string { return "InvalidParameterException: '" + arn + "' is not a valid ARN." }
	noKey := func(key string) string {
		return "InvalidParameterException: " + key + " is not a valid RoleMapping ProviderName or is not a configured provider."
	}
	incomplete := func(member string) string {
		return "InvalidParameterException: " + member + " is required for the role mapping of " + google + "."
	}
	noRules := byRules("Deny")
	noRules.RulesConfiguration = nil
	rows := []refusal{
		{"unknown pool", set(owner, unknown, nil, nil), notFound(unknown), fine},
		{"another account's pool", set(owner, strangersPool, nil, nil), notFound(strangersPool), set(stranger, strangersPool, nil, nil)},
		{"role that nobody may pass", roles(arnOf("other")), noPass(arnOf("other")), fine},
		{"role that another may pass", set(user, w.pool, role1(arnOf("users")), nil), noPass(arnOf("users")), fine},
		{"role that is not there", roles(arnOf("none")), noPass(arnOf("none")), fine},
		{"role of another account", roles("arn:aws:iam::444455556666:role/r"), noPass("arn:aws:iam::444455556666:role/r"), fine},
		{"role of a rule", mapped(google, byRules("Deny", rule, [4]string{"a", "Equals", "b", "other"})), noPass(arnOf("other")), mapped(google, byRules("Deny", rule))},
		{"no resolution", mapped(google, byRules("", rule)), incomplete("AmbiguousRoleResolution"), mapped(google, byRules("Deny", rule))},
		{"no resolution, by token", mapped(google, byToken("")), incomplete("AmbiguousRoleResolution"), mapped(google, byToken("Deny"))},
		{"no rules", mapped(google, noRules), incomplete("RulesConfiguration"), mapped(google, byToken("Deny"))},
		{"26 rules", mapped(google, byRules("Deny", slices.Repeat([][4]string{rule}, 26)...)), "InvalidParameterException: A role mapping can not have more than 25 rules.", mapped(google, byRules("Deny", slices.Repeat([][4]string{rule}, 25)...))},
	}
	for _, arn := range []string{"arn:aws:iam::111122223333:user/a-name", "arn:aws:iam::111122223333:role/", "administrators of all", arnOf("a b"), arnOf("a") + "\n", "arn:aws:iam::1:role/administrator"} {
		rows = append(rows, refusal{"role " + arn, roles(arn), noARN(arn), fine})
	}
	for key, twin := range map[string]string{
		facebook: google, userPool: userPool + ":7c1example", userPool + ":other": userPool + ":7c1example",
		oidcProvider: oidcARN, "corporate": samlARN, provider: google, cognito: google, strings.ToUpper(google): google,
	} {
		rows = append(rows, refusal{"mapping of " + key, mapped(key, byToken("Deny")), noKey(key), mapped(twin, byToken("Deny"))})
	}
	w.refuses("SetIdentityPoolRoles", rows)
	get := func(c identity.Caller, pool string) func() error {
		return func() error {
			return only(w.GetIdentityPoolRoles(t.Context(), c, &api.GetIdentityPoolRolesInput{IdentityPoolId: pool}))
		}
	}
	w.refuses("GetIdentityPoolRoles", []refusal{
		{"unknown pool", get(owner, unknown), notFound(unknown), get(owner, w.pool)},
		{"another account's pool", get(owner, strangersPool), notFound(strangersPool), get(stranger, strangersPool)},
	})
}

// A role that any pool anywhere could take is warned of, or refused.
func TestRoles_UnsafeTrust(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	unsafe, safe := arnOf("unsafe"), arnOf("safe")
	w.roles.add(unsafe, role{passers: []string{owner.Principal}})
	w.roles.add(safe, role{audience: w.pool, passers: []string{owner.Principal}})
	set := func(arn string) func() error {
		return func() error {
			return w.SetIdentityPoolRoles(t.Context(), owner, &api.SetIdentityPoolRolesInput{IdentityPoolId: w.pool, Roles: map[string]string{"authenticated": arn}})
		}
	}
	for _, arn := range []string{safe, unsafe} {
		if err := set(arn)(); err != nil {
			t.Errorf("%s: %v", arn, err)
		}
	}
	if want := []string{"role " + unsafe + ": its trust policy does not ask for an audience."}; !slices.Equal(w.roles.notes, want) {
		t.Errorf("got warnings %q, want %q", w.roles.notes, want)
	}
	var err error
	w.Service, err = identity.New(identity.Config{
		Store: w.store, Issuer: w.ring, Seal: w.seal, Regions: []string{home}, NewGUID: func() string { return "" },
		Roles: &w.roles, RefuseUnsafeTrust: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.refuses("SetIdentityPoolRoles", []refusal{{
		"unsafe", set(unsafe), "InvalidParameterException: Role '" + unsafe + "' can not be used with this identity pool: its trust policy does not ask for an audience.", set(safe),
	}})
}

// Which role follows from which claims.
func TestRoles_Chosen(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	key := userPool + ":7c1example"
	ann := w.person(userPool, "ann")
	ambiguous := "NotAuthorizedException: The ambiguous role mapping rules for: " + key + " denied this request."
	no := func(name string) string {
		return "NotAuthorizedException: Access to Role '" + arnOf(name) + "' is forbidden."
	}
	rule := func(match, value string) api.RoleMapping { return byRules("Deny", [4]string{"c", match, value, "a"}) }
	two := byRules("AuthenticatedRole", [4]string{"c", "Equals", "x", "a"}, [4]string{"d", "StartsWith", "y", "b"}, [4]string{"e", "NotEqual", "z", "c"})
	tokenOr, tokenDeny := byToken("AuthenticatedRole"), byToken("Deny")
	for _, tc := range []struct {
		name    string
		mapping api.RoleMapping
		claims  []string
		custom  string
		want    string // the name of a role, or a refusal
	}{
		{"equal", rule("Equals", "x"), []string{"c", "x"}, "", "a"},
		{"equal but for case", rule("Equals", "x"), []string{"c", "X"}, "", ambiguous},
		{"equal but for a blank", rule("Equals", "x"), []string{"c", "x "}, "", ambiguous},
		{"one of several is equal", rule("Equals", "x"), []string{"c", "y", "c", "x"}, "", "a"},
		{"claim is missing", rule("Equals", "x"), nil, "", ambiguous},
		{"claim of another name", rule("Equals", "x"), []string{"C", "x"}, "", ambiguous},
		{"contains", rule("Contains", "x"), []string{"c", "axb"}, "", "a"},
		{"contains not", rule("Contains", "x"), []string{"c", "ab"}, "", ambiguous},
		{"one of several contains", rule("Contains", "min"), []string{"c", "user", "c", "admins"}, "", "a"},
		{"contains, over a border", rule("Contains", "ab"), []string{"c", "a", "c", "b"}, "", ambiguous},
		{"contains, missing", rule("Contains", "x"), nil, "", ambiguous},
		{"starts with", rule("StartsWith", "x"), []string{"c", "xy"}, "", "a"},
		{"starts with not", rule("StartsWith", "x"), []string{"c", "yx"}, "", ambiguous},
		{"not equal", rule("NotEqual", "x"), []string{"c", "y"}, "", "a"},
		{"not equal, but it is", rule("NotEqual", "x"), []string{"c", "x"}, "", ambiguous},
		{"not equal, one of several is", rule("NotEqual", "x"), []string{"c", "y", "c", "x"}, "", ambiguous},
		{"not equal, missing", rule("NotEqual", "x"), nil, "", ambiguous},

		{"first of the rules that match", two, []string{"c", "x", "d", "y"}, "", "a"},
		{"second rule", two, []string{"c", "w", "d", "y"}, "", "b"},
		{"third rule", two, []string{"e", "y"}, "", "c"},
		{"no rule", two, nil, "", "users"},
		{"custom role, which a later rule gives", two, []string{"c", "x", "d", "y"}, "b", "b"},
		{"custom role, which the first rule gives", two, []string{"c", "x", "d", "y"}, "a", "a"},
		{"custom role, whose rule does not match", two, []string{"c", "x"}, "b", no("b")},
		{"custom role, of no rule", two, []string{"c", "x"}, "users", no("users")},
		{"custom role, no rule matches", two, nil, "users", no("users")},

		{"preferred role", tokenDeny, []string{"cognito:preferred_role", arnOf("a"), "cognito:roles", arnOf("b")}, "", "a"},
		{"preferred role alone", tokenDeny, []string{"cognito:preferred_role", arnOf("a")}, "", "a"},
		{"two preferred roles", tokenDeny, []string{"cognito:preferred_role", arnOf("a"), "cognito:preferred_role", arnOf("b")}, "", ambiguous},
		{"several roles, none preferred", tokenDeny, []string{"cognito:roles", arnOf("a"), "cognito:roles", arnOf("b")}, "", ambiguous},
		{"several roles, none preferred, default", tokenOr, []string{"cognito:roles", arnOf("a"), "cognito:roles", arnOf("b")}, "", "users"},
		{"no claims", tokenDeny, nil, "", ambiguous},
		{"no claims, default", tokenOr, nil, "", "users"},
		{"custom role of the list", tokenDeny, []string{"cognito:preferred_role", arnOf("a"), "cognito:roles", arnOf("a"), "cognito:roles", arnOf("b")}, "b", "b"},
		{"custom role of a text with commas", tokenDeny, []string{"cognito:roles", arnOf("a") + ", " + arnOf("b")}, "b", "b"},
		{"custom role, not of the list", tokenOr, []string{"cognito:preferred_role", arnOf("a"), "cognito:roles", arnOf("a")}, "c", no("c")},
		{"custom role, the default", tokenOr, []string{"cognito:roles", arnOf("a")}, "users", no("users")},
		{"custom role, no claims", tokenOr, nil, "a", no("a")},
		{"custom role, part of one", tokenOr, []string{"cognito:roles", arnOf("ab")}, "a", no("a")},
	} {
		w.mapRole(key, tc.mapping)
		for _, name := range []string{"a", "b", "c", "ab"} {
			w.roles.add(arnOf(name), role{audience: w.pool, passers: []string{owner.Principal}})
		}
		custom := ""
		if tc.custom != "" {
			custom = arnOf(tc.custom)
		}
		f, err := w.credentialsOf(ann, custom, logins(userPool, w.notary.vouch(userPool, "ann", tc.claims...)))
		got := strings.TrimPrefix(f.RoleARN, arnOf(""))
		if err != nil {
			got = answer(err)
		}
		if got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

// Mappings are of one provider, and not of guests, nor of developer users.
func TestRoles_WithoutMapping(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	w.setRoles(map[string]string{"authenticated": arnOf("users"), "unauthenticated": arnOf("guests")}, map[string]api.RoleMapping{
		google: byToken("Deny"), oidcARN: byRules("Deny", [4]string{"sub", "Equals", "ann", "oidc"}), samlARN: byRules("Deny", [4]string{"sub", "Equals", "ann", "saml"}),
	})
	ann := must(w.tokenBy("", provider, "ann", google, "ann", userPool, "ann", oidcProvider, "ann", samlARN, "ann"))
	guest := w.guest()
	denied := "NotAuthorizedException: The ambiguous role mapping rules for: " + google + " denied this request."
	no := func(name string) string {
		return "NotAuthorizedException: Access to Role '" + arnOf(name) + "' is forbidden."
	}
	for _, tc := range []struct {
		name   string
		id     string
		logins map[string]api.Secret
		custom string
		want   string
	}{
		{"guest", guest, nil, "", "guests"},
		{"guest asks for it", guest, nil, "guests", "guests"},
		{"guest asks for another", guest, nil, "users", no("users")},
		{"developer user", ann, w.ownToken("ann", nil), "", "users"},
		{"developer user asks for it", ann, w.ownToken("ann", nil), "users", "users"},
		{"developer user asks for another", ann, w.ownToken("ann", nil), "oidc", no("oidc")},
		{"provider without a mapping", ann, w.by(userPool, "ann"), "", "users"},
		{"provider without a mapping, another role", ann, w.by(userPool, "ann"), "saml", no("saml")},
		{"provider with a mapping", ann, w.by(google, "ann"), "", denied},
		{"OpenID Connect provider", ann, w.by(oidcProvider, "ann"), "", "oidc"},
		{"SAML provider", ann, w.by(samlARN, "ann"), "", "saml"},
		{"with and without", ann, w.by(userPool, "ann", oidcProvider, "ann"), "", "oidc"},
		{"two mappings", ann, w.by(samlARN, "ann", oidcProvider, "ann"), "", "saml"}, // arn: is before token.
		{"two mappings, one denies", ann, w.by(google, "ann", oidcProvider, "ann"), "", denied},
	} {
		custom := ""
		if tc.custom != "" {
			custom = arnOf(tc.custom)
		}
		f, err := w.credentialsOf(tc.id, custom, tc.logins)
		got := strings.TrimPrefix(f.RoleARN, arnOf(""))
		if err != nil {
			got = answer(err)
		}
		if got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}
