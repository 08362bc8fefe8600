package wire

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A plan is what there is to know about the values of one shape in one Go type,
// so that neither names nor types are looked up while a body is read or written.
type plan struct {
	shape *api.Shape
	typ   reflect.Type

	// elem is the plan of a List's elements or a Map's values. elemRule and
	// keyRule state the constraints on them, or on a Map's keys; empty if none.
	elem              *plan
	elemRule, keyRule string

	// fields are a Structure's members in AWS's order. sorted has them by name,
	// as they are written. checked has collections first, as they are validated:
	// observed for Logins before IdentityId.
	fields          []field
	sorted, checked []*field
}

type field struct {
	plan  *plan
	index int
	// pointer tells that the field points to the plan's type: structures do, and
	// optional Booleans, which differ in false and absent.
	pointer bool
	name    string
	// key is the name as written in JSON with the colon; label as in messages.
	key, label string
	required   bool
}

type planKey struct {
	shape *api.Shape
	typ   reflect.Type
}

// plans holds a plan for each pair of shape and struct that was ever used. Pairs
// come from the program, never from input, so there are few.
var plans sync.Map // of planKey to *plan

// planFor returns the plan of the structs of type t for shape. It panics when
// they disagree.
func planFor(shape *api.Shape, t reflect.Type) *plan {
	key := planKey{shape, t}
	if p, ok := plans.Load(key); ok {
		return p.(*plan)
	}
	if shape.Kind != api.Structure || t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("wire: shape %s in Go type %s: not a structure", shape.Name, t))
	}
	p, _ := plans.LoadOrStore(key, newPlan(shape, t, shape.Name))
	return p.(*plan)
}

// MustFit panics when structs of type t can not hold the values of shape, so that a
// program finds out at its start.
func MustFit(shape *api.Shape, t reflect.Type) { planFor(shape, t) }

var (
	secretType = reflect.TypeFor[api.Secret]()
	stringType = reflect.TypeFor[string]()
	int64Type  = reflect.TypeFor[int64]()
	boolType   = reflect.TypeFor[bool]()
	timeType   = reflect.TypeFor[time.Time]()
)

// newPlan compiles the plan of shape in t; path is for the panic's text.
func newPlan(shape *api.Shape, t reflect.Type, path string) *plan {
	p := &plan{shape: shape, typ: t}
	var fits bool
	switch shape.Kind {
	case api.String:
		fits = p.typ == stringType && !shape.Sensitive || p.typ == secretType && shape.Sensitive
	case api.Integer, api.Long:
		fits = p.typ == int64Type
	case api.Boolean:
		fits = p.typ == boolType
	case api.Timestamp:
		fits = p.typ == timeType
	case api.List:
		if fits = p.typ.Kind() == reflect.Slice; fits {
			p.elem = newPlan(shape.Elem, p.typ.Elem(), path+"[]")
			p.elemRule = rule(shape.Elem)
		}
	case api.Map:
		if fits = p.typ.Kind() == reflect.Map && p.typ.Key() == stringType; fits {
			p.elem = newPlan(shape.Elem, p.typ.Elem(), path+"{}")
			p.elemRule = rule(shape.Elem)
			p.keyRule = rule(shape.Key)
		}
	case api.Structure:
		if fits = p.typ.Kind() == reflect.Struct && p.typ.NumField() == len(shape.Members); fits {
			p.addFields(path)
		}
	}
	if !fits {
		panic(fmt.Sprintf("wire: %s: shape %s does not fit in Go type %s", path, shape.Name, t))
	}
	return p
}

func (p *plan) addFields(path string) {
	p.fields = make([]field, 0, len(p.shape.Members))
	for _, m := range p.shape.Members {
		path := path + "." + m.Name
		sf, ok := p.typ.FieldByName(m.Field())
		if !ok || len(sf.Index) != 1 {
			panic(fmt.Sprintf("wire: %s: Go type %s has no such field", path, p.typ))
		}
		t, pointer := sf.Type, m.Shape.Kind == api.Structure || m.Shape.Kind == api.Boolean && !m.Required
		if pointer {
			if t.Kind() != reflect.Pointer {
				panic(fmt.Sprintf("wire: %s: Go type %s is not a pointer", path, t))
			}
			t = t.Elem()
		}
		p.fields = append(p.fields, field{
			plan:     newPlan(m.Shape, t, path),
			index:    sf.Index[0],
			pointer:  pointer,
			name:     m.Name,
			key:      string(appendQuoted(nil, m.Name)) + ":",
			label:    strings.ToLower(m.Name[:1]) + m.Name[1:],
			required: m.Required,
		})
	}
	for i := range p.fields {
		p.sorted = append(p.sorted, &p.fields[i])
	}
	p.checked = slices.Clone(p.sorted)
	slices.SortFunc(p.sorted, func(a, b *field) int { return strings.Compare(a.name, b.name) })
	slices.SortStableFunc(p.checked, func(a, b *field) int { return cmp.Compare(rank(a), rank(b)) })
}

func rank(f *field) int {
	switch f.plan.shape.Kind {
	case api.List, api.Map:
		return 0
	}
	return 1
}

// rule lists every constraint on the strings of s, broken or not, as AWS does
// for keys and elements of collections. Empty: there is none. The description
// bounds no elements but strings, and structures by their members.
func rule(s *api.Shape) string {
	if s.Kind != api.String {
		return ""
	}
	var all []string
	if s.Min > 0 || s.Max > 0 {
		// Lengths that break one bound each, to have the words of package api.
		all = append(s.CheckLen(math.MaxInt), s.CheckLen(-1)...)
	}
	if s.Pattern != "" {
		all = append(all, "Member must satisfy regular expression pattern: "+s.Pattern)
	}
	if len(s.Enum) > 0 {
		all = append(all, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
	}
	return strings.Join(all, ", ")
}
