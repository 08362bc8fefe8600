package main

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"time"
)

// starts measures the start of the program on a directory that is in use, in turns with
// that of a floor, and what it takes when it idles.
func (b *bench) starts(ctx context.Context, p *product) error {
	b.progress("starts")
	p.server.stop()
	floor := filepath.Join(b.dir, "startfloor")
	if err := build(ctx, floor, "bench/startfloor"); err != nil {
		return err
	}
	for n := range uint64(starts) {
		if err := b.versionPrinted(ctx); err != nil {
			return fmt.Errorf("%s: %w", startVersion, err)
		}
		err := b.firstAnswer(ctx, startFloor, func() (*server, []byte, error) {
			s, err := start(ctx, p.log(), floor)
			if err != nil {
				return nil, nil, err
			}
			return s, fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 4\r\n\r\nuser", s.address()), nil
		}, func([]byte) error { return nil })
		if err != nil {
			return err
		}
		err = b.firstAnswer(ctx, startToken, func() (*server, []byte, error) {
			if err := p.start(ctx); err != nil {
				return nil, nil, err
			}
			return p.server, p.tokens([]uint64{n})[0].wire, nil
		}, func(body []byte) error { return p.checker.token(answer{userName(n), body}) })
		if err != nil {
			return err
		}
	}
	for range 3 {
		if err := p.start(ctx); err != nil {
			return err
		}
		wait(ctx, 500*time.Millisecond)
		memory, err := p.server.memory()
		p.server.stop()
		if err != nil {
			return err
		}
		b.add(startIdle, 0, point{Memory: mega(memory)})
	}
	return nil
}

func (b *bench) versionPrinted(ctx context.Context) error {
	c := exec.CommandContext(ctx, b.program, "version")
	began := time.Now()
	if err := c.Run(); err != nil {
		return err
	}
	b.add(startVersion, 0, point{P50: milli(time.Since(began)), CPU: cpuOf(c).Seconds() * 1e6})
	return nil
}

// firstAnswer measures the time from the start of a server, which comes with its first
// request, to the answer of it, on a connection of its own.
func (b *bench) firstAnswer(ctx context.Context, row string, start func() (*server, []byte, error), check func([]byte) error) error {
	began := time.Now()
	server, wire, err := start()
	if err != nil {
		return fmt.Errorf("%s: %w", row, err)
	}
	defer server.stop()
	s := sender{load: &load{server: server}}
	if err := s.dial(ctx); err != nil {
		return fmt.Errorf("%s: %w", row, err)
	}
	defer s.conn.Close()
	status, err := s.exchange(wire)
	took := time.Since(began)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", row, err)
	case status != http.StatusOK:
		return fmt.Errorf("%s: status %d: %s", row, status, s.body)
	}
	if err := check(s.body); err != nil {
		return fmt.Errorf("%s: %w", row, err)
	}
	server.stop()
	b.add(row, 1, point{P50: milli(took), CPU: cpuOf(server.cmd).Seconds() * 1e6})
	return nil
}
