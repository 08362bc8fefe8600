package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// A caller sends the calls of one command to one service.
type caller struct {
	*settings
	service *api.Service
	url     *url.URL
	// region signs.
	region      string
	credentials func(context.Context) (sigv4.Credentials, error)
	client      *http.Client
	retries     *retries
	// asSent: timestamps are printed as they came.
	asSent bool
	// id is that of the call, over all attempts.
	id string
}

// caller prepares to call the service, as far as the configuration says how.
func (c *call) caller(s *settings) (*caller, error) {
	region, err := s.region()
	if err != nil {
		return nil, err
	}
	text := s.endpointURL(c.service)
	if region == "" && c.service.Name == "iam" || region == "" && text != "" && c.service.Name == "sts" && c.operation.Public {
		region = "us-east-1"
	}
	if region == "" {
		return nil, unconfigured("NoRegion", `You must specify a region. You can also configure your region by running "%s configure".`, s.Name)
	}
	to := &caller{settings: s, service: c.service, region: region, credentials: s.credentials, id: uuid()}
	if text == "" && !ofAWS(c.service.Name) {
		return nil, unconfigured("Configuration", "AWS has no service %[1]s: say where it is with --endpoint-url, AWS_ENDPOINT_URL_%[2]s or AWS_ENDPOINT_URL.", c.service.Name, strings.ToUpper(c.service.Name))
	}
	if text == "" {
		text, to.region = address(c.service.Name, region, s.variants())
	}
	if to.url, err = endpoint(text); err != nil {
		return nil, err
	}
	if c.operation.Public || s.is("no-sign-request") {
		to.credentials = func(context.Context) (sigv4.Credentials, error) { return sigv4.Credentials{}, nil }
	}
	if to.retries, err = s.retries(); err != nil {
		return nil, err
	}
	if to.asSent, err = s.timestampsAsSent(); err != nil {
		return nil, err
	}
	to.client, err = s.httpClient(to.url)
	return to, err
}

func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // It never fails.
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// A dialError is one of connecting.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

// A timedConn gives up a read that takes too long.
type timedConn struct {
	net.Conn
	timeout time.Duration
	now     func() time.Time
}

func (c timedConn) Read(b []byte) (int, error) {
	if c.timeout > 0 {
		if err := c.SetReadDeadline(c.now().Add(c.timeout)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(b)
}

// httpClient returns a client for calls to a URL. Of the certificates to trust, which may be
// hundreds, nothing is read when there is no TLS on the way.
func (s *settings) httpClient(to *url.URL) (*http.Client, error) {
	dial := s.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	config := &tls.Config{InsecureSkipVerify: s.is("no-verify-ssl")} //nolint:gosec // the option says so
	bundle := s.text("ca-bundle")
	if bundle == "" {
		bundle = s.either("AWS_CA_BUNDLE", "ca_bundle")
	}
	proxy := s.proxy()
	by, err := proxy(to)
	if err != nil {
		return nil, err
	}
	secure := to.Scheme == "https" || by != nil && by.Scheme == "https"
	if bundle != "" && secure && !config.InsecureSkipVerify {
		pem, err := os.ReadFile(s.expand(bundle))
		config.RootCAs = x509.NewCertPool()
		if err != nil || !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, failed("Could not find a suitable TLS CA certificate bundle, invalid path: %s", bundle)
		}
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if s.connectTimeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, s.connectTimeout)
					defer cancel()
				}
				conn, err := dial(ctx, network, address)
				if err != nil {
					return nil, dialError{err}
				}
				return timedConn{conn, s.readTimeout, s.Now}, nil
			},
			OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, r *http.Response) error {
				if r.StatusCode != http.StatusOK {
					return dialError{errors.New(r.Status)}
				}
				return nil
			},
			TLSClientConfig: config, TLSHandshakeTimeout: s.connectTimeout,
			DisableCompression: true, MaxResponseHeaderBytes: 1 << 20,
		},
	}, nil
}

// proxy tells by which proxy a URL is reached; nil: by none.
func (s *settings) proxy() func(*url.URL) (*url.URL, error) {
	variable := func(name string) string {
		v, ok := s.Lookup(strings.ToLower(name))
		if !ok {
			v, _ = s.Lookup(name)
		}
		return v
	}
	c := httpproxy.Config{HTTPProxy: variable("HTTP_PROXY"), HTTPSProxy: variable("HTTPS_PROXY"), NoProxy: variable("NO_PROXY")}
	some := httpproxy.Config{HTTPProxy: "http://some.proxy", HTTPSProxy: "http://some.proxy", NoProxy: c.NoProxy}
	find, needed := c.ProxyFunc(), some.ProxyFunc()
	return func(to *url.URL) (*url.URL, error) {
		by, err := find(to)
		if err != nil || by != nil {
			return by, err
		}
		// The library takes one that it can not read for none. It may have a password: it is not shown.
		configured := c.HTTPProxy
		if to.Scheme == "https" {
			configured = c.HTTPSProxy
		}
		if by, _ := needed(to); by != nil && configured != "" {
			return nil, failed("The proxy that is configured for %s is not a URL", to.Scheme)
		}
		return nil, nil // none is needed
	}
}

// call calls an operation, again when a failure is likely to pass, and returns what the
// description knows of the answer.
func (to *caller) call(ctx context.Context, op *api.Operation, input *object) (*object, error) {
	credentials, err := to.credentials(ctx)
	if err != nil {
		return nil, err
	}
	body := encodeInput(to.service, op, input)
	for attempt := 1; ; attempt++ {
		answer, lost, err := to.attempt(ctx, op, body, credentials, attempt)
		var f *failure
		switch {
		case err == nil:
			to.retries.succeeded(attempt)
			return answer, nil
		case ctx.Err() != nil:
			return nil, err
		case attempt == to.retries.attempts && errors.As(err, &f) && f.refusal != nil:
			return nil, refused(op, f.refusal, fmt.Sprintf(" (reached max retries: %d)", attempt-1))
		case lost == nil:
			return nil, err
		}
		delay, again := to.retries.next(attempt, lost, mathrand.Float64())
		if !again {
			return nil, err
		}
		to.debugf("Response received to retry, sleeping for %v", delay)
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

// attempt sends the call once. lost says of an error that is likely to pass how it came.
func (to *caller) attempt(ctx context.Context, op *api.Operation, body []byte, credentials sigv4.Credentials, n int) (answer *object, lost *loss, err error) {
	speaks := jsonClient
	if to.service.Protocol == api.Query {
		speaks = queryClient
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, failed("%v", err)
	}
	speaks.header(req.Header, to.service, op)
	if credentials != (sigv4.Credentials{}) {
		sign(req, body, credentials, to.region, to.service.Name, to.Now())
	}
	req.Header.Set("User-Agent", to.agent())
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("Amz-Sdk-Invocation-Id", to.id)
	req.Header.Set("Amz-Sdk-Request", fmt.Sprintf("attempt=%d", n))
	to.debugf("Making request for %s to %s: %d bytes, attempt %d", op.Name, to.url.Redacted(), len(body), n)
	resp, err := to.client.Do(req)
	var content []byte
	if err == nil {
		defer resp.Body.Close()
		content, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	}
	if err != nil {
		return nil, &loss{timeout: timedOut(err)}, to.unreached(ctx, err)
	}
	if len(content) > maxAnswer {
		return nil, nil, failed("%s answers with more than %d bytes", to.url.Redacted(), maxAnswer)
	}
	for _, warning := range resp.Header[wire.WarningHeader] {
		fmt.Fprintf(to.Stderr, "warning: %s\n", warning)
	}
	to.debugf("Response of %s: %s, %d bytes, request id %s", op.Name, resp.Status, len(content), resp.Header.Get("X-Amzn-Requestid"))
	if resp.StatusCode >= 301 {
		r, err := readRefusal(to.service, resp, content)
		if err != nil {
			return nil, nil, err
		}
		return nil, passing(to.service, resp, r.code), refused(op, r, "")
	}
	answer, err = to.readAnswer(op, content)
	return answer, nil, err
}

// sign signs a request for the bytes that it will be sent with.
func sign(req *http.Request, body []byte, credentials sigv4.Credentials, region, service string, now time.Time) {
	path := req.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	sigv4.Sign(&sigv4.Request{
		Method: req.Method, Path: path, RawQuery: req.URL.RawQuery,
		Host: req.Host, Header: req.Header, Body: body,
	}, credentials, region, service, now)
}

// unreached says why there is no answer.
func (to *caller) unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var (
		dial   dialError
		certs  *tls.CertificateVerificationError
		record tls.RecordHeaderError
		alert  tls.AlertError
	)
	timeout := timedOut(err)
	at := to.url.Redacted()
	if proxy, _ := to.proxy()(to.url); proxy != nil && errors.As(err, &dial) {
		return failed(`Failed to connect to proxy URL: "%s"`, proxy.Redacted())
	}
	switch {
	case errors.As(err, &dial) && timeout:
		return failed(`Connect timeout on endpoint URL: "%s"`, at)
	case errors.As(err, &dial):
		return failed(`Could not connect to the endpoint URL: "%s"`, at)
	case errors.As(err, &certs):
		return failed("SSL validation failed for %s [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: %v", at, certs.Err)
	case errors.Is(err, http.ErrSchemeMismatch):
		return failed("SSL validation failed for %s [SSL: WRONG_VERSION_NUMBER] wrong version number: the server speaks plain http", at)
	case errors.As(err, &record), errors.As(err, &alert):
		return failed("SSL validation failed for %s %v", at, err)
	case timeout:
		return failed(`Read timeout on endpoint URL: "%s"`, at)
	default:
		to.debugf("%v", err)
		return failed(`Connection was closed before we received a valid response from endpoint URL: "%s".`, at)
	}
}

func timedOut(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

// refused words a refusal.
func refused(op *api.Operation, r *refusal, more string) error {
	return &failure{
		code: exitRefused, refusal: r,
		message: fmt.Sprintf("An error occurred (%s) when calling the %s operation%s: %s", r.code, op.Name, more, r.message),
	}
}
