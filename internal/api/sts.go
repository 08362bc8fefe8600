package api

import "slices"

// STS is the part of AWS Security Token Service by which signed callers, and those for
// whom an identity provider vouches, get temporary credentials. Members, bounds and errors are those of AWS's service
// model of 2011-06-15, where tags and dates have IAM's shapes; access levels,
// resources and condition keys those of the AWS service authorisation reference.
var STS = &Service{
	Protocol:  Query,
	Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
	Name:      "sts",
	Version:   "2011-06-15",
	Doc:       "Temporary credentials for roles and users, and who it is that calls.",
	Operations: []*Operation{
		assumeRole,
		assumeRoleWithWebIdentity,
		getCallerIdentity,
		getSessionToken,
	},
}

var (
	assumedRoleID         = text("assumedRoleIdType", 2, 193, `[\w+=,.@:-]*`)
	externalID            = text("externalIdType", 2, 1224, `[\w+=,.@:\/-]*`)
	mfaCode               = hidden("tokenCodeType", 6, 6, `[\d]*`)
	mfaSerialNumber       = text("serialNumberType", 9, 256, `[\w+=/:,.@-]*`)
	roleSessionName       = text("roleSessionNameType", 2, 64, `[\w+=,.@-]*`)
	sessionPolicyDocument = text("sessionPolicyDocumentType", 1, 2048, `[\u0009\u000A\u000D\u0020-\u00FF]+`)
	sourceIdentity        = text("sourceIdentityType", 2, 64, `[\w+=,.@-]*`)
	stsAccessKeyID        = text("accessKeyIdType", 16, 128, `[\w]*`)
	stsAccount            = text("accountType", 0, 0, "")
	stsARN                = text("arnType", 20, 2048, `[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+`)
	stsUserID             = text("userIdType", 0, 0, "")
	webIdentityAudience   = text("Audience", 0, 0, "")
	webIdentityIssuer     = text("Issuer", 0, 0, "")
	webIdentityProviderID = text("urlType", 4, 2048, "")
	webIdentitySubject    = text("webIdentitySubjectType", 6, 255, "")

	// AWS does not mark these. They are credentials, and stay out of logs.
	stsAccessKeySecret = secret("accessKeySecretType", 0, 0)
	stsSessionToken    = secret("tokenType", 0, 0)
	webIdentityToken   = secret("clientTokenType", 4, 20000)

	packedPolicySize     = scalar("nonNegativeIntegerType", Integer)
	roleSessionDuration  = number("roleDurationSecondsType", Integer, 900, 43200)
	tokenSessionDuration = number("durationSecondsType", Integer, 900, 129600)

	sessionPolicies = list("policyDescriptorListType", sessionPolicy, 0, 0)

	assumedRoleUser = structure("AssumedRoleUser",
		required("AssumedRoleId", assumedRoleID, "The id of the role, a colon and the name of the session."),
		required("Arn", stsARN, "The ARN of the session: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION."),
	)
	sessionPolicy = structure("PolicyDescriptorType",
		optional("arn", stsARN, "The ARN of a managed policy of the role's account."),
	)
	// The identity pool service has other Credentials.
	stsCredentials = structure("STSCredentials",
		required("AccessKeyId", stsAccessKeyID, "The access key id."),
		required("SecretAccessKey", stsAccessKeySecret, "The secret access key, with which requests are signed."),
		required("SessionToken", stsSessionToken, "The session token, which goes with every request."),
		required("Expiration", iamDate, "When the credentials cease to work."),
	)
)

var assumeRole = &Operation{
	Name:     "AssumeRole",
	Doc:      "Returns temporary credentials of a role to a caller whom its trust policy names.",
	Access:   AccessWrite,
	ByTrust:  true,
	Audit:    AuditIssue,
	Resource: Resource{Form: ByARN, Member: "RoleArn"},
	Input: structure("AssumeRoleInput",
		required("RoleArn", stsARN, "The role to take."),
		required("RoleSessionName", roleSessionName, "A name for the session. It becomes part of the ARN that the credentials have."),
		optional("PolicyArns", sessionPolicies, "Managed policies that, with Policy, limit the session: it may do what they and the role both allow."),
		optional("Policy", sessionPolicyDocument, "A policy as JSON that limits the session: it may do what this and the role both allow."),
		optional("DurationSeconds", roleSessionDuration, "How long the credentials are valid, in seconds, up to the maximum of the role. Left out: 3600."),
		optional("Tags", iamTags, "Session tags, which policies see as aws:PrincipalTag. They override tags of the role."),
		optional("TransitiveTagKeys", iamTagKeys, "The keys of session tags that a next role taken with the credentials gets too."),
		optional("ExternalId", externalID, "What the trust policy may ask for as sts:ExternalId, to tell apart those on whose behalf you call."),
		optional("SerialNumber", mfaSerialNumber, "Refused: MFA devices are not served."),
		optional("TokenCode", mfaCode, "Refused: MFA devices are not served."),
		optional("SourceIdentity", sourceIdentity, "Who is behind the call. It stays with the session and those taken from it."),
	),
	Output: structure("AssumeRoleOutput",
		optional("Credentials", stsCredentials, "The temporary credentials."),
		optional("AssumedRoleUser", assumedRoleUser, "The session that the credentials are of."),
		optional("PackedPolicySize", packedPolicySize, "What part of the room for session policies and tags is used, in percent; left out without any."),
		optional("SourceIdentity", sourceIdentity, "The source identity of the session."),
	),
	Errors: []Code{MalformedPolicyDocument, PackedPolicyTooLarge, RegionDisabledException, ExpiredTokenException},
	Conditions: slices.Concat(tagging("Tags"), []Condition{
		{"sts:ExternalId", "ExternalId"}, {"sts:RoleSessionName", "RoleSessionName"},
		{"sts:SourceIdentity", "SourceIdentity"}, {"sts:TransitiveTagKeys", "TransitiveTagKeys"},
	}),
}

var assumeRoleWithWebIdentity = &Operation{
	Name:   "AssumeRoleWithWebIdentity",
	Doc:    "Returns temporary credentials of a role to whoever has a token of an identity provider that its trust policy names.",
	Public: true,
	Access: AccessWrite,
	Audit:  AuditIssue,
	Input: structure("AssumeRoleWithWebIdentityInput",
		required("RoleArn", stsARN, "The role to take."),
		required("RoleSessionName", roleSessionName, "A name for the session. It becomes part of the ARN that the credentials have."),
		required("WebIdentityToken", webIdentityToken, "An OpenID Connect token: of an identity pool here, or of a provider that the role's account has registered."),
		optional("ProviderId", webIdentityProviderID, "Refused: OAuth 2.0 access tokens are not taken."),
		optional("PolicyArns", sessionPolicies, "Managed policies that, with Policy, limit the session: it may do what they and the role both allow."),
		optional("Policy", sessionPolicyDocument, "A policy as JSON that limits the session: it may do what this and the role both allow."),
		optional("DurationSeconds", roleSessionDuration, "How long the credentials are valid, in seconds, up to the maximum of the role. Left out: 3600."),
	),
	Output: structure("AssumeRoleWithWebIdentityOutput",
		optional("Credentials", stsCredentials, "The temporary credentials."),
		optional("SubjectFromWebIdentityToken", webIdentitySubject, "Whom the token is of: the identity id, or the provider's id of the user."),
		optional("AssumedRoleUser", assumedRoleUser, "The session that the credentials are of."),
		optional("PackedPolicySize", packedPolicySize, "What part of the room for session policies and tags is used, in percent; left out without any."),
		optional("Provider", webIdentityIssuer, "Who has issued the token: cognito-identity.amazonaws.com, or the ARN of the provider."),
		optional("Audience", webIdentityAudience, "Whom the token is for: the identity pool id, or the client id."),
		optional("SourceIdentity", sourceIdentity, "The source identity of the session."),
	),
	Errors: []Code{
		MalformedPolicyDocument, PackedPolicyTooLarge, IDPRejectedClaim, IDPCommunicationError, InvalidIdentityToken,
		ExpiredTokenException, RegionDisabledException,
	},
	Conditions: []Condition{
		{"aws:RequestTag/${TagKey}", ""}, {"aws:TagKeys", ""}, {"sts:RoleSessionName", "RoleSessionName"},
		{"sts:SourceIdentity", ""}, {"sts:TransitiveTagKeys", ""},
	},
}

var getCallerIdentity = &Operation{
	Name:         "GetCallerIdentity",
	Doc:          "Returns who signed the request. No policy is needed for it, and none can forbid it.",
	AnyPrincipal: true,
	Access:       AccessRead,
	Audit:        AuditRead,
	Input:        structure("GetCallerIdentityInput"),
	Output: structure("GetCallerIdentityOutput",
		optional("UserId", stsUserID, "The account id for root, AIDA and more for a user, AROA and more with the session's name for a role."),
		optional("Account", stsAccount, "The account of the caller."),
		optional("Arn", stsARN, "The ARN of the caller."),
	),
}

var getSessionToken = &Operation{
	Name:         "GetSessionToken",
	Doc:          "Returns temporary credentials that may do what the user who calls may. No policy is needed for it. Sessions can not call it.",
	AnyPrincipal: true,
	Access:       AccessRead,
	Audit:        AuditIssue,
	Input: structure("GetSessionTokenInput",
		optional("DurationSeconds", tokenSessionDuration, "How long the credentials are valid, in seconds. Left out: 43200; for root never more than 3600."),
		optional("SerialNumber", mfaSerialNumber, "Refused: MFA devices are not served."),
		optional("TokenCode", mfaCode, "Refused: MFA devices are not served."),
	),
	Output: structure("GetSessionTokenOutput",
		optional("Credentials", stsCredentials, "The temporary credentials."),
	),
	Errors: []Code{RegionDisabledException},
}
