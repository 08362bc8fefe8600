package principal

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// CreateAccessKey makes an access key for a user, or for the root of the account. The
// secret is in this answer and nowhere else again.
func (s *Service) CreateAccessKey(ctx context.Context, c api.Caller, in *api.CreateAccessKeyInput) (*api.CreateAccessKeyOutput, error) {
	named, err := userName(c, in.UserName)
	if err != nil {
		return nil, err
	}
	id, secret := newAccessKey()
	return update(ctx, s, func(tx Tx) (*api.CreateAccessKeyOutput, error) {
		user, keys, err := holder(tx, c, named)
		if err != nil {
			return nil, err
		}
		if len(keys) >= MaxAccessKeys {
			return nil, api.TooManyAccessKeys.With(MaxAccessKeys)
		}
		sealing, err := identity.Sealing(tx, s.seal)
		if err != nil {
			return nil, err
		}
		sealed := sealing.Seal(SecretPurpose(id), []byte(secret))
		k := &AccessKey{ID: id, Account: c.Account, User: user, Secret: sealed, Created: tx.Now()}
		if err := tx.InsertAccessKey(k); err != nil {
			return nil, fmt.Errorf("insert access key: %w", err)
		}
		return &api.CreateAccessKeyOutput{AccessKey: &api.AccessKey{
			UserName: user, AccessKeyId: id, Status: k.status(), SecretAccessKey: api.Secret(secret), CreateDate: k.Created,
		}}, nil
	})
}

// ListAccessKeys returns the access keys of a user or of the root, without secrets.
func (s *Service) ListAccessKeys(ctx context.Context, c api.Caller, in *api.ListAccessKeysInput) (*api.ListAccessKeysOutput, error) {
	named, err := userName(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return view(ctx, s, func(tx Tx) (*api.ListAccessKeysOutput, error) {
		user, keys, err := holder(tx, c, named)
		if err != nil {
			return nil, err
		}
		position := func(k *AccessKey) string { return k.Created.Format("20060102150405.000") + k.ID }
		p := pageOf{in.Marker, in.MaxItems, []string{"ListAccessKeys", c.Account, user}}
		page, next, err := paged(s, p, inOrder(keys, position), position)
		if err != nil {
			return nil, err
		}
		out := &api.ListAccessKeysOutput{AccessKeyMetadata: []api.AccessKeyMetadata{}, IsTruncated: truncated(next), Marker: next}
		for _, k := range page {
			out.AccessKeyMetadata = append(out.AccessKeyMetadata, api.AccessKeyMetadata{
				UserName: k.User, AccessKeyId: k.ID, Status: k.status(), CreateDate: k.Created,
			})
		}
		return out, nil
	})
}

// UpdateAccessKey makes an access key inactive or active.
func (s *Service) UpdateAccessKey(ctx context.Context, c api.Caller, in *api.UpdateAccessKeyInput) error {
	return s.onKey(ctx, c, in.UserName, in.AccessKeyId, func(tx Tx, k AccessKey) error {
		k.Inactive = in.Status != "Active"
		return tx.UpdateAccessKey(&k)
	})
}

// DeleteAccessKey removes an access key. The next request signed with it is refused.
func (s *Service) DeleteAccessKey(ctx context.Context, c api.Caller, in *api.DeleteAccessKeyInput) error {
	return s.onKey(ctx, c, in.UserName, in.AccessKeyId, func(tx Tx, k AccessKey) error {
		return tx.DeleteAccessKey(k.ID)
	})
}

// GetAccessKeyLastUsed returns whose an access key is, and its last use that was noted.
func (s *Service) GetAccessKeyLastUsed(ctx context.Context, c api.Caller, in *api.GetAccessKeyLastUsedInput) (*api.GetAccessKeyLastUsedOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetAccessKeyLastUsedOutput, error) {
		k, err := tx.AccessKey(in.AccessKeyId)
		if errors.Is(err, identity.ErrNotFound) || err == nil && k.Account != c.Account {
			return nil, api.NoSuchAccessKey.With(in.AccessKeyId)
		}
		if err != nil {
			return nil, fmt.Errorf("read access key %s: %w", in.AccessKeyId, err)
		}
		use, err := tx.KeyUse(k.ID)
		if err != nil && !errors.Is(err, identity.ErrNotFound) {
			return nil, fmt.Errorf("read last use of access key %s: %w", k.ID, err)
		}
		return &api.GetAccessKeyLastUsedOutput{UserName: k.User, AccessKeyLastUsed: &api.AccessKeyLastUsed{
			LastUsedDate: use.Time, ServiceName: cmp.Or(use.Service, "N/A"), Region: cmp.Or(use.Region, "N/A"),
		}}, nil
	})
}

// AccessKey returns the active access key with the id, of whatever account, and who signs
// with it. The caller has no region, address and time yet. [identity.ErrNotFound]: there
// is no such key, it is inactive, or its user is gone.
func (s *Service) AccessKey(ctx context.Context, id string) (*AccessKey, api.Caller, error) {
	var c api.Caller
	k, err := view(ctx, s, func(tx Tx) (*AccessKey, error) {
		k, err := tx.AccessKey(id)
		if err != nil {
			return nil, err
		}
		if k.Inactive {
			return nil, identity.ErrNotFound
		}
		c = Root(k.Account)
		c.AccessKeyID = k.ID
		if k.User == "" {
			return k, nil
		}
		u, err := tx.Users().Get(k.Account, k.User)
		if err != nil {
			return nil, err
		}
		c.Principal, c.ID, c.User = u.ARN(), u.ID, u.Name
		return k, nil
	})
	if err != nil {
		return nil, api.Caller{}, err
	}
	return k, c, nil
}

// OpenSecret returns the secret access key.
func (s *Service) OpenSecret(k *AccessKey) (api.Secret, error) {
	secret, err := s.seal.Open(SecretPurpose(k.ID), k.Secret)
	if err != nil {
		return "", fmt.Errorf("open secret of access key %s: %w", k.ID, err)
	}
	return api.Secret(secret), nil
}

// UsesApart is how far apart uses of an access key are noted.
const UsesApart = 15 * time.Minute

// NoteKeyUse notes that the access key with the id has signed a request, if it is some time
// that it did.
func (s *Service) NoteKeyUse(ctx context.Context, id, service, region string) error {
	recent := func(tx Tx) (bool, error) {
		use, err := tx.KeyUse(id)
		if errors.Is(err, identity.ErrNotFound) {
			return false, nil
		}
		return tx.Now().Sub(use.Time) < UsesApart, err
	}
	if noted, err := view(ctx, s, recent); noted || err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx Tx) error {
		noted, err := recent(tx)
		if noted || err != nil {
			return err
		}
		_, err = tx.AccessKey(id)
		if errors.Is(err, identity.ErrNotFound) {
			return nil // deleted since
		}
		if err != nil {
			return err
		}
		return tx.NoteKeyUse(id, KeyUse{Time: tx.Now(), Service: service, Region: region})
	})
}

// onKey runs f with an access key of a user, or of the caller himself.
func (s *Service) onKey(ctx context.Context, c api.Caller, user, id string, f func(Tx, AccessKey) error) error {
	named, err := userName(c, user)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx Tx) error {
		_, keys, err := holder(tx, c, named)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.ID == id {
				return f(tx, *k)
			}
		}
		return api.NoSuchAccessKey.With(id)
	})
}

// holder returns a user's name as it is spelled, and the user's access keys. Of an empty
// name, it returns those of the root.
func holder(tx Tx, c api.Caller, named string) (user string, keys []*AccessKey, err error) {
	if named != "" {
		u, err := users.get(tx, c.Account, named)
		if err != nil {
			return "", nil, err
		}
		user = u.Name
	}
	keys, err = keysOf(tx, c.Account, user)
	return user, keys, err
}

func keysOf(tx Tx, account, user string) ([]*AccessKey, error) {
	keys, err := tx.AccessKeysOf(account, user)
	if err != nil {
		return nil, fmt.Errorf("list access keys of user %q of %s: %w", user, account, err)
	}
	return keys, nil
}

// moveKeys gives the access keys of a user to the name that it has now.
func moveKeys(tx Tx, account, old, name string) error {
	if old == name {
		return nil
	}
	keys, err := keysOf(tx, account, old)
	if err != nil {
		return err
	}
	for _, k := range keys {
		moved := *k
		moved.User = name
		if err := tx.UpdateAccessKey(&moved); err != nil {
			return fmt.Errorf("update access key %s: %w", k.ID, err)
		}
	}
	return nil
}

func (k *AccessKey) status() string {
	if k.Inactive {
		return "Inactive"
	}
	return "Active"
}

// SecretPurpose is what the secret of an access key is sealed for, also of the access keys that package identity once made.
func SecretPurpose(id string) string { return "access-key/" + id }

// newAccessKey returns an id and a secret of AWS's form: 20 characters of which 80 bits
// are random, and 40 of which 240 are.
func newAccessKey() (id, secret string) {
	random := make([]byte, 30)
	rand.Read(random) // never fails; see crypto/rand
	return "AKIA" + rand.Text()[:16], base64.StdEncoding.EncodeToString(random)
}
