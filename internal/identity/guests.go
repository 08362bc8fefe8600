package identity

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// maxGuestUses bounds the guests whose use is remembered. Of more, the use is noted again.
	maxGuestUses = 1 << 16
	// guestStep is how many identities one transaction looks at or changes.
	guestStep = 500
)

// Guests removes guests that nobody uses any more. A use is kept by its day, so that it costs a
// write a day at the most, together with others: what a process that is killed has not written
// yet is lost, and its guests may go a day early. Each process has its own uses to write; of several on
// one store, one sweeps, which knows those of the others once they are written.
type Guests struct {
	store Store
	idle  time.Duration

	// writing is held by Write, so that a sweep begins when what waited is written.
	writing sync.Mutex

	mu sync.Mutex // guards what follows
	// noted has the day of the last use that was remembered; waiting are those of them that
	// are still to be written.
	noted   map[string]int64
	waiting []guestUse
}

type guestUse struct {
	id string
	at time.Time
}

// NewGuests returns Guests that removes those that were not used for a time.
func NewGuests(s Store, idle time.Duration) *Guests {
	return &Guests{store: s, idle: idle, noted: map[string]int64{}}
}

// note remembers a use.
func (g *Guests) note(id string, at time.Time) {
	if g == nil {
		return
	}
	day := at.Unix() / 86400
	g.mu.Lock()
	defer g.mu.Unlock()
	if last, ok := g.noted[id]; ok && last >= day || len(g.waiting) >= maxGuestUses {
		return
	}
	if len(g.noted) >= maxGuestUses {
		clear(g.noted)
	}
	g.noted[id] = day
	g.waiting = append(g.waiting, guestUse{id, at})
}

// Write writes the uses that wait.
func (g *Guests) Write(ctx context.Context) error {
	g.writing.Lock()
	defer g.writing.Unlock()
	g.mu.Lock()
	uses := g.waiting
	g.waiting = nil
	g.mu.Unlock()
	for n := 0; n < len(uses); n += guestStep {
		step := uses[n:min(n+guestStep, len(uses))]
		err := g.store.Update(ctx, func(tx Tx) error {
			for _, u := range step {
				if err := tx.NoteGuestUse(u.id, u.at); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			g.takeBack(uses[n:])
			return fmt.Errorf("note uses of guests: %w", err)
		}
	}
	return nil
}

// takeBack has uses wait that were not written, with those that have come since, as far as
// there is room: the others count as not noted.
func (g *Guests) takeBack(uses []guestUse) {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := slices.Concat(uses, g.waiting)
	g.waiting = all[:min(len(all), maxGuestUses)]
	for _, u := range all[len(g.waiting):] {
		delete(g.noted, u.id)
	}
}

// Sweep writes the uses that wait, and then looks at the next identities after a place; empty
// is the start. It removes the guests among them that nobody has used for the idle time, and
// returns the place to go on from; empty: all were looked at.
func (g *Guests) Sweep(ctx context.Context, after string) (removed int, next string, err error) {
	if err := g.Write(ctx); err != nil {
		return 0, "", err
	}
	err = g.store.Update(ctx, func(tx Tx) (err error) {
		removed, next, err = tx.SweepGuests(tx.Now().Add(-g.idle), after, guestStep)
		return err
	})
	if err != nil {
		return 0, "", fmt.Errorf("sweep guests: %w", err)
	}
	return removed, next, nil
}
