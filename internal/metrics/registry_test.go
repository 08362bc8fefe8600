package metrics

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRegistry_WriteTo(t *testing.T) {
	t.Parallel()
	var r Registry
	c := r.Counter("c_total", "Counted.", "a", "b")
	h := r.Histogram("h", "Spread.", []float64{1, 2.5}, "a")
	alone := r.Counter("alone_total", "Without labels.")
	r.Gauge("g", "Asked.", func(emit Emit) { emit(1.5, "x"); emit(2, "y") }, "a")
	c.Inc("z", "1")
	c.Inc("a", "quote\" back\\slash\nline")
	c.Inc("z", "1")
	for _, v := range []float64{0.5, 1, 2, 3} {
		h.Observe(v, "x")
	}
	var b strings.Builder
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	want := `# HELP c_total Counted.
# TYPE c_total counter
c_total{a="a",b="quote\" back\\slash\nline"} 1
c_total{a="z",b="1"} 2
# HELP h Spread.
# TYPE h histogram
h_bucket{a="x",le="1"} 2
h_bucket{a="x",le="2.5"} 3
h_bucket{a="x",le="+Inf"} 4
h_sum{a="x"} 6.5
h_count{a="x"} 4
# HELP alone_total Without labels.
# TYPE alone_total counter
alone_total 0
# HELP g Asked.
# TYPE g gauge
g{a="x"} 1.5
g{a="y"} 2
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	alone.Inc()
}

// Whatever labels come, there is a bounded number of series.
func TestRegistry_Bounded(t *testing.T) {
	t.Parallel()
	var r Registry
	c := r.Counter("c_total", "Counted.", "a")
	for i := range 2 * maxSeries {
		c.Inc(fmt.Sprint(i))
	}
	var b strings.Builder
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\nc_total{"); n != maxSeries+1 {
		t.Errorf("%d series, want %d and other", n, maxSeries)
	}
	if want := fmt.Sprintf("c_total{a=\"other\"} %d\n", maxSeries); !strings.Contains(b.String(), want) {
		t.Errorf("no %q", want)
	}
}

func TestRegistry_Concurrent(t *testing.T) {
	t.Parallel()
	m := New(Look{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 500 {
				m.Request("s", fmt.Sprint("op", i%3), "ok", time.Millisecond)
			}
		})
	}
	all.Wait()
	var b strings.Builder
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`poolkeeper_requests_total{service="s",operation="op0",outcome="ok"} 1336`,
		`poolkeeper_request_duration_seconds_count{service="s",operation="op2"} 1328`,
	} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

// full returns instruments of which each has something to say.
func full() *Instruments {
	now := time.Unix(1_400_000_000, 0)
	m := New(Look{
		Version: "v1", Now: func() time.Time { return now },
		Connections:        func() float64 { return 3 },
		SigningQueue:       func() float64 { return 1 },
		ActiveKeySince:     func() (time.Time, bool) { return now.Add(-time.Hour), true },
		AuditWaitsSince:    func() (time.Time, bool) { return time.Time{}, true },
		StoreReads:         func() (uint64, uint64) { return 5, 6 },
		StoreRetries:       func() uint64 { return 7 },
		Refused:            func() map[string]uint64 { return map[string]uint64{"address": 8} },
		CertificateExpires: func() (time.Time, bool) { return now, true },
		Checks:             func() map[string]bool { return map[string]bool{"store": true, "key": false} },
	})
	m.Request("cognito-identity", "GetId", "ok", time.Millisecond)
	m.Panic()
	m.Signature(time.Millisecond, time.Millisecond)
	m.Commit(3, time.Millisecond)
	m.Read(time.Millisecond)
	m.Verification("google", "ok", time.Millisecond)
	m.KeyLookup(true)
	m.KeyLookup(false)
	m.KeyFetch(nil)
	m.KeyFetch(errors.New("no"))
	m.GuestsRemoved(2)
	m.Reload(nil)
	return m
}

// Names and texts are as Prometheus wants them: its own tool says so.
func TestInstruments_Lint(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if _, err := full().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"poolkeeper_signing_key_age_seconds 3600", "poolkeeper_audit_lag_seconds 0", `poolkeeper_ready{check="key"} 0`,
		`poolkeeper_store_reads_total{from="memory"} 5`, "poolkeeper_store_retries_total 7", "poolkeeper_guests_removed_total 2",
		`poolkeeper_rate_limited_total{scope="address"} 8`, `poolkeeper_provider_key_fetches_total{outcome="failed"} 1`,
		`poolkeeper_build_info{version="v1",goversion="go`, "poolkeeper_store_commit_updates_sum 3",
	} {
		if !strings.Contains(b.String(), "\n"+want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
	tool := os.Getenv("POOLKEEPER_PROMTOOL")
	if tool == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("POOLKEEPER_PROMTOOL is not set: scripts/test.sh sets it")
		}
		t.Skip("POOLKEEPER_PROMTOOL is not set: make test sets it")
	}
	cmd := exec.Command(tool, "check", "metrics")
	cmd.Stdin = strings.NewReader(b.String())
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

func BenchmarkHistogram_Observe(b *testing.B) {
	h := new(Registry).Histogram("took_seconds", "How long.", []float64{.001, .01, .1, 1}, "service", "operation")
	b.ReportAllocs()
	for b.Loop() {
		h.Observe(.02, "cognito-identity", "GetId")
	}
}
