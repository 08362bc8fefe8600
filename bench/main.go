// Command bench measures the program against floors: plain net/http servers that do
// one step of its work each, and the bare operations, all in the same run, in
// interleaved rounds. What can be compared from one machine to another is a ratio to a
// floor, and CPU time for a request more than requests a second.
//
// Each server, floor or program, is a process of its own, and so is the load, which
// signs its requests before the timed part and checks what is answered. Everything
// is on loopback and in a directory that is removed at the end.
//
// It exits with 1 when an answer is wrong or something else fails. A goal that is missed
// is told, and is no failure: other work on the machine may be the reason.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

type config struct {
	rounds    int
	part      time.Duration
	users     uint64
	newcomers uint64
	dir       string
	program   string
	json      string
	quick     bool
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "floor" {
		if err := serveFloor(os.Args[2], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	var c config
	flag.IntVar(&c.rounds, "rounds", 5, "how `often` each case is measured")
	flag.DurationVar(&c.part, "part", time.Second, "the `time` that a case is measured for in each round")
	flag.Uint64Var(&c.users, "users", 1_000_000, "the `number` of users that many users are")
	flag.Uint64Var(&c.newcomers, "new", 6000, "the `number` of new users in each round")
	flag.StringVar(&c.dir, "dir", "", "the `directory` to make the data directories in, on the disk to measure (default: the system's for temporary files)")
	flag.StringVar(&c.program, "program", "", "the program's `binary` (default: built from this module)")
	flag.StringVar(&c.json, "json", "", "also write the results to a `file`")
	flag.BoolVar(&c.quick, "quick", false, "3 rounds of 400 ms, 50000 users, 2000 new ones: for a first look")
	flag.Parse()
	if c.quick {
		c.rounds, c.part, c.users, c.newcomers = 3, 400*time.Millisecond, 50_000, 2000
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, c); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, c config) (err error) {
	if flag.NArg() > 0 || c.rounds < 1 || c.part < 10*time.Millisecond || c.users < hotUsers || c.newcomers < 1 {
		return errors.New("see -h: there must be a round, 10ms of a part, 1000 users, a new one, and no other argument")
	}
	b := &bench{config: c}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	// The program makes a socket in it, whose path must be short.
	if b.dir, err = os.MkdirTemp(c.dir, "poolkeeper-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if inMemory(b.dir) {
		b.note("%s is kept in memory: what is said of durable users means nothing. Name a directory on a disk with -dir.", b.dir)
	}
	if b.program == "" {
		b.program = filepath.Join(b.dir, "poolkeeper")
		b.progress("building the program")
		if err := build(ctx, b.program, "cmd/poolkeeper"); err != nil {
			return err
		}
	}
	// The load shares the cores with what it measures.
	debug.SetGCPercent(800)
	began := time.Now()
	defer func() {
		for _, s := range b.floors {
			s.stop()
		}
		for _, p := range b.products {
			p.server.stop()
		}
		for _, c := range slices.Backward(b.closers) {
			c()
		}
	}()
	if err := b.run(ctx); err != nil {
		return err
	}
	b.note("The run took %.0f s.", time.Since(began).Seconds())
	b.report(os.Stdout)
	if c.json != "" {
		return b.writeJSON(c.json)
	}
	return nil
}
