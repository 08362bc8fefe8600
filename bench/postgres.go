package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// The rows of PostgreSQL, which is a server of this run's own, on the same disk and the same cores.
const (
	tokenPostgres = "token ES256, 1000 users, on PostgreSQL"
	insertEach    = "floor: PostgreSQL, a transaction for each user"
	insertGrouped = "new users, in the store on PostgreSQL"
)

// insertConns is how many connections the floor has, each with one transaction at a time: as many as the store has to
// read with. insertCallers wait for the store, which has them share one connection.
const (
	insertConns   = 16
	insertCallers = 256
)

// postgres starts the program on PostgreSQL, and that; nil where it is not installed.
func (b *bench) postgres(ctx context.Context) (*pgtest.Server, *product, error) {
	if bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin"); len(bins) == 0 {
		b.note("PostgreSQL is not measured: none is installed.")
		return nil, nil, nil
	}
	b.progress("PostgreSQL")
	s, err := pgtest.Run()
	if err != nil {
		return nil, nil, err
	}
	b.closers = append(b.closers, s.End)
	url, err := s.Schema(ctx, "program")
	if err != nil {
		return nil, nil, err
	}
	p, err := newProduct(ctx, b.program, filepath.Join(b.dir, "pg"), "ES256", "--store", url, "--auto-migrate")
	if err != nil {
		return nil, nil, err
	}
	b.products = append(b.products, p)
	return s, p, b.meet(ctx, p, p.tokens(upTo(hotUsers)))
}

// inserts adds the steps that make identities durable, without a server before the database: by the store, which
// has those who wait share a transaction, and in a transaction each.
func (b *bench) inserts(ctx context.Context, s *pgtest.Server) error {
	url, err := s.Schema(ctx, "grouped")
	if err != nil {
		return err
	}
	one, err := b.stored(ctx, store.Config{URL: url, Migrate: true})
	if err != nil {
		return err
	}
	b.insert(insertGrouped, insertCallers, one)

	if url, err = s.Schema(ctx, "each"); err != nil {
		return err
	}
	all := make([]*pgconn.PgConn, insertConns)
	for i := range all {
		if all[i], err = pgconn.Connect(ctx, url); err != nil {
			return err
		}
		c := all[i]
		b.closers = append(b.closers, func() { _ = c.Close(context.Background()) }) // what was executed has been answered
	}
	// The two rows of an identity, in their least form.
	_, err = all[0].Exec(ctx, `CREATE TABLE identity (number BIGINT PRIMARY KEY, logins BYTEA NOT NULL, created BIGINT NOT NULL);
		CREATE TABLE login (provider BIGINT, subject BYTEA, identity BIGINT NOT NULL, PRIMARY KEY (provider, subject))`).ReadAll()
	if err != nil {
		return err
	}
	b.insert(insertEach, insertConns, func(conn int, n uint64) error {
		_, err := all[conn].Exec(ctx, fmt.Sprintf(`BEGIN; INSERT INTO identity VALUES (%d, '%[2]s', 0) ON CONFLICT DO NOTHING;
			INSERT INTO login VALUES (1, '%[2]s', %[1]d) ON CONFLICT DO NOTHING; COMMIT`, n, userName(n))).ReadAll()
		return err
	})
	return nil
}

// postgresGoals are none where PostgreSQL was not measured.
func (b *bench) postgresGoals() []goal {
	if b.row(tokenPostgres) == nil {
		return nil
	}
	return []goal{
		atMost("token ES256 on PostgreSQL: CPU of the server / on SQLite", b.ratio(tokenPostgres, tokenES256, cpu), 1.3, ""),
		atLeast("PostgreSQL, new users a second / in a transaction each", b.ratio(insertGrouped, insertEach, rate), 3),
	}
}
