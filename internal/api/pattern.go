package api

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// A pattern tells which texts match a regular expression as a whole. It is read at its first
// use: most processes, the command line above all, never need most of them. The zero value
// is ready, and always called with the same expression.
//
// Nearly every pattern of AWS is a run of one class of characters, or a few, none of which
// can take what belongs to the next. Of these a text in ASCII is walked through once; what
// else there is, package regexp matches.
type pattern struct {
	read sync.Once
	runs []run // nil: not of that form

	compile sync.Once
	re      *regexp.Regexp
}

// A run is one character of a class, or as many as there are.
type run struct {
	class [2]uint64 // by ASCII code
	least int
	many  bool
}

func (r *run) has(c byte) bool { return r.class[c>>6]>>(c&63)&1 != 0 }

func (r *run) meets(other *run) bool {
	return r.class[0]&other.class[0]|r.class[1]&other.class[1] != 0
}

// matches reports whether the whole of v matches the expression, which is in AWS's
// spelling. Java's \w, which AWS means, is ASCII as Go's is.
func (p *pattern) matches(expression, v string) bool {
	p.read.Do(func() { p.runs = runsOf(expression) })
	if p.runs != nil {
		if matched, ascii := walk(p.runs, v); ascii {
			return matched
		}
	}
	p.compile.Do(func() { p.re = regexp.MustCompile(`\A(?:` + goPattern(expression) + `)\z`) })
	return p.re.MatchString(v)
}

// walk reports whether v is the runs, one after the other. It says nothing of a text beyond ASCII.
func walk(runs []run, v string) (matched, ascii bool) {
	at, matched := 0, true
	for i := range runs {
		r, from := &runs[i], at
		for at < len(v) && v[at] < 0x80 && r.has(v[at]) && (r.many || at == from) {
			at++
		}
		if matched = at-from >= r.least; !matched {
			break
		}
	}
	for i := at; i < len(v); i++ {
		if v[i] >= 0x80 {
			return false, false
		}
	}
	return matched && at == len(v), true
}

// runsOf returns the runs that an expression is, or nil.
func runsOf(expression string) []run {
	re, err := syntax.Parse(goPattern(expression), syntax.Perl)
	if err != nil {
		return nil
	}
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	var runs []run
	for _, part := range parts {
		if part.Op == syntax.OpLiteral && part.Flags&syntax.FoldCase == 0 {
			for _, c := range part.Rune {
				runs = append(runs, run{class: classOf([]rune{c, c}), least: 1})
			}
			continue
		}
		r := run{least: 1}
		switch part.Op {
		case syntax.OpPlus:
			r.many, part = true, part.Sub[0]
		case syntax.OpStar:
			r.least, r.many, part = 0, true, part.Sub[0]
		}
		if part.Op != syntax.OpCharClass {
			return nil
		}
		r.class = classOf(part.Rune)
		runs = append(runs, r)
	}
	for i := range len(runs) - 1 {
		// Where a run could end sooner, or the next be empty, a walk would have to come back.
		if next := &runs[i+1]; runs[i].many && runs[i].meets(next) || next.least == 0 {
			return nil
		}
	}
	return runs
}

// classOf returns the ASCII characters in ranges, each of which is two characters.
func classOf(ranges []rune) (class [2]uint64) {
	for i := 0; i < len(ranges); i += 2 {
		for c := ranges[i]; c <= min(ranges[i+1], 0x7F); c++ {
			class[c>>6] |= 1 << (c & 63)
		}
	}
	return class
}

// javaEscape is Java's escape of a code unit. AWS also writes the ends of the range
// beyond the basic plane with it, in more digits than Java would read.
var javaEscape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\u(10FFFF|10000|[0-9A-F]{4})`) })

// goPattern is a pattern of AWS's in Go's spelling.
func goPattern(expression string) string {
	if !strings.Contains(expression, `\u`) {
		return expression
	}
	return javaEscape().ReplaceAllString(expression, `\x{$1}`)
}
