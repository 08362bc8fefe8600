package wire

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// AppendJSON appends src, a struct or a pointer to one whose type is the Go form
// of shape, as AWS writes it: no white space, names in alphabetical order, unset
// members left out. Unset are the empty string, zero, the zero time and nil; an
// empty map or list that is not nil is written, and so is a required Boolean, and a required
// string that is bounded and may be empty.
//
// A string that is not valid UTF-8 is written as it is, so that the receiver
// refuses it; replacing bytes would make different identifiers equal. AppendJSON
// panics when shape and src disagree.
func AppendJSON(dst []byte, shape *api.Shape, src any) []byte {
	rv := reflect.Indirect(reflect.ValueOf(src))
	return planFor(shape, rv.Type()).append(dst, rv)
}

func (p *plan) append(dst []byte, rv reflect.Value) []byte {
	switch p.shape.Kind {
	case api.String:
		return appendQuoted(dst, rv.String())
	case api.Integer, api.Long:
		return strconv.AppendInt(dst, rv.Int(), 10)
	case api.Boolean:
		return strconv.AppendBool(dst, rv.Bool())
	case api.Timestamp:
		return appendTime(dst, timeOf(rv))
	case api.List:
		dst = append(dst, '[')
		for i := range rv.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = p.elem.append(dst, rv.Index(i))
		}
		return append(dst, ']')
	case api.Map:
		return p.appendMap(dst, rv)
	}
	dst = append(dst, '{')
	first := true
	for _, f := range p.sorted {
		fv := rv.Field(f.index)
		if f.unset(fv) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, f.key...)
		dst = f.plan.append(dst, f.value(fv))
	}
	return append(dst, '}')
}

func (f *field) unset(rv reflect.Value) bool {
	switch kind := f.plan.shape.Kind; {
	case kind == api.Timestamp:
		return timeOf(rv).IsZero()
	case kind == api.Boolean && !f.pointer, f.mayBeEmpty():
		return false
	}
	return rv.IsZero()
}

// mayBeEmpty reports whether the empty string is a value like any other: of a required
// member that has no other way to say so, such as the value of a tag.
func (f *field) mayBeEmpty() bool {
	s := f.plan.shape
	return s.Kind == api.String && f.required && s.Min == 0 && s.Max > 0
}

// value is what the field rv, which is set, holds or points to.
func (f *field) value(rv reflect.Value) reflect.Value {
	if f.pointer {
		return rv.Elem()
	}
	return rv
}

func (p *plan) appendMap(dst []byte, rv reflect.Value) []byte {
	switch m := rv.Interface().(type) {
	case map[string]string:
		return appendStrings(dst, m)
	case map[string]api.Secret:
		return appendStrings(dst, m)
	}
	dst = append(dst, '{')
	for i, key := range sortedKeys(rv) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, key.String()), ':')
		dst = p.elem.append(dst, rv.MapIndex(key))
	}
	return append(dst, '}')
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

func appendStrings[S ~string](dst []byte, m map[string]S) []byte {
	dst = append(dst, '{')
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, key), ':')
		dst = appendQuoted(dst, string(m[key]))
	}
	return append(dst, '}')
}

// appendQuoted appends s as a JSON string, escaping only what RFC 8259 says must be.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	dst = append(dst, '"')
	done := 0
	for i := range len(s) {
		b := s[i]
		if b >= ' ' && b != '"' && b != '\\' {
			continue
		}
		dst = append(dst, s[done:i]...)
		done = i + 1
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&0xF])
		}
	}
	return append(append(dst, s[done:]...), '"')
}

// timeOf reads a time.Time without the allocation of an interface where it can.
func timeOf(rv reflect.Value) time.Time {
	if rv.CanAddr() {
		return *rv.Addr().Interface().(*time.Time)
	}
	return rv.Interface().(time.Time)
}

// appendTime appends t as epoch seconds with milliseconds, in the form of Java's
// Double.toString: 1.569527701E9 (observed).
func appendTime(dst []byte, t time.Time) []byte {
	seconds := float64(t.UnixMilli()) / 1000
	if -1e7 < seconds && seconds < 1e7 {
		start := len(dst)
		dst = strconv.AppendFloat(dst, seconds, 'f', -1, 64)
		if bytes.IndexByte(dst[start:], '.') < 0 {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	var buf [32]byte
	mantissa, exponent, _ := bytes.Cut(strconv.AppendFloat(buf[:0], seconds, 'e', -1, 64), []byte("e+"))
	dst = append(dst, mantissa...)
	if bytes.IndexByte(mantissa, '.') < 0 {
		dst = append(dst, ".0"...)
	}
	dst = append(dst, 'E')
	return append(dst, bytes.TrimLeft(exponent, "0")...)
}
