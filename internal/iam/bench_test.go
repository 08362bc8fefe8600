package iam_test

import (
	"fmt"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// developer returns ten policies of three statements, as a busy backend would have.
// The last statement is the one that allows.
func developer(b *testing.B) (*iam.Request, iam.Policies) {
	var p iam.Policies
	for i := range 10 {
		id := fmt.Sprintf("us-east-1:00000000-0000-4000-8000-00000000000%d", 9-i)
		p.Identity = append(p.Identity, iam.Named{Name: "P", Policy: parse(b, iam.IdentityPolicy, version2012(`[
			{"Effect": "Deny", "Action": "cognito-identity:*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}}},
			{"Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": "arn:aws:s3:::b/${aws:username}/*"},
			{"Sid": "Tokens", "Effect": "Allow", "Action": ["cognito-identity:GetOpenIdTokenForDeveloperIdentity", "cognito-identity:Lookup*"],
			 "Resource": "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/`+id+`",
			 "Condition": {"StringLike": {"aws:PrincipalTag/team": "web-*"}, "StringEquals": {"aws:username": "${aws:username}"}}}]`))})
	}
	values := map[string][]string{"aws:sourceip": {"10.1.2.3"}, "aws:username": {"backend"}, "aws:principaltag/team": {"web-1"}}
	return &iam.Request{
		Action:   "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
		Resource: "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:00000000-0000-4000-8000-000000000000",
		Context:  func(key string) []string { return values[key] },
	}, p
}

func BenchmarkEvaluate(b *testing.B) {
	r, p := developer(b)
	if d := iam.Evaluate(r, p); !d.Allowed || d.Statement != 3 {
		b.Fatal(d)
	}
	b.ReportAllocs()
	for b.Loop() {
		iam.Evaluate(r, p)
	}
}

func BenchmarkEvaluateTrust(b *testing.B) {
	p := parse(b, iam.TrustPolicy, version2012(`{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
		"Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "`+pool+`"}, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}`))
	values := map[string][]string{aud: {pool}, amr: {"authenticated", "login.example"}}
	r := &iam.Request{Action: "sts:AssumeRoleWithWebIdentity", Principal: cognito, Context: func(key string) []string { return values[key] }}
	if d := iam.EvaluateTrust(r, p); !d.Allowed {
		b.Fatal(d)
	}
	b.ReportAllocs()
	for b.Loop() {
		iam.EvaluateTrust(r, p)
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(version2012(`{"Effect": "Allow", "Action": ["cognito-identity:GetOpenIdTokenForDeveloperIdentity", "cognito-identity:Lookup*"],
		"Resource": "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/*", "Condition": {"StringLike": {"aws:PrincipalTag/team": "web-*"}}}`))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := iam.Parse(text, iam.IdentityPolicy); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse_Hostile is a document of one resource of 128 KiB.
func BenchmarkParse_Hostile(b *testing.B) {
	for _, unit := range []string{`${*}`, `${a:b}`, `*?`} {
		b.Run(unit, func(b *testing.B) {
			resource := "arn:aws:s3:::"
			for len(resource) < 128<<10 {
				resource += unit
			}
			text := []byte(version2012(`{"Effect": "Allow", "Action": "*", "Resource": "` + resource + `"}`))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := iam.Parse(text, iam.IdentityPolicy); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
