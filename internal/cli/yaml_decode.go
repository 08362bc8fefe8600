package cli

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxAliased bounds how many values a document may have once its aliases are followed.
const maxAliased = 100_000

// decodeYAML reads text as one YAML 1.2 document. An empty one is null.
func decodeYAML(text string) (any, error) {
	d := yaml.NewDecoder(strings.NewReader(text))
	var doc, more yaml.Node
	if err := d.Decode(&doc); err != nil {
		if err.Error() == "EOF" {
			return nil, nil
		}
		return nil, err
	}
	if err := d.Decode(&more); err == nil {
		return nil, errors.New("more than one document")
	} else if err.Error() != "EOF" {
		return nil, err
	}
	y := yamlDecoder{}
	return y.value(&doc, 0)
}

type yamlDecoder struct{ values int }

func (d *yamlDecoder) value(n *yaml.Node, depth int) (any, error) {
	if d.values++; d.values > maxAliased || depth > maxNesting {
		return nil, errors.New("too large")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return d.value(n.Content[0], depth+1)
	case yaml.AliasNode:
		return d.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			var err error
			if list[i], err = d.value(item, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		return d.mapping(n, depth)
	}
	return yamlScalar(n)
}

func (d *yamlDecoder) mapping(n *yaml.Node, depth int) (any, error) {
	o := newObject()
	var merged []*object
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		v, err := d.value(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		if key.Kind != yaml.ScalarNode {
			return nil, errors.New("a key that is no scalar")
		}
		if key.Value == "<<" && key.Style == 0 {
			switch v := v.(type) {
			case *object:
				merged = append(merged, v)
			case []any:
				for _, item := range v {
					if o, ok := item.(*object); ok {
						merged = append(merged, o)
					}
				}
			}
			continue
		}
		if _, ok := o.get(key.Value); ok {
			return nil, fmt.Errorf("key %q twice", key.Value)
		}
		o.set(key.Value, v)
	}
	for _, m := range merged {
		for _, name := range m.names {
			if _, ok := o.get(name); !ok {
				o.set(name, m.values[name])
			}
		}
	}
	return o, nil
}

func yamlScalar(n *yaml.Node) (any, error) {
	const quotedStyles = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	kind := yamlText
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		switch n.ShortTag() {
		case "!!str", "!!binary", "!!timestamp":
		case "!!int":
			kind = yamlInt
		case "!!float":
			kind = yamlFloat
		case "!!bool":
			kind = yamlBool
		case "!!null":
			kind = yamlNull
		default:
			return nil, fmt.Errorf("unknown tag %s", n.Tag)
		}
	case n.Style&quotedStyles == 0:
		kind = resolveYAML(n.Value)
	}
	text := strings.ReplaceAll(n.Value, "_", "")
	switch kind {
	case yamlNull:
		return nil, nil
	case yamlBool:
		return strings.EqualFold(n.Value, "true"), nil
	case yamlInt:
		sign := ""
		if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "+") {
			sign, text = strings.TrimPrefix(text[:1], "+"), text[1:]
		}
		base := 10
		for prefix, b := range map[string]int{"0b": 2, "0o": 8, "0x": 16} {
			if rest, ok := strings.CutPrefix(text, prefix); ok {
				text, base = rest, b
			}
		}
		v, ok := new(big.Int).SetString(sign+text, base)
		if !ok {
			return nil, fmt.Errorf("%q is no integer", n.Value)
		}
		return v, nil
	case yamlFloat:
		switch lower := strings.ToLower(text); strings.TrimLeft(lower, "+-") {
		case ".inf":
			if strings.HasPrefix(lower, "-") {
				return math.Inf(-1), nil
			}
			return math.Inf(1), nil
		case ".nan":
			return math.NaN(), nil
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, err
		}
		return f, nil
	}
	return n.Value, nil
}

// yamlKind is what a plain scalar of YAML 1.2 is, by its looks.
type yamlKind uint8

const (
	yamlText yamlKind = iota
	yamlNull
	yamlBool
	yamlInt
	yamlFloat
	// yamlOther is a date, a merge key or a default value: text where it is read, quoted
	// where it is written.
	yamlOther
)

// resolveYAML tells what a plain scalar is, by the rules of ruamel.yaml for YAML 1.2.
func resolveYAML(text string) yamlKind {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return yamlNull
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return yamlBool
	case "<<", "=":
		return yamlOther
	}
	unsigned := text
	if text[0] == '-' || text[0] == '+' {
		unsigned = text[1:]
	}
	if unsigned == "" {
		return yamlText
	}
	const digits = "0123456789"
	only := func(s, set string) bool { return s != "" && strings.Trim(s, set) == "" }
	switch unsigned {
	case ".inf", ".Inf", ".INF":
		return yamlFloat
	case ".nan", ".NaN", ".NAN":
		if unsigned == text {
			return yamlFloat
		}
		return yamlText
	}
	if c := unsigned[0]; c != '.' && c != '_' && !in(rune(c), '0', '9') {
		return yamlText
	}
	rest, isBinary := strings.CutPrefix(unsigned, "0b")
	rest8, isOctal := strings.CutPrefix(unsigned, "0o")
	rest16, isHex := strings.CutPrefix(unsigned, "0x")
	switch {
	case isBinary && only(rest, "01_"), isOctal && only(rest8, "01234567_"), isHex && only(rest16, "0123456789abcdefABCDEF_"):
		return yamlInt
	case only(unsigned, digits+"_"):
		if unsigned[0] == '_' && unsigned == text {
			return yamlText
		}
		return yamlInt
	case yamlFloatLooks(unsigned):
		return yamlFloat
	case yamlDateLooks(text):
		return yamlOther
	}
	return yamlText
}

// yamlFloatLooks takes 1. 1.5 1.5e3 1e3 .5 .5e+3, with underscores among the digits.
func yamlFloatLooks(s string) bool {
	const digits = "0123456789"
	mantissa := s
	i := strings.IndexAny(s, "eE")
	if i >= 0 {
		exponent := s[i+1:]
		mantissa = s[:i]
		signed := strings.TrimPrefix(strings.TrimPrefix(exponent, "-"), "+")
		if signed == "" || strings.Trim(signed, digits) != "" || len(exponent)-len(signed) > 1 {
			return false
		}
		if mantissa != "" && mantissa[0] == '.' && len(signed) == len(exponent) {
			return false
		}
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if strings.Trim(fraction, digits+"_") != "" {
		return false
	}
	if whole == "" {
		return point && fraction != ""
	}
	return in(rune(whole[0]), '0', '9') && strings.Trim(whole, digits+"_") == "" && (point || i >= 0)
}

// yamlDateLooks takes 2020-01-31 and 2020-1-31 12:30:00.5 +01:00.
func yamlDateLooks(s string) bool {
	number := func(low, high int) bool {
		n := 0
		for n < len(s) && n < high && in(rune(s[n]), '0', '9') {
			n++
		}
		s = s[n:]
		return n >= low
	}
	char := func(set string) bool {
		if s == "" || strings.IndexByte(set, s[0]) < 0 {
			return false
		}
		s = s[1:]
		return true
	}
	whole := s
	if len(s) == 10 && number(4, 4) && char("-") && number(2, 2) && char("-") && number(2, 2) {
		return true
	}
	s = whole
	if !(number(4, 4) && char("-") && number(1, 2) && char("-") && number(1, 2)) {
		return false
	}
	if !char("Tt") {
		trimmed := strings.TrimLeft(s, " \t")
		if trimmed == s {
			return false
		}
		s = trimmed
	}
	if !(number(1, 2) && char(":") && number(2, 2) && char(":") && number(2, 2)) {
		return false
	}
	if char(".") {
		s = strings.TrimLeft(s, "0123456789")
	}
	s = strings.TrimLeft(s, " \t")
	if s == "" || s == "Z" {
		return true
	}
	if !char("+-") || !number(1, 2) {
		return false
	}
	return s == "" || char(":") && number(2, 2) && s == ""
}
