//go:build unix

package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// openOnce opens the file, which brings its schema up to date, and closes it.
func openOnce(path string) error {
	db, err := Open(context.Background(), Config{Path: path, Now: time.Now})
	if err != nil {
		return err
	}
	return db.Close()
}

// many are users beside those of the golden rows, in the schema of version 1.
const many = 3000

const fillVersion1 = `
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < %d)
INSERT INTO identity (id, pool, authenticated, disabled, logins, created, modified)
SELECT unhex('00000003333343338333' || printf('%%012x', n)), X'00000001111141118111000000000001', 1, 0,
	'[["login.example","user-' || n || '"]]', 1790000000011, 1790000000012 FROM n;
INSERT INTO login (pool, provider, subject, identity)
SELECT pool, CAST('login.example' AS BLOB), CAST(json_extract(logins, '$[0][1]') AS BLOB), id FROM identity
WHERE id >= X'00000003000000000000000000000000';`

// The process is killed while it brings a file of the oldest schema up to date. The next one that opens it
// finds all that was there, whole.
func TestMigrate_Killed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := filepath.Join(dir, "old.db")
	if err := os.WriteFile(old, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	if err := upgrade(t.Context(), writerDSN(old), 1); err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/version1.sql")
	if err != nil {
		t.Fatal(err)
	}
	filled, err := sql.Open("sqlite", writerDSN(old))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(golden), fmt.Sprintf(fillVersion1, many), "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := filled.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := filled.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	fresh := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, rows, fileMode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	begun := time.Now()
	if err := child(t, "open", fresh("whole.db")).Run(); err != nil {
		t.Fatal(err)
	}
	whole, cut := time.Since(begun), 0
	for round := range 6 {
		path := fresh(fmt.Sprintf("%d.db", round))
		cmd := child(t, "open", path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		killer := time.AfterFunc(time.Duration(rand.Int64N(int64(whole))), func() { _ = cmd.Process.Kill() })
		if cmd.Wait() != nil {
			cut++
		}
		killer.Stop()
		db := openAt(t, path)
		err := db.View(t.Context(), func(tx identity.Tx) error {
			for n := 1; n <= many; n += 1 + rand.IntN(200) {
				id := fmt.Sprintf("eu-central-1:00000003-3333-4333-8333-%012x", n)
				user := identity.Login{Provider: "login.example", Subject: fmt.Sprint("user-", n)}
				found, err := tx.Identity(id)
				if err != nil || len(found.Logins) != 1 || found.Logins[0] != user {
					return fmt.Errorf("identity %d: %+v, %v", n, found, err)
				}
				if of, err := tx.IdentityOfLogin("eu-central-1:00000001-1111-4111-8111-000000000001", user); err != nil || of != id {
					return fmt.Errorf("login of identity %d: got %q, %v", n, of, err)
				}
			}
			row, err := tx.(readTx).first("PRAGMA integrity_check")
			if err == nil && row[0] != "ok" {
				err = fmt.Errorf("integrity check: %v", row[0])
			}
			return err
		})
		if err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	t.Logf("killed %d of 6 times within %v", cut, whole)
}
