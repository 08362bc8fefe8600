package fault_test

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// need skips a test that lacks something, but not in CI, where nobody would notice.
func need(t *testing.T, missing error, what string) {
	t.Helper()
	if missing != nil {
		if ci() {
			t.Fatalf("this test needs %s: %v", what, missing)
		}
		t.Skipf("this test needs %s: %v", what, missing)
	}
}

// F1: SIGKILL under load, again and again.
func TestKill(t *testing.T) {
	onlyLong(t)
	n := newNode(t, program(t))
	n.start()
	l := newLedger(t, n)
	stop := l.load(8, n)
	const rounds = 50
	begun := time.Now()
	for round := 0; round < rounds && time.Since(begun) < 2*span(0); round++ {
		after(t.Context(), 50*time.Millisecond, 1500*time.Millisecond)
		n.kill()
		again := time.Now()
		n.launch()
		if d := l.next(again); d > 5*time.Second {
			t.Errorf("round %d: acknowledged again after %v", round, d)
		}
	}
	stop()
	l.check(n)
	if code := n.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	intact(t, n)
}

// F2: an operator's stop under load.
func TestTerminate(t *testing.T) {
	onlyLong(t)
	n := newNode(t, program(t))
	n.start()
	l := newLedger(t, n)
	stop := l.load(8, n)
	for range 5 {
		after(t.Context(), 300*time.Millisecond, 600*time.Millisecond)
		begun := time.Now()
		if code := n.stop(); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		if d := time.Since(begun); d > 12*time.Second {
			t.Errorf("stopped after %v", d)
		}
		begun = time.Now()
		n.start()
		l.next(begun)
	}
	stop()
	if l.errors["no answer"] > 0 {
		// A connection that was idle, or new, when the server stopped is no call under way.
		t.Logf("%d calls came as the server stopped", l.errors["no answer"])
	}
	l.check(n)
}

// F16: crashes while the first start makes the database, on either store.
func TestFirstStart_Killed(t *testing.T) {
	onlyLong(t)
	for name, flags := range map[string]func() []string{
		"SQLite":     func() []string { return nil },
		"PostgreSQL": func() []string { return []string{"--auto-migrate", "--store", pgtest.Database(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, program(t), flags()...)
			for range 25 {
				n.launch()
				after(t.Context(), time.Millisecond, 150*time.Millisecond)
				n.kill()
			}
			begun := time.Now()
			n.start()
			l := newLedger(t, n)
			stop := l.load(4, n)
			l.next(begun)
			after(t.Context(), 300*time.Millisecond, 301*time.Millisecond)
			stop()
			l.check(n)
		})
	}
}

// F17: of servers that are started on one data directory at the same time, one runs.
func TestTwoServers(t *testing.T) {
	onlyLong(t)
	n := newNode(t, program(t))
	n.start()
	l := newLedger(t, n)
	stop := l.load(4, n)
	for range 5 {
		other := exec.Command(n.program, "serve", "--dev", "--data", n.data, "--listen", "127.0.0.1:0")
		if out, err := other.CombinedOutput(); err == nil || other.ProcessState.ExitCode() != 1 {
			t.Errorf("a second server on %s: %v: %s", filepath.Base(n.data), err, out)
		}
	}
	stop()
	l.check(n)
}
