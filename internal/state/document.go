package state

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// A Document is a policy document in the one form that documents which say the same in
// JSON share: without white space, and with the members of objects in a fixed order. It
// is what the service is sent.
type Document string

// maxDepth is how deep a document may nest.
const maxDepth = 32

var (
	errTooDeep = fmt.Errorf("a policy document nests at most %d deep", maxDepth)
	errNoRoot  = errors.New("a policy document is a mapping")
)

// ParseDocument returns the document that text is, which is one JSON object (RFC 8259)
// without duplicate names. Whether it is a policy is for the service to say.
func ParseDocument(text string) (Document, error) {
	d := jsontext.NewDecoder(strings.NewReader(text))
	v, err := readJSON(d, 0)
	switch {
	case errors.Is(err, errTooDeep):
		return "", err
	case err != nil:
		return "", fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return "", errors.New("something follows the JSON of a policy document")
	}
	return documentOf(v)
}

// documentOf returns the document of a value: an object is a map[string]any, an array
// an []any, a number a [number].
func documentOf(v any) (Document, error) {
	if _, ok := v.(map[string]any); !ok {
		return "", errNoRoot
	}
	return Document(appendJSON(nil, v)), nil
}

// A number is a JSON number as it is written.
type number string

func readJSON(d *jsontext.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return t.Bool(), nil
	case '0':
		return number(t.String()), nil
	case '"':
		return t.String(), nil
	case '[':
		list := []any{}
		for d.PeekKind() != ']' {
			v, err := readJSON(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.ReadToken()
		return list, err
	}
	object := make(map[string]any)
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if object[key], err = readJSON(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err = d.ReadToken()
	return object, err
}

func appendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return fmt.Append(dst, v)
	case number:
		return append(dst, v...)
	case string:
		return appendString(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, e)
		}
		return append(dst, ']')
	case map[string]any:
		dst = append(dst, '{')
		for i, key := range members(v) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, key), ':')
			dst = appendJSON(dst, v[key])
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

// usual is the order in which people write the members of policies.
var usual = []string{
	"Version", "Id", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
	"Resource", "NotResource", "Condition", "Statement",
}

// members returns the names of an object's members in the usual order, others last.
func members(object map[string]any) []string {
	rank := func(name string) int {
		if n := slices.Index(usual, name); n >= 0 {
			return n
		}
		return len(usual)
	}
	return slices.SortedFunc(maps.Keys(object), func(a, b string) int {
		return cmp.Or(rank(a)-rank(b), strings.Compare(a, b))
	})
}

// appendString appends s in quotes. What IAM does not take in a document as it is, it
// takes as an escape: policyDocumentType goes to U+00FF.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		case r < ' ' || r > 0xFF:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = append(dst, string(r)...)
		}
	}
	return append(dst, '"')
}

// value is the inverse of documentOf.
func (d Document) value() any {
	v, err := readJSON(jsontext.NewDecoder(strings.NewReader(string(d))), 0)
	if err != nil {
		return map[string]any{} // the zero Document
	}
	return v
}
