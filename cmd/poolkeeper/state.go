package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/cli"
	"github.com/poolkeeper/poolkeeper/internal/state"
)

// call makes the calls of declared state as the operator.
func (o operator) call(ctx context.Context, account, region string, s *api.Service, operation string, in, out any) error {
	return o.client(s, account, region).Call(ctx, operation, in, out)
}

// errDiffers: what there is differs from what is declared. How, was said.
var errDiffers = errors.New("what there is differs from what is declared")

func (p *program) applyCommand() *cobra.Command {
	var c config
	var file string
	var check bool
	var options state.Options
	cmd := &cobra.Command{
		Use: "apply -f FILE",
		Long: `Make managed policies, users, roles, providers and identity pools as a file declares them, so
that an installation can be kept in git. Applied again, it changes nothing. The server may
run or not.

What the file does not name is left alone, unless --prune says otherwise. docs/STATE.md has
the format.`,
		Example: `  poolkeeper export >state.yaml
  poolkeeper apply -f state.yaml --check
  poolkeeper apply -f state.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usageError{errors.New("-f: which file?")}
			}
			want, err := p.readState(file)
			if err != nil {
				return err
			}
			return p.control(cmd.Context(), &c, func(o operator) error {
				return p.apply(cmd.Context(), o, want, options, check)
			})
		},
	}
	p.dataFlags(&c, cmd.Flags())
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "the `file`; - is standard input")
	f.BoolVar(&check, "check", false, "say what would change and change nothing; exits with 1 when something would")
	f.BoolVar(&options.Prune, "prune", false, "remove what is of a kind that the file has and not in it, but for pools")
	f.BoolVar(&options.PrunePools, "prune-pools", false, "remove pools, with all their identities, that are in a region which the file has and not in it")
	return p.configured(cmd)
}

// readState reads a file of declared state.
func (p *program) readState(file string) (*state.State, error) {
	in := p.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, state.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return state.Parse(file, data)
}

// An applied is the result of apply.
type applied struct{ Changes []change }

// A change is one that was made, or would be.
type change struct {
	Account     string
	Region      string `json:",omitempty"`
	Service     string
	Operation   string
	Description string
	Done        bool
}

func (p *program) apply(ctx context.Context, o operator, want *state.State, options state.Options, check bool) error {
	reading := p.begin("calls", 0)
	changes, err := state.Plan(ctx, counted(o.call, reading), want, options)
	reading.clear()
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		return p.results.Print("Apply", applied{Changes: []change{}}, func(w io.Writer) { fmt.Fprintln(w, "Nothing to change.") })
	}
	show := func(c state.Change) {
		if p.results.ForPeople() {
			fmt.Fprintln(p.stdout, printable(c.Words))
		}
	}
	done := len(changes)
	if check {
		for _, c := range changes {
			show(c)
		}
		done, err = 0, errDiffers
	} else {
		progress := p.begin("changes", len(changes))
		done = 0
		err = state.Apply(ctx, o.call, changes, func(c state.Change) {
			progress.clear()
			show(c)
			done++
			progress.step()
		})
		progress.clear()
	}
	out := applied{Changes: make([]change, len(changes))}
	for i, c := range changes {
		out.Changes[i] = change{c.Account, c.Region, c.Service.Name, c.Operation, c.Words, i < done}
	}
	return errors.Join(err, p.results.Print("Apply", out, func(io.Writer) {}))
}

func (p *program) exportCommand() *cobra.Command {
	var c config
	var accounts, regions []string
	cmd := &cobra.Command{
		Use: "export",
		Long: `Write the managed policies, users, roles, providers and identity pools that there are, as a
file that apply takes, to standard output. Secrets and identities are not in it. The server
may run or not.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.control(cmd.Context(), &c, func(o operator) error {
				return p.export(cmd.Context(), o, accounts, regions)
			})
		},
	}
	p.dataFlags(&c, cmd.Flags())
	cmd.Flags().StringSliceVar(&accounts, "account", nil, "the accounts' 12 `digits` (default: that of the data directory)")
	cmd.Flags().StringSliceVar(&regions, "regions", nil, "the `names` of the regions whose pools are written (default: those served)")
	return p.configured(cmd)
}

func (p *program) export(ctx context.Context, o operator, accounts, regions []string) error {
	if len(accounts) == 0 {
		var who api.GetCallerIdentityOutput
		if err := o.call(ctx, "", "", api.STS, "GetCallerIdentity", &api.GetCallerIdentityInput{}, &who); err != nil {
			return err
		}
		accounts = []string{who.Account}
	}
	if len(regions) == 0 {
		var served api.ListRegionsOutput
		if err := o.call(ctx, "", "", api.Control, "ListRegions", &api.ListRegionsInput{}, &served); err != nil {
			return err
		}
		regions = served.Regions
	}
	reading := p.begin("calls", 0)
	found, err := state.Read(ctx, counted(o.call, reading), state.Whole(accounts, regions))
	reading.clear()
	if err != nil {
		return err
	}
	file := state.Write(found)
	value, err := cli.YAML(file)
	if err != nil {
		return err
	}
	return p.results.Print("Export", value, func(w io.Writer) {
		_, err = w.Write(file)
	})
}
