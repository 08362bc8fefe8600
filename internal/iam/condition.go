package iam

import "strings"

// A condition is one condition key of one operator in a Condition element.
type condition struct {
	key        string // in lower case
	operator   string // as the document has it
	texts      []string
	quantifier quantifier
	ifExists   bool
	null       bool
	negated    bool
	operands   []operand
}

// A quantifier says how the values of a request's key are taken.
type quantifier int

const (
	// single takes the one value. A key with several has no one value, so that it
	// equals nothing, as seen on AWS (github.com/boogy/iam-policy-validator/pull/161);
	// a negated operator, its opposite, holds.
	single quantifier = iota
	forAllValues
	forAnyValue
)

// conditions reads the value of Condition.
func (r *reader) conditions() (all []condition, err error) {
	err = r.object(func(name string) error {
		c, parse, ok := operatorOf(name)
		if !ok {
			return r.errorf("%q is no condition operator", name)
		}
		keys := map[string]bool{}
		err := r.object(func(key string) error {
			c := c
			c.key, c.operator = lower(key), name
			switch {
			case !isKey(key):
				return r.errorf("%q is no condition key: it has the form PREFIX:NAME", key)
			case keys[c.key]:
				return r.errorf("the condition key %q stands here twice, in other letters", key)
			}
			keys[c.key] = true
			err := r.oneOrMore(0, func() error {
				token, err := r.dec.ReadToken()
				if err != nil {
					return err
				}
				text := token.String()
				o, err := parse(r, text)
				c.texts = append(c.texts, text)
				c.operands = append(c.operands, o)
				return err
			})
			all = append(all, c)
			return err
		})
		if err == nil && len(keys) == 0 {
			err = r.errorf("the operator has no condition key")
		}
		return err
	})
	return all, err
}

// operatorOf takes the name of an operator apart. Null asks whether there is a
// value and so takes neither prefix nor suffix.
func operatorOf(name string) (c condition, parse parseOperand, ok bool) {
	base := name
	if rest, ok := strings.CutPrefix(base, "ForAllValues:"); ok {
		c.quantifier, base = forAllValues, rest
	} else if rest, ok := strings.CutPrefix(base, "ForAnyValue:"); ok {
		c.quantifier, base = forAnyValue, rest
	}
	base, c.ifExists = strings.CutSuffix(base, "IfExists")
	op, ok := operators[base]
	c.negated = op.negated
	c.null = base == "Null"
	return c, op.parse, ok && (!c.null || base == name)
}

// holds reports whether the condition is true of the request.
func (c *condition) holds(q *query) bool {
	values := q.values(c.key)
	// "A null dataset, such as an empty string": the guide on ForAllValues and Null.
	empty := len(values) == 0 || len(values) == 1 && values[0] == ""
	switch {
	case c.null:
		return c.equal(q, boolText(empty))
	case len(values) == 0 && c.ifExists:
		return true
	case c.quantifier == forAllValues:
		for _, v := range values {
			if !empty && c.equal(q, v) == c.negated {
				return false
			}
		}
		return true
	case c.quantifier == forAnyValue:
		for _, v := range values {
			if !empty && c.equal(q, v) != c.negated {
				return true
			}
		}
		return false
	case len(values) != 1:
		return c.negated
	}
	return c.equal(q, values[0]) != c.negated
}

// equal reports whether value equals any operand.
func (c *condition) equal(q *query, value string) bool {
	for _, o := range c.operands {
		if o.equals(q, value) {
			return true
		}
	}
	return false
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
