// Command poolkeeper is a self-hosted Amazon Cognito identity pool service, and the
// tool of its operator. This package reads flags and environment, wires the rooms
// together, and decides the exit code; nothing else does any of these.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/cli"
	_ "github.com/poolkeeper/poolkeeper/internal/pagein" // start-up in fewer page faults
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// run is the program as a function: tests call it too. It returns the exit code:
// 0 done, 1 failed, 2 used wrongly.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the next one ends the process at once.
	context.AfterFunc(ctx, stop)

	p := &program{args: args, getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now}
	if code, ok := p.runAWS(ctx, args); ok {
		return code
	}
	err := p.runTool(ctx, args)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage), cli.Misused(err):
		fmt.Fprintf(stderr, "poolkeeper: %v\n", err)
		return 2
	default:
		fmt.Fprintf(stderr, "poolkeeper: %v\n", err)
		return 1
	}
}

// A program is what the commands share: the outside.
type program struct {
	args           []string
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	// results are where commands put what they have found out.
	results cli.Results
}

// A usageError is a mistake in how the command was written.
type usageError struct{ error }

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			return p.results.Print("Version", map[string]string{"Version": version()}, func(w io.Writer) {
				fmt.Fprintln(w, "poolkeeper", version())
			})
		},
	}
}

// version comes from what the Go tool wrote into the binary.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}

// noArgs refuses arguments, as a mistake of use.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("there are no arguments to %s, only options: %q", c.Name(), args[0])}
	}
	return nil
}

// someArgs wants one argument or more.
func someArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError{fmt.Errorf("no arguments where some are wanted\n%s", usageOf(c))}
	}
	return nil
}

// exactArgs wants n arguments.
func exactArgs(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("arguments given: %d, wanted: %d\n%s", len(args), n, usageOf(c))}
		}
		return nil
	}
}

// usageOf says how a command is written.
func usageOf(c *cobra.Command) string {
	return "Usage: " + strings.TrimSuffix(c.UseLine(), " [flags]") + " [options]"
}
