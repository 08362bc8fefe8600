package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A line is a succession of keys, each of which replaces the one before. own is the
// service's own, whose algorithm may change from key to key; every other is named by the
// algorithm of its keys, which sign for the pools that ask for it.
type line string

const own line = ""

func lineOf(row *identity.SigningKey) line {
	if row.ForPools {
		return line(row.Algorithm)
	}
	return own
}

// newest returns the key of the line with the highest number, or nil.
func (l line) newest(rows []*identity.SigningKey) *identity.SigningKey {
	for _, row := range slices.Backward(rows) {
		if lineOf(row) == l {
			return row
		}
	}
	return nil
}

// active returns the key of the line that signs: that with the highest number among those
// whose time has come. Nil: none, as when the line has ended, and when it begins again after
// its last key had expired. Of the service's own line the first key that is left signs before its
// time: there is none that it could have replaced, so the clock was set back, or is behind that
// of the server that made the key.
func (l line) active(rows []*identity.SigningKey, now time.Time) *identity.SigningKey {
	last := true
	var early *identity.SigningKey
	for _, row := range slices.Backward(rows) {
		if lineOf(row) != l {
			continue
		}
		if last && l != own && !row.Expires.IsZero() {
			return nil
		}
		last = false
		if row.Activates.After(now) {
			if l == own && !expired(row, now) {
				early = row
			}
			continue
		}
		if l != own && expired(row, now) {
			return nil
		}
		return row
	}
	return early
}

// ended reports whether nothing follows the key, the newest of a line for pools.
func ended(last *identity.SigningKey) bool { return last == nil || !last.Expires.IsZero() }

// signer returns the key that signs for a pool which asks for the algorithm: that of the
// algorithm's line, or else the service's own.
func signer(rows []*identity.SigningKey, now time.Time, algorithm string) *identity.SigningKey {
	if algorithm != "" {
		if row := line(algorithm).active(rows, now); row != nil {
			return row
		}
	}
	return own.active(rows, now)
}

// lines returns the lines that have keys and have not ended, the service's own first.
func lines(rows []*identity.SigningKey) []line {
	all := []line{own}
	for _, row := range rows {
		if l := lineOf(row); !slices.Contains(all, l) && !ended(l.newest(rows)) {
			all = append(all, l)
		}
	}
	return all
}

// serves reports whether the service's own keys do for pools that ask for the algorithm: the one
// that signs, and those that will, are of it.
func serves(rows []*identity.SigningKey, now time.Time, algorithm string) bool {
	signing := own.active(rows, now)
	if signing == nil {
		return false
	}
	for _, row := range rows {
		if lineOf(row) == own && row.Number >= signing.Number && row.Algorithm != algorithm {
			return false
		}
	}
	return true
}

// Prepare implements [identity.Issuer]: Run looks at once what pools ask for.
func (r *Ring) Prepare() {
	select {
	case r.asked <- struct{}{}:
	default: // it will look already
	}
}

// SignsWith implements [identity.Issuer].
func (r *Ring) SignsWith(ctx context.Context, algorithm string) (string, error) {
	rows, now, err := r.rows(ctx)
	if err != nil {
		return "", fmt.Errorf("find signing key: %w", err)
	}
	row := signer(rows, now, algorithm)
	if row == nil {
		return "", errInactive
	}
	return row.Algorithm, nil
}

// tendLines begins a line for each algorithm that pools ask for and the service's own keys do
// not serve, and ends those that no pool asks for. next is the algorithm to which the
// service's own is about to change; empty: to none.
func (r *Ring) tendLines(ctx context.Context, next string) error {
	var rows []*identity.SigningKey
	var now time.Time
	var asked []string
	err := r.store.View(ctx, func(tx identity.Tx) (err error) {
		now = tx.Now()
		if rows, err = tx.SigningKeys(); err == nil {
			asked, err = tx.SigningAlgorithms()
		}
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, algorithm := range asked {
		if !ended(line(algorithm).newest(rows)) || serves(rows, now, algorithm) && (next == "" || next == algorithm) {
			continue
		}
		errs = append(errs, r.begin(ctx, line(algorithm)))
	}
	for _, l := range lines(rows) {
		if l != own && !slices.Contains(asked, string(l)) {
			errs = append(errs, r.end(ctx, l))
		}
	}
	return errors.Join(errs...)
}

// begin begins a line: with its last key, where that is still in the key set and so known to
// verifiers, and otherwise with a new one that is published ahead.
func (r *Ring) begin(ctx context.Context, l line) error {
	var resumed string
	err := r.store.Update(ctx, func(tx identity.Tx) error {
		resumed = ""
		rows, err := tx.SigningKeys()
		if err != nil {
			return err
		}
		last := l.newest(rows)
		if last == nil || expired(last, tx.Now()) || !ended(last) {
			return nil
		}
		resumed = last.KeyID
		c := *last
		c.Expires = time.Time{}
		return tx.UpdateSigningKey(&c)
	})
	if err != nil {
		return fmt.Errorf("resume keys for %s: %w", l, err)
	}
	if resumed != "" {
		r.log.Info("signing key resumed", slog.String("kid", resumed), slog.String("alg", string(l)))
		return nil
	}
	_, err = r.publish(ctx, l, func(last *identity.SigningKey, now time.Time) (activates time.Time, due bool) {
		return now.Add(r.publishAhead), last == nil || expired(last, now)
	})
	if err != nil {
		return fmt.Errorf("publish a key for %s: %w", l, err)
	}
	return nil
}

// end sets when the last key of a line expires, unless a pool asks for its algorithm again.
func (r *Ring) end(ctx context.Context, l line) error {
	var retired string
	err := r.store.Update(ctx, func(tx identity.Tx) error {
		retired = ""
		asked, err := tx.SigningAlgorithms()
		if err != nil || slices.Contains(asked, string(l)) {
			return err
		}
		rows, err := tx.SigningKeys()
		if err != nil {
			return err
		}
		last := l.newest(rows)
		if ended(last) {
			return nil
		}
		retired = last.KeyID
		return r.replace(tx, last, tx.Now())
	})
	if err != nil {
		return fmt.Errorf("retire keys for %s: %w", l, err)
	}
	if retired != "" {
		r.log.Info("signing key retired: no pool asks for its algorithm", slog.String("kid", retired), slog.String("alg", string(l)))
	}
	return nil
}
