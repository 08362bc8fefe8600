package fault_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/cli"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// The access key of serve --dev.
var devKey = sigv4.Credentials{AccessKeyID: "AKIAPOOLKEEPERDEVKEY", SecretAccessKey: "poolkeeper/well+known+secret/for+dev+only"}

// A node is a server in a process of its own, or one that has been stopped.
type node struct {
	t       *testing.T
	program string
	flags   []string
	dir     string // data and log are in it
	data    string
	log     *os.File
	address string // where it listens, at each start
	cmd     *exec.Cmd
	exited  chan struct{}
	// under are the words before the program's.
	under []string
	// now is the clock by which requests are signed.
	now  func() time.Time
	http *http.Client
}

// newNode makes a node on a data directory of its own. It shows its log if the test has failed.
func newNode(t *testing.T, program string, flags ...string) *node {
	t.Helper()
	dir, err := os.MkdirTemp("", "pk-") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, program: program, flags: flags, dir: dir, data: filepath.Join(dir, "data"), address: "127.0.0.1:0", now: time.Now}
	n.http = client(5 * time.Second)
	if n.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.kill()
		if t.Failed() {
			text := n.said()
			t.Logf("the end of the log:\n%s", text[max(0, len(text)-4000):])
		}
		n.log.Close()
		n.http.CloseIdleConnections()
		os.RemoveAll(dir)
	})
	return n
}

var listening = regexp.MustCompile(`(?m)^Poolkeeper listens on http://(\S+)$`)

// launch starts the process.
func (n *node) launch() {
	n.t.Helper()
	words := append(append([]string{}, n.under...), n.program, "serve", "--dev", "--data", n.data, "--listen", n.address)
	words = append(words, n.flags...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = []string{"HOME=" + n.dir, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TZ=UTC"}
	cmd.Stdout, cmd.Stderr = n.log, n.log
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.cmd, n.exited = cmd, make(chan struct{})
	go func(exited chan struct{}) {
		_ = cmd.Wait() // the exit code is read from the process state
		close(exited)
	}(n.exited)
}

// start starts the node and waits until it listens. It returns how long that took.
func (n *node) start() time.Duration {
	n.t.Helper()
	from, begin := len(n.said()), time.Now()
	n.launch()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		select {
		case <-tick.C:
			if m := listening.FindStringSubmatch(n.said()[from:]); m != nil {
				if n.address != m[1] {
					n.address = m[1] // the first time; later, others read it
				}
				return time.Since(begin)
			}
		case <-n.exited:
			n.t.Fatalf("the server ended before it listened:\n%s", n.said()[from:])
		case <-deadline:
			n.t.Fatalf("the server does not listen:\n%s", n.said()[from:])
		}
	}
}

func (n *node) said() string {
	text, err := os.ReadFile(n.log.Name())
	if err != nil {
		n.t.Error(err)
	}
	return string(text)
}

func (n *node) signal(s syscall.Signal) {
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Errorf("%v: %v", s, err)
	}
}

// kill ends the process as a crash does. Without one it does nothing.
func (n *node) kill() {
	if n.cmd != nil {
		_ = n.cmd.Process.Kill() // it may have ended by itself
		<-n.exited
		n.cmd = nil
	}
}

// stop ends the process as an operator does and returns its exit code.
func (n *node) stop() int {
	n.t.Helper()
	n.signal(syscall.SIGTERM)
	return n.end()
}

// end waits until the process has ended by itself and returns its exit code.
func (n *node) end() int {
	n.t.Helper()
	select {
	case <-n.exited:
	case <-time.After(patience):
		n.t.Errorf("the server did not end")
		n.kill()
		return -1
	}
	code := n.cmd.ProcessState.ExitCode()
	n.cmd = nil
	return code
}

// call calls an operation of the identity pool API.
func (n *node) call(ctx context.Context, name string, in, out any) error {
	c := cli.Client{
		Service: api.CognitoIdentity, Endpoint: "http://" + n.address, HTTP: n.http,
		Region: "us-east-1", Credentials: devKey, Now: n.now,
	}
	return c.Call(ctx, name, in, out)
}

// A fate is what a client knows of what has become of its call.
type fate int

const (
	answered fate = iota // with success, or a refusal
	never                // it has not reached the server
	unknown              // it has happened, or will yet, or never
)

// fateOf tells which from the error of a call.
func fateOf(err error) fate {
	var refused *api.Error
	var network *net.OpError
	switch {
	case err == nil:
		return answered
	case errors.As(err, &refused):
		if refused.Code == api.InternalErrorException {
			return unknown
		}
		return answered
	case errors.As(err, &network) && network.Op == "dial":
		return never
	}
	return unknown
}

const provider = "login.example"

// pool makes an identity pool, as soon as the node can.
func (n *node) pool(ctx context.Context) (id string, err error) {
	in := api.CreateIdentityPoolInput{
		IdentityPoolName: "faults", AllowUnauthenticatedIdentities: true, DeveloperProviderName: provider,
	}
	err = n.eventually(ctx, func() error {
		var out api.IdentityPool
		err := n.call(ctx, "CreateIdentityPool", &in, &out)
		id = out.IdentityPoolId
		return err
	})
	return id, err
}

// eventually calls f until the node has answered.
func (n *node) eventually(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := f()
		if fateOf(err) == answered {
			return err
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

func client(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
}
