package cli

import (
	"math/big"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A sampleTime is the time in a skeleton: 1970.
type sampleTime struct{}

// sample returns a value of the shape to fill in, or, named, one that says where each text
// comes from. name is that of the member.
func sample(shape *api.Shape, name string, named bool) any {
	switch shape.Kind {
	case api.Structure:
		o := newObject()
		for i := range shape.Members {
			m := &shape.Members[i]
			o.set(m.Name, sample(m.Shape, m.Name, named))
		}
		return o
	case api.List:
		return []any{sample(shape.Elem, shape.Elem.Name, named)}
	case api.Map:
		o := newObject()
		o.set("KeyName", sample(shape.Elem, "", named))
		return o
	case api.Integer, api.Long:
		return new(big.Int)
	case api.Boolean:
		return true
	case api.Timestamp:
		return sampleTime{}
	}
	switch {
	case named:
		return name
	case len(shape.Enum) > 0:
		return shape.Enum[0]
	}
	return ""
}

// yamlSkeleton is the sample of an input as YAML, with a comment for each member.
func yamlSkeleton(shape *api.Shape) string {
	if len(shape.Members) == 0 {
		return "{}\n"
	}
	var b strings.Builder
	yamlMembers(&b, shape, "", "")
	return b.String()
}

// yamlMembers writes the members of a structure, the first behind first and the others
// behind indent.
func yamlMembers(b *strings.Builder, shape *api.Shape, first, indent string) {
	for i := range shape.Members {
		m := &shape.Members[i]
		gap := " "
		if i == 0 {
			gap = "  "
			b.WriteString(first)
		} else {
			b.WriteString(indent)
		}
		comment := ""
		if m.Required {
			comment = "[REQUIRED] "
		}
		comment += firstSentence(m.Doc)
		if len(m.Shape.Enum) > 0 {
			comment += " Valid values are: " + strings.Join(m.Shape.Enum, ", ") + "."
		}
		if comment = strings.TrimSpace(comment); comment != "" {
			comment = gap + "# " + comment
		}
		b.WriteString(m.Name + ":")
		yamlSample(b, m.Shape, comment, indent)
	}
}

// yamlSample writes the value behind a key that stands at indent.
func yamlSample(b *strings.Builder, shape *api.Shape, comment, indent string) {
	switch shape.Kind {
	case api.Structure:
		b.WriteString(comment + "\n")
		yamlMembers(b, shape, indent+"  ", indent+"  ")
	case api.Map:
		b.WriteString(comment + "\n" + indent + "  KeyName:")
		yamlSample(b, shape.Elem, "", indent+"  ")
	case api.List:
		b.WriteString(comment + "\n")
		if shape.Elem.Kind == api.Structure {
			yamlMembers(b, shape.Elem, indent+"- ", indent+"  ")
			return
		}
		b.WriteString(indent + "-")
		yamlSample(b, shape.Elem, "", indent+"  ")
	default:
		text := "''"
		switch v := sample(shape, "", false).(type) {
		case string:
			if v != "" {
				text = v
			}
		case sampleTime:
			text = "1970-01-01 00:00:00"
		default:
			text = skeletonJSON.encode(v)
		}
		b.WriteString(" " + text + comment + "\n")
	}
}

func firstSentence(doc string) string {
	if i := strings.Index(doc, ". "); i >= 0 {
		return doc[:i+1]
	}
	return doc
}
