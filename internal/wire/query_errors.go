package wire

import (
	"encoding/xml"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// FaultNamespace is the namespace of errors that belong to no service, such as that of an
// unknown action (observed of STS).
const FaultNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09"

// The texts of forms: what is wrong with the encoding, then with a parameter.
var (
	badEscape          = api.Text{Code: api.MalformedQueryString, Format: "Percent sign without two hexadecimal digits found where not expected.", Origin: api.Ours}
	rawSemicolon       = api.Text{Code: api.MalformedQueryString, Format: "Semicolon found where not expected.", Origin: api.Ours}
	badName            = api.Text{Code: api.MalformedQueryString, Format: "The name of a parameter must consist of visible ASCII characters.", Origin: api.Ours}
	formNotUnicode     = api.Text{Code: api.MalformedQueryString, Format: notUnicode.Format, Origin: api.Ours}
	formNUL            = api.Text{Code: api.MalformedQueryString, Format: nulFound.Format, Origin: api.Ours}
	duplicateParameter = api.Text{Code: api.MalformedQueryString, Format: "Parameter '%s' is given more than once.", Origin: api.Ours}
	tooManyParameters  = api.Text{Code: api.MalformedQueryString, Format: "A request can not have more than %d parameters.", Origin: api.Ours}

	// Of STS, which says no more about a number that is none, or none of 32 bits.
	noNumber  = api.Text{Code: api.MalformedInput, Format: "missing value for decimal type", Origin: api.Observed}
	notNumber = api.Text{Code: api.MalformedInput, Format: "", Origin: api.Observed}
	notTime   = api.Text{Code: api.MalformedInput, Format: "'%s' is not a time in the form of ISO 8601.", Origin: api.Ours}
	// Of a text for a list; of a text for a structure; of a list without the word "member".
	endOfList    = api.Text{Code: api.MalformedInput, Format: "Unexpected list element termination", Origin: api.Sibling}
	endOfComplex = api.Text{Code: api.MalformedInput, Format: "Unexpected complex element termination", Origin: api.Sibling}
	notAList     = api.Text{Code: api.MalformedInput, Format: "Top level element may not be treated as a list", Origin: api.Sibling}
	badIndex     = api.Text{Code: api.MalformedInput, Format: "%s is not a valid index", Origin: api.Sibling}
	badEntry     = api.Text{Code: api.MalformedInput, Format: "An entry of a map must have a key and a value.", Origin: api.Ours}
	duplicateKey = api.Text{Code: api.MalformedInput, Format: "Duplicate key of a map found where not expected.", Origin: api.Ours}
)

// inQuery is e under the name that the Query protocol has for it.
func inQuery(e *api.Error) *api.Error {
	switch e.Code {
	case api.SerializationException:
		return &api.Error{Code: api.MalformedInput, Message: e.Message}
	case api.ValidationException:
		return &api.Error{Code: api.ValidationError, Message: e.Message}
	}
	return e
}

// AppendErrorXML appends the body of an error answer in the namespace of the service, or
// in [FaultNamespace]. Faults of the client are of type Sender, those of the server of type
// Receiver. An empty message is left out (observed).
func AppendErrorXML(dst []byte, namespace, requestID string, e *api.Error) []byte {
	fault := "Sender"
	if e.Code.Status() >= 500 {
		fault = "Receiver"
	}
	dst = append(dst, `<ErrorResponse xmlns="`...)
	dst = appendXMLText(dst, namespace)
	dst = append(dst, "\">\n  <Error>\n"...)
	dst = appendElement(dst, 2, "Type", fault)
	dst = appendElement(dst, 2, "Code", string(e.Code))
	if e.Message != "" {
		dst = appendElement(dst, 2, "Message", e.Message)
	}
	dst = append(dst, "  </Error>\n"...)
	dst = appendElement(dst, 1, "RequestId", requestID)
	return append(dst, "</ErrorResponse>\n"...)
}

// ParseErrorXML reads the body of an error answer. It returns nil when body does not
// name an exception; the HTTP status is then all there is to tell.
func ParseErrorXML(body []byte) *api.Error {
	var doc struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Error   struct {
			Code    api.Code
			Message string
		}
	}
	if len(body) > MaxBody || xml.Unmarshal(body, &doc) != nil || doc.Error.Code == "" {
		return nil
	}
	return &api.Error{Code: doc.Error.Code, Message: doc.Error.Message}
}
