package api

// Identities is what administrators do with identities and their pools beside the identity
// pool service: each needs a signature, and an IAM action on the identity pool or the role. AWS has no
// counterpart.
var Identities = &Service{
	Name:         "poolkeeper",
	TargetPrefix: "PoolkeeperIdentity",
	Doc:          "The administrator's side of identities: find and link developer users, disable identities, revoke what they have, choose how a pool's tokens are signed, and why tokens are refused.",
	Operations: []*Operation{
		disableIdentity,
		enableIdentity,
		ensureDeveloperIdentity,
		explainLogin,
		explainWebIdentity,
		getIdentityPoolSigning,
		getIdentityStatus,
		linkDeveloperIdentity,
		revokeIdentity,
		searchDeveloperIdentities,
		setIdentityPoolSigning,
	},
}

var (
	developerUserPrefix = hidden("DeveloperUserPrefix", 1, 1024, "")
	identityCreated     = scalar("IdentityCreated", Boolean)

	signingAlgorithm = enum("SigningAlgorithm", "RS512", "RS256", "ES256", "EdDSA")
	identityStatus   = enum("IdentityStatus", "Enabled", "Disabled", "Merged")

	developerIdentity = structure("DeveloperIdentity",
		optional("DeveloperUserIdentifier", developerUserIdentifier, "The developer user."),
		optional("IdentityId", identityID, "The identity that the developer user has."),
		optional("Status", identityStatus, "Whether the identity is enabled."),
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

var getIdentityPoolSigning = &Operation{
	Name:     "GetIdentityPoolSigning",
	Doc:      "Tells by which algorithm the tokens of an identity pool are signed.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: ofPool,
	Input: structure("GetIdentityPoolSigningInput",
		required("IdentityPoolId", identityPoolID, "The identity pool."),
	),
	Output: structure("GetIdentityPoolSigningOutput",
		optional("SigningAlgorithm", signingAlgorithm, "The algorithm that the pool asks for; left out where it is the server's."),
		optional("ActiveAlgorithm", signingAlgorithm, "The algorithm that signs now: the server's, as long as the key of another has not been published for long enough."),
	),
	Errors: []Code{ResourceNotFoundException, InternalErrorException},
}

var getIdentityStatus = &Operation{
	Name:     "GetIdentityStatus",
	Doc:      "Tells of an identity what DescribeIdentity does not: whether it is disabled, which developer users have it, and what of it was revoked.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: ofPool,
	Input: structure("GetIdentityStatusInput",
		required("IdentityPoolId", identityPoolID, "The identity pool of the identity."),
		required("IdentityId", identityID, "The identity."),
	),
	Output: structure("GetIdentityStatusOutput",
		optional("IdentityId", identityID, "The identity."),
		optional("Status", identityStatus, "Disabled: it gets nothing until it is enabled. Merged: it was merged into another, and stays disabled."),
		optional("Logins", loginNames, "The names of the providers of the linked logins; left out when there are none."),
		optional("DeveloperUserIdentifiers", developerUserIdentifiers, "The developer users that have the identity; left out when there are none."),
		optional("IssuedBefore", dateType, "Tokens and credentials issued before it are refused; left out while none was revoked."),
		optional("CreationDate", dateType, "When the identity was created."),
		optional("LastModifiedDate", dateType, "When the identity was last changed."),
	),
	Errors: []Code{ResourceNotFoundException, InternalErrorException},
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

var setIdentityPoolSigning = &Operation{
	Name:     "SetIdentityPoolSigning",
	Doc:      "Sets by which algorithm the tokens of an identity pool are signed. It takes effect once a key of it has been published for long enough that every verifier knows it.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: ofPool,
	Input: structure("SetIdentityPoolSigningInput",
		required("IdentityPoolId", identityPoolID, "The identity pool."),
		optional("SigningAlgorithm", signingAlgorithm, "The algorithm. Left out: the server's, at once."),
	),
	Errors: []Code{ResourceNotFoundException, InternalErrorException},
}
