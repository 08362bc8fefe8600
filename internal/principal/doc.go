// Package principal is the domain of who may call: accounts, their root, users with
// access keys, roles, managed policies, and the identity providers that an account
// trusts. It decides whether a caller may do what it asks, and serves the operations
// of IAM by which all this is administered.
//
// One method of [Service] serves one operation and has its name. The package knows
// no protocol, no SQL and no log. Policies are read and evaluated by package iam. There
// are no groups and no permissions boundaries.
package principal
