package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// goldens are the files of rows of each later version.
func goldens(version int64) (files []string) {
	for v := int64(2); v <= version; v++ {
		files = append(files, fmt.Sprintf("testdata/version%d.sql", v))
	}
	return files
}

func TestMigrate_FromLaterVersions(t *testing.T) {
	t.Parallel()
	for version := int64(2); version < schemaVersion; version++ {
		wantGolden(t, openVersion(t, version, goldens(version)...), version)
	}
}

// PostgreSQL's schema begins with version 4.
const firstPostgres = 4

// oldDatabase makes the schema of a version, with rows.
func oldDatabase(t *testing.T, url string, version int64) *pgConn {
	t.Helper()
	c, _, err := connectOnce(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	script := string(createVersions) + ";\n"
	for v := int64(firstPostgres); v <= version; v++ {
		files, err := fs.Glob(postgresMigrations, fmt.Sprintf("migrations/postgres/%05d_*.sql", v))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		text, err := postgresMigrations.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		script += string(text) + fmt.Sprintf("INSERT INTO schema_version (version_id) VALUES (%d);\n", v)
	}
	for _, file := range goldens(version) {
		rows, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// Bytes are written otherwise.
		hex := regexp.MustCompile(`X'([0-9A-Fa-f]*)'`).ReplaceAllString(string(rows), `'\x$1'::bytea`)
		script += strings.ReplaceAll(hex, " AS BLOB)", " AS BYTEA)")
	}
	if err := c.c.Exec(t.Context(), script).Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPostgres_MigrateFromLaterVersions(t *testing.T) {
	t.Parallel()
	for version := int64(firstPostgres); version < schemaVersion; version++ {
		url := pgtest.Database(t)
		oldDatabase(t, url, version)
		if _, err := Open(t.Context(), Config{URL: url, Now: time.Now}); !errors.Is(err, ErrOldSchema) {
			t.Errorf("not asked to migrate: got %v, want %v", err, ErrOldSchema)
		}
		// Several processes may migrate at once.
		together(2, func() {
			db, err := Open(t.Context(), Config{URL: url, Migrate: true, Now: time.Now})
			if err == nil {
				err = db.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
		wantGolden(t, openURL(t, url), version)
	}
}

// wantGolden checks rows of the tables that migrations have changed.
func wantGolden(t *testing.T, db *DB, version int64) {
	t.Helper()
	when := func(n int64) time.Time { return time.UnixMilli(1_790_000_000_000 + n).UTC() }
	const shop = "eu-central-1:00000001-1111-4111-8111-000000000001"
	ann := identity.Login{Provider: "login.example", Subject: "ann"}
	var got struct {
		Key      *principal.AccessKey
		Use      principal.KeyUse
		User     string
		Ann      string
		Pool     string
		Signing  []*identity.SigningKey
		Disabled *identity.Identity
		Events   int
		// Asked is by which algorithm the tokens of a pool of version 5 are to be signed.
		Asked string
		// Of version 6, all that became numbers: the identities of two pools, the logins of one provider,
		// whom logins lead to, and when a guest was seen.
		Shop, Fast []*identity.Identity
		Logins     []identity.LinkedLogin
		Holders    []string
		Seen       any
	}
	want := got
	want.Key = &principal.AccessKey{
		ID: "AKIAIOSFODNN7EXAMPLE", Account: "111122223333", User: "Ann", Secret: []byte{0, 0xff, 1}, Inactive: true,
		Description: "the shop's backend", Created: when(22),
	}
	want.Use = principal.KeyUse{Time: when(42), Service: "cognito-identity", Region: "eu-central-1"}
	want.User, want.Ann, want.Pool = "AIDAEXAMPLE", "eu-central-1:00000002-2222-4222-8222-000000000001", "Shop"
	want.Signing = []*identity.SigningKey{
		{Number: 1, KeyID: "eu-central-11", Algorithm: "RS512", Public: []byte{2, 1}, Created: when(31), Activates: when(32), Expires: when(33)},
		{Number: 2, KeyID: "eu-central-12", Algorithm: "ES256", Private: []byte{1, 2}, Public: []byte{2, 2}, Created: when(34), Activates: when(35)},
	}
	if version >= 3 {
		want.Events = 1
	}
	if version >= 4 {
		want.Disabled = &identity.Identity{
			ID: "eu-central-1:00000002-2222-4222-8222-000000000004", PoolID: shop, Authenticated: true, Disabled: true,
			Logins: []identity.Login{{Provider: "login.example", Subject: "dan"}}, Created: when(16), Modified: when(17), RevokedBefore: when(18),
		}
	}
	const fast = "eu-central-1:00000001-1111-4111-8111-000000000003"
	if version >= 5 {
		want.Asked = "EdDSA"
		want.Signing = append(want.Signing, &identity.SigningKey{
			Number: 3, KeyID: "eu-central-13", Algorithm: "EdDSA", Private: []byte{1, 3}, Public: []byte{2, 3}, Created: when(36), Activates: when(37), ForPools: true,
		})
	}
	if version >= 6 {
		id := func(n string) string { return "eu-central-1:" + n }
		want.Shop = []*identity.Identity{
			{ID: id("00000003-2222-4222-8222-000000000001"), PoolID: shop, Created: when(10), Modified: when(10)},
			{
				ID: id("00000002-2222-4222-8222-000000000001"), PoolID: shop, Authenticated: true, Created: when(11), Modified: when(12),
				Logins: []identity.Login{ann, {Provider: "graph.facebook.com", Subject: "42"}},
			},
			{
				ID: id("00000002-2222-4222-8222-000000000002"), PoolID: shop, Authenticated: true, Disabled: true, Merged: true,
				Created: when(13), Modified: when(14),
			},
			want.Disabled,
			{
				ID: id("00000003-2222-4222-8222-000000000002"), PoolID: shop, Authenticated: true, Disabled: true, Merged: true,
				Created: when(18), Modified: when(19),
			},
		}
		want.Fast = []*identity.Identity{{
			ID: id("00000003-2222-4222-8222-000000000003"), PoolID: fast, Authenticated: true, Created: when(20), Modified: when(21),
			Logins: []identity.Login{
				{Provider: "login.example", Subject: "u2"}, {Provider: "a.example", Subject: `<ü&"\>: 1:2`}, ann, {Provider: "ü.example", Subject: ""},
			},
		}}
		want.Logins = []identity.LinkedLogin{{Subject: "ann", IdentityID: want.Ann}, {Subject: "dan", IdentityID: want.Disabled.ID, Disabled: true}}
		for range want.Fast[0].Logins {
			want.Holders = append(want.Holders, want.Fast[0].ID)
		}
		want.Seen = int64(20800)
	}
	err := db.read(t.Context(), func(tx fullTx) error {
		got.Shop, got.Fast, got.Logins, got.Holders, got.Seen = nil, nil, nil, nil, nil
		if version >= 6 {
			var errs [4]error
			got.Shop, _, errs[0] = tx.Identities(shop, false, "", 10)
			got.Fast, _, errs[1] = tx.Identities(fast, false, "", 10)
			got.Logins, errs[2] = tx.LoginsOf(shop, "login.example", "", "", 10)
			for _, l := range want.Fast[0].Logins {
				id, err := tx.IdentityOfLogin(fast, l)
				got.Holders, errs[3] = append(got.Holders, id), errors.Join(errs[3], err)
			}
			for _, i := range append(want.Shop, want.Fast...) {
				one, err := tx.Identity(i.ID)
				if diff := cmp.Diff(i, one, cmpopts.EquateEmpty()); diff != "" {
					err = errors.Join(err, errors.New(diff))
				}
				errs[3] = errors.Join(errs[3], err)
			}
			err := tx.(readTx).each(selectSeen, func(row []driver.Value) error {
				if row[6] != nil {
					got.Seen = row[6]
				}
				return nil
			}, int64(0), int64(100))
			if err := errors.Join(append(errs[:], err)...); err != nil {
				return err
			}
		}
		var errs [9]error
		var user *principal.User
		var pool *identity.Pool
		got.Key, errs[0] = tx.AccessKey(want.Key.ID)
		got.Use, errs[1] = tx.KeyUse(want.Key.ID)
		if user, errs[2] = tx.Users().Get("111122223333", "ann"); user != nil {
			got.User = user.ID
		}
		got.Ann, errs[3] = tx.IdentityOfLogin(shop, ann)
		if pool, errs[4] = tx.Pool(shop); pool != nil {
			got.Pool = pool.Name
		}
		got.Signing, errs[5] = tx.SigningKeys()
		if want.Disabled != nil {
			got.Disabled, errs[6] = tx.Identity(want.Disabled.ID)
		}
		if want.Asked != "" {
			var p *identity.Pool
			if p, errs[8] = tx.Pool(fast); p != nil {
				got.Asked = p.SigningAlgorithm
			}
		}
		rows, err := tx.events(10)
		got.Events, errs[7] = len(rows), err
		return errors.Join(errs[:]...)
	})
	if err != nil {
		t.Errorf("version %d: %v", version, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("from version %d: (-want +got)\n%s", version, diff)
	}
	wantGoesOn(t, db)
}

// wantGoesOn checks that what was moved takes what is new: in a pool that was there, beside logins that
// were, and that what was to be purged is.
func wantGoesOn(t *testing.T, db *DB) {
	t.Helper()
	const shop = "eu-central-1:00000001-1111-4111-8111-000000000001"
	ann, eve, bare := identity.Login{Provider: "login.example", Subject: "ann"}, identity.Login{Provider: "login.example", Subject: "eve"},
		identity.Login{Provider: "new.example", Subject: "ann"}
	var old, id string
	err := db.write(t.Context(), func(tx fullTx) error {
		var err error
		if old, err = tx.IdentityOfLogin(shop, ann); err != nil {
			return err
		}
		taken := &identity.Identity{PoolID: shop, Logins: []identity.Login{ann}}
		if err := tx.InsertIdentity(taken); !errors.Is(err, identity.ErrConflict) {
			t.Errorf("a login that is linked: got %v, want %v", err, identity.ErrConflict)
		}
		i := &identity.Identity{PoolID: shop, Authenticated: true, Logins: []identity.Login{eve, bare}}
		err = tx.InsertIdentity(i)
		id = i.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.write(t.Context(), func(tx fullTx) error {
		for _, l := range []identity.Login{eve, bare} {
			if got, err := tx.IdentityOfLogin(shop, l); err != nil || got != id {
				t.Errorf("login %q: got %s, %v, want %s", l, got, err, id)
			}
		}
		if got, err := tx.Identity(id); err != nil || len(got.Logins) != 2 {
			t.Errorf("the new identity: %v, %v", got, err)
		}
		more, err := tx.PurgeDeleted(10)
		if more {
			t.Error("purge: more are left")
		}
		return errors.Join(err, tx.DeleteIdentity(old))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.read(t.Context(), func(tx fullTx) error {
		if _, err := tx.Identity(old); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("what was deleted: got %v", err)
		}
		all, _, err := tx.Identities(shop, false, "", 100)
		if err == nil && all[len(all)-1].ID != id {
			t.Errorf("the new identity is not the last of %d", len(all))
		}
		for table, q := range map[string]query{
			"dead_pool":  "SELECT count(*) FROM dead_pool",
			"identities": "SELECT count(*) FROM identity WHERE number NOT IN (SELECT identity.number FROM identity JOIN pool ON pool.number = identity.number >> 32)",
			"GUIDs":      "SELECT count(*) FROM identity_guid WHERE number NOT IN (SELECT number FROM identity)",
			"logins":     "SELECT count(*) FROM login WHERE provider NOT IN (SELECT provider.number FROM provider JOIN pool ON pool.number = provider.pool)",
			"providers":  "SELECT count(*) FROM provider WHERE pool NOT IN (SELECT number FROM pool)",
			"numberings": "SELECT count(*) FROM numbering WHERE pool <> 0 AND pool NOT IN (SELECT number FROM pool)",
		} {
			row, err := tx.(readTx).first(q)
			if err != nil {
				return err
			}
			if row[0] != int64(0) {
				t.Errorf("%s: %v are left", table, row)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
