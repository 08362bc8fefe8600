package fault_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

const google, googleClient = "accounts.google.com", "client-one"

// What a provider's host does with requests for its keys.
const (
	well int32 = iota
	hangs
	resets
	slow
	fails
)

// A keyHost is where an identity provider publishes its keys.
type keyHost struct {
	key    *ecdsa.PrivateKey
	url    string
	how    atomic.Int32
	asked  atomic.Int32
	closed chan struct{}
}

func newKeyHost(t *testing.T) *keyHost {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &keyHost{key: key, closed: make(chan struct{})}
	l := httptest.NewServer(h)
	t.Cleanup(func() { close(h.closed); l.Close() })
	h.url = l.URL
	return h
}

func (h *keyHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.asked.Add(1)
	pause := func(d time.Duration) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		case <-h.closed:
		}
	}
	switch h.how.Load() {
	case hangs:
		pause(patience)
		return
	case resets:
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}
		return
	case fails:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	doc := any(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: h.key.Public(), KeyID: "one", Algorithm: "ES256", Use: "sig"}}})
	if r.URL.Path != "/keys" {
		doc = map[string]any{"issuer": "https://" + google, "jwks_uri": h.url + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	if h.how.Load() == slow {
		for _, b := range text {
			_, _ = w.Write([]byte{b})
			_ = http.NewResponseController(w).Flush()
			pause(100 * time.Millisecond)
			if r.Context().Err() != nil {
				return
			}
		}
		return
	}
	_, _ = w.Write(text)
}

// token returns an ID token for ten minutes.
func (h *keyHost) token(t *testing.T, user string, now time.Time) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: h.key, KeyID: "one"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := json.Marshal(map[string]any{
		"iss": "https://" + google, "aud": googleClient, "sub": user, "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// flags let a server find the provider there.
func (h *keyHost) flags() []string {
	return []string{"--provider-endpoint", google + "=" + h.url, "--allow-private-endpoints"}
}

// googlePool makes an identity pool whose users sign in with the provider.
func googlePool(t *testing.T, n *node) string {
	t.Helper()
	var out api.IdentityPool
	err := n.call(t.Context(), "CreateIdentityPool", &api.CreateIdentityPoolInput{
		IdentityPoolName: "google", AllowUnauthenticatedIdentities: true, DeveloperProviderName: provider, SupportedLoginProviders: map[string]string{google: googleClient},
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.IdentityPoolId
}

// signIn has a user of the provider sign in.
func (h *keyHost) signIn(t *testing.T, n *node, pool, user string) (string, error) {
	t.Helper()
	var out api.GetIdOutput
	err := n.call(t.Context(), "GetId", &api.GetIdInput{
		IdentityPoolId: pool, Logins: map[string]api.Secret{google: api.Secret(h.token(t, user, n.now()))},
	}, &out)
	return out.IdentityId, err
}

// F9: the host of a provider's keys hangs, resets connections, is slow, and fails. Keys that are at hand are used for four
// hours, then its users are refused; those of the developer provider do not notice any of it. When the host is well
// again, so is everything.
func TestKeyHost(t *testing.T) {
	onlyLong(t)
	h := newKeyHost(t)
	n, set := newClockNode(t, append(h.flags(), "--signing-algorithm", "EdDSA")...)
	off := time.Duration(0)
	n.now = func() time.Time { return time.Now().Add(off) }
	n.http = client(30 * time.Second)
	set(0)
	n.start()
	l := newLedger(t, n)
	pool := googlePool(t, n)
	known, err := h.signIn(t, n, pool, "ann")
	if err != nil {
		t.Fatal(err)
	}
	// at has developer users sign in beside those of the provider, and returns how long the former took.
	at := func(d time.Duration, want bool, name string) (p99, waited time.Duration) {
		t.Helper()
		off = d
		set(d)
		from := l.acknowledged()
		l.mu.Lock()
		l.tokens = nil
		l.mu.Unlock()
		stop := l.load(2, n)
		defer stop()
		l.next(time.Now())
		for k := range 4 {
			begun := time.Now()
			id, err := h.signIn(t, n, pool, "ann")
			waited = max(waited, time.Since(begun))
			var refused *api.Error
			switch {
			case want && (err != nil || id != known):
				t.Errorf("%s, call %d: %v", name, k, err)
			case !want && (!errors.As(err, &refused) || refused.Code != api.ExternalServiceException):
				t.Errorf("%s, call %d: %v, want %s", name, k, err, api.ExternalServiceException)
			}
		}
		after(t.Context(), 300*time.Millisecond, 301*time.Millisecond)
		return l.quantile(from, .99), waited
	}
	calm, _ := at(0, true, "before")
	base := time.Duration(0)
	for how, name := range []string{hangs: "hangs", resets: "resets", slow: "is slow", fails: "fails"} {
		if how == int(well) {
			continue
		}
		h.how.Store(int32(how)) //nolint:gosec // one of five
		asked := h.asked.Load()
		var storm, longest time.Duration
		for _, step := range []struct {
			age  time.Duration
			want bool
		}{{4 * time.Minute, true}, {6 * time.Minute, true}, {12 * time.Minute, true}, {3*time.Hour + 50*time.Minute, true}, {4*time.Hour + time.Minute, false}} {
			p99, waited := at(base+step.age, step.want, fmt.Sprintf("the host %s, keys %v old", name, step.age))
			storm, longest = max(storm, p99), max(longest, waited)
		}
		h.how.Store(well)
		base += 4*time.Hour + 3*time.Minute
		_, healed := at(base, true, "the host is well again")
		t.Logf("the host %s: asked %d times; a login waited %v at most, %v when it was well again; developer calls p99 %v, %v before",
			name, h.asked.Load()-asked, longest.Round(time.Millisecond), healed.Round(time.Millisecond), storm, calm)
		if storm > 4*calm+100*time.Millisecond {
			t.Errorf("the host %s: p99 of developer calls %v, %v before", name, storm, calm)
		}
		if h.asked.Load() == asked {
			t.Errorf("the host %s: nobody has asked it", name)
		}
	}
	l.check(n)
}
