package wire

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// result is an answer with the given result, on one line.
func result(s string) string {
	return `<EchoResponse xmlns="https://echo.example/doc/2026-01-01/"><EchoResult>` + s +
		`</EchoResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></EchoResponse>`
}

func TestDecodeXML(t *testing.T) {
	t.Parallel()
	yes := true
	for _, tc := range []struct {
		body string
		want everything
	}{
		{result(""), everything{}},
		{`<EchoResponse/>`, everything{}},
		{`<EchoResponse><EchoResult/></EchoResponse>`, everything{}},
		{`<?xml version="1.0" encoding="UTF-8"?><!-- c --><e:EchoResponse xmlns:e="u"><e:EchoResult><e:Text>a</e:Text></e:EchoResult></e:EchoResponse>` + "\n", everything{Text: "a"}},
		{result("\n <Unknown><Text>x</Text></Unknown>\n <Text>a&lt;&#x20;<![CDATA[<b>]]><!-- c -->\n</Text>stray<Secret> s </Secret>"), everything{Text: "a< <b>\n", Secret: " s "}},
		{result("<Int>1</Int><Long>-9223372036854775808</Long><Flag>true</Flag><Maybe>1</Maybe>"), everything{Int: 1, Long: -9223372036854775808, Flag: true, Maybe: &yes}},
		{result("<When>2026-01-01T00:00:00Z</When>"), everything{When: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{result("<When>2026-01-01T00:00:00.250Z</When>"), everything{When: time.Date(2026, 1, 1, 0, 0, 0, 250e6, time.UTC)}},
		{result("<List/><Map></Map><Items> </Items><Item/>"), everything{List: []string{}, Map: map[string]string{}, Items: []item{}, Item: &item{}}},
		{result("<List><member>b</member> <member/><member>a</member></List>"), everything{List: []string{"b", "", "a"}}},
		{result("<Map><entry><key>b</key><value>y</value></entry><entry><key/><value/></entry></Map>"), everything{Map: map[string]string{"b": "y", "": ""}}},
		{result("<Items><member><Text>a</Text><New/></member><member/></Items><Item><Flag>true</Flag></Item>"), everything{Items: []item{{Text: "a"}, {}}, Item: &item{Flag: &yes}}},
		{result("<Children><entry><key>a</key><value><member>b</member></value></entry></Children>"), everything{Children: map[string][]string{"a": {"b"}}}},
	} {
		var got everything
		if err := DecodeXML(echoes.Operations[0], []byte(tc.body), &got); err != nil {
			t.Errorf("DecodeXML(%s): %v", tc.body, err)
		}
		if diff := cmp.Diff(got, tc.want); diff != "" {
			t.Errorf("DecodeXML(%s) (-got +want):\n%s", tc.body, diff)
		}
	}
}

func TestDecodeXML_Refuses(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":               "",
		"text":                  "hello",
		"JSON":                  "{}",
		"cut":                   strings.TrimSuffix(result(""), "</EchoResponse>"),
		"another operation":     "<OtherResponse/>",
		"an error":              "<ErrorResponse/>",
		"a page":                "<html><body>EchoResponse</body></html>",
		"two documents":         result("") + result(""),
		"two results":           "<EchoResponse><EchoResult/><EchoResult/></EchoResponse>",
		"mismatched end":        "<EchoResponse><EchoResult></EchoResponse></EchoResult>",
		"entity":                `<!DOCTYPE x [<!ENTITY a "b">]>` + result("<Text>&a;</Text>"),
		"other encoding":        `<?xml version="1.0" encoding="ISO-8859-1"?>` + result(""),
		"not Unicode":           result("<Text>\xff</Text>"),
		"control character":     result("<Text>&#1;</Text>"),
		"member twice":          result("<Text>a</Text><Text>a</Text>"),
		"element in a text":     result("<Text>a<b/></Text>"),
		"other element in list": result("<List><Text>a</Text></List>"),
		"other element in map":  result("<Map><member/></Map>"),
		"entry without value":   result("<Map><entry><key>a</key></entry></Map>"),
		"entry without key":     result("<Map><entry><value>a</value></entry></Map>"),
		"entry with two values": result("<Map><entry><key>a</key><value/><value/></entry></Map>"),
		"key twice":             result("<Map><entry><key>a</key><value/></entry><entry><key>a</key><value/></entry></Map>"),
		"no number":             result("<Int>a</Int>"),
		"empty number":          result("<Int/>"),
		"number too large":      result("<Int>2147483648</Int>"),
		"no Boolean":            result("<Flag>a</Flag>"),
		"no time":               result("<When>1767225600</When>"),
		"deep":                  strings.Repeat("<EchoResponse>", MaxBody/14),
		"too long":              result(strings.Repeat(" ", MaxBody)),
	} {
		err := DecodeXML(echoes.Operations[0], []byte(body), new(everything))
		if err == nil || err.Error() == "" {
			t.Errorf("%s: DecodeXML(%.200s): got %v, want an error", name, body, err)
		}
		if e := (*api.Error)(nil); errors.As(err, &e) {
			t.Errorf("%s: DecodeXML(%.200s): %v is an *api.Error", name, body, err)
		}
	}
}

func TestDecodeXML_NoOutput(t *testing.T) {
	t.Parallel()
	op := &api.Operation{Name: "Echo", Input: everythingShape}
	if err := DecodeXML(op, []byte(answerOf("")), nil); err != nil {
		t.Errorf("DecodeXML of no output: %v", err)
	}
	if err := DecodeXML(op, []byte("<Other/>"), nil); err == nil {
		t.Error("DecodeXML of no output takes another answer")
	}
}
