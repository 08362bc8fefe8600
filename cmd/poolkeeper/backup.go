package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/dump"
	"github.com/poolkeeper/poolkeeper/internal/masterkey"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

// storeConfig says where the store of a configuration is.
func (p *program) storeConfig(c *config) store.Config {
	if c.store != "" {
		return store.Config{URL: c.store, Now: p.now}
	}
	return store.Config{Path: c.path("poolkeeper.db"), Now: p.now}
}

func (p *program) backupCommand() *cobra.Command {
	var c config
	var recipients []string
	var passphrase string
	cmd := &cobra.Command{
		Use: "backup FILE|-",
		Long: `Write all that the store has at this instant to a file, or to standard output, also while servers
run. The file is the same whether the store is SQLite or PostgreSQL.

THE MASTER KEY IS NOT IN IT. Access key secrets and signing keys are in it as they are in the store,
sealed under the master key: keep a copy of that key elsewhere, or they are lost. The audit log,
which is a file of its own, is not in it either; changes that wait for that log are.

What else is in it, such as the names of users, can be read by whoever has the file, which has mode
0600, unless it is encrypted: --encrypt-to or --passphrase-file, in the format of age.`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := encryption(recipients, passphrase)
			if err != nil {
				return err
			}
			if args[0] == "-" && isTerminal(p.stdout) {
				return usageError{errors.New("standard output is a terminal: a backup goes to a file or a pipe")}
			}
			restrictNewFiles()
			var sums []dump.Sum
			write := func(w io.Writer) (err error) {
				sums, err = p.backup(cmd.Context(), p.storeConfig(&c), w, to)
				return err
			}
			if args[0] == "-" {
				return write(p.stdout)
			}
			if err := replaceFile(args[0], write); err != nil {
				return err
			}
			return p.results.Print("Backup", rowsOf(sums), func(w io.Writer) { showSums(w, sums) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.data, "data", p.defaultData(), "the data `directory`")
	f.StringVar(&c.store, "store", "", "the `URL` of a PostgreSQL database, postgres://… (default a file in the data directory)")
	f.StringArrayVar(&recipients, "encrypt-to", nil, "encrypt to the age `recipient`, age1…; may be repeated")
	f.StringVar(&passphrase, "passphrase-file", "", "encrypt with the passphrase in the `file`")
	return p.configured(cmd)
}

// backup writes a backup.
func (p *program) backup(ctx context.Context, cfg store.Config, w io.Writer, to []age.Recipient) (_ []dump.Sum, err error) {
	s, err := store.OpenSnapshot(ctx, cfg)
	if err != nil {
		return nil, oldSchema(err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	shown := p.begin("rows", 0)
	defer shown.clear()
	h := dump.Header{Created: p.now().UTC().Truncate(time.Second), Program: version()}
	if len(to) == 0 {
		return s.Dump(ctx, w, h, shown.rows)
	}
	sealed, err := age.Encrypt(w, to...)
	if err != nil {
		return nil, err
	}
	sums, err := s.Dump(ctx, sealed, h, shown.rows)
	if err == nil {
		err = sealed.Close()
	}
	return sums, err
}

// oldSchema tells what to do about a schema that is too old.
func oldSchema(err error) error {
	switch {
	case errors.Is(err, store.ErrOldSchema):
		return fmt.Errorf("%w: start a server of this version on it first, or run 'poolkeeper migrate', or use the program that serves it", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", errNoData, err)
	}
	return err
}

func (p *program) restoreCommand() *cobra.Command {
	var c config
	var identities []string
	var passphrase string
	cmd := &cobra.Command{
		Use: "restore FILE|-",
		Long: `Make a store of a backup, from a file or standard input: in a data directory that has none, or in a
PostgreSQL database that has no rows, whichever it was made of. All of it is there afterwards, or nothing.

THE MASTER KEY IS NOT IN A BACKUP. Put it into the data directory first, or name it with
--master-key-file. What it does not open is not restored.

Do not go on using the store that the backup was made of: the two would give the same user
different identities.`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			known, err := decryption(identities, passphrase)
			if err != nil {
				return err
			}
			in := p.stdin
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			if in, err = decrypted(in, known); err != nil {
				return err
			}
			return p.restore(cmd.Context(), &c, in)
		},
	}
	f := cmd.Flags()
	p.dataFlags(&c, f)
	f.StringArrayVar(&identities, "identity", nil, "a `file` of age identities, of which one opens the backup; may be repeated")
	f.StringVar(&passphrase, "passphrase-file", "", "the `file` of the passphrase that opens the backup")
	return p.configured(cmd)
}

func (p *program) restore(ctx context.Context, c *config, in io.Reader) error {
	restrictNewFiles()
	if err := makeDataDirectory(c.data); err != nil {
		return err
	}
	master, err := p.masterKey(c, false)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w\nA backup does not have it", err)
	}
	if err != nil {
		return err
	}
	shown := p.begin("rows", 0)
	defer shown.clear()
	h, sums, err := store.Load(ctx, p.storeConfig(c), in, store.Loading{
		Progress: shown.rows, Check: func(s store.Sealed) error { return opens(master, s) },
	})
	if err != nil {
		return err
	}
	shown.clear()
	return p.results.Print("Restored", rowsOf(sums), func(w io.Writer) {
		showSums(w, sums)
		fmt.Fprintf(w, `
Restored account %s as it was at %s. What was done after that is undone: identities
made since are gone, and access keys, sessions, tokens and logins that were deleted, revoked or
unlinked since are good again. Do that once more; the audit log of the old server tells of it:
poolkeeper audit --since %s
`, h.Account, stamp(h.Created), stamp(h.Created))
	})
}

// opens fails when the key does not open a value, or that is not what it should be.
func opens(master *seal.Key, s store.Sealed) error {
	if len(s.Value) == 0 {
		return nil
	}
	if _, err := master.Open(masterkey.Purpose(s), s.Value); err != nil {
		return fmt.Errorf("this is not the master key of that store, or it was changed: %s %s: %w", strings.ReplaceAll(s.Table, "_", " "), s.ID, err)
	}
	return nil
}

// encryption returns to whom a backup is encrypted.
func encryption(recipients []string, passphraseFile string) ([]age.Recipient, error) {
	if passphraseFile != "" {
		if len(recipients) > 0 {
			return nil, usageError{errors.New("--encrypt-to and --passphrase-file: one of them")}
		}
		passphrase, err := readPassphrase(passphraseFile)
		if err != nil {
			return nil, err
		}
		r, err := age.NewScryptRecipient(passphrase)
		return []age.Recipient{r}, err
	}
	var all []age.Recipient
	for _, text := range recipients {
		rs, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, usageError{fmt.Errorf("--encrypt-to: %q is no recipient of age: %w", text, err)}
		}
		all = append(all, rs...)
	}
	return all, nil
}

// decryption returns what may open a backup.
func decryption(files []string, passphraseFile string) ([]age.Identity, error) {
	var all []age.Identity
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("--identity: %w", err)
		}
		defer f.Close()
		ids, err := age.ParseIdentities(f)
		if err != nil {
			return nil, fmt.Errorf("--identity: %s: %w", file, err)
		}
		all = append(all, ids...)
	}
	if passphraseFile != "" {
		passphrase, err := readPassphrase(passphraseFile)
		if err != nil {
			return nil, err
		}
		id, err := age.NewScryptIdentity(passphrase)
		if err != nil {
			return nil, err
		}
		all = append(all, id)
	}
	return all, nil
}

// readPassphrase reads the first line of a file.
func readPassphrase(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--passphrase-file: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("--passphrase-file: the first line of %s is empty", file)
	}
	return line, nil
}

// ageHead is what every encrypted file begins with. Source: C2SP, age, "Header".
const ageHead = "age-encryption.org/v1\n"

// decrypted returns what is in an encrypted backup, or the backup if it is not. Who has said
// how to open it is not given what anybody could have written.
func decrypted(in io.Reader, known []age.Identity) (io.Reader, error) {
	buffered := bufio.NewReader(in)
	head, _ := buffered.Peek(len(ageHead)) // what is shorter is for the reader to refuse
	switch encrypted := bytes.Equal(head, []byte(ageHead)); {
	case encrypted && len(known) == 0:
		return nil, usageError{errors.New("the backup is encrypted: --identity or --passphrase-file opens it")}
	case !encrypted && len(known) > 0:
		return nil, errors.New("the backup is not encrypted, although it is said what opens it: is it yours? Without --identity and --passphrase-file it is read as it is")
	case !encrypted:
		return buffered, nil
	}
	return age.Decrypt(buffered, known...)
}

// replaceFile writes a file, which is there with all that write has written, durable, or not at
// all. Until then one of the same name stays.
func replaceFile(path string, write func(io.Writer) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".") // with mode 0600
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// moved is what was moved of a table, as --output prints it.
type moved struct {
	Table  string
	Rows   int64
	SHA256 string
}

func rowsOf(sums []dump.Sum) (all []moved) {
	for _, s := range sums {
		all = append(all, moved{s.Table, s.Rows, hex.EncodeToString(s.Digest[:])})
	}
	return all
}

func showSums(w io.Writer, sums []dump.Sum) {
	table(w, "TABLE\tROWS\tSHA-256", func(row func(...any)) {
		for _, s := range sums {
			row(s.Table, s.Rows, fmt.Sprintf("%x", s.Digest[:8]))
		}
	})
}
