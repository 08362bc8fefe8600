package principal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// document returns a policy of one statement.
func document(effect, action, resource, condition string) string {
	if condition != "" {
		condition = `, "Condition": {` + condition + `}`
	}
	return fmt.Sprintf(`{"Version": "2012-10-17", "Statement": {"Effect": %q, "Action": %q, "Resource": %q%s}}`, effect, action, resource, condition)
}

// by returns what a caller must be allowed and refused, for requests with the keys.
func (w *world) by(c api.Caller, keys map[string]string) (allow, deny func(action, resource string)) {
	ask := func(action, resource string) error {
		return w.Authorize(w.Context(), c, action, resource, func(key string) []string {
			if v, ok := keys[key]; ok {
				return []string{v}
			}
			return nil
		})
	}
	allow = func(action, resource string) {
		w.Helper()
		if err := ask(action, resource); err != nil {
			w.Errorf("%s on %s: got %s", action, resource, answer(err))
		}
	}
	deny = func(action, resource string) {
		w.Helper()
		if err := ask(action, resource); !strings.HasPrefix(answer(err), "AccessDeniedException: User: "+c.Principal+" is not authorized to perform: "+action+" on resource: "+resource) {
			w.Errorf("%s on %s: got %s", action, resource, answer(err))
		}
	}
	return allow, deny
}

const poolARN = "arn:aws:cognito-identity:eu-central-1:111122223333:identitypool/eu-central-1:b73cb2d2-0d00-4e77-8e80-f99d9c13da3b"

func TestAuthorize_Root(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	allow, _ := w.by(owner, nil)
	allow("iam:CreateUser", "arn:aws:iam::111122223333:user/x")
	allow("any:Thing", "*")
}

func TestAuthorize_User(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann",
		document("Allow", "cognito-identity:Get*", "arn:aws:cognito-identity:*:*:identitypool/*", ""),
		document("Deny", "*", "arn:aws:cognito-identity:*:*:identitypool/us-east-1:*", ""))
	ben := w.user("ben")
	arn := w.policy("m", document("Allow", "iam:*", "arn:aws:iam::111122223333:user/${aws:username}", ""))
	w.check(w.attachUser("ann", arn))

	allow, deny := w.by(ann, nil)
	allow("cognito-identity:GetId", poolARN)
	deny("cognito-identity:DeleteIdentityPool", poolARN)
	deny("cognito-identity:GetId", strings.ReplaceAll(poolARN, "eu-central-1", "us-east-1"))
	allow("iam:GetUser", "arn:aws:iam::111122223333:user/ann")
	deny("iam:GetUser", "arn:aws:iam::111122223333:user/ben")
	_, deny = w.by(ben, nil)
	deny("cognito-identity:GetId", poolARN)
	deny("iam:GetUser", "arn:aws:iam::111122223333:user/ben")
}

func TestAuthorize_Text(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", document("Deny", "iam:DeleteUser", "*", ""), document("Allow", "iam:*", "*", ""))
	ben := w.user("ben")
	const onBen = "arn:aws:iam::111122223333:user/ben"
	for _, tc := range []struct {
		c    api.Caller
		want string
	}{
		{ann, "AccessDeniedException: User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:DeleteUser on resource: " + onBen + " with an explicit deny in an identity-based policy"},
		{ben, "AccessDeniedException: User: arn:aws:iam::111122223333:user/ben is not authorized to perform: iam:DeleteUser on resource: " + onBen + " because no identity-based policy allows the iam:DeleteUser action"},
	} {
		if got := answer(w.Authorize(t.Context(), tc.c, "iam:DeleteUser", onBen, nil)); got != tc.want {
			t.Errorf("%s: got %s\nwant %s", tc.c.User, got, tc.want)
		}
	}
	if err := w.Authorize(t.Context(), ann, "iam:GetUser", onBen, nil); err != nil {
		t.Errorf("the twin: got %s", answer(err))
	}
}

// What a caller is and where it calls from is known without the request.
func TestAuthorize_GlobalKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	w.check(w.TagUser(t.Context(), owner, &api.TagUserInput{UserName: "ann", Tags: tags("CostCenter", "42")}))
	for _, tc := range []struct {
		condition string
		breaks    func(*api.Caller) // the condition
	}{
		{`"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}`, func(c *api.Caller) { c.SourceIP = "198.51.100.1" }},
		{`"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}`, func(c *api.Caller) { c.SourceIP = "" }},
		{`"Bool": {"aws:SecureTransport": "true"}`, func(c *api.Caller) { c.Secure = false }},
		{`"StringEquals": {"aws:RequestedRegion": "eu-central-1"}`, func(c *api.Caller) { c.Region = "us-east-1" }},
		{`"DateLessThan": {"aws:CurrentTime": "2026-03-02T00:00:00Z"}`, func(c *api.Caller) { c.Now = c.Now.AddDate(0, 0, 1) }},
		{`"NumericLessThan": {"aws:EpochTime": "1772400000"}`, func(c *api.Caller) { c.Now = c.Now.AddDate(0, 0, 1) }},
		{`"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/ann"}`, func(c *api.Caller) { c.Principal += "a" }},
		{`"StringEquals": {"aws:PrincipalAccount": "111122223333"}`, nil},
		{`"StringEquals": {"aws:PrincipalType": "User"}`, nil},
		{`"StringEquals": {"aws:userid": "` + ann.ID + `"}`, func(c *api.Caller) { c.ID += "A" }},
		{`"StringEquals": {"aws:username": "ann"}`, func(c *api.Caller) { c.User = "ANN" }},
		{`"StringEquals": {"aws:PrincipalTag/CostCenter": "42"}`, nil},
		{`"StringEquals": {"AWS:principaltag/costcenter": "42"}`, nil},
		{`"Null": {"aws:PrincipalTag/Team": "true"}`, nil},
		{`"StringEquals": {"aws:ResourceTag/x": "y"}`, nil},
	} {
		w.check(w.putUserPolicy("ann", "p", document("Allow", "*", "*", tc.condition)))
		// Keys of the request do not stand in for those of the caller.
		keys := map[string]string{"aws:resourcetag/x": "y"}
		for _, key := range []string{"sourceip", "securetransport", "requestedregion", "currenttime", "epochtime", "principalarn", "userid", "username", "principaltag/team"} {
			keys["aws:"+key] = "forged"
		}
		allow, _ := w.by(ann, keys)
		allow("a:B", tc.condition)
		if tc.breaks != nil {
			c := ann
			tc.breaks(&c)
			_, deny := w.by(c, keys)
			deny("a:B", tc.condition)
		}
	}
	w.check(w.putUserPolicy("ann", "p", document("Allow", "*", "*", `"StringEquals": {"aws:ResourceTag/x": "y"}`)))
	_, deny := w.by(ann, nil)
	deny("a:B", "*")
}

// Each change holds for the next request.
func TestAuthorize_NothingIsStale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	arn := w.policy("m", nothing)
	all, none := document("Allow", "*", "*", ""), document("Deny", "*", "*", "")
	drop := func(name string) error {
		return w.DeleteUserPolicy(t.Context(), owner, &api.DeleteUserPolicyInput{UserName: "ann", PolicyName: name})
	}
	for _, tc := range []struct {
		name string
		call func() error
		want bool
	}{
		{"nothing", func() error { return nil }, false},
		{"inline allow", func() error { return w.putUserPolicy("ann", "p", all) }, true},
		{"inline deny beside it", func() error { return w.putUserPolicy("ann", "q", none) }, false},
		{"deny removed", func() error { return drop("q") }, true},
		{"allow replaced", func() error { return w.putUserPolicy("ann", "p", nothing) }, false},
		{"attached", func() error { return w.attachUser("ann", arn) }, false},
		{"version that allows, not in force", func() error { return w.addVersion(arn, all, false) }, false},
		{"in force", func() error { return w.setVersion(arn, "v2") }, true},
		{"version that denies", func() error { return w.addVersion(arn, none, true) }, false},
		{"inline allow against it", func() error { return w.putUserPolicy("ann", "p", all) }, false},
		{"detached", func() error { return w.detachUser("ann", arn) }, true},
		{"last removed", func() error { return drop("p") }, false},
	} {
		w.check(tc.call())
		for range 2 { // cold and warm
			if got := w.Authorize(t.Context(), ann, "a:B", "*", nil) == nil; got != tc.want {
				t.Errorf("%s: got allowed %t, want %t", tc.name, got, tc.want)
			}
		}
	}
}

// Nobody but the root and users has permissions, and who is gone has none.
func TestAuthorize_Others(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := document("Allow", "*", "*", "")
	ann := w.user("ann", all)
	w.role("r")
	w.check(w.putRolePolicy("r", "p", all))
	allow, _ := w.by(ann, nil)
	allow("a:B", "*")

	elsewhere := ann
	elsewhere.Account = stranger.Account
	for name, c := range map[string]api.Caller{
		"nobody":                  {},
		"session":                 {Account: owner.Account, Principal: "arn:aws:sts::111122223333:assumed-role/r/s", ID: "AROA:s"},
		"another account's user":  elsewhere,
		"root of no account":      {Principal: "arn:aws:iam:::root"},
		"root of another account": {Account: owner.Account, Principal: stranger.Principal, ID: stranger.ID},
	} {
		t.Log(name)
		_, deny := w.by(c, nil)
		deny("a:B", "*")
	}
	// A user of the same name is somebody else.
	w.check(w.DeleteUserPolicy(t.Context(), owner, &api.DeleteUserPolicyInput{UserName: "ann", PolicyName: "p0"}))
	w.check(w.deleteUser("ann"))
	_, deny := w.by(ann, nil)
	deny("a:B", "*")
	again := w.user("ann", all)
	deny("a:B", "*")
	allow, _ = w.by(again, nil)
	allow("a:B", "*")
}

// A policy that can not be read could hold a Deny: nothing is allowed, and it is no
// answer for clients.
func TestAuthorize_BrokenPolicy(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]func(principal.Tx) error{
		"inline": func(tx principal.Tx) error {
			u, err := tx.Users().Get(owner.Account, "ann")
			if err != nil {
				return err
			}
			u = u.Clone()
			u.Inline["p0"] = malformed
			return tx.Users().Update(u)
		},
		"managed": func(tx principal.Tx) error {
			p, err := tx.Policies().Get(owner.Account, "m")
			if err != nil {
				return err
			}
			p = p.Clone()
			p.Versions[0].Document = "{"
			return tx.Policies().Update(p)
		},
		"missing": func(tx principal.Tx) error { return tx.Policies().Delete(owner.Account, "m") },
	} {
		w := newWorld(t)
		ann := w.user("ann", document("Allow", "*", "*", ""))
		w.check(w.attachUser("ann", w.policy("m", nothing)))
		allow, _ := w.by(ann, nil)
		allow("a:B", "*")
		w.check(w.store.Update(t.Context(), breaks))
		if got := answer(w.Authorize(t.Context(), ann, "a:B", "*", nil)); !strings.HasPrefix(got, "internal error: ") {
			t.Errorf("%s: got %s, want an internal error", name, got)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", document("Allow", "a:*", "*", ""))
	w.check(w.attachUser("ann", w.policy("m", document("Deny", "a:C", "*", ""))))
	for _, tc := range []struct {
		c      api.Caller
		action string
		want   string
	}{
		{owner, "a:B", "allowed: the root of an account may do everything in it"},
		{ann, "a:B", "allowed by statement 1 of the identity-based policy p0"},
		{ann, "a:C", "denied by statement 1 of the identity-based policy m"},
		{ann, "b:C", "no statement of 2 identity-based policies allows b:C on *"},
	} {
		d, err := w.Explain(t.Context(), tc.c, tc.action, "*", nil)
		if err != nil || d.String() != tc.want || d.Allowed != strings.HasPrefix(tc.want, "allowed") {
			t.Errorf("%s by %s: got %v, %v\nwant %s", tc.action, tc.c.Principal, d, err, tc.want)
		}
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.check(only(w.CreateUser(ctx, owner, &api.CreateUserInput{UserName: "Ann", Path: "/team/", Tags: tags("k", "user")})))
	w.check(only(w.CreateRole(ctx, owner, &api.CreateRoleInput{RoleName: "r", Path: "/p/", AssumeRolePolicyDocument: trust, Tags: tags("k", "role")})))
	policy := w.policy("m", nothing)
	w.check(w.TagPolicy(ctx, owner, &api.TagPolicyInput{PolicyArn: policy, Tags: tags("k", "policy")}))
	oidc := must(w.createOIDC("https://a.example"))
	w.check(w.TagOpenIDConnectProvider(ctx, owner, &api.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidc, Tags: tags("k", "oidc")}))
	saml := must(w.createSAML("s", metadata(entity)))
	w.check(w.TagSAMLProvider(ctx, owner, &api.TagSAMLProviderInput{SAMLProviderArn: saml, Tags: tags("k", "saml")}))
	key, rootKey := w.key("Ann").AccessKeyId, w.key("").AccessKeyId
	theirs := must(w.CreateAccessKey(ctx, stranger, &api.CreateAccessKeyInput{})).AccessKey.AccessKeyId
	ann := api.Caller{Account: owner.Account, Principal: "arn:aws:iam::111122223333:user/team/Ann", User: "Ann"}
	const base = "arn:aws:iam::111122223333:"
	for _, tc := range []struct {
		operation   string
		c           api.Caller
		named, path string
		want        string
		tag         string
	}{
		{"ListUsers", owner, "", "", "*", ""},
		{"GetUser", owner, "ann", "", base + "user/team/Ann", "user"},
		{"GetUser", owner, "nobody", "", base + "user/nobody", ""},
		{"GetUser", owner, "", "", base + "root", ""},
		{"GetUser", ann, "", "", base + "user/team/Ann", "user"},
		{"GetUser", stranger, "ann", "", "arn:aws:iam::444455556666:user/ann", ""},
		{"CreateUser", owner, "ann", "/x/", base + "user/x/ann", ""},
		{"CreateUser", owner, "ann", "", base + "user/ann", ""},
		{"GetRole", owner, "R", "", base + "role/p/r", "role"},
		{"GetRole", owner, "none", "", base + "role/none", ""},
		{"CreateRole", owner, "r", "/x/", base + "role/x/r", ""},
		{"CreatePolicy", owner, "m", "/x/", base + "policy/x/m", ""},
		{"GetPolicy", owner, policy, "", policy, "policy"},
		{"GetPolicy", stranger, policy, "", policy, ""},
		{"GetPolicy", owner, "anything", "", "anything", ""},
		{"CreateOpenIDConnectProvider", owner, "https://a.example/x", "", base + "oidc-provider/a.example/x", ""},
		{"GetOpenIDConnectProvider", owner, oidc, "", oidc, "oidc"},
		{"CreateSAMLProvider", owner, "x", "", base + "saml-provider/x", ""},
		{"GetSAMLProvider", owner, saml, "", saml, "saml"},
		{"GetAccessKeyLastUsed", owner, key, "", base + "user/team/Ann", "user"},
		{"GetAccessKeyLastUsed", owner, rootKey, "", base + "root", ""},
		{"GetAccessKeyLastUsed", owner, theirs, "", base + "user/", ""},
		{"GetAccessKeyLastUsed", owner, "AKIANOBODYHASTHISKEY", "", base + "user/", ""},
	} {
		want := principal.Target{ARN: tc.want}
		if tc.tag != "" {
			want.Tags = map[string]string{"k": tc.tag}
		}
		got, err := w.Target(ctx, tc.c, api.IAM.Operation(tc.operation).Resource, tc.named, tc.path)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s of %q by %s: %v (-want +got)\n%s", tc.operation, tc.named, tc.c.Principal, err, diff)
		}
	}
	if got, err := w.Target(ctx, owner, api.Resource{Form: api.PoolByID}, "x", ""); err == nil {
		t.Errorf("a form that is not IAM's: got %+v", got)
	}
	for _, op := range api.IAM.Operations {
		if _, err := w.Target(ctx, owner, op.Resource, "x", ""); err != nil {
			t.Errorf("%s: %v", op.Name, err)
		}
	}
}

func BenchmarkAuthorize(b *testing.B) {
	w := newWorld(b)
	ann := w.user("ann", document("Allow", "iam:Get*", "arn:aws:iam::111122223333:user/ann", ""))
	for n := range 10 {
		d := document("Allow", fmt.Sprintf("service%d:Get*", n), fmt.Sprintf("arn:aws:service%d:*:111122223333:thing/*", n), `"StringEquals": {"aws:PrincipalAccount": "111122223333"}`)
		w.check(w.attachUser("ann", w.policy(fmt.Sprint("m", n), d)))
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Authorize(b.Context(), ann, "service9:GetThing", "arn:aws:service9:eu-central-1:111122223333:thing/1", nil); err != nil {
			b.Fatal(err)
		}
	}
}
