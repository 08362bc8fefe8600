package principal

import (
	"context"
	"maps"
	"slices"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// PutUserPolicy writes an inline policy of a user.
func (s *Service) PutUserPolicy(ctx context.Context, c api.Caller, in *api.PutUserPolicyInput) error {
	if err := checkDocument(in.PolicyDocument, iam.IdentityPolicy); err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := users.change(tx, c.Account, in.UserName, func(u *User) error {
			if u.put(in.PolicyName, in.PolicyDocument) > MaxUserPolicies {
				return api.UserPoliciesTooLarge.With(MaxUserPolicies, u.Name)
			}
			return nil
		})
		return err
	})
}

// PutRolePolicy writes an inline policy of a role.
func (s *Service) PutRolePolicy(ctx context.Context, c api.Caller, in *api.PutRolePolicyInput) error {
	if err := checkDocument(in.PolicyDocument, iam.IdentityPolicy); err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := roles.change(tx, c.Account, in.RoleName, func(r *Role) error {
			if r.put(in.PolicyName, in.PolicyDocument) > MaxRolePolicies {
				return api.RolePoliciesTooLarge.With(MaxRolePolicies, r.Name)
			}
			return nil
		})
		return err
	})
}

// GetUserPolicy returns an inline policy of a user.
func (s *Service) GetUserPolicy(ctx context.Context, c api.Caller, in *api.GetUserPolicyInput) (*api.GetUserPolicyOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetUserPolicyOutput, error) {
		u, err := users.get(tx, c.Account, in.UserName)
		if err != nil {
			return nil, err
		}
		document, ok := u.Inline[in.PolicyName]
		if !ok {
			return nil, api.UserPolicyNotFound.With(in.PolicyName)
		}
		return &api.GetUserPolicyOutput{UserName: u.Name, PolicyName: in.PolicyName, PolicyDocument: encoded(document)}, nil
	})
}

// GetRolePolicy returns an inline policy of a role.
func (s *Service) GetRolePolicy(ctx context.Context, c api.Caller, in *api.GetRolePolicyInput) (*api.GetRolePolicyOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetRolePolicyOutput, error) {
		r, err := roles.get(tx, c.Account, in.RoleName)
		if err != nil {
			return nil, err
		}
		document, ok := r.Inline[in.PolicyName]
		if !ok {
			return nil, api.RolePolicyNotFound.With(in.PolicyName)
		}
		return &api.GetRolePolicyOutput{RoleName: r.Name, PolicyName: in.PolicyName, PolicyDocument: encoded(document)}, nil
	})
}

// DeleteUserPolicy removes an inline policy of a user.
func (s *Service) DeleteUserPolicy(ctx context.Context, c api.Caller, in *api.DeleteUserPolicyInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := users.change(tx, c.Account, in.UserName, func(u *User) error {
			return u.drop(in.PolicyName, api.UserPolicyNotFound)
		})
		return err
	})
}

// DeleteRolePolicy removes an inline policy of a role.
func (s *Service) DeleteRolePolicy(ctx context.Context, c api.Caller, in *api.DeleteRolePolicyInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := roles.change(tx, c.Account, in.RoleName, func(r *Role) error {
			return r.drop(in.PolicyName, api.RolePolicyNotFound)
		})
		return err
	})
}

// ListUserPolicies returns the names of a user's inline policies.
func (s *Service) ListUserPolicies(ctx context.Context, c api.Caller, in *api.ListUserPoliciesInput) (*api.ListUserPoliciesOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListUserPoliciesOutput, error) {
		u, err := users.get(tx, c.Account, in.UserName)
		if err != nil {
			return nil, err
		}
		p := pageOf{in.Marker, in.MaxItems, []string{"ListUserPolicies", u.ID}}
		names, next, err := paged(s, p, inOrder(sortedKeys(u.Inline), itself), itself)
		if err != nil {
			return nil, err
		}
		return &api.ListUserPoliciesOutput{PolicyNames: names, IsTruncated: truncated(next), Marker: next}, nil
	})
}

// ListRolePolicies returns the names of a role's inline policies.
func (s *Service) ListRolePolicies(ctx context.Context, c api.Caller, in *api.ListRolePoliciesInput) (*api.ListRolePoliciesOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListRolePoliciesOutput, error) {
		r, err := roles.get(tx, c.Account, in.RoleName)
		if err != nil {
			return nil, err
		}
		p := pageOf{in.Marker, in.MaxItems, []string{"ListRolePolicies", r.ID}}
		names, next, err := paged(s, p, inOrder(sortedKeys(r.Inline), itself), itself)
		if err != nil {
			return nil, err
		}
		return &api.ListRolePoliciesOutput{PolicyNames: names, IsTruncated: truncated(next), Marker: next}, nil
	})
}

// put sets an inline policy and returns the size of all of them.
func (p *Permissions) put(name, document string) (total int) {
	if p.Inline == nil {
		p.Inline = make(map[string]string)
	}
	p.Inline[name] = document
	for _, d := range p.Inline {
		total += size(d)
	}
	return total
}

// drop removes an inline policy.
func (p *Permissions) drop(name string, notFound api.Text) error {
	if _, ok := p.Inline[name]; !ok {
		return notFound.With(name)
	}
	delete(p.Inline, name)
	return nil
}

// mayGo refuses to let go of who has policies.
func (p *Permissions) mayGo() error {
	switch {
	case len(p.Attached) > 0:
		return api.DetachPoliciesFirst.With()
	case len(p.Inline) > 0:
		return api.DeletePoliciesFirst.With()
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
