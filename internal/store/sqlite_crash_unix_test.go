//go:build unix

package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// These tests run the test binary again, as a process that may be killed or have limits
// of its own. The variables tell it which part it plays, and on which file.
const (
	childRole = "STORE_TEST_CHILD"
	childPath = "STORE_TEST_PATH"
)

func TestMain(m *testing.M) {
	role, path := os.Getenv(childRole), os.Getenv(childPath)
	var err error
	switch role {
	case "":
		os.Exit(m.Run())
	case "insert":
		err = insertForEver(path)
	case "open":
		err = openOnce(path)
	case "write past the limit":
		err = writePastLimit(path)
	default:
		err = fmt.Errorf("no part %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childRole+"="+role, childPath+"="+path)
	cmd.Stderr = t.Output()
	return cmd
}

// insertForEver inserts identities from several goroutines, deletes some of them at once, and prints
// of each that was acknowledged its number, its id and whether it is there.
func insertForEver(path string) error {
	db, err := Open(context.Background(), Config{Path: path, Now: time.Now})
	if err != nil {
		return err
	}
	if err := db.UseIDKey(context.Background(), testIDKey); err != nil {
		return err
	}
	err = db.Update(context.Background(), func(t identity.Tx) error {
		err := t.InsertPool(&identity.Pool{ID: benchPool})
		if errors.Is(err, identity.ErrConflict) {
			err = nil
		}
		return err
	})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for range 8 {
		go func() {
			for {
				n := rand.Uint64()
				var id string
				err := db.Update(context.Background(), func(t identity.Tx) error {
					i := benchIdentity(n)
					err := t.InsertIdentity(i)
					id = i.ID
					return err
				})
				kept := n%2 == 0
				if err == nil && !kept {
					err = db.Update(context.Background(), func(t identity.Tx) error { return t.DeleteIdentity(id) })
				}
				if err == nil {
					_, err = fmt.Printf("%d %s %t\n", n, id, kept) // one write: a line is whole or not there
				}
				if err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

func TestKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	type line struct {
		n    uint64
		id   string
		kept bool
	}
	var acknowledged []line
	given := make(map[string]bool)
	for round := range 5 {
		cmd := child(t, "insert", path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var killer *time.Timer
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if killer == nil {
				killer = time.AfterFunc(time.Duration(rand.IntN(300))*time.Millisecond, func() { _ = cmd.Process.Kill() })
			}
			var l line
			if _, err := fmt.Sscan(lines.Text(), &l.n, &l.id, &l.kept); err != nil {
				t.Fatalf("line %q: %v", lines.Text(), err)
			}
			if given[l.id] {
				t.Errorf("round %d: id %s was given twice", round, l.id)
			}
			given[l.id] = true
			acknowledged = append(acknowledged, l)
		}
		if err := cmd.Wait(); err == nil || killer == nil {
			t.Fatalf("round %d: the child has ended by itself: %v", round, err)
		}

		db := openAt(t, path)
		err = db.View(t.Context(), func(tx identity.Tx) error {
			for _, l := range acknowledged {
				_, byID := tx.Identity(l.id)
				id, byLogin := tx.IdentityOfLogin(benchPool, benchLogin(l.n))
				switch {
				case !l.kept && (!errors.Is(byID, identity.ErrNotFound) || !errors.Is(byLogin, identity.ErrNotFound)):
					return fmt.Errorf("identity %d was deleted: got %w, and %w by its login", l.n, byID, byLogin)
				case l.kept && (byID != nil || byLogin != nil || id != l.id):
					return fmt.Errorf("identity %d: got %w, and %s, %w by its login, want %s", l.n, byID, id, byLogin, l.id)
				}
			}
			row, err := tx.(readTx).first("PRAGMA integrity_check")
			if err == nil && row[0] != "ok" {
				err = fmt.Errorf("integrity check: %v", row[0])
			}
			return err
		})
		if err != nil {
			t.Errorf("round %d, %d acknowledged: %v", round, len(acknowledged), err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if len(acknowledged) < 50 {
		t.Errorf("only %d were acknowledged in all", len(acknowledged))
	}
}

// writePastLimit lets the kernel refuse writes (EFBIG, which no more space mends), and
// then no more.
func writePastLimit(path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	ctx := context.Background()
	db, err := Open(ctx, Config{Path: path, Now: time.Now})
	if err != nil {
		return err
	}
	if err := db.Update(ctx, put("before", []byte("x"))); err != nil {
		return err
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		return err
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	low := before
	low.Cur = uint64(info.Size())
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &low); err != nil {
		return err
	}
	if err := db.Update(ctx, put("during", []byte("x"))); !errors.Is(err, identity.ErrUnavailable) {
		return fmt.Errorf("update past the limit: got %v", err)
	}
	select {
	case <-db.Broken():
	default:
		return errors.New("the store is not broken")
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	if err := db.Update(ctx, put("after", []byte("x"))); !errors.Is(err, identity.ErrUnavailable) || !strings.Contains(err.Error(), "broken") {
		return fmt.Errorf("update of a broken store: got %v", err)
	}
	if err := db.Check(ctx); !errors.Is(err, identity.ErrUnavailable) {
		return fmt.Errorf("check of a broken store: got %v", err)
	}
	if err := db.View(ctx, func(t identity.Tx) error { _, err := t.Setting("before"); return err }); err != nil {
		return fmt.Errorf("view of a broken store: %w", err)
	}
	return db.Close()
}

func TestBroken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := child(t, "write past the limit", path).Run(); err != nil {
		t.Fatal(err)
	}
	db := openAt(t, path)
	wantSetting(t, db, "before", "x")
	wantSetting(t, db, "after", "")
	if err := db.Update(t.Context(), put("after", []byte("y"))); err != nil {
		t.Errorf("after it was opened again: %v", err)
	}
	wantSetting(t, db, "after", "y")
}
