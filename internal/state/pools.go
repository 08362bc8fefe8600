package state

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// cognito adds a call of the identity pool service.
func (d *differ) cognito(region, operation string, in any, words string, args ...any) {
	d.changes = append(d.changes, Change{
		Account: d.id, Region: region, Service: api.CognitoIdentity, Operation: operation, Input: in,
		Words: fmt.Sprintf(words, args...) + " in " + region,
	})
}

// pools compares those of a region. A pool that is declared with an id is the one that has
// it; another is the one of its name among those that no id claims.
func (d *differ) pools(region string, have, want []*Pool) {
	taken := make(map[*Pool]bool)
	found := make([]*Pool, len(want))
	for i, w := range want {
		if w.ID == "" {
			continue
		}
		at := slices.IndexFunc(have, func(h *Pool) bool { return h.is(w.ID) })
		if at < 0 {
			d.tell(below(element(d.at("identityPools", region), i), "id"), "the account has no pool with this id; without an id, one is made or found by its name")
			continue
		}
		found[i], taken[have[at]] = have[at], true
	}
	for i, w := range want {
		if w.ID != "" {
			continue
		}
		var named []*Pool
		var ids []string
		for _, h := range have {
			if h.Name == w.Name && !taken[h] {
				named, ids = append(named, h), append(ids, cmp.Or(h.id, h.ID))
			}
		}
		switch len(named) {
		case 0:
		case 1:
			found[i], taken[named[0]] = named[0], true
		default:
			d.tell(below(element(d.at("identityPools", region), i), "name"),
				fmt.Sprintf("%d pools of the account are called this: give the id, which is one of %s", len(named), strings.Join(ids, ", ")))
			taken[named[0]] = true // for no other
		}
	}
	for i, w := range want {
		d.pool(element(d.at("identityPools", region), i), region, found[i], w)
	}
	if !d.options.PrunePools {
		return
	}
	for _, h := range have {
		if !taken[h] {
			d.cognito(region, "DeleteIdentityPool", &api.DeleteIdentityPoolInput{IdentityPoolId: h.id},
				"- identity pool %s with all its identities (%s)", h.Name, h.id)
		}
	}
}

// is reports whether a pool has an id.
func (p *Pool) is(id string) bool { return p.id == id || p.id == "" && p.ID == id }

func (d *differ) pool(at, region string, have, want *Pool) {
	in := d.poolInput(want)
	if have == nil {
		in.IdentityPoolTags = want.Tags
		d.cognito(region, "CreateIdentityPool", in, "+ identity pool %s", want.Name)
		if want.SigningAlgorithm != "" {
			made := new(api.IdentityPool)
			d.changes[len(d.changes)-1].made = made
			signing := d.signing(region, "", want)
			d.changes[len(d.changes)-1].prepare = func() { signing.IdentityPoolId = made.IdentityPoolId }
		}
		return
	}
	if have.DeveloperProviderName != "" && want.DeveloperProviderName != "" {
		d.fixed(below(at, "developerProviderName"), have.DeveloperProviderName, want.DeveloperProviderName)
	}
	in.DeveloperProviderName = cmp.Or(want.DeveloperProviderName, have.DeveloperProviderName)
	if words := differences(d.poolInput(have), in); len(words) > 0 {
		d.cognito(region, "UpdateIdentityPool", &api.IdentityPool{
			IdentityPoolId:                 have.id,
			IdentityPoolName:               in.IdentityPoolName,
			AllowUnauthenticatedIdentities: in.AllowUnauthenticatedIdentities,
			AllowClassicFlow:               in.AllowClassicFlow,
			SupportedLoginProviders:        in.SupportedLoginProviders,
			DeveloperProviderName:          in.DeveloperProviderName,
			OpenIdConnectProviderARNs:      in.OpenIdConnectProviderARNs,
			CognitoIdentityProviders:       in.CognitoIdentityProviders,
			SamlProviderARNs:               in.SamlProviderARNs,
		}, "~ identity pool %s: %s", have.Name, strings.Join(words, ", "))
	}
	if have.SigningAlgorithm != want.SigningAlgorithm {
		d.signing(region, have.id, want)
	}
	d.poolTags(region, have, want)
}

// signing adds the call that sets by which algorithm the tokens of a pool are signed, and
// returns its input.
func (d *differ) signing(region, id string, want *Pool) *api.SetIdentityPoolSigningInput {
	in := &api.SetIdentityPoolSigningInput{IdentityPoolId: id, SigningAlgorithm: want.SigningAlgorithm}
	d.changes = append(d.changes, Change{
		Account: d.id, Region: region, Service: api.Identities, Operation: "SetIdentityPoolSigning", Input: in,
		Words: fmt.Sprintf("~ identity pool %s: signingAlgorithm in %s", want.Name, region),
	})
	return in
}

// poolTags adds the calls that make tags, whose keys are the same where they are so to
// the letter.
func (d *differ) poolTags(region string, have, want *Pool) {
	arn := "arn:aws:cognito-identity:" + region + ":" + d.id + ":identitypool/" + have.id
	var gone []string
	for _, key := range sortedKeys(have.Tags) {
		if _, stays := want.Tags[key]; !stays {
			gone = append(gone, key)
		}
	}
	if len(gone) > 0 {
		d.cognito(region, "UntagResource", &api.UntagResourceInput{ResourceArn: arn, TagKeys: gone},
			"~ identity pool %s: without the tags %s", want.Name, strings.Join(gone, ", "))
	}
	if put := newTags(have.Tags, want.Tags); len(put) > 0 {
		d.cognito(region, "TagResource", &api.TagResourceInput{ResourceArn: arn, Tags: put},
			"~ identity pool %s: the tags %s", want.Name, strings.Join(sortedKeys(put), ", "))
	}
}

// poolInput returns a pool as the service is told of it, but for its tags.
func (d *differ) poolInput(p *Pool) *api.CreateIdentityPoolInput {
	in := &api.CreateIdentityPoolInput{
		IdentityPoolName:               p.Name,
		AllowUnauthenticatedIdentities: p.AllowUnauthenticatedIdentities,
		AllowClassicFlow:               p.AllowClassicFlow,
		SupportedLoginProviders:        p.SupportedLoginProviders,
		DeveloperProviderName:          p.DeveloperProviderName,
	}
	for _, ref := range p.OIDCProviders {
		in.OpenIdConnectProviderARNs = append(in.OpenIdConnectProviderARNs, oidcARN(d.id, ref))
	}
	for _, ref := range p.SAMLProviders {
		in.SamlProviderARNs = append(in.SamlProviderARNs, samlARN(d.id, ref))
	}
	in.OpenIdConnectProviderARNs, in.SamlProviderARNs = set(in.OpenIdConnectProviderARNs), set(in.SamlProviderARNs)
	for _, c := range cognitoSet(p.CognitoIdentityProviders) {
		in.CognitoIdentityProviders = append(in.CognitoIdentityProviders, api.CognitoIdentityProvider{
			ProviderName: c.ProviderName, ClientId: c.ClientID, ServerSideTokenCheck: c.ServerSideTokenCheck,
		})
	}
	return in
}

// differences returns what differs between two pools, in the words of the file.
func differences(a, b *api.CreateIdentityPoolInput) (words []string) {
	for _, member := range []struct {
		name string
		same bool
	}{
		{"name", a.IdentityPoolName == b.IdentityPoolName},
		{"allowUnauthenticatedIdentities", a.AllowUnauthenticatedIdentities == b.AllowUnauthenticatedIdentities},
		{"allowClassicFlow", ternary(a.AllowClassicFlow) == ternary(b.AllowClassicFlow)},
		{"supportedLoginProviders", maps.Equal(a.SupportedLoginProviders, b.SupportedLoginProviders)},
		{"developerProviderName", a.DeveloperProviderName == b.DeveloperProviderName},
		{"oidcProviders", slices.Equal(a.OpenIdConnectProviderARNs, b.OpenIdConnectProviderARNs)},
		{"cognitoIdentityProviders", slices.EqualFunc(a.CognitoIdentityProviders, b.CognitoIdentityProviders, func(a, b api.CognitoIdentityProvider) bool {
			return a.ProviderName == b.ProviderName && a.ClientId == b.ClientId && ternary(a.ServerSideTokenCheck) == ternary(b.ServerSideTokenCheck)
		})},
		{"samlProviders", slices.Equal(a.SamlProviderARNs, b.SamlProviderARNs)},
	} {
		if !member.same {
			words = append(words, member.name)
		}
	}
	return words
}

// ternary returns a comparable form of a flag that may be left out.
func ternary(flag *bool) int {
	switch {
	case flag == nil:
		return 0
	case *flag:
		return 2
	}
	return 1
}

// cognitoSet returns the providers in order, each once.
func cognitoSet(providers []CognitoProvider) []CognitoProvider {
	order := func(a, b CognitoProvider) int {
		return cmp.Or(strings.Compare(a.ProviderName, b.ProviderName), strings.Compare(a.ClientID, b.ClientID),
			cmp.Compare(ternary(a.ServerSideTokenCheck), ternary(b.ServerSideTokenCheck)))
	}
	sorted := slices.SortedFunc(slices.Values(providers), order)
	return slices.CompactFunc(sorted, func(a, b CognitoProvider) bool { return order(a, b) == 0 })
}
