package server_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// host is the Host header of requests that do not say another.
const host = "cognito-identity.us-east-1.amazonaws.com"

const mediaType = "application/x-amz-json-1.1"

// A field is one line of a header, as it is on the wire.
type field struct{ name, value string }

// A request is what is written to the connection, byte for byte: no client between
// the test and the server makes it right.
type request struct {
	method, target string
	header         []field
	body           []byte
}

// call is the request by which an SDK calls an operation, unsigned.
func call(prefix, operation, body string) *request {
	return &request{
		method: "POST", target: "/", body: []byte(body),
		header: []field{{"Host", host}, {"Content-Type", mediaType}, {"X-Amz-Target", prefix + "." + operation}},
	}
}

// mediaForm is what SDKs call a form.
const mediaForm = "application/x-www-form-urlencoded; charset=utf-8"

// callQuery is the request by which an SDK calls an operation of a Query service, unsigned.
// Members are the rest of the form.
func callQuery(s *api.Service, operation, members string) *request {
	form := "Action=" + operation + "&Version=" + s.Version
	if members != "" {
		form += "&" + members
	}
	return &request{
		method: "POST", target: "/", body: []byte(form),
		header: []field{{"Host", host}, {"Content-Type", mediaForm}},
	}
}

func callCognito(operation, body string) *request {
	return call("AWSCognitoIdentityService", operation, body)
}

func (r *request) get(name string) string {
	for _, f := range r.header {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// set replaces every header of the name; an empty value removes them.
func (r *request) set(name, value string) {
	r.header = slices.DeleteFunc(r.header, func(f field) bool { return strings.EqualFold(f.name, name) })
	if value != "" {
		r.add(name, value)
	}
}

func (r *request) add(name, value string) { r.header = append(r.header, field{name, value}) }

// A signing is how a request is signed, by the SDK's signer, which is not ours.
type signing struct {
	who             sigv4.Credentials
	service, region string
	at              time.Time
	// payload overrides the hash of the body.
	payload string
}

// request returns r as the signer takes it.
func (s signing) request(t testing.TB, r *request) (_ *http.Request, payload string) {
	t.Helper()
	path, query, _ := strings.Cut(r.target, "?")
	name := r.get("Host")
	out := &http.Request{
		Method: r.method, Host: name, Header: make(http.Header), ContentLength: int64(len(r.body)),
		URL: &url.URL{Scheme: "https", Host: name, Opaque: "//" + name + path, RawQuery: query},
	}
	for _, f := range r.header {
		if !strings.EqualFold(f.name, "Host") {
			out.Header.Add(f.name, f.value)
		}
	}
	if strings.EqualFold(r.get("Transfer-Encoding"), "chunked") {
		out.ContentLength = -1
	}
	payload = s.payload
	if payload == "" {
		sum := sha256.Sum256(r.body)
		payload = hex.EncodeToString(sum[:])
	}
	return out, payload
}

func (s signing) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: s.who.AccessKeyID, SecretAccessKey: s.who.SecretAccessKey, SessionToken: s.who.SessionToken}
}

// sign signs r in its header.
func (s signing) sign(t testing.TB, r *request) {
	t.Helper()
	req, payload := s.request(t, r)
	if err := v4.NewSigner().SignHTTP(t.Context(), s.credentials(), req, payload, s.service, s.region, s.at); err != nil {
		t.Fatalf("sign %s %s: %v", r.method, r.target, err)
	}
	for _, name := range []string{"X-Amz-Date", "X-Amz-Security-Token", "Authorization"} {
		if value := req.Header.Get(name); value != "" {
			r.set(name, value)
		}
	}
}

// presign signs r in its query string, good for as long as expires says.
func (s signing) presign(t testing.TB, r *request, expires time.Duration) {
	t.Helper()
	if expires > 0 {
		mark := "?"
		if strings.Contains(r.target, "?") {
			mark = "&"
		}
		r.target += mark + "X-Amz-Expires=" + strconv.Itoa(int(expires/time.Second))
	}
	req, payload := s.request(t, r)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
	uri, _, err := signer.PresignHTTP(t.Context(), s.credentials(), req, payload, s.service, s.region, s.at)
	if err != nil {
		t.Fatalf("presign %s %s: %v", r.method, r.target, err)
	}
	path, _, _ := strings.Cut(r.target, "?")
	_, query, _ := strings.Cut(uri, "?")
	r.target = path + "?" + query
}

// An answer is what came back, header names as they were written.
type answer struct {
	status int
	header []field
	body   []byte
}

func (a *answer) get(name string) string {
	for _, f := range a.header {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// head returns the request line and the header. Bodies go with a Content-Length, or
// in chunks where the header says so.
func (r *request) head() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.method, r.target)
	for _, f := range r.header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.name, f.value)
	}
	if r.get("Transfer-Encoding") == "" && r.get("Content-Length") == "" && r.method != "GET" && r.method != "HEAD" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.body))
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

func (r *request) bytes() []byte {
	b := r.head()
	if !strings.EqualFold(r.get("Transfer-Encoding"), "chunked") {
		return append(b, r.body...)
	}
	for part := range slices.Chunk(r.body, 60_000) {
		b = fmt.Appendf(b, "%x\r\n%s\r\n", len(part), part)
	}
	return append(b, "0\r\n\r\n"...)
}

// dial connects for as long as any test may take.
func dial(t testing.TB, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// send writes r on a connection of its own and returns the answer.
func send(t testing.TB, address string, r *request) *answer {
	t.Helper()
	c := dial(t, address)
	defer c.Close()
	// The server may answer before it has read everything, so a failed write shows
	// in what is read.
	go c.Write(r.bytes())
	return receive(t, bufio.NewReader(c), r.method)
}

// receive reads one answer, interim ones included.
func receive(t testing.TB, in *bufio.Reader, method string) *answer {
	t.Helper()
	line := func() string {
		text, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("read answer: %v after %q", err, text)
		}
		return strings.TrimRight(text, "\r\n")
	}
	a := new(answer)
	first := line()
	if _, err := fmt.Sscanf(first, "HTTP/1.1 %d", &a.status); err != nil {
		t.Fatalf("status line %q: %v", first, err)
	}
	length := int64(-1)
	for text := line(); text != ""; text = line() {
		name, value, _ := strings.Cut(text, ": ")
		a.header = append(a.header, field{name, value})
		if name == "Content-Length" {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				t.Fatalf("Content-Length: %v", err)
			}
			length = n
		}
	}
	var err error
	switch {
	case method == http.MethodHead || a.status == http.StatusContinue:
	case length < 0:
		a.body, err = io.ReadAll(in)
	default:
		a.body = make([]byte, length)
		_, err = io.ReadFull(in, a.body)
	}
	if err != nil {
		t.Fatalf("read body: %v", err)
	}
	return a
}
