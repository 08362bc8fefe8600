package api

import "time"

// A Caller is who calls an operation, as the request proved it.
type Caller struct {
	// Account is the caller's account, 12 digits; empty for an anonymous caller.
	Account string
	// Principal is the caller's ARN: the account's root, a user, or an assumed role's
	// session. Empty for an anonymous caller.
	Principal string
	// ID is the unique id that goes with it: the account for root, AIDA… for a user,
	// AROA…:SESSION for an assumed role's session.
	ID string
	// User is the name of the user; empty for root, for assumed roles and for nobody.
	User string
	// AccessKeyID is the access key that signed; empty where none did.
	AccessKeyID string
	// Session is what temporary credentials add; nil where none signed. It is shared
	// and never modified.
	Session *Session
	// Region is the one the request was signed for. An anonymous caller has none:
	// what it names says the region.
	Region string
	// SourceIP is the address of the peer. Secure: the connection is encrypted.
	SourceIP string
	Secure   bool
	// Now is the time of the request.
	Now time.Time
}

// A Session is what temporary credentials say beside whose they are.
type Session struct {
	// Role is the name of the role that was assumed, in the caller's account, and Name
	// that of the session. Both are empty for the session of a user or of root.
	Role, Name string
	// Tags are session tags. Their keys are unique without regard to case.
	// TransitiveTags are the keys of those that go on to a role assumed with the credentials.
	Tags           map[string]string
	TransitiveTags []string
	// Policies are documents of session policies, and PolicyARNs managed policies of the
	// account that are session policies too. Together they limit the session, if there
	// are any.
	Policies, PolicyARNs []string
	// SourceIdentity is who was said to be behind the session; may be empty.
	SourceIdentity string
	// WebIdentity is who took the role by a token of an identity provider; nil: the role
	// was taken otherwise.
	WebIdentity *WebIdentity
	// Issued and Expires are when the credentials were made and when they end.
	Issued, Expires time.Time
}

// IdentityPools is the identity provider that identity pools are, as policies name it.
const IdentityPools = "cognito-identity.amazonaws.com"

// A WebIdentity is who an identity provider says that somebody is.
type WebIdentity struct {
	// Provider is [IdentityPools], or the ARN of an OpenID Connect provider of the account
	// whose role is taken.
	Provider string
	// Subject is the identity id, or what the provider calls the user. Audience is the
	// identity pool id, or the client id that the token was made for.
	Subject, Audience string
	// AMR says how the user was authenticated; may be empty.
	AMR []string
	// ScopedDown: the session may do no more than what guests may ever do.
	ScopedDown bool
}
