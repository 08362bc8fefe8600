// Package cli is the client side: it speaks the wire like any other client, from the
// same description of the operations that the server serves.
//
// It owns no server state and opens no store.
package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// maxAnswer bounds what is read of an answer, in bytes: a page of 60 of anything fits.
const maxAnswer = wire.MaxBody

// A Client calls the operations of one service at one endpoint.
type Client struct {
	Service *api.Service
	// Endpoint is the URL that is posted to.
	Endpoint string
	// HTTP sends the requests; nil: a client that follows no redirects, since a request
	// is signed for one host.
	HTTP *http.Client
	// Region and Credentials sign the requests. With the zero Credentials they go unsigned.
	Region      string
	Credentials sigv4.Credentials
	Now         func() time.Time
}

// Call calls the operation called name with in, and fills out, which is nil for an
// operation without output. A refusal of the server is an [*api.Error].
func (c *Client) Call(ctx context.Context, name string, in, out any) error {
	op := c.Service.Operation(name)
	if op == nil {
		return fmt.Errorf("%s has no operation %s", c.Service.Name, name)
	}
	speaks := jsonClient
	if c.Service.Protocol == api.Query {
		speaks = queryClient
	}
	body := speaks.input(c.Service, op, in)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("call %s: %w", name, err)
	}
	speaks.header(req.Header, c.Service, op)
	if c.Credentials != (sigv4.Credentials{}) {
		sign(req, body, c.Credentials, c.Region, c.Service.Name, c.Now())
	}
	client := c.HTTP
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("call %s: %w", name, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("call %s: read answer: %w", name, err)
	}
	if len(answer) > maxAnswer {
		return fmt.Errorf("call %s: %s answers %s with more than %d bytes", name, c.Endpoint, resp.Status, maxAnswer)
	}
	if resp.StatusCode != http.StatusOK {
		if e := speaks.refusal(answer); e != nil {
			return e
		}
		return fmt.Errorf("call %s: %s answers %s", name, c.Endpoint, resp.Status)
	}
	if op.Output == nil || out == nil {
		return nil
	}
	// An answer that is not understood is no refusal, so that the chain of errors, in
	// which wire may have put an *api.Error, ends here.
	if err := speaks.output(op, answer, out); err != nil {
		return fmt.Errorf("call %s: read answer of %s: %v", name, c.Endpoint, err) //nolint:errorlint // see above
	}
	return nil
}
