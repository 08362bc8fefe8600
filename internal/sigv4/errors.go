package sigv4

import "fmt"

// An Error tells a client what is wrong with the signature of its request. It
// is the only type of error of [Parse] and [Signature.Check].
type Error struct {
	// Code is AWS's name of the exception in JSON services.
	Code string
	// Message is the text for the client. It may quote what the client sent.
	Message string
}

// Error implements error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

const (
	missingAuthenticationToken = "MissingAuthenticationTokenException"
	incompleteSignature        = "IncompleteSignatureException"
	invalidSignature           = "InvalidSignatureException"
)

// An origin says where the wording of a text comes from.
type origin uint8

const (
	// sibling: read in an answer of another AWS service on the same framework.
	sibling origin = iota + 1
	// observed: read in an answer of AWS STS, which is served here too.
	observed
	// ours: AWS's wording is not known or does not exist; chosen here, in its voice.
	ours
)

// A text is one message, or, where it ends with a blank, one part of a message
// that is put together of several.
type text struct {
	code   string
	format string
	origin origin
}

// The catalogue, in the order in which the faults are looked for.
var (
	noAuthentication = text{missingAuthenticationToken, "Missing Authentication Token", sibling}
	bothForms        = text{invalidSignature, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.", sibling}
	headerTwice      = text{invalidSignature, "Found '%s' more than once as HTTP header.", ours}
	queryMalformed   = text{incompleteSignature, "AWS query-string parameters must be percent-encoded. Got '%s'. Re-examine the query-string parameters.", ours}
	paramTwice       = text{invalidSignature, "Found '%s' more than once as a query-string param or HTTP header.", ours}

	// The parts.
	pairMalformed  = text{incompleteSignature, "'%s' not a valid key=value pair (missing equal-sign) in Authorization header: '%s'.", sibling}
	pairTwice      = text{incompleteSignature, "Authorization header must have only one '%s' parameter.", ours}
	headerPart     = text{incompleteSignature, "Authorization header requires '%s' parameter. ", sibling}
	headerDatePart = text{incompleteSignature, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ", sibling}
	headerPartsEnd = text{incompleteSignature, "Authorization=%s", sibling}
	queryPart      = text{incompleteSignature, "AWS query-string parameters must include '%s'. ", sibling}
	queryPartsEnd  = text{incompleteSignature, "Re-examine the query-string parameters.", sibling}

	// The time.
	dateForm      = text{incompleteSignature, "Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", sibling}
	expiresForm   = text{incompleteSignature, "X-Amz-Expires must be a number of seconds between 1 and 604800. Got '%s'.", ours}
	expired       = text{invalidSignature, "Signature expired: %s is now earlier than %s (%s - %s)", observed}
	notYetCurrent = text{invalidSignature, "Signature not yet current: %s is still later than %s (%s + %s)", observed}

	// The signed headers. AWS says notSigned of Host alone; of others it is ours.
	notSigned       = text{invalidSignature, "'%s' must be a 'SignedHeader' in the AWS Authorization.", sibling}
	signedUnordered = text{invalidSignature, "'SignedHeaders' must be in lower case, in alphabetical order and without repetition. Got '%s'.", ours}
	signedAbsent    = text{invalidSignature, "'%s' is a 'SignedHeader' in the AWS Authorization but not a header of the request.", ours}

	// The algorithm and the credential.
	algorithmOther  = text{incompleteSignature, "Unsupported AWS 'algorithm': '%s' (only AWS4-HMAC-SHA256 for now). ", sibling}
	credentialForm  = text{incompleteSignature, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", sibling}
	scopeRegion     = text{invalidSignature, "Credential should be scoped to a valid region, not '%s'. ", observed}
	scopeService    = text{invalidSignature, "Credential should be scoped to correct service: '%s'. ", sibling}
	scopeTerminator = text{invalidSignature, "Credential should be scoped with a valid terminator: 'aws4_request', not '%s'. ", sibling}
	scopeDate       = text{invalidSignature, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", sibling}

	// The payload and the signature itself. Some services go on to show the
	// canonical request, session token and all; this text ends before.
	payloadDiffers = text{invalidSignature, "'X-Amz-Content-Sha256' must be the SHA-256 of the request body, not '%s'.", ours}
	mismatch       = text{invalidSignature, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.", sibling}
)

func (t text) with(args ...any) *Error {
	return &Error{Code: t.code, Message: fmt.Sprintf(t.format, args...)}
}

// faults collects the parts of a message that names several faults at once.
type faults struct {
	code, message string
}

func (f *faults) add(part text, args ...any) {
	f.code = part.code
	f.message += fmt.Sprintf(part.format, args...)
}

func (f *faults) any() bool { return f.code != "" }

func (f *faults) err() *Error { return &Error{Code: f.code, Message: f.message} }
