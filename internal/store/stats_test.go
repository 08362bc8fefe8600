package store

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// Who asks is told of commits and reads, and what is counted is the same on each engine.
func TestStats(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(*testing.T) Config{
		"SQLite":     func(t *testing.T) Config { return Config{Path: filepath.Join(t.TempDir(), "store.db")} },
		"PostgreSQL": func(t *testing.T) Config { return Config{URL: pgtest.Database(t), Migrate: true} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Each look at the clock is a second later.
			var clock, updates, commits, reads atomic.Int64
			took := func(d time.Duration) {
				if d <= 0 || d > time.Minute {
					t.Errorf("it took %v", d)
				}
			}
			cfg := where(t)
			cfg.Now = func() time.Time { return time.Unix(1_800_000_000+clock.Add(1), 0) }
			cfg.Commit = func(n int, d time.Duration) { updates.Add(int64(n)); commits.Add(1); took(d) }
			cfg.Read = func(d time.Duration) { reads.Add(1); took(d) }
			db, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Update(t.Context(), put("a", []byte("b"))); err != nil {
				t.Fatal(err)
			}
			// What only reads is no commit.
			if err := db.Update(t.Context(), func(tx identity.Tx) error { _, err := tx.Setting("a"); return err }); err != nil {
				t.Fatal(err)
			}
			wantSetting(t, db, "a", "b") // perhaps from a cache that is not current
			before := db.Stats()
			if before.Updates != 1 || before.Commits != 1 || updates.Load() != 1 || commits.Load() != 1 {
				t.Errorf("got %+v, told of %d updates in %d commits, want 1 of each", before, updates.Load(), commits.Load())
			}
			for range 3 {
				wantSetting(t, db, "a", "b")
			}
			if err := db.Check(t.Context()); err != nil {
				t.Error(err)
			}
			after := db.Stats()
			if after.FromMemory-before.FromMemory != 3 || after.FromDatabase-before.FromDatabase != 1 || after.Retries != before.Retries {
				t.Errorf("from %+v to %+v, want 3 more from memory and 1 from the database", before, after)
			}
			if uint64(reads.Load()) != after.FromDatabase {
				t.Errorf("told of %d reads, counted %d", reads.Load(), after.FromDatabase)
			}
		})
	}
}
