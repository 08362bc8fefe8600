package iam

import "slices"

// Open reports whether a role's trust policy lets in whomever a provider vouches for,
// whatever audience the token was made for: a statement that allows
// sts:AssumeRoleWithWebIdentity to the provider, which has these names, has no condition
// that asks one of the keys for a value. Only values that are spelled out count, and only with
// an operator that fails when the key is missing: a wildcard, a variable, a negation or
// IfExists may let in anybody. Deny statements are not looked at.
//
// The keys are names of condition keys in any case.
func Open(trust *Policy, provider []string, keys ...string) bool {
	q := newQuery(&Request{Action: "sts:AssumeRoleWithWebIdentity", Principal: Principal{Federated: provider}})
	q.trust = true
	for i := range trust.statements {
		s := &trust.statements[i]
		if s.deny || !s.hasAction(q) || !s.hasPrincipal(q) {
			continue
		}
		pinned := func(c condition) bool {
			return slices.ContainsFunc(keys, func(key string) bool { return c.key == lower(key) }) && c.pins()
		}
		if !slices.ContainsFunc(s.conditions, pinned) {
			return true
		}
	}
	return false
}

// pins reports whether the condition holds only of the values that it spells out.
func (c *condition) pins() bool {
	if c.negated || c.null || c.ifExists || c.quantifier == forAllValues {
		return false
	}
	for _, o := range c.operands {
		if !literal(o) {
			return false
		}
	}
	return true
}

// literal reports whether an operand is one text.
func literal(o operand) bool {
	switch o := o.(type) {
	case *exactly:
		return o.rest == nil
	case *folded:
		return o.rest == nil
	case *like:
		return o.rest == nil && wildcard(o.glob) == len(o.glob)
	}
	return false
}
