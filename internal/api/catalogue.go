package api

// The catalogue: every message text that a client may see, beside those that
// name constraints (constraint.go) and the parts of a signature, which package
// sigv4 words as AWS does because they quote what it parsed.
var (
	PoolNotFound     = Text{ResourceNotFoundException, "IdentityPool '%s' not found.", Observed}
	IdentityNotFound = Text{ResourceNotFoundException, "Identity '%s' not found.", Observed}
	// The user's identifier is not repeated: it is personal data, and the caller has it.
	DeveloperUserNotFound = Text{ResourceNotFoundException, "Developer user not found.", Ours}
	AccessKeyNotFound     = Text{ResourceNotFoundException, "Access key '%s' not found.", Ours}
	LoginNotLinked        = Text{ResourceNotFoundException, "Identity '%s' has no login of %s.", Ours}
	ResourceNotFound      = Text{ResourceNotFoundException, "Resource '%s' not found.", Ours}

	GuestsNotAllowed      = Text{NotAuthorizedException, "Unauthenticated access is not supported for this identity pool.", Observed}
	LoginsDontMatch       = Text{NotAuthorizedException, "Logins don't match. Please include at least one valid login for this identity or identity pool.", Observed}
	IdentityForbidden     = Text{NotAuthorizedException, "Access to Identity '%s' is forbidden.", Observed}
	ProviderNotSupported  = Text{NotAuthorizedException, "Token is not from a supported provider of this identity pool.", Observed}
	NoProvidersConfigured = Text{NotAuthorizedException, "Identity pool - %s does not have identity providers configured.", Observed}
	CognitoTokenAsLogin   = Text{NotAuthorizedException, "Invalid login token. Can't pass in a Cognito token.", Observed}
	LoginIssuerMismatch   = Text{NotAuthorizedException, "Invalid login token. Issuer doesn't match providerName", Observed}
	LoginTokenExpired     = Text{NotAuthorizedException, "Invalid login token. Token expired: %d >= %d", Observed}
	// For tokens that are no JWT.
	LoginExpired        = Text{NotAuthorizedException, "Invalid login token. Token is expired.", Observed}
	LoginNotIDToken     = Text{NotAuthorizedException, "Invalid login token. Not a valid OpenId Connect identity token.", Observed}
	LoginClaimMissing   = Text{NotAuthorizedException, "Invalid login token. Missing a required claim: %s", Observed}
	LoginNotVerified    = Text{NotAuthorizedException, "Invalid login token. Couldn't verify signed token.", Observed}
	LoginNotYetValid    = Text{NotAuthorizedException, "Invalid login token. Token is not valid yet.", Ours}
	LoginRefused        = Text{NotAuthorizedException, "Invalid login token. Not a valid token of '%s'.", Ours}
	ProviderUnreachable = Text{ExternalServiceException, "The identity provider '%s' can not be reached.", Ours}
	// For a provider that the pool has and this server cannot verify.
	LoginNotVerifiable = Text{NotAuthorizedException, "Invalid login token. Tokens of this provider can not be verified by this server.", Ours}

	NotOwnToken   = Text{NotAuthorizedException, "Invalid login token. Not a Cognito token.", Observed}
	TokenRevoked  = Text{NotAuthorizedException, "Invalid login token. Token is revoked.", Ours}
	AmbiguousRole = Text{NotAuthorizedException, "The ambiguous role mapping rules for: %s denied this request.", Observed}
	RoleForbidden = Text{NotAuthorizedException, "Access to Role '%s' is forbidden.", Observed}

	RateExceeded = Text{TooManyRequestsException, "Rate exceeded", Observed} // on sibling services

	// The reason is for the log: a client learns nothing about roles.
	PoolMisconfigured = Text{InvalidIdentityPoolConfigurationException, "Invalid identity pool configuration. Check assigned IAM roles for this pool.", Observed}
	ExternalFailure   = Text{ExternalServiceException, "An external service did not answer. Please try again.", Ours}

	// For an operation that has no exception for what others do not answer.
	ProviderSilent = Text{InternalErrorException, "An identity provider did not answer. Please try again.", Ours}

	ClassicFlowDisabled     = Text{InvalidParameterException, "Basic (classic) flow is not enabled, please use enhanced flow.", Observed}
	ClassicFlowWithMappings = Text{InvalidParameterException, "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.", Observed}
	InvalidRoleMapping      = Text{InvalidParameterException, "%s is not a valid RoleMapping ProviderName or is not a configured provider.", Observed}
	RoleMappingIncomplete   = Text{InvalidParameterException, "%s is required for the role mapping of %s.", Ours}
	TooManyRules            = Text{InvalidParameterException, "A role mapping can not have more than %d rules.", Ours}
	UnsafeTrust             = Text{InvalidParameterException, "Role '%s' can not be used with this identity pool: %s", Ours}
	ProviderNotConfigured   = Text{InvalidParameterException, "'%s' is not a provider of this identity pool.", Ours}
	DuplicatePrincipalTags  = Text{InvalidParameterException, "Duplicate tag keys found. Please note that Tag keys are case insensitive.", Sibling}
	TagMapTooLarge          = Text{InvalidParameterException, "The tag keys and attribute names of a provider can not be longer than %d bytes together.", Ours}

	NotAPublicProvider            = Text{InvalidParameterException, "Please provide a valid public provider", Observed}
	DeveloperProviderNotSupported = Text{InvalidParameterException, "This identity pool does not support the specified developer provider", Observed}
	DeveloperProviderMissing      = Text{InvalidParameterException, "Please provide a login of the developer provider of this identity pool.", Ours}
	DeveloperUserTooLong          = Text{InvalidParameterException, "A developer user identifier can not be longer than %d characters.", Ours}
	ReservedDeveloperProvider     = Text{InvalidParameterException, "'%s' is the name of a public provider and can not be a developer provider name.", Ours}
	DeveloperProviderFixed        = Text{InvalidParameterException, "The developer provider name of an identity pool can not be changed.", Ours}
	InvalidCognitoProvider        = Text{InvalidParameterException, "Invalid Cognito Identity Provider", Observed}
	InvalidLoginProvider          = Text{InvalidParameterException, "'%s' is not a supported login provider.", Ours}
	InvalidARN                    = Text{InvalidParameterException, "'%s' is not a valid ARN.", Ours}
	InvalidTag                    = Text{InvalidParameterException, "Invalid tag: %s", Ours}
	InvalidPageToken              = Text{InvalidParameterException, "Invalid NextToken.", Ours}
	NoPoolKey                     = Text{InvalidParameterException, "There is no key for identity pools that ask for %s.", Ours}
	LookupNeedsOne                = Text{InvalidParameterException, "Please provide an IdentityId or a DeveloperUserIdentifier.", Ours}

	MasterKeyUnusable = Text{InvalidParameterException, "The new master key can not be used: %s", Ours}
	MasterKeyNotFound = Text{InvalidParameterException, "A start of this server would not find both master keys. Give it both first: --master-key-file and --old-master-key-file.", Ours}
	MasterKeyOnItsWay = Text{ResourceConflictException, "Another master key has begun to replace the one in use: %s. Rotate to that one first.", Ours}

	LookupMismatch      = Text{ResourceConflictException, "The developer user does not belong to identity '%s'.", Ours}
	TooManyLogins       = Text{ResourceConflictException, "An identity can not have more than %d logins.", Ours}
	ProviderTaken       = Text{ResourceConflictException, "The identity has another login of %s.", Ours}
	MergedForGood       = Text{ResourceConflictException, "Identity '%s' was merged into another and can not be enabled.", Ours}
	OneLoginPerProvider = Text{ResourceConflictException, "Both identities have a login of %s.", Ours}
	UserRegistered      = Text{DeveloperUserAlreadyRegisteredException, "Developer user is already registered with another identity.", Ours}

	TooManyTags = Text{InvalidParameterException, "A resource can not have more than %d tags.", Ours}

	Internal = Text{InternalErrorException, "Internal error.", Ours}
)

// Texts of the shared phases.
var (
	MissingAuthentication = Text{MissingAuthenticationTokenException, "Missing Authentication Token", Sibling}
	UnrecognizedKey       = Text{UnrecognizedClientException, "The security token included in the request is invalid.", Observed}
	UnrecognizedSession   = Text{UnrecognizedClientException, "The security token included in the request is invalid", Sibling}
	SessionExpired        = Text{ExpiredTokenException, "The security token included in the request is expired", Sibling}
	NotJSON               = Text{SerializationException, "", Observed}
	UnknownOperation      = Text{UnknownOperationException, "", Sibling}
	NotServed             = Text{UnknownOperationException, "Operation %s is not served yet.", Ours}
	BodyTooLarge          = Text{RequestEntityTooLargeException, "Request body must not be longer than %d bytes.", Ours}
	NotAllowed            = Text{AccessDeniedException, "User: %s is not authorized to perform: %s on resource: %s", Observed}
)

// Texts that services of the Query protocol have for the shared phases, where they
// differ by more than the code.
var (
	UnknownAction              = Text{InvalidAction, "Could not find operation %s for version %s", Observed}
	MissingQueryAuthentication = Text{MissingAuthenticationToken, "Request is missing Authentication Token", Observed}
)

// Texts of IAM.
var (
	UserNotFound          = Text{NoSuchEntity, "The user with name %s cannot be found.", Observed}
	RoleNotFound          = Text{NoSuchEntity, "The role with name %s cannot be found.", Observed}
	UserPolicyNotFound    = Text{NoSuchEntity, "The user policy with name %s cannot be found.", Observed}
	RolePolicyNotFound    = Text{NoSuchEntity, "The role policy with name %s cannot be found.", Observed}
	NoSuchAccessKey       = Text{NoSuchEntity, "The Access Key with id %s cannot be found.", Observed}
	PolicyNotFound        = Text{NoSuchEntity, "Policy %s was not found.", Observed}
	PolicyVersionNotFound = Text{NoSuchEntity, "Policy %s version %s does not exist or is not attachable.", Observed}
	// Of a policy that is to be attached.
	PolicyToAttachNotFound = Text{NoSuchEntity, "Policy %s does not exist or is not attachable.", Observed}
	OIDCProviderNotFound   = Text{NoSuchEntity, "OpenIDConnect Provider not found for arn %s", Observed}
	SAMLProviderNotFound   = Text{NoSuchEntity, "Manifest not found for arn %s", Observed}

	UserExists         = Text{EntityAlreadyExists, "User with name %s already exists.", Observed}
	RoleExists         = Text{EntityAlreadyExists, "Role with name %s already exists.", Observed}
	PolicyExists       = Text{EntityAlreadyExists, "A policy called %s already exists. Duplicate names are not allowed.", Observed}
	OIDCProviderExists = Text{EntityAlreadyExists, "Provider with url https://%s already exists.", Observed}
	SAMLProviderExists = Text{EntityAlreadyExists, "Provider with name %s already exists.", Observed}

	DetachPoliciesFirst = Text{DeleteConflict, "Cannot delete entity, must detach all policies first.", Observed}
	DeletePoliciesFirst = Text{DeleteConflict, "Cannot delete entity, must delete policies first.", Observed}
	DeleteKeysFirst     = Text{DeleteConflict, "Cannot delete entity, must delete access keys first.", Observed}
	PolicyAttached      = Text{DeleteConflict, "Cannot delete a policy attached to entities.", Observed}
	DeleteVersionsFirst = Text{DeleteConflict, "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.", Observed}
	DefaultVersionStays = Text{DeleteConflict, "Cannot delete the default version of a policy.", Observed}

	TooManyAccessKeys     = Text{LimitExceeded, "Cannot exceed quota for AccessKeysPerUser: %d", Observed}
	TooManyUserPolicies   = Text{LimitExceeded, "Cannot exceed quota for PoliciesPerUser: %d", Observed}
	TooManyRolePolicies   = Text{LimitExceeded, "Cannot exceed quota for PoliciesPerRole: %d", Observed}
	TooManyClientIDs      = Text{LimitExceeded, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", Observed}
	TooManyVersions       = Text{LimitExceeded, "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", Observed}
	UserPoliciesTooLarge  = Text{LimitExceeded, "Maximum policy size of %d bytes exceeded for user %s", Observed}
	RolePoliciesTooLarge  = Text{LimitExceeded, "Maximum policy size of %d bytes exceeded for role %s", Observed}
	ManagedPolicyTooLarge = Text{LimitExceeded, "Cannot exceed quota for PolicySize: %d", Observed}
	TrustPolicyTooLarge   = Text{LimitExceeded, "Cannot exceed quota for ACLSizePerRole: %d", Observed}
	TagLimitReached       = Text{LimitExceeded, "The number of tags has reached the maximum limit.", Ours}

	// AWS says no more than "Syntax errors in policy."
	MalformedDocument = Text{MalformedPolicyDocument, "Syntax errors in policy: %s.", Ours}
	OpenTrust         = Text{MalformedPolicyDocument, "%s", Ours}

	DuplicateTagKeys        = Text{InvalidInput, "Duplicate tag keys found. Please note that Tag keys are case insensitive.", Observed}
	ReservedTagKey          = Text{InvalidInput, "Tag keys that begin with aws: are reserved.", Ours}
	NoPermissionsBoundaries = Text{InvalidInput, "Permissions boundaries are not supported by this server.", Ours}
	InvalidProviderURL      = Text{ValidationError, "Invalid Open ID Connect Provider URL", Observed}
	ProviderURLNotHTTPS     = Text{InvalidInput, "Invalid Open ID Connect Provider URL. The URL must begin with https://.", Observed}
	TooManyThumbprints      = Text{InvalidInput, "Thumbprint list must contain fewer than 5 entries.", Observed}
	InvalidMetadata         = Text{InvalidInput, "Could not parse metadata", Ours}

	UserNameNeeded = Text{ValidationError, "Must specify userName when calling with non-User credentials", Observed}
	InvalidMarker  = Text{ValidationError, "Invalid Marker.", Ours}
)
