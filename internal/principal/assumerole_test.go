package principal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// notAllowed is what a caller is told who may not assume a role, and whether or not there
// is one.
func notAllowed(c api.Caller, action, arn string) string {
	return "AccessDeniedException: User: " + c.Principal + " is not authorized to perform: " + action + " on resource: " + arn
}

const assumeAction = "sts:AssumeRole"

// Who may assume a role of the own account, and of another.
func TestAssumeRole_Trust(t *testing.T) {
	t.Parallel()
	const (
		none  = nothing
		allow = `{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}`
		deny  = `{"Statement": {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}}`
		ann   = "arn:aws:iam::111122223333:user/ann"
	)
	w := newWorld(t)
	caller := w.user("ann")
	own, theirs := w.roleFor("r", trust), w.roleOf(stranger, "r", trust)
	for _, tc := range []struct {
		trust         string
		own           string
		here, foreign bool // the role is of the caller's account, or of another
	}{
		{admits("111122223333", ""), none, false, false},
		{admits("111122223333", ""), allow, true, true},
		{admits("111122223333", ""), deny, false, false},
		{admits("arn:aws:iam::111122223333:root", ""), none, false, false},
		{admits("arn:aws:iam::111122223333:root", ""), allow, true, true},
		{admits(ann, ""), none, true, false},
		{admits(ann, ""), allow, true, true},
		{admits(ann, ""), deny, false, false},
		{admits("*", ""), none, true, false},
		{admits("*", ""), allow, true, true},
		{admits("*", ""), deny, false, false},
		{admits("444455556666", ""), allow, false, false},
		{admits("arn:aws:iam::111122223333:user/ben", ""), allow, false, false},
		{admits("arn:aws:iam::111122223333:user/x/ann", ""), allow, false, false},
		{admits("arn:aws:iam::444455556666:user/ann", ""), allow, false, false},
		{admits(ann, `"StringEquals": {"aws:PrincipalAccount": "111122223333"}`), none, true, false},
		{admits(ann, `"StringEquals": {"aws:PrincipalAccount": "444455556666"}`), allow, false, false},
		{strings.Replace(admits(ann, ""), "sts:*", "sts:AssumeRoleWithWebIdentity", 1), allow, false, false},
		{`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:*"}, {"Effect": "Deny", "Principal": {"AWS": "` + ann + `"}, "Action": "sts:*"}]}`, allow, false, false},
		{`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:*"}, {"Effect": "Allow", "Principal": {"AWS": "` + ann + `"}, "Action": "sts:*"}]}`, none, true, false},
	} {
		w.check(w.putUserPolicy("ann", "p", tc.own))
		for account, role := range map[api.Caller]struct {
			arn  string
			want bool
		}{owner: {own, tc.here}, stranger: {theirs, tc.foreign}} {
			w.check(w.UpdateAssumeRolePolicy(t.Context(), account, &api.UpdateAssumeRolePolicyInput{RoleName: "r", PolicyDocument: tc.trust}))
			want := "success"
			if !role.want {
				want = notAllowed(caller, assumeAction, role.arn)
			}
			out, err := w.assume(caller, role.arn, nil)
			if got := answer(err); got != want {
				t.Errorf("%s\nwith %s\nof account %s: got %s\nwant %s", tc.trust, tc.own, account.Account, got, want)
			}
			if err != nil {
				continue
			}
			if s, err := w.as(out.Credentials); err != nil || s.Account != account.Account {
				t.Errorf("got a session of account %s, %v, want %s", s.Account, err, account.Account)
			}
		}
	}
}

// The caller's policies name the role, with its path.
func TestAssumeRole_OwnPolicyNamesTheRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", document("Allow", assumeAction, "arn:aws:iam::111122223333:role/team/r", ""))
	out := must(w.CreateRole(t.Context(), owner, &api.CreateRoleInput{RoleName: "r", Path: "/team/", AssumeRolePolicyDocument: admits(owner.Account, "")}))
	s := w.session(ann, out.Role.Arn, nil)
	if want := "arn:aws:sts::111122223333:assumed-role/r/s1"; s.Principal != want {
		t.Errorf("got %s, want %s: no path", s.Principal, want)
	}
	other := w.roleFor("q", admits(owner.Account, ""))
	if got, want := answer(only(w.assume(ann, other, nil))), notAllowed(ann, assumeAction, other); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Each condition of a trust policy holds, and does not when the call is changed.
func TestAssumeRole_Conditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	w.check(w.TagUser(t.Context(), owner, &api.TagUserInput{UserName: "ann", Tags: tags("Dept", "7")}))
	arn := w.roleFor("r", trust)
	w.check(w.TagRole(t.Context(), owner, &api.TagRoleInput{RoleName: "r", Tags: tags("Dept", "7")}))
	full := func(in *api.AssumeRoleInput) {
		in.ExternalId, in.SourceIdentity, in.RoleSessionName = "secret-1", "who", "nightly"
		in.Tags, in.TransitiveTagKeys = tags("Team", "blue", "Cost", "42"), []string{"Team"}
	}
	for _, tc := range []struct {
		condition string
		breaks    func(*api.AssumeRoleInput)
	}{
		{`"StringEquals": {"sts:ExternalId": "secret-1"}`, func(in *api.AssumeRoleInput) { in.ExternalId = "secret-2" }},
		{`"StringEquals": {"sts:ExternalId": "secret-1"}`, func(in *api.AssumeRoleInput) { in.ExternalId = "" }},
		{`"StringEquals": {"sts:RoleSessionName": "nightly"}`, func(in *api.AssumeRoleInput) { in.RoleSessionName = "daily" }},
		{`"StringEquals": {"sts:SourceIdentity": "who"}`, func(in *api.AssumeRoleInput) { in.SourceIdentity = "else" }},
		{`"StringEquals": {"sts:SourceIdentity": "who"}`, func(in *api.AssumeRoleInput) { in.SourceIdentity = "" }},
		{`"StringEquals": {"aws:RequestTag/team": "blue"}`, func(in *api.AssumeRoleInput) { in.Tags = tags("Team", "red") }},
		{`"ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "Cost"]}`, func(in *api.AssumeRoleInput) { in.Tags = tags("Team", "blue", "More", "") }},
		{`"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "Team"}`, func(in *api.AssumeRoleInput) { in.TransitiveTagKeys = nil }},
		{`"StringEquals": {"aws:ResourceTag/Dept": "${aws:PrincipalTag/Dept}"}`, nil},
		{`"ArnEquals": {"aws:PrincipalArn": "` + ann.Principal + `"}, "StringEquals": {"aws:username": "ann"}`, nil},
		{`"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}`, nil},
		{`"Null": {"aws:RequestTag/none": "true", "aws:TokenIssueTime": "true", "aws:ResourceTag/none": "true"}`, nil},
	} {
		w.check(w.trust("r", admits(ann.Principal, tc.condition)))
		if _, err := w.assume(ann, arn, full); err != nil {
			t.Errorf("%s: got %s", tc.condition, answer(err))
		}
		if tc.breaks == nil {
			w.check(w.trust("r", admits(ann.Principal, strings.NewReplacer("ann", "ben", `"true"`, `"false"`, "192.0.2", "192.0.3", "${aws:PrincipalTag/Dept}", "8").Replace(tc.condition))))
			tc.breaks = func(*api.AssumeRoleInput) {}
		}
		_, err := w.assume(ann, arn, func(in *api.AssumeRoleInput) { full(in); tc.breaks(in) })
		if got := answer(err); !strings.HasPrefix(got, "AccessDeniedException: User: "+ann.Principal+" is not authorized to perform: sts:") {
			t.Errorf("%s, broken: got %s", tc.condition, got)
		}
	}
}

// What comes with a role needs a permission of its own.
func TestAssumeRole_Actions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", document("Allow", "sts:*", "*", ""))
	tagged := func(in *api.AssumeRoleInput) { in.Tags = tags("a", "b") }
	sourced := func(in *api.AssumeRoleInput) { in.SourceIdentity = "who" }
	both := func(in *api.AssumeRoleInput) { tagged(in); sourced(in) }
	for _, tc := range []struct {
		actions string
		call    func(*api.AssumeRoleInput)
		refused string
	}{
		{`"sts:AssumeRole"`, nil, ""},
		{`"sts:AssumeRole"`, tagged, "sts:TagSession"},
		{`["sts:AssumeRole", "sts:TagSession"]`, tagged, ""},
		{`["sts:AssumeRole", "sts:TagSession"]`, sourced, "sts:SetSourceIdentity"},
		{`["sts:AssumeRole", "sts:SetSourceIdentity"]`, sourced, ""},
		{`["sts:AssumeRole", "sts:SetSourceIdentity"]`, both, "sts:TagSession"},
		{`["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]`, both, ""},
		{`["sts:SetSourceIdentity", "sts:TagSession"]`, both, "sts:AssumeRole"},
	} {
		document := strings.Replace(admits(owner.Account, ""), `"sts:*"`, tc.actions, 1)
		for _, account := range []api.Caller{owner, stranger} {
			arn := w.roleOf(account, fmt.Sprint("r", len(w.state()[account.Account].Roles)), document)
			want := "success"
			if tc.refused != "" {
				want = notAllowed(ann, tc.refused, arn)
			}
			if got := answer(only(w.assume(ann, arn, tc.call))); got != want {
				t.Errorf("%s: got %s\nwant %s", tc.actions, got, want)
			}
		}
	}
	// In another account, the caller's own policies must allow it too.
	w.check(w.putUserPolicy("ann", "p0", document("Allow", assumeAction, "*", "")))
	arn := w.roleOf(stranger, "all", admits(ann.Principal, ""))
	if got, want := answer(only(w.assume(ann, arn, tagged))), notAllowed(ann, "sts:TagSession", arn); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestAssumeRole_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	arn := w.roleFor("r", admits("*", ""))
	_, roots := w.ownSession(owner)
	var many []api.PolicyDescriptorType
	for n := range 11 {
		many = append(many, api.PolicyDescriptorType{Arn: w.policy(fmt.Sprint("p", n), nothing)})
	}
	call := func(c api.Caller, arn string, f func(*api.AssumeRoleInput)) func() error {
		return func() error { return only(w.assume(c, arn, f)) }
	}
	twin := call(ann, arn, nil)
	with := func(f func(*api.AssumeRoleInput)) func() error { return call(ann, arn, f) }
	const (
		noRoot = "AccessDenied: Roles may not be assumed by root accounts."
		noMFA  = "AccessDenied: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."
	)
	gone := strings.Replace(arn, "/r", "/gone", 1)
	for _, bad := range []string{
		"arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:role/", "arn:aws:iam::11112222333:role/r", "arn:aws:iam::11112222333x:role/r",
		"arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam:eu-central-1:111122223333:role/r", "arn:aws:iam::111122223333:role/team/", "role/r-of-somebody-or-other",
	} {
		w.refuses("AssumeRole", refusal{bad, call(ann, bad, nil), "ValidationError: " + bad + " is invalid", twin})
	}
	w.refuses("AssumeRole",
		refusal{"root", call(owner, arn, nil), noRoot, twin},
		refusal{"root of another account", call(stranger, arn, nil), noRoot, twin},
		refusal{"root in a session", call(roots, arn, nil), noRoot, twin},
		refusal{"MFA serial", with(func(in *api.AssumeRoleInput) { in.SerialNumber = "GAHT12345678" }), noMFA, twin},
		refusal{"MFA code", with(func(in *api.AssumeRoleInput) { in.TokenCode = "123456" }), noMFA, twin},
		refusal{"no such role", call(ann, gone, nil), notAllowed(ann, assumeAction, gone), twin},
		refusal{"no such account", call(ann, strings.Replace(arn, owner.Account, "999999999999", 1), nil), notAllowed(ann, assumeAction, strings.Replace(arn, owner.Account, "999999999999", 1)), twin},
		refusal{"another path", call(ann, strings.Replace(arn, "/r", "/x/r", 1), nil), notAllowed(ann, assumeAction, strings.Replace(arn, "/r", "/x/r", 1)), twin},
		refusal{"another case", call(ann, strings.Replace(arn, "/r", "/R", 1), nil), notAllowed(ann, assumeAction, strings.Replace(arn, "/r", "/R", 1)), twin},
		refusal{"malformed policy", with(func(in *api.AssumeRoleInput) { in.Policy = malformed }), whatMalformed, with(func(in *api.AssumeRoleInput) { in.Policy = nothing })},
		refusal{"trust policy", with(func(in *api.AssumeRoleInput) { in.Policy = trust }), "MalformedPolicyDocument: Syntax errors in policy: at /Statement/Principal: only a trust policy has a Principal.", twin},
		refusal{"no such policy", with(func(in *api.AssumeRoleInput) {
			in.PolicyArns = []api.PolicyDescriptorType{many[0], {Arn: many[0].Arn + "x"}}
		}), "ValidationError: Policy " + many[0].Arn + "x does not exist or is not attachable.", with(func(in *api.AssumeRoleInput) { in.PolicyArns = many[:1] })},
		refusal{"policy of AWS", with(func(in *api.AssumeRoleInput) {
			in.PolicyArns = []api.PolicyDescriptorType{{Arn: "arn:aws:iam::aws:policy/ReadOnlyAccess"}}
		}), "ValidationError: Policy arn:aws:iam::aws:policy/ReadOnlyAccess does not exist or is not attachable.", twin},
		refusal{"no ARN", with(func(in *api.AssumeRoleInput) { in.PolicyArns = make([]api.PolicyDescriptorType, 1) }), "ValidationError: Policy  does not exist or is not attachable.", twin},
		refusal{"eleven policies", with(func(in *api.AssumeRoleInput) { in.PolicyArns = many }), "ValidationError: A session can not have more than 10 managed policies.", with(func(in *api.AssumeRoleInput) { in.PolicyArns = many[:10] })},
		refusal{"duplicate tags", with(func(in *api.AssumeRoleInput) { in.Tags = tags("Team", "a", "team", "a") }), "InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive.", with(func(in *api.AssumeRoleInput) { in.Tags = tags("Team", "a", "team2", "a") })},
		refusal{"reserved tag", with(func(in *api.AssumeRoleInput) { in.Tags = tags("AWS:x", "a") }), "InvalidParameterValue: Tag keys that begin with aws: are reserved.", with(func(in *api.AssumeRoleInput) { in.Tags = tags("AWSx", "a") })},
		refusal{"transitive, and no tag", with(func(in *api.AssumeRoleInput) { in.Tags, in.TransitiveTagKeys = tags("a", "b"), []string{"c"} }), "InvalidParameterValue: The specified transitive tag key must be included in the requested tags.", with(func(in *api.AssumeRoleInput) { in.Tags, in.TransitiveTagKeys = tags("a", "b"), []string{"A"} })},
	)
	w.check(only(w.UpdateRole(t.Context(), owner, &api.UpdateRoleInput{RoleName: "r", MaxSessionDuration: 7200})))
	w.refuses("AssumeRole",
		refusal{"longer than the role's", with(func(in *api.AssumeRoleInput) { in.DurationSeconds = 7201 }), "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", with(func(in *api.AssumeRoleInput) { in.DurationSeconds = 7200 })},
	)
}

// A caller that is gone since it signed may not use a trust policy that names it.
func TestAssumeRole_CallerGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	arn := w.roleFor("r", admits(ann.Principal, ""))
	w.check(only(w.assume(ann, arn, nil)))
	w.check(w.deleteUser("ann"))
	if got, want := answer(only(w.assume(ann, arn, nil))), notAllowed(ann, assumeAction, arn); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	again := w.user("ann")
	if got := answer(only(w.assume(ann, arn, nil))); got != notAllowed(ann, assumeAction, arn) {
		t.Errorf("another ann is there: got %s", got)
	}
	if got := answer(only(w.assume(again, arn, nil))); got != notAllowed(again, assumeAction, arn) {
		t.Errorf("the other ann: got %s", got)
	}
	w.check(w.trust("r", admits(ann.Principal, "")))
	w.check(only(w.assume(again, arn, nil)))
}

func TestAssumeRole_Length(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	arn := w.roleFor("r", admits("*", ""))
	for seconds, want := range map[int64]time.Duration{0: time.Hour, 900: 15 * time.Minute, 43200: 12 * time.Hour} {
		out := must(w.assume(ann, arn, func(in *api.AssumeRoleInput) { in.DurationSeconds = seconds }))
		if got := out.Credentials.Expiration.Sub(w.clock.now()); got != want {
			t.Errorf("%d seconds: got %v, want %v", seconds, got, want)
		}
		if out.PackedPolicySize != 0 || out.SourceIdentity != "" {
			t.Errorf("got %d%% packed and the source identity %q, want neither", out.PackedPolicySize, out.SourceIdentity)
		}
	}
}

func TestAssumeRole_PackedSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	arn := w.roleFor("r", admits("*", ""))
	many := func(n int) (all []api.Tag) {
		for k := range n {
			all = append(all, api.Tag{Key: fmt.Sprintf("%04d", k), Value: strings.Repeat("v", 94)}) // 104 bytes each, with its quotes
		}
		return all
	}
	for _, tc := range []struct {
		name string
		call func(*api.AssumeRoleInput)
		size int64
		want string
	}{
		{"one tag", func(in *api.AssumeRoleInput) { in.Tags = many(1) }, 3, "success"},
		{"all the room", func(in *api.AssumeRoleInput) { in.Tags = many(39) }, 100, "success"},
		{"too many tags", func(in *api.AssumeRoleInput) { in.Tags = many(40) }, 0, "PackedPolicyTooLarge: Packed size of session tags consumes 102% of allotted space."},
		{"a long policy", func(in *api.AssumeRoleInput) { in.Policy = sized(2048) }, 51, "success"},
		{"policy and tags", func(in *api.AssumeRoleInput) { in.Policy, in.Tags = sized(2048), many(20) }, 0, "PackedPolicyTooLarge: Packed policy consumes 102% of allotted space, please use smaller policy."},
	} {
		out, err := w.assume(ann, arn, tc.call)
		if got := answer(err); got != tc.want || err == nil && out.PackedPolicySize != tc.size {
			t.Errorf("%s: got %s, %+v\nwant %s, %d%%", tc.name, got, out, tc.want, tc.size)
		}
		if err == nil {
			w.check(only(w.as(out.Credentials)))
		}
	}
}

// A session that assumes a role passes on its transitive tags and its source identity.
func TestAssumeRole_Chain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	a := w.roleFor("a", admits("*", ""))
	b := w.roleFor("b", admits(a, ""))
	c := w.roleFor("c", admits("arn:aws:sts::111122223333:assumed-role/b/s1", ""))
	inA := w.session(ann, a, func(in *api.AssumeRoleInput) {
		in.Tags, in.TransitiveTagKeys, in.SourceIdentity = tags("Team", "blue", "Once", "1"), []string{"team"}, "who"
	})
	inB := w.session(inA, b, func(in *api.AssumeRoleInput) { in.Tags = tags("Own", "2") })
	inC := w.session(inB, c, func(in *api.AssumeRoleInput) { in.SourceIdentity = "who" })
	for name, tc := range map[string]struct {
		c    api.Caller
		tags map[string]string
	}{
		"b": {inB, map[string]string{"team": "blue", "Own": "2"}},
		"c": {inC, map[string]string{"team": "blue"}},
	} {
		s := tc.c.Session
		if diff := cmp.Diff(tc.tags, s.Tags); diff != "" || s.SourceIdentity != "who" || len(s.TransitiveTags) != 1 {
			t.Errorf("%s: got %+v (-want +got)\n%s", name, s, diff)
		}
	}
	call := func(c api.Caller, arn string, f func(*api.AssumeRoleInput)) func() error {
		return func() error { return only(w.assume(c, arn, f)) }
	}
	w.refuses("AssumeRole",
		refusal{"another source identity", call(inA, b, func(in *api.AssumeRoleInput) { in.SourceIdentity = "else" }),
			"ValidationError: The source identity is already set for this assume role session", call(inA, b, nil)},
		refusal{"a transitive tag anew", call(inA, b, func(in *api.AssumeRoleInput) { in.Tags = tags("TEAM", "red") }),
			"InvalidParameterValue: One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
			call(inA, b, func(in *api.AssumeRoleInput) { in.Tags = tags("once", "red") })},
		refusal{"more than an hour", call(inA, b, func(in *api.AssumeRoleInput) { in.DurationSeconds = 3601 }),
			"ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
			call(inA, b, func(in *api.AssumeRoleInput) { in.DurationSeconds = 3600 })},
		refusal{"a role that trusts another", call(inA, c, nil), notAllowed(inA, "sts:SetSourceIdentity", c), call(inB, c, nil)},
		refusal{"a user, for a role", call(ann, b, nil), notAllowed(ann, assumeAction, b), call(inA, b, nil)},
	)
	plainA := w.session(ann, a, nil)
	w.check(w.trust("b", strings.Replace(admits(a, ""), "sts:*", "sts:AssumeRole", 1)))
	w.refuses("AssumeRole", refusal{"a source identity that is passed on", call(inA, b, nil), notAllowed(inA, "sts:SetSourceIdentity", b), call(plainA, b, nil)})
	w.check(w.trust("b", strings.Replace(admits(a, ""), `"sts:*"`, `["sts:AssumeRole", "sts:SetSourceIdentity"]`, 1)))
	w.refuses("AssumeRole", refusal{"a tag that is passed on", call(inA, b, nil), notAllowed(inA, "sts:TagSession", b), call(plainA, b, nil)})
	// A session of a user is no chain.
	_, own := w.ownSession(ann)
	w.check(only(w.assume(own, a, func(in *api.AssumeRoleInput) { in.DurationSeconds = 43200 })))
}

// Session policies hold for what the session may assume.
func TestAssumeRole_SessionPolicyOfTheCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	a := w.roleFor("a", admits("*", ""))
	b := w.roleFor("b", admits(a, ""))
	limited := func(policy string) api.Caller {
		return w.session(ann, a, func(in *api.AssumeRoleInput) { in.Policy = policy })
	}
	for policy, want := range map[string]bool{
		nothing:                                false,
		document("Allow", assumeAction, b, ""): true,
		document("Allow", assumeAction, a, ""): false,
		document("Deny", assumeAction, b, ""):  false,
		strings.Replace(document("Allow", "*", "*", ""), `"Statement": {`, `"Statement": {"Sid": "A", `, 1): true,
	} {
		if got := answer(only(w.assume(limited(policy), b, nil))); (got == "success") != want {
			t.Errorf("%s: got %s", policy, got)
		}
	}
	w.check(only(w.assume(limited(""), b, nil)))
}

// A trust policy that can not be read could hold a Deny.
func TestAssumeRole_BrokenTrust(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	arn := w.roleFor("r", admits("*", ""))
	w.check(only(w.assume(ann, arn, nil)))
	w.check(w.store.Update(t.Context(), func(tx principal.Tx) error {
		r, err := tx.Roles().Get(owner.Account, "r")
		if err != nil {
			return err
		}
		r = r.Clone()
		r.Trust = malformed
		return tx.Roles().Update(r)
	}))
	if got := answer(only(w.assume(ann, arn, nil))); !strings.HasPrefix(got, "internal error: ") {
		t.Errorf("got %s, want an internal error", got)
	}
}

func TestGetSessionToken_Length(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	for _, tc := range []struct {
		c       api.Caller
		seconds int64
		want    time.Duration
	}{
		{ann, 0, 12 * time.Hour}, {ann, 900, 15 * time.Minute}, {ann, 129600, 36 * time.Hour},
		{owner, 0, time.Hour}, {owner, 900, 15 * time.Minute}, {owner, 3600, time.Hour}, {owner, 129600, time.Hour},
	} {
		out := must(w.GetSessionToken(t.Context(), tc.c, &api.GetSessionTokenInput{DurationSeconds: tc.seconds}))
		if got := out.Credentials.Expiration.Sub(start); got != tc.want {
			t.Errorf("%d seconds by %s: got %v, want %v", tc.seconds, tc.c.Principal, got, tc.want)
		}
	}
}

func TestGetSessionToken_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, ben := w.user("ann"), w.user("ben")
	_, roots := w.ownSession(owner)
	_, anns := w.ownSession(ann)
	role := w.session(ann, w.roleFor("r", admits("*", "")), nil)
	call := func(c api.Caller, in api.GetSessionTokenInput) func() error {
		return func() error { return only(w.GetSessionToken(t.Context(), c, &in)) }
	}
	twin := call(ann, api.GetSessionTokenInput{})
	const noSession = "AccessDenied: Cannot call GetSessionToken with session credentials"
	const noMFA = "AccessDenied: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."
	w.check(w.deleteUser("ben"))
	w.refuses("GetSessionToken",
		refusal{"root's session", call(roots, api.GetSessionTokenInput{}), noSession, call(owner, api.GetSessionTokenInput{})},
		refusal{"user's session", call(anns, api.GetSessionTokenInput{}), noSession, twin},
		refusal{"role's session", call(role, api.GetSessionTokenInput{}), noSession, twin},
		refusal{"MFA code", call(ann, api.GetSessionTokenInput{TokenCode: "123456"}), noMFA, twin},
		refusal{"MFA serial", call(owner, api.GetSessionTokenInput{SerialNumber: "GAHT12345678"}), noMFA, twin},
		refusal{"gone", call(ben, api.GetSessionTokenInput{}), whatUnknown, twin},
	)
}
