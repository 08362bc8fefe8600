package login

import (
	"bytes"
	"compress/gzip"
	"context"

	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
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

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// The attacks are numbered as in the project's threat model. Each has a twin that
// succeeds, so that to refuse everything is no defence.

func TestAttack01_AlgNone(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, []*issuer{i})
	var rows []try
	signature := b64(sign("RS256", rsaOne(), "x"))
	for _, alg := range []string{`"none"`, `"None"`, `"NONE"`, `"nOnE"`, `""`, `" none"`, `"none\u0000"`, `null`, `0`, `[]`, `["RS256"]`, `{}`, `"rs256"`} {
		head := b64([]byte(`{"alg":`+alg+`,"kid":"rsa"}`)) + "." + b64(must(json.Marshal(i.claims())))
		rows = append(rows, try{alg + ", unsigned", head + ".", notVerified}, try{alg + ", signed", head + "." + signature, notVerified})
	}
	claims := b64(must(json.Marshal(i.claims())))
	rows = append(rows,
		try{"no alg", b64([]byte(`{"kid":"rsa"}`)) + "." + claims + ".", notVerified},
		try{"RS256, unsigned", b64([]byte(`{"alg":"RS256","kid":"rsa"}`)) + "." + claims + ".", notIDToken},
		try{"RS256, zeros", b64([]byte(`{"alg":"RS256","kid":"rsa"}`)) + "." + claims + "." + b64(make([]byte, 256)), notVerified},
		try{"alg twice", b64([]byte(`{"alg":"none","alg":"RS256","kid":"rsa"}`)) + "." + claims + "." + signature, notIDToken},
	)
	w.tries(i.name(), i.token(), rows)
}

func TestAttack02_AlgorithmConfusion(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, []*issuer{i})
	public := &rsaOne().PublicKey
	der := must(x509.MarshalPKIXPublicKey(public))
	secrets := map[string][]byte{
		"PEM":            pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"PEM, trimmed":   bytes.TrimSpace(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"DER":            der,
		"PKCS #1":        x509.MarshalPKCS1PublicKey(public),
		"PKCS #1 PEM":    pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(public)}),
		"modulus":        public.N.Bytes(),
		"JWK":            must(json.Marshal(jwk("rsa", public))),
		"key set":        must(json.Marshal(members{"keys": i.keys})),
		"client id":      []byte(clientID),
		"client secret":  []byte("client-secret"),
		"nothing":        {},
		"base64 modulus": []byte(b64(public.N.Bytes())),
	}
	var rows []try
	for name, secret := range secrets {
		for _, alg := range []string{"HS256", "HS384", "HS512"} {
			for _, kid := range []string{"rsa", clientID} {
				token := jws(alg, secret, members{"alg": alg, "kid": kid}, i.claims())
				rows = append(rows, try{alg + " with " + name + " as " + kid, token, notVerified})
			}
		}
	}
	// A right signature, by a key that is not for the algorithm.
	rows = append(rows,
		try{"ES256 key named by RS256", jws("RS256", rsaOne(), members{"alg": "RS256", "kid": "ec"}, i.claims()), notVerified},
		try{"RSA key named by ES256", jws("ES256", ecOne(), members{"alg": "ES256", "kid": "rsa"}, i.claims()), notVerified},
		try{"P-384 key for ES256", jws("ES256", ec384(), members{"alg": "ES256", "kid": "ec384"}, i.claims()), notVerified},
		try{"signed by PS256, named RS256", jws("PS256", rsaOne(), members{"alg": "RS256", "kid": "rsa"}, i.claims()), notVerified},
	)
	w.tries(i.name(), i.token(), rows)

	// All that is on the list is taken, and of it only what the provider publishes.
	for alg, key := range map[string]struct {
		kid string
		key any
	}{
		"RS256": {"rsa", rsaOne()}, "RS384": {"rsa", rsaOne()}, "RS512": {"rsa", rsaOne()},
		"PS256": {"rsa", rsaOne()}, "PS384": {"rsa", rsaOne()}, "PS512": {"rsa", rsaOne()},
		"ES256": {"ec", ecOne()}, "ES384": {"ec384", ec384()}, "ES512": {"ec521", ec521()}, "EdDSA": {"ed", ed25519K()},
	} {
		token := jws(alg, key.key, members{"alg": alg, "kid": key.kid}, i.claims())
		if got, want := w.said(i.name(), token), "login ann"; got != want {
			t.Errorf("%s: got %q, want %q", alg, got, want)
		}
	}
	only := newIssuer(t)
	only.algs = []string{"ES256"}
	w = newWorld(t, []*issuer{only})
	good := jws("ES256", ecOne(), members{"alg": "ES256", "kid": "ec"}, only.claims())
	w.tries(only.name(), good, []try{{"algorithm that the provider does not publish", only.token(), notVerified}})
}

func TestAttack03_EmbeddedKey(t *testing.T) {
	t.Parallel()
	canary := newCanary(t)
	i := newIssuer(t)
	w := newWorld(t, []*issuer{i})
	own := rsaTwo()
	header := func(changes ...any) members { return with(members{"alg": "RS256"}, changes...) }
	rows := []try{
		{"jwk", jws("RS256", own, header("jwk", jwk("mine", own.Public())), i.claims()), notVerified},
		{"jwk and the kid of a real key", jws("RS256", own, header("kid", "rsa", "jwk", jwk("rsa", own.Public())), i.claims()), notVerified},
		{"jku", jws("RS256", own, header("kid", "mine", "jku", canary.url+"/keys"), i.claims()), notVerified},
		{"x5u", jws("RS256", own, header("kid", "mine", "x5u", canary.url+"/cert"), i.claims()), notVerified},
		{"x5c", jws("RS256", own, header("kid", "rsa", "x5c", []string{"MII="}), i.claims()), notIDToken},
		{"crit of an unknown name", jws("RS256", rsaOne(), header("kid", "rsa", "crit", []string{"x"}, "x", 1), i.claims()), notIDToken},
		{"crit, empty", jws("RS256", rsaOne(), header("kid", "rsa", "crit", []string{}), i.claims()), notIDToken},
		{"b64", jws("RS256", rsaOne(), header("kid", "rsa", "crit", []string{"b64"}, "b64", false), i.claims()), notIDToken},
	}
	// The twin: a token of the issuer's key that has such a header too; it is not listened to.
	good := jws("RS256", rsaOne(), header("kid", "rsa", "jku", canary.url+"/keys", "x5u", canary.url+"/cert"), i.claims())
	w.tries(i.name(), good, rows)
	canary.quiet(t)
}

func TestAttack04_KeyID(t *testing.T) {
	t.Parallel()
	a, b := newIssuer(t), newIssuer(t)
	// Both have a key with the same id, and not the same key.
	b.publish([]members{jwk("rsa", rsaTwo().Public())})
	w := newWorld(t, []*issuer{a, b})
	ofA := a.token()
	ofB := jws("RS256", rsaTwo(), members{"alg": "RS256", "kid": "rsa"}, b.claims())
	for range 2 { // the second time with a warm cache
		w.tries(a.name(), ofA, []try{
			{"B's token", ofB, wrongIssuer},
			{"B's key, A's claims", jws("RS256", rsaTwo(), members{"alg": "RS256", "kid": "rsa"}, a.claims()), notVerified},
		})
		w.tries(b.name(), ofB, []try{
			{"A's token", ofA, wrongIssuer},
			{"A's key, B's claims", jws("RS256", rsaOne(), members{"alg": "RS256", "kid": "rsa"}, b.claims()), notVerified},
		})
	}

	var rows []try
	for _, kid := range []any{
		"../../etc/passwd", "' OR 1=1 --", "rsa\r\nX: y", "rsa\x00", "RSA", " rsa", "rsa ", "", "%72sa", "rsa/", "*",
	} {
		rows = append(rows, try{fmt.Sprintf("kid %q", kid), jws("RS256", rsaOne(), members{"alg": "RS256", "kid": kid}, a.claims()), notVerified})
	}
	for _, kid := range []any{1, 1.5, true, []string{"rsa"}, members{"kid": "rsa"}, strings.Repeat("k", maxKeyID+1)} {
		rows = append(rows, try{fmt.Sprintf("kid of type %T", kid), jws("RS256", rsaOne(), members{"alg": "RS256", "kid": kid}, a.claims()), notIDToken})
	}
	rows = append(rows,
		try{"kid null", jws("RS256", rsaOne(), `{"alg":"RS256","kid":null}`, a.claims()), notIDToken},
		try{"no kid, and a choice of keys", jws("RS256", rsaOne(), members{"alg": "RS256"}, b.claims()), wrongIssuer},
	)
	w.tries(a.name(), ofA, rows)

	// No kid is needed where there is no choice.
	plain := jws("RS256", rsaTwo(), members{"alg": "RS256"}, b.claims())
	if got, want := w.said(b.name(), plain), "login ann"; got != want {
		t.Errorf("no kid, and one key: got %q, want %q", got, want)
	}
	b.publish([]members{jwk("rsa", rsaTwo().Public()), jwk("other", rsaOne().Public())})
	w.clock.goOn(keysOld)
	if got := w.said(b.name(), plain); got != notVerified {
		t.Errorf("no kid, and two keys: got %q, want %q", got, notVerified)
	}
}

func TestAttack06_BrokenKeys(t *testing.T) {
	t.Parallel()
	good := must(json.Marshal(jwk("rsa", rsaOne().Public())))
	broken := []string{
		`null`, `true`, `17`, `"key"`, `[]`, `{}`, `{"kty":null}`, `{"kty":"RSA"}`, `{"kty":"RSA","n":1,"e":2}`, `{"kty":"RSA","n":"","e":""}`,
		`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, `{"kty":"EC"}`, `{"kty":"OKP","crv":"X25519","x":"AA"}`, `{"kty":"OKP","crv":"Ed25519"}`,
		`{"kty":"oct","k":"AAAA"}`, `{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}`, `{"kty":"RSA","kty":"EC"}`, "{\"kty\":\"\xff\"}", `{"kid":"\ud800"}`,
	}
	for name, entries := range map[string][]string{
		"each kind of broken one":        append(broken, string(good)),
		"a thousand empty ones":          append(repeat(`{}`, 1000), string(good)),
		"a thousand ones of other kinds": append(repeat(`{"kty":"oct","k":"AAAA"}`, 1000), string(good)),
	} {
		i := newIssuer(t)
		i.documents = map[string]http.HandlerFunc{"/keys": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"keys":[`+strings.Join(entries, ",")+`]}`)
		}}
		var told atomic.Pointer[Fetch]
		w := newWorld(t, []*issuer{i}, func(c *Config) { c.Observe = func(f Fetch) { told.Store(&f) } })
		other := jws("RS256", rsaTwo(), members{"alg": "RS256", "kid": "rsa"}, i.claims())
		w.tries(i.name(), i.token(), []try{{name + ", another key", other, notVerified}})
		if f := told.Load(); f == nil || f.Keys != 1 || f.Skipped != len(entries)-1 {
			t.Errorf("%s: told %+v, want 1 key and %d skipped", name, f, len(entries)-1)
		}
	}
}

func repeat(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

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

func TestAttack10_IssuerMismatch(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, []*issuer{i})
	var rows []try
	host := i.name()
	for _, iss := range []string{
		i.url + "/", i.url + ".", i.url + ".evil", i.url + ".evil.example", i.url + "@evil.example", i.url + "/.", i.url + "//", i.url + "?", i.url + "#",
		i.url + "/path", i.url + " ", " " + i.url, i.url + "\x00", i.url + "\n", i.url + "%00", "HTTPS://" + host, "https:///" + host, "http://" + host,
		host, "//" + host, "https:" + host, "https:\\\\" + host, "https://user@" + host, "https://" + strings.Replace(host, "127.0.0.1", "127.0.0.1.", 1),
		"https://" + strings.Replace(host, "127.0.0.1", "127.1", 1), "https://" + strings.Replace(host, "127.0.0.1", "localhost", 1), "https://evil.example/" + host,
		strings.TrimSuffix(i.url, host[len(host)-1:]), i.url + "0", "https://evil.example?" + i.url, "",
	} {
		rows = append(rows, try{fmt.Sprintf("iss %q", iss), i.token("iss", iss), wrongIssuer})
	}
	rows = append(rows,
		try{"no iss", i.token("iss", nil), missing + "iss"},
		try{"iss in a list", i.token("iss", []string{i.url}), notIDToken},
		try{"iss twice", jws("RS256", rsaOne(), members{"alg": "RS256", "kid": "rsa"}, `{"iss":"x","iss":"`+i.url+`"}`), notIDToken},
	)
	w.tries(i.name(), i.token(), rows)

	// What the discovery document says counts as much.
	for _, says := range []string{i.url + "/", "https://evil.example", "", strings.ToUpper(i.url)} {
		liar := newIssuer(t)
		at, token := liar.url, liar.token()
		liar.url = says
		w := newWorld(t, nil)
		_, err := w.IDToken(t.Context(), Issuer{URL: at, ClientIDs: []string{clientID}}, token)
		var r *Refusal
		if !errors.As(err, &r) || r.Reason != Unreachable {
			t.Errorf("discovery document of %q: got %v, want %q", says, err, Unreachable)
		}
	}
}

func TestAttack11_Audience(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, []*issuer{i})
	w.tries(i.name(), i.token(), []try{
		{"none", i.token("aud", nil), missing + "aud"},
		{"empty", i.token("aud", ""), notSupported},
		{"empty list", i.token("aud", []string{}), notSupported},
		{"null", jws("RS256", rsaOne(), members{"alg": "RS256", "kid": "rsa"}, with(i.claims(), "aud", json.RawMessage("null"))), notIDToken},
		{"a number", i.token("aud", 1), notIDToken},
		{"an object", i.token("aud", members{"0": clientID}), notIDToken},
		{"a list with a number", i.token("aud", []any{clientID, 1}), notIDToken},
		{"another's", i.token("aud", "client-three"), notSupported},
		{"prefix of ours", i.token("aud", clientID[:4]), notSupported},
		{"ours and more", i.token("aud", clientID+"-more"), notSupported},
		{"other case", i.token("aud", strings.ToUpper(clientID)), notSupported},
		{"ours with a blank", i.token("aud", clientID+" "), notSupported},
		{"ours joined with another", i.token("aud", clientID+","+"client-two"), notSupported},
		{"list of others", i.token("aud", []string{"x", "y"}), notSupported},
		{"ours and another's, no azp", i.token("aud", []string{clientID, "x"}), missing + "azp"},
		{"ours and another's, azp of another", i.token("aud", []string{clientID, "x"}, "azp", "x"), notSupported},
		{"ours and another's, azp empty", i.token("aud", []string{clientID, "x"}, "azp", ""), notSupported},
		{"azp in a list", i.token("azp", []string{clientID}), notIDToken},
		{"twin: list of ours", i.token("aud", []string{clientID}), "login ann"},
		{"twin: ours and another's, azp ours", i.token("aud", []string{"x", clientID}, "azp", "client-two"), "login ann"},
		{"twin: one, azp of another client of it", i.token("azp", "client-android"), "login ann"},
	})
	w.accounts.oidc[i.name()] = nil
	if got := w.said(i.name(), i.token()); got != notSupported {
		t.Errorf("provider without client ids: got %q, want %q", got, notSupported)
	}
	w.accounts.oidc[i.name()] = []string{""}
	if got := w.said(i.name(), i.token("aud", "")); got != notSupported {
		t.Errorf("provider with an empty client id: got %q, want %q", got, notSupported)
	}
}

func TestAttack12_Times(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, []*issuer{i})
	now := start.Unix()
	expired := func(exp int64) string {
		return fmt.Sprintf("NotAuthorizedException: Invalid login token. Token expired: %d >= %d", now, exp)
	}
	number := func(s string) json.RawMessage { return json.RawMessage(s) }
	w.tries(i.name(), i.token(), []try{
		{"no exp", i.token("exp", nil), missing + "exp"},
		{"exp in a string", i.token("exp", fmt.Sprint(now+3600)), notIDToken},
		{"exp null", i.token("exp", number("null")), notIDToken},
		{"exp in a list", i.token("exp", []int64{now + 3600}), notIDToken},
		{"exp huge", i.token("exp", number("1e300")), notIDToken},
		{"exp beyond numbers", i.token("exp", number("1e999")), notIDToken},
		{"exp beyond the year 9999", i.token("exp", lastSecond+1), notIDToken},
		{"exp 2⁶³", i.token("exp", number("9223372036854775808")), notIDToken},
		{"exp negative", i.token("exp", -1), expired(-1)},
		{"exp zero", i.token("exp", 0), expired(0)},
		{"exp an hour ago", i.token("exp", now-3600), expired(now - 3600)},
		{"exp just beyond leeway", i.token("exp", now-60), expired(now - 60)},
		{"exp just beyond leeway, with a fraction", i.token("exp", number(fmt.Sprintf("%d.9", now-60))), expired(now - 60)},
		{"nbf in the future", i.token("nbf", now+61), notYet},
		{"iat in the future", i.token("iat", now+61), notYet},
		{"nbf in a string", i.token("nbf", "1"), notIDToken},
		{"iat in a string", i.token("iat", "1"), notIDToken},
		{"iat huge", i.token("iat", number("1e300")), notIDToken},
		{"twin: exp within leeway", i.token("exp", now-59), "login ann"},
		{"twin: exp with a fraction", i.token("exp", number(fmt.Sprintf("%d.5", now+10))), "login ann"},
		{"twin: exp with an exponent", i.token("exp", number("2e9")), "login ann"},
		{"twin: exp the last second", i.token("exp", lastSecond), "login ann"},
		{"twin: nbf and iat within leeway", i.token("nbf", now+60, "iat", now+60), "login ann"},
		{"twin: no nbf, no iat", i.token("iat", nil), "login ann"},
	})
}

func TestAttack13_Size(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, []*issuer{i})
	sized := func(n int) string {
		low, high := 0, n
		for low < high { // base64 steps by 4 for 3: not each length can be had
			mid := (low + high + 1) / 2
			if len(i.token("pad", strings.Repeat("x", mid))) <= n {
				low = mid
			} else {
				high = mid - 1
			}
		}
		return i.token("pad", strings.Repeat("x", low))
	}
	big := sized(maxToken)
	if len(big) < maxToken-2 {
		t.Fatalf("made a token of %d bytes, want nearly %d", len(big), maxToken)
	}
	w.tries(i.name(), big, []try{
		{"one more", i.token("pad", strings.Repeat("x", maxToken*3/4)), notIDToken},
		{"empty", "", notIDToken},
		{"one dot", ".", notIDToken},
		{"two dots", "..", notIDToken},
		{"JWE", "e30.e30.e30.e30.e30", notIDToken},
		{"JSON serialization", `{"payload":"e30","signatures":[]}`, notIDToken},
		{"zip", jws("RS256", rsaOne(), members{"alg": "RS256", "kid": "rsa", "zip": "DEF"}, i.claims()), notIDToken},
		{"blank before", " " + i.token(), notIDToken},
		{"line end behind", i.token() + "\n", notIDToken},
		{"line end inside", i.token()[:50] + "\n" + i.token()[50:], notIDToken},
		{"signature in another spelling", respelled(i.token()), notIDToken},
		{"padding", strings.Replace(i.token(), ".", "=.", 1), notIDToken},
		{"deep claims", jws("RS256", rsaOne(), members{"alg": "RS256", "kid": "rsa"}, strings.Repeat("[", 20000)), notIDToken},
	})
	dots := strings.Repeat(".", maxToken)
	began := time.Now()
	if got := w.said(i.name(), dots); got != notIDToken {
		t.Errorf("dots: got %q, want %q", got, notIDToken)
	}
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("%d dots took %v", maxToken, took)
	}
}

// respelled changes bits at a token's end that stand for nothing.
func respelled(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(token) - 1
	return token[:last] + alphabet[strings.IndexByte(alphabet, token[last])|1:][:1]
}

func TestAttack14_TypeConfusion(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	own := newIssuer(t)
	w := newWorld(t, []*issuer{i, own}, func(c *Config) { c.OwnIssuers = append(c.OwnIssuers, own.url) })
	typed := func(typ any) string {
		return jws("RS256", rsaOne(), members{"alg": "RS256", "kid": "rsa", "typ": typ}, i.claims())
	}
	rows := []try{
		{"our token, and we are registered", own.token(), wrongIssuer},
		{"Cognito's token", i.token("iss", "https://cognito-identity.amazonaws.com", "aud", w.pool.ID), cognitoToken},
	}
	for _, typ := range []any{"at+jwt", "application/at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "oauth-authz-req+jwt", "", 1} {
		rows = append(rows, try{fmt.Sprintf("typ %v", typ), typed(typ), notIDToken})
	}
	for _, typ := range []any{"JWT", "jwt", "JWS", "JOSE", "application/jwt"} {
		rows = append(rows, try{fmt.Sprintf("twin: typ %v", typ), typed(typ), "login ann"})
	}
	// Our own token is refused as what it is, before anything else about it.
	rows[0].want = cognitoToken
	w.tries(i.name(), i.token(), rows)
	if got := w.said(own.name(), own.token()); got != cognitoToken {
		t.Errorf("our token under our own name: got %q, want %q", got, cognitoToken)
	}
}

func TestAttack15_ProviderOfAnother(t *testing.T) {
	t.Parallel()
	a, b, outside := newIssuer(t), newIssuer(t), newIssuer(t)
	w := newWorld(t, []*issuer{a, b})
	w.accounts.oidc[outside.name()] = []string{clientID} // registered, and not in the pool
	w.pool.DeveloperProvider = "login.example"
	foreign := newIssuer(t)
	w.accounts.oidc[foreign.name()] = []string{clientID}
	w.pool.OpenIDConnectProviders = append(w.pool.OpenIDConnectProviders, strings.Replace(foreign.arn(), account, "444455556666", 1))
	for _, tc := range []struct{ provider, token, want string }{
		{a.name(), b.token(), wrongIssuer},
		{b.name(), a.token(), wrongIssuer},
		{a.arn(), a.token(), notSupported},
		{a.url, a.token(), notSupported},
		{a.name() + "/", a.token(), notSupported},
		{outside.name(), outside.token(), notSupported},
		{foreign.name(), foreign.token(), notSupported},
		{"accounts.google.com", a.token(), notSupported},
		{"login.example", a.token(), notSupported},
		{"", a.token(), notSupported},
		{a.name(), a.token(), "login ann"},
		{b.name(), b.token(), "login ann"},
	} {
		if got := w.said(tc.provider, tc.token); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.provider, got, tc.want)
		}
	}
	// A foreign pool has none of ours.
	if _, err := w.Verify(t.Context(), &identity.Pool{Account: account}, a.name(), api.Secret(a.token())); err == nil {
		t.Error("taken for a pool without providers")
	}
}

func TestAttack16_Subjects(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, []*issuer{i})
	raw := func(sub string) string {
		claims := strings.Replace(string(must(json.Marshal(i.claims("sub", "SUB")))), `"SUB"`, sub, 1)
		return jws("RS256", rsaOne(), members{"alg": "RS256", "kid": "rsa"}, claims)
	}
	w.tries(i.name(), i.token(), []try{
		{"none", i.token("sub", nil), missing + "sub"},
		{"empty", raw(`""`), notIDToken},
		{"null", raw(`null`), notIDToken},
		{"a number", raw(`1`), notIDToken},
		{"a list", raw(`["ann"]`), notIDToken},
		{"NUL", raw(`"ann\u0000"`), notIDToken},
		{"NUL alone", raw(`"\u0000"`), notIDToken},
		{"lone surrogate", raw(`"ann\ud800"`), notIDToken},
		{"invalid UTF-8", raw("\"ann\xff\""), notIDToken},
		{"twice", raw(`"ann","sub":"ben"`), notIDToken},
		{"too long", raw(`"` + strings.Repeat("a", maxSubject+1) + `"`), notIDToken},
	})
	// Equal to the eye, and not equal: each stays what it is, byte for byte.
	seen := map[string]bool{}
	for _, sub := range []string{
		"ann", "Ann", "ANN", "ann ", " ann", "a\u0301nn", "\u00e1nn", "аnn", "ann\u200b", "ﬁ", "fi", "\u212b", "\u00c5", "A\u030a",
		"K", "\u212a", "ı", "i", "İ", "ß", "ss", "1", "01", "1.0", strings.Repeat("a", maxSubject),
	} {
		v, err := w.Verify(t.Context(), w.pool, i.name(), api.Secret(i.token("sub", sub)))
		if err != nil {
			t.Errorf("sub %q: %v", sub, err)
			continue
		}
		if v.Subject != sub || seen[v.Subject] {
			t.Errorf("sub %q: got %q, or one that was there before", sub, v.Subject)
		}
		seen[v.Subject] = true
	}
	// Escapes are the same string.
	if got, want := w.said(i.name(), raw(`"\u0061nn"`)), "login ann"; got != want {
		t.Errorf("escaped: got %q, want %q", got, want)
	}
}
