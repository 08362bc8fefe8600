// Package fault_test breaks what the program stands on, while clients use it: processes are
// killed and frozen, power fails, disks fill, databases restart, connections are cut. It holds
// the program to two things: the answers that clients got are those of one service that does one
// thing after the other, and nothing acknowledged is ever lost, split or taken back.
//
// It owns the faults and what is counted under them. Each has a short form, which is part of
// make test, or runs only with -long, which is make fault. Nothing of the machine is changed:
// servers listen on loopback, and only processes that a test has started are stopped.
package fault_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds each wait for something that takes a moment: the machine may be busy.
const patience = time.Minute

var (
	long     = flag.Bool("long", false, "run every fault, and each for as long as -for says")
	duration = flag.Duration("for", 15*time.Second, "with -long, how long a fault runs that is repeated")
)

// buildDir holds the programs that are built for the tests.
var buildDir string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if buildDir, err = os.MkdirTemp("", "poolkeeper-fault-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(buildDir)
	return m.Run()
}

// onlyLong skips a test that takes longer than make test has time for.
func onlyLong(t *testing.T) {
	t.Helper()
	if !*long {
		t.Skip("runs with -long: make fault")
	}
}

// span is how long a repeated fault runs.
func span(short time.Duration) time.Duration {
	if *long {
		return *duration
	}
	return short
}

// A change makes another program of the source than the one that is shipped: in one file, what
// is old becomes new. More are files that are added, by their paths.
type change struct {
	name, file, old, new string
	more                 map[string]string
}

var builds struct {
	sync.Mutex
	done map[string]string
}

// program returns the path of the program as shipped.
func program(t testing.TB) string { return build(t, change{name: "poolkeeper"}) }

// build returns the path of the program with a change, which the source on disk does not get.
func build(t testing.TB, c change) string {
	t.Helper()
	builds.Lock()
	defer builds.Unlock()
	if path := builds.done[c.name]; path != "" {
		return path
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	put := func(file, text string) {
		at := filepath.Join(buildDir, fmt.Sprintf("%s-%d.go", c.name, len(replace)))
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, file)] = at
	}
	if c.file != "" {
		text, err := os.ReadFile(filepath.Join(root, c.file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(text), c.old) != 1 {
			t.Fatalf("%s does not have %q once", c.file, c.old)
		}
		put(c.file, strings.Replace(string(text), c.old, c.new, 1))
	}
	for file, text := range c.more {
		put(file, text)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(buildDir, c.name+".json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(buildDir, c.name)
	cmd := exec.Command("go", "build", "-overlay", list, "-o", path, "./cmd/poolkeeper")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if builds.done == nil {
		builds.done = map[string]string{}
	}
	builds.done[c.name] = path
	return path
}
