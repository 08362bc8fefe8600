package api

// anyPool is the resource of operations that name no identity pool.
var anyPool = Resource{Called: "arn:aws:cognito-identity:${Region}:${Account}:identitypool/"}

var createIdentityPool = &Operation{
	Name:     "CreateIdentityPool",
	Doc:      "Creates an identity pool: a set of identities with the login providers they may come from.",
	Access:   AccessWrite,
	Resource: anyPool,
	Audit:    AuditChange,
	Input: structure("CreateIdentityPoolInput",
		required("IdentityPoolName", identityPoolName, "The name for people. It need not be unique."),
		required("AllowUnauthenticatedIdentities", allowUnauthenticated, "Whether guests, identities without logins, can be created and used."),
		optional("AllowClassicFlow", classicFlow, "Whether the basic (classic) flow may be used. Left out: allowed."),
		optional("SupportedLoginProviders", identityProviders, "Public login providers by name, each with your application's identifier there."),
		optional("DeveloperProviderName", developerProviderName, "The name under which your backend vouches for users. Once set, it stays."),
		optional("OpenIdConnectProviderARNs", oidcProviders, "ARNs of OpenID Connect providers whose tokens are taken."),
		optional("CognitoIdentityProviders", cognitoIdentityProviders, "User pools, with their app clients, whose tokens are taken."),
		optional("SamlProviderARNs", samlProviders, "ARNs of SAML providers whose assertions are taken."),
		optional("IdentityPoolTags", tags, "Tags to put on the identity pool."),
	),
	Output:     identityPool,
	Errors:     failures(NotAuthorizedException, ResourceConflictException, LimitExceededException),
	Conditions: tagging("IdentityPoolTags"),
}

var deleteIdentityPool = &Operation{
	Name:     "DeleteIdentityPool",
	Doc:      "Deletes an identity pool with all its identities. Tokens issued before stay valid until they expire.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: Resource{Form: PoolByID, Member: "IdentityPoolId"},
	Input: structure("DeleteIdentityPoolInput",
		required("IdentityPoolId", identityPoolID, "The identity pool to delete."),
	),
	Errors: failures(ResourceNotFoundException, NotAuthorizedException),
}

var describeIdentityPool = &Operation{
	Name:     "DescribeIdentityPool",
	Doc:      "Returns the configuration of an identity pool.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: Resource{Form: PoolByID, Member: "IdentityPoolId"},
	Input: structure("DescribeIdentityPoolInput",
		required("IdentityPoolId", identityPoolID, "The identity pool to describe."),
	),
	Output: identityPool,
	Errors: failures(ResourceNotFoundException, NotAuthorizedException),
}

var listIdentityPools = &Operation{
	Name:     "ListIdentityPools",
	Doc:      "Lists the identity pools of your account in this region, oldest first.",
	Access:   AccessList,
	Resource: anyPool,
	Audit:    AuditRead,
	Input: structure("ListIdentityPoolsInput",
		required("MaxResults", queryLimit, "How many identity pools to return at most."),
		optional("NextToken", paginationKey, "Where to go on: the NextToken of the page before."),
	),
	Output: structure("ListIdentityPoolsOutput",
		optional("IdentityPools", identityPoolDescriptions, "The identity pools of this page."),
		optional("NextToken", paginationKey, "Where the next page begins; left out on the last page."),
	),
	Errors: failures(NotAuthorizedException, ResourceNotFoundException),
	Paging: &Paging{Token: "NextToken", Limit: "MaxResults", Results: []string{"IdentityPools"}, Paginated: true},
}

var updateIdentityPool = &Operation{
	Name:     "UpdateIdentityPool",
	Doc:      "Replaces the configuration of an identity pool. What you leave out returns to its default, except the developer provider name, which stays.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: Resource{Form: PoolByID, Member: "IdentityPoolId"},
	Input:    identityPool,
	Output:   identityPool,
	Errors: failures(ResourceNotFoundException, NotAuthorizedException, ResourceConflictException,
		ConcurrentModificationException, LimitExceededException),
}
