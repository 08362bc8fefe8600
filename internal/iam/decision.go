package iam

import (
	"fmt"
	"strings"
)

// A Decision is the outcome of an evaluation. Its zero value does not allow.
type Decision struct {
	// Allowed is the outcome.
	Allowed bool
	// Denied tells that a Deny statement decided. A request that is neither allowed
	// nor denied found no Allow statement.
	Denied bool
	// Kind is that of the policies that decided.
	Kind Kind
	// Policy is the name of the policy that decided, Statement the number of its
	// statement, counted from 1, and Sid that statement's, if it has one. If no
	// statement decided, Statement is 0. A trust policy has no name.
	Policy    string
	Statement int
	Sid       string
	// Considered is how many policies of Kind there were.
	Considered int
	// Action and Resource are those of the request.
	Action, Resource string
}

// String tells a person how the request was decided.
func (d Decision) String() string {
	var b strings.Builder
	if d.Statement == 0 {
		fmt.Fprintf(&b, "no statement of %d %s allows %s", d.Considered, d.policies(), d.Action)
		if d.Resource != "" {
			b.WriteString(" on " + d.Resource)
		}
		return b.String()
	}
	if d.Denied {
		b.WriteString("denied")
	} else {
		b.WriteString("allowed")
	}
	fmt.Fprintf(&b, " by statement %d", d.Statement)
	if d.Sid != "" {
		b.WriteString(" (Sid " + d.Sid + ")")
	}
	fmt.Fprintf(&b, " of the %s policy", d.Kind)
	if d.Policy != "" {
		b.WriteString(" " + d.Policy)
	}
	return b.String()
}

func (d Decision) policies() string {
	if d.Considered == 1 {
		return d.Kind.String() + " policy"
	}
	return d.Kind.String() + " policies"
}

// Because returns what AWS appends to "User: … is not authorized to perform: …" for
// a decision that does not allow, with the blank it begins with (the IAM User
// Guide, "Troubleshoot access denied error messages"). It is empty for others.
func (d Decision) Because() string {
	switch {
	case d.Allowed:
		return ""
	case !d.Denied:
		return " because no " + d.Kind.String() + " policy allows the " + d.Action + " action"
	case d.Kind == IdentityPolicy:
		return " with an explicit deny in an identity-based policy"
	case d.Kind == SessionPolicy:
		return " with an explicit deny in a session policy"
	}
	return " with an explicit deny in the role trust policy"
}
