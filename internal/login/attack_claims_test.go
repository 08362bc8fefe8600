package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

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
