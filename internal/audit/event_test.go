package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

const (
	account = "111122223333"
	pool    = "eu-central-1:00000001-1111-4111-8111-000000000001"
	person  = "eu-central-1:00000002-2222-4222-8222-000000000002"
)

var (
	services = []*api.Service{api.CognitoIdentity, api.IAM, api.STS, api.Identities, api.Control}
	start    = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)
	backend  = api.Caller{
		Account: account, Principal: "arn:aws:iam::111122223333:user/shop/backend", ID: "AIDAIOSFODNN7EXAMPLE", User: "backend",
		AccessKeyID: "AKIAIOSFODNN7EXAMPLE", Region: "eu-central-1", SourceIP: "192.0.2.7", Now: start,
	}
)

// pending returns a call of an operation.
func pending(t testing.TB, operation string, c api.Caller, in any) *audit.Pending {
	t.Helper()
	for _, s := range services {
		if op := s.Operation(operation); op != nil {
			return &audit.Pending{
				Service: s, Operation: op, Caller: c, Input: in, RequestID: "8e8e1f5b-0000-4000-8000-000000000001",
				UserAgent: "aws-sdk-go-v2/1.48", NewID: func() string { return "0b4c3c1e-0000-4000-8000-00000000000a" },
			}
		}
	}
	t.Fatalf("no operation %s", operation)
	return nil
}

// recorded returns the event of a call that has failed with err, or been answered with out
// without changing anything.
func recorded(t testing.TB, p *audit.Pending, out any, err error) string {
	t.Helper()
	var b bytes.Buffer
	l, openErr := audit.OpenLog(audit.LogConfig{Writer: &b, Now: func() time.Time { return start }})
	if openErr != nil {
		t.Fatal(openErr)
	}
	r := audit.Recorder{Log: l, Issued: true, Refused: true}
	if err := errors.Join(r.Finish(t.Context(), p, out, err), l.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// changed returns the event of a call that has changed something.
func changed(t testing.TB, p *audit.Pending, out any) string {
	t.Helper()
	audit.Answer(audit.With(t.Context(), p), out)
	return string(p.Line())
}

// parse returns the members of an event.
func parse(t testing.TB, line string) map[string]any {
	t.Helper()
	if !strings.HasSuffix(line, "}\n") || strings.Count(line, "\n") != 1 {
		t.Fatalf("not one line: %q", line)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return m
}

// The whole of an event, letter by letter, as AWS writes that of this operation.
func TestEvent_DeveloperToken(t *testing.T) {
	t.Parallel()
	p := pending(t, "GetOpenIdTokenForDeveloperIdentity", backend, &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: pool, Logins: map[string]api.Secret{"login.example": "ann", "graph.facebook.com": "EAAB"}, TokenDuration: 900,
		PrincipalTags: map[string]string{"Team": "a<b"},
	})
	out := &api.GetOpenIdTokenForDeveloperIdentityOutput{IdentityId: person, Token: "eyJ.e30.x"}
	want := `{"eventVersion":"1.08",` +
		`"userIdentity":{"type":"IAMUser","principalId":"AIDAIOSFODNN7EXAMPLE","arn":"arn:aws:iam::111122223333:user/shop/backend",` +
		`"accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"backend"},` +
		`"eventTime":"2026-03-01T12:00:00Z","eventSource":"cognito-identity.amazonaws.com",` +
		`"eventName":"GetOpenIdTokenForDeveloperIdentity","awsRegion":"eu-central-1","sourceIPAddress":"192.0.2.7",` +
		`"userAgent":"aws-sdk-go-v2/1.48",` +
		`"requestParameters":{"identityPoolId":"` + pool + `","logins":{"graph.facebook.com":"HIDDEN_DUE_TO_SECURITY_REASONS",` +
		`"login.example":"HIDDEN_DUE_TO_SECURITY_REASONS"},"principalTags":{"Team":"a<b"},"tokenDuration":900},` +
		`"responseElements":{"identityId":"` + person + `"},` +
		`"requestID":"8e8e1f5b-0000-4000-8000-000000000001","eventID":"0b4c3c1e-0000-4000-8000-00000000000a","readOnly":false,` +
		`"resources":[{"accountId":"111122223333","type":"AWS::Cognito::IdentityPool","ARN":"` + identity.PoolARN(account, pool) + `"}],` +
		`"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data"}` + "\n"
	if diff := cmp.Diff(want, recorded(t, p, out, nil)); diff != "" {
		t.Errorf("known user (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(want, changed(t, p, out)); diff != "" {
		t.Errorf("new user (-want +got)\n%s", diff)
	}
}

func TestEvent_UserIdentity(t *testing.T) {
	t.Parallel()
	session := api.Caller{
		Account: account, Principal: "arn:aws:sts::111122223333:assumed-role/deploy/run-7", ID: "AROAIOSFODNN7EXAMPLE:run-7",
		AccessKeyID: "ASIAIOSFODNN7EXAMPLE", Now: start, Session: &api.Session{Role: "deploy", Name: "run-7", Issued: start.Add(-90 * time.Second)},
	}
	temporary := backend
	temporary.Session = &api.Session{Issued: start}
	for _, tt := range []struct {
		caller api.Caller
		want   string
	}{
		{api.Caller{Now: start}, `{"type":"Unknown"}`},
		{api.Caller{Account: account, Principal: identity.RootARN(account), ID: account, AccessKeyID: "AKIA1", Now: start},
			`{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"AKIA1"}`},
		{backend, `{"type":"IAMUser","principalId":"AIDAIOSFODNN7EXAMPLE","arn":"arn:aws:iam::111122223333:user/shop/backend",` +
			`"accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"backend"}`},
		{session, `{"type":"AssumedRole","principalId":"AROAIOSFODNN7EXAMPLE:run-7","arn":"arn:aws:sts::111122223333:assumed-role/deploy/run-7",` +
			`"accountId":"111122223333","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role",` +
			`"principalId":"AROAIOSFODNN7EXAMPLE","arn":"arn:aws:iam::111122223333:role/deploy","accountId":"111122223333","userName":"deploy"},` +
			`"attributes":{"creationDate":"2026-03-01T11:58:30Z","mfaAuthenticated":"false"}}}`},
		{temporary, `{"type":"IAMUser","principalId":"AIDAIOSFODNN7EXAMPLE","arn":"arn:aws:iam::111122223333:user/shop/backend",` +
			`"accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"backend",` +
			`"sessionContext":{"attributes":{"creationDate":"2026-03-01T12:00:00Z","mfaAuthenticated":"false"}}}`},
	} {
		line := changed(t, pending(t, "DeleteUser", tt.caller, &api.DeleteUserInput{UserName: "u"}), nil)
		if want := `"userIdentity":` + tt.want + `,`; !strings.Contains(line, want) {
			t.Errorf("got %s\nwant %s", line, want)
		}
	}
}

// Which members depend on the operation.
// Who takes a role by a token, and who calls with its credentials then.
func TestEvent_WebIdentity(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::111122223333:role/team/app"
	who := &api.WebIdentity{Provider: api.IdentityPools, Subject: person, Audience: pool, AMR: []string{"authenticated", "login.app", "login.app:" + pool + ":ann"}}
	anybody := api.Caller{Now: start, SourceIP: "192.0.2.7"}
	in := &api.AssumeRoleWithWebIdentityInput{RoleArn: role, RoleSessionName: "s1", WebIdentityToken: "eyJ.e30.x"}
	out := &api.AssumeRoleWithWebIdentityOutput{
		Credentials:                 &api.STSCredentials{AccessKeyId: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "hush", SessionToken: "hush", Expiration: start.Add(time.Hour)},
		SubjectFromWebIdentityToken: person, Provider: api.IdentityPools, Audience: pool,
	}
	p := pending(t, "AssumeRoleWithWebIdentity", anybody, in)
	ctx := audit.With(t.Context(), p)
	audit.On(ctx, role)
	audit.By(ctx, who)
	line := recorded(t, p, out, nil)
	event := parse(t, line)
	for name, want := range map[string]any{
		"userIdentity": map[string]any{
			"type": "WebIdentityUser", "principalId": "cognito-identity.amazonaws.com:" + pool + ":" + person, "userName": person, "identityProvider": "cognito-identity.amazonaws.com",
		},
		"requestParameters":  map[string]any{"roleArn": role, "roleSessionName": "s1", "webIdentityToken": "HIDDEN_DUE_TO_SECURITY_REASONS"},
		"resources":          []any{map[string]any{"accountId": account, "type": "AWS::IAM::Role", "ARN": role}},
		"recipientAccountId": account,
	} {
		if diff := cmp.Diff(want, event[name]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	for _, secret := range []string{"hush", "eyJ", ":ann"} {
		if strings.Contains(line, secret) {
			t.Errorf("the event tells %q: %s", secret, line)
		}
	}

	for _, tc := range []struct {
		who  *api.WebIdentity
		want map[string]any
	}{
		{who, map[string]any{"federatedProvider": api.IdentityPools, "attributes": map[string]any{
			"cognito-identity.amazonaws.com:aud": pool, "cognito-identity.amazonaws.com:sub": person, "cognito-identity.amazonaws.com:amr": "authenticated",
		}}},
		{&api.WebIdentity{Provider: "arn:aws:iam::111122223333:oidc-provider/issuer.example/x", Subject: "ann", Audience: "app"},
			map[string]any{"federatedProvider": "arn:aws:iam::111122223333:oidc-provider/issuer.example/x", "attributes": map[string]any{
				"issuer.example/x:aud": "app", "issuer.example/x:sub": "ann",
			}}},
	} {
		c := api.Caller{
			Account: account, Principal: "arn:aws:sts::111122223333:assumed-role/app/s1", ID: "AROAIOSFODNN7EXAMPLE:s1", Now: start,
			Session: &api.Session{Role: "app", Name: "s1", Issued: start, WebIdentity: tc.who},
		}
		line := changed(t, pending(t, "CreateUser", c, &api.CreateUserInput{UserName: "u"}), &api.CreateUserOutput{})
		u := parse(t, line)["userIdentity"].(map[string]any)
		if diff := cmp.Diff(tc.want, u["sessionContext"].(map[string]any)["webIdFederationData"]); diff != "" || u["type"] != "AssumedRole" {
			t.Errorf("type %v (-want +got)\n%s", u["type"], diff)
		}
		if strings.Contains(line, pool+":ann") {
			t.Errorf("the event tells a developer user: %s", line)
		}
	}
}

func TestEvent_Kinds(t *testing.T) {
	t.Parallel()
	anonymous := api.Caller{SourceIP: "192.0.2.7", Now: start}
	type kind struct {
		source, region, recipient, category string
		readOnly                            bool
		resource                            string
	}
	poolARN, roleARN := identity.PoolARN(account, pool), "arn:aws:iam::444455556666:role/a/deploy"
	for _, tt := range []struct {
		operation string
		caller    api.Caller
		in        any
		want      kind
	}{
		{"GetId", anonymous, &api.GetIdInput{IdentityPoolId: pool}, kind{"cognito-identity.amazonaws.com", "eu-central-1", "", "Data", false, ""}},
		{"UnlinkIdentity", anonymous, &api.UnlinkIdentityInput{IdentityId: person}, kind{"cognito-identity.amazonaws.com", "eu-central-1", "", "Data", false, ""}},
		{"CreateIdentityPool", backend, &api.CreateIdentityPoolInput{}, kind{"cognito-identity.amazonaws.com", "eu-central-1", account, "Management", false, ""}},
		{"UnlinkDeveloperIdentity", backend, &api.UnlinkDeveloperIdentityInput{IdentityPoolId: pool}, kind{"cognito-identity.amazonaws.com", "eu-central-1", account, "Management", false, poolARN}},
		{"TagResource", backend, &api.TagResourceInput{ResourceArn: poolARN}, kind{"cognito-identity.amazonaws.com", "eu-central-1", account, "Management", false, poolARN}},
		{"CreateUser", backend, &api.CreateUserInput{UserName: "u"}, kind{"iam.amazonaws.com", "eu-central-1", account, "Management", false, ""}},
		{"DeletePolicy", backend, &api.DeletePolicyInput{PolicyArn: "arn:aws:iam::111122223333:policy/p"}, kind{"iam.amazonaws.com", "eu-central-1", account, "Management", false, ""}},
		{"AssumeRole", backend, &api.AssumeRoleInput{RoleArn: roleARN}, kind{"sts.amazonaws.com", "eu-central-1", account, "Management", true, roleARN}},
		{"GetSessionToken", backend, &api.GetSessionTokenInput{}, kind{"sts.amazonaws.com", "eu-central-1", account, "Management", true, ""}},
		{"RotateSigningKeys", backend, &api.RotateSigningKeysInput{}, kind{"poolkeeper.internal", "eu-central-1", account, "Management", false, ""}},
		{"ListUsers", backend, &api.ListUsersInput{}, kind{"iam.amazonaws.com", "eu-central-1", account, "Management", true, ""}},
		{"ListUsers", backend, nil, kind{"iam.amazonaws.com", "eu-central-1", account, "Management", true, ""}},
	} {
		e, err := audit.Parse(pending(t, tt.operation, tt.caller, tt.in).Line())
		if err != nil {
			t.Fatal(err)
		}
		got := kind{e.EventSource, e.AWSRegion, e.RecipientAccountID, e.EventCategory, e.ReadOnly, ""}
		for _, r := range e.Resources {
			got.resource += r.ARN
			if !strings.Contains(r.ARN, ":"+r.AccountID+":") || r.Type == "" {
				t.Errorf("%s: resource %+v", tt.operation, r)
			}
		}
		if got != tt.want || e.ManagementEvent != (e.EventCategory == "Management") {
			t.Errorf("%s: got %+v\nwant %+v", tt.operation, got, tt.want)
		}
	}

	// What the caller of a public operation does not tell, the domain does.
	p := pending(t, "GetId", anonymous, &api.GetIdInput{IdentityPoolId: pool})
	audit.On(audit.With(t.Context(), p), poolARN)
	e, err := audit.Parse(p.Line())
	if err != nil {
		t.Fatal(err)
	}
	if want := []audit.Resource{{AccountID: account, Type: "AWS::Cognito::IdentityPool", ARN: poolARN}}; !slices.Equal(e.Resources, want) || e.RecipientAccountID != account {
		t.Errorf("got resources %v of account %q, want %v", e.Resources, e.RecipientAccountID, want)
	}
}

// Source: "Data events in CloudTrail" of the Cognito Developer Guide.
func TestEvent_DataEvents(t *testing.T) {
	t.Parallel()
	want := []string{"GetCredentialsForIdentity", "GetId", "GetOpenIdToken", "GetOpenIdTokenForDeveloperIdentity", "UnlinkIdentity"}
	var got []string
	for _, s := range services {
		for _, op := range s.Operations {
			if m := parse(t, string(pending(t, op.Name, backend, nil).Line())); m["eventCategory"] == "Data" {
				got = append(got, op.Name)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// CloudTrail names the elements of IAM's and STS's answers so, and leaves out secrets.
func TestEvent_Elements(t *testing.T) {
	t.Parallel()
	yes := true
	for _, tt := range []struct {
		operation    string
		in, out      any
		wantIn, want string
	}{
		{
			"AssumeRole",
			&api.AssumeRoleInput{RoleArn: "arn:aws:iam::111122223333:role/r", RoleSessionName: "s", DurationSeconds: 900, TokenCode: "123456",
				Tags: []api.Tag{{Key: "k", Value: "v"}}, TransitiveTagKeys: []string{"k"}},
			&api.AssumeRoleOutput{
				Credentials:     &api.STSCredentials{AccessKeyId: "ASIA1", SecretAccessKey: "x", SessionToken: "y", Expiration: time.Date(2023, 1, 19, 17, 55, 8, 5e8, time.UTC)},
				AssumedRoleUser: &api.AssumedRoleUser{AssumedRoleId: "AROA1:s", Arn: "arn:aws:sts::111122223333:assumed-role/r/s"},
			},
			`{"roleArn":"arn:aws:iam::111122223333:role/r","roleSessionName":"s","durationSeconds":900,"tags":[{"key":"k","value":"v"}],` +
				`"transitiveTagKeys":["k"],"tokenCode":"HIDDEN_DUE_TO_SECURITY_REASONS"}`,
			`{"credentials":{"accessKeyId":"ASIA1","expiration":"Jan 19, 2023 5:55:08 PM"},` +
				`"assumedRoleUser":{"assumedRoleId":"AROA1:s","arn":"arn:aws:sts::111122223333:assumed-role/r/s"}}`,
		},
		{
			"CreateAccessKey", &api.CreateAccessKeyInput{},
			&api.CreateAccessKeyOutput{AccessKey: &api.AccessKey{UserName: "u", AccessKeyId: "AKIA1", Status: "Active", SecretAccessKey: "x", CreateDate: start}},
			`null`, `{"accessKey":{"userName":"u","accessKeyId":"AKIA1","status":"Active","createDate":"Mar 1, 2026 12:00:00 PM"}}`,
		},
		{
			"CreateOpenIDConnectProvider", &api.CreateOpenIDConnectProviderInput{Url: "https://idp.example", ClientIDList: []string{"a", "b"}},
			&api.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: "arn:aws:iam::111122223333:oidc-provider/idp.example"},
			`{"url":"https://idp.example","clientIDList":["a","b"]}`,
			`{"openIDConnectProviderArn":"arn:aws:iam::111122223333:oidc-provider/idp.example"}`,
		},
		{"DeleteSAMLProvider", &api.DeleteSAMLProviderInput{SAMLProviderArn: "arn:s"}, nil, `{"sAMLProviderArn":"arn:s"}`, `null`},
		{"CreatePolicyVersion", &api.CreatePolicyVersionInput{PolicyArn: "arn:p", PolicyDocument: `{"a":"<&>` + "\u2028" + `"}`, SetAsDefault: &yes}, (*api.CreatePolicyVersionOutput)(nil),
			`{"policyArn":"arn:p","policyDocument":"{\"a\":\"<&>` + "\u2028" + `\"}","setAsDefault":true}`, `null`},
		{"TagResource", &api.TagResourceInput{ResourceArn: "arn:r"}, &api.TagResourceOutput{}, `{"resourceArn":"arn:r"}`, `null`},
		{"CreateIdentityPool", &api.CreateIdentityPoolInput{}, &api.IdentityPool{IdentityPoolTags: map[string]string{}},
			`{"allowUnauthenticatedIdentities":false}`, `{"allowUnauthenticatedIdentities":false,"identityPoolTags":{}}`},
		// What is too long is left out, and nothing else, unless there is too much of it.
		{"PutUserPolicy", &api.PutUserPolicyInput{UserName: "u", PolicyDocument: strings.Repeat(" ", 32<<10+1)}, nil,
			`{"userName":"u","policyDocument":"OMITTED_DUE_TO_LENGTH"}`, `null`},
		{"TagUser", &api.TagUserInput{UserName: "u", Tags: slices.Repeat([]api.Tag{{Value: strings.Repeat("v", 20<<10)}}, 6)}, nil, `null`, `null`},
	} {
		e, err := audit.Parse([]byte(changed(t, pending(t, tt.operation, backend, tt.in), tt.out)))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(e.RequestParameters); got != tt.wantIn {
			t.Errorf("%s: request parameters\n got %s\nwant %s", tt.operation, got, tt.wantIn)
		}
		if got := fmt.Sprint(e.ResponseElements); got != tt.want {
			t.Errorf("%s: response elements\n got %s\nwant %s", tt.operation, got, tt.want)
		}
	}
}

// An answer that is another operation's is a mistake of the program, and found in tests.
func TestEvent_WrongAnswer(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("the output of another operation was written")
		}
	}()
	changed(t, pending(t, "CreateUser", backend, nil), &api.CreateRoleOutput{})
}

func TestEvent_Refused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		operation           string
		err                 error
		wantCode, wantStart string
	}{
		{"CreateUser", api.NotAllowed.With("arn:x", "iam:CreateUser", "*"), "AccessDeniedException", "User: arn:x is not authorized"},
		{"CreateUser", &api.Error{Code: api.AccessDenied, Message: "no"}, "AccessDenied", "no"},
		{"GetUser", api.UserNotFound.With("u"), "NoSuchEntityException", "The user with name u cannot be found."},
		{"CreateUser", fmt.Errorf("create: %w", api.UserExists.With("u")), "EntityAlreadyExistsException", "User with name u"},
		{"AssumeRole", &api.Error{Code: api.RegionDisabledException, Message: "m"}, "RegionDisabledException", "m"},
		{"GetId", api.PoolNotFound.With(pool), "ResourceNotFoundException", "IdentityPool"},
		{"GetId", &api.Error{Code: api.NotAuthorizedException, Message: strings.Repeat("é", 600)}, "NotAuthorizedException", strings.Repeat("é", 512)},
	} {
		m := parse(t, recorded(t, pending(t, tt.operation, backend, nil), &api.GetIdOutput{IdentityId: "x"}, tt.err))
		message, _ := m["errorMessage"].(string)
		if m["errorCode"] != tt.wantCode || !strings.HasPrefix(message, tt.wantStart) || len(message) > 1<<10 || m["responseElements"] != nil {
			t.Errorf("%s, %v: got %v", tt.operation, tt.err, m)
		}
	}
}

// goForm returns the Go type of a shape's values, as the generator makes it.
func goForm(s *api.Shape) reflect.Type {
	switch s.Kind {
	case api.String:
		if s.Sensitive {
			return reflect.TypeFor[api.Secret]()
		}
		return reflect.TypeFor[string]()
	case api.Integer, api.Long:
		return reflect.TypeFor[int64]()
	case api.Boolean:
		return reflect.TypeFor[bool]()
	case api.Timestamp:
		return reflect.TypeFor[time.Time]()
	case api.List:
		return reflect.SliceOf(goForm(s.Elem))
	case api.Map:
		return reflect.MapOf(reflect.TypeFor[string](), goForm(s.Elem))
	}
	var fields []reflect.StructField
	for _, m := range s.Members {
		typ := goForm(m.Shape)
		if m.Shape.Kind == api.Structure || m.Shape.Kind == api.Boolean && !m.Required {
			typ = reflect.PointerTo(typ)
		}
		fields = append(fields, reflect.StructField{Name: m.Field(), Type: typ})
	}
	return reflect.StructOf(fields)
}

// filled returns a pointer to the Go form of a structure in which all is set.
func filled(s *api.Shape) any {
	v := reflect.New(goForm(s))
	fill(s, v.Elem())
	return v.Interface()
}

// fill sets all that a value of the shape can hold. Secrets get a text that must be nowhere.
func fill(s *api.Shape, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch s.Kind {
	case api.String:
		v.SetString("text of " + s.Name)
		if s.Sensitive || s.Hidden {
			v.SetString("canary")
		}
	case api.Integer, api.Long:
		v.SetInt(7)
	case api.Boolean:
		v.SetBool(true)
	case api.Timestamp:
		v.Set(reflect.ValueOf(start))
	case api.List:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(s.Elem, v.Index(0))
		fill(s.Elem, v.Index(1))
	case api.Map:
		elem := reflect.New(v.Type().Elem()).Elem()
		fill(s.Elem, elem)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key of "+s.Name), elem)
	case api.Structure:
		for _, m := range s.Members {
			fill(m.Shape, v.FieldByName(m.Field()))
		}
	}
}

// told counts the plain strings that are told of a value of the shape, as fill sets it.
func told(s *api.Shape) int {
	switch s.Kind {
	case api.String:
		if s.Sensitive || s.Hidden {
			return 0
		}
		return 1
	case api.List:
		return 2 * told(s.Elem)
	case api.Map:
		return told(s.Elem)
	}
	n := 0
	for _, m := range s.Members {
		n += told(m.Shape)
	}
	return n
}

// Whatever an operation takes and answers, its event has all of it but the secrets.
func TestEvent_EveryOperation(t *testing.T) {
	t.Parallel()
	secrets := 0
	for _, s := range services {
		for _, op := range s.Operations {
			want := told(op.Input)
			var out any
			if op.Output != nil {
				out = filled(op.Output)
				if op.Audit != api.AuditRead {
					want += told(op.Output)
				}
			}
			line := changed(t, pending(t, op.Name, backend, filled(op.Input)), out)
			parse(t, line)
			secrets += strings.Count(line, "HIDDEN_DUE_TO_SECURITY_REASONS")
			if strings.Contains(line, "canary") {
				t.Errorf("%s: a secret is in %s", op.Name, line)
			}
			if got := strings.Count(line, `"text of `); got != want {
				t.Errorf("%s: %d texts are told, want %d: %s", op.Name, got, want, line)
			}
		}
	}
	if secrets < 10 {
		t.Errorf("only %d values were hidden", secrets)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	line := string(pending(t, "GetId", backend, &api.GetIdInput{IdentityPoolId: pool}).Line())
	e, err := audit.Parse([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(e.AppendLine(nil)); got != line {
		t.Errorf("got %s\nwant %s", got, line)
	}
	if _, err := audit.Parse([]byte(strings.Replace(line, "{", `{"later":[1],`, 1))); err != nil {
		t.Errorf("a member of a later version: %v", err)
	}
	for _, bad := range []string{"", "\n", "null", "[]", "{}", "1", line[:len(line)-3], line + line, strings.Replace(line, "2026", "x", 1),
		strings.Replace(line, `"eventID":"0`, `"eventId":"0`, 1), strings.Replace(line, `"eventName":"GetId",`, ``, 1)} {
		if e, err := audit.Parse([]byte(bad)); err == nil {
			t.Errorf("%q is taken for %+v", bad, e)
		}
	}
}

// What a client sends is not always text.
func TestEvent_UserAgent(t *testing.T) {
	t.Parallel()
	p := pending(t, "GetId", backend, nil)
	p.UserAgent = "a\xffb\n" + strings.Repeat("c", 2000)
	m := parse(t, string(p.Line()))
	if got := m["userAgent"].(string); !strings.HasPrefix(got, "a\ufffdb\n") || len(got) > 1100 {
		t.Errorf("got %q", got)
	}
}
