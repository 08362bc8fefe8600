// Package wire turns AWS JSON 1.1 bodies into the Go structs of package api and
// back, for the server and for clients alike. It owns what a body may look like,
// the type conversion errors, the wording of the constraint message around the
// constraints themselves (which are [api.Shape]'s), and the two spellings of an
// error body.
//
// It does not know operations, HTTP, headers or authentication. Reading a request
// takes two steps, [ParseJSON] and [Decode], because clients observe that
// malformed JSON is reported before a missing signature and a wrong type after it.
//
// Identifiers are opaque: no two different strings of a body become the same Go
// string. That is why encoding/json, which folds names and replaces what is not
// Unicode, is not used.
package wire
