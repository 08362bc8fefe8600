package wire

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// xmlable is s with what XML 1.0 cannot hold replaced, by the ranges of its production Char.
func xmlable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', 0x20 <= r && r <= 0xD7FF, 0xE000 <= r && r <= 0xFFFD, 0x10000 <= r:
			return r
		}
		return '\uFFFD'
	}, s)
}

// seconds compares times as this protocol writes them.
var seconds = cmp.Comparer(func(a, b time.Time) bool {
	return a.Truncate(time.Second).Equal(b.Truncate(time.Second))
})

// A queryOperation is an operation of a service of the Query protocol, with what makes
// new structs for its input and output.
type queryOperation struct {
	svc           *api.Service
	op            *api.Operation
	input, output func() any
}

// queryOperations lists all of them.
func queryOperations() []queryOperation {
	everythings := func() any { return new(everything) }
	all := []queryOperation{{echoes, echoes.Operations[0], everythings, everythings}}
	for _, svc := range []*api.Service{api.IAM, api.STS} {
		for _, op := range svc.Operations {
			input := func() any { return newStruct(op.Input) }
			output := func() any { return newStruct(op.Output) }
			all = append(all, queryOperation{svc, op, input, output})
		}
	}
	return all
}

// What is written as a form is read back as it was.
func TestRoundTrip_Form(t *testing.T) {
	t.Parallel()
	for _, q := range queryOperations() {
		t.Run(q.op.Name, rapid.MakeCheck(func(t *rapid.T) {
			want, got := q.input(), q.input()
			draw(t, unicode, q.op.Input, reflect.ValueOf(want).Elem(), -1)
			body := AppendForm(nil, q.svc, q.op, want)
			f, err := ParseForm(body, "")
			if err != nil {
				t.Fatalf("ParseForm(%s): %v", body, err)
			}
			if action, _ := f.Action(); action != q.op.Name {
				t.Fatalf("%s: action %q", body, action)
			}
			// The values break constraints, which are not what is tried.
			v, e := f.decode(q.op.Input)
			if e == nil {
				p, rv := bind(q.op.Input, got)
				e = p.decode(v, root, rv)
			}
			if e != nil {
				t.Fatalf("decode(%s): %v", body, e)
			}
			if diff := cmp.Diff(got, want, seconds); diff != "" {
				t.Fatalf("%s (-got +want):\n%s", body, diff)
			}
		}))
	}
}

// What is written as XML is read back as it was.
func TestRoundTrip_XML(t *testing.T) {
	t.Parallel()
	texts := rapid.Map(rapid.String(), xmlable)
	for _, q := range queryOperations() {
		if q.op.Output == nil {
			continue
		}
		t.Run(q.op.Name, rapid.MakeCheck(func(t *rapid.T) {
			want, got := q.output(), q.output()
			draw(t, texts, q.op.Output, reflect.ValueOf(want).Elem(), -1)
			body := AppendXML(nil, q.svc, q.op, "id", want)
			if err := DecodeXML(q.op, body, got); err != nil {
				t.Fatalf("DecodeXML(%s): %v", body, err)
			}
			// A required list is written, be it nil or empty.
			if diff := cmp.Diff(got, want, seconds, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s (-got +want):\n%s", body, diff)
			}
			if again := AppendXML(nil, q.svc, q.op, "id", got); string(again) != string(body) {
				t.Fatalf("written twice:\n%s\n%s", body, again)
			}
		}))
	}
}
