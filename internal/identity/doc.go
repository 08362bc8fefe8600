// Package identity is the domain: identity pools, identities, their logins,
// developer users, merging, roles and tags, and the records of the keys that sign tokens.
// It declares what it needs of the outside as [Store], [Issuer], [Verifier],
// [TokenVerifier], [CredentialIssuer], [Roles] and the functions of [Config].
//
// One method of [Service] serves one operation and has its name. The package
// knows no protocol, no SQL and no log: it is told the caller, and it answers
// with an output or an error.
package identity
