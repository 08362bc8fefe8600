package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"poolkeeper": main, "aws": main})
}

// TestScripts runs the program as a person does. Beside the usual commands of
// testscript a script may say:
//
//	freeport NAME   set NAME to a loopback address where nothing listens
//	ready DIR       wait until the server on the data directory has started
//	perm FILE MODE  change the mode of a file; its mode must then be checked by the program
//
// and what operatorCommands tells.
func TestScripts(t *testing.T) {
	commands := operatorCommands()
	commands["freeport"], commands["ready"], commands["perm"] = freeport, ready, perm
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		// PROGRAM is the path of the program.
		Setup: func(env *testscript.Env) error {
			path, err := exec.LookPath("poolkeeper")
			env.Setenv("PROGRAM", path)
			return err
		},
		Cmds: commands,
	})
}

// freeport takes an address that is nobody else's where the system has more than one, so
// that no connection of another test is given the port meanwhile.
func freeport(ts *testscript.TestScript, _ bool, args []string) {
	host := "127.0.0.1"
	if runtime.GOOS == "linux" {
		host = fmt.Sprintf("127.%d.%d.%d", 1+rand.N(250), 1+rand.N(250), 1+rand.N(250))
	}
	l, err := net.Listen("tcp", host+":0")
	ts.Check(err)
	ts.Check(l.Close())
	ts.Setenv(args[0], l.Addr().String())
}

func ready(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0]) + "/control.sock"
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case <-tick.C:
			if c, err := net.Dial("unix", path); err == nil {
				c.Close()
				return
			}
		case <-deadline:
			ts.Fatalf("no server on %s after 30 s", args[0])
		}
	}
}

func perm(ts *testscript.TestScript, _ bool, args []string) {
	var mode os.FileMode
	_, err := fmt.Sscanf(args[1], "%o", &mode)
	ts.Check(err)
	ts.Check(os.Chmod(ts.MkAbs(args[0]), mode))
}
