package api

import "fmt"

// A Code is the name of an exception, as AWS spells it.
type Code string

// The modelled exceptions of the identity pool service.
const (
	InvalidParameterException                 Code = "InvalidParameterException"
	ResourceNotFoundException                 Code = "ResourceNotFoundException"
	NotAuthorizedException                    Code = "NotAuthorizedException"
	ResourceConflictException                 Code = "ResourceConflictException"
	TooManyRequestsException                  Code = "TooManyRequestsException"
	InternalErrorException                    Code = "InternalErrorException"
	LimitExceededException                    Code = "LimitExceededException"
	ExternalServiceException                  Code = "ExternalServiceException"
	InvalidIdentityPoolConfigurationException Code = "InvalidIdentityPoolConfigurationException"
	DeveloperUserAlreadyRegisteredException   Code = "DeveloperUserAlreadyRegisteredException"
	ConcurrentModificationException           Code = "ConcurrentModificationException"
)

// The exceptions of the phases that every operation shares. No operation lists
// them; any may answer with them.
const (
	ValidationException                 Code = "ValidationException"
	SerializationException              Code = "SerializationException"
	UnknownOperationException           Code = "UnknownOperationException"
	AccessDeniedException               Code = "AccessDeniedException"
	MissingAuthenticationTokenException Code = "MissingAuthenticationTokenException"
	IncompleteSignatureException        Code = "IncompleteSignatureException"
	InvalidSignatureException           Code = "InvalidSignatureException"
	UnrecognizedClientException         Code = "UnrecognizedClientException"
	ExpiredTokenException               Code = "ExpiredTokenException"
	RequestEntityTooLargeException      Code = "RequestEntityTooLargeException"
)

// Shared reports whether c belongs to the phases that all operations share.
func (c Code) Shared() bool {
	switch c {
	case ValidationException, SerializationException, UnknownOperationException, AccessDeniedException,
		MissingAuthenticationTokenException, IncompleteSignatureException, InvalidSignatureException,
		UnrecognizedClientException, ExpiredTokenException, RequestEntityTooLargeException,
		InternalErrorException:
		return true
	}
	return false
}

// Status is the HTTP status that goes with c.
func (c Code) Status() int {
	switch c {
	case InternalErrorException:
		return 500
	case RequestEntityTooLargeException:
		return 413
	}
	return 400
}

// An Error is what a client may see of a failure; it is the only such type.
// Any other error is internal: it is logged, and the client is told
// [Internal] and nothing else.
type Error struct {
	Code    Code
	Message string
	// cause is for the log only.
	cause error
}

// Error implements error.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Unwrap returns the cause, which never reaches the client.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy of e that carries cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Origin says where the wording of a message comes from.
type Origin string

const (
	// Observed: read in an answer of the real service.
	Observed Origin = "observed"
	// Sibling: read in an answer of another AWS service on the same framework.
	Sibling Origin = "sibling"
	// Documented: given in AWS's documentation.
	Documented Origin = "documented"
	// Ours: AWS's wording is not known or does not exist; chosen here, in its voice.
	Ours Origin = "ours"
)

// A Text is one message of the catalogue.
type Text struct {
	Code   Code
	Format string
	Origin Origin
}

// With returns the error with the format's verbs filled in.
func (t Text) With(args ...any) *Error {
	return &Error{Code: t.Code, Message: fmt.Sprintf(t.Format, args...)}
}
