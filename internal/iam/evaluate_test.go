package iam_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

func TestEvaluate_Action(t *testing.T) {
	t.Parallel()
	allow, deny := permissions(t, `{"Effect": "Allow", "Action": ["S3:Get*", "s3:ListBucket", "sqs:??nd"], "Resource": "*"}`)
	allow("s3:GetObject", "*", nil)
	allow("S3:GETOBJECT", "*", nil)
	allow("s3:Get", "*", nil)
	allow("sqs:Send", "*", nil)
	deny("s3:ListBuckets", "*", nil)
	deny("s3:ListBucke", "*", nil)
	deny("xs3:GetObject", "*", nil)
	deny("sqs:end", "*", nil)
	deny("s3:\u212Aet", "*", nil)
	deny("", "*", nil)

	allow, deny = permissions(t, `{"Effect": "Allow", "NotAction": ["iam:*", "s3:DeleteBucket"], "Resource": "*"}`)
	allow("s3:GetObject", "*", nil)
	allow("iamx:Get", "*", nil)
	deny("IAM:GetUser", "*", nil)
	deny("s3:deletebucket", "*", nil)

	allow, _ = permissions(t, `{"Effect": "Allow", "Action": "*", "Resource": "*"}`)
	allow("anything:AtAll", "*", nil)
}

func TestEvaluate_Resource(t *testing.T) {
	t.Parallel()
	allow, deny := permissions(t, `{"Effect": "Allow", "Action": "*", "Resource": [
		"arn:aws:s3:::b/*", "arn:aws:sqs:*:123456789012:q-?", "arn:aws:logs:*"]}`)
	allow("a:b", "arn:aws:s3:::b/", nil)
	allow("a:b", "arn:aws:s3:::b/x/y:z", nil)
	deny("a:b", "arn:aws:s3:::B/x", nil)
	deny("a:b", "arn:aws:s3:::b", nil)
	deny("a:b", "*", nil)
	allow("a:b", "arn:aws:sqs:eu-west-1:123456789012:q-1", nil)
	deny("a:b", "arn:aws:sqs:eu-west-1:210987654321:q-1", nil)
	deny("a:b", "arn:aws:sqs:eu-west-1:123456789012:q-", nil)
	allow("a:b", "arn:aws:logs:eu-west-1:123456789012:log-group:g:log-stream:s", nil)
	deny("a:b", "arn:aws-cn:logs:cn-north-1:123456789012:log-group:g", nil)

	allow, deny = permissions(t, `{"Effect": "Allow", "Action": "*", "NotResource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}`)
	allow("a:b", "arn:aws:s3:::c", nil)
	allow("a:b", "*", nil)
	deny("a:b", "arn:aws:s3:::b", nil)
	deny("a:b", "arn:aws:s3:::b/x", nil)
}

func TestEvaluate_Variables(t *testing.T) {
	t.Parallel()
	const home = `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:UserName}/*"}`
	allow, deny := permissions(t, home)
	allow("a:b", "arn:aws:s3:::b/ann/x", keys{"AWS:username": "ann"})
	deny("a:b", "arn:aws:s3:::b/bob/x", keys{"aws:username": "ann"})
	deny("a:b", "arn:aws:s3:::b/bob/x", keys{"aws:username": "*"})
	allow("a:b", "arn:aws:s3:::b/*/x", keys{"aws:username": "*"})
	deny("a:b", "arn:aws:s3:::b/bob/x", keys{"aws:username": "b?b"})
	deny("a:b", "arn:aws:s3:::b/bob/x", keys{"aws:username": "\xff"})
	deny("a:b", "arn:aws:s3:::b/ann/x", keys{"aws:username": "${aws:userid}", "aws:userid": "ann"})
	allow("a:b", "arn:aws:s3:::b/${aws:userid}/x", keys{"aws:username": "${aws:userid}", "aws:userid": "ann"})
	deny("a:b", "arn:aws:s3:::b//x", keys{})
	deny("a:b", "arn:aws:s3:::b//x", keys{"aws:username": ""})
	deny("a:b", "arn:aws:s3:::b/${aws:UserName}/x", keys{})
	deny("a:b", "arn:aws:s3:::b/ann/x", keys{"aws:username": []string{"ann", "bob"}})

	allow, deny = permissions(t, `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team , 'all:of*'}"}`)
	allow("a:b", "arn:aws:s3:::b/x", keys{"aws:PrincipalTag/TEAM": "x"})
	allow("a:b", "arn:aws:s3:::b/all:of*", keys{})
	deny("a:b", "arn:aws:s3:::b/all:of us", keys{})

	allow, deny = permissions(t, `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${$}{a:b}${*}${?}*"}`)
	allow("a:b", "arn:aws:s3:::${a:b}*?xyz", keys{"a:b": "v"})
	deny("a:b", "arn:aws:s3:::${a:b}xyz", keys{"a:b": "v"})

	// Conditions.
	allow, deny = permissions(t, `{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {
		"StringEquals": {"k:eq": "<${v:v}>"}, "StringLikeIfExists": {"k:like": "${v:v}*${*}"}, "ArnLikeIfExists": {"k:arn": "arn:aws:iam::*:user/${v:v}"}}}`)
	allow("a:b", "*", keys{"k:eq": "<x>", "v:v": "x"})
	deny("a:b", "*", keys{"k:eq": "<>"})
	deny("a:b", "*", keys{"k:eq": "<${v:v}>"})
	allow("a:b", "*", keys{"k:eq": "<*>", "v:v": "*", "k:like": "*abc*"})
	deny("a:b", "*", keys{"k:eq": "<*>", "v:v": "*", "k:like": "abc*"})
	deny("a:b", "*", keys{"k:eq": "<x>", "v:v": "x", "k:like": "xabc"})
	allow("a:b", "*", keys{"k:eq": "<a:b>", "v:v": "a:b", "k:arn": "arn:aws:iam::1:user/a:b"})
	deny("a:b", "*", keys{"k:eq": "<*>", "v:v": "*", "k:arn": "arn:aws:iam::1:user/a:b"})

	allow, deny = permissions(t, `{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {
		"ArnLike": {"k:arn": "arn:aws:iam::${aws:PrincipalAccount}:role/${v:v, 'a:b'}"}}}`)
	allow("a:b", "*", keys{"k:arn": "arn:aws:iam::1:role/a:b", "aws:PrincipalAccount": "1"})
	deny("a:b", "*", keys{"k:arn": "arn:aws:iam::2:role/a:b", "aws:PrincipalAccount": "1"})
	deny("a:b", "*", keys{"k:arn": "arn:aws:iam::1:x:role/a:b", "aws:PrincipalAccount": "1:x"})

	allow, _ = permissions(t, `{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"k:k": "${v:v}"}}}`)
	allow("a:b", "*", keys{"k:k": "x"})

	// The old version has no variables.
	p := parse(t, iam.IdentityPolicy, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${v:v}*"}}`)
	for resource, want := range map[string]bool{"arn:aws:s3:::${v:v}!": true, "arn:aws:s3:::x": false} {
		r := &iam.Request{Action: "a:b", Resource: resource, Context: keys{"v:v": "x"}.context(t)}
		if got := iam.Evaluate(r, iam.Policies{Identity: []iam.Named{{Policy: p}}}); got.Allowed != want {
			t.Errorf("old version, %s: got %v, want %v", resource, got.Allowed, want)
		}
	}
}

// TestEvaluate_VariableWithoutValue: a statement whose resource is unknown takes no
// effect; what a NotResource leaves out is not known to be left out.
func TestEvaluate_VariableWithoutValue(t *testing.T) {
	t.Parallel()
	const all = `{"Effect": "Allow", "Action": "*", "Resource": "*"}`
	for _, test := range []struct {
		statements          string
		with, without, miss bool // value fits the resource; no value; value does not fit
	}{
		{`[{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${v:v}"}]`, true, false, false},
		{`[{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${v:v}"}]`, false, false, true},
		{`[` + all + `, {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::${v:v}"}]`, false, true, true},
		{`[` + all + `, {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::${v:v}"}]`, true, false, false},
	} {
		allow, deny := permissions(t, test.statements)
		for _, c := range []struct {
			want bool
			k    keys
		}{{test.with, keys{"v:v": "b"}}, {test.without, keys{}}, {test.miss, keys{"v:v": "c"}}} {
			check := deny
			if c.want {
				check = allow
			}
			check("s3:Get", "arn:aws:s3:::b", c.k)
		}
	}
}

func TestEvaluate_Decision(t *testing.T) {
	t.Parallel()
	named := func(kind iam.Kind, name, statements string) iam.Named {
		return iam.Named{Name: name, Policy: parse(t, kind, version2012(statements))}
	}
	id := func(name, statements string) iam.Named { return named(iam.IdentityPolicy, name, statements) }
	session := func(name, statements string) iam.Named { return named(iam.SessionPolicy, name, statements) }
	const (
		readAll   = `[{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}, {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]`
		denyGet   = `{"Sid": "NoGet", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}`
		readQueue = `{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}`
		denyOther = `{"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}`
	)
	const noIdentity = " because no identity-based policy allows the s3:GetObject action"
	const noSession = " because no session policy allows the s3:GetObject action"
	for _, test := range []struct {
		name          string
		policies      iam.Policies
		want          iam.Decision
		text, because string
	}{
		{
			"no policies", iam.Policies{},
			iam.Decision{Kind: iam.IdentityPolicy},
			"no statement of 0 identity-based policies allows s3:GetObject on arn:aws:s3:::b/k", noIdentity,
		}, {
			"allowed", iam.Policies{Identity: []iam.Named{id("Queue", readQueue), id("Reader", readAll)}},
			iam.Decision{Allowed: true, Kind: iam.IdentityPolicy, Policy: "Reader", Statement: 2, Sid: "Read", Considered: 2},
			"allowed by statement 2 (Sid Read) of the identity-based policy Reader", "",
		}, {
			"the first that allows", iam.Policies{Identity: []iam.Named{id("A", `{"Effect": "Allow", "Action": "*", "Resource": "*"}`), id("B", readAll)}},
			iam.Decision{Allowed: true, Kind: iam.IdentityPolicy, Policy: "A", Statement: 1, Considered: 2},
			"allowed by statement 1 of the identity-based policy A", "",
		}, {
			"no statement allows", iam.Policies{Identity: []iam.Named{id("Queue", readQueue)}},
			iam.Decision{Kind: iam.IdentityPolicy, Considered: 1},
			"no statement of 1 identity-based policy allows s3:GetObject on arn:aws:s3:::b/k", noIdentity,
		}, {
			"deny wins from behind", iam.Policies{Identity: []iam.Named{id("Reader", readAll), id("Guard", denyGet)}},
			iam.Decision{Denied: true, Kind: iam.IdentityPolicy, Policy: "Guard", Statement: 1, Sid: "NoGet", Considered: 2},
			"denied by statement 1 (Sid NoGet) of the identity-based policy Guard", " with an explicit deny in an identity-based policy",
		}, {
			"deny wins from before", iam.Policies{Identity: []iam.Named{id("Guard", denyGet), id("Reader", readAll)}},
			iam.Decision{Denied: true, Kind: iam.IdentityPolicy, Policy: "Guard", Statement: 1, Sid: "NoGet", Considered: 2},
			"denied by statement 1 (Sid NoGet) of the identity-based policy Guard", " with an explicit deny in an identity-based policy",
		}, {
			"a deny that does not apply", iam.Policies{Identity: []iam.Named{id("Guard", denyOther), id("Reader", readAll)}},
			iam.Decision{Allowed: true, Kind: iam.IdentityPolicy, Policy: "Reader", Statement: 2, Sid: "Read", Considered: 2},
			"allowed by statement 2 (Sid Read) of the identity-based policy Reader", "",
		}, {
			"both allow", iam.Policies{Identity: []iam.Named{id("Reader", readAll)}, Session: []iam.Named{session("S", readQueue), session("T", readAll)}},
			iam.Decision{Allowed: true, Kind: iam.IdentityPolicy, Policy: "Reader", Statement: 2, Sid: "Read", Considered: 1},
			"allowed by statement 2 (Sid Read) of the identity-based policy Reader", "",
		}, {
			"the session does not allow", iam.Policies{Identity: []iam.Named{id("Reader", readAll)}, Session: []iam.Named{session("S", readQueue)}},
			iam.Decision{Kind: iam.SessionPolicy, Considered: 1},
			"no statement of 1 session policy allows s3:GetObject on arn:aws:s3:::b/k", noSession,
		}, {
			"a session without policies that is not nil", iam.Policies{Identity: []iam.Named{id("Reader", readAll)}, Session: []iam.Named{}},
			iam.Decision{Kind: iam.SessionPolicy},
			"no statement of 0 session policies allows s3:GetObject on arn:aws:s3:::b/k", noSession,
		}, {
			"the session alone does not suffice", iam.Policies{Session: []iam.Named{session("S", readAll)}},
			iam.Decision{Kind: iam.IdentityPolicy},
			"no statement of 0 identity-based policies allows s3:GetObject on arn:aws:s3:::b/k", noIdentity,
		}, {
			"the session denies", iam.Policies{Identity: []iam.Named{id("Reader", readAll)}, Session: []iam.Named{session("S", readAll), session("", denyGet)}},
			iam.Decision{Denied: true, Kind: iam.SessionPolicy, Statement: 1, Sid: "NoGet", Considered: 2},
			"denied by statement 1 (Sid NoGet) of the session policy", " with an explicit deny in a session policy",
		}, {
			"only the session denies, neither allows", iam.Policies{Identity: []iam.Named{id("Queue", readQueue)}, Session: []iam.Named{session("S", denyGet)}},
			iam.Decision{Denied: true, Kind: iam.SessionPolicy, Policy: "S", Statement: 1, Sid: "NoGet", Considered: 1},
			"denied by statement 1 (Sid NoGet) of the session policy S", " with an explicit deny in a session policy",
		}, {
			"both deny", iam.Policies{Identity: []iam.Named{id("Guard", denyGet)}, Session: []iam.Named{session("S", denyGet)}},
			iam.Decision{Denied: true, Kind: iam.IdentityPolicy, Policy: "Guard", Statement: 1, Sid: "NoGet", Considered: 1},
			"denied by statement 1 (Sid NoGet) of the identity-based policy Guard", " with an explicit deny in an identity-based policy",
		}, {
			"neither allows", iam.Policies{Identity: []iam.Named{id("Queue", readQueue)}, Session: []iam.Named{session("S", readQueue)}},
			iam.Decision{Kind: iam.IdentityPolicy, Considered: 1},
			"no statement of 1 identity-based policy allows s3:GetObject on arn:aws:s3:::b/k", noIdentity,
		}, {
			"a trust policy has no place", iam.Policies{Identity: []iam.Named{named(iam.TrustPolicy, "T", `{"Effect": "Allow", "Principal": "*", "Action": "*"}`)}},
			iam.Decision{Kind: iam.IdentityPolicy, Considered: 1},
			"no statement of 1 identity-based policy allows s3:GetObject on arn:aws:s3:::b/k", noIdentity,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.want.Action, test.want.Resource = "s3:GetObject", "arn:aws:s3:::b/k"
			got := iam.Evaluate(&iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}, test.policies)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if got.String() != test.text {
				t.Errorf("got text %q, want %q", got, test.text)
			}
			if got.Because() != test.because {
				t.Errorf("got %q, want %q", got.Because(), test.because)
			}
		})
	}
}

func TestEvaluateTrust_Decision(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		statements    string
		text, because string
	}{
		{
			`{"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "sts:*"}`,
			"allowed by statement 1 (Sid All) of the role trust policy", "",
		}, {
			`{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:*"}`,
			"no statement of 1 role trust policy allows sts:AssumeRole", " because no role trust policy allows the sts:AssumeRole action",
		}, {
			`{"Effect": "Deny", "Principal": "*", "Action": "sts:*"}`,
			"denied by statement 1 of the role trust policy", " with an explicit deny in the role trust policy",
		},
	} {
		got := iam.EvaluateTrust(&iam.Request{Action: "sts:AssumeRole", Resource: "ignored"}, parse(t, iam.TrustPolicy, version2012(test.statements)))
		if got.String() != test.text || got.Because() != test.because {
			t.Errorf("%s: got %q %q, want %q %q", test.statements, got, got.Because(), test.text, test.because)
		}
	}
	// A policy of another kind names no principal.
	identity := parse(t, iam.IdentityPolicy, version2012(`{"Effect": "Allow", "Action": "*", "Resource": "*"}`))
	if got := iam.EvaluateTrust(&iam.Request{Action: "sts:AssumeRole"}, identity); got.Allowed {
		t.Errorf("an identity policy as a trust policy: got %v", got)
	}
}

func TestEvaluateTrust_Principals(t *testing.T) {
	t.Parallel()
	var (
		root    = iam.Principal{ARN: "arn:aws:iam::" + acct + ":root"}
		user    = iam.Principal{ARN: "arn:aws:iam::" + acct + ":user/dev/ann"}
		session = iam.Principal{ARN: "arn:aws:sts::" + acct + ":assumed-role/app/s1", Role: "arn:aws:iam::" + acct + ":role/svc/app"}
		foreign = iam.Principal{ARN: "arn:aws:iam::" + other + ":user/dev/ann"}
		cognito = iam.Principal{Federated: []string{"cognito-identity.amazonaws.com"}}
		oidc    = iam.Principal{Federated: []string{"arn:aws:iam::" + acct + ":oidc-provider/cognito-identity.amazonaws.com"}}
		both    = iam.Principal{Federated: []string{"cognito-identity.amazonaws.com", "arn:aws:iam::" + acct + ":oidc-provider/own"}}
		ec2     = iam.Principal{Service: "ec2.amazonaws.com"}
		nobody  = iam.Principal{}
	)
	all := []iam.Principal{root, user, session, foreign, cognito, oidc, both, ec2, nobody}
	for _, test := range []struct {
		principal string
		admits    []iam.Principal
	}{
		{`"*"`, all},
		{`{"AWS": "*"}`, all},
		{`{"AWS": "123456789012"}`, []iam.Principal{root, user, session}},
		{`{"AWS": "arn:aws:iam::123456789012:root"}`, []iam.Principal{root, user, session}},
		{`{"AWS": "arn:aws:iam::123456789012:user/dev/ann"}`, []iam.Principal{user}},
		{`{"AWS": "arn:aws:iam::123456789012:user/dev/Ann"}`, nil},
		{`{"AWS": "arn:aws:iam::123456789012:role/svc/app"}`, []iam.Principal{session}},
		{`{"AWS": "arn:aws:iam::123456789012:role/app"}`, nil},
		{`{"AWS": "arn:aws:sts::123456789012:assumed-role/app/s1"}`, []iam.Principal{session}},
		{`{"AWS": "arn:aws:sts::123456789012:assumed-role/app/s"}`, nil},
		{`{"AWS": ["210987654321", "arn:aws:iam::123456789012:user/dev/ann"]}`, []iam.Principal{user, foreign}},
		{`{"Federated": "cognito-identity.amazonaws.com"}`, []iam.Principal{cognito, both}},
		{`{"Federated": ["arn:aws:iam::123456789012:oidc-provider/own", "x"]}`, []iam.Principal{both}},
		{`{"Federated": "Cognito-Identity.amazonaws.com"}`, nil},
		{`{"Federated": "arn:aws:iam::123456789012:oidc-provider/cognito-identity.amazonaws.com"}`, []iam.Principal{oidc}},
		{`{"Federated": "*"}`, []iam.Principal{cognito, oidc, both}},
		{`{"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}`, []iam.Principal{ec2}},
		{`{"Service": "ec2.amazonaws.com", "AWS": "210987654321"}`, []iam.Principal{ec2, foreign}},
		{`{"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`, nil},
	} {
		allow, deny := trust(t, `{"Effect": "Allow", "Action": "sts:*", "Principal": `+test.principal+`}`)
		// The same list in NotPrincipal denies to all the others.
		notAllow, notDeny := trust(t, `[{"Effect": "Allow", "Action": "sts:*", "Principal": "*"}, {"Effect": "Deny", "Action": "sts:*", "NotPrincipal": `+test.principal+`}]`)
		for _, who := range all {
			admitted := false
			for _, a := range test.admits {
				admitted = admitted || reflect.DeepEqual(a, who)
			}
			if admitted {
				allow(who, nil)
				notAllow(who, nil)
			} else {
				deny(who, nil)
				notDeny(who, nil)
			}
		}
	}
}

// Who is admitted by its account alone is not admitted by name.
func TestEvaluateTrust_ByName(t *testing.T) {
	t.Parallel()
	user := iam.Principal{ARN: "arn:aws:iam::" + acct + ":user/dev/ann", ByName: true}
	session := iam.Principal{ARN: "arn:aws:sts::" + acct + ":assumed-role/app/s1", Role: "arn:aws:iam::" + acct + ":role/svc/app", ByName: true}
	for _, test := range []struct {
		principal     string
		user, session bool
	}{
		{`"*"`, true, true},
		{`{"AWS": "123456789012"}`, false, false},
		{`{"AWS": "arn:aws:iam::123456789012:root"}`, false, false},
		{`{"AWS": ["123456789012", "arn:aws:iam::123456789012:user/dev/ann"]}`, true, false},
		{`{"AWS": "arn:aws:iam::123456789012:role/svc/app"}`, false, true},
		{`{"AWS": "arn:aws:sts::123456789012:assumed-role/app/s1"}`, false, true},
	} {
		allow, deny := trust(t, `{"Effect": "Allow", "Action": "sts:*", "Principal": `+test.principal+`}`)
		for who, admitted := range map[*iam.Principal]bool{&user: test.user, &session: test.session} {
			if admitted {
				allow(*who, nil)
			} else {
				deny(*who, nil)
			}
		}
	}
}
