package wire

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// WarningHeader is the header in which the server tells, beside an answer, what is unsafe about
// what was done; once for each warning. AWS has no such header.
const WarningHeader = "X-Poolkeeper-Warning"

// MaxBody is the length in bytes of the longest body that is parsed. Read one
// byte more to tell a body that is too long from one that just fits.
const MaxBody = 1 << 20

// maxDepth bounds nesting. The deepest input, a rule of a role mapping, needs 6.
const maxDepth = 32

// A Value is the JSON object of one body, or what a form or an XML document says in
// the same terms. It is immutable and refers to the bytes it was parsed from, which
// must not change while it is in use.
type Value struct {
	body []byte
	// unescaped holds the texts that are spelled otherwise in body, or not in it.
	unescaped []byte
	// nodes lists every value, and every member's name before its value, in the
	// order of the body. A flat list keeps the memory of a hostile body within
	// 16 bytes for each of its values.
	nodes []node
}

// root is the index of the outermost object. No member has it, so as the index
// of a member it means absent.
const root, absent = 0, 0

type node struct {
	kind jsontext.Kind
	// escaped tells that start and end count in unescaped, not in body.
	escaped bool
	// start and end delimit the text of a scalar: a string's without its quotes.
	start, end uint32
	// next is the index of the first node that is not part of this value.
	next uint32
}

// A value's kind is its first token's; an object and an array have no others.
const (
	kindObject = jsontext.KindBeginObject
	kindArray  = jsontext.KindBeginArray
	kindString = jsontext.KindString
	kindNumber = jsontext.KindNumber
	kindTrue   = jsontext.KindTrue
	kindFalse  = jsontext.KindFalse
	kindNull   = jsontext.KindNull
)

// ParseJSON reads body as exactly one JSON object (RFC 8259) that is also I-JSON
// (RFC 7493): names are unique within an object, and strings are Unicode. NUL in
// strings and nesting deeper than 32 are refused too. Errors are *api.Error.
func ParseJSON(body []byte) (*Value, error) {
	if len(body) > MaxBody {
		return nil, api.BodyTooLarge.With(MaxBody)
	}
	if !jsontext.Value(body).IsValid() {
		return nil, syntaxError(body)
	}
	v := &Value{body: body, nodes: make([]node, 0, 8+len(body)/16)}
	if err := v.index(); err != nil {
		return nil, err
	}
	return v, nil
}

// syntaxError words why body is not I-JSON. Where AWS would read on, the reason
// is told; elsewhere AWS tells none.
func syntaxError(body jsontext.Value) *api.Error {
	switch {
	case body.IsValid(jsontext.AllowDuplicateNames(true)):
		return duplicateName.With()
	case body.IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)):
		return notUnicode.With()
	}
	return api.NotJSON.With()
}

// index fills nodes from the body, which is known to be valid, so that only the
// beginnings and ends of values are looked for.
func (v *Value) index() *api.Error {
	var open [maxDepth]int
	depth := 0
	for i := 0; i < len(v.body); {
		switch c := v.body[i]; c {
		case ' ', '\t', '\n', '\r', ':', ',':
			i++
		case '{', '[':
			if depth == maxDepth {
				return tooDeep.With(maxDepth)
			}
			open[depth] = len(v.nodes)
			depth++
			v.add(jsontext.Kind(c), i, i+1)
			i++
		case '}', ']':
			depth--
			v.nodes[open[depth]].next = uint32(len(v.nodes))
			i++
		case '"':
			end, escaped := stringEnd(v.body, i+1)
			if !escaped {
				v.add(kindString, i+1, end)
			} else if err := v.addEscaped(v.body[i : end+1]); err != nil {
				return err
			}
			i = end + 1
		default:
			end := i + 1
			for end < len(v.body) && !endsLiteral(v.body[end]) {
				end++
			}
			v.add(jsontext.Value(v.body[i:end]).Kind(), i, end)
			i = end
		}
	}
	if v.nodes[root].kind != kindObject {
		return api.NotJSON.With()
	}
	return nil
}

func (v *Value) add(kind jsontext.Kind, start, end int) {
	v.nodes = append(v.nodes, node{kind: kind, start: uint32(start), end: uint32(end), next: uint32(len(v.nodes)) + 1})
}

// addUnescaped adds a scalar of the given text.
func (v *Value) addUnescaped(kind jsontext.Kind, text string) {
	start := len(v.unescaped)
	v.unescaped = append(v.unescaped, text...)
	v.add(kind, start, len(v.unescaped))
	v.nodes[len(v.nodes)-1].escaped = true
}

// open begins an object or array that is not in body, and returns its index for close.
func (v *Value) open(kind jsontext.Kind) int {
	v.add(kind, 0, 0)
	return len(v.nodes) - 1
}

func (v *Value) close(at int) { v.nodes[at].next = uint32(len(v.nodes)) }

// addEscaped adds the string that quoted holds with its quotes. Only an escape
// can write NUL, since a raw control character is not JSON.
func (v *Value) addEscaped(quoted []byte) *api.Error {
	start := len(v.unescaped)
	v.unescaped, _ = jsontext.AppendUnquote(v.unescaped, quoted)
	if bytes.IndexByte(v.unescaped[start:], 0) >= 0 {
		return nulFound.With()
	}
	v.add(kindString, start, len(v.unescaped))
	v.nodes[len(v.nodes)-1].escaped = true
	return nil
}

// stringEnd returns the index of the quote that ends the string whose content
// begins at i, and whether the content has escapes.
func stringEnd(body []byte, i int) (end int, escaped bool) {
	for ; body[i] != '"'; i++ {
		if body[i] == '\\' {
			escaped = true
			i++
		}
	}
	return i, escaped
}

// endsLiteral reports whether c ends a number, true, false or null.
func endsLiteral(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ',', '}', ']':
		return true
	}
	return false
}

// text is the content of a string, or the literal of another scalar.
func (v *Value) text(at uint32) []byte {
	n := &v.nodes[at]
	if n.escaped {
		return v.unescaped[n.start:n.end]
	}
	return v.body[n.start:n.end]
}

// member returns the index of the value that the object at gives name, or absent
// when there is none or it is null. Names match exactly.
func (v *Value) member(at uint32, name string) uint32 {
	for i := at + 1; i < v.nodes[at].next; i = v.nodes[i+1].next {
		if string(v.text(i)) != name {
			continue
		}
		if v.nodes[i+1].kind == kindNull {
			break
		}
		return i + 1
	}
	return absent
}

// elements yields the index of every element of the list at, beside nulls.
func (v *Value) elements(at uint32) func(yield func(uint32) bool) {
	return func(yield func(uint32) bool) {
		for i := at + 1; i < v.nodes[at].next; i = v.nodes[i].next {
			if v.nodes[i].kind != kindNull && !yield(i) {
				return
			}
		}
	}
}

// entries yields the indices of every name and value of the object at, beside
// those whose value is null.
func (v *Value) entries(at uint32) func(yield func(name, value uint32) bool) {
	return func(yield func(name, value uint32) bool) {
		for i := at + 1; i < v.nodes[at].next; i = v.nodes[i+1].next {
			if v.nodes[i+1].kind != kindNull && !yield(i, i+1) {
				return
			}
		}
	}
}
