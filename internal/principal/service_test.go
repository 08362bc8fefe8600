package principal_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

func TestNew_Config(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := principal.Config{Store: w.store, Seal: w.seal, NewID: newID}
	for field, drop := range map[string]func(*principal.Config){
		"Store": func(c *principal.Config) { c.Store = nil },
		"Seal":  func(c *principal.Config) { c.Seal = nil },
		"NewID": func(c *principal.Config) { c.NewID = nil },
	} {
		c := full
		drop(&c)
		if s, err := principal.New(c); s != nil || err == nil || !strings.Contains(err.Error(), "Config."+field+" ") {
			t.Errorf("without %s: got %v, %v, want an error that names it", field, s, err)
		}
		if _, err := principal.New(principal.Config{}); err == nil || !strings.Contains(err.Error(), "Config."+field+" ") {
			t.Errorf("without anything: got %v, want an error that names %s", err, field)
		}
	}
	if _, err := principal.New(full); err != nil {
		t.Errorf("with everything: %v", err)
	}
}

func TestRecords_CloneIsDeep(t *testing.T) {
	t.Parallel()
	entity := func() principal.Entity { return principal.Entity{Name: "n", Tags: map[string]string{"a": "b"}} }
	can := func() principal.Permissions {
		return principal.Permissions{Inline: map[string]string{"a": "b"}, Attached: []string{"a"}}
	}
	spoil := func(e principal.Entity, p principal.Permissions) {
		e.Tags["a"], p.Inline["a"], p.Attached[0] = "", "", ""
	}
	user := &principal.User{Entity: entity(), Permissions: can()}
	u := user.Clone()
	role := &principal.Role{Entity: entity(), Permissions: can()}
	r := role.Clone()
	policy := &principal.Policy{Entity: entity(), Versions: []principal.PolicyVersion{{ID: "v1"}}}
	p := policy.Clone()
	oidc := &principal.OIDCProvider{Entity: entity(), ClientIDs: []string{"a"}, Thumbprints: []string{"a"}}
	o := oidc.Clone()
	saml := &principal.SAMLProvider{Entity: entity()}
	s := saml.Clone()
	for _, pair := range [][2]any{{user, u}, {role, r}, {policy, p}, {oidc, o}, {saml, s}} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("clone (-want +got)\n%s", diff)
		}
	}
	spoil(u.Entity, u.Permissions)
	spoil(r.Entity, r.Permissions)
	spoil(p.Entity, can())
	spoil(o.Entity, can())
	spoil(s.Entity, can())
	p.Versions[0].ID, o.ClientIDs[0], o.Thumbprints[0] = "", "", ""
	for _, pair := range [][2]any{
		{user, &principal.User{Entity: entity(), Permissions: can()}},
		{role, &principal.Role{Entity: entity(), Permissions: can()}},
		{policy, &principal.Policy{Entity: entity(), Versions: []principal.PolicyVersion{{ID: "v1"}}}},
		{oidc, &principal.OIDCProvider{Entity: entity(), ClientIDs: []string{"a"}, Thumbprints: []string{"a"}}},
		{saml, &principal.SAMLProvider{Entity: entity()}},
	} {
		if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
			t.Errorf("original after a change of its clone (-want +got)\n%s", diff)
		}
	}
}

func TestGetCallerIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	for name, tc := range map[string]struct {
		c    api.Caller
		want api.GetCallerIdentityOutput
	}{
		"root": {owner, api.GetCallerIdentityOutput{UserId: "111122223333", Account: "111122223333", Arn: "arn:aws:iam::111122223333:root"}},
		"user": {ann, api.GetCallerIdentityOutput{UserId: ann.ID, Account: "111122223333", Arn: "arn:aws:iam::111122223333:user/ann"}},
	} {
		got := must(w.GetCallerIdentity(t.Context(), tc.c, &api.GetCallerIdentityInput{}))
		if diff := cmp.Diff(&tc.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
