package cli

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/big"
	"strings"
	"unicode/utf8"
)

// yamlWidth is the column behind which a scalar is folded at its next single space.
const yamlWidth = 80

// maxSimpleKey is the length in bytes of the longest key that stands on the line of its value.
const maxSimpleKey = 128

// encodeYAML writes v as AWS's command line does: block style, names in order, lists at
// the level of the name they belong to. A scalar alone is written as JSON.
func encodeYAML(v any) string {
	if scalar(v) {
		return printedJSON.encode(v) + "\n"
	}
	e := yamlEncoder{fresh: true}
	e.node(v, 0, false)
	if !e.fresh {
		e.newline()
	}
	return e.String()
}

// A yamlEncoder writes as libyaml's emitter does.
type yamlEncoder struct {
	strings.Builder
	column int
	// fresh: nothing but indentation and indicators of a list are on the line.
	fresh bool
}

func (e *yamlEncoder) put(text string) {
	e.WriteString(text)
	e.column += utf8.RuneCountInString(text)
}

func (e *yamlEncoder) newline() {
	e.WriteByte('\n')
	e.column = 0
	e.fresh = true
}

// indent goes to the given column of this line, if it is still there, or of the next.
func (e *yamlEncoder) indent(column int) {
	if !e.fresh || e.column > column {
		e.newline()
	}
	for e.column < column {
		e.put(" ")
	}
}

// node writes v, whose lines begin at the given column. behind tells that it stands behind
// a name or an indicator on its line.
func (e *yamlEncoder) node(v any, column int, behind bool) {
	switch v := v.(type) {
	case *object:
		if v.len() == 0 {
			e.flow("{}", behind)
			return
		}
		for _, name := range v.sorted() {
			e.indent(column)
			e.member(name, v.values[name], column)
		}
	case []any:
		if len(v) == 0 {
			e.flow("[]", behind)
			return
		}
		for _, item := range v {
			e.indent(column)
			e.put("-")
			switch item := item.(type) {
			case *object:
				if item.len() == 0 {
					e.flow("{}", true)
					continue
				}
				e.put(" ")
				e.node(item, column+2, false)
			case []any:
				if len(item) == 0 {
					e.flow("[]", true)
					continue
				}
				e.put(" ")
				e.node(item, column+2, false)
			default:
				e.scalar(item, column+2, false)
			}
		}
	default:
		e.scalar(v, column+2, false)
	}
}

func (e *yamlEncoder) flow(text string, behind bool) {
	if behind {
		text = " " + text
	}
	e.put(text)
	e.fresh = false
}

func (e *yamlEncoder) member(name string, v any, column int) {
	simple := len(name) <= maxSimpleKey && !strings.ContainsAny(name, "\n\r\u0085\u2028\u2029")
	if simple {
		e.text(name, column+2, true)
		e.put(":")
	} else {
		e.put("?")
		e.text(name, column+2, false)
		e.fresh = false
		e.indent(column)
		e.put(":")
	}
	e.fresh = false
	switch v := v.(type) {
	case *object:
		e.node(v, column+2, true)
	case []any:
		e.node(v, column, true)
	default:
		e.scalar(v, column+2, false)
	}
}

// scalar writes a value behind a name or an indicator. Its further lines begin at column.
func (e *yamlEncoder) scalar(v any, column int, key bool) {
	switch v := v.(type) {
	case nil:
		e.plain("null", column, key)
	case bool:
		e.plain(fmt.Sprint(v), column, key)
	case *big.Int:
		e.plain(v.String(), column, key)
	case float64:
		text := strings.ToLower(formatFloat(v))
		switch {
		case math.IsNaN(v):
			text = ".nan"
		case math.IsInf(v, 0):
			text = strings.Replace(text, "infinity", ".inf", 1)
		}
		e.plain(text, column, key)
	case sampleTime:
		e.plain("1970-01-01 00:00:00", column, key)
	case []byte:
		e.text(base64.StdEncoding.EncodeToString(v), column, key)
	case string:
		e.text(v, column, key)
	}
}

func (e *yamlEncoder) text(text string, column int, key bool) {
	a := analyze(text)
	switch {
	case a.plain && resolveYAML(text) == yamlText && text != "":
		e.plain(text, column, key)
	case a.single && !(key && a.breaks):
		e.single(text, column, key)
	default:
		e.double(text, column, key)
	}
	e.fresh = false
}

// gap writes the space before a scalar, unless the line is empty up to there.
func (e *yamlEncoder) gap(key bool) {
	if !key {
		e.put(" ")
	}
}

func (e *yamlEncoder) plain(text string, column int, key bool) {
	e.gap(key)
	e.fresh = false
	runes := []rune(text)
	for i, r := range runes {
		spaced := i > 0 && runes[i-1] == ' '
		if r == ' ' && !key && !spaced && e.column > yamlWidth && !(i+1 < len(runes) && runes[i+1] == ' ') {
			e.indent(column)
			e.fresh = false
			continue
		}
		e.put(string(r))
	}
}

func (e *yamlEncoder) single(text string, column int, key bool) {
	e.gap(key)
	e.put("'")
	e.fresh = false
	runes := []rune(text)
	breaks := false
	for i, r := range runes {
		next := rune(0)
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case r == ' ':
			spaced := i > 0 && runes[i-1] == ' '
			if !key && !spaced && e.column > yamlWidth && i != 0 && i != len(runes)-1 && next != ' ' {
				e.indent(column)
				e.fresh = false
			} else {
				e.put(" ")
			}
		case yamlBreak(r):
			if !breaks && r == '\n' {
				e.newline()
			}
			if r == '\n' {
				e.newline()
			} else {
				e.WriteRune(r)
				e.column = 0
			}
			breaks = true
			e.fresh = true
			continue
		default:
			if breaks {
				e.indent(column)
			}
			if r == '\'' {
				e.put("'")
			}
			e.put(string(r))
			e.fresh = false
		}
		breaks = false
	}
	if breaks {
		e.indent(column)
	}
	e.put("'")
	e.fresh = false
}

func (e *yamlEncoder) double(text string, column int, key bool) {
	e.gap(key)
	e.put(`"`)
	e.fresh = false
	runes := []rune(text)
	for i, r := range runes {
		switch {
		case !yamlPrintable(r) || r == 0xfeff || yamlBreak(r) || r == '"' || r == '\\':
			e.put(yamlEscape(r))
		case r == ' ':
			spaced := i > 0 && runes[i-1] == ' '
			if !key && !spaced && e.column > yamlWidth && i != 0 && i != len(runes)-1 {
				e.indent(column)
				e.fresh = false
				if runes[i+1] == ' ' {
					e.put(`\`)
				}
			} else {
				e.put(" ")
			}
		default:
			e.put(string(r))
		}
	}
	e.put(`"`)
}

func yamlEscape(r rune) string {
	switch r {
	case 0:
		return `\0`
	case 7:
		return `\a`
	case 8:
		return `\b`
	case 9:
		return `\t`
	case 10:
		return `\n`
	case 11:
		return `\v`
	case 12:
		return `\f`
	case 13:
		return `\r`
	case 0x1b:
		return `\e`
	case '"', '\\':
		return `\` + string(r)
	case 0x85:
		return `\N`
	case 0xa0:
		return `\_`
	case 0x2028:
		return `\L`
	case 0x2029:
		return `\P`
	}
	switch {
	case r <= 0xff:
		return fmt.Sprintf(`\x%02X`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04X`, r)
	}
	return fmt.Sprintf(`\U%08X`, r)
}

func yamlBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// yamlPrintable is what libyaml writes as it is: not tabs, and nothing beyond the basic
// plane.
func yamlPrintable(r rune) bool {
	return r == '\n' || in(r, 0x20, 0x7e) || in(r, 0xa0, 0xd7ff) || in(r, 0xe000, 0xfffd) && r != 0xfeff
}

// An analysis tells in which styles a text may be written.
type analysis struct{ plain, single, breaks bool }

func analyze(text string) analysis {
	runes := []rune(text)
	if len(runes) == 0 {
		return analysis{single: true}
	}
	blank := func(i int) bool {
		return i < 0 || i >= len(runes) || runes[i] == ' ' || runes[i] == '\t' || yamlBreak(runes[i]) || runes[i] == 0
	}
	a := analysis{plain: true, single: true}
	if strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...") {
		a.plain = false
	}
	last := len(runes) - 1
	for i, r := range runes {
		switch {
		case i == 0 && strings.ContainsRune("#,[]{}&*!|>'\"%@`", r):
			a.plain = false
		case i == 0 && strings.ContainsRune("?:-", r) && blank(1):
			a.plain = false
		case i > 0 && r == ':' && blank(i+1):
			a.plain = false
		case i > 0 && r == '#' && blank(i-1):
			a.plain = false
		}
		if !yamlPrintable(r) {
			a.plain, a.single = false, false
		}
		switch {
		case r == ' ':
			if i == 0 || i == last {
				a.plain = false
			}
			if i > 0 && yamlBreak(runes[i-1]) {
				a.plain, a.single = false, false
			}
		case yamlBreak(r):
			a.plain, a.breaks = false, true
			if i > 0 && runes[i-1] == ' ' {
				a.single = false
			}
		}
	}
	return a
}
