// Package sts is the exchange of web identities for temporary credentials: it serves
// AssumeRoleWithWebIdentity, hands identity pools the credentials of their identities, and
// for roles that another STS stands behind gets them there.
//
// It finds out whose a token is and has it verified, by package token where it is ours and
// by package login where it is a registered provider's; package principal decides whether
// the role may be taken, and mints. It keeps nothing.
//
// Sources: the STS API reference, AssumeRoleWithWebIdentity; the Cognito Developer Guide on
// the enhanced flow.
package sts

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/outbound"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// Config is what a [Service] needs. The fields up to Now are required.
type Config struct {
	Principals *principal.Service
	// Tokens verifies tokens of this server, whose iss is IssuerURL. Issuer signs those that
	// go to upstreams.
	Tokens    identity.TokenVerifier
	Issuer    identity.Issuer
	IssuerURL string
	Now       func() time.Time

	// Providers verifies ID tokens of registered providers. Nil: none is taken.
	Providers Providers
	// AllowPrivate lets upstreams be at loopback and private addresses, and speak plain HTTP.
	AllowPrivate bool
	// RootCAs are the authorities for upstreams' certificates; nil: the system's.
	RootCAs *x509.CertPool
	// Proxy is the HTTP proxy for requests to upstreams; nil: none. It decides itself which
	// addresses it reaches.
	Proxy *url.URL
	// UpstreamTimeout is how long one of at most two attempts at an upstream may take, all of
	// it included; 0: 5 s.
	UpstreamTimeout time.Duration
}

const (
	defaultUpstreamTimeout = 5 * time.Second
	// maxConnections is how many requests one upstream gets at a time. The others wait as
	// long as an attempt may take.
	maxConnections = 32
)

// A Service exchanges web identities. It may be used by several goroutines.
type Service struct {
	principals *principal.Service
	tokens     identity.TokenVerifier
	issuer     identity.Issuer
	issuerURL  string
	now        func() time.Time
	providers  Providers

	client   *http.Client
	insecure bool
	timeout  time.Duration
}

// New returns a Service. It does no I/O.
func New(c Config) (*Service, error) {
	var missing []error
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"Principals", c.Principals != nil},
		{"Tokens", c.Tokens != nil},
		{"Issuer", c.Issuer != nil},
		{"IssuerURL", c.IssuerURL != ""},
		{"Now", c.Now != nil},
	} {
		if !f.set {
			missing = append(missing, fmt.Errorf("sts: Config.%s is not set", f.name))
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	s := &Service{
		principals: c.Principals, tokens: c.Tokens, issuer: c.Issuer, issuerURL: c.IssuerURL, now: c.Now, providers: c.Providers,
		insecure: c.AllowPrivate, timeout: c.UpstreamTimeout,
	}
	if s.timeout == 0 {
		s.timeout = defaultUpstreamTimeout
	}
	s.client = &http.Client{
		Transport: c.transport(s.timeout),
		// A redirect would carry the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

func (c Config) transport(timeout time.Duration) *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyURL(c.Proxy),
		// A proxy's own address is the operator's choice.
		DialContext:            outbound.Dialer(c.AllowPrivate || c.Proxy != nil, timeout).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
		MaxIdleConnsPerHost:    maxConnections,
		MaxConnsPerHost:        maxConnections,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
		// A short compressed answer may be an endless one.
		DisableCompression: true,
	}
}
