package principal

import (
	"context"
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// AttachUserPolicy attaches a managed policy to a user. One that is attached stays so.
func (s *Service) AttachUserPolicy(ctx context.Context, c api.Caller, in *api.AttachUserPolicyInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := users.change(tx, c.Account, in.UserName, func(u *User) error {
			return u.attach(tx, c.Account, in.PolicyArn, api.TooManyUserPolicies)
		})
		return err
	})
}

// AttachRolePolicy attaches a managed policy to a role. One that is attached stays so.
func (s *Service) AttachRolePolicy(ctx context.Context, c api.Caller, in *api.AttachRolePolicyInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := roles.change(tx, c.Account, in.RoleName, func(r *Role) error {
			return r.attach(tx, c.Account, in.PolicyArn, api.TooManyRolePolicies)
		})
		return err
	})
}

// DetachUserPolicy takes a managed policy from a user.
func (s *Service) DetachUserPolicy(ctx context.Context, c api.Caller, in *api.DetachUserPolicyInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := users.change(tx, c.Account, in.UserName, func(u *User) error { return u.detach(in.PolicyArn) })
		return err
	})
}

// DetachRolePolicy takes a managed policy from a role.
func (s *Service) DetachRolePolicy(ctx context.Context, c api.Caller, in *api.DetachRolePolicyInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := roles.change(tx, c.Account, in.RoleName, func(r *Role) error { return r.detach(in.PolicyArn) })
		return err
	})
}

// ListAttachedUserPolicies returns the managed policies of a user, by name.
func (s *Service) ListAttachedUserPolicies(ctx context.Context, c api.Caller, in *api.ListAttachedUserPoliciesInput) (*api.ListAttachedUserPoliciesOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListAttachedUserPoliciesOutput, error) {
		u, err := users.get(tx, c.Account, in.UserName)
		if err != nil {
			return nil, err
		}
		p := pageOf{in.Marker, in.MaxItems, []string{"ListAttachedUserPolicies", u.ID, in.PathPrefix}}
		page, next, err := s.attached(p, &u.Entity, &u.Permissions, in.PathPrefix)
		if err != nil {
			return nil, err
		}
		return &api.ListAttachedUserPoliciesOutput{AttachedPolicies: page, IsTruncated: truncated(next), Marker: next}, nil
	})
}

// ListAttachedRolePolicies returns the managed policies of a role, by name.
func (s *Service) ListAttachedRolePolicies(ctx context.Context, c api.Caller, in *api.ListAttachedRolePoliciesInput) (*api.ListAttachedRolePoliciesOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListAttachedRolePoliciesOutput, error) {
		r, err := roles.get(tx, c.Account, in.RoleName)
		if err != nil {
			return nil, err
		}
		p := pageOf{in.Marker, in.MaxItems, []string{"ListAttachedRolePolicies", r.ID, in.PathPrefix}}
		page, next, err := s.attached(p, &r.Entity, &r.Permissions, in.PathPrefix)
		if err != nil {
			return nil, err
		}
		return &api.ListAttachedRolePoliciesOutput{AttachedPolicies: page, IsTruncated: truncated(next), Marker: next}, nil
	})
}

// attached returns a page of the managed policies of who has them. They are found by
// their ARNs alone, which hold path and name.
func (s *Service) attached(p pageOf, e *Entity, has *Permissions, pathPrefix string) ([]api.AttachedPolicy, string, error) {
	all := []api.AttachedPolicy{}
	for _, arn := range has.Attached {
		name, _ := policyOf(e.Account, arn)
		if path, _ := resourceOf(e.Account, "policy", arn); strings.HasPrefix("/"+strings.TrimSuffix(path, name), pathPrefix) {
			all = append(all, api.AttachedPolicy{PolicyName: name, PolicyArn: arn})
		}
	}
	position := func(a api.AttachedPolicy) string { return strings.ToLower(a.PolicyName) }
	slices.SortFunc(all, func(a, b api.AttachedPolicy) int { return strings.Compare(position(a), position(b)) })
	return paged(s, p, inOrder(all, position), position)
}

// ListEntitiesForPolicy returns whom a managed policy is attached to: roles, then users.
func (s *Service) ListEntitiesForPolicy(ctx context.Context, c api.Caller, in *api.ListEntitiesForPolicyInput) (*api.ListEntitiesForPolicyOutput, error) {
	wanted := func(kind string) bool {
		return (in.EntityFilter == "" || in.EntityFilter == kind) && in.PolicyUsageFilter != "PermissionsBoundary"
	}
	return view(ctx, s, func(tx Tx) (*api.ListEntitiesForPolicyOutput, error) {
		policy, err := policies.get(tx, c.Account, in.PolicyArn)
		if err != nil {
			return nil, err
		}
		var all []holding
		if wanted("Role") {
			all, err = appendHoldings(all, tx, roles, c.Account)
		}
		if err == nil && wanted("User") {
			all, err = appendHoldings(all, tx, users, c.Account)
		}
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(h holding) bool {
			return !strings.HasPrefix(h.Path, in.PathPrefix) || !slices.Contains(h.attached, in.PolicyArn)
		})
		p := pageOf{in.Marker, in.MaxItems, []string{"ListEntitiesForPolicy", policy.ID, in.EntityFilter, in.PolicyUsageFilter, in.PathPrefix}}
		page, next, err := paged(s, p, inOrder(all, holding.position), holding.position)
		if err != nil {
			return nil, err
		}
		out := &api.ListEntitiesForPolicyOutput{
			PolicyGroups: []api.PolicyGroup{}, PolicyUsers: []api.PolicyUser{}, PolicyRoles: []api.PolicyRole{},
			IsTruncated: truncated(next), Marker: next,
		}
		for _, h := range page {
			if h.what == roles.what {
				out.PolicyRoles = append(out.PolicyRoles, api.PolicyRole{RoleName: h.Name, RoleId: h.ID})
			} else {
				out.PolicyUsers = append(out.PolicyUsers, api.PolicyUser{UserName: h.Name, UserId: h.ID})
			}
		}
		return out, nil
	})
}

// A holding is a user or role, and the ARNs of its managed policies.
type holding struct {
	*Entity
	what     string
	attached []string
}

func (h holding) position() string { return h.what + "/" + strings.ToLower(h.Name) }

// appendHoldings appends those of all records of a kind.
func appendHoldings[T any](all []holding, tx Tx, k *kind[T], account string) ([]holding, error) {
	for r, err := range k.after(tx, account, "") {
		if err != nil {
			return nil, err
		}
		all = append(all, holding{k.entity(r), k.what, k.permissions(r).Attached})
	}
	return all, nil
}

// attachments returns how often each managed policy of the account is attached, by ARN.
func attachments(tx Tx, account string) (map[string]int, error) {
	all, err := appendHoldings(nil, tx, users, account)
	if err == nil {
		all, err = appendHoldings(all, tx, roles, account)
	}
	count := make(map[string]int)
	for _, h := range all {
		for _, arn := range h.attached {
			count[arn]++
		}
	}
	return count, err
}

func (p *Permissions) attach(tx Tx, account, arn string, tooMany api.Text) error {
	policy, err := policies.get(tx, account, arn)
	switch {
	case isNotFound(err):
		return api.PolicyToAttachNotFound.With(arn)
	case err != nil:
		return err
	case slices.Contains(p.Attached, policy.ARN()):
		return nil
	case len(p.Attached) >= MaxAttached:
		return tooMany.With(MaxAttached)
	}
	p.Attached = append(p.Attached, policy.ARN())
	return nil
}

func (p *Permissions) detach(arn string) error {
	n := slices.Index(p.Attached, arn)
	if n < 0 {
		return api.PolicyNotFound.With(arn)
	}
	p.Attached = slices.Delete(p.Attached, n, n+1)
	return nil
}
