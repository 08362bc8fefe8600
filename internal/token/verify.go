package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

var _ identity.TokenVerifier = (*Ring)(nil)

// maxToken is longer than any token that Issue makes of a request of the size that servers
// take.
const maxToken = 64 << 10

// VerifyOwn implements [identity.TokenVerifier]. A token is one of this service when it
// names the issuer, and proved to be one by a key of the key set. The key's row says the
// algorithm; the token must say the same.
func (r *Ring) VerifyOwn(ctx context.Context, token api.Secret) (*identity.OwnClaims, error) {
	t := explain.From(ctx)
	t.Plan("form", "issuer", "times", "key", "algorithm", "signature", "claims")
	t.At("form", "a JSON Web Token of at most %d bytes: three parts with dots between, in base64url, the first two JSON objects", maxToken)
	j, err := parseToken(string(token))
	if err != nil {
		return nil, api.NotOwnToken.With().Because(err)
	}
	t.At("issuer", "iss to be that of this server: %s", explain.Quote(r.issuer))
	t.Found("%s", explain.Quote(j.claims.Issuer))
	if j.claims.Issuer != r.issuer {
		return nil, api.NotOwnToken.With().Because(fmt.Errorf("issuer %q is not ours", j.claims.Issuer))
	}
	rows, now, err := r.rows(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify token: %w", err)
	}
	t.At("times", "exp later than %s", explain.Time(now))
	t.Found("exp %s", explain.Time(time.Unix(j.claims.Expires, 0)))
	if now.Unix() >= j.claims.Expires {
		return nil, api.LoginTokenExpired.With(now.Unix(), j.claims.Expires)
	}
	rows = live(rows, now)
	t.At("key", "a key of the key set with kid %s", explain.Quote(j.header.KeyID))
	if t != nil {
		t.Found("keys %s", keyIDs(rows))
	}
	n := slices.IndexFunc(rows, func(row *identity.SigningKey) bool { return row.KeyID == j.header.KeyID })
	if n < 0 {
		return nil, api.LoginNotVerified.With().Because(fmt.Errorf("the key set has no key %q", j.header.KeyID))
	}
	t.At("algorithm", "that of the key: %s", rows[n].Algorithm)
	t.Found("%s", explain.Quote(j.header.Algorithm))
	if row := rows[n]; j.header.Algorithm != row.Algorithm {
		return nil, api.LoginNotVerified.With().Because(fmt.Errorf("key %s is for %s, not %q", row.KeyID, row.Algorithm, j.header.Algorithm))
	}
	k, err := r.open(rows[n])
	if err != nil {
		return nil, fmt.Errorf("verify token: %w", err)
	}
	t.At("signature", "one of the key, over what the token says")
	if !k.verifies(j.signed, j.signature) {
		return nil, api.LoginNotVerified.With().Because(errors.New("the signature is not that of the key"))
	}
	t.At("claims", "those of this server's tokens: sub, aud, amr, and an iat that is not in the future")
	t.Found("sub %s, aud %s, amr %s", explain.Quote(j.claims.Subject), explain.Quote(j.claims.Audience), explain.List(j.claims.AMR))
	return j.claims.own(now)
}

func keyIDs(rows []*identity.SigningKey) (ids explain.List) {
	for _, row := range rows {
		ids = append(ids, row.KeyID)
	}
	return ids
}

// A jws is a token, taken apart and not verified.
type jws struct {
	header struct {
		KeyID     string          `json:"kid"`
		Algorithm string          `json:"alg"`
		Critical  json.RawMessage `json:"crit"`
	}
	claims    claims
	signed    string
	signature []byte
}

// claims are those that appendPayload writes and a verifier reads.
type claims struct {
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	AMR      []string `json:"amr"`
	Tags     struct {
		Principal map[string][]string `json:"principal_tags"`
	} `json:"https://aws.amazon.com/tags"`
	Issuer   string `json:"iss"`
	Expires  int64  `json:"exp"`
	IssuedAt int64  `json:"iat"`
}

// parseToken takes a compact JWS apart (RFC 7515, section 7.1). Nothing of it may be
// trusted before its signature is verified.
func parseToken(token string) (*jws, error) {
	if len(token) > maxToken {
		return nil, fmt.Errorf("it has %d bytes", len(token))
	}
	if strings.ContainsAny(token, "\r\n") {
		return nil, errors.New("it has a line end") // which the decoder passes over
	}
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 || strings.Count(token, ".") != 2 {
		return nil, errors.New("it does not have three parts")
	}
	header, payload, _ := strings.Cut(token[:dot], ".")
	j := &jws{signed: token[:dot]}
	var err error
	if j.signature, err = base64.RawURLEncoding.Strict().DecodeString(token[dot+1:]); err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	for _, part := range []struct {
		name, text string
		into       any
	}{{"header", header, &j.header}, {"payload", payload, &j.claims}} {
		b, err := base64.RawURLEncoding.Strict().DecodeString(part.text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		if err := json.Unmarshal(b, part.into); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if j.header.Critical != nil {
		return nil, errors.New("header: it has critical extensions")
	}
	return j, nil
}

// verifies reports whether the signature is one of the key's.
func (k *key) verifies(signed string, signature []byte) bool {
	public := k.private.Public()
	if k.hash == 0 {
		return ed25519.Verify(public.(ed25519.PublicKey), []byte(signed), signature)
	}
	h := k.hash.New()
	h.Write([]byte(signed))
	digest := h.Sum(nil)
	switch public := public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, k.hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		if len(signature) != k.signatureSize {
			return false
		}
		half := k.signatureSize / 2
		return ecdsa.Verify(public, digest, new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
	}
	return false
}

// own returns the claims of a token that is verified. That they are complete follows from
// what Issue signs; it is checked, because much rests on it.
func (c *claims) own(now time.Time) (*identity.OwnClaims, error) {
	issued, expires := time.Unix(c.IssuedAt, 0).UTC(), time.Unix(c.Expires, 0).UTC()
	if c.Subject == "" || c.Audience == "" || len(c.AMR) == 0 || c.IssuedAt <= 0 || issued.After(now.Add(leeway)) {
		return nil, api.NotOwnToken.With().Because(errors.New("it has not the claims of our tokens"))
	}
	own := &identity.OwnClaims{Subject: c.Subject, Audience: c.Audience, AMR: c.AMR, IssuedAt: issued, Expires: expires}
	if len(c.Tags.Principal) > 0 {
		own.PrincipalTags = make(map[string]string, len(c.Tags.Principal))
	}
	for name, values := range c.Tags.Principal {
		if len(values) != 1 {
			return nil, api.NotOwnToken.With().Because(fmt.Errorf("tag %q has %d values", name, len(values)))
		}
		own.PrincipalTags[name] = values[0]
	}
	return own, nil
}
