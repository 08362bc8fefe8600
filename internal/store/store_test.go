package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/store/storetest"
)

func testIDKey(identity.Tx) ([]byte, error) { return []byte("0123456789abcdef"), nil }

func openAt(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), Config{Path: path, Now: time.Now})
	if err == nil {
		err = db.UseIDKey(t.Context(), testIDKey)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func openNew(t testing.TB) *DB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "store.db"))
}

func put(name string, value []byte) func(identity.Tx) error {
	return func(t identity.Tx) error { return t.PutSetting(name, value) }
}

// wantSetting checks a setting by a View; "" means that there is none.
func wantSetting(t *testing.T, db *DB, name, want string) {
	t.Helper()
	var got []byte
	err := db.View(t.Context(), func(tx identity.Tx) (err error) {
		got, err = tx.Setting(name)
		return err
	})
	if want == "" && errors.Is(err, identity.ErrNotFound) {
		return
	}
	if err != nil || string(got) != want {
		t.Errorf("setting %s: got %q, %v, want %q", name, got, err, want)
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) identity.Store { return openNew(t) })
}

func TestContract_Principals(t *testing.T) {
	t.Parallel()
	storetest.RunPrincipals(t, func(t *testing.T) principal.Store { return openNew(t).Principals() })
}

func TestContract_Audit(t *testing.T) {
	t.Parallel()
	storetest.RunAudit(t, func(t *testing.T) storetest.Audited {
		db := openNew(t)
		return storetest.Audited{Store: db, Outbox: db.Audit()}
	})
}

func TestOpen_Modes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	db := openAt(t, path)
	if err := db.Update(t.Context(), put("a", []byte("b"))); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("mode of %s: got %o, want 600", path+suffix, got)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[os.FileMode]bool{0o640: false, 0o604: false, 0o620: false, 0o400: false, 0o600: true} {
		if mode == 0o400 && os.Geteuid() == 0 {
			continue // root may write to it
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		db, err := Open(t.Context(), Config{Path: path, Now: time.Now})
		if (err == nil) != ok {
			t.Errorf("open with mode %o: got error %v", mode, err)
		}
		if err == nil {
			wantSetting(t, db, "a", "b")
			err = db.Close()
		} else if mode != 0o400 && !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("open with mode %o: %v: does not say how to repair it", mode, err)
		} else {
			err = nil
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func TestOpen_SecondIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	link := filepath.Join(dir, "link.db")
	db := openAt(t, path)
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		_, err := Open(t.Context(), Config{Path: name, Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), "another process") {
			t.Errorf("second open of %s: got error %v, want one about another process", name, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	openAt(t, link)
}

func TestOpen_Errors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []Config{
		{Now: time.Now}, {Path: filepath.Join(dir, "a")},
		{Path: filepath.Join(dir, "missing", "store.db"), Now: time.Now},
		{Path: dir, Now: time.Now}, {Path: text, Now: time.Now},
	} {
		if db, err := Open(t.Context(), cfg); err == nil {
			t.Errorf("open %q: got no error", cfg.Path)
			_ = db.Close()
		}
	}
	// Names that mean something in a URI.
	for _, name := range []string{"a?b=c", "a%20b", "a#b", "a b", "a&b"} {
		openAt(t, filepath.Join(dir, name))
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("open %q: %v", name, err)
		}
	}
}

func TestOpen_Again(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	db := openAt(t, path)
	i := benchIdentity(1)
	for _, f := range []func(identity.Tx) error{
		func(tx identity.Tx) error { return tx.InsertPool(&identity.Pool{ID: benchPool}) },
		func(tx identity.Tx) error { return tx.InsertIdentity(i) },
		put("a", []byte("b")),
	} {
		if err := db.Update(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("log after Close: %v, want none", err)
	}
	for name, run := range map[string]func(context.Context, func(identity.Tx) error) error{"View": db.View, "Update": db.Update} {
		if err := run(t.Context(), func(identity.Tx) error { return nil }); !errors.Is(err, identity.ErrUnavailable) {
			t.Errorf("%s of a closed store: got %v, want %v", name, err, identity.ErrUnavailable)
		}
	}

	db = openAt(t, path)
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	wantSetting(t, db, "a", "b")
	err := db.View(t.Context(), func(tx identity.Tx) error {
		id, err := tx.IdentityOfLogin(benchPool, i.Logins[0])
		if id != i.ID {
			return fmt.Errorf("identity of login: got %q, %v, want %q", id, err, i.ID)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A View of cached rows goes on while no connection is to be had.
func TestView_CachedNeedsNoConnection(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	if err := db.Update(t.Context(), put("a", []byte("b"))); err != nil {
		t.Fatal(err)
	}
	wantSetting(t, db, "a", "b")
	for range cap(lite(db).readers.free) {
		c, err := lite(db).readers.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { lite(db).readers.give(c, false) }()
	}
	for name, want := range map[string]error{"a": nil, "absent": context.DeadlineExceeded} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		err := db.View(ctx, func(tx identity.Tx) error {
			_, err := tx.Setting(name)
			return err
		})
		if !errors.Is(err, want) {
			t.Errorf("view of setting %s: got %v, want %v", name, err, want)
		}
	}
}

// Entities come from the cache, whatever the case of the name; a use of an access key
// changes nothing in it; and what is too long stays out.
func TestCache_Principals(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	s := db.Principals()
	const account, id = "111122223333", "AKIAIOSFODNN7EXAMPLE"
	long := &principal.SAMLProvider{
		Entity: principal.Entity{Account: account, Name: "long"}, Metadata: strings.Repeat("x", cachedDoc),
	}
	err := s.Update(t.Context(), func(tx principal.Tx) error {
		return errors.Join(
			tx.Users().Insert(&principal.User{Entity: principal.Entity{Account: account, Name: "Alice"}}),
			tx.SAMLProviders().Insert(long),
			tx.InsertAccessKey(&principal.AccessKey{ID: id, Account: account, User: "Alice"}),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(t.Context(), func(tx principal.Tx) error {
		k, err1 := tx.AccessKey(id)
		_, err2 := tx.Users().Get(account, k.User)
		_, err3 := tx.SAMLProviders().Get(account, "long")
		return errors.Join(err1, err2, err3)
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		err := s.Update(t.Context(), func(tx principal.Tx) error {
			return tx.NoteKeyUse(id, principal.KeyUse{Time: time.UnixMilli(int64(n))})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range cap(lite(db).readers.free) {
		c, err := lite(db).readers.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { lite(db).readers.give(c, false) }()
	}
	for _, c := range []struct {
		what string
		read func(principal.Tx) error
		want error
	}{
		{"access key", func(tx principal.Tx) error { _, err := tx.AccessKey(id); return err }, nil},
		{"user", func(tx principal.Tx) error { _, err := tx.Users().Get(account, "aLICE"); return err }, nil},
		{"role of that name", func(tx principal.Tx) error { _, err := tx.Roles().Get(account, "Alice"); return err }, context.DeadlineExceeded},
		{"user of another account", func(tx principal.Tx) error { _, err := tx.Users().Get("444455556666", "Alice"); return err }, context.DeadlineExceeded},
		{"users", func(tx principal.Tx) error { _, err := tx.Users().List(account, "", 1); return err }, context.DeadlineExceeded},
		{"use", func(tx principal.Tx) error { _, err := tx.KeyUse(id); return err }, context.DeadlineExceeded},
		{"long document", func(tx principal.Tx) error { _, err := tx.SAMLProviders().Get(account, "long"); return err }, context.DeadlineExceeded},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := s.View(ctx, c.read); !errors.Is(err, c.want) {
			t.Errorf("view of %s: got %v, want %v", c.what, err, c.want)
		}
	}
}

// A transaction is kept between Views, but none that began before or during a
// commit.
func TestView_KeepsCurrentSnapshotOnly(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	check := func(when string, want bool) {
		t.Helper()
		if got := lite(db).readers.idle[0].reading; got != want {
			t.Errorf("%s: transaction kept: %t, want %t", when, got, want)
		}
	}
	wantSetting(t, db, "absent", "")
	check("at rest", true)
	lite(db).readers.beginCommit()
	check("when a commit begins", false)
	wantSetting(t, db, "absent", "")
	check("during a commit", false)
	err := db.View(t.Context(), func(tx identity.Tx) error {
		_, err := tx.Setting("absent")
		lite(db).readers.endCommit()
		return err
	})
	if !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("got %v, want %v", err, identity.ErrNotFound)
	}
	check("begun during a commit", false)
	wantSetting(t, db, "absent", "")
	check("at rest again", true)
}

func TestCache_IsBounded(t *testing.T) {
	t.Parallel()
	var r rows[int, int]
	for n := range 3 * cachedRows {
		r.put(n, n)
	}
	if got := len(r.m); got != cachedRows {
		t.Errorf("got %d rows, want %d", got, cachedRows)
	}
	if v, ok := r.get(3*cachedRows - 1); !ok || v != 3*cachedRows-1 {
		t.Errorf("last row: got %d, %t", v, ok)
	}
}

// Connections that keep a snapshot must not keep the log from being emptied.
func TestLogStaysBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	db := openAt(t, path)
	value := make([]byte, 512<<10)
	for n := range 160 { // 80 MB; the log is emptied each 16 MB
		if err := db.Update(t.Context(), put("big", value)); err != nil {
			t.Fatal(err)
		}
		wantSetting(t, db, fmt.Sprint("absent", n), "")
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Size(); got > 40<<20 {
		t.Errorf("log has %d bytes", got)
	}
}

// lite is the engine of a store in a file.
func lite(db *DB) *sqliteEngine { return db.engine.(*sqliteEngine) }
