package store

import (
	"bytes"
	"encoding/hex"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

func keyOf(t *testing.T, key []byte) *idKey {
	t.Helper()
	db := openNew(t)
	if err := db.UseIDKey(t.Context(), func(identity.Tx) ([]byte, error) { return key, nil }); err != nil {
		t.Fatal(err)
	}
	return db.ids
}

// What a GUID of a number is must never change. Source of the values: NIST, The Advanced Encryption Standard
// Algorithm Validation Suite (AESAVS), appendix D.1, of which the last eight bytes are zeros.
func TestIDKey_Vectors(t *testing.T) {
	t.Parallel()
	k := keyOf(t, make([]byte, 16))
	for number, want := range map[uint64]string{
		0x8000000000000000: "3ad78e726c1ec02b7ebfe92b23d9ec34",
		0xc000000000000000: "aae5939c8efdf2f04e60b9fe7117b2c2",
		0xe000000000000000: "f031d4d74f5dcbf39daaf8ca3af6e527",
	} {
		g, err := k.guid(int64(number))
		if got := hex.EncodeToString(g[:]); err != nil || got != want {
			t.Errorf("%x: got %s, %v, want %s", number, got, err, want)
		}
	}
}

func TestIDKey_Bijection(t *testing.T) {
	t.Parallel()
	for _, size := range []int{16, 32} {
		k, other := keyOf(t, bytes.Repeat([]byte{7}, size)), keyOf(t, bytes.Repeat([]byte{8}, size))
		for _, number := range []int64{1, 2, 1 << 32, 1<<32 | 1, 7<<32 | maxIdentity, math.MaxInt64, rand.Int64N(math.MaxInt64) + 1} {
			g, err := k.guid(number)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := k.number(g); !ok || got != number {
				t.Errorf("%d: got %d, %t", number, got, ok)
			}
			if got, ok := other.number(g); ok {
				t.Errorf("%d: by another key it is %d", number, got)
			}
			g[rand.IntN(len(g))] ^= 1 << rand.IntN(8)
			if got, ok := k.number(g); ok {
				t.Errorf("%d: one bit beside it is %d", number, got)
			}
		}
		for _, number := range []int64{0, -1, math.MinInt64} {
			g, _ := k.guid(number)
			if _, ok := k.number(g); ok {
				t.Errorf("%d is the number of an identity", number)
			}
		}
	}
}

func TestUseIDKey(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "store.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	const given = "eu-central-1:00000002-2222-4222-8222-000000000001"
	insert := func(id string) func(identity.Tx) error {
		return func(tx identity.Tx) error { return tx.InsertIdentity(&identity.Identity{ID: id, PoolID: benchPool}) }
	}
	if err := db.Update(t.Context(), func(tx identity.Tx) error { return tx.InsertPool(&identity.Pool{ID: benchPool}) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), insert("")); !errors.Is(err, errNoIDKey) {
		t.Errorf("without a key: got %v, want %v", err, errNoIDKey)
	}
	failure := errors.New("no key")
	for _, c := range []struct {
		key  []byte
		err  error
		want string
	}{{nil, failure, "no key"}, {make([]byte, 15), nil, "invalid key size 15"}, {nil, nil, "invalid key size 0"}} {
		err := db.UseIDKey(t.Context(), func(identity.Tx) ([]byte, error) { return c.key, c.err })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d bytes, %v: got %v, want one that says %s", len(c.key), c.err, err, c.want)
		}
	}
	if err := db.Update(t.Context(), insert(given)); err != nil {
		t.Error(err)
	}
	if err := db.UseIDKey(t.Context(), testIDKey); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), insert("")); err != nil {
		t.Error(err)
	}
	err = db.View(t.Context(), func(tx identity.Tx) error { _, err := tx.Identity(given); return err })
	if err != nil {
		t.Errorf("the identity of before: %v", err)
	}
}

// insertOne inserts an identity in the benchmark's pool and returns its id.
func insertOne(t *testing.T, db *DB) (id string) {
	t.Helper()
	err := db.Update(t.Context(), func(tx identity.Tx) error {
		i := &identity.Identity{PoolID: benchPool}
		err := tx.InsertIdentity(i)
		id = i.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A number is not given out again when the newest identity was deleted, and then the store was
// opened again, or restored elsewhere, or is used by another process.
func TestNumbers_NotReused(t *testing.T) {
	t.Parallel()
	for from, cfg := range targets(t) {
		use := func(cfg Config, seen map[string]bool) {
			t.Helper()
			cfg.Migrate = true
			db, err := Open(t.Context(), cfg)
			if err == nil {
				err = db.UseIDKey(t.Context(), testIDKey)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for range 3 {
				id := insertOne(t, db)
				if seen[id] {
					t.Errorf("%s: id %s was given again", from, id)
				}
				seen[id] = true
				if err := db.Update(t.Context(), func(tx identity.Tx) error { return tx.DeleteIdentity(id) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		cfg.Migrate = true
		db, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(t.Context(), func(tx identity.Tx) error {
			return errors.Join(tx.InsertPool(&identity.Pool{ID: benchPool}), tx.PutSetting(identity.SettingSeal, []byte{1}))
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		use(cfg, seen)
		use(cfg, seen)
		stream, _ := backup(t, cfg)
		for to, target := range targets(t) {
			if _, _, err := Load(t.Context(), target, bytes.NewReader(stream), noCheck); err != nil {
				t.Fatalf("%s to %s: %v", from, to, err)
			}
			use(target, maps.Clone(seen)) // two copies are two stores
		}
	}
}

// Two processes on one database give out different numbers, and intern one provider once.
func TestPostgres_NumbersOfTwo(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	nodes := []*DB{openURL(t, url), openURL(t, url)}
	if err := nodes[0].Update(t.Context(), func(tx identity.Tx) error { return tx.InsertPool(&identity.Pool{ID: benchPool}) }); err != nil {
		t.Fatal(err)
	}
	const callers, rounds = 8, 15
	ids := make(chan string, callers*rounds)
	next := make(chan int, callers)
	for k := range callers {
		next <- k
	}
	together(callers, func() {
		k := <-next
		for n := range rounds {
			var id string
			err := nodes[k%2].Update(t.Context(), func(tx identity.Tx) error {
				i := benchIdentity(uint64(k*rounds + n))
				i.Logins[0].Provider = "login.example" + string(rune('a'+n%5))
				err := tx.InsertIdentity(i)
				id = i.ID
				return err
			})
			if err != nil {
				t.Errorf("caller %d: %v", k, err)
			}
			ids <- id
		}
	})
	close(ids)
	seen := make(map[string]bool)
	for id := range ids {
		if seen[id] {
			t.Errorf("id %s was given twice", id)
		}
		seen[id] = true
		for n, db := range nodes {
			if err := db.View(t.Context(), func(tx identity.Tx) error { _, err := tx.Identity(id); return err }); err != nil {
				t.Errorf("node %d: %s: %v", n, id, err)
			}
		}
	}
	err := nodes[0].read(t.Context(), func(tx fullTx) error {
		row, err := tx.(readTx).first("SELECT count(*) FROM provider")
		if err == nil && row[0] != int64(5) {
			t.Errorf("got %d providers, want 5", row[0])
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A pool that has used up its numbers gets no more identities, and those there are stay.
func TestNumbers_UsedUp(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	err := db.write(t.Context(), func(full fullTx) error {
		if err := full.InsertPool(&identity.Pool{ID: benchPool}); err != nil {
			return err
		}
		_, err := full.(*tx).exec(insertNumbering, int64(1), int64(maxIdentity))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	last := insertOne(t, db)
	for range 2 {
		err = db.Update(t.Context(), func(tx identity.Tx) error { return tx.InsertIdentity(&identity.Identity{PoolID: benchPool}) })
		if err == nil || !strings.Contains(err.Error(), "used up") {
			t.Errorf("one more: got %v", err)
		}
	}
	if err := db.View(t.Context(), func(tx identity.Tx) error { _, err := tx.Identity(last); return err }); err != nil {
		t.Error(err)
	}
}
