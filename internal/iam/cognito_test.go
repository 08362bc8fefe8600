package iam_test

import (
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

const (
	aud = "cognito-identity.amazonaws.com:aud"
	amr = "cognito-identity.amazonaws.com:amr"
	sub = "cognito-identity.amazonaws.com:sub"

	otherPool = "us-east-1:11111111-2222-4333-8444-555555555555"
	identity  = "us-east-1:4c1a9a7f-8a6b-4d9e-9d7e-0b1a2c3d4e5f"
)

var cognito = iam.Principal{Federated: []string{"cognito-identity.amazonaws.com"}}

// The two trust policies of the Cognito Developer Guide, "IAM roles".
func TestCognito_Trust(t *testing.T) {
	t.Parallel()
	statement := func(amrValue string) string {
		return `{"Sid": "", "Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "` + pool + `"},
			"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "` + amrValue + `"}}}`
	}
	guest := keys{aud: pool, amr: "unauthenticated", sub: identity}
	user := keys{aud: pool, amr: []string{"authenticated", "login.example", "login.example:us-east-1:" + pool + ":ann"}, sub: identity}
	noAMR := keys{aud: pool, sub: identity}
	foreign := keys{aud: otherPool, amr: user[amr]}

	allow, deny := trust(t, statement("authenticated"))
	allow(cognito, user)
	deny(cognito, guest)
	deny(cognito, noAMR)
	deny(cognito, foreign)
	deny(cognito, keys{amr: user[amr]})
	deny(iam.Principal{Federated: []string{"accounts.google.com"}}, user)
	deny(iam.Principal{ARN: "arn:aws:iam::" + acct + ":user/ann"}, user)
	deny(iam.Principal{}, user)

	allow, deny = trust(t, statement("unauthenticated"))
	allow(cognito, guest)
	deny(cognito, user)
	deny(cognito, noAMR)
	deny(cognito, keys{aud: otherPool, amr: "unauthenticated"})

	// By provider and by identity, as the guide shows.
	allow, deny = trust(t, statement("login.example"))
	allow(cognito, user)
	deny(cognito, guest)
	allow, deny = trust(t, `{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
		"Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "`+pool+`", "cognito-identity.amazonaws.com:sub": ["`+identity+`", "us-east-1:x"]}}}`)
	allow(cognito, user)
	deny(cognito, keys{aud: pool, sub: "us-east-1:y"})
}

// Trust policies that do less, or more, than their authors meant.
func TestCognito_TrustMistakes(t *testing.T) {
	t.Parallel()
	with := func(condition string) (allow, deny func(iam.Principal, keys)) {
		return trust(t, `{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": `+condition+`}`)
	}
	guest := keys{aud: pool, amr: "unauthenticated"}
	user := keys{aud: pool, amr: []string{"authenticated", "login.example"}}
	noAMR := keys{aud: pool}

	// Without an audience, every pool of the world may come.
	allow, deny := with(`{"ForAnyValue:StringLike": {"` + amr + `": "authenticated"}}`)
	allow(cognito, keys{aud: otherPool, amr: "authenticated"})
	deny(cognito, guest)

	// ForAllValues holds of nothing.
	allow, deny = with(`{"StringEquals": {"` + aud + `": "` + pool + `"}, "ForAllValues:StringLike": {"` + amr + `": "authenticated"}}`)
	allow(cognito, noAMR)
	deny(cognito, user)
	deny(cognito, guest)

	// IfExists forgives the missing.
	allow, deny = with(`{"StringEqualsIfExists": {"` + aud + `": "` + pool + `"}}`)
	allow(cognito, keys{})
	deny(cognito, keys{aud: otherPool})

	// Of several methods none is the one.
	allow, deny = with(`{"StringEquals": {"` + amr + `": "authenticated"}}`)
	allow(cognito, keys{amr: "authenticated"})
	deny(cognito, user)

	// A * is one for StringLike only.
	allow, _ = with(`{"StringLike": {"` + aud + `": "*"}}`)
	allow(cognito, keys{aud: otherPool})
	_, deny = with(`{"StringEquals": {"` + aud + `": "*"}}`)
	deny(cognito, keys{aud: otherPool})
}

func TestCognito_Developer(t *testing.T) {
	t.Parallel()
	const (
		arn      = "arn:aws:cognito-identity:us-east-1:" + acct + ":identitypool/" + pool
		otherARN = "arn:aws:cognito-identity:us-east-1:" + acct + ":identitypool/" + otherPool
		foreign  = "arn:aws:cognito-identity:us-east-1:" + other + ":identitypool/" + pool
	)
	allow, deny := permissions(t, `[{"Sid": "Tokens", "Effect": "Allow", "Action": [
		"cognito-identity:GetOpenIdTokenForDeveloperIdentity", "cognito-identity:LookupDeveloperIdentity",
		"cognito-identity:MergeDeveloperIdentities", "cognito-identity:UnlinkDeveloperIdentity"], "Resource": "`+arn+`"},
		{"Effect": "Allow", "Action": "cognito-identity:DeleteIdentities", "Resource": "*", "Condition": {"ArnEquals": {"cognito-identity:IdentityPoolArn": "`+arn+`"}}}]`)
	allow("cognito-identity:GetOpenIdTokenForDeveloperIdentity", arn, nil)
	allow("cognito-identity:UnlinkDeveloperIdentity", arn, nil)
	deny("cognito-identity:GetOpenIdTokenForDeveloperIdentity", otherARN, nil)
	deny("cognito-identity:GetOpenIdTokenForDeveloperIdentity", foreign, nil)
	deny("cognito-identity:GetOpenIdTokenForDeveloperIdentity", "*", nil)
	deny("cognito-identity:UpdateIdentityPool", arn, nil)
	allow("cognito-identity:DeleteIdentities", "*", keys{"cognito-identity:IdentityPoolArn": arn})
	deny("cognito-identity:DeleteIdentities", "*", keys{"cognito-identity:IdentityPoolArn": otherARN})
	deny("cognito-identity:DeleteIdentities", "*", nil)

	// Any pool of the account and region.
	allow, deny = permissions(t, `{"Effect": "Allow", "Action": "cognito-identity:*", "Resource": "arn:aws:cognito-identity:us-east-1:`+acct+`:identitypool/*"}`)
	allow("cognito-identity:DescribeIdentityPool", arn, nil)
	allow("cognito-identity:DescribeIdentityPool", otherARN, nil)
	deny("cognito-identity:DescribeIdentityPool", foreign, nil)
	deny("cognito-identity:ListIdentityPools", "*", nil)
}

// Policies of roles for identities: the Cognito Developer Guide, "IAM roles" and
// "Using attributes for access control".
func TestCognito_Roles(t *testing.T) {
	t.Parallel()
	me := keys{sub: identity}
	allow, deny := permissions(t, `[
		{"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::b"], "Condition": {"StringLike": {"s3:prefix": ["cognito/app/${cognito-identity.amazonaws.com:sub}/*"]}}},
		{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::b/cognito/app/${cognito-identity.amazonaws.com:sub}/*"]},
		{"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": ["arn:aws:dynamodb:us-east-1:`+acct+`:table/T"],
		 "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${cognito-identity.amazonaws.com:sub}"]}}}]`)
	allow("s3:GetObject", "arn:aws:s3:::b/cognito/app/"+identity+"/photo", me)
	deny("s3:GetObject", "arn:aws:s3:::b/cognito/app/us-east-1:x/photo", me)
	deny("s3:GetObject", "arn:aws:s3:::b/cognito/app/"+identity+"/photo", nil)
	deny("s3:DeleteObject", "arn:aws:s3:::b/cognito/app/"+identity+"/photo", me)
	allow("s3:ListBucket", "arn:aws:s3:::b", keys{sub: identity, "s3:prefix": "cognito/app/" + identity + "/"})
	deny("s3:ListBucket", "arn:aws:s3:::b", keys{sub: identity, "s3:prefix": "cognito/app/"})
	deny("s3:ListBucket", "arn:aws:s3:::b", me)
	table := "arn:aws:dynamodb:us-east-1:" + acct + ":table/T"
	allow("dynamodb:GetItem", table, keys{sub: identity, "dynamodb:LeadingKeys": []string{identity, identity}})
	deny("dynamodb:GetItem", table, keys{sub: identity, "dynamodb:LeadingKeys": []string{identity, "us-east-1:x"}})

	allow, deny = permissions(t, `[
		{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::*", "Condition": {"StringEquals": {"s3:prefix": "${aws:PrincipalTag/department}"}}},
		{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:PrincipalTag/department}-bucket/*"}]`)
	legal := keys{"aws:PrincipalTag/department": "legal", "s3:prefix": "legal"}
	allow("s3:ListBucket", "arn:aws:s3:::b", legal)
	allow("s3:GetObject", "arn:aws:s3:::legal-bucket/x", legal)
	deny("s3:GetObject", "arn:aws:s3:::sales-bucket/x", legal)
	deny("s3:GetObject", "arn:aws:s3:::sales-bucket/x", keys{"aws:PrincipalTag/department": "*"})
	deny("s3:ListBucket", "arn:aws:s3:::b", keys{"s3:prefix": "legal"})
}
