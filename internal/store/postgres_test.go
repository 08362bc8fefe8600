package store

import (
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
	"github.com/poolkeeper/poolkeeper/internal/store/storetest"
)

func openURL(t testing.TB, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), Config{URL: url, Migrate: true, Now: time.Now})
	if err == nil {
		err = db.UseIDKey(t.Context(), testIDKey)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func TestPostgres_Contract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) identity.Store { return openURL(t, pgtest.Database(t)) })
}

func TestPostgres_ContractPrincipals(t *testing.T) {
	t.Parallel()
	storetest.RunPrincipals(t, func(t *testing.T) principal.Store { return openURL(t, pgtest.Database(t)).Principals() })
}

func TestPostgres_ContractAudit(t *testing.T) {
	t.Parallel()
	storetest.RunAudit(t, func(t *testing.T) storetest.Audited {
		db := openURL(t, pgtest.Database(t))
		return storetest.Audited{Store: db, Outbox: db.Audit()}
	})
}
