package login

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

var _ identity.Verifier = (*Providers)(nil)

const userPool = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123"

// at sets where a provider is found.
func at(provider string, e Endpoint) func(*Config) {
	return func(c *Config) {
		if c.Endpoints == nil {
			c.Endpoints = map[string]Endpoint{}
		}
		c.Endpoints[provider] = e
	}
}

// TestVerified: what is said of a verified login, for each kind of OpenID Connect provider.
func TestVerified(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	here := i.url
	for _, tc := range []struct {
		provider string
		issuer   string // of the discovery document and of tokens
		pool     func(*identity.Pool)
		claims   []any
		want     identity.Verified
	}{
		{
			provider: i.name(), issuer: here,
			pool: func(p *identity.Pool) { p.OpenIDConnectProviders = []string{i.arn()} },
			claims: []any{
				"email", "a@example.com", "email_verified", true, "level", 3, "groups", []string{"a", "b"}, "mixed", []any{"a", 1, false},
				"address", members{"city": "x"}, "rows", []any{members{}}, "nothing", json.RawMessage("null"),
			},
			want: identity.Verified{
				AMR: []string{i.name(), i.arn() + ":OIDC:ann"}, ProviderARN: i.arn(),
				Claims: identity.LoginClaims{"email": {"a@example.com"}, "email_verified": {"true"}, "level": {"3"}, "groups": {"a", "b"}, "mixed": {"a", "1", "false"}},
			},
		},
		{
			provider: "accounts.google.com", issuer: "https://accounts.google.com",
			pool: func(p *identity.Pool) { p.LoginProviders["accounts.google.com"] = "x;" + clientID },
			want: identity.Verified{AMR: []string{"accounts.google.com", "accounts.google.com:OIDC:ann"}},
		},
		{
			provider: "appleid.apple.com", issuer: "https://appleid.apple.com",
			pool: func(p *identity.Pool) { p.LoginProviders["appleid.apple.com"] = clientID },
			want: identity.Verified{AMR: []string{"appleid.apple.com", "appleid.apple.com:OIDC:ann"}},
		},
		{
			provider: userPool, issuer: "https://" + userPool,
			pool: func(p *identity.Pool) {
				p.CognitoProviders = []identity.CognitoProvider{{ProviderName: userPool, ClientID: "x"}, {ProviderName: userPool, ClientID: clientID}}
			},
			claims: []any{"token_use", "id", "cognito:roles", []string{"arn:aws:iam::111122223333:role/a"}},
			want: identity.Verified{
				AMR:    []string{userPool, userPool + ":CognitoSignIn:ann"},
				Claims: identity.LoginClaims{"token_use": {"id"}, "cognito:roles": {"arn:aws:iam::111122223333:role/a"}},
			},
		},
	} {
		i.url = tc.issuer
		w := newWorld(t, nil, at(tc.provider, Endpoint{URL: here}))
		w.accounts.oidc[tc.provider] = []string{clientID}
		tc.pool(w.pool)
		got, err := w.Verify(t.Context(), w.pool, tc.provider, api.Secret(i.token(tc.claims...)))
		i.url = here
		if err != nil {
			t.Errorf("%s: %v (%v)", tc.provider, err, errors.Unwrap(err))
			continue
		}
		tc.want.Login = identity.Login{Provider: tc.provider, Subject: "ann"}
		tc.want.Audience, tc.want.Expires = clientID, start.Add(time.Hour)
		if tc.want.Claims == nil {
			tc.want.Claims = identity.LoginClaims{}
		}
		for name, value := range map[string]string{"iss": tc.issuer, "aud": clientID, "sub": "ann", "iat": "1772366400", "exp": "1772370000"} {
			tc.want.Claims[name] = []string{value}
		}
		if diff := cmp.Diff(&tc.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.provider, diff)
		}
	}
}

func TestGoogle_Issuers(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	here := i.url
	i.url = "https://accounts.google.com"
	w := newWorld(t, nil, at("accounts.google.com", Endpoint{URL: here}), at("appleid.apple.com", Endpoint{URL: here}))
	w.pool.LoginProviders = map[string]string{"accounts.google.com": clientID + ";client-two", "appleid.apple.com": clientID}
	w.tries("accounts.google.com", i.token(), []try{
		{"without https", i.token("iss", "accounts.google.com"), "login ann"},
		{"by http", i.token("iss", "http://accounts.google.com"), wrongIssuer},
		{"client ids as they are joined", i.token("aud", clientID+";client-two"), notSupported},
		{"second client id", i.token("aud", "client-two"), "login ann"},
	})
	if got := w.said("appleid.apple.com", i.token("iss", "appleid.apple.com")); got != wrongIssuer {
		t.Errorf("alias of Google for Apple: got %q, want %q", got, wrongIssuer)
	}
}

func TestUserPool(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	here := i.url
	region, pool, _ := strings.Cut(userPool, "/")
	i.url = "http://local/" + pool
	w := newWorld(t, nil, at(region, Endpoint{URL: here, Issuer: "http://local"}))
	yes, no := true, false
	w.pool.CognitoProviders = []identity.CognitoProvider{
		{ProviderName: userPool, ClientID: clientID, ServerSideTokenCheck: &no},
		{ProviderName: userPool, ClientID: "checked", ServerSideTokenCheck: &yes},
	}
	w.tries(userPool, i.token("token_use", "id"), []try{
		{"access token", i.token("token_use", "access", "aud", nil, "client_id", clientID), missing + "aud"},
		{"access token with aud", i.token("token_use", "access"), notIDToken},
		{"no token_use", i.token(), notIDToken},
		{"token_use a list", i.token("token_use", []string{"id"}), notIDToken},
		{"another client", i.token("token_use", "id", "aud", "x"), notSupported},
		{"another pool of the region", i.token("token_use", "id", "iss", i.url+"x"), wrongIssuer},
		{
			"client with ServerSideTokenCheck", i.token("token_use", "id", "aud", "checked"),
			"NotAuthorizedException: Invalid login token. Tokens of this provider can not be verified by this server.",
		},
	})
	if got := w.said(userPool+"4", i.token("token_use", "id")); got != notSupported {
		t.Errorf("another user pool: got %q, want %q", got, notSupported)
	}
}

// social starts a server that answers for a social provider, by path.
func social(t *testing.T, answers map[string]http.HandlerFunc) string {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := answers[r.URL.Path]; f != nil {
			f(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

const refusedBy = "NotAuthorizedException: Invalid login token. Not a valid token of '"

func unreachableBy(p string) string {
	return "ExternalServiceException: The identity provider '" + p + "' can not be reached."
}

func TestFacebook(t *testing.T) {
	t.Parallel()
	const p = "graph.facebook.com"
	// By token: the app, and the user.
	known := map[string][2]string{
		"good": {"app1", "1001"}, "foreign": {"app9", "1001"}, "no-user": {"app1", ""}, "second": {"app2", "1002"},
	}
	answer := func(which int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			switch ids, ok := known[token]; {
			case token == "down":
				http.Error(w, "", http.StatusBadGateway)
			case token == "odd":
				io.WriteString(w, `{"id":5}`)
			case token == "page":
				io.WriteString(w, `<html>`)
			case !ok || r.URL.Query().Get("fields") != "id" || strings.Contains(r.URL.String(), token):
				w.WriteHeader(http.StatusBadRequest)
				io.WriteString(w, `{"error":{"code":190}}`)
			default:
				json.NewEncoder(w).Encode(members{"id": ids[which]})
			}
		}
	}
	w := newWorld(t, nil, at(p, Endpoint{URL: social(t, map[string]http.HandlerFunc{"/app": answer(0), "/me": answer(1)})}))
	w.pool.LoginProviders[p] = "app1;app2"
	w.tries(p, "good", []try{
		{"unknown", "other", refusedBy + p + "'."},
		{"of another app", "foreign", notSupported},
		{"without a user", "no-user", notIDToken},
		{"provider down", "down", unreachableBy(p)},
		{"answer that is not Facebook's", "odd", unreachableBy(p)},
		{"answer that is no JSON", "page", unreachableBy(p)},
		{"header injection", "good\r\nX: y", refusedBy + p + "'."},
		{"empty", "", refusedBy + p + "'."},
		{"twin: second app", "second", "login 1002"},
	})
	v, err := w.Verify(t.Context(), w.pool, p, "good")
	want := &identity.Verified{
		Login: identity.Login{Provider: p, Subject: "1001"}, AMR: []string{p, p + ":OAuth:1001"}, Audience: "app1",
		Claims: identity.LoginClaims{"id": {"1001"}, "sub": {"1001"}, "aud": {"app1"}},
	}
	if diff := cmp.Diff(want, v); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestAmazon(t *testing.T) {
	t.Parallel()
	const p = "www.amazon.com"
	good := members{"iss": "https://www.amazon.com", "user_id": "amzn1.account.A", "app_id": "amzn1.application.a", "aud": "amzn1.application-oa2-client.a", "exp": 3597, "iat": 1311280970}
	known := map[string]members{
		"Atza|good": good, "client": with(good, "app_id", "amzn1.application.z", "aud", "amzn1.application-oa2-client.b"),
		"foreign": with(good, "app_id", "x", "aud", "y"), "expired": with(good, "exp", 0), "no exp": with(good, "exp", nil),
		"elsewhere": with(good, "iss", "https://evil.example"), "nobody": with(good, "user_id", nil), "no app": with(good, "app_id", nil, "aud", nil),
	}
	w := newWorld(t, nil, at(p, Endpoint{URL: social(t, map[string]http.HandlerFunc{"/auth/o2/tokeninfo": func(w http.ResponseWriter, r *http.Request) {
		m, ok := known[r.FormValue("access_token")]
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
		}
		json.NewEncoder(w).Encode(m)
	}})}))
	w.pool.LoginProviders[p] = "amzn1.application.a;amzn1.application-oa2-client.b"
	const login = "login amzn1.account.A"
	w.tries(p, "Atza|good", []try{
		{"unknown", "other", refusedBy + p + "'."},
		{"more parameters", "Atza|good&x=y", refusedBy + p + "'."},
		{"of another application", "foreign", notSupported},
		{"of none", "no app", notSupported},
		{"expired", "expired", "NotAuthorizedException: Invalid login token. Token is expired."},
		{"no expiry", "no exp", "NotAuthorizedException: Invalid login token. Token is expired."},
		{"another issuer", "elsewhere", wrongIssuer},
		{"no user", "nobody", missing + "user_id"},
		{"twin: by the client's id", "client", login},
	})
	w.pool.LoginProviders[p] = ""
	if got := w.said(p, "no app"); got != notSupported {
		t.Errorf("pool without an application: got %q, want %q", got, notSupported)
	}
	w.pool.LoginProviders[p] = "amzn1.application.a"
	v, err := w.Verify(t.Context(), w.pool, p, "Atza|good")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := v.Expires, start.Add(3597*time.Second); !got.Equal(want) {
		t.Errorf("Expires: got %v, want %v", got, want)
	}
	if got, want := v.Claims["user_id"], []string{"amzn1.account.A"}; !slices.Equal(got, want) {
		t.Errorf("user_id: got %v, want %v", got, want)
	}
	if got, want := v.Claims["aud"], []string{"amzn1.application.a"}; !slices.Equal(got, want) {
		t.Errorf("aud: got %v, want %v", got, want)
	}
}

// TestSignOAuth1 has the values of X's documentation, "Creating a signature".
func TestSignOAuth1(t *testing.T) {
	t.Parallel()
	got := signOAuth1("POST", "https://api.twitter.com/1.1/statuses/update.json", map[string]string{
		"status":                 "Hello Ladies + Gentlemen, a signed OAuth request!",
		"include_entities":       "true",
		"oauth_consumer_key":     "xvz1evFS4wEEPTGEFPHBog",
		"oauth_nonce":            "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
		"oauth_signature_method": "HMAC-SHA1",
		"oauth_timestamp":        "1318622958",
		"oauth_token":            "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
		"oauth_version":          "1.0",
	}, "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE")
	if want := "hCtSmYh+iHYCEqBWrE7C7hYmtUk="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTwitter(t *testing.T) {
	t.Parallel()
	const p = "api.twitter.com"
	var here string
	here = social(t, map[string]http.HandlerFunc{"/1.1/account/verify_credentials.json": func(w http.ResponseWriter, r *http.Request) {
		fields := map[string]string{}
		for field := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "OAuth "), ", ") {
			name, value, _ := strings.Cut(field, "=")
			fields[name], _ = url.PathUnescape(strings.Trim(value, `"`))
		}
		signature := fields["oauth_signature"]
		delete(fields, "oauth_signature")
		want := signOAuth1("GET", here+r.URL.Path, fields, "app secret", "user&secret")
		if fields["oauth_consumer_key"] != "key" || fields["oauth_token"] != "token" || signature != want || fields["oauth_timestamp"] != "1772366400" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(w, `{"id":38895958,"id_str":"38895958","screen_name":"ann","entities":{}}`)
	}})
	w := newWorld(t, nil, at(p, Endpoint{URL: here}))
	w.pool.LoginProviders[p] = "key;app secret"
	w.tries(p, "token;user&secret", []try{
		{"another secret", "token;other", refusedBy + p + "'."},
		{"another token", "other;user&secret", refusedBy + p + "'."},
		{"no secret", "token", refusedBy + p + "'."},
		{"empty secret", "token;", refusedBy + p + "'."},
		{"empty", "", refusedBy + p + "'."},
		{"quotes and line ends", "to\"ken\r\n;x", refusedBy + p + "'."},
	})
	if got, want := w.said(p, "token;user&secret"), "login 38895958"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w.pool.LoginProviders[p] = "key"
	if got := w.said(p, "token;user&secret"); got != notSupported {
		t.Errorf("pool without a consumer secret: got %q, want %q", got, notSupported)
	}
}

// TestAPIHosts: two providers do not answer where their name is.
func TestAPIHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for provider, want := range map[string]string{
		"www.amazon.com": "https://api.amazon.com", "www.digits.com": "https://api.digits.com",
		"graph.facebook.com": "https://graph.facebook.com", "api.twitter.com": "https://api.twitter.com",
	} {
		if got := w.base("https://" + provider); got != want {
			t.Errorf("%s: got %s, want %s", provider, got, want)
		}
	}
}

func TestThumbprints(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	sum := sha1.Sum(server.Certificate().Raw)
	right := hex.EncodeToString(sum[:])
	wrong := strings.Repeat("0", 40)
	w := newWorld(t, []*issuer{i}, func(c *Config) { c.RootCAs = nil }) // no public authority knows httptest
	for _, tc := range []struct {
		name        string
		thumbprints []string
		want        Reason
	}{
		{"none", nil, WrongCertificate},
		{"another", []string{wrong}, WrongCertificate},
		{"the right one", []string{wrong, right}, ""},
		{"in upper case", []string{strings.ToUpper(right)}, ""},
		// What one registration trusts is not for another.
		{"another, with a warm cache", []string{wrong}, WrongCertificate},
		{"none, with a warm cache", nil, WrongCertificate},
	} {
		w.accounts.thumbprints[i.name()] = tc.thumbprints
		if got := w.reason(i.name(), i.token()); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	// The name in the certificate counts all the same.
	elsewhere := "https://elsewhere.test" + i.url[strings.LastIndex(i.url, ":"):]
	w = newWorld(t, nil, func(c *Config) { c.RootCAs = nil }, at(strings.TrimPrefix(elsewhere, "https://"), Endpoint{URL: strings.Replace(i.url, "127.0.0.1", "localhost", 1)}))
	_, err := w.IDToken(t.Context(), Issuer{URL: elsewhere, ClientIDs: []string{clientID}, Thumbprints: []string{right}}, i.token("iss", elsewhere))
	var r *Refusal
	if !errors.As(err, &r) || r.Reason != WrongCertificate {
		t.Errorf("another name: got %v, want %q", err, WrongCertificate)
	}
}

func TestNew_Config(t *testing.T) {
	t.Parallel()
	good := func() Config { return Config{Now: time.Now, Registry: &accounts{}} }
	if _, err := New(good()); err != nil {
		t.Errorf("good: %v", err)
	}
	if _, err := New(Config{}); err == nil || !strings.Contains(err.Error(), "Now") || !strings.Contains(err.Error(), "Registry") {
		t.Errorf("empty: got %v, want all that is missing", err)
	}
	for _, raw := range []string{"http://127.0.0.1", "https://x/", "https://x?y", "https://u@x", "x", "", "https://", "ftp://x", "https://x#y", "https://%zz"} {
		c := good()
		at("graph.facebook.com", Endpoint{URL: raw})(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), "graph.facebook.com") {
			t.Errorf("endpoint %q: got %v, want an error that names it", raw, err)
		}
	}
	c := good()
	c.AllowPrivate = true
	at("graph.facebook.com", Endpoint{URL: "http://127.0.0.1:8080/x"})(&c)
	if _, err := New(c); err != nil {
		t.Errorf("http with AllowPrivate: %v", err)
	}
}

// TestProxy: requests go to the proxy that is configured, and only then.
func TestProxy(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		http.Error(w, "", http.StatusForbidden)
	}))
	defer proxy.Close()
	w := newWorld(t, nil, func(c *Config) {
		c.AllowPrivate = false
		c.Proxy = must(url.Parse(proxy.URL))
	})
	i := &issuer{url: "https://issuer.example"}
	_, err := w.IDToken(t.Context(), Issuer{URL: i.url, ClientIDs: []string{clientID}}, i.token())
	var r *Refusal
	if !errors.As(err, &r) || r.Reason != Unreachable {
		t.Errorf("got %v, want %q", err, Unreachable)
	}
	if got, want := <-asked, "CONNECT issuer.example:443"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestErrors_HoldNoToken: what is logged of a failure has nothing of the token in it.
func TestErrors_HoldNoToken(t *testing.T) {
	t.Parallel()
	const secret = "canary-5f3a"
	down := httptest.NewTLSServer(nil)
	down.Close()
	w := newWorld(t, nil, at("www.amazon.com", Endpoint{URL: down.URL}), at("graph.facebook.com", Endpoint{URL: down.URL}), at("api.twitter.com", Endpoint{URL: down.URL}))
	w.pool.LoginProviders = map[string]string{"www.amazon.com": "a", "graph.facebook.com": "a", "api.twitter.com": "a;b", "accounts.google.com": clientID}
	i := &issuer{url: "https://accounts.google.com"}
	for provider, token := range map[string]string{
		"www.amazon.com": secret, "graph.facebook.com": secret, "api.twitter.com": secret + ";" + secret, "accounts.google.com": i.token("sub", secret, "exp", 1),
	} {
		_, err := w.Verify(t.Context(), w.pool, provider, api.Secret(token))
		if err == nil {
			t.Fatalf("%s: taken", provider)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), secret) {
				t.Errorf("%s: %v", provider, e)
			}
		}
	}
}

func FuzzToken(f *testing.F) {
	i := &issuer{url: "https://issuer.example"}
	f.Add(i.token())
	f.Add(jws("ES256", ecOne(), members{"alg": "ES256", "kid": "k", "typ": "JWT"}, i.claims("aud", []string{"x", clientID}, "azp", clientID)))
	f.Add(jws("EdDSA", ed25519K(), `{"alg":"EdDSA","crit":["b64"],"b64":false}`, `{"iss":"x","exp":1e9}`))
	f.Add("..")
	f.Add("e30.e30.AA")
	p, err := New(Config{Now: func() time.Time { return start }, Registry: &accounts{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		h, payload, err := splitToken(nil, raw)
		var r *Refusal
		if err != nil {
			if !errors.As(err, &r) {
				t.Errorf("%v is not a refusal", err)
			}
			return
		}
		if !slices.Contains(algorithms, h.alg) {
			t.Errorf("alg %q is not on the list", h.alg)
		}
		members, err := parseObject(payload)
		if err != nil {
			return
		}
		members.claims()
		c := &Claims{members: members}
		if err := p.checkClaims(nil, c, i.url, Issuer{ClientIDs: []string{clientID}}); err != nil {
			if !errors.As(err, &r) {
				t.Errorf("%v is not a refusal", err)
			}
			return
		}
		if c.Issuer != i.url || c.Audience != clientID || c.Subject == "" || !start.Before(c.Expires.Add(leeway)) {
			t.Errorf("taken: %+v", c)
		}
	})
}

func BenchmarkIDToken(b *testing.B) {
	i := newIssuer(b)
	w := newWorld(b, []*issuer{i})
	for _, tc := range []struct{ name, token string }{
		{"RS256", i.token()},
		{"ES256", jws("ES256", ecOne(), members{"alg": "ES256", "kid": "ec"}, i.claims())},
		{"EdDSA", jws("EdDSA", ed25519K(), members{"alg": "EdDSA", "kid": "ed"}, i.claims())},
	} {
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.IDToken(b.Context(), Issuer{URL: i.url, ClientIDs: []string{clientID}}, tc.token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
