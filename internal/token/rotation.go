package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A Status is where a signing key stands in its life, as the description spells it.
type Status string

// The statuses, in the order in which a key has them.
const (
	// Published: in the key set, so that clients know it before it signs.
	Published Status = "Published"
	// Active: signs.
	Active Status = "Active"
	// Retired: replaced by a later key; still in the key set.
	Retired Status = "Retired"
	// Expired: no token of it is left.
	Expired Status = "Expired"
)

// A Key is a signing key with its status.
type Key struct {
	// SigningKey is shared and must not be modified.
	*identity.SigningKey
	Status Status
}

// Keys returns all signing keys there ever were, lowest number first.
func (r *Ring) Keys(ctx context.Context) ([]Key, error) {
	rows, now, err := r.rows(ctx)
	if err != nil {
		return nil, fmt.Errorf("list signing keys: %w", err)
	}
	keys := make([]Key, len(rows))
	for i, row := range rows {
		keys[i] = Key{row, Retired}
		switch {
		case row == lineOf(row).active(rows, now):
			keys[i].Status = Active
		case expired(row, now):
			keys[i].Status = Expired
		case row.Activates.After(now):
			keys[i].Status = Published
		}
	}
	return keys, nil
}

// expired reports whether the key is no longer in the key set. A key that was wiped
// does not come back when the clock is set back.
func expired(row *identity.SigningKey, now time.Time) bool {
	return len(row.Private) == 0 || !row.Expires.IsZero() && !row.Expires.After(now)
}

// live returns the rows of the keys that are in the key set.
func live(rows []*identity.SigningKey, now time.Time) []*identity.SigningKey {
	return slices.DeleteFunc(slices.Clone(rows), func(row *identity.SigningKey) bool { return expired(row, now) })
}

// Ensure makes the first key, which is active at once. When the newest key is not of the
// configured algorithm, it publishes one that is, active after PublishAhead. It fails with an
// error that wraps [seal.ErrWrongKey] when the keys are sealed under another master key.
func (r *Ring) Ensure(ctx context.Context) error {
	// First, so that pools which ask for what the service's own algorithm was have a key of it
	// by the time that the service has none.
	if err := r.tendLines(ctx, r.algorithm); err != nil {
		return fmt.Errorf("ensure signing keys for pools: %w", err)
	}
	_, err := r.publish(ctx, own, func(last *identity.SigningKey, now time.Time) (activates time.Time, due bool) {
		if last == nil {
			return now, true
		}
		return now.Add(r.publishAhead), last.Algorithm != r.algorithm
	})
	if err != nil {
		return fmt.Errorf("ensure a signing key: %w", err)
	}
	return nil
}

// Rotate publishes a new key, active after PublishAhead, and returns it: one of the service's
// own, or for an algorithm, one for the pools that ask for it; no pool does: [ErrNotAsked]. While
// a key is published and not yet active, or when another node rotates meanwhile, it returns
// that key and makes none. The key returned is shared and must not be modified.
//
// With activateNow the key returned is active at once, and clients that have cached the
// key set refuse its tokens for up to [KeySetMaxAge]: it is for a key that must not sign
// any more.
func (r *Ring) Rotate(ctx context.Context, algorithm string, activateNow bool) (*identity.SigningKey, error) {
	l := line(algorithm)
	if l != own {
		rows, _, err := r.rows(ctx)
		if err != nil {
			return nil, fmt.Errorf("rotate signing keys: %w", err)
		}
		if ended(l.newest(rows)) {
			return nil, ErrNotAsked
		}
	}
	row, err := r.publish(ctx, l, func(last *identity.SigningKey, now time.Time) (activates time.Time, due bool) {
		activates = now
		if last != nil && !activateNow {
			activates = now.Add(r.publishAhead)
		}
		return activates, last == nil || !last.Activates.After(now)
	})
	if err == nil && activateNow {
		row, err = r.activate(ctx, l)
	}
	if err != nil {
		return nil, fmt.Errorf("rotate signing keys: %w", err)
	}
	return row, nil
}

// ErrNotAsked is that there are no keys for pools of the algorithm.
var ErrNotAsked = errors.New("there is no key for pools that ask for the algorithm")

// publish makes a key of a line if due says so of its newest one (nil: there is none), and
// returns what is the newest then. It makes none if another node has meanwhile: what was
// due is done.
func (r *Ring) publish(ctx context.Context, l line, due func(last *identity.SigningKey, now time.Time) (activates time.Time, due bool)) (*identity.SigningKey, error) {
	rows, now, err := r.rows(ctx)
	if err != nil {
		return nil, err
	}
	// A key beside keys that do not open would be sealed under another master key, and
	// split the nodes into two halves that can not read each other's.
	if _, err := r.openAll(live(rows, now)); err != nil {
		return nil, err
	}
	seen := l.newest(rows)
	if _, ok := due(seen, now); !ok {
		return seen, nil
	}
	// RSA keys take a tenth of a second and more: no transaction waits for them.
	algorithm := string(l)
	if l == own {
		algorithm = r.algorithm
	}
	private, err := generate(algorithm)
	if err != nil {
		return nil, err
	}

	var row *identity.SigningKey
	var made bool
	err = r.store.Update(ctx, func(tx identity.Tx) error {
		rows, err := tx.SigningKeys()
		if err != nil {
			return err
		}
		last := l.newest(rows)
		activates, ok := due(last, tx.Now())
		if made = ok && number(last) == number(seen); !made {
			row = last
			return nil
		}
		next := 1
		if len(rows) > 0 {
			next = rows[len(rows)-1].Number + 1
		}
		row = &identity.SigningKey{
			Number:    next,
			KeyID:     r.keyIDPrefix + "-" + strconv.Itoa(next),
			Algorithm: algorithm,
			ForPools:  l != own,
			Created:   tx.Now(),
			Activates: activates,
		}
		sealing, err := identity.Sealing(tx, r.seal)
		if err != nil {
			return err
		}
		if err := sealKey(sealing, row, private); err != nil {
			return err
		}
		if err := tx.InsertSigningKey(row); err != nil {
			return err
		}
		audit.Answer(ctx, rotated(row, tx.Now()))
		if l != own && ended(last) {
			return nil // its end is set, and past
		}
		return r.replace(tx, last, activates)
	})
	if err != nil {
		return nil, err
	}
	if made {
		r.log.Info("signing key published", slog.String("kid", row.KeyID),
			slog.String("alg", row.Algorithm), slog.Bool("pools", row.ForPools), slog.Time("activates", row.Activates))
	}
	return row, nil
}

func number(row *identity.SigningKey) int {
	if row == nil {
		return 0
	}
	return row.Number
}

// replace sets when the key expires whose successor activates at the given time: when
// the last token that it can have signed is over, also by a clock that is behind.
func (r *Ring) replace(tx identity.Tx, row *identity.SigningKey, activates time.Time) error {
	if row == nil {
		return nil
	}
	c := *row
	c.Expires = activates.Add(r.maxLifetime + leeway)
	return tx.UpdateSigningKey(&c)
}

// activate makes the newest key of a line active, if it is not yet, and returns it.
func (r *Ring) activate(ctx context.Context, l line) (*identity.SigningKey, error) {
	var row *identity.SigningKey
	var moved bool
	err := r.store.Update(ctx, func(tx identity.Tx) error {
		rows, err := tx.SigningKeys()
		if err != nil {
			return err
		}
		row = l.newest(rows)
		if moved = row.Activates.After(tx.Now()); !moved {
			return nil
		}
		before := rows[:slices.Index(rows, row)]
		c := *row
		c.Activates = tx.Now()
		row = &c
		if err := tx.UpdateSigningKey(row); err != nil {
			return err
		}
		audit.Answer(ctx, rotated(row, tx.Now()))
		return r.replace(tx, l.newest(before), row.Activates)
	})
	if err != nil {
		return nil, err
	}
	if moved {
		r.log.Info("signing key activated early", slog.String("kid", row.KeyID))
	}
	return row, nil
}
