package api

var createAccessKey = &Operation{
	Name:     "CreateAccessKey",
	Doc:      "Creates an access key for a user. This answer is the only one that ever holds its secret.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onUser,
	Input: structure("CreateAccessKeyInput",
		optional("UserName", existingUserName, "The user. Left out: the one that calls."),
	),
	Output: structure("CreateAccessKeyOutput",
		required("AccessKey", accessKey, "The access key created, with its secret."),
	),
	Errors: iamFailures(NoSuchEntity, LimitExceeded),
}

var deleteAccessKey = &Operation{
	Name:     "DeleteAccessKey",
	Doc:      "Deletes an access key of a user. Requests signed with it are refused from then on.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onUser,
	Input: structure("DeleteAccessKeyInput",
		optional("UserName", existingUserName, "The user. Left out: the one that calls."),
		required("AccessKeyId", accessKeyID, "The access key to delete."),
	),
	Errors: iamFailures(NoSuchEntity, LimitExceeded),
}

var getAccessKeyLastUsed = &Operation{
	Name:     "GetAccessKeyLastUsed",
	Doc:      "Returns whose an access key is, and when it last signed a request.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: Resource{Form: UserByAccessKey, Member: "AccessKeyId"},
	Input: structure("GetAccessKeyLastUsedInput",
		required("AccessKeyId", accessKeyID, "The access key."),
	),
	Output: structure("GetAccessKeyLastUsedOutput",
		optional("UserName", existingUserName, "The user whose requests the access key signs."),
		optional("AccessKeyLastUsed", accessKeyLastUsed, "Its last use."),
	),
	Errors: []Code{NoSuchEntity},
}

var listAccessKeys = &Operation{
	Name:     "ListAccessKeys",
	Doc:      "Lists the access keys of a user, without their secrets.",
	Access:   AccessList,
	Audit:    AuditRead,
	Resource: onUser,
	Input: pageInput("ListAccessKeysInput",
		optional("UserName", existingUserName, "The user. Left out: the one that calls."),
	),
	Output: pageOutput("ListAccessKeysOutput",
		required("AccessKeyMetadata", accessKeyList, "The access keys of this page."),
	),
	Errors: iamFailures(NoSuchEntity),
	Paging: pagedBy("AccessKeyMetadata"),
}

var updateAccessKey = &Operation{
	Name:     "UpdateAccessKey",
	Doc:      "Makes an access key inactive, so that requests signed with it are refused, or active again.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onUser,
	Input: structure("UpdateAccessKeyInput",
		optional("UserName", existingUserName, "The user. Left out: the one that calls."),
		required("AccessKeyId", accessKeyID, "The access key to change."),
		required("Status", accessKeyStatus, "What it becomes."),
	),
	Errors: iamFailures(NoSuchEntity, LimitExceeded),
}
