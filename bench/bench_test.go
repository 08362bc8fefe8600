package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func floorCaller() *caller {
	c := &caller{host: "127.0.0.1:1"}
	c.credentials.AccessKeyID, c.credentials.SecretAccessKey = floorKeyID, floorSecret
	return c
}

// TestFloor_Verify: a floor that took any signature would be lower than it says.
func TestFloor_Verify(t *testing.T) {
	t.Parallel()
	right := tokens(floorCaller(), floorPool, upTo(1))[0].wire
	for _, tt := range []struct {
		name     string
		old, new string
		want     int
	}{
		{"genuine", "", "", http.StatusOK},
		{"body changed", userName(0), userName(1), http.StatusBadRequest},
		{"signed header changed", "attempt=1", "attempt=2", http.StatusBadRequest},
		{"host not signed", ";host;", ";", http.StatusBadRequest},
		{"other day", "X-Amz-Date: 20", "X-Amz-Date: 19", http.StatusBadRequest},
		{"other key", floorKeyID, "AKIAOTHEROTHEROTHER0", http.StatusBadRequest},
	} {
		f, err := newFloor(floorSigV4)
		if err != nil {
			t.Fatal(err)
		}
		wire := bytes.Replace(right, []byte(tt.old), []byte(tt.new), 1)
		if tt.old != "" && bytes.Equal(wire, right) {
			t.Fatalf("%s: %q is not in the request", tt.name, tt.old)
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s: status %d, want %d: %s", tt.name, w.Code, tt.want, w.Body)
		}
	}
}

// TestChecker_Token: each floor's tokens pass, and a wrong one of each kind does not.
func TestChecker_Token(t *testing.T) {
	t.Parallel()
	for name, algorithm := range map[string]jose.SignatureAlgorithm{
		floorES256: jose.ES256, floorEdDSA: jose.EdDSA, floorRS512: jose.RS512,
	} {
		f, err := newFloor(name)
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewServer(f)
		t.Cleanup(s.Close)
		l := load{server: &server{url: s.URL}}
		sent := sender{load: &l}
		if err := sent.dial(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sent.conn.Close() })
		ask := func(n uint64) answer {
			r := tokens(&caller{host: l.server.address(), credentials: floorCaller().credentials}, floorPool, []uint64{n})[0]
			status, err := sent.exchange(r.wire)
			if err != nil || status != http.StatusOK {
				t.Fatalf("%s: status %d, %v: %s", name, status, err, sent.body)
			}
			return answer{r.user, bytes.Clone(sent.body)}
		}
		c, err := newChecker(l.server, floorPool, algorithm)
		if err != nil {
			t.Fatal(err)
		}
		right, other := ask(0), ask(1)
		if err := c.token(right); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.token(ask(0)); err != nil {
			t.Errorf("%s: the same user again: %v", name, err)
		}
		if err := c.token(answer{right.user, other.body}); err == nil {
			t.Errorf("%s: another user's identity was taken", name)
		}
		if err := c.token(answer{other.user, right.body}); err == nil {
			t.Errorf("%s: two users with one identity were taken", name)
		}
		at := bytes.LastIndexByte(other.body, '.') + 10
		forged := bytes.Clone(other.body)
		forged[at] ^= 1
		if err := c.token(answer{other.user, forged}); err == nil {
			t.Errorf("%s: a forged signature was taken: %s", name, forged)
		}
		c.pool = strings.Replace(floorPool, "1", "2", 1)
		if err := c.token(other); err == nil {
			t.Errorf("%s: another pool's token was taken", name)
		}
	}
}

// TestLoad_Refused: a load whose requests are refused fails.
func TestLoad_Refused(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	sent := sender{load: &load{server: &server{url: s.URL}, sample: 1, requests: tokens(floorCaller(), floorPool, upTo(1))}}
	sent.phase, sent.next = new(atomic.Int32), new(atomic.Int64)
	if err := sent.dial(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sent.conn.Close() })
	if err := sent.run(); err == nil || !strings.Contains(err.Error(), "status 404") {
		t.Errorf("got %v, want an error with status 404", err)
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, tt := range []struct {
		sorted []time.Duration
		q      float64
		want   time.Duration
	}{
		{nil, 0.5, 0}, {hundred[:1], 0.99, 1}, {hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 0, 1}, {hundred, 1, 100},
	} {
		if got := quantile(tt.sorted, tt.q); got != tt.want {
			t.Errorf("quantile of %d values at %v: got %d, want %d", len(tt.sorted), tt.q, got, tt.want)
		}
	}
}

func TestResults_Ratio(t *testing.T) {
	t.Parallel()
	var r results
	for _, p := range [][2]float64{{10, 5}, {30, 10}, {8, 8}} {
		r.add("a", 1, point{CPU: p[0]})
		r.add("b", 1, point{CPU: p[1]})
	}
	if got, want := r.ratio("a", "b", cpu), (spread{2, 1, 3}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	// Two turns in each of three rounds.
	for _, used := range []float64{5, 0, 10, 0, 8, 0} {
		r.add("turns", 1, point{CPU: used})
	}
	if got, want := r.ratio("a", "turns", cpu), (spread{2, 1, 3}); got != want {
		t.Errorf("of turns: got %v, want %v", got, want)
	}
}

// TestChecker_Credentials: credentials pass for whom they are, and nothing else does.
func TestChecker_Credentials(t *testing.T) {
	t.Parallel()
	c := &checker{ids: map[string]string{"ann": "us-east-1:a"}}
	const good = `{"IdentityId":"us-east-1:a","Credentials":{"AccessKeyId":"A","SecretKey":"S","SessionToken":"T","Expiration":9.9E9}}`
	if err := c.credentials(answer{"ann", []byte(good)}); err != nil {
		t.Errorf("good ones: %v", err)
	}
	for old, new := range map[string]string{"us-east-1:a": "us-east-1:b", `"A"`: `""`, `"S"`: `""`, `"T"`: `""`, "9.9E9": "1E9", "{": "["} {
		bad := strings.Replace(good, old, new, 1)
		if err := c.credentials(answer{"ann", []byte(bad)}); err == nil {
			t.Errorf("taken: %s", bad)
		}
	}
	if err := c.credentials(answer{"ben", []byte(good)}); err == nil {
		t.Error("another user's were taken")
	}
}

// TestProvider: what the program is told of a provider is found by its authority alone.
func TestProvider(t *testing.T) {
	t.Parallel()
	p, err := newProvider(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	text, err := os.ReadFile(p.authority)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://" + p.live.Addr().String() + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	token, err := p.token(liveProvider, "ann")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err == nil {
		_, err = signed.Verify(set)
	}
	if err != nil {
		t.Errorf("a token by the key set: %v", err)
	}
	client.Timeout = 200 * time.Millisecond
	if resp, err := client.Get("https://" + p.dead.Addr().String() + "/keys"); err == nil {
		resp.Body.Close()
		t.Error("the dead provider answers")
	}
	if p.asked.Load() != 1 {
		t.Errorf("%d connections to the dead provider, want 1", p.asked.Load())
	}
}
