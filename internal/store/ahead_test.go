package store

import (
	"errors"
	"fmt"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// Updates of one batch see what those before them have done, to rows that were read ahead for all of
// them, too.
func TestUpdate_SeesItsBatch(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) *DB{
		"SQLite":     func(t *testing.T) *DB { return openNew(t) },
		"PostgreSQL": func(t *testing.T) *DB { return openURL(t, pgtest.Database(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			const known = 1
			fill(t, db, known+1)
			var first string
			is := func(n uint64, want *string) func(identity.Tx) error {
				return func(tx identity.Tx) error {
					got, err := tx.IdentityOfLogin(benchPool, benchLogin(n))
					switch {
					case want == nil && !errors.Is(err, identity.ErrNotFound):
						return fmt.Errorf("user %d: got %q, %v, want none", n, got, err)
					case want != nil && (err != nil || got != *want):
						return fmt.Errorf("user %d: got %q, %v, want %q", n, got, err, *want)
					}
					return nil
				}
			}
			change := func(do func(*identity.Identity)) func(identity.Tx) error {
				return func(tx identity.Tx) error {
					i, err := tx.Identity(first)
					if err != nil {
						return err
					}
					i = i.Clone()
					do(i)
					return tx.UpdateIdentity(i)
				}
			}
			insert := func(n uint64) func(identity.Tx) error {
				return func(tx identity.Tx) error { return tx.InsertIdentity(benchIdentity(n)) }
			}
			const a, b = 1000, 1001 // users whom nobody has seen
			steps := []struct {
				what string
				f    func(identity.Tx) error
				want error
			}{
				{what: "nobody", f: is(a, nil)},
				{what: "insert", f: func(tx identity.Tx) error {
					i := benchIdentity(a)
					err := tx.InsertIdentity(i)
					first = i.ID
					return err
				}},
				{what: "it is there", f: is(a, &first)},
				{what: "insert again", f: insert(a), want: identity.ErrConflict},
				{what: "link", f: change(func(i *identity.Identity) { i.Logins = append(i.Logins, benchLogin(b)) })},
				{what: "both are linked", f: is(b, &first)},
				{what: "insert the linked one", f: insert(b), want: identity.ErrConflict},
				{what: "link one that is another's", want: identity.ErrConflict,
					f: change(func(i *identity.Identity) { i.Logins = append(i.Logins, benchLogin(known)) })},
				{what: "unlink", f: change(func(i *identity.Identity) { i.Logins = i.Logins[1:] })},
				{what: "it is unlinked", f: is(a, nil)},
				{what: "the other one is not", f: is(b, &first)},
				{what: "delete", f: func(tx identity.Tx) error { return tx.DeleteIdentity(first) }},
				{what: "delete again", f: func(tx identity.Tx) error { return tx.DeleteIdentity(first) }, want: identity.ErrNotFound},
				{what: "it is deleted", f: is(b, nil)},
				{what: "a new one", f: insert(b)},
			}
			release := hold(t, db)
			before := db.Stats().Commits
			outcomes := make([]<-chan error, len(steps))
			for n, s := range steps {
				outcomes[n] = enqueue(t, db, s.f)
			}
			if err := release(); err != nil {
				t.Error(err)
			}
			for n, s := range steps {
				if err := <-outcomes[n]; !errors.Is(err, s.want) || s.want == nil && err != nil {
					t.Errorf("%s: got %v, want %v", s.what, err, s.want)
				}
			}
			if got := db.Stats().Commits - before; got != 1 {
				t.Errorf("%d commits, want 1", got)
			}
		})
	}
}

// A closure that panics while it is found out what it reads panics in its caller, and its neighbours
// go on.
func TestUpdate_PanicsAhead(t *testing.T) {
	t.Parallel()
	db := openURL(t, pgtest.Database(t))
	release := hold(t, db)
	bad := enqueue(t, db, func(identity.Tx) error { panic("at once") })
	late := enqueue(t, db, func(tx identity.Tx) error {
		_, _ = tx.Setting("none")
		panic("late")
	})
	good := enqueue(t, db, put("a", []byte("b")))
	if err := release(); err != nil {
		t.Error(err)
	}
	if err := <-bad; err == nil || err.Error() != "panic: at once" {
		t.Errorf("got %v", err)
	}
	if err := <-late; err == nil || err.Error() != "panic: late" {
		t.Errorf("got %v", err)
	}
	if err := <-good; err != nil {
		t.Error(err)
	}
	wantSetting(t, db, "a", "b")
}
