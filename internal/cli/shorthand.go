package cli

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// parseShorthand reads name=value,name=value as AWS's command line does, into an object.
// load, if not nil, reads the file that a value after @= names.
//
//	parameter = keyval *( "," keyval )
//	keyval    = key [ "@" ] "=" ( list / hash / csv )
//	list      = "[" [ value *( "," value ) ] "]"
//	hash      = "{" [ key [ "@" ] "=" value *( "," … ) ] "}"
//	csv       = first *( "," second )        more than one: a list
//
// White space may stand around "=" and ",".
func parseShorthand(text string, load func(string) (any, error)) (*object, error) {
	p := shorthand{text: characters(text), load: load}
	return p.parameter()
}

// strayByte and what follows it stand for bytes that are no UTF-8, which must stay what they
// are: no text has half a surrogate pair.
const strayByte rune = 0xdc00

// characters splits a text; textOf joins what it has split.
func characters(text string) []rune {
	all := make([]rune, 0, len(text))
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") {
			r = strayByte + rune(text[i])
		}
		all = append(all, r)
	}
	return all
}

func textOf(all []rune) string {
	var b strings.Builder
	for _, r := range all {
		if in(r, strayByte, strayByte+0xff) {
			b.WriteByte(byte(r - strayByte))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

type shorthand struct {
	text []rune
	at   int
	load func(string) (any, error)
	// depth is how many lists and hashes are open.
	depth int
}

// A shorthandError shows where a text stops to be shorthand. Its message is made when it is
// asked for: many are caught where another reading is tried.
type shorthandError struct {
	// format has a place for the marked text.
	format string
	text   []rune
	at     int
}

// Error shows the text with a caret below the place.
func (e *shorthandError) Error() string {
	at := min(e.at, len(e.text))
	consumed, rest, spaces := e.text, []rune(nil), at
	if i := lastIndex(e.text[:at], '\n'); i >= 0 {
		spaces = at - i - 1
	}
	if i := slices.Index(e.text[at:], '\n'); i >= 0 {
		consumed, rest = e.text[:at+i], e.text[at+i:]
	}
	return strings.Replace(e.format, "%TEXT", textOf(consumed)+"\n"+strings.Repeat(" ", spaces)+"^"+textOf(rest), 1)
}

func lastIndex(text []rune, r rune) int {
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == r {
			return i
		}
	}
	return -1
}

func (p *shorthand) expected(what, got string) error {
	return &shorthandError{fmt.Sprintf("Expected: '%s', received: '%s' for input:\n %%TEXT", what, got), p.text, p.at}
}

// end is what current returns behind the text. No character has this value.
const end rune = -1

func (p *shorthand) current() rune {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return end
}

func (p *shorthand) space() {
	for p.at < len(p.text) && strings.ContainsRune(" \t\n\r\v\f", p.text[p.at]) {
		p.at++
	}
}

func (p *shorthand) expect(r rune) error {
	switch got := p.current(); got {
	case r:
		p.at++
		return nil
	case end:
		return p.expected(string(r), "EOF")
	default:
		return p.expected(string(r), string(got))
	}
}

// expectSpaced takes r and the white space around it.
func (p *shorthand) expectSpaced(r rune) error {
	p.space()
	if err := p.expect(r); err != nil {
		return err
	}
	p.space()
	return nil
}

func (p *shorthand) parameter() (*object, error) {
	params := newObject()
	last := 0
	for first := true; first || p.at < len(p.text); first = false {
		if !first {
			if err := p.expectSpaced(','); err != nil {
				return nil, err
			}
		}
		name := p.key()
		v, err := p.assigned(p.values)
		if err != nil {
			return nil, err
		}
		if _, ok := params.get(name); ok {
			return nil, &shorthandError{fmt.Sprintf("Second instance of key %q encountered for input:\n%%TEXT\n"+
				`This is often because there is a preceding "," instead of a space.`, name), p.text, last + 1}
		}
		params.set(name, v)
		last = p.at
	}
	return params, nil
}

func (p *shorthand) key() string {
	start := p.at
	for p.at < len(p.text) && keyRune(p.text[p.at]) {
		p.at++
	}
	return string(p.text[start:p.at])
}

func keyRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.#/:", r)
}

// assigned reads "=" or "@=" and what value reads behind it.
func (p *shorthand) assigned(value func() (any, error)) (any, error) {
	p.space()
	file := false
	if p.load != nil && p.current() == '@' {
		file = true
		p.at++
	}
	if err := p.expectSpaced('='); err != nil {
		return nil, err
	}
	v, err := value()
	if err != nil || !file {
		return v, err
	}
	return p.loaded(v)
}

// loaded replaces the names of files in v by their content.
func (p *shorthand) loaded(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return p.load(v)
	case []any:
		for i := range v {
			var err error
			if v[i], err = p.loaded(v[i]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func (p *shorthand) values() (any, error) {
	if p.current() == end {
		return "", nil
	}
	return p.nested(p.csv)
}

// nested reads a list or a hash, or else what other reads.
func (p *shorthand) nested(other func() (any, error)) (any, error) {
	var read func() (any, error)
	switch p.current() {
	case '[':
		read = p.list
	case '{':
		read = p.hash
	default:
		return other()
	}
	if p.depth++; p.depth > maxNesting {
		return nil, &shorthandError{"Nested too deep in:\n%TEXT", p.text, p.at}
	}
	defer func() { p.depth-- }()
	return read()
}

func (p *shorthand) csv() (any, error) {
	first, err := p.first()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.current() != ',' {
		return first, nil
	}
	if err := p.expectSpaced(','); err != nil {
		return nil, err
	}
	list := []any{first}
	for {
		v, err := p.second()
		if err == nil {
			p.space()
			if p.current() == end {
				list = append(list, v)
				break
			}
			err = p.expectSpaced(',')
		}
		if err != nil {
			if p.current() == end {
				return nil, err
			}
			// What looked like the next value is the next name: back to the comma.
			for p.at > 0 && p.text[p.at] != ',' {
				p.at--
			}
			break
		}
		list = append(list, v)
	}
	if len(list) == 1 {
		return first, nil
	}
	return list, nil
}

func (p *shorthand) list() (any, error) {
	if err := p.expectSpaced('['); err != nil {
		return nil, err
	}
	list := []any{}
	for p.current() != ']' {
		v, err := p.nested(p.first)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if err := p.separator(']'); err != nil {
			return nil, err
		}
	}
	return list, p.expect(']')
}

func (p *shorthand) hash() (any, error) {
	if err := p.expectSpaced('{'); err != nil {
		return nil, err
	}
	hash := newObject()
	for p.current() != '}' {
		name := p.key()
		v, err := p.assigned(func() (any, error) { return p.nested(p.first) })
		if err != nil {
			return nil, err
		}
		if err := p.separator('}'); err != nil {
			return nil, err
		}
		hash.set(name, v)
	}
	return hash, p.expect('}')
}

// separator takes the comma behind a value, unless the collection closes.
func (p *shorthand) separator(closing rune) error {
	p.space()
	if p.current() == closing {
		return nil
	}
	if err := p.expect(','); err != nil {
		return err
	}
	p.space()
	return nil
}

func (p *shorthand) first() (any, error) {
	switch p.current() {
	case '\'', '"':
		return p.quoted()
	}
	return bare(p.word(firstFollow)), nil
}

func (p *shorthand) second() (any, error) {
	switch p.current() {
	case '\'', '"':
		return p.quoted()
	}
	word := p.word(secondFollow)
	if len(word) == 0 {
		return nil, p.expected("<second>", "<none>")
	}
	return bare(word), nil
}

// bare is an unquoted word with its escaped commas, less the white space at its end.
func bare(word []rune) any {
	return strings.TrimRightFunc(strings.ReplaceAll(textOf(word), `\,`, ","), pythonSpace)
}

// pythonSpace tells what Python counts as white space: of ASCII, the four separators too.
func pythonSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// word takes a word that begins with any character of a word, and goes on with those that
// follow has. An escaped comma belongs to both.
func (p *shorthand) word(follow func(rune) bool) []rune {
	start := p.at
	for p.at < len(p.text) {
		r := p.text[p.at]
		switch {
		case r == '\\' && p.at+1 < len(p.text) && p.text[p.at+1] == ',':
			p.at += 2
		case p.at == start && wordStart(r) || p.at > start && follow(r):
			p.at++
		default:
			return p.text[start:p.at]
		}
	}
	return p.text[start:p.at]
}

func in(r, from, to rune) bool { return from <= r && r <= to }

func wordStart(r rune) bool {
	return r == '!' || in(r, '#', '&') || in(r, '(', '+') || in(r, '-', '<') || in(r, '>', 'Z') || in(r, '\\', 'z') || in(r, '|', 0xffff)
}

func firstFollow(r rune) bool {
	return pythonSpace(r) || r == '!' || in(r, '#', '&') || in(r, '(', '+') || in(r, '-', '\\') || in(r, '^', '|') || in(r, '~', 0xffff)
}

func secondFollow(r rune) bool {
	return pythonSpace(r) || r == '!' || in(r, '#', '&') || in(r, '(', '+') || in(r, '-', '<') || in(r, '>', 0xffff)
}

// quoted takes a string in the quotes that it begins with. A quote behind a backslash does
// not close it, unless no other does. Of two backslashes one remains.
func (p *shorthand) quoted() (any, error) {
	quote := p.current()
	name := "<singled quoted>"
	if quote == '"' {
		name = "<double quoted>"
	}
	closing := -1
	for i := p.at + 1; i < len(p.text); i++ {
		if p.text[i] == quote {
			closing = i
			if p.text[i-1] != '\\' {
				break
			}
		}
	}
	if closing < 0 {
		return nil, p.expected(name, "<none>")
	}
	text := textOf(p.text[p.at+1 : closing])
	p.at = closing + 1
	text = strings.ReplaceAll(text, `\`+string(quote), string(quote))
	return strings.ReplaceAll(text, `\\`, `\`), nil
}

// typed gives the values of a shorthand the types that the description has for them, where
// they can have them; the rest is left to validation.
func typed(shape *api.Shape, v any) (any, error) {
	var err error
	switch shape.Kind {
	case api.Structure:
		o, ok := v.(*object)
		if !ok {
			return v, nil
		}
		for i := range shape.Members {
			m := &shape.Members[i]
			if member, ok := o.get(m.Name); ok {
				if member, err = typed(m.Shape, member); err != nil {
					return nil, err
				}
				o.set(m.Name, member)
			}
		}
	case api.Map:
		o, ok := v.(*object)
		if !ok {
			return v, nil
		}
		for _, name := range o.names {
			if o.values[name], err = typed(shape.Elem, o.values[name]); err != nil {
				return nil, err
			}
		}
	case api.List:
		list, ok := v.([]any)
		if !ok {
			return []any{v}, nil
		}
		for i := range list {
			if list[i], err = typed(shape.Elem, list[i]); err != nil {
				return nil, err
			}
		}
	case api.Integer, api.Long:
		if text, ok := v.(string); ok {
			return parseInt(text)
		}
	case api.Boolean:
		text, _ := v.(string)
		switch strings.ToLower(text) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return v, nil
}

// parseInt reads an integer as Python does: white space around it, a sign, leading zeros
// and single underscores between digits are allowed.
func parseInt(text string) (*big.Int, error) {
	digits := strings.TrimFunc(text, pythonSpace)
	body := strings.TrimPrefix(strings.TrimPrefix(digits, "+"), "-")
	ok := body != "" && !strings.HasPrefix(body, "_") && !strings.HasSuffix(body, "_") && !strings.Contains(body, "__") &&
		len(digits)-len(body) <= 1
	for _, r := range body {
		ok = ok && ('0' <= r && r <= '9' || r == '_')
	}
	n, valid := new(big.Int).SetString(strings.ReplaceAll(strings.TrimPrefix(digits, "+"), "_", ""), 10)
	if !ok || !valid || len(body) > 4300 {
		return nil, fmt.Errorf("invalid literal for int() with base 10: %s", quoteText(text))
	}
	return n, nil
}
