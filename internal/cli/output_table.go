package cli

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/width"
)

// defaultWidth is the width of a table beyond which rows are stood on end, where standard
// output is no terminal.
const defaultWidth = 80

// A section is a part of a table with a title of its own.
type section struct {
	title   string
	headers []string
	rows    [][]string
	level   int
	// widths are those of the widest text in each column.
	widths []int
}

func (s *section) addHeader(headers []string) {
	s.widen(headers)
	s.headers = headers
}

func (s *section) addRow(cells ...string) {
	s.rows = append(s.rows, cells)
	s.widen(cells)
}

func (s *section) widen(cells []string) {
	for i, c := range cells {
		if i == len(s.widths) {
			s.widths = append(s.widths, 0)
		}
		s.widths[i] = max(s.widths[i], textWidth(c))
	}
}

// textWidth counts columns. Characters of ambiguous width count as wide, as AWS's command
// line has it.
func textWidth(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r < 0x80 {
			continue
		}
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
			n++
		}
	}
	return n
}

// A table is rendered in sections, so that all have one width.
type table struct {
	strings.Builder
	styler   styler
	sections []*section
}

// renderTable returns v as a table; empty for what has nothing to show. The terminal is the
// width of the one that shows it, or 0.
func renderTable(title string, v any, s styler, terminal int) string {
	t := &table{styler: s}
	if !t.build(title, v, 0) {
		return ""
	}
	t.render(cmp.Or(terminal, defaultWidth))
	return t.String()
}

func (t *table) open(title string, level int) *section {
	s := &section{title: title, level: level}
	t.sections = append(t.sections, s)
	return s
}

func (t *table) current() *section { return t.sections[len(t.sections)-1] }

// build adds v in a section of its own.
func (t *table) build(title string, v any, level int) bool {
	if empty(v) {
		return false
	}
	t.open(title, level)
	t.fill(title, v, level)
	return true
}

func (t *table) fill(title string, v any, level int) {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return
		}
		if _, ok := v[0].(*object); ok {
			t.objects(title, v, level)
			return
		}
		for _, item := range v {
			list, isList := item.([]any)
			switch {
			case scalar(item):
				t.current().addRow(plain(item))
			case isList && !slices.ContainsFunc(list, func(v any) bool { return !scalar(v) }):
				cells := make([]string, len(list))
				for i, e := range list {
					cells[i] = plain(e)
				}
				if len(cells) > 0 {
					t.current().addRow(cells...)
				}
			default:
				t.fill("", item, 0)
			}
		}
	case *object:
		t.object(v, level)
	}
}

// split sorts the names of an object into those of scalars and of others.
func split(o *object) (scalars, others []string) {
	for _, n := range o.sorted() {
		if scalar(o.values[n]) {
			scalars = append(scalars, n)
		} else {
			others = append(others, n)
		}
	}
	return scalars, others
}

func (t *table) object(o *object, level int) {
	headers, more := split(o)
	switch len(headers) {
	case 0:
	case 1:
		t.current().addRow(headers[0], plain(o.values[headers[0]]))
	default:
		t.current().addHeader(headers)
		t.current().addRow(cells(o, headers)...)
	}
	for _, n := range more {
		t.build(n, o.values[n], level+1)
	}
}

// cells are the values under names; empty where there is none.
func cells(o *object, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		if v, ok := o.get(n); ok {
			out[i] = plain(v)
		}
	}
	return out
}

// objects adds a list that begins with an object: a row for each.
func (t *table) objects(title string, list []any, level int) {
	var headers, more []string
	for _, e := range list {
		if o, ok := e.(*object); ok {
			scalars, others := split(o)
			headers, more = append(headers, scalars...), append(more, others...)
		}
	}
	slices.Sort(headers)
	slices.Sort(more)
	headers, more = slices.Compact(headers), slices.Compact(more)
	t.current().addHeader(headers)
	for i, e := range list {
		o, ok := e.(*object)
		if !ok {
			o = newObject()
		}
		if i > 0 && len(more) > 0 {
			t.open(title, level).addHeader(headers)
		}
		t.current().addRow(cells(o, headers)...)
		for _, n := range more {
			if v, ok := o.get(n); ok {
				t.build(n, v, level+1)
			}
		}
	}
}

func (t *table) render(limit int) {
	total := t.width()
	if total > limit {
		for i, s := range t.sections {
			if len(s.rows) == 1 && len(s.headers) > 0 {
				stood := &section{title: s.title, level: s.level}
				for j, h := range s.headers {
					stood.addRow(h, s.rows[0][j])
				}
				t.sections[i] = stood
			}
		}
		total = t.width()
	}
	t.WriteString(strings.Repeat("-", total) + "\n")
	for _, s := range t.sections {
		t.section(s, total-2*s.level)
	}
}

func (t *table) width() int {
	total := 0
	for _, s := range t.sections {
		sum := 0
		for _, w := range s.widths {
			sum += w + 4
		}
		total = max(total, max(sum, textWidth(s.title))+2+2*s.level)
	}
	return total
}

// line writes a line of a section between the edges of those around it.
func (t *table) line(s *section, text string) {
	edge := strings.Repeat(t.styler.edge("|"), s.level)
	t.WriteString(edge + text + edge + "\n")
}

func (t *table) section(s *section, total int) {
	if s.title != "" {
		t.line(s, center(s.title, total, "|"))
		if len(s.headers) == 0 && len(s.rows) == 0 {
			t.line(s, "+"+strings.Repeat("-", total-2)+"+")
		}
	}
	if len(s.widths) == 0 {
		return
	}
	widths := s.scaled(total)
	var rule strings.Builder
	rule.WriteString("+")
	for i, w := range widths {
		if i == 0 {
			w--
		}
		rule.WriteString(strings.Repeat("-", max(0, w-1)) + "+")
	}
	if len(s.headers) > 0 {
		t.line(s, rule.String())
		text := ""
		for i, h := range s.headers {
			left := ""
			if i == 0 {
				left = "|"
			}
			text += center(h, widths[i], left)
		}
		t.line(s, text)
	}
	if len(s.rows) == 0 {
		return
	}
	t.line(s, rule.String())
	for _, row := range s.rows {
		text := ""
		for i, cell := range row {
			left := ""
			if i == 0 {
				left = "|"
			}
			padding := 2
			if textWidth(cell)+2+len(left)+1 > widths[i] {
				padding = 0
			}
			used := len(left) + padding + textWidth(cell)
			text += left + strings.Repeat(" ", padding) + t.styler.cell(cell) + strings.Repeat(" ", max(0, widths[i]-used-1)) + "|"
		}
		t.line(s, text)
	}
	t.line(s, rule.String())
}

// center puts text in the middle of total columns, the edges among them.
func center(text string, total int, left string) string {
	n := textWidth(text)
	before := max(0, total/2-n/2-1)
	return left + strings.Repeat(" ", before) + text + strings.Repeat(" ", max(0, total-1-len(left)-before-n)) + "|"
}

// scaled spreads total over the columns in proportion to what they need.
func (s *section) scaled(total int) []int {
	sum := 0
	for _, w := range s.widths {
		sum += w + 4
	}
	factor := float64(total) / float64(sum)
	out := make([]int, len(s.widths))
	off := -total
	for i, w := range s.widths {
		out[i] = int(math.RoundToEven(factor * float64(w+4)))
		off += out[i]
	}
	for i := 0; off > 0; i, off = (i+1)%len(out), off-1 {
		out[i]--
	}
	for i := len(out) - 1; off < 0; off++ {
		out[i]++
		if i--; i < 0 {
			i = len(out) - 1
		}
	}
	return out
}
