package state

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one thing that keeps a file from being applied.
type Problem struct {
	File string
	// Line is 0 where it is not known.
	Line int
	// Path is where in the file: accounts.111122223333.users.app.attached[0].
	Path string
	Text string
}

// String returns the problem as compilers put theirs.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:", p.Line)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	return b.String() + p.Text
}

// Problems are all that is wrong with a file, in the order of its lines. They are the
// error of [Parse] and [Diff].
type Problems []Problem

// maxProblems is how many are told.
const maxProblems = 100

// Error returns the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

// add adds a problem, or in place of the first beyond the bound, that there are more.
func (p *Problems) add(one Problem) {
	switch {
	case len(*p) < maxProblems:
		*p = append(*p, one)
	case len(*p) == maxProblems:
		*p = append(*p, Problem{File: one.File, Text: fmt.Sprintf("there are more problems than these %d", maxProblems)})
	}
}

// err returns the problems as an error; nil: there are none.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	told := p[:min(len(p), maxProblems)]
	slices.SortStableFunc(told, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return p
}
