package iam

import (
	"fmt"
	"strings"
)

// A Miss is why an Allow statement of a trust policy does not apply to a request: the first
// part of it that does not hold.
type Miss struct {
	// Statement is its number, counted from 1, and Sid its name, if it has one.
	Statement int
	Sid       string
	// Operator and Key are the condition's; empty: the statement is not about the request's
	// action or principal, as Part says.
	Operator, Key string
	Part          string
	// Wanted is what the condition has, and Found the values of the request.
	Wanted, Found []string
}

// Misses returns why no statement of a trust policy allows a request: one Miss for each
// Allow statement that does not apply.
func Misses(r *Request, trust *Policy) (all []Miss) {
	q := newQuery(r)
	q.trust = true
	for i := range trust.statements {
		s := &trust.statements[i]
		if s.deny || s.applies(q) {
			continue
		}
		m := Miss{Statement: i + 1, Sid: s.sid}
		switch {
		case !s.hasAction(q):
			m.Part = "Action"
		case !s.hasPrincipal(q):
			m.Part = "Principal"
		default:
			for n := range s.conditions {
				c := &s.conditions[n]
				if c.holds(q) {
					continue
				}
				m.Part, m.Operator, m.Key, m.Wanted, m.Found = "Condition", c.operator, c.key, c.texts, q.values(c.key)
				break
			}
		}
		all = append(all, m)
	}
	return all
}

// String tells a person, without values: these may tell who somebody is.
func (m Miss) String() string {
	text := fmt.Sprintf("statement %d", m.Statement)
	if m.Sid != "" {
		text += " (Sid " + m.Sid + ")"
	}
	if m.Part != "Condition" {
		return text + ": another " + m.Part
	}
	return text + ": " + m.Operator + " " + m.Key + " does not hold"
}

// Why tells how a request was decided that the trust policy does not allow.
func Why(d Decision, misses []Miss) string {
	text := []string{d.String()}
	for _, m := range misses {
		text = append(text, m.String())
	}
	return strings.Join(text, "; ")
}
