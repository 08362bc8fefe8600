package identity

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// maxRules is how many rules a role mapping may have. Source: the role-based access control
// page of the Cognito developer guide.
const maxRules = 25

// Claims in which a user pool names roles.
const (
	claimRoles         = "cognito:roles"
	claimPreferredRole = "cognito:preferred_role"
)

// roleARN is the form of a role's ARN.
var roleARN = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\Aarn:aws:iam::(\d{12}):role/[\x21-\x7e]+\z`) })

// GetIdentityPoolRoles returns the roles that a pool gives.
func (s *Service) GetIdentityPoolRoles(ctx context.Context, c Caller, in *api.GetIdentityPoolRolesInput) (*api.GetIdentityPoolRolesOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.GetIdentityPoolRolesOutput, error) {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return nil, err
		}
		out := &api.GetIdentityPoolRolesOutput{IdentityPoolId: p.ID}
		for key, arn := range map[string]string{authenticated: p.AuthenticatedRole, unauthenticated: p.GuestRole} {
			if arn == "" {
				continue
			}
			out.Roles = with(out.Roles, key, arn)
		}
		if len(p.RoleMappings) > 0 {
			out.RoleMappings = make(map[string]api.RoleMapping, len(p.RoleMappings))
		}
		for key, m := range p.RoleMappings {
			out.RoleMappings[key] = m.describe()
		}
		return out, nil
	})
}

// SetIdentityPoolRoles replaces the roles that a pool gives. The caller must be allowed to
// pass each of them.
func (s *Service) SetIdentityPoolRoles(ctx context.Context, c Caller, in *api.SetIdentityPoolRolesInput) error {
	mappings := make(map[string]RoleMapping, len(in.RoleMappings))
	var roles []string
	for _, arn := range in.Roles {
		roles = append(roles, arn)
	}
	for _, key := range sortedKeys(in.RoleMappings) {
		m, err := mappingFrom(key, in.RoleMappings[key])
		if err != nil {
			return err
		}
		mappings[key] = m
		for _, r := range m.Rules {
			roles = append(roles, r.RoleARN)
		}
	}
	slices.Sort(roles)
	roles = slices.Compact(roles)

	enter := func(tx Tx) (*Pool, error) {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err != nil {
			return nil, err
		}
		for _, key := range sortedKeys(mappings) {
			if !p.canMap(key) {
				return nil, api.InvalidRoleMapping.With(key)
			}
		}
		return p, nil
	}
	p, err := view(ctx, s, enter)
	if err != nil {
		return err
	}
	var warnings []string
	for _, arn := range roles {
		warning, err := s.checkRole(ctx, c, p, arn)
		if err != nil {
			return err
		}
		if warning != "" {
			warnings = append(warnings, "role "+arn+": "+warning)
		}
	}
	err = s.store.Update(ctx, func(tx Tx) error {
		p, err := enter(tx)
		if err != nil {
			return err
		}
		p = p.Clone()
		p.AuthenticatedRole, p.GuestRole, p.RoleMappings = in.Roles[authenticated], in.Roles[unauthenticated], mappings
		p.Modified = tx.Now()
		if err := tx.UpdatePool(p); err != nil {
			return fmt.Errorf("set roles of identity pool %s: %w", p.ID, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, w := range warnings {
		s.warn(ctx, w)
	}
	return nil
}

// checkRole tells why a caller may not give a role to a pool, or else what is unsafe about it.
func (s *Service) checkRole(ctx context.Context, c Caller, p *Pool, arn string) (warning string, err error) {
	if !roleARN().MatchString(arn) {
		return "", api.InvalidARN.With(arn)
	}
	if !p.owns(arn) {
		return "", api.RoleForbidden.With(arn)
	}
	if err := s.roles.MayPass(ctx, c, arn); err != nil {
		return "", fmt.Errorf("pass role %s: %w", arn, err)
	}
	warning, err = s.roles.TrustsPool(ctx, p.Account, arn, p.ID)
	switch {
	case err != nil:
		return "", fmt.Errorf("trust policy of role %s: %w", arn, err)
	case warning != "" && s.refuseUnsafeTrust:
		return "", api.UnsafeTrust.With(arn, warning)
	}
	return warning, nil
}

// owns reports whether the role is one of the pool's account.
func (p *Pool) owns(arn string) bool {
	m := roleARN().FindStringSubmatch(arn)
	return m != nil && m[1] == p.Account
}

// canMap reports whether key names a provider of the pool as RoleMappings do: a user
// pool with its client, an IAM provider by its ARN, and others by name.
func (p *Pool) canMap(key string) bool {
	if _, ok := p.LoginProviders[key]; ok {
		return true
	}
	return slices.ContainsFunc(p.CognitoProviders, func(c CognitoProvider) bool { return c.ProviderName+":"+c.ClientID == key }) ||
		slices.Contains(p.OpenIDConnectProviders, key) || slices.Contains(p.SAMLProviders, key)
}

// mappingKey is the key of RoleMappings under which a login falls.
func (v *Verified) mappingKey() string {
	switch {
	case v.ProviderARN != "":
		return v.ProviderARN
	case userPoolProvider().MatchString(v.Provider):
		return v.Provider + ":" + v.Audience
	}
	return v.Provider
}

// role returns the role of which the identity gets credentials. custom is the role that
// the call asks for, or empty. Where several logins have a mapping, that of the first
// provider by name decides.
func (u *use) role(custom string) (string, error) {
	role, err := u.pool.roleOf(u, custom)
	if err != nil {
		return "", err
	}
	switch {
	case role == "":
		return "", api.PoolMisconfigured.With().Because(fmt.Errorf("the pool has no role for amr %q", u.amr[0]))
	case !u.pool.owns(role):
		return "", api.PoolMisconfigured.With().Because(fmt.Errorf("role %s is not of the pool's account", role))
	}
	return role, nil
}

func (p *Pool) roleOf(u *use, custom string) (string, error) {
	if u.guest {
		return onlyRole(p.GuestRole, custom)
	}
	for _, v := range u.logins {
		key := v.mappingKey()
		m, ok := p.RoleMappings[key]
		if !ok {
			continue
		}
		role, err := m.choose(v.Claims, custom)
		if err != nil || role != "" {
			return role, err
		}
		if m.Deny {
			return "", api.AmbiguousRole.With(key)
		}
		return p.AuthenticatedRole, nil
	}
	return onlyRole(p.AuthenticatedRole, custom)
}

// onlyRole returns the only role that there is, which is also the only one to ask for.
func onlyRole(role, custom string) (string, error) {
	if custom != "" && custom != role {
		return "", api.RoleForbidden.With(custom)
	}
	return role, nil
}

// choose returns the role that follows from the claims; empty: none does. custom must be among
// those that do.
func (m RoleMapping) choose(claims LoginClaims, custom string) (string, error) {
	var first string
	var allowed []string
	if m.ByToken {
		if preferred := claims[claimPreferredRole]; len(preferred) == 1 {
			first = preferred[0]
		}
		// Documented as one text with commas; user pools write a list.
		for _, roles := range claims[claimRoles] {
			for role := range strings.SplitSeq(roles, ",") {
				allowed = append(allowed, strings.TrimSpace(role))
			}
		}
	} else {
		for _, r := range m.Rules {
			if r.matches(claims) {
				allowed = append(allowed, r.RoleARN)
			}
		}
		if len(allowed) > 0 {
			first = allowed[0]
		}
	}
	if custom == "" {
		return first, nil
	}
	if !slices.Contains(allowed, custom) {
		return "", api.RoleForbidden.With(custom)
	}
	return custom, nil
}

// matches compares a claim. One with several values equals, contains or starts with a value
// when one of them does; it is not equal to a value when none of them is.
func (r MappingRule) matches(claims LoginClaims) bool {
	values := claims[r.Claim]
	var compare func(claim, value string) bool
	switch r.Match {
	case "Equals":
		compare = func(claim, value string) bool { return claim == value }
	case "NotEqual":
		return len(values) > 0 && !slices.Contains(values, r.Value)
	case "Contains":
		compare = strings.Contains
	case "StartsWith":
		compare = strings.HasPrefix
	default:
		return false
	}
	return slices.ContainsFunc(values, func(v string) bool { return compare(v, r.Value) })
}

// The words of the service for role mappings.
const (
	mapByToken  = "Token"
	mapByRules  = "Rules"
	resolveDeny = "Deny"
	resolveRole = "AuthenticatedRole"
)

// mappingFrom is the inverse of describe.
func mappingFrom(key string, d api.RoleMapping) (RoleMapping, error) {
	m := RoleMapping{ByToken: d.Type == mapByToken, Deny: d.AmbiguousRoleResolution == resolveDeny}
	switch {
	case d.AmbiguousRoleResolution == "":
		return m, api.RoleMappingIncomplete.With("AmbiguousRoleResolution", key)
	case !m.ByToken && d.RulesConfiguration == nil:
		return m, api.RoleMappingIncomplete.With("RulesConfiguration", key)
	case d.RulesConfiguration == nil:
		return m, nil
	case len(d.RulesConfiguration.Rules) > maxRules:
		return m, api.TooManyRules.With(maxRules)
	}
	for _, r := range d.RulesConfiguration.Rules {
		m.Rules = append(m.Rules, MappingRule{r.Claim, r.MatchType, r.Value, r.RoleARN})
	}
	return m, nil
}

func (m RoleMapping) describe() api.RoleMapping {
	d := api.RoleMapping{Type: mapByRules, AmbiguousRoleResolution: resolveRole}
	if m.ByToken {
		d.Type = mapByToken
	}
	if m.Deny {
		d.AmbiguousRoleResolution = resolveDeny
	}
	if len(m.Rules) > 0 {
		d.RulesConfiguration = new(api.RulesConfigurationType)
	}
	for _, r := range m.Rules {
		d.RulesConfiguration.Rules = append(d.RulesConfiguration.Rules, api.MappingRule{
			Claim: r.Claim, MatchType: r.Match, Value: r.Value, RoleARN: r.RoleARN,
		})
	}
	return d
}
