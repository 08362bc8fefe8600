package identity_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// newGuest makes a guest of the world's pool.
func (w *world) newGuest() string {
	w.Helper()
	out, err := w.GetId(w.Context(), anonymous, &api.GetIdInput{IdentityPoolId: w.pool})
	if err != nil {
		w.Fatal(err)
	}
	return out.IdentityId
}

// sweepAll sweeps from the start to the end and returns how many guests are gone.
func (w *world) sweepAll() (removed int) {
	w.Helper()
	for place, first := "", true; first || place != ""; first = false {
		n, next, err := w.guests.Sweep(w.Context(), place)
		if err != nil {
			w.Fatal(err)
		}
		removed, place = removed+n, next
	}
	return removed
}

// TestGuests: those that nobody uses go; a token, credentials and a link are uses.
func TestGuests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const day = 24 * time.Hour
	token := func(id string) error {
		_, err := w.GetOpenIdToken(w.Context(), anonymous, &api.GetOpenIdTokenInput{IdentityId: id})
		return err
	}
	idle, used, linked := w.newGuest(), w.newGuest(), w.newGuest()
	if n := w.sweepAll(); n != 0 {
		t.Errorf("%d are removed at once", n)
	}
	w.clock.goOn(20 * day)
	for range 3 {
		if err := token(used); err != nil {
			t.Fatal(err)
		}
	}
	before := w.store.Stats().Updates
	if err := w.guests.Write(w.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.store.Stats().Updates - before; n != 1 {
		t.Errorf("three uses on a day are %d writes", n)
	}
	if err := token(used); err != nil {
		t.Fatal(err)
	}
	if err := w.guests.Write(w.Context()); err != nil || w.store.Stats().Updates-before != 1 {
		t.Errorf("another use on that day is written too: %v", err)
	}
	_, err := w.GetOpenIdTokenForDeveloperIdentity(w.Context(), owner, &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: w.pool, IdentityId: linked, Logins: logins(provider, "ann"),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.clock.goOn(11 * day)
	if n := w.sweepAll(); n != 1 {
		t.Errorf("%d are removed, want 1", n)
	}
	if err := token(idle); refusedAs(err) != api.ResourceNotFoundException {
		t.Errorf("the idle guest: %v", err)
	}
	// The use is known to a process that starts later, and a new use holds although it is not
	// written yet.
	w.reopen()
	if n := w.sweepAll(); n != 0 {
		t.Errorf("after a restart %d are removed", n)
	}
	w.clock.goOn(40 * day)
	if err := token(used); err != nil {
		t.Errorf("the guest that was used: %v", err)
	}
	if n := w.sweepAll(); n != 0 {
		t.Errorf("%d are removed, just after a use", n)
	}
	w.clock.goOn(32 * day)
	if n := w.sweepAll(); n != 1 {
		t.Errorf("%d are removed, want the last guest", n)
	}
	out, err := w.LookupDeveloperIdentity(w.Context(), owner, &api.LookupDeveloperIdentityInput{IdentityPoolId: w.pool, DeveloperUserIdentifier: "ann"})
	if err != nil || out.IdentityId != linked {
		t.Errorf("who was a guest: %v, %v", out, err)
	}
}

func refusedAs(err error) api.Code {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e.Code
	}
	return ""
}

// TestGuests_Bounded: uses that can not be written wait, up to a bound, however often that fails; those
// beyond are taken when they come again.
func TestGuests_Bounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const most = identity.MaxGuestUses
	release, held := make(chan struct{}), make(chan struct{})
	var holding sync.WaitGroup
	holding.Go(func() {
		_ = w.store.Update(w.Context(), func(identity.Tx) error {
			close(held)
			<-release
			return nil
		})
	})
	<-held
	now := time.Now()
	for round := range 3 {
		for n := range most {
			w.guests.Note(fmt.Sprint(round, " before ", n), now)
		}
		ctx, cancel := context.WithCancel(w.Context())
		failed := make(chan error)
		go func() { failed <- w.guests.Write(ctx) }()
		for w.guests.Waiting() > 0 {
			runtime.Gosched() // until it has taken them
		}
		for n := range most {
			w.guests.Note(fmt.Sprint(round, " meanwhile ", n), now)
		}
		cancel()
		if err := <-failed; err == nil {
			t.Fatal("they are written")
		}
		if n := w.guests.Waiting(); n > most {
			t.Errorf("round %d: %d uses wait, want at most %d", round, n, most)
		}
	}
	close(release)
	holding.Wait()
	if err := w.guests.Write(w.Context()); err != nil {
		t.Fatal(err)
	}
	w.guests.Note(fmt.Sprint("2 meanwhile ", most-1), now)
	if n := w.guests.Waiting(); n != 1 {
		t.Errorf("a use that was not kept is not taken when it comes again: %d wait", n)
	}
}
