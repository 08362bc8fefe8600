package cli

import (
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// validate checks the parameters as AWS's command line does before it sends them: what is
// there and of which type, and lower bounds. The rest is the service's to say.
func (c *call) validate() error {
	v := validation{}
	v.structure(c.operation.Input, c.input, "")
	if len(v.problems) == 0 {
		return nil
	}
	return wrong("Parameter validation failed:\n%s", strings.Join(v.problems, "\n"))
}

type validation struct{ problems []string }

func (v *validation) report(format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

// place is how messages call the place at path.
func place(path string) string {
	if path == "" {
		return "input"
	}
	return strings.TrimPrefix(path, ".")
}

func (v *validation) structure(shape *api.Shape, o *object, path string) {
	for i := range shape.Members {
		m := &shape.Members[i]
		if _, ok := o.get(m.Name); m.Required && !ok {
			v.report(`Missing required parameter in %s: "%s"`, place(path), m.Name)
		}
	}
	for _, name := range o.names {
		if shape.Member(name) == nil {
			known := make([]string, len(shape.Members))
			for i := range shape.Members {
				known[i] = shape.Members[i].Name
			}
			v.report(`Unknown parameter in %s: "%s", must be one of: %s`, place(path), name, strings.Join(known, ", "))
		}
	}
	for _, name := range o.names {
		if m := shape.Member(name); m != nil {
			v.value(m.Shape, o.values[name], path+"."+name)
		}
	}
}

// value checks a value at path.
func (v *validation) value(shape *api.Shape, value any, path string) {
	ok := false
	switch shape.Kind {
	case api.String:
		var text string
		if text, ok = value.(string); ok {
			v.length(shape, utf8.RuneCountInString(text), path)
		}
	case api.Integer, api.Long:
		var n *big.Int
		if n, ok = value.(*big.Int); ok {
			if shape.Min != 0 && n.Cmp(big.NewInt(shape.Min)) < 0 {
				v.report("Invalid value for parameter %s, value: %s, valid min value: %d", place(path), n, shape.Min)
			}
		}
		if _, isBool := value.(bool); isBool {
			ok = true
		}
	case api.Boolean:
		_, ok = value.(bool)
	case api.Timestamp:
		switch value.(type) {
		case string, *big.Int, float64:
			ok = true
		}
	case api.Blob:
		switch value.(type) {
		case string, []byte:
			ok = true
		}
	case api.List:
		var list []any
		if list, ok = value.([]any); ok {
			v.length(shape, len(list), path)
			for i, e := range list {
				v.value(shape.Elem, e, fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case api.Map:
		var o *object
		if o, ok = value.(*object); ok {
			for _, name := range o.names {
				v.value(shape.Key, name, fmt.Sprintf("%s (key: %s)", path, name))
				v.value(shape.Elem, o.values[name], path+"."+name)
			}
		}
	case api.Structure:
		var o *object
		if o, ok = value.(*object); ok {
			v.structure(shape, o, path)
		}
	}
	if !ok {
		v.report("Invalid type for parameter %s, value: %s, type: %s, valid types: %s", place(path), plain(value), typeName(value), wanted(shape))
	}
}

func (v *validation) length(shape *api.Shape, n int, path string) {
	if int64(n) < shape.Min {
		v.report("Invalid length for parameter %s, value: %d, valid min length: %d", place(path), n, shape.Min)
	}
}

// wanted names the type of values of a shape.
func wanted(shape *api.Shape) string {
	switch shape.Kind {
	case api.Integer, api.Long:
		return "integer"
	case api.Boolean:
		return "boolean"
	case api.List:
		return "list"
	case api.Map, api.Structure:
		return "map"
	case api.Timestamp:
		return "timestamp"
	}
	return "string"
}
