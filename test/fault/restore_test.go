package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// F16: an old backup takes the place of a server. What was there at its time is there again, and nothing else: identities made
// since are unknown, with their tokens. An access key that was deleted since is good again: restore says that it is so.
func TestOldBackup(t *testing.T) {
	onlyLong(t)
	n := newNode(t, program(t), "--issuer", "http://issuer.example", "--signing-algorithm", "ES256")
	n.start()
	l := newLedger(t, n)
	role := api.CreateRoleInput{RoleName: "users", AssumeRolePolicyDocument: fmt.Sprintf(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
		"Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
		"Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": %q}}}}`, l.pool)}
	var made api.CreateRoleOutput
	if err := n.as(t.Context(), devKey, api.IAM, "CreateRole", &role, &made); err != nil {
		t.Fatal(err)
	}
	assume := func(n *node, token string) error {
		return n.as(t.Context(), devKey, api.STS, "AssumeRoleWithWebIdentity", &api.AssumeRoleWithWebIdentityInput{
			RoleArn: made.Role.Arn, RoleSessionName: "session", WebIdentityToken: api.Secret(token),
		}, new(api.AssumeRoleWithWebIdentityOutput))
	}
	keys := n.accessKeys(t, "kept", "revoked")
	stop := l.load(4, n)
	after(t.Context(), 500*time.Millisecond, 800*time.Millisecond)
	stop()
	known, tokens := l.snapshot(), l.tokens
	backup := filepath.Join(n.dir, "backup")
	n.runTool("backup", backup)

	later := newLedger(t, n) // another pool, for what came afterwards
	var lost api.GetOpenIdTokenForDeveloperIdentityOutput
	if err := n.call(t.Context(), "GetOpenIdTokenForDeveloperIdentity", l.signIn("late"), &lost); err != nil {
		t.Fatal(err)
	}
	if err := assume(n, string(lost.Token)); err != nil {
		t.Errorf("before: %v", err)
	}
	if err := n.as(t.Context(), devKey, api.IAM, "DeleteAccessKey", &api.DeleteAccessKeyInput{UserName: "revoked", AccessKeyId: keys[1].AccessKeyID}, nil); err != nil {
		t.Fatal(err)
	}
	added := n.accessKeys(t, "added")
	n.kill()

	second := newNode(t, n.program, n.flags...)
	if err := os.Mkdir(second.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.CopyFile(filepath.Join(second.data, "master.key"), filepath.Join(n.data, "master.key")); err != nil {
		t.Fatal(err)
	}
	if said := second.runTool("restore", backup); !strings.Contains(said, "are good again") {
		t.Errorf("restore does not say what it undoes: %s", said)
	}
	begun := time.Now()
	second.start()
	took := time.Since(begun)
	b := known.count(second)
	failed := l.verify(second, tokens)
	t.Logf("known %d, found %d, lost %d, split %d; %d tokens of before, %d do not verify; started in %v",
		b.known, b.found, b.lost, b.split, len(tokens), failed, took.Round(time.Millisecond))
	if b.known == 0 || b.lost > 0 || b.split > 0 || failed > 0 {
		t.Error("what was in the backup is not there")
	}
	if n := second.refused(keys); n > 0 {
		t.Errorf("%d access keys of the backup are refused", n)
	}
	absent := func(what string, err error) {
		t.Helper()
		var refused *api.Error
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v, want it refused", what, err)
		}
	}
	absent("an identity made since", second.call(t.Context(), "DescribeIdentity", &api.DescribeIdentityInput{IdentityId: lost.IdentityId}, new(api.IdentityDescription)))
	absent("its token", assume(second, string(lost.Token)))
	absent("a pool made since", second.call(t.Context(), "DescribeIdentityPool", &api.DescribeIdentityPoolInput{IdentityPoolId: later.pool}, new(api.IdentityPool)))
	absent("an access key made since", second.as(t.Context(), added[0], api.STS, "GetCallerIdentity", new(api.GetCallerIdentityInput), new(api.GetCallerIdentityOutput)))
	if err := assume(second, tokens[0]); err != nil {
		t.Errorf("a token of before: %v", err)
	}
}

// F16: backup, restore and migrate are killed at some moment. The server that is backed up does not notice; what was
// written until then is not taken for a backup or a store; and the next attempt comes to its end.
func TestMoving_Killed(t *testing.T) {
	onlyLong(t)
	n := newNode(t, program(t), "--signing-algorithm", "ES256")
	n.start()
	l := newLedger(t, n)
	stop := l.load(8, n)
	after(t.Context(), 3*time.Second, 3001*time.Millisecond)
	killed := func(cmd *exec.Cmd, within time.Duration) (whole bool) {
		t.Helper()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		after(t.Context(), time.Millisecond, within)
		_ = cmd.Process.Kill() // it may have come to its end
		return cmd.Wait() == nil
	}
	// measure returns how long a command takes.
	measure := func(cmd *exec.Cmd) time.Duration {
		t.Helper()
		begun := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", cmd.Args, err, out)
		}
		return time.Since(begun)
	}
	const rounds = 15
	whole := 0
	takes := measure(n.tool("backup", filepath.Join(n.dir, "first")))
	for round := range rounds {
		file := filepath.Join(n.dir, fmt.Sprintf("backup-%d", round))
		if killed(n.tool("backup", file), takes) {
			whole++
		}
		// Either it is there, and good, or there is none.
		if _, err := os.Stat(file); err == nil {
			measure(n.tool("backup", file)) // over it
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	stop()
	t.Logf("backup: killed %d times, %d times at its end already", rounds-whole, whole)
	last := filepath.Join(n.dir, "last")
	n.runTool("backup", last)
	known := l.snapshot()
	l.check(n)

	for name, flags := range map[string]func() []string{
		"SQLite":     func() []string { return nil },
		"PostgreSQL": func() []string { return []string{"--store", pgtest.Database(t)} },
	} {
		second := newNode(t, n.program, "--signing-algorithm", "ES256")
		if err := os.Mkdir(second.data, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.CopyFile(filepath.Join(second.data, "master.key"), filepath.Join(n.data, "master.key")); err != nil {
			t.Fatal(err)
		}
		to := flags()
		second.flags = append(second.flags, to...)
		migrated := 0
		if len(to) > 0 {
			for range rounds {
				if killed(second.tool(append([]string{"migrate"}, to...)...), 400*time.Millisecond) {
					migrated++
				}
			}
			second.runTool(append([]string{"migrate"}, to...)...)
			t.Logf("migrate: killed %d times, %d times at its end already", rounds-migrated, migrated)
		}
		words := append([]string{"restore", last}, to...)
		within, restored, cut := 2*takes, false, 0
		for range rounds {
			if restored = killed(second.tool(words...), within); restored {
				break
			}
			cut++
			// What is there is no store: nothing is served from it.
			if out, err := second.tool(append([]string{"signing-keys", "list"}, to...)...).CombinedOutput(); err == nil {
				// Only if the command was killed after it had come to its end.
				if out, err := second.tool(words...).CombinedOutput(); err == nil || !strings.Contains(string(out), "empty") {
					t.Errorf("%s: half a restore is served: %s", name, out)
				}
				restored = true
				break
			} else if !strings.Contains(string(out), "no data") {
				t.Errorf("%s: half a restore: %s", name, out)
			}
		}
		if !restored {
			second.runTool(words...)
		}
		begunAt := time.Now()
		second.start()
		b := known.count(second)
		t.Logf("restore to %s: killed %d times; known %d, found %d, lost %d, split %d; started and counted in %v", name, cut, b.known, b.found, b.lost, b.split, time.Since(begunAt).Round(time.Millisecond))
		if b.known == 0 || b.lost > 0 || b.split > 0 {
			t.Errorf("%s: what was in the backup is not there", name)
		}
	}
}
