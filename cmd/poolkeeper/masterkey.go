package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

// masterKey reads the master key, and with it the one that it replaces or is replaced by. With
// create it makes one where there is none.
func (p *program) masterKey(c *config, create bool) (*seal.Key, error) {
	key, err := p.newestKey(c, create)
	if err != nil || c.oldMasterKeyFile == "" {
		return key, err
	}
	old, err := seal.ReadFile(c.oldMasterKeyFile)
	if err != nil {
		return nil, fmt.Errorf("--old-master-key-file: %w", err)
	}
	return key.With(old), nil
}

// sealingKey returns the key with that of its two before the other under which the store is.
func sealingKey(ctx context.Context, s *store.DB, master *seal.Key) (key *seal.Key, err error) {
	err = s.View(ctx, func(tx identity.Tx) error {
		key, err = identity.Sealing(tx, master)
		return err
	})
	return key, err
}

func (p *program) masterKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "master-key",
		Short: "Make a master key, and replace the one in use",
		Long:  "Make a master key, and replace the one in use.",
	}
	cmd.AddCommand(p.newMasterKeyCommand(), p.rotateMasterKeyCommand())
	return cmd
}

func (p *program) newMasterKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new FILE",
		Short: "Make a master key in a new file",
		Args:  exactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			_, err := seal.CreateFile(args[0])
			return err
		},
	}
}

func (p *program) rotateMasterKeyCommand() *cobra.Command {
	var c config
	var file string
	cmd := &cobra.Command{
		Use:   "rotate --new-master-key-file FILE",
		Short: "Seal all that is sealed in the store under another master key",
		Long: `Seal all that is sealed in the store under another master key: access key secrets and signing keys.

On PostgreSQL the servers go on. Before, restart each, one after the other, with both keys:
--master-key-file the new one, --old-master-key-file the old one. They go on sealing under the old
key until this command runs. A server that has the old key alone can not go on after it.
The embedded store is one process's: stop the server first.

A command that is cut short is run again. When it has ended well, nothing in the store needs the
old key. Restart the servers with the new one.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usageError{errors.New("--new-master-key-file: the file of the new key is needed; 'poolkeeper master-key new FILE' makes one")}
			}
			return p.rotateMasterKey(cmd.Context(), &c, file)
		},
	}
	p.dataFlags(&c, cmd.Flags())
	cmd.Flags().StringVar(&file, "new-master-key-file", "", "the `file` of the new master key")
	return p.configured(cmd)
}

func (p *program) rotateMasterKey(ctx context.Context, c *config, file string) (err error) {
	present, err := p.masterKey(c, false)
	if err != nil {
		return err
	}
	next, err := seal.ReadFile(file)
	if err != nil {
		return fmt.Errorf("--new-master-key-file: %w", err)
	}
	if c.store == "" {
		if _, err := os.Stat(c.path("poolkeeper.db")); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w in %s", errNoData, c.data)
		}
	}
	restrictNewFiles()
	settings := p.storeConfig(c)
	settings.Migrating = p.tellMigrating
	db, err := store.Open(ctx, settings)
	if err != nil {
		if c.store == "" {
			err = fmt.Errorf("%w\nA server that runs on the embedded store is to be stopped first", err)
		}
		return oldSchema(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	n, err := reseal(ctx, db, next.With(present))
	if errors.Is(err, identity.ErrNotFound) {
		return fmt.Errorf("%w in the store", errNoData)
	}
	if err != nil {
		return fmt.Errorf("%w\nRun the command again: what was sealed under the new key stays", err)
	}
	return p.results.Print("MasterKey", map[string]int{"Sealed": n}, func(w io.Writer) {
		fmt.Fprintf(w, "%d values are sealed under the new master key now, and none under another one.\n", n)
		fmt.Fprint(w, `
The store does not need the old key any more. Restart each server with the new one: its file with
--master-key-file, or in the place of master.key. Temporary credentials that were given out before are
taken by servers that have the old key, too, with --old-master-key-file; none lasts longer than 36 hours.
Backups that were made before need the old key.
`)
	})
}

// reseal seals everything as key does, which must open all there is. It looks twice: what was
// sealed otherwise meanwhile would be lost.
func reseal(ctx context.Context, db *store.DB, key *seal.Key) (n int, err error) {
	again := func(s store.Sealed) ([]byte, error) {
		plain, err := key.Open(purpose(s), s.Value)
		if err != nil {
			return nil, fmt.Errorf("%s %s: neither of the master keys opens it: %w", s.Table, s.ID, err)
		}
		if by, err := key.Of(s.Value); err != nil || by == key {
			return nil, err
		}
		return key.Seal(purpose(s), plain), nil
	}
	if n, err = db.Reseal(ctx, again); err != nil {
		return n, err
	}
	more, err := db.Reseal(ctx, again)
	if err == nil && more > 0 {
		err = fmt.Errorf("%d values were sealed under the old key meanwhile, by a server of an older version: stop it", more)
	}
	return n, err
}
