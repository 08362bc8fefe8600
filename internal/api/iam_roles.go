package api

var createRole = &Operation{
	Name:     "CreateRole",
	Doc:      "Creates a role: permissions that those whom its trust policy names may take for a while, as temporary credentials.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: Resource{Form: RoleByName, Member: "RoleName", Path: "Path"},
	Input: structure("CreateRoleInput",
		optional("Path", iamPath, "A path to sort roles by, such as /guests/. Left out: a slash."),
		required("RoleName", roleName, "The name of the role. Names that differ only in case are the same."),
		required("AssumeRolePolicyDocument", policyDocument, "The trust policy as JSON: who may take the role, and when."),
		optional("Description", roleDescription, "What the role is for."),
		optional("MaxSessionDuration", maxSessionDuration, "How long credentials of the role may be valid, in seconds. Left out: 3600."),
		optional("PermissionsBoundary", iamARN, "Refused: permissions boundaries are not served."),
		optional("Tags", iamTags, "Tags to put on the role."),
	),
	Output: structure("CreateRoleOutput",
		required("Role", role, "The role created."),
	),
	Errors:     iamFailures(LimitExceeded, InvalidInput, EntityAlreadyExists, MalformedPolicyDocument, ConcurrentModification),
	Conditions: taggingConditions,
}

var deleteRole = &Operation{
	Name:     "DeleteRole",
	Doc:      "Deletes a role that has no policies any more. Credentials of the role that are still valid may do nothing from then on.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onRole,
	Input: structure("DeleteRoleInput",
		required("RoleName", roleName, "The role to delete."),
	),
	Errors: iamFailures(NoSuchEntity, DeleteConflict, LimitExceeded, UnmodifiableEntity, ConcurrentModification),
}

var getRole = &Operation{
	Name:     "GetRole",
	Doc:      "Returns a role with its trust policy and tags.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: onRole,
	Input: structure("GetRoleInput",
		required("RoleName", roleName, "The role."),
	),
	Output: structure("GetRoleOutput",
		required("Role", role, "The role."),
	),
	Errors: iamFailures(NoSuchEntity),
}

var listRoles = &Operation{
	Name:     "ListRoles",
	Doc:      "Lists the roles of your account.",
	Access:   AccessList,
	Resource: Resource{Called: "arn:aws:iam::${Account}:role${PathPrefix}"},
	Audit:    AuditRead,
	Input: pageInput("ListRolesInput",
		optional("PathPrefix", iamPathPrefix, "What the paths of the roles begin with. Left out: all roles."),
	),
	Output: pageOutput("ListRolesOutput",
		required("Roles", roles, "The roles of this page."),
	),
	Errors: iamFailures(),
	Paging: pagedBy("Roles"),
}

var updateRole = &Operation{
	Name:     "UpdateRole",
	Doc:      "Changes the description of a role, or how long its credentials may be valid.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onRole,
	Input: structure("UpdateRoleInput",
		required("RoleName", roleName, "The role to change."),
		optional("Description", roleDescription, "What the role is for."),
		optional("MaxSessionDuration", maxSessionDuration, "How long credentials of the role may be valid, in seconds."),
	),
	Output: structure("UpdateRoleOutput"),
	Errors: iamFailures(UnmodifiableEntity, NoSuchEntity),
}

var updateRoleDescription = &Operation{
	Name:     "UpdateRoleDescription",
	Doc:      "Changes what a role is said to be for, as UpdateRole does too. Terraform calls it.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onRole,
	Input: structure("UpdateRoleDescriptionInput",
		required("RoleName", roleName, "The role to change."),
		required("Description", roleDescription, "What the role is for; empty to say nothing."),
	),
	Output: structure("UpdateRoleDescriptionOutput",
		optional("Role", role, "The role changed."),
	),
	Errors: iamFailures(NoSuchEntity, UnmodifiableEntity),
}

var updateAssumeRolePolicy = &Operation{
	Name:     "UpdateAssumeRolePolicy",
	Doc:      "Replaces the trust policy of a role: who may take it, and when. Credentials issued before stay valid until they expire.",
	Access:   AccessPermissions,
	Audit:    AuditChange,
	Resource: onRole,
	Input: structure("UpdateAssumeRolePolicyInput",
		required("RoleName", roleName, "The role."),
		required("PolicyDocument", policyDocument, "The new trust policy as JSON."),
	),
	Errors: iamFailures(NoSuchEntity, MalformedPolicyDocument, LimitExceeded, UnmodifiableEntity),
}

var deleteRolePolicy = &Operation{
	Name:     "DeleteRolePolicy",
	Doc:      "Deletes an inline policy of a role.",
	Access:   AccessPermissions,
	Audit:    AuditChange,
	Resource: onRole,
	Input: structure("DeleteRolePolicyInput",
		required("RoleName", roleName, "The role."),
		required("PolicyName", policyName, "The inline policy to delete."),
	),
	Errors: iamFailures(NoSuchEntity, LimitExceeded, UnmodifiableEntity),
}

var getRolePolicy = &Operation{
	Name:     "GetRolePolicy",
	Doc:      "Returns an inline policy of a role.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: onRole,
	Input: structure("GetRolePolicyInput",
		required("RoleName", roleName, "The role."),
		required("PolicyName", policyName, "The inline policy."),
	),
	Output: structure("GetRolePolicyOutput",
		required("RoleName", roleName, "The role."),
		required("PolicyName", policyName, "The name of the inline policy."),
		required("PolicyDocument", policyDocument, "The policy as JSON, percent-encoded (RFC 3986)."),
	),
	Errors: iamFailures(NoSuchEntity),
}

var listRolePolicies = &Operation{
	Name:     "ListRolePolicies",
	Doc:      "Lists the names of the inline policies of a role. ListAttachedRolePolicies lists those attached.",
	Access:   AccessList,
	Audit:    AuditRead,
	Resource: onRole,
	Input: pageInput("ListRolePoliciesInput",
		required("RoleName", roleName, "The role."),
	),
	Output: pageOutput("ListRolePoliciesOutput",
		required("PolicyNames", policyNames, "The names of this page."),
	),
	Errors: iamFailures(NoSuchEntity),
	Paging: pagedBy("PolicyNames"),
}

var putRolePolicy = &Operation{
	Name:     "PutRolePolicy",
	Doc:      "Writes an inline policy, which belongs to one role alone, and replaces one of the same name.",
	Access:   AccessPermissions,
	Audit:    AuditChange,
	Resource: onRole,
	Input: structure("PutRolePolicyInput",
		required("RoleName", roleName, "The role."),
		required("PolicyName", policyName, "The name of the inline policy."),
		required("PolicyDocument", policyDocument, "The policy as JSON."),
	),
	Errors: iamFailures(LimitExceeded, MalformedPolicyDocument, NoSuchEntity, UnmodifiableEntity),
}

var listInstanceProfilesForRole = &Operation{
	Name:     "ListInstanceProfilesForRole",
	Doc:      "Lists the instance profiles of a role: always none, since they are not served. Tools that delete roles ask for them first.",
	Access:   AccessList,
	Audit:    AuditRead,
	Resource: onRole,
	Input: pageInput("ListInstanceProfilesForRoleInput",
		required("RoleName", roleName, "The role."),
	),
	Output: pageOutput("ListInstanceProfilesForRoleOutput",
		required("InstanceProfiles", instanceProfiles, "Always empty: instance profiles are not served."),
	),
	Errors: iamFailures(NoSuchEntity),
	Paging: pagedBy("InstanceProfiles"),
}
