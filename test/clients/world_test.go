// Package clients_test runs real clients against the real program: the AWS command
// line, boto3, the AWS SDKs for Go and JavaScript, a browser, an OpenID Connect library, and the
// kernel's SIGKILL.
// It owns what can only be seen from outside, over HTTP, signals, files and exit codes.
// What the operations mean is tested beside them.
package clients_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// patience bounds each wait for something that takes a moment: the machine may be busy.
const patience = time.Minute

// program is the path of the binary that TestMain builds.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "poolkeeper-clients-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "poolkeeper")
	build := exec.Command("go", "build", "-o", program, "../../cmd/poolkeeper")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// A world is a data directory, and the server that runs on it or does not.
type world struct {
	t *testing.T
	// dir holds nothing but data, the data directory, and what the test puts beside it.
	dir, data string
	// flags are the flags of serve beyond those that every world has.
	flags []string
	// store is the URL of the database, or empty when that is a file in the data directory.
	store string
	// keyID and secret are the root access key that the first start printed.
	keyID, secret string
	// url is where the running server listens.
	url string
	// log is what every server on this data directory wrote to standard error, and
	// printed what they wrote to standard output.
	log, printed *transcript

	running *exec.Cmd
	exited  chan struct{}
}

// newWorld starts a server on a new data directory. It is stopped when the test
// ends, must then exit with code 0, and shows its log if the test has failed. With
// POOLKEEPER_TEST_STORE=postgres it keeps everything on a PostgreSQL server.
func newWorld(t *testing.T, flags ...string) *world {
	t.Helper()
	// Not t.TempDir: the path of a socket is short.
	dir, err := os.MkdirTemp("", "pk-")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: dir, data: filepath.Join(dir, "data"), flags: flags, log: newTranscript(), printed: newTranscript()}
	switch store := os.Getenv("POOLKEEPER_TEST_STORE"); store {
	case "":
	case "postgres":
		w.store = pgtest.Database(t)
		w.flags = append(w.flags, "--store", w.store, "--auto-migrate")
	default:
		t.Fatalf("POOLKEEPER_TEST_STORE=%s is neither empty nor postgres", store)
	}
	t.Cleanup(func() {
		w.stop()
		if t.Failed() {
			t.Logf("the server's log:\n%s", w.log)
		}
		os.RemoveAll(dir)
	})
	w.start()
	w.keyID = w.printed.find(t, regexp.MustCompile(`export AWS_ACCESS_KEY_ID=(\S+)`))
	w.secret = w.printed.find(t, regexp.MustCompile(`export AWS_SECRET_ACCESS_KEY=(\S+)`))
	return w
}

var (
	listening = regexp.MustCompile(`msg=listening url=(\S+)`)
	welcomed  = regexp.MustCompile(`(?m)^Poolkeeper listens on (\S+)$`)
)

// start starts the server on a free port and waits until it listens.
func (w *world) start() {
	w.t.Helper()
	w.log.mark()
	w.printed.mark()
	args := append([]string{"serve", "--data", w.data, "--listen", "127.0.0.1:0", "--regions", "us-east-1,eu-west-1"}, w.flags...)
	cmd := exec.Command(program, args...)
	cmd.Env = w.environ()
	cmd.Stdout, cmd.Stderr = w.printed, w.log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.running, w.exited = cmd, make(chan struct{})
	go func(exited chan struct{}) {
		cmd.Wait() // The exit code is read from the process state.
		close(exited)
	}(w.exited)
	w.url = w.log.wait(w.t, listening, w.exited)
	if said := w.printed.wait(w.t, welcomed, w.exited); said != w.url {
		w.t.Errorf("standard output says that the server listens on %s, the log %s", said, w.url)
	}
}

// stop ends the server as an operator does. Without one it does nothing.
func (w *world) stop() {
	w.t.Helper()
	if w.running == nil {
		return
	}
	if err := w.running.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Errorf("SIGTERM: %v", err)
	}
	if code := w.end(); code != 0 {
		w.t.Errorf("after SIGTERM the server exited with code %d, want 0", code)
	}
}

// kill ends the server as a crash does.
func (w *world) kill() {
	w.t.Helper()
	if err := w.running.Process.Kill(); err != nil {
		w.t.Errorf("SIGKILL: %v", err)
	}
	w.end()
}

// end waits until the server is gone and returns its exit code.
func (w *world) end() int {
	w.t.Helper()
	cmd := w.running
	w.running, w.url = nil, ""
	select {
	case <-w.exited:
	case <-time.After(patience):
		cmd.Process.Kill()
		<-w.exited
		w.t.Errorf("the server did not end within %v", patience)
	}
	return cmd.ProcessState.ExitCode()
}

// environ is the whole environment of every process that a test starts.
func (w *world) environ(more ...string) []string {
	return append([]string{"HOME=" + w.dir, "PATH=/usr/bin:/bin", "TZ=UTC", "LC_ALL=C.UTF-8"}, more...)
}

// poolkeeper runs another command of the program on the data directory, and on the database if
// there is one.
func (w *world) poolkeeper(args ...string) result {
	w.t.Helper()
	args = append(args, "--data", w.data)
	if w.store != "" {
		args = append(args, "--store", w.store)
	}
	return w.run(w.environ(), program, args...)
}

// A result is what a process did.
type result struct {
	stdout, stderr string
	code           int
}

// run runs a process to its end. Only a process that can not be run fails the test.
func (w *world) run(env []string, name string, args ...string) result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = w.dir, env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0) {
		w.t.Fatalf("%s %q: %v\n%s", name, args, err, &stderr)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// A transcript is what processes write, readable while they write it.
type transcript struct {
	mu      sync.Mutex
	text    []byte
	from    int           // where the present process began to write
	changed chan struct{} // closed at the next change
}

func newTranscript() *transcript { return &transcript{changed: make(chan struct{})} }

func (r *transcript) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = append(r.text, p...)
	close(r.changed)
	r.changed = make(chan struct{})
	return len(p), nil
}

func (r *transcript) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.text)
}

// mark makes wait and find look only at what is written from now on.
func (r *transcript) mark() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.from = len(r.text)
}

func (r *transcript) match(re *regexp.Regexp) (group string, next <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := re.FindSubmatch(r.text[r.from:]); m != nil {
		return string(m[1]), nil
	}
	return "", r.changed
}

// wait waits for a text and returns what the expression's group matched.
func (r *transcript) wait(t *testing.T, re *regexp.Regexp, exited <-chan struct{}) string {
	t.Helper()
	deadline := time.After(patience)
	for {
		group, next := r.match(re)
		if next == nil {
			return group
		}
		select {
		case <-next:
		case <-exited:
			t.Fatalf("the server ended before it wrote %s", re)
		case <-deadline:
			t.Fatalf("the server did not write %s within %v", re, patience)
		}
	}
}

// find returns what the expression's group matches in what has been written.
func (r *transcript) find(t *testing.T, re *regexp.Regexp) string {
	t.Helper()
	group, next := r.match(re)
	if next != nil {
		t.Fatalf("the server has not written %s", re)
	}
	return group
}
