package cli

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// encodeInput writes parameters as AWS's command line does, byte for byte, with all that is
// in them. Typed calls are written by package wire.
func encodeInput(s *api.Service, op *api.Operation, input *object) []byte {
	if s.Protocol == api.JSON {
		return []byte(wireJSON.encode(input))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Action=%s&Version=%s", op.Name, s.Version)
	for _, name := range input.names {
		appendForm(&b, name, input.values[name], op.Input.Member(name))
	}
	return []byte(b.String())
}

func appendForm(b *strings.Builder, path string, v any, m *api.Member) {
	var shape *api.Shape
	if m != nil {
		shape = m.Shape
	}
	appendFormValue(b, path, v, shape)
}

// appendFormValue appends path=value for each scalar in v. A map is told from a structure
// by the shape.
func appendFormValue(b *strings.Builder, path string, v any, shape *api.Shape) {
	text := ""
	switch v := v.(type) {
	case *object:
		for i, name := range v.names {
			if shape != nil && shape.Kind == api.Map {
				entry := fmt.Sprintf("%s.entry.%d", path, i+1)
				appendFormValue(b, entry+".key", name, shape.Key)
				appendFormValue(b, entry+".value", v.values[name], shape.Elem)
				continue
			}
			var m *api.Member
			if shape != nil {
				m = shape.Member(name)
			}
			appendForm(b, path+"."+name, v.values[name], m)
		}
		return
	case []any:
		if len(v) > 0 {
			var elem *api.Shape
			if shape != nil {
				elem = shape.Elem
			}
			for i, e := range v {
				appendFormValue(b, fmt.Sprintf("%s.member.%d", path, i+1), e, elem)
			}
			return
		}
	case bool:
		text = strconv.FormatBool(v)
	default:
		text = plain(v)
	}
	b.WriteString("&" + url.QueryEscape(path) + "=" + url.QueryEscape(text))
}

// readAnswer reads an answer: the members that the description has, in its order.
func (to *caller) readAnswer(op *api.Operation, content []byte) (*object, error) {
	s := to.service
	r := reader{asSent: to.asSent, policies: s.Name == "iam", zone: to.Location}
	if r.zone == nil {
		r.zone = time.Local
	}
	if s.Protocol == api.Query {
		doc, err := parseXML(content)
		if err != nil {
			return nil, failed("Unable to parse response (%v), invalid XML received. Further retries may succeed:\n%s", err, content)
		}
		result := doc.child(op.Name + "Result")
		if op.Output == nil || result == nil {
			return newObject(), nil
		}
		v, err := r.element(op.Output, result)
		if err != nil {
			return nil, err
		}
		return v.(*object), nil
	}
	v, err := decodeJSON(string(content))
	if err != nil || op.Output == nil {
		// AWS's command line, too, takes what it does not understand for an empty answer.
		return newObject(), nil
	}
	if _, ok := v.(*object); !ok {
		return nil, failed("The answer is a %s where an object is expected.", typeName(v))
	}
	v, err = r.value(op.Output, v)
	if err != nil {
		return nil, err
	}
	return v.(*object), nil
}

// A reader turns what is on the wire into what is printed.
type reader struct {
	asSent bool
	// policies: policy documents come as escaped JSON, and are printed as objects.
	policies bool
	zone     *time.Location
}

// value picks from JSON. What has another type than expected stays as it is.
func (r *reader) value(shape *api.Shape, v any) (any, error) {
	switch v := v.(type) {
	case *object:
		out := newObject()
		switch shape.Kind {
		case api.Structure:
			for i := range shape.Members {
				m := &shape.Members[i]
				if raw, ok := v.get(m.Name); ok && raw != nil {
					member, err := r.value(m.Shape, raw)
					if err != nil {
						return nil, err
					}
					out.set(m.Name, member)
				}
			}
			return out, nil
		case api.Map:
			for _, name := range v.names {
				member, err := r.value(shape.Elem, v.values[name])
				if err != nil {
					return nil, err
				}
				out.set(name, member)
			}
			return out, nil
		}
	case []any:
		if shape.Kind == api.List {
			out := make([]any, len(v))
			for i := range v {
				var err error
				if out[i], err = r.value(shape.Elem, v[i]); err != nil {
					return nil, err
				}
			}
			return out, nil
		}
	default:
		if shape.Kind == api.Timestamp && v != nil {
			return r.timestamp(v)
		}
	}
	return v, nil
}

// timestamp prints a time as ISO 8601: seconds since 1970 in the local zone, a text in its
// own.
func (r *reader) timestamp(v any) (any, error) {
	if r.asSent {
		return v, nil
	}
	seconds, isNumber := number(v)
	text, isText := v.(string)
	if isText {
		f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if isNumber = err == nil && !math.IsNaN(f) && !math.IsInf(f, 0); isNumber {
			seconds = big.NewFloat(f)
		}
	}
	if isNumber {
		f, _ := seconds.Float64()
		if math.Abs(f) > 253402300799 {
			return nil, failed("year is out of range")
		}
		whole := math.Floor(f)
		micros := math.RoundToEven((f - whole) * 1e6)
		return isoTime(time.Unix(int64(whole), int64(micros)*1000).In(r.zone)), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "20060102T150405Z", time.RFC1123Z, time.RFC1123} {
		if t, err := time.Parse(layout, text); err == nil {
			return isoTime(t), nil
		}
	}
	// Without a zone it is printed without one.
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return strings.TrimSuffix(isoTime(t), "+00:00"), nil
		}
	}
	return nil, failed(`Invalid timestamp "%s": Unknown string format: %s`, plain(v), plain(v))
}

// isoTime has microseconds only where there are any.
func isoTime(t time.Time) string {
	if t.Nanosecond()/1000 == 0 {
		return t.Format("2006-01-02T15:04:05-07:00")
	}
	return t.Format("2006-01-02T15:04:05.000000-07:00")
}

// An element is one of an XML document.
type element struct {
	name     string
	text     string
	children []*element
}

func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// parseXML reads a document without regard to namespaces and attributes.
func parseXML(content []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(content))
	root := &element{}
	open := []*element{root}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch t := t.(type) {
		case xml.StartElement:
			if len(open) > maxNesting {
				return nil, errors.New("nested too deep")
			}
			e := &element{name: t.Name.Local}
			top.children = append(top.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(top.children) == 0 {
				top.text += string(t)
			}
		}
	}
	if len(root.children) != 1 {
		return nil, errors.New("no element found")
	}
	return root.children[0], nil
}

// element picks from XML.
func (r *reader) element(shape *api.Shape, e *element) (any, error) {
	switch shape.Kind {
	case api.Structure:
		out := newObject()
		for i := range shape.Members {
			m := &shape.Members[i]
			if c := e.child(m.Name); c != nil {
				v, err := r.element(m.Shape, c)
				if err != nil {
					return nil, err
				}
				out.set(m.Name, v)
			}
		}
		return out, nil
	case api.List:
		out := []any{}
		for _, c := range e.children {
			v, err := r.element(shape.Elem, c)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case api.Map:
		out := newObject()
		for _, entry := range e.children {
			k, c := entry.child("key"), entry.child("value")
			if k == nil || c == nil {
				continue
			}
			v, err := r.element(shape.Elem, c)
			if err != nil {
				return nil, err
			}
			out.set(k.text, v)
		}
		return out, nil
	case api.Boolean:
		return e.text == "true", nil
	case api.Integer, api.Long:
		n, err := parseInt(e.text)
		if err != nil {
			return nil, failed("%v", err)
		}
		return n, nil
	case api.Timestamp:
		return r.timestamp(e.text)
	}
	if r.policies && shape.Name == "policyDocumentType" {
		if text, err := url.PathUnescape(e.text); err == nil {
			if v, err := decodeJSON(text); err == nil {
				return v, nil
			}
		}
	}
	return e.text, nil
}

// readRefusal reads an error answer.
func readRefusal(s *api.Service, resp *http.Response, content []byte) (*refusal, error) {
	r := &refusal{code: strconv.Itoa(resp.StatusCode)}
	trimmed := bytes.TrimSpace(content)
	if resp.StatusCode >= 500 && (len(trimmed) == 0 || bytes.HasPrefix(trimmed, []byte("<html>"))) {
		r.message = http.StatusText(resp.StatusCode)
		return r, nil
	}
	if s.Protocol == api.Query {
		doc, err := parseXML(content)
		if err != nil {
			return nil, failed("Unable to parse response (%v), invalid XML received. Further retries may succeed:\n%s", err, content)
		}
		e := doc.child("Error")
		if errs := doc.child("Errors"); errs != nil {
			e = errs.child("Error")
		}
		r.code, r.message = "Unknown", "Unknown"
		if e != nil {
			for _, c := range e.children {
				switch c.name {
				case "Code":
					r.code = c.text
				case "Message":
					r.message = c.text
				}
			}
		}
		return r, nil
	}
	if len(content) == 0 {
		return r, nil
	}
	v, err := decodeJSON(string(content))
	o, ok := v.(*object)
	if err != nil || !ok {
		r.message = string(content)
		return r, nil
	}
	if v, ok := o.get("message"); ok {
		r.message, r.raw = plain(v), v
	} else if v, ok := o.get("Message"); ok {
		r.message = plain(v)
	}
	code, _, valid := strings.Cut(resp.Header.Get("X-Amzn-Query-Error"), ";")
	if !valid || code == "" {
		v, _ := o.get("__type")
		code, _ = v.(string)
	}
	if code != "" {
		code, _, _ = strings.Cut(code, ":")
		r.code = code[strings.LastIndexByte(code, '#')+1:]
	}
	return r, nil
}
