package wire

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, tc := range []struct {
		src  everything
		want string
	}{
		{everything{}, `{"Flag":false}`},
		{everything{Text: "a", Secret: "s", Int: 1, Long: -2, Flag: true, Maybe: &no}, `{"Flag":true,"Int":1,"Long":-2,"Maybe":false,"Secret":"s","Text":"a"}`},
		{everything{List: []string{}, Map: map[string]string{}, Items: []item{}, ItemMap: map[string]item{}, Item: &item{}},
			`{"Flag":false,"Item":{},"ItemMap":{},"Items":[],"List":[],"Map":{}}`},
		{everything{List: []string{"b", "", "a"}, Map: map[string]string{"b": "", "a": "x", "B": "y", "é": "z", "": "0"}},
			`{"Flag":false,"List":["b","","a"],"Map":{"":"0","B":"y","a":"x","b":"","é":"z"}}`},
		{everything{Secrets: map[string]api.Secret{"p": "not redacted"}}, `{"Flag":false,"Secrets":{"p":"not redacted"}}`},
		{everything{Items: []item{{Text: "a"}, {Flag: &yes}}, ItemMap: map[string]item{"z": {}, "a": {When: time.Unix(1569527701, 0)}}},
			`{"Flag":false,"ItemMap":{"a":{"When":1.569527701E9},"z":{}},"Items":[{"Text":"a"},{"Flag":true}]}`},
		{everything{Numbers: []int64{0, -1}, Children: map[string][]string{"a": {"b"}, "c": nil}},
			`{"Children":{"a":["b"],"c":[]},"Flag":false,"Numbers":[0,-1]}`},
		{everything{Text: "\"\\/\b\f\n\r\t\x01\x1f\x7f<>&'\u2028\U0001F600"}, `{"Flag":false,"Text":"\"\\/\b\f\n\r\t\u0001\u001F` + "\x7f<>&'\u2028\U0001F600" + `"}`},
	} {
		got := string(AppendJSON([]byte("x"), everythingShape, &tc.src))
		if got != "x"+tc.want {
			t.Errorf("AppendJSON(%+v)\n got %s\nwant x%s", tc.src, got, tc.want)
		}
		if !json.Valid([]byte(got[1:])) {
			t.Errorf("AppendJSON(%+v): encoding/json can not read %s", tc.src, got)
		}
		if byValue := string(AppendJSON([]byte("x"), everythingShape, tc.src)); byValue != got {
			t.Errorf("AppendJSON of a value: %s, of a pointer: %s", byValue, got)
		}
	}
}

// Bytes that are not UTF-8 reach the reader, which refuses them.
func TestAppendJSON_NotUnicode(t *testing.T) {
	t.Parallel()
	body := AppendJSON(nil, everythingShape, &everything{Text: "u\xff"})
	if _, err := ParseJSON(body); err == nil || err.Error() != notUnicode.With().Error() {
		t.Errorf("ParseJSON(%q): got %v, want %v", body, err, notUnicode.With())
	}
}

func TestTimestamps(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		ms   int64
		want string
	}{
		{1421516513393, "1.421516513393E9"}, // observed
		{1569527701000, "1.569527701E9"},
		{1569527701100, "1.5695277011E9"},
		{1569527701001, "1.569527701001E9"},
		{2000000000000, "2.0E9"},
		{10000000000, "1.0E7"},
		{9999999999, "9999999.999"},
		{86400000, "86400.0"},
		{1, "0.001"},
		{0, "0.0"},
		{-1500, "-1.5"},
		{-10000000000, "-1.0E7"},
		{lastMilli, "2.53402300799999E11"},
	} {
		got := string(appendTime(nil, time.UnixMilli(tc.ms)))
		if got != tc.want {
			t.Errorf("appendTime(%d ms) = %s, want %s", tc.ms, got, tc.want)
		}
		if back := parseTime([]byte(got)).UnixMilli(); back != tc.ms {
			t.Errorf("parseTime(%s) = %d ms, want %d", got, back, tc.ms)
		}
	}

	for _, tc := range []struct {
		literal string
		want    int64
	}{
		{"1421516513.393", 1421516513393},
		{"1421516513", 1421516513000},
		{"1.421516513E+09", 1421516513000},
		{"1421516513.3934999", 1421516513393},
		{"14215165133930000e-7", 1421516513393},
		{"0", 0},
		{"-1", -1000},
		{"1e400", lastMilli},
		{"-1e400", -lastMilli},
	} {
		if got := parseTime([]byte(tc.literal)); got.UnixMilli() != tc.want || got.Location() != time.UTC {
			t.Errorf("parseTime(%s) = %v, want %v", tc.literal, got, time.UnixMilli(tc.want).UTC())
		}
	}

	within := time.Unix(1569527701, 999_999_999)
	if got, want := string(appendTime(nil, within)), "1.569527701999E9"; got != want {
		t.Errorf("appendTime(%v) = %s, want %s", within, got, want)
	}
}
