package sigv4_test

import (
	"net/http"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

const scope = "AKIDEXAMPLE/20150830/us-east-1/cognito-identity/aws4_request"

func TestParse_Header(t *testing.T) {
	t.Parallel()
	const (
		needsCredential    = "Authorization header requires 'Credential' parameter. "
		needsSignature     = "Authorization header requires 'Signature' parameter. "
		needsSignedHeaders = "Authorization header requires 'SignedHeaders' parameter. "
		needsDate          = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
		needsAll           = needsCredential + needsSignature + needsSignedHeaders
		whole              = "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=ab"
	)
	for _, test := range []struct {
		name          string
		authorization string
		date          string
		code, message string
	}{
		{"whole", whole, "20150830T123600Z", "", ""},
		{"without blanks", "AWS4-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=ab", "x", "", ""},
		{"empty pairs", "AWS4-HMAC-SHA256 ,Credential=a,, SignedHeaders=host,Signature=ab,", "x", "", ""},
		{"without commas", "AWS4-HMAC-SHA256 Credential=a SignedHeaders=host Signature=ab", "x", incomplete, needsSignature + needsSignedHeaders + "Authorization=AWS4-HMAC-SHA256 Credential=a SignedHeaders=host Signature=ab"},
		{"other order, blanks around", "  AWS4-HMAC-SHA256   Signature=ab ,\tSignedHeaders=host ,Credential=a ", "x", "", ""},
		{"unknown key", whole + ", Extra=1", "x", "", ""},
		{"empty", "", "x", missing, "Missing Authentication Token"},
		{"a word", "X", "", incomplete, needsAll + needsDate + "Authorization=X"},
		{"a word, with a date", "X", "x", incomplete, needsAll + "Authorization=X"},
		{"another scheme", "Bearer eyJh.secret", "", incomplete, needsAll + needsDate + "Authorization=Bearer"},
		{"algorithm alone", "AWS4-HMAC-SHA256", "", incomplete, needsAll + needsDate + "Authorization=AWS4-HMAC-SHA256"},
		{"credential missing", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=ab", "x", incomplete, needsCredential + "Authorization=AWS4-HMAC-SHA256 SignedHeaders=host, Signature=ab"},
		{"credential empty", "AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=ab", "x", incomplete, needsCredential + "Authorization=AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=ab"},
		{"signature missing", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host", "x", incomplete, needsSignature + "Authorization=AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host"},
		{"signed headers missing", "AWS4-HMAC-SHA256 Credential=a, Signature=ab", "x", incomplete, needsSignedHeaders + "Authorization=AWS4-HMAC-SHA256 Credential=a, Signature=ab"},
		{"key of another case", "AWS4-HMAC-SHA256 credential=a, SignedHeaders=host, Signature=ab", "x", incomplete, needsCredential + "Authorization=AWS4-HMAC-SHA256 credential=a, SignedHeaders=host, Signature=ab"},
		{"date missing", whole, "", incomplete, needsDate + "Authorization=" + whole},
		{"pair malformed", "AWS4-HMAC-SHA256 Signature=b,    Credential,    SignedHeaders", "", incomplete, "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 Signature=b,    Credential,    SignedHeaders'."},
		{"pair twice", whole + ", Credential=b", "x", incomplete, "Authorization header must have only one 'Credential' parameter."},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := &sigv4.Request{Method: "POST", Header: http.Header{}}
			r.Header.Set("Authorization", test.authorization)
			r.Header.Set("X-Amz-Date", test.date)
			_, err := sigv4.Parse(r)
			wantError(t, err, test.code, test.message)
		})
	}
}

func TestParse_Query(t *testing.T) {
	t.Parallel()
	const (
		needsAlgorithm     = "AWS query-string parameters must include 'X-Amz-Algorithm'. "
		needsCredential    = "AWS query-string parameters must include 'X-Amz-Credential'. "
		needsSignature     = "AWS query-string parameters must include 'X-Amz-Signature'. "
		needsSignedHeaders = "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
		needsDate          = "AWS query-string parameters must include 'X-Amz-Date'. "
		end                = "Re-examine the query-string parameters."
		whole              = "X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-SignedHeaders=d&X-Amz-Date=e"
	)
	for _, test := range []struct {
		name          string
		query         string
		code, message string
	}{
		{"whole", whole, "", ""},
		{"other parameters twice", whole + "&p=1&p=2&P=3", "", ""},
		{"escaped name", "X%2DAmz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-SignedHeaders=d&X-Amz-Date=e", "", ""},
		{"no algorithm", "X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-SignedHeaders=d&X-Amz-Date=e", missing, "Missing Authentication Token"},
		{"algorithm of another case", "x-amz-algorithm=a&X-Amz-Credential=b", missing, "Missing Authentication Token"},
		{"all empty", "X-Amz-Algorithm=", incomplete, needsAlgorithm + needsCredential + needsSignature + needsSignedHeaders + needsDate + end},
		{"algorithm alone", "X-Amz-Algorithm=a", incomplete, needsCredential + needsSignature + needsSignedHeaders + needsDate + end},
		{"date missing", "X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-SignedHeaders=d", incomplete, needsDate + end},
		{"signature missing", "X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Date=e&X-Amz-SignedHeaders=d", incomplete, needsSignature + end},
		{"twice", whole + "&X-Amz-Credential=z", invalid, "Found 'X-Amz-Credential' more than once as a query-string param or HTTP header."},
		{"twice, other case", whole + "&x-amz-date=z", invalid, "Found 'x-amz-date' more than once as a query-string param or HTTP header."},
		{"twice, escaped", whole + "&X-Amz-%53ignature=z", invalid, "Found 'X-Amz-Signature' more than once as a query-string param or HTTP header."},
		{"also a header", whole + "&X-Amz-Target=z", invalid, "Found 'X-Amz-Target' more than once as a query-string param or HTTP header."},
		{"malformed escape", whole + "&p=%zz", incomplete, "AWS query-string parameters must be percent-encoded. Got 'p=%zz'. Re-examine the query-string parameters."},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := &sigv4.Request{Method: "POST", RawQuery: test.query, Header: http.Header{"X-Amz-Target": {"S.Op"}}}
			_, err := sigv4.Parse(r)
			wantError(t, err, test.code, test.message)
		})
	}
}

func TestParse_BothForms(t *testing.T) {
	t.Parallel()
	r := presignedCall(0)
	wantError(t, authenticate(clone(r), policy(noon)), "", "")
	r.Header.Set("Authorization", "Basic eA==")
	wantError(t, authenticate(r, policy(noon)), invalid,
		"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
}

// Header smuggling: what one party takes of a repeated header, another may not.
func TestParse_HeaderTwice(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Authorization", "X-Amz-Date", "Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "X-Amz-Target"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedCall()
			value := r.Header.Get(name)
			r.Header[name] = []string{value, value}
			wantError(t, authenticate(r, policy(noon)), invalid, "Found '"+name+"' more than once as HTTP header.")
		})
	}
	t.Run("others may be", func(t *testing.T) {
		t.Parallel()
		r := call()
		r.Header["Via"] = []string{"1.1 a", "1.1 b"}
		sigv4.Sign(r, example, region, service, noon)
		wantError(t, authenticate(r, policy(noon)), "", "")
	})
}

func TestPresent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		request sigv4.Request
		want    bool
	}{
		{"nothing", sigv4.Request{}, false},
		{"empty header", sigv4.Request{Header: http.Header{"Authorization": {""}}}, false},
		{"header", sigv4.Request{Header: http.Header{"Authorization": {"AWS4-HMAC-SHA256 x"}}}, true},
		{"second header", sigv4.Request{Header: http.Header{"Authorization": {"", "x"}}}, true},
		{"another scheme", sigv4.Request{Header: http.Header{"Authorization": {"Bearer x"}}}, true},
		{"query", sigv4.Request{RawQuery: "a=b&X-Amz-Algorithm"}, true},
		{"other query", sigv4.Request{RawQuery: "X-Amz-Signature=x&a=X-Amz-Algorithm"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := sigv4.Present(&test.request); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			// What is not present must be unauthenticated to Parse, and nothing else.
			_, err := sigv4.Parse(&test.request)
			if !test.want {
				wantError(t, err, missing, "Missing Authentication Token")
			} else if err == nil || err.Error() == missing+": Missing Authentication Token" {
				t.Errorf("Parse: got %v, want another error", err)
			}
		})
	}
}
