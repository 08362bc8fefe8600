package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func testLists(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{
		{"PoolOrder", listPoolOrder},
		{"IdentityOrder", listIdentityOrder},
		{"HideDisabled", listHideDisabled},
		{"StableUnderInserts", listStableUnderInserts},
		{"Logins", listLogins},
	})
}

// created gives each n a time such that many share one and the order of time
// is not that of the ids.
func created(n int) int { return n * 7 % 5 }

func listPoolOrder(t *testing.T, s identity.Store) {
	var want []*identity.Pool
	for n := range 23 {
		p := newPool(n)
		p.Created = at(created(n))
		want = append(want, p)
		update(t, s, insertPool(p))
	}
	slices.SortFunc(want, func(a, b *identity.Pool) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return slices.Compare([]byte(a.ID), []byte(b.ID))
	})
	for _, page := range []int{1, 4, 23, 100} {
		var got []*identity.Pool
		var after identity.Cursor
		for {
			var list []*identity.Pool
			view(t, s, func(tx identity.Tx) (err error) {
				list, err = tx.Pools(account, region, after, page)
				return err
			})
			if len(list) == 0 {
				break
			}
			if len(list) > page {
				t.Fatalf("pools: got %d, limit %d", len(list), page)
			}
			got = append(got, list...)
			last := list[len(list)-1]
			after = identity.Cursor{Created: last.Created, ID: last.ID}
		}
		same(t, fmt.Sprint("pools by ", page), got, want)
	}
}

// listIdentities reads all pages of the first pool, and calls between after each.
func listIdentities(t *testing.T, s identity.Store, hide bool, page int, between func()) []string {
	t.Helper()
	var ids []string
	for after, more := "", true; more; {
		var list []*identity.Identity
		view(t, s, func(tx identity.Tx) (err error) {
			list, after, err = tx.Identities(poolID(1), hide, after, page)
			return err
		})
		more = after != ""
		if len(list) > page || more && len(list) < page {
			t.Fatalf("identities: got %d, limit %d, next place %q", len(list), page, after)
		}
		for _, i := range list {
			ids = append(ids, i.ID)
		}
		between()
	}
	return ids
}

// fill makes the first pool with identities 0 to count-1, and another one beside it, and returns
// the ids in the order of a list.
func fill(t *testing.T, s identity.Store, count int) []string {
	t.Helper()
	var ids []string
	update(t, s, steps(insertPool(newPool(1)), insertPool(newPool(2))))
	for n := range count {
		i, other := newIdentity(n, login(fmt.Sprint(n))), newIdentity(n+1000)
		i.Created = at(created(n))
		i.ID, other.PoolID = "", poolID(2)
		if n%3 == 0 {
			i.ID = identityID(n)
		}
		var id string
		update(t, s, func(tx identity.Tx) error {
			i := i.Clone()
			err := errors.Join(tx.InsertIdentity(i), tx.InsertIdentity(other.Clone()))
			id = i.ID
			return err
		})
		ids = append(ids, id)
	}
	return ids
}

func listIdentityOrder(t *testing.T, s identity.Store) {
	want := fill(t, s, 23)
	for _, page := range []int{1, 4, 22, 23, 100} {
		got := listIdentities(t, s, false, page, func() {})
		same(t, fmt.Sprint("identities by ", page), got, want)
	}
	view(t, s, func(tx identity.Tx) error {
		list, _, err := tx.Identities(poolID(1), false, "", 1)
		if err != nil || len(list) != 1 {
			return errors.Join(err, fmt.Errorf("got %d", len(list)))
		}
		one, err := tx.Identity(list[0].ID)
		return errors.Join(err, differs("identity in a list", list[0], one))
	})
	for _, place := range []string{"x", "-1", " 1", "1.5", identityID(1), "9223372036854775808"} {
		err := s.View(t.Context(), func(tx identity.Tx) error {
			_, _, err := tx.Identities(poolID(1), false, place, 1)
			return err
		})
		if err == nil {
			t.Errorf("place %q was taken", place)
		}
	}
}

func listHideDisabled(t *testing.T, s identity.Store) {
	want := fill(t, s, 10)
	update(t, s, func(tx identity.Tx) error {
		for n, id := range want[3:5] {
			i, err := tx.Identity(id)
			if err != nil {
				return err
			}
			i = i.Clone()
			i.Disabled = true
			if n == 1 {
				i.Merged, i.Logins = true, nil
			}
			if err := tx.UpdateIdentity(i); err != nil {
				return err
			}
		}
		return nil
	})
	same(t, "all", listIdentities(t, s, false, 3, func() {}), want)
	same(t, "enabled", listIdentities(t, s, true, 3, func() {}), slices.Delete(slices.Clone(want), 3, 5))
}

// What was there when a listing began is in it exactly once, whatever is
// inserted meanwhile, and what is removed does not hide anything else.
func listStableUnderInserts(t *testing.T, s identity.Store) {
	want := fill(t, s, 20)
	n := 20
	got := listIdentities(t, s, false, 3, func() {
		if n < 40 {
			i := newIdentity(n)
			i.Created = at(created(n))
			update(t, s, insert(i))
			n++
		}
	})
	old := slices.DeleteFunc(slices.Clone(got), func(id string) bool { return !slices.Contains(want, id) })
	same(t, "identities there before", old, want)
	slices.Sort(got)
	if len(slices.Compact(got)) != len(got) {
		t.Errorf("an identity was listed twice: %q", got)
	}

	// Each page is removed before the next one is read.
	want = listIdentities(t, s, false, 100, func() {})
	var listed []string
	for after, more := "", true; more; more = after != "" {
		var page []*identity.Identity
		view(t, s, func(tx identity.Tx) (err error) {
			page, after, err = tx.Identities(poolID(1), false, after, 3)
			return err
		})
		for _, i := range page {
			listed = append(listed, i.ID)
			update(t, s, func(tx identity.Tx) error { return tx.DeleteIdentity(i.ID) })
		}
	}
	same(t, "identities while they go", listed, want)
	same(t, "what is left", listIdentities(t, s, false, 100, func() {}), nil)
}

// Logins are listed by the bytes of the subject, by a prefix of whole texts, and by pool and
// provider.
func listLogins(t *testing.T, s identity.Store) {
	other := newPool(2)
	update(t, s, steps(insertPool(newPool(1)), insertPool(other)))
	var want []identity.LinkedLogin
	for n, subject := range distinct() {
		if subject == "" { // a page can not begin after it
			continue
		}
		i := newIdentity(n, login(subject), identity.Login{Provider: "login.other", Subject: subject})
		i.Disabled = n%3 == 0
		twin := newIdentity(n+1000, login(subject))
		twin.PoolID = other.ID
		update(t, s, steps(insert(i), insert(twin)))
		want = append(want, identity.LinkedLogin{Subject: subject, IdentityID: i.ID, Disabled: i.Disabled})
	}
	gone := newIdentity(500, login("u gone"))
	update(t, s, insert(gone))
	update(t, s, func(tx identity.Tx) error { return tx.DeleteIdentity(gone.ID) })
	slices.SortFunc(want, func(a, b identity.LinkedLogin) int { return cmp.Compare(a.Subject, b.Subject) })

	for _, prefix := range []string{"", "u", "U", "e", "\u00e9", "1", "'", "%", "\x01", "\x7f", "\U0010ffff", "a", strings.Repeat("a", 1023) + "a", "none"} {
		of := slices.DeleteFunc(slices.Clone(want), func(l identity.LinkedLogin) bool { return !strings.HasPrefix(l.Subject, prefix) })
		for _, page := range []int{1, 3, 100} {
			var got []identity.LinkedLogin
			after := ""
			for {
				var list []identity.LinkedLogin
				view(t, s, func(tx identity.Tx) (err error) {
					list, err = tx.LoginsOf(poolID(1), login("").Provider, prefix, after, page)
					return err
				})
				if len(list) > page {
					t.Fatalf("logins: got %d, limit %d", len(list), page)
				}
				if len(list) == 0 {
					break
				}
				got, after = append(got, list...), list[len(list)-1].Subject
			}
			same(t, fmt.Sprintf("logins with prefix %+q by %d", prefix, page), got, of)
		}
	}
	for _, at := range [][2]string{{poolID(3), login("").Provider}, {poolID(1), "login.none"}} {
		view(t, s, func(tx identity.Tx) error {
			list, err := tx.LoginsOf(at[0], at[1], "", "", 10)
			return errors.Join(err, differs("logins of what has none", list, nil))
		})
	}
	update(t, s, func(tx identity.Tx) error { return tx.DeletePool(poolID(1)) })
	view(t, s, func(tx identity.Tx) error {
		list, err := tx.LoginsOf(poolID(1), login("").Provider, "", "", 10)
		return errors.Join(err, differs("logins of a deleted pool", list, nil))
	})
}
