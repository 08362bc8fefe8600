package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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
			if row, err := tx.(readTx).first(q); err != nil || row[0] != int64(0) {
				t.Errorf("%s: %v are left, %v", table, row, err)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
