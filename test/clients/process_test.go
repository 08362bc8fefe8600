package clients_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// peerBinary is the path of a server that tests run against and that scripts/peers.sh has
// built. A test is skipped where it has not, but not in CI.
func peerBinary(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("POOLKEEPER_PEERS")
	if dir == "" {
		need(t, errors.New("POOLKEEPER_PEERS is not set"), name+" (sh scripts/peers.sh, which make test runs)")
	}
	path := filepath.Join(dir, name)
	_, err := os.Stat(path)
	need(t, err, name+" (sh scripts/peers.sh)")
	return path
}

// A process is somebody else's server.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	log    *transcript
	exited chan struct{}
}

// startProcess starts a server, in a process group of its own. It is stopped when the test
// ends, and shows its log if the test has failed.
func startProcess(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), log: newTranscript(), exited: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, p.log, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait() // How it ended is nobody's question.
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("the log of %s:\n%s", filepath.Base(name), p.log)
		}
	})
	return p
}

// wait waits for a text and returns what the expression's group matched.
func (p *process) wait(re *regexp.Regexp) string {
	p.t.Helper()
	return p.log.wait(p.t, re, p.exited)
}

// stop ends the server, and kills one that does not end, with what it has started.
func (p *process) stop() {
	select {
	case <-p.exited:
		return
	default:
	}
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(patience / 4):
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.exited
	}
}
