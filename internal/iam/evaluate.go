package iam

import "unicode/utf8"

// A Request is what policies decide about.
type Request struct {
	// Action is the SERVICE:NAME asked for.
	Action string
	// Resource is the ARN of what it is asked of, or * if the action has none.
	// EvaluateTrust does not read it.
	Resource string
	// Principal is read by EvaluateTrust only: other policies are their principal's.
	Principal Principal
	// Context returns the values of a condition key, whose name comes in lower
	// case; none if the request lacks the key. It may be called often, for any key,
	// and its values are not changed. Nil means a request without any keys.
	Context func(key string) []string
}

// A Named is a policy and the name that a Decision calls it by.
type Named struct {
	Name string
	// Policy must not be nil: a policy that could not be had may hold a Deny.
	Policy *Policy
}

// Policies are the policies of one principal.
type Policies struct {
	// Identity are those attached to the user or the role.
	Identity []Named
	// Session are those of a session: one of them must allow what one of Identity
	// allows. Nil means that the principal is no session, or one without such
	// policies; a list without policies is not nil and allows nothing.
	Session []Named
}

// Evaluate decides a request by the policies of the principal that makes it. A Deny
// that applies wins, wherever it stands; else a statement of Identity must allow,
// and one of Session too, if the session has policies. Trust policies have no place
// in it and allow nothing.
func Evaluate(r *Request, p Policies) Decision {
	q := newQuery(r)
	identity := q.evaluate(IdentityPolicy, p.Identity)
	if identity.Denied || p.Session == nil {
		return identity
	}
	session := q.evaluate(SessionPolicy, p.Session)
	if session.Denied || identity.Allowed && !session.Allowed {
		return session
	}
	return identity
}

// EvaluateTrust decides whether a role's trust policy lets the request's principal
// assume the role.
func EvaluateTrust(r *Request, trust *Policy) Decision {
	q := newQuery(r)
	q.trust = true
	if segments := splitARN(r.Principal.ARN, false); len(segments) == 6 && !r.Principal.ByName {
		q.account = segments[4]
	}
	return q.evaluate(TrustPolicy, []Named{{Policy: trust}})
}

// A query is a request while it is evaluated.
type query struct {
	action    string // in lower case
	resource  string
	trust     bool // principals are compared, resources are not
	principal Principal
	account   string // the principal's
	context   func(key string) []string
	asked     *Request
}

func newQuery(r *Request) *query {
	return &query{action: lower(r.Action), resource: r.Resource, principal: r.Principal, context: r.Context, asked: r}
}

// evaluate decides by policies of one kind.
func (q *query) evaluate(kind Kind, policies []Named) Decision {
	d := Decision{Kind: kind, Considered: len(policies), Action: q.asked.Action}
	if !q.trust {
		d.Resource = q.resource
	}
	for _, named := range policies {
		for i := range named.Policy.statements {
			s := &named.Policy.statements[i]
			if !s.deny && d.Allowed || !s.applies(q) {
				continue
			}
			d.Allowed, d.Denied = !s.deny, s.deny
			d.Policy, d.Statement, d.Sid = named.Name, i+1, s.sid
			if s.deny {
				return d
			}
		}
	}
	return d
}

// values returns the values of a condition key.
func (q *query) values(key string) []string {
	if q.context == nil {
		return nil
	}
	return q.context(key)
}

// single returns the value that a variable stands for. What is not UTF-8 is not
// one: it could bring the bytes that are wildcards in a glob.
func (q *query) single(key string) (value string, ok bool) {
	values := q.values(key)
	if len(values) != 1 || values[0] == "" || !utf8.ValidString(values[0]) {
		return "", false
	}
	return values[0], true
}
