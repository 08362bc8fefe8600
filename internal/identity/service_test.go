package identity_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func TestNew_Config(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := identity.Config{Store: w.store, Issuer: w.ring, Seal: w.seal, Regions: []string{home}, NewGUID: uuid.NewString}
	for field, drop := range map[string]func(*identity.Config){
		"Store":   func(c *identity.Config) { c.Store = nil },
		"Issuer":  func(c *identity.Config) { c.Issuer = nil },
		"Seal":    func(c *identity.Config) { c.Seal = nil },
		"Regions": func(c *identity.Config) { c.Regions = nil },
		"NewGUID": func(c *identity.Config) { c.NewGUID = nil },
	} {
		c := full
		drop(&c)
		if s, err := identity.New(c); s != nil || err == nil || !strings.Contains(err.Error(), "Config."+field+" ") {
			t.Errorf("without %s: got %v, %v, want an error that names it", field, s, err)
		}
		if _, err := identity.New(identity.Config{}); err == nil || !strings.Contains(err.Error(), "Config."+field+" ") {
			t.Errorf("without anything: got %v, want an error that names %s", err, field)
		}
	}
	if _, err := identity.New(full); err != nil {
		t.Errorf("with everything: %v", err)
	}
}

func TestPool_CloneIsDeep(t *testing.T) {
	t.Parallel()
	pool := func() *identity.Pool {
		return &identity.Pool{
			LoginProviders: map[string]string{"a": "b"}, Tags: map[string]string{"a": "b"},
			OpenIDConnectProviders: []string{"a"}, SAMLProviders: []string{"a"},
			CognitoProviders: []identity.CognitoProvider{{ProviderName: "a"}},
			RoleMappings:     map[string]identity.RoleMapping{"a": {Rules: []identity.MappingRule{{Claim: "b"}}}},
			TagMaps:          map[string]identity.TagMap{"a": {Tags: map[string]string{"b": "c"}}},
		}
	}
	p := pool()
	c := p.Clone()
	if diff := cmp.Diff(pool(), c); diff != "" {
		t.Errorf("clone (-want +got)\n%s", diff)
	}
	c.LoginProviders["a"], c.Tags["a"] = "", ""
	c.OpenIDConnectProviders[0], c.SAMLProviders[0], c.CognitoProviders[0].ProviderName = "", "", ""
	c.RoleMappings["a"].Rules[0].Claim, c.TagMaps["a"].Tags["b"] = "", ""
	c.RoleMappings["d"], c.TagMaps["d"] = identity.RoleMapping{}, identity.TagMap{}
	if diff := cmp.Diff(pool(), p); diff != "" {
		t.Errorf("original after a change of its clone (-want +got)\n%s", diff)
	}
}
