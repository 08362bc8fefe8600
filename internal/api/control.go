package api

// Control is what operators of this server do beside the identity pool service.
// AWS has no counterpart.
var Control = &Service{
	Name:         "poolkeeper",
	TargetPrefix: "PoolkeeperControl",
	Doc:          "The operator's side of this server: keys that sign tokens, the master key, sessions in use, where roles get credentials, and why policies decide as they do.",
	Operations: []*Operation{
		deleteRoleUpstream,
		getPolicyDecisions,
		getRoleUpstream,
		listRegions,
		listSigningKeys,
		revokeSessions,
		rotateMasterKey,
		rotateSigningKeys,
		setRoleUpstream,
	},
}

var (
	activateNow         = scalar("ActivateNow", Boolean)
	revokeRoot          = scalar("RevokeRoot", Boolean)
	signingKeyID        = text("SigningKeyId", 0, 0, "")
	signingKeyAlgorithm = text("SigningKeyAlgorithm", 0, 0, "")
	signingKeyForPools  = scalar("SigningKeyForPools", Boolean)
	signingKeyStatus    = enum("SigningKeyStatus", "Published", "Active", "Retired", "Expired")
	signingKeys         = list("SigningKeyList", signingKey, 0, 0)

	signingKey = structure("SigningKey",
		optional("KeyId", signingKeyID, "The key id: the kid of tokens, and of the key in the key set."),
		optional("Algorithm", signingKeyAlgorithm, "The JWS algorithm that the key signs with, such as RS512."),
		optional("Status", signingKeyStatus, "Published: not yet signing. Active: signing. Retired: its last tokens may still be valid. Expired: no longer published."),
		optional("ForPools", signingKeyForPools, "Whether the key signs for the pools that ask for its algorithm; left out for the server's own keys."),
		optional("CreationDate", dateType, "When the signing key was published."),
		optional("ActivationDate", dateType, "From when on the signing key may sign."),
		optional("ExpirationDate", dateType, "When the last token of the signing key has expired; left out while no other key is set to replace it and, for pools, some pool asks for its algorithm."),
	)
)

var (
	decisionAction   = text("DecisionAction", 3, 128, `[\w-]+:[\w-]+`)
	decisionResource = text("DecisionResource", 1, 2048, "")
	decisionKey      = text("DecisionContextKey", 1, 256, "")
	decisionValue    = text("DecisionContextValue", 0, 2048, "")

	policyDecision = structure("PolicyDecision",
		optional("Action", decisionAction, "The action asked about."),
		optional("Resource", decisionResource, "The resource asked about."),
		optional("Decision", enum("PolicyDecisionType", "allowed", "explicitDeny", "implicitDeny"), "Whether the action is allowed, denied by a statement, or allowed by none."),
		optional("Reason", text("PolicyDecisionReason", 0, 0, ""), "Which statement of which policy decided, or why none did."),
	)
)

var (
	upstreamURL      = text("UpstreamUrl", 1, 2048, "")
	upstreamDuration = number("UpstreamDurationSeconds", Integer, 900, 3600)
	onRoleARN        = Resource{Form: ByARN, Member: "RoleArn"}

	roleUpstream = structure("RoleUpstream",
		required("Url", upstreamURL, "The URL of the other STS, to which AssumeRoleWithWebIdentity is posted."),
		required("RoleArn", iamARN, "The role there."),
		optional("DurationSeconds", upstreamDuration, "How long credentials are asked for, in seconds. Left out: 3600."),
		optional("Policy", sessionPolicyDocument, "A session policy as JSON that goes along with each call."),
	)
)

var deleteRoleUpstream = &Operation{
	Name:     "DeleteRoleUpstream",
	Doc:      "Takes the upstream from a role: identities get credentials of this server again.",
	Access:   AccessPermissions,
	Audit:    AuditChange,
	Resource: onRoleARN,
	Input: structure("DeleteRoleUpstreamInput",
		required("RoleArn", iamARN, "The role here."),
	),
	Output: structure("DeleteRoleUpstreamOutput"),
	Errors: []Code{ResourceNotFoundException, InternalErrorException},
}

var getRoleUpstream = &Operation{
	Name:     "GetRoleUpstream",
	Doc:      "Returns the upstream of a role.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: onRoleARN,
	Input: structure("GetRoleUpstreamInput",
		required("RoleArn", iamARN, "The role here."),
	),
	Output: structure("GetRoleUpstreamOutput",
		required("Upstream", roleUpstream, "The upstream."),
	),
	Errors: []Code{ResourceNotFoundException, InternalErrorException},
}

var setRoleUpstream = &Operation{
	Name:     "SetRoleUpstream",
	Doc:      "Backs a role by another STS: GetCredentialsForIdentity exchanges the identity's token there, and hands on the credentials it gets.",
	Access:   AccessPermissions,
	Audit:    AuditChange,
	Resource: onRoleARN,
	Input: structure("SetRoleUpstreamInput",
		required("RoleArn", iamARN, "The role here. Its trust policy still decides who may take it."),
		required("Upstream", roleUpstream, "The upstream; it replaces the one that the role has."),
	),
	Output: structure("SetRoleUpstreamOutput"),
	Errors: []Code{InvalidParameterException, MalformedPolicyDocument, ResourceNotFoundException, InternalErrorException},
}

var getPolicyDecisions = &Operation{
	Name:   "GetPolicyDecisions",
	Doc:    "Says what a user or a role may do, and why. Nothing is called.",
	Access: AccessRead,
	Audit:  AuditRead,
	Input: structure("GetPolicyDecisionsInput",
		optional("UserName", existingUserName, "The user that would call."),
		optional("RoleName", roleName, "The role whose session would call."),
		required("Actions", list("DecisionActionList", decisionAction, 1, 128), "The actions, such as cognito-identity:DescribeIdentityPool."),
		optional("Resources", list("DecisionResourceList", decisionResource, 0, 128), "The ARNs that each action would be on; without any, the resource *."),
		optional("Context", table("DecisionContext", decisionKey, decisionValue, 64), "Values of condition keys, one for each. They go before those that follow from the user or role."),
	),
	Output: structure("GetPolicyDecisionsOutput",
		optional("Decisions", list("PolicyDecisionList", policyDecision, 0, 0), "One for each action and resource, in their order."),
	),
	Errors: []Code{InvalidParameterException, ResourceNotFoundException, InternalErrorException},
}

var listRegions = &Operation{
	Name:   "ListRegions",
	Doc:    "Lists the regions that are served, the home region first.",
	Access: AccessList,
	Audit:  AuditRead,
	Input:  structure("ListRegionsInput"),
	Output: structure("ListRegionsOutput",
		optional("Regions", list("RegionList", text("RegionName", 0, 0, ""), 0, 0), "The names of the regions."),
	),
	Errors: []Code{InternalErrorException},
}

var listSigningKeys = &Operation{
	Name:   "ListSigningKeys",
	Doc:    "Lists the keys that sign tokens, oldest first, expired ones among them.",
	Access: AccessList,
	Audit:  AuditRead,
	Input:  structure("ListSigningKeysInput"),
	Output: structure("ListSigningKeysOutput",
		optional("SigningKeys", signingKeys, "The signing keys."),
	),
	Errors: []Code{InternalErrorException},
}

var revokeSessions = &Operation{
	Name:   "RevokeSessions",
	Doc:    "Refuses the temporary credentials that a role, a user or root has now, from the next request on. Name one of them.",
	Access: AccessWrite,
	Audit:  AuditChange,
	Input: structure("RevokeSessionsInput",
		optional("RoleName", roleName, "The role whose sessions are refused."),
		optional("UserName", existingUserName, "The user whose sessions are refused. Those of roles that the user assumed are the roles' own."),
		optional("Root", revokeRoot, "Whether it is the sessions of the account's root."),
	),
	Output: structure("RevokeSessionsOutput",
		optional("IssuedBefore", dateType, "Sessions issued before it are refused."),
	),
	Errors: []Code{InvalidParameterException, ResourceNotFoundException, InternalErrorException},
}

var masterKeyFile = text("MasterKeyFile", 1, 4096, "")

var rotateMasterKey = &Operation{
	Name:   "RotateMasterKey",
	Doc:    "Seals all that is sealed in the store under another master key, while it is in use.",
	Access: AccessWrite,
	Audit:  AuditChange,
	Input: structure("RotateMasterKeyInput",
		required("MasterKeyFile", masterKeyFile, "The file of the new master key, which the server reads. The key itself is in no request."),
	),
	Output: structure("RotateMasterKeyOutput",
		optional("SealedValues", number("SealedValues", Long, 0, 0), "How many values were sealed under another master key before; left out if none was."),
		optional("MasterKeyFile", masterKeyFile, "The file that the server has put the new key into; left out where others keep it."),
		optional("OldMasterKeyFile", masterKeyFile, "The file in which the server has kept the old one."),
	),
	Errors: []Code{InvalidParameterException, ResourceConflictException, InternalErrorException},
}

var rotateSigningKeys = &Operation{
	Name:   "RotateSigningKeys",
	Doc:    "Publishes a new signing key, which replaces the active one once verifiers have had time to fetch it.",
	Access: AccessWrite,
	Audit:  AuditChange,
	Input: structure("RotateSigningKeysInput",
		optional("PoolAlgorithm", signingAlgorithm, "The algorithm of the key to replace, which signs for the pools that ask for it. Left out: the server's own key is replaced."),
		optional("ActivateNow", activateNow, "Whether the new key signs at once. Verifiers that keep an older key set refuse its tokens until they fetch again."),
	),
	Output: structure("RotateSigningKeysOutput",
		optional("SigningKey", signingKey, "The signing key published."),
	),
	Errors: []Code{InvalidParameterException, ResourceConflictException, InternalErrorException},
}
