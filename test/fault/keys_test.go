package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/seal"
)

// The master key is replaced again and again under load, and the server killed at some moment of
// it. It starts with what is in its data directory, knows every access key, and the rotation goes
// on where it was. Every token ever given out verifies at the end, by the newest key alone.
func TestMasterKey_Killed(t *testing.T) {
	t.Parallel()
	n := newNode(t, program(t))
	n.start()
	l := newLedger(t, n)
	users := make([]string, 80)
	for i := range users {
		users[i] = fmt.Sprintf("user-%d", i)
	}
	keys := n.accessKeys(t, users...)
	stop := l.load(4, n)
	rounds, cut, refused := 3, 0, 0
	if *long {
		rounds = 20
	}
	whole := 40 * time.Millisecond // how long a rotation takes, about
	for round := range rounds {
		file := filepath.Join(n.dir, fmt.Sprintf("key-%d", round))
		next, err := seal.CreateFile(file)
		if err != nil {
			t.Fatal(err)
		}
		in := &api.RotateMasterKeyInput{MasterKeyFile: file}
		first := make(chan error, 1)
		go func() { first <- n.operate(t.Context(), "RotateMasterKey", in, new(api.RotateMasterKeyOutput)) }()
		after(t.Context(), time.Millisecond, whole)
		n.kill()
		done := <-first == nil
		begun := time.Now()
		n.start()
		l.next(begun)
		refused += n.refused(keys[:10])
		var out api.RotateMasterKeyOutput
		begun = time.Now()
		if err := n.operate(t.Context(), "RotateMasterKey", in, &out); err != nil {
			t.Fatalf("round %d: go on: %v", round, err)
		}
		if !done && out.SealedValues < int64(len(keys)) {
			cut++ // some were sealed before
		}
		if out.SealedValues > int64(len(keys)) {
			whole = time.Since(begun)
		}
		if kept, err := seal.ReadFile(filepath.Join(n.data, "master.key")); err != nil || !kept.Is(next) {
			t.Errorf("round %d: the new key is not in its place: %v", round, err)
		}
		if _, err := os.Stat(filepath.Join(n.data, "master.key.new")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("round %d: the rotation is not at its end: %v", round, err)
		}
	}
	stop()
	if code := n.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if err := os.Remove(filepath.Join(n.data, "master.key.old")); err != nil {
		t.Error(err)
	}
	n.start()
	refused += n.refused(keys)
	t.Logf("%d rotations, %d of them cut among the rows; %d access keys, %d times one was refused", rounds, cut, len(keys), refused)
	l.check(n)
	if refused > 0 {
		t.Errorf("%d times an access key was refused", refused)
	}
	if *long && cut == 0 {
		t.Error("no rotation was cut among the rows: nothing was tried")
	}
}

// F15: the server is killed while its signing key is replaced. After each start one key signs, and
// every token given out verifies.
func TestRotation_Killed(t *testing.T) {
	onlyLong(t)
	n := newNode(t, program(t)) // RSA keys take a while to make
	n.start()
	l := newLedger(t, n)
	stop := l.load(4, n)
	const rounds = 20
	rotated, failed := 0, 0
	for round := range rounds {
		// Rotations follow each other until the server is killed.
		ended := make(chan int)
		go func() {
			now, count := true, 0
			for n.operate(t.Context(), "RotateSigningKeys", &api.RotateSigningKeysInput{ActivateNow: &now}, new(api.RotateSigningKeysOutput)) == nil {
				count++
			}
			ended <- count
		}()
		after(t.Context(), 100*time.Millisecond, 500*time.Millisecond)
		n.kill()
		rotated += <-ended
		begun := time.Now()
		n.start()
		l.next(begun)
		var out api.ListSigningKeysOutput
		if err := n.operate(t.Context(), "ListSigningKeys", new(api.ListSigningKeysInput), &out); err != nil {
			t.Fatal(err)
		}
		active := 0
		for _, k := range out.SigningKeys {
			if k.Status == "Active" {
				active++
			}
		}
		if active != 1 {
			t.Errorf("round %d: %d keys sign", round, active)
		}
		l.mu.Lock()
		tokens := l.tokens[max(0, len(l.tokens)-200):]
		l.mu.Unlock()
		failed += l.verify(n, tokens)
	}
	stop()
	t.Logf("%d rotations, %d more cut; %d tokens did not verify", rotated, rounds, failed)
	if failed > 0 || rotated == 0 {
		t.Errorf("%d tokens did not verify, %d rotations", failed, rotated)
	}
	l.check(n)
}
