package store

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/dump"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

func noProgress(string, int64) {}

var noCheck = Loading{Progress: noProgress}

// fullStore returns a file with rows in every table, and where it is.
func fullStore(t *testing.T) (*DB, Config) {
	t.Helper()
	db := openVersion(t, 1, "testdata/version1.sql")
	err := db.write(t.Context(), func(tx fullTx) error {
		_, err := tx.(interface {
			exec(query, ...driver.Value) (int64, error)
		}).exec(insertEvent, int64(7), `{"a":"ü"}`)
		k, keyErr := tx.Identity("eu-central-1:00000002-2222-4222-8222-000000000001")
		if keyErr == nil {
			k.RevokedBefore = time.UnixMilli(1_790_000_000_050)
			keyErr = tx.UpdateIdentity(k)
		}
		return errors.Join(err, keyErr, tx.PutSetting(identity.SettingSeal, []byte{1, 2, 3}), tx.PutSetting("account", []byte("111122223333")),
			tx.Users().Insert(&principal.User{Entity: principal.Entity{Account: "111122223333", Name: "Ann"}}),
			tx.NoteKeyUse("AKIAIOSFODNN7EXAMPLE", principal.KeyUse{Time: time.UnixMilli(50), Service: "s"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return db, Config{Path: pathOf(t, db), Now: time.Now}
}

func pathOf(t *testing.T, db *DB) string {
	t.Helper()
	return strings.TrimSuffix(lite(db).lock.Path(), ".lock")
}

// backup returns what a store has.
func backup(t *testing.T, cfg Config) ([]byte, []dump.Sum) {
	t.Helper()
	s, err := OpenSnapshot(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	sums, err := s.Dump(t.Context(), &out, dump.Header{}, noProgress)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), sums
}

// targets are empty stores of both engines.
func targets(t *testing.T) map[string]Config {
	return map[string]Config{
		"file":     {Path: filepath.Join(t.TempDir(), "to.db"), Now: time.Now},
		"database": {URL: plain.url(t), Now: time.Now},
	}
}

// everyTarget are those, and one that is spread over three servers.
func everyTarget(t *testing.T) map[string]Config {
	all := targets(t)
	all["nodes"] = Config{URL: nodes.url(t), Now: time.Now}
	return all
}

// The tables that move are all that there are, with all columns.
func TestTables_Complete(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	c, err := lite(db).readers.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer lite(db).readers.give(c, false)
	kinds := map[string]dump.Kind{"BLOB": dump.Bytes, "INTEGER": dump.Int, "TEXT": dump.Text}
	var want, got []string
	err = c.each(`SELECT t.name, c.name, c.type, 1 - c."notnull" FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'schema_version'`, func(row []driver.Value) error {
		want = append(want, fmt.Sprint(row[0], ".", row[1], " ", kinds[row[2].(string)], " ", row[3].(int64) != 0))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		for _, c := range table.Columns {
			got = append(got, fmt.Sprint(table.Name, ".", c.Name, " ", c.Kind, " ", c.Null))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-schema +moved)\n%s", diff)
	}
}

// A store goes from engine to engine and back as it is, and can be used there.
func TestLoad_RoundTrips(t *testing.T) {
	t.Parallel()
	_, first := fullStore(t)
	stream, want := backup(t, first)
	for _, s := range want {
		if s.Rows == 0 {
			t.Errorf("no rows of table %s", s.Table)
		}
	}
	for from, source := range everyTarget(t) {
		h, sums, err := Load(t.Context(), source, bytes.NewReader(stream), noCheck)
		if err != nil {
			t.Fatalf("%s: %v", from, err)
		}
		if h.Schema != schemaVersion || h.Account != "111122223333" {
			t.Errorf("%s: header %+v", from, h)
		}
		if diff := cmp.Diff(want, sums); diff != "" {
			t.Errorf("%s: %s", from, diff)
		}
		again, _ := backup(t, source)
		if !bytes.Equal(again, stream) {
			t.Errorf("%s: a backup of what was restored is another one", from)
		}
		for to, target := range everyTarget(t) {
			if _, sums, err = Load(t.Context(), target, bytes.NewReader(again), noCheck); err != nil || !cmp.Equal(want, sums) {
				t.Errorf("%s to %s: %v %v", from, to, sums, err)
			}
		}
		db, err := Open(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := db.Audit().Events(t.Context(), 10)
		if err != nil || len(rows) != 1 || rows[0].Seq != 7 {
			t.Errorf("%s: events: %v, %v", from, rows, err)
		}
		if n, err := db.engine.number(t.Context()); err != nil || n <= 7 {
			t.Errorf("%s: the next event has number %d, %v, which is taken", from, n, err)
		}
		if err := db.Update(t.Context(), put("a", []byte("b"))); err != nil {
			t.Error(err)
		}
		wantSetting(t, db, "a", "b")
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := filepath.Glob(source.Path + ".restoring*"); source.Path != "" && len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestLoad_NotEmpty(t *testing.T) {
	t.Parallel()
	_, first := fullStore(t)
	stream, want := backup(t, first)
	for name, cfg := range targets(t) {
		db, err := Open(t.Context(), Config{Path: cfg.Path, URL: cfg.URL, Migrate: true, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Update(t.Context(), put("mine", []byte("x"))), db.Close()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load(t.Context(), cfg, bytes.NewReader(stream), noCheck); !errors.Is(err, ErrNotEmpty) {
			t.Errorf("%s: got %v, want %v", name, err, ErrNotEmpty)
		}
		if _, sums := backup(t, cfg); sums[0].Rows != 1 || sums[5].Rows != 0 {
			t.Errorf("%s: what was there has been changed: %v", name, sums)
		}
	}
	if _, _, err := Load(t.Context(), first, bytes.NewReader(stream), noCheck); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("onto itself: got %v, want %v", err, ErrNotEmpty)
	}
	if _, sums := backup(t, first); !cmp.Equal(want, sums) {
		t.Error("onto itself: it was changed")
	}
}

// frames returns the offsets at which frames begin.
func frames(t *testing.T, stream []byte) (at []int) {
	t.Helper()
	for i := bytes.IndexByte(stream, '\n') + 1; i < len(stream); {
		at = append(at, i)
		i += 5 + int(stream[i+1])<<24 + int(stream[i+2])<<16 + int(stream[i+3])<<8 + int(stream[i+4])
	}
	return at
}

// What is not a whole backup, as it was written, is refused, and nothing is written.
func TestLoad_Refused(t *testing.T) {
	t.Parallel()
	_, first := fullStore(t)
	stream, _ := backup(t, first)
	type bad struct {
		name   string
		stream []byte
	}
	edit := func(i int, mask byte) []byte {
		b := bytes.Clone(stream)
		b[i] ^= mask
		return b
	}
	cases := []bad{
		{"nothing", nil},
		{"something else", []byte("SQLite format 3\x00")},
		{"something follows", append(bytes.Clone(stream), 0)},
		{"twice", append(bytes.Clone(stream), stream...)},
	}
	starts := frames(t, stream)
	for i, at := range starts {
		cases = append(cases, bad{fmt.Sprint("cut at ", at), stream[:at]}, bad{fmt.Sprint("cut in ", at), stream[:at+3]})
		if i > 0 {
			cases = append(cases, bad{fmt.Sprint("without frame ", i-1), append(bytes.Clone(stream[:starts[i-1]]), stream[at:]...)})
		}
	}
	for i := 0; i < len(stream); i += 61 {
		cases = append(cases, bad{fmt.Sprint("bit flipped at ", i), edit(i, 1<<(i%8))})
	}
	cases = append(cases, bad{"last byte", edit(len(stream)-1, 1)}, bad{"cut by one byte", stream[:len(stream)-1]})

	for name, cfg := range targets(t) {
		for i, c := range cases {
			if name == "database" && i > 8 && i%13 != 0 {
				continue // the reader is the same one
			}
			if _, _, err := Load(t.Context(), cfg, bytes.NewReader(c.stream), noCheck); err == nil {
				t.Fatalf("%s: %s: was taken", name, c.name)
			}
			if cfg.Path != "" {
				if left, _ := filepath.Glob(cfg.Path + "*"); len(left) > 1 { // the lock's file stays
					t.Fatalf("%s: left behind: %v", c.name, left)
				}
			}
		}
		refused := errors.New("not this one")
		_, _, err := Load(t.Context(), cfg, bytes.NewReader(stream), Loading{Progress: noProgress, Check: func(s Sealed) error {
			if s.Table == "access_key" {
				return refused
			}
			return nil
		}})
		if !errors.Is(err, refused) {
			t.Errorf("%s: got %v, want %v", name, err, refused)
		}
		// Had anything been written, this would fail.
		if _, _, err := Load(t.Context(), cfg, bytes.NewReader(stream), noCheck); err != nil {
			t.Errorf("%s: whole: %v", name, err)
		}
	}
}

// A store that no server has begun to use is no backup of anything, and an older or newer
// schema is not guessed at.
func TestLoad_OtherSchema(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "to.db")
	stream, _ := backup(t, Config{Path: pathOf(t, openNew(t))})
	if _, _, err := Load(t.Context(), Config{Path: target}, bytes.NewReader(stream), noCheck); !errors.Is(err, dump.ErrForeign) {
		t.Errorf("empty store: got %v, want %v", err, dump.ErrForeign)
	}
	for _, schema := range []int64{schemaVersion - 1, schemaVersion + 1} {
		var b bytes.Buffer
		w, err := dump.NewWriter(&b, dump.Header{Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		_, _, err = Load(t.Context(), Config{Path: target}, &b, noCheck)
		if want := fmt.Sprint("schema has version ", schema); schema > schemaVersion && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want one that says %s", err, want)
		}
		if schema < schemaVersion && (err == nil || !strings.Contains(err.Error(), "the program that wrote it")) {
			t.Errorf("older: got %v", err)
		}
	}
	if _, err := os.Stat(target); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	old := filepath.Join(t.TempDir(), "old.db")
	if err := os.WriteFile(old, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	if err := upgrade(t.Context(), writerDSN(old), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSnapshot(t.Context(), Config{Path: old}); !errors.Is(err, ErrOldSchema) {
		t.Errorf("old schema: got %v, want %v", err, ErrOldSchema)
	}
	if _, err := OpenSnapshot(t.Context(), Config{Path: target}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no store: got %v, want %v", err, os.ErrNotExist)
	}
	if _, err := OpenSnapshot(t.Context(), Config{URL: pgtest.Database(t)}); !errors.Is(err, ErrOldSchema) {
		t.Errorf("no schema: got %v, want %v", err, ErrOldSchema)
	}
}

// While others write, a snapshot has each login with its identity and each identity with its
// login; and what is in memory is a batch, whatever the number of rows.
func TestSnapshot_UnderWrites(t *testing.T) {
	t.Parallel()
	for name, cfg := range targets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Migrate = true
			db, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.UseIDKey(t.Context(), testIDKey); err != nil {
				t.Fatal(err)
			}
			pool := "eu-central-1:00000001-1111-4111-8111-000000000001"
			insert := func(n int) error {
				return db.Update(t.Context(), func(tx identity.Tx) error {
					i := &identity.Identity{
						PoolID: pool, Authenticated: true, Created: tx.Now(), Modified: tx.Now(),
						Logins: []identity.Login{{Provider: "login.example", Subject: strings.Repeat("x", 300) + fmt.Sprint(n)}},
					}
					if n%2 == 0 {
						i.ID = fmt.Sprintf("eu-central-1:%08x-2222-4222-8222-000000000001", uint32(n)*2654435761)
					}
					return tx.InsertIdentity(i)
				})
			}
			err = db.Update(t.Context(), func(tx identity.Tx) error {
				return errors.Join(tx.PutSetting(identity.SettingSeal, []byte{1}), tx.InsertPool(&identity.Pool{ID: pool, Account: "111122223333", Name: "p", Created: tx.Now(), Modified: tx.Now()}))
			})
			if err != nil {
				t.Fatal(err)
			}
			const writers = 16
			ctx, cancel := context.WithCancel(t.Context())
			enough := make(chan struct{})
			done := make(chan struct{})
			go func() {
				defer close(done)
				together(1, func() {
					for n := 0; ctx.Err() == nil; n += writers {
						errs := make(chan error, writers)
						for k := range writers {
							go func() { errs <- insert(n + k) }()
						}
						for range writers {
							if err := <-errs; err != nil {
								t.Error(err)
								cancel()
							}
						}
						if n == 40*writers {
							close(enough)
						}
					}
				})
			}()
			select {
			case <-enough:
			case <-done:
			}
			seen, batches := 0, 0
			for range 5 {
				identities, logins := map[int64]bool{}, map[int64]bool{}
				stream, _ := backup(t, cfg)
				r, err := dump.NewReader(bytes.NewReader(stream))
				if err != nil {
					t.Fatal(err)
				}
				for err == nil {
					var table dump.Table
					if table, err = r.Next(); err != nil {
						break
					}
					for err == nil {
						var b dump.Batch
						if b, err = r.Batch(); err != nil {
							break
						}
						batches++
						if b.Size() > dump.BatchSize {
							t.Errorf("a batch of %d bytes", b.Size())
						}
						err = b.Each(func(row []driver.Value) error {
							switch table.Name {
							case "identity":
								identities[row[0].(int64)&maxIdentity] = true
							case "login":
								logins[max(row[2].(int64), -row[2].(int64))] = true
							}
							return nil
						})
					}
					if errors.Is(err, io.EOF) {
						err = nil
					}
				}
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				if len(identities) <= seen || !cmp.Equal(identities, logins) {
					t.Errorf("%d identities, %d before, and %d with logins", len(identities), seen, len(logins))
				}
				seen = len(identities) - 1
			}
			cancel()
			<-done
			if batches < 5 {
				t.Errorf("%d batches", batches)
			}
		})
	}
}
