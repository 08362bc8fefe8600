package login

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/poolkeeper/poolkeeper/internal/explain"
)

const (
	// maxKeyID is how long a kid may be, in a token or a key set.
	maxKeyID = 1024
	// The sizes of RSA keys: shorter ones can be broken, longer ones cost us too much.
	minRSA, maxRSA = 2048, 4096
)

var (
	rsaAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}
	// algorithms are all that a token may be signed by. Never one with a shared secret:
	// the public key would be the secret.
	algorithms = slices.Concat(rsaAlgorithms, []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512, jose.EdDSA})
)

// algorithmNames are those of algorithms, for explanations.
var algorithmNames = namesOf(algorithms)

func namesOf(all []jose.SignatureAlgorithm) (names explain.List) {
	for _, alg := range all {
		names = append(names, string(alg))
	}
	return names
}

// A webKey is a public key that may verify signatures.
type webKey struct {
	id         string
	public     crypto.PublicKey
	algorithms []jose.SignatureAlgorithm
}

// A keySet is what a provider publishes: keys, and the algorithms that it uses.
type keySet struct {
	keys       []webKey
	algorithms []jose.SignatureAlgorithm
	// skipped is how many entries of the set were of no use.
	skipped int
}

// find returns the key for a token. Without a kid there must be no choice (OpenID Connect
// Core, section 10.1).
func (s *keySet) find(alg jose.SignatureAlgorithm, kid string, named bool) (crypto.PublicKey, bool) {
	var found []webKey
	for _, k := range s.keys {
		if (!named || k.id == kid) && slices.Contains(k.algorithms, alg) {
			found = append(found, k)
		}
	}
	if len(found) != 1 {
		return nil, false
	}
	return found[0].public, true
}

func (s *keySet) ids() (ids explain.List) {
	for _, k := range s.keys {
		ids = append(ids, k.id)
	}
	return ids
}

// parseKeySet reads a JWK set (RFC 7517). An entry that is broken, secret, or not for
// verifying signatures is skipped and counted: it must not take the others with it.
func parseKeySet(text []byte) (*keySet, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if begin, err := d.ReadToken(); err != nil || begin.Kind() != '{' {
		return nil, errors.New("key set is not a JSON object")
	}
	var entries []jsontext.Value
	sets := 0
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, errors.New("key set is not JSON")
		}
		isKeys := name.String() == "keys"
		value, err := d.ReadValue()
		if err != nil {
			return nil, errors.New("key set is not JSON")
		}
		if isKeys {
			var ok bool
			if entries, ok = itemsOf(value.Clone()); !ok {
				return nil, errors.New("keys is not a list")
			}
			sets++
		}
	}
	if sets != 1 {
		return nil, errors.New("key set needs one member keys")
	}
	s := &keySet{}
	for _, e := range entries {
		if k, err := parseKey(e); err == nil {
			s.keys = append(s.keys, k)
		}
	}
	s.dropAmbiguous()
	s.skipped = len(entries) - len(s.keys)
	return s, nil
}

// dropAmbiguous removes keys that one kid and one algorithm would lead to, but for the
// first of equal ones.
func (s *keySet) dropAmbiguous() {
	byID := map[string][]int{}
	for i, k := range s.keys {
		byID[k.id] = append(byID[k.id], i)
	}
	drop := map[int]bool{}
	for id, all := range byID {
		// Without ids they are told apart by their algorithms, when a token comes.
		if id == "" {
			continue
		}
		for n, i := range all {
			for _, j := range all[n+1:] {
				a, b := s.keys[i], s.keys[j]
				switch {
				case !slices.ContainsFunc(a.algorithms, func(alg jose.SignatureAlgorithm) bool { return slices.Contains(b.algorithms, alg) }):
				case equalKeys(a.public, b.public):
					drop[j] = true
				default:
					drop[i], drop[j] = true, true
				}
			}
		}
	}
	kept := s.keys[:0]
	for i, k := range s.keys {
		if !drop[i] {
			kept = append(kept, k)
		}
	}
	s.keys = kept
}

func equalKeys(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// secretMembers are those of private and symmetric keys (RFC 7518, section 6).
var secretMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// parseKey reads a JWK (RFC 7517, section 4; RFC 7518, section 6; RFC 8037).
func parseKey(text jsontext.Value) (webKey, error) {
	o, err := parseObject(text)
	if err != nil {
		return webKey{}, err
	}
	for _, m := range secretMembers {
		if _, ok := o[m]; ok {
			return webKey{}, errors.New("the key is not public")
		}
	}
	if err := checkUse(o); err != nil {
		return webKey{}, err
	}
	k := webKey{}
	if _, ok := o["kid"]; ok {
		if k.id, ok = o.text("kid"); !ok || len(k.id) > maxKeyID {
			return webKey{}, errors.New("bad kid")
		}
	}
	kty, _ := o.text("kty")
	crv, _ := o.text("crv")
	switch kty {
	case "RSA":
		k.public, err = rsaKey(o)
		k.algorithms = rsaAlgorithms
	case "EC":
		curves := map[string]struct {
			elliptic.Curve
			alg jose.SignatureAlgorithm
		}{"P-256": {elliptic.P256(), jose.ES256}, "P-384": {elliptic.P384(), jose.ES384}, "P-521": {elliptic.P521(), jose.ES512}}
		c, ok := curves[crv]
		if !ok {
			return webKey{}, errors.New("unknown curve")
		}
		k.public, err = ecKey(o, c.Curve)
		k.algorithms = []jose.SignatureAlgorithm{c.alg}
	case "OKP":
		if crv != "Ed25519" {
			return webKey{}, errors.New("unknown curve")
		}
		var x []byte
		if x, err = o.octets("x", ed25519.PublicKeySize); err == nil {
			k.public = ed25519.PublicKey(x)
		}
		k.algorithms = []jose.SignatureAlgorithm{jose.EdDSA}
	default:
		return webKey{}, errors.New("unknown kind of key")
	}
	if err != nil {
		return webKey{}, err
	}
	if _, ok := o["alg"]; ok {
		alg, _ := o.text("alg")
		// RFC 9864 gives EdDSA with this curve a name of its own.
		if alg == "Ed25519" && crv == alg {
			alg = string(jose.EdDSA)
		}
		if !slices.Contains(k.algorithms, jose.SignatureAlgorithm(alg)) {
			return webKey{}, errors.New("alg does not fit the key")
		}
		k.algorithms = []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)}
	}
	return k, nil
}

// checkUse refuses a key that is not for verifying signatures.
func checkUse(o object) error {
	if _, ok := o["use"]; ok {
		if use, _ := o.text("use"); use != "sig" {
			return errors.New("use is not sig")
		}
	}
	if _, ok := o["key_ops"]; ok {
		ops, ok := o.texts("key_ops")
		if !ok || !slices.Contains(ops, "verify") {
			return errors.New("key_ops has no verify")
		}
		for i, op := range ops {
			// With anything else the key has two purposes (RFC 7517, section 4.3).
			if op != "verify" && op != "sign" || slices.Contains(ops[:i], op) {
				return errors.New("key_ops has more than verify")
			}
		}
	}
	return nil
}

// octets returns a member in base64url without padding; size zero: any.
func (o object) octets(name string, size int) ([]byte, error) {
	s, ok := o.text(name)
	if !ok || s == "" {
		return nil, errors.New("no " + name)
	}
	b, err := decodeSegment(s)
	if err != nil || size > 0 && len(b) != size {
		return nil, errors.New("bad " + name)
	}
	return b, nil
}

// decodeSegment decodes base64url without padding, in its one spelling.
func decodeSegment(s string) ([]byte, error) {
	// The decoder of the standard library passes over these.
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("line end in base64")
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

func rsaKey(o object) (*rsa.PublicKey, error) {
	modulus, err := o.octets("n", 0)
	if err != nil {
		return nil, err
	}
	exponent, err := o.octets("e", 0)
	if err != nil {
		return nil, err
	}
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	switch {
	case n.BitLen() < minRSA || n.BitLen() > maxRSA || n.Bit(0) == 0:
		return nil, errors.New("bad size of modulus")
	// crypto/rsa takes exponents up to 2³¹-1.
	case e.BitLen() > 31 || e.Cmp(big.NewInt(3)) < 0 || e.Bit(0) == 0:
		return nil, errors.New("bad exponent")
	case isROCA(n):
		return nil, errors.New("modulus of a generator that is known to be broken")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

func ecKey(o object, c elliptic.Curve) (*ecdsa.PublicKey, error) {
	size := (c.Params().BitSize + 7) / 8
	x, err := o.octets("x", size)
	if err != nil {
		return nil, err
	}
	y, err := o.octets("y", size)
	if err != nil {
		return nil, err
	}
	// Refuses what is not on the curve.
	return ecdsa.ParseUncompressedPublicKey(c, slices.Concat([]byte{4}, x, y))
}

// rocaPrimes are the odd primes up to 167.
var rocaPrimes = []uint16{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
	127, 131, 137, 139, 149, 151, 157, 163, 167,
}

// isROCA reports whether n has the mark of the generator of CVE-2017-15361: modulo each
// small prime it is a power of 65537. Of other keys one in 2²⁷ has it.
// Source: Nemec and others, "The Return of Coppersmith's Attack", section 3.
func isROCA(n *big.Int) bool {
	rest := new(big.Int)
	for _, p := range rocaPrimes {
		want := uint32(rest.Mod(n, big.NewInt(int64(p))).Uint64())
		power, found := uint32(1), false
		for range p {
			if found = power == want; found {
				break
			}
			power = power * 65537 % uint32(p)
		}
		if !found {
			return false
		}
	}
	return true
}
