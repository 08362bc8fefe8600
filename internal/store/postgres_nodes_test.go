package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
	"github.com/poolkeeper/poolkeeper/internal/store/storetest"
)

// These tests run the store on three PostgreSQL servers: a coordinator, whose tables are parted by the hash of their keys,
// and two data nodes, which hold the parts behind postgres_fdw. What several processes have between them (revision,
// writers, numbers, leases) is on the coordinator.
//
// That shows of a database which is spread over machines that each statement of the product runs there, finds its rows by
// their key, and loses races by errors of another machine, after which it runs again; and that a key is there once.
//
// It does not show transactions over several machines. postgres_fdw has no snapshot that they share: so what a View sees of
// an Update under way on several nodes is not tested. And it commits on one after the other: when one refuses, which
// SERIALIZABLE does in COMMIT, too, the others keep their parts. So Updates are REPEATABLE READ here, where all that
// can be refused has been before COMMIT. What is left when a node dies in COMMIT: TestPostgresNodes_Killed. It is a rig for
// tests, not a way to run Poolkeeper.

// openNodes opens a store on three servers.
func openNodes(t testing.TB, url string) *DB {
	t.Helper()
	db := openURL(t, url)
	db.engine.(*postgresEngine).begin = `BEGIN ISOLATION LEVEL REPEATABLE READ`
	return db
}

// nodes are stores on three servers.
var nodes = reused{open: newNodes}

func newNodes(t testing.TB) string {
	t.Helper()
	coordinator, data := pgtest.Nodes(t)
	spread(t, coordinator, data)
	return coordinator
}

// spread has the product make its tables on each server, and then has those of the coordinator spread.
func spread(t testing.TB, coordinator string, data []string) {
	t.Helper()
	for _, at := range append(data, coordinator) {
		db, err := Open(t.Context(), Config{URL: at, Migrate: true, Now: time.Now})
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, table := range tables {
		names = append(names, table.Name)
	}
	pgtest.Spread(t, coordinator, names...)
}

func TestPostgresNodes_Contract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) identity.Store { return openNodes(t, nodes.url(t)) }, storetest.Isolation)
}

func TestPostgresNodes_ContractPrincipals(t *testing.T) {
	t.Parallel()
	storetest.RunPrincipals(t, func(t *testing.T) principal.Store { return openNodes(t, nodes.url(t)).Principals() }, storetest.Isolation)
}

func TestPostgresNodes_ContractAudit(t *testing.T) {
	t.Parallel()
	storetest.RunAudit(t, func(t *testing.T) storetest.Audited {
		db := openNodes(t, nodes.url(t))
		return storetest.Audited{Store: db, Outbox: db.Audit()}
	})
}

// Several processes find or make the identities of the same users at the same time: each user gets one, the same for all.
func TestPostgres_Race(t *testing.T) {
	t.Parallel()
	for _, rig := range []struct {
		name string
		url  func(testing.TB) string
		open func(testing.TB, string) *DB
	}{
		{"One", pgtest.Database, openURL},
		{"Nodes", nodes.url, openNodes},
	} {
		t.Run(rig.name, func(t *testing.T) {
			t.Parallel()
			const processes, callers, users = 3, 6, 50
			url := rig.url(t)
			var dbs []*DB
			for range processes {
				dbs = append(dbs, rig.open(t, url))
			}
			err := dbs[0].Update(t.Context(), func(tx identity.Tx) error { return tx.InsertPool(&identity.Pool{ID: benchPool}) })
			if err != nil {
				t.Fatal(err)
			}
			var got [processes * callers][users]string
			var all sync.WaitGroup
			for caller := range got {
				all.Go(func() {
					for k := range users {
						u := (k + caller*7) % users
						err := dbs[caller%processes].Update(t.Context(), func(tx identity.Tx) (err error) {
							i := benchIdentity(uint64(u))
							got[caller][u], err = tx.IdentityOfLogin(benchPool, i.Logins[0])
							if errors.Is(err, identity.ErrNotFound) {
								err = tx.InsertIdentity(i)
								got[caller][u] = i.ID
							}
							return err
						})
						if err != nil {
							t.Errorf("caller %d, user %d: %v", caller, u, err)
						}
					}
				})
			}
			all.Wait()
			err = dbs[0].View(t.Context(), func(tx identity.Tx) error {
				list, _, err := tx.Identities(benchPool, false, "", processes*callers*users)
				if err == nil && len(list) != users {
					err = fmt.Errorf("%d identities of %d users", len(list), users)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			for u := range users {
				for caller := range got {
					if got[caller][u] != got[0][u] {
						t.Errorf("user %d: caller %d got %s, caller 0 %s", u, caller, got[caller][u], got[0][u])
					}
				}
			}
			if rig.name == "Nodes" {
				checkSpread(t, url)
			}
			t.Logf("%d retries", dbs[0].Stats().Retries+dbs[1].Stats().Retries+dbs[2].Stats().Retries)
		})
	}
}

// checkSpread checks that both data nodes have rows of identities and of logins, and the coordinator none.
func checkSpread(t *testing.T, url string) {
	t.Helper()
	c, _, err := connectOnce(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, table := range []string{"identity", "login"} {
		var rows []int64
		err := c.each(query("SELECT count(*) FROM "+table+" GROUP BY tableoid ORDER BY tableoid::regclass::text"), func(row []driver.Value) error {
			rows = append(rows, row[0].(int64))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 2 {
			t.Errorf("the rows of table %s are on %d nodes: %d", table, len(rows), rows)
		}
	}
}
