package wire

import (
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// The texts of this package, which only it can raise: what is wrong with the
// bytes, then what is wrong with a value's type.
var (
	duplicateName = api.Text{Code: api.SerializationException, Format: "Duplicate member name found where not expected.", Origin: api.Ours}
	notUnicode    = api.Text{Code: api.SerializationException, Format: "Text that is not Unicode found where not expected.", Origin: api.Ours}
	nulFound      = api.Text{Code: api.SerializationException, Format: "NUL character found where not expected.", Origin: api.Ours}
	tooDeep       = api.Text{Code: api.SerializationException, Format: "Values can not be nested more than %d deep.", Origin: api.Ours}

	listNotExpected = api.Text{Code: api.SerializationException, Format: "Start of list found where not expected", Origin: api.Sibling}
	mapNotExpected  = api.Text{Code: api.SerializationException, Format: "Start of structure or map found where not expected.", Origin: api.Sibling}
	listExpected    = api.Text{Code: api.SerializationException, Format: "Expected list or null", Origin: api.Sibling}
	mapExpected     = api.Text{Code: api.SerializationException, Format: "Expected map or null", Origin: api.Observed}
	notConvertible  = api.Text{Code: api.SerializationException, Format: "class %s can not be converted to %s", Origin: api.Sibling}
	notBoolean      = api.Text{Code: api.SerializationException, Format: "'%s' can not be converted to an Boolean", Origin: api.Sibling}
)

// AppendErrorJSON appends the body of an error answer. An empty message is left
// out.
func AppendErrorJSON(dst []byte, e *api.Error) []byte {
	dst = append(dst, `{"__type":`...)
	dst = appendQuoted(dst, string(e.Code))
	if e.Message != "" {
		dst = append(dst, messageName(e.Code)...)
		dst = appendQuoted(dst, e.Message)
	}
	return append(dst, '}')
}

// messageName is the name of the message member: errors that AWS's framework
// raises by itself spell it with a capital (observed).
func messageName(c api.Code) string {
	switch c {
	case api.AccessDeniedException, api.SerializationException:
		return `,"Message":`
	}
	return `,"message":`
}

// ParseErrorJSON reads the body of an error answer, in either spelling and with
// or without a namespace before the exception's name. It returns nil when body
// does not name an exception; the HTTP status is then all there is to tell.
func ParseErrorJSON(body []byte) *api.Error {
	v, err := ParseJSON(body)
	if err != nil {
		return nil
	}
	name, _, _ := strings.Cut(v.stringMember("__type"), ":")
	name = name[strings.LastIndexByte(name, '#')+1:]
	if name == "" {
		return nil
	}
	message := v.stringMember("message")
	if message == "" {
		message = v.stringMember("Message")
	}
	return &api.Error{Code: api.Code(name), Message: message}
}

// stringMember is the outermost object's member if it is a string, else empty.
func (v *Value) stringMember(name string) string {
	at := v.member(root, name)
	if at == absent || v.nodes[at].kind != kindString {
		return ""
	}
	return string(v.text(at))
}
