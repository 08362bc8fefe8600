package wire

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// DecodeForm is [Decode] for a form. The parameters of a structure's member are called
// NAME.MEMBER, those of a list's element NAME.member.N, those of a map's entry
// NAME.entry.N.key and NAME.entry.N.value. Elements and entries go in the order of
// their numbers, which are decimal, from 1, without leading zeros; a gap between them is
// closed (ours: what AWS does is not known). An empty NAME stands for an empty list,
// map or structure, since that is how clients send one. Parameters that shape does not
// have are ignored.
//
// A parameter that shape has and in another form is a MalformedInput, and all broken
// constraints are one ValidationError, which is how this protocol calls what
// [Decode] calls a SerializationException and a ValidationException.
func DecodeForm(shape *api.Shape, f *Form, dst any) error {
	p, rv := bind(shape, dst)
	v, err := f.decode(shape)
	if err == nil {
		err = p.decode(v, root, rv)
	}
	if err == nil {
		err = p.validate(v, rv)
	}
	if err != nil {
		return inQuery(err)
	}
	return nil
}

// A branch is what a form says of one value.
type branch struct {
	// self is the parameter that is called like the value; nil: there is none.
	self *param
	// below are those of its members, elements or entries, whose names go on at at.
	below []param
	at    int
}

// take adds the parameter all[i] to those below. They stand together in all.
func (b *branch) take(all []param, i int) {
	if b.below == nil {
		b.below = all[i:i]
	}
	b.below = b.below[:len(b.below)+1]
}

// decode returns what f says of the members of shape, a Structure.
func (f *Form) decode(shape *api.Shape) (*Value, *api.Error) {
	v := &Value{body: f.text, nodes: make([]node, 0, 1+4*len(f.params))}
	if err := f.grow(v, shape, branch{below: f.params}); err != nil {
		return nil, err
	}
	return v, nil
}

// grow adds the value of b to v.
func (f *Form) grow(v *Value, shape *api.Shape, b branch) *api.Error {
	switch shape.Kind {
	case api.List:
		return f.growList(v, shape, b)
	case api.Map:
		return f.growMap(v, shape, b)
	case api.Structure:
		return f.growStructure(v, shape, b)
	}
	if len(b.below) > 0 {
		return listNotExpected.With()
	}
	return v.addScalar(shape.Kind, int(b.self.mid), int(b.self.end))
}

func (f *Form) growStructure(v *Value, shape *api.Shape, b branch) *api.Error {
	if f.texted(b) {
		return endOfComplex.With()
	}
	at := v.open(kindObject)
	for i := range shape.Members {
		m := &shape.Members[i]
		child := f.child(b, m.Name)
		if child.self == nil && child.below == nil {
			continue
		}
		v.addUnescaped(kindString, m.Name)
		if err := f.grow(v, m.Shape, child); err != nil {
			return err
		}
	}
	v.close(at)
	return nil
}

func (f *Form) growList(v *Value, shape *api.Shape, b branch) *api.Error {
	if f.texted(b) {
		return endOfList.With()
	}
	elements, err := f.numbered(b, "member.")
	if err != nil {
		return err
	}
	at := v.open(kindArray)
	for _, e := range elements {
		if err := f.grow(v, shape.Elem, e.branch); err != nil {
			return err
		}
	}
	v.close(at)
	return nil
}

func (f *Form) growMap(v *Value, shape *api.Shape, b branch) *api.Error {
	if f.texted(b) {
		return endOfComplex.With()
	}
	entries, err := f.numbered(b, "entry.")
	if err != nil {
		return err
	}
	at := v.open(kindObject)
	seen := make(map[string]bool, len(entries))
	for _, e := range entries {
		key, value := f.child(e.branch, "key"), f.child(e.branch, "value")
		if e.self != nil || key.self == nil || value.self == nil && value.below == nil {
			return badEntry.With()
		}
		name := string(f.value(*key.self))
		if seen[name] {
			return duplicateKey.With()
		}
		seen[name] = true
		if err := f.grow(v, shape.Key, key); err != nil {
			return err
		}
		if err := f.grow(v, shape.Elem, value); err != nil {
			return err
		}
	}
	v.close(at)
	return nil
}

// texted reports whether b has a text where only parameters below may stand, or an
// empty one that says there are none.
func (f *Form) texted(b branch) bool {
	return b.self != nil && (len(b.below) > 0 || len(f.value(*b.self)) > 0)
}

// child returns what b says of its member called name.
func (f *Form) child(b branch, name string) branch {
	child := branch{at: b.at + len(name) + 1}
	for i := range b.below {
		rest := f.name(b.below[i])[b.at:]
		if len(rest) < len(name) || string(rest[:len(name)]) != name {
			continue
		}
		switch rest = rest[len(name):]; {
		case len(rest) == 0:
			child.self = &b.below[i]
		case rest[0] == '.':
			child.take(b.below, i)
		}
	}
	return child
}

// An nth is a list's element or a map's entry.
type nth struct {
	branch
	number []byte
}

// numbered returns all below b in the order of their numbers, which stand behind word.
func (f *Form) numbered(b branch, word string) ([]nth, *api.Error) {
	var all []nth
	for i := range b.below {
		rest, ok := bytes.CutPrefix(f.name(b.below[i])[b.at:], []byte(word))
		if !ok {
			return nil, notAList.With()
		}
		number, _, more := bytes.Cut(rest, []byte("."))
		if !isIndex(number) {
			return nil, badIndex.With(clip(string(number)))
		}
		if len(all) == 0 || !bytes.Equal(all[len(all)-1].number, number) {
			at := b.at + len(word) + len(number) + 1
			all = append(all, nth{branch: branch{at: at}, number: number})
		}
		if last := &all[len(all)-1]; more {
			last.take(b.below, i)
		} else {
			last.self = &b.below[i]
		}
	}
	slices.SortFunc(all, func(a, b nth) int {
		return cmp.Or(cmp.Compare(len(a.number), len(b.number)), bytes.Compare(a.number, b.number))
	})
	return all, nil
}

// isIndex reports whether number is a positive decimal number in its only spelling, of
// any size: nothing is allocated by it, and of two the longer is the greater.
func isIndex(number []byte) bool {
	for _, c := range number {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(number) > 0 && number[0] != '0'
}

// addScalar adds the value of the given kind that is written in body[start:end], as
// forms and XML write it, in the spelling of JSON.
func (v *Value) addScalar(kind api.Kind, start, end int) *api.Error {
	switch kind {
	case api.Integer, api.Long:
		bits := 64
		if kind == api.Integer {
			bits = 32
		}
		if start == end {
			return noNumber.With()
		}
		n, err := strconv.ParseInt(string(v.body[start:end]), 10, bits)
		if err != nil {
			return notNumber.With()
		}
		v.addUnescaped(kindNumber, strconv.FormatInt(n, 10))
	case api.Timestamp:
		t, err := time.Parse(time.RFC3339, string(v.body[start:end]))
		if err != nil {
			return notTime.With(clip(string(v.body[start:end])))
		}
		v.addUnescaped(kindNumber, string(appendTime(nil, t)))
	default:
		// A Boolean too, which JSON also takes as a string.
		v.add(kindString, start, end)
	}
	return nil
}
