package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Plain marks a command of the program's own, among its annotations, that prints what it
// prints: it has neither --output nor --query.
const Plain = "plain"

// Variable is the annotation of a flag that names its environment variable, and Section that
// of the title under which help has it.
const (
	Variable = "variable"
	Section  = "section"
)

// A Tool is a command of the program's own, maybe with others in it. It is made when the
// words of the command line lead to it.
type Tool struct {
	Name, Short string
	// Make makes the command, with all that is in it and all flags, but without its Short.
	Make func() *cobra.Command
}

// A Group is tools that belong together in help.
type Group struct {
	Title string
	Tools []Tool
}

// Tools are the program's own commands, beside those of the services. They are declared as
// cobra's commands and read, helped, completed and printed as those of the services are.
type Tools struct {
	*Command
	// Root is the program. The command that is asked for becomes part of it.
	Root *cobra.Command
	// Groups are the commands that there are.
	Groups []Group
	// Made, if not nil, is told of a command that was made, before its flags are looked at.
	Made func(*cobra.Command)
	// Results is told how to print before a command runs.
	Results *Results
	// Output is the output format where no option says one; empty: as people read it.
	Output string
}

// toolOptions are the options of all commands of the program's own.
func toolOptions() []option {
	options := []option{
		{name: "--help", arity: none, dest: "help", value: true, doc: "Show help."},
		{name: "-h", arity: none, dest: "help", value: true, hidden: true},
	}
	for _, o := range globalOptions() {
		switch o.dest {
		case "output":
			o.doc = "Print the result in this format. Left out: as people read it, or with --query json."
		case "query", "color", "version":
		default:
			continue
		}
		o.listed = true
		options = append(options, o)
	}
	return options
}

// Run runs the command that args say. A mistake in args is one that [Misused] tells.
func (t *Tools) Run(ctx context.Context, args []string) error {
	p := pass{options: toolOptions(), word: "command", wordOptional: true}
	taken, rest, err := p.parse(args)
	if err != nil {
		return t.misused(t.Root, err)
	}
	if taken.is("version") {
		fmt.Fprintln(t.Stdout, t.Root.Name(), t.Version())
		return nil
	}
	cmd, help := t.Root, taken.is("help")
	line := rest
	if word := taken.text("command"); word != "" {
		line = append([]string{word}, rest...)
	}
	for t.hasCommands(cmd) && len(line) > 0 {
		inner := t.subcommand(cmd, line[0])
		switch {
		case inner != nil:
			cmd = inner
		case line[0] == "help":
			help = true
		case strings.HasPrefix(line[0], "-"):
			return t.misused(cmd, misused("Unknown options: %s", line[0]))
		default:
			return t.misused(cmd, t.unknownCommand(cmd, line[0]))
		}
		line = line[1:]
	}
	if help || t.hasCommands(cmd) || slices.Equal(line, []string{"help"}) {
		return t.page(&globals{words: words{}}, t.help(cmd))
	}
	args, err = t.prepare(cmd, taken, line)
	if err != nil {
		return err
	}
	cmd.SetContext(ctx)
	return cmd.RunE(cmd, args)
}

// hasCommands reports whether a command is one by the commands in it alone.
func (t *Tools) hasCommands(cmd *cobra.Command) bool { return cmd == t.Root || cmd.HasSubCommands() }

// commands are the commands in another that people are told of, made or not.
func (t *Tools) commands(cmd *cobra.Command) (all []Tool) {
	if cmd == t.Root {
		for _, g := range t.Groups {
			all = append(all, g.Tools...)
		}
		return all
	}
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			all = append(all, Tool{Name: c.Name(), Short: c.Short})
		}
	}
	return all
}

// subcommand is the command of a name in another; nil: there is none.
func (t *Tools) subcommand(cmd *cobra.Command, name string) *cobra.Command {
	for _, c := range cmd.Commands() {
		if c.Name() == name {
			return c
		}
	}
	if cmd != t.Root {
		return nil
	}
	for _, tool := range t.commands(cmd) {
		if tool.Name == name {
			return t.make(tool)
		}
	}
	return nil
}

// make makes a command and puts it into the program.
func (t *Tools) make(tool Tool) *cobra.Command {
	c := tool.Make()
	c.Short = tool.Short
	t.Root.AddCommand(c)
	if t.Made != nil {
		t.Made(c)
	}
	return c
}

// unknownCommand refuses a word and names the commands that look like it.
func (t *Tools) unknownCommand(cmd *cobra.Command, word string) error {
	var names []string
	for _, c := range t.commands(cmd) {
		names = append(names, c.Name)
	}
	if cmd == t.Root {
		names = append(append(names, t.serviceNames()...), "configure")
	}
	message := fmt.Sprintf("unknown command %q", word)
	if close := closeMatches(word, names); len(close) > 0 {
		message += "\nMaybe you meant: " + strings.Join(close, ", ")
	}
	return misused("%s", message)
}

// unknownOptions refuses words, and names the options that look like the first of them.
func unknownOptions(words []string, known []option) error {
	var names []string
	for _, o := range known {
		if !o.hidden {
			names = append(names, o.name)
		}
	}
	message := "Unknown options: " + strings.Join(words, ", ")
	name, _, _ := strings.Cut(words[0], "=")
	if close := closeMatches(name, names); len(close) > 0 {
		message += "\nMaybe you meant: " + strings.Join(close, ", ")
	}
	return misused("%s", message)
}

// A misuse is a mistake in how a command was written.
type misuse struct {
	error
	command string
}

func (m misuse) Unwrap() error { return m.error }

// Error says where help is, too.
func (m misuse) Error() string {
	return fmt.Sprintf("%s\nSee '%s help'", strings.TrimSpace(m.error.Error()), m.command)
}

func (t *Tools) misused(cmd *cobra.Command, err error) error { return misuse{err, cmd.CommandPath()} }

// Misused reports whether an error of [Tools.Run] is a mistake in how the command was written.
func Misused(err error) bool {
	var m misuse
	return errors.As(err, &m)
}

// prepare sets the flags of a command and how its result is printed, and returns its arguments.
func (t *Tools) prepare(cmd *cobra.Command, global words, line []string) (args []string, err error) {
	p := pass{options: flagOptions(cmd.Flags())}
	taken, rest, err := p.parse(line)
	if err != nil {
		return nil, t.misused(cmd, err)
	}
	var unknown []string
	for i, word := range rest {
		if word == "--" {
			args = append(args, rest[i+1:]...)
			break
		}
		if _, isOption, _ := p.match(word); isOption {
			unknown = append(unknown, word)
		} else {
			args = append(args, word)
		}
	}
	_, plain := cmd.Annotations[Plain]
	for _, dest := range []string{"output", "query", "color"} {
		if _, ok := global[dest]; ok && plain {
			unknown = append(unknown, "--"+dest)
		}
	}
	if len(unknown) > 0 {
		return nil, t.misused(cmd, unknownOptions(unknown, slices.Concat(p.options, optionsBeside(cmd))))
	}
	for name, value := range taken {
		if err := setFlag(cmd.Flags(), name, value); err != nil {
			return nil, t.misused(cmd, misused("argument --%s: %v", name, err))
		}
	}
	if cmd.Args != nil {
		if err := cmd.Args(cmd, args); err != nil {
			return nil, t.misused(cmd, err)
		}
	}
	if cmd.PreRunE != nil {
		if err := cmd.PreRunE(cmd, args); err != nil {
			return nil, err
		}
	}
	if plain {
		return args, nil
	}
	g, err := global.resolve()
	if err != nil {
		return nil, t.misused(cmd, err)
	}
	*t.Results = Results{command: t.Command, format: cmp.Or(g.text("output"), t.Output), query: g.query, color: g.text("color")}
	switch format := t.Results.format; {
	case format == "" && g.query != nil:
		t.Results.format = "json"
	case format != "" && !slices.Contains(formats, format):
		return nil, t.misused(cmd, misused("Unknown output type: %s", format))
	}
	return args, nil
}

// flagOptions are the options that flags are. A switch that is on when left out has one that
// switches it off.
func flagOptions(flags *pflag.FlagSet) []option {
	var all []option
	flags.VisitAll(func(f *pflag.Flag) {
		metavar, doc := pflag.UnquoteUsage(f)
		o := option{name: "--" + f.Name, dest: f.Name, metavar: metavar, doc: sentence(f, doc), hidden: f.Hidden}
		if s := f.Annotations[Section]; len(s) > 0 {
			o.section = s[0]
		}
		switch f.Value.Type() {
		case "bool":
			o.arity, o.value, o.told = none, true, true
		case "stringSlice", "stringToString":
			o.repeats = true
		}
		all = append(all, o)
		if f.Shorthand != "" {
			o.name, o.hidden = "-"+f.Shorthand, true
			all = append(all, o)
		}
		if o.arity == none && f.DefValue == "true" {
			o.name, o.value, o.hidden = "--no-"+f.Name, false, true
			all = append(all, o)
		}
	})
	return all
}

// sentence says what a flag is, what it is when left out, and its environment variable.
func sentence(f *pflag.Flag, doc string) string {
	text := strings.ToUpper(doc[:1]) + doc[1:] + "."
	if d := f.DefValue; d != "" && d != "false" && d != "0" && d != "0s" && d != "[]" && !strings.Contains(doc, "default") {
		if d == "true" {
			d = "on; --no-" + f.Name + " switches it off"
		}
		if f.Value.Type() == "duration" {
			d = strings.Replace(strings.Replace(d, "m0s", "m", 1), "h0m", "h", 1)
		}
		text += " Default: " + strings.Trim(d, "[]") + "."
	}
	if v := f.Annotations[Variable]; len(v) > 0 {
		text += " Environment: " + v[0] + "."
	}
	return text
}

// setFlag gives a flag the value that a pass took.
func setFlag(flags *pflag.FlagSet, name string, value any) error {
	list, ok := value.([]string)
	if !ok {
		list = []string{fmt.Sprint(value)}
	}
	for _, text := range list {
		if err := flags.Lookup(name).Value.Set(text); err != nil {
			wanted := map[string]string{"duration": "no time, such as 90s, 15m or 24h", "int": "no whole number", "int64": "no whole number"}
			if said := wanted[flags.Lookup(name).Value.Type()]; said != "" {
				return fmt.Errorf("%s is %s", quoteText(text), said)
			}
			return fmt.Errorf("invalid value %s: %w", quoteText(text), err)
		}
	}
	flags.Lookup(name).Changed = true
	return nil
}
