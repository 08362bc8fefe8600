package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/state"
)

// Work says nothing of itself for quiet, and then at most every between.
const (
	quiet   = 500 * time.Millisecond
	between = 100 * time.Millisecond
)

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
	if p.stderr != os.Stderr || !term.IsTerminal(int(os.Stderr.Fd())) {
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
	now := g.now()
	if now.Before(g.next) {
		return
	}
	g.next = now.Add(between)
	g.shown = true
	if g.of > 0 {
		fmt.Fprintf(g.to, "\r\x1b[K%d of %d %s", g.done, g.of, g.steps)
	} else {
		fmt.Fprintf(g.to, "\r\x1b[K%d %s", g.done, g.steps)
	}
}

// clear takes the line away, so that something else can be written, or because all is done.
func (g *progress) clear() {
	if g != nil && g.shown {
		fmt.Fprint(g.to, "\r\x1b[K")
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
