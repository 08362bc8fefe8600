package api

import "slices"

// Condition keys that tell of the identity pool and account of a caller who has
// only a login, or not even that.
var (
	authenticatedConditions = []Condition{{Key: "cognito-identity-auth:AccountId"}, {Key: "cognito-identity-auth:IdentityPoolArn"}}
	publicConditions        = slices.Concat(authenticatedConditions,
		[]Condition{{Key: "cognito-identity-unauth:AccountId"}, {Key: "cognito-identity-unauth:IdentityPoolArn"}})
)

var deleteIdentities = &Operation{
	Name:   "DeleteIdentities",
	Doc:    "Deletes identities with their linked logins. An identity that can not be deleted is reported and does not stop the rest.",
	Access: AccessWrite,
	Audit:  AuditChange,
	Input: structure("DeleteIdentitiesInput",
		required("IdentityIdsToDelete", identityIDs, "The identities to delete."),
	),
	Output: structure("DeleteIdentitiesOutput",
		optional("UnprocessedIdentityIds", unprocessedIdentityIDs, "The identities that were not deleted, each with the reason."),
	),
	Errors:     failures(),
	Conditions: []Condition{{"cognito-identity:IdentityPoolArn", "IdentityIdsToDelete"}},
}

var describeIdentity = &Operation{
	Name:   "DescribeIdentity",
	Doc:    "Returns when an identity was created and last changed, and which providers its logins come from.",
	Access: AccessRead,
	Audit:  AuditRead,
	Input: structure("DescribeIdentityInput",
		required("IdentityId", identityID, "The identity to describe."),
	),
	Output:     identityDescription,
	Errors:     failures(ResourceNotFoundException, NotAuthorizedException),
	Conditions: []Condition{{"cognito-identity:IdentityPoolArn", "IdentityId"}},
}

var getCredentialsForIdentity = &Operation{
	Name:   "GetCredentialsForIdentity",
	Doc:    "Returns temporary credentials of the role that the identity pool gives to an identity: the enhanced flow, in one call.",
	Public: true,
	Access: AccessRead,
	Audit:  AuditIssue,
	Input: structure("GetCredentialsForIdentityInput",
		required("IdentityId", identityID, "The identity to get credentials for."),
		optional("Logins", loginsMap, "Provider names, each with a login token. Your backend's users send their OpenID token under cognito-identity.amazonaws.com."),
		optional("CustomRoleArn", arnString, "The role to take when the login allows more than one."),
	),
	Output: structure("GetCredentialsForIdentityOutput",
		optional("IdentityId", identityID, "The identity that the credentials are for."),
		optional("Credentials", credentials, "The temporary credentials."),
	),
	Errors: failures(ResourceNotFoundException, NotAuthorizedException, ResourceConflictException,
		InvalidIdentityPoolConfigurationException, ExternalServiceException),
	Conditions: publicConditions,
}

var getID = &Operation{
	Name:   "GetId",
	Doc:    "Returns the identity of the given logins, and creates it at their first sight. Without logins, creates a new guest at every call.",
	Public: true,
	Access: AccessWrite,
	Audit:  AuditIssue,
	Input: structure("GetIdInput",
		optional("AccountId", accountID, "The account of the identity pool. Not needed: the identity pool tells it."),
		required("IdentityPoolId", identityPoolID, "The identity pool to find or create the identity in."),
		optional("Logins", loginsMap, "Public provider names, each with a login token. Left out: a guest."),
	),
	Output: structure("GetIdOutput",
		optional("IdentityId", identityID, "The identity found or created."),
	),
	Errors: failures(ResourceNotFoundException, NotAuthorizedException, ResourceConflictException,
		LimitExceededException, ExternalServiceException),
	Conditions: publicConditions,
}

var getOpenIDToken = &Operation{
	Name:   "GetOpenIdToken",
	Doc:    "Returns an OpenID token for an identity, valid for ten minutes, to exchange at a security token service: the basic flow.",
	Public: true,
	Access: AccessRead,
	Audit:  AuditIssue,
	Input: structure("GetOpenIdTokenInput",
		required("IdentityId", identityID, "The identity to get a token for."),
		optional("Logins", loginsMap, "Public provider names, each with a login token. At least one must be linked; the others become so."),
	),
	Output: structure("GetOpenIdTokenOutput",
		optional("IdentityId", identityID, "The identity of the token. A merge may have made it another than you asked for."),
		optional("Token", oidcToken, "The OpenID token."),
	),
	Errors:     failures(ResourceNotFoundException, NotAuthorizedException, ResourceConflictException, ExternalServiceException),
	Conditions: publicConditions,
}

var listIdentities = &Operation{
	Name:     "ListIdentities",
	Doc:      "Lists the identities of an identity pool, oldest first.",
	Access:   AccessList,
	Audit:    AuditRead,
	Resource: Resource{Form: PoolByID, Member: "IdentityPoolId"},
	Input: structure("ListIdentitiesInput",
		required("IdentityPoolId", identityPoolID, "The identity pool to list."),
		required("MaxResults", queryLimit, "How many identities to return at most."),
		optional("NextToken", paginationKey, "Where to go on: the NextToken of the page before."),
		optional("HideDisabled", hideDisabled, "Whether to leave out identities that were merged into others. Left out: they are listed."),
	),
	Output: structure("ListIdentitiesOutput",
		optional("IdentityPoolId", identityPoolID, "The identity pool."),
		optional("Identities", identityDescriptions, "The identities of this page."),
		optional("NextToken", paginationKey, "Where the next page begins; left out on the last page."),
	),
	Errors: failures(ResourceNotFoundException, NotAuthorizedException),
	Paging: &Paging{Token: "NextToken", Limit: "MaxResults", Results: []string{"Identities"}},
}

var unlinkIdentity = &Operation{
	Name:   "UnlinkIdentity",
	Doc:    "Removes logins from an identity, for a user who proves to own it. An identity that loses its last login can not be used any more.",
	Public: true,
	Access: AccessWrite,
	Audit:  AuditChange,
	Input: structure("UnlinkIdentityInput",
		required("IdentityId", identityID, "The identity to remove logins from."),
		required("Logins", loginsMap, "Public provider names, each with a login token, that prove ownership of the identity."),
		required("LoginsToRemove", loginNames, "The names of the providers whose logins are removed."),
	),
	Errors:     failures(ResourceNotFoundException, NotAuthorizedException, ResourceConflictException, ExternalServiceException),
	Conditions: authenticatedConditions,
}
