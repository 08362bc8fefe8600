package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA512
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/seal"
)

// rsaBits is the size of new RSA keys, and the least that any may have (RFC 7518,
// section 3.3).
const rsaBits = 2048

func generate(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case RS512, RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, fmt.Errorf("unknown signature algorithm %q", algorithm)
}

// A key is what is derived from one row, ready to sign.
type key struct {
	row *identity.SigningKey
	// header is the encoded JOSE header with the dot after it.
	header        string
	private       crypto.Signer
	hash          crypto.Hash
	signatureSize int
	// public is the member of the key set.
	public json.RawMessage
}

// isOf reports whether k was derived from a row with this content. Those times of a row that
// change are nothing that k depends on.
func (k *key) isOf(row *identity.SigningKey) bool {
	return k.row.KeyID == row.KeyID && k.row.Algorithm == row.Algorithm &&
		bytes.Equal(k.row.Private, row.Private) && bytes.Equal(k.row.Public, row.Public)
}

// KeyPurpose is what a private key is sealed for. It binds it to its id and also to its algorithm, so that nobody
// who can write to the database can downgrade it.
func KeyPurpose(keyID, algorithm string) string {
	return "signing-key/" + keyID + "/" + algorithm
}

// sealKey writes the key into row, whose KeyID and Algorithm are set.
func sealKey(s *seal.Key, row *identity.SigningKey, private crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	if row.Public, err = x509.MarshalPKIXPublicKey(private.Public()); err != nil {
		return err
	}
	row.Private = s.Seal(KeyPurpose(row.KeyID, row.Algorithm), der)
	return nil
}

// openKey is the only way from a row to a key, and certified puts a certificate into its
// member of the key set. It refuses a row that is not as sealKey made it, an RSA key that is too
// short and a key that is not for the row's algorithm.
func openKey(s *seal.Key, row *identity.SigningKey, certified bool) (*key, error) {
	der, err := s.Open(KeyPurpose(row.KeyID, row.Algorithm), row.Private)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	k := &key{row: row}
	jwk := jwk{Algorithm: row.Algorithm, Use: "sig", KeyID: row.KeyID}
	switch private := parsed.(type) {
	case *rsa.PrivateKey:
		if bits := private.N.BitLen(); bits < rsaBits {
			return nil, fmt.Errorf("RSA key of %d bits is too short", bits)
		}
		switch row.Algorithm {
		case RS512:
			k.hash = crypto.SHA512
		case RS256:
			k.hash = crypto.SHA256
		default:
			return nil, fmt.Errorf("RSA key is not for %q", row.Algorithm)
		}
		k.private, k.signatureSize = private, private.Size()
		jwk.Type, jwk.N, jwk.E = "RSA", encode(private.N.Bytes()), encode(big.NewInt(int64(private.E)).Bytes())
	case *ecdsa.PrivateKey:
		if private.Curve != elliptic.P256() || row.Algorithm != ES256 {
			return nil, fmt.Errorf("elliptic key on %s is not for %q", private.Curve.Params().Name, row.Algorithm)
		}
		k.private, k.hash, k.signatureSize = private, crypto.SHA256, 64
		point, err := private.PublicKey.Bytes()
		if err != nil {
			return nil, err
		}
		// SEC 1, section 2.3.3: 04, then X and Y at full width.
		jwk.Type, jwk.Curve, jwk.X, jwk.Y = "EC", "P-256", encode(point[1:33]), encode(point[33:])
	case ed25519.PrivateKey:
		if row.Algorithm != EdDSA {
			return nil, fmt.Errorf("Ed25519 key is not for %q", row.Algorithm)
		}
		k.private, k.signatureSize = private, ed25519.SignatureSize
		jwk.Type, jwk.Curve, jwk.X = "OKP", "Ed25519", encode(private.Public().(ed25519.PublicKey))
	default:
		return nil, fmt.Errorf("%T is not for %q", parsed, row.Algorithm)
	}

	public, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(public, row.Public) {
		return nil, errors.New("public key is not that of the private key")
	}
	if certified {
		der, err := certificate(row, k.private)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		// In standard base64, other than all else of JOSE (RFC 7517, section 4.7).
		jwk.Certificates = []string{base64.StdEncoding.EncodeToString(der)}
	}
	header, err := appendHeader(nil, row.KeyID, row.Algorithm)
	if err != nil {
		return nil, err
	}
	k.header = encode(header) + "."
	k.public, err = json.Marshal(jwk)
	return k, err
}

// encode is base64url without padding, as all of JOSE has it (RFC 7515, section 2).
func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// sign returns the JWS signature of input.
//
// No RSA signature leaves that does not verify: a fault in its computation can
// give the private key away (Boneh, DeMillo and Lipton, 1997), so crypto/rsa checks each.
// The other signatures are not checked again: that would cost more than they do.
func (r *Ring) sign(ctx context.Context, k *key, input []byte) ([]byte, error) {
	if k.hash == 0 {
		return k.private.Sign(rand.Reader, input, crypto.Hash(0))
	}
	h := k.hash.New()
	h.Write(input)
	digest := h.Sum(nil)
	if k.row.Algorithm != ES256 {
		return r.queue.signature(ctx, k.private, k.hash, digest)
	}
	der, err := k.private.Sign(rand.Reader, digest, k.hash)
	if err != nil {
		return nil, err
	}
	return fixedWidth(der)
}

// fixedWidth turns a P-256 signature in ASN.1 into R and S of 32 bytes each (RFC 7518,
// section 3.4).
func fixedWidth(der []byte) ([]byte, error) {
	var s struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &s); err != nil || len(rest) > 0 {
		return nil, errors.New("signature is not ASN.1")
	}
	if s.R.Sign() <= 0 || s.S.Sign() <= 0 || s.R.BitLen() > 256 || s.S.BitLen() > 256 {
		return nil, errors.New("signature is out of range")
	}
	fixed := make([]byte, 64)
	s.R.FillBytes(fixed[:32])
	s.S.FillBytes(fixed[32:])
	return fixed, nil
}
