package wire

import (
	"reflect"
	"strconv"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// AppendForm appends the body of a request for op of svc with the input src, a struct
// or a pointer to one whose type is the Go form of op.Input: Action, Version, then the
// members in the description's order. Unset members are left out, as by [AppendJSON];
// an empty map, list or structure that is set is written as an empty value, as AWS's
// clients do. Time is in seconds.
func AppendForm(dst []byte, svc *api.Service, op *api.Operation, src any) []byte {
	dst = append(dst, "Action="...)
	dst = appendEscaped(dst, op.Name)
	dst = append(dst, "&Version="...)
	dst = appendEscaped(dst, svc.Version)
	rv := reflect.Indirect(reflect.ValueOf(src))
	return planFor(op.Input, rv.Type()).appendForm(dst, nil, rv)
}

// appendForm appends the parameters of the value rv, which is called name.
func (p *plan) appendForm(dst, name []byte, rv reflect.Value) []byte {
	before := len(dst)
	switch p.shape.Kind {
	case api.List:
		for i := range rv.Len() {
			dst = p.elem.appendForm(dst, numberedName(name, ".member.", i), rv.Index(i))
		}
	case api.Map:
		for i, key := range sortedKeys(rv) {
			entry := numberedName(name, ".entry.", i)
			dst = appendPair(dst, append(entry, ".key"...), key.String())
			dst = p.elem.appendForm(dst, append(entry, ".value"...), rv.MapIndex(key))
		}
	case api.Structure:
		inner := name
		if len(name) > 0 {
			inner = append(name, '.')
		}
		for i := range p.fields {
			f := &p.fields[i]
			if fv := rv.Field(f.index); !f.unset(fv) {
				dst = f.plan.appendForm(dst, append(inner, f.name...), f.value(fv))
			}
		}
	default:
		return appendPair(dst, name, p.text(rv))
	}
	if len(dst) == before && len(name) > 0 {
		dst = appendPair(dst, name, "")
	}
	return dst
}

// numberedName is the name of the element or entry at index i, whose numbers begin at 1.
func numberedName(name []byte, word string, i int) []byte {
	return strconv.AppendInt(append(name, word...), int64(i)+1, 10)
}

// text is a scalar as forms and XML write it.
func (p *plan) text(rv reflect.Value) string {
	switch p.shape.Kind {
	case api.Integer, api.Long:
		return strconv.FormatInt(rv.Int(), 10)
	case api.Boolean:
		return strconv.FormatBool(rv.Bool())
	case api.Timestamp:
		return timeOf(rv).UTC().Format(time.RFC3339)
	}
	return rv.String()
}

// appendPair appends one parameter. Names need no escapes.
func appendPair(dst, name []byte, value string) []byte {
	dst = append(dst, '&')
	dst = append(dst, name...)
	dst = append(dst, '=')
	return appendEscaped(dst, value)
}

// appendEscaped appends s with all but the unreserved characters of RFC 3986 escaped,
// so that no reader of forms can take it for anything else.
func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hex[c>>4], hex[c&0xF])
		}
	}
	return dst
}
