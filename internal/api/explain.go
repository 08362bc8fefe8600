package api

// What explanations are made of. Their texts may tell who a user is.
var (
	explainedOperation = enum("ExplainedOperation", "GetId", "GetOpenIdToken", "GetCredentialsForIdentity")

	explanationStep = structure("ExplanationStep",
		required("Step", text("ExplanationStepName", 0, 0, ""), "What the step is about, such as audience or signature."),
		optional("About", text("ExplanationStepAbout", 0, 0, ""), "The provider of the login that the step is about; left out where it is about the whole call."),
		required("Outcome", enum("ExplanationOutcome", "passed", "failed", "notReached"), "At most one step has failed: the steps after it were not reached."),
		optional("Expected", hidden("ExplanationExpected", 0, 0, ""), "What the step wants."),
		optional("Found", hidden("ExplanationFound", 0, 0, ""), "What it found."),
	)

	explanation = structure("Explanation",
		required("Accepted", scalar("ExplanationAccepted", Boolean), "Whether the call would succeed."),
		optional("Code", text("ExplanationCode", 0, 0, ""), "The error that the call would answer with; left out if it would succeed."),
		optional("Message", hidden("ExplanationMessage", 0, 0, ""), "The message that the call would answer with."),
		optional("Reason", hidden("ExplanationReason", 0, 0, ""), "Why it is refused, as this server's log has it."),
		optional("Steps", list("ExplanationStepList", explanationStep, 0, 0), "The steps in the order in which they were taken."),
	)
)

var explainLogin = &Operation{
	Name:     "ExplainLogin",
	Doc:      "Says step by step why GetId, GetOpenIdToken or GetCredentialsForIdentity takes or refuses logins. The call is decided and not made: nothing is stored, and nothing issued.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: ofPool,
	Input: structure("ExplainLoginInput",
		required("IdentityPoolId", identityPoolID, "The identity pool."),
		optional("IdentityId", identityID, "The identity that the call names; GetId names none."),
		optional("Logins", loginsMap, "The logins of the call. Left out: a guest's."),
		optional("CustomRoleArn", arnString, "The role that GetCredentialsForIdentity asks for."),
		optional("Operation", explainedOperation, "The call. Left out: GetId without an identity, GetCredentialsForIdentity with one."),
	),
	Output: structure("ExplainLoginOutput",
		required("Explanation", explanation, "What would become of the call."),
	),
	Errors: []Code{InvalidParameterException, ResourceNotFoundException, InternalErrorException},
}

var explainWebIdentity = &Operation{
	Name:     "ExplainWebIdentity",
	Doc:      "Says step by step why AssumeRoleWithWebIdentity takes or refuses a token for a role. Conditions such as aws:SourceIp see who calls this. No credentials are issued.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: onRoleARN,
	Input: structure("ExplainWebIdentityInput",
		required("RoleArn", stsARN, "The role to take, of the caller's account."),
		required("WebIdentityToken", webIdentityToken, "The token."),
		optional("RoleSessionName", roleSessionName, "The name of the session. Left out: explain."),
		optional("PolicyArns", sessionPolicies, "Managed policies that limit the session."),
		optional("Policy", sessionPolicyDocument, "A policy as JSON that limits the session."),
		optional("DurationSeconds", roleSessionDuration, "How long the credentials are to be valid, in seconds. Left out: 3600."),
	),
	Output: structure("ExplainWebIdentityOutput",
		required("Explanation", explanation, "What would become of the call."),
	),
	Errors: []Code{ResourceNotFoundException, InternalErrorException},
}
