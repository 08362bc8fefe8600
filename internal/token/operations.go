package token

import (
	"context"
	"errors"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// ListSigningKeys serves the operation of that name.
func (r *Ring) ListSigningKeys(ctx context.Context, _ identity.Caller, _ *api.ListSigningKeysInput) (*api.ListSigningKeysOutput, error) {
	keys, err := r.Keys(ctx)
	if err != nil {
		return nil, err
	}
	out := &api.ListSigningKeysOutput{SigningKeys: []api.SigningKey{}}
	for _, k := range keys {
		out.SigningKeys = append(out.SigningKeys, k.describe())
	}
	return out, nil
}

// RotateSigningKeys serves the operation of that name.
func (r *Ring) RotateSigningKeys(ctx context.Context, _ identity.Caller, in *api.RotateSigningKeysInput) (*api.RotateSigningKeysOutput, error) {
	row, err := r.Rotate(ctx, in.PoolAlgorithm, in.ActivateNow != nil && *in.ActivateNow)
	if errors.Is(err, ErrNotAsked) {
		return nil, api.NoPoolKey.With(in.PoolAlgorithm)
	}
	if err != nil {
		return nil, err
	}
	keys, err := r.Keys(ctx)
	if err != nil {
		return nil, err
	}
	out := new(api.RotateSigningKeysOutput)
	for _, k := range keys {
		if k.Number == row.Number {
			described := k.describe()
			out.SigningKey = &described
		}
	}
	return out, nil
}

// rotated is what a rotation answers that has just made row, or made it active.
func rotated(row *identity.SigningKey, now time.Time) *api.RotateSigningKeysOutput {
	k := Key{row, Published}
	if !row.Activates.After(now) {
		k.Status = Active
	}
	described := k.describe()
	return &api.RotateSigningKeysOutput{SigningKey: &described}
}

func (k Key) describe() api.SigningKey {
	out := api.SigningKey{
		KeyId: k.KeyID, Algorithm: k.Algorithm, Status: string(k.Status),
		CreationDate: k.Created, ActivationDate: k.Activates, ExpirationDate: k.Expires,
	}
	if k.ForPools {
		out.ForPools = &k.ForPools
	}
	return out
}
