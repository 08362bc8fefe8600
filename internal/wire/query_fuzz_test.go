package wire

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func FuzzParseForm(f *testing.F) {
	for _, s := range []string{
		"", "Action=A&Version=1", "Action=A&action=B", "a=%zz", "a=%41+%2b", "a;b=c", "&&a&b=&", "=", "a=%00", "a=%ff", "é=1",
		"List.member.1=a&List.member.2=b", "a=b=c&%61=d",
	} {
		f.Add([]byte(s), "")
		f.Add([]byte("Version=1"), s)
	}
	f.Fuzz(func(t *testing.T, body []byte, query string) {
		form, err := ParseForm(body, query)
		if err != nil {
			var e *api.Error
			if !errors.As(err, &e) || e.Message == "" || form != nil {
				t.Fatalf("ParseForm(%q, %q) = %v, %v", body, query, form, err)
			}
			return
		}
		// What is accepted means the same to net/url.
		want, err := url.ParseQuery(query + "&" + string(body))
		if err != nil {
			t.Fatalf("ParseForm(%q, %q) accepts what net/url does not: %v", body, query, err)
		}
		seen := map[string]bool{}
		for _, p := range form.params {
			name, value := string(form.name(p)), string(form.value(p))
			if values := want[name]; len(values) != 1 || values[0] != value {
				t.Fatalf("ParseForm(%q, %q): %q is %q, want %q", body, query, name, value, values)
			}
			if folded := strings.ToLower(name); seen[folded] || !utf8.ValidString(value) {
				t.Fatalf("ParseForm(%q, %q): accepts %q = %q", body, query, name, value)
			} else {
				seen[folded] = true
			}
		}
		if len(want) != len(form.params) {
			t.Fatalf("ParseForm(%q, %q): %d parameters, want %d", body, query, len(form.params), len(want))
		}
	})
}

func FuzzDecodeForm(f *testing.F) {
	all := queryOperations()
	for i, q := range all {
		f.Add(uint8(i), []byte("Action=A&Version=1"))
		if q.op.Name == "AssumeRole" {
			f.Add(uint8(i), []byte(assumeRoleRequest))
		}
	}
	for _, s := range []string{
		"Text=a&Flag=1&Int=1&When=2026-01-01T00:00:00Z&Maybe=no", "Flag=true&List.member.2=b&List.member.1=a&Item=&Items=",
		"Flag=0&Map.entry.1.key=a&Map.entry.1.value=b&ItemMap.entry.1.key=a&ItemMap.entry.1.value.Text=b", "List.member.01=a", "Items.member.1.Text=a&Items.member.10.Flag=1",
	} {
		f.Add(uint8(0), []byte(s))
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		form, err := ParseForm(body, "")
		if err != nil {
			return
		}
		q := all[int(which)%len(all)]
		first, second := q.input(), q.input()
		if err := DecodeForm(q.op.Input, form, first); err != nil {
			var e *api.Error
			if !errors.As(err, &e) || e.Code != api.MalformedInput && e.Code != api.ValidationError {
				t.Fatalf("DecodeForm(%s, %q): %v", q.op.Name, body, err)
			}
			back := ParseErrorXML(AppendErrorXML(nil, FaultNamespace, "id", e))
			if back == nil || back.Code != e.Code || back.Message != xmlable(e.Message) {
				t.Fatalf("DecodeForm(%s, %q): error %q is read as %v", q.op.Name, body, e, back)
			}
			return
		}
		written := AppendForm(nil, q.svc, q.op, first)
		again, err := ParseForm(written, "")
		if err != nil {
			if len(written) > MaxBody || len(form.params) > maxParameters-3 {
				return
			}
			t.Fatalf("%s: %q is written as %q: %v", q.op.Name, body, written, err)
		}
		v, e := again.decode(q.op.Input)
		if e == nil {
			p, rv := bind(q.op.Input, second)
			e = p.decode(v, root, rv)
		}
		if e != nil {
			t.Fatalf("%s: %q is written as %q: %v", q.op.Name, body, written, e)
		}
		if diff := cmp.Diff(first, second, seconds); diff != "" {
			t.Fatalf("%s: %q is read twice (-first +second):\n%s", q.op.Name, body, diff)
		}
	})
}

func FuzzDecodeXML(f *testing.F) {
	for _, s := range []string{
		"", "<Text>a</Text><Flag>true</Flag>", "<List><member>a</member></List>", "<Map><entry><key>a</key><value>b</value></entry></Map>",
		"<Item><When>2026-01-01T00:00:00Z</When></Item>", "<Text>&#xD;]]&gt;</Text>", "<Int>-1</Int><Unknown><a/></Unknown>",
	} {
		f.Add([]byte(result(s)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		op := echoes.Operations[0]
		first, second := new(everything), new(everything)
		if err := DecodeXML(op, body, first); err != nil {
			return
		}
		written := AppendXML(nil, echoes, op, "id", first)
		if len(written) > MaxBody {
			return
		}
		if err := DecodeXML(op, written, second); err != nil {
			t.Fatalf("%q is written as %q: %v", body, written, err)
		}
		if diff := cmp.Diff(first, second, seconds); diff != "" {
			t.Fatalf("%q is read twice (-first +second):\n%s", body, diff)
		}
		if rewritten := AppendXML(nil, echoes, op, "id", second); !bytes.Equal(rewritten, written) {
			t.Fatalf("%q is written as %q, then as %q", body, written, rewritten)
		}
	})
}
