package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestOptions: no option of a command is read as a short form of one that all commands have,
// and each command says what it is.
func TestOptions(t *testing.T) {
	p := &program{getenv: func(string) string { return "" }}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" {
			t.Errorf("%s: nothing is said of it", c.CommandPath())
		}
		if !c.HasSubCommands() && c.RunE == nil {
			t.Errorf("%s does not run", c.CommandPath())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			for _, global := range []string{"--help", "--output", "--query", "--version", "--color"} {
				if strings.HasPrefix(global, "--"+f.Name) {
					t.Errorf("%s: --%s is read as %s", c.CommandPath(), f.Name, global)
				}
			}
		})
		for _, inner := range c.Commands() {
			walk(inner)
		}
	}
	for _, g := range p.commands() {
		for _, tool := range g.Tools {
			c := tool.Make()
			if c.Name() != tool.Name || tool.Short == "" || c.Short != "" {
				t.Errorf("%s: %q, %q", tool.Name, c.Name(), c.Short)
			}
			c.Short = tool.Short
			walk(c)
		}
	}
}

// TestProgress: short work is silent, long work has one line, which goes.
func TestProgress(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	g := &progress{to: &out, now: func() time.Time { return now }, of: 3, steps: "changes", next: now.Add(quiet)}
	g.step()
	g.clear()
	if out.Len() > 0 {
		t.Errorf("short work says %q", out.String())
	}
	now = now.Add(quiet)
	g.step()
	g.step() // too soon for another
	g.clear()
	g.clear()
	if got, want := out.String(), "\r\x1b[K2 of 3 changes\r\x1b[K"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	synctest.Test(t, func(t *testing.T) {
		out.Reset()
		g := &progress{to: &out, now: time.Now, next: time.Now().Add(quiet)}
		done := make(chan struct{})
		time.AfterFunc(quiet+between, func() { close(done) })
		g.pass("schema", done)
		synctest.Wait()
		g.clear()
		if got, want := out.String(), "\r\x1b[Kschema: 0s"; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "\r\x1b[K") {
			t.Errorf("got %q, want %q…", got, want)
		}
	})
	var nobody *progress
	nobody.step()
	nobody.clear()
}
