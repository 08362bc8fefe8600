package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// CreateAccessKey makes an access key for the root of the caller's account. The secret
// is in this answer and nowhere else again.
func (s *Service) CreateAccessKey(ctx context.Context, c Caller, in *api.CreateAccessKeyInput) (*api.CreateAccessKeyOutput, error) {
	id, secret := newAccessKey()
	sealed := s.seal.Seal(secretPurpose(id), []byte(secret))
	return update(ctx, s, func(tx Tx) (*api.CreateAccessKeyOutput, error) {
		k := &AccessKey{ID: id, Account: c.Account, Secret: sealed, Description: in.Description, Created: tx.Now()}
		if err := tx.InsertAccessKey(k); err != nil {
			return nil, fmt.Errorf("insert access key: %w", err)
		}
		return &api.CreateAccessKeyOutput{AccessKey: k.describe(), SecretAccessKey: api.Secret(secret)}, nil
	})
}

// ListAccessKeys returns the access keys of the caller's account, without secrets.
func (s *Service) ListAccessKeys(ctx context.Context, c Caller, _ *api.ListAccessKeysInput) (*api.ListAccessKeysOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListAccessKeysOutput, error) {
		keys, err := tx.AccessKeys(c.Account)
		if err != nil {
			return nil, fmt.Errorf("list access keys: %w", err)
		}
		out := &api.ListAccessKeysOutput{AccessKeys: []api.AccessKey{}}
		for _, k := range keys {
			out.AccessKeys = append(out.AccessKeys, *k.describe())
		}
		return out, nil
	})
}

// DeleteAccessKey removes an access key. The next request signed with it is refused.
func (s *Service) DeleteAccessKey(ctx context.Context, c Caller, in *api.DeleteAccessKeyInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		err := tx.DeleteAccessKey(c.Account, in.AccessKeyId)
		if errors.Is(err, ErrNotFound) {
			return api.AccessKeyNotFound.With(in.AccessKeyId)
		}
		return err
	})
}

// AccessKey returns the access key with the id, of whatever account: ErrNotFound.
func (s *Service) AccessKey(ctx context.Context, id string) (*AccessKey, error) {
	return view(ctx, s, func(tx Tx) (*AccessKey, error) { return tx.AccessKey(id) })
}

// OpenSecret returns the secret access key.
func (s *Service) OpenSecret(k *AccessKey) (api.Secret, error) {
	secret, err := s.seal.Open(secretPurpose(k.ID), k.Secret)
	if err != nil {
		return "", fmt.Errorf("open secret of access key %s: %w", k.ID, err)
	}
	return api.Secret(secret), nil
}

func secretPurpose(id string) string { return "access-key/" + id }

func (k *AccessKey) describe() *api.AccessKey {
	return &api.AccessKey{AccessKeyId: k.ID, AccountId: k.Account, Description: k.Description, CreationDate: k.Created}
}

// newAccessKey returns an id and a secret of AWS's form: 20 characters of which 80 bits
// are random, and 40 of which 240 are.
func newAccessKey() (id, secret string) {
	random := make([]byte, 30)
	rand.Read(random) // never fails; see crypto/rand
	return "AKIA" + rand.Text()[:16], base64.StdEncoding.EncodeToString(random)
}
