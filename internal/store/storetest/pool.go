package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func testPools(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{
		{"ReadBack", poolReadBack},
		{"InsertTwice", poolInsertTwice},
		{"NotFound", poolNotFound},
		{"Update", poolUpdate},
		{"Delete", poolDelete},
		{"DeletedIDIsNotReused", poolDeletedIDIsNotReused},
		{"Purge", poolPurge},
		{"OtherRegion", poolOtherRegion},
		{"SigningAlgorithms", poolSigningAlgorithms},
	})
}

func fullPool() *identity.Pool {
	yes, no := true, false
	p := newPool(1)
	p.AllowGuests = true
	p.AllowClassicFlow = &no
	p.DeveloperProvider = "login.example"
	p.LoginProviders = map[string]string{"accounts.google.com": "a<&>b", "graph.facebook.com": "7"}
	p.OpenIDConnectProviders = []string{"arn:aws:iam::111122223333:oidc-provider/b", "arn:aws:iam::111122223333:oidc-provider/a"}
	p.SAMLProviders = []string{"arn:aws:iam::111122223333:saml-provider/s"}
	p.CognitoProviders = []identity.CognitoProvider{
		{ProviderName: "p", ClientID: "c", ServerSideTokenCheck: &yes},
		{ProviderName: "p", ClientID: "d"},
	}
	p.AuthenticatedRole, p.GuestRole = "arn:aws:iam::111122223333:role/a", "arn:aws:iam::111122223333:role/g"
	p.RoleMappings = map[string]identity.RoleMapping{
		"accounts.google.com": {Deny: true, Rules: []identity.MappingRule{
			{Claim: "b", Match: "Equals", Value: "x", RoleARN: "arn:aws:iam::111122223333:role/b"},
			{Claim: "a", Match: "NotEqual", Value: "", RoleARN: "arn:aws:iam::111122223333:role/a"},
		}},
		"p:c": {ByToken: true},
	}
	p.TagMaps = map[string]identity.TagMap{"p": {Defaults: true}, "accounts.google.com": {Tags: map[string]string{"Team": "<claim>"}}}
	p.Tags = map[string]string{"Team": "x", "team": "", "ключ": "значение"}
	p.SigningAlgorithm = "ES256"
	p.Modified = at(7)
	return p
}

func checkPool(t *testing.T, s identity.Store, want *identity.Pool) {
	t.Helper()
	view(t, s, func(tx identity.Tx) error {
		got, err := tx.Pool(want.ID)
		if err != nil {
			return err
		}
		return differs("pool", got, want)
	})
}

func poolReadBack(t *testing.T, s identity.Store) {
	update(t, s, insertPool(fullPool()))
	checkPool(t, s, fullPool())
	view(t, s, func(tx identity.Tx) error {
		got, err := tx.Pools(account, region, identity.Cursor{}, 10)
		return errors.Join(err, differs("pools", got, []*identity.Pool{fullPool()}))
	})
	update(t, s, insertPool(newPool(2)))
	checkPool(t, s, newPool(2))
}

func poolInsertTwice(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	twin := newPool(1)
	twin.Account = otherAccount
	wantErr(t, s.Update, identity.ErrConflict, insertPool(twin))
	checkPool(t, s, newPool(1))
}

func poolNotFound(t *testing.T, s identity.Store) {
	update(t, s, insertPool(newPool(1)))
	good := poolID(1)
	for _, id := range []string{
		"", ":", good[:len(good)-1], good + "0", good[len(region):], good[len(region)+1:], " " + good,
		region + ":" + "0000000A" + good[len(region)+9:], otherRegion + good[len(region):], poolID(2),
	} {
		wantErr(t, s.View, identity.ErrNotFound, func(tx identity.Tx) error {
			_, err := tx.Pool(id)
			return err
		})
		wantErr(t, s.Update, identity.ErrNotFound, func(tx identity.Tx) error {
			p := newPool(1)
			p.ID = id
			return tx.UpdatePool(p)
		})
		wantErr(t, s.Update, identity.ErrNotFound, func(tx identity.Tx) error { return tx.DeletePool(id) })
	}
	checkPool(t, s, newPool(1))
}

func poolUpdate(t *testing.T, s identity.Store) {
	update(t, s, insertPool(fullPool()))
	checkPool(t, s, fullPool())
	p := newPool(1)
	p.Name, p.Modified = "other", at(99)
	update(t, s, func(tx identity.Tx) error { return tx.UpdatePool(p) })
	checkPool(t, s, p)
}

func poolDelete(t *testing.T, s identity.Store) {
	i := newIdentity(1, login("u"))
	other := newIdentity(2, login("u"))
	other.PoolID = poolID(2)
	update(t, s, steps(insertPool(newPool(1)), insertPool(newPool(2)), insert(i), insert(other)))
	checkIdentity(t, s, i)
	remove := func(tx identity.Tx) error { return tx.DeletePool(poolID(1)) }
	update(t, s, remove)

	gone := func(tx identity.Tx) error {
		if _, err := tx.Pool(poolID(1)); !errors.Is(err, identity.ErrNotFound) {
			return fmt.Errorf("pool: got %v", err)
		}
		if _, err := tx.Identity(i.ID); !errors.Is(err, identity.ErrNotFound) {
			return fmt.Errorf("identity: got %v", err)
		}
		if _, err := tx.IdentityOfLogin(poolID(1), login("u")); !errors.Is(err, identity.ErrNotFound) {
			return fmt.Errorf("identity of login: got %v", err)
		}
		if l, next, err := tx.Identities(poolID(1), false, "", 10); len(l) != 0 || next != "" || err != nil {
			return fmt.Errorf("identities: got %v, %v", l, err)
		}
		return nil
	}
	view(t, s, gone)
	update(t, s, gone)
	wantErr(t, s.Update, identity.ErrNotFound, remove)
	wantErr(t, s.Update, identity.ErrNotFound, change(i))
	wantErr(t, s.Update, identity.ErrNotFound, insert(newIdentity(3)))
	wantErr(t, s.Update, identity.ErrNotFound, func(tx identity.Tx) error { return tx.DeleteIdentity(i.ID) })
	checkIdentity(t, s, other)
}

func poolDeletedIDIsNotReused(t *testing.T, s identity.Store) {
	i := newIdentity(1, login("u"))
	update(t, s, steps(insertPool(newPool(1)), insert(i)))
	update(t, s, func(tx identity.Tx) error { return tx.DeletePool(poolID(1)) })
	wantErr(t, s.Update, identity.ErrConflict, insertPool(newPool(1)))
}

func poolPurge(t *testing.T, s identity.Store) {
	purge := func(limit int) (more bool) {
		update(t, s, func(tx identity.Tx) (err error) {
			more, err = tx.PurgeDeleted(limit)
			return err
		})
		return more
	}
	if purge(5) {
		t.Error("purge of an empty store: more are left")
	}
	update(t, s, func(tx identity.Tx) error {
		for n := 1; n <= 3; n++ {
			if err := tx.InsertPool(newPool(n)); err != nil {
				return err
			}
			for k := range 3 {
				i := newIdentity(10*n+k, login(fmt.Sprint("u", k)), login(fmt.Sprint("v", k)))
				i.PoolID = poolID(n)
				if err := tx.InsertIdentity(i); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if purge(100) {
		t.Error("purge of living pools only: more are left")
	}
	update(t, s, steps(
		func(tx identity.Tx) error { return tx.DeletePool(poolID(1)) },
		func(tx identity.Tx) error { return tx.DeletePool(poolID(3)) },
	))
	for n, want := range []bool{true, true, false, false} { // six of them, two at a time
		if got := purge(2); got != want {
			t.Errorf("purge %d: more = %t, want %t", n, got, want)
		}
	}
	kept := newIdentity(22, login("u2"), login("v2"))
	kept.PoolID = poolID(2)
	checkIdentity(t, s, kept)
	// The space is free: ids of purged identities exist no longer.
	update(t, s, steps(insertPool(newPool(4)), func(tx identity.Tx) error {
		i := newIdentity(10, login("u0"))
		i.PoolID = poolID(4)
		return tx.InsertIdentity(i)
	}))
}

func poolOtherRegion(t *testing.T, s identity.Store) {
	p := newPool(2)
	p.ID = otherRegion + p.ID[len(region):]
	update(t, s, steps(insertPool(newPool(1)), insertPool(p)))
	checkPool(t, s, p)
	view(t, s, func(tx identity.Tx) error {
		got, err := tx.Pools(account, otherRegion, identity.Cursor{}, 10)
		return errors.Join(err, differs("pools", got, []*identity.Pool{p}))
	})
}

func poolSigningAlgorithms(t *testing.T, s identity.Store) {
	read := func(want ...string) {
		t.Helper()
		view(t, s, func(tx identity.Tx) error {
			got, err := tx.SigningAlgorithms()
			slices.Sort(got)
			return errors.Join(err, differs("algorithms", got, want))
		})
	}
	with := func(n int, owner, algorithm string) *identity.Pool {
		p := newPool(n)
		p.Account, p.SigningAlgorithm = owner, algorithm
		return p
	}
	read()
	update(t, s, steps(insertPool(with(1, account, "")), insertPool(with(2, account, "RS256"))))
	read("RS256")
	update(t, s, func(tx identity.Tx) error {
		err := steps(insertPool(with(3, otherAccount, "ES256")), insertPool(with(4, account, "RS256")), insertPool(with(5, account, "EdDSA")))(tx)
		got, readErr := tx.SigningAlgorithms()
		slices.Sort(got)
		return errors.Join(err, readErr, differs("algorithms within the transaction", got, []string{"ES256", "EdDSA", "RS256"}))
	})
	read("ES256", "EdDSA", "RS256")
	// While one pool asks for it, and no longer.
	change := func(p *identity.Pool) func(identity.Tx) error {
		return func(tx identity.Tx) error { return tx.UpdatePool(p) }
	}
	update(t, s, steps(change(with(2, account, "")), change(with(5, account, "ES256"))))
	read("ES256", "RS256")
	update(t, s, func(tx identity.Tx) error { return tx.DeletePool(poolID(4)) })
	read("ES256")
}
