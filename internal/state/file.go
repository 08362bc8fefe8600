package state

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Parse reads a file; name is what problems call it. The format is that of the package's
// documentation; Parse is the inverse of [Write]. The error is of type [Problems].
func Parse(name string, data []byte) (*State, error) {
	r := &reader{file: name, lines: make(map[string]int)}
	s := &State{Accounts: make(map[string]*Account), file: name, lines: r.lines}
	if root := r.open(data); root != nil {
		r.fields(root, "", fileFields(s))
	}
	if err := r.problems.err(); err != nil {
		return nil, err
	}
	return s, nil
}

const header = `# What Poolkeeper has, and is to have: poolkeeper apply -f FILE makes it so.
# Access keys are not in here: their secrets are shown once, when they are made.
`

// Write returns s as a file: sorted, the same for the same state, and without what is as
// it would be if it were left out.
func Write(s *State) []byte {
	b := bytes.NewBufferString(header)
	e := yaml.NewEncoder(b)
	e.SetIndent(2)
	// Neither fails: the nodes are of our making, and a buffer takes all.
	if err := e.Encode(fieldsNode(fileFields(s))); err != nil {
		panic("state: " + err.Error())
	}
	if err := e.Close(); err != nil {
		panic("state: " + err.Error())
	}
	return b.Bytes()
}

func fieldsNode(fields []field) *yaml.Node {
	n := object()
	for _, f := range fields {
		if v := f.write(); v != nil {
			put(n, f.name, v)
		}
	}
	return n
}

func object() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }
func list() *yaml.Node   { return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"} }

func put(n *yaml.Node, key string, value *yaml.Node) {
	k := text(key)
	k.Style &^= yaml.LiteralStyle // keys stand on one line
	if strings.Contains(key, "\n") {
		k.Style = yaml.DoubleQuotedStyle
	}
	n.Content = append(n.Content, k, value)
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

func flag(v *bool) *yaml.Node { return node(*v) }

// node returns a value of a document as YAML.
func node(v any) *yaml.Node {
	switch v := v.(type) {
	case bool:
		if v {
			return scalar("!!bool", "true")
		}
		return scalar("!!bool", "false")
	case number:
		if strings.ContainsAny(string(v), ".eE") {
			return scalar("!!float", string(v))
		}
		return scalar("!!int", string(v))
	case string:
		return text(v)
	case []any:
		n := list()
		for _, e := range v {
			n.Content = append(n.Content, node(e))
		}
		return n
	case map[string]any:
		n := object()
		for _, key := range members(v) {
			put(n, key, node(v[key]))
		}
		return n
	}
	return scalar("!!null", "null")
}

// switches are the words of YAML 1.1 for true and false.
var switches = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// bare reports whether s begins as what may stand without quotes for any reader of YAML,
// also of version 1.1, where the package that writes agrees.
func bare(s string) bool {
	return s != "" && (s[0] == '/' || 'a' <= s[0]|0x20 && s[0]|0x20 <= 'z')
}

func text(s string) *yaml.Node {
	n := scalar("!!str", s)
	switch {
	case isBlock(s):
		n.Style = yaml.LiteralStyle
	case !bare(s) || strings.ContainsFunc(s, notPrinted) || slices.Contains(switches, strings.ToLower(s)):
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// isBlock reports whether text of several lines can stand as it is. The package that writes
// gets white space at the begin wrong.
func isBlock(s string) bool {
	return strings.Contains(s, "\n") && !strings.ContainsAny(s[:1], " \t\n") && !strings.ContainsFunc(s, notPrinted)
}

// notPrinted reports what stands in quotes, as an escape.
func notPrinted(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' }
