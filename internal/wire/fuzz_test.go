package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, ``, `[]`, `{"a":1,"a":2}`, `{"a":"\ud800"}`, `{"a":"\u0000"}`, "{\"a\":\"\xff\"}", "\ufeff{}", `{}{}`,
		`{"a":[{"b":[1e400,-0,"\u0041",true,false,null]},[]]}`, nested(32), nested(33),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := ParseJSON(body)
		if err != nil {
			var e *api.Error
			if !errors.As(err, &e) || v != nil {
				t.Fatalf("ParseJSON(%q) = %v, %v", body, v, err)
			}
			return
		}
		if !json.Valid(body) || !utf8.Valid(body) {
			t.Fatalf("ParseJSON(%q) accepts what encoding/json does not", body)
		}
		sameTokens(t, v)
	})
}

// sameTokens compares v with what the tokenizer of jsontext makes of its body.
func sameTokens(t *testing.T, v *Value) {
	t.Helper()
	d := jsontext.NewDecoder(bytes.NewReader(v.body))
	var open []uint32
	for i := uint32(0); ; {
		token, err := d.ReadToken()
		if errors.Is(err, io.EOF) && int(i) == len(v.nodes) && len(open) == 0 {
			return
		}
		if err != nil {
			t.Fatalf("ParseJSON(%q) accepts what jsontext does not: %v", v.body, err)
		}
		if kind := token.Kind(); kind == jsontext.KindEndObject || kind == jsontext.KindEndArray {
			start := open[len(open)-1]
			open = open[:len(open)-1]
			if next := v.nodes[start].next; next != i {
				t.Fatalf("ParseJSON(%q): node %d ends before %d, want %d", v.body, start, next, i)
			}
			continue
		}
		if int(i) == len(v.nodes) || v.nodes[i].kind != token.Kind() {
			t.Fatalf("ParseJSON(%q): node %d of %d is not %v", v.body, i, len(v.nodes), token)
		}
		if got := string(v.text(i)); got != token.String() {
			t.Fatalf("ParseJSON(%q): node %d is %q, want %q", v.body, i, got, token)
		}
		if v.nodes[i].kind == kindObject || v.nodes[i].kind == kindArray {
			open = append(open, i)
		} else if v.nodes[i].next != i+1 {
			t.Fatalf("ParseJSON(%q): node %d ends before %d", v.body, i, v.nodes[i].next)
		}
		i++
	}
}

func FuzzDecode(f *testing.F) {
	all := shapes()
	for i, shape := range all {
		f.Add(uint8(i), []byte(`{}`))
		if shape.Name == "GetOpenIdTokenForDeveloperIdentityInput" {
			f.Add(uint8(i), []byte(developerRequest))
		}
		if shape.Name == "SetIdentityPoolRolesInput" {
			f.Add(uint8(i), []byte(`{"IdentityPoolId":"us-east-1:1","Roles":{},"RoleMappings":{"p":{"Type":"Rules","RulesConfiguration":{"Rules":[{"Claim":"c","MatchType":"Equals","Value":"v","RoleARN":"arn:aws:iam::123456789012:role/r"}]}}}}`))
		}
		if shape.Name == "IdentityDescription" {
			f.Add(uint8(i), []byte(`{"CreationDate":1.421516513393E9,"IdentityId":"a:1","LastModifiedDate":1421516513,"Logins":["p"]}`))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		v, err := ParseJSON(body)
		if err != nil {
			return
		}
		shape := all[int(which)%len(all)]
		if err := Decode(shape, v, newStruct(shape)); err != nil {
			var e *api.Error
			if !errors.As(err, &e) || e.Message == "" {
				t.Fatalf("Decode(%s, %q): %v", shape.Name, body, err)
			}
			// An error body is always one that a client can read.
			if back := ParseErrorJSON(AppendErrorJSON(nil, e)); back == nil || *back != *e {
				t.Fatalf("Decode(%s, %q): error %q is read as %v", shape.Name, body, e, back)
			}
		}
		first, second := newStruct(shape), newStruct(shape)
		if DecodeOutput(shape, v, first) != nil {
			return
		}
		written := AppendJSON(nil, shape, first)
		if len(written) > MaxBody {
			return
		}
		again, err := ParseJSON(written)
		if err != nil {
			t.Fatalf("%s: %q is written as %q: %v", shape.Name, body, written, err)
		}
		if err := DecodeOutput(shape, again, second); err != nil {
			t.Fatalf("%s: %q is written as %q: %v", shape.Name, body, written, err)
		}
		// Empty strings, zeros and members left out are the same, so compare what is written.
		if rewritten := AppendJSON(nil, shape, second); string(rewritten) != string(written) {
			t.Fatalf("%s: %q is written as %q, then as %q", shape.Name, body, written, rewritten)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("%s: %q is read twice (-first +second):\n%s", shape.Name, body, diff)
		}
	})
}
