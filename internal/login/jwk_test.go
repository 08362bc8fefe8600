package login

import (
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// The cases are those that published collections of bad JWKs have, made anew.
func TestAttack05_KeySets(t *testing.T) {
	t.Parallel()
	goodRSA, goodEC := jwk("k", rsaOne().Public()), jwk("k", ecOne().Public())
	n := rsaOne().N
	sized := func(bits uint) string {
		return b64(new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1)).Bytes())
	}
	p := elliptic.P256().Params().P
	point := must(ecOne().PublicKey.Bytes())
	x, y := point[1:33], point[33:]
	type key = any
	for _, tc := range []struct {
		name string
		keys []key
		alg  jose.SignatureAlgorithm
		want int // how many keys a token with kid k could mean
	}{
		{"twin: RSA", []key{goodRSA}, "RS256", 1},
		{"twin: EC", []key{goodEC}, "ES256", 1},
		{"twin: Ed25519", []key{jwk("k", ed25519K().Public())}, "EdDSA", 1},
		{"twin: no use", []key{with(goodRSA, "use", nil)}, "RS256", 1},
		{"twin: key_ops verify", []key{with(goodRSA, "key_ops", []string{"verify"})}, "RS256", 1},
		{"twin: alg of the key", []key{with(goodRSA, "alg", "RS512")}, "RS512", 1},
		{"twin: unknown members", []key{with(goodRSA, "x", 1, "nbf", "y", "x5c", []string{"-"})}, "RS256", 1},
		{"twin: 4096 bits", []key{with(goodRSA, "n", sized(4096))}, "RS256", 1},
		{"twin: exponent 3", []key{with(goodRSA, "e", "Aw")}, "RS256", 1},
		{"twin: the same key twice", []key{goodRSA, goodRSA}, "RS256", 1},
		{"twin: one kid, two kinds", []key{goodRSA, goodEC}, "ES256", 1},
		{"twin: one kid, two algorithms", []key{with(goodRSA, "alg", "RS256"), with(jwk("k", rsaTwo().Public()), "alg", "PS256")}, "PS256", 1},

		{"alg of another use of RSA", []key{with(goodRSA, "alg", "RSA-OAEP")}, "RS256", 0},
		{"alg of another kind", []key{with(goodRSA, "alg", "ES256")}, "RS256", 0},
		{"alg HS256", []key{with(goodRSA, "alg", "HS256")}, "RS256", 0},
		{"alg none", []key{with(goodRSA, "alg", "none")}, "RS256", 0},
		{"alg null", []key{with(goodRSA, "alg", json.RawMessage("null"))}, "RS256", 0},
		{"alg that the key is not for", []key{with(goodRSA, "alg", "RS512")}, "RS256", 0},
		{"use enc", []key{with(goodRSA, "use", "enc")}, "RS256", 0},
		{"use of a number", []key{with(goodRSA, "use", 1)}, "RS256", 0},
		{"key_ops encrypt", []key{with(goodRSA, "key_ops", []string{"encrypt"})}, "RS256", 0},
		{"key_ops empty", []key{with(goodRSA, "key_ops", []string{})}, "RS256", 0},
		{"key_ops verify and encrypt", []key{with(goodRSA, "key_ops", []string{"verify", "encrypt"})}, "RS256", 0},
		{"key_ops verify twice", []key{with(goodRSA, "key_ops", []string{"verify", "verify"})}, "RS256", 0},
		{"key_ops no list", []key{with(goodRSA, "key_ops", "verify")}, "RS256", 0},
		{"RSA of 1024 bits", []key{with(goodRSA, "n", sized(1024))}, "RS256", 0},
		{"RSA of 2047 bits", []key{with(goodRSA, "n", sized(2047))}, "RS256", 0},
		{"RSA of 8192 bits", []key{with(goodRSA, "n", sized(8192))}, "RS256", 0},
		{"even modulus", []key{with(goodRSA, "n", b64(new(big.Int).Add(n, big.NewInt(1)).Bytes()))}, "RS256", 0},
		{"exponent 1", []key{with(goodRSA, "e", "AQ")}, "RS256", 0},
		{"exponent 0", []key{with(goodRSA, "e", "AA")}, "RS256", 0},
		{"exponent even", []key{with(goodRSA, "e", "Ag")}, "RS256", 0},
		{"exponent of 64 bits", []key{with(goodRSA, "e", "AQAAAAAAAAE")}, "RS256", 0},
		{"exponent a number", []key{with(goodRSA, "e", 65537)}, "RS256", 0},
		{"ROCA", []key{with(goodRSA, "n", b64(roca().Bytes()))}, "RS256", 0},
		{"base64 with padding", []key{with(goodRSA, "n", base64.URLEncoding.EncodeToString(n.Bytes()))}, "RS256", 0},
		{"base64 of the other alphabet", []key{with(goodRSA, "n", "++//"+b64(n.Bytes())[4:])}, "RS256", 0},
		{"base64 with line ends", []key{with(goodRSA, "n", b64(n.Bytes())[:8]+"\n"+b64(n.Bytes())[8:])}, "RS256", 0},
		{"no modulus", []key{with(goodRSA, "n", nil)}, "RS256", 0},
		{"no exponent", []key{with(goodRSA, "e", nil)}, "RS256", 0},
		{"private RSA key", []key{with(goodRSA, "d", "AQAB")}, "RS256", 0},
		{"private EC key", []key{with(goodEC, "d", "AQAB")}, "ES256", 0},
		{"symmetric key", []key{members{"kty": "oct", "kid": "k", "k": "AAAA"}}, "RS256", 0},
		{"RSA with a symmetric key in it", []key{with(goodRSA, "k", "AAAA")}, "RS256", 0},
		{"another curve named", []key{with(goodEC, "crv", "P-384")}, "ES384", 0},
		{"curve of another use", []key{with(goodEC, "crv", "secp256k1")}, "ES256", 0},
		{"curve in lower case", []key{with(goodEC, "crv", "p-256")}, "ES256", 0},
		{"no curve", []key{with(goodEC, "crv", nil)}, "ES256", 0},
		{"not on the curve", []key{with(goodEC, "y", b64(x))}, "ES256", 0},
		{"the point at infinity", []key{with(goodEC, "x", b64(make([]byte, 32)), "y", b64(make([]byte, 32)))}, "ES256", 0},
		{"coordinate not below p", []key{with(goodEC, "x", b64(new(big.Int).Add(p, big.NewInt(1)).Bytes()))}, "ES256", 0},
		{"short coordinate", []key{with(goodEC, "x", b64(x[1:]))}, "ES256", 0},
		{"long coordinate", []key{with(goodEC, "x", b64(append([]byte{0}, x...)), "y", b64(y))}, "ES256", 0},
		{"kty of EC with RSA's members", []key{with(goodRSA, "kty", "EC")}, "RS256", 0},
		{"kty in lower case", []key{with(goodRSA, "kty", "rsa")}, "RS256", 0},
		{"no kty", []key{with(goodRSA, "kty", nil)}, "RS256", 0},
		{"kid a number", []key{with(goodRSA, "kid", 1)}, "RS256", 0},
		{"Ed25519, short", []key{with(jwk("k", ed25519K().Public()), "x", "AAAA")}, "EdDSA", 0},
		{"one kid, two keys", []key{goodRSA, jwk("k", rsaTwo().Public())}, "RS256", 0},
		{"one kid, two keys, alg of one", []key{with(goodRSA, "alg", "RS256"), jwk("k", rsaTwo().Public())}, "RS256", 0},
	} {
		set, err := parseKeySet(must(json.Marshal(members{"keys": tc.keys})))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		got := 0
		if _, ok := set.find(tc.alg, "k", true); ok {
			got = 1
		}
		if got != tc.want {
			t.Errorf("%s: got %d keys for %s, want %d", tc.name, got, tc.alg, tc.want)
		}
		if all := len(set.keys) + set.skipped; all != len(tc.keys) {
			t.Errorf("%s: %d keys in use and %d skipped of %d", tc.name, len(set.keys), set.skipped, len(tc.keys))
		}
	}
	for _, text := range []string{"", "null", "[]", "{}", `{"keys":null}`, `{"keys":{}}`, `{"keys":"x"}`, `{"keys":[`, `{"keys":[],"keys":[]}`, `{"Keys":[]}`, "\xff"} {
		if set, err := parseKeySet([]byte(text)); err == nil {
			t.Errorf("%q: got %+v, want an error", text, set)
		}
	}
}

// roca returns a modulus with the mark of the broken generator: the product of two numbers
// of its form (primes, there) for 1024 bits.
func roca() *big.Int {
	m := big.NewInt(2)
	for _, p := range primesTo(701) {
		m.Mul(m, big.NewInt(p))
	}
	number := func(a, k int64) *big.Int {
		v := new(big.Int).Exp(big.NewInt(65537), big.NewInt(a), m)
		return v.Add(v, new(big.Int).Mul(big.NewInt(k), m))
	}
	shift := int64(1) << 53
	return new(big.Int).Mul(number(12345, shift+1), number(678, shift+8))
}

func primesTo(n int64) (odd []int64) {
	for p := int64(3); p <= n; p += 2 {
		if big.NewInt(p).ProbablyPrime(0) {
			odd = append(odd, p)
		}
	}
	return odd
}

func TestIsROCA(t *testing.T) {
	t.Parallel()
	if n := roca(); n.BitLen() < minRSA || n.BitLen() > maxRSA || n.Bit(0) == 0 || !isROCA(n) {
		t.Errorf("%d bits: not recognised", n.BitLen())
	}
	for range 3 {
		if n := newRSA().N; isROCA(n) {
			t.Errorf("%x: recognised", n)
		}
	}
}

func FuzzKeySet(f *testing.F) {
	f.Add(must(json.Marshal(members{"keys": []members{jwk("a", rsaOne().Public()), jwk("b", ecOne().Public()), jwk("c", ed25519K().Public())}})))
	f.Add([]byte(`{"keys":[null,{},{"kty":"RSA","n":"AQ","e":"AQAB"},{"kty":"oct","k":"AA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-521","x":"","y":""}],"x":{"keys":[]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := parseKeySet(text)
		if err != nil {
			return
		}
		for _, k := range set.keys {
			// What is in the set can be asked for, and says the same of itself again.
			for _, alg := range k.algorithms {
				set.find(alg, k.id, true)
			}
			if len(k.algorithms) == 0 || k.public == nil {
				t.Errorf("key without use: %+v", k)
			}
			again, err := parseKeySet(must(json.Marshal(members{"keys": []members{jwk(k.id, k.public)}})))
			if err != nil || len(again.keys) != 1 || !equalKeys(again.keys[0].public, k.public) {
				t.Errorf("%+v written and read again: %+v, %v", k, again, err)
			}
		}
	})
}
