package sts

import (
	"cmp"
	"context"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// ExplainWebIdentity decides AssumeRoleWithWebIdentity as the call itself would be decided, by
// the same code, and tells the steps. The role must be one of the caller's account;
// whether there is such a role is among what is explained.
func (s *Service) ExplainWebIdentity(ctx context.Context, c api.Caller, in *api.ExplainWebIdentityInput) (*api.ExplainWebIdentityOutput, error) {
	if account, err := principal.AccountOfRole(in.RoleArn); err != nil || account != c.Account {
		return nil, api.ExplainedRole.With(in.RoleArn)
	}
	r := new(explain.Record)
	_, _, err := s.admitted(explain.Into(ctx, r), api.Caller{SourceIP: c.SourceIP, Secure: c.Secure, Now: c.Now}, &api.AssumeRoleWithWebIdentityInput{
		RoleArn: in.RoleArn, RoleSessionName: cmp.Or(in.RoleSessionName, "explain"), WebIdentityToken: in.WebIdentityToken,
		PolicyArns: in.PolicyArns, Policy: in.Policy, DurationSeconds: in.DurationSeconds,
	})
	e, err := r.Explanation(err)
	if err != nil {
		return nil, fmt.Errorf("explain the exchange for %s: %w", in.RoleArn, err)
	}
	return &api.ExplainWebIdentityOutput{Explanation: e}, nil
}
