package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// MaxFile is how large a file may be, in bytes.
const MaxFile = 8 << 20

// A reader turns the nodes of a YAML file into a State and collects what is wrong with
// them. It reads each node where it is used, so that what an alias stands for is read as if
// it stood there.
type reader struct {
	file string
	// lines are where things stand, but for what is within documents, by path.
	lines    map[string]int
	problems Problems
	// budget is how much may still be read, so that aliases of aliases end.
	budget int
}

// problem adds a problem with what is at a node.
func (r *reader) problem(n *yaml.Node, at, format string, args ...any) {
	r.problems.add(Problem{r.file, n.Line, at, fmt.Sprintf(format, args...)})
}

// open returns the root of the one document in data; nil: there is a problem.
func (r *reader) open(data []byte) *yaml.Node {
	if len(data) > MaxFile {
		r.problem(&yaml.Node{}, "", "the file has more than %d bytes", MaxFile)
		return nil
	}
	r.budget = 2*len(data) + 1<<18
	d := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	err := d.Decode(&document)
	if err == nil {
		if err = d.Decode(&second); errors.Is(err, io.EOF) {
			return document.Content[0]
		}
	}
	switch {
	case err == nil:
		r.problem(&second, "", "a second document begins")
	case errors.Is(err, io.EOF):
		r.problem(&yaml.Node{Line: 1}, "", "the file is empty")
	default:
		line, text := notYAML(err)
		r.problem(&yaml.Node{Line: line}, "", "not YAML: %s", text)
	}
	return nil
}

var yamlError = lazily(`(?s)\Ayaml: (?:line (\d+): )?(.*)\z`)

// notYAML takes an error of package yaml apart.
func notYAML(err error) (line int, text string) {
	parts := yamlError().FindStringSubmatch(err.Error())
	if parts == nil {
		return 0, err.Error()
	}
	line, _ = strconv.Atoi(parts[1])
	return line, parts[2]
}

// follow returns the node that n is or stands for; nil: the budget is spent.
func (r *reader) follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if r.budget < 0 {
		return nil
	}
	if r.budget -= len(n.Value) + 1; r.budget < 0 {
		r.problem(n, "", "aliases make too much of the file")
		return nil
	}
	return n
}

// An entry is one of a mapping.
type entry struct {
	key, at string
	name    *yaml.Node
	value   *yaml.Node
}

// mapping returns the entries of a mapping at a path.
func (r *reader) mapping(n *yaml.Node, at string) (entries []entry, ok bool) {
	if n = r.follow(n); n == nil {
		return nil, false
	}
	if n.Kind != yaml.MappingNode || n.Tag != "!!map" {
		r.problem(n, at, "a mapping must stand here")
		return nil, false
	}
	seen := make(map[string]int)
	for i := 0; i < len(n.Content); i += 2 {
		name := r.follow(n.Content[i])
		if name == nil {
			return nil, false
		}
		key, ok := keyOf(name)
		if !ok {
			r.problem(name, at, "a key must be text")
			continue
		}
		e := entry{key, below(at, key), name, n.Content[i+1]}
		if line, twice := seen[key]; twice {
			r.problem(name, e.at, "stands on line %d already", line)
			continue
		}
		seen[key] = name.Line
		entries = append(entries, e)
	}
	return entries, true
}

// keyOf returns a key as it is written: an account need not be in quotes to be text.
func keyOf(n *yaml.Node) (key string, ok bool) {
	if n.Kind != yaml.ScalarNode {
		return "", false
	}
	switch n.Tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!timestamp":
		return n.Value, true
	}
	return "", false
}

// below returns the path of a key in what is at a path.
func below(at, key string) string {
	if !plainKey().MatchString(key) {
		key = strconv.Quote(key)
	}
	if at == "" {
		return key
	}
	return at + "." + key
}

var plainKey = lazily(`\A[\w+=,@./:-]+\z`)

// element returns the path of an element of the list at a path.
func element(at string, i int) string { return fmt.Sprintf("%s[%d]", at, i) }

// list returns the elements of a list.
func (r *reader) list(n *yaml.Node, at string) []*yaml.Node {
	if n = r.follow(n); n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode || n.Tag != "!!seq" {
		r.problem(n, at, "a list must stand here")
		return nil
	}
	for i, e := range n.Content {
		r.lines[element(at, i)] = e.Line
	}
	return n.Content
}

// text returns the text of a scalar, which must fit the shape that is for it.
func (r *reader) text(n *yaml.Node, at string, shape func(text string) *api.Shape) string {
	if n = r.follow(n); n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || !isText(n) {
		r.problem(n, at, "text must stand here%s", quoted(n))
		return ""
	}
	r.check(n, at, shape(n.Value), n.Value)
	return n.Value
}

// isText reports whether a scalar is text. What looks like a date is, as in the Version
// of a policy.
func isText(n *yaml.Node) bool { return n.Tag == "!!str" || n.Tag == "!!timestamp" }

// quoted is advice on a number or the like where text must stand.
func quoted(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || len(n.Value) > 100 {
		return ""
	}
	return fmt.Sprintf(": write %q, with the quotes", n.Value)
}

// check tells what breaks the constraints of a shape.
func (r *reader) check(n *yaml.Node, at string, shape *api.Shape, text string) {
	r.broken(n, at, shape.CheckString(text))
}

func (r *reader) broken(n *yaml.Node, at string, constraints []string) {
	for _, c := range constraints {
		r.problem(n, at, "%s", c)
	}
}

// flag returns the value of a scalar that is true or false.
func (r *reader) flag(n *yaml.Node, at string) bool {
	if n = r.follow(n); n == nil {
		return false
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		r.problem(n, at, "true or false must stand here")
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

// integer returns the value of a scalar that is a whole number.
func (r *reader) integer(n *yaml.Node, at string) (int64, bool) {
	if n = r.follow(n); n == nil {
		return 0, false
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil {
		r.problem(n, at, "a whole number must stand here")
		return 0, false
	}
	return i, true
}

// document returns a policy document, which is a mapping, or JSON as text.
func (r *reader) document(n *yaml.Node, at string) Document {
	if n = r.follow(n); n == nil {
		return ""
	}
	var d Document
	var err error
	switch {
	case n.Kind == yaml.MappingNode:
		v, ok := r.value(n, at, 0)
		if !ok {
			return ""
		}
		d, err = documentOf(v)
	case n.Kind == yaml.ScalarNode && n.Tag == "!!str":
		d, err = ParseDocument(n.Value)
	default:
		err = errors.New("a policy document must stand here: a mapping, or JSON in quotes")
	}
	if err != nil {
		r.problem(n, at, "%v", err)
		return ""
	}
	r.check(n, at, policyDocument, string(d))
	return d
}

// jsonNumber is how JSON spells numbers (RFC 8259, section 6).
var jsonNumber = lazily(`\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\z`)

// value returns the value of a node within a document in the terms of [documentOf].
func (r *reader) value(n *yaml.Node, at string, depth int) (any, bool) {
	if n = r.follow(n); n == nil {
		return nil, false
	}
	if depth > maxDepth {
		r.problem(n, at, "%v", errTooDeep)
		return nil, false
	}
	switch n.Kind {
	case yaml.MappingNode:
		entries, ok := r.mapping(n, at)
		object := make(map[string]any, len(entries))
		for _, e := range entries {
			v, good := r.value(e.value, e.at, depth+1)
			object[e.key], ok = v, ok && good
		}
		return object, ok
	case yaml.SequenceNode:
		list, ok := make([]any, 0, len(n.Content)), true
		for i, e := range n.Content {
			v, good := r.value(e, element(at, i), depth+1)
			list, ok = append(list, v), ok && good
		}
		return list, ok
	}
	switch {
	case isText(n):
		return n.Value, true
	case n.Tag == "!!bool":
		return strings.EqualFold(n.Value, "true"), true
	case n.Tag == "!!null":
		return nil, true
	case (n.Tag == "!!int" || n.Tag == "!!float") && jsonNumber().MatchString(n.Value):
		return number(n.Value), true
	}
	r.problem(n, at, "this is neither text nor a number of JSON%s", quoted(n))
	return nil, false
}
