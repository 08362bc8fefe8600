package iam

import (
	"strings"
	"unicode/utf8"
)

// A glob is a string in which two bytes that UTF-8 never uses are the wildcards.
// So no text, wherever it comes from, needs escaping in a glob.
const (
	anyRun  = 0xff // any characters, also none
	anyRune = 0xfe // one character
)

// globOf returns the glob of text with the wildcards * and ?.
func globOf(text string) string {
	if !strings.ContainsAny(text, "*?") {
		return text
	}
	b := []byte(text)
	for i, c := range b {
		switch c {
		case '*':
			b[i] = anyRun
		case '?':
			b[i] = anyRune
		}
	}
	return string(b)
}

// match reports whether text matches the glob. It goes back only to the latest
// run, which suffices as runs are unlimited: at most len(glob)*len(text) steps.
func match(glob, text string) bool {
	// Most globs are literal for a long way, and most texts differ from them there.
	g := wildcard(glob)
	if !strings.HasPrefix(text, glob[:g]) {
		return false
	}
	t := g
	resumeGlob, resumeText := -1, 0
	for t < len(text) {
		switch {
		case g < len(glob) && glob[g] == anyRun:
			g++
			if g == len(glob) {
				return true
			}
			resumeGlob, resumeText = g, t
		case g < len(glob) && glob[g] == anyRune:
			_, size := utf8.DecodeRuneInString(text[t:])
			g++
			t += size
		case g < len(glob) && glob[g] == text[t]:
			g++
			t++
		case resumeGlob >= 0:
			_, size := utf8.DecodeRuneInString(text[resumeText:])
			resumeText += size
			g, t = resumeGlob, resumeText
		default:
			return false
		}
	}
	for g < len(glob) && glob[g] == anyRun {
		g++
	}
	return g == len(glob)
}

// wildcard returns the index of the first wildcard, or the length of a glob without.
func wildcard(glob string) int {
	n := len(glob)
	if i := strings.IndexByte(glob, anyRun); i >= 0 {
		n = i
	}
	if i := strings.IndexByte(glob[:n], anyRune); i >= 0 {
		n = i
	}
	return n
}

// A template is a string of a policy, of which variables may be parts.
type template struct {
	// glob is the whole, if there is no variable, else what precedes the first.
	glob string
	rest []variable
}

// A variable is a variable of a policy, and what follows it up to the next.
type variable struct {
	key        string // in lower case
	fallback   string
	hasDefault bool
	glob       string
}

// template reads the variables of text, if the policy's version has any. With
// wild, * and ? are wildcards.
func (r *reader) template(text string, wild bool) (template, error) {
	var t template
	var literal strings.Builder
	write := func(s string) {
		if wild {
			s = globOf(s)
		}
		literal.WriteString(s)
	}
	flush := func() {
		if n := len(t.rest); n > 0 {
			t.rest[n-1].glob = literal.String()
		} else {
			t.glob = literal.String()
		}
		literal.Reset()
	}
	for r.variables {
		before, after, found := strings.Cut(text, "${")
		if !found {
			break
		}
		write(before)
		if escaped := len(after) > 1 && strings.IndexByte("*?$", after[0]) >= 0 && after[1] == '}'; escaped {
			literal.WriteByte(after[0])
			text = after[2:]
			continue
		}
		v, rest, ok := cutVariable(after)
		if !ok {
			return template{}, r.errorf("a variable is neither ${KEY} nor ${KEY, 'DEFAULT'}: %q", "${"+after)
		}
		flush()
		t.rest = append(t.rest, v)
		text = rest
	}
	write(text)
	flush()
	return t, nil
}

// cutVariable reads a variable behind its opening brace. A default ends at its
// second quote: the guide knows no way to write one inside.
func cutVariable(s string) (v variable, rest string, ok bool) {
	i := strings.IndexAny(s, ",}")
	if i < 0 {
		return v, "", false
	}
	v.key = lower(strings.TrimSpace(s[:i]))
	if s[i] == '}' {
		return v, s[i+1:], isKey(v.key)
	}
	quoted, opened := strings.CutPrefix(strings.TrimLeft(s[i+1:], " "), "'")
	fallback, rest, closed := strings.Cut(quoted, "'")
	rest, ended := strings.CutPrefix(strings.TrimLeft(rest, " "), "}")
	v.fallback, v.hasDefault = fallback, true
	return v, rest, opened && closed && ended && isKey(v.key)
}

// isKey reports whether s can name a condition key: PREFIX:NAME.
func isKey(s string) bool {
	prefix, name, _ := strings.Cut(s, ":")
	return prefix != "" && name != "" && !strings.ContainsAny(s, "${}'*")
}

// resolve returns the glob of the template for a request; ok is false if one of
// its variables has neither a value nor a default.
func (t *template) resolve(q *query) (glob string, ok bool) {
	if t.rest == nil {
		return t.glob, true
	}
	b := append(make([]byte, 0, 128), t.glob...)
	for i := range t.rest {
		v := &t.rest[i]
		value, ok := q.single(v.key)
		if !ok {
			if !v.hasDefault {
				return "", false
			}
			value = v.fallback
		}
		b = append(append(b, value...), v.glob...)
	}
	return string(b), true
}

// splitARN splits at the first five colons that are not in a variable.
func splitARN(text string, variables bool) []string {
	segments := make([]string, 0, 6)
	start := 0
	for i := 0; i < len(text) && len(segments) < 5; i++ {
		switch {
		case text[i] == ':':
			segments = append(segments, text[start:i])
			start = i + 1
		case variables && strings.HasPrefix(text[i:], "${"):
			end := strings.IndexByte(text[i:], '}')
			variables = end > 0
			i += max(end, 0)
		}
	}
	return append(segments, text[start:])
}

// lower is ToLower for ASCII, so that no other letter becomes an ASCII one.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
