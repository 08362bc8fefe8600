package wire

import (
	"errors"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

const (
	poolID = "us-east-1:1a9f03f6-087c-42d3-b097-9a69af1ef906"
	idRule = `Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`
)

func longer(n int) string  { return "Member must have length greater than or equal to " + itoa(n) }
func shorter(n int) string { return "Member must have length less than or equal to " + itoa(n) }

func broken(value, path, constraint string) string {
	return "Value " + value + " at '" + path + "' failed to satisfy constraint: " + constraint
}

func one(value, path, constraint string) string {
	return "1 validation error detected: " + broken(value, path, constraint)
}

func times(n int, s, sep string) string {
	return strings.TrimSuffix(strings.Repeat(s+sep, n), sep)
}

// numbered is n copies of s in which % is the number of the copy.
func numbered(n int, s string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.ReplaceAll(s, "%", itoa(i))
	}
	return strings.Join(all, ",")
}

func TestDecode_Validation(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:iam::123456789012:role/r"
	for _, tc := range []struct{ operation, body, want string }{
		// Observed: aws/aws-sdk-cpp#1085, where the token is printed instead of hidden.
		{"GetOpenIdToken", `{"IdentityId":"","Logins":{"xx.xx.xx/xx-xx-xx-xx-xx":""}}`,
			"3 validation errors detected: Value '{xx.xx.xx/xx-xx-xx-xx-xx=***}' at 'logins' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 50000, Member must have length greater than or equal to 1]; Value '' at 'identityId' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'identityId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w-]+:[0-9a-f-]+"},
		{"GetOpenIdToken", `{"IdentityId":"` + poolID + `","Logins":{"xx.xx.xx/xx-xx-xx-xx-xx":"x"}}`, ""},

		// Singular, and null without quotes; nothing more about that member.
		{"GetId", `{"IdentityPoolId":"x"}`, one("'x'", "identityPoolId", idRule)},
		{"GetId", `{}`, one("null", "identityPoolId", "Member must not be null")},
		{"GetId", `{"IdentityPoolId":null}`, one("null", "identityPoolId", "Member must not be null")},
		{"GetId", `{"identityPoolId":"` + poolID + `"}`, one("null", "identityPoolId", "Member must not be null")},
		{"GetId", `{"IdentityPoolId":"` + poolID + `"}`, ""},
		{"GetId", `{"IdentityPoolId":"` + poolID + `","Logins":{},"AccountId":null}`, ""},
		{"CreateIdentityPool", `{"IdentityPoolName":"a/b","AllowUnauthenticatedIdentities":false}`,
			one("'a/b'", "identityPoolName", `Member must satisfy regular expression pattern: [\w\s+=,.@-]+`)},
		{"CreateIdentityPool", `{"IdentityPoolName":"a b"}`, one("null", "allowUnauthenticatedIdentities", "Member must not be null")},
		{"CreateIdentityPool", `{"IdentityPoolName":"a b","AllowUnauthenticatedIdentities":"no"}`, ""},

		// The whole value matches, and \w is ASCII.
		{"GetId", `{"IdentityPoolId":"us-east-1:1a\n"}`, one("'us-east-1:1a\n'", "identityPoolId", idRule)},
		{"GetId", `{"IdentityPoolId":"é:1a"}`, one("'é:1a'", "identityPoolId", idRule)},

		// Lengths: in UTF-16 code units, before the pattern.
		{"GetId", `{"IdentityPoolId":"` + strings.Repeat("x", 56) + `"}`,
			"2 validation errors detected: " + broken("'"+strings.Repeat("x", 56)+"'", "identityPoolId", shorter(55)) + "; " +
				broken("'"+strings.Repeat("x", 56)+"'", "identityPoolId", idRule)},
		{"MergeDeveloperIdentities", `{"SourceUserIdentifier":"` + strings.Repeat(`\ud83d\ude00`, 512) + `","DestinationUserIdentifier":"d","DeveloperProviderName":"n","IdentityPoolId":"` + poolID + `"}`, ""},
		{"MergeDeveloperIdentities", `{"SourceUserIdentifier":"` + strings.Repeat(`\ud83d\ude00`, 512) + `x","DestinationUserIdentifier":"d","DeveloperProviderName":"n","IdentityPoolId":"` + poolID + `"}`,
			one("'"+strings.Repeat("\U0001F600", 512)+"x'", "sourceUserIdentifier", shorter(1024))},

		// Numbers are printed as they were sent.
		{"ListIdentityPools", `{"MaxResults":60}`, ""},
		{"ListIdentityPools", `{"MaxResults":60.9}`, ""},
		{"ListIdentityPools", `{"MaxResults":61}`, one("'61'", "maxResults", "Member must have value less than or equal to 60")},
		{"ListIdentityPools", `{"MaxResults":0}`, one("'0'", "maxResults", "Member must have value greater than or equal to 1")},
		{"ListIdentityPools", `{"MaxResults":0.9}`, one("'0.9'", "maxResults", "Member must have value greater than or equal to 1")},
		{"ListIdentityPools", `{"MaxResults":1e400}`, one("'1e400'", "maxResults", "Member must have value less than or equal to 60")},
		{"ListIdentityPools", `{"MaxResults":-99999999999999999999}`, one("'-99999999999999999999'", "maxResults", "Member must have value greater than or equal to 1")},
		{"ListIdentityPools", `{}`, one("null", "maxResults", "Member must not be null")},
		{"GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":"` + poolID + `","Logins":{"p":"u"},"TokenDuration":0}`,
			one("'0'", "tokenDuration", "Member must have value greater than or equal to 1")},
		{"GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":"` + poolID + `","Logins":{"p":"u"},"TokenDuration":86401}`,
			one("'86401'", "tokenDuration", "Member must have value less than or equal to 86400")},
		{"GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":"` + poolID + `","Logins":{"p":"u"},"TokenDuration":86400}`, ""},
		{"GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":"` + poolID + `","Logins":{"p":"u"}}`, ""},

		// Collections: their size with the whole of them as value.
		{"GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":"` + poolID + `"}`, one("null", "logins", "Member must not be null")},
		{"GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":"` + poolID + `","Logins":{}}`, ""},
		{"GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":"` + poolID + `","Logins":{` + numbered(11, `"p%":"u"`) + `}}`,
			one("'{p0=***, p1=***, p2=***, p3=***, p4=***, p5=***, p6=***, p7=***, p8=***, p9=***, p10=***}'", "logins", shorter(10))},
		{"DeleteIdentities", `{"IdentityIdsToDelete":[]}`, one("'[]'", "identityIdsToDelete", longer(1))},
		{"DeleteIdentities", `{"IdentityIdsToDelete":[` + times(60, `"a:1"`, ",") + `]}`, ""},
		{"DeleteIdentities", `{"IdentityIdsToDelete":[` + times(61, `"a:1"`, ",") + `]}`,
			one("'["+times(61, "a:1", ", ")+"]'", "identityIdsToDelete", shorter(60))},

		// What elements, keys and values must satisfy is listed in full.
		{"DeleteIdentities", `{"IdentityIdsToDelete":["a:1","b"]}`,
			one("'[a:1, b]'", "identityIdsToDelete", "Member must satisfy constraint: ["+shorter(55)+", "+longer(1)+", "+idRule+"]")},
		{"UntagResource", `{"ResourceArn":"` + arn + `","TagKeys":["k",""]}`,
			one("'[k, ]'", "tagKeys", "Member must satisfy constraint: ["+shorter(128)+", "+longer(1)+"]")},
		{"GetId", `{"IdentityPoolId":"` + poolID + `","Logins":{"":"t"}}`,
			one("'{=***}'", "logins", "Map keys must satisfy constraint: ["+shorter(128)+", "+longer(1)+"]")},
		{"SetIdentityPoolRoles", `{"IdentityPoolId":"` + poolID + `","Roles":{"guest":"short"}}`,
			"2 validation errors detected: " +
				broken("'{guest=short}'", "roles", "Map keys must satisfy constraint: ["+shorter(128)+", "+longer(1)+", Member must satisfy regular expression pattern: (un)?authenticated]") + "; " +
				broken("'{guest=short}'", "roles", "Map value must satisfy constraint: ["+shorter(2048)+", "+longer(20)+"]")},
		{"SetIdentityPoolRoles", `{"IdentityPoolId":"` + poolID + `","Roles":{"authenticated":"` + arn + `"}}`, ""},
		{"TagResource", `{"ResourceArn":"` + arn + `","Tags":{"k":"","l":"` + strings.Repeat("v", 257) + `"}}`,
			one("'{k=, l="+strings.Repeat("v", 257)+"}'", "tags", "Map value must satisfy constraint: ["+shorter(256)+", "+longer(0)+"]")},
		{"TagResource", `{"ResourceArn":"` + arn + `","Tags":{"k":""}}`, ""},

		// Structures in collections and in structures.
		{"SetIdentityPoolRoles", `{"IdentityPoolId":"` + poolID + `","Roles":{},"RoleMappings":{"accounts.google.com":{"Type":"Role"}}}`,
			one("'Role'", "roleMappings.accounts.google.com.member.type", "Member must satisfy enum value set: [Token, Rules]")},
		{"SetIdentityPoolRoles", `{"IdentityPoolId":"` + poolID + `","Roles":{},"RoleMappings":{"p":{"Type":"Rules","RulesConfiguration":{"Rules":[{"Claim":"c","MatchType":"Equals","Value":"v","RoleARN":"` + arn + `"},{"Claim":"","MatchType":"Is","RoleARN":"` + arn + `"}]}}}}`,
			"4 validation errors detected: " +
				broken("''", "roleMappings.p.member.rulesConfiguration.rules.2.member.claim", longer(1)) + "; " +
				broken("''", "roleMappings.p.member.rulesConfiguration.rules.2.member.claim", `Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`) + "; " +
				broken("'Is'", "roleMappings.p.member.rulesConfiguration.rules.2.member.matchType", "Member must satisfy enum value set: [Equals, Contains, StartsWith, NotEqual]") + "; " +
				broken("null", "roleMappings.p.member.rulesConfiguration.rules.2.member.value", "Member must not be null")},
		{"SetIdentityPoolRoles", `{"IdentityPoolId":"` + poolID + `","Roles":{},"RoleMappings":{"":{"Type":"Rules","RulesConfiguration":{"Rules":[]}}}}`,
			"2 validation errors detected: " +
				broken("'{={Type=Rules, RulesConfiguration={Rules=[]}}}'", "roleMappings", "Map keys must satisfy constraint: ["+shorter(128)+", "+longer(1)+"]") + "; " +
				broken("'[]'", "roleMappings..member.rulesConfiguration.rules", longer(1))},
		{"CreateIdentityPool", `{"IdentityPoolName":"n","AllowUnauthenticatedIdentities":true,"CognitoIdentityProviders":[{},null,{"ProviderName":"a b","Other":1}]}`,
			one("'a b'", "cognitoIdentityProviders.2.member.providerName", `Member must satisfy regular expression pattern: [\w._:/-]+`)},

		// At most ten, and the count is of those listed.
		{"CreateIdentityPool", `{"CognitoIdentityProviders":[` + times(20, `{"ClientId":"-"}`, ",") + `]}`,
			"10 validation errors detected: " + func() string {
				all := make([]string, 10)
				for i := range all {
					all[i] = broken("'-'", "cognitoIdentityProviders."+itoa(i+1)+".member.clientId", `Member must satisfy regular expression pattern: [\w_]+`)
				}
				return strings.Join(all, "; ")
			}()},

		// Ours: a long value is cut.
		{"GetId", `{"IdentityPoolId":"` + poolID + `","AccountId":"` + strings.Repeat("1", 1024) + `"}`,
			one("'"+strings.Repeat("1", 1024)+"'", "accountId", shorter(15))},
		{"GetId", `{"IdentityPoolId":"` + poolID + `","AccountId":"` + strings.Repeat("1", 1025) + `"}`,
			one("'"+strings.Repeat("1", 1024)+"...'", "accountId", shorter(15))},
		{"DeleteIdentities", `{"IdentityIdsToDelete":["` + strings.Repeat("é", 2000) + `","x"]}`,
			one("'["+strings.Repeat("é", 1023)+"...'", "identityIdsToDelete", "Member must satisfy constraint: ["+shorter(55)+", "+longer(1)+", "+idRule+"]")},

		// Types come first, whatever else is wrong.
		{"GetOpenIdToken", `{"IdentityId":"","Logins":[]}`, "Start of list found where not expected"},
	} {
		err := Decode(operation(tc.operation).Input, parse(t, tc.body), newStruct(operation(tc.operation).Input))
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s %.300s: %v", tc.operation, tc.body, err)
			}
			continue
		}
		var got *api.Error
		if !errors.As(err, &got) {
			t.Errorf("%s %.300s\n got %v\nwant %s", tc.operation, tc.body, err, tc.want)
			continue
		}
		if got.Message != tc.want {
			t.Errorf("%s %.300s\n got %s\nwant %s", tc.operation, tc.body, got.Message, tc.want)
		}
		if want := api.ValidationException; strings.Contains(tc.want, "detected") && got.Code != want {
			t.Errorf("%s %.300s: got %s, want %s", tc.operation, tc.body, got.Code, want)
		}
	}
}

// A message never holds what the description marks as Sensitive.
func TestDecode_ValidationHidesSecrets(t *testing.T) {
	t.Parallel()
	secretive := &api.Shape{Name: "S", Kind: api.Structure, Members: []api.Member{
		{Name: "Password", Shape: &api.Shape{Kind: api.String, Sensitive: true, Max: 3}},
		{Name: "Nested", Shape: &api.Shape{Kind: api.List, Max: 1, Elem: &api.Shape{Kind: api.Structure, Members: []api.Member{
			{Name: "Token", Shape: secret},
		}}}},
	}}
	type nested struct{ Token api.Secret }
	const body = `{"Password":"hunter2","Nested":[{"Token":"hunter2"},{"Token":"hunter2","token":"hunter2"}]}`
	err := Decode(secretive, parse(t, body), new(struct {
		Password api.Secret
		Nested   []nested
	}))
	want := "ValidationException: 2 validation errors detected: " +
		broken("'[{Token=***}, {Token=***}]'", "nested", shorter(1)) + "; " + broken("'***'", "password", shorter(3))
	if err == nil || err.Error() != want {
		t.Errorf("Decode(%s)\n got %v\nwant %s", body, err, want)
	}
}

// Decode checks elements of collections that are strings or structures. Others
// must have no constraints, or they would pass unchecked.
func TestDescription_ElementsAreChecked(t *testing.T) {
	t.Parallel()
	var walk func(path string, s *api.Shape)
	walk = func(path string, s *api.Shape) {
		switch s.Kind {
		case api.List, api.Map:
			switch s.Elem.Kind {
			case api.String, api.Structure:
			default:
				if e := s.Elem; e.Min != 0 || e.Max != 0 || e.Elem != nil {
					t.Errorf("%s: elements of shape %s would not be checked", path, e.Name)
				}
			}
			walk(path+"[]", s.Elem)
		case api.Structure:
			for _, m := range s.Members {
				walk(path+"."+m.Name, m.Shape)
			}
		}
	}
	for _, op := range operations() {
		walk(op.Name, op.Input)
	}
}

// Bodies that cost much to parse can not be made to cost more here.
func BenchmarkDecode_Hostile(b *testing.B) {
	for _, tc := range []struct{ name, operation string }{
		{"names", "GetOpenIdTokenForDeveloperIdentity"},
		{"empty logins", "UnlinkIdentity"},
		{"empty rules", "SetIdentityPoolRoles"},
		{"a long number", "GetOpenIdTokenForDeveloperIdentity"},
	} {
		b.Run(tc.name, func(b *testing.B) {
			shape := operation(tc.operation).Input
			v := parse(b, hostile()[tc.name])
			b.ReportAllocs()
			for b.Loop() {
				if err := Decode(shape, v, newStruct(shape)); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
