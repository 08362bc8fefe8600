// Package idtoken has the ID tokens of the exchange verified as logins are: it joins packages
// sts and login, which do not know each other. It decides nothing.
package idtoken

import (
	"context"
	"errors"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/login"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/sts"
)

// By returns what verifies ID tokens by the providers.
func By(providers *login.Providers) sts.Providers { return verifier{providers} }

type verifier struct{ providers *login.Providers }

// IDToken implements [sts.Providers].
func (v verifier) IDToken(ctx context.Context, p *principal.OIDCProvider, token api.Secret) (*sts.IDToken, error) {
	claims, err := v.providers.IDToken(ctx, login.Issuer{
		URL: "https://" + p.Name, ClientIDs: p.ClientIDs, Thumbprints: p.Thumbprints,
	}, string(token))
	if refused, ok := errors.AsType[*login.Refusal](err); ok {
		return nil, &sts.Refusal{Reason: sts.Reason(refused.Reason), Now: refused.Now, Expires: refused.Expires, Err: refused}
	}
	if err != nil {
		return nil, err
	}
	return &sts.IDToken{
		Subject: claims.Subject, Audience: claims.Audience, AuthorizedParty: claims.AuthorizedParty, Payload: claims.Payload,
	}, nil
}
