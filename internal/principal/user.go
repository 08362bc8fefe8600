package principal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// CreateUser makes a user, which has no access keys and may do nothing.
func (s *Service) CreateUser(ctx context.Context, c api.Caller, in *api.CreateUserInput) (*api.CreateUserOutput, error) {
	if in.PermissionsBoundary != "" {
		return nil, api.NoPermissionsBoundaries.With()
	}
	e, err := s.newEntity(c, "AIDA", in.UserName, in.Path, in.Tags)
	if err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx Tx) (*api.CreateUserOutput, error) {
		u := &User{Entity: e.clone()}
		u.Created = tx.Now()
		if err := users.insert(tx, u); err != nil {
			return nil, err
		}
		return &api.CreateUserOutput{User: u.describe()}, nil
	})
}

// GetUser returns a user; of a caller who names none, himself. The root of an account
// is answered for as AWS does, as if it were a user.
func (s *Service) GetUser(ctx context.Context, c api.Caller, in *api.GetUserInput) (*api.GetUserOutput, error) {
	name, err := userName(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return &api.GetUserOutput{User: &api.User{UserId: c.Account, Arn: c.Principal}}, nil
	}
	return view(ctx, s, func(tx Tx) (*api.GetUserOutput, error) {
		u, err := users.get(tx, c.Account, name)
		if err != nil {
			return nil, err
		}
		return &api.GetUserOutput{User: u.describe()}, nil
	})
}

// UpdateUser gives a user another name or path. Its id, keys and policies stay.
func (s *Service) UpdateUser(ctx context.Context, c api.Caller, in *api.UpdateUserInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		old, err := users.get(tx, c.Account, in.UserName)
		if err != nil {
			return err
		}
		u := old.Clone()
		u.Name, u.Path = cmp.Or(in.NewUserName, old.Name), cmp.Or(in.NewPath, old.Path)
		err = tx.Users().Rename(old.Name, u)
		if errors.Is(err, identity.ErrConflict) {
			return users.exists.With(u.Name)
		}
		if err != nil {
			return fmt.Errorf("rename user %s of %s: %w", old.Name, c.Account, err)
		}
		return moveKeys(tx, c.Account, old.Name, u.Name)
	})
}

// DeleteUser removes a user that has neither access keys nor policies.
func (s *Service) DeleteUser(ctx context.Context, c api.Caller, in *api.DeleteUserInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		u, err := users.get(tx, c.Account, in.UserName)
		if err != nil {
			return err
		}
		if err := u.mayGo(); err != nil {
			return err
		}
		keys, err := keysOf(tx, c.Account, u.Name)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return api.DeleteKeysFirst.With()
		}
		return users.remove(tx, u)
	})
}

// ListUsers returns the users of the caller's account, by name.
func (s *Service) ListUsers(ctx context.Context, c api.Caller, in *api.ListUsersInput) (*api.ListUsersOutput, error) {
	p := pageOf{in.Marker, in.MaxItems, []string{"ListUsers", c.Account, in.PathPrefix}}
	return view(ctx, s, func(tx Tx) (*api.ListUsersOutput, error) {
		all := users.kept(tx, c.Account, func(u *User) bool { return strings.HasPrefix(u.Path, in.PathPrefix) })
		page, next, err := paged(s, p, all, users.position)
		if err != nil {
			return nil, err
		}
		out := &api.ListUsersOutput{Users: []api.User{}, IsTruncated: truncated(next), Marker: next}
		for _, u := range page {
			d := u.describe()
			d.Tags = nil
			out.Users = append(out.Users, *d)
		}
		return out, nil
	})
}

// ListGroupsForUser returns no groups: there are none.
func (s *Service) ListGroupsForUser(ctx context.Context, c api.Caller, in *api.ListGroupsForUserInput) (*api.ListGroupsForUserOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListGroupsForUserOutput, error) {
		if _, err := users.get(tx, c.Account, in.UserName); err != nil {
			return nil, err
		}
		return &api.ListGroupsForUserOutput{Groups: []api.Group{}, IsTruncated: truncated("")}, nil
	})
}

// newEntity returns what the caller asks for and is not stored yet: it has no time.
func (s *Service) newEntity(c api.Caller, prefix, name, path string, tags []api.Tag) (Entity, error) {
	set, err := mergeTags(nil, tags)
	if err != nil {
		return Entity{}, err
	}
	e := Entity{Account: c.Account, Name: name, Path: cmp.Or(path, "/"), Tags: set}
	if prefix != "" {
		e.ID = s.newID(prefix)
	}
	return e, nil
}

// describe returns the user as clients see it. Lists leave the tags out.
func (u *User) describe() *api.User {
	return &api.User{
		Path: u.Path, UserName: u.Name, UserId: u.ID, Arn: u.ARN(), CreateDate: u.Created, Tags: tagList(u.Tags),
	}
}
