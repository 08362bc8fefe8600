package wire

import (
	"reflect"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// AppendXML appends the answer of op of svc as AWS writes it, indented by two blanks
// (observed of STS): the result out, a struct or a pointer to one whose type is the Go form
// of op.Output, and the request's id. An operation without output has no result
// element; out is then ignored.
//
// Members go in the description's order. Unset ones are left out, as by [AppendJSON], but
// required Booleans, numbers, lists and maps are always written, since clients read
// those without asking. What is empty is written as <Name/>. Time is in whole seconds.
// What XML 1.0 cannot hold becomes U+FFFD; the constraints on identifiers leave none.
func AppendXML(dst []byte, svc *api.Service, op *api.Operation, requestID string, out any) []byte {
	dst = append(dst, '<')
	dst = append(dst, op.Name...)
	dst = append(dst, `Response xmlns="`...)
	dst = appendXMLText(dst, svc.Namespace)
	dst = append(dst, "\">\n"...)
	if op.Output != nil {
		rv := reflect.Indirect(reflect.ValueOf(out))
		dst = planFor(op.Output, rv.Type()).appendXML(dst, 1, op.Name+"Result", rv)
	}
	dst = append(dst, "  <ResponseMetadata>\n"...)
	dst = appendElement(dst, 2, "RequestId", requestID)
	dst = append(dst, "  </ResponseMetadata>\n</"...)
	dst = append(dst, op.Name...)
	return append(dst, "Response>\n"...)
}

// appendXML appends the element called name, depth steps to the right, of the value rv.
func (p *plan) appendXML(dst []byte, depth int, name string, rv reflect.Value) []byte {
	before := len(dst)
	dst = appendTag(dst, depth, "<", name, ">\n")
	inside := len(dst)
	switch p.shape.Kind {
	case api.List:
		for i := range rv.Len() {
			dst = p.elem.appendXML(dst, depth+1, "member", rv.Index(i))
		}
	case api.Map:
		for _, key := range sortedKeys(rv) {
			dst = appendTag(dst, depth+1, "<", "entry", ">\n")
			dst = appendElement(dst, depth+2, "key", key.String())
			dst = p.elem.appendXML(dst, depth+2, "value", rv.MapIndex(key))
			dst = appendTag(dst, depth+1, "</", "entry", ">\n")
		}
	case api.Structure:
		for i := range p.fields {
			f := &p.fields[i]
			if fv := rv.Field(f.index); f.always() || !f.unset(fv) {
				dst = f.plan.appendXML(dst, depth+1, f.name, f.value(fv))
			}
		}
	default:
		return appendElement(dst[:before], depth, name, p.text(rv))
	}
	if len(dst) == inside {
		return appendElement(dst[:before], depth, name, "")
	}
	return appendTag(dst, depth, "</", name, ">\n")
}

// always reports whether XML has the member even when it is unset.
func (f *field) always() bool {
	switch f.plan.shape.Kind {
	case api.Boolean, api.Integer, api.Long, api.List, api.Map:
		return f.required
	}
	return false
}

// appendElement appends an element on a line of its own.
func appendElement(dst []byte, depth int, name, text string) []byte {
	if text == "" {
		return appendTag(dst, depth, "<", name, "/>\n")
	}
	dst = appendTag(dst, depth, "<", name, ">")
	dst = appendXMLText(dst, text)
	return appendTag(dst, 0, "</", name, ">\n")
}

func appendTag(dst []byte, depth int, begin, name, end string) []byte {
	for range depth {
		dst = append(dst, "  "...)
	}
	dst = append(dst, begin...)
	dst = append(dst, name...)
	return append(dst, end...)
}

// appendXMLText appends s as the text of an element or a quoted attribute. A carriage
// return is escaped, since readers make a raw one a line feed (XML 1.0, 2.11).
func appendXMLText(dst []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '"':
			dst = append(dst, "&quot;"...)
		case r == '\r':
			dst = append(dst, "&#xD;"...)
		case r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
