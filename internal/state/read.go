package state

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// Read returns what there is of the accounts, kinds and regions that scope declares. The
// error is that of a call, in words that say which.
func Read(ctx context.Context, call Call, scope *State) (*State, error) {
	s := &State{Accounts: make(map[string]*Account)}
	for _, id := range sortedKeys(scope.Accounts) {
		v := survey{ctx, call, id, &Account{managed: make(map[string]string)}}
		if err := v.read(scope.Accounts[id]); err != nil {
			return nil, fmt.Errorf("read account %s: %w", id, err)
		}
		s.Accounts[id] = v.found
	}
	return s, nil
}

// A survey reads one account.
type survey struct {
	ctx   context.Context
	call  Call
	id    string
	found *Account
}

func (v survey) read(scope *Account) error {
	var steps []func() error
	// What users and roles attach is told by name.
	if scope.Policies != nil || scope.Users != nil || scope.Roles != nil {
		steps = append(steps, func() error { return v.policies(scope.Policies != nil) })
	}
	if scope.Users != nil {
		steps = append(steps, v.users)
	}
	if scope.Roles != nil {
		steps = append(steps, v.roles)
	}
	if scope.OIDCProviders != nil {
		steps = append(steps, v.oidcProviders)
	}
	if scope.SAMLProviders != nil {
		steps = append(steps, v.samlProviders)
	}
	if scope.IdentityPools != nil {
		v.found.IdentityPools = make(map[string][]*Pool)
		for _, region := range sortedKeys(scope.IdentityPools) {
			steps = append(steps, func() error { return v.pools(region) })
		}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// iam calls an operation of IAM about what is called name.
func (v survey) iam(operation, name string, in, out any) error {
	if err := v.call(v.ctx, v.id, "", api.IAM, operation, in, out); err != nil {
		return fmt.Errorf("%s: %w", strings.TrimSpace(operation+" "+name), err)
	}
	return nil
}

// pages calls get with the marker of each page, which returns that of the next.
func pages(get func(marker string) (next string, err error)) error {
	for marker := ""; ; {
		next, err := get(marker)
		if err != nil || next == "" {
			return err
		}
		if next == marker {
			return errors.New("the marker of a page leads to the page itself")
		}
		marker = next
	}
}

func (v survey) policies(declared bool) error {
	var all []api.Policy
	err := pages(func(marker string) (string, error) {
		var out api.ListPoliciesOutput
		err := v.iam("ListPolicies", "", &api.ListPoliciesInput{Scope: "Local", Marker: marker}, &out)
		all = append(all, out.Policies...)
		return out.Marker, err
	})
	if err != nil {
		return err
	}
	for _, p := range all {
		v.found.managed[fold(p.PolicyName)] = p.Arn
	}
	if !declared {
		return nil
	}
	v.found.Policies = make(map[string]*Policy, len(all))
	for _, p := range all {
		if err := v.policy(p.PolicyName, p.Arn); err != nil {
			return err
		}
	}
	return nil
}

func (v survey) policy(name, arn string) error {
	var got api.GetPolicyOutput
	if err := v.iam("GetPolicy", name, &api.GetPolicyInput{PolicyArn: arn}, &got); err != nil {
		return err
	}
	p := &Policy{
		Path: got.Policy.Path, Description: got.Policy.Description, Tags: tagMap(got.Policy.Tags),
		attached: got.Policy.AttachmentCount,
	}
	inForce := got.Policy.DefaultVersionId
	var version api.GetPolicyVersionOutput
	err := v.iam("GetPolicyVersion", name, &api.GetPolicyVersionInput{PolicyArn: arn, VersionId: inForce}, &version)
	if err != nil {
		return err
	}
	if p.Document, err = decoded(version.PolicyVersion.Document); err != nil {
		return fmt.Errorf("policy %s: %w", name, err)
	}
	err = pages(func(marker string) (string, error) {
		var out api.ListPolicyVersionsOutput
		err := v.iam("ListPolicyVersions", name, &api.ListPolicyVersionsInput{PolicyArn: arn, Marker: marker}, &out)
		for _, o := range out.Versions {
			if o.VersionId != inForce {
				p.versions = append(p.versions, o.VersionId)
			}
		}
		return out.Marker, err
	})
	slices.SortFunc(p.versions, func(a, b string) int { return versionNumber(a) - versionNumber(b) })
	v.found.Policies[name] = p
	return err
}

// versionNumber is the number in v and a number.
func versionNumber(id string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(id, "v"))
	return n
}

func (v survey) users() error {
	v.found.Users = make(map[string]*User)
	return pages(func(marker string) (string, error) {
		var out api.ListUsersOutput
		if err := v.iam("ListUsers", "", &api.ListUsersInput{Marker: marker}, &out); err != nil {
			return "", err
		}
		for _, u := range out.Users {
			if err := v.user(u.UserName); err != nil {
				return "", err
			}
		}
		return out.Marker, nil
	})
}

func (v survey) user(name string) error {
	var got api.GetUserOutput
	if err := v.iam("GetUser", name, &api.GetUserInput{UserName: name}, &got); err != nil {
		return err
	}
	u := &User{Path: got.User.Path, Tags: tagMap(got.User.Tags)}
	v.found.Users[name] = u
	err := pages(func(marker string) (string, error) {
		var out api.ListUserPoliciesOutput
		err := v.iam("ListUserPolicies", name, &api.ListUserPoliciesInput{UserName: name, Marker: marker}, &out)
		for _, policy := range out.PolicyNames {
			var got api.GetUserPolicyOutput
			if err := v.iam("GetUserPolicy", name+" "+policy, &api.GetUserPolicyInput{UserName: name, PolicyName: policy}, &got); err != nil {
				return "", err
			}
			if err := inline(&u.Policies, policy, got.PolicyDocument); err != nil {
				return "", fmt.Errorf("user %s: %w", name, err)
			}
		}
		return out.Marker, err
	})
	if err != nil {
		return err
	}
	err = pages(func(marker string) (string, error) {
		var out api.ListAttachedUserPoliciesOutput
		err := v.iam("ListAttachedUserPolicies", name, &api.ListAttachedUserPoliciesInput{UserName: name, Marker: marker}, &out)
		u.Attached = append(u.Attached, v.attached(out.AttachedPolicies)...)
		return out.Marker, err
	})
	if err != nil {
		return err
	}
	u.Attached = set(u.Attached)
	return pages(func(marker string) (string, error) {
		var out api.ListAccessKeysOutput
		err := v.iam("ListAccessKeys", name, &api.ListAccessKeysInput{UserName: name, Marker: marker}, &out)
		for _, k := range out.AccessKeyMetadata {
			u.keys = append(u.keys, k.AccessKeyId)
		}
		return out.Marker, err
	})
}

func (v survey) roles() error {
	v.found.Roles = make(map[string]*Role)
	return pages(func(marker string) (string, error) {
		var out api.ListRolesOutput
		if err := v.iam("ListRoles", "", &api.ListRolesInput{Marker: marker}, &out); err != nil {
			return "", err
		}
		for _, r := range out.Roles {
			if err := v.role(r.RoleName); err != nil {
				return "", err
			}
		}
		return out.Marker, nil
	})
}

func (v survey) role(name string) error {
	var got api.GetRoleOutput
	if err := v.iam("GetRole", name, &api.GetRoleInput{RoleName: name}, &got); err != nil {
		return err
	}
	trust, err := decoded(got.Role.AssumeRolePolicyDocument)
	if err != nil {
		return fmt.Errorf("role %s: trust policy: %w", name, err)
	}
	r := &Role{
		Path: got.Role.Path, Description: got.Role.Description, MaxSessionDuration: got.Role.MaxSessionDuration,
		Trust: trust, Tags: tagMap(got.Role.Tags),
	}
	v.found.Roles[name] = r
	err = pages(func(marker string) (string, error) {
		var out api.ListRolePoliciesOutput
		err := v.iam("ListRolePolicies", name, &api.ListRolePoliciesInput{RoleName: name, Marker: marker}, &out)
		for _, policy := range out.PolicyNames {
			var got api.GetRolePolicyOutput
			if err := v.iam("GetRolePolicy", name+" "+policy, &api.GetRolePolicyInput{RoleName: name, PolicyName: policy}, &got); err != nil {
				return "", err
			}
			if err := inline(&r.Policies, policy, got.PolicyDocument); err != nil {
				return "", fmt.Errorf("role %s: %w", name, err)
			}
		}
		return out.Marker, err
	})
	if err != nil {
		return err
	}
	err = pages(func(marker string) (string, error) {
		var out api.ListAttachedRolePoliciesOutput
		err := v.iam("ListAttachedRolePolicies", name, &api.ListAttachedRolePoliciesInput{RoleName: name, Marker: marker}, &out)
		r.Attached = append(r.Attached, v.attached(out.AttachedPolicies)...)
		return out.Marker, err
	})
	r.Attached = set(r.Attached)
	return err
}

// inline adds an inline policy.
func inline(policies *map[string]Document, name, document string) error {
	d, err := decoded(document)
	if err != nil {
		return fmt.Errorf("inline policy %s: %w", name, err)
	}
	if *policies == nil {
		*policies = make(map[string]Document)
	}
	(*policies)[name] = d
	return nil
}

// attached returns policies as files call them: by name where they are the account's.
func (v survey) attached(policies []api.AttachedPolicy) []string {
	var refs []string
	for _, p := range policies {
		if v.found.managed[fold(p.PolicyName)] == p.PolicyArn {
			refs = append(refs, p.PolicyName)
		} else {
			refs = append(refs, p.PolicyArn)
		}
	}
	return refs
}

func (v survey) oidcProviders() error {
	v.found.OIDCProviders = make(map[string]*OIDCProvider)
	var all api.ListOpenIDConnectProvidersOutput
	if err := v.iam("ListOpenIDConnectProviders", "", &api.ListOpenIDConnectProvidersInput{}, &all); err != nil {
		return err
	}
	for _, p := range all.OpenIDConnectProviderList {
		var got api.GetOpenIDConnectProviderOutput
		if err := v.iam("GetOpenIDConnectProvider", p.Arn, &api.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: p.Arn}, &got); err != nil {
			return err
		}
		v.found.OIDCProviders[https+got.Url] = &OIDCProvider{
			ClientIDs: set(got.ClientIDList), Thumbprints: set(got.ThumbprintList), Tags: tagMap(got.Tags),
		}
	}
	return nil
}

func (v survey) samlProviders() error {
	v.found.SAMLProviders = make(map[string]*SAMLProvider)
	var all api.ListSAMLProvidersOutput
	if err := v.iam("ListSAMLProviders", "", &api.ListSAMLProvidersInput{}, &all); err != nil {
		return err
	}
	for _, p := range all.SAMLProviderList {
		var got api.GetSAMLProviderOutput
		if err := v.iam("GetSAMLProvider", p.Arn, &api.GetSAMLProviderInput{SAMLProviderArn: p.Arn}, &got); err != nil {
			return err
		}
		v.found.SAMLProviders[strings.TrimPrefix(p.Arn, samlARN(v.id, ""))] = &SAMLProvider{
			Metadata: got.SAMLMetadataDocument, Tags: tagMap(got.Tags),
		}
	}
	return nil
}

func (v survey) pools(region string) error {
	ask := func(service *api.Service, operation, name string, in, out any) error {
		if err := v.call(v.ctx, v.id, region, service, operation, in, out); err != nil {
			return fmt.Errorf("%s in %s: %w", strings.TrimSpace(operation+" "+name), region, err)
		}
		return nil
	}
	const page = 60
	var pools []*Pool
	err := pages(func(token string) (string, error) {
		var out api.ListIdentityPoolsOutput
		err := ask(api.CognitoIdentity, "ListIdentityPools", "", &api.ListIdentityPoolsInput{MaxResults: page, NextToken: token}, &out)
		for _, p := range out.IdentityPools {
			var got api.IdentityPool
			if err := ask(api.CognitoIdentity, "DescribeIdentityPool", p.IdentityPoolId, &api.DescribeIdentityPoolInput{IdentityPoolId: p.IdentityPoolId}, &got); err != nil {
				return "", err
			}
			var signing api.GetIdentityPoolSigningOutput
			if err := ask(api.Identities, "GetIdentityPoolSigning", p.IdentityPoolId, &api.GetIdentityPoolSigningInput{IdentityPoolId: p.IdentityPoolId}, &signing); err != nil {
				return "", err
			}
			pool := v.pool(&got)
			pool.SigningAlgorithm = signing.SigningAlgorithm
			pools = append(pools, pool)
		}
		return out.NextToken, err
	})
	count := make(map[string]int)
	for _, p := range pools {
		count[p.Name]++
	}
	for _, p := range pools {
		if count[p.Name] > 1 {
			p.ID = p.id
		}
	}
	slices.SortFunc(pools, func(a, b *Pool) int {
		return strings.Compare(a.Name+"\x00"+a.id, b.Name+"\x00"+b.id)
	})
	v.found.IdentityPools[region] = pools
	return err
}

func (v survey) pool(got *api.IdentityPool) *Pool {
	p := &Pool{
		Name:                           got.IdentityPoolName,
		AllowUnauthenticatedIdentities: got.AllowUnauthenticatedIdentities,
		AllowClassicFlow:               got.AllowClassicFlow,
		DeveloperProviderName:          got.DeveloperProviderName,
		id:                             got.IdentityPoolId,
	}
	if len(got.SupportedLoginProviders) > 0 {
		p.SupportedLoginProviders = got.SupportedLoginProviders
	}
	if len(got.IdentityPoolTags) > 0 {
		p.Tags = got.IdentityPoolTags
	}
	for _, arn := range set(got.OpenIdConnectProviderARNs) {
		p.OIDCProviders = append(p.OIDCProviders, short(arn, oidcARN(v.id, ""), https, oidcURL))
	}
	for _, arn := range set(got.SamlProviderARNs) {
		p.SAMLProviders = append(p.SAMLProviders, short(arn, samlARN(v.id, ""), "", samlName))
	}
	for _, c := range got.CognitoIdentityProviders {
		p.CognitoIdentityProviders = append(p.CognitoIdentityProviders, CognitoProvider{c.ProviderName, c.ClientId, c.ServerSideTokenCheck})
	}
	p.CognitoIdentityProviders = cognitoSet(p.CognitoIdentityProviders)
	return p
}

// short returns what a file calls a provider by: what follows the prefix in its ARN, after
// scheme. A pool may name what can be no provider, which keeps its ARN.
func short(arn, prefix, scheme string, shape *api.Shape) string {
	name, ours := strings.CutPrefix(arn, prefix)
	if !ours || isARN(scheme+name) || len(shape.CheckString(scheme+name)) > 0 {
		return arn
	}
	return scheme + name
}

// decoded returns a document of an answer, which is percent-encoded (RFC 3986).
func decoded(document string) (Document, error) {
	text, err := url.PathUnescape(document)
	if err != nil {
		return "", err
	}
	return ParseDocument(text)
}

func tagMap(tags []api.Tag) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}
