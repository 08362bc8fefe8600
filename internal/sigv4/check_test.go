package sigv4_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

func authorization(r *sigv4.Request, old, new string) {
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
}

// A request with every fault at once is repaired fault by fault. Each repair
// shows the next text, so that the order is pinned and each text has a twin.
func TestOrder_Header(t *testing.T) {
	t.Parallel()
	r := call()
	r.Header["Authorization"] = []string{"AWS4-HMAC-SHA25 Credential, SignedHeaders=x-amz-date;x-amz-absent, Signature="}
	r.Header["X-Amz-Date"] = []string{"201", "202"}
	r.Header["X-Amz-Content-Sha256"] = []string{"UNSIGNED-PAYLOAD"}
	r.RawQuery = "X-Amz-Algorithm"
	for _, step := range []struct {
		code, message string
		repair        func()
	}{
		{invalid, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
			func() { r.RawQuery = "" }},
		{invalid, "Found 'X-Amz-Date' more than once as HTTP header.",
			func() { r.Header.Set("X-Amz-Date", "201") }},
		{incomplete, "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA25 Credential, SignedHeaders=x-amz-date;x-amz-absent, Signature='.",
			func() { authorization(r, "Credential", "Credential=a/b/c/d") }},
		{incomplete, "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA25 Credential=a/b/c/d, SignedHeaders=x-amz-date;x-amz-absent, Signature=",
			func() { authorization(r, "Signature=", "Signature=0") }},
		{incomplete, "Date must be in ISO-8601 'basic format'. Got '201'. See http://en.wikipedia.org/wiki/ISO_8601",
			func() { r.Header.Set("X-Amz-Date", "20130301T000000Z") }},
		{invalid, "Signature expired: 20130301T000000Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 min.)",
			func() { r.Header.Set("X-Amz-Date", "20150830T123600Z") }},
		{invalid, "'Host' must be a 'SignedHeader' in the AWS Authorization.",
			func() { authorization(r, "SignedHeaders=", "SignedHeaders=host;") }},
		{invalid, "'SignedHeaders' must be in lower case, in alphabetical order and without repetition. Got 'host;x-amz-date;x-amz-absent'.",
			func() { authorization(r, "x-amz-date;x-amz-absent", "x-amz-absent;x-amz-date") }},
		{invalid, "'X-Amz-Content-Sha256' must be a 'SignedHeader' in the AWS Authorization.",
			func() { authorization(r, "x-amz-date", "x-amz-content-sha256;x-amz-date") }},
		{invalid, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
			func() { authorization(r, "x-amz-date", "x-amz-date;x-amz-target") }},
		{invalid, "'x-amz-absent' is a 'SignedHeader' in the AWS Authorization but not a header of the request.",
			func() { authorization(r, "x-amz-absent;", "") }},
		{incomplete, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). ",
			func() { authorization(r, "SHA25", "SHA256") }},
		{incomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b/c/d'",
			func() { authorization(r, "a/b/c/d", "a/b/c/d/e") }},
		{invalid, "Credential should be scoped to a valid region, not 'c'. Credential should be scoped to correct service: 'cognito-identity'. Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20150830', from '20150830T123600Z'.",
			func() { authorization(r, "a/b/c/d/e", scope) }},
		{invalid, "'X-Amz-Content-Sha256' must be the SHA-256 of the request body, not 'UNSIGNED-PAYLOAD'.",
			func() {
				r.Header.Del("X-Amz-Content-Sha256")
				authorization(r, "x-amz-content-sha256;", "")
			}},
		{invalid, mismatch,
			func() { r = signedCall() }},
		{},
	} {
		wantError(t, authenticate(r, policy(noon)), step.code, step.message)
		if step.repair != nil {
			step.repair()
		}
	}
}

func TestOrder_Query(t *testing.T) {
	t.Parallel()
	r := call()
	query := func(old, new string) { r.RawQuery = strings.Replace(r.RawQuery, old, new, 1) }
	r.RawQuery = "X-Amz-Algorithm=AWS4&X-Amz-Credential=a&X-Amz-Date=201&X-Amz-SignedHeaders=content-length&X-Amz-Expires=0&x-amz-date=1&p=%"
	for _, step := range []struct {
		code, message string
		repair        func()
	}{
		{incomplete, "AWS query-string parameters must be percent-encoded. Got 'p=%'. Re-examine the query-string parameters.",
			func() { query("&p=%", "") }},
		{invalid, "Found 'x-amz-date' more than once as a query-string param or HTTP header.",
			func() { query("&x-amz-date=1", "") }},
		{incomplete, "AWS query-string parameters must include 'X-Amz-Signature'. Re-examine the query-string parameters.",
			func() { r.RawQuery += "&X-Amz-Signature=0" }},
		{incomplete, "Date must be in ISO-8601 'basic format'. Got '201'. See http://en.wikipedia.org/wiki/ISO_8601",
			func() { query("201", "20150830T123600Z") }},
		{incomplete, "X-Amz-Expires must be a number of seconds between 1 and 604800. Got '0'.",
			func() { query("Expires=0", "Expires=1") }},
		{invalid, "'Host' must be a 'SignedHeader' in the AWS Authorization.",
			func() { query("content-length", "host") }},
		{invalid, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
			func() { query("=host", "=host%3Bx-amz-target") }},
		{incomplete, "Unsupported AWS 'algorithm': 'AWS4' (only AWS4-HMAC-SHA256 for now). ",
			func() { query("AWS4", "AWS4-HMAC-SHA256") }},
		{incomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a'",
			func() { query("Credential=a", "Credential=a/20150830/us-east-1/cognito-identity/aws4_request") }},
		{invalid, mismatch,
			func() { r = presignedCall(0) }},
		{},
	} {
		wantError(t, authenticate(r, policy(noon)), step.code, step.message)
		if step.repair != nil {
			step.repair()
		}
	}
}

func TestCheck_Clock(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		request *sigv4.Request
		// drift is how much later the server's clock is than the signature.
		drift         time.Duration
		code, message string
	}{
		{"4:59 old", signedCall(), 4*time.Minute + 59*time.Second, "", ""},
		{"5:00 old", signedCall(), 5 * time.Minute, "", ""},
		{"5:00.9 old", signedCall(), 5*time.Minute + 900*time.Millisecond, "", ""},
		{"5:01 old", signedCall(), 5*time.Minute + time.Second, invalid, "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"},
		{"4:59 ahead", signedCall(), -4*time.Minute - 59*time.Second, "", ""},
		{"5:00 ahead", signedCall(), -5 * time.Minute, "", ""},
		{"5:01 ahead", signedCall(), -5*time.Minute - time.Second, invalid, "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"},

		{"presigned without expiry, 5:00 old", presignedCall(0), 5 * time.Minute, "", ""},
		{"presigned without expiry, 5:01 old", presignedCall(0), 5*time.Minute + time.Second, invalid, "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"},
		{"presigned for 90 s, at 90", presignedCall(90 * time.Second), 90 * time.Second, "", ""},
		{"presigned for 90 s, at 91", presignedCall(90 * time.Second), 91 * time.Second, invalid, "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T123731Z - 90 sec.)"},
		{"presigned for a week, then", presignedCall(7 * 24 * time.Hour), 7 * 24 * time.Hour, "", ""},
		{"presigned for a week, a second later", presignedCall(7 * 24 * time.Hour), 7*24*time.Hour + time.Second, invalid, "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150906T123601Z - 10080 min.)"},
		{"presigned for a week, 5:01 ahead", presignedCall(7 * 24 * time.Hour), -5*time.Minute - time.Second, invalid, "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"},
		{"presigned for longer", presignedCall(7*24*time.Hour + time.Second), 0, incomplete, "X-Amz-Expires must be a number of seconds between 1 and 604800. Got '604801'."},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, authenticate(test.request, policy(noon.Add(test.drift))), test.code, test.message)
		})
	}
}

func TestCheck_Expires(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"0", "-1", "+5", "1.5", "5s", " 5", "604801", "18446744073709551617", "0x10"} {
		r := presignedCall(time.Minute)
		r.RawQuery = strings.Replace(r.RawQuery, "X-Amz-Expires=60", "X-Amz-Expires="+strings.NewReplacer("+", "%2B", " ", "%20").Replace(value), 1)
		wantError(t, authenticate(r, policy(noon)), incomplete, "X-Amz-Expires must be a number of seconds between 1 and 604800. Got '"+value+"'.")
	}
}

func TestCheck_Date(t *testing.T) {
	t.Parallel()
	badForm := func(v string) string {
		return "Date must be in ISO-8601 'basic format'. Got '" + v + "'. See http://en.wikipedia.org/wiki/ISO_8601"
	}
	for _, test := range []struct {
		name          string
		amzDate, date string
		code, message string
	}{
		{"X-Amz-Date", "20150830T123600Z", "", "", ""},
		{"X-Amz-Date goes first", "20150830T123600Z", "Sun, 01 Mar 2015 00:00:00 GMT", "", ""},
		{"X-Amz-Date goes first, also when it is wrong", "20150301T000000Z", "Sun, 30 Aug 2015 12:36:00 GMT", invalid, "Signature expired: 20150301T000000Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 min.)"},
		{"Date of RFC 1123", "", "Sun, 30 Aug 2015 12:36:00 GMT", "", ""},
		{"Date of ISO 8601", "", "20150830T123600Z", "", ""},
		{"fraction", "20150830T123600.5Z", "", incomplete, badForm("20150830T123600.5Z")},
		{"fraction, of the right length", "20150830T1236.0Z", "", incomplete, badForm("20150830T1236.0Z")},
		{"zone", "20150830T123600+", "", incomplete, badForm("20150830T123600+")},
		{"extended format", "2015-08-30T12:36:00Z", "", incomplete, badForm("2015-08-30T12:36:00Z")},
		{"no such day", "20150230T123600Z", "", incomplete, badForm("20150230T123600Z")},
		{"Date of another form", "", "Sunday, 30-Aug-15 12:36:00 GMT", incomplete, badForm("Sunday, 30-Aug-15 12:36:00 GMT")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// Sign always sets X-Amz-Date; the published suite's way of signing does not.
			r := &sigv4.Request{Method: "GET", Path: "/", Host: "example.amazonaws.com", Header: http.Header{}}
			signed := "host"
			if test.date != "" {
				r.Header.Set("Date", test.date)
			}
			if test.amzDate != "" {
				r.Header.Set("X-Amz-Date", test.amzDate)
				signed += ";x-amz-date"
			}
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+scope+", SignedHeaders="+signed+", Signature=0")
			s, err := sigv4.Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, s.Check(policy(noon)), test.code, test.message)
			if test.code == "" && !s.Time.Equal(noon) {
				t.Errorf("got time %v, want %v", s.Time, noon)
			}
		})
	}
}

func TestCheck_SignedHeaders(t *testing.T) {
	t.Parallel()
	disorder := func(list string) string {
		return "'SignedHeaders' must be in lower case, in alphabetical order and without repetition. Got '" + list + "'."
	}
	const host = "'Host' must be a 'SignedHeader' in the AWS Authorization."
	for _, test := range []struct {
		list    string
		message string
	}{
		{"content-length;content-type;host;x-amz-date;x-amz-target", ""},
		{"host;x-amz-date;x-amz-target", ""},
		{"x-amz-date;x-amz-target", host},
		{"host2;x-amz-date;x-amz-target", host},
		{"hos;t;x-amz-date;x-amz-target", host},
		{"host;x-amz-date", "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."},
		{"host;x-amz-target", "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."},
		{"host", "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."},
		{"host;x-amz-date;x-amz-other", "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."},
		{"host;x-amz-date;x-amz-other;x-amz-target", "'x-amz-other' is a 'SignedHeader' in the AWS Authorization but not a header of the request."},
		{"host;via;x-amz-date;x-amz-target", "'via' is a 'SignedHeader' in the AWS Authorization but not a header of the request."},
		{"Host;x-amz-date;x-amz-target", disorder("Host;x-amz-date;x-amz-target")},
		{"host;X-Amz-Date;x-amz-target", disorder("host;X-Amz-Date;x-amz-target")},
		{"host;x-amz-target;x-amz-date", disorder("host;x-amz-target;x-amz-date")},
		{"host;host;x-amz-date;x-amz-target", disorder("host;host;x-amz-date;x-amz-target")},
		{"host;x-amz-date;x-amz-date;x-amz-target", disorder("host;x-amz-date;x-amz-date;x-amz-target")},
		{"host;x-amz-date;x-amz-target;", disorder("host;x-amz-date;x-amz-target;")},
		{";host;x-amz-date;x-amz-target", disorder(";host;x-amz-date;x-amz-target")},
	} {
		r := signedCall()
		authorization(r, "content-length;content-type;host;x-amz-date;x-amz-target", test.list)
		s, err := sigv4.Parse(r)
		if err != nil {
			t.Errorf("parse %q: %v", test.list, err)
			continue
		}
		code := invalid
		if test.message == "" {
			code = ""
		}
		wantError(t, s.Check(policy(noon)), code, test.message)
	}
}

// A header under a key that net/http would not have made is not taken for the
// one that is signed.
func TestCheck_KeyNotCanonical(t *testing.T) {
	t.Parallel()
	r := signedCall()
	r.Header["x-amz-target"] = []string{"AWSCognitoIdentityService.DeleteIdentityPool"}
	wantError(t, authenticate(r, policy(noon)), invalid, "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.")
}

func TestCheck_HostAbsent(t *testing.T) {
	t.Parallel()
	r := signedCall()
	r.Host = ""
	wantError(t, authenticate(r, policy(noon)), invalid, "'host' is a 'SignedHeader' in the AWS Authorization but not a header of the request.")
}

func TestCheck_Scope(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		credential    string
		code, message string
	}{
		{scope, "", ""},
		{"AKID/20150830/eu-west-1/cognito-identity/aws4_request", invalid, "Credential should be scoped to a valid region, not 'eu-west-1'. "},
		{"AKID/20150830/us-east-1/sts/aws4_request", invalid, "Credential should be scoped to correct service: 'cognito-identity'. "},
		{"AKID/20150830/us-east-1/cognito-identity/aws4", invalid, "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4'. "},
		{"AKID/20150829/us-east-1/cognito-identity/aws4_request", invalid, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != '20150830', from '20150830T123600Z'."},
		{"AKID/20150830/US-EAST-1/Cognito-Identity/aws4_request", invalid, "Credential should be scoped to a valid region, not 'US-EAST-1'. Credential should be scoped to correct service: 'cognito-identity'. "},
		{scope + "/", incomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + scope + "/'"},
		{"AKID", incomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKID'"},
	} {
		r := signedCall()
		authorization(r, scope, test.credential)
		s, err := sigv4.Parse(r)
		if err != nil {
			t.Errorf("parse %q: %v", test.credential, err)
			continue
		}
		wantError(t, s.Check(policy(noon)), test.code, test.message)
	}
}

func TestCheck_Fields(t *testing.T) {
	t.Parallel()
	temporary := example
	temporary.SessionToken = "token/+="
	header, query := call(), call()
	sigv4.Sign(header, temporary, region, service, noon)
	sigv4.Presign(query, temporary, region, service, noon, time.Minute)
	for name, r := range map[string]*sigv4.Request{"header": header, "query": query} {
		s, err := sigv4.Parse(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Check(policy(noon)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// It is kept by those who count and remember, and must not keep the request.
		for _, whole := range [...]string{r.Header.Get("Authorization"), r.RawQuery} {
			at := strings.Index(whole, s.AccessKeyID)
			if at >= 0 && unsafe.StringData(s.AccessKeyID) == unsafe.StringData(whole[at:]) {
				t.Errorf("%s: the access key id is a part of it", name)
			}
		}
		got := [...]string{s.AccessKeyID, s.Date, s.Region, s.Service, s.SessionToken, s.Time.Format(time.RFC3339)}
		want := [...]string{"AKIDEXAMPLE", "20150830", region, service, "token/+=", "2015-08-30T12:36:00Z"}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
