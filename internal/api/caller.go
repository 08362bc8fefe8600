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
	// AROA…:SESSION for a session.
	ID string
	// User is the name of the user; empty for root, for sessions and for nobody.
	User string
	// AccessKeyID is the access key that signed; empty where none did.
	AccessKeyID string
	// Region is the one the request was signed for. An anonymous caller has none:
	// what it names says the region.
	Region string
	// SourceIP is the address of the peer. Secure: the connection is encrypted.
	SourceIP string
	Secure   bool
	// Now is the time of the request.
	Now time.Time
}
