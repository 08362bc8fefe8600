package cli

import (
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// Complete returns what may stand in place of the last, unfinished word of a command line,
// each with a description behind a tab. files tells that a path may too.
func (c *Command) Complete(args []string, word string) (suggestions []string, files bool) {
	add := func(name, doc string) {
		if strings.HasPrefix(name, word) {
			suggestions = append(suggestions, name+"\t"+firstSentence(doc))
		}
	}
	p := pass{options: globalOptions(), word: "command", wordOptional: true}
	known := p.options
	taken, rest, err := p.parse(args)
	if err != nil && !strings.HasSuffix(err.Error(), "expected one argument") {
		return nil, false
	}
	i := slices.Index(c.serviceNames(), taken.text("command"))
	if err != nil && i < 0 {
		i = slices.IndexFunc(c.Services, func(s *api.Service) bool { return slices.Contains(args, s.Name) })
	}
	switch {
	case taken.text("command") == "configure":
		known = append(known, configureOptions()...)
	case i < 0:
		for _, s := range c.Services {
			add(s.Name, s.Doc)
		}
		return suggestions, false
	default:
		s := c.Services[i]
		var op *api.Operation
		for _, arg := range append(rest, args...) {
			if found := operation(s, arg); found != nil {
				op = found
				break
			}
		}
		if op == nil && !strings.HasPrefix(word, "-") {
			for _, op := range s.Operations {
				add(dashed(op.Name), op.Doc)
			}
			add("help", "Show help.")
		}
		if op != nil {
			known = append(operationOptions(op), known...)
		}
	}
	if o, value := awaited(known, args, word); o != nil {
		return o.completions(value), len(o.choices) == 0
	}
	if strings.HasPrefix(word, "-") {
		for _, o := range known {
			if !o.hidden && !slices.Contains(args, o.name) {
				add(o.name, o.doc)
			}
		}
	}
	return suggestions, false
}

// awaited is the option whose value the unfinished word is, in the word or before it, with what
// there is of the value; nil: the word is no value.
func awaited(known []option, args []string, word string) (*option, string) {
	name, value, attached := strings.Cut(word, "=")
	if !attached || !strings.HasPrefix(word, "-") {
		if len(args) == 0 {
			return nil, ""
		}
		name, value = args[len(args)-1], word
	}
	for i := range known {
		if o := &known[i]; o.name == name && (o.arity == one || o.arity == optional) {
			return o, value
		}
	}
	return nil, ""
}

// completions are the values of an option that begin as value does.
func (o *option) completions(value string) (suggestions []string) {
	for _, choice := range o.choices {
		if strings.HasPrefix(choice, value) {
			suggestions = append(suggestions, choice+"\t")
		}
	}
	return suggestions
}
