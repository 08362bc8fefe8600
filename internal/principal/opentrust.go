package principal

import (
	"context"
	"errors"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// MayPass implements [identity.Roles]. A role of another account can not be passed.
func (s *Service) MayPass(ctx context.Context, c api.Caller, roleARN string) error {
	account, _, ok := roleOf(roleARN)
	if !ok || account != c.Account {
		return api.RoleForbidden.With(roleARN).Because(errors.New("it is no role of the caller's account"))
	}
	d, err := s.decide(ctx, c, "iam:PassRole", roleARN, func(key string) []string {
		if key == "iam:passedtoservice" {
			return []string{api.IdentityPools}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !d.Allowed {
		return api.RoleForbidden.With(roleARN).Because(errors.New(d.String()))
	}
	return nil
}

// TrustsPool implements [identity.Roles].
func (s *Service) TrustsPool(ctx context.Context, account, roleARN, _ string) (warning string, err error) {
	return view(ctx, s, func(tx Tx) (string, error) {
		owner, name, ok := roleOf(roleARN)
		if !ok || owner != account {
			return "", nil
		}
		r, err := tx.Roles().Get(owner, name)
		if errors.Is(err, identity.ErrNotFound) {
			return "", nil
		}
		if err != nil {
			return "", fmt.Errorf("read role %s of %s: %w", name, owner, err)
		}
		trust, err := s.compiled.trust.of(r, parseTrust)
		if err != nil {
			return "", fmt.Errorf("trust policy of %s: %w", r.ARN(), err)
		}
		return s.openTrust(owner, name, trust), nil
	})
}

// openTrust returns what is wrong with a trust policy that lets in identities of any pool,
// which on AWS are those of any account, and nothing about other policies.
func (s *Service) openTrust(account, role string, trust *iam.Policy) (warning string) {
	if !s.open(account, trust) {
		return ""
	}
	return fmt.Sprintf("The trust policy of role %s lets in identities of any identity pool: it has no condition such as StringEquals that asks %s:aud for the id of yours.", role, api.IdentityPools)
}

// open reports whether a trust policy lets in identities of any pool.
func (s *Service) open(account string, trust *iam.Policy) bool {
	names, keys := []string{api.IdentityPools}, []string{api.IdentityPools + ":aud"}
	if s.issuer != "" {
		names, keys = append(names, issuerARN(account, s.issuer)), append(keys, s.issuer+":aud")
	}
	return iam.Open(trust, names, keys...)
}

// issuerARN is the ARN of an OpenID Connect provider.
func issuerARN(account, name string) string { return iamARN(account, "oidc-provider/"+name) }
