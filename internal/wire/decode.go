package wire

import (
	"bytes"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// Decode stores v in the struct that dst points to, whose type is the Go form of
// shape, and checks what the description demands of it. Members that shape does
// not have are ignored; a null member, element or entry counts as absent, and
// what is absent is left as it is in dst.
//
// The first value of a wrong type, in AWS's order of members, is a
// SerializationException. Only when there is none, all broken constraints are one
// ValidationException. Errors are *api.Error; dst is then unspecified. Decode
// panics when shape and dst disagree.
func Decode(shape *api.Shape, v *Value, dst any) error {
	p, rv := bind(shape, dst)
	if err := p.decode(v, root, rv); err != nil {
		return err
	}
	if err := p.validate(v, rv); err != nil {
		return err
	}
	return nil
}

// DecodeOutput is [Decode] for answers: types must be right, constraints are not
// checked, since a client may know an older description than the server.
func DecodeOutput(shape *api.Shape, v *Value, dst any) error {
	p, rv := bind(shape, dst)
	if err := p.decode(v, root, rv); err != nil {
		return err
	}
	return nil
}

func bind(shape *api.Shape, dst any) (*plan, reflect.Value) {
	rv := reflect.ValueOf(dst).Elem()
	return planFor(shape, rv.Type()), rv
}

// decode stores the value at, which is not null, in dst.
func (p *plan) decode(v *Value, at uint32, dst reflect.Value) *api.Error {
	kind := v.nodes[at].kind
	switch p.shape.Kind {
	case api.String:
		if kind != kindString {
			return mismatch(kind, p.shape.Kind)
		}
		dst.SetString(string(v.text(at)))
	case api.Integer, api.Long:
		if kind != kindNumber {
			return mismatch(kind, p.shape.Kind)
		}
		dst.SetInt(floor(v.text(at)))
	case api.Boolean:
		return v.decodeBool(at, dst)
	case api.Timestamp:
		if kind != kindNumber {
			return mismatch(kind, p.shape.Kind)
		}
		*dst.Addr().Interface().(*time.Time) = parseTime(v.text(at))
	case api.List:
		if kind != kindArray {
			return mismatch(kind, p.shape.Kind)
		}
		return p.decodeList(v, at, dst)
	case api.Map:
		if kind != kindObject {
			return mismatch(kind, p.shape.Kind)
		}
		return p.decodeMap(v, at, dst)
	case api.Structure:
		if kind != kindObject {
			return mismatch(kind, p.shape.Kind)
		}
		for i := range p.fields {
			f := &p.fields[i]
			member := v.member(at, f.name)
			if member == absent {
				continue
			}
			fv := dst.Field(f.index)
			if f.pointer {
				fv.Set(reflect.New(f.plan.typ))
				fv = fv.Elem()
			}
			if err := f.plan.decode(v, member, fv); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *plan) decodeList(v *Value, at uint32, dst reflect.Value) *api.Error {
	n := 0
	for range v.elements(at) {
		n++
	}
	dst.Set(reflect.MakeSlice(p.typ, n, n))
	n = 0
	for i := range v.elements(at) {
		if err := p.elem.decode(v, i, dst.Index(n)); err != nil {
			return err
		}
		n++
	}
	return nil
}

func (p *plan) decodeMap(v *Value, at uint32, dst reflect.Value) *api.Error {
	switch m := dst.Addr().Interface().(type) {
	case *map[string]string:
		return decodeStrings(v, at, m)
	case *map[string]api.Secret:
		return decodeStrings(v, at, m)
	}
	dst.Set(reflect.MakeMap(p.typ))
	for name, value := range v.entries(at) {
		elem := reflect.New(p.typ.Elem()).Elem()
		if err := p.elem.decode(v, value, elem); err != nil {
			return err
		}
		dst.SetMapIndex(reflect.ValueOf(string(v.text(name))), elem)
	}
	return nil
}

// decodeStrings is decodeMap without reflection, for the maps of most requests.
func decodeStrings[S ~string](v *Value, at uint32, dst *map[string]S) *api.Error {
	m := make(map[string]S)
	for name, value := range v.entries(at) {
		if kind := v.nodes[value].kind; kind != kindString {
			return mismatch(kind, api.String)
		}
		m[string(v.text(name))] = S(v.text(value))
	}
	*dst = m
	return nil
}

func (v *Value) decodeBool(at uint32, dst reflect.Value) *api.Error {
	switch kind := v.nodes[at].kind; kind {
	case kindTrue, kindFalse:
		dst.SetBool(kind == kindTrue)
		return nil
	case kindString:
		return convertBool(string(v.text(at)), dst)
	default:
		return mismatch(kind, api.Boolean)
	}
}

// convertBool takes the words that the framework takes for a Boolean, in either
// case (sibling: it upper-cases them, and says so in its message).
func convertBool(s string, dst reflect.Value) *api.Error {
	for i, word := range []string{"false", "true", "0", "1", "no", "yes"} {
		// Of equal length, since EqualFold also takes the long s for an s.
		if len(s) == len(word) && strings.EqualFold(s, word) {
			dst.SetBool(i%2 == 1)
			return nil
		}
	}
	return notBoolean.With(clip(strings.ToUpper(s)))
}

// mismatch words that a value of the given JSON kind is not what the shape wants.
func mismatch(kind jsontext.Kind, want api.Kind) *api.Error {
	switch {
	case kind == kindArray:
		return listNotExpected.With()
	case kind == kindObject:
		return mapNotExpected.With()
	case want == api.List:
		return listExpected.With()
	case want == api.Map, want == api.Structure:
		return mapExpected.With()
	}
	return notConvertible.With(javaClass(kind), javaTarget(want))
}

func javaClass(kind jsontext.Kind) string {
	switch kind {
	case kindString:
		return "java.lang.String"
	case kindNumber:
		return "com.amazon.coral.value.json.numbers.TruncatingBigNumber"
	}
	return "java.lang.Boolean"
}

func javaTarget(want api.Kind) string {
	switch want {
	case api.Integer:
		return "an Integer"
	case api.Long:
		return "an Long"
	case api.Boolean:
		return "an Boolean"
	case api.Timestamp:
		return "milliseconds since epoch"
	}
	return "an String"
}

// floor is the largest integer not above the JSON number, kept within int64.
func floor(literal []byte) int64 {
	if !bytes.ContainsAny(literal, ".eE") {
		// Out of range, ParseInt returns the bound.
		n, _ := strconv.ParseInt(string(literal), 10, 64)
		return n
	}
	f, _ := strconv.ParseFloat(string(literal), 64)
	switch f = math.Floor(f); {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

// lastMilli is the end of the year 9999, the last that text forms of time hold.
const lastMilli = 253402300799999

// parseTime is the instant of a JSON number of epoch seconds, to the millisecond.
func parseTime(literal []byte) time.Time {
	f, _ := strconv.ParseFloat(string(literal), 64)
	ms := math.Round(f * 1000)
	return time.UnixMilli(int64(max(-lastMilli, min(ms, lastMilli)))).UTC()
}
