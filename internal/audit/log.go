package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// delay is how long a line that nobody waits for may wait for others, and flushAt how
	// many bytes of them may.
	delay   = 100 * time.Millisecond
	flushAt = 64 << 10
	// maxWaiting bounds the bytes that wait in memory. One call's lines always may.
	maxWaiting = 4 << 20
	// reportApart is how far apart reports of dropped events are.
	reportApart = time.Minute
)

// LogConfig says where a [Log] is. One of Path and Writer is required, and so is Now.
type LogConfig struct {
	// Path is the file. It is made with mode 0600 when there is none; its directory
	// must exist. What is in it stays, but for a last line that a crash has torn.
	Path string
	// Writer takes the lines instead, such as standard output. It is neither synced nor
	// rotated.
	Writer io.Writer
	// MaxBytes is the size of a file beyond which the next lines begin another one. The
	// time, UTC, goes into the name of the full one: audit.jsonl becomes
	// audit-20260301T120000.000Z.jsonl. Zero: never.
	MaxBytes int64
	// Keep is how many full files are kept; the oldest go first. Zero: all.
	Keep int
	// Sync: Append returns when its events are durable, and fails when they are not: the
	// calls that they are of wait for the disk, and fail with it. Otherwise Append returns
	// at once; a crash loses what came in the last 100 ms, and what can not be written, or
	// comes faster than it can be, is dropped, counted and reported.
	Sync bool
	// Now is the clock of file names and reports.
	Now func() time.Time
	// Report is told of dropped events. Nil: nobody is.
	Report *slog.Logger
}

// A Log appends events to a file as lines of JSON. Its methods may be called by many
// goroutines at a time: those that wait for the disk share a write and a sync.
type Log struct {
	c       LogConfig
	wake    chan struct{}
	closing chan struct{} // closed by Close
	stopped chan struct{} // closed when run has returned, and last is set
	last    error
	dropped atomic.Uint64

	mu     sync.Mutex // guards next and closed
	next   *batch     // what the next write takes
	closed bool

	// Of run alone.
	file     *file // nil with Writer, and after a failure until the next write
	reported struct {
		dropped uint64
		at      time.Time
	}
}

// A batch is lines that are written together. Its fields are guarded by Log.mu until it is
// taken; afterwards they belong to run.
type batch struct {
	lines []byte
	// loose is how many events nobody waits for. sync: somebody waits for others.
	loose int
	sync  bool
	taken chan struct{} // closed when no more lines go in
	done  chan struct{} // closed when err is set
	err   error
}

func newBatch() *batch { return &batch{taken: make(chan struct{}), done: make(chan struct{})} }

var errClosed = errors.New("audit log is closed")

// OpenLog opens a Log. Close ends it.
func OpenLog(c LogConfig) (*Log, error) {
	if (c.Path == "") == (c.Writer == nil) || c.Now == nil {
		return nil, errors.New("open audit log: Now and one of Path and Writer are required")
	}
	l := &Log{
		c:       c,
		wake:    make(chan struct{}, 1),
		closing: make(chan struct{}),
		stopped: make(chan struct{}),
		next:    newBatch(),
	}
	if c.Path != "" {
		var err error
		if l.file, err = openFile(c.Path); err != nil {
			return nil, fmt.Errorf("open audit log: %w", err)
		}
	}
	go l.run()
	return l, nil
}

// Append writes events in their order; when it returns is for [LogConfig] to say. It fails
// when the Log is closed, and with Sync when ctx ends or the events can not be written.
// After a failure they may be there or not.
func (l *Log) Append(ctx context.Context, events ...*Event) error {
	var lines []byte
	for _, e := range events {
		lines = e.AppendLine(lines)
	}
	return l.append(ctx, lines, len(events), l.c.Sync)
}

// append writes the lines of n events. With wait, it returns when they are durable.
func (l *Log) append(ctx context.Context, lines []byte, n int, wait bool) error {
	b, err := l.add(ctx, lines, n, wait)
	if err != nil || !wait {
		return err
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// add puts lines into the next batch, and sees to it that it will be written.
func (l *Log) add(ctx context.Context, lines []byte, n int, wait bool) (*batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.closed && len(l.next.lines) > 0 && len(l.next.lines)+len(lines) > maxWaiting {
		if !wait {
			l.dropped.Add(uint64(n))
			return nil, nil
		}
		taken := l.next.taken
		l.mu.Unlock()
		select {
		case <-taken:
		case <-ctx.Done():
		}
		l.mu.Lock()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if l.closed {
		return nil, errClosed
	}
	b := l.next
	first := len(b.lines) == 0
	b.lines = append(b.lines, lines...)
	if wait {
		b.sync = true
	} else {
		b.loose += n
	}
	switch {
	case wait || len(b.lines) >= flushAt:
		l.nudge()
	case first:
		time.AfterFunc(delay, l.nudge)
	}
	return b, nil
}

func (l *Log) nudge() {
	select {
	case l.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// Dropped returns how many events were dropped since OpenLog.
func (l *Log) Dropped() uint64 { return l.dropped.Load() }

// Close makes durable what waits and closes the file; when it fails, that may be lost. Append
// fails afterwards. Close may be called again.
func (l *Log) Close() error {
	l.mu.Lock()
	closed := l.closed
	l.closed = true
	l.mu.Unlock()
	if !closed {
		close(l.closing)
	}
	<-l.stopped
	return l.last
}

// run writes batches until the Log is closed.
func (l *Log) run() {
	defer close(l.stopped)
	for {
		select {
		case <-l.wake:
			_ = l.flush(false) // who waits is told, and else the report
		case <-l.closing:
			l.last = l.flush(true)
			l.file.close()
			return
		}
	}
}

// flush writes the next batch.
func (l *Log) flush(sync bool) error {
	l.mu.Lock()
	b := l.next
	l.next = newBatch()
	l.mu.Unlock()
	close(b.taken)
	if len(b.lines) > 0 || sync && l.file != nil {
		if b.err = l.write(b.lines, b.sync || sync); b.err != nil {
			l.dropped.Add(uint64(b.loose))
		}
	}
	close(b.done)
	l.report(b.err)
	return b.err
}

func (l *Log) write(lines []byte, sync bool) (err error) {
	if l.c.Writer != nil {
		_, err := l.c.Writer.Write(lines)
		return err
	}
	if l.file == nil {
		if l.file, err = openFile(l.c.Path); err != nil {
			return err
		}
	}
	if l.c.MaxBytes > 0 && l.file.size > 0 && l.file.size+int64(len(lines)) > l.c.MaxBytes {
		if l.file, err = l.file.rotate(l.c.Now(), l.c.Keep); err != nil {
			return fmt.Errorf("rotate audit log: %w", err)
		}
	}
	if err := l.file.append(lines, sync); err != nil {
		l.file.close()
		l.file = nil
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}

// report tells of events that were dropped, at first at once, and then from time to time or
// when writing works again.
func (l *Log) report(cause error) {
	dropped, now := l.dropped.Load(), l.c.Now()
	if l.c.Report == nil || dropped == l.reported.dropped || cause != nil && now.Sub(l.reported.at) < reportApart {
		return
	}
	l.c.Report.Error("audit events dropped", slog.Uint64("events", dropped-l.reported.dropped), slog.Any("cause", cause))
	l.reported.dropped, l.reported.at = dropped, now
}
