package api

// Texts of STS, as it was observed to word them.
var (
	InvalidRoleARN        = Text{ValidationError, "%s is invalid", Observed}
	RoleSessionTooLong    = Text{ValidationError, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", Observed}
	ChainedSessionTooLong = Text{ValidationError, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.", Observed}
	SourceIdentitySet     = Text{ValidationError, "The source identity is already set for this assume role session", Observed}

	RootMayNotAssume = Text{AccessDenied, "Roles may not be assumed by root accounts.", Observed}
	NotWithSession   = Text{AccessDenied, "Cannot call %s with session credentials", Observed}
	NoSuchMFADevice  = Text{AccessDenied, "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.", Observed}

	DuplicateSessionTags = Text{InvalidParameterValue, "Duplicate tag keys found. Please note that Tag keys are case insensitive.", Observed}
	TransitiveTagMissing = Text{InvalidParameterValue, "The specified transitive tag key must be included in the requested tags.", Observed}
	TransitiveTagSet     = Text{InvalidParameterValue, "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.", Observed}
	ReservedSessionTag   = Text{InvalidParameterValue, "Tag keys that begin with aws: are reserved.", Ours}

	PackedTagsTooLarge     = Text{PackedPolicyTooLarge, "Packed size of session tags consumes %s of allotted space.", Observed}
	PackedPoliciesTooLarge = Text{PackedPolicyTooLarge, "Packed policy consumes %s of allotted space, please use smaller policy.", Observed}

	SessionPolicyNotFound  = Text{ValidationError, "Policy %s does not exist or is not attachable.", Ours}
	TooManySessionPolicies = Text{ValidationError, "A session can not have more than %d managed policies.", Ours}
)

// Texts of the exchange of web identity tokens. A refusal by the role's trust policy tells
// neither why nor whether there is such a role.
var (
	WebIdentityNotAllowed = Text{AccessDenied, "Not authorized to perform sts:AssumeRoleWithWebIdentity", Observed}

	NotAnIDToken             = Text{InvalidIdentityToken, "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)", Observed}
	NoProviderForToken       = Text{InvalidIdentityToken, "No OpenIDConnect provider found in your account for %s", Observed}
	IncorrectAudience        = Text{InvalidIdentityToken, "Incorrect token audience", Observed}
	KeyNotRetrieved          = Text{InvalidIdentityToken, "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements", Observed}
	ThumbprintMismatch       = Text{InvalidIdentityToken, "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint", Observed}
	IDTokenNotVerified       = Text{InvalidIdentityToken, "The signature of the ID Token could not be verified.", Ours}
	IDTokenNotYetValid       = Text{InvalidIdentityToken, "The ID Token is not valid yet.", Ours}
	IDTokenClaimInvalid      = Text{InvalidIdentityToken, "The ID Token has no valid claim %s.", Ours}
	IDTokenExpired           = Text{ExpiredTokenException, "Token expired: current date/time %d must be before the expiration date/time %d", Observed}
	IdentityProviderSilent   = Text{IDPCommunicationError, "The identity provider that was to verify the token could not be reached.", Ours}
	IdentityProviderRejected = Text{IDPRejectedClaim, "The identity provider did not accept the token.", Ours}

	AccessTokensNotTaken = Text{ValidationError, "OAuth 2.0 access tokens are not supported by this server: leave ProviderId out.", Ours}
	WebIdentityTooLarge  = Text{PackedPolicyTooLarge, "What the token says of its user consumes %s of allotted space.", Ours}
)

// Texts for operators.
var (
	InvalidUpstreamURL = Text{InvalidParameterException, "The URL of an upstream must begin with https:// and have neither user, query nor fragment.", Ours}
	NoUpstream         = Text{ResourceNotFoundException, "Role '%s' has no upstream.", Ours}

	NoSuchAccount    = Text{InvalidParameterException, "'%s' is not an account: that is 12 digits.", Ours}
	RevokeNeedsOne   = Text{InvalidParameterException, "Please name one of RoleName, UserName and Root.", Ours}
	DecisionNeedsOne = Text{InvalidParameterException, "Please name one of RoleName and UserName.", Ours}

	ExplainOfIdentity = Text{InvalidParameterException, "%s names an identity: please give IdentityId.", Ours}
	ExplainOfPool     = Text{InvalidParameterException, "GetId names no identity: please leave IdentityId out.", Ours}
	ExplainedRole     = Text{ResourceNotFoundException, "'%s' is no role of this account.", Ours}
)
