package state

import (
	"regexp"
	"sync"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// Bounds are those of the operations, so that a file is refused before the first call.
var (
	policyName        = iamInput("CreatePolicy", "PolicyName")
	policyPath        = iamInput("CreatePolicy", "Path")
	policyDescription = iamInput("CreatePolicy", "Description")
	policyDocument    = iamInput("CreatePolicy", "PolicyDocument")
	userName          = iamInput("CreateUser", "UserName")
	userPath          = iamInput("CreateUser", "Path")
	roleName          = iamInput("CreateRole", "RoleName")
	rolePath          = iamInput("CreateRole", "Path")
	roleDescription   = iamInput("CreateRole", "Description")
	maxSession        = iamInput("CreateRole", "MaxSessionDuration")
	attachedARN       = iamInput("AttachUserPolicy", "PolicyArn")
	oidcURL           = iamInput("CreateOpenIDConnectProvider", "Url")
	clientID          = iamInput("CreateOpenIDConnectProvider", "ClientIDList").Elem
	thumbprint        = iamInput("CreateOpenIDConnectProvider", "ThumbprintList").Elem
	samlName          = iamInput("CreateSAMLProvider", "Name")
	samlMetadata      = iamInput("CreateSAMLProvider", "SAMLMetadataDocument")
	iamTags           = tagTable(iamInput("TagUser", "Tags"))

	poolID            = input(api.CognitoIdentity, "UpdateIdentityPool", "IdentityPoolId")
	poolName          = poolInput("IdentityPoolName")
	developerProvider = poolInput("DeveloperProviderName")
	loginProviders    = poolInput("SupportedLoginProviders")
	providerARN       = poolInput("OpenIdConnectProviderARNs").Elem
	cognitoProvider   = poolInput("CognitoIdentityProviders").Elem.Member("ProviderName").Shape
	cognitoClient     = poolInput("CognitoIdentityProviders").Elem.Member("ClientId").Shape
	poolTags          = poolInput("IdentityPoolTags")
	signingAlgorithm  = input(api.Identities, "SetIdentityPoolSigning", "SigningAlgorithm")
)

// regionName is what comes before the colon in the id of a pool.
var regionName = lazily(`\A[\w-]+\z`)

// lazily is a pattern that is compiled when it is first needed: no other command of the
// program needs it.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

func input(s *api.Service, operation, member string) *api.Shape {
	return s.Operation(operation).Input.Member(member).Shape
}

func iamInput(operation, member string) *api.Shape { return input(api.IAM, operation, member) }

func poolInput(member string) *api.Shape {
	return input(api.CognitoIdentity, "CreateIdentityPool", member)
}

// tagTable returns IAM's list of tags as the map that a file has.
func tagTable(list *api.Shape) *api.Shape {
	return &api.Shape{Kind: api.Map, Max: list.Max, Key: list.Elem.Member("Key").Shape, Elem: list.Elem.Member("Value").Shape}
}

// is says that texts have a shape, whatever they are.
func is(shape *api.Shape) func(string) *api.Shape {
	return func(string) *api.Shape { return shape }
}

// orARN says that texts have a shape, or where they are ARNs another.
func orARN(shape, arn *api.Shape) func(string) *api.Shape {
	return func(text string) *api.Shape {
		if isARN(text) {
			return arn
		}
		return shape
	}
}
