package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/masterkey"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
)

// masterKey reads the master key, and with it the one that it replaces or is replaced by. With
// create it makes one where there is none.
func (p *program) masterKey(c *config, create bool) (*seal.Key, error) {
	key, err := p.newestKey(c, create)
	if err != nil || c.oldMasterKeyFile == "" || masterkey.OnItsWay(p.keyDir(c)) {
		return key, err
	}
	old, err := seal.ReadFile(c.oldMasterKeyFile)
	if err != nil {
		return nil, fmt.Errorf("--old-master-key-file: %w", err)
	}
	return key.With(old), nil
}

// keyDir is the data directory if the master key is kept in it, where this process may replace it: that of
// several servers is given to each of them.
func (p *program) keyDir(c *config) string {
	if c.store != "" || c.masterKeyFile != "" || p.getenv("POOLKEEPER_MASTER_KEY") != "" {
		return ""
	}
	return c.data
}

func (p *program) masterKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:  "master-key",
		Long: "Make a master key, and replace the one in use.",
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

Servers go on meanwhile. Where the embedded store's key is master.key in its data directory, the server
that runs there, or this command if none does, keeps a copy of the new key beside it until all is sealed, and then
puts it in its place; the old one is in master.key.old from then on. The server must be able to read FILE.

Where the key is elsewhere, or the store is PostgreSQL, restart each server before with both keys:
--master-key-file the new one, --old-master-key-file the old one. They go on sealing under the old
key until this command runs. A server that has the old key alone can not go on after it.

A command that is cut short is run again. When it has ended well, nothing in the store needs the
old key.`,
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
	if file, err = filepath.Abs(file); err != nil {
		return err
	}
	in := &api.RotateMasterKeyInput{MasterKeyFile: file}
	var out *api.RotateMasterKeyOutput
	err = errNoServer
	if c.store == "" { // else a server on the data directory may be of another store
		out, err = p.askForMasterKey(ctx, c, in)
	}
	if errors.Is(err, errNoServer) {
		out, err = p.replaceMasterKey(ctx, c, in)
	}
	if refused, ok := errors.AsType[*api.Error](err); ok {
		err = errors.New(refused.Message)
		if refused.Code == api.InternalErrorException {
			err = errors.New("it has failed; the log of the server says why\nRun the command again: what was sealed under the new key stays")
		}
	}
	if err != nil {
		return err
	}
	return p.results.Print("MasterKey", map[string]int64{"Sealed": out.SealedValues}, func(w io.Writer) {
		fmt.Fprintf(w, "%d values are sealed under the new master key now, and none under another one.\n", out.SealedValues)
		if out.MasterKeyFile != "" {
			fmt.Fprintf(w, "\nIt is in %s, from which a start takes it. Keep a copy of it elsewhere.\n", printable(out.MasterKeyFile))
			if out.OldMasterKeyFile != "" {
				fmt.Fprintf(w, `The old one is in %s: temporary credentials that were given out before need it,
for 36 hours at most. Then, or at once if others know it, remove that file and restart the server.
Backups that were made before need the old key.
`, printable(out.OldMasterKeyFile))
			}
			return
		}
		fmt.Fprint(w, `
The store does not need the old key any more. Restart each server with the new one: its file with
--master-key-file, or in the place of master.key. Temporary credentials that were given out before are
taken by servers that have the old key, too, with --old-master-key-file; none lasts longer than 36 hours.
Backups that were made before need the old key.
`)
	})
}

// askForMasterKey has the server that runs on the data directory replace the key: errNoServer.
func (p *program) askForMasterKey(ctx context.Context, c *config, in *api.RotateMasterKeyInput) (*api.RotateMasterKeyOutput, error) {
	by, done, err := p.running(c)
	if err != nil {
		return nil, err
	}
	defer done()
	out := new(api.RotateMasterKeyOutput)
	return out, by.client(api.Control, "", "").Call(ctx, "RotateMasterKey", in, out)
}

// replaceMasterKey replaces the key from this process, whatever runs on the store.
func (p *program) replaceMasterKey(ctx context.Context, c *config, in *api.RotateMasterKeyInput) (_ *api.RotateMasterKeyOutput, err error) {
	present, err := p.masterKey(c, false)
	if err != nil {
		return nil, err
	}
	if c.store == "" {
		if _, err := os.Stat(c.path("poolkeeper.db")); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w in %s", errNoData, c.data)
		}
	}
	restrictNewFiles()
	db, err := p.openShown(ctx, p.storeConfig(c))
	if err != nil {
		return nil, oldSchema(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var account, home []byte
	err = db.View(ctx, func(tx identity.Tx) error {
		var err error
		if account, err = tx.Setting(settingAccount); err == nil {
			home, err = tx.Setting(settingHome)
		}
		return err
	})
	if errors.Is(err, identity.ErrNotFound) {
		err = fmt.Errorf("%w in the store", errNoData)
	}
	if err != nil {
		return nil, err
	}
	root := principal.Root(string(account))
	root.Region, root.Now = string(home), p.now()
	recorded := audit.With(ctx, &audit.Pending{
		Service: api.Control, Operation: api.Control.Operation("RotateMasterKey"), Caller: root, Input: in,
		RequestID: uuid.NewString(), UserAgent: "poolkeeper master-key rotate", NewID: uuid.NewString,
	})
	r := &masterkey.Rotation{Store: db, Seal: present, Dir: p.keyDir(c)}
	out, err := r.RotateMasterKey(recorded, root, in)
	if refused, ok := errors.AsType[*api.Error](err); err != nil && (!ok || refused.Code == api.InternalErrorException) {
		err = fmt.Errorf("%w\nRun the command again: what was sealed under the new key stays", err)
	}
	return out, err
}
