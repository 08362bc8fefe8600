package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/sqlite/*.sql
var sqliteMigrations embed.FS

// schemaVersion is the number of the last file in migrations/sqlite, and in
// migrations/postgres, which has the same tables.
const schemaVersion = 7

func newerSchema(have int64) error {
	return fmt.Errorf("its schema has version %d, this program knows versions up to %d: use the program that wrote it, or a later one",
		have, schemaVersion)
}

// migrate brings the schema up to schemaVersion. On a usual start it is one
// query.
func migrate(ctx context.Context, c *sqliteConn, dsn string, fresh bool, tell func(from, to int64)) error {
	have := int64(0)
	if !fresh {
		var err error
		if have, err = version(c); err != nil {
			return err
		}
	}
	switch {
	case have == schemaVersion:
		return nil
	case have > schemaVersion:
		return newerSchema(have)
	}
	if have > 0 && tell != nil {
		tell(have, schemaVersion)
	}
	if err := upgrade(ctx, dsn, schemaVersion); err != nil {
		return fmt.Errorf("migrate schema from version %d to %d: %w", have, schemaVersion, err)
	}
	return nil
}

// version returns the version of the schema, 0 when there is none: the process
// that made the file has ended before it wrote one.
func version(c *sqliteConn) (int64, error) {
	row, err := c.first(selectVersion)
	if code(err) == sqlite3.SQLITE_ERROR { // no such table
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	have, _ := row[0].(int64) // NULL when the table is empty
	return have, nil
}

// upgrade runs the migrations up to the version.
func upgrade(ctx context.Context, dsn string, to int64) error {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer func() { _ = db.Close() }() // what Up did is committed
	files, err := fs.Sub(sqliteMigrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithTableName("schema_version"), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, to)
	return err
}
