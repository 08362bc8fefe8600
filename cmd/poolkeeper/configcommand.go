package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/poolkeeper/poolkeeper/internal/cli"
)

//go:generate sh -c "CGO_ENABLED=0 go run . config reference > ../../docs/CONFIGURATION.md"
//go:generate sh -c "CGO_ENABLED=0 go run . config sample > ../../deploy/poolkeeper.yaml"

func (p *program) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config",
		Long: `Check, print and explain the configuration of the server.

A setting comes from its flag, or else from its environment variable, or else from the
file that --config names, or else is the default.`,
	}
	cmd.AddCommand(
		p.settingsCommand("check", "Say what is wrong with the configuration", func(c *config, _ *pflag.FlagSet, _ map[string]string) error {
			if _, err := authorities(c.outboundCAs); err != nil {
				return usageError{fmt.Errorf("--outbound-ca-file: %w", err)}
			}
			if c.tlsCert != "" {
				if _, err := c.certificate(); err != nil {
					return err
				}
			}
			return p.results.Print("Configuration", nil, func(w io.Writer) { fmt.Fprintln(w, "The configuration is good.") })
		}),
		p.settingsCommand("print", "Print the configuration, with where each setting comes from; secrets are left out", func(_ *config, f *pflag.FlagSet, sources map[string]string) error {
			var text bytes.Buffer
			if err := p.printConfig(&text, f, sources); err != nil {
				return err
			}
			value, err := cli.YAML(text.Bytes())
			if err != nil {
				return err
			}
			return p.results.Print("Configuration", value, func(w io.Writer) { _, _ = text.WriteTo(w) })
		}),
		&cobra.Command{
			Use: "sample", Short: "Print a configuration file with every setting and its default", Args: noArgs, Annotations: map[string]string{cli.Plain: ""},
			RunE: func(*cobra.Command, []string) error { return writeSample(p.stdout) },
		},
		&cobra.Command{
			Use: "reference", Short: "Print the reference of the settings, in Markdown", Args: noArgs, Hidden: true, Annotations: map[string]string{cli.Plain: ""},
			RunE: func(*cobra.Command, []string) error { return writeReference(p.stdout) },
		},
	)
	return cmd
}

// settingsCommand makes a command that has the settings of serve, good ones.
func (p *program) settingsCommand(use, short string, run func(*config, *pflag.FlagSet, map[string]string) error) *cobra.Command {
	var c config
	cmd := &cobra.Command{Use: use, Short: short, Args: noArgs}
	p.serveFlags(&c, cmd.Flags())
	p.configured(cmd).PreRunE = nil // it is done below
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		sources, err := p.configure(cmd.Flags())
		if err != nil {
			return err
		}
		if err := c.check(); err != nil {
			return err
		}
		return run(&c, cmd.Flags(), sources)
	}
	return cmd
}

// printConfig writes what the server would run with, as a configuration file.
func (p *program) printConfig(w io.Writer, f *pflag.FlagSet, sources map[string]string) error {
	var failed error
	eachSetting(func(s *option) {
		if s.value == nil {
			if p.getenv(variable(s.name)) != "" {
				fmt.Fprintf(w, "# %s is set by %s\n", s.name, variable(s.name))
			}
			return
		}
		from := sources[s.name]
		if from == "" {
			from = "default"
		}
		value, err := inYAML(f, s.name, s.show)
		if err != nil {
			failed = err
		}
		fmt.Fprintf(w, "%s: %s  # %s\n", s.name, value, from)
	})
	return failed
}

// inYAML returns the value of a flag as it stands in a file, on one line.
func inYAML(f *pflag.FlagSet, name string, show func(string) string) (string, error) {
	var n yaml.Node
	flag := f.Lookup(name)
	value := any(flag.Value.String())
	switch flag.Value.Type() {
	case "string":
		if text := flag.Value.String(); show != nil && text != "" {
			value = show(text)
		}
	case "stringSlice":
		value = flag.Value.(pflag.SliceValue).GetSlice()
	case "stringToString":
		pairs, err := f.GetStringToString(name)
		if err != nil {
			return "", err
		}
		value = pairs
	default: // plain: numbers, booleans, times
		return flag.Value.String(), nil
	}
	if err := n.Encode(value); err != nil {
		return "", err
	}
	n.Style = yaml.FlowStyle
	if n.Kind == yaml.ScalarNode {
		n.Style = 0
		if n.Value == "" {
			return `""`, nil
		}
	}
	text, err := yaml.Marshal(&n)
	return strings.TrimSpace(string(text)), err
}

// defaults returns flags with the values that nobody has set.
func defaults() *pflag.FlagSet {
	p := &program{getenv: func(string) string { return "" }}
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	p.serveFlags(new(config), f)
	return f
}

// std is a setting's default, as it stands in a file.
func (s *option) std(f *pflag.FlagSet) (string, error) {
	switch {
	case s.stands != "":
		return s.stands, nil
	case s.value == nil:
		return "", nil
	}
	return inYAML(f, s.name, nil)
}

func writeSample(w io.Writer) error {
	f := defaults()
	fmt.Fprint(w, `# The settings of poolkeeper serve, each with its default. A line without its # sets one.
# An environment variable overrides what stands here, a flag both. 'poolkeeper config check
# --config FILE' tells what is wrong. Made by 'poolkeeper config sample'.
`)
	for _, section := range settings {
		fmt.Fprintf(w, "\n## %s\n", section.title)
		for _, s := range section.settings {
			if s.secret {
				continue
			}
			std, err := s.std(f)
			if err != nil {
				return err
			}
			doc := strings.ReplaceAll(s.doc, "`", "")
			if s.stands != "" {
				doc, std = doc+" (default "+s.stands+")", s.example
			}
			fmt.Fprintf(w, "\n# %s%s.\n#%s: %s\n", doc, s.taken(), s.name, std)
		}
	}
	return nil
}

// taken says that a running server takes a change.
func (s *option) taken() string {
	if s.live {
		return "; SIGHUP takes a change"
	}
	return ""
}

func writeReference(w io.Writer) error {
	f := defaults()
	fmt.Fprint(w, `# Configuration

<!-- Made by 'go generate ./cmd/poolkeeper' from the table in settings.go. -->

Settings of `+"`poolkeeper serve`"+`. A setting comes from its flag, or else from its environment variable, or else from the file that
`+"`--config`"+` names ([a sample](../deploy/poolkeeper.yaml)), or else is the default. In the file the key is the flag without its hyphens in front.
`)
	for _, section := range settings {
		fmt.Fprintf(w, "\n## %s\n\n| Flag | Environment | Default | Meaning |\n|---|---|---|---|\n", section.title)
		for _, s := range section.settings {
			std, err := s.std(f)
			if err != nil {
				return err
			}
			flag := "`--" + s.name + "`"
			if s.secret {
				flag = ""
			}
			if std != "" && std != `""` {
				std = "`" + std + "`"
			} else {
				std = ""
			}
			doc := strings.ReplaceAll(strings.ReplaceAll(s.doc, "`", ""), "|", `\|`)
			fmt.Fprintf(w, "| %s | `%s` | %s | %s%s |\n", flag, variable(s.name), std, doc, s.taken())
		}
	}
	return nil
}
