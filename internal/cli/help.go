package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// helpWidth is the width of help, in columns.
const helpWidth = 80

// page shows text in the pager. Help needs no configuration: without a readable one it is
// shown all the same.
func (c *Command) page(g *globals, text string) error {
	s, err := c.configuration(g)
	if err != nil {
		s = &settings{Command: c, globals: g, scoped: map[string]string{}}
	}
	return c.paged(s, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// A manual is a page of help.
type manual struct{ strings.Builder }

func (m *manual) section(title string) { m.WriteString("\n" + title + "\n") }

// paragraph writes text, folded, behind indent.
func (m *manual) paragraph(indent int, text string) {
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			m.WriteString(strings.Repeat(" ", indent))
			column = indent
		case column+1+utf8.RuneCountInString(word) > helpWidth:
			m.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			m.WriteString(" ")
			column++
		}
		m.WriteString(word)
		column += utf8.RuneCountInString(word)
	}
	m.WriteString("\n")
}

// entry writes a name behind indent, and what it is at column.
func (m *manual) entry(indent, column int, name, text string) {
	var p manual
	p.paragraph(column, text)
	described := strings.Repeat(" ", indent) + name
	if len(described) < column-1 {
		m.WriteString(described + p.String()[len(described):])
	} else {
		m.WriteString(described + "\n" + p.String())
	}
}

func (m *manual) lines(indent int, text string) {
	for line := range strings.Lines(text) {
		m.WriteString(strings.Repeat(" ", indent) + line)
	}
	m.WriteString("\n")
}

func (m *manual) name(name, doc string) {
	m.WriteString("NAME\n")
	m.paragraph(7, name+" - "+doc)
}

func (c *Command) helpProgram() string {
	var m manual
	m.name(c.Name, "calls the services of Poolkeeper, or of AWS.")
	m.section("SYNOPSIS")
	m.lines(10, c.Name+" [options] <command> <subcommand> [parameters]")
	m.paragraph(7, fmt.Sprintf("Use %s <command> help for the subcommands of a command.", c.Name))
	m.globals()
	m.section("AVAILABLE COMMANDS")
	for _, s := range c.Services {
		m.lines(7, s.Name)
		m.paragraph(10, s.Doc)
	}
	m.lines(7, "configure")
	m.paragraph(10, "Write a profile: endpoint, region and key, so that commands need no options.")
	return m.String()
}

func (c *Command) helpService(s *api.Service) string {
	var m manual
	m.name(s.Name, s.Doc)
	m.section("DESCRIPTION")
	where := "Calls go where --endpoint-url, the variable AWS_ENDPOINT_URL or the profile says"
	if ofAWS(s.Name) {
		where += ", or else to AWS"
	}
	m.paragraph(7, where+fmt.Sprintf(". The profile is what %s configure writes.", c.Name))
	m.section("SYNOPSIS")
	m.lines(7, c.Name+" "+s.Name+" <command> [parameters]")
	m.paragraph(7, fmt.Sprintf("Use %s %s <command> help for the parameters of one.", c.Name, s.Name))
	m.section("AVAILABLE COMMANDS")
	for _, op := range s.Operations {
		m.lines(7, dashed(op.Name))
		m.paragraph(10, op.Doc)
	}
	return m.String()
}

func (c *Command) helpOperation(s *api.Service, op *api.Operation) string {
	var m manual
	m.name(dashed(op.Name), firstSentence(op.Doc))
	m.section("DESCRIPTION")
	m.paragraph(7, op.Doc)
	if op.Public {
		m.paragraph(7, "The request is not signed: no credentials are needed.")
	}
	if p := op.Paging; p != nil && p.Paginated {
		m.paragraph(7, fmt.Sprintf("All pages are fetched, unless --no-paginate or --%s is given. With --output text, --query sees one page at a time.", dashed(p.Limit)))
	}
	m.section("SYNOPSIS")
	m.lines(7, dashed(op.Name))
	options := operationOptions(op)
	for i := 0; i < len(options); i++ {
		o := options[i]
		switch {
		case o.hidden:
		case o.dest == "cli-input-json":
			m.lines(7, "[--cli-input-json <value> | --cli-input-yaml <value>]")
			i++
		case o.arity == none:
			text := o.name + " | " + options[i+1].name
			if member := op.Input.Member(o.dest); member == nil || !member.Required {
				text = "[" + text + "]"
			}
			m.lines(7, text)
			i++
		case o.required:
			m.lines(7, o.name+" <value>")
		default:
			m.lines(7, "["+o.name+" <value>]")
		}
	}
	for _, o := range globalOptions() {
		if !o.hidden {
			m.lines(7, "["+o.synopsis()+"]")
		}
	}
	m.section("OPTIONS")
	for _, o := range options {
		if !o.hidden {
			m.option(op, o)
		}
	}
	m.globals()
	m.section("EXAMPLES")
	m.example(c.Name, s, op)
	m.section("OUTPUT")
	if op.Output == nil || len(op.Output.Members) == 0 {
		m.paragraph(7, "None.")
	} else {
		m.members(7, op.Output)
	}
	return m.String()
}

func (o *option) synopsis() string {
	if o.arity == none {
		return o.name
	}
	return o.name + " <" + o.metavar + ">"
}

func (m *manual) globals() {
	m.section("GLOBAL OPTIONS")
	m.options(globalOptions())
}

// kindName is how help calls a type.
func kindName(s *api.Shape) string {
	return [...]string{"", "string", "integer", "long", "boolean", "timestamp", "blob", "list", "map", "structure"}[s.Kind]
}

// bounds says what values the shape allows.
func bounds(s *api.Shape) string {
	var parts []string
	if s.Min != 0 {
		parts = append(parts, fmt.Sprintf("min: %d", s.Min))
	}
	if s.Max != 0 {
		parts = append(parts, fmt.Sprintf("max: %d", s.Max))
	}
	if s.Pattern != "" {
		parts = append(parts, "pattern: "+s.Pattern)
	}
	if len(s.Enum) > 0 {
		parts = append(parts, "one of: "+strings.Join(s.Enum, ", "))
	}
	return strings.Join(parts, "; ")
}

func (m *manual) option(op *api.Operation, o option) {
	member := op.Input.Member(o.dest)
	if member == nil {
		kind := "string"
		if o.integer {
			kind = "integer"
		}
		m.lines(7, o.name+" ("+kind+")")
		m.paragraph(10, o.doc)
		return
	}
	head := o.name + " (" + kindName(member.Shape) + ")"
	if member.Required {
		head += " [required]"
	}
	m.lines(7, head)
	m.paragraph(10, member.Doc)
	if b := bounds(member.Shape); b != "" {
		m.paragraph(10, "Constraints: "+b)
	}
	if complex(member.Shape) {
		m.paragraph(10, "Shorthand Syntax:")
		m.lines(14, shorthandSyntax(member.Shape, true))
	}
	if member.Shape.Kind == api.List && !complex(member.Shape) {
		m.paragraph(10, "Syntax:")
		m.lines(14, `"string" "string" ...`)
	}
	if complex(member.Shape) {
		m.paragraph(10, "JSON Syntax:")
		m.lines(14, printedJSON.encode(sample(member.Shape, "", false)))
	}
}

// shorthandSyntax shows how values of a shape are written in shorthand.
func shorthandSyntax(s *api.Shape, top bool) string {
	switch s.Kind {
	case api.Structure:
		parts := make([]string, len(s.Members))
		for i := range s.Members {
			parts[i] = s.Members[i].Name + "=" + shorthandSyntax(s.Members[i].Shape, false)
		}
		text := strings.Join(parts, ",")
		if !top {
			text = "{" + text + "}"
		}
		return text
	case api.Map:
		value := shorthandSyntax(s.Elem, false)
		text := "KeyName1=" + value + ",KeyName2=" + value
		if !top {
			text = "{" + text + "}"
		}
		return text
	case api.List:
		if top {
			return shorthandSyntax(s.Elem, true) + " ..."
		}
		value := shorthandSyntax(s.Elem, false)
		return "[" + value + "," + value + "]"
	}
	return kindName(s)
}

// example shows the command with what it needs.
func (m *manual) example(name string, s *api.Service, op *api.Operation) {
	line := name + " " + s.Name + " " + dashed(op.Name)
	for i := range op.Input.Members {
		member := &op.Input.Members[i]
		if !member.Required {
			continue
		}
		line += " \\\n    --" + dashed(member.Name)
		switch member.Shape.Kind {
		case api.Boolean:
		case api.Integer, api.Long:
			line += fmt.Sprintf(" %d", max(member.Shape.Min, 10))
		case api.Map, api.Structure:
			line += " KeyName=value"
		default:
			if len(member.Shape.Enum) > 0 {
				line += " " + member.Shape.Enum[0]
			} else {
				line += " <" + dashed(member.Name) + ">"
			}
		}
	}
	m.lines(7, line)
}

// members lists the members of a structure with what they hold.
func (m *manual) members(indent int, s *api.Shape) {
	for i := range s.Members {
		member := &s.Members[i]
		m.lines(indent, member.Name+" -> ("+kindName(member.Shape)+")")
		m.paragraph(indent+3, member.Doc)
		m.inside(indent+3, member.Shape)
	}
}

func (m *manual) inside(indent int, s *api.Shape) {
	switch s.Kind {
	case api.Structure:
		m.members(indent, s)
	case api.List, api.Map:
		if s.Elem.Kind == api.Structure || s.Elem.Kind == api.List || s.Elem.Kind == api.Map {
			m.inside(indent, s.Elem)
		}
	}
}
