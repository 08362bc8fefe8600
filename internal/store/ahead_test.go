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

// The rows of a large batch are inserted many at a time; one whose GUID was given away before gets
// another, and its neighbours stay as they are.
func TestUpdate_Blocks(t *testing.T) {
	t.Parallel()
	db := openURL(t, pgtest.Database(t))
	fill(t, db, 1)
	find := func(n uint64) (found string) {
		t.Helper()
		err := db.View(t.Context(), func(tx identity.Tx) (err error) {
			found, err = tx.IdentityOfLogin(benchPool, benchLogin(n))
			return err
		})
		if err != nil {
			t.Errorf("user %d: %v", n, err)
		}
		return found
	}
	region, g, _ := splitID(find(0))
	number, _ := db.ids.number(g)
	const users = 200
	given, err := db.ids.guid(number + users/2)
	if err != nil {
		t.Fatal(err)
	}
	id := joinID(region, given)
	i := benchIdentity(1)
	i.ID = id
	if err := db.Update(t.Context(), func(tx identity.Tx) error { return tx.InsertIdentity(i) }); err != nil {
		t.Fatal(err)
	}
	release := hold(t, db)
	before := db.Stats()
	var outcomes []<-chan error
	for n := range uint64(users) {
		outcomes = append(outcomes, enqueue(t, db, func(tx identity.Tx) error { return tx.InsertIdentity(benchIdentity(2 + n)) }))
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	for n, o := range outcomes {
		if err := <-o; err != nil {
			t.Errorf("user %d: %v", n, err)
		}
	}
	if got := db.Stats().Retries - before.Retries; got == 0 {
		t.Error("no identity would have had the GUID that is another's")
	}
	seen := map[string]bool{find(1): true}
	for n := range uint64(users) {
		seen[find(2+n)] = true
	}
	if len(seen) != users+1 || !seen[id] {
		t.Errorf("%d users have %d identities", users+1, len(seen))
	}
}

func TestRepeatRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ q, want query }{
		{insertLogin, "INSERT INTO login (provider, subject, identity)\n\t\tVALUES ($1, $2, $3), ($4, $5, $6) ON CONFLICT DO NOTHING"},
		{insertEvent, "INSERT INTO audit_event (seq, line) VALUES ($1, $2), ($3, $4)"},
		{selectGUIDs, "SELECT guid FROM identity_guid WHERE guid IN ($1, $2)"},
	} {
		if got := repeatRows(c.q, 2); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
}
