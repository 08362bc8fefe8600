package state_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/state"
	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/token"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

const (
	account = "111122223333"
	home    = "eu-central-1"
	abroad  = "us-east-1"
)

// start is when worlds are.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A world is the services on a store in a file.
type world struct {
	testing.TB
	services map[*api.Service]any
	// calls are the operations called, in order.
	calls []string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	secret := make([]byte, 32)
	rand.Read(secret)
	master, err := seal.Parse(base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return start }
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "store.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.UseIDKey(t.Context(), func(tx identity.Tx) ([]byte, error) { return identity.IDKey(tx, master) }); err != nil {
		t.Fatal(err)
	}
	ring, err := token.New(token.Config{
		Store: db, Seal: master, Issuer: "https://id.example.com", Algorithm: token.ES256, KeyIDPrefix: home, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ring.Close()
		if err := db.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	if err := ring.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	pools, err := identity.New(identity.Config{
		Store: db, Issuer: ring, Seal: master, Regions: []string{home, abroad}, NewGUID: uuid.NewString,
	})
	if err != nil {
		t.Fatal(err)
	}
	principals, err := principal.New(principal.Config{
		Store: db.Principals(), Seal: master, NewID: func(prefix string) string { return prefix + rand.Text()[:17] },
	})
	if err != nil {
		t.Fatal(err)
	}
	return &world{TB: t, services: map[*api.Service]any{api.IAM: principals, api.CognitoIdentity: pools, api.Identities: pools}}
}

// call is a [state.Call] by the root of the account. What goes in and comes out is as the
// wire leaves it.
func (w *world) call(ctx context.Context, account, region string, s *api.Service, operation string, in, out any) error {
	op := s.Operation(operation)
	if op == nil {
		return fmt.Errorf("%s has no operation %s", s.Name, operation)
	}
	if (region == "") != (s == api.IAM) {
		return fmt.Errorf("%s is called in the region %q", operation, region)
	}
	w.calls = append(w.calls, operation)
	method := reflect.ValueOf(w.services[s]).MethodByName(operation)
	sent := reflect.New(method.Type().In(2).Elem())
	if err := send(s, op, in, sent.Interface()); err != nil {
		return err
	}
	c := principal.Root(account)
	c.Region, c.Now = region, start
	results := method.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(c), sent})
	if err, _ := results[len(results)-1].Interface().(error); err != nil {
		return err
	}
	if out == nil || len(results) == 1 {
		return nil
	}
	return answer(s, op, results[0].Interface(), out)
}

// send makes what a server reads of what a client sends.
func send(s *api.Service, op *api.Operation, in, dst any) error {
	if s.Protocol == api.JSON {
		v, err := wire.ParseJSON(wire.AppendJSON(nil, op.Input, in))
		if err != nil {
			return err
		}
		return wire.Decode(op.Input, v, dst)
	}
	f, err := wire.ParseForm(wire.AppendForm(nil, s, op, in), "")
	if err != nil {
		return err
	}
	return wire.DecodeForm(op.Input, f, dst)
}

// answer makes what a client reads of what a server answers.
func answer(s *api.Service, op *api.Operation, out, dst any) error {
	if s.Protocol == api.JSON {
		v, err := wire.ParseJSON(wire.AppendJSON(nil, op.Output, out))
		if err != nil {
			return err
		}
		return wire.DecodeOutput(op.Output, v, dst)
	}
	return wire.DecodeXML(op, wire.AppendXML(nil, s, op, "id", out), dst)
}

// do calls an operation of IAM in the account.
func (w *world) do(operation string, in, out any) {
	w.Helper()
	if err := w.call(w.Context(), account, "", api.IAM, operation, in, out); err != nil {
		w.Fatalf("%s: %v", operation, err)
	}
}

// pool makes an identity pool and returns its id.
func (w *world) pool(region string, in *api.CreateIdentityPoolInput) string {
	w.Helper()
	var p api.IdentityPool
	if err := w.call(w.Context(), account, region, api.CognitoIdentity, "CreateIdentityPool", in, &p); err != nil {
		w.Fatal(err)
	}
	return p.IdentityPoolId
}

// parse reads a file that is right.
func parse(t testing.TB, file string) *state.State {
	t.Helper()
	s, err := state.Parse("state.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plan returns what is to be done for a file that can be applied, and its words.
func (w *world) plan(file string, o state.Options) (changes []state.Change, words []string) {
	w.Helper()
	changes, err := state.Plan(w.Context(), w.call, parse(w, file), o)
	if err != nil {
		w.Fatal(err)
	}
	for _, c := range changes {
		words = append(words, c.Words)
	}
	return changes, words
}

// apply applies a file, after which there is nothing to change, and returns the words.
func (w *world) apply(file string, o state.Options) []string {
	w.Helper()
	changes, words := w.plan(file, o)
	var done []string
	if err := state.Apply(w.Context(), w.call, changes, func(c state.Change) { done = append(done, c.Words) }); err != nil {
		w.Fatal(err)
	}
	if !slices.Equal(words, done) {
		w.Errorf("done was %q, planned %q", done, words)
	}
	if _, again := w.plan(file, o); len(again) > 0 {
		w.Errorf("applied a second time, there is still to do\n%s", strings.Join(again, "\n"))
	}
	return words
}

// export returns a file of all that the account has.
func (w *world) export(account string) []byte {
	w.Helper()
	s, err := state.Read(w.Context(), w.call, state.Whole([]string{account}, []string{home, abroad}))
	if err != nil {
		w.Fatal(err)
	}
	return state.Write(s)
}

// refused checks the problems of a plan.
func (w *world) refused(file string, o state.Options, want ...string) {
	w.Helper()
	before := w.export(account)
	_, err := state.Plan(w.Context(), w.call, parse(w, file), o)
	if got := fmt.Sprint(err); got != strings.Join(want, "\n") {
		w.Errorf("plan says\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if after := w.export(account); string(after) != string(before) {
		w.Errorf("a plan changed\n%s\ninto\n%s", before, after)
	}
}

func (w *world) words(got []string, want ...string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("changes are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
