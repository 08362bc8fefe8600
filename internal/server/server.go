// Package server speaks HTTP: it takes a request through its phases in the one order
// that clients observe, binds operations of the description to methods of the domain,
// and serves discovery. It owns the request record, from which the log line comes.
//
// It decides nothing about identities and reads no store of its own.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// Config is what a [Server] needs. Every field is required but Strict.
type Config struct {
	// Service is the description of what is served; Bindings are its operations.
	// One that is not bound answers that it is not served yet.
	Service  *api.Service
	Bindings []Binding
	// Authenticate tells who the caller is.
	Authenticate Authenticator
	Now          func() time.Time
	// NewRequestID returns a fresh UUID.
	NewRequestID func() string
	Log          *slog.Logger
	// Strict panics on an error code that an operation does not declare: for tests.
	Strict bool
}

// An Authenticator tells who the caller of an operation is. It fails with an
// [*api.Error] when the caller is refused, and with any other error when it can not tell.
type Authenticator interface {
	Authenticate(ctx context.Context, op *api.Operation, r *sigv4.Request) (identity.Caller, error)
}

// A Server answers the calls of one service.
type Server struct {
	service      *api.Service
	bound        map[string]Binding
	authenticate Authenticator
	now          func() time.Time
	newRequestID func() string
	log          *slog.Logger
	strict       bool
}

// New returns a Server. It panics when a binding does not fit the description.
func New(c Config) *Server {
	s := &Server{
		service: c.Service, bound: make(map[string]Binding, len(c.Bindings)),
		authenticate: c.Authenticate, now: c.Now, newRequestID: c.NewRequestID, log: c.Log, strict: c.Strict,
	}
	for _, b := range c.Bindings {
		op := c.Service.Operation(b.name)
		if op == nil {
			panic("server: no operation " + b.name + " in the description")
		}
		if _, twice := s.bound[b.name]; twice {
			panic("server: operation " + b.name + " is bound twice")
		}
		b.check(op)
		s.bound[b.name] = b
	}
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := newRecord(s.newRequestID(), s.now(), r)
	rec.begin(w.Header())
	defer func() {
		if p := recover(); p != nil {
			if s.strict {
				panic(p)
			}
			rec.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			rec.fail(w, api.Internal.With())
		}
		rec.log(r.Context(), s.log, s.now())
	}()
	if cors(w, r) {
		rec.status = http.StatusOK
		return
	}
	body, err := s.serve(r, rec)
	if err != nil {
		s.fail(w, r, rec, err)
		return
	}
	rec.answer(w, http.StatusOK, contentType, body)
}

// serve is the way of a request. The order of its phases is the order in which
// clients of AWS see their mistakes answered; see docs/ARCHITECTURE.md.
func (s *Server) serve(r *http.Request, rec *record) ([]byte, error) {
	// 1. Read the body once, bounded: the signature covers these bytes.
	if r.Method != http.MethodPost {
		return nil, errMethod
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}

	// 2. Protocol and operation.
	if err := checkContentType(r.Header.Get("Content-Type"), r.Header.Get("X-Amz-Target") != ""); err != nil {
		return nil, err
	}
	op := s.route(r.Header.Values("X-Amz-Target"))
	if op != nil {
		rec.operation = op.Name
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

	// 3. Who calls.
	rec.caller, err = s.authenticate.Authenticate(r.Context(), op, signedPart(r, body))
	if err != nil {
		return nil, err
	}

	// 4. The input, converted and checked against the description.
	b, served := s.bound[op.Name]
	if !served {
		return nil, api.NotServed.With(op.Name)
	}
	in := b.newInput()
	if err := wire.Decode(op.Input, doc, in); err != nil {
		return nil, err
	}

	// 5. May they. Every access key is an account's root, which may do everything
	// within its account; the domain sees no other account's rows.

	// 6. Do it.
	out, err := b.call(r.Context(), rec.caller, in)
	if err != nil {
		return nil, s.declared(op, err)
	}
	if op.Output == nil {
		return nil, nil
	}
	return wire.AppendJSON(make([]byte, 0, 1024), op.Output, out), nil
}

// route returns the operation of X-Amz-Target, or nil.
func (s *Server) route(target []string) *api.Operation {
	if len(target) != 1 {
		return nil
	}
	name, ok := strings.CutPrefix(target[0], s.service.TargetPrefix+".")
	if !ok {
		return nil
	}
	return s.service.Operation(name)
}

// declared checks that an operation fails only as its description says.
func (s *Server) declared(op *api.Operation, err error) error {
	var e *api.Error
	if s.strict && errors.As(err, &e) && !op.Declares(e.Code) {
		panic(fmt.Sprintf("operation %s answers %v, which it does not declare", op.Name, e))
	}
	return err
}

// fail answers with what the client may see of err.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, rec *record, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		rec.gone()
		return
	}
	var raw *rawError
	if errors.As(err, &raw) {
		rec.code = raw.name
		rec.answer(w, raw.status, raw.contentType, []byte(raw.body))
		return
	}
	var e *api.Error
	if !errors.As(err, &e) {
		rec.err = err
		e = api.Internal.With()
	} else if cause := e.Unwrap(); cause != nil {
		rec.err = cause
	}
	rec.fail(w, e)
}

// readBody reads the body up to its bound.
func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > wire.MaxBody {
		return nil, api.BodyTooLarge.With(wire.MaxBody)
	}
	// A length that is only declared reserves no more than most calls need.
	buf := make([]byte, 0, min(max(r.ContentLength, 0), 16<<10)+1)
	// One byte past the bound tells a body that is too long from one that fits.
	limited := io.LimitReader(r.Body, wire.MaxBody+1)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := limited.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > wire.MaxBody:
			return nil, api.BodyTooLarge.With(wire.MaxBody)
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return nil, api.NotJSON.With().Because(fmt.Errorf("read body: %w", err))
		}
	}
}

// signedPart returns what a signature may cover. The path is taken from the request
// line as it was sent: a router's idea of it is not what the client signed.
func signedPart(r *http.Request, body []byte) *sigv4.Request {
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") {
		// Absolute form, as sent to a proxy: RFC 9112 section 3.2.2.
		if _, rest, ok := strings.Cut(target, "://"); ok {
			target = rest[len(rest)-len(strings.TrimLeftFunc(rest, func(c rune) bool { return c != '/' && c != '?' })):]
		}
	}
	path, query, _ := strings.Cut(target, "?")
	return &sigv4.Request{Method: r.Method, Path: path, RawQuery: query, Host: r.Host, Header: r.Header, Body: body}
}
