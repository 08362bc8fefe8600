package wire

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// answerOf is the answer with the given lines of the result, which are indented as they are.
func answerOf(result string) string {
	return "<EchoResponse xmlns=\"https://echo.example/doc/2026-01-01/\">\n" + result +
		"  <ResponseMetadata>\n    <RequestId>id</RequestId>\n  </ResponseMetadata>\n</EchoResponse>\n"
}

func TestAppendXML(t *testing.T) {
	t.Parallel()
	no := false
	for _, tc := range []struct {
		src  everything
		want string
	}{
		{everything{}, "    <Flag>false</Flag>\n"},
		{everything{Text: "a", Secret: "not redacted", Int: 1, Long: -2, Flag: true, Maybe: &no, When: time.Date(2026, 1, 1, 1, 0, 0, 999e6, time.FixedZone("", 3600))},
			`    <Text>a</Text>
    <Secret>not redacted</Secret>
    <Int>1</Int>
    <Long>-2</Long>
    <Flag>true</Flag>
    <Maybe>false</Maybe>
    <When>2026-01-01T00:00:00Z</When>
`},
		{everything{List: []string{}, Map: map[string]string{}, Items: []item{}, Item: &item{}},
			`    <Flag>false</Flag>
    <List/>
    <Map/>
    <Items/>
    <Item/>
`},
		{everything{List: []string{"b", "", "a"}, Map: map[string]string{"b": "y", "": "x"}, Items: []item{{Text: "a"}, {}}, Item: &item{Flag: &no}},
			`    <Flag>false</Flag>
    <List>
      <member>b</member>
      <member/>
      <member>a</member>
    </List>
    <Map>
      <entry>
        <key/>
        <value>x</value>
      </entry>
      <entry>
        <key>b</key>
        <value>y</value>
      </entry>
    </Map>
    <Items>
      <member>
        <Text>a</Text>
      </member>
      <member/>
    </Items>
    <Item>
      <Flag>false</Flag>
    </Item>
`},
		{everything{Children: map[string][]string{"a": {"b"}, "d": nil}},
			`    <Flag>false</Flag>
    <Children>
      <entry>
        <key>a</key>
        <value>
          <member>b</member>
        </value>
      </entry>
      <entry>
        <key>d</key>
        <value/>
      </entry>
    </Children>
`},
	} {
		want := answerOf("  <EchoResult>\n" + tc.want + "  </EchoResult>\n")
		got := string(AppendXML([]byte("x"), echoes, echoes.Operations[0], "id", &tc.src))
		if got != "x"+want {
			t.Errorf("AppendXML(%+v)\n got %s\nwant x%s", tc.src, got, want)
		}
		if byValue := string(AppendXML([]byte("x"), echoes, echoes.Operations[0], "id", tc.src)); byValue != got {
			t.Errorf("AppendXML of a value: %s, of a pointer: %s", byValue, got)
		}
	}
}

func TestAppendXML_NoOutput(t *testing.T) {
	t.Parallel()
	op := &api.Operation{Name: "Echo", Input: everythingShape}
	if got, want := string(AppendXML(nil, echoes, op, "id", nil)), answerOf(""); got != want {
		t.Errorf("AppendXML of no output\n got %s\nwant %s", got, want)
	}
	op = &api.Operation{Name: "Echo", Output: itemShape}
	if got, want := string(AppendXML(nil, echoes, op, "id", item{})), answerOf("  <EchoResult/>\n"); got != want {
		t.Errorf("AppendXML of an empty output\n got %s\nwant %s", got, want)
	}
}

// What clients read without asking is there; what has no empty form is not.
func TestAppendXML_Required(t *testing.T) {
	t.Parallel()
	type output struct {
		Users       []string
		Tags        map[string]string
		IsTruncated bool
		Count       int64
		Marker      string
		CreateDate  time.Time
		User        *item
	}
	var members []api.Member
	for _, m := range everythingShape.Members {
		names := map[string]string{"List": "Users", "Map": "Tags", "Flag": "IsTruncated", "Int": "Count", "Text": "Marker", "When": "CreateDate", "Item": "User"}
		if name := names[m.Name]; name != "" {
			members = append(members, api.Member{Name: name, Shape: m.Shape, Required: true})
		}
	}
	op := &api.Operation{Name: "Echo", Output: &api.Shape{Name: "Output", Kind: api.Structure, Members: members}}
	want := answerOf(`  <EchoResult>
    <Count>0</Count>
    <IsTruncated>false</IsTruncated>
    <Users/>
    <Tags/>
  </EchoResult>
`)
	if got := string(AppendXML(nil, echoes, op, "id", new(output))); got != want {
		t.Errorf("AppendXML of required members\n got %s\nwant %s", got, want)
	}
}

func TestAppendXMLText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, want, back string }{
		{"a <b> & \"c\" 'd'", "a &lt;b&gt; &amp; &quot;c&quot; 'd'", ""},
		{"]]>", "]]&gt;", ""},
		{"<![CDATA[x]]>", "&lt;![CDATA[x]]&gt;", ""},
		{"&amp;&#0;", "&amp;amp;&amp;#0;", ""},
		{" \t\n x \n", " \t\n x \n", ""},
		{"a\r\nb\r", "a&#xD;\nb&#xD;", ""},
		{"é\u0085\u2028\U0001F600\uFFFD", "é\u0085\u2028\U0001F600\uFFFD", ""},
		{"\x00\x01\x08\x0b\x0c\x0e\x1f", strings.Repeat("\uFFFD", 7), strings.Repeat("\uFFFD", 7)},
		{"\uFFFE\uFFFF", "\uFFFD\uFFFD", "\uFFFD\uFFFD"},
		{"a\xffb\xed\xa0\x80", "a\uFFFDb\uFFFD\uFFFD\uFFFD", "a\uFFFDb\uFFFD\uFFFD\uFFFD"},
	} {
		got := string(appendXMLText(nil, tc.text))
		if got != tc.want {
			t.Errorf("appendXMLText(%q)\n got %q\nwant %q", tc.text, got, tc.want)
		}
		if tc.back == "" {
			tc.back = tc.text
		}
		var back struct {
			Attr string `xml:"a,attr"`
			Text string `xml:",chardata"`
		}
		if err := xml.Unmarshal([]byte("<x>"+got+"</x>"), &back); err != nil || back.Text != tc.back {
			t.Errorf("%q is read as %q, want %q (%v)", got, back.Text, tc.back, err)
		}
	}
}
