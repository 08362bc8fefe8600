package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// Results are where the program's own commands put what they have found out: as --output
// and --query say, or else as people read it.
type Results struct {
	command *Command
	// format is empty where people read.
	format string
	query  *expression
	color  string
}

// ForPeople reports whether neither --output nor --query says how results are printed.
func (r *Results) ForPeople() bool { return r.format == "" }

// Streams reports whether results are printed one by one as they come: the formats yaml and
// table show them together at the end.
func (r *Results) Streams() bool { return r.format != "yaml" && r.format != "table" }

// Print prints a result: by people where people read, or else value, which is what [Document]
// returns or anything that encoding/json writes. The title is that of a table. An untyped nil
// is no result: it prints nothing in any other form than that for people.
func (r *Results) Print(title string, value any, people func(io.Writer)) error {
	if r.ForPeople() {
		people(r.command.Stdout)
		return nil
	}
	if value == nil {
		return nil
	}
	v, err := r.find(value)
	if err != nil {
		return err
	}
	return r.command.render(r.command.Stdout, r.format, r.color, title, v)
}

// Each prints results one by one, JSON as a line for each. Query sees one result at a time.
// An error among them does not end them; all are returned.
func (r *Results) Each(title string, values iter.Seq2[any, error]) (errs []error) {
	var all []any
	for value, err := range values {
		var v any
		if err == nil {
			v, err = r.find(value)
		}
		switch {
		case err != nil:
		case !r.Streams():
			all = append(all, v)
		case r.format == "json":
			_, err = fmt.Fprintln(r.command.Stdout, lineJSON.encode(v))
		default:
			err = r.command.render(r.command.Stdout, r.format, r.color, title, v)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if !r.Streams() {
		if err := r.command.render(r.command.Stdout, r.format, r.color, title, all); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// find applies --query to a value.
func (r *Results) find(value any) (any, error) {
	tree, err := treeOf(value)
	if err != nil {
		return nil, err
	}
	v, err := r.query.search(tree)
	if err != nil {
		return nil, wrong("Bad value for --query: %v", err)
	}
	return v, nil
}

// treeOf makes the tree of plain values that is printed.
func treeOf(value any) (any, error) {
	switch value.(type) {
	case *object, []any:
		return value, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("print %T: %w", value, err)
	}
	return decodeJSON(string(text))
}

// Document is an output of an operation as it is printed: what the description knows of it, in
// its order, with times as ISO 8601 where the wire has seconds.
func Document(shape *api.Shape, out any) (any, error) {
	v, err := decodeJSON(string(wire.AppendJSON(nil, shape, out)))
	if err != nil {
		return nil, fmt.Errorf("print %s: %w", shape.Name, err)
	}
	return readable(shape, v), nil
}

// YAML is what a YAML document holds, to be printed.
func YAML(document []byte) (any, error) { return decodeYAML(string(document)) }

// readable replaces the timestamps in v.
func readable(shape *api.Shape, v any) any {
	switch v := v.(type) {
	case *object:
		for name, value := range v.values {
			if shape.Kind == api.Map {
				v.values[name] = readable(shape.Elem, value)
			} else if m := shape.Member(name); m != nil {
				v.values[name] = readable(m.Shape, value)
			}
		}
	case []any:
		for i := range v {
			v[i] = readable(shape.Elem, v[i])
		}
	default:
		if n, ok := number(v); ok && shape.Kind == api.Timestamp {
			seconds, _ := n.Float64()
			return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC().Format("2006-01-02T15:04:05.000Z07:00")
		}
	}
	return v
}
