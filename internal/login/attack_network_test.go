package login

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestAttack07_KeysThatGoAndComeNot(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, []*issuer{i})
	first := i.token()
	second := jws("RS256", rsaTwo(), members{"alg": "RS256", "kid": "two"}, i.claims())
	if got, want := w.said(i.name(), first), "login ann"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	// A rotation: the new key is looked for when it is first named, and the old one goes
	// with the set that had it.
	i.publish([]members{jwk("two", rsaTwo().Public())})
	w.clock.goOn(fetchGap)
	if got, want := w.said(i.name(), second), "login ann"; got != want {
		t.Fatalf("new key: got %q, want %q", got, want)
	}
	w.tries(i.name(), second, []try{{"removed key", first, notVerified}})

	// A removal that nobody is told of is seen within the bound.
	i.publish([]members{jwk("rsa", rsaOne().Public())})
	w.clock.goOn(keysOld)
	w.tries(i.name(), first, []try{{"removed key, later", second, notVerified}})

	// 10,000 invented ids cause few fetches, also all at once.
	w.clock.goOn(fetchGap)
	before := i.hits.Load()
	tokens := make(chan string)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for token := range tokens {
				if got := w.reason(i.name(), token); got != UnknownKey {
					t.Errorf("invented kid: got %q, want %q", got, UnknownKey)
				}
			}
		})
	}
	claims := i.claims()
	signature := "." + b64(make([]byte, 256))
	for n := range 10000 {
		tokens <- b64([]byte(fmt.Sprintf(`{"alg":"RS256","kid":"%d"}`, n))) + "." + b64(must(json.Marshal(claims))) + signature
	}
	close(tokens)
	all.Wait()
	if got, most := i.hits.Load()-before, int64(2); got > most {
		t.Errorf("10,000 invented kids: got %d requests, want at most %d", got, most)
	}
	if got, want := w.said(i.name(), first), "login ann"; got != want {
		t.Errorf("after them: got %q, want %q", got, want)
	}
}

// A canary is a listener that must not be asked.
type canary struct {
	url  string
	hits atomic.Int64
}

func newCanary(t testing.TB) *canary {
	c := &canary{}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			c.hits.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	c.url = s.URL
	// One that does not hear would always be quiet.
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c.await(t, 1)
	c.hits.Store(0)
	return c
}

// await waits until the canary was connected to n times.
func (c *canary) await(t testing.TB, n int64) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); c.hits.Load() < n; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("the canary was connected to %d times, want %d", c.hits.Load(), n)
		}
	}
}

func (c *canary) quiet(t testing.TB) {
	t.Helper()
	if n := c.hits.Load(); n != 0 {
		t.Errorf("the canary was connected to %d times, want none", n)
	}
}

func TestAttack08_RequestForgery(t *testing.T) {
	t.Parallel()
	c := newCanary(t)
	port := c.url[strings.LastIndex(c.url, ":"):]
	public := func(cfg *Config) { cfg.AllowPrivate = false }

	for _, url := range []string{
		"https://127.0.0.1" + port, "https://localhost" + port, "https://127.1" + port, "https://0x7f000001" + port,
		"https://2130706433" + port, "https://0177.0.0.1" + port, "https://[::1]" + port, "https://[::ffff:127.0.0.1]" + port,
		"https://0.0.0.0" + port, "https://[::]" + port, "https://[64:ff9b::7f00:1]" + port, "https://user@127.0.0.1" + port,
		"https://127.0.0.1%2f@example.com" + port, "http://127.0.0.1" + port, "https://169.254.169.254", "ftp://127.0.0.1" + port,
		"file:///etc/passwd", "https:127.0.0.1" + port, "//127.0.0.1" + port, "https://", "https://127.0.0.1" + port + "#x",
	} {
		i := &issuer{url: url}
		w := newWorld(t, nil, public)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // names may need a resolver
		_, err := w.IDToken(ctx, Issuer{URL: url, ClientIDs: []string{clientID}}, i.token())
		cancel()
		if err == nil {
			t.Errorf("%s: taken", url)
		}
	}
	c.quiet(t)
	// With the setting each of these leads there, so that it is the defence which kept them off.
	for n, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		url := "https://" + host + port
		_, err := newWorld(t, nil).IDToken(t.Context(), Issuer{URL: url, ClientIDs: []string{clientID}}, (&issuer{url: url}).token())
		if err == nil {
			t.Errorf("%s: taken of a canary", url)
		}
		c.await(t, int64(n)+1)
	}
	c.hits.Store(0)

	// A name that leads to a public address first and to a private one after.
	for _, name := range []string{"rebinds.example", "inside.example"} {
		w := newWorld(t, nil, public)
		r := newResolver(t, name)
		w.client.dialer.Resolver = r
		url := "https://" + name + port
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, err := w.IDToken(ctx, Issuer{URL: url, ClientIDs: []string{clientID}}, (&issuer{url: url}).token())
		cancel()
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	c.quiet(t)

	// A redirect to elsewhere, and a key set that is elsewhere: by http, with a user, at a
	// private address.
	i := newIssuer(t)
	for _, f := range []struct {
		path string
		do   http.HandlerFunc
	}{
		{"/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, c.url+r.URL.Path, http.StatusFound)
		}},
		{"/keys", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, c.url, http.StatusTemporaryRedirect) }},
		{"/keys", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http"+strings.TrimPrefix(c.url, "https"), http.StatusFound)
		}},
		{"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			json.NewEncoder(w).Encode(members{"issuer": i.url, "jwks_uri": "file:///etc/passwd", "id_token_signing_alg_values_supported": i.algs})
		}},
		{"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			json.NewEncoder(w).Encode(members{"issuer": i.url, "jwks_uri": strings.Replace(c.url, "://", "://u:p@", 1), "id_token_signing_alg_values_supported": i.algs})
		}},
		{"/keys", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }},
	} {
		i.documents = map[string]http.HandlerFunc{f.path: f.do}
		w := newWorld(t, []*issuer{i})
		want := "ExternalServiceException: The identity provider '" + i.name() + "' can not be reached."
		if got := w.said(i.name(), i.token()); got != want {
			t.Errorf("%s: got %q, want %q", f.path, got, want)
		}
	}
	c.quiet(t)

	// The twins: private with the setting, and a redirect of the same host.
	i.documents = map[string]http.HandlerFunc{"/keys": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "" {
			http.Redirect(w, r, "/keys?again", http.StatusFound)
			return
		}
		json.NewEncoder(w).Encode(members{"keys": i.keys})
	}}
	w := newWorld(t, []*issuer{i})
	if got, want := w.said(i.name(), i.token()), "login ann"; got != want {
		t.Errorf("private with the setting: got %q, want %q", got, want)
	}
}

// newResolver answers for name with 203.0.113.1 once and then 127.0.0.1, or with the latter
// at once, and for nothing else.
func newResolver(t testing.TB, name string) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	first := name == "rebinds.example"
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			q := buf[:n]
			// RFC 1035, section 4: the header, and the question until after its class.
			end := 12 + bytes.IndexByte(q[12:], 0) + 5
			answer := append([]byte{}, q[:end]...)
			binary.BigEndian.PutUint16(answer[2:], 0x8180)
			for i := 6; i < 12; i++ {
				answer[i] = 0
			}
			if binary.BigEndian.Uint16(q[end-4:]) == 1 {
				ip := []byte{127, 0, 0, 1}
				if first {
					ip, first = []byte{203, 0, 113, 1}, false
				}
				answer[7] = 1
				answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				answer = append(answer, ip...)
			}
			conn.WriteTo(answer, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestAttack09_SlowAndHuge(t *testing.T) {
	t.Parallel()
	other := newIssuer(t)
	goodSet := members{"keys": other.keys}
	// The twin: as long as may be.
	other.documents = map[string]http.HandlerFunc{"/keys": func(w http.ResponseWriter, _ *http.Request) {
		set := must(json.Marshal(goodSet))
		w.Write(append(set, bytes.Repeat([]byte(" "), maxAnswer-len(set))...))
	}}
	for _, tc := range []struct {
		name string
		do   http.HandlerFunc
	}{
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}},
		{"announced as huge", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10000000000")
			w.Write(nil)
		}},
		{"compressed", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(make([]byte, 64<<20))
			z.Close()
		}},
		{"one byte a second", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				io.WriteString(w, " ")
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(time.Second):
				}
			}
		}},
		{"silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"compressed, and good inside", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			json.NewEncoder(z).Encode(goodSet)
			z.Close()
		}},
		{"good, and then too long", func(w http.ResponseWriter, _ *http.Request) {
			json.NewEncoder(w).Encode(goodSet)
			io.WriteString(w, strings.Repeat(" ", maxAnswer))
		}},
		{"deep", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat(`{"keys":[`, 100000)) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			slow := newIssuer(t)
			slow.documents = map[string]http.HandlerFunc{"/keys": tc.do}
			w := newWorld(t, []*issuer{slow, other})
			done := make(chan string)
			began := time.Now()
			for range 20 {
				go func() { done <- w.said(slow.name(), slow.token()) }()
			}
			// The other provider's logins do not wait for it.
			for range 20 {
				at := time.Now()
				if got, want := w.said(other.name(), other.token()), "login ann"; got != want {
					t.Errorf("other provider: got %q, want %q", got, want)
				}
				if took := time.Since(at); took > fetchTime/2 {
					t.Errorf("other provider took %v beside it", took)
				}
			}
			for range 20 {
				want := "ExternalServiceException: The identity provider '" + slow.name() + "' can not be reached."
				if got := <-done; got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			if took := time.Since(began); took > 2*fetchTime+5*time.Second {
				t.Errorf("took %v", took)
			}
			if got, most := slow.hits.Load(), int64(2); got > most {
				t.Errorf("20 logins: got %d requests, want at most %d", got, most)
			}
		})
	}
}
