package api

// Scalars of IAM.
var (
	accessKeyID         = text("accessKeyIdType", 16, 128, `[\w]+`)
	clientID            = text("clientIDType", 1, 255, "")
	existingUserName    = text("existingUserNameType", 1, 128, `[\w+=,.@-]+`)
	groupName           = text("groupNameType", 1, 128, `[\w+=,.@-]+`)
	iamARN              = text("arnType", 20, 2048, "")
	iamID               = text("idType", 16, 128, `[\w]+`)
	iamPath             = text("pathType", 1, 512, `(\u002F)|(\u002F[\u0021-\u007F]+\u002F)`)
	iamPathPrefix       = text("pathPrefixType", 1, 512, `\u002F[\u0021-\u007F]*`)
	iamString           = text("stringType", 0, 0, "")
	iamTagKey           = text("tagKeyType", 1, 128, `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`)
	iamTagValue         = text("tagValueType", 0, 256, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
	instanceProfileName = text("instanceProfileNameType", 1, 128, `[\w+=,.@-]+`)
	marker              = text("markerType", 1, 320, `[\u0020-\u00FF]+`)
	oidcProviderURL     = text("OpenIDConnectProviderUrlType", 1, 255, "")
	policyDescription   = text("policyDescriptionType", 0, 1000, "")
	policyDocument      = text("policyDocumentType", 1, 131072, `[\u0009\u000A\u000D\u0020-\u00FF]+`)
	policyName          = text("policyNameType", 1, 128, `[\w+=,.@-]+`)
	policyPath          = text("policyPathType", 1, 512, `((/[A-Za-z0-9\.,\+@=_-]+)*)/`)
	policyVersionID     = text("policyVersionIdType", 0, 0, `v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`)
	responseMarker      = text("responseMarkerType", 0, 0, "")
	roleDescription     = text("roleDescriptionType", 0, 1000, `[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*`)
	roleName            = text("roleNameType", 1, 64, `[\w+=,.@-]+`)
	samlMetadata        = text("SAMLMetadataDocumentType", 1000, 10000000, "")
	samlProviderName    = text("SAMLProviderNameType", 1, 128, `[\w._-]+`)
	thumbprint          = text("thumbprintType", 40, 40, "")
	userName            = text("userNameType", 1, 64, `[\w+=,.@-]+`)

	accessKeySecret = secret("accessKeySecretType", 0, 0)

	accessKeyStatus = enum("statusType", "Active", "Inactive")
	boundaryType    = enum("PermissionsBoundaryAttachmentType", "PermissionsBoundaryPolicy")
	entityType      = enum("EntityType", "User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")
	policyScope     = enum("policyScopeType", "All", "AWS", "Local")
	policyUsage     = enum("PolicyUsageType", "PermissionsPolicy", "PermissionsBoundary")

	maxItems           = number("maxItemsType", Integer, 1, 1000)
	maxSessionDuration = number("roleMaxSessionDurationType", Integer, 3600, 43200)

	attachmentCount = scalar("attachmentCountType", Integer)
	iamBoolean      = scalar("booleanType", Boolean)
	iamDate         = scalar("dateType", Timestamp)
)

// Collections of IAM.
var (
	accessKeyList       = list("accessKeyMetadataListType", accessKeyMetadata, 0, 0)
	attachedPolicies    = list("attachedPoliciesListType", attachedPolicy, 0, 0)
	clientIDs           = list("clientIDListType", clientID, 0, 0)
	groups              = list("groupListType", group, 0, 0)
	iamTagKeys          = list("tagKeyListType", iamTagKey, 0, 50)
	iamTags             = list("tagListType", iamTag, 0, 50)
	instanceProfiles    = list("instanceProfileListType", instanceProfile, 0, 0)
	oidcProviderEntries = list("OpenIDConnectProviderListType", oidcProviderEntry, 0, 0)
	policies            = list("policyListType", policy, 0, 0)
	policyGroups        = list("PolicyGroupListType", policyGroup, 0, 0)
	policyNames         = list("policyNameListType", policyName, 0, 0)
	policyRoles         = list("PolicyRoleListType", policyRole, 0, 0)
	policyUsers         = list("PolicyUserListType", policyUser, 0, 0)
	policyVersions      = list("policyDocumentVersionListType", policyVersion, 0, 0)
	roles               = list("roleListType", role, 0, 0)
	samlProviderEntries = list("SAMLProviderListType", samlProviderEntry, 0, 0)
	thumbprints         = list("thumbprintListType", thumbprint, 0, 0)
	users               = list("userListType", user, 0, 0)
)

// Structures of IAM that several operations, or collections, share.
var (
	accessKey = structure("AccessKey",
		required("UserName", userName, "The user whose requests the access key signs."),
		required("AccessKeyId", accessKeyID, "The access key id."),
		required("Status", accessKeyStatus, "Active: it signs requests. Inactive: requests signed with it are refused."),
		required("SecretAccessKey", accessKeySecret, "The secret access key. Keep it now: it can not be shown again."),
		optional("CreateDate", iamDate, "When the access key was created."),
	)
	accessKeyLastUsed = structure("AccessKeyLastUsed",
		optional("LastUsedDate", iamDate, "When the access key last signed a request; left out when it never did."),
		required("ServiceName", iamString, "The service it last called, such as sts; N/A when it never did."),
		required("Region", iamString, "The region of that call; N/A when there was none."),
	)
	accessKeyMetadata = structure("AccessKeyMetadata",
		optional("UserName", userName, "The user whose requests the access key signs."),
		optional("AccessKeyId", accessKeyID, "The access key id."),
		optional("Status", accessKeyStatus, "Active: it signs requests. Inactive: requests signed with it are refused."),
		optional("CreateDate", iamDate, "When the access key was created."),
	)
	attachedPolicy = structure("AttachedPolicy",
		optional("PolicyName", policyName, "The name of the policy."),
		optional("PolicyArn", iamARN, "The ARN of the policy."),
	)
	group = structure("Group",
		required("Path", iamPath, "The path of the group."),
		required("GroupName", groupName, "The name of the group."),
		required("GroupId", iamID, "The id of the group."),
		required("Arn", iamARN, "The ARN of the group."),
		required("CreateDate", iamDate, "When the group was created."),
	)
	iamTag = structure("Tag",
		required("Key", iamTagKey, "The key of the tag. Keys that differ only in case are the same."),
		required("Value", iamTagValue, "The value of the tag, which may be empty."),
	)
	instanceProfile = structure("InstanceProfile",
		required("Path", iamPath, "The path of the instance profile."),
		required("InstanceProfileName", instanceProfileName, "The name of the instance profile."),
		required("InstanceProfileId", iamID, "The id of the instance profile."),
		required("Arn", iamARN, "The ARN of the instance profile."),
		required("CreateDate", iamDate, "When the instance profile was created."),
		required("Roles", roles, "The role of the instance profile."),
		optional("Tags", iamTags, "The tags of the instance profile."),
	)
	oidcProviderEntry = structure("OpenIDConnectProviderListEntry",
		optional("Arn", iamARN, "The ARN of the OpenID Connect provider."),
	)
	permissionsBoundary = structure("AttachedPermissionsBoundary",
		optional("PermissionsBoundaryType", boundaryType, "Always absent: permissions boundaries are not served."),
		optional("PermissionsBoundaryArn", iamARN, "Always absent: permissions boundaries are not served."),
	)
	policy = structure("Policy",
		optional("PolicyName", policyName, "The name of the policy, unique in the account."),
		optional("PolicyId", iamID, "The id of the policy: ANPA and 17 letters or digits, never used again."),
		optional("Arn", iamARN, "The ARN of the policy, by which operations name it."),
		optional("Path", policyPath, "The path of the policy, which is part of its ARN."),
		optional("DefaultVersionId", policyVersionID, "The version that is in force."),
		required("AttachmentCount", attachmentCount, "How many users and roles the policy is attached to."),
		required("PermissionsBoundaryUsageCount", attachmentCount, "Always 0: permissions boundaries are not served."),
		optional("IsAttachable", iamBoolean, "Whether the policy can be attached: always true."),
		optional("Description", policyDescription, "The description given when the policy was created. Lists leave it out."),
		optional("CreateDate", iamDate, "When the policy was created."),
		optional("UpdateDate", iamDate, "When the newest version of the policy was created."),
		optional("Tags", iamTags, "The tags of the policy. Lists leave them out."),
	)
	policyGroup = structure("PolicyGroup",
		optional("GroupName", groupName, "The name of the group."),
		optional("GroupId", iamID, "The id of the group."),
	)
	policyRole = structure("PolicyRole",
		optional("RoleName", roleName, "The name of the role."),
		optional("RoleId", iamID, "The id of the role."),
	)
	policyUser = structure("PolicyUser",
		optional("UserName", userName, "The name of the user."),
		optional("UserId", iamID, "The id of the user."),
	)
	policyVersion = structure("PolicyVersion",
		optional("Document", policyDocument, "The policy as JSON, percent-encoded (RFC 3986). Only GetPolicyVersion returns it."),
		optional("VersionId", policyVersionID, "The version: v1, then v2 and so on."),
		optional("IsDefaultVersion", iamBoolean, "Whether this version is in force."),
		optional("CreateDate", iamDate, "When the version was created."),
	)
	role = structure("Role",
		required("Path", iamPath, "The path of the role, which is part of its ARN."),
		required("RoleName", roleName, "The name of the role, unique in the account whatever the path."),
		required("RoleId", iamID, "The id of the role: AROA and 17 letters or digits, never used again."),
		required("Arn", iamARN, "The ARN of the role."),
		required("CreateDate", iamDate, "When the role was created."),
		optional("AssumeRolePolicyDocument", policyDocument, "The trust policy as JSON, percent-encoded (RFC 3986): who may take the role."),
		optional("Description", roleDescription, "What the role is for."),
		optional("MaxSessionDuration", maxSessionDuration, "How long credentials of the role may be valid, in seconds."),
		optional("PermissionsBoundary", permissionsBoundary, "Always absent: permissions boundaries are not served."),
		optional("Tags", iamTags, "The tags of the role. Lists leave them out."),
		optional("RoleLastUsed", roleLastUsed, "When the role was last used. Lists leave it out."),
	)
	roleLastUsed = structure("RoleLastUsed",
		optional("LastUsedDate", iamDate, "When credentials of the role last signed a request; left out when they never did."),
		optional("Region", iamString, "The region of that request."),
	)
	samlProviderEntry = structure("SAMLProviderListEntry",
		optional("Arn", iamARN, "The ARN of the SAML provider."),
		optional("ValidUntil", iamDate, "Until when the metadata says that it is valid."),
		optional("CreateDate", iamDate, "When the SAML provider was created."),
	)
	user = structure("User",
		required("Path", iamPath, "The path of the user, which is part of its ARN."),
		required("UserName", userName, "The name of the user, unique in the account whatever the path."),
		required("UserId", iamID, "The id of the user: AIDA and 17 letters or digits, never used again."),
		required("Arn", iamARN, "The ARN of the user."),
		required("CreateDate", iamDate, "When the user was created."),
		optional("PasswordLastUsed", iamDate, "Always absent: users have no password here."),
		optional("PermissionsBoundary", permissionsBoundary, "Always absent: permissions boundaries are not served."),
		optional("Tags", iamTags, "The tags of the user. Lists leave them out."),
	)
)
