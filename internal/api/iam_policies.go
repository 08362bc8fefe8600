package api

var createPolicy = &Operation{
	Name:     "CreatePolicy",
	Doc:      "Creates a managed policy, which can be attached to any number of users and roles, with its first version.",
	Access:   AccessPermissions,
	Resource: Resource{Form: PolicyByName, Member: "PolicyName", Path: "Path", Called: "policy ${PolicyName}"},
	Input: structure("CreatePolicyInput",
		required("PolicyName", policyName, "The name of the policy. Names that differ only in case are the same."),
		optional("Path", policyPath, "A path to sort policies by, such as /uploads/. Left out: a slash."),
		required("PolicyDocument", policyDocument, "The policy as JSON."),
		optional("Description", policyDescription, "What the policy is for. It can not be changed."),
		optional("Tags", iamTags, "Tags to put on the policy."),
	),
	Output: structure("CreatePolicyOutput",
		optional("Policy", policy, "The policy created."),
	),
	Errors:     iamFailures(InvalidInput, LimitExceeded, EntityAlreadyExists, MalformedPolicyDocument, ConcurrentModification),
	Conditions: taggingConditions,
}

var deletePolicy = &Operation{
	Name:     "DeletePolicy",
	Doc:      "Deletes a managed policy that is attached to nothing and has no version but the one in force.",
	Access:   AccessPermissions,
	Resource: onPolicy,
	Input: structure("DeletePolicyInput",
		required("PolicyArn", iamARN, "The policy to delete."),
	),
	Errors: iamFailures(NoSuchEntity, LimitExceeded, InvalidInput, DeleteConflict),
}

var getPolicy = &Operation{
	Name:     "GetPolicy",
	Doc:      "Returns a managed policy without its document, which GetPolicyVersion returns.",
	Access:   AccessRead,
	Resource: onPolicy,
	Input: structure("GetPolicyInput",
		required("PolicyArn", iamARN, "The policy."),
	),
	Output: structure("GetPolicyOutput",
		optional("Policy", policy, "The policy."),
	),
	Errors: iamFailures(NoSuchEntity, InvalidInput),
}

var listPolicies = &Operation{
	Name:     "ListPolicies",
	Doc:      "Lists the managed policies of your account.",
	Access:   AccessList,
	Resource: Resource{Called: "policy path ${PathPrefix}"},
	Input: pageInput("ListPoliciesInput",
		optional("Scope", policyScope, "All or Local: those of your account. AWS: those of AWS, of which there are none here. Left out: All."),
		optional("OnlyAttached", iamBoolean, "Whether to list only policies that are attached. Left out: all."),
		optional("PathPrefix", policyPath, "What the paths of the policies begin with. Left out: all policies."),
		optional("PolicyUsageFilter", policyUsage, "PermissionsPolicy: all policies. PermissionsBoundary: none, since boundaries are not served."),
	),
	Output: pageOutput("ListPoliciesOutput",
		optional("Policies", policies, "The policies of this page."),
	),
	Errors: iamFailures(),
	Paging: pagedBy("Policies"),
}

var createPolicyVersion = &Operation{
	Name:     "CreatePolicyVersion",
	Doc:      "Adds a version to a managed policy. The versions before stay, and can be put in force again.",
	Access:   AccessPermissions,
	Resource: onPolicy,
	Input: structure("CreatePolicyVersionInput",
		required("PolicyArn", iamARN, "The policy."),
		required("PolicyDocument", policyDocument, "The new version of the policy as JSON."),
		optional("SetAsDefault", iamBoolean, "Whether to put the new version in force at once. Left out: not."),
	),
	Output: structure("CreatePolicyVersionOutput",
		optional("PolicyVersion", policyVersion, "The version created, without its document."),
	),
	Errors: iamFailures(NoSuchEntity, MalformedPolicyDocument, InvalidInput, LimitExceeded),
}

var deletePolicyVersion = &Operation{
	Name:     "DeletePolicyVersion",
	Doc:      "Deletes a version of a managed policy, but not the one in force.",
	Access:   AccessPermissions,
	Resource: onPolicy,
	Input: structure("DeletePolicyVersionInput",
		required("PolicyArn", iamARN, "The policy."),
		required("VersionId", policyVersionID, "The version to delete."),
	),
	Errors: iamFailures(NoSuchEntity, LimitExceeded, InvalidInput, DeleteConflict),
}

var getPolicyVersion = &Operation{
	Name:     "GetPolicyVersion",
	Doc:      "Returns a version of a managed policy with its document.",
	Access:   AccessRead,
	Resource: onPolicy,
	Input: structure("GetPolicyVersionInput",
		required("PolicyArn", iamARN, "The policy."),
		required("VersionId", policyVersionID, "The version."),
	),
	Output: structure("GetPolicyVersionOutput",
		optional("PolicyVersion", policyVersion, "The version, with its document percent-encoded."),
	),
	Errors: iamFailures(NoSuchEntity, InvalidInput),
}

var listPolicyVersions = &Operation{
	Name:     "ListPolicyVersions",
	Doc:      "Lists the versions of a managed policy, without their documents.",
	Access:   AccessList,
	Resource: onPolicy,
	Input: pageInput("ListPolicyVersionsInput",
		required("PolicyArn", iamARN, "The policy."),
	),
	Output: pageOutput("ListPolicyVersionsOutput",
		optional("Versions", policyVersions, "The versions of this page."),
	),
	Errors: iamFailures(NoSuchEntity, InvalidInput),
	Paging: pagedBy("Versions"),
}

var setDefaultPolicyVersion = &Operation{
	Name:     "SetDefaultPolicyVersion",
	Doc:      "Puts a version of a managed policy in force, for everything that the policy is attached to.",
	Access:   AccessPermissions,
	Resource: onPolicy,
	Input: structure("SetDefaultPolicyVersionInput",
		required("PolicyArn", iamARN, "The policy."),
		required("VersionId", policyVersionID, "The version to put in force."),
	),
	Errors: iamFailures(NoSuchEntity, InvalidInput, LimitExceeded),
}

var attachRolePolicy = &Operation{
	Name:     "AttachRolePolicy",
	Doc:      "Attaches a managed policy to a role. One that is attached already stays so.",
	Access:   AccessPermissions,
	Resource: onRole,
	Input: structure("AttachRolePolicyInput",
		required("RoleName", roleName, "The role."),
		required("PolicyArn", iamARN, "The policy to attach."),
	),
	Errors:     iamFailures(NoSuchEntity, LimitExceeded, InvalidInput, UnmodifiableEntity, PolicyNotAttachable),
	Conditions: attachingConditions,
}

var attachUserPolicy = &Operation{
	Name:     "AttachUserPolicy",
	Doc:      "Attaches a managed policy to a user. One that is attached already stays so.",
	Access:   AccessPermissions,
	Resource: onUser,
	Input: structure("AttachUserPolicyInput",
		required("UserName", userName, "The user."),
		required("PolicyArn", iamARN, "The policy to attach."),
	),
	Errors:     iamFailures(NoSuchEntity, LimitExceeded, InvalidInput, PolicyNotAttachable),
	Conditions: attachingConditions,
}

var detachRolePolicy = &Operation{
	Name:     "DetachRolePolicy",
	Doc:      "Detaches a managed policy from a role. The policy itself stays.",
	Access:   AccessPermissions,
	Resource: onRole,
	Input: structure("DetachRolePolicyInput",
		required("RoleName", roleName, "The role."),
		required("PolicyArn", iamARN, "The policy to detach."),
	),
	Errors:     iamFailures(NoSuchEntity, LimitExceeded, InvalidInput, UnmodifiableEntity),
	Conditions: attachingConditions,
}

var detachUserPolicy = &Operation{
	Name:     "DetachUserPolicy",
	Doc:      "Detaches a managed policy from a user. The policy itself stays.",
	Access:   AccessPermissions,
	Resource: onUser,
	Input: structure("DetachUserPolicyInput",
		required("UserName", userName, "The user."),
		required("PolicyArn", iamARN, "The policy to detach."),
	),
	Errors:     iamFailures(NoSuchEntity, LimitExceeded, InvalidInput),
	Conditions: attachingConditions,
}

var listAttachedRolePolicies = &Operation{
	Name:     "ListAttachedRolePolicies",
	Doc:      "Lists the managed policies attached to a role. ListRolePolicies lists the inline ones.",
	Access:   AccessList,
	Resource: onRole,
	Input: pageInput("ListAttachedRolePoliciesInput",
		required("RoleName", roleName, "The role."),
		optional("PathPrefix", policyPath, "What the paths of the policies begin with. Left out: all policies."),
	),
	Output: pageOutput("ListAttachedRolePoliciesOutput",
		optional("AttachedPolicies", attachedPolicies, "The policies of this page."),
	),
	Errors: iamFailures(NoSuchEntity, InvalidInput),
	Paging: pagedBy("AttachedPolicies"),
}

var listAttachedUserPolicies = &Operation{
	Name:     "ListAttachedUserPolicies",
	Doc:      "Lists the managed policies attached to a user. ListUserPolicies lists the inline ones.",
	Access:   AccessList,
	Resource: onUser,
	Input: pageInput("ListAttachedUserPoliciesInput",
		required("UserName", userName, "The user."),
		optional("PathPrefix", policyPath, "What the paths of the policies begin with. Left out: all policies."),
	),
	Output: pageOutput("ListAttachedUserPoliciesOutput",
		optional("AttachedPolicies", attachedPolicies, "The policies of this page."),
	),
	Errors: iamFailures(NoSuchEntity, InvalidInput),
	Paging: pagedBy("AttachedPolicies"),
}

var listEntitiesForPolicy = &Operation{
	Name:     "ListEntitiesForPolicy",
	Doc:      "Lists the users and roles that a managed policy is attached to.",
	Access:   AccessList,
	Resource: onPolicy,
	Input: pageInput("ListEntitiesForPolicyInput",
		required("PolicyArn", iamARN, "The policy."),
		optional("EntityFilter", entityType, "User or Role: only those. Other kinds match nothing. Left out: both."),
		optional("PathPrefix", iamPath, "What the paths of the users and roles begin with. Left out: all."),
		optional("PolicyUsageFilter", policyUsage, "PermissionsPolicy: all. PermissionsBoundary: none, since boundaries are not served."),
	),
	Output: pageOutput("ListEntitiesForPolicyOutput",
		optional("PolicyGroups", policyGroups, "Always empty: groups are not served."),
		optional("PolicyUsers", policyUsers, "The users of this page."),
		optional("PolicyRoles", policyRoles, "The roles of this page."),
	),
	Errors: iamFailures(NoSuchEntity, InvalidInput),
	Paging: pagedBy("PolicyGroups", "PolicyUsers", "PolicyRoles"),
}
