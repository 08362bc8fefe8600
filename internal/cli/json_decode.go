package cli

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNesting bounds how deep a document may nest.
const maxNesting = 500

// A jsonError tells where a text stops to be JSON, in the words of AWS's command line.
type jsonError struct {
	what string
	text string
	// at is the offset in bytes.
	at int
}

func (e *jsonError) Error() string {
	before := e.text[:e.at]
	line := 1 + strings.Count(before, "\n")
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("%s: line %d column %d (char %d)", e.what, line, column, utf8.RuneCountInString(before))
}

// decodeJSON reads text as one JSON value. As AWS's command line does it takes NaN and
// the infinities, and of members with one name the last.
func decodeJSON(text string) (any, error) {
	d := jsonDecoder{text: text}
	if strings.HasPrefix(text, "\ufeff") {
		return nil, d.fail("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0)
	}
	v, err := d.value(d.space(0), 0)
	if err != nil {
		return nil, err
	}
	if end := d.space(d.at); end != len(text) {
		return nil, d.fail("Extra data", end)
	}
	return v, nil
}

type jsonDecoder struct {
	text string
	// at is the offset behind the last value.
	at int
}

func (d *jsonDecoder) fail(what string, at int) error {
	return &jsonError{what: what, text: d.text, at: min(at, len(d.text))}
}

// space returns the offset of the first byte from i on that is no white space.
func (d *jsonDecoder) space(i int) int {
	for i < len(d.text) && strings.IndexByte(" \t\n\r", d.text[i]) >= 0 {
		i++
	}
	return i
}

func (d *jsonDecoder) byte(i int) byte {
	if i < len(d.text) {
		return d.text[i]
	}
	return 0
}

func (d *jsonDecoder) value(i, depth int) (any, error) {
	if depth > maxNesting {
		return nil, d.fail("Nested too deep", i)
	}
	rest := d.text[i:]
	switch d.byte(i) {
	case '"':
		return d.string(i + 1)
	case '{':
		return d.object(i+1, depth)
	case '[':
		return d.list(i+1, depth)
	}
	for _, literal := range []struct {
		text  string
		value any
	}{{"null", nil}, {"true", true}, {"false", false}, {"NaN", math.NaN()}, {"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)}} {
		if strings.HasPrefix(rest, literal.text) {
			d.at = i + len(literal.text)
			return literal.value, nil
		}
	}
	return d.number(i)
}

// number reads (-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?
func (d *jsonDecoder) number(i int) (any, error) {
	digits := func(j int) int {
		for d.byte(j) >= '0' && d.byte(j) <= '9' {
			j++
		}
		return j
	}
	j := i
	if d.byte(j) == '-' {
		j++
	}
	switch c := d.byte(j); {
	case c == '0':
		j++
	case '1' <= c && c <= '9':
		j = digits(j)
	default:
		return nil, d.fail("Expecting value", i)
	}
	whole := j
	if d.byte(j) == '.' && digits(j+1) > j+1 {
		j = digits(j + 1)
	}
	if c := d.byte(j); c == 'e' || c == 'E' {
		k := j + 1
		if c := d.byte(k); c == '-' || c == '+' {
			k++
		}
		if digits(k) > k {
			j = digits(k)
		}
	}
	d.at = j
	if j == whole {
		n, _ := new(big.Int).SetString(d.text[i:j], 10)
		return n, nil
	}
	f, _ := strconv.ParseFloat(d.text[i:j], 64)
	return f, nil
}

// string reads the string whose content begins at i.
func (d *jsonDecoder) string(i int) (any, error) {
	begin := i - 1
	var b strings.Builder
	for {
		j := i
		for j < len(d.text) && d.text[j] != '"' && d.text[j] != '\\' && d.text[j] >= ' ' {
			j++
		}
		b.WriteString(d.text[i:j])
		switch {
		case j == len(d.text):
			return nil, d.fail("Unterminated string starting at", begin)
		case d.text[j] == '"':
			d.at = j + 1
			return b.String(), nil
		case d.text[j] < ' ':
			return nil, d.fail("Invalid control character at", j)
		}
		next, err := d.escape(&b, j+1, begin)
		if err != nil {
			return nil, err
		}
		i = next
	}
}

// escape reads what stands behind the backslash before i and returns where it ends.
func (d *jsonDecoder) escape(b *strings.Builder, i, begin int) (int, error) {
	if i >= len(d.text) {
		return 0, d.fail("Unterminated string starting at", begin)
	}
	if k := strings.IndexByte(`"\/bfnrt`, d.text[i]); k >= 0 {
		b.WriteByte("\"\\/\b\f\n\r\t"[k])
		return i + 1, nil
	}
	if d.text[i] != 'u' {
		return 0, d.fail(`Invalid \escape`, i-1)
	}
	r, ok := d.hex(i + 1)
	if !ok {
		return 0, d.fail(`Invalid \uXXXX escape`, i)
	}
	i += 5
	if utf16.IsSurrogate(r) && strings.HasPrefix(d.text[i:], `\u`) {
		if low, ok := d.hex(i + 2); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				b.WriteRune(pair)
				return i + 6, nil
			}
		}
	}
	// Half a surrogate pair is no character. It becomes U+FFFD.
	b.WriteRune(r)
	return i, nil
}

func (d *jsonDecoder) hex(i int) (rune, bool) {
	if i+4 > len(d.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(d.text[i:i+4], 16, 32)
	return rune(n), err == nil
}

func (d *jsonDecoder) object(i, depth int) (any, error) {
	o := newObject()
	i = d.space(i)
	if d.byte(i) == '}' {
		d.at = i + 1
		return o, nil
	}
	for {
		if d.byte(i) != '"' {
			return nil, d.fail("Expecting property name enclosed in double quotes", i)
		}
		name, err := d.string(i + 1)
		if err != nil {
			return nil, err
		}
		i = d.space(d.at)
		if d.byte(i) != ':' {
			return nil, d.fail("Expecting ':' delimiter", i)
		}
		v, err := d.value(d.space(i+1), depth+1)
		if err != nil {
			return nil, err
		}
		o.set(name.(string), v)
		i = d.space(d.at)
		switch d.byte(i) {
		case '}':
			d.at = i + 1
			return o, nil
		case ',':
			i = d.space(i + 1)
		default:
			return nil, d.fail("Expecting ',' delimiter", i)
		}
	}
}

func (d *jsonDecoder) list(i, depth int) (any, error) {
	list := []any{}
	i = d.space(i)
	if d.byte(i) == ']' {
		d.at = i + 1
		return list, nil
	}
	for {
		v, err := d.value(i, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		i = d.space(d.at)
		switch d.byte(i) {
		case ']':
			d.at = i + 1
			return list, nil
		case ',':
			i = d.space(i + 1)
		default:
			return nil, d.fail("Expecting ',' delimiter", i)
		}
	}
}
