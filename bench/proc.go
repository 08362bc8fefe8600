package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A server is a child process that answers HTTP on loopback.
type server struct {
	url string
	cmd *exec.Cmd
	// drained is closed when the child's standard output has ended.
	drained chan struct{}
	end     sync.Once
}

// listens is what comes before the URL in the line by which a child, floor or
// product, tells that it is ready.
const listens = "listens on "

// startTime is how long a child may take until it is ready, endTime until it ends.
const (
	startTime = 30 * time.Second
	endTime   = 15 * time.Second
)

// start starts a server and returns when it listens. Its standard error is appended to
// the file called log.
func start(ctx context.Context, log, program string, args ...string) (*server, error) {
	s := &server{drained: make(chan struct{})}
	stderr, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	s.cmd = exec.CommandContext(ctx, program, args...)
	s.cmd.Stderr = stderr
	endWithParent(s.cmd)
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	late := time.AfterFunc(startTime, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadString('\n')
		if _, url, found := strings.Cut(line, listens); found {
			s.url = strings.TrimSpace(url)
			break
		}
		if err != nil {
			close(s.drained)
			s.stop()
			text, _ := os.ReadFile(log)
			return nil, fmt.Errorf("%s %s has ended before it listened:\n%s", program, strings.Join(args, " "), text)
		}
	}
	go func() {
		defer close(s.drained)
		_, _ = io.Copy(io.Discard, lines) // until the process ends
	}()
	return s, nil
}

// address is where the server listens, as a dialer takes it.
func (s *server) address() string { return strings.TrimPrefix(s.url, "http://") }

// stop ends the server as an operator does. It may be called again.
func (s *server) stop() { s.finish(syscall.SIGTERM) }

// kill ends the server as a power cut does, as far as the process goes.
func (s *server) kill() { s.finish(syscall.SIGKILL) }

func (s *server) finish(signal os.Signal) {
	s.end.Do(func() {
		// That it has ended by itself shows in the requests that fail.
		if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			_ = s.cmd.Process.Kill() // it may have ended
		}
		late := time.AfterFunc(endTime, func() { _ = s.cmd.Process.Kill() })
		defer late.Stop()
		<-s.drained
		_ = s.cmd.Wait() // it was told to end; how does not matter
	})
}

// cpu is the time, user and system, that the server has spent on cores so far.
func (s *server) cpu() (time.Duration, error) { return processCPU(s.cmd.Process.Pid) }

// cpuOf is the time that a process which has ended spent on cores.
func cpuOf(c *exec.Cmd) time.Duration { return c.ProcessState.UserTime() + c.ProcessState.SystemTime() }

// memory is the server's resident memory, in bytes.
func (s *server) memory() (int64, error) { return processMemory(s.cmd.Process.Pid) }
