package wire

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

const (
	// maxListed is how many broken constraints one message lists (sibling).
	maxListed = 10
	// maxEcho is how many characters of a value a message repeats (ours).
	maxEcho = 1024
	// hidden stands for a Sensitive value. AWS prints the value itself.
	hidden = "***"
)

// A check collects the broken constraints of one input.
type check struct {
	v      *Value
	broken []string
}

// validate checks rv, which was decoded from v. Presence is read from v, since a
// Go string does not tell an empty value from an absent one.
func (p *plan) validate(v *Value, rv reflect.Value) *api.Error {
	c := check{v: v}
	c.structure(p, root, rv, "")
	switch n := len(c.broken); n {
	case 0:
		return nil
	case 1:
		return c.exception("1 validation error detected: ")
	default:
		return c.exception(fmt.Sprintf("%d validation errors detected: ", n))
	}
}

func (c *check) exception(head string) *api.Error {
	return &api.Error{Code: api.ValidationException, Message: head + strings.Join(c.broken, "; ")}
}

func (c *check) full() bool { return len(c.broken) == maxListed }

// structure checks the members of the object at; their paths begin with prefix.
func (c *check) structure(p *plan, at uint32, rv reflect.Value, prefix string) {
	for _, f := range p.checked {
		if c.full() {
			return
		}
		path := prefix + f.label
		member := c.v.member(at, f.name)
		if member != absent {
			c.value(f.plan, member, reflect.Indirect(rv.Field(f.index)), path)
		} else if f.required {
			c.add(f.plan, absent, path, "Member must not be null")
		}
	}
}

// value checks the value at, which is not null.
func (c *check) value(p *plan, at uint32, rv reflect.Value, path string) {
	switch p.shape.Kind {
	case api.String:
		c.add(p, at, path, p.shape.CheckString(rv.String())...)
	case api.Integer, api.Long:
		c.add(p, at, path, p.shape.CheckNumber(rv.Int())...)
	case api.List:
		c.list(p, at, rv, path)
	case api.Map:
		c.mapping(p, at, rv, path)
	case api.Structure:
		c.structure(p, at, rv, path+".")
	}
}

func (c *check) list(p *plan, at uint32, rv reflect.Value, path string) {
	c.add(p, at, path, p.shape.CheckLen(rv.Len())...)
	if p.elemRule != "" {
		for i := range rv.Len() {
			if len(p.elem.shape.CheckString(rv.Index(i).String())) > 0 {
				c.add(p, at, path, "Member must satisfy constraint: ["+p.elemRule+"]")
				break
			}
		}
	}
	if p.elem.shape.Kind != api.Structure {
		return
	}
	n := 0
	for elem := range c.v.elements(at) {
		if c.full() {
			return
		}
		c.structure(p.elem, elem, rv.Index(n), path+"."+strconv.Itoa(n+1)+".member.")
		n++
	}
}

func (c *check) mapping(p *plan, at uint32, rv reflect.Value, path string) {
	c.add(p, at, path, p.shape.CheckLen(rv.Len())...)
	var keys, values bool
	switch m := rv.Interface().(type) {
	case map[string]string:
		keys, values = entriesBreak(p, m)
	case map[string]api.Secret:
		keys, values = entriesBreak(p, m)
	default:
		for _, key := range rv.MapKeys() {
			keys = keys || len(p.shape.Key.CheckString(key.String())) > 0
		}
	}
	if keys {
		c.add(p, at, path, "Map keys must satisfy constraint: ["+p.keyRule+"]")
	}
	if values {
		c.add(p, at, path, "Map value must satisfy constraint: ["+p.elemRule+"]")
	}
	if p.elem.shape.Kind != api.Structure {
		return
	}
	for name, value := range c.v.entries(at) {
		if c.full() {
			return
		}
		key := string(c.v.text(name))
		c.structure(p.elem, value, rv.MapIndex(reflect.ValueOf(key)), path+"."+clip(key)+".member.")
	}
}

// entriesBreak reports whether any key and any value of m breaks its constraints.
func entriesBreak[S ~string](p *plan, m map[string]S) (keys, values bool) {
	for k, v := range m {
		keys = keys || len(p.shape.Key.CheckString(k)) > 0
		values = values || len(p.elem.shape.CheckString(string(v))) > 0
	}
	return keys, values
}

// add notes that the value at breaks the given constraints.
func (c *check) add(p *plan, at uint32, path string, constraints ...string) {
	if len(constraints) == 0 {
		return
	}
	value := "null"
	if at != absent {
		var e echo
		e.value(c.v, p.shape, at)
		value = "'" + e.String() + "'"
	}
	for _, constraint := range constraints {
		if c.full() {
			return
		}
		c.broken = append(c.broken, "Value "+value+" at '"+path+"' failed to satisfy constraint: "+constraint)
	}
}

// An echo repeats what a client sent, as Java prints it, up to maxEcho characters.
type echo struct {
	b strings.Builder
	// n counts the characters written; cut tells that there were more.
	n   int
	cut bool
}

func (e *echo) String() string {
	if e.cut {
		return e.b.String() + "..."
	}
	return e.b.String()
}

func (e *echo) write(s string) {
	for i := range s {
		if e.n == maxEcho {
			e.cut = true
			e.b.WriteString(s[:i])
			return
		}
		e.n++
	}
	e.b.WriteString(s)
}

// value writes the value at as sent, with what shape marks as Sensitive hidden.
func (e *echo) value(v *Value, shape *api.Shape, at uint32) {
	switch v.nodes[at].kind {
	case kindArray:
		e.write("[")
		sep := ""
		for i := range v.elements(at) {
			if e.cut {
				return
			}
			e.write(sep)
			e.value(v, shape.Elem, i)
			sep = ", "
		}
		e.write("]")
	case kindObject:
		e.object(v, shape, at)
	default:
		if shape.Sensitive {
			e.write(hidden)
			return
		}
		e.write(string(v.text(at)))
	}
}

func (e *echo) object(v *Value, shape *api.Shape, at uint32) {
	e.write("{")
	sep := ""
	for name, value := range v.entries(at) {
		if e.cut {
			return
		}
		key, elem := string(v.text(name)), shape.Elem
		if shape.Kind == api.Structure {
			m := shape.Member(key)
			if m == nil {
				continue
			}
			elem = m.Shape
		}
		e.write(sep)
		e.write(key)
		e.write("=")
		e.value(v, elem, value)
		sep = ", "
	}
	e.write("}")
}

// clip is s as an echo repeats it.
func clip(s string) string {
	var e echo
	e.write(s)
	return e.String()
}
