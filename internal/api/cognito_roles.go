package api

var getIdentityPoolRoles = &Operation{
	Name:     "GetIdentityPoolRoles",
	Doc:      "Returns the roles that an identity pool gives to its identities, and how it chooses among them.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: Resource{Form: PoolByID, Member: "IdentityPoolId"},
	Input: structure("GetIdentityPoolRolesInput",
		required("IdentityPoolId", identityPoolID, "The identity pool."),
	),
	Output: structure("GetIdentityPoolRolesOutput",
		optional("IdentityPoolId", identityPoolID, "The identity pool."),
		optional("Roles", rolesMap, "The default roles, under authenticated and unauthenticated."),
		optional("RoleMappings", roleMappings, "How a role is chosen, by provider."),
	),
	Errors: failures(ResourceNotFoundException, NotAuthorizedException, ResourceConflictException),
}

var setIdentityPoolRoles = &Operation{
	Name:   "SetIdentityPoolRoles",
	Doc:    "Replaces the roles that an identity pool gives to its identities, and how it chooses among them.",
	Access: AccessWrite,
	Audit:  AuditChange,
	Input: structure("SetIdentityPoolRolesInput",
		required("IdentityPoolId", identityPoolID, "The identity pool."),
		required("Roles", rolesMap, "The default roles, under authenticated and unauthenticated."),
		optional("RoleMappings", roleMappings, "How a role is chosen, by provider: a name, cognito-idp.REGION.amazonaws.com/USER_POOL_ID:CLIENT_ID, or an ARN."),
	),
	Errors: failures(ResourceNotFoundException, NotAuthorizedException, ResourceConflictException, ConcurrentModificationException),
}

var getPrincipalTagAttributeMap = &Operation{
	Name:     "GetPrincipalTagAttributeMap",
	Doc:      "Returns which claims of a provider's login tokens become session tags of the credentials.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: Resource{Form: PoolByID, Member: "IdentityPoolId"},
	Input: structure("GetPrincipalTagAttributeMapInput",
		required("IdentityPoolId", identityPoolID, "The identity pool."),
		required("IdentityProviderName", identityProviderName, "The provider."),
	),
	Output: principalTagAttributeMap("GetPrincipalTagAttributeMapOutput"),
	Errors: failures(ResourceNotFoundException, NotAuthorizedException),
}

var setPrincipalTagAttributeMap = &Operation{
	Name:   "SetPrincipalTagAttributeMap",
	Doc:    "Sets which claims of a provider's login tokens become session tags of the credentials.",
	Access: AccessWrite,
	Audit:  AuditChange,
	Input: structure("SetPrincipalTagAttributeMapInput",
		required("IdentityPoolId", identityPoolID, "The identity pool."),
		required("IdentityProviderName", identityProviderName, "The provider."),
		optional("UseDefaults", useDefaults, "Whether to use the default mapping instead of PrincipalTags."),
		optional("PrincipalTags", principalTags, "Tag keys, each with the claim that gives its value."),
	),
	Output: principalTagAttributeMap("SetPrincipalTagAttributeMapOutput"),
	Errors: failures(ResourceNotFoundException, NotAuthorizedException),
}

// principalTagAttributeMap is the output that two operations have alike.
func principalTagAttributeMap(name string) *Shape {
	return structure(name,
		optional("IdentityPoolId", identityPoolID, "The identity pool."),
		optional("IdentityProviderName", identityProviderName, "The provider."),
		optional("UseDefaults", useDefaults, "Whether the default mapping is used."),
		optional("PrincipalTags", principalTags, "Tag keys, each with the claim that gives its value."),
	)
}
