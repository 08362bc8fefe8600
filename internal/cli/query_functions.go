package cli

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A function is one of JMESPath. Each parameter has the types that it takes, separated by
// "|"; empty: any. variadic: the last one may be repeated.
type function struct {
	parameters []string
	variadic   bool
	call       func(arguments []any) (any, error)
}

// compareValues orders two numbers or two strings.
func compareValues(a, b any) (int, bool) {
	if x, ok := a.(string); ok {
		y, ok := b.(string)
		return strings.Compare(x, y), ok
	}
	x, ok := number(a)
	y, also := number(b)
	if !ok || !also {
		return 0, false
	}
	return x.Cmp(y), true
}

// queryType is the JMESPath type of v.
func queryType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case *big.Int, float64:
		return "number"
	case []any:
		return "array"
	case *object:
		return "object"
	case exprefValue:
		return "expref"
	}
	return "string"
}

// functionCalled returns the function, built when it is called.
func functionCalled(name string) (function, bool) {
	value := func(f func(any) any) func([]any) (any, error) {
		return func(a []any) (any, error) { return f(a[0]), nil }
	}
	switch name {
	case "abs":
		return function{[]string{"number"}, false, value(func(v any) any {
			if n, ok := v.(*big.Int); ok {
				return new(big.Int).Abs(n)
			}
			return math.Abs(v.(float64))
		})}, true
	case "avg":
		return function{[]string{"array-number"}, false, func(a []any) (any, error) {
			list := a[0].([]any)
			if len(list) == 0 {
				return nil, nil
			}
			return float(sum(list)) / float64(len(list)), nil
		}}, true
	case "ceil", "floor":
		round := math.Ceil
		if name == "floor" {
			round = math.Floor
		}
		return function{[]string{"number"}, false, value(func(v any) any {
			f, ok := v.(float64)
			if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
				return v
			}
			n, _ := big.NewFloat(round(f)).Int(nil)
			return n
		})}, true
	case "contains":
		return function{[]string{"array|string", ""}, false, func(a []any) (any, error) {
			if list, ok := a[0].([]any); ok {
				return slices.ContainsFunc(list, func(v any) bool { return equal(v, a[1]) }), nil
			}
			part, ok := a[1].(string)
			return ok && strings.Contains(a[0].(string), part), nil
		}}, true
	case "ends_with", "starts_with":
		has := strings.HasSuffix
		if name == "starts_with" {
			has = strings.HasPrefix
		}
		return function{[]string{"string", "string"}, false, func(a []any) (any, error) { return has(a[0].(string), a[1].(string)), nil }}, true
	case "join":
		return function{[]string{"string", "array-string"}, false, func(a []any) (any, error) {
			parts := make([]string, len(a[1].([]any)))
			for i, p := range a[1].([]any) {
				parts[i] = p.(string)
			}
			return strings.Join(parts, a[0].(string)), nil
		}}, true
	case "keys":
		return function{[]string{"object"}, false, value(func(v any) any {
			list := []any{}
			for _, n := range v.(*object).names {
				list = append(list, n)
			}
			return list
		})}, true
	case "values":
		return function{[]string{"object"}, false, value(func(v any) any { return values(v.(*object)) })}, true
	case "length":
		return function{[]string{"string|array|object"}, false, value(func(v any) any {
			switch v := v.(type) {
			case []any:
				return integer(int64(len(v)))
			case *object:
				return integer(int64(v.len()))
			}
			return integer(int64(utf8.RuneCountInString(v.(string))))
		})}, true
	case "map":
		return function{[]string{"expref", "array"}, false, func(a []any) (any, error) {
			out := []any{}
			for _, e := range a[1].([]any) {
				r, err := a[0].(exprefValue).node.eval(e)
				if err != nil {
					return nil, err
				}
				out = append(out, r)
			}
			return out, nil
		}}, true
	case "max", "min":
		return function{[]string{"array-number|array-string"}, false, value(func(v any) any {
			return extreme(v.([]any), v.([]any), name == "max")
		})}, true
	case "max_by", "min_by":
		return function{[]string{"array", "expref"}, false, func(a []any) (any, error) {
			list := a[0].([]any)
			keys, err := sortKeys(name, list, a[1].(exprefValue), false)
			if err != nil {
				return nil, err
			}
			return extreme(list, keys, name == "max_by"), nil
		}}, true
	case "merge":
		return function{[]string{"object"}, true, func(a []any) (any, error) {
			o := newObject()
			for _, from := range a {
				from, ok := from.(*object)
				if !ok {
					return nil, &queryError{"In function merge(), every argument must be an object"}
				}
				for _, n := range from.names {
					o.set(n, from.values[n])
				}
			}
			return o, nil
		}}, true
	case "not_null":
		return function{[]string{""}, true, func(a []any) (any, error) {
			for _, v := range a {
				if v != nil {
					return v, nil
				}
			}
			return nil, nil
		}}, true
	case "reverse":
		return function{[]string{"array|string"}, false, value(func(v any) any {
			if text, ok := v.(string); ok {
				r := []rune(text)
				slices.Reverse(r)
				return string(r)
			}
			list := slices.Clone(v.([]any))
			slices.Reverse(list)
			return list
		})}, true
	case "sort":
		return function{[]string{"array-string|array-number"}, false, value(func(v any) any {
			list := slices.Clone(v.([]any))
			slices.SortStableFunc(list, func(a, b any) int { order, _ := compareValues(a, b); return order })
			return list
		})}, true
	case "sort_by":
		return function{[]string{"array", "expref"}, false, sortBy}, true
	case "sum":
		return function{[]string{"array-number"}, false, value(func(v any) any { return sum(v.([]any)) })}, true
	case "to_array":
		return function{[]string{""}, false, value(func(v any) any {
			if _, ok := v.([]any); ok {
				return v
			}
			return []any{v}
		})}, true
	case "to_number":
		return function{[]string{""}, false, value(toNumber)}, true
	case "to_string":
		return function{[]string{""}, false, value(func(v any) any {
			if _, ok := v.(string); ok {
				return v
			}
			return compactJSON.encode(v)
		})}, true
	case "type":
		return function{[]string{""}, false, value(func(v any) any { return queryType(v) })}, true
	}
	return function{}, false
}

func callFunction(name string, arguments []any) (any, error) {
	f, ok := functionCalled(name)
	if !ok {
		return nil, &queryError{fmt.Sprintf("Unknown function: %s()", name)}
	}
	n := len(f.parameters)
	if len(arguments) < n || len(arguments) > n && !f.variadic {
		least, plural := "", "s"
		if f.variadic {
			least = "at least "
		}
		if n == 1 {
			plural = ""
		}
		return nil, &queryError{fmt.Sprintf("Expected %s%d argument%s for function %s(), received %d", least, n, plural, name, len(arguments))}
	}
	for i, types := range f.parameters {
		if types != "" {
			if err := checkType(name, arguments[i], types); err != nil {
				return nil, err
			}
		}
	}
	return f.call(arguments)
}

// checkType checks an argument: its type, and for array-number and the like that of its
// elements, which must be the same for all.
func checkType(name string, v any, types string) error {
	var elements []string
	fits := false
	for t := range strings.SplitSeq(types, "|") {
		base, element, typed := strings.Cut(t, "-")
		if typed {
			elements = append(elements, element)
		}
		fits = fits || base == queryType(v)
	}
	if !fits {
		return typeMismatch(name, v, queryType(v), types)
	}
	list, ok := v.([]any)
	if !ok || len(elements) == 0 || len(list) == 0 {
		return nil
	}
	want := elements[0]
	if len(elements) > 1 {
		if want = queryType(list[0]); !slices.Contains(elements, want) {
			return typeMismatch(name, list[0], want, types)
		}
	}
	for _, e := range list {
		if t := queryType(e); t != want {
			return typeMismatch(name, e, t, types)
		}
	}
	return nil
}

func typeMismatch(name string, v any, got, types string) error {
	quotedTypes := "'" + strings.ReplaceAll(types, "|", "', '") + "'"
	return &queryError{fmt.Sprintf(`In function %s(), invalid type for value: %s, expected one of: [%s], received: "%s"`, name, plain(v), quotedTypes, got)}
}

func float(v any) float64 {
	n, ok := number(v)
	if !ok {
		return math.NaN()
	}
	f, _ := n.Float64()
	return f
}

func sum(list []any) any {
	whole := new(big.Int)
	for i, v := range list {
		n, ok := v.(*big.Int)
		if !ok {
			rest, _ := new(big.Float).SetInt(whole).Float64()
			for _, v := range list[i:] {
				rest += float(v)
			}
			return rest
		}
		whole.Add(whole, n)
	}
	return whole
}

// extreme returns the element of list with the greatest or least key, the first of equals.
func extreme(list, keys []any, greatest bool) any {
	var best, key any
	for i, k := range keys {
		order, _ := compareValues(k, key)
		if i == 0 || greatest && order > 0 || !greatest && order < 0 {
			best, key = list[i], k
		}
	}
	return best
}

// sortKeys evaluates the expression for each element: all numbers or all strings.
func sortKeys(name string, list []any, e exprefValue, first bool) ([]any, error) {
	keys := make([]any, len(list))
	want := ""
	for i, v := range list {
		var err error
		if keys[i], err = e.node.eval(v); err != nil {
			return nil, err
		}
		got := queryType(keys[i])
		switch {
		case i == 0 && first && got != "number" && got != "string":
			return nil, typeMismatch(name, v, got, "string|number")
		case got != "number" && got != "string" || i > 0 && got != want:
			types := "number|string"
			if first {
				types = want
			}
			return nil, typeMismatch(name, keys[i], got, types)
		}
		want = got
	}
	return keys, nil
}

func sortBy(a []any) (any, error) {
	list := a[0].([]any)
	keys, err := sortKeys("sort_by", list, a[1].(exprefValue), true)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { c, _ := compareValues(keys[i], keys[j]); return c })
	out := make([]any, len(list))
	for i, from := range order {
		out[i] = list[from]
	}
	return out, nil
}

func toNumber(v any) any {
	switch v := v.(type) {
	case *big.Int, float64:
		return v
	case string:
		if n, err := parseInt(v); err == nil {
			return n
		}
		if f, err := strconv.ParseFloat(strings.TrimFunc(v, pythonSpace), 64); err == nil {
			return f
		}
	}
	return nil
}
