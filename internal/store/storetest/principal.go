package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// RunPrincipals runs the suite of [principal.Store], but for some subjects. open returns an empty store, which it
// closes by t.Cleanup.
func RunPrincipals(t *testing.T, open func(t *testing.T) principal.Store, but ...string) {
	runSubjects(t, open, but, []subject[principal.Store]{
		{"Users", entitiesOf(principal.Tx.Users, newUser, fullUser).test},
		{"Roles", entitiesOf(principal.Tx.Roles, newRole, fullRole).test},
		{"Policies", entitiesOf(principal.Tx.Policies, newPolicy, fullPolicy).test},
		{"OIDCProviders", entitiesOf(principal.Tx.OIDCProviders, newOIDCProvider, fullOIDCProvider).test},
		{"SAMLProviders", entitiesOf(principal.Tx.SAMLProviders, newSAMLProvider, fullSAMLProvider).test},
		{"AccessKeys", testAccessKeys},
		{"Together", testPrincipals},
		{Isolation, testPrincipalsIsolation},
	})
}

func newEntity(name string) principal.Entity {
	return principal.Entity{Account: account, Name: name, Path: "/", Created: at(0)}
}

// fullEntity, and each of the full records below, has no field without a value, and the
// text wherever a caller may put one.
func fullEntity(name, text string) principal.Entity {
	return principal.Entity{
		Account: account, Name: name, Path: "/division/team/", ID: "AIDAIOSFODNN7EXAMPLE",
		Tags: map[string]string{"Team": text, "team": "", text: "x"}, Created: at(1),
	}
}

func fullPermissions(text string) principal.Permissions {
	return principal.Permissions{
		Inline:   map[string]string{"Read": text, "read": "{}", text: "x"},
		Attached: []string{"arn:aws:iam::111122223333:policy/b", text, "arn:aws:iam::aws:policy/a"},
	}
}

func newUser(name string) *principal.User { return &principal.User{Entity: newEntity(name)} }

func fullUser(name, text string) *principal.User {
	return &principal.User{Entity: fullEntity(name, text), Permissions: fullPermissions(text), SessionsFrom: at(2)}
}

func newRole(name string) *principal.Role { return &principal.Role{Entity: newEntity(name)} }

func fullRole(name, text string) *principal.Role {
	return &principal.Role{
		Entity: fullEntity(name, text), Permissions: fullPermissions(text),
		Description: text, Trust: text, Trusted: map[string]string{text: "AIDA"}, MaxSession: 43200, SessionsFrom: time.UnixMilli(0).UTC(),
		Upstream: &principal.Upstream{URL: text, RoleARN: text, Duration: 3600, Policy: text},
	}
}

func newPolicy(name string) *principal.Policy { return &principal.Policy{Entity: newEntity(name)} }

func fullPolicy(name, text string) *principal.Policy {
	return &principal.Policy{
		Entity: fullEntity(name, text), Description: text, Updated: at(3),
		Versions: []principal.PolicyVersion{
			{ID: "v2", Document: text, Created: at(2)},
			{ID: "v10", Document: text + "\n", Default: true, Created: at(3)},
		},
		NextVersion: 11,
	}
}

func newOIDCProvider(name string) *principal.OIDCProvider {
	return &principal.OIDCProvider{Entity: newEntity(name)}
}

func fullOIDCProvider(name, text string) *principal.OIDCProvider {
	return &principal.OIDCProvider{
		Entity: fullEntity(name, text), ClientIDs: []string{"b", text, "a"}, Thumbprints: []string{text, "00"},
	}
}

func newSAMLProvider(name string) *principal.SAMLProvider {
	return &principal.SAMLProvider{Entity: newEntity(name)}
}

func fullSAMLProvider(name, text string) *principal.SAMLProvider {
	return &principal.SAMLProvider{Entity: fullEntity(name, text), Metadata: text, ValidUntil: at(4)}
}

// document returns one of about n bytes that a careless store would write otherwise.
func document(n int) string {
	s := "{ \"b\" : 1.0,\r\n\t\"a\":[\"<&>\\u0041\\/\u2028\", 1e400]}\n"
	return strings.Repeat(s, max(1, n/len(s)))
}

func testPrincipals(t *testing.T, open func(t *testing.T) principal.Store) {
	runAll(t, open, []test[principal.Store]{
		{"KindsApart", principalsKindsApart},
		{"Now", principalsNow},
		{"FailedUpdateChangesNothing", principalsFailedUpdate},
		{"UpdateSeesItsWrites", principalsUpdateSeesItsWrites},
		{"ViewRefusesWrites", principalsViewRefusesWrites},
		{"RecordsAreFresh", principalsRecordsAreFresh},
		{"OneNameOnce", principalsOneNameOnce},
	})
}

func testPrincipalsIsolation(t *testing.T, open func(t *testing.T) principal.Store) {
	runAll(t, open, []test[principal.Store]{{"CacheIsExact", principalsCacheIsExact}})
}

func insertUser(u *principal.User) func(principal.Tx) error {
	return func(tx principal.Tx) error { return tx.Users().Insert(u) }
}

func checkUser(t *testing.T, s principal.Store, want *principal.User) {
	t.Helper()
	entitiesOf(principal.Tx.Users, newUser, fullUser).check(t, s, want)
}

// A name is free in each kind, whatever has it in the others.
func principalsKindsApart(t *testing.T, s principal.Store) {
	update(t, s, steps(
		insertUser(newUser("a")),
		func(tx principal.Tx) error { return tx.Roles().Insert(newRole("a")) },
		func(tx principal.Tx) error { return tx.Policies().Insert(newPolicy("a")) },
		func(tx principal.Tx) error { return tx.OIDCProviders().Insert(newOIDCProvider("a")) },
		func(tx principal.Tx) error { return tx.SAMLProviders().Insert(newSAMLProvider("a")) },
	))
	update(t, s, func(tx principal.Tx) error { return tx.Roles().Delete(account, "a") })
	view(t, s, func(tx principal.Tx) error {
		user, err1 := tx.Users().Get(account, "a")
		policy, err2 := tx.Policies().Get(account, "a")
		oidc, err3 := tx.OIDCProviders().Get(account, "a")
		saml, err4 := tx.SAMLProviders().Get(account, "a")
		return errors.Join(
			err1, err2, err3, err4,
			differs("user", user, newUser("a")),
			differs("policy", policy, newPolicy("a")),
			differs("OIDC provider", oidc, newOIDCProvider("a")),
			differs("SAML provider", saml, newSAMLProvider("a")),
		)
	})
	wantErr(t, s.View, identity.ErrNotFound, func(tx principal.Tx) error { _, err := tx.Roles().Get(account, "a"); return err })
}

func principalsNow(t *testing.T, s principal.Store) {
	for name, run := range map[string]func(context.Context, func(principal.Tx) error) error{"View": s.View, "Update": s.Update} {
		err := run(t.Context(), func(tx principal.Tx) error {
			if now := tx.Now(); now.IsZero() || now.Location() != time.UTC || now.Nanosecond()%int(time.Millisecond) != 0 {
				return fmt.Errorf("got %v, want whole milliseconds UTC", now)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func principalsFailedUpdate(t *testing.T, s principal.Store) {
	k := newAccessKey(1)
	update(t, s, steps(insertUser(newUser("a")), insertUser(newUser("b")), insertAccessKey(k)))
	failure := errors.New("changed my mind")
	changed := newAccessKey(1)
	changed.Inactive = true
	wantErr(t, s.Update, failure, steps(
		insertUser(newUser("c")),
		func(tx principal.Tx) error { return tx.Users().Update(fullUser("a", "x")) },
		func(tx principal.Tx) error { return tx.Users().Rename("a", newUser("d")) },
		func(tx principal.Tx) error { return tx.Users().Delete(account, "b") },
		updateAccessKey(changed),
		func(tx principal.Tx) error { return tx.NoteKeyUse(k.ID, keyUse(1)) },
		// Reading what was written must not leave it in a cache either.
		func(tx principal.Tx) error { _, err := tx.Users().Get(account, "d"); return err },
		func(tx principal.Tx) error { _, err := tx.AccessKey(k.ID); return err },
		func(tx principal.Tx) error { return tx.DeleteAccessKey(k.ID) },
		func(principal.Tx) error { return failure },
	))
	checkUser(t, s, newUser("a"))
	checkUser(t, s, newUser("b"))
	checkAccessKey(t, s, k)
	for _, read := range []func(principal.Tx) error{
		func(tx principal.Tx) error { _, err := tx.Users().Get(account, "c"); return err },
		func(tx principal.Tx) error { _, err := tx.Users().Get(account, "d"); return err },
		func(tx principal.Tx) error { _, err := tx.KeyUse(k.ID); return err },
	} {
		wantErr(t, s.View, identity.ErrNotFound, read)
	}
}

func principalsUpdateSeesItsWrites(t *testing.T, s principal.Store) {
	update(t, s, steps(insertUser(newUser("a")), insertAccessKey(newAccessKey(1))))
	checkUser(t, s, newUser("a"))
	checkAccessKey(t, s, newAccessKey(1))
	changed := newAccessKey(1)
	changed.Inactive = true
	update(t, s, func(tx principal.Tx) error {
		if err := errors.Join(tx.Users().Update(fullUser("a", "x")), tx.UpdateAccessKey(changed), tx.NoteKeyUse(changed.ID, keyUse(1))); err != nil {
			return err
		}
		u, err1 := tx.Users().Get(account, "a")
		list, err2 := tx.Users().List(account, "", 10)
		k, err3 := tx.AccessKey(changed.ID)
		use, err4 := tx.KeyUse(changed.ID)
		return errors.Join(
			err1, err2, err3, err4,
			differs("user", u, fullUser("a", "x")),
			differs("users", list, []*principal.User{fullUser("a", "x")}),
			differs("access key", k, changed),
			differs("use", use, keyUse(1)),
		)
	})
}

func principalsViewRefusesWrites(t *testing.T, s principal.Store) {
	update(t, s, steps(insertUser(newUser("a")), insertAccessKey(newAccessKey(1))))
	writes := []func(principal.Tx) error{
		insertAccessKey(newAccessKey(1)), insertAccessKey(newAccessKey(2)),
		updateAccessKey(newAccessKey(2)),
		func(tx principal.Tx) error { return tx.DeleteAccessKey(newAccessKey(2).ID) },
		func(tx principal.Tx) error { return tx.NoteKeyUse(newAccessKey(2).ID, keyUse(1)) },
	}
	writes = append(writes, entityWrites(principal.Tx.Users, newUser)...)
	writes = append(writes, entityWrites(principal.Tx.Roles, newRole)...)
	writes = append(writes, entityWrites(principal.Tx.Policies, newPolicy)...)
	writes = append(writes, entityWrites(principal.Tx.OIDCProviders, newOIDCProvider)...)
	writes = append(writes, entityWrites(principal.Tx.SAMLProviders, newSAMLProvider)...)
	for n, write := range writes {
		err := s.View(t.Context(), write)
		if err == nil || errors.Is(err, identity.ErrNotFound) || errors.Is(err, identity.ErrConflict) || errors.Is(err, identity.ErrUnavailable) {
			t.Errorf("write %d in a View: got error %v, want another", n, err)
		}
	}
	checkUser(t, s, newUser("a"))
	checkAccessKey(t, s, newAccessKey(1))
}

// entityWrites are writes of one kind that an Update would refuse, or not.
func entityWrites[T any](of func(principal.Tx) principal.Entities[T], bare func(string) *T) []func(principal.Tx) error {
	return []func(principal.Tx) error{
		func(tx principal.Tx) error { return of(tx).Insert(bare("a")) },
		func(tx principal.Tx) error { return of(tx).Insert(bare("b")) },
		func(tx principal.Tx) error { return of(tx).Update(bare("b")) },
		func(tx principal.Tx) error { return of(tx).Rename("b", bare("c")) },
		func(tx principal.Tx) error { return of(tx).Delete(account, "b") },
	}
}

// What a View returned is what it was, whatever is written later.
func principalsRecordsAreFresh(t *testing.T, s principal.Store) {
	update(t, s, insertUser(fullUser("a", "x")))
	var before *principal.User
	view(t, s, func(tx principal.Tx) (err error) { before, err = tx.Users().Get(account, "a"); return err })
	for n := range 20 {
		u := before.Clone()
		u.Tags["n"], u.Inline["n"], u.Attached[0] = fmt.Sprint(n), "{}", fmt.Sprint(n)
		update(t, s, func(tx principal.Tx) error { return tx.Users().Update(u.Clone()) })
		checkUser(t, s, u)
	}
	same(t, "user read before", before, fullUser("a", "x"))
}

// A user, a policy, an access key and its use count together.
func principalsCacheIsExact(t *testing.T, s principal.Store) {
	write := func(n int) func(principal.Tx) error {
		u, p, k := newUser("u"), newPolicy("p"), newAccessKey(1)
		u.SessionsFrom, p.Updated, k.Created = at(n), at(n), at(n)
		return func(tx principal.Tx) error {
			return errors.Join(tx.Users().Update(u), tx.Policies().Update(p), tx.UpdateAccessKey(k),
				tx.NoteKeyUse(k.ID, principal.KeyUse{Time: at(n)}))
		}
	}
	update(t, s, steps(
		insertUser(newUser("u")),
		func(tx principal.Tx) error { return tx.Policies().Insert(newPolicy("p")) },
		insertAccessKey(newAccessKey(1)),
		write(0),
	))
	checkExact(t, s, write,
		func(tx principal.Tx) (time.Time, error) {
			u, err := tx.Users().Get(account, "U")
			if err != nil {
				return time.Time{}, err
			}
			return u.SessionsFrom, nil
		},
		func(tx principal.Tx) (time.Time, error) {
			list, err := tx.Policies().List(account, "", 1)
			if err != nil {
				return time.Time{}, err
			}
			return list[0].Updated, nil
		},
		func(tx principal.Tx) (time.Time, error) {
			k, err := tx.AccessKey(newAccessKey(1).ID)
			if err != nil {
				return time.Time{}, err
			}
			return k.Created, nil
		},
		func(tx principal.Tx) (time.Time, error) {
			use, err := tx.KeyUse(newAccessKey(1).ID)
			return use.Time, err
		},
	)
}

// Of those who take a name at the same time, in whatever case, one gets it.
func principalsOneNameOnce(t *testing.T, s principal.Store) {
	names := []string{"alice", "Alice", "ALICE", "aLiCe"}
	const callers = 40
	made := make([]bool, callers)
	together(callers, func(k int) {
		u := newUser(names[k%len(names)])
		u.ID = fmt.Sprint(k)
		err := s.Update(t.Context(), insertUser(u))
		made[k] = err == nil
		if err != nil && !errors.Is(err, identity.ErrConflict) {
			t.Errorf("caller %d: %v", k, err)
		}
	})
	winner := -1
	for k, ok := range made {
		if ok && winner >= 0 {
			t.Errorf("callers %d and %d have made the user", winner, k)
		}
		if ok {
			winner = k
		}
	}
	if winner < 0 {
		t.Fatal("nobody has made the user")
	}
	want := newUser(names[winner%len(names)])
	want.ID = fmt.Sprint(winner)
	checkUser(t, s, want)
}
