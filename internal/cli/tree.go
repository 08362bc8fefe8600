package cli

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parameters and answers are trees of plain values, so that what the description does not
// have is kept and the order of names survives: nil, bool, *big.Int, float64, string,
// []byte (of a fileb:// file), []any and *object.

// An object is a map that keeps the order in which its names came.
type object struct {
	names  []string
	values map[string]any
}

func newObject() *object { return &object{values: map[string]any{}} }

func (o *object) get(name string) (any, bool) {
	v, ok := o.values[name]
	return v, ok
}

// set puts a value at its name's place, or at the end if the name is new.
func (o *object) set(name string, v any) {
	if _, ok := o.values[name]; !ok {
		o.names = append(o.names, name)
	}
	o.values[name] = v
}

func (o *object) delete(name string) {
	if _, ok := o.values[name]; ok {
		delete(o.values, name)
		o.names = slices.DeleteFunc(o.names, func(n string) bool { return n == name })
	}
}

func (o *object) len() int { return len(o.names) }

// sorted returns the names in the order of their code points.
func (o *object) sorted() []string { return slices.Sorted(slices.Values(o.names)) }

func integer(n int64) *big.Int { return big.NewInt(n) }

// scalar reports whether v is neither a list nor an object.
func scalar(v any) bool {
	switch v.(type) {
	case []any, *object:
		return false
	}
	return true
}

// empty reports whether v is what prints nothing in a table: null, false, zero, or
// something without content.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case *big.Int:
		return v.Sign() == 0
	case float64:
		return v == 0
	case string:
		return v == ""
	case []byte:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case *object:
		return v.len() == 0
	}
	return false
}

// isEmptyObject tells the one result that prints nothing at all.
func isEmptyObject(v any) bool {
	o, ok := v.(*object)
	return ok && o.len() == 0
}

// typeName names the type of v as people say it.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case *big.Int:
		return "integer"
	case float64:
		return "number"
	case string:
		return "string"
	case []byte:
		return "bytes"
	case []any:
		return "list"
	case *object:
		return "map"
	}
	return fmt.Sprintf("%T", v)
}

// formatFloat writes f as AWS's command line does: as few digits as tell it apart, always
// with a point or an exponent.
func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	e, _ := strconv.Atoi(exponent)
	if e < -4 || e >= 16 {
		return fmt.Sprintf("%se%+03d", mantissa, e)
	}
	text = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// plain writes a value as the text format does: scalars without quotes, True and None
// for true and null.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case *big.Int:
		return v.String()
	case float64:
		return strings.NewReplacer("NaN", "nan", "Infinity", "inf").Replace(formatFloat(v))
	case string:
		return v
	case sampleTime:
		return "1970-01-01 00:00:00"
	}
	return quoted(v)
}

// quoted writes a value as Python prints it inside a list.
func quoted(v any) string {
	switch v := v.(type) {
	case string:
		return quoteText(v)
	case []byte:
		return "b" + quoteText(string(v))
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = quoted(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *object:
		parts := make([]string, v.len())
		for i, n := range v.names {
			parts[i] = quoteText(n) + ": " + quoted(v.values[n])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return plain(v)
}

// quoteText puts s in single quotes, or in double ones if it has single ones only.
func quoteText(s string) string {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for i, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// equal compares two values; integers and floats by their number.
func equal(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x.Cmp(y) == 0
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case *object:
		b, ok := b.(*object)
		if !ok || a.len() != b.len() {
			return false
		}
		for _, n := range a.names {
			if other, ok := b.get(n); !ok || !equal(a.values[n], other) {
				return false
			}
		}
		return true
	case []byte:
		b, ok := b.([]byte)
		return ok && slices.Equal(a, b)
	}
	switch b.(type) {
	case []any, *object, []byte:
		return false
	}
	return a == b
}

// number is the value of an integer or float that is one.
func number(v any) (*big.Float, bool) {
	switch v := v.(type) {
	case *big.Int:
		return new(big.Float).SetPrec(max(64, uint(v.BitLen()))).SetInt(v), true
	case float64:
		if !math.IsNaN(v) {
			return new(big.Float).SetFloat64(v), true
		}
	}
	return nil, false
}
