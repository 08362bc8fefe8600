package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

const benchPool = "eu-central-1:00000001-1111-4abc-8def-0123456789ab"

func benchIdentity(n uint64) *identity.Identity {
	now := time.UnixMilli(1_790_000_000_000 + int64(n)).UTC()
	return &identity.Identity{
		PoolID: benchPool, Authenticated: true,
		Logins: []identity.Login{benchLogin(n)}, Created: now, Modified: now,
	}
}

func benchLogin(n uint64) identity.Login {
	return identity.Login{Provider: "login.example", Subject: fmt.Sprintf("user-%016x", n*0x9e3779b97f4a7c15)}
}

// fill makes the benchmark's pool and n identities in it.
func fill(b testing.TB, db *DB, n uint64) {
	b.Helper()
	for from := uint64(0); from < max(n, 1); from += 10_000 {
		err := db.Update(b.Context(), func(t identity.Tx) error {
			if from == 0 {
				if err := t.InsertPool(&identity.Pool{ID: benchPool, Account: "111122223333", Name: "bench"}); err != nil {
					return err
				}
			}
			for k := from; k < min(n, from+10_000); k++ {
				if err := t.InsertIdentity(benchIdentity(k)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLogin measures the hot read: which identity has a login. Its floor is
// Driver, the statement alone on a connection; DriverTx has a transaction around it.
func BenchmarkLogin(b *testing.B) {
	sizes := []uint64{1_000}
	if !testing.Short() {
		sizes = append(sizes, 200_000)
	}
	for _, size := range sizes {
		db := openNew(b)
		fill(b, db, size)
		logins := make([]identity.Login, 4096)
		for k := range logins {
			logins[k] = benchLogin(rand.Uint64N(size))
		}
		look := func(n int) error {
			return db.View(b.Context(), func(t identity.Tx) error {
				_, err := t.IdentityOfLogin(benchPool, logins[n%len(logins)])
				return err
			})
		}
		b.Run(fmt.Sprintf("View/%d", size), func(b *testing.B) { repeat(b, look) })
		b.Run(fmt.Sprintf("ViewParallel/%d", size), func(b *testing.B) {
			cpu := cpuTime(b)
			b.RunParallel(func(pb *testing.PB) {
				for n := rand.IntN(len(logins)); pb.Next(); n++ {
					if err := look(n); err != nil {
						b.Error(err)
						return
					}
				}
			})
			reportCPU(b, cpu)
		})

		c, err := connectSQLite(lite(db).readers.dsn)
		if err != nil {
			b.Fatal(err)
		}
		bare := func(n int) error {
			row, err := c.first(selectLogin, int64(1)<<poolShift, int64(2), []byte(logins[n%len(logins)].Subject))
			if row == nil && err == nil {
				err = identity.ErrNotFound
			}
			return err
		}
		b.Run(fmt.Sprintf("DriverTx/%d", size), func(b *testing.B) {
			repeat(b, func(n int) error {
				_, begun := c.exec(beginRead)
				found := bare(n)
				_, ended := c.exec(commit)
				return errors.Join(begun, found, ended)
			})
		})
		if _, err := c.exec(beginRead); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("Driver/%d", size), func(b *testing.B) { repeat(b, bare) })
		if err := c.close(); err != nil {
			b.Fatal(err)
		}
	}
}

func repeat(b *testing.B, f func(n int) error) {
	b.ReportAllocs()
	cpu := cpuTime(b)
	for n := 0; b.Loop(); n++ {
		if err := f(n); err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, cpu)
}

// BenchmarkCached measures a View that is served without the database.
func BenchmarkCached(b *testing.B) {
	db := openNew(b)
	fill(b, db, 1)
	repeat(b, func(int) error {
		return db.View(b.Context(), func(t identity.Tx) error {
			_, err := t.Pool(benchPool)
			return err
		})
	})
}

// BenchmarkCachedPrincipal measures what authorisation reads: an access key, its user and
// ten policies that are attached to it.
func BenchmarkCachedPrincipal(b *testing.B) {
	s := openNew(b).Principals()
	const account, id = "111122223333", "AKIAIOSFODNN7EXAMPLE"
	user := &principal.User{Entity: principal.Entity{Account: account, Name: "Backend", Path: "/"}}
	for n := range 10 {
		user.Attached = append(user.Attached, fmt.Sprint("ReadAndWriteOfPool", n))
	}
	err := s.Update(b.Context(), func(tx principal.Tx) error {
		for _, name := range user.Attached {
			p := &principal.Policy{
				Entity:   principal.Entity{Account: account, Name: name, Path: "/"},
				Versions: []principal.PolicyVersion{{ID: "v1", Document: strings.Repeat("x", 1000), Default: true}},
			}
			if err := tx.Policies().Insert(p); err != nil {
				return err
			}
		}
		return errors.Join(tx.Users().Insert(user),
			tx.InsertAccessKey(&principal.AccessKey{ID: id, Account: account, User: user.Name, Secret: []byte("sealed")}))
	})
	if err != nil {
		b.Fatal(err)
	}
	repeat(b, func(int) error {
		return s.View(b.Context(), func(tx principal.Tx) error {
			k, err := tx.AccessKey(id)
			if err != nil {
				return err
			}
			u, err := tx.Users().Get(k.Account, k.User)
			if err != nil {
				return err
			}
			policies := tx.Policies()
			for _, name := range u.Attached {
				if _, err := policies.Get(k.Account, name); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// BenchmarkInsert measures durable new identities; Sync is the floor of a disk that syncs
// once for each.
func BenchmarkInsert(b *testing.B) {
	b.Run("Sync", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "log"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		record := make([]byte, 128)
		for b.Loop() {
			if _, err := f.Write(record); err != nil {
				b.Fatal(err)
			}
			if err := fdatasync(f); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("Update/%d", callers), func(b *testing.B) {
			db := openNew(b)
			fill(b, db, 20_000)
			before := db.Stats()
			var next atomic.Uint64
			next.Store(1 << 32)
			last := next.Load() + uint64(b.N)
			b.ReportAllocs()
			b.ResetTimer()
			cpu := cpuTime(b)
			together(callers, func() {
				for n := next.Add(1); n <= last; n = next.Add(1) {
					if err := db.Update(b.Context(), func(t identity.Tx) error { return t.InsertIdentity(benchIdentity(n)) }); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.StopTimer()
			reportCPU(b, cpu)
			s := db.Stats()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(s.Updates-before.Updates)/float64(s.Commits-before.Commits), "rows/commit")
		})
	}
}

// BenchmarkSize measures the file, in bytes for each identity of one login whose subject is 32 characters
// in no order, and new identities in large transactions.
func BenchmarkSize(b *testing.B) {
	const identities, batch = 100_000, 10_000
	path := filepath.Join(b.TempDir(), "store.db")
	db := openAt(b, path)
	fill(b, db, 0)
	began := time.Now()
	for from := uint64(0); from < identities; from += batch {
		err := db.Update(b.Context(), func(t identity.Tx) error {
			for n := from; n < from+batch; n++ {
				i := benchIdentity(n)
				i.Logins[0].Subject = fmt.Sprintf("%016x%016x", n*0x9e3779b97f4a7c15, n)
				if err := t.InsertIdentity(i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(began)
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() { // it is measured once
	}
	b.ReportMetric(float64(info.Size())/identities, "bytes/identity")
	b.ReportMetric(identities/took.Seconds(), "rows/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkOpen measures a usual start: the file is there and its schema is current.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store.db")
	db, err := Open(b.Context(), Config{Path: path, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, db, 1)
	for b.Loop() {
		b.StopTimer()
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if db, err = Open(b.Context(), Config{Path: path, Now: time.Now}); err != nil {
			b.Fatal(err)
		}
		if err := db.Check(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}
