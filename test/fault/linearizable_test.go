package fault_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Signatures by EdDSA cost little, so that there are many calls.
var cheap = []string{"--signing-algorithm", "EdDSA", "--log-level", "warn", "--audit-refused=false"}

// after waits for a moment that no event marks: that is the point.
func after(ctx context.Context, least, most time.Duration) bool {
	select {
	case <-time.After(least + rand.N(most-least)):
		return true
	case <-ctx.Done():
		return false
	}
}

// A weather is a fault that comes and goes.
type weather struct {
	name string
	blow func(ctx context.Context)
}

// storm has one fault after the other, all of them at least once, until the time is over. It
// returns how often each was.
func storm(ctx context.Context, d time.Duration, faults []weather) map[string]int {
	begun, count := time.Now(), map[string]int{}
	for i := 0; ctx.Err() == nil && (i < len(faults) || time.Since(begun) < d); i++ {
		f := faults[i%len(faults)]
		if !after(ctx, 100*time.Millisecond, 400*time.Millisecond) {
			break
		}
		f.blow(ctx)
		count[f.name]++
	}
	return count
}

// under runs traffic while faults come and go, and checks what it has written down.
func under(t *testing.T, nodes []*node, d time.Duration, faults []weather) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	f := traffic{perPool: opsPerPool}
	var clients sync.WaitGroup
	clients.Go(func() { f.run(ctx, t, nodes, 3) })
	count := storm(ctx, d, faults)
	after(ctx, 300*time.Millisecond, 400*time.Millisecond)
	stop()
	clients.Wait()
	t.Logf("faults: %v", count)
	f.check(t, nodes)
}

func freeze(n *node, d time.Duration) func(context.Context) {
	return func(ctx context.Context) {
		n.signal(syscall.SIGSTOP)
		after(ctx, d, d+d/2)
		n.signal(syscall.SIGCONT)
	}
}

func crash(n *node) func(context.Context) {
	return func(context.Context) {
		n.kill()
		n.start()
	}
}

// What clients of one server on SQLite see is what one service does that does one thing after
// the other, also when the server is killed and frozen.
func TestLinearizable_SQLite(t *testing.T) {
	t.Parallel()
	n := newNode(t, program(t), cheap...)
	n.start()
	under(t, []*node{n}, span(4*time.Second), []weather{
		{"kill -9", crash(n)},
		{"frozen", freeze(n, 200*time.Millisecond)},
	})
}

// The same of three servers on one PostgreSQL, each reached by any client at any time, when
// servers die and freeze, their connections are cut in a commit, and the database crashes.
func TestLinearizable_Nodes(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, cheap...)
	nodes, proxies := c.nodes, c.proxies
	some := func() int { return rand.N(len(nodes)) }
	// cut cuts a commit of each node.
	cut := func(where int32) func(context.Context) {
		return func(ctx context.Context) {
			for _, p := range proxies {
				p.cutting.Store(where)
			}
			after(ctx, 200*time.Millisecond, 300*time.Millisecond)
		}
	}
	faults := []weather{
		{"commits not heard", cut(cutBefore)},
		{"commits not answered", cut(cutAfter)},
		{"kill -9 of a server", func(ctx context.Context) { crash(nodes[some()])(ctx) }},
		{"a server frozen", func(ctx context.Context) { freeze(nodes[some()], 700*time.Millisecond)(ctx) }},
		{"all connections cut", func(context.Context) {
			for _, p := range proxies {
				p.cut()
			}
		}},
		{"the database crashed", func(context.Context) { c.server.Kill(t); c.server.Restart(t) }},
	}
	if *long {
		// For longer than the database lets a transaction be idle, and a lease be silent; once.
		frozen := sync.OnceFunc(func() { freeze(nodes[some()], 11*time.Second)(t.Context()) })
		faults = append(faults, weather{"a server frozen for 11 s (the first time)", func(context.Context) { frozen() }})
	}
	under(t, nodes, 3*span(5*time.Second/3), faults)
	cuts := int32(0)
	for _, p := range proxies {
		cuts += p.cuts.Load()
	}
	if cuts == 0 {
		t.Error("no commit was cut")
	}
	t.Logf("%d commits cut", cuts)
}

// A liar stands before a server and answers some calls itself: those of an operation, with what
// it has answered to the same call before, or with success although nothing was done.
type liar struct {
	operation string
	stale     bool
	server    *httputil.ReverseProxy
	lies      atomic.Int32

	mu    sync.Mutex
	heard map[string][]byte
}

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+l.operation) {
		l.server.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	lie := []byte("{}")
	if l.stale {
		l.mu.Lock()
		lie = l.heard[string(body)]
		l.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if lie != nil && rand.N(4) == 0 {
		l.lies.Add(1)
		_, _ = w.Write(lie)
		return
	}
	told := httptest.NewRecorder()
	l.server.ServeHTTP(told, r)
	if told.Code == http.StatusOK && l.stale {
		l.mu.Lock()
		l.heard[string(body)] = told.Body.Bytes()
		l.mu.Unlock()
	}
	w.WriteHeader(told.Code)
	_, _ = w.Write(told.Body.Bytes())
}

// The same clients and checker, before a server that is broken, find that out.
func TestLinearizable_Broken(t *testing.T) {
	t.Parallel()
	n := newNode(t, program(t), cheap...)
	n.start()
	for name, l := range map[string]*liar{
		"stale lookups":             {operation: "LookupDeveloperIdentity", stale: true},
		"stale sign-ins":            {operation: "GetOpenIdTokenForDeveloperIdentity", stale: true},
		"unlinks that are not done": {operation: "UnlinkDeveloperIdentity"},
		"deletes that are not done": {operation: "DeleteIdentities"},
	} {
		t.Run(name, func(t *testing.T) {
			l.server = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: n.address})
			l.heard = map[string][]byte{}
			front := httptest.NewServer(l)
			defer front.Close()
			before := *n
			before.address = strings.TrimPrefix(front.URL, "http://")

			// Not every lie can be told from the truth.
			found := 0
			for deadline := time.Now().Add(patience); found == 0 && time.Now().Before(deadline); {
				ctx, stop := context.WithTimeout(t.Context(), time.Second)
				f := traffic{perPool: opsPerPool / 3}
				f.run(ctx, t, []*node{&before}, 1)
				stop()
				for _, h := range f.histories {
					if err := h.readAll(t.Context(), []*node{n}); err != nil {
						t.Fatal(err)
					}
				}
				_, illegal := verdicts(t, f.histories)
				found += len(illegal)
			}
			if found == 0 {
				t.Errorf("%d lies, and all histories are linearizable", l.lies.Load())
			}
		})
	}
}
