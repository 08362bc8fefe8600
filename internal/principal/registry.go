package principal

import (
	"context"
	"errors"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// TrustedOIDC returns what the account has registered of the OpenID Connect provider of the
// name, which is its URL without https://. Nothing and no error: it has not.
func (s *Service) TrustedOIDC(ctx context.Context, account, name string) (clientIDs, thumbprints []string, err error) {
	p, err := registered(ctx, s, oidcProviders, account, name)
	if p == nil {
		return nil, nil, err
	}
	return p.ClientIDs, p.Thumbprints, nil
}

// TrustedSAML returns the metadata document of the SAML provider that the account has
// registered under the name. Empty and no error: it has none.
func (s *Service) TrustedSAML(ctx context.Context, account, name string) (metadata string, err error) {
	p, err := registered(ctx, s, samlProviders, account, name)
	if p == nil {
		return "", err
	}
	return p.Metadata, nil
}

// registered returns a record by its name, or nil.
func registered[T any](ctx context.Context, s *Service, k *kind[T], account, name string) (*T, error) {
	return view(ctx, s, func(tx Tx) (*T, error) {
		r, err := k.of(tx).Get(account, name)
		if errors.Is(err, identity.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s %s of %s: %w", k.what, name, account, err)
		}
		return r, nil
	})
}
