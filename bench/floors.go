package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
)

// What the floors know: one pool, one access key.
const (
	floorPool     = region + ":11111111-2222-4333-8444-555555555555"
	floorProvider = "login.example"
	floorKeyID    = "AKIAFLOORFLOORFLOOR0"
	floorSecret   = "floor/floor/floor/floor/floor/floor/floo"
)

// The floors, each of which does one thing more than the one before. The last three
// differ in the signature of their tokens.
const (
	floorBare  = "bare"
	floorJSON  = "json"
	floorSigV4 = "sigv4"
	floorES256 = "es256"
	floorEdDSA = "eddsa"
	floorRS512 = "rs512"
)

// A floor is a plain net/http server that does some of what a token takes, as it would
// be written for that alone. It shares no code with the program.
type floor struct {
	decodes, verifies bool
	// sign returns the signature of a token; nil: the answer is fixed.
	sign    func(input []byte) ([]byte, error)
	header  string // the JOSE header with the dot after it, encoded
	keySet  []byte
	fixed   []byte
	issuer  string
	derived sync.Map // string, of a credential scope, to []byte

	mu         sync.RWMutex
	identities map[string]string // guarded by mu
}

func newFloor(name string) (*floor, error) {
	f := &floor{
		decodes: name != floorBare, verifies: name != floorBare && name != floorJSON,
		identities: make(map[string]string),
		// As long as an answer with an RS512 token.
		fixed: fmt.Appendf(nil, `{"IdentityId":%q,"Token":%q}`, floorPool, strings.Repeat("x", 960)),
	}
	var public any
	algorithm := jose.SignatureAlgorithm(strings.ToUpper(name))
	switch name {
	case floorBare, floorJSON, floorSigV4:
		return f, nil
	case floorES256:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		public, f.sign = key.Public(), func(input []byte) ([]byte, error) {
			digest := sha256.Sum256(input)
			r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
			if err != nil {
				return nil, err
			}
			signature := make([]byte, 64)
			r.FillBytes(signature[:32])
			s.FillBytes(signature[32:])
			return signature, nil
		}
	case floorEdDSA:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		algorithm = jose.EdDSA
		public, f.sign = key.Public(), func(input []byte) ([]byte, error) { return ed25519.Sign(key, input), nil }
	case floorRS512:
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		public, f.sign = key.Public(), func(input []byte) ([]byte, error) {
			digest := sha512.Sum512(input)
			return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA512, digest[:])
		}
	default:
		return nil, fmt.Errorf("no floor is called %q", name)
	}
	f.header = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"kid":"floor-1","typ":"JWS","alg":%q}`, algorithm)) + "."
	var err error
	f.keySet, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: public, KeyID: "floor-1", Algorithm: string(algorithm), Use: "sig"},
	}})
	return f, err
}

// serveFloor serves a floor until its process is ended.
func serveFloor(name string, out io.Writer) error {
	f, err := newFloor(name)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f.issuer = "http://" + l.Addr().String()
	fmt.Fprintln(out, "floor", name, listens+f.issuer)
	return http.Serve(l, f)
}

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		w.Write(f.keySet)
		return
	}
	answer, err := f.answer(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-amz-json-1.1")
	h.Set("X-Amzn-Requestid", "6f0f3a3e-5c1d-4c1c-9d7e-2f1f6b1f0a77")
	w.Write(answer)
}

func (f *floor) answer(r *http.Request) ([]byte, error) {
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return nil, err
	}
	if !f.decodes {
		return f.fixed, nil
	}
	var in struct {
		IdentityPoolId string
		Logins         map[string]string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	user := in.Logins[floorProvider]
	if in.IdentityPoolId != floorPool || user == "" {
		return nil, errors.New("no such pool or no user")
	}
	if f.verifies {
		if err := f.verify(r, body); err != nil {
			return nil, err
		}
	}
	if f.sign == nil {
		return f.fixed, nil
	}
	var out struct{ IdentityId, Token string }
	out.IdentityId = f.identity(user)
	var err error
	if out.Token, err = f.token(out.IdentityId, user); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

func (f *floor) identity(user string) string {
	f.mu.RLock()
	id, found := f.identities[user]
	f.mu.RUnlock()
	if found {
		return id
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if id, found = f.identities[user]; !found {
		id = region + ":" + uuid.NewString()
		f.identities[user] = id
	}
	return id
}

func (f *floor) token(id, user string) (string, error) {
	now := time.Now().Unix()
	payload, err := json.Marshal(struct {
		Subject  string   `json:"sub"`
		Audience string   `json:"aud"`
		AMR      []string `json:"amr"`
		Issuer   string   `json:"iss"`
		PoolARN  string   `json:"https://cognito-identity.amazonaws.com/identity-pool-arn"`
		Expires  int64    `json:"exp"`
		Issued   int64    `json:"iat"`
	}{
		id, floorPool, []string{"authenticated", floorProvider, floorProvider + ":" + floorPool + ":" + user}, f.issuer,
		"arn:aws:cognito-identity:" + region + ":000000000000:identitypool/" + floorPool, now + 900, now,
	})
	if err != nil {
		return "", err
	}
	token := base64.RawURLEncoding.AppendEncode([]byte(f.header), payload)
	signature, err := f.sign(token)
	if err != nil {
		return "", err
	}
	return string(base64.RawURLEncoding.AppendEncode(append(token, '.'), signature)), nil
}

var errSignature = errors.New("the signature does not hold")

// verify checks an AWS Signature Version 4 in the Authorization header of a POST to /.
func (f *floor) verify(r *http.Request, body []byte) error {
	rest, found := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="+floorKeyID+"/")
	if !found {
		return errSignature
	}
	scope, rest, _ := strings.Cut(rest, ", SignedHeaders=")
	names, signature, _ := strings.Cut(rest, ", Signature=")
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", stamp)
	if err != nil || time.Since(at).Abs() > 5*time.Minute {
		return errSignature
	}
	parts := strings.Split(scope, "/")
	if len(parts) != 4 || parts[0] != stamp[:8] || parts[1] != region || parts[2] != "cognito-identity" || parts[3] != "aws4_request" {
		return errSignature
	}
	signed := strings.Split(names, ";")
	if !slices.Contains(signed, "host") || !slices.Contains(signed, "x-amz-date") {
		return errSignature
	}

	var b bytes.Buffer
	b.Grow(1024)
	b.WriteString("POST\n/\n\n")
	for _, name := range signed {
		b.WriteString(name)
		b.WriteByte(':')
		if name == "host" {
			b.WriteString(r.Host)
		} else {
			b.WriteString(strings.TrimSpace(strings.Join(r.Header.Values(name), ",")))
		}
		b.WriteByte('\n')
	}
	sum := sha256.Sum256(body)
	b.WriteByte('\n')
	b.WriteString(names)
	b.WriteByte('\n')
	b.WriteString(hex.EncodeToString(sum[:]))
	canonical := sha256.Sum256(b.Bytes())

	mac := hmac.New(sha256.New, f.key(scope, parts))
	io.WriteString(mac, "AWS4-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+hex.EncodeToString(canonical[:]))
	given, err := hex.DecodeString(signature)
	if err != nil || !hmac.Equal(mac.Sum(nil), given) {
		return errSignature
	}
	return nil
}

// key derives the key of a credential scope, once.
func (f *floor) key(scope string, parts []string) []byte {
	if key, found := f.derived.Load(scope); found {
		return key.([]byte)
	}
	key := []byte("AWS4" + floorSecret)
	for _, part := range parts {
		mac := hmac.New(sha256.New, key)
		io.WriteString(mac, part)
		key = mac.Sum(nil)
	}
	f.derived.Store(strings.Clone(scope), key)
	return key
}
