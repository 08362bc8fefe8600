package iam

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Named returns the ARNs of users and roles that a trust policy names as principals, each
// once.
func (p *Policy) Named() (arns []string) {
	for i := range p.statements {
		for _, n := range p.statements[i].principals {
			if n.class == arn && strings.HasPrefix(n.name, "arn:aws:iam:") && !slices.Contains(arns, n.name) {
				arns = append(arns, n.name)
			}
		}
	}
	return arns
}

// Pinned returns the trust policy with the principals whose ARNs are keys of ids pinned: each
// is the one with that unique id, whatever its name is, and nobody else who has the name.
// Source: the IAM User Guide, "AWS JSON policy elements: Principal".
func (p *Policy) Pinned(ids map[string]string) *Policy {
	if len(ids) == 0 {
		return p
	}
	pinned := &Policy{statements: slices.Clone(p.statements)}
	for i := range pinned.statements {
		s := &pinned.statements[i]
		s.principals = slices.Clone(s.principals)
		for n := range s.principals {
			if s.principals[n].class == arn {
				s.principals[n].id = ids[s.principals[n].name]
			}
		}
	}
	return pinned
}

// Renamed returns the document of a trust policy with other names for principals that are users
// and roles. All else stays byte for byte. It is for documents that Parse has read.
func Renamed(document string, names map[string]string) string {
	d := jsontext.NewDecoder(bytes.NewReader([]byte(document)))
	var b strings.Builder
	from := 0
	for {
		kind := d.PeekKind()
		if kind != '"' {
			if _, err := d.ReadToken(); err != nil {
				return b.String() + document[from:]
			}
			continue
		}
		raw, err := d.ReadValue()
		if err != nil {
			return b.String() + document[from:]
		}
		if !isPrincipal(string(d.StackPointer())) {
			continue
		}
		text, err := jsontext.AppendUnquote(nil, raw)
		name, ok := names[string(text)]
		if err != nil || !ok {
			continue
		}
		quoted, err := jsontext.AppendQuote(nil, name)
		if err != nil {
			continue
		}
		end := int(d.InputOffset())
		b.WriteString(document[from : end-len(raw)])
		b.Write(quoted)
		from = end
	}
}

// isPrincipal reports whether a JSON pointer leads to an entry of the kind AWS of a Principal or
// NotPrincipal: /Statement/Principal/AWS, with a number behind Statement or AWS where these
// are lists.
func isPrincipal(pointer string) bool {
	var names []string
	for i, segment := range strings.Split(pointer, "/") {
		number := segment != "" && strings.Trim(segment, "0123456789") == ""
		if i > 0 && !number {
			names = append(names, segment)
		}
	}
	return slices.Equal(names, []string{"Statement", "Principal", "AWS"}) || slices.Equal(names, []string{"Statement", "NotPrincipal", "AWS"})
}
