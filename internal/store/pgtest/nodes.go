package pgtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// dataNodes are how many servers have the rows of tables that are spread.
const dataNodes = 2

// patient has a data node end a wait for a lock of another transaction. Each node sees but its own part of who waits
// for whom, so nobody would find out that two transactions wait for each other on two nodes.
const patient = "lock_timeout = 300ms\n"

// cluster are the data nodes of a test process, which the shared server knows as node0, node1 …
var cluster = sync.OnceValues(func() ([]*Server, error) {
	coordinator, err := shared()
	if err != nil {
		return nil, err
	}
	return join(coordinator, func() (*Server, error) { return start(fast+patient, true) })
})

// join starts data nodes, which the coordinator knows then.
func join(coordinator *Server, start func() (*Server, error)) (nodes []*Server, err error) {
	setup := "CREATE EXTENSION postgres_fdw;"
	for n := range dataNodes {
		node, err := start()
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
		setup += fmt.Sprintf(`
			CREATE SERVER node%d FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%s', dbname 'postgres');
			CREATE USER MAPPING FOR poolkeeper SERVER node%[1]d OPTIONS (user 'poolkeeper');`, n, node.dir)
	}
	return nodes, execute(context.Background(), coordinator.url(""), setup)
}

// Nodes returns URLs at which there is nothing yet: that of a coordinator, which is the server of this test process, and
// those of its data nodes. See [Spread].
func Nodes(t testing.TB) (coordinator string, nodes []string) {
	t.Helper()
	s, err := shared()
	need(t, err)
	servers, err := cluster()
	need(t, err)
	return schemas(t, s, servers)
}

// killable is for servers that are killed while the machine goes on.
const killable = "fsync = off\nfull_page_writes = off\n"

// StartNodes is [Nodes] with servers of the test's own, of which the data nodes may be killed.
func StartNodes(t testing.TB) (coordinator string, nodes []string, servers []*Server) {
	t.Helper()
	s, err := own(t, killable)
	need(t, err)
	servers, err = join(s, func() (*Server, error) { return own(t, killable+patient) })
	need(t, err)
	coordinator, nodes = schemas(t, s, servers)
	return coordinator, nodes, servers
}

// schemas makes a schema of one name on all servers.
func schemas(t testing.TB, s *Server, servers []*Server) (coordinator string, nodes []string) {
	t.Helper()
	name, coordinator := s.database(t)
	for _, node := range servers {
		if err := execute(t.Context(), node.url(""), "CREATE SCHEMA "+name); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, node.url(name))
	}
	return coordinator, nodes
}

// Spread parts tables of a coordinator, which have no rows yet, by the hash of their primary key: each part is on one of
// the data nodes, in the table of the same name there, which must have the same columns and the constraints. Which those
// are is read from the coordinator's tables.
//
// That a key is there once is seen to by its node, since equal keys are on one node. Of what else is unique no node
// knows all: a table with such an index is as a whole on the first node.
func Spread(t testing.TB, coordinator string, tables ...string) {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), coordinator)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }() // what was executed has been answered
	var ddl strings.Builder
	for _, table := range tables {
		row := c.ExecParams(t.Context(), `
			SELECT current_schema(), string_agg(quote_ident(a.attname), ', ' ORDER BY k.place),
				(SELECT count(*) FROM pg_index WHERE indrelid = $1::regclass AND indisunique AND NOT indisprimary)
			FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k (number, place), pg_attribute a
			WHERE i.indrelid = $1::regclass AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.number`,
			[][]byte{[]byte(table)}, nil, nil, nil).Read()
		if row.Err != nil {
			t.Fatalf("table %s: %v", table, row.Err)
		}
		schema, key, parts := row.Rows[0][0], row.Rows[0][1], dataNodes
		if string(row.Rows[0][2]) != "0" {
			parts = 1
		}
		fmt.Fprintf(&ddl, "ALTER TABLE %s RENAME TO whole; CREATE TABLE %[1]s (LIKE whole INCLUDING DEFAULTS) PARTITION BY HASH (%s); DROP TABLE whole;\n",
			table, key)
		for n := range parts {
			fmt.Fprintf(&ddl, `CREATE FOREIGN TABLE %s_on_%d PARTITION OF %[1]s FOR VALUES WITH (MODULUS %[3]d, REMAINDER %[2]d)
				SERVER node%[2]d OPTIONS (schema_name '%[4]s', table_name '%[1]s');`+"\n", table, n, parts, schema)
		}
	}
	if err := c.Exec(t.Context(), ddl.String()).Close(); err != nil {
		t.Fatal(err)
	}
}

// execute runs statements at a URL.
func execute(ctx context.Context, url, sql string) error {
	c, err := pgconn.Connect(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(c.Exec(ctx, sql).Close(), c.Close(ctx))
}
