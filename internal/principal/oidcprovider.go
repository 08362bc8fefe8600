package principal

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// CreateOpenIDConnectProvider makes an account trust an OpenID Connect provider.
func (s *Service) CreateOpenIDConnectProvider(ctx context.Context, c api.Caller, in *api.CreateOpenIDConnectProviderInput) (*api.CreateOpenIDConnectProviderOutput, error) {
	name, err := providerName(in.Url)
	if err != nil {
		return nil, err
	}
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return nil, err
	}
	e, err := s.newEntity(c, "", name, "", in.Tags)
	if err != nil {
		return nil, err
	}
	var clients []string
	for _, id := range in.ClientIDList {
		if clients, err = addClient(clients, id); err != nil {
			return nil, err
		}
	}
	return update(ctx, s, func(tx Tx) (*api.CreateOpenIDConnectProviderOutput, error) {
		p := (&OIDCProvider{Entity: e, ClientIDs: clients, Thumbprints: in.ThumbprintList}).Clone()
		p.Created = tx.Now()
		if err := oidcProviders.insert(tx, p); err != nil {
			return nil, err
		}
		return &api.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: p.ARN(), Tags: tagList(p.Tags)}, nil
	})
}

// GetOpenIDConnectProvider returns a provider. Its URL is without https://, as on AWS.
func (s *Service) GetOpenIDConnectProvider(ctx context.Context, c api.Caller, in *api.GetOpenIDConnectProviderInput) (*api.GetOpenIDConnectProviderOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetOpenIDConnectProviderOutput, error) {
		p, err := oidcProviders.get(tx, c.Account, in.OpenIDConnectProviderArn)
		if err != nil {
			return nil, err
		}
		return &api.GetOpenIDConnectProviderOutput{
			Url: p.Name, ClientIDList: p.ClientIDs, ThumbprintList: p.Thumbprints, CreateDate: p.Created, Tags: tagList(p.Tags),
		}, nil
	})
}

// DeleteOpenIDConnectProvider removes a provider. One that is not there is no error, as
// documented.
func (s *Service) DeleteOpenIDConnectProvider(ctx context.Context, c api.Caller, in *api.DeleteOpenIDConnectProviderInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		p, err := oidcProviders.get(tx, c.Account, in.OpenIDConnectProviderArn)
		if isNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return oidcProviders.remove(tx, p)
	})
}

// ListOpenIDConnectProviders returns the ARNs of the providers of the caller's account.
func (s *Service) ListOpenIDConnectProviders(ctx context.Context, c api.Caller, _ *api.ListOpenIDConnectProvidersInput) (*api.ListOpenIDConnectProvidersOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListOpenIDConnectProvidersOutput, error) {
		out := &api.ListOpenIDConnectProvidersOutput{OpenIDConnectProviderList: []api.OpenIDConnectProviderListEntry{}}
		for p, err := range oidcProviders.after(tx, c.Account, "") {
			if err != nil {
				return nil, err
			}
			out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList, api.OpenIDConnectProviderListEntry{Arn: p.ARN()})
		}
		return out, nil
	})
}

// AddClientIDToOpenIDConnectProvider adds a client id. One that is there stays.
func (s *Service) AddClientIDToOpenIDConnectProvider(ctx context.Context, c api.Caller, in *api.AddClientIDToOpenIDConnectProviderInput) error {
	return s.changeOIDC(ctx, c, in.OpenIDConnectProviderArn, func(p *OIDCProvider) (err error) {
		p.ClientIDs, err = addClient(p.ClientIDs, in.ClientID)
		return err
	})
}

// RemoveClientIDFromOpenIDConnectProvider removes a client id. One that is not there is no
// error, as documented.
func (s *Service) RemoveClientIDFromOpenIDConnectProvider(ctx context.Context, c api.Caller, in *api.RemoveClientIDFromOpenIDConnectProviderInput) error {
	return s.changeOIDC(ctx, c, in.OpenIDConnectProviderArn, func(p *OIDCProvider) error {
		p.ClientIDs = slices.DeleteFunc(p.ClientIDs, func(id string) bool { return id == in.ClientID })
		return nil
	})
}

// UpdateOpenIDConnectProviderThumbprint replaces the thumbprints.
func (s *Service) UpdateOpenIDConnectProviderThumbprint(ctx context.Context, c api.Caller, in *api.UpdateOpenIDConnectProviderThumbprintInput) error {
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return err
	}
	return s.changeOIDC(ctx, c, in.OpenIDConnectProviderArn, func(p *OIDCProvider) error {
		p.Thumbprints = slices.Clone(in.ThumbprintList)
		return nil
	})
}

func (s *Service) changeOIDC(ctx context.Context, c api.Caller, arn string, f func(*OIDCProvider) error) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := oidcProviders.change(tx, c.Account, arn, f)
		return err
	})
}

// providerName returns what an OpenID Connect provider is called by in its ARN: its URL
// without https://. A port may stand in it, which AWS does not take: here, providers may
// be in the same house.
func providerName(issuer string) (string, error) {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Scheme == "" || u.Hostname() == "":
		return "", api.InvalidProviderURL.With()
	case u.Scheme != "https" || !strings.HasPrefix(issuer, "https://"):
		return "", api.ProviderURLNotHTTPS.With()
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.ContainsFunc(issuer, notInIssuer):
		return "", api.InvalidProviderURL.With()
	}
	return strings.TrimPrefix(issuer, "https://"), nil
}

// notInIssuer reports what no issuer has: a fragment, and what is no part of a URL
// (RFC 3986, section 2).
func notInIssuer(r rune) bool { return r <= ' ' || r == '#' || r >= 0x7f }

func checkThumbprints(thumbprints []string) error {
	if len(thumbprints) > MaxThumbprints {
		return api.TooManyThumbprints.With()
	}
	return nil
}

// addClient appends a client id that is not there.
func addClient(clients []string, id string) ([]string, error) {
	switch {
	case slices.Contains(clients, id):
		return clients, nil
	case len(clients) >= MaxClientIDs:
		return nil, api.TooManyClientIDs.With(MaxClientIDs)
	}
	return append(clients, id), nil
}
