package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"modernc.org/sqlite"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

func TestSchemaVersion_IsLastMigration(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(sqliteMigrations, "migrations/sqlite/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	if last := fmt.Sprintf("migrations/sqlite/%05d_", schemaVersion); !strings.HasPrefix(files[len(files)-1], last) {
		t.Errorf("last migration is %s, want %s…", files[len(files)-1], last)
	}
}

func TestOpen_NewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	db := openAt(t, path)
	err := db.Update(t.Context(), func(i identity.Tx) error {
		_, err := i.(*tx).exec("INSERT INTO schema_version (version_id, is_applied) VALUES ($1, 1)", int64(schemaVersion+1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first must not keep the lock
		_, err = Open(t.Context(), Config{Path: path, Now: time.Now})
		if want := fmt.Sprintf("schema has version %d", schemaVersion+1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %s", err, want)
		}
	}
}

// The process that made the file has ended before there was a schema in it.
func TestOpen_EmptyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	db := openAt(t, path)
	if err := db.Update(t.Context(), put("a", []byte("b"))); err != nil {
		t.Error(err)
	}
	wantSetting(t, db, "a", "b")
}

// openVersion returns a store that the first migrations have made, up to that version,
// which the files of rows have filled, and which has then been opened.
func openVersion(t *testing.T, version int64, rows ...string) *DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	if err := upgrade(t.Context(), writerDSN(path), version); err != nil {
		t.Fatal(err)
	}
	connector, err := sqlite.NewConnector(writerDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	old := sql.OpenDB(connector)
	for _, file := range rows {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := old.ExecContext(t.Context(), string(text)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	before := counts(t, connector)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}

	db := openAt(t, path)
	after := counts(t, connector)
	for table, n := range before {
		if table == "schema_version" {
			continue
		}
		if n == 0 {
			t.Errorf("%s: no rows of table %s", rows, table)
		}
		if after[table] != n {
			t.Errorf("table %s: %d rows after the migration, %d before", table, after[table], n)
		}
	}
	return db
}

// counts returns how many rows each table has.
func counts(t *testing.T, connector driver.Connector) map[string]int {
	t.Helper()
	db := sql.OpenDB(connector)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := make(map[string]int)
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		n[table] = 0
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for table := range n {
		var count int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&count); err != nil {
			t.Fatal(err)
		}
		n[table] = count
	}
	return n
}

func TestMigrate_FromVersion1(t *testing.T) {
	t.Parallel()
	db := openVersion(t, 1, "testdata/version1.sql")
	when := func(n int64) time.Time { return time.UnixMilli(1_790_000_000_000 + n).UTC() }
	const (
		shop = "eu-central-1:00000001-1111-4111-8111-000000000001"
		ann  = "eu-central-1:00000002-2222-4222-8222-000000000001"
		gone = "eu-central-1:00000002-2222-4222-8222-000000000009"
		root = "111122223333"
	)
	var (
		yes, no = true, false
		pool    = &identity.Pool{
			ID: shop, Account: root, Name: "Shop", AllowGuests: true, AllowClassicFlow: &no, DeveloperProvider: "login.example",
			LoginProviders:         map[string]string{"graph.facebook.com": "7"},
			OpenIDConnectProviders: []string{"arn:aws:iam::111122223333:oidc-provider/idp.example"},
			SAMLProviders:          []string{"arn:aws:iam::111122223333:saml-provider/s"},
			CognitoProviders:       []identity.CognitoProvider{{ProviderName: "p", ClientID: "c", ServerSideTokenCheck: &yes}},
			Tags:                   map[string]string{"Team": "x"},
			Created:                when(1), Modified: when(2),
		}
		bare = &identity.Pool{
			ID: "us-east-1:00000001-1111-4111-8111-000000000002", Account: "444455556666", Name: "bare",
			Created: when(3), Modified: when(3),
		}
		identities = []*identity.Identity{
			{
				ID: ann, PoolID: shop, Authenticated: true, Created: when(11), Modified: when(12),
				Logins: []identity.Login{{Provider: "login.example", Subject: "ann"}, {Provider: "graph.facebook.com", Subject: "42"}},
			},
			{
				ID: "eu-central-1:00000002-2222-4222-8222-000000000002", PoolID: shop, Authenticated: true, Disabled: true, Merged: true,
				Created: when(13), Modified: when(14),
			},
		}
		signing = []*identity.SigningKey{
			{
				Number: 1, KeyID: "eu-central-11", Algorithm: "RS512", Private: []byte{}, Public: []byte{2, 1},
				Created: when(31), Activates: when(32), Expires: when(33),
			},
			{
				Number: 2, KeyID: "eu-central-12", Algorithm: "ES256", Private: []byte{1, 2}, Public: []byte{2, 2},
				Created: when(34), Activates: when(35),
			},
		}
		access = []*principal.AccessKey{
			{ID: "AKIAI44QH8DHBEXAMPLE", Account: root, Secret: []byte{0, 0xff, 2}, Created: when(21)},
			{ID: "AKIAIOSFODNN7EXAMPLE", Account: root, Secret: []byte{0, 0xff, 1}, Description: "the shop's backend", Created: when(22)},
		}
		foreign = &principal.AccessKey{ID: "AKIACKCEVSQ6C2EXAMPLE", Account: "444455556666", Secret: []byte{}, Created: when(23)}
	)
	for _, c := range []struct {
		what string
		read func(fullTx) (any, error)
		want any
	}{
		{"pool", func(tx fullTx) (any, error) { return tx.Pool(shop) }, pool},
		{"bare pool", func(tx fullTx) (any, error) { return tx.Pool(bare.ID) }, bare},
		{
			"pools", func(tx fullTx) (any, error) { return tx.Pools(root, "eu-central-1", identity.Cursor{}, 10) },
			[]*identity.Pool{pool},
		},
		{"identity", func(tx fullTx) (any, error) { return tx.Identity(ann) }, identities[0]},
		{
			"identities", func(tx fullTx) (any, error) { all, _, err := tx.Identities(shop, false, "", 10); return all, err },
			identities,
		},
		{"first login", func(tx fullTx) (any, error) { return tx.IdentityOfLogin(shop, identities[0].Logins[0]) }, ann},
		{"second login", func(tx fullTx) (any, error) { return tx.IdentityOfLogin(shop, identities[0].Logins[1]) }, ann},
		{"root's access keys", func(tx fullTx) (any, error) { return tx.AccessKeysOf(root, "") }, access},
		{"access key", func(tx fullTx) (any, error) { return tx.AccessKey(foreign.ID) }, foreign},
		{"signing keys", func(tx fullTx) (any, error) { return tx.SigningKeys() }, signing},
		{"setting", func(tx fullTx) (any, error) { return tx.Setting("token home") }, []byte("eu")},
		{"empty setting", func(tx fullTx) (any, error) { return tx.Setting("empty") }, []byte{}},
	} {
		err := db.read(t.Context(), func(tx fullTx) error {
			got, err := c.read(tx)
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", c.what, diff)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}

	// What was deleted is not back, and what was to be purged still is.
	wantAbsent := func(f func(fullTx) error) {
		t.Helper()
		if err := db.read(t.Context(), f); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("got %v, want %v", err, identity.ErrNotFound)
		}
	}
	wantAbsent(func(tx fullTx) error { _, err := tx.Identity(gone); return err })
	wantAbsent(func(tx fullTx) error { _, err := tx.KeyUse(foreign.ID); return err })
	connector, err := sqlite.NewConnector(lite(db).dsn)
	if err != nil {
		t.Fatal(err)
	}
	err = db.write(t.Context(), func(tx fullTx) error {
		more, err := tx.PurgeDeleted(10)
		if more {
			t.Error("purge: more are left")
		}
		return errors.Join(err, tx.Users().Insert(&principal.User{Entity: principal.Entity{Account: root, Name: "ann"}}),
			tx.NoteKeyUse(foreign.ID, principal.KeyUse{Time: when(50)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"pool": 2, "dead_pool": 0, "provider": 2, "numbering": 2, "identity": 2, "identity_guid": 2, "login": 2, "access_key": 3, "signing_key": 2, "setting": 2,
		"entity": 1, "access_key_use": 1, "audit_event": 0, "schema_version": schemaVersion + 1, // goose counts from 0
	}
	if diff := cmp.Diff(want, counts(t, connector)); diff != "" {
		t.Errorf("rows: (-want +got)\n%s", diff)
	}
}

// A migration that fails leaves everything as it was.
func TestMigrate_Fails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	if err := upgrade(t.Context(), writerDSN(path), 1); err != nil {
		t.Fatal(err)
	}
	exec := func(q query) {
		t.Helper()
		c, err := connectSQLite(writerDSN(path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.exec(q); err != nil {
			t.Errorf("%s: %v", q, err)
		}
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}
	exec("INSERT INTO access_key (id, account, secret, description, created) VALUES ('AKIA1', '111122223333', X'01', '', 1)")
	exec("CREATE TABLE access_key_use (something TEXT)") // in the way
	if _, err := Open(t.Context(), Config{Path: path, Now: time.Now}); err == nil || !strings.Contains(err.Error(), "from version 1 to 7") {
		t.Fatalf("got error %v, want one about the migration from version 1 to 7", err)
	}
	exec("DROP TABLE access_key_use")
	db := openAt(t, path)
	err := db.Principals().View(t.Context(), func(tx principal.Tx) error {
		k, err := tx.AccessKey("AKIA1")
		want := &principal.AccessKey{ID: "AKIA1", Account: "111122223333", Secret: []byte{1}, Created: time.UnixMilli(1).UTC()}
		if diff := cmp.Diff(want, k); diff != "" {
			t.Errorf("access key: (-want +got)\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// What moves rows is there or is not, on each engine: where it fails at its end, all is as it was.
func TestMigrate_MovesAllOrNothing(t *testing.T) {
	t.Parallel()
	const before = moving - 1
	check := func(t *testing.T, cfg Config, exec func(query)) {
		t.Helper()
		exec("CREATE TABLE numbering (something TEXT)") // in the way of the last table
		for range 2 {
			_, err := Open(t.Context(), cfg)
			if want := fmt.Sprintf("from version %d to %d", before, schemaVersion); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want one about the migration %s", err, want)
			}
		}
		exec("DROP TABLE numbering")
		// It would fail again if anything had been left behind, and rows be missing if any had gone.
		var told []int64
		cfg.Migrating = func(from, to int64) { told = append(told, from, to) }
		db, err := Open(t.Context(), cfg)
		if err == nil {
			err = db.UseIDKey(t.Context(), testIDKey)
		}
		if err != nil {
			t.Fatal(err)
		}
		wantGolden(t, db, before)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if db, err = Open(t.Context(), cfg); err == nil {
			err = db.Close()
		}
		if err != nil || !cmp.Equal(told, []int64{before, schemaVersion}) {
			t.Errorf("told %v, %v, want it once", told, err)
		}
	}
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "store.db")
		if err := os.WriteFile(path, nil, fileMode); err != nil {
			t.Fatal(err)
		}
		if err := upgrade(t.Context(), writerDSN(path), before); err != nil {
			t.Fatal(err)
		}
		connector, err := sqlite.NewConnector(writerDSN(path))
		if err != nil {
			t.Fatal(err)
		}
		exec := func(q query) {
			t.Helper()
			db := sql.OpenDB(connector)
			if _, err := db.ExecContext(t.Context(), string(q)); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for _, file := range goldens(before) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			exec(query(text))
		}
		check(t, Config{Path: path, Now: time.Now}, exec)
	})
	t.Run("database", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		c := oldDatabase(t, url, before)
		check(t, Config{URL: url, Migrate: true, Now: time.Now}, func(q query) {
			t.Helper()
			if err := c.c.Exec(t.Context(), string(q)).Close(); err != nil {
				t.Fatal(err)
			}
		})
	})
}
