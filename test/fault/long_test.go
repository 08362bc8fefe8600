package fault_test

import (
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var steady = flag.Duration("steady", 3*time.Minute, "with -long, how long the long run takes")

// A reading is what a server uses.
type reading struct {
	goroutines, files, rss int
	wal                    int64
}

// read asks the server and the system what it uses.
func (n *node) read(t *testing.T) (r reading) {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(n.data, "control.sock"))
	}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport, Timeout: patience}).Get("http://control/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut("\n"+string(text), "\ngo_goroutines ")
	if !ok {
		t.Fatal("go_goroutines is not measured")
	}
	if r.goroutines, err = strconv.Atoi(strings.Fields(rest)[0]); err != nil {
		t.Fatal(err)
	}
	r.files, r.rss, r.wal = n.files(), n.rss(), n.size("poolkeeper.db-wal")
	return r
}

// F18: a server under load for some minutes, frozen now and then, asked for the keys of a provider that is not well, and
// killed once at the middle. What it uses does not grow: in the last third of each half it is what it was in the second.
func TestLongRun(t *testing.T) {
	onlyLong(t)
	h := newKeyHost(t)
	n := newNode(t, program(t), append(h.flags(), "--signing-algorithm", "ES256", "--log-level", "warn")...)
	n.start()
	l := newLedger(t, n)
	pool := googlePool(t, n)
	stop := l.load(8, n)
	for half := range 2 {
		var readings []reading
		begun := time.Now()
		for k := 0; time.Since(begun) < *steady/2; k++ {
			after(t.Context(), 2*time.Second, 2001*time.Millisecond)
			switch k % 5 {
			case 1:
				n.signal(syscall.SIGSTOP)
				after(t.Context(), 500*time.Millisecond, time.Second)
				n.signal(syscall.SIGCONT)
			case 2:
				h.how.Store(int32(k/5) % (fails + 1)) //nolint:gosec // one of five
				if _, err := h.signIn(t, n, pool, strconv.Itoa(k)); err != nil {
					t.Logf("a login while its provider is not well: %v", err)
				}
			}
			readings = append(readings, n.read(t))
		}
		third := len(readings) / 3
		most := func(of []reading) (m reading) {
			for _, r := range of {
				m.goroutines, m.files, m.rss, m.wal = max(m.goroutines, r.goroutines), max(m.files, r.files), max(m.rss, r.rss), max(m.wal, r.wal)
			}
			return m
		}
		before, now := most(readings[third:2*third]), most(readings[2*third:])
		t.Logf("half %d, %d readings, most of the second third and of the last: goroutines %d, %d; descriptors %d, %d; RSS %d, %d MB; log %d, %d KB",
			half+1, len(readings), before.goroutines, now.goroutines, before.files, now.files, before.rss, now.rss, before.wal>>10, now.wal>>10)
		// The log is emptied each 4000 pages, and keeps its size.
		if now.goroutines > before.goroutines+20 || now.files > before.files+20 || now.rss > before.rss+before.rss/4+10 || now.wal > 40<<20 {
			t.Error("it grows")
		}
		if half == 0 {
			n.kill()
			begun := time.Now()
			n.start()
			l.next(begun)
		}
	}
	stop()
	l.check(n)
	if code := n.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	intact(t, n)
}
