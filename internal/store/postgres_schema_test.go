package store

import (
	"database/sql/driver"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// forbidden is what not all engines that speak the protocol have.
var forbidden = regexp.MustCompile(`(?i)\b(FOREIGN|REFERENCES|SEQUENCE|(BIG|SMALL)?SERIAL|GENERATED|TRIGGER|TRUNCATE|SAVEPOINT|LISTEN|NOTIFY|pg_\w*advisory\w*|SKIP\s+LOCKED|PLPGSQL|FUNCTION|DO\s+\$|TEMP|TEMPORARY|UNLOGGED|PARTITION|INHERITS|VIEW)\b`)

// Migrations use only what all engines have, and each statement may run again.
func TestPostgres_MigrationsPortable(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(postgresMigrations, "migrations/postgres/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	if last := fmt.Sprintf("migrations/postgres/%05d_", schemaVersion); !strings.HasPrefix(files[len(files)-1], last) {
		t.Errorf("last migration is %s, want %s…", files[len(files)-1], last)
	}
	comment := regexp.MustCompile(`(?m)^--.*$`)
	for _, file := range files {
		text, err := postgresMigrations.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range statements(comment.ReplaceAllString(string(text), "")) {
			if m := forbidden.FindString(s); m != "" {
				t.Errorf("%s uses %s: %s", file, m, s)
			}
			if strings.Contains(s, ";") {
				t.Errorf("%s: more than one statement: %s", file, s)
			}
			if strings.HasPrefix(file, fmt.Sprintf("migrations/postgres/%05d_", moving)) {
				continue // one transaction
			}
			if !strings.Contains(s, "IF NOT EXISTS") && !strings.Contains(s, "ON CONFLICT DO NOTHING") && !strings.HasPrefix(s, "UPDATE") {
				t.Errorf("%s: can not run again: %s", file, s)
			}
		}
	}
	shared := constants(t, "postgres_query.go")
	if shared["selectLease"] != selectLease {
		t.Fatalf("found %d queries", len(shared))
	}
	maps.Copy(shared, queries(t))
	for name, q := range shared {
		if m := forbidden.FindString(string(q)); m != "" {
			t.Errorf("%s uses %s", name, m)
		}
	}
	for _, bad := range []string{"CREATE TABLE a (id BIGSERIAL)", "SELECT pg_advisory_lock(1)", "SELECT a FROM b FOR UPDATE SKIP  LOCKED", "savepoint a", "CREATE TEMP TABLE a ()"} {
		if !forbidden.MatchString(bad) {
			t.Errorf("%s: not noticed", bad)
		}
	}
}

// Both engines have the same tables with the same columns, beside what several processes have
// between them.
func TestPostgres_SameTables(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{"bytea": "BLOB", "bigint": "INTEGER", "text": "TEXT"}
	columns := func(c conn, q query) (all []string) {
		t.Helper()
		err := c.each(q, func(row []driver.Value) error {
			kind := row[2].(string)
			if name, ok := kinds[kind]; ok {
				kind = name
			}
			if table := row[0].(string); !slices.Contains([]string{"revision", "writer", "counter", "lease", "schema_version"}, table) {
				all = append(all, fmt.Sprintf("%s.%s %s null=%v", table, row[1], kind, row[3]))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(all)
		return all
	}
	file := openNew(t)
	reader, err := lite(file).readers.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer lite(file).readers.give(reader, false)
	want := columns(reader, `SELECT t.name, c.name, c.type, 1 - c."notnull" FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'`)

	db := openURL(t, pgtest.Database(t))
	c, err := db.engine.(*postgresEngine).connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	got := columns(c, `SELECT table_name::text, column_name::text, data_type::text, (CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END)::bigint
		FROM information_schema.columns WHERE table_schema = current_schema()`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-SQLite +PostgreSQL)\n%s", diff)
	}
}

func TestPostgres_Versions(t *testing.T) {
	t.Parallel()
	at := pgtest.Database(t)
	if _, err := Open(t.Context(), Config{URL: at, Now: time.Now}); err == nil || !strings.Contains(err.Error(), ErrOldSchema.Error()) {
		t.Errorf("open without a schema: got %v, want %v", err, ErrOldSchema)
	}
	// Several processes may make it at once.
	together(3, func() {
		db, err := Open(t.Context(), Config{URL: at, Migrate: true, Now: time.Now})
		if err != nil {
			t.Error(err)
			return
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	// One of them may be so slow that it begins when another has come to the end.
	slow, _, err := connectOnce(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.close()
	text, err := postgresMigrations.ReadFile("migrations/postgres/00004_initial.sql")
	if err == nil {
		err = slow.defineAll(t.Context(), 4, statements(string(text)))
	}
	if err != nil {
		t.Errorf("a slow process: %v", err)
	}
	db := openURL(t, at)
	err = db.engine.(*postgresEngine).pool.with(t.Context(), func(c *pgConn) error {
		_, err := c.exec(insertVersion, int64(schemaVersion+1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, migrate := range []bool{false, true} {
		_, err := Open(t.Context(), Config{URL: at, Migrate: migrate, Now: time.Now})
		if want := fmt.Sprintf("schema has version %d", schemaVersion+1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("open with a newer schema: got %v, want one that says %s", err, want)
		}
	}
}
