package principal

import (
	"errors"
	"net/url"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// checkDocument refuses what is no policy document of the kind.
func checkDocument(document string, kind iam.Kind) error {
	_, err := iam.Parse([]byte(document), kind)
	if syntax, ok := errors.AsType[*iam.SyntaxError](err); ok {
		if syntax.Path == "" {
			return api.MalformedDocument.With(syntax.Message)
		}
		return api.MalformedDocument.With("at " + syntax.Path + ": " + syntax.Message)
	}
	return err
}

// size is the length of a document as IAM counts it: white space is free.
func size(document string) (n int) {
	for _, r := range document {
		if !strings.ContainsRune(" \t\r\n", r) {
			n++
		}
	}
	return n
}

// encoded returns a document as answers hold it: percent-encoded (RFC 3986).
func encoded(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}
