package login

import (
	"context"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/outbound"
)

// Bounds of what is asked of a provider.
const (
	// fetchTime is how long one request may take, until the last byte of the answer.
	fetchTime = 5 * time.Second
	// maxAnswer is how long an answer may be.
	maxAnswer = 1 << 20
	// maxRedirects is how many redirects are followed, all of the same host.
	maxRedirects = 3
	// maxConnections is how many connections one provider may hold, so that a slow one
	// does not take all there are.
	maxConnections = 32
)

// A client asks providers, and nobody else.
type client struct {
	dialer       *net.Dialer
	proxy        *url.URL
	roots        *x509.CertPool
	allowPrivate bool
	now          func() time.Time
	shared       http.RoundTripper
}

func newClient(c Config) *client {
	g := &client{proxy: c.Proxy, roots: c.RootCAs, allowPrivate: c.AllowPrivate, now: c.Now}
	g.dialer = &net.Dialer{Timeout: fetchTime, ControlContext: g.checkDial}
	g.shared = g.transport(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs})
	return g
}

func (g *client) transport(t *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                  func(*http.Request) (*url.URL, error) { return g.proxy, nil },
		DialContext:            g.dialer.DialContext,
		TLSClientConfig:        t,
		TLSHandshakeTimeout:    fetchTime,
		ResponseHeaderTimeout:  fetchTime,
		IdleConnTimeout:        time.Minute,
		MaxIdleConnsPerHost:    2,
		MaxConnsPerHost:        maxConnections,
		MaxResponseHeaderBytes: 64 << 10,
		// A short compressed answer may be an endless one.
		DisableCompression: true,
	}
}

// checkDial refuses addresses after the name was resolved, so that no name and no
// spelling of an address leads elsewhere. A proxy's own address is the operator's choice,
// and where it goes is for the proxy to decide.
func (g *client) checkDial(_ context.Context, _, address string, _ syscall.RawConn) error {
	if g.proxy != nil {
		return nil
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !outbound.Reachable(to.Addr(), g.allowPrivate) {
		return fmt.Errorf("%s is not a public address", to.Addr())
	}
	return nil
}

// checkURL refuses what no provider's URL is.
func checkURL(raw string, allowPrivate bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		// The error of url.Parse repeats the URL.
		return nil, errors.New("not a URL")
	case u.Scheme != "https" && !(u.Scheme == "http" && allowPrivate):
		return nil, errors.New("URL is not https")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("URL has no host")
	case u.User != nil:
		return nil, errors.New("URL has a user")
	case u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return nil, errors.New("URL has a fragment")
	}
	return u, nil
}

// get asks for a URL and returns the status and the answer. Its errors do not repeat the
// URL, which may hold a token.
func (g *client) get(ctx context.Context, raw string, header http.Header, thumbprints []string) (int, []byte, error) {
	u, err := checkURL(raw, g.allowPrivate)
	if err != nil {
		return 0, nil, err
	}
	transport := g.shared
	if len(thumbprints) > 0 {
		// Whom to trust differs from the shared connections.
		own := g.transport(g.thumbprintTLS(u.Hostname(), thumbprints))
		own.DisableKeepAlives = true
		transport = own
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return 0, nil, errors.New("not a URL")
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Poolkeeper")
	h := http.Client{Transport: transport, CheckRedirect: sameHost}
	resp, err := h.Do(req)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return 0, nil, fmt.Errorf("ask %s: %w", u.Host, err)
	}
	defer resp.Body.Close()
	if e := resp.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return 0, nil, fmt.Errorf("ask %s: the answer is encoded", u.Host)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("read answer of %s: %w", u.Host, err)
	case len(body) > maxAnswer:
		return 0, nil, fmt.Errorf("answer of %s is longer than %d bytes", u.Host, maxAnswer)
	}
	return resp.StatusCode, body, nil
}

// document asks for what must be there.
func (g *client) document(ctx context.Context, url string, thumbprints []string) ([]byte, error) {
	status, body, err := g.get(ctx, url, nil, thumbprints)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d", status)
	}
	return body, err
}

func sameHost(req *http.Request, via []*http.Request) error {
	switch first := via[0].URL; {
	case len(via) > maxRedirects:
		return errors.New("too many redirects")
	case req.URL.Scheme != first.Scheme || req.URL.Host != first.Host || req.URL.User != nil:
		return errors.New("redirect to another host")
	}
	return nil
}

// errCertificate: see [WrongCertificate].
var errCertificate = errors.New("certificate is neither of a trusted authority nor of one with a registered thumbprint")

// thumbprintTLS trusts what is trusted anyway, and the certificates in the provider's
// chain that have one of the thumbprints. Source: the IAM User Guide, "Obtain the
// thumbprint for an OpenID Connect identity provider".
func (g *client) thumbprintTLS(host string, thumbprints []string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Verified below, against more than one set of authorities.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			opts := x509.VerifyOptions{DNSName: host, CurrentTime: g.now(), Roots: g.roots, Intermediates: x509.NewCertPool()}
			for _, c := range s.PeerCertificates[1:] {
				opts.Intermediates.AddCert(c)
			}
			leaf := s.PeerCertificates[0]
			if _, err := leaf.Verify(opts); err == nil {
				return nil
			}
			opts.Roots = x509.NewCertPool()
			for _, c := range s.PeerCertificates {
				sum := sha1.Sum(c.Raw)
				is := func(t string) bool { return strings.EqualFold(t, hex.EncodeToString(sum[:])) }
				if slices.ContainsFunc(thumbprints, is) {
					opts.Roots.AddCert(c)
				}
			}
			if _, err := leaf.Verify(opts); err != nil {
				return fmt.Errorf("%w: %w", errCertificate, err)
			}
			return nil
		},
	}
}

// unreachable returns the refusal for a provider that could not be asked.
func unreachable(err error) *Refusal {
	reason := Unreachable
	var authority x509.UnknownAuthorityError
	if errors.Is(err, errCertificate) || errors.As(err, &authority) {
		reason = WrongCertificate
	}
	return &Refusal{Reason: reason, Err: err}
}
