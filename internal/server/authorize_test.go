package server_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// refusal returns the code and the message of an error answer, in either protocol.
func refusal(t testing.TB, a *answer) (code, message string) {
	t.Helper()
	var ofJSON struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // in either case
	}
	var ofXML struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Error   struct{ Type, Code, Message string }
	}
	if json.Unmarshal(a.body, &ofJSON) == nil {
		return ofJSON.Type, ofJSON.Message
	}
	if err := xml.Unmarshal(a.body, &ofXML); err != nil || ofXML.Error.Type != "Sender" && a.status < 500 {
		t.Errorf("%d %s is no error answer: %v", a.status, a.body, err)
	}
	return ofXML.Error.Code, ofXML.Error.Message
}

// resourceOf returns the ARN that policies know what a refusal names by.
func resourceOf(on string) string {
	kind, name, plain := strings.Cut(on, " ")
	switch {
	case on == "", strings.HasPrefix(name, "path "), strings.HasSuffix(on, "/"), strings.HasSuffix(on, "*"):
		return "*"
	case !plain:
		return on
	case strings.HasPrefix(name, "arn:"):
		return name
	}
	return "arn:aws:iam::" + account + ":" + kind + "/" + name
}

// TestAuthorization_Matrix calls every operation of every service as every kind of caller.
func TestAuthorization_Matrix(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for service, op := range publicOperations {
		known[op.Name] = true
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			row, found := matrix[op.Name]
			if !found {
				t.Fatalf("the matrix has no row for %s", op.Name)
			}
			if op.ByTrust {
				return // who may is told by policies of two sides: package principal tries them
			}
			if row.public != op.Public || (row.on == "") != (op.Public || op.AnyPrincipal) {
				t.Fatalf("public %v, refused to nobody who signs: %v; the description says otherwise", row.public, row.on == "")
			}
			s := newSite(t, change{})
			address := s.listen(t)
			action := service.Name + ":" + op.Name
			const all = `{"Effect":"Allow","Action":"*","Resource":"*"}`
			s.newUser(t, account, "without")
			s.newUser(t, account, "allowed", `{"Effect":"Allow","Action":"`+action+`","Resource":"*"}`)
			s.newUser(t, account, "denied", all, `{"Effect":"Deny","Action":"`+action+`","Resource":"*"}`)
			s.newUser(t, account, "narrow")
			s.newUser(t, account, "beside", `{"Effect":"Allow","NotAction":"`+action+`","Resource":"*"}`)
			s.newUser(t, otherAccount, "elsewhere", all)
			implicit := " because no identity-based policy allows the " + action + " action"
			explicit := " with an explicit deny in an identity-based policy"
			for _, c := range []struct {
				who string
				// why ends the text of the refusal; empty: there is none.
				why string
			}{
				{"without", implicit}, {"beside", implicit}, {"denied", explicit},
				{"root", ""}, {"dev", ""}, {"allowed", ""}, {"narrow", ""},
			} {
				th := s.things(t, row.body)
				on := th.in(row.on)
				if c.who == "narrow" {
					s.allow(t, account, c.who, `{"Effect":"Allow","Action":"`+action+`","Resource":"`+resourceOf(on)+`"}`)
				}
				ask := func(who string) *answer {
					r := callOf(service, op.Name, th.in(row.body))
					s.signingFor(service, who).sign(t, r)
					return send(t, address, r)
				}
				a := ask(c.who)
				if c.why == "" || row.on == "" {
					checkPassed(t, c.who, row, a)
					continue
				}
				want := "User: arn:aws:iam::" + account + ":user/" + c.who + " is not authorized to perform: " + action + " on resource: " + on + c.why
				code, message := refusal(t, a)
				status, wantCode := 400, "AccessDeniedException"
				if service.Protocol == api.Query {
					status, wantCode = 403, "AccessDenied"
				}
				if a.status != status || code != wantCode || message != want {
					t.Errorf("%s: got %d %s: %s\nwant %d %s: %s", c.who, a.status, code, message, status, wantCode, want)
				}
				// What was refused has not happened.
				checkPassed(t, "root, after "+c.who, row, ask("root"))
			}

			// Nobody.
			a := send(t, address, callOf(service, op.Name, s.fresh(t, row.body)))
			if op.Public {
				checkPassed(t, "nobody", row, a)
			} else if code, message := refusal(t, a); !strings.HasPrefix(code, "MissingAuthenticationToken") || !strings.HasSuffix(message, "issing Authentication Token") && !strings.HasSuffix(message, "is missing Authentication Token") {
				t.Errorf("nobody: got %d %s: %s", a.status, code, message)
			}

			// Another account, whose policies allow all: of what is not its own it is told as of
			// what is not there, and changes nothing.
			ask := func(who string, th things) *answer {
				r := callOf(service, op.Name, th.in(row.body))
				s.signingFor(service, who).sign(t, r)
				return send(t, address, r)
			}
			for _, who := range []string{"elsewhere", "other"} {
				theirs := s.things(t, row.body)
				nobodys := theirs.nobodys()
				got, want := ask(who, theirs), ask(who, nobodys)
				checkPassed(t, "to whom it belongs, after "+who, row, ask("root", theirs))
				if row.elsewhere == "" {
					checkPassed(t, who, row, got)
					if !op.Public {
						checkPassed(t, who, row, want)
					}
					continue
				}
				gotCode, gotText := refusal(t, got)
				wantCode, wantText := refusal(t, want)
				for name := range theirs {
					gotText = strings.ReplaceAll(gotText, theirs[name], name)
					wantText = strings.ReplaceAll(wantText, nobodys[name], name)
				}
				if gotCode != row.elsewhere || gotCode != wantCode || gotText != wantText || got.status != want.status {
					t.Errorf("%s: of theirs: %d %s: %s\nof nobody's: %d %s: %s", who, got.status, gotCode, gotText, want.status, wantCode, wantText)
				}
			}
		})
	}
	for name := range matrix {
		if !known[name] {
			t.Errorf("row %s is stale: there is no such operation", name)
		}
	}
}

// TestAuthorization_Conditions: what a call is about is there for the conditions of policies.
func TestAuthorization_Conditions(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)
	root := principal.Root(account)
	root.Region = region
	pool := s.things(t, "%POOL")
	another := s.things(t, "%POOL")
	th := s.things(t, "%USER %user %ROLE %policy %SAML")
	tag := func(arn string, tags map[string]string) {
		if _, err := s.identities.TagResource(t.Context(), root, &api.TagResourceInput{ResourceArn: arn, Tags: tags}); err != nil {
			t.Fatal(err)
		}
	}
	tag(pool["%ARN"], map[string]string{"Team": "a", "twice": "x", "Twice": "y"})
	tag(another["%ARN"], map[string]string{"team": "b"})
	theirs := identity.PoolARN(otherAccount, region+":00000000-0000-4000-8000-000000000000")
	describe := func(pool things) string { return `{"IdentityPoolId":"` + pool["%POOL"] + `"}` }
	identities := func(ids ...string) string {
		body, err := json.Marshal(map[string][]string{"IdentityIdsToDelete": ids})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	const nobodys = region + ":00000000-0000-4000-8000-000000000000"
	create := func(members string) string { return "UserName=made&" + members }
	tags := func(pairs ...string) string {
		var b strings.Builder
		for i := 0; i < len(pairs); i += 2 {
			fmt.Fprintf(&b, "&Tags.member.%[1]d.Key=%[2]s&Tags.member.%[1]d.Value=%[3]s", i/2+1, pairs[i], pairs[i+1])
		}
		return strings.TrimPrefix(b.String(), "&")
	}
	for i, c := range []struct {
		operation, condition, body string
		allowed                    bool
	}{
		// The tags of a pool.
		{"DescribeIdentityPool", `"StringEquals":{"aws:ResourceTag/team":"a"}`, describe(pool), true},
		{"DescribeIdentityPool", `"StringEquals":{"aws:ResourceTag/team":"a"}`, describe(another), false},
		{"DescribeIdentityPool", `"StringEquals":{"aws:ResourceTag/none":"a"}`, describe(pool), false},
		{"DescribeIdentityPool", `"Null":{"aws:ResourceTag/none":"true"}`, describe(pool), true},
		{"DescribeIdentityPool", `"StringEquals":{"aws:ResourceTag/twice":"x"}`, describe(pool), false},
		{"ListTagsForResource", `"StringEquals":{"aws:ResourceTag/team":"a"}`, `{"ResourceArn":"` + pool["%ARN"] + `"}`, true},
		{"ListTagsForResource", `"StringEquals":{"aws:ResourceTag/team":"a"}`, `{"ResourceArn":"` + theirs + `"}`, false},
		// Those that a call brings.
		{"CreateIdentityPool", `"StringEquals":{"aws:RequestTag/team":"a"}`, `{"IdentityPoolName":"x","AllowUnauthenticatedIdentities":false,"IdentityPoolTags":{"team":"a"}}`, true},
		{"CreateIdentityPool", `"StringEquals":{"aws:RequestTag/team":"a"}`, `{"IdentityPoolName":"x","AllowUnauthenticatedIdentities":false,"IdentityPoolTags":{"team":"b"}}`, false},
		{"CreateIdentityPool", `"StringEquals":{"aws:RequestTag/team":"a"}`, `{"IdentityPoolName":"x","AllowUnauthenticatedIdentities":false}`, false},
		{"TagResource", `"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`, `{"ResourceArn":"` + pool["%ARN"] + `","Tags":{"a":"","b":""}}`, true},
		{"TagResource", `"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`, `{"ResourceArn":"` + pool["%ARN"] + `","Tags":{"a":"","c":""}}`, false},
		{"UntagResource", `"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}`, `{"ResourceArn":"` + pool["%ARN"] + `","TagKeys":["b","a"]}`, true},
		{"UntagResource", `"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}`, `{"ResourceArn":"` + pool["%ARN"] + `","TagKeys":["b"]}`, false},
		{"CreateUser", `"StringEquals":{"aws:RequestTag/Team":"a"}`, create(tags("team", "a")), true},
		{"CreateUser", `"StringEquals":{"aws:RequestTag/Team":"a"}`, create(tags("team", "b")), false},
		{"CreateUser", `"ForAllValues:StringEquals":{"aws:TagKeys":"team"},"Null":{"aws:TagKeys":"false"}`, create(tags("team", "a", "more", "b")), false},
		{"UntagUser", `"ForAllValues:StringEquals":{"aws:TagKeys":"k"}`, "UserName=" + th["%USER"] + "&TagKeys.member.1=k", true},
		// The tags of what IAM keeps.
		{"GetUser", `"StringEquals":{"aws:ResourceTag/K":"v"}`, "UserName=" + th["%USER"], false}, // removed by the row above
		{"GetRole", `"StringEquals":{"aws:ResourceTag/K":"v"}`, "RoleName=" + th["%ROLE"], true},
		{"GetPolicy", `"StringEquals":{"aws:ResourceTag/k":"v"}`, "PolicyArn=" + th["%POLICY"], true},
		{"GetSAMLProvider", `"StringEquals":{"aws:ResourceTag/k":"w"}`, "SAMLProviderArn=" + th["%SAML"], false},
		// The policy that is attached.
		{"AttachUserPolicy", `"ArnEquals":{"iam:PolicyARN":"` + th["%policy"] + `"}`, "UserName=" + th["%user"] + "&PolicyArn=" + th["%policy"], true},
		{"AttachUserPolicy", `"ArnEquals":{"iam:PolicyARN":"` + th["%policy"] + `"}`, "UserName=" + th["%user"] + "&PolicyArn=" + th["%POLICY"], false},
		{"DetachRolePolicy", `"ArnNotEquals":{"iam:PolicyARN":"` + th["%POLICY"] + `"}`, "RoleName=" + th["%ROLE"] + "&PolicyArn=" + th["%POLICY"], false},
		// The pools of identities: of each.
		{"DescribeIdentity", `"StringEquals":{"cognito-identity:IdentityPoolArn":"` + pool["%ARN"] + `"}`, `{"IdentityId":"` + pool["%IDENTITY"] + `"}`, true},
		{"DescribeIdentity", `"StringEquals":{"cognito-identity:IdentityPoolArn":"` + pool["%ARN"] + `"}`, `{"IdentityId":"` + another["%IDENTITY"] + `"}`, false},
		{"DescribeIdentity", `"StringEquals":{"cognito-identity:IdentityPoolArn":"` + pool["%ARN"] + `"}`, `{"IdentityId":"` + nobodys + `"}`, false},
		{"DeleteIdentities", `"StringEquals":{"cognito-identity:IdentityPoolArn":"` + pool["%ARN"] + `"}`, identities(pool["%IDENTITY"], another["%IDENTITY"]), false},
		{"DeleteIdentities", `"StringEquals":{"cognito-identity:IdentityPoolArn":"` + pool["%ARN"] + `"}`, identities(nobodys, pool["%IDENTITY"]), false},
		{"DeleteIdentities", `"StringNotEquals":{"cognito-identity:IdentityPoolArn":"` + pool["%ARN"] + `"}`, identities(another["%IDENTITY"], pool["%IDENTITY"]), false},
		{"DeleteIdentities", `"StringEquals":{"cognito-identity:IdentityPoolArn":["` + pool["%ARN"] + `","` + another["%ARN"] + `"]}`, identities(pool["%IDENTITY"], another["%IDENTITY"], pool["%IDENTITY"]), true},
		// The caller and the connection.
		{"ListIdentityPools", `"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}`, poolsAsked, true},
		{"ListIdentityPools", `"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`, poolsAsked, false},
		{"ListIdentityPools", `"Bool":{"aws:SecureTransport":"true"}`, poolsAsked, false},
		{"ListIdentityPools", `"DateLessThan":{"aws:CurrentTime":"2014-05-13T16:53:21Z"}`, poolsAsked, true},
		{"ListIdentityPools", `"DateLessThan":{"aws:CurrentTime":"2014-05-13T16:53:20Z"}`, poolsAsked, false},
		{"ListIdentityPools", `"StringEquals":{"aws:RequestedRegion":"us-east-1"}`, poolsAsked, true},
		// None that the operation does not have.
		{"ListIdentityPools", `"StringEquals":{"cognito-identity:IdentityPoolArn":"` + pool["%ARN"] + `"}`, poolsAsked, false},
		{"GetRole", `"ArnEquals":{"iam:PolicyARN":"` + th["%POLICY"] + `"}`, "RoleName=" + th["%ROLE"], false},
	} {
		who := fmt.Sprintf("user-of-%d", i)
		service := queryService(c.operation)
		if service == nil {
			service = api.CognitoIdentity
		}
		s.newUser(t, account, who, `{"Effect":"Allow","Action":"`+service.Name+`:`+c.operation+`","Resource":"*","Condition":{`+c.condition+`}}`)
		r := callOf(service, c.operation, c.body)
		s.signingFor(service, who).sign(t, r)
		a := send(t, address, r)
		denied := strings.Contains(string(a.body), "because no identity-based policy allows")
		if a.status == 200 != c.allowed || denied == c.allowed {
			t.Errorf("%s %s if %s: got %d %s, want it allowed: %v", c.operation, c.body, c.condition, a.status, a.body, c.allowed)
		}
	}
}

// TestAuthorization_Changes: what changes about a caller holds for the next request.
func TestAuthorization_Changes(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)
	root := principal.Root(account)
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	s.newUser(t, account, "ann", all)
	s.newUser(t, account, "ben")
	arn := s.things(t, "%POLICY")["%POLICY"]
	ask := func(who string) string {
		r := callCognito("ListIdentityPools", poolsAsked)
		s.signing(who).sign(t, r)
		a := send(t, address, r)
		if a.status == 200 {
			return "success"
		}
		code, _ := refusal(t, a)
		return code
	}
	const denied, unknown = "AccessDeniedException", "UnrecognizedClientException"
	for _, c := range []struct {
		name     string
		do       func() error
		ann, ben string
	}{
		{"at first", func() error { return nil }, "success", denied},
		{"the inline policy is deleted", func() error {
			return s.principals.DeleteUserPolicy(t.Context(), root, &api.DeleteUserPolicyInput{UserName: "ann", PolicyName: "its-own"})
		}, denied, denied},
		{"one is attached that does not allow it", func() error {
			return s.principals.AttachUserPolicy(t.Context(), root, &api.AttachUserPolicyInput{UserName: "ben", PolicyArn: arn})
		}, denied, denied},
		{"it gets a version that does", func() error {
			_, err := s.principals.CreatePolicyVersion(t.Context(), root, &api.CreatePolicyVersionInput{
				PolicyArn: arn, SetAsDefault: new(true), PolicyDocument: `{"Version":"2012-10-17","Statement":` + all + `}`,
			})
			return err
		}, denied, "success"},
		{"the version before is in force again", func() error {
			return s.principals.SetDefaultPolicyVersion(t.Context(), root, &api.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: "v1"})
		}, denied, denied},
		{"the other again", func() error {
			return s.principals.SetDefaultPolicyVersion(t.Context(), root, &api.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: "v3"})
		}, denied, "success"},
		{"it is detached", func() error {
			return s.principals.DetachUserPolicy(t.Context(), root, &api.DetachUserPolicyInput{UserName: "ben", PolicyArn: arn})
		}, denied, denied},
		{"a key is inactive", func() error {
			return s.principals.UpdateAccessKey(t.Context(), root, &api.UpdateAccessKeyInput{UserName: "ann", AccessKeyId: s.who["ann"].AccessKeyID, Status: "Inactive"})
		}, unknown, denied},
		{"it is active again", func() error {
			return s.principals.UpdateAccessKey(t.Context(), root, &api.UpdateAccessKeyInput{UserName: "ann", AccessKeyId: s.who["ann"].AccessKeyID, Status: "Active"})
		}, denied, denied},
		{"a key is deleted", func() error {
			return s.principals.DeleteAccessKey(t.Context(), root, &api.DeleteAccessKeyInput{UserName: "ben", AccessKeyId: s.who["ben"].AccessKeyID})
		}, denied, unknown},
	} {
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if ann, ben := ask("ann"), ask("ben"); ann != c.ann || ben != c.ben {
			t.Errorf("%s: ann is told %s and ben %s, want %s and %s", c.name, ann, ben, c.ann, c.ben)
		}
	}
}
