package api

import "slices"

// The constructors below are the vocabulary in which the services are written,
// so that a shape, and a member, takes one line.

// text is a String of min to max characters that matches pattern. Zero and empty:
// not bounded.
func text(name string, min, max int64, pattern string) *Shape {
	return &Shape{Name: name, Kind: String, Min: min, Max: max, Pattern: pattern}
}

// secret is a sensitive String of min to max characters.
func secret(name string, min, max int64) *Shape {
	return &Shape{Name: name, Kind: String, Min: min, Max: max, Sensitive: true}
}

// hidden is a String, bounded as text, of which logs tell only that it was there.
func hidden(name string, min, max int64, pattern string) *Shape {
	return &Shape{Name: name, Kind: String, Min: min, Max: max, Pattern: pattern, Hidden: true}
}

// enum is a String that is one of values.
func enum(name string, values ...string) *Shape {
	return &Shape{Name: name, Kind: String, Enum: values}
}

// number is an Integer or Long from min to max.
func number(name string, kind Kind, min, max int64) *Shape {
	return &Shape{Name: name, Kind: kind, Min: min, Max: max}
}

// scalar is a value without constraints.
func scalar(name string, kind Kind) *Shape { return &Shape{Name: name, Kind: kind} }

// list is a List of min to max elements.
func list(name string, elem *Shape, min, max int64) *Shape {
	return &Shape{Name: name, Kind: List, Elem: elem, Min: min, Max: max}
}

// table is a Map of at most max entries.
func table(name string, key, elem *Shape, max int64) *Shape {
	return &Shape{Name: name, Kind: Map, Key: key, Elem: elem, Max: max}
}

// structure is a Structure, and name that of its Go type.
func structure(name string, members ...Member) *Shape {
	return &Shape{Name: name, Kind: Structure, Members: members}
}

// required is a member that must be there.
func required(name string, shape *Shape, doc string) Member {
	return Member{Name: name, Shape: shape, Required: true, Doc: doc}
}

// optional is a member that may be left out.
func optional(name string, shape *Shape, doc string) Member {
	return Member{Name: name, Shape: shape, Doc: doc}
}

// failures returns more together with the three exceptions that every operation
// of the identity pool service lists, in AWS's usual order.
func failures(more ...Code) []Code {
	return slices.Concat([]Code{InvalidParameterException}, more, []Code{TooManyRequestsException, InternalErrorException})
}

// tagging is the condition keys of an operation that puts on the tags in a member.
func tagging(member string) []Condition {
	return []Condition{{"aws:RequestTag/${TagKey}", member}, {"aws:TagKeys", member}}
}
