package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// inject has system calls of a running server fail until the function returned is called: all of these, or those
// on the files.
func inject(t *testing.T, n *node, what string, files ...string) (stop func()) {
	t.Helper()
	calls, _, _ := strings.Cut(what, ":")
	cmd := exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+calls, "-e", "inject="+what, "-p", fmt.Sprint(n.cmd.Process.Pid))
	for _, path := range files {
		cmd.Args = append(cmd.Args, "-P", path)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = cmd.Process.Signal(os.Interrupt) // it has ended if the server has
			_ = cmd.Wait()                       // by the interrupt
		}
	}
	t.Cleanup(stop)
	return stop
}

// F4: the disk fails to sync, for ever. Nothing more is acknowledged, and the server ends; after
// a start on a disk that works, all is there.
func TestSyncFails(t *testing.T) {
	onlyLong(t)
	root(t, "strace")
	n := newNode(t, program(t))
	n.start()
	l := newLedger(t, n)
	stop := l.load(8, n)
	after(t.Context(), 500*time.Millisecond, time.Second)
	heal := inject(t, n, "fsync,fdatasync:error=EIO:when=20+")
	if code := n.end(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	heal()
	begun := time.Now()
	n.launch()
	l.next(begun)
	stop()
	l.check(n)
}

// F5: the disk is full, and then is not. Writes are refused as errors of the server, reads and
// keys go on, and writes go on when there is space, without a start.
func TestDiskFull(t *testing.T) {
	onlyLong(t)
	root(t, "mount")
	n := newNode(t, program(t))
	disk := filepath.Join(n.dir, "disk")
	mount(t, disk, "-t", "tmpfs", "-o", "size=24m", "none")
	n.data = filepath.Join(disk, "data")
	n.start()
	l := newLedger(t, n)
	for range 3 {
		stop := l.load(8, n)
		after(t.Context(), 300*time.Millisecond, 600*time.Millisecond)
		known := l.snapshot()
		ballast, err := os.Create(filepath.Join(disk, "ballast"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(ballast, zeros{}) // until the disk is full
		ballast.Close()
		if err == nil {
			t.Fatal("the disk does not fill")
		}
		full := l.errored("InternalErrorException")
		deadline := time.After(patience)
		for tick := time.Tick(5 * time.Millisecond); full == l.errored("InternalErrorException"); {
			select {
			case <-tick:
			case <-deadline:
				t.Fatal("no write is refused")
			}
		}
		if b := known.count(n); b.lost > 0 || b.found != b.known {
			t.Errorf("reads on a full disk: %+v", b)
		}
		if _, err := verifier(t.Context(), n, l.pool); err != nil {
			t.Errorf("discovery on a full disk: %v", err)
		}
		if err := os.Remove(ballast.Name()); err != nil {
			t.Fatal(err)
		}
		if d := l.next(time.Now()); d > 5*time.Second {
			t.Errorf("writes go on after %v", d)
		}
		stop()
	}
	l.check(n)
	if code := n.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	intact(t, n)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func (l *ledger) errored(how string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.errors[how]
}

// F6: a disk that can only be read. The server says so and exits; later it goes on.
func TestReadOnly(t *testing.T) {
	onlyLong(t)
	root(t, "mount")
	n := newNode(t, program(t))
	disk := filepath.Join(n.dir, "disk")
	mount(t, disk, "-t", "tmpfs", "-o", "size=64m", "none")
	n.data = filepath.Join(disk, "data")
	n.start()
	l := newLedger(t, n)
	stop := l.load(4, n)
	after(t.Context(), 300*time.Millisecond, 600*time.Millisecond)
	stop()
	n.kill()
	command(t, "mount", "-o", "remount,ro", disk)
	n.launch()
	if code := n.end(); code != 1 || !strings.Contains(n.said(), "read-only") {
		t.Errorf("on a disk that can only be read: exit code %d, and no word of why", code)
	}
	command(t, "mount", "-o", "remount,rw", disk)
	n.start()
	l.check(n)
}

// F6: no more files can be opened. Connections wait, or are refused, and afterwards all is well.
func TestFilesRunOut(t *testing.T) {
	onlyLong(t)
	root(t, "prlimit")
	n := newNode(t, program(t))
	n.start()
	l := newLedger(t, n)
	stop := l.load(4, n)
	after(t.Context(), 200*time.Millisecond, 300*time.Millisecond)
	limit := func(files int) {
		command(t, "prlimit", "--pid", fmt.Sprint(n.cmd.Process.Pid), fmt.Sprintf("--nofile=%d:4096", files))
	}
	limit(n.files())
	var others []*node
	for range 40 {
		other := *n
		other.http = client(500 * time.Millisecond)
		others = append(others, &other)
	}
	crowd := l.load(40, others...)
	after(t.Context(), 2*time.Second, 3*time.Second)
	limit(4096)
	begun := time.Now()
	l.next(begun)
	crowd()
	stop()
	l.check(n)
}

// F9, of a disk: each sync takes a fifth of a second. Calls that wait share syncs.
func TestSlowDisk(t *testing.T) {
	onlyLong(t)
	root(t, "strace")
	n := newNode(t, program(t))
	n.start()
	l := newLedger(t, n)
	heal := inject(t, n, "fsync,fdatasync:delay_enter=200000")
	stop := l.load(32, n)
	// Reads do not wait for the disk.
	var slowest time.Duration
	deadline := time.Now().Add(3 * time.Second)
	for time.Now().Before(deadline) {
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := n.call(ctx, "LookupDeveloperIdentity", &api.LookupDeveloperIdentityInput{IdentityPoolId: l.pool, DeveloperUserIdentifier: "nobody"}, nil)
		cancel()
		var refused *api.Error
		if !errors.As(err, &refused) || refused.Code != api.ResourceNotFoundException {
			t.Fatalf("look up: %v", err)
		}
		slowest = max(slowest, time.Since(begun))
	}
	stop()
	heal()
	t.Logf("the slowest of the reads: %v", slowest.Round(time.Millisecond))
	l.check(n)
	if perSecond := float64(l.acknowledged()) / l.loaded.Seconds(); perSecond < 10 {
		t.Errorf("%.1f acknowledged a second with 32 in flight: syncs are not shared", perSecond)
	}
}
