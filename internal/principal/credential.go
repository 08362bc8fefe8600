package principal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/session"
)

// A Credential is what an access key id stands for at some time.
type Credential struct {
	// Caller is who signs with it. It has no region, address and time yet.
	Caller api.Caller
	// Key is the record of a long-term access key; nil for temporary credentials.
	Key *AccessKey
	// Version differs between secrets that one access key id may have had.
	Version string

	secret func() (api.Secret, error)
}

// Secret returns the secret access key.
func (c Credential) Secret() (api.Secret, error) { return c.secret() }

// A sealedToken is a session token and the access key id that came with it.
type sealedToken struct{ accessKeyID, token string }

// Credential returns what an access key id and session token stand for. The token is empty
// if the request has none. Whoever may not sign is told by an [*api.Error]: its key is
// unknown or inactive, the token is not that of the key, has expired or was revoked, or the
// user or role is gone. That holds whether or not the signature does.
//
// Users, roles and identities are read each time. So whatever takes their sessions away does so at the
// next request, on any server.
func (s *Service) Credential(ctx context.Context, accessKeyID, token string, now time.Time) (Credential, error) {
	switch {
	case session.IsTemporary(accessKeyID) && token != "":
		return s.temporary(ctx, sealedToken{accessKeyID, token}, now)
	case session.IsTemporary(accessKeyID):
		return Credential{}, api.UnrecognizedKey.With()
	case token != "":
		// A long-term key has no session.
		return Credential{}, api.UnrecognizedSession.With()
	}
	k, c, err := s.AccessKey(ctx, accessKeyID)
	if errors.Is(err, identity.ErrNotFound) {
		return Credential{}, api.UnrecognizedKey.With()
	}
	if err != nil {
		return Credential{}, fmt.Errorf("read access key %s: %w", accessKeyID, err)
	}
	// A secret that was sealed anew looks otherwise.
	return Credential{Caller: c, Key: k, Version: string(k.Secret), secret: func() (api.Secret, error) { return s.OpenSecret(k) }}, nil
}

func (s *Service) temporary(ctx context.Context, t sealedToken, now time.Time) (Credential, error) {
	content, err := s.opened.of(t, func(t sealedToken) (*session.Content, error) { return s.sessions.Open(t.accessKeyID, t.token) })
	if err != nil {
		return Credential{}, api.UnrecognizedSession.With().Because(err)
	}
	if !now.Before(content.Session.Expires) {
		return Credential{}, api.SessionExpired.With()
	}
	c, err := view(ctx, s, func(tx Tx) (api.Caller, error) { return holderOf(tx, content) })
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return Credential{}, api.UnrecognizedKey.With().Because(err)
	case err != nil:
		return Credential{}, fmt.Errorf("read whose session %s is: %w", t.accessKeyID, err)
	}
	c.AccessKeyID = t.accessKeyID
	// The id was made together with the one secret that it has.
	return Credential{Caller: c, Version: "session", secret: func() (api.Secret, error) { return content.Secret, nil }}, nil
}

// holderOf returns whom temporary credentials stand for: ErrNotFound, if that is gone or
// its sessions were revoked since.
func holderOf(tx Tx, content *session.Content) (api.Caller, error) {
	c := api.Caller{Account: content.Account, Session: &content.Session}
	var from time.Time // when the sessions begin that are not revoked
	switch content.Kind {
	case session.OfRole, session.OfWebIdentity:
		if err := identityTakes(tx, &content.Session); err != nil {
			return c, err
		}
		r, err := tx.Roles().Get(content.Account, content.Name)
		if err != nil {
			return c, err
		}
		if r.ID != content.ID {
			return c, fmt.Errorf("another role has the name: %w", identity.ErrNotFound)
		}
		c.Principal, c.ID, from = sessionARN(r, content.Session.Name), sessionID(r, content.Session.Name), r.SessionsFrom
	case session.OfUser:
		u, err := tx.Users().Get(content.Account, content.Name)
		if err != nil {
			return c, err
		}
		if u.ID != content.ID {
			return c, fmt.Errorf("another user has the name: %w", identity.ErrNotFound)
		}
		c.Principal, c.ID, c.User, from = u.ARN(), u.ID, u.Name, u.SessionsFrom
	case session.OfRoot:
		var err error
		if from, err = rootSessionsFrom(tx, content.Account); err != nil {
			return c, err
		}
		c.Principal, c.ID = identity.RootARN(content.Account), content.Account
	}
	if content.Session.Issued.Before(from) {
		return c, fmt.Errorf("sessions issued before %s are revoked: %w", from.Format(time.RFC3339Nano), identity.ErrNotFound)
	}
	return c, nil
}

// identityTakes refuses the session of an identity that is gone, disabled, or whose sessions
// were revoked: ErrNotFound.
func identityTakes(tx Tx, s *api.Session) error {
	if s.WebIdentity == nil || s.WebIdentity.Provider != api.IdentityPools {
		return nil
	}
	i, err := tx.Identity(s.WebIdentity.Subject)
	if err != nil {
		return fmt.Errorf("read identity %s: %w", s.WebIdentity.Subject, err)
	}
	if err := i.Takes(s.Issued); err != nil {
		return fmt.Errorf("%w: %w", identity.ErrNotFound, err)
	}
	return nil
}

// rootSessions is the setting that says from when on sessions of an account's root are
// taken, in milliseconds since 1970. There is no record of an account that could hold it.
func rootSessions(account string) string { return "sessions-from/" + account }

// rootSessionsFrom returns from when on sessions of an account's root are taken; zero: all.
func rootSessionsFrom(tx Tx, account string) (time.Time, error) {
	value, err := tx.Setting(rootSessions(account))
	if errors.Is(err, identity.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read when sessions of the root of %s begin: %w", account, err)
	}
	ms, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("when sessions of the root of %s begin: %w", account, err)
	}
	return time.UnixMilli(ms).UTC(), nil
}
