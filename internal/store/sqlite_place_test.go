package store_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

// What is written to a file that no start will find is not acknowledged, from the first write on.
func TestSQLite_Moved(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not move a file that is open")
	}
	for name, move := range map[string]func(path string) error{
		"the database": func(path string) error { return os.Rename(path, path+".away") },
		"the log":      func(path string) error { return os.Rename(path+"-wal", path+".away") },
		"another one": func(path string) error {
			if err := os.Rename(path, path+".away"); err != nil {
				return err
			}
			return os.WriteFile(path, nil, 0o600)
		},
	} {
		path := filepath.Join(t.TempDir(), "store.db")
		db, err := store.Open(t.Context(), store.Config{Path: path, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		put := func(value string) error {
			return db.Update(t.Context(), func(tx identity.Tx) error { return tx.PutSetting("s", []byte(value)) })
		}
		if err := put("before"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := move(path); err != nil {
			t.Fatal(err)
		}
		for _, value := range []string{"first", "second"} {
			if err := put(value); err == nil {
				t.Errorf("%s: the %s write is acknowledged", name, value)
			}
		}
		select {
		case <-db.Broken():
		default:
			t.Errorf("%s: the store does not say that it is broken", name)
		}
		_ = db.Close() // it is broken
	}
}
