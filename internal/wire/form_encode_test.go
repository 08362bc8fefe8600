package wire

import (
	"net/url"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// echoes is a service of the Query protocol whose one operation takes everything and
// answers with it.
var echoes = &api.Service{
	Protocol: api.Query, Name: "echo", Version: "2026-01-01", Namespace: "https://echo.example/doc/2026-01-01/",
	Operations: []*api.Operation{{Name: "Echo", Input: everythingShape, Output: everythingShape}},
}

func TestAppendForm(t *testing.T) {
	t.Parallel()
	no := false
	for _, tc := range []struct {
		src  everything
		want string
	}{
		{everything{}, "&Flag=false"},
		{everything{Text: "a b&c=d;é~%\r\n", Secret: "not redacted"}, "&Text=a%20b%26c%3Dd%3B%C3%A9~%25%0D%0A&Secret=not%20redacted&Flag=false"},
		{everything{Int: 1, Long: -2, Flag: true, Maybe: &no}, "&Int=1&Long=-2&Flag=true&Maybe=false"},
		{everything{When: time.Date(2026, 1, 1, 1, 0, 0, 999e6, time.FixedZone("", 3600))}, "&Flag=false&When=2026-01-01T00%3A00%3A00Z"},
		{everything{List: []string{}, Map: map[string]string{}, Items: []item{}, ItemMap: map[string]item{}, Item: &item{}},
			"&Flag=false&List=&Map=&Items=&ItemMap=&Item="},
		{everything{List: []string{"b", "", "a"}}, "&Flag=false&List.member.1=b&List.member.2=&List.member.3=a"},
		{everything{Map: map[string]string{"b": "y", "": "x"}}, "&Flag=false&Map.entry.1.key=&Map.entry.1.value=x&Map.entry.2.key=b&Map.entry.2.value=y"},
		{everything{Items: []item{{Text: "a", Flag: &no}, {}}}, "&Flag=false&Items.member.1.Text=a&Items.member.1.Flag=false&Items.member.2="},
		{everything{ItemMap: map[string]item{"k": {Text: "a"}}, Item: &item{Text: "b"}}, "&Flag=false&ItemMap.entry.1.key=k&ItemMap.entry.1.value.Text=a&Item.Text=b"},
		{everything{Children: map[string][]string{"a": {"b", "c"}, "d": nil}},
			"&Flag=false&Children.entry.1.key=a&Children.entry.1.value.member.1=b&Children.entry.1.value.member.2=c&Children.entry.2.key=d&Children.entry.2.value="},
	} {
		got := string(AppendForm([]byte("x&"), echoes, echoes.Operations[0], &tc.src))
		if want := "x&Action=Echo&Version=2026-01-01" + tc.want; got != want {
			t.Errorf("AppendForm(%+v)\n got %s\nwant %s", tc.src, got, want)
		}
		if _, err := url.ParseQuery(got); err != nil {
			t.Errorf("AppendForm(%+v): net/url can not read %s: %v", tc.src, got, err)
		}
		if byValue := string(AppendForm([]byte("x&"), echoes, echoes.Operations[0], tc.src)); byValue != got {
			t.Errorf("AppendForm of a value: %s, of a pointer: %s", byValue, got)
		}
	}
}
