package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func testGuests(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{
		{"Sweep", guestSweep},
		{"SweepInSteps", guestSweepInSteps},
		{"NoteUse", guestNoteUse},
	})
}

// sweep runs one step.
func sweep(t *testing.T, s identity.Store, before time.Time, after string, limit int) (removed int, next string) {
	t.Helper()
	update(t, s, func(tx identity.Tx) (err error) {
		removed, next, err = tx.SweepGuests(before, after, limit)
		return err
	})
	return removed, next
}

// guest is an identity without logins that nobody has authenticated.
func guest(n int, created time.Time) *identity.Identity {
	i := newIdentity(n)
	i.Authenticated, i.Created, i.Modified = false, created, created
	return i
}

// Only guests go: what has a login, had one, is disabled or was merged stays, as do guests who
// were used, or made, since.
func guestSweep(t *testing.T, s identity.Store) {
	old, now := at(0), at(0).Add(30*24*time.Hour)
	linked := newIdentity(2, login("ann"))
	linked.Created = old
	unlinked := guest(3, old)
	unlinked.Authenticated = true
	disabled := guest(4, old)
	disabled.Disabled = true
	merged := guest(5, old)
	merged.Disabled, merged.Merged = true, true
	update(t, s, steps(insertPool(newPool(1)), insert(guest(1, old)), insert(linked), insert(unlinked), insert(disabled), insert(merged),
		insert(guest(6, old)), insert(guest(7, now)),
		func(tx identity.Tx) error { return tx.NoteGuestUse(identityID(6), now) }))
	if n, next := sweep(t, s, now.Add(-24*time.Hour), "", 100); n != 1 || next != "" {
		t.Errorf("removed %d, next %q, want 1 and the end", n, next)
	}
	view(t, s, func(tx identity.Tx) error {
		if _, err := tx.Identity(identityID(1)); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("the guest: %v, want %v", err, identity.ErrNotFound)
		}
		for n := 2; n <= 7; n++ {
			if _, err := tx.Identity(identityID(n)); err != nil {
				return fmt.Errorf("identity %d: %w", n, err)
			}
		}
		return nil
	})
	// Days later they are unused too, but for those that are no guests.
	if n, _ := sweep(t, s, now.Add(48*time.Hour), "", 100); n != 2 {
		t.Errorf("removed %d, want 2", n)
	}
}

func guestSweepInSteps(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	for n := range 7 {
		update(t, s, insert(guest(n, at(0))))
	}
	next, all, stepsTaken := "", 0, 0
	for {
		var n int
		n, next = sweep(t, s, at(1), next, 3)
		if n > 3 {
			t.Errorf("a step of 3 removes %d", n)
		}
		all += n
		stepsTaken++
		if next == "" || stepsTaken > 10 {
			break
		}
	}
	if all != 7 || stepsTaken != 3 {
		t.Errorf("removed %d in %d steps, want 7 in 3", all, stepsTaken)
	}
}

// Uses only move forward, and those of what is not there or no guest any more are nothing.
func guestNoteUse(t *testing.T, s identity.Store) {
	const days = 24 * time.Hour
	update(t, s, steps(insertPool(newPool(1)), insert(guest(1, at(0))), insert(newIdentity(2, login("ann")))))
	update(t, s, func(tx identity.Tx) error {
		for _, err := range []error{
			tx.NoteGuestUse(identityID(1), at(0).Add(9*days)), tx.NoteGuestUse(identityID(1), at(0).Add(3*days)),
			tx.NoteGuestUse(identityID(2), at(0)), tx.NoteGuestUse(identityID(3), at(0)), tx.NoteGuestUse("x", at(0)),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	if n, _ := sweep(t, s, at(0).Add(9*days), "", 10); n != 0 {
		t.Errorf("removed %d that were used on that day", n)
	}
	if n, _ := sweep(t, s, at(0).Add(10*days), "", 10); n != 1 {
		t.Errorf("removed %d, want 1", n)
	}
}
