package wire

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth-1) + "{}" + strings.Repeat("}", depth-1)
}

// Each refusal stands beside the closest body that is accepted.
func TestParseJSON(t *testing.T) {
	t.Parallel()
	syntax := api.NotJSON.With()
	for _, tc := range []struct {
		name, body string
		want       *api.Error
	}{
		{"empty object", `{}`, nil},
		{"empty", ``, syntax},
		{"blank", " \n", syntax},
		{"white space around", " \t\r\n{ } \n", nil},
		{"null", `null`, syntax},
		{"list", `[]`, syntax},
		{"string", `"{}"`, syntax},
		{"unfinished", `{"a":1`, syntax},
		{"not JSON", `{a:1}`, syntax},
		{"trailing comma", `{"a":1,}`, syntax},
		{"mismatched end", `{"a":[}]`, syntax},
		{"leading zero", `{"a":01}`, syntax},
		{"plus sign", `{"a":+1}`, syntax},
		{"not a number", `{"a":NaN}`, syntax},
		{"comment", `{"a":1/**/}`, syntax},
		{"second value", `{}{}`, syntax},
		{"trailing garbage", `{"a":1}x`, syntax},
		{"trailing end", `{"a":1}}`, syntax},
		{"trailing NUL", "{}\x00", syntax},
		{"byte order mark", "\ufeff{}", syntax},
		{"UTF-16", "{\x00}\x00", syntax},

		{"names that differ in case", `{"IdentityPoolId":"mine","identityPoolId":"theirs"}`, nil},
		{"name with a long s", `{"Logins":{},"Login\u017f":{}}`, nil},
		{"name with a Kelvin sign", `{"k":1,"\u212a":2}`, nil},
		{"names that differ in normal form", `{"\u00e9":1,"e\u0301":2}`, nil},
		{"names that differ in a blank", `{"a":1,"a ":2}`, nil},
		{"duplicate name", `{"a":1,"b":2,"a":1}`, duplicateName.With()},
		{"duplicate name, once escaped", `{"a":1,"\u0061":2}`, duplicateName.With()},
		{"duplicate name, nested", `{"a":[{"b":1,"b":2}]}`, duplicateName.With()},
		{"equal names in different objects", `{"a":{"b":1},"c":{"b":1}}`, nil},

		{"surrogate pair", `{"a":"\ud83d\ude00"}`, nil},
		{"lone high surrogate", `{"a":"\ud800"}`, notUnicode.With()},
		{"lone low surrogate", `{"a":"\udc00"}`, notUnicode.With()},
		{"surrogates in the wrong order", `{"a":"\ude00\ud83d"}`, notUnicode.With()},
		{"lone surrogate in a name", `{"a\ud801":1}`, notUnicode.With()},
		{"two lone surrogates as names", `{"\ud800":1,"\ud801":1}`, notUnicode.With()},
		{"two bytes", "{\"a\":\"\u00ff\"}", nil},
		{"raw byte", "{\"a\":\"u\xff\"}", notUnicode.With()},
		{"raw byte in a name", "{\"u\xff\":1}", notUnicode.With()},
		{"overlong form", "{\"a\":\"\xc0\x80\"}", notUnicode.With()},
		{"surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", notUnicode.With()},
		{"replacement character", `{"a":"\ufffd"}`, nil},

		{"escaped NUL", `{"a":"x\u0000"}`, nulFound.With()},
		{"escaped NUL in a name", `{"x\u0000":1}`, nulFound.With()},
		{"escaped backslash before u0000", `{"a":"x\\u0000"}`, nil},
		{"escaped control character", `{"a":"x\u0001"}`, nil},
		{"raw NUL", "{\"a\":\"x\x00\"}", syntax},
		{"raw line feed", "{\"a\":\"x\n\"}", syntax},

		{"depth 32", nested(32), nil},
		{"depth 33", nested(33), tooDeep.With(32)},
		{"depth 33 in lists", `{"a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, tooDeep.With(32)},
		{"depth 32 twice", `{"a":` + nested(31) + `,"b":` + nested(31) + `}`, nil},
		{"depth 9999", nested(9999), tooDeep.With(32)},
		{"unfinished depth", strings.Repeat(`{"a":`, 100_000), syntax},

		{"1 MiB", `{"a":"` + strings.Repeat("x", MaxBody-8) + `"}`, nil},
		{"1 MiB and a byte", `{"a":"` + strings.Repeat("x", MaxBody-7) + `"}`, api.BodyTooLarge.With(MaxBody)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v, err := ParseJSON([]byte(tc.body))
			if tc.want == nil {
				if err != nil {
					t.Fatalf("ParseJSON(%.80q): %v", tc.body, err)
				}
				if !json.Valid([]byte(tc.body)) {
					t.Errorf("ParseJSON(%.80q) accepts what encoding/json does not", tc.body)
				}
				return
			}
			if v != nil {
				t.Errorf("ParseJSON(%.80q) returns a value with its error", tc.body)
			}
			var got *api.Error
			if !errors.As(err, &got) || *got != *tc.want {
				t.Errorf("ParseJSON(%.80q)\n got %v\nwant %v", tc.body, err, tc.want)
			}
		})
	}
}

// hostile are bodies of almost 1 MiB that are chosen to cost much.
func hostile() map[string]string {
	fill := func(head, unit, tail string) string {
		return head + strings.Repeat(unit, (MaxBody-len(head)-len(tail))/len(unit)) + tail
	}
	var names strings.Builder
	for i := range 100_000 {
		names.WriteString(`"` + itoa(i) + `":1,`)
	}
	return map[string]string{
		"names":         "{" + names.String() + `"":1}`,
		"small values":  fill(`{"a":[`, "0,", "0]}"),
		"small lists":   fill(`{"a":[`, "[],", "[]]}"),
		"big numbers":   fill(`{"a":[`, "1e400,", "1]}"),
		"a long number": fill(`{"TokenDuration":`, "9", "}"),
		"escapes":       fill(`{"a":"`, `\u0041`, `"}`),
		"NUL at end":    fill(`{"a":"`, `\n`, `\u0000"}`),
		"lone at end":   fill(`{"a":["`, `x","`, `\ud800"]}`),
		"deep":          fill("", `{"a":`, ""),
		"deep lists":    fill(`{"a":`, "[", ""),
		"empty logins":  fill(`{"LoginsToRemove":[`, `"",`, `""]}`),
		"empty rules":   fill(`{"RoleMappings":{"a":{"RulesConfiguration":{"Rules":[`, `{},`, `{}]}}}}`),
	}
}

func itoa(i int) string {
	b, _ := json.Marshal(i)
	return string(b)
}

// A body can not make the server hold many times its own size.
func TestParseJSON_Memory(t *testing.T) {
	const limit = 48 << 20
	for name, s := range hostile() {
		body := []byte(s)
		if len(body) > MaxBody {
			t.Fatalf("%s: body of %d bytes is not even looked at", name, len(body))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = ParseJSON(body)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > limit {
			t.Errorf("%s (%d bytes): allocated %d bytes in all, want at most %d", name, len(body), got, limit)
		}
	}
}

func BenchmarkParseJSON_Hostile(b *testing.B) {
	for name, s := range hostile() {
		b.Run(name, func(b *testing.B) {
			body := []byte(s)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = ParseJSON(body)
			}
		})
	}
}
