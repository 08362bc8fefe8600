package principal

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// RevokeSessions refuses, from the next request on, the temporary credentials that a role,
// a user or the root of the caller's account has got so far. New ones can be had at once.
//
// What counts are the times that the store's transactions have, so the clocks of servers on
// one store must agree.
func (s *Service) RevokeSessions(ctx context.Context, c api.Caller, in *api.RevokeSessionsInput) (*api.RevokeSessionsOutput, error) {
	root := in.Root != nil && *in.Root
	named := 0
	for _, is := range []bool{in.RoleName != "", in.UserName != "", root} {
		if is {
			named++
		}
	}
	if named != 1 {
		return nil, api.RevokeNeedsOne.With()
	}
	return update(ctx, s, func(tx Tx) (out *api.RevokeSessionsOutput, err error) {
		out = new(api.RevokeSessionsOutput)
		switch {
		case in.RoleName != "":
			_, err = roles.change(tx, c.Account, in.RoleName, func(r *Role) error {
				r.SessionsFrom = justAfter(tx, r.SessionsFrom)
				out.IssuedBefore = r.SessionsFrom
				return nil
			})
			if isNotFound(err) {
				return nil, api.ResourceNotFound.With(iamARN(c.Account, "role/"+in.RoleName))
			}
		case in.UserName != "":
			_, err = users.change(tx, c.Account, in.UserName, func(u *User) error {
				u.SessionsFrom = justAfter(tx, u.SessionsFrom)
				out.IssuedBefore = u.SessionsFrom
				return nil
			})
			if isNotFound(err) {
				return nil, api.ResourceNotFound.With(iamARN(c.Account, "user/"+in.UserName))
			}
		default:
			var from time.Time
			if from, err = rootSessionsFrom(tx, c.Account); err != nil {
				return nil, err
			}
			out.IssuedBefore = justAfter(tx, from)
			if err = tx.PutSetting(rootSessions(c.Account), strconv.AppendInt(nil, out.IssuedBefore.UnixMilli(), 10)); err != nil {
				err = fmt.Errorf("revoke sessions of the root of %s: %w", c.Account, err)
			}
		}
		return out, err
	})
}

// tick is the difference between times that the store can tell apart.
const tick = time.Millisecond

// justAfter returns the first time that is after now and after from. Sessions issued in this
// very millisecond are before it.
func justAfter(tx Tx, from time.Time) time.Time { return latest(tx.Now(), from).Add(tick) }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
