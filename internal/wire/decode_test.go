package wire

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// everything has a member of each kind.
type everything struct {
	Text     string
	Secret   api.Secret
	Int      int64
	Long     int64
	Flag     bool
	Maybe    *bool
	When     time.Time
	List     []string
	Map      map[string]string
	Secrets  map[string]api.Secret
	Items    []item
	ItemMap  map[string]item
	Item     *item
	Numbers  []int64
	Children map[string][]string
}

type item struct {
	Text string
	Flag *bool
	When time.Time
}

var (
	str       = &api.Shape{Name: "Text", Kind: api.String}
	secret    = &api.Shape{Name: "Secret", Kind: api.String, Sensitive: true}
	integer   = &api.Shape{Name: "Int", Kind: api.Integer}
	long      = &api.Shape{Name: "Long", Kind: api.Long}
	boolean   = &api.Shape{Name: "Flag", Kind: api.Boolean}
	timestamp = &api.Shape{Name: "When", Kind: api.Timestamp}
	list      = &api.Shape{Name: "List", Kind: api.List, Elem: str}
	itemShape = &api.Shape{Name: "Item", Kind: api.Structure, Members: []api.Member{
		{Name: "Text", Shape: str}, {Name: "Flag", Shape: boolean}, {Name: "When", Shape: timestamp},
	}}
	everythingShape = &api.Shape{Name: "Everything", Kind: api.Structure, Members: []api.Member{
		{Name: "Text", Shape: str},
		{Name: "Secret", Shape: secret},
		{Name: "Int", Shape: integer},
		{Name: "Long", Shape: long},
		{Name: "Flag", Shape: boolean, Required: true},
		{Name: "Maybe", Shape: boolean},
		{Name: "When", Shape: timestamp},
		{Name: "List", Shape: list},
		{Name: "Map", Shape: &api.Shape{Name: "Map", Kind: api.Map, Key: str, Elem: str}},
		{Name: "Secrets", Shape: &api.Shape{Name: "Secrets", Kind: api.Map, Key: str, Elem: secret}},
		{Name: "Items", Shape: &api.Shape{Name: "Items", Kind: api.List, Elem: itemShape}},
		{Name: "ItemMap", Shape: &api.Shape{Name: "ItemMap", Kind: api.Map, Key: str, Elem: itemShape}},
		{Name: "Item", Shape: itemShape},
		{Name: "Numbers", Shape: &api.Shape{Name: "Numbers", Kind: api.List, Elem: long}},
		{Name: "Children", Shape: &api.Shape{Name: "Children", Kind: api.Map, Key: str, Elem: list}},
	}}
)

func parse(t testing.TB, body string) *Value {
	t.Helper()
	v, err := ParseJSON([]byte(body))
	if err != nil {
		t.Fatalf("ParseJSON(%.200q): %v", body, err)
	}
	return v
}

func TestDecode_TypeConversion(t *testing.T) {
	t.Parallel()
	const (
		num        = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to "
		boole      = "class java.lang.Boolean can not be converted to "
		stringy    = "class java.lang.String can not be converted to "
		startList  = "Start of list found where not expected"
		startMap   = "Start of structure or map found where not expected."
		expectList = "Expected list or null"
		expectMap  = "Expected map or null"
	)
	for _, tc := range []struct{ body, want string }{
		{`{"Text":23}`, num + "an String"},
		{`{"Text":true}`, boole + "an String"},
		{`{"Text":false}`, boole + "an String"},
		{`{"Text":[]}`, startList},
		{`{"Text":{}}`, startMap},
		{`{"Secret":23}`, num + "an String"},
		{`{"Int":true}`, boole + "an Integer"},
		{`{"Int":"23"}`, stringy + "an Integer"},
		{`{"Int":[1]}`, startList},
		{`{"Int":{}}`, startMap},
		{`{"Long":false}`, boole + "an Long"},
		{`{"Long":"23"}`, stringy + "an Long"},
		{`{"Long":[]}`, startList},
		{`{"Long":{}}`, startMap},
		{`{"Maybe":"23"}`, "'23' can not be converted to an Boolean"},
		{`{"Maybe":"maybe"}`, "'MAYBE' can not be converted to an Boolean"},
		{`{"Maybe":""}`, "'' can not be converted to an Boolean"},
		{`{"Maybe":"ye\u017f"}`, "'YES' can not be converted to an Boolean"},
		{`{"Maybe":" true"}`, "' TRUE' can not be converted to an Boolean"},
		{`{"Maybe":"` + strings.Repeat("x", 1025) + `"}`, "'" + strings.Repeat("X", 1024) + "...' can not be converted to an Boolean"},
		{`{"Maybe":1}`, num + "an Boolean"},
		{`{"Maybe":[]}`, startList},
		{`{"Flag":{}}`, startMap},
		{`{"When":"2019-01-01"}`, stringy + "milliseconds since epoch"},
		{`{"When":true}`, boole + "milliseconds since epoch"},
		{`{"When":[]}`, startList},
		{`{"List":"a"}`, expectList},
		{`{"List":1}`, expectList},
		{`{"List":true}`, expectList},
		{`{"List":{}}`, startMap},
		{`{"List":["a",1]}`, num + "an String"},
		{`{"List":[["a"]]}`, startList},
		{`{"List":[{}]}`, startMap},
		{`{"Map":"a"}`, expectMap},
		{`{"Map":1}`, expectMap},
		{`{"Map":false}`, expectMap},
		{`{"Map":[]}`, startList},
		{`{"Map":{"a":1}}`, num + "an String"},
		{`{"Secrets":{"a":true}}`, boole + "an String"},
		{`{"Secrets":{"a":{}}}`, startMap},
		{`{"Item":"a"}`, expectMap},
		{`{"Item":[]}`, startList},
		{`{"Item":{"Text":1}}`, num + "an String"},
		{`{"Items":["a"]}`, expectMap},
		{`{"Items":[{},{"Text":1}]}`, num + "an String"},
		{`{"ItemMap":{"a":0}}`, expectMap},
		{`{"ItemMap":{"a":{"Flag":"x"}}}`, "'X' can not be converted to an Boolean"},
		{`{"Numbers":[1,"2"]}`, stringy + "an Long"},
		{`{"Children":{"a":"b"}}`, expectList},
		// The first in the order of the description, not of the body.
		{`{"Map":[],"List":{},"Int":"1","Text":1}`, num + "an String"},
		{`{"Map":[],"List":{},"Int":"1","Text":"1"}`, stringy + "an Integer"},
	} {
		var got *api.Error
		err := Decode(everythingShape, parse(t, tc.body), new(everything))
		if want := (api.Error{Code: api.SerializationException, Message: tc.want}); !errors.As(err, &got) || *got != want {
			t.Errorf("Decode(%.100s)\n got %v\nwant %v", tc.body, err, &want)
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, tc := range []struct {
		body string
		want everything
	}{
		{`{}`, everything{}},
		{`{"Text":null,"Secret":null,"Int":null,"Flag":null,"Maybe":null,"When":null,"List":null,"Map":null,"Item":null,"Items":null}`, everything{}},
		{`{"text":"a","TEXT":"b","Tex\u0074 ":"c","Unknown":[{"Text":1}]}`, everything{}},
		{`{"\u0054ext":"a\u0062\n\ud83d\ude00"}`, everything{Text: "ab\n\U0001F600"}},
		{`{"Secret":"s","Text":""}`, everything{Secret: "s"}},
		{`{"Flag":true,"Maybe":false}`, everything{Flag: true, Maybe: &no}},
		{`{"Flag":"yes","Maybe":"TRUE"}`, everything{Flag: true, Maybe: &yes}},
		{`{"Flag":"1","Maybe":"no"}`, everything{Flag: true, Maybe: &no}},
		{`{"Flag":"0","Maybe":"False"}`, everything{Maybe: &no}},
		{`{"Int":60,"Long":-1}`, everything{Int: 60, Long: -1}},
		{`{"Int":60.999,"Long":-0.5}`, everything{Int: 60, Long: -1}},
		{`{"Int":6e1,"Long":1E-400}`, everything{Int: 60}},
		{`{"Int":9223372036854775807,"Long":-9223372036854775808}`, everything{Int: math.MaxInt64, Long: math.MinInt64}},
		{`{"Int":9223372036854775808,"Long":-9223372036854775809}`, everything{Int: math.MaxInt64, Long: math.MinInt64}},
		{`{"Int":1e400,"Long":-1e400}`, everything{Int: math.MaxInt64, Long: math.MinInt64}},
		{`{"Int":12345678901234567890e-19}`, everything{Int: 1}},
		{`{"Int":9.3e18,"Long":-9.3e18}`, everything{Int: math.MaxInt64, Long: math.MinInt64}},
		{`{"List":[],"Map":{},"Items":[],"ItemMap":{},"Item":{}}`,
			everything{List: []string{}, Map: map[string]string{}, Items: []item{}, ItemMap: map[string]item{}, Item: &item{}}},
		{`{"List":["a",null,""],"Map":{"a":null,"b":""}}`, everything{List: []string{"a", ""}, Map: map[string]string{"b": ""}}},
		{`{"Secrets":{"a":"x","A":"y"}}`, everything{Secrets: map[string]api.Secret{"a": "x", "A": "y"}}},
		{`{"Items":[{"Text":"a"},null,{"Flag":true}],"ItemMap":{"k":{"Text":"b"},"n":null}}`,
			everything{Items: []item{{Text: "a"}, {Flag: &yes}}, ItemMap: map[string]item{"k": {Text: "b"}}}},
		{`{"Numbers":[1,0,2.5],"Children":{"a":["b"],"c":[]}}`,
			everything{Numbers: []int64{1, 0, 2}, Children: map[string][]string{"a": {"b"}, "c": {}}}},
	} {
		// Flag is required, which DecodeOutput does not check.
		var got everything
		if err := DecodeOutput(everythingShape, parse(t, tc.body), &got); err != nil {
			t.Errorf("DecodeOutput(%s): %v", tc.body, err)
		}
		if diff := cmp.Diff(got, tc.want); diff != "" {
			t.Errorf("DecodeOutput(%s) (-got +want):\n%s", tc.body, diff)
		}
	}
}

func TestDecodeOutput_IgnoresConstraints(t *testing.T) {
	t.Parallel()
	op := operation("GetId")
	const body = `{"IdentityId":"not an id, and then very very very very very very long"}`
	if err := DecodeOutput(op.Output, parse(t, body), new(api.GetIdOutput)); err != nil {
		t.Errorf("DecodeOutput(%s): %v", body, err)
	}
	if err := DecodeOutput(op.Output, parse(t, `{"IdentityId":1}`), new(api.GetIdOutput)); err == nil {
		t.Error("DecodeOutput takes a number for a string")
	}
}

// Raw bytes that encoding/json would make one string stay apart or are refused.
func TestDecode_IdentifiersStayApart(t *testing.T) {
	t.Parallel()
	seen := make(map[string]string)
	for _, s := range []string{
		`u`, `U`, `u `, ` u`, `u\u00e9`, `ue\u0301`, `u\ufffd`, `u\u0001`, `u\ufeff`, `u\u200b`, `u\u017f`, `us`,
		`u\\u0000`, `u\\ufffd`, `u%00`, `\u0055\u0055`,
	} {
		body := `{"Text":"` + s + `","Flag":true}`
		var got everything
		if err := Decode(everythingShape, parse(t, body), &got); err != nil {
			t.Errorf("Decode(%s): %v", body, err)
		}
		if other, ok := seen[got.Text]; ok {
			t.Errorf("%s and %s both become %q", s, other, got.Text)
		}
		seen[got.Text] = s
	}
}

func TestPlan_Disagreement(t *testing.T) {
	t.Parallel()
	member := func(s *api.Shape, required bool) *api.Shape {
		return &api.Shape{Name: "S", Kind: api.Structure, Members: []api.Member{{Name: "A", Shape: s, Required: required}}}
	}
	for name, tc := range map[string]struct {
		shape *api.Shape
		good  any
		bad   []any
	}{
		"string":           {member(str, false), new(struct{ A string }), []any{new(struct{ A api.Secret }), new(struct{ A int64 }), new(struct{ A *string }), new(struct{ B string }), new(struct{ A, B string }), new(struct{})}},
		"secret":           {member(secret, false), new(struct{ A api.Secret }), []any{new(struct{ A string })}},
		"integer":          {member(integer, false), new(struct{ A int64 }), []any{new(struct{ A int }), new(struct{ A *int64 })}},
		"optional boolean": {member(boolean, false), new(struct{ A *bool }), []any{new(struct{ A bool })}},
		"required boolean": {member(boolean, true), new(struct{ A bool }), []any{new(struct{ A *bool })}},
		"timestamp":        {member(timestamp, false), new(struct{ A time.Time }), []any{new(struct{ A *time.Time }), new(struct{ A int64 })}},
		"structure":        {member(itemShape, false), new(struct{ A *item }), []any{new(struct{ A item }), new(struct{ A *everything })}},
		"list":             {member(list, false), new(struct{ A []string }), []any{new(struct{ A [1]string }), new(struct{ A []api.Secret }), new(struct{ A []*string })}},
		"map":              {member(everythingShape.Member("Map").Shape, false), new(struct{ A map[string]string }), []any{new(struct{ A map[api.Secret]string }), new(struct{ A map[string]int64 })}},
		"blob":             {member(&api.Shape{Kind: api.Blob}, false), nil, []any{new(struct{ A []byte })}},
	} {
		panics := func(dst any) (p bool) {
			defer func() { p = recover() != nil }()
			_ = DecodeOutput(tc.shape, parse(t, `{}`), dst)
			return false
		}
		if tc.good != nil && panics(tc.good) {
			t.Errorf("%s in %T: panics", name, tc.good)
		}
		for _, bad := range tc.bad {
			if !panics(bad) {
				t.Errorf("%s in %T: does not panic", name, bad)
			}
		}
	}
}
