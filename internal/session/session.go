// Package session makes and opens temporary credentials. Their session token holds,
// sealed under the master key, all that they stand for, so that any server with the
// key reads it and none stores it. It owns the form of the tokens, and the bound on
// what callers may put in them.
//
// It does not decide who gets credentials, whether they have expired, or whether the
// role or user is still there: that is package principal's.
//
// A token is base64url (RFC 4648, section 5) without padding, of a value that package
// seal sealed under a key that is derived for the access key id alone. So a token opens
// for its own access key id, no byte of it can be changed, and no key seals so many values
// that it would wear out.
package session

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/seal"
)

// A Kind tells what temporary credentials are of. It is part of the form of tokens.
type Kind string

// The kinds.
const (
	OfRole Kind = "role"
	OfUser Kind = "user"
	OfRoot Kind = "root"
	// OfWebIdentity is a role's too, that was taken by a token of an identity provider.
	OfWebIdentity Kind = "web"
)

const (
	// MaxPacked is how many bytes of a token may be session policies and tags. With
	// as many, a token is shorter than the 8 KiB that common proxies let pass as a header.
	MaxPacked = 4096
	// MaxIdentity is how many bytes of a token may be the web identity; what policies and
	// tags leave of their room adds to it.
	MaxIdentity = 1536
	// maxToken is longer than any token.
	maxToken = 16 << 10

	temporary = "ASIA"
	// version is what a document is sealed for.
	version = "1"
)

// ErrInvalid is what Open fails with. It says no more, lest it help to make a token.
var ErrInvalid = errors.New("no session token of the access key")

// A Content is what a session token holds.
type Content struct {
	Kind Kind
	// Account has 12 digits. Name and ID are those of the role or user when the
	// credentials were made; empty for root.
	Account, Name, ID string
	// Session is passed on as it is. Times are whole milliseconds; Role is Name if the
	// Kind is OfRole or OfWebIdentity, and else empty. WebIdentity is set if the Kind is
	// OfWebIdentity, and only then.
	Session api.Session
	// Secret is the secret access key. Mint makes it.
	Secret api.Secret
}

// Credentials are new temporary credentials.
type Credentials struct {
	// AccessKeyID is 20 characters and begins with ASIA.
	AccessKeyID   string
	Secret, Token api.Secret
}

// Tokens mints and opens session tokens. It may be used by several goroutines.
type Tokens struct{ key *seal.Key }

// New returns the Tokens under a master key.
func New(master *seal.Key) *Tokens { return &Tokens{master.Derive("session-token")} }

// IsTemporary reports whether an access key id is one of temporary credentials.
func IsTemporary(accessKeyID string) bool { return strings.HasPrefix(accessKeyID, temporary) }

// Mint returns new credentials that stand for c. Its texts must be UTF-8.
func (t *Tokens) Mint(c Content) (Credentials, error) {
	random := make([]byte, 30)
	rand.Read(random) // never fails; see crypto/rand
	id, secret := temporary+rand.Text()[:16], base64.StdEncoding.EncodeToString(random)
	plain, err := encode(document{
		Kind: c.Kind, Account: c.Account, Name: c.Name, ID: c.ID, Secret: secret,
		Session: c.Session.Name, SourceIdentity: c.Session.SourceIdentity,
		Issued: c.Session.Issued.UnixMilli(), Expires: c.Session.Expires.UnixMilli(),
		Web:    (*webIdentity)(c.Session.WebIdentity),
		packed: pack(&c.Session),
	})
	if err != nil {
		return Credentials{}, err
	}
	token := base64.RawURLEncoding.EncodeToString(t.key.Derive(id).Seal(version, plain))
	return Credentials{AccessKeyID: id, Secret: api.Secret(secret), Token: api.Secret(token)}, nil
}

// Open returns what a token holds that was minted with the access key id: ErrInvalid.
func (t *Tokens) Open(accessKeyID, token string) (*Content, error) {
	if len(token) > maxToken || !IsTemporary(accessKeyID) {
		return nil, ErrInvalid
	}
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	// The decoder passes over line ends and over bits that stand for nothing.
	if err != nil || base64.RawURLEncoding.EncodeToString(sealed) != token {
		return nil, ErrInvalid
	}
	plain, err := t.key.Derive(accessKeyID).Open(version, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	d, err := decode(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	c := &Content{
		Kind: d.Kind, Account: d.Account, Name: d.Name, ID: d.ID, Secret: api.Secret(d.Secret),
		Session: api.Session{
			Name: d.Session, SourceIdentity: d.SourceIdentity,
			Tags: d.Tags, TransitiveTags: d.Transitive, Policies: d.Policies, PolicyARNs: d.PolicyARNs,
			WebIdentity: (*api.WebIdentity)(d.Web),
			Issued:      time.UnixMilli(d.Issued).UTC(), Expires: time.UnixMilli(d.Expires).UTC(),
		},
	}
	switch c.Kind {
	case OfRole, OfWebIdentity:
		c.Session.Role = c.Name
	case OfUser, OfRoot:
	default:
		return nil, fmt.Errorf("%w: its kind is %q", ErrInvalid, c.Kind)
	}
	if (d.Web != nil) != (c.Kind == OfWebIdentity) {
		return nil, fmt.Errorf("%w: its kind is %q, and its web identity does not go with that", ErrInvalid, c.Kind)
	}
	return c, nil
}

// Packed is how many of the bytes of a token are the session's policies and tags, before
// it is put in letters. It is 0 if there are none, and bounded by [MaxPacked].
func Packed(s *api.Session) (int, error) {
	packed, err := encode(pack(s))
	return len(packed) - len("{}"), err
}

// Identity is how many of the bytes of a token are the session's web identity, before it is
// put in letters. It is bounded by [MaxIdentity] and what [Packed] leaves of [MaxPacked].
func Identity(s *api.Session) (int, error) {
	if s.WebIdentity == nil {
		return 0, nil
	}
	encoded, err := encode((*webIdentity)(s.WebIdentity))
	return len(encoded), err
}

// A document is what is sealed. Its names are short since every request carries them.
type document struct {
	Kind           Kind   `json:"k"`
	Account        string `json:"a"`
	Name           string `json:"n,omitempty"`
	ID             string `json:"u,omitempty"`
	Secret         string `json:"s"`
	Session        string `json:"r,omitempty"`
	SourceIdentity string `json:"o,omitempty"`
	// Milliseconds since 1970.
	Issued  int64        `json:"i"`
	Expires int64        `json:"e"`
	Web     *webIdentity `json:"w,omitempty"`
	packed
}

type webIdentity struct {
	Provider   string   `json:"p"`
	Subject    string   `json:"s"`
	Audience   string   `json:"a"`
	AMR        []string `json:"m,omitempty"`
	ScopedDown bool     `json:"g,omitempty"`
}

type packed struct {
	Tags       map[string]string `json:"t,omitempty"`
	Transitive []string          `json:"c,omitempty"`
	Policies   []string          `json:"p,omitempty"`
	PolicyARNs []string          `json:"m,omitempty"`
}

func pack(s *api.Session) packed { return packed{s.Tags, s.TransitiveTags, s.Policies, s.PolicyARNs} }

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	// The escapes for HTML would make a character six.
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode session: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decode refuses what it does not know: a newer server may have limited the session by it.
func decode(plain []byte) (d document, err error) {
	r := json.NewDecoder(bytes.NewReader(plain))
	r.DisallowUnknownFields()
	err = r.Decode(&d)
	return d, err
}
