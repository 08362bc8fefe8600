package fault_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

func ci() bool { return os.Getenv("CI") == "true" }

// root skips a test that mounts things where it may not.
func root(t *testing.T, programs ...string) {
	t.Helper()
	var err error
	if os.Geteuid() != 0 {
		err = os.ErrPermission
	}
	need(t, err, "to be root")
	for _, p := range programs {
		_, err := exec.LookPath(p)
		need(t, err, p)
	}
}

// command runs a program of the system and returns what it writes.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}

// mount mounts something until the test ends.
func mount(t *testing.T, at string, args ...string) {
	t.Helper()
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("mount", append(args, at)...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	need(t, err, "to mount")
	t.Cleanup(func() { _ = exec.Command("umount", "-l", at).Run() }) // the test may have done so
}

// intact has SQLite check the file that a stopped server leaves.
func intact(t *testing.T, n *node) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(n.data, "poolkeeper.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %s (%v)", verdict, err)
	}
}

// fetch gets a JSON document.
func (n *node) fetch(ctx context.Context, url string, doc any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := n.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(doc)
}

// rss returns the resident memory of the server in MB.
func (n *node) rss() int {
	n.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	if err != nil {
		n.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		n.t.Fatal(err)
	}
	return kb >> 10
}

// files returns how many descriptors the server has open.
func (n *node) files() int {
	n.t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", n.cmd.Process.Pid))
	if err != nil {
		n.t.Fatal(err)
	}
	return len(open)
}

// size returns the size of a file in the data directory, or 0.
func (n *node) size(name string) int64 {
	info, err := os.Stat(filepath.Join(n.data, name))
	if err != nil {
		return 0
	}
	return info.Size()
}
