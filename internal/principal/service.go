package principal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/session"
)

// Limits of the service; source: "IAM and AWS STS quotas" of the IAM User Guide. Sizes
// are in characters that are not white space. Limits of what an account may have, which
// AWS raises on request, are left out.
const (
	MaxAccessKeys    = 2
	MaxAttached      = 10
	MaxVersions      = 5
	MaxTags          = 50
	MaxClientIDs     = 100
	MaxThumbprints   = 5
	MaxUserPolicies  = 2048 // all inline policies of a user together
	MaxRolePolicies  = 10240
	MaxManagedPolicy = 6144
	MaxTrustPolicy   = 2048
	// MaxSessionPolicies is how many managed policies may limit a session.
	MaxSessionPolicies = 10
	defaultMaxSession  = 3600
	// maxPage is the page length where a call leaves it out.
	maxPage = 100
)

// Config is what a [Service] needs. Store, Seal and NewID are required.
type Config struct {
	Store Store
	// Seal seals the secrets of access keys, session tokens and page markers.
	Seal *seal.Key
	// NewID returns a fresh unique id of AWS's form that begins with the prefix: 21
	// characters, capitals and the digits 2 to 7.
	NewID func(prefix string) string
	// Issuer is the issuer of the tokens of this server, a URL with its scheme. Accounts
	// that register it as an OpenID Connect provider may name it in policies. Empty:
	// tokens of this server are known as those of identity pools alone.
	Issuer string
	// RefuseOpenTrust refuses trust policies that let in identities of any pool. Otherwise
	// Warn, unless nil, is told the warning once the policy is in force.
	RefuseOpenTrust bool
	Warn            func(ctx context.Context, warning string)
	// InsecureUpstreams lets upstreams of roles have URLs that are not https.
	InsecureUpstreams bool
}

// A Service serves the operations: one method each, of the same name.
//
// Every method returns an error that is, or wraps, either an [*api.Error] with a
// code of the operation's list, or something internal that the client must not see.
type Service struct {
	store    Store
	seal     *seal.Key
	markers  *seal.Key
	sessions *session.Tokens
	newID    func(prefix string) string
	compiled compiled
	// opened keeps session tokens that were opened.
	opened derived[sealedToken, *session.Content]
	// issuer is the issuer of this server as a provider is named: without its scheme.
	issuer            string
	refuseOpenTrust   bool
	insecureUpstreams bool
	warn              func(context.Context, string)
}

// New returns a Service. It does no I/O.
func New(c Config) (*Service, error) {
	var missing []error
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"Store", c.Store != nil},
		{"Seal", c.Seal != nil},
		{"NewID", c.NewID != nil},
	} {
		if !f.set {
			missing = append(missing, fmt.Errorf("principal: Config.%s is not set", f.name))
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	if c.Warn == nil {
		c.Warn = func(context.Context, string) {}
	}
	return &Service{
		store: c.Store, seal: c.Seal, newID: c.NewID,
		markers: c.Seal.Derive("page-marker"), sessions: session.New(c.Seal),
		issuer:          strings.TrimPrefix(c.Issuer, "https://"),
		refuseOpenTrust: c.RefuseOpenTrust, insecureUpstreams: c.InsecureUpstreams, warn: c.Warn,
	}, nil
}

// userName is the user that a call is about: the one it names, or else the caller,
// which is empty for the root of an account.
func userName(c api.Caller, named string) (string, error) {
	if named != "" || IsRoot(c) {
		return named, nil
	}
	if c.User == "" {
		return "", api.UserNameNeeded.With()
	}
	return c.User, nil
}

// view runs f in a View and returns what its last run returned.
func view[T any](ctx context.Context, s *Service, f func(Tx) (T, error)) (out T, err error) {
	err = s.store.View(ctx, func(tx Tx) (err error) {
		out, err = f(tx)
		return err
	})
	return out, err
}

// update runs f in an Update and returns what its last run returned: the operation's output,
// which is what the event of the change tells.
func update[T any](ctx context.Context, s *Service, f func(Tx) (*T, error)) (out *T, err error) {
	err = s.store.Update(ctx, func(tx Tx) (err error) {
		if out, err = f(tx); err == nil {
			audit.Answer(ctx, out)
		}
		return err
	})
	return out, err
}
