package identity

import "time"

// MaxGuestUses is maxGuestUses, for tests.
const MaxGuestUses = maxGuestUses

// Note is note, for tests.
func (g *Guests) Note(id string, at time.Time) { g.note(id, at) }

// Waiting is how many uses wait to be written.
func (g *Guests) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}
