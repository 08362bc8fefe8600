package principal

import (
	"context"
	"net/url"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// SetRoleUpstream backs a role by another STS.
func (s *Service) SetRoleUpstream(ctx context.Context, c api.Caller, in *api.SetRoleUpstreamInput) (*api.SetRoleUpstreamOutput, error) {
	u := in.Upstream
	if !isUpstreamURL(u.Url, s.insecureUpstreams) {
		return nil, api.InvalidUpstreamURL.With()
	}
	if u.Policy != "" {
		if err := checkDocument(u.Policy, iam.SessionPolicy); err != nil {
			return nil, err
		}
	}
	return update(ctx, s, func(tx Tx) (*api.SetRoleUpstreamOutput, error) {
		return &api.SetRoleUpstreamOutput{}, changeByARN(tx, c, in.RoleArn, func(r *Role) error {
			r.Upstream = &Upstream{URL: u.Url, RoleARN: u.RoleArn, Duration: u.DurationSeconds, Policy: u.Policy}
			return nil
		})
	})
}

// GetRoleUpstream returns the upstream of a role.
func (s *Service) GetRoleUpstream(ctx context.Context, c api.Caller, in *api.GetRoleUpstreamInput) (*api.GetRoleUpstreamOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetRoleUpstreamOutput, error) {
		r, err := roleByARN(tx, c, in.RoleArn)
		switch {
		case err != nil:
			return nil, err
		case r.Upstream == nil:
			return nil, api.NoUpstream.With(r.Name)
		}
		u := r.Upstream
		return &api.GetRoleUpstreamOutput{Upstream: &api.RoleUpstream{
			Url: u.URL, RoleArn: u.RoleARN, DurationSeconds: u.Duration, Policy: u.Policy,
		}}, nil
	})
}

// DeleteRoleUpstream takes the upstream from a role that has one.
func (s *Service) DeleteRoleUpstream(ctx context.Context, c api.Caller, in *api.DeleteRoleUpstreamInput) (*api.DeleteRoleUpstreamOutput, error) {
	return update(ctx, s, func(tx Tx) (*api.DeleteRoleUpstreamOutput, error) {
		return &api.DeleteRoleUpstreamOutput{}, changeByARN(tx, c, in.RoleArn, func(r *Role) error {
			if r.Upstream == nil {
				return api.NoUpstream.With(r.Name)
			}
			r.Upstream = nil
			return nil
		})
	})
}

// roleByARN returns a role of the caller's account. One of another is not found.
func roleByARN(tx Tx, c api.Caller, arn string) (*Role, error) {
	account, name, ok := roleOf(arn)
	if !ok || account != c.Account {
		return nil, api.ResourceNotFound.With(arn)
	}
	r, err := roles.get(tx, account, name)
	if isNotFound(err) || err == nil && r.ARN() != arn {
		return nil, api.ResourceNotFound.With(arn)
	}
	return r, err
}

func changeByARN(tx Tx, c api.Caller, arn string, f func(*Role) error) error {
	r, err := roleByARN(tx, c, arn)
	if err != nil {
		return err
	}
	_, err = roles.change(tx, r.Account, r.Name, f)
	return err
}

// isUpstreamURL reports whether requests can be posted to a URL without telling anybody
// else what is in them.
func isUpstreamURL(raw string, insecure bool) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" || u.User != nil || strings.ContainsAny(raw, "?# ") {
		return false
	}
	return u.Scheme == "https" || insecure && u.Scheme == "http"
}
