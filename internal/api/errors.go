package api

import "fmt"

// A Code is the name of an exception as it stands on the wire, in AWS's spelling.
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

// The modelled exceptions of IAM and STS. Their codes on the wire are those of the
// Query protocol, most without the word Exception.
const (
	ConcurrentModification        Code = "ConcurrentModification"
	DeleteConflict                Code = "DeleteConflict"
	EntityAlreadyExists           Code = "EntityAlreadyExists"
	EntityTemporarilyUnmodifiable Code = "EntityTemporarilyUnmodifiable"
	IDPCommunicationError         Code = "IDPCommunicationError"
	IDPRejectedClaim              Code = "IDPRejectedClaim"
	InvalidIdentityToken          Code = "InvalidIdentityToken"
	InvalidInput                  Code = "InvalidInput"
	LimitExceeded                 Code = "LimitExceeded"
	MalformedPolicyDocument       Code = "MalformedPolicyDocument"
	NoSuchEntity                  Code = "NoSuchEntity"
	PackedPolicyTooLarge          Code = "PackedPolicyTooLarge"
	PolicyNotAttachable           Code = "PolicyNotAttachable"
	RegionDisabledException       Code = "RegionDisabledException"
	ServiceFailure                Code = "ServiceFailure"
	UnmodifiableEntity            Code = "UnmodifiableEntity"
)

// The exceptions of the shared phases as services of the Query protocol name them.
const (
	AccessDenied               Code = "AccessDenied"
	ExpiredToken               Code = "ExpiredToken"
	IncompleteSignature        Code = "IncompleteSignature"
	InternalFailure            Code = "InternalFailure"
	InvalidAction              Code = "InvalidAction"
	InvalidClientTokenId       Code = "InvalidClientTokenId"
	InvalidParameterValue      Code = "InvalidParameterValue"
	MalformedInput             Code = "MalformedInput"
	MalformedQueryString       Code = "MalformedQueryString"
	MissingAuthenticationToken Code = "MissingAuthenticationToken"
	SignatureDoesNotMatch      Code = "SignatureDoesNotMatch"
	Throttling                 Code = "Throttling"
	ValidationError            Code = "ValidationError"
)

// codes holds what goes with each code: the HTTP status, and whether any operation
// may answer with it. Statuses are those of the service models and of AWS's lists of
// common errors; where these differ from what is observed, as for the signature's
// errors, the observed ones.
var codes = map[Code]struct {
	status int
	shared bool
}{
	InvalidParameterException:                 {status: 400},
	ResourceNotFoundException:                 {status: 400},
	NotAuthorizedException:                    {status: 400},
	ResourceConflictException:                 {status: 400},
	TooManyRequestsException:                  {status: 400},
	InternalErrorException:                    {status: 500, shared: true},
	LimitExceededException:                    {status: 400},
	ExternalServiceException:                  {status: 400},
	InvalidIdentityPoolConfigurationException: {status: 400},
	DeveloperUserAlreadyRegisteredException:   {status: 400},
	ConcurrentModificationException:           {status: 400},

	ValidationException:                 {status: 400, shared: true},
	SerializationException:              {status: 400, shared: true},
	UnknownOperationException:           {status: 400, shared: true},
	AccessDeniedException:               {status: 400, shared: true},
	MissingAuthenticationTokenException: {status: 400, shared: true},
	IncompleteSignatureException:        {status: 400, shared: true},
	InvalidSignatureException:           {status: 400, shared: true},
	UnrecognizedClientException:         {status: 400, shared: true},
	ExpiredTokenException:               {status: 400, shared: true},
	RequestEntityTooLargeException:      {status: 413, shared: true},

	ConcurrentModification:        {status: 409},
	DeleteConflict:                {status: 409},
	EntityAlreadyExists:           {status: 409},
	EntityTemporarilyUnmodifiable: {status: 409},
	IDPCommunicationError:         {status: 400},
	IDPRejectedClaim:              {status: 403},
	InvalidIdentityToken:          {status: 400},
	InvalidInput:                  {status: 400},
	LimitExceeded:                 {status: 409},
	MalformedPolicyDocument:       {status: 400},
	NoSuchEntity:                  {status: 404},
	PackedPolicyTooLarge:          {status: 400},
	PolicyNotAttachable:           {status: 400},
	RegionDisabledException:       {status: 403},
	ServiceFailure:                {status: 500},
	UnmodifiableEntity:            {status: 400},

	AccessDenied:               {status: 403, shared: true},
	ExpiredToken:               {status: 403, shared: true},
	IncompleteSignature:        {status: 400, shared: true},
	InternalFailure:            {status: 500, shared: true},
	InvalidAction:              {status: 400, shared: true},
	InvalidClientTokenId:       {status: 403, shared: true},
	InvalidParameterValue:      {status: 400, shared: true},
	MalformedInput:             {status: 400, shared: true},
	MalformedQueryString:       {status: 404, shared: true},
	MissingAuthenticationToken: {status: 403, shared: true},
	SignatureDoesNotMatch:      {status: 403, shared: true},
	Throttling:                 {status: 400, shared: true},
	ValidationError:            {status: 400, shared: true},
}

// Shared reports whether c belongs to the phases that all operations share.
func (c Code) Shared() bool { return codes[c].shared }

// Status is the HTTP status that goes with c; 500 for a code that is not of this
// package, since to answer with it is a failure of ours.
func (c Code) Status() int {
	if known, ok := codes[c]; ok {
		return known.status
	}
	return 500
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

// Reason returns why the client is refused, for the log; nil: the message tells. Of a refusal
// that was worded anew it is the first one's.
func (e *Error) Reason() error {
	for {
		inner, ok := e.cause.(*Error) //nolint:errorlint // what is wrapped around one is a reason of its own
		if !ok || inner.cause == nil {
			return e.cause
		}
		e = inner
	}
}

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
