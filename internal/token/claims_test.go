package token

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAppendString(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ s, want string }{
		{"", `""`},
		{"plain", `"plain"`},
		{"<a href='?x=1&y=2'>", `"<a href='?x=1&y=2'>"`},
		{`a"b\c/d`, `"a\"b\\c/d"`},
		{"\n\r\t", `"\n\r\t"`},
		{"a\x00b\x1f\x7f", "\"a\\u0000b\\u001f\x7f\""},
		{"é€😀\u2028\ufffd", "\"é€😀\u2028\ufffd\""},
	} {
		got, err := appendString([]byte("x"), tc.s)
		if err != nil || string(got) != "x"+tc.want {
			t.Errorf("%q: got %s, %v, want x%s", tc.s, got, err, tc.want)
		}
	}
	for _, s := range []string{"\xff", "a\xc0\xaf", "\xed\xa0\x80", "cut \xe2\x82"} {
		if got, err := appendString(nil, s); err == nil {
			t.Errorf("%q: got %s and no error", s, got)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a", `"\`, "\x00\x1f", "\u2028", "\xff", "😀"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := appendString(nil, s)
		if (err == nil) != utf8.ValidString(s) {
			t.Fatalf("%q: %v", s, err)
		}
		if err != nil {
			return
		}
		var back string
		if err := json.Unmarshal(b, &back); err != nil || back != s {
			t.Errorf("%q is written as %s and read as %q, %v", s, b, back, err)
		}
		if strings.ContainsAny(string(b), "\n\r\t") {
			t.Errorf("%q is written with white space: %q", s, b)
		}
	})
}
