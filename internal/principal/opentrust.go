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

// openTrust returns what is wrong with the trust policy of a role, as [OpenTrust] does.
func (s *Service) openTrust(account, role string, trust *iam.Policy) (warning string) {
	if warning = OpenTrust(account, s.issuer, trust); warning != "" {
		warning = "The trust policy of role " + role + " " + warning
	}
	return warning
}

// OpenTrust says of a trust policy that it lets in identities of any pool, which on AWS are
// those of any account, and why; of another policy it says nothing. account is the role's, and
// issuer that of this server's tokens, without https://; empty: there is none.
func OpenTrust(account, issuer string, trust *iam.Policy) (warning string) {
	names, keys := []string{api.IdentityPools}, []string{api.IdentityPools + ":aud"}
	if issuer != "" {
		names, keys = append(names, issuerARN(account, issuer)), append(keys, issuer+":aud")
	}
	if !iam.Open(trust, names, keys...) {
		return ""
	}
	return fmt.Sprintf("lets in identities of any identity pool: it has no condition such as StringEquals that asks %s:aud for the id of yours.", api.IdentityPools)
}

// issuerARN is the ARN of an OpenID Connect provider.
func issuerARN(account, name string) string { return iamARN(account, "oidc-provider/"+name) }
