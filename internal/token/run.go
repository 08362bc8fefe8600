package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

const (
	// lookAgain bounds how long Run waits: another node may have changed the keys.
	lookAgain = time.Hour
	// retryAfter is how long Run waits after a failure.
	retryAfter = time.Minute
	// pause is the least that Run waits, so that no step of the clock makes it spin.
	pause = time.Second
)

// Run keeps the ring until ctx ends: it publishes a new key PublishAhead before RotateEvery
// is over, makes and retires the keys that pools ask for, and wipes the private half of keys
// that have expired. Failures are logged and tried again. Several nodes may run it on one
// store. Call Ensure before.
func (r *Ring) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.asked:
		}
		next, err := r.tend(ctx)
		switch {
		case err == nil:
			timer.Reset(min(max(next.Sub(r.now()), pause), lookAgain))
		case ctx.Err() == nil:
			r.log.Error("tending signing keys", slog.Any("error", err))
			timer.Reset(retryAfter)
		}
	}
}

// tend does what is due and returns when something will be next, at the latest after
// lookAgain.
func (r *Ring) tend(ctx context.Context) (next time.Time, err error) {
	if err = r.tendLines(ctx, ""); err != nil {
		err = fmt.Errorf("tend signing keys for pools: %w", err)
	}
	if rotateErr := r.rotateDue(ctx); rotateErr != nil {
		err = errors.Join(err, fmt.Errorf("rotate signing keys: %w", rotateErr))
	}
	// Wiping does not depend on a rotation that fails.
	if wipeErr := r.wipe(ctx); wipeErr != nil {
		err = errors.Join(err, fmt.Errorf("wipe expired signing keys: %w", wipeErr))
	}
	if err != nil {
		return time.Time{}, err
	}

	rows, now, err := r.rows(ctx)
	if err != nil {
		return time.Time{}, err
	}
	next = now.Add(lookAgain)
	at := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	for _, l := range lines(rows) {
		if last := l.newest(rows); last != nil && r.rotateEvery > 0 {
			at(last.Activates.Add(r.rotateEvery - r.publishAhead))
		}
	}
	for _, row := range live(rows, now) {
		if !row.Expires.IsZero() {
			at(row.Expires)
		}
	}
	return next, nil
}

// rotateDue publishes the next key of each line whose time it is.
func (r *Ring) rotateDue(ctx context.Context) error {
	if r.rotateEvery == 0 {
		return nil
	}
	rows, _, err := r.rows(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range lines(rows) {
		_, err := r.publish(ctx, l, func(last *identity.SigningKey, now time.Time) (activates time.Time, due bool) {
			// Late, as after a long stop, the new key is still published ahead.
			activates = now.Add(r.publishAhead)
			return activates, last != nil && (l == own || !ended(last)) && !activates.Before(last.Activates.Add(r.rotateEvery))
		})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// wipe removes the private half of expired keys, from the store and from memory.
func (r *Ring) wipe(ctx context.Context) error {
	rows, now, err := r.rows(ctx)
	if err != nil {
		return err
	}
	due := false
	for _, row := range rows {
		if expired(row, now) {
			r.opened.Delete(row.Number)
			due = due || len(row.Private) > 0
		}
	}
	if !due {
		return nil
	}
	var wiped []string
	err = r.store.Update(ctx, func(tx identity.Tx) error {
		wiped = nil
		rows, err := tx.SigningKeys()
		if err != nil {
			return err
		}
		for _, row := range rows {
			if len(row.Private) == 0 || !expired(row, tx.Now()) {
				continue
			}
			c := *row
			c.Private = nil
			if err := tx.UpdateSigningKey(&c); err != nil {
				return err
			}
			wiped = append(wiped, c.KeyID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, keyID := range wiped {
		r.log.Info("signing key wiped", slog.String("kid", keyID))
	}
	return nil
}
