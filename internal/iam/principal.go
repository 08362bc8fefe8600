package iam

import (
	"slices"
	"strings"
)

// A Principal is who asks to assume a role. The zero Principal is anonymous: only
// a policy that names everyone admits it.
type Principal struct {
	// ARN is the ARN of an AWS principal: a user, an account's root, or a session
	// arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION. Empty for others.
	ARN string
	// Role is the ARN of the role, with its path, of which ARN is a session.
	Role string
	// ID is the unique id of the user, or of the role of which ARN is a session; empty for
	// others.
	ID string
	// Federated are the names that policies have for the provider that vouches for the
	// caller: cognito-identity.amazonaws.com, or the ARN of an IAM provider. One that is
	// known by several is still one.
	Federated []string
	// Service is a service's own name, such as ec2.amazonaws.com.
	Service string
	// ByName asks whether the principal itself is admitted, by its own name or that of
	// its role or with everyone: entries that name its account do not match. A policy
	// that names an account leaves it to the account's own policies whom to admit.
	ByName bool
}

// principal is one entry of a Principal element.
type principal struct {
	class class
	name  string // of an account, its id
	// id is the unique id of the user or role meant; empty: whoever has the name.
	id string
}

type class int

const (
	everyone class = iota + 1
	account
	arn
	federated
	service
	canonicalUser
)

// principals reads the value of Principal or NotPrincipal.
func (r *reader) principals() (all []principal, err error) {
	if r.dec.PeekKind() == '"' {
		if name, err := r.text(); err != nil || name != "*" {
			return nil, r.errorf("a principal is * or an object")
		}
		return []principal{{class: everyone}}, nil
	}
	err = r.object(func(kind string) error {
		switch kind {
		case "AWS", "Federated", "Service", "CanonicalUser":
		default:
			return r.errorf("%q is no kind of principal", kind)
		}
		return r.oneOrMore('"', func() error {
			name, err := r.text()
			if err != nil {
				return err
			}
			p, message := parsePrincipal(kind, name)
			if message != "" {
				return r.errorf("the principal %q %s", name, message)
			}
			all = append(all, p)
			return nil
		})
	})
	if err == nil && len(all) == 0 {
		err = r.errorf("no principal is named")
	}
	return all, err
}

// parsePrincipal returns what is wrong with name, if anything is. A wildcard cannot
// stand for a part of a name (the guide, "AWS JSON policy elements: Principal").
func parsePrincipal(kind, name string) (p principal, message string) {
	switch {
	case name == "*" && kind == "AWS":
		// The same as Principal: "*", says the guide.
		return principal{class: everyone}, ""
	case name == "*" && kind == "Federated":
		return principal{class: federated, name: name}, ""
	case name == "":
		return p, "is empty"
	case strings.ContainsAny(name, "*?"):
		return p, "holds a wildcard"
	}
	switch kind {
	case "Federated":
		return principal{class: federated, name: name}, ""
	case "Service":
		return principal{class: service, name: name}, ""
	case "CanonicalUser":
		return principal{class: canonicalUser, name: name}, ""
	}
	if isAccount(name) {
		return principal{class: account, name: name}, ""
	}
	segments := splitARN(name, false)
	if len(segments) < 6 || segments[0] != "arn" || !isAccount(segments[4]) {
		return p, "is neither an account nor an ARN"
	}
	if segments[2] == "iam" && segments[5] == "root" {
		return principal{class: account, name: segments[4]}, ""
	}
	resource, rest, _ := strings.Cut(segments[5], "/")
	switch segments[2] + " " + resource {
	case "iam user", "iam role", "sts assumed-role", "sts federated-user":
		if rest != "" {
			return principal{class: arn, name: name}, ""
		}
	}
	return p, "is no ARN of a user, role or session"
}

func (p *principal) matches(q *query) bool {
	switch p.class {
	case everyone:
		return true
	case account:
		return p.name == q.account
	case arn:
		if p.id != "" {
			return p.id == q.principal.ID
		}
		return p.name == q.principal.ARN || p.name == q.principal.Role
	case federated:
		return len(q.principal.Federated) > 0 && (p.name == "*" || slices.Contains(q.principal.Federated, p.name))
	case service:
		return p.name == q.principal.Service
	}
	// No request comes from a canonical user: S3 alone knows them.
	return false
}

// isAccount reports whether s is an account id.
func isAccount(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) == 12
}
