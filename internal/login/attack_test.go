package login

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
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
