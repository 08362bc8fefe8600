package sigv4_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// usual is what the SDKs send: eight signed headers and 250 bytes of body.
func usual() *sigv4.Request {
	r := call()
	r.Body = []byte(`{"IdentityPoolId":"us-east-1:177a950c-2c08-43f0-9983-28727134425b","Logins":{"login.example":"` + strings.Repeat("u", 153) + `"}}`)
	r.Header.Set("Content-Length", "250")
	r.Header.Set("Amz-Sdk-Invocation-Id", "bfcaca7f-5e3b-4d0c-9e0d-5d9ba5a2ffc7")
	r.Header.Set("Amz-Sdk-Request", "attempt=1; max=3")
	r.Header.Set("X-Amz-User-Agent", "aws-sdk-js/3.1164.0")
	r.Header.Set("Accept-Encoding", "identity")
	sigv4.Sign(r, example, region, service, noon)
	return r
}

func BenchmarkVerify(b *testing.B) {
	for _, bench := range []struct {
		name    string
		request func() *sigv4.Request
	}{
		{"Header", usual},
		{"HeaderAndToken", func() *sigv4.Request {
			r, c := usual(), example
			c.SessionToken = strings.Repeat("token+/=", 100)
			r.Header.Del("Accept-Encoding")
			sigv4.Sign(r, c, region, service, noon)
			return r
		}},
		{"Presigned", func() *sigv4.Request { return presignedCall(time.Minute) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			r, p := bench.request(), policy(noon)
			var cache sigv4.KeyCache
			secret := func() (string, error) { return example.SecretAccessKey, nil }
			b.ReportAllocs()
			for b.Loop() {
				s, err := sigv4.Parse(r)
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Check(p); err != nil {
					b.Fatal(err)
				}
				key, err := cache.Key(s.AccessKeyID, "1", s.Date, s.Region, s.Service, secret)
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Verify(key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFloor is the arithmetic of one verification and nothing else: what
// BenchmarkVerify/Header costs above it is ours.
func BenchmarkFloor(b *testing.B) {
	body, canonical, toSign := make([]byte, 250), make([]byte, 550), make([]byte, 140)
	key := make([]byte, 32)
	b.ReportAllocs()
	for b.Loop() {
		sha256.Sum256(body)
		sha256.Sum256(canonical)
		mac := hmac.New(sha256.New, key)
		mac.Write(toSign)
		mac.Sum(nil)
	}
}

func BenchmarkDeriveKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sigv4.DeriveKey(example.SecretAccessKey, "20150830", region, service)
	}
}

func BenchmarkSign(b *testing.B) {
	r := call()
	r.Header = http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AWSCognitoIdentityService.GetId"}}
	b.ReportAllocs()
	for b.Loop() {
		sigv4.Sign(r, example, region, service, noon)
	}
}
