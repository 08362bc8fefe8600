// Package api is the one description of what Poolkeeper serves: every operation
// as data, with its members, types, bounds, errors, authentication, IAM action
// and documentation. Routing, decoding, validation, authorisation, the command
// line, help and the reference page derive from it. It also owns the error type
// and the catalogue of the messages that clients see.
//
// It holds no behaviour of an operation, knows no protocol and imports nothing
// of ours.
package api

import "strings"

// Kind is the type of a [Shape].
type Kind uint8

// The kinds, named as the AWS service models name them.
const (
	String Kind = iota + 1
	Integer
	Long
	Boolean
	Timestamp
	Blob
	List
	Map
	Structure
)

// A Shape describes the values of a member. Shapes are shared and never
// modified after package initialisation.
type Shape struct {
	// Name is AWS's name of the shape where it has one.
	Name string
	Kind Kind
	// Min and Max bound the length in characters of a String, the number of
	// entries of a List or Map, and the value of an Integer or Long. Zero means
	// no bound; no shape here has a bound of zero that could refuse anything.
	Min, Max int64
	// Pattern is the regular expression that the whole String must match, in
	// AWS's spelling, which the message quotes. Empty: none.
	Pattern string
	// Enum lists the only values a String may have. Empty: any.
	Enum []string
	// Sensitive values are of type [Secret] in Go and never logged.
	Sensitive bool
	// Hidden values are plain strings in Go, and yet nothing that a log may hold: they
	// tell who a user is. The audit log treats them as Sensitive ones.
	Hidden bool
	// Key is the shape of a Map's keys; Elem that of a List's elements or a
	// Map's values; Members those of a Structure, in AWS's order.
	Key, Elem *Shape
	Members   []Member

	pattern pattern
}

// A Member is one named value of a Structure.
type Member struct {
	// Name is what the wire calls it.
	Name     string
	Shape    *Shape
	Required bool
	// Doc is one line for help and reference pages.
	Doc string
}

// Field is the name of the member's field in the structure's Go type: Name, with a
// capital letter where AWS begins with a small one.
func (m *Member) Field() string { return strings.ToUpper(m.Name[:1]) + m.Name[1:] }

// Member returns the member called name, or nil. Names match exactly.
func (s *Shape) Member(name string) *Member {
	for i := range s.Members {
		if s.Members[i].Name == name {
			return &s.Members[i]
		}
	}
	return nil
}
