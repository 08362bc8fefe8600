package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func TestSchemaVersion_IsLastMigration(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	if last := fmt.Sprintf("migrations/%05d_", schemaVersion); !strings.HasPrefix(files[len(files)-1], last) {
		t.Errorf("last migration is %s, want %s…", files[len(files)-1], last)
	}
}

func TestOpen_NewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	db := openAt(t, path)
	err := db.Update(t.Context(), func(i identity.Tx) error {
		_, err := i.(*tx).exec("INSERT INTO schema_version (version_id, is_applied) VALUES ($1, 1)", int64(schemaVersion+1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first must not keep the lock
		_, err = Open(t.Context(), Config{Path: path, Now: time.Now})
		if want := fmt.Sprintf("schema has version %d", schemaVersion+1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %s", err, want)
		}
	}
}

// The process that made the file has ended before there was a schema in it.
func TestOpen_EmptyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	db := openAt(t, path)
	if err := db.Update(t.Context(), put("a", []byte("b"))); err != nil {
		t.Error(err)
	}
	wantSetting(t, db, "a", "b")
}
