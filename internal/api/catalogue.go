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
	ResourceNotFound      = Text{ResourceNotFoundException, "Resource '%s' not found.", Ours}

	GuestsNotAllowed      = Text{NotAuthorizedException, "Unauthenticated access is not supported for this identity pool.", Observed}
	LoginsDontMatch       = Text{NotAuthorizedException, "Logins don't match. Please include at least one valid login for this identity or identity pool.", Observed}
	IdentityForbidden     = Text{NotAuthorizedException, "Access to Identity '%s' is forbidden.", Observed}
	ProviderNotSupported  = Text{NotAuthorizedException, "Token is not from a supported provider of this identity pool.", Observed}
	NoProvidersConfigured = Text{NotAuthorizedException, "Identity pool - %s does not have identity providers configured.", Observed}
	CognitoTokenAsLogin   = Text{NotAuthorizedException, "Invalid login token. Can't pass in a Cognito token.", Observed}
	// For a provider that the pool has and this server cannot verify.
	LoginNotVerifiable = Text{NotAuthorizedException, "Invalid login token. Tokens of this provider can not be verified by this server.", Ours}

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
	LookupNeedsOne                = Text{InvalidParameterException, "Please provide an IdentityId or a DeveloperUserIdentifier.", Ours}

	LookupMismatch      = Text{ResourceConflictException, "The developer user does not belong to identity '%s'.", Ours}
	TooManyLogins       = Text{ResourceConflictException, "An identity can not have more than %d logins.", Ours}
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
	NotJSON               = Text{SerializationException, "", Observed}
	UnknownOperation      = Text{UnknownOperationException, "", Sibling}
	NotServed             = Text{UnknownOperationException, "Operation %s is not served yet.", Ours}
	BodyTooLarge          = Text{RequestEntityTooLargeException, "Request body must not be longer than %d bytes.", Ours}
	AccessDenied          = Text{AccessDeniedException, "User: %s is not authorized to perform: %s on resource: %s", Observed}
)
