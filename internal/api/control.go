package api

// Control is what operators of this server do beside the identity pool service.
// AWS has no counterpart.
var Control = &Service{
	Name:         "poolkeeper",
	TargetPrefix: "PoolkeeperControl",
	Doc:          "The operator's side of this server: access keys that sign requests, and signing keys that sign tokens.",
	Operations: []*Operation{
		createAccessKey,
		deleteAccessKey,
		listAccessKeys,
		listSigningKeys,
		rotateSigningKeys,
	},
}

var (
	accessKeyID          = text("AccessKeyId", 16, 128, `[\w]+`)
	accessKeyDescription = text("AccessKeyDescription", 0, 256, "")
	secretAccessKey      = secret("SecretAccessKey", 0, 0)
	activateNow          = scalar("ActivateNow", Boolean)
	signingKeyID         = text("SigningKeyId", 0, 0, "")
	signingKeyAlgorithm  = text("SigningKeyAlgorithm", 0, 0, "")
	signingKeyStatus     = enum("SigningKeyStatus", "Published", "Active", "Retired", "Expired")
	accessKeys           = list("AccessKeyList", accessKey, 0, 0)
	signingKeys          = list("SigningKeyList", signingKey, 0, 0)

	accessKey = structure("AccessKey",
		optional("AccessKeyId", accessKeyID, "The access key id."),
		optional("AccountId", accountID, "The account whose requests the access key signs."),
		optional("Description", accessKeyDescription, "The note given when the access key was created."),
		optional("CreationDate", dateType, "When the access key was created."),
	)
	signingKey = structure("SigningKey",
		optional("KeyId", signingKeyID, "The key id: the kid of tokens, and of the key in the key set."),
		optional("Algorithm", signingKeyAlgorithm, "The JWS algorithm that the key signs with, such as RS512."),
		optional("Status", signingKeyStatus, "Published: not yet signing. Active: signing. Retired: its last tokens may still be valid. Expired: no longer published."),
		optional("CreationDate", dateType, "When the signing key was published."),
		optional("ActivationDate", dateType, "From when on the signing key may sign."),
		optional("ExpirationDate", dateType, "When the last token of the signing key has expired; left out while no other key is set to replace it."),
	)
)

var createAccessKey = &Operation{
	Name:   "CreateAccessKey",
	Doc:    "Creates an access key for your account. This answer is the only one that ever holds its secret.",
	Access: AccessWrite,
	Input: structure("CreateAccessKeyInput",
		optional("Description", accessKeyDescription, "A note on what the access key is for."),
	),
	Output: structure("CreateAccessKeyOutput",
		optional("AccessKey", accessKey, "The access key created."),
		optional("SecretAccessKey", secretAccessKey, "The secret access key. Keep it now: it can not be shown again."),
	),
	Errors: []Code{InvalidParameterException, InternalErrorException},
}

var deleteAccessKey = &Operation{
	Name:   "DeleteAccessKey",
	Doc:    "Deletes an access key of your account. Requests signed with it are refused from then on.",
	Access: AccessWrite,
	Input: structure("DeleteAccessKeyInput",
		required("AccessKeyId", accessKeyID, "The access key to delete."),
	),
	Errors: []Code{InvalidParameterException, ResourceNotFoundException, InternalErrorException},
}

var listAccessKeys = &Operation{
	Name:   "ListAccessKeys",
	Doc:    "Lists the access keys of your account, oldest first, without their secrets.",
	Access: AccessList,
	Input:  structure("ListAccessKeysInput"),
	Output: structure("ListAccessKeysOutput",
		optional("AccessKeys", accessKeys, "The access keys."),
	),
	Errors: []Code{InternalErrorException},
}

var listSigningKeys = &Operation{
	Name:   "ListSigningKeys",
	Doc:    "Lists the keys that sign tokens, oldest first, expired ones among them.",
	Access: AccessList,
	Input:  structure("ListSigningKeysInput"),
	Output: structure("ListSigningKeysOutput",
		optional("SigningKeys", signingKeys, "The signing keys."),
	),
	Errors: []Code{InternalErrorException},
}

var rotateSigningKeys = &Operation{
	Name:   "RotateSigningKeys",
	Doc:    "Publishes a new signing key, which replaces the active one once verifiers have had time to fetch it.",
	Access: AccessWrite,
	Input: structure("RotateSigningKeysInput",
		optional("ActivateNow", activateNow, "Whether the new key signs at once. Verifiers that keep an older key set refuse its tokens until they fetch again."),
	),
	Output: structure("RotateSigningKeysOutput",
		optional("SigningKey", signingKey, "The signing key published."),
	),
	Errors: []Code{InvalidParameterException, ResourceConflictException, InternalErrorException},
}
