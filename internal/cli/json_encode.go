package cli

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonStyle is how JSON is laid out.
type jsonStyle struct {
	// indent is put before a line once for each level; empty: all on one line.
	indent string
	// comma and colon separate.
	comma, colon string
	// ascii escapes everything beyond ASCII.
	ascii bool
}

var (
	// wireJSON is how the AWS command line writes a request, byte for byte.
	wireJSON = jsonStyle{comma: ", ", colon: ": ", ascii: true}
	// compactJSON is what to_string of a query returns.
	compactJSON = jsonStyle{comma: ",", colon: ":", ascii: true}
	// lineJSON is one of a stream of results.
	lineJSON = jsonStyle{comma: ",", colon: ":"}
	// printedJSON is the output format json.
	printedJSON = jsonStyle{indent: "    ", comma: ",", colon: ": "}
	// skeletonJSON is the input skeleton.
	skeletonJSON = jsonStyle{indent: "    ", comma: ",", colon: ": ", ascii: true}
)

func (s jsonStyle) encode(v any) string {
	var b strings.Builder
	s.write(&b, v, "\n")
	return b.String()
}

// write writes v; line begins a new line at the present level.
func (s jsonStyle) write(b *strings.Builder, v any, line string) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		fmt.Fprint(b, v)
	case *big.Int:
		b.WriteString(v.String())
	case float64:
		b.WriteString(formatFloat(v))
	case string:
		s.text(b, v)
	case []byte:
		s.text(b, base64.StdEncoding.EncodeToString(v))
	case sampleTime:
		s.text(b, "1970-01-01T00:00:00")
	case []any:
		s.collection(b, '[', ']', len(v), line, func(i int, line string) { s.write(b, v[i], line) })
	case *object:
		s.collection(b, '{', '}', v.len(), line, func(i int, line string) {
			s.text(b, v.names[i])
			b.WriteString(s.colon)
			s.write(b, v.values[v.names[i]], line)
		})
	}
}

func (s jsonStyle) collection(b *strings.Builder, open, end byte, n int, line string, each func(i int, line string)) {
	b.WriteByte(open)
	inner := line + s.indent
	for i := range n {
		if i > 0 {
			b.WriteString(s.comma)
		}
		if s.indent != "" {
			b.WriteString(inner)
		}
		each(i, inner)
	}
	if n > 0 && s.indent != "" {
		b.WriteString(line)
	}
	b.WriteByte(end)
}

func (s jsonStyle) text(b *strings.Builder, text string) {
	b.WriteByte('"')
	for i, r := range text {
		switch {
		case r == utf8.RuneError && s.ascii && !strings.HasPrefix(text[i:], "\ufffd"):
			// Half a surrogate pair, which servers refuse: two texts must not become one.
			fmt.Fprintf(b, `\udc%02x`, text[i])
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\f':
			b.WriteString(`\f`)
		case r == '\b':
			b.WriteString(`\b`)
		case r < ' ':
			fmt.Fprintf(b, `\u%04x`, r)
		case r > '~' && s.ascii && r != 0x7f:
			if high, low := utf16.EncodeRune(r); high != 0xfffd {
				fmt.Fprintf(b, `\u%04x\u%04x`, high, low)
			} else {
				fmt.Fprintf(b, `\u%04x`, r)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
