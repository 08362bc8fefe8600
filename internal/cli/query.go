package cli

import (
	"math/big"
)

// An expression is a JMESPath expression: the language of --query. It is our own, since
// the libraries there are lose the order of names and can not compare strings, and the
// messages are AWS's.
type expression struct{ root *node }

// An exprefValue is an expression as an argument of a function.
type exprefValue struct{ node *node }

// search applies the expression to v; none returns v itself.
func (e *expression) search(v any) (any, error) {
	if e == nil {
		return v, nil
	}
	r, err := e.root.eval(v)
	if _, ok := r.(exprefValue); ok {
		return nil, &queryError{"The result is an expression, which can not be printed."}
	}
	return r, err
}

// isFalse tells what counts as false: null, false and what is empty, but no number.
func isFalse(v any) bool {
	switch v.(type) {
	case *big.Int, float64, exprefValue:
		return false
	}
	return empty(v)
}

func (n *node) eval(v any) (any, error) {
	switch n.kind {
	case nodeIdentity:
		return v, nil
	case nodeField:
		if o, ok := v.(*object); ok {
			return o.values[n.text], nil
		}
		return nil, nil
	case nodeLiteral:
		return n.value, nil
	case nodeExpref:
		return exprefValue{n.children[0]}, nil
	case nodeIndex:
		list, ok := v.([]any)
		if !ok {
			return nil, nil
		}
		i := n.value.(*big.Int)
		if i.Sign() < 0 {
			i = new(big.Int).Add(i, big.NewInt(int64(len(list))))
		}
		if i.Sign() < 0 || i.Cmp(big.NewInt(int64(len(list)))) >= 0 {
			return nil, nil
		}
		return list[i.Int64()], nil
	case nodeSlice:
		return n.slice(v)
	case nodeChain:
		for _, child := range n.children {
			var err error
			if v, err = child.eval(v); err != nil {
				return nil, err
			}
		}
		return v, nil
	case nodeProjection, nodeValueProjection, nodeFilter:
		return n.project(v)
	case nodeFlatten:
		base, err := n.children[0].eval(v)
		list, ok := base.([]any)
		if err != nil || !ok {
			return nil, err
		}
		flat := []any{}
		for _, e := range list {
			if inner, ok := e.([]any); ok {
				flat = append(flat, inner...)
			} else {
				flat = append(flat, e)
			}
		}
		return flat, nil
	case nodeComparator:
		return n.compare(v)
	case nodeOr, nodeAnd:
		left, err := n.children[0].eval(v)
		if err != nil || isFalse(left) == (n.kind == nodeAnd) {
			return left, err
		}
		return n.children[1].eval(v)
	case nodeNot:
		r, err := n.children[0].eval(v)
		return isFalse(r), err
	case nodeList:
		if v == nil {
			return nil, nil
		}
		return evalAll(n.children, v)
	case nodeHash:
		if v == nil {
			return nil, nil
		}
		values, err := evalAll(n.children, v)
		if err != nil {
			return nil, err
		}
		o := newObject()
		for i, key := range n.keys {
			o.set(key, values[i])
		}
		return o, nil
	case nodeFunction:
		arguments, err := evalAll(n.children, v)
		if err != nil {
			return nil, err
		}
		return callFunction(n.text, arguments)
	}
	return nil, nil
}

func evalAll(nodes []*node, v any) ([]any, error) {
	all := make([]any, len(nodes))
	for i, n := range nodes {
		var err error
		if all[i], err = n.eval(v); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// project applies the right child to each element of the left one that the condition, if
// there is one, is true for. Nulls are left out.
func (n *node) project(v any) (any, error) {
	base, err := n.children[0].eval(v)
	if err != nil {
		return nil, err
	}
	list, ok := base.([]any)
	if n.kind == nodeValueProjection {
		var o *object
		if o, ok = base.(*object); ok {
			list = values(o)
		}
	}
	if !ok {
		return nil, nil
	}
	out := []any{}
	for _, e := range list {
		if n.kind == nodeFilter {
			keep, err := n.children[2].eval(e)
			if err != nil {
				return nil, err
			}
			if isFalse(keep) {
				continue
			}
		}
		r, err := n.children[1].eval(e)
		if err != nil {
			return nil, err
		}
		if r != nil {
			out = append(out, r)
		}
	}
	return out, nil
}

func values(o *object) []any {
	list := make([]any, o.len())
	for i, name := range o.names {
		list[i] = o.values[name]
	}
	return list
}

// slice is [start:stop:step], each of which may be missing.
func (n *node) slice(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, nil
	}
	parts := n.value.([3]any)
	size := len(list)
	// part is a part as an int: beyond what counts, all numbers are alike.
	part := func(i, missing int) int {
		n, ok := parts[i].(*big.Int)
		if !ok {
			return missing
		}
		limit := big.NewInt(int64(size + 1))
		switch {
		case n.Cmp(limit) > 0:
			return size + 1
		case n.Cmp(new(big.Int).Neg(limit)) < 0:
			return -size - 1
		}
		return int(n.Int64())
	}
	step := part(2, 1)
	if step == 0 {
		return nil, &queryError{"slice step cannot be zero"}
	}
	// bound brings an end into the list, counted from its end when negative.
	bound := func(i, missing int) int {
		if parts[i] == nil {
			return missing
		}
		b := part(i, 0)
		if b < 0 {
			b += size
		}
		if step < 0 {
			return min(max(b, -1), size-1)
		}
		return min(max(b, 0), size)
	}
	out := []any{}
	if step > 0 {
		for i := bound(0, 0); i < bound(1, size); i += step {
			out = append(out, list[i])
		}
		return out, nil
	}
	for i := bound(0, size-1); i > bound(1, -1); i += step {
		out = append(out, list[i])
	}
	return out, nil
}

func (n *node) compare(v any) (any, error) {
	both, err := evalAll(n.children, v)
	if err != nil {
		return nil, err
	}
	a, b := both[0], both[1]
	switch tokenType(n.text) {
	case tokEq:
		return equal(a, b), nil
	case tokNe:
		return !equal(a, b), nil
	}
	order, ok := compareValues(a, b)
	if !ok {
		return nil, nil
	}
	switch tokenType(n.text) {
	case tokLt:
		return order < 0, nil
	case tokLte:
		return order <= 0, nil
	case tokGt:
		return order > 0, nil
	}
	return order >= 0, nil
}
