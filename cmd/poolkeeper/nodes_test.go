package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// TestScripts_Postgres runs scripts that have an empty database at $STORE.
func TestScripts_Postgres(t *testing.T) {
	t.Parallel()
	pgtest.Database(t) // without a server, skip
	testscript.Run(t, testscript.Params{
		Dir: "testdata/postgres",
		Setup: func(env *testscript.Env) error {
			env.Setenv("STORE", pgtest.Database(t))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"freeport": freeport, "ready": ready, "await": awaitFile},
	})
}

// A node is one server of several on a database.
type node struct {
	t    *testing.T
	cmd  *exec.Cmd
	data string
	log  *os.File
	*cognitoidentity.Client
}

// startNode starts a server in a process of its own.
func startNode(t *testing.T, store string, more ...string) *node {
	t.Helper()
	program, err := exec.LookPath("poolkeeper")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.MkdirTemp("", "pk-") // short, for the socket in it
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, data: data}
	if n.log, err = os.Create(filepath.Join(data, "log")); err != nil {
		t.Fatal(err)
	}
	n.cmd = exec.Command(program, append([]string{"serve", "--dev", "--data", data, "--store", store, "--auto-migrate", "--listen", "127.0.0.1:0"}, more...)...)
	n.cmd.Stdout, n.cmd.Stderr = n.log, n.log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.kill()
		if t.Failed() {
			t.Log(n.said())
		}
		n.log.Close()
		os.RemoveAll(data)
	})
	url := n.await(regexp.MustCompile(`msg=listening url=(\S+)`))
	n.Client = cognitoidentity.New(cognitoidentity.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider(devKeyID, devSecret, ""),
	})
	return n
}

func (n *node) said() string {
	text, err := os.ReadFile(n.log.Name())
	if err != nil {
		n.t.Error(err)
	}
	return string(text)
}

// await polls for something in the log.
func (n *node) await(what *regexp.Regexp) string {
	n.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); ; {
		select {
		case <-tick.C:
			if m := what.FindStringSubmatch(n.said()); m != nil {
				return m[len(m)-1]
			}
		case <-deadline:
			n.t.Fatalf("no %s in the log:\n%s", what, n.said())
		}
	}
}

// kill ends the process as a crash does.
func (n *node) kill() {
	if n.cmd.ProcessState == nil {
		_ = n.cmd.Process.Signal(syscall.SIGKILL)
		_ = n.cmd.Wait() // it was killed
	}
}

func (n *node) masterKey() string { return filepath.Join(n.data, "master.key") }

func (n *node) signIn(ctx context.Context, pool *string, user string) (string, error) {
	out, err := n.GetOpenIdTokenForDeveloperIdentity(ctx, &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: pool, Logins: map[string]string{"login.example": user},
	})
	if err != nil {
		return "", err
	}
	return *out.IdentityId, nil
}

// Two servers on one database are one service: a change made through one is seen by the next
// request on the other, and a user whose first calls come to both has one identity.
func TestNodes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := pgtest.Database(t)
	a := startNode(t, store)
	b := startNode(t, store, "--master-key-file", a.masterKey())
	made, err := a.CreateIdentityPool(ctx, &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("p0"), AllowUnauthenticatedIdentities: false, DeveloperProviderName: aws.String("login.example"),
	})
	if err != nil {
		t.Fatal(err)
	}
	pool := made.IdentityPoolId

	for k := range 20 {
		// Read first, so that what is read again would come from memory.
		writer, reader := a, b
		if k%2 == 1 {
			writer, reader = b, a
		}
		if _, err := reader.DescribeIdentityPool(ctx, &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: pool}); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint("p", k+1)
		if _, err := writer.UpdateIdentityPool(ctx, &cognitoidentity.UpdateIdentityPoolInput{
			IdentityPoolId: pool, IdentityPoolName: &name, DeveloperProviderName: aws.String("login.example"),
		}); err != nil {
			t.Fatal(err)
		}
		seen, err := reader.DescribeIdentityPool(ctx, &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: pool})
		if err != nil || *seen.IdentityPoolName != name {
			t.Fatalf("pool seen through the other node: %v, %v, want name %s", seen, err, name)
		}
	}

	const users, callers = 10, 6
	var ids [users][callers]string
	var wg sync.WaitGroup
	for u := range users {
		for c := range callers {
			wg.Go(func() {
				var err error
				if ids[u][c], err = []*node{a, b}[c%2].signIn(ctx, pool, fmt.Sprint("user", u)); err != nil {
					t.Errorf("user %d, caller %d: %v", u, c, err)
				}
			})
		}
	}
	wg.Wait()
	for u := range users {
		for c := range callers {
			if ids[u][c] != ids[u][0] {
				t.Errorf("user %d has the identities %s and %s", u, ids[u][0], ids[u][c])
			}
		}
	}

	// A server that dies takes nothing with it.
	a.kill()
	if id, err := b.signIn(ctx, pool, "user0"); err != nil || id != ids[0][0] {
		t.Errorf("after the other node was killed: got %s, %v, want %s", id, err, ids[0][0])
	}
	// What only one of them does, such as the audit log, the other one takes over.
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); ; {
		select {
		case <-tick.C:
			text, err := os.ReadFile(filepath.Join(b.data, "audit.jsonl"))
			if err == nil && strings.Contains(string(text), "GetOpenIdTokenForDeveloperIdentity") {
				return
			}
			if _, err := b.signIn(ctx, pool, fmt.Sprint("late", time.Now().UnixNano())); err != nil {
				t.Fatal(err)
			}
		case <-deadline:
			t.Fatal("the other node has not taken over the audit log")
		}
	}
}
