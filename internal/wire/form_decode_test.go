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

func TestDecodeForm(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, tc := range []struct {
		form string
		want everything
	}{
		{"", everything{}},
		{"Action=A&Version=1&Unknown=x&Unknown.member.1=y&text=a&TEXT.X=b&Text2=c", everything{}},
		{"Text=a+b%2Bc%0A%F0%9F%98%80&Secret=s", everything{Text: "a b+c\n\U0001F600", Secret: "s"}},
		{"Text=", everything{}},
		{"Maybe=false", everything{Maybe: &no}},
		{"Maybe=TRUE", everything{Maybe: &yes}},
		{"Int=60&Long=-1", everything{Int: 60, Long: -1}},
		{"Int=%2B900&Long=0900", everything{Int: 900, Long: 900}}, // observed of STS
		{"Int=2147483647&Long=9223372036854775807", everything{Int: math.MaxInt32, Long: math.MaxInt64}},
		{"Int=-2147483648&Long=-9223372036854775808", everything{Int: math.MinInt32, Long: math.MinInt64}},
		{"When=2026-01-01T00:00:00Z", everything{When: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{"When=2026-01-01T01:30:00.125%2B01:00", everything{When: time.Date(2026, 1, 1, 0, 30, 0, 125e6, time.UTC)}},
		{"When=1969-12-31T23:59:59Z", everything{When: time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)}},

		{"List=&Map=&Items&ItemMap=&Item=", everything{List: []string{}, Map: map[string]string{}, Items: []item{}, ItemMap: map[string]item{}, Item: &item{}}},
		{"List.member.1=a&List.member.2=&List.member.3=c", everything{List: []string{"a", "", "c"}}},
		{"List.member.10=k&List.member.9=j&List.member.2=b&List.member.1=a", everything{List: []string{"a", "b", "j", "k"}}},
		{"List.member.7=a&List.member.1000000000=b&List.member.99999999999999999999=c", everything{List: []string{"a", "b", "c"}}},
		{"Numbers.member.1=1&Numbers.member.2=0", everything{Numbers: []int64{1, 0}}},
		{"Map.entry.2.key=b&Map.entry.2.value=y&Map.entry.1.key=&Map.entry.1.value=", everything{Map: map[string]string{"": "", "b": "y"}}},
		{"Secrets.entry.1.key=a&Secrets.entry.1.value=x&Secrets.entry.2.key=A&Secrets.entry.2.value=y", everything{Secrets: map[string]api.Secret{"a": "x", "A": "y"}}},
		{"Map.entry.1.key=a.entry.1.key%3D&Map.entry.1.value=x", everything{Map: map[string]string{"a.entry.1.key=": "x"}}},
		{"Item.Text=a&Item.Flag=true&Item.Unknown=x", everything{Item: &item{Text: "a", Flag: &yes}}},
		{"Item.Unknown=x", everything{Item: &item{}}},
		{"Items.member.1.Text=a&Items.member.2=&Items.member.10.Flag=false&Items.member.3.Text=c&Items.member.1.Flag=true",
			everything{Items: []item{{Text: "a", Flag: &yes}, {}, {Text: "c"}, {Flag: &no}}}},
		{"ItemMap.entry.1.key=k&ItemMap.entry.1.value.Text=a&ItemMap.entry.2.key=l&ItemMap.entry.2.value=", everything{ItemMap: map[string]item{"k": {Text: "a"}, "l": {}}}},
		{"Children.entry.1.key=a&Children.entry.1.value.member.2=c&Children.entry.1.value.member.1=b&Children.entry.2.key=d&Children.entry.2.value=",
			everything{Children: map[string][]string{"a": {"b", "c"}, "d": {}}}},
		// Neighbours in the order of bytes are not taken for members.
		{"Item-.Text=a&Item.Text=b&Item/Text=c&Item!=d", everything{Item: &item{Text: "b"}}},
		{"Item.Text-=a&Item.Text=b&Item.Texts=c", everything{Item: &item{Text: "b"}}},
	} {
		form := tc.form
		if !strings.Contains(form, "Flag=") || strings.Contains(form, ".Flag=") {
			form += "&Flag=true"
			tc.want.Flag = true
		}
		var got everything
		if err := DecodeForm(everythingShape, parseForm(t, form), &got); err != nil {
			t.Errorf("DecodeForm(%s): %v", form, err)
		}
		if diff := cmp.Diff(got, tc.want); diff != "" {
			t.Errorf("DecodeForm(%s) (-got +want):\n%s", form, diff)
		}
	}
}

func TestDecodeForm_TypeConversion(t *testing.T) {
	t.Parallel()
	const (
		startList = "Start of list found where not expected"
		noList    = "Unexpected list element termination"
		noComplex = "Unexpected complex element termination"
		topLevel  = "Top level element may not be treated as a list"
		entry     = "An entry of a map must have a key and a value."
	)
	for _, tc := range []struct{ form, want string }{
		{"Text.member.1=a", startList},
		{"Text=a&Text.x=b", startList},
		{"Secret.EndpointArn=a", startList},
		{"Int.member.1=1", startList},
		{"Int=", "missing value for decimal type"},
		{"Int=abc", ""},
		{"Int=900.0", ""},
		{"Int=1e3", ""},
		{"Int=0x10", ""},
		{"Int=1_000", ""},
		{"Int=+1", ""}, // a blank and a digit
		{"Int=%D9%A1", ""},
		{"Int=2147483648", ""},
		{"Int=-2147483649", ""},
		{"Long=9223372036854775808", ""},
		{"Long=-9223372036854775809", ""},
		{"Flag=", "'' can not be converted to an Boolean"},
		{"Maybe=maybe", "'MAYBE' can not be converted to an Boolean"},
		{"Maybe=2", "'2' can not be converted to an Boolean"},
		{"When=", "'' is not a time in the form of ISO 8601."},
		{"When=1767225600", "'1767225600' is not a time in the form of ISO 8601."},
		{"When=2026-13-01T00:00:00Z", "'2026-13-01T00:00:00Z' is not a time in the form of ISO 8601."},
		{"List=a", noList},
		{"List=&List.member.1=a", noList},
		{"List.1=a", topLevel},
		{"List.member=a", topLevel},
		{"List.entry.1=a", topLevel},
		{"List.Member.1=a", topLevel},
		{"List.=a", topLevel},
		{"List.member.=a", " is not a valid index"},
		{"List.member.0=a", "0 is not a valid index"},
		{"List.member.01=a", "01 is not a valid index"},
		{"List.member.-1=a", "-1 is not a valid index"},
		{"List.member.%2B1=a", "+1 is not a valid index"},
		{"List.member.1e9=a", "1e9 is not a valid index"},
		{"List.member.1-=a", "1- is not a valid index"},
		{"List.member.1=a&List.member.x=b", "x is not a valid index"},
		{"List.member.1.x=a", startList},
		{"Numbers.member.1=", "missing value for decimal type"},
		{"Numbers.member.1=a", ""},
		{"Map=a", noComplex},
		{"Map.member.1=a", topLevel},
		{"Map.a=b", topLevel},
		{"Map.entry.0.key=a&Map.entry.0.value=b", "0 is not a valid index"},
		{"Map.entry.1=a", entry},
		{"Map.entry.1.key=a", entry},
		{"Map.entry.1.value=a", entry},
		{"Map.entry.1.Key=a&Map.entry.1.Value=b", entry},
		{"Map.entry.1=&Map.entry.1.key=a&Map.entry.1.value=b", entry},
		{"Map.entry.1.key=a&Map.entry.1.key.x=a&Map.entry.1.value=b", startList},
		{"Map.entry.1.key=a&Map.entry.1.value.x=b", startList},
		{"Map.entry.1.key=a&Map.entry.1.value=b&Map.entry.2.key=a&Map.entry.2.value=c", "Duplicate key of a map found where not expected."},
		{"Item=a", noComplex},
		{"Item=&Item.Text=a", noComplex},
		{"Items=a", noList},
		{"Items.member.1=a", noComplex},
		{"Items.member.1.Text.x=a", startList},
		{"Children.entry.1.key=a&Children.entry.1.value=b", noList},
		// The first in the order of the description, not of the form.
		{"Map=a&List=a&Int=a&Text.x=a", startList},
		{"Map=a&List=a&Int=&Text=a", "missing value for decimal type"},
		// A wrong type comes before a broken constraint: Flag is required.
		{"Item=a&Flag=true", noComplex},
	} {
		var got *api.Error
		err := DecodeForm(everythingShape, parseForm(t, tc.form), new(everything))
		if want := (api.Error{Code: api.MalformedInput, Message: tc.want}); !errors.As(err, &got) || *got != want {
			t.Errorf("DecodeForm(%s)\n got %v\nwant %v", tc.form, err, &want)
		}
	}
}

// The messages of STS to the letter (observed), and their twins of nested members.
func TestDecodeForm_Validation(t *testing.T) {
	t.Parallel()
	type tag struct{ Key, Value string }
	type input struct {
		RoleArn, RoleSessionName string
		DurationSeconds          int64
		Tags                     []tag
		Token                    api.Secret
	}
	shape := &api.Shape{Name: "Input", Kind: api.Structure, Members: []api.Member{
		{Name: "RoleArn", Required: true, Shape: &api.Shape{Name: "arnType", Kind: api.String, Min: 20, Max: 2048}},
		{Name: "RoleSessionName", Required: true, Shape: &api.Shape{Name: "roleSessionNameType", Kind: api.String, Min: 2, Max: 64, Pattern: `[\w+=,.@-]*`}},
		{Name: "DurationSeconds", Shape: &api.Shape{Name: "roleDurationSecondsType", Kind: api.Integer, Min: 900, Max: 43200}},
		{Name: "Tags", Shape: &api.Shape{Name: "tagListType", Kind: api.List, Max: 2, Elem: &api.Shape{Name: "Tag", Kind: api.Structure, Members: []api.Member{
			{Name: "Key", Required: true, Shape: &api.Shape{Name: "tagKeyType", Kind: api.String, Min: 1, Max: 128}},
			{Name: "Value", Required: true, Shape: &api.Shape{Name: "tagValueType", Kind: api.String, Max: 256}},
		}}}},
		{Name: "Token", Shape: &api.Shape{Name: "tokenType", Kind: api.String, Min: 4, Sensitive: true}},
	}}
	const (
		arn  = "RoleArn=arn:aws:iam::123456789012:role/r"
		name = "&RoleSessionName=session"
		one  = "1 validation error detected: "
	)
	for _, tc := range []struct{ form, want string }{
		{arn + name, ""},
		{name, one + "Value null at 'roleArn' failed to satisfy constraint: Member must not be null"},
		{"RoleArn=not-an-arn" + name, one + "Value 'not-an-arn' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		{arn, one + "Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"},
		{arn + "&RoleSessionName=", one + "Value '' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{arn + "&RoleSessionName=bad/name", one + `Value 'bad/name' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		{arn + name + "&DurationSeconds=900", ""},
		{arn + name + "&DurationSeconds=%2B0900", ""},
		{arn + name + "&DurationSeconds=-1", one + "Value '-1' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{arn + name + "&DurationSeconds=0899", one + "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{arn + name + "&DurationSeconds=2147483647", one + "Value '2147483647' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200"},
		{arn + name + "&Tags.member.5.Key=a&Tags.member.5.Value=", ""},
		{arn + name + "&Tags.member.5.Key=&Tags.member.5.Value=v", one + "Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{arn + name + "&Tags.member.1.Key=a", one + "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"},
		{arn + name + "&Tags.member.1.Key=a&Tags.member.1.Value=x&Tags.member.2.Key=b&Tags.member.2.Value=y&Tags.member.3.Key=c&Tags.member.3.Value=z",
			one + "Value '[{Key=a, Value=x}, {Key=b, Value=y}, {Key=c, Value=z}]' at 'tags' failed to satisfy constraint: Member must have length less than or equal to 2"},
		{arn + name + "&Token=abc", one + "Value '***' at 'token' failed to satisfy constraint: Member must have length greater than or equal to 4"},
		{"", "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"},
	} {
		err := DecodeForm(shape, parseForm(t, tc.form), new(input))
		var got *api.Error
		if tc.want == "" && err == nil {
			continue
		}
		if want := (api.Error{Code: api.ValidationError, Message: tc.want}); !errors.As(err, &got) || *got != want {
			t.Errorf("DecodeForm(%s)\n got %v\nwant %v", tc.form, err, &want)
		}
	}
}
