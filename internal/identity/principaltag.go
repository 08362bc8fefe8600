package identity

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// The default mapping: who the user is, and for which application. For SAML, two names.
// Source: the default provider mappings page of the Cognito developer guide, which does not
// tell the keys; those are the words of the API's documentation.
const (
	tagUsername = "username"
	tagClient   = "client"

	samlNameIdentifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
	samlName           = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
)

// maxTagMap is how many bytes the keys and the names of claims of a tag map may have together.
// Source: the attributes for access control page of the Cognito developer guide.
const maxTagMap = 460

// SetPrincipalTagAttributeMap sets which claims of a provider's logins become principal tags.
func (s *Service) SetPrincipalTagAttributeMap(ctx context.Context, c Caller, in *api.SetPrincipalTagAttributeMapInput) (*api.SetPrincipalTagAttributeMapOutput, error) {
	m := TagMap{Defaults: in.UseDefaults != nil && *in.UseDefaults, Tags: maps.Clone(in.PrincipalTags)}
	if err := m.check(); err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx Tx) (*api.SetPrincipalTagAttributeMapOutput, error) {
		p, key, err := s.tagMapKey(tx, c, in.IdentityPoolId, in.IdentityProviderName)
		if err != nil {
			return nil, err
		}
		p = p.Clone()
		if p.TagMaps == nil {
			p.TagMaps = make(map[string]TagMap)
		}
		p.TagMaps[key] = m
		p.Modified = tx.Now()
		if err := tx.UpdatePool(p); err != nil {
			return nil, fmt.Errorf("set principal tags of identity pool %s: %w", p.ID, err)
		}
		return &api.SetPrincipalTagAttributeMapOutput{
			IdentityPoolId: p.ID, IdentityProviderName: in.IdentityProviderName, UseDefaults: &m.Defaults, PrincipalTags: in.PrincipalTags,
		}, nil
	})
}

// GetPrincipalTagAttributeMap returns what SetPrincipalTagAttributeMap has set.
func (s *Service) GetPrincipalTagAttributeMap(ctx context.Context, c Caller, in *api.GetPrincipalTagAttributeMapInput) (*api.GetPrincipalTagAttributeMapOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetPrincipalTagAttributeMapOutput, error) {
		p, key, err := s.tagMapKey(tx, c, in.IdentityPoolId, in.IdentityProviderName)
		if err != nil {
			return nil, err
		}
		out := &api.GetPrincipalTagAttributeMapOutput{IdentityPoolId: p.ID, IdentityProviderName: in.IdentityProviderName}
		if m, ok := p.TagMaps[key]; ok {
			out.UseDefaults, out.PrincipalTags = &m.Defaults, m.Tags
		}
		return out, nil
	})
}

// tagMapKey returns a pool and the key under which it keeps the tag map of a provider: the
// key of Logins. An OpenID Connect provider may be given by its ARN, and a user pool
// with a client.
func (s *Service) tagMapKey(tx Tx, c Caller, pool, provider string) (p *Pool, key string, err error) {
	if p, err = s.pool(tx, c, pool); err != nil {
		return nil, "", err
	}
	if p.hasPublicProvider(provider) {
		return p, provider, nil
	}
	if slices.Contains(p.OpenIDConnectProviders, provider) {
		name, _ := providerOfARN(p.Account, "oidc-provider", provider)
		return p, name, nil
	}
	for _, u := range p.CognitoProviders {
		if provider == u.ProviderName+":"+u.ClientID {
			return p, provider, nil
		}
	}
	return nil, "", api.ProviderNotConfigured.With(provider)
}

func (m TagMap) check() error {
	size := 0
	keys := make(map[string]bool)
	for key, claim := range m.Tags {
		size += len(key) + len(claim)
		keys[strings.ToLower(key)] = true
	}
	switch {
	case len(keys) < len(m.Tags):
		return api.DuplicatePrincipalTags.With()
	case size > maxTagMap:
		return api.TagMapTooLarge.With(maxTagMap)
	}
	return nil
}

// tagsFrom returns principal tags: those given, and those that follow from logins. Of several
// with one key, which has no case, the given one counts, and else the first. A claim
// that is missing, or that has several values, makes no tag.
func (p *Pool) tagsFrom(logins []*Verified, given map[string]string) map[string]string {
	var tags map[string]string
	seen := make(map[string]bool)
	for key := range given {
		seen[strings.ToLower(key)] = true
	}
	for _, v := range logins {
		m, ok := p.TagMaps[v.Provider]
		if !ok {
			m = p.TagMaps[v.mappingKey()]
		}
		values := m.values(v)
		for _, key := range sortedKeys(values) {
			if folded := strings.ToLower(key); !seen[folded] {
				seen[folded] = true
				tags = with(tags, key, values[key])
			}
		}
	}
	if tags == nil {
		return given
	}
	maps.Copy(tags, given)
	return tags
}

// values returns the tags that follow from a login.
func (m TagMap) values(v *Verified) map[string]string {
	from := m.Tags
	switch {
	case m.Defaults && strings.Contains(v.ProviderARN, ":saml-provider/"):
		from = map[string]string{tagClient: samlNameIdentifier, tagUsername: samlName}
	case m.Defaults:
		return map[string]string{tagClient: v.Audience, tagUsername: v.Subject}
	}
	var tags map[string]string
	for key, claim := range from {
		if values := v.Claims[claim]; len(values) == 1 && values[0] != "" {
			tags = with(tags, key, values[0])
		}
	}
	return tags
}

// with returns m with another entry. m may be nil.
func with(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = make(map[string]string)
	}
	m[key] = value
	return m
}
