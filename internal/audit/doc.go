// Package audit is the record of who did what, in the form of AWS CloudTrail events
// (version 1.08). It owns that form, what is left out of it, the log of JSON lines that
// events end in, and how they get there:
//
//   - A change that a transaction makes is recorded by that transaction, in the store's
//     outbox ([Pending], [Store]), and the [Exporter] carries it from there to the [Log]. So
//     there is never one without the other.
//   - What changes nothing, tokens for known users and calls that are refused, goes to the
//     Log before the answer leaves, where settings ask for it ([Recorder]).
//
// Secrets, tokens, login values and developer user identifiers are in no event: the
// description says which values these are. The package knows no protocol and no SQL, and
// does not decide what an operation is to the audit log: [api.Operation] says so.
//
// Sources: "CloudTrail record contents" and "CloudTrail userIdentity element" of the
// CloudTrail User Guide; "Amazon Cognito events in CloudTrail" of the Cognito Developer Guide.
package audit
