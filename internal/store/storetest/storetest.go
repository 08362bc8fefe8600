// Package storetest is the contract of [identity.Store], [principal.Store] and [audit.Store] as test
// suites, which every store must pass. They ask nothing but the contract: no SQL, no
// file. What a store promises beyond it is tested beside that store.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A store is an identity.Store or a principal.Store.
type store[Tx any] interface {
	View(ctx context.Context, f func(Tx) error) error
	Update(ctx context.Context, f func(Tx) error) error
}

// Isolation is the subject of what a store of several databases, each with snapshots of its own, does not keep: that a
// View sees of each Update all or nothing.
const Isolation = "Isolation"

// Run runs the suite of [identity.Store], but for some subjects. open returns an empty store, which it closes by
// t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) identity.Store, but ...string) {
	runSubjects(t, open, but, []subject[identity.Store]{
		{"Pools", testPools},
		{"Identities", testIdentities},
		{"IDs", testIDs},
		{"Guests", testGuests},
		{"SigningKeys", testSigningKeys},
		{"Settings", testSettings},
		{"Lists", testLists},
		{"Bytes", testBytes},
		{"Transactions", testTransactions},
		{"Concurrency", testConcurrency},
		{Isolation, testIsolation},
	})
}

// A subject is some of the cases of a suite.
type subject[S any] struct {
	name string
	test func(t *testing.T, open func(t *testing.T) S)
}

func runSubjects[S any](t *testing.T, open func(t *testing.T) S, but []string, subjects []subject[S]) {
	for _, s := range subjects {
		if slices.Contains(but, s.name) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.test(t, open)
		})
	}
}

// A test is one case of a subject; each gets a store of its own.
type test[S any] struct {
	name string
	run  func(t *testing.T, s S)
}

func runAll[S any](t *testing.T, open func(t *testing.T) S, tests []test[S]) {
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

const (
	account      = "111122223333"
	otherAccount = "444455556666"
	region       = "eu-central-1"
	otherRegion  = "us-east-1"
)

// at returns a time n milliseconds after some instant.
func at(n int) time.Time {
	return time.Date(2026, 11, 5, 12, 30, 15, 0, time.UTC).Add(time.Duration(n) * time.Millisecond)
}

// poolID and identityID return different ids for different n, in the order of n.
func poolID(n int) string     { return fmt.Sprintf("%s:%08x-1111-4abc-8def-0123456789ab", region, n) }
func identityID(n int) string { return fmt.Sprintf("%s:%08x-2222-4abc-9def-ba9876543210", region, n) }

func newPool(n int) *identity.Pool {
	return &identity.Pool{
		ID: poolID(n), Account: account, Name: fmt.Sprint("pool ", n), Created: at(0), Modified: at(0),
	}
}

// newIdentity returns an identity of pool 1 with the logins.
func newIdentity(n int, logins ...identity.Login) *identity.Identity {
	return &identity.Identity{
		ID: identityID(n), PoolID: poolID(1), Authenticated: len(logins) > 0, Logins: logins,
		Created: at(0), Modified: at(0),
	}
}

func login(subject string) identity.Login {
	return identity.Login{Provider: "login.example", Subject: subject}
}

func update[Tx any](t *testing.T, s store[Tx], f func(Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), f); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view[Tx any](t *testing.T, s store[Tx], f func(Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), f); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// steps runs several writes in one Update.
func steps[Tx any](fs ...func(Tx) error) func(Tx) error {
	return func(tx Tx) error {
		for n, f := range fs {
			if err := f(tx); err != nil {
				return fmt.Errorf("step %d: %w", n, err)
			}
		}
		return nil
	}
}

func insertPool(p *identity.Pool) func(identity.Tx) error {
	return func(tx identity.Tx) error { return tx.InsertPool(p) }
}

func insert(i *identity.Identity) func(identity.Tx) error {
	return func(tx identity.Tx) error { return tx.InsertIdentity(i) }
}

func change(i *identity.Identity) func(identity.Tx) error {
	return func(tx identity.Tx) error { return tx.UpdateIdentity(i) }
}

// wantErr runs one Update or View and checks what it fails with.
func wantErr[Tx any](t *testing.T, run func(context.Context, func(Tx) error) error, want error, f func(Tx) error) {
	t.Helper()
	if err := run(t.Context(), f); !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// same compares records; an empty list or map is as good as none. In a closure, which may run
// again, it is differs that does.
func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if err := differs(what, got, want); err != nil {
		t.Error(err)
	}
}

func differs[T any](what string, got, want T) error {
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("%s: (-want +got)\n%s", what, diff)
	}
	return nil
}

// checkIdentity reads an identity back and checks it, and that its logins find it.
func checkIdentity(t *testing.T, s identity.Store, want *identity.Identity) {
	t.Helper()
	view(t, s, func(tx identity.Tx) error {
		got, err := tx.Identity(want.ID)
		if err != nil {
			return fmt.Errorf("identity %s: %w", want.ID, err)
		}
		if err := differs("identity "+want.ID, got, want); err != nil {
			return err
		}
		for _, l := range want.Logins {
			id, err := tx.IdentityOfLogin(want.PoolID, l)
			if err != nil || id != want.ID {
				return fmt.Errorf("identity of login %q: got %q, %w, want %q", l, id, err, want.ID)
			}
			got, err := tx.IdentityWith(want.PoolID, l)
			if err != nil {
				return fmt.Errorf("identity with login %q: %w", l, err)
			}
			if err := differs(fmt.Sprintf("identity with login %q", l), got, want); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkFree checks that no identity of pool 1 has the login.
func checkFree(t *testing.T, s identity.Store, l identity.Login) {
	t.Helper()
	wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error {
		id, err := tx.IdentityOfLogin(poolID(1), l)
		if err == nil {
			return fmt.Errorf("login %q is linked to %s", l, id)
		}
		if i, err := tx.IdentityWith(poolID(1), l); !errors.Is(err, identity.ErrNotFound) {
			return fmt.Errorf("login %q is linked to %v, %w", l, i, err)
		}
		return err
	})
}
