package api

import (
	"slices"
	"strings"
	"testing"
)

// The wording is that of AWS: observed in github.com/aws/aws-sdk-cpp issue 1085
// (length, pattern), and on sibling services of the same framework (enumeration,
// numbers).
func TestShape_CheckString(t *testing.T) {
	t.Parallel()
	const (
		tooShort = "Member must have length greater than or equal to 1"
		idForm   = `Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`
	)
	for _, tt := range []struct {
		shape *Shape
		value string
		want  []string
	}{
		{identityPoolID, "us-east-1:177a950c-2c08-43f0-9983-28727EXAMPLE", []string{idForm}},
		{identityPoolID, "us-east-1:177a950c-2c08-43f0-9983-287270000000", nil},
		{identityPoolID, "", []string{tooShort, idForm}},
		{identityPoolID, "x:0", nil},
		{identityPoolID, "us-east-1:" + strings.Repeat("0", 46), []string{"Member must have length less than or equal to 55"}},
		{identityPoolID, "us-east-1:" + strings.Repeat("0", 45), nil},
		{identityPoolID, strings.Repeat("z", 56), []string{"Member must have length less than or equal to 55", idForm}},
		// The whole value must match: neither a part of it nor its first line.
		{identityPoolID, "us-east-1:0\n", []string{idForm}},
		{identityPoolID, "us-east-1:0\nx", []string{idForm}},
		{identityPoolID, " us-east-1:0", []string{idForm}},
		// Word characters are ASCII.
		{identityPoolID, "é:0", []string{idForm}},
		{roleType, "authenticated", nil},
		{roleType, "unauthenticated", nil},
		{roleType, "unauthenticateds", []string{"Member must satisfy regular expression pattern: (un)?authenticated"}},
		// Either branch of an alternation must match as a whole.
		{text("", 0, 0, "a|b"), "b", nil},
		{text("", 0, 0, "a|b"), "ab", []string{"Member must satisfy regular expression pattern: a|b"}},

		{roleMappingType, "Rules", nil},
		{roleMappingType, "rules", []string{"Member must satisfy enum value set: [Token, Rules]"}},
		{roleMappingType, "", []string{"Member must satisfy enum value set: [Token, Rules]"}},

		{tagValue, "", nil},
		{tagValue, strings.Repeat("v", 256), nil},
		{tagValue, strings.Repeat("v", 257), []string{"Member must have length less than or equal to 256"}},
		{oidcToken, "", nil},
		{arnString, strings.Repeat("a", 20), nil},
		{arnString, strings.Repeat("a", 19), []string{"Member must have length greater than or equal to 20"}},

		// Java's escapes of characters.
		{iamPath, "/", nil},
		{iamPath, "/backends/eu/", nil},
		{iamPath, "/backends", []string{`Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007F]+\u002F)`}},
		{iamPath, "/a b/", []string{`Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007F]+\u002F)`}},
		{policyDocument, "{\n\t\"Statement\": \"ÿ\"}", nil},
		{policyDocument, "{\"Statement\": \"\u0100\"}", []string{`Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+`}},
		{stsARN, "arn:aws:iam::000000000000:role/\U0001F511", nil},
		{stsARN, "arn:aws:iam::000000000000:role/\u0080", []string{"Member must satisfy regular expression pattern: " + stsARN.Pattern}},

		// A character beyond the basic plane is two code units, others are one.
		{tagKey, strings.Repeat("é", 128), nil},
		{tagKey, strings.Repeat("\uffff", 128), nil},
		{tagKey, strings.Repeat("\U0001F511", 64), nil},
		{tagKey, strings.Repeat("\U0001F511", 64) + "k", []string{"Member must have length less than or equal to 128"}},
	} {
		if got := tt.shape.CheckString(tt.value); !slices.Equal(got, tt.want) {
			t.Errorf("%s.CheckString(%q)\n got %q\nwant %q", tt.shape.Name, tt.value, got, tt.want)
		}
	}
}

func TestShape_CheckLen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		shape *Shape
		n     int
		want  []string
	}{
		{loginsMap, 0, nil},
		{loginsMap, 10, nil},
		{loginsMap, 11, []string{"Member must have length less than or equal to 10"}},
		{identityIDs, 0, []string{"Member must have length greater than or equal to 1"}},
		{identityIDs, 1, nil},
		{identityIDs, 60, nil},
		{identityIDs, 61, []string{"Member must have length less than or equal to 60"}},
		{tags, 100_000, nil},
	} {
		if got := tt.shape.CheckLen(tt.n); !slices.Equal(got, tt.want) {
			t.Errorf("%s.CheckLen(%d) = %q, want %q", tt.shape.Name, tt.n, got, tt.want)
		}
	}
}

func TestShape_CheckNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		shape *Shape
		n     int64
		want  []string
	}{
		{queryLimit, 0, []string{"Member must have value greater than or equal to 1"}},
		{queryLimit, -1, []string{"Member must have value greater than or equal to 1"}},
		{queryLimit, 1, nil},
		{queryLimit, 60, nil},
		{queryLimit, 61, []string{"Member must have value less than or equal to 60"}},
		{tokenDuration, 86_400, nil},
		{tokenDuration, 86_401, []string{"Member must have value less than or equal to 86400"}},
		{tokenDuration, 1 << 40, []string{"Member must have value less than or equal to 86400"}},
		{scalar("", Long), -1 << 63, nil},
	} {
		if got := tt.shape.CheckNumber(tt.n); !slices.Equal(got, tt.want) {
			t.Errorf("%s.CheckNumber(%d) = %q, want %q", tt.shape.Name, tt.n, got, tt.want)
		}
	}
}
