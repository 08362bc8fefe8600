package principal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/session"
)

// Lengths of sessions, in seconds; source: the STS API reference.
const (
	defaultUserSession = 43200
	maxRootSession     = 3600
	maxChainedSession  = 3600
)

// GetSessionToken returns temporary credentials of the user or root who calls. They may do
// what the caller may, but for what [Service.Authorize] says.
func (s *Service) GetSessionToken(ctx context.Context, c api.Caller, in *api.GetSessionTokenInput) (*api.GetSessionTokenOutput, error) {
	switch {
	case c.Session != nil:
		return nil, api.NotWithSession.With("GetSessionToken")
	case in.SerialNumber != "" || in.TokenCode != "":
		return nil, api.NoSuchMFADevice.With()
	}
	content, err := view(ctx, s, func(tx Tx) (session.Content, error) {
		if isRoot(c) {
			from, err := rootSessionsFrom(tx, c.Account)
			length := min(cmp.Or(in.DurationSeconds, maxRootSession), maxRootSession)
			return session.Content{
				Kind: session.OfRoot, Account: c.Account, Session: issued(tx, api.Session{}, from, length),
			}, err
		}
		u, err := tx.Users().Get(c.Account, c.User)
		if errors.Is(err, identity.ErrNotFound) || err == nil && u.ID != c.ID {
			return session.Content{}, api.UnrecognizedKey.With() // gone since it signed
		}
		if err != nil {
			return session.Content{}, fmt.Errorf("read user %s of %s: %w", c.User, c.Account, err)
		}
		length := cmp.Or(in.DurationSeconds, defaultUserSession)
		return session.Content{
			Kind: session.OfUser, Account: u.Account, Name: u.Name, ID: u.ID,
			Session: issued(tx, api.Session{}, u.SessionsFrom, length),
		}, nil
	})
	if err != nil {
		return nil, err
	}
	credentials, err := s.mint(content)
	return &api.GetSessionTokenOutput{Credentials: credentials}, err
}

// issued returns a session of a length in seconds that begins now, and not before sessions
// are taken.
func issued(tx Tx, s api.Session, from time.Time, length int64) api.Session {
	s.Issued = latest(tx.Now(), from)
	s.Expires = s.Issued.Add(time.Duration(length) * time.Second)
	return s
}

// mint returns new temporary credentials.
func (s *Service) mint(content session.Content) (*api.STSCredentials, error) {
	m, err := s.sessions.Mint(content)
	if err != nil {
		return nil, err
	}
	return &api.STSCredentials{
		AccessKeyId: m.AccessKeyID, SecretAccessKey: m.Secret, SessionToken: m.Token, Expiration: content.Session.Expires,
	}, nil
}
