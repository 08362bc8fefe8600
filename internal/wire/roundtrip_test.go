package wire

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// operations lists every operation of the services of AWS JSON 1.1.
func operations() []*api.Operation {
	return slices.Concat(api.CognitoIdentity.Operations, api.Identities.Operations, api.Control.Operations)
}

// operation returns the operation of the description called name.
func operation(name string) *api.Operation {
	for _, op := range operations() {
		if op.Name == name {
			return op
		}
	}
	panic("no operation " + name)
}

// shapes lists the input and output of every operation.
func shapes() []*api.Shape {
	var all []*api.Shape
	for _, op := range operations() {
		all = append(all, op.Input)
		if op.Output != nil {
			all = append(all, op.Output)
		}
	}
	return all
}

// newStruct returns a pointer to a new struct for shape, which has its name.
func newStruct(shape *api.Shape) any {
	for _, s := range structs {
		if typ := reflect.TypeOf(s); typ.Name() == shape.Name {
			return reflect.New(typ).Interface()
		}
	}
	panic("no Go type for shape " + shape.Name)
}

// draw fills dst with any value that its shape's types allow, be it valid or not, with
// strings of texts. A collection has least entries or more; -1 stands for nil.
func draw(t *rapid.T, texts *rapid.Generator[string], shape *api.Shape, dst reflect.Value, least int) {
	if dst.Kind() == reflect.Pointer {
		if rapid.Bool().Draw(t, "set") {
			dst.Set(reflect.New(dst.Type().Elem()))
			draw(t, texts, shape, dst.Elem(), least)
		}
		return
	}
	length := rapid.IntRange(least, 3)
	switch shape.Kind {
	case api.String:
		dst.SetString(texts.Draw(t, "string"))
	case api.Integer:
		dst.SetInt(int64(rapid.Int32().Draw(t, "number")))
	case api.Long:
		dst.SetInt(rapid.Int64().Draw(t, "number"))
	case api.Boolean:
		dst.SetBool(rapid.Bool().Draw(t, "boolean"))
	case api.Timestamp:
		if rapid.Bool().Draw(t, "set") {
			ms := rapid.Int64Range(-lastMilli/10, lastMilli).Draw(t, "milliseconds")
			dst.Set(reflect.ValueOf(time.UnixMilli(ms).UTC()))
		}
	case api.List:
		if n := length.Draw(t, "length"); n >= 0 {
			dst.Set(reflect.MakeSlice(dst.Type(), n, n))
			for i := range n {
				draw(t, texts, shape.Elem, dst.Index(i), 0)
			}
		}
	case api.Map:
		if n := length.Draw(t, "length"); n >= 0 {
			dst.Set(reflect.MakeMap(dst.Type()))
			for range n {
				key := reflect.New(dst.Type().Key()).Elem()
				elem := reflect.New(dst.Type().Elem()).Elem()
				draw(t, texts, shape.Key, key, 0)
				draw(t, texts, shape.Elem, elem, 0)
				dst.SetMapIndex(key, elem)
			}
		}
	case api.Structure:
		for _, m := range shape.Members {
			draw(t, texts, m.Shape, dst.FieldByName(m.Field()), -1)
		}
	}
}

// unicode are the strings that every protocol takes.
var unicode = rapid.Map(rapid.String(), func(s string) string { return strings.ReplaceAll(s, "\x00", "") })

// What is written is read back as it was.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	tried := map[*api.Shape]bool{}
	check := func(shape *api.Shape, fresh func() any) {
		if tried[shape] {
			return
		}
		tried[shape] = true
		t.Run(shape.Name, rapid.MakeCheck(func(t *rapid.T) {
			want, got := fresh(), fresh()
			draw(t, unicode, shape, reflect.ValueOf(want).Elem(), -1)
			body := AppendJSON(nil, shape, want)
			v, err := ParseJSON(body)
			if err != nil {
				t.Fatalf("ParseJSON(%s): %v", body, err)
			}
			if err := DecodeOutput(shape, v, got); err != nil {
				t.Fatalf("DecodeOutput(%s): %v", body, err)
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Fatalf("%s (-got +want):\n%s", body, diff)
			}
			if again := AppendJSON(nil, shape, got); string(again) != string(body) {
				t.Fatalf("written twice:\n%s\n%s", body, again)
			}
		}))
	}
	check(everythingShape, func() any { return new(everything) })
	for _, shape := range shapes() {
		check(shape, func() any { return newStruct(shape) })
	}
}
