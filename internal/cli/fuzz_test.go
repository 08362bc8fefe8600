package cli

import (
	"bytes"
	"encoding/pem"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

func writeCertificate(t *testing.T, to *bytes.Buffer, s *httptest.Server) {
	t.Helper()
	if err := pem.Encode(to, &pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}); err != nil {
		t.Fatal(err)
	}
}

// FuzzShorthand: no text hangs or crashes the parser; a quoted value comes out as it went in.
func FuzzShorthand(f *testing.F) {
	for _, s := range []string{"a=b", "a=b,c", "a=[b,{c=d}]", "a={b=c,}", "a='x\\'y'", `a="\\"`, "a@=file://x", "a=\\,b", "a=b,\nc==", "é=\U0001F600"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := parseShorthand(text, func(s string) (any, error) { return s, nil })
		if err != nil && err.Error() == "" {
			t.Error("an error without a message")
		}
		if !utf8.ValidString(text) || strings.Contains(text, `\`) {
			return
		}
		o, err := parseShorthand("a='"+strings.ReplaceAll(text, "'", `\'`)+"',b=c", nil)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if o.values["a"] != text || o.values["b"] != "c" {
			t.Errorf("%q became %q", text, o.values["a"])
		}
	})
}

// FuzzJSON: what is read is written so that it reads as the same, in each style.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, -2.5e3, "\ud83d\ude00", null, true]}`, `[`, `{"a": 1, "a": 2}`, `"\ud800"`, "NaN", `1e999`, "-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := decodeJSON(text)
		if err != nil {
			return
		}
		for _, style := range []jsonStyle{wireJSON, printedJSON, compactJSON} {
			written := style.encode(v)
			again, err := decodeJSON(written)
			if err != nil {
				t.Fatalf("%q is written as %q: %v", text, written, err)
			}
			if utf8.ValidString(text) && style.encode(again) != written {
				t.Errorf("%q is written as %q, then as %q", text, written, style.encode(again))
			}
		}
	})
}

// FuzzYAML: what is read is written so that it reads as the same.
func FuzzYAML(f *testing.F) {
	for _, s := range []string{"a: b", "- a\n- [b, {c: d}]", "a: &x [1]\nb: *x", "a: |\n  b\n  c\n", "? a\n: b", "a: 'it''s'", "a: 0o17", "<<: {a: b}", "--- a\n--- b", "a: \"\\U0001F600\\t\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := decodeYAML(text)
		if err != nil || scalar(v) {
			return
		}
		written := encodeYAML(v)
		again, err := decodeYAML(written)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", text, written, err)
		}
		if encodeYAML(again) != written {
			t.Errorf("%q is written as %q, then as %q", text, written, encodeYAML(again))
		}
	})
}

// FuzzQuery: no expression hangs or crashes.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"a.b[0]", "a[?b == 'c'].d", "sort_by(a, &b)", "{a: b, c: [d, e]}", "a[::-1]", "`{\"a\": 1}`", "a || b && !c", "*.a[]"} {
		f.Add(s)
	}
	doc, err := decodeJSON(`{"a": [{"b": 1, "c": "x"}, {"b": 2, "d": [1, 2]}], "b": {"a": null}}`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseQuery(text)
		if err != nil {
			return
		}
		if v, err := e.search(doc); err == nil {
			_ = printedJSON.encode(v)
		}
	})
}
