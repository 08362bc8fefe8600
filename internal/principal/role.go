package principal

import (
	"cmp"
	"context"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// CreateRole makes a role, which may do nothing.
func (s *Service) CreateRole(ctx context.Context, c api.Caller, in *api.CreateRoleInput) (*api.CreateRoleOutput, error) {
	if in.PermissionsBoundary != "" {
		return nil, api.NoPermissionsBoundaries.With()
	}
	trust, warning, err := s.checkTrust(c.Account, in.RoleName, in.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	e, err := s.newEntity(c, "AROA", in.RoleName, in.Path, in.Tags)
	if err != nil {
		return nil, err
	}
	out, err := update(ctx, s, func(tx Tx) (*api.CreateRoleOutput, error) {
		r := &Role{
			Entity:      e.clone(),
			Description: in.Description,
			Trust:       in.AssumeRolePolicyDocument,
			MaxSession:  cmp.Or(in.MaxSessionDuration, defaultMaxSession),
		}
		r.Created = tx.Now()
		if r.Trusted, err = pins(tx, trust); err != nil {
			return nil, err
		}
		if err := roles.insert(tx, r); err != nil {
			return nil, err
		}
		d, err := r.describe(tx)
		return &api.CreateRoleOutput{Role: d}, err
	})
	if err == nil && warning != "" {
		s.warn(ctx, warning)
	}
	return out, err
}

// GetRole returns a role.
func (s *Service) GetRole(ctx context.Context, c api.Caller, in *api.GetRoleInput) (*api.GetRoleOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetRoleOutput, error) {
		r, err := roles.get(tx, c.Account, in.RoleName)
		if err != nil {
			return nil, err
		}
		d, err := r.describe(tx)
		return &api.GetRoleOutput{Role: d}, err
	})
}

// UpdateRole changes what is given of a role's description and longest session.
func (s *Service) UpdateRole(ctx context.Context, c api.Caller, in *api.UpdateRoleInput) (*api.UpdateRoleOutput, error) {
	return update(ctx, s, func(tx Tx) (*api.UpdateRoleOutput, error) {
		_, err := roles.change(tx, c.Account, in.RoleName, func(r *Role) error {
			r.Description = cmp.Or(in.Description, r.Description)
			r.MaxSession = cmp.Or(in.MaxSessionDuration, r.MaxSession)
			return nil
		})
		return &api.UpdateRoleOutput{}, err
	})
}

// UpdateRoleDescription replaces what a role is said to be for.
func (s *Service) UpdateRoleDescription(ctx context.Context, c api.Caller, in *api.UpdateRoleDescriptionInput) (*api.UpdateRoleDescriptionOutput, error) {
	return update(ctx, s, func(tx Tx) (*api.UpdateRoleDescriptionOutput, error) {
		r, err := roles.change(tx, c.Account, in.RoleName, func(r *Role) error {
			r.Description = in.Description
			return nil
		})
		if err != nil {
			return nil, err
		}
		d, err := r.describe(tx)
		return &api.UpdateRoleDescriptionOutput{Role: d}, err
	})
}

// UpdateAssumeRolePolicy replaces the trust policy of a role.
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, c api.Caller, in *api.UpdateAssumeRolePolicyInput) error {
	trust, warning, err := s.checkTrust(c.Account, in.RoleName, in.PolicyDocument)
	if err != nil {
		return err
	}
	err = s.store.Update(ctx, func(tx Tx) error {
		_, err := roles.change(tx, c.Account, in.RoleName, func(r *Role) (err error) {
			r.Trust = in.PolicyDocument
			r.Trusted, err = pins(tx, trust)
			return err
		})
		return err
	})
	if err == nil && warning != "" {
		s.warn(ctx, warning)
	}
	return err
}

// DeleteRole removes a role that has no policies.
func (s *Service) DeleteRole(ctx context.Context, c api.Caller, in *api.DeleteRoleInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		r, err := roles.get(tx, c.Account, in.RoleName)
		if err != nil {
			return err
		}
		if err := r.mayGo(); err != nil {
			return err
		}
		return roles.remove(tx, r)
	})
}

// ListRoles returns the roles of the caller's account, by name.
func (s *Service) ListRoles(ctx context.Context, c api.Caller, in *api.ListRolesInput) (*api.ListRolesOutput, error) {
	p := pageOf{in.Marker, in.MaxItems, []string{"ListRoles", c.Account, in.PathPrefix}}
	return view(ctx, s, func(tx Tx) (*api.ListRolesOutput, error) {
		all := roles.kept(tx, c.Account, func(r *Role) bool { return strings.HasPrefix(r.Path, in.PathPrefix) })
		page, next, err := paged(s, p, all, roles.position)
		if err != nil {
			return nil, err
		}
		out := &api.ListRolesOutput{Roles: []api.Role{}, IsTruncated: truncated(next), Marker: next}
		for _, r := range page {
			d, err := r.describe(tx)
			if err != nil {
				return nil, err
			}
			d.Tags = nil
			out.Roles = append(out.Roles, *d)
		}
		return out, nil
	})
}

// ListInstanceProfilesForRole returns no instance profiles: there are none.
func (s *Service) ListInstanceProfilesForRole(ctx context.Context, c api.Caller, in *api.ListInstanceProfilesForRoleInput) (*api.ListInstanceProfilesForRoleOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListInstanceProfilesForRoleOutput, error) {
		if _, err := roles.get(tx, c.Account, in.RoleName); err != nil {
			return nil, err
		}
		return &api.ListInstanceProfilesForRoleOutput{InstanceProfiles: []api.InstanceProfile{}, IsTruncated: truncated("")}, nil
	})
}

// checkTrust refuses what can not be the trust policy of a role of the account. One that is
// open is refused too, by setting, and otherwise warned of.
func (s *Service) checkTrust(account, role, document string) (trust *iam.Policy, warning string, err error) {
	if err := checkDocument(document, iam.TrustPolicy); err != nil {
		return nil, "", err
	}
	if size(document) > MaxTrustPolicy {
		return nil, "", api.TrustPolicyTooLarge.With(MaxTrustPolicy)
	}
	if trust, err = iam.Parse([]byte(document), iam.TrustPolicy); err != nil {
		return nil, "", err
	}
	warning = s.openTrust(account, role, trust)
	if warning != "" && s.refuseOpenTrust {
		return nil, "", api.OpenTrust.With(warning)
	}
	return trust, warning, nil
}

// describe returns the role as clients see it. Lists leave the tags out.
func (r *Role) describe(tx Tx) (*api.Role, error) {
	trust, err := r.trustNow(tx)
	if err != nil {
		return nil, err
	}
	return &api.Role{
		Path: r.Path, RoleName: r.Name, RoleId: r.ID, Arn: r.ARN(), CreateDate: r.Created,
		AssumeRolePolicyDocument: encoded(trust), Description: r.Description,
		MaxSessionDuration: r.MaxSession, Tags: tagList(r.Tags),
	}, nil
}
