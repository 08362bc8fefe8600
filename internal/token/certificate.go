package token

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// noEnd is the notAfter of certificates that have no end (RFC 5280, section 4.1.2.5).
var noEnd = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// certificate returns a self-signed certificate of the key, in DER. It says nothing that the
// key set does not, and is for verifiers that know keys by certificates alone.
//
// It is a function of the row: some pin its fingerprint, so every node must serve the same
// bytes at any time. Without a source of randomness, RSA PKCS #1 v1.5, Ed25519 and, by RFC
// 6979, ECDSA sign the same with the same signature.
func certificate(row *identity.SigningKey, private crypto.Signer) ([]byte, error) {
	sum := sha256.Sum256(row.Public)
	template := &x509.Certificate{
		// Positive, and of at most 20 octets (RFC 5280, section 4.1.2.2).
		SerialNumber: new(big.Int).SetBytes(append([]byte{1}, sum[:15]...)),
		Subject:      pkix.Name{CommonName: row.KeyID},
		NotBefore:    row.Created,
		NotAfter:     noEnd,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	return x509.CreateCertificate(nil, template, template, private.Public(), private)
}
