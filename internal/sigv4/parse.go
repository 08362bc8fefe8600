package sigv4

import (
	"slices"
	"strings"
	"time"
)

// A Signature is the signature of one request, as claimed. It is worth nothing
// until [Signature.Check] and then [Signature.Verify] have returned nil. It refers
// to the request, which must not change meanwhile, and is not safe for concurrent
// use.
type Signature struct {
	// SessionToken is empty when the request carries none. Parse sets it.
	SessionToken string

	// Check sets the following. Date, Region and Service are those of the
	// credential scope; Date is yyyymmdd.
	AccessKeyID           string
	Date, Region, Service string
	// Time is when the request was signed, by the client's clock: UTC, whole
	// seconds.
	Time time.Time

	message    message
	algorithm  string
	credential string
	signature  string
	date       string
	// presigned: the signature is in the query string. expires is X-Amz-Expires,
	// which only that form has; empty when absent.
	presigned bool
	expires   string

	checked bool
}

// Present reports whether the request carries authentication in either form,
// however broken: an Authorization header, of whatever scheme, or X-Amz-Algorithm
// in the query string.
func Present(r *Request) bool {
	params, _ := parseQuery(r.RawQuery)
	_, inQuery := find(params, amzAlgorithm)
	return inQuery || inHeader(r)
}

func inHeader(r *Request) bool {
	return slices.ContainsFunc(r.Header[authorizationHeader], func(v string) bool { return v != "" })
}

// Parse finds the signature of a request and its parts. A request with no
// authentication, with both forms, with parts missing, or with something twice
// on which the signature depends is refused with an [*Error].
func Parse(r *Request) (*Signature, error) {
	params, malformed := parseQuery(r.RawQuery)
	_, inQuery := find(params, amzAlgorithm)
	switch {
	case !inQuery && !inHeader(r):
		return nil, noAuthentication.with()
	case inQuery && inHeader(r):
		return nil, bothForms.with()
	}
	for _, name := range [...]string{authorizationHeader, amzDate, dateHeader, amzSecurityToken, amzContentSHA256, amzTarget} {
		if len(r.Header[name]) > 1 {
			return nil, headerTwice.with(name)
		}
	}
	if malformed != "" {
		return nil, queryMalformed.with(malformed)
	}
	if name, found := repeated(r, params); found {
		return nil, paramTwice.with(name)
	}
	if inQuery {
		return parsePresigned(r, params)
	}
	return parseHeader(r, params)
}

func parseHeader(r *Request, params []param) (*Signature, error) {
	s := &Signature{
		SessionToken: first(r.Header[amzSecurityToken]),
		date:         first(r.Header[amzDate]),
	}
	if s.date == "" {
		s.date = first(r.Header[dateHeader])
	}
	header := first(r.Header[authorizationHeader])
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	echo := scheme
	// What follows another scheme is another system's secret: it is not ours to
	// take apart, or to repeat.
	if strings.HasPrefix(scheme, "AWS4-") {
		s.algorithm, echo = scheme, header
		if err := s.parsePairs(header, rest); err != nil {
			return nil, err
		}
	}

	var missing faults
	for _, part := range [...]struct{ name, value string }{
		{"Credential", s.credential}, {"Signature", s.signature}, {"SignedHeaders", s.message.signedHeaders},
	} {
		if part.value == "" {
			missing.add(headerPart, part.name)
		}
	}
	if s.date == "" {
		missing.add(headerDatePart)
	}
	if missing.any() {
		missing.add(headerPartsEnd, echo)
		return nil, missing.err()
	}
	s.message.request = r
	s.message.query = canonicalQuery(params)
	return s, nil
}

// parsePairs reads the key=value pairs after the algorithm, which commas
// separate. Unknown keys are ignored.
func (s *Signature) parsePairs(header, rest string) error {
	for pair := range strings.SplitSeq(rest, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		if !found {
			return pairMalformed.with(pair, header)
		}
		var part *string
		switch key {
		case "Credential":
			part = &s.credential
		case "Signature":
			part = &s.signature
		case "SignedHeaders":
			part = &s.message.signedHeaders
		default:
			continue
		}
		if *part != "" {
			return pairTwice.with(key)
		}
		*part = value
	}
	return nil
}

func parsePresigned(r *Request, params []param) (*Signature, error) {
	s := &Signature{presigned: true}
	var missing faults
	for _, part := range [...]struct {
		name  string
		value *string
	}{
		{amzAlgorithm, &s.algorithm},
		{amzCredential, &s.credential},
		{amzSignature, &s.signature},
		{amzSignedHeaders, &s.message.signedHeaders},
		{amzDate, &s.date},
	} {
		if *part.value, _ = find(params, part.name); *part.value == "" {
			missing.add(queryPart, part.name)
		}
	}
	if missing.any() {
		missing.add(queryPartsEnd)
		return nil, missing.err()
	}
	s.SessionToken, _ = find(params, amzSecurityToken)
	s.expires, _ = find(params, amzExpires)
	s.message.request = r
	s.message.query = canonicalQuery(slices.DeleteFunc(params, func(p param) bool { return p.name == amzSignature }))
	return s, nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
