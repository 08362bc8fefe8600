package principal

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// CreatePolicyVersion adds a version to a managed policy.
func (s *Service) CreatePolicyVersion(ctx context.Context, c api.Caller, in *api.CreatePolicyVersionInput) (*api.CreatePolicyVersionOutput, error) {
	if err := checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	return update(ctx, s, func(tx Tx) (*api.CreatePolicyVersionOutput, error) {
		p, err := policies.change(tx, c.Account, in.PolicyArn, func(p *Policy) error {
			if len(p.Versions) >= MaxVersions {
				return api.TooManyVersions.With(MaxVersions)
			}
			p.add(in.PolicyDocument, in.SetAsDefault != nil && *in.SetAsDefault, tx.Now())
			return nil
		})
		if err != nil {
			return nil, err
		}
		return &api.CreatePolicyVersionOutput{PolicyVersion: p.Versions[len(p.Versions)-1].describe()}, nil
	})
}

// GetPolicyVersion returns a version of a managed policy with its document.
func (s *Service) GetPolicyVersion(ctx context.Context, c api.Caller, in *api.GetPolicyVersionInput) (*api.GetPolicyVersionOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetPolicyVersionOutput, error) {
		p, err := policies.get(tx, c.Account, in.PolicyArn)
		if err != nil {
			return nil, err
		}
		n, err := p.version(in.VersionId)
		if err != nil {
			return nil, err
		}
		d := p.Versions[n].describe()
		d.Document = encoded(p.Versions[n].Document)
		return &api.GetPolicyVersionOutput{PolicyVersion: d}, nil
	})
}

// ListPolicyVersions returns the versions of a managed policy, newest first.
func (s *Service) ListPolicyVersions(ctx context.Context, c api.Caller, in *api.ListPolicyVersionsInput) (*api.ListPolicyVersionsOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListPolicyVersionsOutput, error) {
		policy, err := policies.get(tx, c.Account, in.PolicyArn)
		if err != nil {
			return nil, err
		}
		versions := slices.Clone(policy.Versions)
		slices.Reverse(versions)
		p := pageOf{in.Marker, in.MaxItems, []string{"ListPolicyVersions", policy.ID}}
		page, next, err := paged(s, p, inOrder(versions, newestFirst), newestFirst)
		if err != nil {
			return nil, err
		}
		out := &api.ListPolicyVersionsOutput{Versions: []api.PolicyVersion{}, IsTruncated: truncated(next), Marker: next}
		for _, v := range page {
			out.Versions = append(out.Versions, *v.describe())
		}
		return out, nil
	})
}

// DeletePolicyVersion removes a version that is not the default.
func (s *Service) DeletePolicyVersion(ctx context.Context, c api.Caller, in *api.DeletePolicyVersionInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := policies.change(tx, c.Account, in.PolicyArn, func(p *Policy) error {
			n, err := p.version(in.VersionId)
			if err != nil {
				return err
			}
			if p.Versions[n].Default {
				return api.DefaultVersionStays.With()
			}
			p.Versions = slices.Delete(p.Versions, n, n+1)
			return nil
		})
		return err
	})
}

// SetDefaultPolicyVersion puts a version in force.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, c api.Caller, in *api.SetDefaultPolicyVersionInput) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := policies.change(tx, c.Account, in.PolicyArn, func(p *Policy) error {
			n, err := p.version(in.VersionId)
			if err == nil {
				p.putInForce(n)
			}
			return err
		})
		return err
	})
}

// checkManaged refuses what can not be the document of a managed policy.
func checkManaged(document string) error {
	if err := checkDocument(document, iam.IdentityPolicy); err != nil {
		return err
	}
	if size(document) > MaxManagedPolicy {
		return api.ManagedPolicyTooLarge.With(MaxManagedPolicy)
	}
	return nil
}

// add appends a version.
func (p *Policy) add(document string, inForce bool, now time.Time) {
	p.Versions = append(p.Versions, PolicyVersion{ID: "v" + strconv.Itoa(p.NextVersion), Document: document, Created: now})
	p.NextVersion++
	p.Updated = now
	if inForce {
		p.putInForce(len(p.Versions) - 1)
	}
}

func (p *Policy) putInForce(n int) {
	for i := range p.Versions {
		p.Versions[i].Default = i == n
	}
}

// inForce returns the default version.
func (p *Policy) inForce() *PolicyVersion {
	n := slices.IndexFunc(p.Versions, func(v PolicyVersion) bool { return v.Default })
	return &p.Versions[n]
}

// version returns where the version stands.
func (p *Policy) version(id string) (int, error) {
	n := slices.IndexFunc(p.Versions, func(v PolicyVersion) bool { return v.ID == id })
	if n < 0 {
		return 0, api.PolicyVersionNotFound.With(p.ARN(), id)
	}
	return n, nil
}

// newestFirst is where a version stands in lists.
func newestFirst(v PolicyVersion) string {
	number, _ := strconv.Atoi(v.ID[1:]) // v and a number: see add
	return fmt.Sprintf("%09d", 999_999_999-number)
}

// describe returns the version as lists hold it, without its document.
func (v PolicyVersion) describe() *api.PolicyVersion {
	return &api.PolicyVersion{VersionId: v.ID, IsDefaultVersion: &v.Default, CreateDate: v.Created}
}
