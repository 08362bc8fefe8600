package api

var createUser = &Operation{
	Name:     "CreateUser",
	Doc:      "Creates a user: a lasting principal of your account. It may do nothing until it has a policy, and sign nothing until it has an access key.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: Resource{Form: UserByName, Member: "UserName", Path: "Path"},
	Input: structure("CreateUserInput",
		optional("Path", iamPath, "A path to sort users by, such as /backends/. Left out: a slash."),
		required("UserName", userName, "The name of the user. Names that differ only in case are the same."),
		optional("PermissionsBoundary", iamARN, "Refused: permissions boundaries are not served."),
		optional("Tags", iamTags, "Tags to put on the user."),
	),
	Output: structure("CreateUserOutput",
		optional("User", user, "The user created."),
	),
	Errors:     iamFailures(LimitExceeded, EntityAlreadyExists, NoSuchEntity, InvalidInput, ConcurrentModification),
	Conditions: taggingConditions,
}

var deleteUser = &Operation{
	Name:     "DeleteUser",
	Doc:      "Deletes a user that has neither access keys nor policies any more.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onUser,
	Input: structure("DeleteUserInput",
		required("UserName", existingUserName, "The user to delete."),
	),
	Errors: iamFailures(LimitExceeded, NoSuchEntity, DeleteConflict, ConcurrentModification),
}

var getUser = &Operation{
	Name:     "GetUser",
	Doc:      "Returns a user with its tags.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: onUser,
	Input: structure("GetUserInput",
		optional("UserName", existingUserName, "The user. Left out: the one that calls."),
	),
	Output: structure("GetUserOutput",
		required("User", user, "The user."),
	),
	Errors: iamFailures(NoSuchEntity),
}

var listUsers = &Operation{
	Name:     "ListUsers",
	Doc:      "Lists the users of your account.",
	Access:   AccessList,
	Resource: Resource{Called: "arn:aws:iam::${Account}:user${PathPrefix}"},
	Audit:    AuditRead,
	Input: pageInput("ListUsersInput",
		optional("PathPrefix", iamPathPrefix, "What the paths of the users begin with. Left out: all users."),
	),
	Output: pageOutput("ListUsersOutput",
		required("Users", users, "The users of this page."),
	),
	Errors: iamFailures(),
	Paging: pagedBy("Users"),
}

var updateUser = &Operation{
	Name:     "UpdateUser",
	Doc:      "Gives a user another name or path, and with it another ARN. Its id, access keys and policies stay.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onUser,
	Input: structure("UpdateUserInput",
		required("UserName", existingUserName, "The user to change."),
		optional("NewPath", iamPath, "The new path. Left out: it stays."),
		optional("NewUserName", userName, "The new name. Left out: it stays."),
	),
	Errors: iamFailures(NoSuchEntity, LimitExceeded, EntityAlreadyExists, EntityTemporarilyUnmodifiable, ConcurrentModification),
}

var deleteUserPolicy = &Operation{
	Name:     "DeleteUserPolicy",
	Doc:      "Deletes an inline policy of a user.",
	Access:   AccessPermissions,
	Audit:    AuditChange,
	Resource: onUser,
	Input: structure("DeleteUserPolicyInput",
		required("UserName", existingUserName, "The user."),
		required("PolicyName", policyName, "The inline policy to delete."),
	),
	Errors: iamFailures(NoSuchEntity, LimitExceeded),
}

var getUserPolicy = &Operation{
	Name:     "GetUserPolicy",
	Doc:      "Returns an inline policy of a user.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: onUser,
	Input: structure("GetUserPolicyInput",
		required("UserName", existingUserName, "The user."),
		required("PolicyName", policyName, "The inline policy."),
	),
	Output: structure("GetUserPolicyOutput",
		required("UserName", existingUserName, "The user."),
		required("PolicyName", policyName, "The name of the inline policy."),
		required("PolicyDocument", policyDocument, "The policy as JSON, percent-encoded (RFC 3986)."),
	),
	Errors: iamFailures(NoSuchEntity),
}

var listUserPolicies = &Operation{
	Name:     "ListUserPolicies",
	Doc:      "Lists the names of the inline policies of a user. ListAttachedUserPolicies lists those attached.",
	Access:   AccessList,
	Audit:    AuditRead,
	Resource: onUser,
	Input: pageInput("ListUserPoliciesInput",
		required("UserName", existingUserName, "The user."),
	),
	Output: pageOutput("ListUserPoliciesOutput",
		required("PolicyNames", policyNames, "The names of this page."),
	),
	Errors: iamFailures(NoSuchEntity),
	Paging: pagedBy("PolicyNames"),
}

var putUserPolicy = &Operation{
	Name:     "PutUserPolicy",
	Doc:      "Writes an inline policy, which belongs to one user alone, and replaces one of the same name.",
	Access:   AccessPermissions,
	Audit:    AuditChange,
	Resource: onUser,
	Input: structure("PutUserPolicyInput",
		required("UserName", existingUserName, "The user."),
		required("PolicyName", policyName, "The name of the inline policy."),
		required("PolicyDocument", policyDocument, "The policy as JSON."),
	),
	Errors: iamFailures(LimitExceeded, MalformedPolicyDocument, NoSuchEntity),
}

var listGroupsForUser = &Operation{
	Name:     "ListGroupsForUser",
	Doc:      "Lists the groups of a user: always none, since groups are not served. Tools that delete users ask for them first.",
	Access:   AccessList,
	Audit:    AuditRead,
	Resource: onUser,
	Input: pageInput("ListGroupsForUserInput",
		required("UserName", existingUserName, "The user."),
	),
	Output: pageOutput("ListGroupsForUserOutput",
		required("Groups", groups, "Always empty: groups are not served."),
	),
	Errors: iamFailures(NoSuchEntity),
	Paging: pagedBy("Groups"),
}
