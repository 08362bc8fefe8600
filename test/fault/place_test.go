package fault_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// busy starts a server, and has clients use it for a while and go on.
func (n *node) busy(clients int) (l *ledger, stop func()) {
	n.t.Helper()
	n.start()
	l = newLedger(n.t, n)
	stop = l.load(clients, n)
	after(n.t.Context(), 300*time.Millisecond, 600*time.Millisecond)
	return l, stop
}

// comesBack has a server that has ended, or is ended, start again and clients go on.
func (l *ledger) comesBack(n *node, stop func()) {
	l.t.Helper()
	n.kill()
	begun := time.Now()
	n.start()
	l.next(begun)
	stop()
	l.check(n)
	if code := n.stop(); code != 0 {
		l.t.Errorf("exit code %d", code)
	}
	intact(l.t, n)
}

// F6: the data directory is moved away under a server, or another one put in its place. Nothing that is written to files
// which no start will find is acknowledged: the server says what has happened and exits. Moved back, all is there.
func TestMovedAway(t *testing.T) {
	for name, instead := range map[string]func(data string) error{
		"nothing in its place":      func(string) error { return nil },
		"an empty one in its place": func(data string) error { return os.Mkdir(data, 0o700) },
		"an earlier one in its place": func(data string) error {
			err := os.Mkdir(data, 0o700)
			for _, name := range []string{"poolkeeper.db", "poolkeeper.db-wal"} {
				var text []byte
				if err == nil {
					text, err = os.ReadFile(filepath.Join(data+".away", name))
				}
				if err == nil {
					err = os.WriteFile(filepath.Join(data, name), text, 0o600)
				}
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			onlyLong(t)
			n := newNode(t, program(t))
			l, stop := n.busy(8)
			away := n.data + ".away"
			if err := os.Rename(n.data, away); err != nil {
				t.Fatal(err)
			}
			if err := instead(n.data); err != nil {
				t.Fatal(err)
			}
			if code := n.end(); code != 1 || !strings.Contains(n.said(), "is not where it was") {
				t.Errorf("exit code %d, want 1 and a word of why", code)
			}
			if err := os.RemoveAll(n.data); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(away, n.data); err != nil {
				t.Fatal(err)
			}
			l.comesBack(n, stop)
		})
	}
}

// F6: the disk turns read-only under a running server, as it does after an error. No write is acknowledged
// then, and the server exits.
func TestTurnsReadOnly(t *testing.T) {
	onlyLong(t)
	root(t, "strace")
	n := newNode(t, program(t))
	l, stop := n.busy(8)
	// Of the files alone: what a process writes to wake itself is on no disk, and Go ends where that fails.
	heal := inject(t, n, "pwrite64,write,ftruncate,fsync,fdatasync:error=EROFS:when=1+", filepath.Join(n.data, "poolkeeper.db"),
		filepath.Join(n.data, "poolkeeper.db-wal"), filepath.Join(n.data, "audit.jsonl"))
	code := n.end()
	heal()
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	l.comesBack(n, stop)
}

// F6: the server may not open its files any more. As long as it runs it needs no new ones; a start says why it can not.
// Root has no such limits, so the server runs without those of its powers.
func TestPermissionLost(t *testing.T) {
	onlyLong(t)
	root(t, "setpriv")
	n := newNode(t, program(t))
	n.under = []string{"setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"}
	l, stop := n.busy(4)
	for _, path := range []string{n.data, filepath.Join(n.data, "poolkeeper.db")} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		before := l.acknowledged()
		after(t.Context(), 500*time.Millisecond, 600*time.Millisecond)
		ended := false
		select {
		case <-n.exited:
			ended = true
		default:
		}
		t.Logf("%s: %d acknowledged while it could not be opened; the server has ended: %v", filepath.Base(path), l.acknowledged()-before, ended)
		n.kill()
		from := len(n.said())
		n.launch()
		if code := n.end(); code != 1 || !strings.Contains(n.said()[from:], "permission denied") {
			t.Errorf("%s: exit code %d, want 1 and a word of why:\n%s", filepath.Base(path), code, n.said()[from:])
		}
		if err := os.Chmod(path, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		n.start()
		l.next(begun)
	}
	l.comesBack(n, stop)
}

// F6: the server may have no more memory: RLIMIT_AS, set to what it has. It ends, saying so, or serves with what it has;
// started without the limit it has all that was acknowledged.
func TestMemoryRunsOut(t *testing.T) {
	onlyLong(t)
	root(t, "prlimit")
	n := newNode(t, program(t))
	l, stop := n.busy(4)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmSize:")
	kb := strings.Fields(rest)[0]
	command(t, "prlimit", "--pid", fmt.Sprint(n.cmd.Process.Pid), "--as="+kb+"000:unlimited")
	from := len(n.said())
	// A crowd that needs more: each connection has buffers, each request a body.
	var others []*node
	for range 200 {
		other := *n
		other.http = client(2 * time.Second)
		others = append(others, &other)
	}
	crowd := l.load(200, others...)
	ended := false
	select {
	case <-n.exited:
		ended = true
	case <-time.After(5 * time.Second):
	}
	t.Logf("at %s kB of address space (RLIMIT_AS): ended by itself: %v", kb, ended)
	if ended && !strings.Contains(n.said()[from:], "memory") {
		t.Errorf("it has ended without a word of memory")
	}
	n.kill()
	crowd()
	l.comesBack(n, stop)
}
