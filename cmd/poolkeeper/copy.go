package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/dump"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

func (p *program) copyCommand() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use: "copy --from sqlite:PATH|postgres://… --to sqlite:PATH|postgres://…",
		Long: `Copy a store to another database, which must be empty, and compare the two at the end. All of it is
there afterwards, or nothing.

Stop the servers on the store that is copied: what they write after the copy has begun is not in it.
The copy is of the same master key. Give it to the servers that are started on the copy.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			source, err := p.place("--from", from)
			if err != nil {
				return err
			}
			target, err := p.place("--to", to)
			if err != nil {
				return err
			}
			restrictNewFiles()
			sums, err := p.copyStore(cmd.Context(), source, target)
			if err != nil {
				return err
			}
			return p.results.Print("Copied", rowsOf(sums), func(w io.Writer) {
				showSums(w, sums)
				fmt.Fprintln(w, "\nCopied and compared. Servers on the copy need the same master key.")
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the `store` that is copied: sqlite:PATH of a file poolkeeper.db, or the URL of a PostgreSQL database")
	cmd.Flags().StringVar(&to, "to", "", "the empty `store` to which it is copied")
	return p.configured(cmd)
}

// place reads where a store is.
func (p *program) place(flag, text string) (store.Config, error) {
	path, file := strings.CutPrefix(text, "sqlite:")
	switch {
	case file && path != "":
		return store.Config{Path: path, Now: p.now}, nil
	case strings.HasPrefix(text, "postgres://"), strings.HasPrefix(text, "postgresql://"):
		return store.Config{URL: text, Now: p.now}, nil
	}
	return store.Config{}, usageError{fmt.Errorf("%s: neither sqlite:PATH nor postgres://…", flag)} // it may have a password
}

// copyStore is a backup that is restored as it is made.
func (p *program) copyStore(ctx context.Context, from, to store.Config) ([]dump.Sum, error) {
	s, err := store.OpenSnapshot(ctx, from)
	if err != nil {
		return nil, oldSchema(err)
	}
	shown := p.begin("rows", 0)
	defer shown.clear()
	reader, writer := io.Pipe()
	read := make(chan error, 1)
	go func() {
		_, err := s.Dump(ctx, writer, dump.Header{Created: p.now().UTC(), Program: version()}, func(string, int64) {})
		writer.CloseWithError(err)
		read <- err
	}()
	_, sums, err := store.Load(ctx, to, reader, store.Loading{Progress: shown.rows})
	reader.CloseWithError(errStopped)
	if failed := <-read; err == nil {
		err = failed
	}
	return sums, errors.Join(err, s.Close())
}

// errStopped: what is copied is not taken any more, because of another error.
var errStopped = errors.New("the copy has ended")
