package server

import (
	"net/http"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// A protocol is how an answer is written.
type protocol interface {
	contentType() string
	// output is the body of a success.
	output(s *api.Service, op *api.Operation, requestID string, out any) []byte
	// translate gives an error of the shared phases the name it has in the protocol.
	translate(*api.Error) *api.Error
	// failure is the body of an error, and errorHeader what a client reads before it.
	failure(requestID string, e *api.Error) []byte
	errorHeader(http.Header, *api.Error)
}

// An incoming is a request on its way: routed, not yet decoded.
type incoming struct {
	service   *served
	operation *api.Operation
	// decode fills in the operation's input and checks it. input is that, once it is there.
	decode func(input any) error
	input  any
}

const (
	mediaJSON = "application/x-amz-json-1.1"
	mediaForm = "application/x-www-form-urlencoded"
)

// read finds out protocol, service and operation.
func (s *Server) read(r *http.Request, body []byte, rec *record) (*incoming, error) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	media = strings.TrimSpace(media)
	target := r.Header.Values("X-Amz-Target")
	switch {
	case media == mediaJSON:
		return s.readJSON(target, body, rec)
	case (media == mediaForm || isQueryURL(r)) && len(target) == 0:
		return s.readQuery(r.URL.RawQuery, body, rec)
	case media == "application/json":
		return nil, errPlainJSON
	case r.Header.Get("X-Amz-Target") != "":
		return nil, errProtocol
	}
	return nil, errNoOperation
}

// isQueryURL reports whether a GET is a call of the Query protocol, as a presigned
// GetCallerIdentity is.
func isQueryURL(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.URL.RawQuery, "Action=")
}

func (s *Server) readJSON(target []string, body []byte, rec *record) (*incoming, error) {
	service, op := s.target(target)
	if op != nil {
		rec.service, rec.operation = service.Name, op.Name
	} else if len(body) == 0 {
		// Where there is nothing to parse, the operation comes first (sibling).
		return nil, api.UnknownOperation.With()
	}
	doc, err := wire.ParseJSON(body)
	if err != nil {
		return nil, err
	}
	if op == nil {
		return nil, api.UnknownOperation.With()
	}
	return &incoming{service: service, operation: op, decode: func(input any) error { return wire.Decode(op.Input, doc, input) }}, nil
}

// target returns the operation that X-Amz-Target names, or nil.
func (s *Server) target(values []string) (*served, *api.Operation) {
	if len(values) != 1 {
		return nil, nil
	}
	prefix, name, _ := strings.Cut(values[0], ".")
	for _, sv := range s.services {
		if sv.Protocol == api.JSON && sv.TargetPrefix == prefix {
			return sv, sv.Operation(name)
		}
	}
	return nil, nil
}

func (s *Server) readQuery(query string, body []byte, rec *record) (*incoming, error) {
	rec.protocol = queryProtocol{namespace: wire.FaultNamespace}
	form, err := wire.ParseForm(body, query)
	if err != nil {
		return nil, err
	}
	action, _ := form.Action()
	version, ok := form.Version()
	if !ok {
		version = "NO_VERSION_SPECIFIED"
	}
	for _, sv := range s.services {
		if sv.Protocol != api.Query || sv.Version != version {
			continue
		}
		rec.protocol = queryProtocol{namespace: sv.Namespace}
		if op := sv.Operation(action); op != nil {
			rec.service, rec.operation, rec.protocol = sv.Name, op.Name, queryProtocol{sv.Namespace, op}
			return &incoming{service: sv, operation: op, decode: func(input any) error { return wire.DecodeForm(op.Input, form, input) }}, nil
		}
	}
	return nil, api.UnknownAction.With(action, version)
}

// jsonProtocol writes AWS JSON 1.1.
type jsonProtocol struct{}

func (jsonProtocol) contentType() string               { return mediaJSON }
func (jsonProtocol) translate(e *api.Error) *api.Error { return e }

func (jsonProtocol) output(_ *api.Service, op *api.Operation, _ string, out any) []byte {
	if op.Output == nil {
		return nil
	}
	return wire.AppendJSON(make([]byte, 0, 256), op.Output, out)
}

func (jsonProtocol) failure(_ string, e *api.Error) []byte { return wire.AppendErrorJSON(nil, e) }

func (jsonProtocol) errorHeader(h http.Header, e *api.Error) {
	h["x-amzn-ErrorType"] = []string{string(e.Code) + ":"}
	if headerSafe(e.Message) {
		h["x-amzn-ErrorMessage"] = []string{e.Message}
	}
}

// queryProtocol writes the XML of AWS Query, in a namespace. The operation is nil where it
// is not known.
type queryProtocol struct {
	namespace string
	operation *api.Operation
}

func (queryProtocol) contentType() string { return "text/xml" }

func (p queryProtocol) output(s *api.Service, op *api.Operation, requestID string, out any) []byte {
	return wire.AppendXML(make([]byte, 0, 1024), s, op, requestID, out)
}

func (p queryProtocol) failure(requestID string, e *api.Error) []byte {
	return wire.AppendErrorXML(nil, p.namespace, requestID, e)
}

func (queryProtocol) errorHeader(http.Header, *api.Error) {}

// translate implements protocol. The phases speak of errors as JSON services call them.
func (p queryProtocol) translate(e *api.Error) *api.Error {
	code, ok := queryCodes[e.Code]
	if !ok || code == api.ExpiredToken && p.operation != nil && p.operation.Public {
		// Of the token that is exchanged, the exchange tells under the longer name.
		return e
	}
	t := *e
	t.Code = code
	switch {
	case e.Code == api.MissingAuthenticationTokenException:
		t.Message = api.MissingQueryAuthentication.Format
	case code == api.InternalFailure && p.operation != nil && p.operation.Declares(api.ServiceFailure):
		t.Code = api.ServiceFailure
	}
	return &t
}

// queryCodes are the names in the Query protocol. Source: AWS's page of common errors;
// observed on STS.
var queryCodes = map[api.Code]api.Code{
	api.AccessDeniedException:               api.AccessDenied,
	api.UnrecognizedClientException:         api.InvalidClientTokenId,
	api.InvalidSignatureException:           api.SignatureDoesNotMatch,
	api.IncompleteSignatureException:        api.IncompleteSignature,
	api.MissingAuthenticationTokenException: api.MissingAuthenticationToken,
	api.ExpiredTokenException:               api.ExpiredToken,
	api.ValidationException:                 api.ValidationError,
	api.UnknownOperationException:           api.InvalidAction,
	api.InternalErrorException:              api.InternalFailure,
	api.TooManyRequestsException:            api.Throttling,
}

// A rawError is an answer from before the protocol is known: its body has a form of
// its own. Source: observed on sibling services.
type rawError struct {
	name        string
	status      int
	contentType string
	body        string
}

func (e *rawError) Error() string { return e.name }

var (
	errMethod = &rawError{"BadRequest", http.StatusBadRequest, "application/json",
		`{"code":"BadRequest","message":"The server did not understand the operation that was requested.","type":"client"}`}
	errPlainJSON = &rawError{"UnknownOperationException", http.StatusNotFound, "application/json",
		`{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`}
	errProtocol = &rawError{"UnknownOperationException", http.StatusNotFound, "application/xml",
		"<UnknownOperationException/>\n"}
	errNoOperation = &rawError{"AccessDeniedException", http.StatusForbidden, "application/xml",
		"<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n"}
)
