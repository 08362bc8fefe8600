package cli

import (
	"slices"
	"strings"
)

// A textOutput is the format text: lines of tab-separated scalars.
type textOutput struct{ strings.Builder }

// value writes v. identifier is the name that it has, if named; columns are the scalars of
// all objects in the list that v is in, nil outside of one.
func (t *textOutput) value(v any, identifier string, named bool, columns []string) {
	switch v := v.(type) {
	case *object:
		t.object(v, identifier, named, columns)
	case []any:
		t.list(v, identifier, named)
	default:
		t.line(plain(v))
	}
}

func (t *textOutput) line(fields ...string) {
	t.WriteString(strings.Join(fields, "\t"))
	t.WriteByte('\n')
}

func (t *textOutput) list(list []any, identifier string, named bool) {
	isObject := func(v any) bool { _, ok := v.(*object); return ok }
	isList := func(v any) bool { _, ok := v.([]any); return ok }
	switch {
	case len(list) == 0:
	case slices.ContainsFunc(list, isObject):
		columns := scalarNames(list)
		for _, e := range list {
			t.value(e, identifier, named, columns)
		}
	case slices.ContainsFunc(list, isList):
		t.scalars(slices.DeleteFunc(slices.Clone(list), func(v any) bool { return !scalar(v) }), identifier, named)
		for _, e := range list {
			if !scalar(e) {
				t.value(e, identifier, named, nil)
			}
		}
	default:
		t.scalars(list, identifier, named)
	}
}

func (t *textOutput) scalars(list []any, identifier string, named bool) {
	if len(list) == 0 {
		return
	}
	if named {
		for _, e := range list {
			t.line(strings.ToUpper(identifier), plain(e))
		}
		return
	}
	fields := make([]string, len(list))
	for i, e := range list {
		fields[i] = plain(e)
	}
	t.line(fields...)
}

// scalarNames are the names under which any object of the list has a scalar.
func scalarNames(list []any) []string {
	names := []string{}
	for _, e := range list {
		if o, ok := e.(*object); ok {
			for _, n := range o.names {
				if scalar(o.values[n]) && !slices.Contains(names, n) {
					names = append(names, n)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

func (t *textOutput) object(o *object, identifier string, named bool, columns []string) {
	var fields, nested []string
	if columns != nil {
		for _, n := range columns {
			field := ""
			if v, ok := o.get(n); ok {
				field = plain(v)
			}
			fields = append(fields, field)
		}
		for _, n := range o.sorted() {
			if !slices.Contains(columns, n) {
				nested = append(nested, n)
			}
		}
	} else {
		for _, n := range o.sorted() {
			if v := o.values[n]; scalar(v) {
				fields = append(fields, plain(v))
			} else {
				nested = append(nested, n)
			}
		}
	}
	if len(fields) > 0 {
		if named {
			fields = slices.Insert(fields, 0, strings.ToUpper(identifier))
		}
		t.line(fields...)
	}
	for _, n := range nested {
		t.value(o.values[n], n, true, nil)
	}
}
