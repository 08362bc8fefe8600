package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// help is the page of help of one of the program's own commands.
func (t *Tools) help(cmd *cobra.Command) string {
	var m manual
	name := strings.TrimPrefix(cmd.CommandPath(), t.Root.Name()+" ")
	m.name(name, strings.TrimSuffix(cmd.Short, ".")+".")
	if cmd.Long != "" {
		m.section("DESCRIPTION")
		for i, paragraph := range strings.Split(cmd.Long, "\n\n") {
			if i > 0 {
				m.WriteString("\n")
			}
			if strings.Contains(paragraph, "  ") {
				m.lines(7, paragraph) // it is laid out
			} else {
				m.paragraph(7, paragraph)
			}
		}
	}
	if t.hasCommands(cmd) {
		m.section("SYNOPSIS")
		m.lines(7, cmd.CommandPath()+" <command> [options]")
		m.paragraph(7, fmt.Sprintf("Use %s <command> help for one of them.", cmd.CommandPath()))
		groups := []Group{{Title: "AVAILABLE COMMANDS", Tools: t.commands(cmd)}}
		if cmd == t.Root {
			groups = slices.Insert(slices.Clone(t.Groups), 1, t.calling())
		}
		for _, g := range groups {
			m.section(g.Title)
			for _, c := range g.Tools {
				m.entry(7, 26, c.Name, strings.TrimSuffix(c.Short, ".")+".")
			}
		}
		return m.String()
	}
	m.section("SYNOPSIS")
	m.lines(7, strings.TrimSuffix(cmd.UseLine(), " [flags]")+" [options]")
	options := flagOptions(cmd.Flags())
	if len(options) > 0 {
		m.section("OPTIONS")
		m.options(options)
	}
	m.section("GLOBAL OPTIONS")
	m.options(optionsBeside(cmd))
	if cmd.Example != "" {
		m.section("EXAMPLES")
		m.lines(5, cmd.Example)
	}
	return m.String()
}

// optionsBeside are the options that a command has beside its own.
func optionsBeside(cmd *cobra.Command) []option {
	all := toolOptions()
	if _, plain := cmd.Annotations[Plain]; plain {
		all = slices.DeleteFunc(all, func(o option) bool { return o.dest == "output" || o.dest == "query" || o.dest == "color" })
	}
	return all
}

// calling are the commands that call a server.
func (t *Tools) calling() Group {
	g := Group{Title: "CALLING A SERVER, OR AWS"}
	for _, s := range t.Services {
		doc := s.Doc
		if ofAWS(s.Name) {
			doc = strings.TrimSuffix(doc, ".") + ", as AWS's command line has it"
		}
		g.Tools = append(g.Tools, Tool{Name: s.Name, Short: doc})
	}
	g.Tools = append(g.Tools, Tool{Name: "configure", Short: "Write a profile for the commands of the services: endpoint, region and key"})
	return g
}

// options writes what options are there.
func (m *manual) options(options []option) {
	section := ""
	for _, o := range options {
		if o.hidden {
			continue
		}
		if o.section != section {
			section = o.section
			m.WriteString("\n")
			m.lines(4, section)
		}
		m.lines(7, o.synopsis())
		doc := o.doc
		if len(o.choices) > 0 {
			doc += " One of: " + strings.Join(o.choices, ", ") + "."
		}
		m.paragraph(10, doc)
	}
}

// Complete returns what may stand in place of the last, unfinished word, as
// [Command.Complete] does, for all of the program's commands.
func (t *Tools) Complete(args []string, word string) (suggestions []string, files bool) {
	if t.Serves(args) {
		return t.Command.Complete(args, word)
	}
	add := func(name, doc string) {
		if strings.HasPrefix(name, word) {
			suggestions = append(suggestions, name+"\t"+firstSentence(doc))
		}
	}
	cmd := t.Root
	for _, arg := range args {
		if inner := t.subcommand(cmd, arg); inner != nil {
			cmd = inner
		}
	}
	known := append(flagOptions(cmd.Flags()), optionsBeside(cmd)...)
	if o, value := awaited(known, args, word); o != nil {
		return o.completions(value), len(o.choices) == 0
	}
	switch {
	case strings.HasPrefix(word, "-"):
		for _, o := range known {
			if !o.hidden && (o.repeats || !slices.Contains(args, o.name)) {
				add(o.name, o.doc)
			}
		}
	case t.hasCommands(cmd):
		commands := t.commands(cmd)
		if cmd == t.Root {
			commands = append(commands, t.calling().Tools...)
		}
		for _, c := range commands {
			add(c.Name, c.Short)
		}
		add("help", "Show help.")
	default:
		for _, choice := range cmd.ValidArgs {
			add(choice, "")
		}
		files = strings.Contains(cmd.Use, "FILE")
	}
	return suggestions, files
}
