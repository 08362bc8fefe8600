package identity_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func (w *world) setTags(name string, defaults *bool, tags map[string]string) {
	w.Helper()
	_, err := w.SetPrincipalTagAttributeMap(w.Context(), owner, &api.SetPrincipalTagAttributeMapInput{
		IdentityPoolId: w.pool, IdentityProviderName: name, UseDefaults: defaults, PrincipalTags: tags,
	})
	if err != nil {
		w.Fatalf("set tags of %s: %v", name, err)
	}
}

func (w *world) getTags(name string) *api.GetPrincipalTagAttributeMapOutput {
	w.Helper()
	out, err := w.GetPrincipalTagAttributeMap(w.Context(), owner, &api.GetPrincipalTagAttributeMapInput{IdentityPoolId: w.pool, IdentityProviderName: name})
	if err != nil {
		w.Fatalf("get tags of %s: %v", name, err)
	}
	return out
}

func TestPrincipalTagMap_SetReplacesGetReturns(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	for _, name := range []string{google, userPool, userPool + ":7c1example", oidcProvider, oidcARN, samlARN} {
		want := &api.GetPrincipalTagAttributeMapOutput{IdentityPoolId: w.pool, IdentityProviderName: name}
		if got := w.getTags(name); name != oidcARN && !cmp.Equal(want, got) {
			t.Errorf("%s: got %+v, want nothing", name, got)
		}
		for _, tags := range []map[string]string{{"a": "b", "c": "d"}, {"e": "f"}, nil} {
			for _, defaults := range []*bool{nil, new(true), new(false)} {
				out, err := w.SetPrincipalTagAttributeMap(t.Context(), owner, &api.SetPrincipalTagAttributeMapInput{
					IdentityPoolId: w.pool, IdentityProviderName: name, UseDefaults: defaults, PrincipalTags: tags,
				})
				if err != nil {
					t.Fatal(err)
				}
				want.UseDefaults, want.PrincipalTags = new(defaults != nil && *defaults), tags
				if diff := cmp.Diff(want, w.getTags(name)); diff != "" {
					t.Errorf("%s: get (-want +got)\n%s", name, diff)
				}
				if diff := cmp.Diff(want, (*api.GetPrincipalTagAttributeMapOutput)(out)); diff != "" {
					t.Errorf("%s: set (-want +got)\n%s", name, diff)
				}
			}
		}
	}
	// One map, under either name of the provider.
	w.setTags(oidcARN, nil, map[string]string{"a": "b"})
	if diff := cmp.Diff(map[string]string{"a": "b"}, w.getTags(oidcProvider).PrincipalTags); diff != "" {
		t.Errorf("set by ARN, got by name (-want +got)\n%s", diff)
	}
}

func TestPrincipalTagMap_Refusals(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	unknown, strangersPool := newID(home), w.newPool(stranger, "")
	set := func(c identity.Caller, pool, name string, tags map[string]string) func() error {
		return func() error {
			return only(w.SetPrincipalTagAttributeMap(t.Context(), c, &api.SetPrincipalTagAttributeMapInput{IdentityPoolId: pool, IdentityProviderName: name, PrincipalTags: tags}))
		}
	}
	get := func(c identity.Caller, pool, name string, _ map[string]string) func() error {
		return func() error {
			return only(w.GetPrincipalTagAttributeMap(t.Context(), c, &api.GetPrincipalTagAttributeMapInput{IdentityPoolId: pool, IdentityProviderName: name}))
		}
	}
	for operation, call := range map[string]func(identity.Caller, string, string, map[string]string) func() error{
		"SetPrincipalTagAttributeMap": set, "GetPrincipalTagAttributeMap": get,
	} {
		fine := call(owner, w.pool, google, nil)
		rows := []refusal{
			{"unknown pool", call(owner, unknown, google, nil), "ResourceNotFoundException: IdentityPool '" + unknown + "' not found.", fine},
			{"another account's pool", call(owner, strangersPool, google, nil), "ResourceNotFoundException: IdentityPool '" + strangersPool + "' not found.", fine},
		}
		for _, name := range []string{facebook, provider, cognito, "corporate", userPool + ":other", strings.ToUpper(google), oidcARN + "2"} {
			rows = append(rows, refusal{"provider " + name, call(owner, w.pool, name, nil), "InvalidParameterException: '" + name + "' is not a provider of this identity pool.", fine})
		}
		w.refuses(operation, rows)
	}
	of := func(tags map[string]string) func() error { return set(owner, w.pool, google, tags) }
	w.refuses("SetPrincipalTagAttributeMap", []refusal{
		{"keys that differ by case", of(map[string]string{"a": "b", "A": "c"}), "InvalidParameterException: Duplicate tag keys found. Please note that Tag keys are case insensitive.", of(map[string]string{"a": "b", "b": "b"})},
		{"461 bytes", of(map[string]string{"a": strings.Repeat("b", 256), "c": strings.Repeat("d", 203)}), "InvalidParameterException: The tag keys and attribute names of a provider can not be longer than 460 bytes together.", of(map[string]string{"a": strings.Repeat("b", 256), "c": strings.Repeat("d", 202)})},
	})
}

// What follows from a login, by what is set for its provider.
func TestPrincipalTagMap_Tags(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	w.giveRoles()
	const (
		nameIdentifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
		samlName       = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
	)
	ids := make(map[string]string)
	for _, name := range publicProviders {
		ids[name] = w.person(name, "ann")
	}
	for _, tc := range []struct {
		name          string
		provider, key string
		defaults      bool
		tags          map[string]string
		claims        []string
		want          map[string]string
	}{
		{"nothing set", google, google, false, nil, []string{"email", "a"}, nil},
		{"one claim", google, google, false, map[string]string{"mail": "email"}, []string{"email", "a"}, map[string]string{"mail": "a"}},
		{"missing claim", google, google, false, map[string]string{"mail": "email", "who": "sub"}, nil, map[string]string{"who": "ann"}},
		{"empty claim", google, google, false, map[string]string{"mail": "email"}, []string{"email", ""}, nil},
		{"claim with two values", google, google, false, map[string]string{"g": "groups"}, []string{"groups", "a", "groups", "b"}, nil},
		{"defaults", google, google, true, map[string]string{"mail": "email"}, []string{"email", "a"}, map[string]string{"username": "ann", "client": "app.apps.googleusercontent.com"}},
		{"defaults of a user pool", userPool, userPool, true, nil, nil, map[string]string{"username": "ann", "client": "7c1example"}},
		{"user pool with its client", userPool, userPool + ":7c1example", true, nil, nil, map[string]string{"username": "ann", "client": "7c1example"}},
		{"defaults, by ARN", oidcProvider, oidcARN, true, nil, nil, map[string]string{"username": "ann", "client": "app"}},
		{"defaults of SAML", samlARN, samlARN, true, nil, []string{nameIdentifier, "1", samlName, "Ann"}, map[string]string{"username": "Ann", "client": "1"}},
		{"defaults of SAML, missing", samlARN, samlARN, true, nil, nil, nil},
	} {
		if !w.setsFresh(tc.key, tc.defaults, tc.tags) {
			continue
		}
		f, err := w.credentialsOf(ids[tc.provider], "", logins(tc.provider, w.notary.vouch(tc.provider, "ann", tc.claims...)))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.want, f.Tags); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

// setsFresh sets the only tag map that the world's pool has.
func (w *world) setsFresh(name string, defaults bool, tags map[string]string) bool {
	w.Helper()
	err := w.store.Update(w.Context(), func(tx identity.Tx) error {
		p, err := tx.Pool(w.pool)
		if err != nil {
			return err
		}
		p = p.Clone()
		p.TagMaps = nil
		return tx.UpdatePool(p)
	})
	if err != nil {
		w.Error(err)
		return false
	}
	w.setTags(name, &defaults, tags)
	return true
}
