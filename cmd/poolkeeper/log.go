package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	// logDelay is how long a line that is no warning may wait for others, and logBatch
	// how many bytes may: a write for each request would cost more than the request's
	// own look at the store.
	logDelay = 100 * time.Millisecond
	logBatch = 32 << 10
)

// newLog returns the log of a server, and what writes out the lines that still wait.
// Warnings and errors, and all that came before them, are written at once. level is set as
// the configuration has it, and may be set anew.
func newLog(c *config, level *slog.LevelVar, w io.Writer) (log *slog.Logger, flush func()) {
	c.setLevel(level)
	b := &lineBuffer{w: w}
	options := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(b, options)
	if c.logFormat == "json" {
		h = slog.NewJSONHandler(b, options)
	}
	return slog.New(promptHandler{h, b}), b.flush
}

func (c *config) setLevel(level *slog.LevelVar) {
	if err := level.UnmarshalText([]byte(c.logLevel)); err != nil {
		level.Set(slog.LevelInfo) // config.check has refused it
	}
}

// A promptHandler writes out its buffer behind each record that matters.
type promptHandler struct {
	slog.Handler
	b *lineBuffer
}

func (h promptHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		h.b.flush()
	}
	return err
}

func (h promptHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return promptHandler{h.Handler.WithAttrs(attrs), h.b}
}

func (h promptHandler) WithGroup(name string) slog.Handler {
	return promptHandler{h.Handler.WithGroup(name), h.b}
}

// A lineBuffer gathers lines and writes many at a time.
type lineBuffer struct {
	w io.Writer

	mu  sync.Mutex // guards what follows, and the order of writes
	buf []byte
	// due: a flush is on its way.
	due bool
}

// Write implements [io.Writer]. It never fails: there is nowhere to tell of a log
// that can not be written.
func (b *lineBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf = append(b.buf, line...)
	switch {
	case len(b.buf) >= logBatch:
		b.out()
	case !b.due:
		b.due = true
		time.AfterFunc(logDelay, b.flush)
	}
	return len(line), nil
}

func (b *lineBuffer) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.due = false
	b.out()
}

// out writes what waits. Its caller holds mu.
func (b *lineBuffer) out() {
	if len(b.buf) > 0 {
		_, _ = b.w.Write(b.buf) // see Write
		b.buf = b.buf[:0]
	}
}
