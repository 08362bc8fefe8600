package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// soon is more than any bound that is set here, and less than those that are not.
const soon = 20 * time.Second

// long are times of a server that nothing here waits for; a test sets the one that it means.
var long = map[string]string{"read-header": "1m", "read": "1m", "write": "1m", "idle": "1m"}

// bounded starts a server and returns where it listens. Times are written NAME=TIME.
func bounded(t *testing.T, times []string, more ...string) (address string, n *node) {
	t.Helper()
	flags := append(more, "--admin-listen", "127.0.0.1:0")
	for name, std := range long {
		for _, set := range times {
			if is, ok := strings.CutPrefix(set, name+"="); ok {
				std = is
			}
		}
		flags = append(flags, "--"+name+"-timeout", std)
	}
	n = startNode(t, "", flags...)
	return n.await(regexp.MustCompile(`msg=listening url=https?://(\S+)`)), n
}

func connect(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err == nil {
		err = c.SetDeadline(time.Now().Add(soon))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// trickle writes a text again and again, slowly, until that fails or the test ends.
func trickle(t *testing.T, w io.Writer, text string) {
	tick := time.NewTicker(10 * time.Millisecond)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer tick.Stop()
		for {
			select {
			case <-t.Context().Done():
				return
			case <-tick.C:
				if _, err := io.WriteString(w, text); err != nil {
					return
				}
			}
		}
	}()
	t.Cleanup(func() { <-done })
}

// shownOut reads to the end, which the server must make.
func shownOut(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is still open after %v", soon)
	}
	return string(text)
}

const getIDHead = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: AWSCognitoIdentityService.GetId\r\n"

// Each time that a client may take is bounded by its setting, on HTTP/1.1.
func TestBounds_Times(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		times []string
		// begin is written at once, more slowly and without an end.
		begin, more string
		want        string
	}{
		{"headers", []string{"read-header=200ms"}, "POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "a", ""},
		{"headers within the time of a request", []string{"read=200ms", "read-header=200ms"}, "POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "a", ""},
		{"body", []string{"read=300ms", "read-header=300ms"}, getIDHead + "Content-Length: 60000\r\n\r\n{", " ", "HTTP/1.1 400 "},
		{"body in chunks", []string{"read=300ms", "read-header=300ms"}, getIDHead + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", "HTTP/1.1 400 "},
		{"no request", []string{"idle=200ms"}, "GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n", "", "HTTP/1.1 200 "},
		{"no request, not even a first one", []string{"read-header=200ms"}, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, n := bounded(t, c.times)
			conn := connect(t, address)
			if _, err := io.WriteString(conn, c.begin); err != nil {
				t.Fatal(err)
			}
			if c.more != "" {
				trickle(t, conn, c.more)
			}
			if got := shownOut(t, conn); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("answered %.200q, want %q", got, c.want)
			}
			n.kill()
		})
	}
}

// flood calls write until that fails, or the test ends.
func flood(t *testing.T, c net.Conn, write func() error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for t.Context().Err() == nil && write() == nil {
		}
	}()
	t.Cleanup(func() {
		c.Close() // or it would wait for the server
		<-done
	})
}

// Who does not take answers is shown out.
func TestBounds_Write(t *testing.T) {
	t.Parallel()
	address, n := bounded(t, []string{"read-header=300ms", "read=300ms", "write=300ms"})
	conn := connect(t, address)
	n.awaitConnections(t, 1)
	ask := bytes.Repeat([]byte("GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n"), 1000)
	flood(t, conn, func() error {
		_, err := conn.Write(ask)
		return err
	})
	n.awaitConnections(t, 0)
}

// A framing is a connection of HTTP/2 without a client's manners.
type framing struct {
	*http2.Framer
	conn *tls.Conn
}

// connect2 begins HTTP/2.
func connect2(t *testing.T, address string) *framing {
	t.Helper()
	c := tls.Client(connect(t, address), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // its certificate is not the matter
	_, err := io.WriteString(c, http2.ClientPreface)
	f := &framing{http2.NewFramer(c, c), c}
	if err == nil {
		err = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1})
	}
	if err == nil {
		err = f.WriteWindowUpdate(0, 1<<30)
	}
	if err != nil || c.ConnectionState().NegotiatedProtocol != "h2" {
		t.Fatalf("no HTTP/2: %v", err)
	}
	return f
}

// begin writes the headers of a request, whole ones or not. Unless its path is /, it has no body.
func (f *framing) begin(stream uint32, whole bool, path string) error {
	method := http.MethodPost
	if path != "/" {
		method = http.MethodGet
	}
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for _, h := range [][2]string{{":method", method}, {":scheme", "https"}, {":authority", "x"}, {":path", path}} {
		if err := e.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]}); err != nil {
			return err
		}
	}
	return f.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: whole, EndStream: method == http.MethodGet,
	})
}

// writeFunc is a function as an [io.Writer].
type writeFunc func() error

func (f writeFunc) Write(p []byte) (int, error) { return len(p), f() }

// The same on HTTP/2, where the headers of a call are bounded by the idle time.
func TestBounds_HTTP2(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		times []string // beside idle=200ms
		begin func(*framing) error
		more  func(*framing) error
	}{
		{"no request", nil, nil, nil},
		{"pings", nil, nil, func(f *framing) error { return f.WritePing(false, [8]byte{}) }},
		{"headers", nil, func(f *framing) error { return f.begin(1, false, "/") },
			func(f *framing) error { return f.WriteContinuation(1, false, nil) }},
		{"body", []string{"read-header=300ms", "read=300ms"}, func(f *framing) error { return f.begin(1, true, "/") }, func(f *framing) error { return f.WriteData(1, false, []byte(" ")) }},
		{"no body", []string{"read-header=300ms", "read=300ms"}, func(f *framing) error { return f.begin(1, true, "/") }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, n := bounded2(t, append(c.times, "idle=200ms"))
			if c.begin != nil {
				if err := c.begin(f); err != nil {
					t.Fatal(err)
				}
			}
			if c.more != nil {
				trickle(t, writeFunc(func() error { return c.more(f) }), "x")
			}
			shownOut(t, f.conn)
			n.awaitConnections(t, 0)
		})
	}
	t.Run("answers not taken", func(t *testing.T) {
		t.Parallel()
		f, n := bounded2(t, []string{"read-header=300ms", "read=300ms", "write=300ms", "idle=200ms"})
		// Its refusal is as long, and all together are more than the system keeps for the client.
		for k := range uint32(240) {
			if err := f.begin(2*k+1, true, "/?Action="+strings.Repeat("a", 24000)); err != nil {
				t.Fatal(err)
			}
		}
		n.awaitConnections(t, 0)
	})
}

// bounded2 starts a server as bounded does, and HTTP/2 to it.
func bounded2(t *testing.T, times []string) (*framing, *node) {
	t.Helper()
	cert := filepath.Join(t.TempDir(), "tls")
	if err := writeCertificate(cert, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	address, n := bounded(t, times, "--tls-cert-file", cert+".pem", "--tls-key-file", cert+".key")
	return connect2(t, address), n
}

// look asks the admin listener, by a connection of its own.
func (n *node) look(t *testing.T, path string) (status int, text string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	url := n.await(regexp.MustCompile(`msg="health, metrics and profiles" url=(\S+)`))
	a, err := (&http.Client{Transport: transport, Timeout: soon}).Get(url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(body)
}

var connectionsMetric = regexp.MustCompile(`(?m)^poolkeeper_connections (\d+)$`)

// awaitConnections waits until the server has so many open.
func (n *node) awaitConnections(t *testing.T, want int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	got := ""
	for deadline := time.After(soon); got != strconv.Itoa(want); {
		select {
		case <-tick.C:
			_, text := n.look(t, "/metrics")
			if m := connectionsMetric.FindStringSubmatch(text); m != nil {
				got = m[1]
			}
		case <-deadline:
			t.Fatalf("%s connections are open, want %d", got, want)
		}
	}
}

// More connections than there may be wait until others go. Those that give up meanwhile take no
// place, nor do those that are closed from here, and health and metrics are not of their number.
func TestBounds_Connections(t *testing.T) {
	t.Parallel()
	address, n := bounded(t, []string{"read-header=300ms"}, "--max-connections", "2")
	const ask = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n"
	served := func(c net.Conn) {
		t.Helper()
		if _, err := io.WriteString(c, ask); err != nil {
			t.Fatal(err)
		}
		answered(t, c)
	}
	for range 3 {
		one, two := connect(t, address), connect(t, address)
		served(one)
		served(two)
		for range 20 {
			gone := connect(t, address)
			if _, err := io.WriteString(gone, ask); err != nil {
				t.Fatal(err)
			}
			gone.Close()
		}
		three := connect(t, address)
		if _, err := io.WriteString(three, ask); err != nil {
			t.Fatal(err)
		}
		n.awaitConnections(t, 2)
		if status, text := n.look(t, "/healthz/ready"); status != http.StatusOK {
			t.Errorf("not ready while it is full: %d %s", status, text)
		}
		if err := three.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, err := three.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a third connection is let in: %d, %v", n, err)
		}
		if err := three.SetReadDeadline(time.Now().Add(soon)); err != nil {
			t.Fatal(err)
		}
		one.Close()
		answered(t, three)
		two.Close()
		three.Close()
		n.awaitConnections(t, 0)
		// Closed by the server, for sending nothing.
		for range 5 {
			shownOut(t, connect(t, address))
		}
		n.awaitConnections(t, 0)
	}
}

// answerOn reads an answer.
func answerOn(t *testing.T, c net.Conn) (status int, body string) {
	t.Helper()
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(text)
}

// answered reads an answer, a good one.
func answered(t *testing.T, c net.Conn) {
	t.Helper()
	if status, body := answerOn(t, c); status != http.StatusOK {
		t.Fatalf("got %d %s", status, body)
	}
}

// The admin listener has as many places, of its own.
func TestBounds_AdminConnections(t *testing.T) {
	t.Parallel()
	address, n := bounded(t, nil, "--max-connections", "1")
	admin := strings.TrimPrefix(n.await(regexp.MustCompile(`msg="health, metrics and profiles" url=(\S+)`)), "http://")
	const ask = "GET /healthz/live HTTP/1.1\r\nHost: x\r\n\r\n"
	one, two := connect(t, admin), connect(t, admin)
	for _, c := range []net.Conn{one, two} {
		if _, err := io.WriteString(c, ask); err != nil {
			t.Fatal(err)
		}
	}
	answered(t, one)
	public := connect(t, address)
	if _, err := io.WriteString(public, "GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answered(t, public)
	if err := two.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := two.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a second connection is let in: %d, %v", n, err)
	}
}

// Bodies and headers are taken up to their bounds, and refused beyond.
func TestBounds_Sizes(t *testing.T) {
	t.Parallel()
	const body, header = 64 << 10, 16 << 10
	address, _ := bounded(t, nil, "--max-body-bytes", strconv.Itoa(body), "--max-header-bytes", strconv.Itoa(header))
	sized := func(n int) string { return "Content-Length: " + strconv.Itoa(n) + "\r\n\r\n" + strings.Repeat(" ", n) }
	chunked := func(n int) string {
		return fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", n, strings.Repeat(" ", n))
	}
	const tooLong = "Request body must not be longer than 65536 bytes."
	for _, c := range []struct {
		name, text string
		status     int
		says       string
	}{
		{"body", sized(body), 400, `{"__type":"SerializationException"}`}, // it was read
		{"body, one more", sized(body + 1), 413, tooLong},
		{"chunks", chunked(body), 400, `{"__type":"SerializationException"}`},
		{"chunks, one more", chunked(body + 1), 413, tooLong},
		{"headers", "X-Much: " + strings.Repeat("a", header-1024) + "\r\n" + sized(1), 400, `{"__type":"SerializationException"}`},
		// The library reads a buffer of 4 KiB more. What is sent beyond could cost the answer.
		{"headers, too many", "X-Much: " + strings.Repeat("a", header+4096-len(getIDHead+"X-Much: ")), 431, ""},
	} {
		conn := connect(t, address)
		if _, err := io.WriteString(conn, getIDHead+c.text); err != nil {
			t.Fatal(err)
		}
		if status, said := answerOn(t, conn); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s: got %d %s, want %d %s", c.name, status, said, c.status, c.says)
		}
	}
}
