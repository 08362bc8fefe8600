package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/cli"
)

// calledAsAWS tells whether the program was called through a link named aws: then it is
// that command, for the services that there are.
func calledAsAWS() bool {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "aws"
}

// aws is the command line of the services.
func (p *program) aws(name string) *cli.Command {
	width := 0
	if term.IsTerminal(int(os.Stdout.Fd())) && p.stdout == os.Stdout {
		width, _, _ = term.GetSize(int(os.Stdout.Fd()))
	}
	return &cli.Command{
		Name: name, Version: version(), Services: []*api.Service{api.CognitoIdentity, api.STS, api.IAM},
		Lookup: os.LookupEnv, Environ: os.Environ(), Now: p.now,
		Stdin: p.stdin, Stdout: p.stdout, Stderr: p.stderr, Terminal: width,
	}
}

// runAWS runs args if they are a command of a service, before any other command is made:
// it starts the faster. handled tells whether they were.
func (p *program) runAWS(ctx context.Context, args []string) (code int, handled bool) {
	if calledAsAWS() {
		return p.aws("aws").Run(ctx, args), true
	}
	if c := p.aws("poolkeeper"); c.Serves(args) {
		return c.Run(ctx, args), true
	}
	return 0, false
}

// serviceCommands stand for the services in help and completion. runAWS has run them.
func (p *program) serviceCommands() []*cobra.Command {
	c := p.aws("poolkeeper")
	var all []*cobra.Command
	for _, s := range append(c.Services[:len(c.Services):len(c.Services)], nil) {
		cmd := &cobra.Command{Use: "configure", Short: "Write a profile: endpoint, region and key"}
		if s != nil {
			cmd = &cobra.Command{Use: s.Name + " COMMAND", Short: s.Doc}
		}
		cmd.DisableFlagParsing = true
		cmd.Run = func(*cobra.Command, []string) {}
		cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			suggestions, files := c.Complete(append([]string{cmd.Name()}, args...), word)
			if files {
				return suggestions, cobra.ShellCompDirectiveDefault
			}
			return suggestions, cobra.ShellCompDirectiveNoFileComp
		}
		all = append(all, cmd)
	}
	return all
}
