package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// entities are the cases that each kind of entity has in common.
type entities[T any] struct {
	of func(principal.Tx) principal.Entities[T]
	// bare returns a record with little more than its name, full one with every field
	// set.
	bare func(name string) *T
	full func(name, text string) *T
}

func entitiesOf[T any](of func(principal.Tx) principal.Entities[T], bare func(name string) *T, full func(name, text string) *T) entities[T] {
	return entities[T]{of, bare, full}
}

func (e entities[T]) test(t *testing.T, open func(t *testing.T) principal.Store) {
	runAll(t, open, []test[principal.Store]{
		{"ReadBack", e.readBack},
		{"NotFound", e.notFound},
		{"Case", e.foldsCase},
		{"InsertConflict", e.insertConflict},
		{"List", e.list},
		{"Update", e.update},
		{"Rename", e.rename},
		{"RenameCase", e.renameCase},
		{"RenameConflict", e.renameConflict},
		{"Delete", e.remove},
		{"AccountsApart", e.accountsApart},
		{"Bytes", e.bytes},
		{"NotUTF8", e.notUTF8},
	})
}

// common returns what the record has in common with those of other kinds.
func common(v any) *principal.Entity {
	switch v := v.(type) {
	case *principal.User:
		return &v.Entity
	case *principal.Role:
		return &v.Entity
	case *principal.Policy:
		return &v.Entity
	case *principal.OIDCProvider:
		return &v.Entity
	case *principal.SAMLProvider:
		return &v.Entity
	}
	panic(fmt.Sprintf("%T is no entity", v))
}

func (e entities[T]) inserts(vs ...*T) func(principal.Tx) error {
	return func(tx principal.Tx) error {
		for _, v := range vs {
			if err := e.of(tx).Insert(v); err != nil {
				return fmt.Errorf("insert %q: %w", common(v).Name, err)
			}
		}
		return nil
	}
}

func (e entities[T]) get(name string) func(principal.Tx) error {
	return func(tx principal.Tx) error {
		_, err := e.of(tx).Get(account, name)
		return err
	}
}

// check reads a record back, by its name and from a list, and compares it.
func (e entities[T]) check(t *testing.T, s principal.Store, want *T) {
	t.Helper()
	c := common(want)
	for range 2 { // the second time it may come from a cache
		view(t, s, func(tx principal.Tx) error {
			got, err := e.of(tx).Get(c.Account, c.Name)
			if err != nil {
				return fmt.Errorf("get %+q: %w", c.Name, err)
			}
			return differs("entity "+c.Name, got, want)
		})
	}
	view(t, s, func(tx principal.Tx) error {
		list, err := e.of(tx).List(c.Account, "", 1000)
		n := slices.IndexFunc(list, func(v *T) bool { return common(v).Name == c.Name })
		if err == nil && n < 0 {
			err = fmt.Errorf("%+q is not in a list", c.Name)
		}
		if err != nil {
			return err
		}
		return differs("entity in a list "+c.Name, list[n], want)
	})
}

// wantSet checks that a record has no field without a value: then none is forgotten.
func wantSet(t *testing.T, record reflect.Value) {
	t.Helper()
	for field, v := range record.Fields() {
		if v.IsZero() {
			t.Errorf("%s.%s is not set", record.Type(), field.Name)
		}
		if field.Anonymous {
			wantSet(t, v)
		}
	}
}

func (e entities[T]) readBack(t *testing.T, s principal.Store) {
	wantSet(t, reflect.ValueOf(e.full("Full", document(0))).Elem())
	none := e.bare("none")
	*common(none) = principal.Entity{Account: account, Name: "none"}
	update(t, s, e.inserts(e.full("Full", document(0)), e.bare("bare"), none))
	e.check(t, s, e.full("Full", document(0)))
	e.check(t, s, e.bare("bare"))
	e.check(t, s, none)
}

func (e entities[T]) notFound(t *testing.T, s principal.Store) {
	update(t, s, e.inserts(e.bare("alice"), e.bare("bob")))
	for _, name := range []string{"", "alic", "alicea", "alice ", " alice", "al%", "álice", "alıce", "\xffalice"} {
		wantErr(t, s.View, identity.ErrNotFound, e.get(name))
		wantErr(t, s.Update, identity.ErrNotFound, func(tx principal.Tx) error { return e.of(tx).Rename(name, e.bare("carol")) })
		// That the new name is taken does not matter before the old one is found.
		wantErr(t, s.Update, identity.ErrNotFound, func(tx principal.Tx) error { return e.of(tx).Rename(name, e.bare("bob")) })
		wantErr(t, s.Update, identity.ErrNotFound, func(tx principal.Tx) error { return e.of(tx).Delete(account, name) })
	}
	wantErr(t, s.Update, identity.ErrNotFound, func(tx principal.Tx) error { return e.of(tx).Update(e.full("carol", "x")) })
	wantErr(t, s.Update, identity.ErrNotFound, func(tx principal.Tx) error { return e.of(tx).Rename("carol", e.full("Carol", "x")) })
	e.check(t, s, e.bare("alice"))
	e.check(t, s, e.bare("bob"))
}

// Names keep their case and are found in any; only ASCII letters have one.
func (e entities[T]) foldsCase(t *testing.T, s principal.Store) {
	update(t, s, e.inserts(e.bare("AliceZ@[`{"), e.bare("É"), e.bare("é"), e.bare("K"), e.bare("\u212a")))
	for range 2 {
		for _, name := range []string{"AliceZ@[`{", "alicez@[`{", "ALICEZ@[`{"} {
			view(t, s, func(tx principal.Tx) error {
				got, err := e.of(tx).Get(account, name)
				return errors.Join(err, differs("got by "+name, got, e.bare("AliceZ@[`{")))
			})
		}
	}
	for _, name := range []string{"alicez`[`{", "alicez@{`{", "alicez@[@{", "alicez@[`["} {
		wantErr(t, s.View, identity.ErrNotFound, e.get(name))
	}
	for _, name := range []string{"É", "é", "K", "\u212a"} {
		e.check(t, s, e.bare(name))
	}
	wantErr(t, s.Update, identity.ErrConflict, e.inserts(e.bare("alicez@[`{")))
	update(t, s, func(tx principal.Tx) error { return e.of(tx).Update(e.full("aliceZ@[`{", "x")) })
	e.check(t, s, e.full("aliceZ@[`{", "x"))
	update(t, s, func(tx principal.Tx) error { return e.of(tx).Delete(account, "ALICEZ@[`{") })
	wantErr(t, s.View, identity.ErrNotFound, e.get("aliceZ@[`{"))
	e.check(t, s, e.bare("É"))
}

// A closure may go on after a conflict.
func (e entities[T]) insertConflict(t *testing.T, s principal.Store) {
	update(t, s, e.inserts(e.bare("alice")))
	for n, name := range []string{"alice", "Alice"} {
		beside := e.bare(fmt.Sprint("beside", n))
		wantErr(t, s.Update, identity.ErrConflict, e.inserts(e.full(name, "x")))
		update(t, s, func(tx principal.Tx) error {
			if err := e.of(tx).Insert(e.full(name, "x")); !errors.Is(err, identity.ErrConflict) {
				t.Errorf("insert %s: got %v, want %v", name, err, identity.ErrConflict)
			}
			return e.of(tx).Insert(beside)
		})
		e.check(t, s, beside)
	}
	e.check(t, s, e.bare("alice"))
}

func (e entities[T]) list(t *testing.T, s principal.Store) {
	// In lower case, _ and ` are before the letters, and not after those in upper case.
	names := []string{
		"A", "a-b", "a.b", "A_b", "a`", "aA", "Aa0", "AB", "ab+", "aBc", "b", "BA", "bb", "C", "Z", "z1", "~", "é", "ﬁ", "\U0001f600",
	}
	var want []*T
	for _, name := range names {
		want = append(want, e.full(name, "text of "+name))
	}
	shuffled := make([]*T, len(want))
	for n, v := range want {
		shuffled[n*7%len(want)] = v
	}
	foreign := e.bare("aa")
	common(foreign).Account = otherAccount
	update(t, s, steps(e.inserts(shuffled...), e.inserts(foreign)))
	for _, spell := range []func(string) string{strings.Clone, strings.ToLower, strings.ToUpper} {
		for _, page := range []int{1, 4, len(want), 100} {
			var got []*T
			after := ""
			for len(got) <= len(want) { // or it repeats itself for ever
				var list []*T
				view(t, s, func(tx principal.Tx) (err error) {
					list, err = e.of(tx).List(account, after, page)
					return err
				})
				if len(list) == 0 {
					break
				}
				if len(list) > page {
					t.Fatalf("got %d, limit %d", len(list), page)
				}
				got = append(got, list...)
				if after = common(list[len(list)-1]).Name; after < "\x7f" {
					after = spell(after)
				}
			}
			same(t, fmt.Sprint("list by ", page), got, want)
		}
	}
	view(t, s, func(tx principal.Tx) error { // after a name that nobody has
		got, err := e.of(tx).List(account, "Y", 2)
		return errors.Join(err, differs("list after Y", got, want[14:16]))
	})
}

func (e entities[T]) update(t *testing.T, s principal.Store) {
	update(t, s, e.inserts(e.full("alice", "x"), e.full("bob", "x")))
	e.check(t, s, e.full("alice", "x"))
	for _, v := range []func() *T{
		func() *T { return e.bare("alice") },
		func() *T { return e.full("alice", "y") },
		func() *T { return e.full("alice", "z") },
	} {
		update(t, s, func(tx principal.Tx) error { return e.of(tx).Update(v()) })
		e.check(t, s, v())
	}
	e.check(t, s, e.full("bob", "x"))
}

func (e entities[T]) rename(t *testing.T, s principal.Store) {
	update(t, s, e.inserts(e.bare("Alice"), e.bare("bob")))
	e.check(t, s, e.bare("Alice"))
	update(t, s, func(tx principal.Tx) error { return e.of(tx).Rename("aLICE", e.full("Carol", "x")) })
	e.check(t, s, e.full("Carol", "x"))
	wantErr(t, s.View, identity.ErrNotFound, e.get("Alice"))
	e.check(t, s, e.bare("bob"))
	update(t, s, e.inserts(e.bare("alice"))) // its name is free
	e.check(t, s, e.bare("alice"))
}

// A new name may differ in its case only, or not at all.
func (e entities[T]) renameCase(t *testing.T, s principal.Store) {
	update(t, s, e.inserts(e.bare("alice")))
	e.check(t, s, e.bare("alice"))
	for _, name := range []string{"Alice", "ALICE", "ALICE"} {
		update(t, s, func(tx principal.Tx) error { return e.of(tx).Rename("alice", e.full(name, "x")) })
		e.check(t, s, e.full(name, "x"))
	}
	view(t, s, func(tx principal.Tx) error {
		list, err := e.of(tx).List(account, "", 10)
		return errors.Join(err, differs("list", list, []*T{e.full("ALICE", "x")}))
	})
}

func (e entities[T]) renameConflict(t *testing.T, s principal.Store) {
	update(t, s, e.inserts(e.bare("alice"), e.bare("bob")))
	for n, name := range []string{"bob", "Bob"} {
		beside := e.bare(fmt.Sprint("beside", n))
		rename := func(tx principal.Tx) error { return e.of(tx).Rename("alice", e.full(name, "x")) }
		wantErr(t, s.Update, identity.ErrConflict, rename)
		update(t, s, func(tx principal.Tx) error {
			if err := rename(tx); !errors.Is(err, identity.ErrConflict) {
				t.Errorf("rename to %s: got %v, want %v", name, err, identity.ErrConflict)
			}
			return e.of(tx).Insert(beside)
		})
		e.check(t, s, beside)
	}
	e.check(t, s, e.bare("alice"))
	e.check(t, s, e.bare("bob"))
}

func (e entities[T]) remove(t *testing.T, s principal.Store) {
	update(t, s, e.inserts(e.full("alice", "x"), e.bare("bob")))
	e.check(t, s, e.full("alice", "x"))
	remove := func(tx principal.Tx) error { return e.of(tx).Delete(account, "alice") }
	update(t, s, remove)
	wantErr(t, s.View, identity.ErrNotFound, e.get("alice"))
	wantErr(t, s.Update, identity.ErrNotFound, remove)
	wantErr(t, s.Update, identity.ErrNotFound, func(tx principal.Tx) error { return e.of(tx).Update(e.bare("alice")) })
	view(t, s, func(tx principal.Tx) error {
		list, err := e.of(tx).List(account, "", 10)
		return errors.Join(err, differs("list", list, []*T{e.bare("bob")}))
	})
	update(t, s, e.inserts(e.bare("Alice")))
	e.check(t, s, e.bare("Alice"))
}

func (e entities[T]) accountsApart(t *testing.T, s principal.Store) {
	mine, theirs := e.bare("alice"), e.full("Alice", "x")
	common(theirs).Account = otherAccount
	update(t, s, e.inserts(mine, theirs))
	e.check(t, s, mine)
	e.check(t, s, theirs)
	wantErr(t, s.View, identity.ErrNotFound, func(tx principal.Tx) error { _, err := e.of(tx).Get("", "alice"); return err })
	update(t, s, func(tx principal.Tx) error { return e.of(tx).Update(e.full("alice", "y")) })
	update(t, s, func(tx principal.Tx) error { return e.of(tx).Rename("alice", e.bare("bob")) })
	e.check(t, s, theirs)
	update(t, s, func(tx principal.Tx) error { return e.of(tx).Delete(otherAccount, "alice") })
	e.check(t, s, e.bare("bob"))
	view(t, s, func(tx principal.Tx) error {
		list, err := e.of(tx).List(otherAccount, "", 10)
		return errors.Join(err, differs("list of the other account", list, nil))
	})
}

// Documents and all other texts are kept byte by byte, of whatever size.
func (e entities[T]) bytes(t *testing.T, s principal.Store) {
	texts := append(distinct(), document(0), document(6<<10), document(200<<10))
	update(t, s, func(tx principal.Tx) error {
		for n, text := range texts {
			if err := e.of(tx).Insert(e.full(fmt.Sprint("text", n), text)); err != nil {
				return fmt.Errorf("text %.20q: %w", text, err)
			}
		}
		return nil
	})
	for range 2 {
		view(t, s, func(tx principal.Tx) error {
			for n, text := range texts {
				got, err := e.of(tx).Get(account, fmt.Sprint("text", n))
				if err != nil {
					return err
				}
				if err := differs(fmt.Sprintf("text %.20q", text), got, e.full(fmt.Sprint("text", n), text)); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// What is not UTF-8 is kept, or refused: never changed.
func (e entities[T]) notUTF8(t *testing.T, s principal.Store) {
	for n, text := range []string{"\xff", "a\xc3", "\xed\xa0\x80"} {
		name := fmt.Sprint("text", n)
		for _, v := range []*T{e.full(name, text), e.full(text, "x")} {
			if s.Update(t.Context(), e.inserts(v)) == nil {
				e.check(t, s, v)
			}
		}
		update(t, s, e.inserts(e.full("twin of "+name, "\ufffd")))
		e.check(t, s, e.full("twin of "+name, "\ufffd"))
	}
}
