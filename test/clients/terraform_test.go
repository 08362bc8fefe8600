package clients_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

// The tests below make the calls that Terraform's AWS provider makes for a resource, in
// its order: create and read, read (plan, import), update and read, delete, and the read that
// finds nothing left. Source: internal/service/iam and internal/service/cognitoidentity of
// hashicorp/terraform-provider-aws.

// terraform is Terraform with a provider that is configured, which has asked who it is.
type terraform struct {
	*testing.T
	iam  *iam.Client
	pool *cognitoidentity.Client
}

func newTerraform(t *testing.T) *terraform {
	t.Helper()
	w := newWorld(t)
	who, err := w.sts(w.keyID, w.secret).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || *who.Account != "000000000000" {
		t.Fatalf("GetCallerIdentity: %+v, %v", who, err)
	}
	return &terraform{t, w.iam(), w.sdk()}
}

// done fails the test when a call that must succeed has not.
func done[T any](t *terraform) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// gone checks that a read finds nothing, by the code that Terraform looks for.
func (t *terraform) gone(what, want string, err error) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("read of %s that is deleted: %v, want %s", what, err, want)
	}
}

func (t *terraform) same(what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func tagsOf(list []types.Tag) map[string]string {
	tags := map[string]string{}
	for _, tag := range list {
		// Terraform dereferences both.
		tags[*tag.Key] = *tag.Value
	}
	return tags
}

// roleState is what aws_iam_role keeps of a role.
type roleState struct {
	ARN, Trust, Description, Path string
	MaxSession                    int32
	Inline                        map[string]string
	Attached                      []string
	Tags                          map[string]string
}

func (t *terraform) readRole(name string) (state roleState, err error) {
	t.Helper()
	ctx := t.Context()
	out, err := t.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return state, err
	}
	r := out.Role
	state = roleState{
		ARN: *r.Arn, Trust: decoded(t.T, r.AssumeRolePolicyDocument), Description: aws.ToString(r.Description),
		Path: *r.Path, MaxSession: *r.MaxSessionDuration, Inline: map[string]string{}, Tags: tagsOf(r.Tags),
	}
	if r.CreateDate == nil || len(*r.RoleId) != 21 {
		t.Errorf("role %+v", r)
	}
	for pages := iam.NewListRolePoliciesPaginator(t.iam, &iam.ListRolePoliciesInput{RoleName: &name}); pages.HasMorePages(); {
		for _, policy := range done[*iam.ListRolePoliciesOutput](t)(pages.NextPage(ctx)).PolicyNames {
			p := done[*iam.GetRolePolicyOutput](t)(t.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy}))
			state.Inline[policy] = decoded(t.T, p.PolicyDocument)
		}
	}
	for pages := iam.NewListAttachedRolePoliciesPaginator(t.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &name}); pages.HasMorePages(); {
		for _, p := range done[*iam.ListAttachedRolePoliciesOutput](t)(pages.NextPage(ctx)).AttachedPolicies {
			state.Attached = append(state.Attached, *p.PolicyArn)
		}
	}
	return state, nil
}

const (
	readPolicy  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::app/a b+c/*"}]}`
	writePolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]}`
)

// TestTerraform_Role: aws_iam_role with an attached policy, and aws_iam_role_policy in it.
func TestTerraform_Role(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	ctx, c, name := t.Context(), tf.iam, aws.String("guests")
	managed := done[*iam.CreatePolicyOutput](tf)(c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("write"), PolicyDocument: aws.String(writePolicy)})).Policy.Arn

	made := done[*iam.CreateRoleOutput](tf)(c.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: name, Path: aws.String("/web/"), AssumeRolePolicyDocument: aws.String(trustPolicy), Description: aws.String("For guests"),
		MaxSessionDuration: aws.Int32(3600), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}, {Key: aws.String("none"), Value: aws.String("")}},
	}))
	if *made.Role.RoleName != "guests" {
		t.Errorf("CreateRole answers %+v", made.Role)
	}
	done[*iam.AttachRolePolicyOutput](tf)(c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: managed}))
	want := roleState{
		ARN: "arn:aws:iam::000000000000:role/web/guests", Trust: trustPolicy, Description: "For guests", Path: "/web/", MaxSession: 3600,
		Inline: map[string]string{}, Attached: []string{*managed}, Tags: map[string]string{"team": "a", "none": ""},
	}
	tf.same("created", want, done[roleState](tf)(tf.readRole("guests")))

	// aws_iam_role_policy: create, read, update, import.
	put := func(document string) {
		done[*iam.PutRolePolicyOutput](tf)(c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("read"), PolicyDocument: &document}))
		got := done[*iam.GetRolePolicyOutput](tf)(c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("read")}))
		tf.same("inline policy", document, decoded(t, got.PolicyDocument))
		want.Inline["read"] = document
	}
	put(readPolicy)
	put(writePolicy)

	// Update of all that can be.
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`
	done[*iam.UpdateAssumeRolePolicyOutput](tf)(c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &trust}))
	done[*iam.UpdateRoleDescriptionOutput](tf)(c.UpdateRoleDescription(ctx, &iam.UpdateRoleDescriptionInput{RoleName: name, Description: aws.String("")}))
	done[*iam.UpdateRoleOutput](tf)(c.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, MaxSessionDuration: aws.Int32(7200)}))
	done[*iam.UntagRoleOutput](tf)(c.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name, TagKeys: []string{"team"}}))
	done[*iam.TagRoleOutput](tf)(c.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("test")}}}))
	want.Trust, want.Description, want.MaxSession = trust, "", 7200
	want.Tags = map[string]string{"none": "", "stage": "test"}
	tf.same("updated, and imported", want, done[roleState](tf)(tf.readRole("guests")))

	// Delete, with force_detach_policies.
	if out := done[*iam.ListInstanceProfilesForRoleOutput](tf)(c.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: name})); len(out.InstanceProfiles) != 0 {
		t.Errorf("instance profiles %+v", out.InstanceProfiles)
	}
	_, err := c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	tf.gone("a role with policies, which is not", "DeleteConflict", err)
	done[*iam.DetachRolePolicyOutput](tf)(c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: managed}))
	done[*iam.DeleteRolePolicyOutput](tf)(c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("read")}))
	_, err = c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("read")})
	tf.gone("an inline policy", "NoSuchEntity", err)
	done[*iam.DeleteRoleOutput](tf)(c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}))
	_, err = tf.readRole("guests")
	tf.gone("a role", "NoSuchEntity", err)
}

// TestTerraform_User: aws_iam_user and aws_iam_access_key.
func TestTerraform_User(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	ctx, c, name := t.Context(), tf.iam, aws.String("backend")
	read := func(name, path string, tags map[string]string) {
		t.Helper()
		u := done[*iam.GetUserOutput](tf)(c.GetUser(ctx, &iam.GetUserInput{UserName: &name})).User
		tf.same("user", []any{name, path, "arn:aws:iam::000000000000:user" + path + name, tags}, []any{*u.UserName, *u.Path, *u.Arn, tagsOf(u.Tags)})
		if len(*u.UserId) != 21 || u.PermissionsBoundary != nil {
			t.Errorf("user %+v", u)
		}
	}
	done[*iam.CreateUserOutput](tf)(c.CreateUser(ctx, &iam.CreateUserInput{
		UserName: name, Path: aws.String("/"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}},
	}))
	read("backend", "/", map[string]string{"team": "a"})

	// The key, which is created inactive.
	key := done[*iam.CreateAccessKeyOutput](tf)(c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})).AccessKey
	if key.SecretAccessKey == nil || key.CreateDate == nil || *key.UserName != "backend" {
		t.Fatalf("CreateAccessKey answers %+v", key)
	}
	status := func(status types.StatusType, user *string) {
		t.Helper()
		done[*iam.UpdateAccessKeyOutput](tf)(c.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: key.AccessKeyId, UserName: user, Status: status}))
		var found []string
		for pages := iam.NewListAccessKeysPaginator(c, &iam.ListAccessKeysInput{UserName: user}); pages.HasMorePages(); {
			for _, k := range done[*iam.ListAccessKeysOutput](tf)(pages.NextPage(ctx)).AccessKeyMetadata {
				found = append(found, *k.AccessKeyId+" "+*k.UserName+" "+string(k.Status))
			}
		}
		tf.same("access keys", []string{*key.AccessKeyId + " " + *user + " " + string(status)}, found)
	}
	status(types.StatusTypeInactive, name)
	status(types.StatusTypeActive, name)
	// Import finds the user by the key.
	if out := done[*iam.GetAccessKeyLastUsedOutput](tf)(c.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: key.AccessKeyId})); *out.UserName != "backend" {
		t.Errorf("GetAccessKeyLastUsed answers %+v", out)
	}

	// Another name and path.
	done[*iam.UpdateUserOutput](tf)(c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: name, NewUserName: aws.String("login"), NewPath: aws.String("/a/")}))
	name = aws.String("login")
	done[*iam.UntagUserOutput](tf)(c.UntagUser(ctx, &iam.UntagUserInput{UserName: name, TagKeys: []string{"team"}}))
	done[*iam.TagUserOutput](tf)(c.TagUser(ctx, &iam.TagUserInput{UserName: name, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("c")}}}))
	read("login", "/a/", map[string]string{"b": "c"})
	status(types.StatusTypeActive, name)

	done[*iam.DeleteAccessKeyOutput](tf)(c.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: key.AccessKeyId}))
	for pages := iam.NewListGroupsForUserPaginator(c, &iam.ListGroupsForUserInput{UserName: name}); pages.HasMorePages(); {
		if groups := done[*iam.ListGroupsForUserOutput](tf)(pages.NextPage(ctx)).Groups; len(groups) != 0 {
			t.Errorf("groups %+v", groups)
		}
	}
	done[*iam.DeleteUserOutput](tf)(c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name}))
	_, err := c.GetUser(ctx, &iam.GetUserInput{UserName: name})
	tf.gone("a user", "NoSuchEntity", err)
}

// TestTerraform_OIDCProvider: aws_iam_openid_connect_provider.
func TestTerraform_OIDCProvider(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	ctx, c := t.Context(), tf.iam
	const first, second = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	arn := done[*iam.CreateOpenIDConnectProviderOutput](tf)(c.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://op.example/realm"), ClientIDList: []string{"one"}, ThumbprintList: []string{first},
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}},
	})).OpenIDConnectProviderArn
	read := func(clients, thumbprints []string, tags map[string]string) {
		t.Helper()
		p := done[*iam.GetOpenIDConnectProviderOutput](tf)(c.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
		tf.same("provider", []any{"op.example/realm", clients, thumbprints, tags}, []any{*p.Url, p.ClientIDList, p.ThumbprintList, tagsOf(p.Tags)})
	}
	read([]string{"one"}, []string{first}, map[string]string{"team": "a"})
	done[*iam.UpdateOpenIDConnectProviderThumbprintOutput](tf)(c.UpdateOpenIDConnectProviderThumbprint(ctx, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{second}}))
	done[*iam.AddClientIDToOpenIDConnectProviderOutput](tf)(c.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("two")}))
	done[*iam.RemoveClientIDFromOpenIDConnectProviderOutput](tf)(c.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("one")}))
	done[*iam.UntagOpenIDConnectProviderOutput](tf)(c.UntagOpenIDConnectProvider(ctx, &iam.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, TagKeys: []string{"team"}}))
	done[*iam.TagOpenIDConnectProviderOutput](tf)(c.TagOpenIDConnectProvider(ctx, &iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("c")}}}))
	read([]string{"two"}, []string{second}, map[string]string{"b": "c"})
	done[*iam.DeleteOpenIDConnectProviderOutput](tf)(c.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	_, err := c.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	tf.gone("a provider", "NoSuchEntity", err)
}

// TestTerraform_IdentityPool: aws_cognito_identity_pool.
func TestTerraform_IdentityPool(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	ctx, c := t.Context(), tf.pool
	id := done[*cognitoidentity.CreateIdentityPoolOutput](tf)(c.CreateIdentityPool(ctx, &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("app"), AllowUnauthenticatedIdentities: false, AllowClassicFlow: aws.Bool(false),
		DeveloperProviderName: aws.String(provider), IdentityPoolTags: map[string]string{"team": "a"},
	})).IdentityPoolId
	read := func(guests bool, arns []string, tags map[string]string) {
		t.Helper()
		p := done[*cognitoidentity.DescribeIdentityPoolOutput](tf)(c.DescribeIdentityPool(ctx, &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: id}))
		tf.same("pool", []any{"app", guests, provider, arns, tags},
			[]any{*p.IdentityPoolName, p.AllowUnauthenticatedIdentities, *p.DeveloperProviderName, p.OpenIdConnectProviderARNs, maps.Collect(maps.All(p.IdentityPoolTags))})
	}
	read(false, nil, map[string]string{"team": "a"})
	arns := []string{"arn:aws:iam::000000000000:oidc-provider/op.example"}
	done[*cognitoidentity.UpdateIdentityPoolOutput](tf)(c.UpdateIdentityPool(ctx, &cognitoidentity.UpdateIdentityPoolInput{
		IdentityPoolId: id, IdentityPoolName: aws.String("app"), AllowUnauthenticatedIdentities: true, AllowClassicFlow: aws.Bool(false),
		DeveloperProviderName: aws.String(provider), OpenIdConnectProviderARNs: slices.Clone(arns),
	}))
	arn := aws.String("arn:aws:cognito-identity:us-east-1:000000000000:identitypool/" + *id)
	done[*cognitoidentity.UntagResourceOutput](tf)(c.UntagResource(ctx, &cognitoidentity.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"team"}}))
	done[*cognitoidentity.TagResourceOutput](tf)(c.TagResource(ctx, &cognitoidentity.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"b": "c"}}))
	read(true, arns, map[string]string{"b": "c"})
	done[*cognitoidentity.DeleteIdentityPoolOutput](tf)(c.DeleteIdentityPool(ctx, &cognitoidentity.DeleteIdentityPoolInput{IdentityPoolId: id}))
	_, err := c.DescribeIdentityPool(ctx, &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: id})
	tf.gone("a pool", "ResourceNotFoundException", err)
}
