// Package pgtest gives tests databases on a PostgreSQL server of their own, on several of them, and
// behind a pooler, all from Debian's packages. It owns those servers: each is started when a test process first
// needs it, listens on a socket in a directory of its own, and ends with the process, whatever ends that.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A Server is one PostgreSQL server.
type Server struct {
	dir  string
	bin  string
	as   []string // the words before a command that make it run as another user than root
	wait io.Closer
	run  *exec.Cmd // nil before the first start
	// throwAway: its directory ends with it.
	throwAway bool

	databases atomic.Int64
}

// fast is for what lives no longer than the test process: it does not survive a crash of the machine.
const fast = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n"

// shared is the server of a test process.
var shared = sync.OnceValues(func() (*Server, error) { return start(fast, true) })

// Database returns a URL at which there is nothing yet, on the server of this test process.
// Where there is no PostgreSQL, the test is skipped; in CI it fails.
func Database(t testing.TB) string {
	t.Helper()
	s, err := shared()
	need(t, err)
	return s.Database(t)
}

// Start starts a server of the test's own, which makes commits durable and may be stopped.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := own(t, "")
	need(t, err)
	return s
}

// own starts a server that ends with the test.
func own(t testing.TB, settings string) (*Server, error) {
	t.Helper()
	s, err := start(settings, false)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		s.Stop(t)
		os.RemoveAll(s.dir)
	})
	return s, nil
}

var errMissing = errors.New("PostgreSQL or PgBouncer is not installed (Debian's packages postgresql and pgbouncer)")

// Run starts a server for a program that is no test. It makes commits durable, and is gone with all it has when
// it is ended, or the process ends.
func Run() (*Server, error) { return start("", true) }

// End ends what Run has started.
func (s *Server) End() {
	s.wait.Close()
	_ = s.run.Wait() // what it says is gone with it
}

// Schema makes a schema, and returns the URL at which there is nothing else.
func (s *Server) Schema(ctx context.Context, name string) (url string, err error) {
	return s.url(name), execute(ctx, s.url(""), "CREATE SCHEMA "+name)
}

func need(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// start makes a cluster with these settings and starts its server. What is thrown away is gone when the server
// has ended.
func start(settings string, throwAway bool) (*Server, error) {
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(bins) == 0 {
		return nil, errMissing
	}
	s := &Server{bin: bins[len(bins)-1], throwAway: throwAway}
	// The path of a socket may have 103 bytes: not below t.TempDir.
	if s.dir, err = os.MkdirTemp("", "pk-pg-"); err != nil {
		return nil, err
	}
	if s.as, err = unprivileged(s.dir); err != nil {
		return nil, err
	}
	// Its default collation is not byte by byte, as on many a server.
	if out, err := s.command("initdb", "-D", s.data(), "-U", "poolkeeper", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--locale-provider=icu", "--icu-locale=en", "--no-sync").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	conf := fmt.Sprintf("listen_addresses = ''\nunix_socket_directories = '%s'\nmax_connections = 500\n%s", s.dir, settings)
	f, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(conf)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return s, s.start()
}

// unprivileged gives a directory to the user as whom servers run, which refuse to be root's, and returns the
// words before a command that make it run as that user.
func unprivileged(dir string) ([]string, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return []string{"/usr/sbin/runuser", "-u", "postgres", "--"}, os.Chown(dir, uid, gid)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	words := append(append([]string{}, s.as...), filepath.Join(s.bin, name))
	words = append(words, args...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = s.dir
	return cmd
}

// start runs the server and waits until it answers.
func (s *Server) start() error {
	garbage := ""
	if s.throwAway {
		garbage = s.dir
	}
	var err error
	s.run, s.wait, err = run(s.as, s.dir, garbage, filepath.Join(s.bin, "postgres"), "-D", s.data())
	if err != nil {
		return err
	}
	return answers(s.url(""), s.dir)
}

// run runs a server under a shell that ends it when this process has ended, by whatever means: then nobody holds the
// other end of the shell's standard input. Then garbage, a directory, is removed, unless it is "".
func run(as []string, dir, garbage string, command ...string) (*exec.Cmd, io.Closer, error) {
	words := append(append([]string{}, as...), "/bin/sh", "-c",
		`log=$1 garbage=$2; shift 2; "$@" >>"$log" 2>&1 & server=$!; cat >/dev/null; kill -INT $server; wait $server; [ -z "$garbage" ] || rm -rf "$garbage"`,
		"sh", filepath.Join(dir, "log"), garbage)
	cmd := exec.Command(words[0], append(words[1:], command...)...)
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	return cmd, in, cmd.Start()
}

// answers waits until a server that logs into a directory takes connections.
func answers(url, dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		c, err := pgconn.Connect(ctx, url)
		if err == nil {
			return c.Close(ctx)
		}
		if ctx.Err() != nil {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			return fmt.Errorf("start a server: %w: %s", err, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *Server) url(schema string) string {
	q := url.Values{"host": {s.dir}}
	if schema != "" {
		q.Set("search_path", schema)
	}
	return (&url.URL{Scheme: "postgres", User: url.User("poolkeeper"), Path: "/postgres", RawQuery: q.Encode()}).String()
}

// Database returns a URL at which there is nothing yet.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	_, url := s.database(t)
	return url
}

// database makes a schema, which takes a hundredth of the time that a database takes.
func (s *Server) database(t testing.TB) (name, url string) {
	t.Helper()
	name = fmt.Sprint("test", s.databases.Add(1))
	url, err := s.Schema(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return name, url
}

// Contents returns all rows of all tables at a URL, as the wire has them: texts and bytes as they are.
func Contents(t testing.TB, url string) []byte {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }() // it has only read
	tables, err := c.Exec(t.Context(), "SELECT oid::regclass FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, row := range tables[0].Rows {
		if _, err := c.CopyTo(t.Context(), &all, "COPY "+string(row[0])+" TO STDOUT WITH (FORMAT binary)"); err != nil {
			t.Fatal(err)
		}
	}
	return all.Bytes()
}

// Socket is the path of the server's socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

// Kill ends the server at once, as a crash does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if out, err := s.command("pg_ctl", "stop", "-D", s.data(), "-m", "immediate", "-w").CombinedOutput(); err != nil {
		t.Errorf("pg_ctl: %v: %s", err, out)
	}
	s.wait.Close()
	_ = s.run.Wait() // its server was killed
}

// Restart starts the server again after Kill or Stop.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server in order, if it runs.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.wait.Close()
	_ = s.run.Wait() // what it says is in its log
}

// Standby starts a standby of the server, which is a copy of it from now on and can take its place.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	b := &Server{bin: s.bin, as: s.as}
	var err error
	if b.dir, err = os.MkdirTemp("", "pk-pg-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if b.wait != nil {
			b.Stop(t)
		}
		os.RemoveAll(b.dir)
	})
	if b.as, err = unprivileged(b.dir); err != nil {
		t.Fatal(err)
	}
	out, err := b.command("pg_basebackup", "-D", b.data(), "-h", s.dir, "-U", "poolkeeper", "-R", "-c", "fast", "-X", "stream", "--no-sync").CombinedOutput()
	if err != nil {
		t.Fatalf("pg_basebackup: %v: %s", err, out)
	}
	f, err := os.OpenFile(filepath.Join(b.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(f, "unix_socket_directories = '%s'\n", b.dir)
	if err = errors.Join(err, f.Close(), b.start()); err != nil {
		t.Fatal(err)
	}
	return b
}

// Promote makes a standby the server that takes writes.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	if out, err := s.command("pg_ctl", "promote", "-D", s.data(), "-w").CombinedOutput(); err != nil {
		t.Fatalf("pg_ctl: %v: %s", err, out)
	}
}
