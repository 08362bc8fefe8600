package sigv4_test

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// Cases of AWS's published test suite with their published signatures, from
// awslabs/aws-c-auth, tests/aws-signing-test-suite/v4. The suite's raw requests
// put unescaped bytes into the path, and so do these. get-header-value-multiline
// is of the present suite; an older one had commas for the line folds.
func TestVerify_Published(t *testing.T) {
	t.Parallel()
	const (
		vanilla    = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
		unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		form       = "application/x-www-form-urlencoded"
		formHash   = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
		token      = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
	)
	for _, test := range []struct {
		name      string
		method    string
		path      string
		query     string
		header    http.Header
		body      string
		signature string
		// resign: Sign makes the same signature. It does not where the published
		// one covers the path as it is sent.
		resign bool
	}{
		{"get-vanilla", "GET", "/", "", nil, "", vanilla, true},
		{"get-vanilla, empty path", "GET", "", "", nil, "", vanilla, true},
		{"post-vanilla", "POST", "/", "", nil, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", true},
		{"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", nil, "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500", true},
		{"get-vanilla-query-order-encoded", "GET", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1", nil, "", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac", true},
		{"get-vanilla-query-unreserved", "GET", "/", unreserved + "=" + unreserved, nil, "", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197", true},
		{"get-vanilla-utf8-query", "GET", "/", "ሴ=bar", nil, "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04", true},
		{"get-vanilla-empty-query-key", "GET", "/", "Param1=value1", nil, "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb", true},
		{"post-vanilla-query", "POST", "/", "Param1=value1", nil, "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11", true},
		{"get-vanilla-with-session-token", "GET", "/", "", http.Header{"X-Amz-Security-Token": {token}}, "", "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8", true},
		{"get-header-key-duplicate", "GET", "/", "", http.Header{"My-Header1": {"value2", "value2", "value1"}}, "", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea", true},
		{"get-header-value-order", "GET", "/", "", http.Header{"My-Header1": {"value4", "value1", "value3", "value2"}}, "", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01", true},
		{"get-header-value-trim", "GET", "/", "", http.Header{"My-Header1": {" value1"}, "My-Header2": {` "a   b   c"`}}, "", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736", true},
		{"get-header-value-multiline", "GET", "/", "", http.Header{"My-Header1": {"value1   value2      value3"}}, "", "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd", true},
		{"post-header-key-sort", "POST", "/", "", http.Header{"My-Header1": {"value1"}}, "", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c", true},
		{"get-unreserved", "GET", "/" + unreserved, "", nil, "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f", true},
		{"get-utf8", "GET", "/ሴ", "", nil, "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85", true},
		{"get-space-normalized", "GET", "/example space/", "", nil, "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741", true},
		{"get-relative-normalized", "GET", "/example/..", "", nil, "", vanilla, true},
		{"get-relative-relative-normalized", "GET", "/example1/example2/../..", "", nil, "", vanilla, true},
		{"get-slash-normalized", "GET", "//", "", nil, "", vanilla, true},
		{"get-slash-dot-slash-normalized", "GET", "/./", "", nil, "", vanilla, true},
		{"get-slash-pointless-dot-normalized", "GET", "/./example", "", nil, "", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5", true},
		{"get-slashes-normalized", "GET", "//example//", "", nil, "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84", true},
		{"get-slashes-unnormalized", "GET", "//example//", "", nil, "", "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5", false},
		{"post-x-www-form-urlencoded", "POST", "/", "", http.Header{"Content-Type": {form}, "Content-Length": {"13"}, "X-Amz-Content-Sha256": {formHash}}, "Param1=value1", "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b", true},
		{"post-x-www-form-urlencoded-parameters", "POST", "/", "", http.Header{"Content-Type": {form + "; charset=utf-8"}, "Content-Length": {"13"}, "X-Amz-Content-Sha256": {formHash}}, "Param1=value1", "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422", true},

		{"get-vanilla, in the query", "GET", "/", "presigned", nil, "", "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d", true},
		{"get-vanilla-query-order-key-case, in the query", "GET", "/", "presigned&Param2=value2&Param1=value1", nil, "", "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5", true},
		{"post-x-www-form-urlencoded, in the query", "POST", "/", "presigned", http.Header{"Content-Type": {form}, "Content-Length": {"13"}}, "Param1=value1", "89a40deed0f26f9461242825a082d2222717248abc7ab41f552ad84a94ad46e9", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			query, presigned := strings.CutPrefix(test.query, "presigned")
			r := &sigv4.Request{
				Method: test.method, Path: test.path, RawQuery: strings.TrimPrefix(query, "&"),
				Host: "example.amazonaws.com", Header: test.header.Clone(), Body: []byte(test.body),
			}
			c := example
			c.SessionToken = r.Header.Get("X-Amz-Security-Token")
			var got string
			if presigned {
				sigv4.Presign(r, c, region, "service", noon, time.Hour)
				got = r.RawQuery[strings.LastIndex(r.RawQuery, "=")+1:]
				r.RawQuery = strings.TrimSuffix(r.RawQuery, got) + test.signature
			} else {
				sigv4.Sign(r, c, region, "service", noon)
				header := r.Header.Get("Authorization")
				got = header[strings.LastIndex(header, "=")+1:]
				authorization(r, got, test.signature)
			}
			if test.resign && got != test.signature {
				t.Errorf("sign: got  %s\nwant %s", got, test.signature)
			}
			p := policy(noon)
			p.Service = "service"
			wantError(t, authenticate(r, p), "", "")
		})
	}
}

// The shapes of the suites and some more, each with the raw request target, as
// the SDK signs them now.
func TestVerify_Shapes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	temporary := example
	temporary.SessionToken = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGd="
	for _, test := range []struct {
		name   string
		method string
		target string
		header http.Header
		body   string
	}{
		{"vanilla", "GET", "/", nil, ""},
		{"no path", "GET", "", nil, ""},
		{"other method", "DELETE", "/", nil, ""},
		{"method of lower case", "get", "/", nil, ""},
		{"escaped space", "GET", "/example%20space/", nil, ""},
		{"escaped UTF-8", "GET", "/%E1%88%B4", nil, ""},
		{"escapes of lower case", "GET", "/%e1%88%b4", nil, ""},
		{"escaped slash", "GET", "/a%2Fb", nil, ""},
		{"escaped dots", "GET", "/a/%2E%2E/b", nil, ""},
		{"reserved characters", "GET", "/!$&'()*+,;=:@", nil, ""},
		{"colon", "GET", "/2016-06-27/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations", nil, ""},
		{"slashes", "GET", "//example//", nil, ""},
		{"dot", "GET", "/./example", nil, ""},
		{"dot dot", "GET", "/a/b/../../c", nil, ""},
		{"above the root", "GET", "/../../a", nil, ""},
		{"query", "GET", "/?Param1=value1", nil, ""},
		{"query, order of keys", "GET", "/?Param2=value2&Param1=value1", nil, ""},
		{"query, order of case", "GET", "/?param=1&Param=2&PARAM=3", nil, ""},
		{"query, order of values", "GET", "/?Param1=value2&Param1=value1&Param1=", nil, ""},
		{"query, order after encoding", "GET", "/?a=x/y&a=x-y&a%2Fb=1&a-b=1", nil, ""},
		{"query, key is a prefix", "GET", "/?ab=1&a=2&a-=3", nil, ""},
		{"query, empty value", "GET", "/?Param1=&Param2", nil, ""},
		{"query, empty key", "GET", "/?=value&a=b", nil, ""},
		{"query, empty pairs", "GET", "/?&&a=b&", nil, ""},
		{"query, plus and blank", "GET", "/?a=1+2&b=1%202&c=1%2B2", nil, ""},
		{"query, two equal signs", "GET", "/?a=b=c", nil, ""},
		{"query, UTF-8", "GET", "/?%E1%88%B4=%e1%88%b4", nil, ""},
		{"query, not UTF-8", "GET", "/?a=%FF%00", nil, ""},
		{"query, unreserved", "GET", "/?-._~a=-._~z", nil, ""},
		{"query, question mark", "GET", "/?a=?b", nil, ""},
		{"header, duplicate", "GET", "/", http.Header{"My-Header1": {"value2", "value2", "value1"}}, ""},
		{"header, blanks", "GET", "/", http.Header{"My-Header1": {"  a   b  c "}, "My-Header2": {"\ta  b\t"}}, ""},
		{"header, quotes", "GET", "/", http.Header{"My-Header1": {` "a   b"  `}}, ""},
		{"header, empty", "GET", "/", http.Header{"My-Header1": {""}, "My-Header2": {"  "}}, ""},
		{"header, no-break space", "GET", "/", http.Header{"My-Header1": {"\u00a0 a\u00a0 b \u00a0"}}, ""},
		{"header, order of names", "GET", "/", http.Header{"Zoo": {"z"}, "A": {"a"}, "X-Amz": {"x"}, "X-Amz-User-Agent": {"u"}}, ""},
		{"header, odd name", "GET", "/", http.Header{"X-Amz-Meta-1_x.y": {"v"}}, ""},
		{"header, long name", "GET", "/", http.Header{"X-A" + strings.Repeat("a", 100): {"v"}}, ""},
		{"header, ignored", "GET", "/", http.Header{"User-Agent": {"u"}, "Expect": {"100-continue"}, "X-Amzn-Trace-Id": {"Root=1"}}, ""},
		{"body, form", "POST", "/", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "Action=GetCallerIdentity&Version=2011-06-15"},
		{"body, form with charset", "POST", "/", http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf8"}, "Content-Length": {"13"}}, "Param1=value1"},
		{"body, JSON", "POST", "/", http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AWSCognitoIdentityService.GetId"}}, `{"a":"ሴ"}`},
		{"body, declared hash", "POST", "/", http.Header{"X-Amz-Content-Sha256": {fmt.Sprintf("%x", sha256.Sum256([]byte("b")))}}, "b"},
	} {
		for form, sign := range map[string]func(*sigv4.Request, sigv4.Credentials) *sigv4.Request{
			"header":            func(r *sigv4.Request, c sigv4.Credentials) *sigv4.Request { return sdkSign(t, r, c, now) },
			"presigned":         func(r *sigv4.Request, c sigv4.Credentials) *sigv4.Request { return sdkPresign(t, r, c, now, false) },
			"presigned hoisted": func(r *sigv4.Request, c sigv4.Credentials) *sigv4.Request { return sdkPresign(t, r, c, now, true) },
		} {
			for _, c := range []sigv4.Credentials{example, temporary} {
				path, query, _ := strings.Cut(test.target, "?")
				r := &sigv4.Request{
					Method: test.method, Path: path, RawQuery: query, Host: "Example.amazonaws.com:8080",
					Header: test.header.Clone(), Body: []byte(test.body),
				}
				if r.Header == nil {
					r.Header = http.Header{}
				}
				signed := sign(r, c)
				if err := authenticate(signed, policy(now)); err != nil {
					t.Errorf("%s, %s: %v\nrequest %+v", test.name, form, err, signed)
				}
				// The SDK sends the query in canonical form; other clients send what they have.
				if form == "header" {
					signed.RawQuery = query
					if err := authenticate(signed, policy(now)); err != nil {
						t.Errorf("%s, query as it was: %v\nrequest %+v", test.name, err, signed)
					}
				}
			}
		}
	}
}

// A change of any one byte of anything that is signed is found.
func TestVerify_OneByteChanged(t *testing.T) {
	t.Parallel()
	temporary := example
	temporary.SessionToken = "token"
	fresh := func() *sigv4.Request {
		r := call()
		r.Path, r.RawQuery = "/a/%20b", "p=1&q=%2B"
		sigv4.Sign(r, temporary, region, service, noon)
		return r
	}
	if err := authenticate(fresh(), policy(noon)); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, r *sigv4.Request) {
		t.Helper()
		if err := authenticate(r, policy(noon)); err == nil {
			t.Errorf("%s changed: accepted: %+v", what, r)
		}
	}
	mutate := func(what, value string, set func(*sigv4.Request, string)) {
		for i := range len(value) {
			r := fresh()
			changed := []byte(value)
			changed[i] ^= 1
			set(r, string(changed))
			refused(what, r)
		}
	}
	r := fresh()
	mutate("method", r.Method, func(r *sigv4.Request, v string) { r.Method = v })
	mutate("path", r.Path, func(r *sigv4.Request, v string) { r.Path = v })
	mutate("query", r.RawQuery, func(r *sigv4.Request, v string) { r.RawQuery = v })
	mutate("host", r.Host, func(r *sigv4.Request, v string) { r.Host = v })
	mutate("body", string(r.Body), func(r *sigv4.Request, v string) { r.Body = []byte(v) })
	for key := range r.Header {
		switch key {
		case "User-Agent": // Not signed, so that proxies may change it.
		case "Authorization":
			// From the scope on: what precedes it are names, which other tests
			// change, and the access key id, which the server looks up.
			at := strings.Index(r.Header.Get(key), "20150830/")
			head, tail := r.Header.Get(key)[:at], r.Header.Get(key)[at:]
			mutate(key, tail, func(r *sigv4.Request, v string) { r.Header.Set(key, head+v) })
		default:
			mutate(key, r.Header.Get(key), func(r *sigv4.Request, v string) { r.Header.Set(key, v) })
		}
	}

	r = fresh()
	r.Header.Add("Content-Type", "text/plain")
	refused("a signed header added to", r)
	r = fresh()
	r.Body = append(r.Body, ' ')
	refused("body's length", r)
}

func TestVerify_Presigned_OneByteChanged(t *testing.T) {
	t.Parallel()
	query := presignedCall(time.Minute).RawQuery
	for i := range len(query) {
		r := presignedCall(time.Minute)
		changed := []byte(query)
		changed[i] ^= 1
		r.RawQuery = string(changed)
		// The access key id is what the server looks up; all else must be refused.
		if at := strings.Index(query, example.AccessKeyID); at <= i && i < at+len(example.AccessKeyID) {
			continue
		}
		if err := authenticate(r, policy(noon)); err == nil {
			t.Errorf("accepted %q", r.RawQuery)
		}
	}
}

func TestVerify_Mismatch(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sigv4.Request){
		"other body": func(r *sigv4.Request) { r.Body = []byte("{}") },
		"signature shortened": func(r *sigv4.Request) {
			h := r.Header.Get("Authorization")
			r.Header.Set("Authorization", h[:len(h)-1])
		},
		"signature lengthened": func(r *sigv4.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")+"0") },
		"signature of upper case": func(r *sigv4.Request) {
			h := r.Header.Get("Authorization")
			at := strings.LastIndex(h, "=")
			r.Header.Set("Authorization", h[:at]+strings.ToUpper(h[at:]))
		},
		"X-Amz-Signature in the query": func(r *sigv4.Request) { r.RawQuery = "X-Amz-Signature=0" },
		"token appended to the query":  func(r *sigv4.Request) { r.RawQuery = "X-Amz-Security-Token=t" },
	} {
		r := signedCall()
		change(r)
		t.Run(name, func(t *testing.T) { wantError(t, authenticate(r, policy(noon)), invalid, mismatch) })
	}
	s, err := sigv4.Parse(signedCall())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(policy(noon)); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Verify(sigv4.Key{}), invalid, mismatch)
	wantError(t, s.Verify(sigv4.DeriveKey(example.SecretAccessKey, s.Date, s.Region, s.Service)), "", "")
}

func TestVerify_NotChecked(t *testing.T) {
	t.Parallel()
	s, err := sigv4.Parse(signedCall())
	if err != nil {
		t.Fatal(err)
	}
	key := sigv4.DeriveKey(example.SecretAccessKey, "20150830", region, service)
	if err := s.Verify(key); err == nil {
		t.Error("before Check: got no error")
	}
	if err := s.Check(policy(noon.Add(time.Hour))); err == nil {
		t.Error("Check an hour later: got no error")
	}
	if err := s.Verify(key); err == nil {
		t.Error("after Check failed: got no error")
	}
	if err := s.Check(policy(noon)); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(key); err != nil {
		t.Error(err)
	}
	if err := s.Check(policy(noon.Add(time.Hour))); err == nil {
		t.Error("Check an hour later: got no error")
	}
	if err := s.Verify(key); err == nil {
		t.Error("after Check passed and then failed: got no error")
	}
}

// The ways in which a payload escapes its signature elsewhere.
func TestVerify_PayloadNotSigned(t *testing.T) {
	t.Parallel()
	for _, declared := range []string{
		"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
		"STREAMING-AWS4-HMAC-SHA256-EVENTS", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		strings.ToUpper(fmt.Sprintf("%x", sha256.Sum256(call().Body))),
	} {
		r := call()
		r.Header.Set("X-Amz-Content-Sha256", declared)
		sigv4.Sign(r, example, region, service, noon)
		wantError(t, authenticate(r, policy(noon)), invalid, "'X-Amz-Content-Sha256' must be the SHA-256 of the request body, not '"+declared+"'.")
	}
	r := call()
	r.Header.Set("X-Amz-Content-Sha256", fmt.Sprintf("%x", sha256.Sum256(r.Body)))
	sigv4.Sign(r, example, region, service, noon)
	wantError(t, authenticate(r, policy(noon)), "", "")
}

// An identical request within the window is accepted again, as AWS does.
func TestVerify_Replay(t *testing.T) {
	t.Parallel()
	r := signedCall()
	for range 2 {
		wantError(t, authenticate(r, policy(noon.Add(time.Minute))), "", "")
	}
}

// What a real HTTP server makes of a request is what was signed: header lines
// folded or repeated, odd targets, and headers that look like signed ones.
func TestVerify_OverTheWire(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		path, query, _ := strings.Cut(req.RequestURI, "?")
		err = authenticate(&sigv4.Request{
			Method: req.Method, Path: path, RawQuery: query, Host: req.Host, Header: req.Header, Body: body,
		}, policy(noon))
		fmt.Fprint(w, err)
	}))
	t.Cleanup(server.Close)

	const ok = "<nil>"
	for _, test := range []struct {
		name   string
		target string
		// header is signed and sent. lines go out as they are, and change the
		// request by the time it arrives.
		header http.Header
		lines  string
		want   string
	}{
		{"plain", "/", nil, "", ok},
		{"path that a router would clean", "//a/../b%2Fc/./%7E", nil, "", ok},
		{"query", "/?b=2&a=1+1&a=%C3%A9&=", nil, "", ok},
		{"folded header", "/", http.Header{"My-Header": {"a b c"}}, "My-Header: a\r\n   b\r\n\tc\r\n", ok},
		{"header twice", "/", http.Header{"My-Header": {"a", "b"}}, "My-Header: a\r\nmy-header:b\r\n", ok},
		{"target twice", "/", nil, "x-amz-target: AWSCognitoIdentityService.DeleteIdentityPool\r\n", "InvalidSignatureException: Found 'X-Amz-Target' more than once as HTTP header."},
		{"date twice", "/", nil, "X-AMZ-DATE: 20150830T123600Z\r\n", "InvalidSignatureException: Found 'X-Amz-Date' more than once as HTTP header."},
		{"authorization twice", "/", nil, "Authorization: AWS4-HMAC-SHA256 Credential=x\r\n", "InvalidSignatureException: Found 'Authorization' more than once as HTTP header."},
		{"unsigned x-amz header", "/", nil, "X-Amz-Security-Token: t\r\n", "InvalidSignatureException: 'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization."},
		{"underscore twin means nothing", "/", nil, "X_Amz_Target: AWSCognitoIdentityService.DeleteIdentityPool\r\nX_Amz_Date: 20000101T000000Z\r\n", ok},
		{"forwarded host means nothing", "/", nil, "X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n", ok},
		{"hop-by-hop signed header", "/", nil, "Connection: x-amz-target\r\n", ok},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path, query, _ := strings.Cut(test.target, "?")
			r := call()
			r.Path, r.RawQuery = path, query
			for key, values := range test.header {
				r.Header[key] = values
			}
			r = sdkSign(t, r, example, noon)
			r.RawQuery = query

			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", r.Method, test.target, r.Host, test.lines)
			for key, values := range r.Header {
				if _, sent := test.header[key]; sent {
					continue
				}
				fmt.Fprintf(conn, "%s: %s\r\n", key, values[0])
			}
			fmt.Fprintf(conn, "\r\n%s", r.Body)
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			got, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
