package api

// Identities is what administrators do with identities beside the identity pool service:
// each needs a signature, and an IAM action on the identity pool or the role. AWS has no
// counterpart.
var Identities = &Service{
	Name:         "poolkeeper",
	TargetPrefix: "PoolkeeperIdentity",
	Doc:          "The administrator's side of identities: find and link developer users, disable identities, revoke what they have, and why tokens are refused.",
	Operations: []*Operation{
		disableIdentity,
		enableIdentity,
		ensureDeveloperIdentity,
		explainLogin,
		explainWebIdentity,
		linkDeveloperIdentity,
		revokeIdentity,
		searchDeveloperIdentities,
	},
}

var (
	developerUserPrefix = hidden("DeveloperUserPrefix", 1, 1024, "")
	identityCreated     = scalar("IdentityCreated", Boolean)

	developerIdentity = structure("DeveloperIdentity",
		optional("DeveloperUserIdentifier", developerUserIdentifier, "The developer user."),
		optional("IdentityId", identityID, "The identity that the developer user has."),
	)
	developerIdentities = list("DeveloperIdentityList", developerIdentity, 0, 0)
)

// ofPool is the resource of the operations: the identity pool.
var ofPool = Resource{Form: PoolByID, Member: "IdentityPoolId"}

var disableIdentity = &Operation{
	Name:     "DisableIdentity",
	Doc:      "Disables an identity: it gets no token and no credentials, and this server refuses those that it has. Its logins stay linked.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: ofPool,
	Input: structure("DisableIdentityInput",
		required("IdentityPoolId", identityPoolID, "The identity pool of the identity."),
		required("IdentityId", identityID, "The identity to disable."),
	),
	Errors: []Code{ResourceNotFoundException, InternalErrorException},
}

var enableIdentity = &Operation{
	Name:     "EnableIdentity",
	Doc:      "Enables an identity that was disabled. One that was merged into another stays disabled.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: ofPool,
	Input: structure("EnableIdentityInput",
		required("IdentityPoolId", identityPoolID, "The identity pool of the identity."),
		required("IdentityId", identityID, "The identity to enable."),
	),
	Errors: []Code{ResourceNotFoundException, ResourceConflictException, InternalErrorException},
}

var ensureDeveloperIdentity = &Operation{
	Name:     "EnsureDeveloperIdentity",
	Doc:      "Returns the identity of a developer user, and creates it at first sight. No token is issued.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: ofPool,
	Input: structure("EnsureDeveloperIdentityInput",
		required("IdentityPoolId", identityPoolID, "The identity pool of the user."),
		required("DeveloperUserIdentifier", developerUserIdentifier, "The developer user."),
	),
	Output: structure("EnsureDeveloperIdentityOutput",
		optional("IdentityId", identityID, "The identity of the developer user."),
		optional("Created", identityCreated, "Whether the call has created it."),
	),
	Errors: []Code{InvalidParameterException, ResourceNotFoundException, InternalErrorException},
}

var linkDeveloperIdentity = &Operation{
	Name:     "LinkDeveloperIdentity",
	Doc:      "Links a developer user to an identity, whatever logins that has, and though none of them is presented.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: ofPool,
	Input: structure("LinkDeveloperIdentityInput",
		required("IdentityPoolId", identityPoolID, "The identity pool of the identity."),
		required("IdentityId", identityID, "The identity to link the developer user to."),
		required("DeveloperUserIdentifier", developerUserIdentifier, "The developer user to link."),
	),
	Errors: []Code{
		InvalidParameterException, ResourceNotFoundException, NotAuthorizedException, ResourceConflictException,
		DeveloperUserAlreadyRegisteredException, InternalErrorException,
	},
}

var revokeIdentity = &Operation{
	Name:     "RevokeIdentity",
	Doc:      "Refuses, at this server, the tokens and credentials that an identity has now. It can get new ones.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: ofPool,
	Input: structure("RevokeIdentityInput",
		required("IdentityPoolId", identityPoolID, "The identity pool of the identity."),
		required("IdentityId", identityID, "The identity."),
	),
	Output: structure("RevokeIdentityOutput",
		optional("IssuedBefore", dateType, "Tokens and credentials issued before it are refused."),
	),
	Errors: []Code{ResourceNotFoundException, InternalErrorException},
}

var searchDeveloperIdentities = &Operation{
	Name:     "SearchDeveloperIdentities",
	Doc:      "Lists the developer users of an identity pool whose identifiers begin with a prefix, in byte order, with their identities.",
	Access:   AccessList,
	Audit:    AuditRead,
	Resource: ofPool,
	Input: structure("SearchDeveloperIdentitiesInput",
		required("IdentityPoolId", identityPoolID, "The identity pool to search."),
		optional("Prefix", developerUserPrefix, "What the developer user identifiers begin with. Left out: all are listed."),
		optional("MaxResults", queryLimit, "How many developer users to return at most. Left out: 60."),
		optional("NextToken", paginationKey, "Where to go on: the NextToken of the page before."),
	),
	Output: structure("SearchDeveloperIdentitiesOutput",
		optional("DeveloperIdentities", developerIdentities, "The developer users of this page."),
		optional("NextToken", paginationKey, "Where the next page begins; left out on the last page."),
	),
	Errors: []Code{InvalidParameterException, ResourceNotFoundException, InternalErrorException},
	Paging: &Paging{Token: "NextToken", Limit: "MaxResults", Results: []string{"DeveloperIdentities"}},
}
