package identity

import (
	"context"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
)

// verify verifies public logins, each against its own provider. All must verify. The order
// is that of the names, so that the same call fails in the same way.
func (s *Service) verify(ctx context.Context, p *Pool, logins map[string]api.Secret) ([]*Verified, error) {
	t := explain.From(ctx)
	defer t.About("")
	var all []*Verified
	for _, name := range sortedKeys(logins) {
		t.About(name)
		t.At("token", "one of the provider")
		v, err := s.logins.Verify(ctx, p, name, logins[name])
		if err != nil {
			return nil, fmt.Errorf("verify login of %s: %w", name, err)
		}
		if v.Provider != name || v.Subject == "" {
			return nil, fmt.Errorf("verify login of %s: got one of %q", name, v.Provider)
		}
		all = append(all, v)
	}
	return all, nil
}

func loginsOf(all []*Verified) []Login {
	var logins []Login
	for _, v := range all {
		logins = append(logins, v.Login)
	}
	return logins
}

// What comes first in an amr claim, and the keys of a pool's roles.
const (
	authenticated   = "authenticated"
	unauthenticated = "unauthenticated"
)

// amr is the amr claim of an identity with logins, about which the entries tell.
func amr(entries ...string) []string { return append([]string{authenticated}, entries...) }

func amrOf(all []*Verified) []string {
	var entries []string
	for _, v := range all {
		entries = append(entries, v.AMR...)
	}
	return entries
}
