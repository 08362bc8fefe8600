// Package token is the outbound proof: it makes the OpenID Connect tokens that
// say who an identity is, and everything by which others verify them. It owns
// the claims on the wire, the ring of signing keys, their rotation, the signatures, the
// key set and the discovery document.
//
// It does not decide who gets a token or what it says (package identity), does
// not verify anybody's tokens, and speaks no HTTP. Specifications: JWS (RFC 7515),
// JWK (RFC 7517), JWA (RFC 7518), EdDSA in JOSE (RFC 8037), OpenID Connect Discovery 1.0.
//
// A signing key goes through these times, all of them in its row of the store:
//
//	Created     it is in the key set
//	Activates   it signs, if no key of its line with a higher number does
//	Expires     the last token that it can have signed is over: it leaves the key set,
//	            and its private half is wiped
//
// The service's own keys are one line. Where identity pools ask for another algorithm, there
// is a line for each such algorithm: begun by a key that is published ahead, and ended when no
// pool asks for it any more. Until such a key may sign, the service's own does.
//
// Which key signs is a function of the rows and the time, so that any number of nodes on
// one store agree without speaking to each other.
package token

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/seal"
)

// The signature algorithms, by their JWS names (RFC 7518, section 3.1; RFC 8037).
const (
	// RS512 is what AWS signs with; the key is RSA of 2048 bits.
	RS512 = "RS512"
	RS256 = "RS256"
	// ES256 and EdDSA cost a thirtieth of RSA. Some verifiers know RSA only.
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

// Algorithms are the names of all of them.
var Algorithms = []string{RS512, RS256, ES256, EdDSA}

// DefaultPublishAhead is how long a new key is in the key set before it signs.
const DefaultPublishAhead = 15 * time.Minute

const (
	// KeySetMaxAge is how long a client may cache the key set. The ring relies on
	// it: a key is in the set for more than twice this time before it signs.
	KeySetMaxAge = 5 * time.Minute
	// leeway is how much the clock of a verifier may be behind.
	leeway = 5 * time.Minute
)

// Config is what a [Ring] is made from. Store, Seal, Issuer, KeyIDPrefix and Now are
// required.
type Config struct {
	// Store keeps the keys, sealed under Seal.
	Store identity.Store
	Seal  *seal.Key
	// Issuer is the iss of tokens and the base of the discovery document; see
	// [CheckIssuer].
	Issuer string
	// Algorithm is that of new keys of the service's own. Empty: [RS512].
	Algorithm string
	// KeyIDPrefix begins the key ids, PREFIX-NUMBER; AWS uses the region.
	KeyIDPrefix string
	// Now is the clock by which Run waits. Times of keys are those of transactions.
	Now func() time.Time
	// PublishAhead is how long a key is in the key set before it signs: more than twice
	// [KeySetMaxAge]. Zero: [DefaultPublishAhead].
	PublishAhead time.Duration
	// RotateEvery is the time from one key's activation to the next, more than
	// PublishAhead. Zero: keys rotate only by Rotate.
	RotateEvery time.Duration
	// MaxLifetime bounds the lifetime of tokens. Zero: 24 hours.
	MaxLifetime time.Duration
	// Certificates puts a self-signed certificate of each key into the key set (x5c; RFC 7517,
	// section 4.7), for verifiers that know no other form of a key.
	Certificates bool
	// Log is told of every change to the keys, and of failures in Run. Nil: no log.
	Log *slog.Logger
	// Observe is told of each RSA signature how long it has waited for a worker, and taken;
	// nil: nobody is. It must not block.
	Observe func(waited, took time.Duration)
	// Workers is the number of goroutines that make RSA signatures. Zero: GOMAXPROCS.
	Workers int
}

// A Ring is the signing keys of a service and what is done with them. It
// implements [identity.Issuer].
type Ring struct {
	store        identity.Store
	seal         *seal.Key
	issuer       string
	algorithm    string
	keyIDPrefix  string
	now          func() time.Time
	publishAhead time.Duration
	rotateEvery  time.Duration
	maxLifetime  time.Duration
	certificates bool
	log          *slog.Logger
	queue        *queue
	// asked wakes Run: pools may ask for other algorithms than before.
	asked chan struct{}
	// opened holds what was derived from rows: int (number) to *key.
	opened sync.Map
}

var _ identity.Issuer = (*Ring)(nil)

// New returns a ring whose workers wait for signatures to make. It does no I/O: call
// Ensure before the first token, and Close at the end. The error names everything
// that is wrong with c.
func New(c Config) (*Ring, error) {
	if c.Algorithm == "" {
		c.Algorithm = RS512
	}
	if c.PublishAhead == 0 {
		c.PublishAhead = DefaultPublishAhead
	}
	if c.MaxLifetime == 0 {
		c.MaxLifetime = 24 * time.Hour
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	q := newQueue(c.Workers, 1, signEach)
	q.observe, q.now = c.Observe, c.Now
	return &Ring{
		store:        c.Store,
		seal:         c.Seal,
		issuer:       c.Issuer,
		algorithm:    c.Algorithm,
		keyIDPrefix:  c.KeyIDPrefix,
		now:          c.Now,
		publishAhead: c.PublishAhead,
		rotateEvery:  c.RotateEvery,
		maxLifetime:  c.MaxLifetime,
		certificates: c.Certificates,
		log:          c.Log,
		queue:        q,
		asked:        make(chan struct{}, 1),
	}, nil
}

func (c *Config) validate() error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(c.Store == nil, "no store")
	refuse(c.Seal == nil, "no master key")
	refuse(c.Now == nil, "no clock")
	refuse(c.KeyIDPrefix == "", "no key id prefix")
	refuse(!slices.Contains(Algorithms, c.Algorithm), "signature algorithm %q is none of %s", c.Algorithm, strings.Join(Algorithms, ", "))
	refuse(c.PublishAhead <= 2*KeySetMaxAge,
		"new keys are published %v ahead: not more than twice the cache time of the key set, %v", c.PublishAhead, KeySetMaxAge)
	refuse(c.RotateEvery != 0 && c.RotateEvery <= c.PublishAhead,
		"keys rotate every %v: not more than the %v they are published ahead", c.RotateEvery, c.PublishAhead)
	refuse(c.MaxLifetime < time.Second, "longest token lifetime %v is under a second", c.MaxLifetime)
	refuse(c.Workers < 0, "%d workers", c.Workers)
	return errors.Join(append(errs, CheckIssuer(c.Issuer))...)
}

// CheckIssuer holds an issuer to OpenID Connect Discovery 1.0, section 3, but takes
// http too, for networks of one's own. It refuses a final slash besides: verifiers
// compare byte for byte, and append the well-known path in two ways when there is one.
func CheckIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Hostname() == "" || u.String() != issuer:
		return fmt.Errorf("issuer %q is not an absolute URL in its plain form", issuer)
	case u.User != nil:
		return errors.New("issuer has a user name or password")
	case strings.ContainsAny(issuer, "?#"):
		return fmt.Errorf("issuer %q has a query or a fragment", issuer)
	case strings.HasSuffix(issuer, "/"):
		return fmt.Errorf("issuer %q ends in a slash", issuer)
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("issuer %q is neither https nor http", issuer)
	}
	return nil
}

var errInactive = errors.New("no signing key is active")

// Close stops the workers. Calls of Issue that still wait for one fail.
func (r *Ring) Close() { r.queue.close() }

// Waiting is how many RSA signatures wait for a worker.
func (r *Ring) Waiting() int { return len(r.queue.jobs) }

// Issue implements [identity.Issuer]: one read of the store, and one snapshot of the key
// for algorithm, key id and signature.
func (r *Ring) Issue(ctx context.Context, c identity.Claims) (api.Secret, error) {
	rows, now, err := r.rows(ctx)
	if err != nil {
		return "", fmt.Errorf("issue token: %w", err)
	}
	if err := r.check(c, now); err != nil {
		return "", fmt.Errorf("issue token: %w", err)
	}
	row := signer(rows, now, c.Algorithm)
	if row == nil {
		return "", fmt.Errorf("issue token: %w", errInactive)
	}
	k, err := r.open(row)
	if err != nil {
		return "", fmt.Errorf("issue token: %w", err)
	}

	var scratch [1024]byte
	payload, err := appendPayload(scratch[:0], r.issuer, c)
	if err != nil {
		return "", fmt.Errorf("issue token: %w", err)
	}
	b64 := base64.RawURLEncoding
	token := make([]byte, 0, len(k.header)+b64.EncodedLen(len(payload))+1+b64.EncodedLen(k.signatureSize))
	token = append(token, k.header...)
	token = b64.AppendEncode(token, payload)
	signature, err := r.sign(ctx, k, token)
	if err != nil {
		return "", fmt.Errorf("sign token with key %s: %w", row.KeyID, err)
	}
	token = append(token, '.')
	token = b64.AppendEncode(token, signature)
	return api.Secret(token), nil
}

// rows returns all signing keys, lowest number first, and the time at which they
// were read.
func (r *Ring) rows(ctx context.Context) (rows []*identity.SigningKey, now time.Time, err error) {
	err = r.store.View(ctx, func(tx identity.Tx) error {
		now = tx.Now()
		rows, err = tx.SigningKeys()
		return err
	})
	return rows, now, err
}

// open returns what is derived from the row, which is the same while the row is.
func (r *Ring) open(row *identity.SigningKey) (*key, error) {
	if k, ok := r.opened.Load(row.Number); ok && k.(*key).isOf(row) {
		return k.(*key), nil
	}
	k, err := openKey(r.seal, row, r.certificates)
	if err != nil {
		return nil, fmt.Errorf("open signing key %s: %w", row.KeyID, err)
	}
	r.opened.Store(row.Number, k)
	return k, nil
}
