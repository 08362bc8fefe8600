package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"

	"github.com/gofrs/flock"
	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/metrics"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

// serverLock is the file that a server with its store in a database holds in its data directory, where it stays.
const serverLock = "server.lock"

// openStore opens the store of the house, and reads the master key. With create it makes what is
// missing. A file is not made without its key, nor a key beside rows that were sealed with another.
func (p *program) openStore(ctx context.Context, c *config, create bool, h *house, log *slog.Logger, m *metrics.Instruments) (*seal.Key, error) {
	settings := store.Config{Now: p.now, Migrating: func(from, to int64) {
		p.notify(notifyWait)
		log.WarnContext(ctx, "bringing the store's schema up to date; with very many identities it takes minutes", "from", from, "to", to)
	}}
	if m != nil {
		settings.Commit, settings.Read = m.Commit, m.Read
	}
	missing := false
	if c.store == "" {
		_, err := os.Stat(c.path("poolkeeper.db"))
		missing = errors.Is(err, fs.ErrNotExist)
		if missing && !create {
			return nil, fmt.Errorf("%w in %s: start 'poolkeeper serve' first, or name another directory with --data", errNoData, c.data)
		}
		// Whoever forgets the URL once would give all users new identities.
		if _, err := os.Stat(c.path(serverLock)); missing && err == nil {
			return nil, fmt.Errorf("data directory %s is that of a server whose store is a PostgreSQL database: name it with --store, or another directory with --data", c.data)
		}
	}
	if err := makeDataDirectory(c.data); err != nil {
		return nil, err
	}
	if c.store == "" {
		master, err := p.masterKey(c, missing)
		if err != nil {
			return nil, err
		}
		settings.Path = c.path("poolkeeper.db")
		h.store, err = p.openShown(ctx, settings)
		return master, err
	}
	// The socket and the audit log in it are one server's.
	h.lock = flock.New(c.path(serverLock), flock.SetPermissions(0o600))
	locked, err := h.lock.TryLock()
	if err == nil && !locked {
		err = errors.New("another process is using it: each server on a database has a data directory of its own")
	}
	if err != nil {
		return nil, fmt.Errorf("data directory %s: %w", c.data, err)
	}
	settings.URL, settings.Migrate = c.store, c.autoMigrate
	if h.store, err = p.openShown(ctx, settings); err != nil {
		if errors.Is(err, store.ErrOldSchema) {
			err = fmt.Errorf("%w: run 'poolkeeper migrate', or serve with --auto-migrate", err)
		}
		return nil, err
	}
	err = h.store.View(ctx, func(tx identity.Tx) error { _, err := tx.Setting(settingSeal); return err })
	missing = errors.Is(err, identity.ErrNotFound)
	switch {
	case missing && !create:
		return nil, fmt.Errorf("%w in the database: start 'poolkeeper serve' on it first", errNoData)
	case err != nil && !missing:
		return nil, err
	}
	return p.masterKey(c, missing)
}

// makeDataDirectory makes the data directory if it is not there. One that everybody may write to
// is refused: whoever puts a file or a socket of his own in place of ours is believed.
func makeDataDirectory(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	// Windows has access lists instead, and reports a mode that means nothing.
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o002 != 0 {
		return fmt.Errorf("data directory %s can be written to by everybody (mode %04o): chmod 700 %[1]s", dir, mode)
	}
	return nil
}

func (p *program) migrateCommand() *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use: "migrate",
		Long: `Bring the schema of a PostgreSQL database up to date, or make it. Stop older servers on that
database first. The file of the embedded store is brought up to date by each start.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.store == "" {
				return usageError{errors.New("--store: the URL of the database is needed")}
			}
			s, err := p.openShown(cmd.Context(), store.Config{URL: c.store, Migrate: true, Now: p.now})
			if err != nil {
				return err
			}
			if err := s.Close(); err != nil {
				return err
			}
			return p.results.Print("Schema", nil, func(w io.Writer) { fmt.Fprintln(w, "The schema is up to date.") })
		},
	}
	p.flags(&c, cmd.Flags(), func(s *option) bool { return s.name == "store" })
	return p.configured(cmd)
}
