package login

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	dsig "github.com/russellhaering/goxmldsig"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// An explained is a token, the step at which it is refused, and what the explanation tells
// there: parts of what was expected and of what was found, or of the reason.
type explained struct {
	name, token           string
	step, expected, found string // no step: it is taken
}

// explain lets each token be tried, and a good one after it.
func (w *world) explain(provider, good string, rows []explained) {
	w.Helper()
	for _, row := range append(rows, explained{name: "good", token: good}) {
		r := new(explain.Record)
		_, err := w.Verify(explain.Into(w.Context(), r), w.pool, provider, api.Secret(row.token))
		if got := w.explains(r, err, row.token); got != row.step {
			w.Errorf("%s: refused at %q, want %q (%v)", row.name, got, row.step, err)
			continue
		}
		e, _ := r.Explanation(err)
		for _, s := range e.Steps {
			if s.Outcome == "failed" && (!strings.Contains(s.Expected, row.expected) || !strings.Contains(s.Found+"\n"+e.Reason, row.found)) {
				w.Errorf("%s: step %s expected %q and found %q, because %q", row.name, s.Step, s.Expected, s.Found, e.Reason)
			}
		}
	}
}

// refusedAt returns the step at which a token is refused; empty: it is not.
func (w *world) refusedAt(provider, token string) string {
	w.Helper()
	r := new(explain.Record)
	_, err := w.Verify(explain.Into(w.Context(), r), w.pool, provider, api.Secret(token))
	return w.explains(r, err, token)
}

func TestExplain_IDToken(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, []*issuer{i}, func(c *Config) { c.OwnIssuers = []string{"https://cognito-identity.amazonaws.com"} })
	good := i.token()
	head, rest, _ := strings.Cut(good, ".")
	payload, _, _ := strings.Cut(rest, ".")
	signedBy := func(header members) string { return jws("RS256", rsaOne(), header, i.claims()) }
	at := func(d time.Duration) int64 { return w.clock.now().Add(d).Unix() }
	w.explain(i.name(), good, []explained{
		{"longer than may be", strings.Repeat("x", maxToken+1), "token", "50000 bytes", "50001 bytes"},
		{"an access token", "EAABwzLixnjYBO0", "form", "three parts", "0 dots"},
		{"no algorithm", b64([]byte(`{"alg":"none"}`)) + "." + payload + ".", "algorithm", `"RS256"`, `"none"`},
		{"a shared secret", jws("HS256", []byte("secret"), members{"alg": "HS256"}, i.claims()), "algorithm", `"EdDSA"`, `"HS256"`},
		{"an access token by its type", signedBy(members{"alg": "RS256", "kid": "rsa", "typ": "at+jwt"}), "header", "typ of JWT", `"at+jwt"`},
		{"an extension", signedBy(members{"alg": "RS256", "kid": "rsa", "crit": []string{"x"}}), "header", "no extensions", "crit"},
		{"claims that are no JSON", head + ".AAAA.AAAA", "claims", "JSON object", "not JSON"},
		{"a claim twice", head + "." + b64([]byte(`{"sub":"a","sub":"b"}`)) + ".AAAA", "claims", "no name stands twice", "twice"},
		{"no issuer", i.token("iss", nil), "issuer", i.url, "missing claim iss"},
		{"another issuer", i.token("iss", i.url+"/"), "issuer", `"` + i.url + `"`, `"` + i.url + `/"`},
		{"a token of this server", i.token("iss", "https://cognito-identity.amazonaws.com"), "issuer", i.url, "token of this server"},
		{"another audience", i.token("aud", "client-nine"), "audience", `"client-two"`, `"client-nine"`},
		{"no azp for two audiences", i.token("aud", []string{clientID, "x"}), "audience", clientID, "azp"},
		{"no subject", i.token("sub", nil), "subject", "1 to 1024 bytes", "missing claim sub"},
		{"an empty subject", i.token("sub", ""), "subject", "1 to 1024 bytes", `""`},
		{"expired", i.token("exp", at(-time.Minute)), "times", "1m0s of difference", "1m0s ago"},
		{"no end", i.token("exp", nil), "times", "exp later", "missing claim exp"},
		{"an end that is no number", i.token("exp", "soon"), "times", "exp later", "bad claim exp"},
		{"from the future", i.token("nbf", at(2*time.Minute)), "times", "no nbf", "nbf"},
		{"an unknown key", signedBy(members{"alg": "RS256", "kid": "rotated"}), "key", `RS256 with kid "rotated"`, `"rsa"`},
		{"another's signature", jws("RS256", rsaTwo(), members{"alg": "RS256", "kid": "rsa"}, i.claims()), "signature", "of the key", "RS256"},
		{name: "twin: within the leeway", token: i.token("exp", at(time.Second-time.Minute))},
		{name: "twin: two audiences and azp", token: i.token("aud", []string{clientID, "x"}, "azp", clientID)},
	})
}

// What lies with the provider, or with how it is registered.
func TestExplain_Provider(t *testing.T) {
	t.Parallel()
	i, silent, few, many := newIssuer(t), newIssuer(t), newIssuer(t), newIssuer(t)
	few.algs = []string{"ES256"}
	many.publish([]members{jwk("rsa", rsaOne().Public()), jwk("two", rsaTwo().Public())})
	w := newWorld(t, []*issuer{i, silent, few, many})
	if got := w.refusedAt("unknown.example", "token"); got != "token" {
		t.Errorf("a provider that the pool has not: refused at %q", got)
	}
	w.explain(few.name(), jws("ES256", ecOne(), members{"alg": "ES256", "kid": "ec"}, few.claims()), []explained{
		{"an algorithm that the provider does not use", few.token(), "key", "for RS256", `for "ES256"`},
	})
	w.explain(many.name(), many.token(), []explained{
		{"no kid where there is a choice", jws("RS256", rsaOne(), members{"alg": "RS256"}, many.claims()), "key", "the only key", `"two"`},
	})
	silent.fail.Store(true)
	if got := w.refusedAt(silent.name(), silent.token()); got != "keys" {
		t.Errorf("a provider that does not answer: refused at %q", got)
	}
	w.accounts.oidc[i.name()] = nil
	if got := w.refusedAt(i.name(), i.token()); got != "audience" {
		t.Errorf("a provider without client ids: refused at %q", got)
	}
	w.accounts.oidc[i.name()] = []string{clientID}
	w.explain(i.name(), i.token(), nil)
}

func TestExplain_UserPool(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	here := i.url
	region, pool, _ := strings.Cut(userPool, "/")
	i.url = "http://local/" + pool
	w := newWorld(t, nil, at(region, Endpoint{URL: here, Issuer: "http://local"}))
	yes := true
	w.pool.CognitoProviders = []identity.CognitoProvider{
		{ProviderName: userPool, ClientID: clientID}, {ProviderName: userPool, ClientID: "checked", ServerSideTokenCheck: &yes},
	}
	w.explain(userPool, i.token("token_use", "id"), []explained{
		{"an access token", i.token("token_use", "access"), "token use", "token_use id", `"access"`},
		{"a client with the check", i.token("token_use", "id", "aud", "checked"), "server side check", "ServerSideTokenCheck", `"checked"`},
	})
}

func TestExplain_Social(t *testing.T) {
	t.Parallel()
	says := func(known map[string]string, token func(*http.Request) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			answer, ok := known[token(r)]
			if !ok {
				w.WriteHeader(http.StatusBadRequest)
			}
			io.WriteString(w, answer)
		}
	}
	bearer := func(r *http.Request) string { return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") }
	access := func(r *http.Request) string { return r.FormValue("access_token") }
	signed := func(r *http.Request) string {
		_, rest, _ := strings.Cut(r.Header.Get("Authorization"), `oauth_token="`)
		token, _, _ := strings.Cut(rest, `"`)
		return token
	}
	amazon := members{"iss": "https://www.amazon.com", "user_id": "u", "app_id": "app", "aud": "client", "exp": 60}
	tells := func(changes ...any) string { return string(must(json.Marshal(with(amazon, changes...)))) }
	here := social(t, map[string]http.HandlerFunc{
		"/app": says(map[string]string{"good": `{"id":"app"}`, "foreign": `{"id":"other"}`, "nobody": `{"id":"app"}`, "empty": `{"id":"app"}`, "odd": `[]`}, bearer),
		"/me":  says(map[string]string{"good": `{"id":"u"}`, "empty": `{"id":""}`}, bearer),
		"/auth/o2/tokeninfo": says(map[string]string{
			"good": tells(), "foreign": tells("app_id", "x", "aud", "y"), "late": tells("exp", 0), "evil": tells("iss", "https://evil.example"), "nobody": tells("user_id", nil),
		}, access),
		"/1.1/account/verify_credentials.json": says(map[string]string{"good": `{"id_str":"u"}`, "odd": `{"id":5}`}, signed),
	})
	const facebook, lwa, twitter = "graph.facebook.com", "www.amazon.com", "api.twitter.com"
	w := newWorld(t, nil, at(facebook, Endpoint{URL: here}), at(lwa, Endpoint{URL: here}), at(twitter, Endpoint{URL: here}))
	w.pool.LoginProviders = map[string]string{facebook: "app", lwa: "app", twitter: "key;secret"}
	w.explain(facebook, "good", []explained{
		{"a line end", "go\nod", "form", "printable", "not printable ASCII"},
		{"unknown", "x", "app", `one of the pool's apps: "app"`, "status 400"},
		{"no answer to use", "odd", "app", "Facebook", "not a JSON object"},
		{"another app", "foreign", "app", `"app"`, `"other"`},
		{"no user", "nobody", "user", "whose", "status 400"},
		{"an empty user", "empty", "subject", "1 to 1024 bytes", `""`},
	})
	w.explain(lwa, "good", []explained{
		{"unknown", "x", "answer", "Login with Amazon", "status 400"},
		{"another application", "foreign", "app", `"app"`, `application "x", client "y"`},
		{"another issuer", "evil", "issuer", "https://www.amazon.com", "evil.example"},
		{"expired", "late", "times", "more than 0", "expired"},
		{"no user", "nobody", "user", "user_id", "missing claim user_id"},
	})
	w.explain(twitter, "good;secret", []explained{
		{"no secret", "good", "form", "semicolon", "not sent"},
		{"unknown", "x;secret", "answer", twitter, "status 400"},
		{"no user", "odd;secret", "user", "id_str", "without id_str"},
	})
	w.pool.LoginProviders[twitter] = "key"
	if got := w.refusedAt(twitter, "good;secret"); got != "registration" {
		t.Errorf("a pool without the consumer's secret: refused at %q", got)
	}
}

func TestExplain_SAML(t *testing.T) {
	t.Parallel()
	w := samlWorld(t)
	const sha256 = dsig.RSASHA256SignatureMethod
	of := func(pairs ...string) string {
		return encoded(response(signed(rsaOne(), sha256, changed(t, pairs...))))
	}
	good := encoded(response(signed(rsaOne(), sha256, plainAssertion)))
	w.explain(samlARN, good, []explained{
		{"no base64", "<" + good, "form", "base64", "not base64"},
		{"no assertion", encoded(response()), "form", "one assertion", "0 assertions"},
		{"another's signature", encoded(response(signed(rsaTwo(), sha256, plainAssertion))), "assertion", entityID, "bad signature"},
		{"an empty name", of(">ann<", "><"), "subject", "1 to 1024 bytes", `""`},
	})
	w.clock.goOn(time.Hour)
	if got := w.refusedAt(samlARN, good); got != "assertion" {
		t.Errorf("an hour later: refused at %q", got)
	}
	w.accounts.saml["corporate"] = ""
	if got := w.refusedAt(samlARN, good); got != "registration" {
		t.Errorf("a provider that is not registered: refused at %q", got)
	}
}
