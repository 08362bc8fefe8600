package cli

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A Command is the command line of services, with all that it touches of the outside.
type Command struct {
	// Name is how the program was called: it stands in messages.
	Name string
	// Version finds out that of the program.
	Version  func() string
	Services []*api.Service
	// Lookup reads the environment.
	Lookup func(string) (string, bool)
	// Environ is the environment for programs that are started.
	Environ        []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Terminal is the width of the terminal that Stdout is, or 0 when it is none.
	Terminal int
	Now      func() time.Time
	// Location is the zone that times are printed in; nil: the local one.
	Location *time.Location
	// Ask asks the person at the terminal for a word that is not shown. Without a terminal it
	// fails.
	Ask func(prompt string) (string, error)
	// Dial connects; nil: as the operating system does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A call is one command, read.
type call struct {
	*Command
	*globals
	service   *api.Service
	operation *api.Operation
	// options are those of the operation, with the words that were given.
	options words
	// input are the parameters.
	input *object
	// paging are the paging options; nil: without.
	paging *paging
	// paginate tells that pages are fetched to the last.
	paginate bool
}

// Run runs the command line args, which begin behind the program's name, and returns the
// exit code of AWS's command line: 0 done, 130 interrupted, 252 mistake in the arguments, 253
// mistake in the configuration, 254 refused by the service, 255 any other failure.
func (c *Command) Run(ctx context.Context, args []string) int {
	format, _ := c.Lookup("AWS_CLI_ERROR_FORMAT")
	err := c.run(ctx, args, &format)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(c.Stdout)
		return exitInterrupted
	}
	return c.report(err, strings.ToLower(format))
}

// Serves reports whether args are a command of one of the services, or ask for help with one,
// well written or not.
func (c *Command) Serves(args []string) bool {
	name, rest := commandOf(args)
	if name == "help" && len(rest) > 0 {
		name = rest[0]
	}
	return name == "configure" || slices.Contains(c.serviceNames(), name)
}

// commandOf returns the command of args, well written or not, and the words that are left of
// them without those that ask for help; empty: there is none.
func commandOf(args []string) (name string, rest []string) {
	args = slices.DeleteFunc(slices.Clone(args), asksHelp)
	p := pass{options: globalOptions(), word: "command", wordOptional: true}
	taken, rest, err := p.parse(args)
	for n := len(args) - 1; err != nil && n > 0; n-- {
		// The mistake is none of the words before it.
		taken, rest, err = p.parse(args[:n])
	}
	return taken.text("command"), rest
}

// asksHelp reports whether a word asks for help wherever it stands.
func asksHelp(word string) bool { return word == "--help" || word == "-h" }

// helpWith is the page of a command and what follows it.
func (c *Command) helpWith(name string, rest []string) string {
	i := slices.Index(c.serviceNames(), name)
	switch {
	case name == "configure":
		return c.helpConfigure()
	case name == "help" && len(rest) > 0:
		return c.helpWith(rest[0], rest[1:])
	case i < 0:
		return c.helpProgram()
	}
	for _, word := range rest {
		if op := operation(c.Services[i], word); op != nil {
			return c.helpOperation(c.Services[i], op)
		}
	}
	return c.helpService(c.Services[i])
}

func (c *Command) serviceNames() []string {
	names := make([]string, len(c.Services))
	for i, s := range c.Services {
		names[i] = s.Name
	}
	return names
}

// errorFormat is set as soon as it is known.
func (c *Command) run(ctx context.Context, args []string, errorFormat *string) error {
	if slices.ContainsFunc(args, asksHelp) {
		return c.page(&globals{words: words{}}, c.helpWith(commandOf(args)))
	}
	p := pass{options: globalOptions(), word: "command", choices: append(c.serviceNames(), "configure", "help")}
	if slices.Contains(args, "--version") {
		// Also without a command.
		p.wordOptional = true
	}
	taken, rest, err := p.parse(args)
	if f := taken.text("error-format"); f != "" {
		*errorFormat = f
	}
	if err != nil {
		return err
	}
	if taken.is("version") {
		fmt.Fprintln(c.Stdout, c.agent())
		return nil
	}
	g, err := taken.resolve()
	if err != nil {
		return err
	}
	switch name := taken.text("command"); name {
	case "help":
		return c.page(g, c.helpWith(name, rest))
	case "configure":
		return c.configure(g, rest)
	default:
		i := slices.Index(c.serviceNames(), name)
		return c.serve(ctx, g, c.Services[i], rest, errorFormat)
	}
}

// agent names the program as AWS's command line names itself, whose behaviour it has.
func (c *Command) agent() string { return "aws-cli/2.36.7 poolkeeper/" + c.Version() }

// serve runs a command of a service.
func (c *Command) serve(ctx context.Context, g *globals, s *api.Service, args []string, errorFormat *string) error {
	commands := make([]string, 0, len(s.Operations)+1)
	for _, op := range s.Operations {
		commands = append(commands, dashed(op.Name))
	}
	p := pass{word: "operation", choices: append(commands, "help")}
	taken, rest, err := p.parse(args)
	if err != nil {
		return err
	}
	if taken.text("operation") == "help" {
		return c.page(g, c.helpService(s))
	}
	call := &call{Command: c, globals: g, service: s, operation: s.Operations[slices.Index(commands, taken.text("operation"))], paginate: !g.is("no-paginate")}
	if call.operation.Paging == nil || !call.operation.Paging.Paginated {
		call.paginate = false
	}
	if slices.Equal(rest, []string{"help"}) {
		return c.page(g, c.helpOperation(s, call.operation))
	}
	if err := call.parse(rest); err != nil {
		return err
	}
	if call.options.text("help") == "help" {
		return c.page(g, c.helpOperation(s, call.operation))
	}
	return call.run(ctx, errorFormat)
}

// parse reads the options of the operation.
func (c *call) parse(args []string) error {
	p := pass{options: operationOptions(c.operation), word: "help", wordOptional: true}
	if waived(args) {
		for i := range p.options {
			p.options[i].required = false
		}
	}
	taken, rest, err := p.parse(args)
	if err != nil {
		return err
	}
	if word := taken.text("help"); word != "" && word != "help" {
		rest = append(rest, word)
	}
	if len(rest) > 0 {
		return &failure{code: exitArguments, message: "Unknown options: " + strings.Join(rest, ", "), usage: usageBefore}
	}
	c.options = taken
	return c.choosePaging()
}

// waived reports whether the arguments need not have the required options.
func waived(args []string) bool {
	if slices.Contains(args, "--cli-input-json") || slices.Contains(args, "--cli-input-yaml") {
		return true
	}
	i := slices.Index(args, "--generate-cli-skeleton")
	return i >= 0 && !(i+1 < len(args) && args[i+1] == "output")
}

// operationOptions are the options of an operation, in the order of its members.
func operationOptions(op *api.Operation) []option {
	var all []option
	pages := op.Paging != nil && op.Paging.Paginated
	for i := range op.Input.Members {
		m := &op.Input.Members[i]
		name := "--" + dashed(m.Name)
		o := option{name: name, dest: m.Name, required: m.Required, metavar: "value", doc: m.Doc}
		o.hidden = pages && (m.Name == op.Paging.Token || m.Name == op.Paging.Limit)
		switch m.Shape.Kind {
		case api.Boolean:
			o.arity, o.value, o.required = none, true, false
			all = append(all, o)
			o.name, o.value = "--no-"+name[2:], false
		case api.List:
			o.arity = many
		case api.Long:
			o.integer = true
		}
		all = append(all, o)
	}
	all = append(all,
		option{name: "--cli-input-json", dest: "cli-input-json", metavar: "value", doc: "Parameters as one JSON object, as --generate-cli-skeleton prints it. Options override its members."},
		option{name: "--cli-input-yaml", dest: "cli-input-yaml", metavar: "value", doc: "The same as YAML, as --generate-cli-skeleton yaml-input prints it."})
	if pages {
		for _, o := range []option{
			{name: "--starting-token", dest: "starting-token", metavar: "value", doc: "Where to go on: the NextToken that an earlier command printed."},
			{name: "--page-size", dest: "page-size", integer: true, metavar: "value", doc: "How many items to ask for in one call."},
			{name: "--max-items", dest: "max-items", integer: true, metavar: "value", doc: "How many items to print at most. More left: a NextToken is printed for --starting-token."},
		} {
			if i := slices.IndexFunc(all, func(other option) bool { return other.name == o.name }); i >= 0 {
				all[i] = o
			} else {
				all = append(all, o)
			}
		}
	}
	return append(all, option{
		name: "--generate-cli-skeleton", arity: optional, dest: "generate-cli-skeleton", value: "input",
		choices: []string{"input", "output", "yaml-input"}, metavar: "value",
		doc: "Send nothing. input: print parameters to fill in, for --cli-input-json; yaml-input: the same for --cli-input-yaml; output: check the parameters and print what an answer looks like.",
	})
}

// run makes the call and prints the answer.
func (c *call) run(ctx context.Context, errorFormat *string) error {
	if err := c.readInput(); err != nil {
		return err
	}
	skeleton := c.options.text("generate-cli-skeleton")
	switch skeleton {
	case "input":
		_, err := fmt.Fprintln(c.Stdout, skeletonJSON.encode(sample(c.operation.Input, "", false)))
		return err
	case "yaml-input":
		_, err := io.WriteString(c.Stdout, yamlSkeleton(c.operation.Input))
		return err
	}
	c.keepPaging()
	settings, err := c.configuration(c.globals)
	if err != nil {
		return err
	}
	if *errorFormat == "" {
		*errorFormat = settings.get("cli_error_format")
	}
	caller, err := c.caller(settings)
	if err != nil {
		return err
	}
	if err := c.validate(); err != nil {
		return err
	}
	out := &printer{call: c, settings: settings}
	if skeleton == "output" {
		answer := newObject()
		if c.operation.Output != nil {
			answer = sample(c.operation.Output, "", true).(*object)
		}
		return out.print(answer)
	}
	if c.paginate {
		return c.pages(ctx, caller, out)
	}
	answer, err := caller.call(ctx, c.operation, c.input)
	if err != nil {
		return err
	}
	return out.print(answer)
}

// given is the value of an option that is a number.
func (w words) number(dest string) *big.Int {
	n, _ := w[dest].(*big.Int)
	return n
}
