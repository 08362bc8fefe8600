package wire

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func parseForm(t testing.TB, body string) *Form {
	t.Helper()
	f, err := ParseForm([]byte(body), "")
	if err != nil {
		t.Fatalf("ParseForm(%.200q): %v", body, err)
	}
	return f
}

// parameters are n different ones.
func parameters(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&P%d=", i)
	}
	return b.String()
}

// Each refusal stands beside the closest form that is accepted.
func TestParseForm(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, body, query string
		want              *api.Error
	}{
		{"nothing", "", "", nil},
		{"body", "Action=A&Version=1", "", nil},
		{"query", "", "Action=A&Version=1", nil},
		{"both", "Action=A", "Version=1", nil},
		{"no equals sign", "Action", "", nil},
		{"equals sign in a value", "WebIdentityToken=a.b==", "", nil},
		{"ampersands around", "&&Action=A&&Version=1&", "", nil},
		{"empty name", "=A", "", badName.With()},
		{"equals sign alone", "Action=A&=", "", badName.With()},
		{"question mark", "?Action=A", "?", nil},

		{"escape", "Action=%41", "", nil},
		{"escape in lower case", "Action=%5b%5B", "", nil},
		{"escape cut", "Action=%4", "", badEscape.With()},
		{"escape of nothing", "Action=%", "", badEscape.With()},
		{"escape over the end of a value", "Action=%4&1=", "", badEscape.With()},
		{"escape of no digit", "Action=%4G", "", badEscape.With()},
		{"escape with a sign", "Action=%+1", "", badEscape.With()},
		{"escape of u", "Action=%u0041", "", badEscape.With()},
		{"escape of a percent sign", "Action=%25u0041", "", nil},
		{"bad escape in a name", "Act%ion=A", "", badEscape.With()},
		{"bad escape in the query", "", "Action=%zz", badEscape.With()},
		{"raw semicolon", "Action=A;Action=B", "", rawSemicolon.With()},
		{"raw semicolon in a name", "Action;=A", "", rawSemicolon.With()},
		{"escaped semicolon", "Action=A%3BAction=B", "", nil},

		{"blank in a name", "Action+=A", "", badName.With()},
		{"escaped line feed in a name", "Action%0A=A", "", badName.With()},
		{"NUL in a name", "Action%00=A", "", badName.With()},
		{"name with a long s", "Ver%C5%BFion=1", "", badName.With()},
		{"name with raw bytes", "Versi\xffon=1", "", badName.With()},
		{"escaped name", "%41ction=A", "", nil},

		{"Unicode", "UserName=%C3%A9", "", nil},
		{"raw Unicode", "UserName=é", "", nil},
		{"raw byte", "UserName=u\xff", "", formNotUnicode.With()},
		{"escaped byte", "UserName=u%FF", "", formNotUnicode.With()},
		{"overlong form", "UserName=%C0%80", "", formNotUnicode.With()},
		{"surrogate", "UserName=%ED%A0%80", "", formNotUnicode.With()},
		{"two halves of a character", "A=%C3&B=%A9", "", formNotUnicode.With()},
		{"raw NUL", "UserName=u\x00", "", formNUL.With()},
		{"escaped NUL", "UserName=u%00", "", formNUL.With()},
		{"twice escaped NUL", "UserName=u%2500", "", nil},
		{"control character", "UserName=u%01", "", nil},

		{"duplicate in the body", "Action=A&Action=B", "", duplicateParameter.With("Action")},
		{"duplicate of the same value", "Action=A&Action=A", "", duplicateParameter.With("Action")},
		{"duplicate in the query", "", "Action=A&B=&Action=B", duplicateParameter.With("Action")},
		{"duplicate in body and query", "Action=A", "Action=A", duplicateParameter.With("Action")},
		{"duplicate, once escaped", "Action=A&%41ction=B", "", duplicateParameter.With("Action")},
		{"duplicate without a value", "Action=A&Action", "", duplicateParameter.With("Action")},
		{"duplicate member", "Tags.member.1.Key=a&Tags.member.1.Key=b", "", duplicateParameter.With("Tags.member.1.Key")},
		{"duplicate of a name's length", strings.Repeat("n", 1025) + "&" + strings.Repeat("n", 1025), "", duplicateParameter.With(strings.Repeat("n", 1024) + "...")},
		{"names that begin alike", "Action=A&Action1=B&Actio=C", "", nil},

		{"most parameters", parameters(maxParameters), "", nil},
		{"too many parameters", parameters(maxParameters + 1), "", tooManyParameters.With(maxParameters)},
		{"too many in body and query", parameters(maxParameters), "Action=A", tooManyParameters.With(maxParameters)},
		{"longest", "Action=" + strings.Repeat("a", MaxBody-7), "", nil},
		{"too long", "Action=" + strings.Repeat("a", MaxBody-6), "", api.BodyTooLarge.With(MaxBody)},
		{"too long in body and query", "Action=" + strings.Repeat("a", MaxBody-7), "a", api.BodyTooLarge.With(MaxBody)},
	} {
		f, err := ParseForm([]byte(tc.body), tc.query)
		if tc.want == nil {
			if err != nil {
				t.Errorf("%s: ParseForm(%.100q, %.100q): %v", tc.name, tc.body, tc.query, err)
			}
			continue
		}
		var got *api.Error
		if !errors.As(err, &got) || *got != *tc.want || f != nil {
			t.Errorf("%s: ParseForm(%.100q, %.100q)\n got %.300v\nwant %.300v", tc.name, tc.body, tc.query, err, tc.want)
		}
	}
}

// CVE-2022-2385: a checker and the service took different ones of parameters that
// differ in case alone.
func TestParseForm_DuplicatesWithoutCase(t *testing.T) {
	t.Parallel()
	for _, names := range [][2]string{
		{"Action", "action"}, {"Action", "ACTION"}, {"Version", "versioN"},
		{"X-Amz-Credential", "x-amz-credential"}, {"x-amz-credential", "X-AMZ-Credential"},
		{"Tags.member.1.Key", "Tags.Member.1.key"},
	} {
		for _, tc := range [][2]string{
			{names[0] + "=1&Other=3&" + names[1] + "=2", ""},
			{"", names[1] + "=1&Other=3&" + names[0] + "=2"},
			{names[0] + "=1&Other=3", names[1] + "=2"},
		} {
			_, err := ParseForm([]byte(tc[0]), tc[1])
			var got *api.Error
			if !errors.As(err, &got) || got.Code != api.MalformedQueryString || !strings.HasSuffix(got.Message, "' is given more than once.") {
				t.Errorf("ParseForm(%q, %q): got %v, want a duplicate", tc[0], tc[1], err)
			}
		}
		if _, err := ParseForm([]byte(names[0]+"=1&_"+names[1]+"=2"), ""); err != nil {
			t.Errorf("ParseForm of %s and _%s: %v", names[0], names[1], err)
		}
	}
}

func TestForm_ActionAndVersion(t *testing.T) {
	t.Parallel()
	type value struct {
		text string
		ok   bool
	}
	for _, tc := range []struct {
		body, query     string
		action, version value
	}{
		{"Action=GetCallerIdentity&Version=2011-06-15", "", value{"GetCallerIdentity", true}, value{"2011-06-15", true}},
		{"", "Version=2011-06-15&Action=GetCallerIdentity", value{"GetCallerIdentity", true}, value{"2011-06-15", true}},
		{"Version=%32", "Action=a+b", value{"a b", true}, value{"2", true}},
		{"Action=&Version", "", value{"", true}, value{"", true}},
		{"action=A&VERSION=1", "", value{}, value{}},
		{"", "", value{}, value{}},
	} {
		f, err := ParseForm([]byte(tc.body), tc.query)
		if err != nil {
			t.Fatalf("ParseForm(%q, %q): %v", tc.body, tc.query, err)
		}
		var action, version value
		action.text, action.ok = f.Action()
		version.text, version.ok = f.Version()
		if action != tc.action || version != tc.version {
			t.Errorf("ParseForm(%q, %q): action %v, version %v, want %v, %v", tc.body, tc.query, action, version, tc.action, tc.version)
		}
	}
}

// The largest bodies of each kind cost time and memory in proportion to their length.
func TestForm_Hostile(t *testing.T) {
	shape := everythingShape
	for name, tc := range map[string]struct {
		body string
		want api.Code
	}{
		"100,000 parameters":      {parameters(100_000), api.MalformedQueryString},
		"ampersands":              {strings.Repeat("&", MaxBody-9) + "Flag=true", ""},
		"percent signs":           {strings.Repeat("%", MaxBody), api.MalformedQueryString},
		"one long name":           {strings.Repeat("n", MaxBody), api.ValidationError},
		"one deep name":           {strings.Repeat("Item.", MaxBody/5-2) + "=1&Flag=1", ""},
		"deep name of a list":     {"Items" + strings.Repeat(".member.1", 100_000) + "=1&Flag=1", ""},
		"elements far apart":      {"Flag=1&List.member.1=a&List.member.1000000000=b&List.member." + strings.Repeat("9", 100_000) + "=c", ""},
		"most elements":           {"Flag=1" + strings.ReplaceAll(parameters(maxParameters-1), "&P", "&List.member.1"), ""},
		"most structures":         {"Flag=1" + strings.ReplaceAll(strings.ReplaceAll(parameters(maxParameters-1), "&P", "&Items.member.1"), "=", ".Text="), ""},
		"number of a million":     {"Int=" + strings.Repeat("9", MaxBody-100) + "&Flag=1", api.MalformedInput},
		"exponent":                {"Flag=1&Long=1e999999999", api.MalformedInput},
		"time of a million":       {"Flag=1&When=" + strings.Repeat("9", MaxBody-100), api.MalformedInput},
		"boolean of a million":    {"Flag=" + strings.Repeat("9", MaxBody-100), api.MalformedInput},
		"index of a million":      {"Flag=1&List.member." + strings.Repeat("x", MaxBody-100), api.MalformedInput},
		"one name in many cases":  {strings.Repeat("a", 1000) + "&" + strings.Repeat("A", 1000), api.MalformedQueryString},
		"long names, one the end": {strings.Repeat("n", MaxBody/2-2) + "1&" + strings.Repeat("n", MaxBody/2-2) + "2", api.ValidationError},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := ParseForm([]byte(tc.body), "")
		if err == nil {
			err = DecodeForm(shape, f, new(everything))
		}
		runtime.ReadMemStats(&after)
		var got *api.Error
		if errors.As(err, &got); err != nil && got.Code != tc.want || err == nil && tc.want != "" {
			t.Errorf("%s: got %.200v, want %q", name, err, tc.want)
		}
		if got != nil && len(got.Message) > 2000 {
			t.Errorf("%s: a message of %d bytes", name, len(got.Message))
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 8*MaxBody {
			t.Errorf("%s: allocates %d bytes for a body of %d", name, used, len(tc.body))
		}
	}
}
