package cli

import (
	"net/http"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// A protocol is how a request is written and an answer read.
type protocol struct {
	header func(http.Header, *api.Service, *api.Operation)
	input  func(*api.Service, *api.Operation, any) []byte
	output func(op *api.Operation, answer []byte, out any) error
	// refusal reads an error answer; nil: it is none of the protocol.
	refusal func(answer []byte) *api.Error
}

var jsonClient = protocol{
	header: func(h http.Header, s *api.Service, op *api.Operation) {
		h.Set("Content-Type", "application/x-amz-json-1.1")
		h.Set("X-Amz-Target", s.TargetPrefix+"."+op.Name)
	},
	input: func(_ *api.Service, op *api.Operation, in any) []byte { return wire.AppendJSON(nil, op.Input, in) },
	output: func(op *api.Operation, answer []byte, out any) error {
		doc, err := wire.ParseJSON(answer)
		if err != nil {
			return err
		}
		return wire.DecodeOutput(op.Output, doc, out)
	},
	refusal: wire.ParseErrorJSON,
}

var queryClient = protocol{
	header: func(h http.Header, _ *api.Service, _ *api.Operation) {
		h.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	},
	input:   func(s *api.Service, op *api.Operation, in any) []byte { return wire.AppendForm(nil, s, op, in) },
	output:  wire.DecodeXML,
	refusal: wire.ParseErrorXML,
}
