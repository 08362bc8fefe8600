package api

//go:generate go run ./gen

// CognitoIdentity is Amazon Cognito Identity, the identity pool service. Members,
// bounds and errors are those of AWS's service model of 2014-06-30; access
// levels, resources and condition keys those of the AWS service authorisation
// reference.
var CognitoIdentity = &Service{
	Name:         "cognito-identity",
	Version:      "2014-06-30",
	TargetPrefix: "AWSCognitoIdentityService",
	Doc:          "Identity pools: stable identities for your users, and tokens and temporary credentials for them.",
	Operations: []*Operation{
		createIdentityPool,
		deleteIdentities,
		deleteIdentityPool,
		describeIdentity,
		describeIdentityPool,
		getCredentialsForIdentity,
		getID,
		getIdentityPoolRoles,
		getOpenIDToken,
		getOpenIDTokenForDeveloperIdentity,
		getPrincipalTagAttributeMap,
		listIdentities,
		listIdentityPools,
		listTagsForResource,
		lookupDeveloperIdentity,
		mergeDeveloperIdentities,
		setIdentityPoolRoles,
		setPrincipalTagAttributeMap,
		tagResource,
		unlinkDeveloperIdentity,
		unlinkIdentity,
		untagResource,
		updateIdentityPool,
	},
}
