package store

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// BenchmarkPostgres measures new identities on a server that syncs, alone and by many callers, and the hot
// read.
func BenchmarkPostgres(b *testing.B) {
	server := pgtest.Start(b)
	db := openURL(b, server.Database(b))
	fill(b, db, 1000)
	var next atomic.Uint64
	next.Store(1 << 32)
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("Insert/%d", callers), func(b *testing.B) {
			before := db.Stats()
			var done atomic.Int64
			cpu := cpuTime(b)
			together(callers, func() {
				for done.Add(1) <= int64(b.N) {
					n := next.Add(1)
					if err := db.Update(b.Context(), func(t identity.Tx) error { return t.InsertIdentity(benchIdentity(n)) }); err != nil {
						b.Error(err)
						return
					}
				}
			})
			reportCPU(b, cpu)
			s := db.Stats()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(s.Updates-before.Updates)/float64(max(1, s.Commits-before.Commits)), "rows/commit")
		})
	}
	b.Run("Login", func(b *testing.B) {
		repeat(b, func(n int) error {
			return db.View(b.Context(), func(t identity.Tx) error {
				_, err := t.IdentityOfLogin(benchPool, benchLogin(uint64(n%1000)))
				return err
			})
		})
	})
	b.Run("Cached", func(b *testing.B) {
		repeat(b, func(int) error {
			return db.View(b.Context(), func(t identity.Tx) error { _, err := t.Pool(benchPool); return err })
		})
	})
}
