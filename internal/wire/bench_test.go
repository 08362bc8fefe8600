package wire

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

const developerRequest = `{"IdentityPoolId":"us-east-1:1a9f03f6-087c-42d3-b097-9a69af1ef906",` +
	`"Logins":{"login.example.app":"user-5d2c4d0e"},"PrincipalTags":{"department":"engineering","tier":"gold"},"TokenDuration":900}`

// unpatterned is a copy of s without regular expressions, whose cost is not ours.
func unpatterned(s *api.Shape) *api.Shape {
	if s == nil {
		return nil
	}
	c := &api.Shape{
		Name: s.Name, Kind: s.Kind, Min: s.Min, Max: s.Max, Enum: s.Enum, Sensitive: s.Sensitive,
		Key: unpatterned(s.Key), Elem: unpatterned(s.Elem),
	}
	for _, m := range s.Members {
		m.Shape = unpatterned(m.Shape)
		c.Members = append(c.Members, m)
	}
	return c
}

func BenchmarkDecode_Developer(b *testing.B) {
	full := operation("GetOpenIdTokenForDeveloperIdentity").Input
	body := []byte(developerRequest)
	b.Run("ParseJSON", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseJSON(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, tc := range []struct {
		name  string
		shape *api.Shape
	}{
		{"Decode", full},
		{"Decode without patterns", unpatterned(full)},
	} {
		b.Run(tc.name, func(b *testing.B) {
			v := parse(b, developerRequest)
			b.ReportAllocs()
			for b.Loop() {
				var in api.GetOpenIdTokenForDeveloperIdentityInput
				if err := Decode(tc.shape, v, &in); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("ParseJSON and "+tc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v, err := ParseJSON(body)
				if err != nil {
					b.Fatal(err)
				}
				var in api.GetOpenIdTokenForDeveloperIdentityInput
				if err := Decode(tc.shape, v, &in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var in api.GetOpenIdTokenForDeveloperIdentityInput
			if err := json.Unmarshal(body, &in); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAppendJSON_Developer(b *testing.B) {
	shape := operation("GetOpenIdTokenForDeveloperIdentity").Output
	out := &api.GetOpenIdTokenForDeveloperIdentityOutput{
		IdentityId: "us-east-1:157d6171-ee6b-c59a-0528-eddcea45a9e3",
		Token:      api.Secret(strings.Repeat("eyJhbGciOiJS", 80)),
	}
	b.Run("AppendJSON", func(b *testing.B) {
		buf := make([]byte, 0, 2048)
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendJSON(buf[:0], shape, out)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		// Of plain strings, since a Secret writes itself redacted.
		plain := &struct{ IdentityId, Token string }{out.IdentityId, string(out.Token)}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(plain); err != nil {
				b.Fatal(err)
			}
		}
	})
}

const assumeRoleRequest = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fapp%2Freader" +
	"&RoleSessionName=user-5d2c4d0e&DurationSeconds=900&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3A123456789012%3Apolicy%2Fread" +
	"&Tags.member.1.Key=department&Tags.member.1.Value=engineering&Tags.member.2.Key=tier&Tags.member.2.Value=gold"

func BenchmarkForm_AssumeRole(b *testing.B) {
	full := api.STS.Operation("AssumeRole").Input
	body := []byte(assumeRoleRequest)
	b.Run("ParseForm", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseForm(body, ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, tc := range []struct {
		name  string
		shape *api.Shape
	}{
		{"DecodeForm", full},
		{"DecodeForm without patterns", unpatterned(full)},
	} {
		b.Run(tc.name, func(b *testing.B) {
			f := parseForm(b, assumeRoleRequest)
			b.ReportAllocs()
			for b.Loop() {
				var in api.AssumeRoleInput
				if err := DecodeForm(tc.shape, f, &in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("net/url", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := url.ParseQuery(assumeRoleRequest); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkXML_AssumeRole(b *testing.B) {
	op := api.STS.Operation("AssumeRole")
	out := &api.AssumeRoleOutput{
		Credentials: &api.STSCredentials{
			AccessKeyId: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
			SessionToken: api.Secret(strings.Repeat("IQoJb3JpZ2lu", 40)), Expiration: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		},
		AssumedRoleUser: &api.AssumedRoleUser{AssumedRoleId: "AROACQRSTUV:user-5d2c4d0e", Arn: "arn:aws:sts::123456789012:assumed-role/reader/user-5d2c4d0e"},
	}
	b.Run("AppendXML", func(b *testing.B) {
		buf := make([]byte, 0, 2048)
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendXML(buf[:0], api.STS, op, "c6104cbe-af31-11e0-8154-cbc7ccf896c7", out)
		}
	})
	b.Run("DecodeXML", func(b *testing.B) {
		body := AppendXML(nil, api.STS, op, "c6104cbe-af31-11e0-8154-cbc7ccf896c7", out)
		b.ReportAllocs()
		for b.Loop() {
			if err := DecodeXML(op, body, new(api.AssumeRoleOutput)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
