package api

// Texts of STS, as it was observed to word them.
var (
	InvalidRoleARN     = Text{ValidationError, "%s is invalid", Observed}
	RoleSessionTooLong = Text{ValidationError, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", Observed}
)
