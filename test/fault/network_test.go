package fault_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// header returns the key id in a token.
func header(t *testing.T, token string) string {
	t.Helper()
	first, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	var h struct{ Kid string }
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h.Kid
}

// quantile returns what so many of a hundred of the latencies noted from some time on are below.
func (l *ledger) quantile(from int, q float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := slices.Clone(l.latencies[from:])
	slices.Sort(d)
	if len(d) == 0 {
		return 0
	}
	return d[int(q*float64(len(d)-1))]
}

// F11: two thousand clients that send a byte a second, headers and bodies, and read nothing. Others do not
// notice, and the slow ones are shown out.
func TestSlowClients(t *testing.T) {
	onlyLong(t)
	n := newNode(t, program(t))
	n.start()
	l := newLedger(t, n)
	stop := l.load(4, n)
	after(t.Context(), 2*time.Second, 2001*time.Millisecond)
	calm := l.quantile(0, .99)
	from := l.acknowledged()

	const slow = 2000
	var closed atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for k := range slow {
		all.Go(func() {
			c, err := net.Dial("tcp", n.address)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			text := "POST / HTTP/1.1\r\nHost: x\r\nX-Slow: "
			if k%2 == 1 {
				text = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 1000\r\n\r\n{"
			}
			_, err = io.WriteString(c, text)
			for err == nil && time.Since(begun) < 40*time.Second {
				after(t.Context(), time.Second, 1100*time.Millisecond)
				_, err = io.WriteString(c, "a")
			}
			if err != nil {
				closed.Add(1)
			}
		})
	}
	all.Wait()
	took := time.Since(begun)
	stormy := l.quantile(from, .99)
	stop()
	t.Logf("%d of %d slow connections closed within %v; p99 %v before, %v meanwhile; %d MB", closed.Load(), slow, took.Round(time.Second), calm, stormy, n.rss())
	if closed.Load() != slow {
		t.Errorf("%d of %d slow connections are still open after %v", slow-closed.Load(), slow, took)
	}
	if stormy > 4*calm+100*time.Millisecond {
		t.Errorf("p99 of others: %v before, %v meanwhile", calm, stormy)
	}
	l.check(n)
}

// F12: many idle connections. Memory is bounded, others are served, and all is given back.
func TestIdleConnections(t *testing.T) {
	onlyLong(t)
	n := newNode(t, program(t))
	n.start()
	l := newLedger(t, n)
	before, files := n.rss(), n.files()
	var idle []net.Conn
	for range 8000 {
		c, err := net.Dial("tcp", n.address)
		if err != nil {
			t.Fatalf("connection %d: %v", len(idle), err)
		}
		defer c.Close()
		idle = append(idle, c)
	}
	stop := l.load(4, n)
	l.next(time.Now())
	after(t.Context(), time.Second, 1100*time.Millisecond)
	stop()
	grown := n.rss() - before
	begun := time.Now()
	for deadline := time.After(patience); ; {
		left := n.files() - files
		if left < 20 {
			break
		}
		select {
		case <-time.After(100 * time.Millisecond):
			continue
		case <-deadline:
			t.Errorf("%d descriptors are still open", left)
		}
		break
	}
	t.Logf("%d idle connections: %d MB more, closed %v later", len(idle), grown, time.Since(begun).Round(time.Second))
	if grown > 200 {
		t.Errorf("%d idle connections took %d MB", len(idle), grown)
	}
	l.check(n)
}

// F13: requests that are too large, each in one way, are refused, soon and without being kept.
func TestOversized(t *testing.T) {
	onlyLong(t)
	n := newNode(t, program(t))
	n.start()
	l := newLedger(t, n)
	const post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: AWSCognitoIdentityService.GetId\r\n"
	before := n.rss()
	for _, c := range []struct {
		name, head string
		unit       string
		times      int
		want       []int
	}{
		{"a body of 100 MB", post + "Content-Length: 104857600\r\n\r\n", strings.Repeat("a", 1<<20), 100, []int{400, 413}},
		{"chunks without end", post + "Transfer-Encoding: chunked\r\n\r\n", "10000\r\n" + strings.Repeat("a", 1<<16) + "\r\n", 1 << 12, []int{400, 413}},
		{"100,000 headers", post, "X-A: b\r\n", 100000, []int{431}},
		{"a URL of 1 MB", "POST /", strings.Repeat("a", 1<<10), 1 << 10, []int{400, 414, 431}},
		{"JSON nested 100,000 deep", post + "Content-Length: 100000\r\n\r\n", strings.Repeat("[", 1000), 100, []int{400}},
		{"a body said to be gzip", post + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n", "\x1f\x8b\x08\x00", 1, []int{400, 415}},
	} {
		c2, err := net.Dial("tcp", n.address)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		answer := make(chan int, 1)
		go func() {
			resp, err := http.ReadResponse(bufio.NewReader(c2), nil)
			if err != nil {
				answer <- 0
				return
			}
			resp.Body.Close()
			answer <- resp.StatusCode
		}()
		sent, err := io.Copy(c2, io.MultiReader(strings.NewReader(c.head), &repeated{unit: []byte(c.unit), left: c.times}))
		var status int
		select {
		case status = <-answer:
		case <-time.After(20 * time.Second):
		}
		took := time.Since(begun)
		c2.Close()
		t.Logf("%s: status %d after %v, %d bytes taken (%v)", c.name, status, took.Round(time.Millisecond), sent, err)
		// A connection that is reset while the client still sends may take the answer with it.
		if !slices.Contains(c.want, status) && (status != 0 || err == nil) {
			t.Errorf("%s: status %d, want one of %d", c.name, status, c.want)
		}
		if took > 6*time.Second {
			t.Errorf("%s: answered after %v", c.name, took)
		}
	}
	if grown := n.rss() - before; grown > 64 {
		t.Errorf("the server has grown by %d MB", grown)
	}
	stop := l.load(2, n)
	l.next(time.Now())
	stop()
	l.check(n)
}

// repeated is a text many times.
type repeated struct {
	unit []byte
	left int
	rest bytes.Reader
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest.Len() == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest.Reset(r.unit)
	}
	return r.rest.Read(p)
}
