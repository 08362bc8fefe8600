package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// DecodeXML stores the result of an answer of op in the struct that dst points to,
// whose type is the Go form of op.Output; it is ignored when op has no output. As by
// [DecodeOutput], types must be right and constraints are not checked. Elements that
// the description does not have are ignored, and so are namespaces. An error is never an
// *api.Error: an answer that is not understood is no refusal.
func DecodeXML(op *api.Operation, body []byte, dst any) error {
	if len(body) > MaxBody {
		return fmt.Errorf("longer than %d bytes", MaxBody)
	}
	a := answer{d: xml.NewDecoder(bytes.NewReader(body)), v: new(Value)}
	if err := a.read(op); err != nil || op.Output == nil {
		return err
	}
	p, rv := bind(op.Output, dst)
	if err := p.decode(a.v, root, rv); err != nil {
		return errors.New(err.Message)
	}
	return nil
}

// An answer is read into v, whose body becomes the text of all elements.
type answer struct {
	d *xml.Decoder
	v *Value
}

// read reads the whole document.
func (a *answer) read(op *api.Operation) error {
	found := false
	err := a.elements(func(name string) error {
		if found || name != op.Name+"Response" {
			return fmt.Errorf("unexpected element %.100q", name)
		}
		found = true
		return a.elements(func(name string) error {
			if op.Output == nil || name != op.Name+"Result" {
				return a.d.Skip()
			}
			if len(a.v.nodes) > 0 {
				return errors.New("more than one result")
			}
			return a.value(op.Output)
		})
	})
	switch {
	case err != nil:
		return err
	case !found:
		return errors.New("no element")
	case len(a.v.nodes) == 0:
		// No result is a result without members.
		a.v.close(a.v.open(kindObject))
	}
	return nil
}

// elements calls each for every element that begins inside the one that has begun, or
// inside the document. It must read on to the element's end.
func (a *answer) elements(each func(name string) error) error {
	for {
		token, err := a.d.Token()
		if errors.Is(err, io.EOF) {
			// Only outside of all elements; elsewhere the decoder reports another error.
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := each(t.Name.Local); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// value adds the value of the element that has begun.
func (a *answer) value(shape *api.Shape) error {
	switch shape.Kind {
	case api.List:
		return a.list(shape)
	case api.Map:
		return a.mapping(shape)
	case api.Structure:
		return a.structure(shape)
	}
	start := len(a.v.body)
	if err := a.text(); err != nil {
		return err
	}
	if a.v.addScalar(shape.Kind, start, len(a.v.body)) != nil {
		return fmt.Errorf("%.100q is not a value of %s", a.v.body[start:], shape.Name)
	}
	return nil
}

func (a *answer) structure(shape *api.Shape) error {
	at := a.v.open(kindObject)
	seen := make(map[string]bool, len(shape.Members))
	err := a.elements(func(name string) error {
		m := shape.Member(name)
		if m == nil {
			return a.d.Skip()
		}
		if seen[name] {
			return fmt.Errorf("more than one element %q", name)
		}
		seen[name] = true
		a.v.addUnescaped(kindString, name)
		return a.value(m.Shape)
	})
	a.v.close(at)
	return err
}

func (a *answer) list(shape *api.Shape) error {
	at := a.v.open(kindArray)
	err := a.elements(func(name string) error {
		if name != "member" {
			return fmt.Errorf("unexpected element %.100q in a list", name)
		}
		return a.value(shape.Elem)
	})
	a.v.close(at)
	return err
}

func (a *answer) mapping(shape *api.Shape) error {
	at := a.v.open(kindObject)
	seen := make(map[string]bool)
	err := a.elements(func(name string) error {
		if name != "entry" {
			return fmt.Errorf("unexpected element %.100q in a map", name)
		}
		return a.entry(shape, seen)
	})
	a.v.close(at)
	return err
}

// entry adds a map's key and value, which stand in this order.
func (a *answer) entry(shape *api.Shape, seen map[string]bool) error {
	want := []string{"key", "value"}
	err := a.elements(func(name string) error {
		if len(want) == 0 || name != want[0] {
			return fmt.Errorf("unexpected element %.100q in an entry", name)
		}
		want = want[1:]
		if name == "value" {
			return a.value(shape.Elem)
		}
		at := uint32(len(a.v.nodes))
		if err := a.value(shape.Key); err != nil {
			return err
		}
		key := string(a.v.text(at))
		if seen[key] {
			return errors.New("an entry's key is given more than once")
		}
		seen[key] = true
		return nil
	})
	if err == nil && len(want) > 0 {
		err = fmt.Errorf("an entry without a %s", want[0])
	}
	return err
}

// text adds the text of the element that has begun to the body.
func (a *answer) text() error {
	for {
		token, err := a.d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.CharData:
			a.v.body = append(a.v.body, t...)
		case xml.StartElement:
			return fmt.Errorf("unexpected element %.100q in a text", t.Name.Local)
		case xml.EndElement:
			return nil
		}
	}
}
