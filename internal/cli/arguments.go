package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The command line is read in three passes, as by AWS's: the first takes the options of all
// commands and the service, the second the operation, the third the operation's options.
// Each leaves what it does not know to the next.

// arity is how many words an option takes.
type arity uint8

const (
	one arity = iota
	// none: it is a switch.
	none
	// optionally one.
	optional
	// many: all words up to the next option, even none.
	many
)

// An option is one that a pass knows.
type option struct {
	// name is with its dashes.
	name  string
	arity arity
	// dest is what the value is kept under; options may share one.
	dest string
	// value is that of a switch, or of an option whose optional word is missing.
	value any
	// choices are the only words allowed; empty: any.
	choices []string
	// integer: the word must be one.
	integer bool
	// told: a switch may be told =true or =false.
	told bool
	// repeats: each use adds a word to a list, and does not take the place of the last.
	repeats  bool
	required bool
	// hidden options are not in help and completion.
	hidden bool
	// listed: who chooses something else is told the choices.
	listed bool
	// metavar, doc and section, the title that it stands under, are for help.
	metavar, doc, section string
}

// A pass is a set of options and at most one word that is no option.
type pass struct {
	options []option
	// word names it in messages; empty: there is none. dest "help" is the one that need not
	// be there.
	word    string
	choices []string
	// wordOptional: the word may be missing.
	wordOptional bool
}

// words are what a pass took: of each dest a string, a bool, a *big.Int or a []string.
type words map[string]any

func (w words) text(dest string) string {
	s, _ := w[dest].(string)
	return s
}

func (w words) is(dest string) bool {
	b, _ := w[dest].(bool)
	return b
}

// A match is an argument that is an option, or looks like one: then option is nil.
type match struct {
	option *option
	// attached is the value behind "=", if has.
	attached string
	has      bool
}

// parse takes the options and the word out of args and returns the rest.
func (p *pass) parse(args []string) (words, []string, error) {
	matches := make(map[int]match)
	last := -1
	for i, arg := range args {
		if arg == "--" {
			break
		}
		m, ok, err := p.match(arg)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			matches[i] = m
			last = i
		}
	}
	var rest []string
	taken := words{}
	wanted := p.word != ""
	// positional takes the word at i, which is no option.
	positional := func(i int) (int, error) {
		if !wanted {
			return i, nil
		}
		if i < len(args) && args[i] == "--" && i+1 < len(args) {
			i++
		}
		if _, isOption := matches[i]; i >= len(args) || isOption || args[i] == "--" {
			if p.wordOptional {
				wanted = false
			}
			return i, nil
		}
		wanted = false
		if len(p.choices) > 0 && !slices.Contains(p.choices, args[i]) {
			return i, badChoice("argument "+p.word, args[i], p.choices)
		}
		taken[p.word] = args[i]
		return i + 1, nil
	}
	i := 0
	for i <= last {
		m, ok := matches[i]
		if !ok {
			next, err := positional(i)
			if err != nil {
				return nil, nil, err
			}
			if next == i {
				rest = append(rest, args[i])
				next++
			}
			for _, ok := matches[next]; next <= last && !ok; _, ok = matches[next] {
				rest = append(rest, args[next])
				next++
			}
			i = next
			continue
		}
		if m.option == nil {
			rest = append(rest, args[i])
			i++
			continue
		}
		values := args[i+1 : i+1]
		if m.has {
			values = []string{m.attached}
		} else {
			for j := i + 1; j < len(args) && m.option.takes(len(values)); j++ {
				if _, isOption := matches[j]; isOption || args[j] == "--" {
					break
				}
				values = args[i+1 : j+1]
			}
		}
		if err := m.option.store(taken, values, m.has); err != nil {
			return nil, nil, err
		}
		i++
		if !m.has {
			i += len(values)
		}
	}
	tail, err := positional(i)
	if err != nil {
		return nil, nil, err
	}
	rest = append(rest, args[tail:]...)
	return taken, rest, p.complete(taken)
}

// takes reports whether an option that has n words takes another.
func (o *option) takes(n int) bool {
	switch o.arity {
	case one, optional:
		return n == 0
	case many:
		return true
	}
	return false
}

// match tells whether arg is an option, by its whole name or by a beginning that no other
// has. A number below zero is none, and neither is anything with a space in it.
func (p *pass) match(arg string) (match, bool, error) {
	if len(arg) < 2 || arg[0] != '-' {
		return match{}, false, nil
	}
	if o := p.option(arg); o != nil {
		return match{option: o}, true, nil
	}
	name, value, has := strings.Cut(arg, "=")
	if o := p.option(name); has && o != nil {
		return match{option: o, attached: value, has: true}, true, nil
	}
	if strings.HasPrefix(arg, "--") {
		var found []*option
		for i := range p.options {
			if strings.HasPrefix(p.options[i].name, name) {
				found = append(found, &p.options[i])
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return match{option: found[0], attached: value, has: has}, true, nil
		default:
			names := make([]string, len(found))
			for i, o := range found {
				names[i] = o.name
			}
			return match{}, false, misused("ambiguous option: %s could match %s", arg, strings.Join(names, ", "))
		}
	}
	if negativeNumber(arg) || strings.Contains(arg, " ") {
		return match{}, false, nil
	}
	return match{}, true, nil
}

func (p *pass) option(name string) *option {
	for i := range p.options {
		if p.options[i].name == name {
			return &p.options[i]
		}
	}
	return nil
}

// negativeNumber reports whether arg is -digits or -digits.digits.
func negativeNumber(arg string) bool {
	whole, fraction, point := strings.Cut(arg[1:], ".")
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	if !digits(whole) || !digits(fraction) {
		return false
	}
	return !point && whole != "" || point && fraction != ""
}

// store keeps the words of an option.
func (o *option) store(taken words, values []string, attached bool) error {
	switch {
	case o.arity == none && attached && o.told:
		on, err := strconv.ParseBool(values[0])
		if err != nil {
			return misused("argument %s: %s is neither true nor false", o.name, quoteText(values[0]))
		}
		taken[o.dest] = on == o.value
		return nil
	case o.arity == none && attached:
		return misused("argument %s: ignored explicit argument %s", o.name, quoteText(values[0]))
	case o.arity == none:
		taken[o.dest] = o.value
		return nil
	case o.arity == many:
		taken[o.dest] = slices.Clone(values)
		return nil
	case len(values) == 0 && o.arity == optional:
		taken[o.dest] = o.value
		return nil
	case len(values) == 0:
		return misused("argument %s: expected one argument", o.name)
	}
	if len(o.choices) > 0 && !slices.Contains(o.choices, values[0]) {
		if o.listed {
			return misused("argument %s: %s is none of %s", o.name, quoteText(values[0]), strings.Join(o.choices, ", "))
		}
		return badChoice("argument "+o.name, values[0], o.choices)
	}
	if o.integer {
		n, err := parseInt(values[0])
		if err != nil {
			return misused("argument %s: invalid int value: %s", o.name, quoteText(values[0]))
		}
		taken[o.dest] = n
		return nil
	}
	if o.repeats {
		list, _ := taken[o.dest].([]string)
		taken[o.dest] = append(list, values[0])
		return nil
	}
	taken[o.dest] = values[0]
	return nil
}

// complete checks that nothing required is missing.
func (p *pass) complete(taken words) error {
	var missing []string
	for i := range p.options {
		o := &p.options[i]
		if _, ok := taken[o.dest]; o.required && !ok {
			missing = append(missing, o.name)
		}
	}
	if _, ok := taken[p.word]; p.word != "" && !p.wordOptional && !ok {
		missing = append(missing, p.word)
	}
	if len(missing) > 0 {
		return misused("the following arguments are required: %s", strings.Join(missing, ", "))
	}
	return nil
}

// badChoice refuses a word and names those that look like it.
func badChoice(where, word string, choices []string) error {
	message := fmt.Sprintf("%s: Found invalid choice %s\n", where, quoteText(word))
	if close := closeMatches(word, choices); len(close) > 0 {
		message += "\nMaybe you meant:\n"
		for _, c := range close {
			message += "\n  * " + c
		}
	}
	return misused("%s", message)
}

// closeMatches returns the at most three choices that are most like word, best first.
func closeMatches(word string, choices []string) []string {
	type scored struct {
		choice string
		score  float64
	}
	var found []scored
	for _, c := range choices {
		if score := likeness(c, word); score >= 0.8 {
			found = append(found, scored{c, score})
		}
	}
	slices.SortFunc(found, func(a, b scored) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return strings.Compare(b.choice, a.choice)
	})
	var out []string
	for _, f := range found[:min(3, len(found))] {
		out = append(out, f.choice)
	}
	return out
}

// likeness is twice the characters that a and b have in common, in blocks, over those
// that they have together: the ratio of Ratcliff and Obershelp.
func likeness(a, b string) float64 {
	if len(a)+len(b) == 0 {
		return 1
	}
	return 2 * float64(common(a, b)) / float64(len(a)+len(b))
}

func common(a, b string) int {
	best, atA, atB := 0, 0, 0
	lengths := make([]int, len(b)+1)
	for i := range len(a) {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] != b[j] {
				lengths[j+1] = 0
				continue
			}
			lengths[j+1] = lengths[j] + 1
			if n := lengths[j+1]; n > best || n == best && (i-n+1 < atA || i-n+1 == atA && j-n+1 < atB) {
				best, atA, atB = n, i-n+1, j-n+1
			}
		}
	}
	if best == 0 {
		return 0
	}
	return best + common(a[:atA], b[:atB]) + common(a[atA+best:], b[atB+best:])
}
