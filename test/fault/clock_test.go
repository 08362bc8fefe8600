package fault_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// setClock is a clock that a file sets: by how many seconds it is off. It is built into a program
// for this test; the clock of the machine is left alone, and no flag of the server sets it.
const setClock = `package main

import (
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func clockOfFile() time.Time {
	text, _ := os.ReadFile(filepath.Join(os.Getenv("HOME"), "clock"))
	off, _ := strconv.Atoi(string(text))
	return time.Now().Add(time.Duration(off) * time.Second)
}
`

// newClockNode returns a node whose clock set sets off.
func newClockNode(t *testing.T, flags ...string) (n *node, set func(time.Duration)) {
	t.Helper()
	n = newNode(t, build(t, change{
		name: "clock", file: "cmd/poolkeeper/main.go", old: "now: time.Now", new: "now: clockOfFile",
		more: map[string]string{"cmd/poolkeeper/clock_of_file.go": setClock},
	}), flags...)
	return n, func(d time.Duration) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(n.dir, "clock.new"), []byte(strconv.Itoa(int(d.Seconds()))), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(n.dir, "clock.new"), filepath.Join(n.dir, "clock")); err != nil {
			t.Fatal(err)
		}
	}
}

// F10: the clock jumps, forth and back, by an hour and by a day, under load of clients whose clocks jump, too.
// Clients whose clocks do not are refused, and served again when it has come back. No
// identity changes, no id or key appears twice, and tokens are good for as long as they say.
func TestClock(t *testing.T) {
	onlyLong(t)
	n, set := newClockNode(t, "--signing-algorithm", "ES256")
	off := time.Duration(0)
	set(0)
	n.start()
	l := newLedger(t, n)
	kids := map[string]bool{}
	var good []string // of the time that the clock has at the end
	for _, d := range []time.Duration{0, time.Hour, -time.Hour, 0, 24 * time.Hour, -24 * time.Hour, time.Second, 0} {
		set(d)
		off = d
		follows := *n
		follows.now = func() time.Time { return time.Now().Add(off) }
		stays := *n
		stop := l.load(4, &follows)
		l.next(time.Now())
		var out api.GetOpenIdTokenForDeveloperIdentityOutput
		err := stays.call(t.Context(), "GetOpenIdTokenForDeveloperIdentity", l.signIn("stays"), &out)
		var refused *api.Error
		if skewed := d.Abs() > 5*time.Minute; skewed != errors.As(err, &refused) {
			t.Errorf("clock off by %v: a client with another clock gets %v", d, err)
		}
		after(t.Context(), 500*time.Millisecond, 600*time.Millisecond)
		stop()
		l.mu.Lock()
		fresh := l.tokens
		l.tokens = nil
		l.mu.Unlock()
		for _, token := range fresh {
			kids[header(t, token)] = true
		}
		if failed := l.verify(&follows, fresh); failed > 0 || len(fresh) == 0 {
			t.Errorf("clock off by %v: %d of %d tokens do not verify", d, failed, len(fresh))
		}
		t.Logf("clock off by %v: %d tokens, all of %d keys so far", d, len(fresh), len(kids))
		if d == 0 {
			good = append(good, fresh...)
		}
	}
	if len(kids) != 1 {
		t.Errorf("the key has rotated: %v", kids)
	}
	l.tokens = good
	l.check(n)
}
