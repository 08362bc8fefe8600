// Package wire turns the bodies of AWS JSON 1.1 and of the AWS Query protocol into the Go
// structs of package api and back, for the server and for clients alike. It owns what a
// body may look like, the type conversion errors, the wording of the constraint message
// around the constraints themselves (which are [api.Shape]'s), and the spellings of an
// error body.
//
// It does not know what operations do, HTTP, headers (but for the name of one of ours) or authentication. Reading a
// request takes two steps, [ParseJSON] and [Decode] or [ParseForm] and [DecodeForm],
// because clients observe that malformed JSON is reported before a missing signature
// and a wrong type after it. Forms and XML are read into the terms of JSON, a [Value],
// so that all protocols share one decoder and one validation.
//
// Identifiers are opaque: no two different strings of a body become the same Go
// string. That is why encoding/json, which folds names and replaces what is not
// Unicode, is not used. Clients read XML with encoding/xml.
package wire
