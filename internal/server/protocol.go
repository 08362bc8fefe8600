package server

import (
	"net/http"
	"strings"
)

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

// checkContentType refuses every protocol but AWS JSON 1.1. Parameters do not count.
func checkContentType(value string, hasTarget bool) error {
	media, _, _ := strings.Cut(value, ";")
	switch strings.TrimSpace(media) {
	case contentType:
		return nil
	case "application/json":
		return errPlainJSON
	}
	if hasTarget {
		return errProtocol
	}
	return errNoOperation
}
