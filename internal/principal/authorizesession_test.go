package principal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// A session may do what both the role and its own policies allow, and neither denies.
func TestAuthorize_RoleSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", document("Allow", "user:*", "*", ""))
	arn := w.roleFor("r", admits("*", ""))
	w.check(w.putRolePolicy("r", "p", document("Allow", "a:*", "*", "")))
	w.check(w.attachRole("r", w.policy("role", `{"Statement": [{"Effect": "Allow", "Action": "b:*", "Resource": "*"}, {"Effect": "Deny", "Action": "a:Never", "Resource": "*"}]}`)))
	onlyB := w.policy("b", document("Allow", "b:*", "*", ""))
	denies := w.policy("deny", document("Deny", "a:Get*", "*", ""))
	inline := func(p string) func(*api.AssumeRoleInput) { return func(in *api.AssumeRoleInput) { in.Policy = p } }
	for _, tc := range []struct {
		name           string
		call           func(*api.AssumeRoleInput)
		allowed, other string // actions, in words
	}{
		{"without policies", nil, "a:Get a:Put b:Get", "a:Never c:Get user:Get"},
		{"inline", inline(document("Allow", "a:Get", "*", "")), "a:Get", "a:Put b:Get a:Never c:Get"},
		{"inline that allows more", inline(document("Allow", "*", "*", "")), "a:Get a:Put b:Get", "a:Never c:Get user:Get"},
		{"inline deny", inline(`{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "b:*", "Resource": "*"}]}`), "a:Get a:Put", "b:Get"},
		{"managed", func(in *api.AssumeRoleInput) { in.PolicyArns = []api.PolicyDescriptorType{{Arn: onlyB}} }, "b:Get", "a:Get a:Put c:Get"},
		{"both", func(in *api.AssumeRoleInput) {
			in.Policy, in.PolicyArns = document("Allow", "a:Get", "*", ""), []api.PolicyDescriptorType{{Arn: onlyB}}
		}, "a:Get b:Get", "a:Put c:Get"},
		{"managed deny", func(in *api.AssumeRoleInput) {
			in.Policy, in.PolicyArns = document("Allow", "a:*", "*", ""), []api.PolicyDescriptorType{{Arn: denies}}
		}, "a:Put", "a:Get b:Get"},
	} {
		allow, deny := w.by(w.session(ann, arn, tc.call), nil)
		for range 2 { // cold and warm
			for _, action := range strings.Fields(tc.allowed) {
				t.Log(tc.name)
				allow(action, "*")
			}
			for _, action := range strings.Fields(tc.other) {
				t.Log(tc.name)
				deny(action, "*")
			}
		}
	}
}

// What is changed of a role holds for its sessions at the next request.
func TestAuthorize_SessionNothingIsStale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	arn := w.roleFor("r", admits("*", ""))
	managed := w.policy("m", document("Allow", "*", "*", ""))
	s := w.session(ann, arn, func(in *api.AssumeRoleInput) {
		in.PolicyArns = []api.PolicyDescriptorType{{Arn: managed}}
	})
	for _, tc := range []struct {
		name string
		call func() error
		want bool
	}{
		{"nothing", func() error { return nil }, false},
		{"role policy", func() error { return w.putRolePolicy("r", "p", document("Allow", "a:*", "*", "")) }, true},
		{"session policy narrowed", func() error { return w.addVersion(managed, nothing, true) }, false},
		{"and widened", func() error { return w.setVersion(managed, "v1") }, true},
		{"role trusts nobody now", func() error { return w.trust("r", trust) }, true},
		{"session policy deleted", func() error {
			w.check(w.deleteVersion(managed, "v2"))
			return w.deletePolicy(managed)
		}, false},
		{"and made again", func() error { w.policy("m", document("Allow", "*", "*", "")); return nil }, true},
		{"role policy removed", func() error {
			return w.DeleteRolePolicy(t.Context(), owner, &api.DeleteRolePolicyInput{RoleName: "r", PolicyName: "p"})
		}, false},
	} {
		w.check(tc.call())
		for range 2 {
			if got := w.Authorize(t.Context(), s, "a:B", "*", nil) == nil; got != tc.want {
				t.Errorf("%s: got allowed %t, want %t", tc.name, got, tc.want)
			}
		}
	}
	// The role of a session that is under way is deleted, and another made.
	w.check(w.DeleteRole(t.Context(), owner, &api.DeleteRoleInput{RoleName: "r"}))
	w.roleFor("r", admits("*", ""))
	w.check(w.putRolePolicy("r", "p", document("Allow", "*", "*", "")))
	_, deny := w.by(s, nil)
	deny("a:B", "*")
	allow, _ := w.by(w.session(ann, arn, nil), nil)
	allow("a:B", "*")
}

func TestAuthorize_SessionText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	arn := w.roleFor("r", admits("*", ""))
	w.check(w.putRolePolicy("r", "p", document("Allow", "a:*", "*", "")))
	const who = "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/r/s1 is not authorized to perform: "
	for _, tc := range []struct{ policy, action, want string }{
		{"", "b:Get", "b:Get on resource: * because no identity-based policy allows the b:Get action"},
		{nothing, "a:Get", "a:Get on resource: * because no session policy allows the a:Get action"},
		{document("Deny", "a:*", "*", ""), "a:Get", "a:Get on resource: * with an explicit deny in a session policy"},
	} {
		s := w.session(ann, arn, func(in *api.AssumeRoleInput) { in.Policy = tc.policy })
		if got := answer(w.Authorize(t.Context(), s, tc.action, "*", nil)); got != who+tc.want {
			t.Errorf("got %s\nwant %s", got, who+tc.want)
		}
	}
}

// What policies see of a session.
func TestAuthorize_SessionKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	w.check(w.TagUser(t.Context(), owner, &api.TagUserInput{UserName: "ann", Tags: tags("Team", "user")}))
	out := must(w.CreateRole(t.Context(), owner, &api.CreateRoleInput{
		RoleName: "r", Path: "/team/", AssumeRolePolicyDocument: admits("*", ""), Tags: tags("Team", "role", "Level", "role"),
	}))
	role := w.session(ann, out.Role.Arn, func(in *api.AssumeRoleInput) { in.Tags, in.SourceIdentity = tags("TEAM", "session", "Own", ""), "who" })
	_, user := w.ownSession(ann)
	callers := map[string]api.Caller{"role": role, "user": user, "key": ann}
	for _, tc := range []struct{ condition, who string }{
		{`"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/team/r"}`, "role"},
		{`"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/ann"}`, "user key"},
		{`"StringEquals": {"aws:PrincipalType": "AssumedRole"}`, "role"},
		{`"StringEquals": {"aws:PrincipalType": "User"}`, "user key"},
		{`"StringEquals": {"aws:userid": "` + out.Role.RoleId + `:s1"}`, "role"},
		{`"StringEquals": {"aws:userid": "` + ann.ID + `"}`, "user key"},
		{`"Null": {"aws:username": "true"}`, "role"},
		{`"StringEquals": {"aws:username": "ann"}`, "user key"},
		{`"StringEquals": {"aws:PrincipalAccount": "111122223333"}`, "role user key"},
		{`"StringEquals": {"aws:PrincipalTag/team": "session"}`, "role"},
		{`"StringEquals": {"aws:PrincipalTag/Team": "user"}`, "user key"},
		{`"StringEquals": {"aws:PrincipalTag/Level": "role"}`, "role"},
		{`"StringEquals": {"aws:PrincipalTag/Own": ""}`, "role"},
		{`"StringEquals": {"aws:SourceIdentity": "who"}`, "role"},
		{`"Null": {"aws:SourceIdentity": "true"}`, "user key"},
		{`"DateEquals": {"aws:TokenIssueTime": "2026-03-01T12:00:00Z"}`, "role user"},
		{`"DateLessThan": {"aws:TokenIssueTime": "2026-03-01T12:00:00Z"}`, ""},
		{`"Null": {"aws:TokenIssueTime": "true"}`, "key"},
		{`"Bool": {"aws:MultiFactorAuthPresent": "false"}`, "role user"},
		{`"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}`, "role user key"},
		{`"Bool": {"aws:MultiFactorAuthPresent": "true"}`, ""},
		{`"IpAddress": {"aws:SourceIp": "192.0.2.7"}, "StringEquals": {"aws:RequestedRegion": "eu-central-1"}`, "role user key"},
	} {
		d := document("Allow", "*", "*", tc.condition)
		w.check(w.putRolePolicy("r", "p", d))
		w.check(w.putUserPolicy("ann", "p", d))
		// Keys of the request do not stand in for those of the caller.
		keys := map[string]string{"aws:tokenissuetime": "2026-03-01T11:00:00Z", "aws:sourceidentity": "who", "aws:multifactorauthpresent": "true", "aws:username": "ann"}
		for name, c := range callers {
			allow, deny := w.by(c, keys)
			t.Log(name)
			if strings.Contains(tc.who, name) {
				allow("a:B", tc.condition)
			} else {
				deny("a:B", tc.condition)
			}
		}
	}
}

// Sessions of users and of root may do what they could without, but for IAM and STS.
func TestAuthorize_OwnSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", document("Allow", "*", "*", ""), document("Deny", "a:Never", "*", ""))
	_, anns := w.ownSession(ann)
	_, roots := w.ownSession(owner)
	role := w.session(ann, w.roleFor("r", admits("*", "")), nil)
	w.check(w.putRolePolicy("r", "p", document("Allow", "*", "*", "")))
	for _, tc := range []struct {
		action string
		c      api.Caller
		want   string
	}{
		{"a:B", anns, "success"},
		{"a:B", roots, "success"},
		{"a:Never", roots, "success"},
		{"a:Never", anns, "AccessDeniedException: User: " + ann.Principal + " is not authorized to perform: a:Never on resource: * with an explicit deny in an identity-based policy"},
		{"sts:AssumeRole", anns, "success"},
		{"sts:GetCallerIdentity", anns, "success"},
		{"sts:GetFederationToken", anns, "AccessDenied: Cannot call GetFederationToken with session credentials"},
		{"sts:GetFederationToken", roots, "AccessDenied: Cannot call GetFederationToken with session credentials"},
		{"iam:GetUser", anns, whatInvalid},
		{"IAM:GetUser", roots, whatInvalid},
		{"iam:CreateUser", roots, whatInvalid},
		{"iam:GetUser", role, "success"},
		{"iam:GetUser", ann, "success"},
		{"iam:GetUser", owner, "success"},
		{"iamx:GetUser", anns, "success"},
	} {
		if got := answer(w.Authorize(t.Context(), tc.c, tc.action, "*", nil)); got != tc.want {
			t.Errorf("%s by %s, session %t: got %s\nwant %s", tc.action, tc.c.Principal, tc.c.Session != nil, got, tc.want)
		}
	}
	// To whom nothing is forbidden need not be asked about: that is root without a session.
	for c, want := range map[api.Caller]bool{owner: true, roots: false, ann: false, anns: false, role: false, {}: false} {
		if got := principal.IsRoot(c); got != want {
			t.Errorf("IsRoot of %s, session %t: got %t", c.Principal, c.Session != nil, got)
		}
	}
}

// Signing with a token that was seen before and being authorised with ten policies.
func BenchmarkAuthorizeSession(b *testing.B) {
	w := newWorld(b)
	arn := w.roleFor("r", admits("*", ""))
	for n := range 10 {
		d := document("Allow", fmt.Sprintf("service%d:Get*", n), fmt.Sprintf("arn:aws:service%d:*:111122223333:thing/*", n), `"StringEquals": {"aws:PrincipalAccount": "111122223333"}`)
		w.check(w.attachRole("r", w.policy(fmt.Sprint("m", n), d)))
	}
	for name, f := range map[string]func(*api.AssumeRoleInput){
		"plain": nil,
		"limited": func(in *api.AssumeRoleInput) {
			in.Tags, in.Policy = tags("Team", "blue"), document("Allow", "service9:*", "*", `"StringEquals": {"aws:PrincipalTag/Team": "blue"}`)
		},
	} {
		b.Run(name, func(b *testing.B) {
			out := must(w.assume(w.user(name), arn, f)).Credentials
			now := start.Add(time.Minute)
			b.ReportAllocs()
			for b.Loop() {
				got, err := w.Credential(b.Context(), out.AccessKeyId, string(out.SessionToken), now)
				if err != nil {
					b.Fatal(err)
				}
				if err := w.Authorize(b.Context(), got.Caller, "service9:GetThing", "arn:aws:service9:eu-central-1:111122223333:thing/1", nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
