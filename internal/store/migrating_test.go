package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestOpen_Migrating: an old schema is told of before it is brought up to date, a new or present
// one is not.
func TestOpen_Migrating(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	var told []string
	open := func() {
		t.Helper()
		db, err := Open(t.Context(), Config{Path: path, Now: time.Now, Migrating: func(from, to int64) { told = append(told, fmt.Sprint(from, " to ", to)) }})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	open()
	if err := os.WriteFile(path, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	if told != nil {
		t.Errorf("of a new store it is told %q", told)
	}
	if err := upgrade(t.Context(), writerDSN(path), 1); err != nil {
		t.Fatal(err)
	}
	open()
	open()
	if want := []string{fmt.Sprint("1 to ", schemaVersion)}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
