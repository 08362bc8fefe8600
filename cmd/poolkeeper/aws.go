package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
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
		if width, _, _ = term.GetSize(int(os.Stdout.Fd())); width <= 0 {
			width = 80 // A terminal that does not know its size is one all the same.
		}
	}
	services := []*api.Service{api.CognitoIdentity, api.STS, api.IAM}
	if name != "aws" {
		services = append(services, api.Identities)
	}
	return &cli.Command{
		Name: name, Version: version, Services: services,
		Lookup: os.LookupEnv, Environ: os.Environ(), Now: p.now,
		Stdin: p.stdin, Stdout: p.stdout, Stderr: p.stderr, Terminal: width, Ask: p.ask,
	}
}

// ask asks the person at the terminal for a secret.
func (p *program) ask(prompt string) (string, error) {
	terminal := os.Stdin
	if !term.IsTerminal(int(terminal.Fd())) {
		// Input comes from elsewhere, and a person may still be there.
		tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		if err != nil {
			return "", errors.New("there is no terminal to ask at")
		}
		defer tty.Close()
		terminal = tty
	}
	fmt.Fprint(p.stderr, prompt)
	secret, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(p.stderr)
	return string(secret), err
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

// tools are the commands of the program's own.
func (p *program) tools() *cli.Tools {
	return &cli.Tools{
		Command: p.aws("poolkeeper"), Root: p.root(), Groups: p.commands(), Made: explain,
		Results: &p.results, Output: p.getenv("POOLKEEPER_OUTPUT"),
	}
}

// runTool runs a command of the program's own, or answers a shell that completes one of any.
func (p *program) runTool(ctx context.Context, args []string) error {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		c := p.completion()
		c.SetArgs(args)
		return c.ExecuteContext(ctx)
	}
	return p.tools().Run(ctx, args)
}

// completion is the whole command line as cobra sees it, whose shells' scripts complete it.
func (p *program) completion() *cobra.Command {
	c := &cobra.Command{
		Use: "poolkeeper", DisableFlagParsing: true, SilenceErrors: true, SilenceUsage: true,
		Run: func(*cobra.Command, []string) {},
		ValidArgsFunction: func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			suggestions, files := p.tools().Complete(args, word)
			if files {
				return suggestions, cobra.ShellCompDirectiveDefault
			}
			return suggestions, cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.CompletionOptions.DisableDefaultCmd = true
	c.SetIn(p.stdin)
	c.SetOut(p.stdout)
	c.SetErr(p.stderr)
	return c
}

// bashWords does for cobra's script what the package bash-completion does, where that is not
// installed.
//
//go:embed completion.bash
var bashWords string

func (p *program) completionCommand() *cobra.Command {
	shells := map[string]func(*cobra.Command) error{
		"bash": func(c *cobra.Command) error {
			if err := c.GenBashCompletionV2(p.stdout, true); err != nil {
				return err
			}
			_, err := io.WriteString(p.stdout, bashWords)
			return err
		},
		"zsh":        func(c *cobra.Command) error { return c.GenZshCompletion(p.stdout) },
		"fish":       func(c *cobra.Command) error { return c.GenFishCompletion(p.stdout, true) },
		"powershell": func(c *cobra.Command) error { return c.GenPowerShellCompletionWithDesc(p.stdout) },
	}
	return &cobra.Command{
		Use: "completion SHELL",
		Long: `Print a script that makes a shell complete services, commands and options: bash, zsh, fish or
powershell. Load it where the shell starts.`,
		Example: `  source <(poolkeeper completion bash)
  poolkeeper completion zsh >"${fpath[1]}/_poolkeeper"   # where compinit is run
  poolkeeper completion fish >~/.config/fish/completions/poolkeeper.fish
  poolkeeper completion powershell | Out-String | Invoke-Expression`,
		Args: exactArgs(1), ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Annotations: map[string]string{cli.Plain: ""},
		RunE: func(_ *cobra.Command, args []string) error {
			script, ok := shells[args[0]]
			if !ok {
				return usageError{fmt.Errorf("there is no completion for %q: bash, zsh, fish or powershell", args[0])}
			}
			return script(p.completion())
		},
	}
}
