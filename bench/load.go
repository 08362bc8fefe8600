package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

const region = "us-east-1"

// A request is one call, ready to be written to a connection.
type request struct {
	wire []byte
	user string
}

// A caller signs requests to one server, in the form that the AWS SDK for Go v2
// gives them: its headers, in its order.
type caller struct {
	host        string
	credentials sigv4.Credentials
}

func (c *caller) request(operation, user, body string) request {
	h := http.Header{
		"Amz-Sdk-Invocation-Id": {uuid.NewString()},
		"Amz-Sdk-Request":       {"attempt=1; max=3"},
		"Content-Length":        {strconv.Itoa(len(body))},
		"Content-Type":          {"application/x-amz-json-1.1"},
		"X-Amz-Target":          {"AWSCognitoIdentityService." + operation},
	}
	sigv4.Sign(&sigv4.Request{
		Method: http.MethodPost, Path: "/", Host: c.host, Header: h, Body: []byte(body),
	}, c.credentials, region, "cognito-identity", time.Now())
	b := make([]byte, 0, 1024)
	b = append(b, "POST / HTTP/1.1\r\nHost: "+c.host+"\r\n"...)
	b = append(b, "User-Agent: aws-sdk-go-v2/1.48.0 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/cognitoidentity#1.34.0\r\n"...)
	for _, name := range []string{
		"Content-Length", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Authorization",
		"Content-Type", "X-Amz-Date", "X-Amz-Target",
	} {
		b = append(b, name+": "+h.Get(name)+"\r\n"...)
	}
	b = append(b, "Accept-Encoding: gzip\r\n\r\n"...)
	return request{wire: append(b, body...), user: user}
}

// A load is sent to a server over connections that are kept alive, each of which
// sends its next request when it has the answer to its last.
type load struct {
	server   *server
	conns    int
	requests []request
	// For warm and then timed the requests are sent in turn, again and again; only
	// what timed covers is measured. Zero timed: each is sent once, all measured.
	warm, timed time.Duration
	// sample: of so many answers one is kept for being checked.
	sample int
	// mayBreak: the server is killed meanwhile. What it has answered is kept.
	mayBreak bool
}

// An outcome is what came of a load.
type outcome struct {
	requests int
	elapsed  time.Duration
	cpu      time.Duration // of the server
	memory   int64         // of the server at the end, in bytes
	// latencies are sorted.
	latencies []time.Duration
	answers   []answer
}

type answer struct {
	user string
	body []byte
}

// patience bounds a load beyond the time that it is meant to take.
const patience = 60 * time.Second

// The phases of a load.
const (
	warming int32 = iota
	timing
	over
)

// run sends the load. It fails when an answer is not a 200.
func (l *load) run(ctx context.Context) (*outcome, error) {
	// What was there before must not be collected while the server is measured.
	runtime.GC()
	var (
		phase   atomic.Int32
		next    atomic.Int64
		ended   = make(chan struct{})
		senders sync.WaitGroup
		all     = make([]sender, l.conns)
	)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for i := range all {
		s := &all[i]
		s.load, s.phase, s.next = l, &phase, &next
		if err := s.dial(ctx); err != nil {
			return nil, err
		}
		defer s.conn.Close()
	}
	if l.timed == 0 {
		phase.Store(timing)
	}
	begin := time.Now()
	before, err := l.server.cpu()
	if err != nil {
		return nil, err
	}
	for i := range all {
		senders.Go(func() {
			if err := all[i].run(); err != nil {
				cancel(err)
			}
		})
	}
	go func() {
		senders.Wait()
		close(ended)
	}()
	if l.timed > 0 {
		wait(ctx, l.warm)
		if before, err = l.server.cpu(); err != nil {
			cancel(err)
		}
		begin = time.Now()
		phase.Store(timing)
		wait(ctx, l.timed)
	} else {
		select {
		case <-ended:
		case <-ctx.Done():
		}
	}
	elapsed := time.Since(begin)
	after, cpuErr := l.server.cpu()
	memory, memoryErr := l.server.memory()
	phase.Store(over)
	<-ended
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := errors.Join(cpuErr, memoryErr); err != nil && !l.mayBreak {
		return nil, err
	}
	o := &outcome{elapsed: elapsed, cpu: after - before, memory: memory}
	for i := range all {
		o.latencies = append(o.latencies, all[i].latencies...)
		o.answers = append(o.answers, all[i].answers...)
	}
	slices.Sort(o.latencies)
	o.requests = len(o.latencies)
	if l.timed > 0 && o.requests == 0 {
		return nil, errors.New("no request was answered in time")
	}
	return o, nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// A sender is one connection of a load.
type sender struct {
	load  *load
	phase *atomic.Int32
	next  *atomic.Int64

	conn net.Conn
	in   *bufio.Reader
	body []byte

	latencies []time.Duration
	answers   []answer
}

func (s *sender) dial(ctx context.Context) (err error) {
	s.conn, err = new(net.Dialer).DialContext(ctx, "tcp", s.load.server.address())
	if err != nil {
		return err
	}
	s.in = bufio.NewReader(s.conn)
	s.latencies = make([]time.Duration, 0, 1<<14)
	return s.conn.SetDeadline(time.Now().Add(s.load.warm + s.load.timed + patience))
}

func (s *sender) run() error {
	l := s.load
	for s.phase.Load() != over {
		n := int(s.next.Add(1) - 1)
		if l.timed == 0 && n >= len(l.requests) {
			return nil
		}
		r := &l.requests[n%len(l.requests)]
		began := time.Now()
		status, err := s.exchange(r.wire)
		if err != nil {
			if l.mayBreak {
				return nil
			}
			return fmt.Errorf("request for %s: %w", r.user, err)
		}
		if status != http.StatusOK {
			return fmt.Errorf("request for %s: status %d: %s", r.user, status, s.body)
		}
		if s.phase.Load() == timing {
			s.latencies = append(s.latencies, time.Since(began))
		}
		if n%l.sample == 0 {
			s.answers = append(s.answers, answer{r.user, bytes.Clone(s.body)})
		}
	}
	return nil
}

var errAnswer = errors.New("this is no HTTP/1.1 answer with a length")

// exchange sends a request and reads its answer into s.body. It reads the little of HTTP
// that the servers measured here speak: what the load costs, it takes from them.
func (s *sender) exchange(wire []byte) (status int, err error) {
	if _, err := s.conn.Write(wire); err != nil {
		return 0, err
	}
	line, err := s.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, errAnswer
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, errAnswer
	}
	length := -1
	for {
		line, err := s.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		const name = "Content-Length: "
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			if length, err = strconv.Atoi(string(line[len(name):])); err != nil {
				return 0, errAnswer
			}
		}
	}
	if length < 0 {
		return 0, errAnswer
	}
	s.body = slices.Grow(s.body[:0], length)[:length]
	_, err = io.ReadFull(s.in, s.body)
	return status, err
}
