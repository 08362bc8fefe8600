package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
)

// event returns an event with the id.
func event(id string) *audit.Event {
	return &audit.Event{EventName: "GetId", EventID: id, EventTime: start, EventSource: "cognito-identity.amazonaws.com"}
}

func now() time.Time { return start }

func openLog(t testing.TB, c audit.LogConfig) *audit.Log {
	t.Helper()
	if c.Now == nil {
		c.Now = now
	}
	l, err := audit.OpenLog(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func write(t testing.TB, l *audit.Log, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := l.Append(t.Context(), event(id)); err != nil {
			t.Fatal(err)
		}
	}
}

// ids returns the ids of the events in text, line by line.
func ids(t testing.TB, text []byte) (all []string) {
	t.Helper()
	for line := range bytes.Lines(text) {
		e, err := audit.Parse(line)
		if err != nil || !bytes.HasSuffix(line, []byte("\n")) {
			t.Fatalf("line %q: %v", line, err)
		}
		all = append(all, e.EventID)
	}
	return all
}

// fileIDs returns the ids in the files of a log, a list for each.
func fileIDs(t testing.TB, path string) (all [][]string) {
	t.Helper()
	files, err := audit.Files(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ids(t, text))
	}
	return all
}

func wantIDs(t testing.TB, path string, want ...[]string) {
	t.Helper()
	if got := fileIDs(t, path); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("events by file: got %q, want %q", got, want)
	}
}

func TestLog_SurvivesRestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for _, id := range []string{"a", "b"} {
		l := openLog(t, audit.LogConfig{Path: path, Sync: true})
		write(t, l, id)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := l.Append(t.Context(), event("c")); err == nil {
			t.Error("a closed log takes events")
		}
	}
	wantIDs(t, path, []string{"a", "b"})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("mode %o, want 600", mode)
	}
}

func TestOpenLog_TornLine(t *testing.T) {
	t.Parallel()
	whole := string(event("a").AppendLine(nil))
	long := strings.Repeat("x", 200<<10)
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{whole, whole},
		{whole + whole, whole + whole},
		{whole + "{", whole},
		{whole + whole[:len(whole)-1], whole},
		{whole + long, whole},
		{whole[:9], ""},
		{long, ""},
	} {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		l := openLog(t, audit.LogConfig{Path: path, Sync: true})
		write(t, l, "b")
		got, err := os.ReadFile(path)
		if want := tt.want + string(event("b").AppendLine(nil)); err != nil || string(got) != want {
			t.Errorf("after %.200q: got %.200q, %v, want %.200q", tt.text, got, err, want)
		}
	}
}

func TestOpenLog_Errors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []audit.LogConfig{
		{Now: now}, {Path: filepath.Join(dir, "a")}, {Path: filepath.Join(dir, "b"), Writer: new(bytes.Buffer), Now: now},
		{Path: filepath.Join(dir, "none", "a"), Now: now}, {Path: dir, Now: now},
	} {
		if l, err := audit.OpenLog(c); err == nil {
			t.Errorf("%+v: no error", c)
			_ = l.Close()
		}
	}
}

func TestLog_Rotates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	for _, other := range []string{"audit-old.jsonl", "audit-20260301T120000.000Z.json", "other-20260301T120000.000Z.jsonl"} {
		if err := os.WriteFile(filepath.Join(dir, other), []byte("kept\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	size := int64(len(event("a").AppendLine(nil)))
	var past atomic.Int64
	c := audit.LogConfig{Path: path, MaxBytes: 2 * size, Keep: 2, Sync: true, Now: func() time.Time { return start.Add(time.Duration(past.Load())) }}
	l := openLog(t, c)
	write(t, l, "a", "b")
	wantIDs(t, path, []string{"a", "b"})
	write(t, l, "c")
	wantIDs(t, path, []string{"a", "b"}, []string{"c"})
	past.Store(int64(-time.Hour)) // names stay in order
	write(t, l, "d", "e")
	wantIDs(t, path, []string{"a", "b"}, []string{"c", "d"}, []string{"e"})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	past.Store(int64(time.Hour))
	l = openLog(t, c)
	write(t, l, "f", "g")
	wantIDs(t, path, []string{"c", "d"}, []string{"e", "f"}, []string{"g"})
	files, err := audit.Files(path)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{"audit-20260301T120000.124Z.jsonl", "audit-20260301T130000.123Z.jsonl", "audit.jsonl"} {
		if got := filepath.Base(files[n]); got != want {
			t.Errorf("file %d: got %s, want %s", n, got, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 6 {
		t.Errorf("got %v, %v, want three files of the log and three others", entries, err)
	}
	// A line that is longer than a file gets one of its own.
	e := event("h")
	e.UserAgent = strings.Repeat("x", int(3*size))
	if err := l.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	write(t, l, "i")
	wantIDs(t, path, []string{"g"}, []string{"h"}, []string{"i"})
}

// Who waits for the disk shares a write with others who do, and each line is there once, in
// whole, and in the order of its writer.
func TestLog_Concurrent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openLog(t, audit.LogConfig{Path: path, Sync: true, MaxBytes: 4 << 10})
	const callers, each = 16, 30
	var wg sync.WaitGroup
	for k := range callers {
		wg.Go(func() {
			for n := range each {
				if err := l.Append(t.Context(), event(fmt.Sprintf("%d %d a", k, n)), event(fmt.Sprintf("%d %d b", k, n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	next := make([]int, callers)
	for _, id := range slices.Concat(fileIDs(t, path)...) {
		var k, n int
		var half string
		if _, err := fmt.Sscanf(id, "%d %d %s", &k, &n, &half); err != nil {
			t.Fatal(err)
		}
		if want := 2 * n; next[k] != want && half == "a" || next[k] != want+1 && half == "b" {
			t.Fatalf("event %s came when %d of its caller had come", id, next[k])
		}
		next[k]++
	}
	for k, n := range next {
		if n != 2*each {
			t.Errorf("caller %d: %d events, want %d", k, n, 2*each)
		}
	}
}

// A disk is a Writer that counts writes and fails when it is told to.
type disk struct {
	mu     sync.Mutex
	text   []byte
	writes int
	err    error
	// block, when not nil, is received from before each write.
	block chan struct{}
}

func (d *disk) Write(p []byte) (int, error) {
	if d.block != nil {
		<-d.block
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	if d.err != nil {
		return 0, d.err
	}
	d.text = append(d.text, p...)
	return len(p), nil
}

// written returns what was written, and by how many writes.
func (d *disk) written() (text []byte, writes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.text), d.writes
}

// ids returns the ids of the events written.
func (d *disk) ids(t testing.TB) []string {
	text, _ := d.written()
	return ids(t, text)
}

func (d *disk) set(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

// sleep lets time pass in a bubble, and all that is due in it happen.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// What nobody waits for is gathered for a while.
func TestLog_Buffered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		l := openLog(t, audit.LogConfig{Writer: d})
		write(t, l, "a", "b")
		synctest.Wait()
		if _, writes := d.written(); writes != 0 {
			t.Errorf("%d writes at once, want none", writes)
		}
		sleep(time.Second)
		if _, writes := d.written(); writes != 1 || !slices.Equal(d.ids(t), []string{"a", "b"}) {
			t.Errorf("got %q in %d writes, want a and b in one", d.ids(t), writes)
		}
		for range 1000 {
			write(t, l, "c")
		}
		synctest.Wait()
		if _, writes := d.written(); writes < 2 {
			t.Error("much of it waits")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if got := d.ids(t); len(got) != 1002 {
			t.Errorf("got %d events when closed, want 1002", len(got))
		}
	})
}

// What a disk refuses is dropped, counted and told of, not too often.
func TestLog_BufferedDiskFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &disk{err: errors.New("no space left")}
		var report bytes.Buffer
		l := openLog(t, audit.LogConfig{Writer: d, Now: time.Now, Report: slog.New(slog.NewTextHandler(&report, nil))})
		lines := func() int { synctest.Wait(); return strings.Count(report.String(), "audit events dropped") }
		for range 50 {
			write(t, l, "a")
			sleep(time.Second)
		}
		if got := lines(); got != 1 || !strings.Contains(report.String(), "no space left") || !strings.Contains(report.String(), "events=1") {
			t.Errorf("%d lines: %s", got, report.String())
		}
		for range 50 {
			write(t, l, "b")
			sleep(time.Second)
		}
		if got := lines(); got != 2 {
			t.Errorf("%d lines after a minute, want 2", got)
		}
		d.set(nil)
		write(t, l, "c")
		sleep(time.Second)
		if got := lines(); got != 3 || l.Dropped() != 100 || !slices.Equal(d.ids(t), []string{"c"}) {
			t.Errorf("%d lines, %d dropped, %q written", got, l.Dropped(), d.ids(t))
		}
		sum := 0
		for _, part := range strings.Split(report.String(), "events=")[1:] {
			var n int
			if _, err := fmt.Sscan(part, &n); err != nil {
				t.Fatal(err)
			}
			sum += n
		}
		if sum != 100 {
			t.Errorf("told of %d, want 100", sum)
		}
	})
}

// Memory is bounded: without Sync, what is too much is dropped; with it, callers wait.
func TestLog_SlowDisk(t *testing.T) {
	t.Parallel()
	e := event("a")
	e.UserAgent = strings.Repeat("x", 1<<20)
	const callers = 20
	for _, wait := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			d := &disk{block: make(chan struct{})}
			l := openLog(t, audit.LogConfig{Writer: d, Sync: wait})
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					if err := l.Append(t.Context(), e); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
			gaveUp, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Minute, cancel)
			if err := l.Append(gaveUp, event("b")); wait != errors.Is(err, context.Canceled) {
				t.Errorf("sync %t: got error %v", wait, err)
			}
			close(d.block)
			wg.Wait()
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			text, _ := d.written()
			written := bytes.Count(text, []byte(`"eventID":"a"`))
			if wait && written != callers || !wait && (written > 10 || written+int(l.Dropped()) < callers) {
				t.Errorf("sync %t: %d written, %d dropped, of %d", wait, written, l.Dropped(), callers)
			}
		})
	}
}

// With Sync, an event that can not be written is an error, and the log goes on when it can be.
func TestLog_SyncDiskFails(t *testing.T) {
	t.Parallel()
	d := new(disk)
	l := openLog(t, audit.LogConfig{Writer: d, Sync: true})
	full := errors.New("no space left")
	d.set(full)
	if err := l.Append(t.Context(), event("a")); !errors.Is(err, full) {
		t.Errorf("got error %v, want %v", err, full)
	}
	d.set(nil)
	write(t, l, "b")
	if got := d.ids(t); !slices.Equal(got, []string{"b"}) || l.Dropped() != 0 {
		t.Errorf("got %q, %d dropped", got, l.Dropped())
	}
}

// A log whose file or directory is taken away finds its way back.
func TestLog_FileGone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	path := filepath.Join(dir, "audit.jsonl")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	size := int64(len(event("a").AppendLine(nil)))
	l := openLog(t, audit.LogConfig{Path: path, Sync: true, MaxBytes: size})
	write(t, l, "a")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Append(t.Context(), event("b")); err == nil {
			t.Fatal("an event was written to nowhere")
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, l, "c")
	wantIDs(t, path, []string{"c"})
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	refused := error(api.UserNotFound.With("u"))
	for _, tt := range []struct {
		operation       string
		issued, refused bool
		recorded        bool
		err             error
		want            bool
	}{
		{"GetOpenIdTokenForDeveloperIdentity", true, true, false, nil, true},
		{"GetOpenIdTokenForDeveloperIdentity", false, true, false, nil, false},
		{"GetOpenIdTokenForDeveloperIdentity", true, true, true, nil, false}, // it is in the outbox
		{"GetOpenIdTokenForDeveloperIdentity", true, true, false, refused, true},
		{"GetOpenIdTokenForDeveloperIdentity", true, true, true, refused, true}, // changed something, and failed
		{"GetOpenIdTokenForDeveloperIdentity", true, false, false, refused, false},
		{"AssumeRole", true, false, false, nil, true},
		{"DeleteUser", true, true, false, nil, false},
		{"DeleteUser", true, true, true, nil, false},
		{"DeleteUser", false, true, false, refused, true},
		{"ListUsers", true, true, false, nil, false},
		{"ListUsers", true, true, false, refused, true},
		{"ListUsers", true, true, false, errors.New("disk on fire"), false},
		{"ListUsers", true, true, false, context.Canceled, false},
	} {
		d := new(disk)
		l := openLog(t, audit.LogConfig{Writer: d, Sync: true})
		p := pending(t, tt.operation, backend, nil)
		if tt.recorded {
			p.SetRecorded()
		}
		r := audit.Recorder{Log: l, Issued: tt.issued, Refused: tt.refused}
		if err := r.Finish(t.Context(), p, nil, tt.err); err != nil || (len(d.ids(t)) > 0) != tt.want {
			t.Errorf("%+v: got %q, %v", tt, d.ids(t), err)
		}
		d.set(errors.New("no space left"))
		if err := r.Finish(t.Context(), p, nil, tt.err); (err != nil) != tt.want {
			t.Errorf("%+v, on a full disk: got error %v", tt, err)
		}
	}
}
