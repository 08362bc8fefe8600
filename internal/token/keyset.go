package token

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A jwk is a public key in a key set: RFC 7517, section 4; RFC 7518, section 6; RFC 8037,
// section 2. Members stand in the order observed in AWS's key set.
type jwk struct {
	Type      string `json:"kty"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
	KeyID     string `json:"kid"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	// Certificates is empty unless they are asked for.
	Certificates []string `json:"x5c,omitempty"`
}

// KeySet returns the JWK set by which tokens are verified, with every key that has
// been published and has not expired, lowest number first. The same keys give the
// same bytes. A client may cache it for [KeySetMaxAge].
//
// AWS's own key set had n in standard base64 with a sign byte (observed in 2020); this
// one follows RFC 7518.
func (r *Ring) KeySet(ctx context.Context) ([]byte, error) {
	published, err := r.published(ctx)
	if err != nil {
		return nil, fmt.Errorf("make key set: %w", err)
	}
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, k := range published {
		set.Keys = append(set.Keys, k.public)
	}
	return json.Marshal(set)
}

// Discovery returns the discovery document (OpenID Connect Discovery 1.0,
// section 3), as far as it is true of this issuer, which has no endpoint for
// authorisation. Nothing in it comes from a request. The algorithms are those of the keys
// in the key set; a client may cache it for [KeySetMaxAge].
func (r *Ring) Discovery(ctx context.Context) ([]byte, error) {
	published, err := r.published(ctx)
	if err != nil {
		return nil, fmt.Errorf("make discovery document: %w", err)
	}
	algorithms := []string{}
	for _, k := range published {
		if !slices.Contains(algorithms, k.row.Algorithm) {
			algorithms = append(algorithms, k.row.Algorithm)
		}
	}
	return json.Marshal(struct {
		Issuer        string   `json:"issuer"`
		KeySet        string   `json:"jwks_uri"`
		ResponseTypes []string `json:"response_types_supported"`
		SubjectTypes  []string `json:"subject_types_supported"`
		Algorithms    []string `json:"id_token_signing_alg_values_supported"`
		Claims        []string `json:"claims_supported"`
	}{
		Issuer: r.issuer,
		// The last segment is jwks_uri on AWS too.
		KeySet:        r.issuer + "/.well-known/jwks_uri",
		ResponseTypes: []string{"id_token"},
		SubjectTypes:  []string{"public"},
		Algorithms:    algorithms,
		Claims:        []string{"sub", "aud", "amr", claimTags, "iss", claimPoolARN, "exp", "iat"},
	})
}

// published returns the keys that belong in the key set. It opens each, so that a public
// key which somebody else has put into the database is not published.
func (r *Ring) published(ctx context.Context) ([]*key, error) {
	rows, now, err := r.rows(ctx)
	if err != nil {
		return nil, err
	}
	return r.openAll(live(rows, now))
}

func (r *Ring) openAll(rows []*identity.SigningKey) ([]*key, error) {
	keys := make([]*key, len(rows))
	for i, row := range rows {
		k, err := r.open(row)
		if err != nil {
			return nil, err
		}
		keys[i] = k
	}
	return keys, nil
}
