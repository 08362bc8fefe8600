package principal

import (
	"context"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// CreatePolicy makes a managed policy with its first version, which is the default.
func (s *Service) CreatePolicy(ctx context.Context, c api.Caller, in *api.CreatePolicyInput) (*api.CreatePolicyOutput, error) {
	if err := checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	e, err := s.newEntity(c, "ANPA", in.PolicyName, in.Path, in.Tags)
	if err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx Tx) (*api.CreatePolicyOutput, error) {
		p := &Policy{Entity: e.clone(), Description: in.Description, NextVersion: 1}
		p.Created = tx.Now()
		p.add(in.PolicyDocument, true, tx.Now())
		if err := policies.insert(tx, p); err != nil {
			return nil, err
		}
		return &api.CreatePolicyOutput{Policy: p.describe(0)}, nil
	})
}

// GetPolicy returns a managed policy without its documents.
func (s *Service) GetPolicy(ctx context.Context, c api.Caller, in *api.GetPolicyInput) (*api.GetPolicyOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetPolicyOutput, error) {
		p, err := policies.get(tx, c.Account, in.PolicyArn)
		if err != nil {
			return nil, err
		}
		attached, err := attachments(tx, c.Account)
		if err != nil {
			return nil, err
		}
		return &api.GetPolicyOutput{Policy: p.describe(attached[p.ARN()])}, nil
	})
}

// DeletePolicy removes a managed policy that is attached to nothing and has one version.
func (s *Service) DeletePolicy(ctx context.Context, c api.Caller, in *api.DeletePolicyInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		p, err := policies.get(tx, c.Account, in.PolicyArn)
		if err != nil {
			return err
		}
		attached, err := attachments(tx, c.Account)
		switch {
		case err != nil:
			return err
		case attached[p.ARN()] > 0:
			return api.PolicyAttached.With()
		case len(p.Versions) > 1:
			return api.DeleteVersionsFirst.With()
		}
		return policies.remove(tx, p)
	})
}

// ListPolicies returns the managed policies of the caller's account, by name.
func (s *Service) ListPolicies(ctx context.Context, c api.Caller, in *api.ListPoliciesInput) (*api.ListPoliciesOutput, error) {
	onlyAttached, filter := in.OnlyAttached != nil && *in.OnlyAttached, "all"
	if onlyAttached {
		filter = "attached"
	}
	none := in.Scope == "AWS" || in.PolicyUsageFilter == "PermissionsBoundary"
	p := pageOf{in.Marker, in.MaxItems, []string{"ListPolicies", c.Account, in.Scope, filter, in.PolicyUsageFilter, in.PathPrefix}}
	return view(ctx, s, func(tx Tx) (*api.ListPoliciesOutput, error) {
		attached, err := attachments(tx, c.Account)
		if err != nil {
			return nil, err
		}
		all := policies.kept(tx, c.Account, func(p *Policy) bool {
			return !none && (!onlyAttached || attached[p.ARN()] > 0) && strings.HasPrefix(p.Path, in.PathPrefix)
		})
		page, next, err := paged(s, p, all, policies.position)
		if err != nil {
			return nil, err
		}
		out := &api.ListPoliciesOutput{Policies: []api.Policy{}, IsTruncated: truncated(next), Marker: next}
		for _, p := range page {
			d := p.describe(attached[p.ARN()])
			d.Description, d.Tags = "", nil
			out.Policies = append(out.Policies, *d)
		}
		return out, nil
	})
}

// describe returns the policy as clients see it. Lists leave description and tags out.
func (p *Policy) describe(attached int) *api.Policy {
	attachable := true
	return &api.Policy{
		PolicyName: p.Name, PolicyId: p.ID, Arn: p.ARN(), Path: p.Path, DefaultVersionId: p.inForce().ID,
		AttachmentCount: int64(attached), IsAttachable: &attachable, Description: p.Description,
		CreateDate: p.Created, UpdateDate: p.Updated, Tags: tagList(p.Tags),
	}
}
