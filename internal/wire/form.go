package wire

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// maxParameters bounds the parameters of one request (ours). The largest input of IAM
// and STS, a call with fifty tags, needs some hundred and ten.
const maxParameters = 1000

// A Form is the parameters of one request of the AWS Query protocol. It is immutable.
type Form struct {
	// text holds every name and its value, decoded, one behind the other.
	text []byte
	// params are in the order of the bytes of their names, so that those that begin
	// alike stand together.
	params []param
}

// A param is text[start:mid], its name, and text[mid:end], its value.
type param struct{ start, mid, end uint32 }

// ParseForm reads a request's body and the raw query of its URL, both
// application/x-www-form-urlencoded, as one set of parameters. Either may be empty.
//
// Names are of visible ASCII, values are Unicode without NUL, and no two names are
// equal without regard to case, be they in the body, the query or one in each. AWS
// lets the first of equal names win (observed); here no two readers of a request can
// disagree about what it says, as those of CVE-2022-2385 did. Refused for the same
// reason are an escape that is none and a raw semicolon, which some take for an
// ampersand. Errors are *api.Error.
func ParseForm(body []byte, rawQuery string) (*Form, error) {
	if len(body)+len(rawQuery) > MaxBody {
		return nil, api.BodyTooLarge.With(MaxBody)
	}
	f := &Form{text: make([]byte, 0, len(body)+len(rawQuery))}
	for _, encoded := range [...][]byte{[]byte(rawQuery), body} {
		if err := f.read(encoded); err != nil {
			return nil, err
		}
	}
	if err := f.sort(); err != nil {
		return nil, err
	}
	return f, nil
}

// Action returns the operation that the request names, and whether it names one.
func (f *Form) Action() (string, bool) { return f.lookup("Action") }

// Version returns the date of the API that the request means, and whether it tells one.
func (f *Form) Version() (string, bool) { return f.lookup("Version") }

func (f *Form) lookup(name string) (string, bool) {
	for _, p := range f.params {
		if string(f.name(p)) == name {
			return string(f.value(p)), true
		}
	}
	return "", false
}

func (f *Form) name(p param) []byte  { return f.text[p.start:p.mid] }
func (f *Form) value(p param) []byte { return f.text[p.mid:p.end] }

// read adds the parameters of one encoded string.
func (f *Form) read(encoded []byte) *api.Error {
	for len(encoded) > 0 {
		var pair []byte
		pair, encoded, _ = bytes.Cut(encoded, []byte("&"))
		if len(pair) == 0 {
			continue
		}
		if len(f.params) == maxParameters {
			return tooManyParameters.With(maxParameters)
		}
		if err := f.add(pair); err != nil {
			return err
		}
	}
	return nil
}

func (f *Form) add(pair []byte) *api.Error {
	if bytes.IndexByte(pair, ';') >= 0 {
		return rawSemicolon.With()
	}
	// A name without an equals sign has the empty value, as its signature has it.
	name, value, _ := bytes.Cut(pair, []byte("="))
	p := param{start: uint32(len(f.text))}
	var nameOK, valueOK bool
	f.text, nameOK = appendUnescaped(f.text, name)
	p.mid = uint32(len(f.text))
	f.text, valueOK = appendUnescaped(f.text, value)
	p.end = uint32(len(f.text))
	switch {
	case !nameOK || !valueOK:
		return badEscape.With()
	case !visible(f.name(p)):
		return badName.With()
	case !utf8.Valid(f.value(p)):
		return formNotUnicode.With()
	case bytes.IndexByte(f.value(p), 0) >= 0:
		return formNUL.With()
	}
	f.params = append(f.params, p)
	return nil
}

// sort puts the parameters in order and refuses equal names.
func (f *Form) sort() *api.Error {
	slices.SortFunc(f.params, func(a, b param) int { return compareFold(f.name(a), f.name(b)) })
	for i := 1; i < len(f.params); i++ {
		if compareFold(f.name(f.params[i-1]), f.name(f.params[i])) == 0 {
			return duplicateParameter.With(clip(string(f.name(f.params[i]))))
		}
	}
	slices.SortFunc(f.params, func(a, b param) int { return bytes.Compare(f.name(a), f.name(b)) })
	return nil
}

// appendUnescaped appends what s encodes, unless s has a percent sign that does not
// begin an escape.
func appendUnescaped(dst, s []byte) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			dst = append(dst, ' ')
		case '%':
			if i+2 >= len(s) {
				return dst, false
			}
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high < 0 || low < 0 {
				return dst, false
			}
			dst = append(dst, byte(high<<4|low))
			i += 2
		default:
			dst = append(dst, c)
		}
	}
	return dst, true
}

// unhex is the value of a hexadecimal digit, or -1.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// visible reports whether name is not empty and all of visible ASCII characters.
func visible(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(name) > 0
}

// compareFold compares ASCII names without regard to case.
func compareFold(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(lower(a[i]), lower(b[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
