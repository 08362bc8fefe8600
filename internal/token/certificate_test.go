package token_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/poolkeeper/poolkeeper/internal/token"
)

// Asked for, each key has a certificate, by which alone its tokens verify; and it is the same
// from any node, at any time.
func TestRing_KeySet_Certificates(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		cl := new(clock)
		store := openStore(t, cl.now)
		c := config(t, store, cl.now)
		c.Algorithm, c.Certificates = algorithm, true
		r := ensured(t, c)
		raw := issue(t, r, claims(start))
		keys := keySet(t, r).Keys
		if len(keys) != 1 || len(keys[0].Certificates) != 1 {
			t.Fatalf("%s: got %d keys with %d certificates", algorithm, len(keys), len(keys[0].Certificates))
		}
		cert := keys[0].Certificates[0]
		public, ok := keys[0].Key.(interface{ Equal(crypto.PublicKey) bool })
		if !ok || !public.Equal(cert.PublicKey) {
			t.Errorf("%s: the certificate is of another key", algorithm)
		}
		if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
			t.Errorf("%s: the certificate is not signed by its key: %v", algorithm, err)
		}
		if cert.Subject.CommonName != "us-east-1-1" || cert.IsCA || !cert.NotBefore.Equal(start) || cert.NotAfter.Year() != 9999 ||
			cert.SerialNumber.Sign() <= 0 || cert.SerialNumber.BitLen() > 159 || cert.KeyUsage != x509.KeyUsageDigitalSignature {
			t.Errorf("%s: got %v by %v, %v to %v, serial %v", algorithm, cert.Subject, cert.Issuer, cert.NotBefore, cert.NotAfter, cert.SerialNumber)
		}
		jws, err := jose.ParseSignedCompact(raw, joseAlgorithms)
		if err == nil {
			_, err = jws.Verify(cert.PublicKey)
		}
		if err != nil {
			t.Errorf("%s: a token by the certificate: %v", algorithm, err)
		}

		first, err := r.KeySet(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cl.goTo(90 * day)
		second, err := newRing(t, c).KeySet(t.Context())
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: another node, later: %v\n%s\n%s", algorithm, err, first, second)
		}
		c.Certificates = false
		if without, err := newRing(t, c).KeySet(t.Context()); err != nil || bytes.Contains(without, []byte("x5c")) {
			t.Errorf("%s: not asked for: got %s, %v", algorithm, without, err)
		}
	}
}

// Fingerprints are pinned by others, so no version of the program may change them.
func TestRing_KeySet_Certificates_Pinned(t *testing.T) {
	t.Parallel()
	number := func(text string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(b)
	}
	// RFC 7515, appendices A.2.1 and A.3.1.
	p := number("4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc")
	q := number("uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc")
	one, e := big.NewInt(1), 65537
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	rsaKey := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: e},
		D:         new(big.Int).ModInverse(big.NewInt(int64(e)), phi), Primes: []*big.Int{p, q},
	}
	rsaKey.Precompute()
	if err := rsaKey.Validate(); err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), number("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		algorithm string
		private   crypto.Signer
		want      string
	}{
		{token.RS512, rsaKey, "a54075ea28dd49f4b492f69ea213f457fc1caf73"},
		{token.ES256, p256, "c108c6e94926a6e5580a7e1b5d52d9d3795f34b7"},
		{token.EdDSA, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)), "6412576e7eca9bec0cb5285777ddb87c2a10839e"},
	} {
		cl := new(clock)
		store := openStore(t, cl.now)
		c := config(t, store, cl.now)
		c.Certificates = true
		insert(t, store, row(t, c.Seal, tc.algorithm, tc.private))
		body, err := newRing(t, c).KeySet(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var set struct{ Keys []struct{ X5c []string } }
		if err := json.Unmarshal(body, &set); err != nil {
			t.Fatal(err)
		}
		// Standard base64, in one line: RFC 7517, section 4.7.
		der, err := base64.StdEncoding.Strict().DecodeString(set.Keys[0].X5c[0])
		if err != nil {
			t.Fatal(err)
		}
		sum := sha1.Sum(der)
		if got := hex.EncodeToString(sum[:]); got != tc.want {
			t.Errorf("%s: fingerprint %s, want %s", tc.algorithm, got, tc.want)
		}
	}
}
