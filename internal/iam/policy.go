// Package iam reads IAM policy documents and decides requests by them: Parse turns
// a document into a Policy, Evaluate and EvaluateTrust turn policies and a request
// into a Decision that carries its reason.
//
// It is pure. What a request's condition keys hold is asked of the caller; where
// policies are kept, how large they may be and what an error looks like on the wire
// is the caller's matter. It imports nothing of ours.
//
// It follows the IAM User Guide: "Grammar of the IAM JSON policy language", the
// pages on each policy element, on condition operators, on policy variables and on
// evaluation logic. A document that the guide does not describe is refused by Parse
// rather than guessed at, so what is evaluated is always understood. In detail:
//
//   - Names of elements and of condition operators match by case. Actions, condition
//     keys and the keys in variables match without regard to (ASCII) case; resources,
//     principals and values by case.
//   - In a resource, * stands for any characters, colons among them, and ? for one.
//     The guide promises that of a * which ends a segment and is silent on others.
//     The service of an ARN must be literal. In the ARN operators, as documented, each
//     of the six segments is compared alone; only the last may hold colons.
//   - A variable stands for a condition key with exactly one, non-empty value. Its
//     value is literal: * and ? in it match only themselves. Without a value and
//     without a default, it makes the string that holds it match nothing; negated
//     operators therefore hold, as the guide says. So a Deny on such a resource does
//     not apply; a NotResource denies, and does not allow.
package iam

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Kind is the use that a policy is put to, which decides the elements that it
// must and must not have.
type Kind int

const (
	// IdentityPolicy is attached to a user or role: Resource, no Principal.
	IdentityPolicy Kind = iota + 1
	// SessionPolicy limits one session. Its form is that of an IdentityPolicy.
	SessionPolicy
	// TrustPolicy says who may assume a role: Principal, no Resource.
	TrustPolicy
)

// String returns AWS's adjective for policies of the kind.
func (k Kind) String() string {
	switch k {
	case IdentityPolicy:
		return "identity-based"
	case SessionPolicy:
		return "session"
	}
	return "role trust"
}

// A Policy is a parsed document. It is immutable.
type Policy struct{ statements []statement }

// A SyntaxError tells why a document is not a policy.
type SyntaxError struct {
	// Path is the JSON pointer (RFC 6901) of the value at fault; empty means the
	// whole document.
	Path string
	// Message is a sentence for the author of the document, without its full stop.
	Message string
}

func (e *SyntaxError) Error() string {
	if e.Path == "" {
		return "policy document: " + e.Message
	}
	return "policy document: " + e.Path + ": " + e.Message
}

// Parse reads a policy document of a kind. Errors are *SyntaxError. Its time and
// memory are linear in the length of text, whatever text is. A policy of any kind
// may have an Id, which says nothing.
func Parse(text []byte, kind Kind) (*Policy, error) {
	version, err := prescan(text)
	if err != nil {
		return nil, err
	}
	r := &reader{
		dec:       jsontext.NewDecoder(bytes.NewBuffer(text)),
		kind:      kind,
		variables: version == version2012,
		sids:      map[string]bool{},
	}
	p := new(Policy)
	err = r.object(func(name string) error {
		if name != "Statement" {
			return r.dec.SkipValue()
		}
		return r.oneOrMore('{', func() error {
			s, err := r.statement()
			p.statements = append(p.statements, s)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// maxMessage is the length in bytes at which the message of an error is cut.
const maxMessage = 512

const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

// prescan checks that text is one JSON value and looks at all but the statements,
// since the version, which may stand behind them, says how to read them.
func prescan(text []byte) (version string, err error) {
	r := &reader{dec: jsontext.NewDecoder(bytes.NewBuffer(text))}
	version = version2008
	statements := false
	err = r.object(func(name string) error {
		switch name {
		case "Version":
			v, err := r.text()
			if err == nil && v != version2008 && v != version2012 {
				err = r.errorf("Version is %s or %s", version2012, version2008)
			}
			version = v
			return err
		case "Id":
			_, err := r.text()
			return err
		case "Statement":
			statements = true
			return r.dec.SkipValue()
		}
		return r.errorf("%q is no element of a policy", name)
	})
	if err == nil {
		if _, end := r.dec.ReadToken(); end == nil {
			err = &SyntaxError{"", "more follows the policy"}
		} else if !errors.Is(end, io.EOF) {
			err = end
		}
	}
	if syntactic := (*jsontext.SyntacticError)(nil); errors.As(err, &syntactic) {
		return "", notJSON(text, syntactic)
	}
	switch {
	case errors.Is(err, io.EOF):
		return "", &SyntaxError{"", "the document ends early"}
	case err == nil && !statements:
		return "", &SyntaxError{"", "a policy needs a Statement"}
	}
	return version, err
}

// notJSON words an error of the tokenizer.
func notJSON(text []byte, err *jsontext.SyntacticError) *SyntaxError {
	path := string(err.JSONPointer)
	what := "this is not JSON"
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &SyntaxError{path, "the name stands here twice"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &SyntaxError{"", "the document ends early"}
	case jsontext.Value(text).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)):
		what = "this is not Unicode"
	}
	before := text[:min(int(err.ByteOffset), len(text))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return &SyntaxError{path, fmt.Sprintf("%s (line %d, column %d)", what, line, column)}
}

// A reader reads the parts of a document that prescan found to be JSON.
type reader struct {
	dec       *jsontext.Decoder
	kind      Kind
	variables bool
	sids      map[string]bool
}

// errorf returns an error about the value or the name that was read last. What it
// quotes may be of any length.
func (r *reader) errorf(format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return &SyntaxError{string(r.dec.StackPointer()), message}
}

// object reads an object; member is called after each name and reads its value.
func (r *reader) object(member func(name string) error) error {
	token, err := r.dec.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '{' {
		return r.errorf("this must be an object")
	}
	for r.dec.PeekKind() != '}' {
		token, err := r.dec.ReadToken()
		if err != nil {
			return err
		}
		if err := member(token.String()); err != nil {
			return err
		}
	}
	_, err = r.dec.ReadToken()
	return err
}

// oneOrMore reads a value of a kind or an array of at least one of them. The
// function is called before each and reads it. The kind 0 is any scalar.
func (r *reader) oneOrMore(kind jsontext.Kind, value func() error) error {
	if r.dec.PeekKind() != '[' {
		return r.one(kind, value)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	if r.dec.PeekKind() == ']' {
		return r.errorf("the list is empty")
	}
	for r.dec.PeekKind() != ']' {
		if err := r.one(kind, value); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

func (r *reader) one(kind jsontext.Kind, value func() error) error {
	got := r.dec.PeekKind()
	if got == kind {
		return value()
	}
	if kind == 0 && (got == '"' || got == '0' || got == 't' || got == 'f') {
		return value()
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	switch kind {
	case '{':
		return r.errorf("this must be an object or a list of objects")
	case '"':
		return r.errorf("this must be a string or a list of strings")
	}
	return r.errorf("this must be a string, a number, a boolean or a list of them")
}

// text reads a string.
func (r *reader) text() (string, error) {
	token, err := r.dec.ReadToken()
	if err != nil {
		return "", err
	}
	if token.Kind() != '"' {
		return "", r.errorf("this must be a string")
	}
	return token.String(), nil
}
