package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

//go:embed migrations/postgres/*.sql
var postgresMigrations embed.FS

const (
	createVersions query = `CREATE TABLE IF NOT EXISTS schema_version (version_id BIGINT NOT NULL, PRIMARY KEY (version_id))`
	insertVersion  query = `INSERT INTO schema_version (version_id) VALUES ($1) ON CONFLICT DO NOTHING`
)

// moving is the version whose migration moves rows to tables with other keys and the same names: no
// part of it could be run again, so it is one transaction.
const moving = 7

// migratePostgres brings the schema up to schemaVersion if it may, and refuses one that it
// does not know.
//
// It is not goose's, whose table of versions has a sequence and whose locks are not to be had
// everywhere. There is none here: each statement is a transaction by itself and changes nothing
// when it is run again, so that it does not matter when two processes do the same, nor when one
// stops half way. What moves rows is one transaction, which begins with a row that only one can write.
func migratePostgres(ctx context.Context, c *pgConn, may bool, tell func(from, to int64)) error {
	c.bound(ctx)
	have, err := pgVersion(c)
	c.end()
	switch {
	case err != nil:
		return err
	case have == schemaVersion:
		return nil
	case have > schemaVersion:
		return newerSchema(have)
	case !may:
		return fmt.Errorf("%w: it has version %d, this program needs %d", ErrOldSchema, have, schemaVersion)
	}
	if have > 0 && tell != nil {
		tell(have, schemaVersion)
	}
	files, err := fs.Glob(postgresMigrations, "migrations/postgres/*.sql")
	if err != nil {
		return err
	}
	for _, file := range files {
		number, _, _ := strings.Cut(path.Base(file), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return fmt.Errorf("migration %s: %w", file, err)
		}
		if version <= have {
			continue
		}
		text, err := postgresMigrations.ReadFile(file)
		if err != nil {
			return err
		}
		if version == moving {
			err = c.move(ctx, version, statements(string(text)))
		} else {
			err = c.defineAll(ctx, version, statements(string(text)))
		}
		if err != nil {
			return fmt.Errorf("migrate schema from version %d to %d: %w", have, version, err)
		}
	}
	return nil
}

// defineAll runs the statements of a migration one by one. One that fails is no matter where another
// process has come past this version meanwhile, to one in which the statement means nothing.
func (c *pgConn) defineAll(ctx context.Context, version int64, all []string) error {
	for _, s := range append([]string{string(createVersions)}, all...) {
		if err := c.define(ctx, query(s)); err != nil {
			c.bound(ctx)
			have, versionErr := pgVersion(c)
			c.end()
			if versionErr == nil && have > version {
				return nil
			}
			return err
		}
	}
	if _, err := c.alone(ctx, insertVersion, version); err != nil {
		return unavailable("write the schema's version", err)
	}
	return nil
}

// move runs the statements of a migration in one transaction, which takes as long as it takes. Of
// two processes that do so, the second waits for the first and then finds nothing to do.
func (c *pgConn) move(ctx context.Context, version int64, all []string) error {
	for tries := 0; ; tries++ {
		err := c.moveOnce(ctx, version, all)
		if err == nil || c.c.IsClosed() {
			return err
		}
		if _, rollbackErr := c.exec(rollback); rollbackErr != nil || !c.e.again(err, tries) {
			return err
		}
	}
}

func (c *pgConn) moveOnce(ctx context.Context, version int64, all []string) error {
	c.within(ctx)
	defer c.end()
	if err := c.c.Exec(c.ctx, "SET lock_timeout = 0").Close(); err != nil {
		return unavailable("begin", err)
	}
	if _, err := c.exec(beginSettling); err != nil {
		return unavailable("begin", err)
	}
	if _, err := c.exec(updateRevision); err != nil {
		return unavailable("wait for another migration", err)
	}
	have, err := pgVersion(c)
	if err == nil && have < version {
		for _, s := range all {
			if err := c.c.Exec(c.ctx, s).Close(); err != nil {
				return unavailable("move", err)
			}
		}
		_, err = c.exec(insertVersion, version)
	}
	if err != nil {
		return unavailable("write the schema's version", err)
	}
	if _, err := c.exec(commit); err != nil {
		return unavailable("commit", err)
	}
	return nil
}

// pgVersion returns the version of the schema, 0 when there is none.
func pgVersion(c *pgConn) (int64, error) {
	row, err := c.first(selectVersion)
	if pgCode(err) == codeUndefined {
		return 0, nil
	}
	if err != nil {
		return 0, unavailable("read schema version", err)
	}
	have, _ := row[0].(int64) // NULL when the table is empty
	return have, nil
}

// statements parts a migration at the semicolons that end a line.
func statements(text string) (all []string) {
	for _, s := range strings.Split(text, ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// define runs a statement of a migration. Of two processes that define the same at the same
// time, one is told that it exists although it asked only if it does not: it asks again.
func (c *pgConn) define(ctx context.Context, q query) error {
	for tries := 0; ; tries++ {
		c.bound(ctx)
		err := c.c.Exec(c.ctx, string(q)).Close()
		c.end()
		if err == nil {
			return nil
		}
		if err = unavailable("define", err); c.c.IsClosed() || !c.e.again(err, tries) {
			return err
		}
	}
}
