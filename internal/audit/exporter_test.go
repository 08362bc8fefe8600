package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

func openStore(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "store.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// change makes a change by a call whose event has the id.
func change(t testing.TB, db *store.DB, id string) {
	t.Helper()
	p := pending(t, "DeleteIdentityPool", backend, nil)
	p.NewID = func() string { return id }
	err := db.Update(audit.With(t.Context(), p), func(tx identity.Tx) error { return tx.PutSetting(id, nil) })
	if err != nil {
		t.Fatal(err)
	}
}

// names returns the ids from a to b.
func names(a, b int) (all []string) {
	for n := a; n < b; n++ {
		all = append(all, fmt.Sprint("event ", n))
	}
	return all
}

func wantOutbox(t testing.TB, db *store.DB, want int) {
	t.Helper()
	rows, err := db.Audit().Events(context.Background(), 10_000)
	if err != nil || len(rows) != want {
		t.Errorf("got %d events in the outbox, %v, want %d", len(rows), err, want)
	}
}

// export runs an exporter that ends at once.
func export(t testing.TB, s audit.Store, l *audit.Log) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return audit.NewExporter(s, l, slog.New(slog.DiscardHandler)).Run(ctx)
}

// Events are carried over as they come, and at the end what is left.
func TestExporter_Run(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := openStore(t)
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		l := openLog(t, audit.LogConfig{Path: path})
		for _, id := range names(0, 600) { // from before the start, and more than fit at a time
			change(t, db, id)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- audit.NewExporter(db.Audit(), l, slog.New(slog.DiscardHandler)).Run(ctx) }()
		sleep(time.Second)
		wantIDs(t, path, names(0, 600))
		wantOutbox(t, db, 0)

		commits := db.Stats().Commits
		for _, id := range names(600, 610) {
			change(t, db, id)
		}
		sleep(time.Second)
		wantIDs(t, path, names(0, 610))
		wantOutbox(t, db, 0)
		if got := db.Stats().Commits - commits; got != 11 {
			t.Errorf("ten changes and their export made %d commits, want 11", got)
		}

		sleep(time.Hour)
		if got := db.Stats().Commits - commits; got != 11 {
			t.Errorf("%d commits while nothing happened", got-11)
		}
		change(t, db, "event 610")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		wantIDs(t, path, names(0, 611))
		wantOutbox(t, db, 0)
	})
}

// A process that ends between writing events and dropping them leaves both; the next one
// writes only what is missing, also when a file was full meanwhile.
func TestExporter_AfterCrash(t *testing.T) {
	t.Parallel()
	line := int64(0)
	for written := range 6 {
		for _, perFile := range []int64{0, 1, 2, 4} {
			db := openStore(t)
			path := filepath.Join(t.TempDir(), "audit.jsonl")
			c := audit.LogConfig{Path: path, Sync: true, MaxBytes: perFile * line}
			l := openLog(t, c)
			write(t, l, "older")
			for _, id := range names(0, 5) {
				change(t, db, id)
			}
			rows, err := db.Audit().Events(t.Context(), 10)
			if err != nil {
				t.Fatal(err)
			}
			line = int64(len(rows[0].Line))
			for _, r := range rows[:written] {
				e, err := audit.Parse(r.Line)
				if err != nil {
					t.Fatal(err)
				}
				if err := l.Append(t.Context(), e); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			// And something of another line is there.
			torn, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := torn.Write(rows[4].Line[:20]); err != nil {
				t.Fatal(err)
			}
			if err := torn.Close(); err != nil {
				t.Fatal(err)
			}

			if err := export(t, db.Audit(), openLog(t, c)); err != nil {
				t.Error(err)
			}
			wantOutbox(t, db, 0)
			if got, want := slices.Concat(fileIDs(t, path)...), append([]string{"older"}, names(0, 5)...); !slices.Equal(got, want) {
				t.Errorf("%d written, %d a file: got %q, want %q", written, perFile, got, want)
			}
		}
	}
}

// A keeping store does not drop what it is told to while it fails.
type keeping struct {
	audit.Store
	fails atomic.Bool
}

func (s *keeping) Drop(ctx context.Context, rows []audit.Row) error {
	if s.fails.Load() {
		return errors.New("store on fire")
	}
	return s.Store.Drop(ctx, rows)
}

// While the log or the store fails, nothing is lost and nothing written twice.
func TestExporter_Failures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := openStore(t)
		d := &disk{err: errors.New("no space left")}
		l := openLog(t, audit.LogConfig{Writer: d})
		s := &keeping{Store: db.Audit()}
		var report bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- audit.NewExporter(s, l, slog.New(slog.NewTextHandler(&report, nil))).Run(ctx) }()

		change(t, db, "event 0")
		sleep(time.Minute)
		change(t, db, "event 1")
		sleep(time.Minute)
		wantOutbox(t, db, 2)
		if n := strings.Count(report.String(), "no space left"); n < 12 || n > 30 {
			t.Errorf("%d attempts reported in two minutes", n)
		}
		d.set(nil)
		s.fails.Store(true)
		sleep(time.Minute)
		wantOutbox(t, db, 2)
		change(t, db, "event 2")
		sleep(time.Minute)
		wantOutbox(t, db, 3)
		if got := d.ids(t); !slices.Equal(got, names(0, 3)) {
			t.Errorf("got %q, want %q", got, names(0, 3))
		}
		s.fails.Store(false)
		sleep(time.Minute)
		wantOutbox(t, db, 0)
		change(t, db, "event 3")
		d.set(errors.New("no space left"))
		cancel()
		if err := <-ended; err == nil {
			t.Error("Run ended well with an event left")
		}
		wantOutbox(t, db, 1)
		if got := d.ids(t); !slices.Equal(got, names(0, 3)) || l.Dropped() != 0 {
			t.Errorf("got %q, want %q; %d dropped", got, names(0, 3), l.Dropped())
		}
		d.set(nil)
		if err := export(t, s, l); err != nil {
			t.Error(err)
		}
		if got := d.ids(t); !slices.Equal(got, names(0, 4)) {
			t.Errorf("got %q, want %q", got, names(0, 4))
		}
	})
}
