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

// Texts for operators.
var (
	NoSuchAccount    = Text{InvalidParameterException, "'%s' is not an account: that is 12 digits.", Ours}
	RevokeNeedsOne   = Text{InvalidParameterException, "Please name one of RoleName, UserName and Root.", Ours}
	DecisionNeedsOne = Text{InvalidParameterException, "Please name one of RoleName and UserName.", Ours}
)
