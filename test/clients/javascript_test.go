package clients_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
)

// jsFile is the path of a file of testdata/js.
func jsFile(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "js", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// An application is a pool with what testdata/js/application.mjs needs to use it.
type application struct {
	*world
	settings settings
	// The ids of its roles: for guests, and for all others.
	guests, users string
}

// settings are what the application is told, from outside or by its backend.
type settings struct {
	Endpoint string `json:"endpoint"`
	Region   string `json:"region"`
	Pool     string `json:"pool"`
	// Identity and Token are of a developer user.
	Identity string `json:"identity"`
	Token    string `json:"token"`
	// Provider is the name of a public provider, IDToken one of its tokens.
	Provider string `json:"provider"`
	IDToken  string `json:"idToken"`
	// Role is the role of users, for those who name it.
	Role string `json:"role"`
}

func newApplication(t *testing.T) *application {
	t.Helper()
	issuer := newOIDCIssuer(t, "shop")
	w := newWorld(t, "--allow-private-endpoints", "--outbound-ca-file", issuer.caFile)
	ctx, c, root := t.Context(), w.sdk(), w.iam()
	registered, err := root.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String(issuer.URL), ClientIDList: []string{"shop"},
	})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := c.CreateIdentityPool(ctx, &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("app"), AllowUnauthenticatedIdentities: true,
		DeveloperProviderName: aws.String(provider), OpenIdConnectProviderARNs: []string{*registered.OpenIDConnectProviderArn},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := *pool.IdentityPoolId
	arn := "arn:aws:cognito-identity:us-east-1:000000000000:identitypool/" + id
	role := func(name, amr, may string) (roleID, roleARN string) {
		t.Helper()
		made, err := root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{` +
				`"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + id + `"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"` + amr + `"}}}]}`)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := root.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("may"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[` + may + `]}`)}); err != nil {
			t.Fatal(err)
		}
		return *made.Role.RoleId, *made.Role.Arn
	}
	see := `{"Effect":"Allow","Action":"cognito-identity:DescribeIdentityPool","Resource":"` + arn + `"}`
	guests, guestARN := role("guest", "unauthenticated", see)
	users, userARN := role("user", "authenticated", see+`,{"Effect":"Allow","Action":"cognito-identity:DescribeIdentity","Resource":"*","Condition":{"StringEquals":{"cognito-identity:IdentityPoolArn":"`+arn+`"}}}`)
	if _, err := c.SetIdentityPoolRoles(ctx, &cognitoidentity.SetIdentityPoolRolesInput{
		IdentityPoolId: &id, Roles: map[string]string{"unauthenticated": guestARN, "authenticated": userARN},
	}); err != nil {
		t.Fatal(err)
	}
	identity, token, err := tokenFor(ctx, c, id, "alice")
	if err != nil {
		t.Fatal(err)
	}
	return &application{w, settings{
		Endpoint: w.url, Region: "us-east-1", Pool: id, Identity: identity, Token: token,
		Provider: strings.TrimPrefix(issuer.URL, "https://"), IDToken: issuer.sign("bob"), Role: userARN,
	}, guests, users}
}

// A report is what application.mjs says came back.
type report struct {
	Members  map[string]member  `json:"members"`
	Outcomes map[string]outcome `json:"outcomes"`
	// Typed: an error is of the SDK's class for it.
	Typed bool `json:"typed"`
	// KeptIdentity: the SDK has kept the guest's identity, for the next provider.
	KeptIdentity bool `json:"keptIdentity"`
}

// A member is somebody with credentials.
type member struct {
	Temporary bool     `json:"temporary"`
	Minutes   int      `json:"minutes"`
	Identity  string   `json:"identity"`
	Caller    outcome  `json:"caller"`
	Pool      outcome  `json:"pool"`
	Self      *outcome `json:"self"`
	Others    outcome  `json:"others"`
}

// An outcome is what became of a call.
type outcome struct {
	Answer    map[string]any `json:"answer"`
	Error     string         `json:"error"`
	Message   string         `json:"message"`
	Status    int            `json:"status"`
	RequestID string         `json:"requestId"`
	Attempts  int            `json:"attempts"`
}

// refused is the outcome of a call that is refused for good.
func refused(code string, status int, message string) outcome {
	return outcome{Error: code, Status: status, Message: message, Attempts: 1}
}

// check compares a report with what the application must see, wherever it runs.
func (a *application) check(t *testing.T, text string) {
	t.Helper()
	var got report
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("the application did not come to its end: %s", text)
	}
	if !got.Typed {
		t.Error("NotAuthorizedException is not of the SDK's class")
	}
	if !got.KeptIdentity {
		t.Error("a second provider for guests has another identity")
	}
	const fromPool = "CognitoIdentityCredentials"
	a.checkMember(t, "guest", got.Members["guest"], roleSession{"guest", a.guests, fromPool}, nil)
	a.checkMember(t, "user", got.Members["user"], roleSession{"user", a.users, fromPool}, []any{a.settings.Provider})
	a.checkMember(t, "developer user", got.Members["developerUser"], roleSession{"user", a.users, fromPool}, []any{provider})
	a.checkMember(t, "web identity", got.Members["webIdentity"], roleSession{"user", a.users, "page"}, nil)
	if id := got.Members["developerUser"].Identity; id != a.settings.Identity {
		t.Errorf("the developer user has identity %s, want %s", id, a.settings.Identity)
	}
	if id := got.Members["guest"].Identity; id == got.Members["user"].Identity {
		t.Errorf("guest and user have one identity, %s", id)
	}
	for name, want := range map[string]outcome{
		"changedToken":         refused("NotAuthorizedException", 400, "Invalid login token. Couldn't verify signed token."),
		"tokenOfBackendAtPool": refused("NotAuthorizedException", 400, "Invalid login token. Can't pass in a Cognito token."),
		"changedIDToken":       refused("NotAuthorizedException", 400, "Invalid login token. Couldn't verify signed token."),
		"tokenOfOtherProvider": refused("NotAuthorizedException", 400, "Token is not from a supported provider of this identity pool."),
		"unknownPool":          refused("ResourceNotFoundException", 400, "IdentityPool 'us-east-1:7d1f0ab2-0000-4000-8000-000000000000' not found."),
		// The SDK calls it by the class, the wire by the code, InvalidIdentityToken.
		"webIdentityChanged": refused("InvalidIdentityTokenException", 400, "The signature of the ID Token could not be verified."),
		"otherSecret": refused("SignatureDoesNotMatch", 403, "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."),
		"changedSession": refused("InvalidClientTokenId", 403, "The security token included in the request is invalid"),
		// The SDK takes the time from the header Date of the refusal, and tries again.
		"clockAhead":  {Status: 200, Attempts: 2, Answer: a.pool()},
		"clockBehind": {Status: 200, Attempts: 2, Answer: roleSession{"user", a.users, fromPool}.caller()},
	} {
		sameOutcome(t, name, want, got.Outcomes[name])
	}
}

// A roleSession is somebody who has taken a role.
type roleSession struct{ role, roleID, name string }

func (s roleSession) arn() string {
	return "arn:aws:sts::000000000000:assumed-role/" + s.role + "/" + s.name
}

// caller is what GetCallerIdentity says of it.
func (s roleSession) caller() map[string]any {
	return map[string]any{"Account": "000000000000", "Arn": s.arn(), "UserId": s.roleID + ":" + s.name}
}

// checkMember checks whose session somebody has, and that the policy of the role holds. Who has
// no logins may not describe himself; who took the role by himself has no identity at hand.
func (a *application) checkMember(t *testing.T, name string, got member, s roleSession, logins []any) {
	t.Helper()
	denied := func(action, resource string) outcome {
		return refused("AccessDeniedException", 400, "User: "+s.arn()+" is not authorized to perform: cognito-identity:"+action+" on resource: "+resource+
			" because no identity-based policy allows the cognito-identity:"+action+" action")
	}
	if !got.Temporary || got.Minutes != 60 {
		t.Errorf("%s: the credentials are temporary: %v, and good for %d minutes, want 60", name, got.Temporary, got.Minutes)
	}
	sameOutcome(t, name+": caller", outcome{Status: 200, Attempts: 1, Answer: s.caller()}, got.Caller)
	sameOutcome(t, name+": pool", outcome{Status: 200, Attempts: 1, Answer: a.pool()}, got.Pool)
	sameOutcome(t, name+": others", denied("ListIdentities", "arn:aws:cognito-identity:us-east-1:000000000000:identitypool/"+a.settings.Pool), got.Others)
	switch {
	case s.name == "page":
		if got.Self != nil {
			t.Errorf("%s: there is an identity, %s", name, got.Identity)
		}
	case got.Self == nil:
		t.Errorf("%s: there is no identity", name)
	case logins == nil:
		sameOutcome(t, name+": self", denied("DescribeIdentity", "*"), *got.Self)
	default:
		sameOutcome(t, name+": self", outcome{Status: 200, Attempts: 1, Answer: map[string]any{"IdentityId": got.Identity, "Logins": logins}}, *got.Self)
	}
}

// pool is what DescribeIdentityPool says.
func (a *application) pool() map[string]any {
	return map[string]any{
		"IdentityPoolId": a.settings.Pool, "IdentityPoolName": "app", "AllowUnauthenticatedIdentities": true,
		"DeveloperProviderName": provider, "IdentityPoolTags": map[string]any{},
		"OpenIdConnectProviderARNs": []any{"arn:aws:iam::000000000000:oidc-provider/" + a.settings.Provider},
	}
}

var requestID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// sameOutcome compares an outcome, but for dates and the request's id, which must be there.
func sameOutcome(t *testing.T, what string, want, got outcome) {
	t.Helper()
	if !requestID.MatchString(got.RequestID) {
		t.Errorf("%s: request id %q", what, got.RequestID)
	}
	got.RequestID = ""
	delete(got.Answer, "CreationDate")
	delete(got.Answer, "LastModifiedDate")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestNode_CognitoCredentials: the providers of credentials of the AWS SDK for JavaScript, in Node.
func TestNode_CognitoCredentials(t *testing.T) {
	t.Parallel()
	needNode(t)
	a := newApplication(t)
	told, err := json.Marshal(a.settings)
	if err != nil {
		t.Fatal(err)
	}
	r := a.run(a.environ("NO_PROXY=*"), node, jsFile(t, "node.mjs"), string(told))
	if r.code != 0 {
		t.Fatalf("node exited with code %d:\n%s%s", r.code, r.stdout, r.stderr)
	}
	a.check(t, r.stdout)
}
