package server_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// A row of the matrix says of an operation whether it is public, and with what
// body it succeeds; of a Query service, with what members of a form. A body may be
// used any number of times; %POOL and others stand for things that are made for each call.
type row struct {
	public bool
	body   string
	// on is what a refusal calls the resource; empty: the operation is refused to nobody
	// who signs.
	on string
	// elsewhere is what another account is told of the things; empty: nothing, the call
	// succeeds, on what is its own.
	elsewhere string
	// root is what roots are told of an operation that is not for them; empty: it is.
	root string
}

// matrix has a row for every operation that everybody may call.
var matrix = map[string]row{
	"CreateIdentityPool":                 {false, `{"IdentityPoolName":"x","AllowUnauthenticatedIdentities":true}`, "%POOLS", "", ""},
	"DeleteIdentities":                   {false, `{"IdentityIdsToDelete":["%IDENTITY"]}`, "*", "", ""},
	"DeleteIdentityPool":                 {false, `{"IdentityPoolId":"%POOL"}`, "%ARN", "ResourceNotFoundException", ""},
	"DescribeIdentity":                   {false, `{"IdentityId":"%IDENTITY"}`, "*", "ResourceNotFoundException", ""},
	"DescribeIdentityPool":               {false, `{"IdentityPoolId":"%POOL"}`, "%ARN", "ResourceNotFoundException", ""},
	"GetCredentialsForIdentity":          {true, `{"IdentityId":"%IDENTITY","Logins":{"cognito-identity.amazonaws.com":"%TOKEN"}}`, "", "", ""},
	"GetId":                              {true, `{"IdentityPoolId":"%POOL"}`, "", "", ""},
	"GetIdentityPoolRoles":               {false, `{"IdentityPoolId":"%POOL"}`, "%ARN", "ResourceNotFoundException", ""},
	"GetOpenIdToken":                     {true, `{"IdentityId":"%LINKED","Logins":{"op.example":"%LOGIN"}}`, "", "", ""},
	"GetOpenIdTokenForDeveloperIdentity": {false, `{"IdentityPoolId":"%POOL","Logins":{"login.example":"alice"}}`, "%ARN", "ResourceNotFoundException", ""},
	"GetPrincipalTagAttributeMap":        {false, `{"IdentityPoolId":"%POOL","IdentityProviderName":"op.example"}`, "%ARN", "ResourceNotFoundException", ""},
	"ListIdentities":                     {false, `{"IdentityPoolId":"%POOL","MaxResults":1}`, "%ARN", "ResourceNotFoundException", ""},
	"ListIdentityPools":                  {false, `{"MaxResults":1}`, "%POOLS", "", ""},
	"ListTagsForResource":                {false, `{"ResourceArn":"%ARN"}`, "%ARN", "ResourceNotFoundException", ""},
	"LookupDeveloperIdentity":            {false, `{"IdentityPoolId":"%POOL","DeveloperUserIdentifier":"alice"}`, "%ARN", "ResourceNotFoundException", ""},
	"MergeDeveloperIdentities":           {false, `{"IdentityPoolId":"%POOL","DeveloperProviderName":"login.example","SourceUserIdentifier":"alice","DestinationUserIdentifier":"alice"}`, "%ARN", "ResourceNotFoundException", ""},
	"SetIdentityPoolRoles":               {false, `{"IdentityPoolId":"%POOL","Roles":{}}`, "*", "ResourceNotFoundException", ""},
	"SetPrincipalTagAttributeMap":        {false, `{"IdentityPoolId":"%POOL","IdentityProviderName":"op.example"}`, "*", "ResourceNotFoundException", ""},
	"TagResource":                        {false, `{"ResourceArn":"%ARN","Tags":{}}`, "%ARN", "ResourceNotFoundException", ""},
	"UnlinkDeveloperIdentity":            {false, `{"IdentityPoolId":"%POOL","IdentityId":"%IDENTITY","DeveloperProviderName":"login.example","DeveloperUserIdentifier":"alice"}`, "%ARN", "ResourceNotFoundException", ""},
	"UnlinkIdentity":                     {true, `{"IdentityId":"%LINKED","Logins":{"op.example":"%LOGIN"},"LoginsToRemove":[]}`, "", "", ""},
	"UntagResource":                      {false, `{"ResourceArn":"%ARN","TagKeys":[]}`, "%ARN", "ResourceNotFoundException", ""},
	"UpdateIdentityPool":                 {false, `{"IdentityPoolId":"%POOL","IdentityPoolName":"x","AllowUnauthenticatedIdentities":true,"DeveloperProviderName":"login.example"}`, "%ARN", "ResourceNotFoundException", ""},

	"AddClientIDToOpenIDConnectProvider":      {false, "OpenIDConnectProviderArn=%OIDC&ClientID=three", "%OIDC", "NoSuchEntity", ""},
	"AttachRolePolicy":                        {false, "RoleName=%role&PolicyArn=%policy", "role %role", "NoSuchEntity", ""},
	"AttachUserPolicy":                        {false, "UserName=%user&PolicyArn=%policy", "user %user", "NoSuchEntity", ""},
	"CreateAccessKey":                         {false, "UserName=%user", "user %user", "NoSuchEntity", ""},
	"CreateOpenIDConnectProvider":             {false, "Url=https://%NEW.example", "arn:aws:iam::111122223333:oidc-provider/%NEW.example", "", ""},
	"CreatePolicy":                            {false, "PolicyName=%NEW&PolicyDocument=%DOCUMENT", "policy %NEW", "", ""},
	"CreatePolicyVersion":                     {false, "PolicyArn=%policy&PolicyDocument=%DOCUMENT", "policy %policy", "NoSuchEntity", ""},
	"CreateRole":                              {false, "RoleName=%NEW&Path=/p/&AssumeRolePolicyDocument=%TRUST", "arn:aws:iam::111122223333:role/p/%NEW", "", ""},
	"CreateSAMLProvider":                      {false, "Name=%NEW&SAMLMetadataDocument=%METADATA", "arn:aws:iam::111122223333:saml-provider/%NEW", "", ""},
	"CreateUser":                              {false, "UserName=%NEW&Path=/p/", "arn:aws:iam::111122223333:user/p/%NEW", "", ""},
	"DeleteAccessKey":                         {false, "UserName=%USER&AccessKeyId=%KEY", "user %USER", "NoSuchEntity", ""},
	"DeleteOpenIDConnectProvider":             {false, "OpenIDConnectProviderArn=%OIDC", "%OIDC", "", ""},
	"DeletePolicy":                            {false, "PolicyArn=%policy", "policy %policy", "NoSuchEntity", ""},
	"DeletePolicyVersion":                     {false, "PolicyArn=%POLICY&VersionId=v2", "policy %POLICY", "NoSuchEntity", ""},
	"DeleteRole":                              {false, "RoleName=%role", "role %role", "NoSuchEntity", ""},
	"DeleteRolePolicy":                        {false, "RoleName=%ROLE&PolicyName=inline", "role %ROLE", "NoSuchEntity", ""},
	"DeleteSAMLProvider":                      {false, "SAMLProviderArn=%SAML", "%SAML", "NoSuchEntity", ""},
	"DeleteUser":                              {false, "UserName=%user", "user %user", "NoSuchEntity", ""},
	"DeleteUserPolicy":                        {false, "UserName=%USER&PolicyName=inline", "user %USER", "NoSuchEntity", ""},
	"DetachRolePolicy":                        {false, "RoleName=%ROLE&PolicyArn=%POLICY", "role %ROLE", "NoSuchEntity", ""},
	"DetachUserPolicy":                        {false, "UserName=%USER&PolicyArn=%POLICY", "user %USER", "NoSuchEntity", ""},
	"GetAccessKeyLastUsed":                    {false, "AccessKeyId=%KEY", "arn:aws:iam::111122223333:user/%USER", "NoSuchEntity", ""},
	"GetOpenIDConnectProvider":                {false, "OpenIDConnectProviderArn=%OIDC", "%OIDC", "NoSuchEntity", ""},
	"GetPolicy":                               {false, "PolicyArn=%POLICY", "policy %POLICY", "NoSuchEntity", ""},
	"GetPolicyVersion":                        {false, "PolicyArn=%POLICY&VersionId=v1", "policy %POLICY", "NoSuchEntity", ""},
	"GetRole":                                 {false, "RoleName=%ROLE", "role %ROLE", "NoSuchEntity", ""},
	"GetRolePolicy":                           {false, "RoleName=%ROLE&PolicyName=inline", "role %ROLE", "NoSuchEntity", ""},
	"GetSAMLProvider":                         {false, "SAMLProviderArn=%SAML", "%SAML", "NoSuchEntity", ""},
	"GetUser":                                 {false, "UserName=%USER", "user %USER", "NoSuchEntity", ""},
	"GetUserPolicy":                           {false, "UserName=%USER&PolicyName=inline", "user %USER", "NoSuchEntity", ""},
	"ListAccessKeys":                          {false, "UserName=%USER", "user %USER", "NoSuchEntity", ""},
	"ListAttachedRolePolicies":                {false, "RoleName=%ROLE", "role %ROLE", "NoSuchEntity", ""},
	"ListAttachedUserPolicies":                {false, "UserName=%USER", "user %USER", "NoSuchEntity", ""},
	"ListEntitiesForPolicy":                   {false, "PolicyArn=%POLICY", "policy %POLICY", "NoSuchEntity", ""},
	"ListGroupsForUser":                       {false, "UserName=%USER", "user %USER", "NoSuchEntity", ""},
	"ListInstanceProfilesForRole":             {false, "RoleName=%ROLE", "role %ROLE", "NoSuchEntity", ""},
	"ListOpenIDConnectProviderTags":           {false, "OpenIDConnectProviderArn=%OIDC", "%OIDC", "NoSuchEntity", ""},
	"ListOpenIDConnectProviders":              {false, "", "arn:aws:iam::111122223333:oidc-provider/*", "", ""},
	"ListPolicies":                            {false, "", "policy path /", "", ""},
	"ListPolicyTags":                          {false, "PolicyArn=%POLICY", "policy %POLICY", "NoSuchEntity", ""},
	"ListPolicyVersions":                      {false, "PolicyArn=%POLICY", "policy %POLICY", "NoSuchEntity", ""},
	"ListRolePolicies":                        {false, "RoleName=%ROLE", "role %ROLE", "NoSuchEntity", ""},
	"ListRoleTags":                            {false, "RoleName=%ROLE", "role %ROLE", "NoSuchEntity", ""},
	"ListRoles":                               {false, "PathPrefix=/a/", "arn:aws:iam::111122223333:role/a/", "", ""},
	"ListSAMLProviderTags":                    {false, "SAMLProviderArn=%SAML", "%SAML", "NoSuchEntity", ""},
	"ListSAMLProviders":                       {false, "", "*", "", ""},
	"ListUserPolicies":                        {false, "UserName=%USER", "user %USER", "NoSuchEntity", ""},
	"ListUserTags":                            {false, "UserName=%USER", "user %USER", "NoSuchEntity", ""},
	"ListUsers":                               {false, "", "arn:aws:iam::111122223333:user/", "", ""},
	"PutRolePolicy":                           {false, "RoleName=%role&PolicyName=new&PolicyDocument=%DOCUMENT", "role %role", "NoSuchEntity", ""},
	"PutUserPolicy":                           {false, "UserName=%user&PolicyName=new&PolicyDocument=%DOCUMENT", "user %user", "NoSuchEntity", ""},
	"RemoveClientIDFromOpenIDConnectProvider": {false, "OpenIDConnectProviderArn=%OIDC&ClientID=one", "%OIDC", "NoSuchEntity", ""},
	"SetDefaultPolicyVersion":                 {false, "PolicyArn=%POLICY&VersionId=v2", "policy %POLICY", "NoSuchEntity", ""},
	"TagOpenIDConnectProvider":                {false, "OpenIDConnectProviderArn=%OIDC&Tags.member.1.Key=k&Tags.member.1.Value=v", "%OIDC", "NoSuchEntity", ""},
	"TagPolicy":                               {false, "PolicyArn=%POLICY&Tags.member.1.Key=k&Tags.member.1.Value=v", "policy %POLICY", "NoSuchEntity", ""},
	"TagRole":                                 {false, "RoleName=%ROLE&Tags.member.1.Key=k&Tags.member.1.Value=v", "role %ROLE", "NoSuchEntity", ""},
	"TagSAMLProvider":                         {false, "SAMLProviderArn=%SAML&Tags.member.1.Key=k&Tags.member.1.Value=v", "%SAML", "NoSuchEntity", ""},
	"TagUser":                                 {false, "UserName=%USER&Tags.member.1.Key=k&Tags.member.1.Value=v", "user %USER", "NoSuchEntity", ""},
	"UntagOpenIDConnectProvider":              {false, "OpenIDConnectProviderArn=%OIDC&TagKeys.member.1=k", "%OIDC", "NoSuchEntity", ""},
	"UntagPolicy":                             {false, "PolicyArn=%POLICY&TagKeys.member.1=k", "policy %POLICY", "NoSuchEntity", ""},
	"UntagRole":                               {false, "RoleName=%ROLE&TagKeys.member.1=k", "role %ROLE", "NoSuchEntity", ""},
	"UntagSAMLProvider":                       {false, "SAMLProviderArn=%SAML&TagKeys.member.1=k", "%SAML", "NoSuchEntity", ""},
	"UntagUser":                               {false, "UserName=%USER&TagKeys.member.1=k", "user %USER", "NoSuchEntity", ""},
	"UpdateAccessKey":                         {false, "UserName=%USER&AccessKeyId=%KEY&Status=Inactive", "user %USER", "NoSuchEntity", ""},
	"UpdateAssumeRolePolicy":                  {false, "RoleName=%ROLE&PolicyDocument=%TRUST", "role %ROLE", "NoSuchEntity", ""},
	"UpdateOpenIDConnectProviderThumbprint":   {false, "OpenIDConnectProviderArn=%OIDC&ThumbprintList.member.1=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "%OIDC", "NoSuchEntity", ""},
	"UpdateRole":                              {false, "RoleName=%ROLE&Description=new", "role %ROLE", "NoSuchEntity", ""},
	"UpdateRoleDescription":                   {false, "RoleName=%ROLE&Description=", "role %ROLE", "NoSuchEntity", ""},
	"UpdateSAMLProvider":                      {false, "SAMLProviderArn=%SAML&SAMLMetadataDocument=%METADATA", "%SAML", "NoSuchEntity", ""},
	"UpdateUser":                              {false, "UserName=%USER&NewPath=/new/", "user %USER", "NoSuchEntity", ""},

	"DisableIdentity":           {false, `{"IdentityPoolId":"%POOL","IdentityId":"%IDENTITY"}`, "%ARN", "ResourceNotFoundException", ""},
	"EnableIdentity":            {false, `{"IdentityPoolId":"%POOL","IdentityId":"%IDENTITY"}`, "%ARN", "ResourceNotFoundException", ""},
	"EnsureDeveloperIdentity":   {false, `{"IdentityPoolId":"%POOL","DeveloperUserIdentifier":"bob"}`, "%ARN", "ResourceNotFoundException", ""},
	"ExplainLogin":              {false, `{"IdentityPoolId":"%POOL","IdentityId":"%IDENTITY","Logins":{"cognito-identity.amazonaws.com":"%TOKEN"}}`, "%ARN", "ResourceNotFoundException", ""},
	"ExplainWebIdentity":        {false, `{"RoleArn":"arn:aws:iam::111122223333:role/%POOLROLE","WebIdentityToken":"%TOKEN"}`, "arn:aws:iam::111122223333:role/%POOLROLE", "ResourceNotFoundException", ""},
	"GetIdentityPoolSigning":    {false, `{"IdentityPoolId":"%POOL"}`, "%ARN", "ResourceNotFoundException", ""},
	"GetIdentityStatus":         {false, `{"IdentityPoolId":"%POOL","IdentityId":"%IDENTITY"}`, "%ARN", "ResourceNotFoundException", ""},
	"SetIdentityPoolSigning":    {false, `{"IdentityPoolId":"%POOL","SigningAlgorithm":"EdDSA"}`, "%ARN", "ResourceNotFoundException", ""},
	"LinkDeveloperIdentity":     {false, `{"IdentityPoolId":"%POOL","IdentityId":"%IDENTITY","DeveloperUserIdentifier":"bob"}`, "%ARN", "ResourceNotFoundException", ""},
	"RevokeIdentity":            {false, `{"IdentityPoolId":"%POOL","IdentityId":"%IDENTITY"}`, "%ARN", "ResourceNotFoundException", ""},
	"SearchDeveloperIdentities": {false, `{"IdentityPoolId":"%POOL"}`, "%ARN", "ResourceNotFoundException", ""},

	"AssumeRoleWithWebIdentity": {true, "RoleArn=arn:aws:iam::111122223333:role/%POOLROLE&RoleSessionName=session&WebIdentityToken=%TOKEN", "", "", ""},
	"AssumeRole":                {false, "RoleArn=arn:aws:iam::111122223333:role/%ROLE&RoleSessionName=session", "", "", "Roles may not be assumed by root accounts."},
	"GetCallerIdentity":         {false, "", "", "", ""},
	"GetSessionToken":           {false, "", "", "", ""},
}

// A column of the matrix makes a request to send out of one that is unsigned. An empty
// code wants success.
type column struct {
	name string
	sign func(t *testing.T, s *site, r *request)
	code string
	// message begins the text that is expected.
	message string
	// public is the code where the operation is public, when it is another.
	public *string
}

func columns(service *api.Service) []column {
	with := func(who string, change func(*signing)) func(*testing.T, *site, *request) {
		return func(t *testing.T, s *site, r *request) {
			g := s.signingFor(service, who)
			if change != nil {
				change(&g)
			}
			g.sign(t, r)
		}
	}
	asQuery := func(who string, change func(*signing), expires time.Duration) func(*testing.T, *site, *request) {
		return func(t *testing.T, s *site, r *request) {
			g := s.signingFor(service, who)
			if change != nil {
				change(&g)
			}
			g.presign(t, r, expires)
		}
	}
	// after signs, and spoils what was signed.
	after := func(spoil func(*request)) func(*testing.T, *site, *request) {
		return func(t *testing.T, s *site, r *request) {
			s.signingFor(service, "root").sign(t, r)
			spoil(r)
		}
	}
	// declare signs a hash of the body that is not the body's; both say the same.
	declare := func(hash string) func(*testing.T, *site, *request) {
		return func(t *testing.T, s *site, r *request) {
			r.set("X-Amz-Content-Sha256", hash)
			g := s.signingFor(service, "root")
			g.payload = hash
			g.sign(t, r)
		}
	}
	lie := sha256.Sum256([]byte("another body"))
	none := ""
	const (
		differs = "The request signature we calculated does not match the signature you provided."
		payload = "'X-Amz-Content-Sha256' must be the SHA-256 of the request body, not '"
	)
	return []column{
		{name: "unsigned", sign: func(*testing.T, *site, *request) {}, code: "MissingAuthenticationTokenException", message: "Missing Authentication Token", public: &none},
		{name: "signed", sign: with("root", nil)},
		{name: "signed with the key of --dev", sign: with("dev", nil)},
		{name: "signed in the query", sign: asQuery("root", nil, 0)},
		{name: "signed in the query for an hour, half of it over", sign: asQuery("root", func(g *signing) { g.at = g.at.Add(-30 * time.Minute) }, time.Hour)},
		{name: "signed with the true hash", sign: func(t *testing.T, s *site, r *request) {
			sum := sha256.Sum256(r.body)
			declare(hex.EncodeToString(sum[:]))(t, s, r)
		}},
		{name: "nearly too old", sign: with("root", func(g *signing) { g.at = g.at.Add(-5 * time.Minute) })},
		{name: "nearly too new", sign: with("root", func(g *signing) { g.at = g.at.Add(5 * time.Minute) })},

		{name: "unknown key", sign: with("nobody", nil), code: "UnrecognizedClientException", message: "The security token included in the request is invalid."},
		{name: "unknown key in the query", sign: asQuery("nobody", nil, 0), code: "UnrecognizedClientException", message: "The security token included in the request is invalid."},
		{name: "wrong secret", sign: with("liar", nil), code: "InvalidSignatureException", message: differs},
		{name: "wrong secret in the query", sign: asQuery("liar", nil, 0), code: "InvalidSignatureException", message: differs},
		{name: "wrong service", sign: with("root", func(g *signing) { g.service = "sts" }), code: "InvalidSignatureException", message: "Credential should be scoped to correct service: '" + service.Name + "'. "},
		{name: "wrong region", sign: with("root", func(g *signing) { g.region = "eu-west-1" }), code: "InvalidSignatureException", message: "Credential should be scoped to a valid region, not 'eu-west-1'. "},
		{name: "wrong date in the scope", sign: after(func(r *request) {
			r.set("Authorization", strings.Replace(r.get("Authorization"), "/20140513/", "/20140512/", 1))
		}), code: "InvalidSignatureException", message: "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20140512' != '20140513', from '20140513T165320Z'."},
		{name: "wrong terminator", sign: after(func(r *request) {
			r.set("Authorization", strings.Replace(r.get("Authorization"), "/aws4_request", "/aws4_requests", 1))
		}), code: "InvalidSignatureException", message: "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4_requests'. "},
		{name: "both forms", sign: func(t *testing.T, s *site, r *request) {
			s.signingFor(service, "root").presign(t, r, 0)
			s.signingFor(service, "root").sign(t, r)
		}, code: "InvalidSignatureException", message: "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
		{name: "UNSIGNED-PAYLOAD", sign: declare("UNSIGNED-PAYLOAD"), code: "InvalidSignatureException", message: payload + "UNSIGNED-PAYLOAD'."},
		{name: "STREAMING", sign: declare("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), code: "InvalidSignatureException", message: payload + "STREAMING-AWS4-HMAC-SHA256-PAYLOAD'."},
		{name: "a hash of another body", sign: declare(hex.EncodeToString(lie[:])), code: "InvalidSignatureException", message: payload},
		{name: "signed over another body", sign: with("root", func(g *signing) { g.payload = hex.EncodeToString(lie[:]) }), code: "InvalidSignatureException", message: differs},
		{name: "body changed", sign: after(func(r *request) { r.body = append(r.body, ' ') }), code: "InvalidSignatureException", message: differs},
		{name: "target not signed", sign: func(t *testing.T, s *site, r *request) {
			target := r.get("X-Amz-Target")
			r.set("X-Amz-Target", "")
			s.signingFor(service, "root").sign(t, r)
			r.set("X-Amz-Target", target)
		}, code: "InvalidSignatureException", message: "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "another x-amz header added", sign: after(func(r *request) { r.add("X-Amz-Meta", "x") }), code: "InvalidSignatureException", message: "'X-Amz-Meta' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "host changed", sign: after(func(r *request) { r.set("Host", "evil.example") }), code: "InvalidSignatureException", message: differs},
		{name: "path changed", sign: after(func(r *request) { r.target = "/other" }), code: "InvalidSignatureException", message: differs},
		{name: "query added", sign: after(func(r *request) { r.target = "/?a=b" }), code: "InvalidSignatureException", message: differs},
		{name: "session token with a long-term key", sign: with("session", nil), code: "UnrecognizedClientException", message: "The security token included in the request is invalid"},
		{name: "session token in the query", sign: asQuery("session", nil, 0), code: "UnrecognizedClientException", message: "The security token included in the request is invalid"},
		{name: "expired", sign: with("root", func(g *signing) { g.at = g.at.Add(-301 * time.Second) }), code: "InvalidSignatureException", message: "Signature expired: 20140513T164819Z is now earlier than 20140513T164820Z (20140513T165320Z - 5 min.)"},
		{name: "not yet current", sign: with("root", func(g *signing) { g.at = g.at.Add(301 * time.Second) }), code: "InvalidSignatureException", message: "Signature not yet current: 20140513T165821Z is still later than 20140513T165820Z (20140513T165320Z + 5 min.)"},
		{name: "expired in the query", sign: asQuery("root", func(g *signing) { g.at = g.at.Add(-61 * time.Second) }, time.Minute), code: "InvalidSignatureException", message: "Signature expired: "},
		{name: "expires beyond a week", sign: asQuery("root", nil, 604801*time.Second), code: "IncompleteSignatureException", message: "X-Amz-Expires must be a number of seconds between 1 and 604800. Got '604801'."},
		{name: "query without a signature", sign: func(t *testing.T, s *site, r *request) {
			s.signingFor(service, "root").presign(t, r, 0)
			r.target, _, _ = strings.Cut(r.target, "&X-Amz-Signature=")
		}, code: "IncompleteSignatureException", message: "AWS query-string parameters must include 'X-Amz-Signature'. Re-examine the query-string parameters."},
		{name: "Bearer", sign: func(_ *testing.T, _ *site, r *request) { r.add("Authorization", "Bearer x") }, code: "IncompleteSignatureException", message: "Authorization header requires 'Credential' parameter. "},
		{name: "Authorization twice", sign: after(func(r *request) { r.add("Authorization", r.get("Authorization")) }), code: "InvalidSignatureException", message: "Found 'Authorization' more than once as HTTP header."},
	}
}

// signing is how somebody signs a good request now.
func (s *site) signing(who string) signing { return s.signingFor(api.CognitoIdentity, who) }

func (s *site) signingFor(service *api.Service, who string) signing {
	return signing{who: s.who[who], service: service.Name, region: region, at: s.clock.Now()}
}

// callOf is the request by which an SDK calls an operation of whatever service, unsigned.
func callOf(s *api.Service, operation, body string) *request {
	if s.Protocol == api.Query {
		return callQuery(s, operation, body)
	}
	return call(s.TargetPrefix, operation, cmp.Or(body, "{}"))
}

// TestAuthentication_Matrix sends every operation in every way that must be refused, and
// in every way that must not.
func TestAuthentication_Matrix(t *testing.T) {
	t.Parallel()
	for service, op := range publicOperations {
		if service.Protocol == api.Query {
			continue
		}
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			row, found := matrix[op.Name]
			if !found {
				t.Fatalf("the matrix has no row for %s", op.Name)
			}
			if row.public != op.Public {
				t.Errorf("public: description %v, matrix %v", op.Public, row.public)
			}
			s := newSite(t, change{})
			address := s.listen(t)
			// One body for all that is refused: none of it may have an effect, and at the end
			// it must still be good.
			unharmed := s.fresh(t, row.body)
			for _, c := range columns(service) {
				want := c.code
				if row.public && c.public != nil {
					want = *c.public
				}
				body := unharmed
				if want == "" {
					body = s.fresh(t, row.body)
				}
				r := callOf(service, op.Name, body)
				c.sign(t, s, r)
				a := send(t, address, r)
				if want == "" {
					checkPassed(t, c.name, row, a)
				} else {
					checkRefused(t, c.name, a, want, c.message)
				}
			}
			r := callOf(service, op.Name, unharmed)
			s.signingFor(service, "root").sign(t, r)
			checkPassed(t, "after all that was refused", row, send(t, address, r))
		})
	}
}

// checkPassed checks that authentication let the request through: to success.
func checkPassed(t *testing.T, name string, row row, a *answer) {
	t.Helper()
	if row.root != "" {
		if _, message := refusal(t, a); a.status != 403 || message != row.root {
			t.Errorf("%s: got %d %s, want that %s", name, a.status, a.body, row.root)
		}
		return
	}
	if a.status != 200 {
		t.Errorf("%s: got %d %s, want success", name, a.status, a.body)
	}
}

func checkRefused(t *testing.T, name string, a *answer, code, message string) {
	t.Helper()
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(a.body, &e); err != nil {
		t.Errorf("%s: got %d %q: %v", name, a.status, a.body, err)
		return
	}
	// One text is a beginning of the other, but for a dot: with it the key is unknown.
	exact := e.Message == message || strings.HasPrefix(e.Message, message) && !strings.HasPrefix(message, "The security token")
	if a.status != 400 || e.Type != code || !exact {
		t.Errorf("%s: got %d %s: %s\nwant 400 %s: %s", name, a.status, e.Type, e.Message, code, message)
	}
}

// TestSecrets_DoNotDifferByKey: what is said to a key that is deleted is what is said to one
// that never was.
func TestSecrets_DoNotDifferByKey(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)
	ask := func(who sigv4.Credentials) string {
		r := callCognito("ListIdentityPools", `{"MaxResults":1}`)
		g := s.signing("root")
		g.who = who
		g.sign(t, r)
		return string(send(t, address, r).body)
	}
	key := s.newKey(t, account, "")
	if got := ask(key); got != `{"IdentityPools":[]}` {
		t.Fatalf("before: %s", got)
	}
	if err := s.principals.DeleteAccessKey(t.Context(), principal.Root(account), &api.DeleteAccessKeyInput{AccessKeyId: key.AccessKeyID}); err != nil {
		t.Fatal(err)
	}
	if got, want := ask(key), ask(s.who["nobody"]); got != want || !strings.Contains(got, "UnrecognizedClientException") {
		t.Errorf("a deleted key is told %s, an unknown one %s", got, want)
	}
}
