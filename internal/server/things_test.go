package server_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// things are what a row of the matrix can be about, by the names that stand for them:
//
//	%POOL, %ARN, %IDENTITY  an identity pool, and alice's identity in it
//	%TOKEN                  alice's token; the pool's %POOLROLE is for all who have one
//	%LINKED %LOGIN          ann's identity in it, and her ID token, of op.example
//	%POOLS                  what a refusal calls the pools of the account
//	%user %role %policy     with nothing to them; a policy is its ARN
//	%USER %ROLE             with an inline policy "inline", %POLICY attached, and tags
//	%POLICY                 attached, with the versions v1, which is in force, and v2
//	%KEY                    an access key of %USER
//	%OIDC %SAML             providers; the first with the client ids one and two
//	%NEW                    a name that nothing has
//	%DOCUMENT %TRUST %METADATA
type things map[string]string

// in puts the things in a text.
func (th things) in(text string) string {
	// A longer name may begin with a shorter one, and the first in the list is taken.
	names := slices.SortedFunc(maps.Keys(th), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, name, th[name])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

var made atomic.Int64

var texts = things{
	"%POOLS":    "arn:aws:cognito-identity:" + region + ":" + account + ":identitypool/",
	"%DOCUMENT": url.QueryEscape(document),
	"%TRUST":    url.QueryEscape(trust),
	"%METADATA": url.QueryEscape(metadata),
}

const (
	document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}`
	trust    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}]}`
)

// metadata has the thousand characters that AWS asks for.
var metadata = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></EntityDescriptor><!--` + strings.Repeat("x", 1000) + `-->`

// fresh returns the text with things that are made for it, of the site's account.
func (s *site) fresh(t testing.TB, text string) string {
	t.Helper()
	return s.things(t, text).in(text)
}

// things makes what a text is about.
func (s *site) things(t testing.TB, text string) things {
	t.Helper()
	th := maps.Clone(texts)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wanted := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(text, name) })
	}
	ctx, root := context.Background(), principal.Root(account)
	root.Region = region
	n := strconv.FormatInt(made.Add(1), 10)
	th["%NEW"] = "new-" + n
	if wanted("%POOL", "%ARN", "%IDENTITY", "%TOKEN", "%LINKED") {
		pool, err := s.identities.CreateIdentityPool(ctx, root, &api.CreateIdentityPoolInput{
			IdentityPoolName: "matrix", AllowUnauthenticatedIdentities: true, DeveloperProviderName: "login.example",
			OpenIdConnectProviderARNs: []string{"arn:aws:iam::" + account + ":oidc-provider/" + providerName}, AllowClassicFlow: new(true),
		})
		must(err)
		alice, err := s.identities.GetOpenIdTokenForDeveloperIdentity(ctx, root, &api.GetOpenIdTokenForDeveloperIdentityInput{
			IdentityPoolId: pool.IdentityPoolId, Logins: map[string]api.Secret{"login.example": "alice"},
		})
		must(err)
		th["%POOL"], th["%ARN"], th["%IDENTITY"] = pool.IdentityPoolId, texts["%POOLS"]+pool.IdentityPoolId, alice.IdentityId
		th["%TOKEN"], th["%POOLROLE"] = string(alice.Token), "pool-role-"+n
		_, err = s.principals.CreateRole(ctx, root, &api.CreateRoleInput{RoleName: th["%POOLROLE"], AssumeRolePolicyDocument: trustOf(pool.IdentityPoolId)})
		must(err)
		must(s.identities.SetIdentityPoolRoles(ctx, root, &api.SetIdentityPoolRolesInput{
			IdentityPoolId: pool.IdentityPoolId, Roles: map[string]string{"authenticated": "arn:aws:iam::" + account + ":role/" + th["%POOLROLE"]},
		}))
		if wanted("%LINKED") {
			s.registerProvider(t)
			th["%LOGIN"] = s.provider.token(t, nil)
			ann, err := s.identities.GetId(ctx, api.Caller{}, &api.GetIdInput{
				IdentityPoolId: pool.IdentityPoolId, Logins: map[string]api.Secret{providerName: api.Secret(th["%LOGIN"])},
			})
			must(err)
			th["%LINKED"] = ann.IdentityId
		}
	}
	p := s.principals
	tags := []api.Tag{{Key: "k", Value: "v"}}
	for name, called := range map[string]string{"%policy": "bare-policy-", "%POLICY": "policy-"} {
		if wanted(name) || name == "%POLICY" && wanted("%USER", "%ROLE") {
			out, err := p.CreatePolicy(ctx, root, &api.CreatePolicyInput{PolicyName: called + n, PolicyDocument: document, Tags: tags})
			must(err)
			th[name] = out.Policy.Arn
		}
	}
	if arn := th["%POLICY"]; arn != "" {
		_, err := p.CreatePolicyVersion(ctx, root, &api.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: document})
		must(err)
	}
	for name, called := range map[string]string{"%user": "bare-user-", "%USER": "user-"} {
		if wanted(name) || name == "%USER" && wanted("%KEY", "%POLICY") {
			th[name] = called + n
			_, err := p.CreateUser(ctx, root, &api.CreateUserInput{UserName: th[name], Tags: tags})
			must(err)
		}
	}
	if name := th["%USER"]; name != "" {
		must(p.PutUserPolicy(ctx, root, &api.PutUserPolicyInput{UserName: name, PolicyName: "inline", PolicyDocument: document}))
		th["%KEY"] = s.newKey(t, account, name).AccessKeyID
		if arn := th["%POLICY"]; arn != "" {
			must(p.AttachUserPolicy(ctx, root, &api.AttachUserPolicyInput{UserName: name, PolicyArn: arn}))
		}
	}
	for name, called := range map[string]string{"%role": "bare-role-", "%ROLE": "role-"} {
		if wanted(name) {
			th[name] = called + n
			_, err := p.CreateRole(ctx, root, &api.CreateRoleInput{RoleName: th[name], AssumeRolePolicyDocument: trust, Tags: tags})
			must(err)
		}
	}
	if name := th["%ROLE"]; name != "" {
		must(p.PutRolePolicy(ctx, root, &api.PutRolePolicyInput{RoleName: name, PolicyName: "inline", PolicyDocument: document}))
		must(p.AttachRolePolicy(ctx, root, &api.AttachRolePolicyInput{RoleName: name, PolicyArn: th["%POLICY"]}))
	}
	if wanted("%OIDC") {
		out, err := p.CreateOpenIDConnectProvider(ctx, root, &api.CreateOpenIDConnectProviderInput{Url: "https://op-" + n + ".example", ClientIDList: []string{"one", "two"}, Tags: tags})
		must(err)
		th["%OIDC"] = out.OpenIDConnectProviderArn
	}
	if wanted("%SAML") {
		out, err := p.CreateSAMLProvider(ctx, root, &api.CreateSAMLProviderInput{Name: "idp-" + n, SAMLMetadataDocument: metadata, Tags: tags})
		must(err)
		th["%SAML"] = out.SAMLProviderArn
	}
	return th
}

// registerProvider registers op.example in the site's account, unless it is.
func (s *site) registerProvider(t testing.TB) {
	t.Helper()
	_, err := s.principals.CreateOpenIDConnectProvider(context.Background(), principal.Root(account), &api.CreateOpenIDConnectProviderInput{
		Url: "https://" + providerName, ClientIDList: []string{"client-one"},
	})
	if refused, ok := errors.AsType[*api.Error](err); err != nil && (!ok || refused.Code != api.EntityAlreadyExists) {
		t.Fatal(err)
	}
}

// trustOf is the trust policy that the documentation of identity pools has.
func trustOf(pool string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],` +
		`"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`
}

// nobodys returns things that nobody has, as like to th as things can be.
func (th things) nobodys() things {
	n := strconv.FormatInt(made.Add(1), 10)
	none := things{}
	for name, value := range th {
		switch name {
		case "%POOL":
			none[name] = region + ":00000000-0000-4000-8000-000000000000"
		case "%IDENTITY", "%LINKED":
			none[name] = region + ":11111111-0000-4000-8000-000000000000"
		case "%ARN":
			none[name] = texts["%POOLS"] + region + ":00000000-0000-4000-8000-000000000000"
		case "%KEY":
			none[name] = "AKIANOBODYHASTHISKEY"
		case "%POOLS", "%DOCUMENT", "%TRUST", "%METADATA":
			none[name] = value
		default:
			none[name] = value + "-no-" + n
		}
	}
	return none
}
