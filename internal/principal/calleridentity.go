package principal

import (
	"context"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// GetCallerIdentity returns who calls.
func (s *Service) GetCallerIdentity(_ context.Context, c api.Caller, _ *api.GetCallerIdentityInput) (*api.GetCallerIdentityOutput, error) {
	return &api.GetCallerIdentityOutput{UserId: c.ID, Account: c.Account, Arn: c.Principal}, nil
}
