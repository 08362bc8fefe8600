package clients_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
)

// iam returns a client of IAM with the root access key.
func (w *world) iam(more ...func(*iam.Options)) *iam.Client {
	return iam.New(iam.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(w.url),
		Credentials:  credentials.NewStaticCredentialsProvider(w.keyID, w.secret, ""),
	}, more...)
}

// sts returns a client of STS with an access key.
func (w *world) sts(id, secret string) *sts.Client {
	return sts.New(sts.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(w.url),
		Credentials:  credentials.NewStaticCredentialsProvider(id, secret, ""),
	})
}

const trustPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sts:AssumeRole"}]}`

// code is what an error of the SDK is called; empty: there is none.
func code(err error) string {
	var refused smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refused):
		return refused.ErrorCode()
	}
	return err.Error()
}

// TestSDK_LeastPrivilege: the key of a user who may do one thing on one pool does it, and nothing
// else.
func TestSDK_LeastPrivilege(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, root := t.Context(), w.iam()
	pool, another := newPool(t, w.sdk()), newPool(t, w.sdk())
	arn := "arn:aws:cognito-identity:us-east-1:000000000000:identitypool/"
	if _, err := root.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("backend")}); err != nil {
		t.Fatal(err)
	}
	if _, err := root.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: aws.String("backend"), PolicyName: aws.String("tokens"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cognito-identity:GetOpenIdTokenForDeveloperIdentity","Resource":"` + arn + pool + `"}]}`),
	}); err != nil {
		t.Fatal(err)
	}
	made, err := root.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("backend")})
	if err != nil {
		t.Fatal(err)
	}
	key := credentials.NewStaticCredentialsProvider(*made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey, "")
	backend := w.sdk(func(o *cognitoidentity.Options) { o.Credentials = key })

	alice, _, err := tokenFor(ctx, backend, pool, "alice")
	if err != nil || alice == "" {
		t.Fatalf("on its pool: %v", err)
	}
	who, err := w.sts(*made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil || *who.Arn != "arn:aws:iam::000000000000:user/backend" || *who.Account != "000000000000" || !strings.HasPrefix(*who.UserId, "AIDA") {
		t.Errorf("GetCallerIdentity: %+v, %v", who, err)
	}
	refused := func(action, resource string, err error) {
		t.Helper()
		want := fmt.Sprintf("User: arn:aws:iam::000000000000:user/backend is not authorized to perform: %s on resource: %s because no identity-based policy allows the %[1]s action", action, resource)
		var e smithy.APIError
		if !errors.As(err, &e) || !strings.HasPrefix(e.ErrorCode(), "AccessDenied") || e.ErrorMessage() != want {
			t.Errorf("%s: got %v, want %s", action, err, want)
		}
	}
	_, _, err = tokenFor(ctx, backend, another, "alice")
	refused("cognito-identity:GetOpenIdTokenForDeveloperIdentity", arn+another, err)
	_, err = backend.DescribeIdentityPool(ctx, &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: &pool})
	refused("cognito-identity:DescribeIdentityPool", arn+pool, err)
	_, err = backend.LookupDeveloperIdentity(ctx, &cognitoidentity.LookupDeveloperIdentityInput{IdentityPoolId: &pool, IdentityId: &alice})
	refused("cognito-identity:LookupDeveloperIdentity", arn+pool, err)
	_, err = backend.ListIdentityPools(ctx, &cognitoidentity.ListIdentityPoolsInput{MaxResults: aws.Int32(1)})
	refused("cognito-identity:ListIdentityPools", arn, err)
	_, err = backend.DeleteIdentities(ctx, &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: []string{alice}})
	refused("cognito-identity:DeleteIdentities", "*", err)
	own := w.iam(func(o *iam.Options) { o.Credentials = key })
	_, err = own.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
	refused("iam:CreateAccessKey", "user backend", err)
	_, err = own.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("backend"), PolicyName: aws.String("more"), PolicyDocument: aws.String(trustPolicy)})
	refused("iam:PutUserPolicy", "user backend", err)

	// What the key was last used for is noted, after a while.
	last := func() string {
		out, err := root.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: made.AccessKey.AccessKeyId})
		if err != nil {
			t.Fatal(err)
		}
		return *out.UserName + " " + *out.AccessKeyLastUsed.ServiceName + " " + *out.AccessKeyLastUsed.Region
	}
	w.stop()
	w.start()
	root = w.iam()
	if got := last(); got != "backend cognito-identity us-east-1" {
		t.Errorf("last used: %s", got)
	}
}

// TestSDK_IAMPages: the SDK's paginators go through lists of IAM.
func TestSDK_IAMPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, c := t.Context(), w.iam()
	var want, got []string
	for n := range 5 {
		name := fmt.Sprintf("user-%d", n)
		if _, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	for pages := iam.NewListUsersPaginator(c, &iam.ListUsersInput{MaxItems: aws.Int32(2)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Users {
			got = append(got, *u.UserName)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// Errors have the SDK's own types.
	_, err := c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("none")})
	if _, ok := errors.AsType[*iamtypes.NoSuchEntityException](err); !ok {
		t.Errorf("GetRole of nothing: %v", err)
	}
	_, err = c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("USER-0")})
	if _, ok := errors.AsType[*iamtypes.EntityAlreadyExistsException](err); !ok {
		t.Errorf("CreateUser of one that is there: %v", err)
	}
	_, err = c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String("{")})
	if _, ok := errors.AsType[*iamtypes.MalformedPolicyDocumentException](err); !ok {
		t.Errorf("CreateRole without a policy: %v", err)
	}
	_, err = c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("g")})
	if code(err) != "InvalidAction" {
		t.Errorf("CreateGroup: %v", err)
	}
}

// decoded is a policy document as it was before IAM escaped it.
func decoded(t *testing.T, document *string) string {
	t.Helper()
	text, err := url.QueryUnescape(*document)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSDK_AssumeRole: the SDK's own provider takes a role, and its credentials are good for what
// the role and the session policy both allow, until they are taken away.
func TestSDK_AssumeRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, root := t.Context(), w.iam()
	pool := newPool(t, w.sdk())
	if _, err := root.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("backend")}); err != nil {
		t.Fatal(err)
	}
	key, err := root.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("backend")})
	if err != nil {
		t.Fatal(err)
	}
	role, err := root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("reader"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:user/backend"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = root.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("reader"), PolicyName: aws.String("all"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cognito-identity:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/Team":"blue"}}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	session := func(team string) *cognitoidentity.Client {
		taker := w.sts(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey)
		return cognitoidentity.New(cognitoidentity.Options{
			Region: "us-east-1", BaseEndpoint: aws.String(w.url),
			Credentials: aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(taker, *role.Role.Arn, func(o *stscreds.AssumeRoleOptions) {
				o.Tags = []ststypes.Tag{{Key: aws.String("Team"), Value: aws.String(team)}}
				o.Policy = aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cognito-identity:Describe*","Resource":"*"}]}`)
			})),
		})
	}
	describe := func(c *cognitoidentity.Client) string {
		_, err := c.DescribeIdentityPool(ctx, &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: aws.String(pool)})
		return code(err)
	}
	blue := session("blue")
	if got := describe(blue); got != "" {
		t.Errorf("what role, tag and session policy allow: %s", got)
	}
	if got := describe(session("red")); got != "AccessDeniedException" {
		t.Errorf("with another tag: got %q", got)
	}
	if _, err := blue.DeleteIdentityPool(ctx, &cognitoidentity.DeleteIdentityPoolInput{IdentityPoolId: aws.String(pool)}); code(err) != "AccessDeniedException" {
		t.Errorf("what the session policy does not allow: got %v", err)
	}
	if r := w.poolkeeper("sessions", "revoke", "--role", "reader"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	if got := describe(blue); got != "UnrecognizedClientException" {
		t.Errorf("revoked: got %q", got)
	}
	if got := describe(session("blue")); got != "" {
		t.Errorf("a new session: %s", got)
	}
}

// TestSDK_WebIdentity: the SDK's own provider of credentials exchanges a token that is in a file,
// as a workload's would be, and renews them by what is in the file then.
func TestSDK_WebIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, c := t.Context(), w.sdk()
	pool := newPool(t, c)
	role, err := w.iam().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("user"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"}}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.iam().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("user"), PolicyName: aws.String("itself"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cognito-identity:DescribeIdentityPool","Resource":"*"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := tokenFor(ctx, c, pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	unsigned := sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: aws.String(w.url), Credentials: aws.AnonymousCredentials{}})
	provider := stscreds.NewWebIdentityRoleProvider(unsigned, *role.Role.Arn, stscreds.IdentityTokenFile(file))
	alice := cognitoidentity.New(cognitoidentity.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(w.url), Credentials: aws.NewCredentialsCache(provider),
	})
	if _, err := alice.DescribeIdentityPool(ctx, &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: aws.String(pool)}); err != nil {
		t.Errorf("what the role allows: %v", err)
	}
	if _, err := alice.DeleteIdentityPool(ctx, &cognitoidentity.DeleteIdentityPoolInput{IdentityPoolId: aws.String(pool)}); code(err) != "AccessDeniedException" {
		t.Errorf("what the role does not allow: got %v", err)
	}
	if err := os.WriteFile(file, []byte(token+"x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Retrieve(ctx); code(err) != "InvalidIdentityToken" {
		t.Errorf("a token that was changed: got %v", err)
	}
}
