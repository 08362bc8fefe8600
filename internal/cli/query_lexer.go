package cli

import (
	"fmt"
	"math/big"
	"strings"
)

// tokenType is named as messages name it.
type tokenType string

const (
	tokEOF        tokenType = "eof"
	tokUnquoted   tokenType = "unquoted_identifier"
	tokQuoted     tokenType = "quoted_identifier"
	tokLiteral    tokenType = "literal"
	tokRBracket   tokenType = "rbracket"
	tokRParen     tokenType = "rparen"
	tokComma      tokenType = "comma"
	tokRBrace     tokenType = "rbrace"
	tokNumber     tokenType = "number"
	tokCurrent    tokenType = "current"
	tokExpref     tokenType = "expref"
	tokColon      tokenType = "colon"
	tokPipe       tokenType = "pipe"
	tokOr         tokenType = "or"
	tokAnd        tokenType = "and"
	tokEq         tokenType = "eq"
	tokGt         tokenType = "gt"
	tokLt         tokenType = "lt"
	tokGte        tokenType = "gte"
	tokLte        tokenType = "lte"
	tokNe         tokenType = "ne"
	tokFlatten    tokenType = "flatten"
	tokStar       tokenType = "star"
	tokFilter     tokenType = "filter"
	tokDot        tokenType = "dot"
	tokNot        tokenType = "not"
	tokLBrace     tokenType = "lbrace"
	tokLBracket   tokenType = "lbracket"
	tokLParen     tokenType = "lparen"
	simpleSymbols           = ".*],:@(){}"
)

// simple is the type of a character of simpleSymbols.
func simple(r rune) tokenType {
	return [...]tokenType{tokDot, tokStar, tokRBracket, tokComma, tokColon, tokCurrent, tokLParen, tokRParen, tokLBrace, tokRBrace}[strings.IndexRune(simpleSymbols, r)]
}

type token struct {
	kind tokenType
	// text is what messages repeat; value what a literal, name or number means.
	text  string
	value any
	start int
}

// A queryLexer reads the tokens of a JMESPath expression.
type queryLexer struct {
	text []rune
	at   int
}

// A queryError is a mistake in an expression.
type queryError struct{ message string }

func (e *queryError) Error() string { return e.message }

func (l *queryLexer) fail(at int, format string, args ...any) error {
	return &queryError{fmt.Sprintf("Bad jmespath expression: %s:\n%s\n%s^", fmt.Sprintf(format, args...), string(l.text), strings.Repeat(" ", at))}
}

func (l *queryLexer) current() rune {
	if l.at < len(l.text) {
		return l.text[l.at]
	}
	return end
}

func (l *queryLexer) tokens() ([]token, error) {
	var all []token
	for l.at < len(l.text) {
		t, err := l.token()
		if err != nil {
			return nil, err
		}
		if t.kind != "" {
			all = append(all, t)
		}
	}
	return append(all, token{kind: tokEOF, start: len(l.text)}), nil
}

// token reads one token; white space is one of no kind.
func (l *queryLexer) token() (token, error) {
	start, r := l.at, l.current()
	emit := func(kind tokenType, n int) (token, error) {
		l.at += n
		text := string(l.text[start:l.at])
		return token{kind: kind, text: text, value: text, start: start}, nil
	}
	// either is the longer token if the next character is second.
	either := func(second rune, longer, shorter tokenType) (token, error) {
		if l.at+1 < len(l.text) && l.text[l.at+1] == second {
			return emit(longer, 2)
		}
		return emit(shorter, 1)
	}
	switch {
	case strings.ContainsRune(simpleSymbols, r):
		return emit(simple(r), 1)
	case letter(r):
		n := 1
		for l.at+n < len(l.text) && (letter(l.text[l.at+n]) || in(l.text[l.at+n], '0', '9')) {
			n++
		}
		return emit(tokUnquoted, n)
	case strings.ContainsRune(" \t\n\r", r):
		l.at++
		return token{}, nil
	case in(r, '0', '9') || r == '-':
		n := 1
		for l.at+n < len(l.text) && in(l.text[l.at+n], '0', '9') {
			n++
		}
		if r == '-' && n == 1 {
			return token{}, l.fail(start, "Unknown token '-'")
		}
		t, _ := emit(tokNumber, n)
		t.value, _ = new(big.Int).SetString(t.text, 10)
		t.text = fmt.Sprint(t.value)
		return t, nil
	}
	switch r {
	case '[':
		if l.at+1 < len(l.text) && l.text[l.at+1] == ']' {
			return emit(tokFlatten, 2)
		}
		return either('?', tokFilter, tokLBracket)
	case '|':
		return either('|', tokOr, tokPipe)
	case '&':
		return either('&', tokAnd, tokExpref)
	case '<':
		return either('=', tokLte, tokLt)
	case '>':
		return either('=', tokGte, tokGt)
	case '!':
		return either('=', tokNe, tokNot)
	case '=':
		if l.at+1 < len(l.text) && l.text[l.at+1] == '=' {
			return emit(tokEq, 2)
		}
		return token{}, l.fail(start, "Unknown token '='")
	case '\'':
		text, err := l.until('\'')
		text = strings.ReplaceAll(text, `\'`, "'")
		return token{kind: tokLiteral, text: text, value: text, start: start}, err
	case '`':
		return l.literal()
	case '"':
		text, err := l.until('"')
		if err != nil {
			return token{}, err
		}
		v, err := decodeJSON(`"` + text + `"`)
		if err != nil {
			what, _, _ := strings.Cut(err.Error(), ":")
			return token{}, l.fail(start, "%s", what)
		}
		return token{kind: tokQuoted, text: v.(string), value: v, start: start}, nil
	}
	return token{}, l.fail(start, "Unknown token %c", r)
}

func letter(r rune) bool { return in(r, 'a', 'z') || in(r, 'A', 'Z') || r == '_' }

// until takes everything up to the delimiter that the text begins with. A backslash keeps
// the delimiter behind it from ending the text; both stay.
func (l *queryLexer) until(delimiter rune) (string, error) {
	start := l.at
	var b strings.Builder
	for l.at++; l.at < len(l.text); l.at++ {
		r := l.text[l.at]
		if r == delimiter {
			l.at++
			return b.String(), nil
		}
		if r == '\\' {
			b.WriteRune(r)
			if l.at++; l.at == len(l.text) {
				break
			}
		}
		b.WriteRune(l.text[l.at])
	}
	return "", l.fail(start, "Unclosed %c delimiter", delimiter)
}

// literal takes JSON in backquotes; what is none is a string of old.
func (l *queryLexer) literal() (token, error) {
	start := l.at
	text, err := l.until('`')
	if err != nil {
		return token{}, err
	}
	text = strings.ReplaceAll(text, "\\`", "`")
	v, err := decodeJSON(text)
	if err != nil {
		if v, err = decodeJSON(`"` + strings.TrimLeftFunc(text, pythonSpace) + `"`); err != nil {
			return token{}, l.fail(start, "Bad token %s", text)
		}
	}
	return token{kind: tokLiteral, text: plain(v), value: v, start: start}, nil
}
