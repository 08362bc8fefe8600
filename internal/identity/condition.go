package identity

import (
	"context"
	"errors"
	"fmt"
)

// TagsOf returns the tags of the pool with the ARN, which conditions of policies may ask
// for. Of what is no pool, or none that the caller may know of, there are none.
func (s *Service) TagsOf(ctx context.Context, c Caller, arn string) (map[string]string, error) {
	id, ok := poolOfARN(c, arn)
	if !ok {
		return nil, nil
	}
	return view(ctx, s, func(tx Tx) (map[string]string, error) {
		p, err := tx.Pool(id)
		switch {
		case errors.Is(err, ErrNotFound) || err == nil && !p.within(c):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("read identity pool %s: %w", id, err)
		}
		return p.Tags, nil
	})
}

// PoolARNs returns the ARN of each identity's pool, in the order of the identities. It is
// empty for an identity that does not exist or that the caller may not know of.
func (s *Service) PoolARNs(ctx context.Context, c Caller, identityIDs []string) ([]string, error) {
	return view(ctx, s, func(tx Tx) ([]string, error) {
		arns := make([]string, len(identityIDs))
		for n, id := range identityIDs {
			_, p, err := withPool(tx, id)
			switch {
			case errors.Is(err, ErrNotFound) || err == nil && !p.within(c):
			case err != nil:
				return nil, fmt.Errorf("read identity %s: %w", id, err)
			default:
				arns[n] = PoolARN(p.Account, p.ID)
			}
		}
		return arns, nil
	})
}
