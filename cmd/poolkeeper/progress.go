package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/state"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

// Work says nothing of itself for quiet, and then at most every between.
const (
	quiet   = 500 * time.Millisecond
	between = 100 * time.Millisecond
)

// wipe empties the line of a terminal (ECMA-48, EL).
const wipe = "\r\x1b[K"

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A progress tells on a terminal how far long work has come, in one line that goes when the
// work is done. A nil one tells nobody.
type progress struct {
	to  io.Writer
	now func() time.Time
	// of is how many steps there are; 0: nobody knows.
	of    int
	steps string
	done  int
	// next is when the line is written anew; shown tells that it is there.
	next  time.Time
	shown bool
}

// begin begins work of so many steps, of which what says what they are.
func (p *program) begin(what string, steps int) *progress {
	if !isTerminal(p.stderr) {
		return nil
	}
	return &progress{to: p.stderr, now: p.now, of: steps, steps: what, next: p.now().Add(quiet)}
}

// step tells that a step is done.
func (g *progress) step() {
	if g == nil {
		return
	}
	g.done++
	if g.of > 0 {
		g.tell("%d of %d %s", g.done, g.of, g.steps)
	} else {
		g.tell("%d %s", g.done, g.steps)
	}
}

// rows tells how many rows of a table are done. It is a [store.Progress].
func (g *progress) rows(table string, n int64) { g.tell("%s: %d rows", table, n) }

// tell writes the line, unless that is too soon.
func (g *progress) tell(format string, args ...any) {
	if g == nil {
		return
	}
	now := g.now()
	if now.Before(g.next) {
		return
	}
	g.next = now.Add(between)
	g.shown = true
	fmt.Fprintf(g.to, wipe+format, args...)
}

// pass tells, until done is closed, how long work takes whose steps nobody can count.
func (g *progress) pass(what string, done <-chan struct{}) {
	began := g.now()
	tick := time.NewTicker(between)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			g.tell("%s: %s", what, g.now().Sub(began).Truncate(time.Second))
		}
	}
}

// openShown opens a store, and shows a migration of it.
func (p *program) openShown(ctx context.Context, c store.Config) (*store.DB, error) {
	g := p.begin("", 0)
	if g == nil {
		return store.Open(ctx, c)
	}
	var telling sync.WaitGroup
	done, tell := make(chan struct{}), c.Migrating
	c.Migrating = func(from, to int64) {
		if tell != nil {
			tell(from, to)
		}
		telling.Go(func() { g.pass(fmt.Sprintf("schema: from version %d to %d", from, to), done) })
	}
	defer func() {
		close(done)
		telling.Wait()
		g.clear()
	}()
	return store.Open(ctx, c)
}

// clear takes the line away, so that something else can be written, or because all is done.
func (g *progress) clear() {
	if g != nil && g.shown {
		fmt.Fprint(g.to, wipe)
		g.shown = false
	}
}

// counted is a call that is a step of work.
func counted(call state.Call, g *progress) state.Call {
	return func(ctx context.Context, account, region string, s *api.Service, operation string, in, out any) error {
		defer g.step()
		return call(ctx, account, region, s, operation, in, out)
	}
}
