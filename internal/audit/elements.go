package audit

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A side is which of an operation's values are written.
type side bool

const (
	// request: what is hidden is replaced, so that it is seen to have been there.
	request side = false
	// response: what is hidden is left out.
	response side = true
)

// elements returns v, a pointer to the Go form of the structure s, as CloudTrail writes it:
// names begin with a small letter, times are like "Jan 2, 2006 3:04:05 PM", what is unset is
// left out. Nil when nothing is left, or too much. It panics when s and v disagree.
func elements(s *api.Shape, v any, of side) jsontext.Value {
	if s == nil || v == nil {
		return nil
	}
	rv := reflect.Indirect(reflect.ValueOf(v))
	if !rv.IsValid() {
		return nil
	}
	b := of.append(nil, s, rv)
	if len(b) == len("{}") || len(b) > maxElements {
		return nil
	}
	return b
}

// secret reports whether a value, or each within it, is nothing to be told.
func secret(s *api.Shape) bool {
	return s.Sensitive || s.Hidden || s.Elem != nil && secret(s.Elem)
}

func (of side) append(dst []byte, s *api.Shape, v reflect.Value) []byte {
	switch s.Kind {
	case api.String:
		if secret(s) {
			return quote(dst, hidden)
		}
		return quote(dst, v.String())
	case api.Integer, api.Long:
		return strconv.AppendInt(dst, v.Int(), 10)
	case api.Boolean:
		return strconv.AppendBool(dst, v.Bool())
	case api.Timestamp:
		return quote(dst, v.Interface().(time.Time).UTC().Format("Jan 2, 2006 3:04:05 PM"))
	case api.List:
		dst = append(dst, '[')
		for i := range v.Len() {
			dst = of.append(comma(dst), s.Elem, v.Index(i))
		}
		return append(dst, ']')
	case api.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		dst = append(dst, '{')
		for _, key := range keys {
			dst = append(quote(comma(dst), key.String()), ':')
			dst = of.append(dst, s.Elem, v.MapIndex(key))
		}
		return append(dst, '}')
	}
	mustFit(s, v.Type())
	dst = append(dst, '{')
	for i := range s.Members {
		m, v := &s.Members[i], v.Field(i)
		told := !v.IsZero() || m.Shape.Kind == api.Boolean && m.Required
		if !told || of == response && secret(m.Shape) {
			continue
		}
		dst = append(comma(dst), '"')
		dst = append(dst, m.Name[0]|0x20) // an ASCII letter
		dst = append(append(dst, m.Name[1:]...), `":`...)
		dst = of.append(dst, m.Shape, reflect.Indirect(v))
	}
	return append(dst, '}')
}

// fits holds the Go types that are known to be the form of a structure. They come from
// the program, never from input, so there are few.
var fits sync.Map // of reflect.Type to *api.Shape

// mustFit panics unless the fields of t are the members of s, in their order: both are made
// from one description.
func mustFit(s *api.Shape, t reflect.Type) {
	if of, ok := fits.Load(t); ok && of == s {
		return
	}
	if t.Kind() != reflect.Struct || t.NumField() != len(s.Members) {
		panic(fmt.Sprintf("audit: %s is not the Go form of %s", t, s.Name))
	}
	for i := range s.Members {
		if t.Field(i).Name != s.Members[i].Field() {
			panic(fmt.Sprintf("audit: %s is not the Go form of %s", t, s.Name))
		}
	}
	fits.Store(t, s)
}

// comma appends a comma, but not at the beginning of an object or array.
func comma(dst []byte) []byte {
	if last := dst[len(dst)-1]; last == '{' || last == '[' {
		return dst
	}
	return append(dst, ',')
}

func quote(dst []byte, text string) []byte {
	if len(text) > maxString {
		text = omitted
	}
	dst, _ = jsontext.AppendQuote(dst, text) // what is not UTF-8 is replaced
	return dst
}
