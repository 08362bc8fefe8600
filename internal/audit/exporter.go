package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

const (
	// rowsAtOnce is how many events are carried over at a time.
	rowsAtOnce = 256
	// gather is how long the first of some changes waits for others.
	gather = 50 * time.Millisecond
	// lookAgain bounds how long the exporter waits: another node may have added events.
	lookAgain = 10 * time.Second
	// retryAfter is how long it waits after a failure.
	retryAfter = 5 * time.Second
	// lastDrain bounds how long the end of Run takes.
	lastDrain = 10 * time.Second
	// seenBytes is how much of the log is looked through, at the start, for events that were
	// written and not yet dropped when the last process ended.
	seenBytes = 8 << 20
)

// A Row is one event in an outbox.
type Row struct {
	// Seq is greater than that of each row that one node had made durable when the row
	// came from the same node; rows of several nodes have no order among each other. A
	// number may come again once its row was dropped.
	Seq int64
	// Line is that of the event, with its line feed.
	Line []byte
}

// A Store is the outbox of a store, in which an event waits for the log.
//
// An Update of the store whose ctx carries a [Pending] and whose closure changes something
// puts [Pending.Line] of that run into the outbox, in the same transaction: the event is
// there if and only if the change is. It calls [Pending.SetRecorded] once both are durable. A
// View, an Update without a Pending, and one that changes nothing or fails, adds nothing.
type Store interface {
	// Events returns the first events, at most limit, in the order of their Seq.
	Events(ctx context.Context, limit int) ([]Row, error)
	// Drop durably removes these events, as far as they are there.
	Drop(ctx context.Context, rows []Row) error
	// Added returns a channel that receives after events were added, once for any
	// number of them. There is one receiver.
	Added() <-chan struct{}
}

// An Exporter carries events from the outbox to the log: each at least once, in the order of their Seq.
// One that is written and not dropped when the process ends is found again in the log; what is
// written twice all the same has one EventID.
type Exporter struct {
	store  Store
	log    *Log
	report *slog.Logger
	// seen has the lines that may be in the log as well as in the outbox. Nil: not yet
	// known.
	seen map[string]bool
}

// NewExporter returns an Exporter, whose failures report is told of. Run it once.
func NewExporter(s Store, l *Log, report *slog.Logger) *Exporter {
	return &Exporter{store: s, log: l, report: report}
}

// Run exports events until ctx ends, and then what is left. Failures are reported and tried
// again; Run returns the one, if any, that kept it from exporting all in the end. The log
// and the store must be open until it returns.
func (e *Exporter) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	// due: the timer is set for what was added, or for another attempt.
	due := true
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastDrain)
			defer cancel()
			return e.drain(last)
		case <-e.store.Added():
			if !due {
				due = true
				timer.Reset(gather)
			}
		case <-timer.C:
			due = false
			if err := e.drain(ctx); err == nil {
				timer.Reset(lookAgain)
			} else if ctx.Err() == nil {
				e.report.Error("exporting audit events", slog.Any("error", err))
				due = true
				timer.Reset(retryAfter)
			}
		}
	}
}

// drain exports events until there are none.
func (e *Exporter) drain(ctx context.Context) error {
	for {
		rows, err := e.store.Events(ctx, rowsAtOnce)
		if err != nil {
			return fmt.Errorf("read audit events: %w", err)
		}
		if err := e.look(len(rows) > 0); err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil
		}
		if err := e.write(ctx, rows); err != nil {
			return err
		}
		if err := e.store.Drop(ctx, rows); err != nil {
			return fmt.Errorf("drop exported audit events: %w", err)
		}
	}
}

// look finds out, once, what is in the log already.
func (e *Exporter) look(matters bool) (err error) {
	if e.seen == nil {
		e.seen = make(map[string]bool)
		if matters && e.log.c.Path != "" {
			if e.seen, err = tail(e.log.c.Path, seenBytes); err != nil {
				e.seen = nil
			}
		}
	}
	return err
}

// write appends to the log what of rows is not in it.
func (e *Exporter) write(ctx context.Context, rows []Row) error {
	var lines []byte
	n := 0
	for _, r := range rows {
		if !e.seen[string(r.Line)] {
			lines = append(lines, r.Line...)
			n++
		}
	}
	if err := e.log.append(ctx, lines, n, true); err != nil {
		if !errors.Is(err, errClosed) {
			e.seen = nil // they may be there
		}
		return err
	}
	clear(e.seen)
	for _, r := range rows {
		e.seen[string(r.Line)] = true
	}
	return nil
}
