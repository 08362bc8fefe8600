package server_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const poolsAsked = `{"MaxResults":1}`

// TestRaw sends what no client library would. Each request is signed by the SDK
// before it is spoiled; an empty want is success.
func TestRaw(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)
	signed := func(t *testing.T, r *request) { s.signing("root").sign(t, r) }
	twice := func(name string) func(*testing.T, *request) {
		return func(t *testing.T, r *request) {
			signed(t, r)
			r.add(name, r.get(name))
		}
	}
	at := func(target string) func(*testing.T, *request) {
		return func(t *testing.T, r *request) {
			r.target = target
			signed(t, r)
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(*testing.T, *request)
		want  string
	}{
		{"nothing spoiled", signed, ""},

		{"Host twice", twice("Host"), "400 Bad Request"},
		{"no Host", func(t *testing.T, r *request) { signed(t, r); r.set("Host", "") }, "missing required Host header"},
		{"X-Amz-Target twice", twice("X-Amz-Target"), "UnknownOperationException"},
		{"X-Amz-Date twice", twice("X-Amz-Date"), "more than once"},
		{"Authorization twice", twice("Authorization"), "more than once"},
		{"Authorization twice, the second empty", func(t *testing.T, r *request) { signed(t, r); r.add("Authorization", "") }, "more than once"},
		{"another X-Amz-Target", func(t *testing.T, r *request) {
			signed(t, r)
			r.header = append([]field{{"X-Amz-Target", "AWSCognitoIdentityService.DeleteIdentityPool"}}, r.header...)
		}, "UnknownOperationException"},
		{"X-Amz-Target changed", func(t *testing.T, r *request) {
			signed(t, r)
			r.set("X-Amz-Target", "AWSCognitoIdentityService.DescribeIdentityPool")
		}, "InvalidSignatureException"},
		{"Host changed", func(t *testing.T, r *request) { signed(t, r); r.set("Host", "evil.example") }, "InvalidSignatureException"},
		{"X-Forwarded-Host is not Host", func(t *testing.T, r *request) { signed(t, r); r.add("X-Forwarded-Host", "evil.example") }, ""},

		// Nothing here forwards a request, and nothing is taken off one.
		{"Connection: x-amz-target", func(t *testing.T, r *request) { signed(t, r); r.add("Connection", "x-amz-target, authorization") }, ""},
		{"underscore twin", func(t *testing.T, r *request) {
			signed(t, r)
			r.add("X_Amz_Target", "AWSCognitoIdentityService.DeleteIdentityPool")
		}, ""},
		{"names in capitals", func(t *testing.T, r *request) {
			signed(t, r)
			for i := range r.header {
				r.header[i].name = strings.ToUpper(r.header[i].name)
			}
		}, ""},
		{"values with blanks around", func(t *testing.T, r *request) {
			signed(t, r)
			r.set("X-Amz-Target", "  "+r.get("X-Amz-Target")+"\t")
		}, ""},

		// The path is taken as it was sent, and not as a router sees it.
		{"a path", at("/some/path"), ""},
		{"a path with dots", at("/a/./b/../c"), ""},
		{"a path with empty segments", at("//a///b/"), ""},
		{"a path with an escaped slash", at("/a%2Fb"), ""},
		{"a path with an escaped blank and more", at("/a%20b/%C3%A9/(x)"), ""},
		{"a query", at("/?b=2&a=1&a=0&empty=&c=%20%2B"), ""},
		{"another path", func(t *testing.T, r *request) { at("/a%2Fb")(t, r); r.target = "/a/b" }, "InvalidSignatureException"},
		{"another query", func(t *testing.T, r *request) { at("/?a=1")(t, r); r.target = "/?a=2" }, "InvalidSignatureException"},
		{"a query that is no query", at("/?a=%zz"), "percent-encoded"},

		// Absolute form, as to a proxy: RFC 9112, section 3.2.2. Its host is the request's.
		{"absolute form", func(t *testing.T, r *request) {
			at("/p/q?a=1")(t, r)
			r.target = "http://" + host + r.target
		}, ""},
		{"absolute form without a path", func(t *testing.T, r *request) { signed(t, r); r.target = "http://" + host }, ""},
		{"absolute form, another host", func(t *testing.T, r *request) { signed(t, r); r.target = "http://evil.example/" }, "InvalidSignatureException"},
		{"absolute form with a path that has a URL", func(t *testing.T, r *request) {
			at("/http://x/y")(t, r)
		}, ""},

		{"two lengths", func(t *testing.T, r *request) {
			signed(t, r)
			r.add("Content-Length", fmt.Sprint(len(r.body)))
			r.add("Content-Length", "3")
		}, "400 Bad Request"},
		{"a length and chunks", func(t *testing.T, r *request) {
			r.add("Transfer-Encoding", "chunked")
			signed(t, r)
			// The chunks win, or it is refused; the length must not.
			r.add("Content-Length", "3")
		}, ""},
		{"a coding that is not known", func(t *testing.T, r *request) { signed(t, r); r.add("Transfer-Encoding", "gzip, chunked") }, "Unsupported transfer encoding"},
		{"a line fold", func(t *testing.T, r *request) { signed(t, r); r.add("X-Note", "a\r\n b") }, ""},
		{"NUL in a header", func(t *testing.T, r *request) { signed(t, r); r.add("X-Note", "a\x00b") }, "400 Bad Request"},
		{"a blank before the colon", func(t *testing.T, r *request) { signed(t, r); r.add("X-Note ", "a") }, "400 Bad Request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := callCognito("ListIdentityPools", poolsAsked)
			c.spoil(t, r)
			a := send(t, address, r)
			if c.want == "" {
				if a.status != 200 || string(a.body) != `{"IdentityPools":[]}` {
					t.Errorf("got %d %s, want success\n%s", a.status, a.body, r.head())
				}
			} else if a.status < 400 || a.status >= 600 || !strings.Contains(string(a.body), c.want) {
				t.Errorf("got %d %s, want %q\n%s", a.status, a.body, c.want, r.head())
			}
		})
	}
}

// TestRaw_Continue: a client that asks is told to go on, or, when the body is too long
// anyway, that it is.
func TestRaw_Continue(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)

	r := callCognito("ListIdentityPools", poolsAsked)
	r.add("Expect", "100-continue")
	s.signing("root").sign(t, r)
	c := dial(t, address)
	in := bufio.NewReader(c)
	if _, err := c.Write(r.head()); err != nil {
		t.Fatal(err)
	}
	if a := receive(t, in, "POST"); a.status != 100 {
		t.Fatalf("got %d, want to be told to go on", a.status)
	}
	if _, err := c.Write(r.body); err != nil {
		t.Fatal(err)
	}
	if a := receive(t, in, "POST"); a.status != 200 {
		t.Errorf("got %d %s, want success", a.status, a.body)
	}

	r = callCognito("ListIdentityPools", "")
	r.add("Expect", "100-continue")
	r.add("Content-Length", "1048577")
	c = dial(t, address)
	if _, err := c.Write(r.head()); err != nil {
		t.Fatal(err)
	}
	if a := receive(t, bufio.NewReader(c), "POST"); a.status != 413 || a.get("Connection") != "close" {
		t.Errorf("got %d %v, want 413 and the connection closed, with no word of going on", a.status, a.header)
	}
}

// TestRaw_Endless: a body without an end is answered when it has been too long, within a second, and
// the connection is closed.
func TestRaw_Endless(t *testing.T) {
	t.Parallel()
	address := newSite(t, change{}).listen(t)
	r := callCognito("GetId", "")
	r.add("Transfer-Encoding", "chunked")
	c := dial(t, address)
	began := time.Now()
	go func() {
		chunk := fmt.Appendf(nil, "%x\r\n%s\r\n", 1<<16, bytes.Repeat([]byte("a"), 1<<16))
		_, err := c.Write(r.head())
		for err == nil {
			_, err = c.Write(chunk)
		}
	}()
	in := bufio.NewReader(c)
	a := receive(t, in, "POST")
	if took := time.Since(began); a.status != 413 || took > time.Second {
		t.Errorf("got %d after %v, want 413 within a second", a.status, took)
	}
	if n, _ := io.Copy(io.Discard, in); n != 0 {
		t.Errorf("%d bytes after the answer", n)
	}
}

// TestRaw_Cut: a body that ends too early is no body.
func TestRaw_Cut(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)
	for name, text := range map[string]string{
		"length": "Content-Length: 100\r\n\r\n{",
		"chunks": "Transfer-Encoding: chunked\r\n\r\n100\r\n{",
		"no hex": "Transfer-Encoding: chunked\r\n\r\nzz\r\n{",
	} {
		c := dial(t, address)
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nX-Amz-Target: AWSCognitoIdentityService.GetId\r\n%s", host, mediaType, text)
		if half, ok := c.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
		a := receive(t, bufio.NewReader(c), "POST")
		if a.status != 400 || string(a.body) != `{"__type":"SerializationException"}` {
			t.Errorf("%s: got %d %s", name, a.status, a.body)
		}
	}
	// It is the client's fault, and not one that calls for the operator.
	lines := await(t, func() ([]map[string]any, bool) {
		lines := s.log.lines(t, "request")
		return lines, len(lines) == 3
	})
	for _, line := range lines {
		if line["level"] != "INFO" || line["error"] != "SerializationException" {
			t.Errorf("logged %v", line)
		}
	}
}

// A meter is a body without content that notes how much it was asked for at once.
type meter struct{ most int }

func (m *meter) Read(p []byte) (int, error) {
	m.most = max(m.most, len(p))
	return 0, io.ErrUnexpectedEOF
}

// TestRaw_Declared: a length that is declared, by many who then send nothing, reserves little.
func TestRaw_Declared(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	m := new(meter)
	r := httptest.NewRequest("POST", "/", m)
	r.ContentLength = 1 << 20
	s.handler.ServeHTTP(httptest.NewRecorder(), r)
	if m.most == 0 || m.most > 64<<10 {
		t.Errorf("room for %d bytes was made", m.most)
	}
}
