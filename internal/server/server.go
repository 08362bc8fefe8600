// Package server speaks HTTP: it takes a request through its phases in the one order
// that clients observe, binds operations of the description to methods of the domain,
// and serves discovery. It owns the request record, from which the log line comes.
//
// It decides nothing about identities and reads no store of its own.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/limit"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// Config is what a [Server] needs. Every field is required but KeyUses, Audit, Limits,
// MaxBody, Proxies, Observe and Strict.
type Config struct {
	Services []Served
	// Authenticate tells who the caller is, and Authorize whether it may do what it asks.
	Authenticate Authenticator
	Authorize    Authorizer
	// KeyUses notes what access keys are used; nil: nobody does.
	KeyUses *KeyUses
	// Audit records what changes nothing, as it is set to; nil: that is not recorded.
	Audit *audit.Recorder
	// Limits says who comes too fast; nil: nobody does.
	Limits *limit.Limits
	// MaxBody is the length in bytes of the longest body that is read; 0: [wire.MaxBody], more
	// than which is parsed nowhere.
	MaxBody int
	// Proxies are the networks of proxies that are believed whom they speak for.
	Proxies []netip.Prefix
	// Observe is told of each request at its end; nil: nobody is. It must not block.
	Observe func(Observation)
	Now     func() time.Time
	// NewRequestID returns a fresh UUID.
	NewRequestID func() string
	Log          *slog.Logger
	// Strict panics on an error code that an operation does not declare, and on a binding
	// whose types are not those of the description: for tests. A program that was tested
	// need not look at each of its start-ups.
	Strict bool
}

// An Observation is what counts of a request. Its texts come from lists in the program, none
// from the request: Service and Operation are of the description or empty, and Outcome is ok or
// an error code.
type Observation struct {
	Service, Operation, Outcome string
	Took                        time.Duration
	Panicked                    bool
}

// Served is a service with the operations of it that are served. One that is not bound
// answers that it is not served yet.
type Served struct {
	Service  *api.Service
	Bindings []Binding
}

// An Authenticator tells who the caller of an operation is. It fails with an
// [*api.Error] when the caller is refused, and with any other error when it can not tell.
type Authenticator interface {
	Authenticate(ctx context.Context, service *api.Service, op *api.Operation, r *sigv4.Request) (api.Caller, error)
}

// An Authorizer tells whether a caller may call an operation with an input, and fails
// as an Authenticator does.
type Authorizer interface {
	Authorize(ctx context.Context, caller api.Caller, service *api.Service, op *api.Operation, in any) error
}

// A Server answers the calls of its services.
type Server struct {
	services     []*served
	authenticate Authenticator
	authorize    Authorizer
	uses         *KeyUses
	audit        *audit.Recorder
	limits       *limit.Limits
	maxBody      int
	proxies      []netip.Prefix
	observe      func(Observation)
	now          func() time.Time
	newRequestID func() string
	log          *slog.Logger
	strict       bool
}

// A served is a service with its bindings by operation.
type served struct {
	*api.Service
	bound map[string]Binding
}

// New returns a Server. It panics when a binding is of no operation, or a second of one.
func New(c Config) *Server {
	s := &Server{
		authenticate: c.Authenticate, authorize: c.Authorize, uses: c.KeyUses, audit: c.Audit,
		limits: c.Limits, maxBody: cmp.Or(c.MaxBody, wire.MaxBody), proxies: c.Proxies, observe: c.Observe,
		now: c.Now, newRequestID: c.NewRequestID, log: c.Log, strict: c.Strict,
	}
	for _, sv := range c.Services {
		bound := make(map[string]Binding, len(sv.Bindings))
		for _, b := range sv.Bindings {
			op := sv.Service.Operation(b.name)
			if op == nil {
				panic("server: no operation " + b.name + " in the description")
			}
			if _, twice := bound[b.name]; twice {
				panic("server: operation " + b.name + " is bound twice")
			}
			if c.Strict {
				b.check(op)
			}
			bound[b.name] = b
		}
		s.services = append(s.services, &served{sv.Service, bound})
	}
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := newRecord(s.newRequestID(), s.now(), r, s.proxies)
	rec.begin(w.Header())
	defer func() {
		if p := recover(); p != nil {
			if s.strict {
				panic(p)
			}
			rec.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			rec.panicked = true
			rec.fail(w, api.Internal.With())
		}
		end := s.now()
		rec.log(r.Context(), s.log, end)
		if s.observe != nil {
			s.observe(rec.observation(end))
		}
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
	rec.answer(w, http.StatusOK, rec.protocol.contentType(), body)
}

// serve is the way of a request. The order of its phases is the order in which
// clients of AWS see their mistakes answered; see docs/ARCHITECTURE.md.
func (s *Server) serve(r *http.Request, rec *record) ([]byte, error) {
	// 1. Read the body once, bounded: the signature covers these bytes.
	if r.Method != http.MethodPost && !isQueryURL(r) {
		return nil, errMethod
	}
	body, err := s.readBody(r)
	if err != nil {
		return nil, err
	}

	// 2. Protocol, service and operation. Who comes too fast learns it in the form of the
	// protocol, before anything costs more than this.
	in, err := s.read(r, body, rec)
	if !s.limits.Peer(rec.remote, rec.start) {
		return nil, rec.protocol.translate(api.RateExceeded.With())
	}
	if err != nil {
		return nil, err
	}
	call, out, err := s.call(r, body, in, rec)
	if err := s.record(r, in, rec, call, out, err); err != nil {
		return nil, err
	}
	return rec.protocol.output(in.service.Service, in.operation, rec.id, out), nil
}

// call is the part of the way that is recorded. It returns the call as the audit log sees it;
// nil for one that did not come to be done, and for reads, which leave a record only if
// they are refused.
func (s *Server) call(r *http.Request, body []byte, in *incoming, rec *record) (call *audit.Pending, out any, err error) {
	op := in.operation
	ctx := identity.WithRequest(r.Context())

	// 3. Who calls.
	rec.caller, err = s.authenticate.Authenticate(ctx, in.service.Service, op, signedPart(r, body))
	rec.caller.SourceIP, rec.caller.Secure, rec.caller.Now = rec.remote, rec.secure, rec.start
	if err != nil {
		return nil, nil, err
	}
	if !s.limits.Caller(rec.caller.AccessKeyID, rec.caller.Account, rec.caller.Region, op.Name, rec.start) {
		return nil, nil, api.RateExceeded.With()
	}

	// 4. The input, converted and checked against the description.
	b, bound := in.service.bound[op.Name]
	if !bound {
		return nil, nil, api.NotServed.With(op.Name)
	}
	input := b.newInput()
	if err := in.decode(input); err != nil {
		return nil, nil, err
	}
	in.input = input

	// 5. May they.
	if err := s.authorize.Authorize(ctx, rec.caller, in.service.Service, op, input); err != nil {
		return nil, nil, err
	}
	s.uses.Note(rec.caller, in.service.Name, rec.start)

	// 6. Do it.
	if op.Audit != api.AuditRead {
		call = s.pending(r, in, rec)
		ctx = context.WithValue(audit.With(ctx, call), recordKey{}, rec)
	}
	out, err = b.call(ctx, rec.caller, input)
	if err != nil {
		return call, nil, s.declared(op, err)
	}
	return call, out, nil
}

func (s *Server) pending(r *http.Request, in *incoming, rec *record) *audit.Pending {
	return &audit.Pending{
		Service: in.service.Service, Operation: in.operation, Caller: rec.caller, Input: in.input,
		RequestID: rec.id, UserAgent: r.UserAgent(), NewID: s.newRequestID,
	}
}

// record sees to it that a call is in the audit log, as far as that is wanted. It returns err
// as the protocol has it, or that it could not be recorded: then nothing is answered.
func (s *Server) record(r *http.Request, in *incoming, rec *record, call *audit.Pending, out any, err error) error {
	var refused *api.Error
	if errors.As(err, &refused) {
		err = rec.protocol.translate(refused)
	}
	if s.audit == nil || err == nil && call == nil {
		return err
	}
	if refused != nil && refused.Code == api.TooManyRequestsException {
		return err // or who comes too fast would fill the log
	}
	if call == nil {
		call = s.pending(r, in, rec)
	}
	if e := s.audit.Finish(r.Context(), call, out, err); e != nil {
		return fmt.Errorf("record the call: %w", e)
	}
	return err
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
	} else if reason := e.Reason(); reason != nil {
		rec.err = reason
	}
	rec.fail(w, e)
}

// readBody reads the body up to its bound.
func (s *Server) readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > int64(s.maxBody) {
		return nil, api.BodyTooLarge.With(s.maxBody)
	}
	// A length that is only declared reserves no more than most calls need.
	buf := make([]byte, 0, min(max(r.ContentLength, 0), 16<<10)+1)
	// One byte past the bound tells a body that is too long from one that fits.
	limited := io.LimitReader(r.Body, int64(s.maxBody)+1)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := limited.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > s.maxBody:
			return nil, api.BodyTooLarge.With(s.maxBody)
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
