package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/login"
	"github.com/poolkeeper/poolkeeper/internal/metrics"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/server"
	"github.com/poolkeeper/poolkeeper/internal/sts"
	"github.com/poolkeeper/poolkeeper/internal/sts/idtoken"
)

// furnish makes the services on top of the store and the signing keys.
func (h *house) furnish(c *config, now func() time.Time, master *seal.Key, log *slog.Logger, m *metrics.Instruments) (err error) {
	cas, err := authorities(c.outboundCAs)
	if err != nil {
		return usageError{fmt.Errorf("--outbound-ca-file: %w", err)}
	}
	var proxy *url.URL
	if c.outboundProxy != "" {
		if proxy, err = url.Parse(c.outboundProxy); err != nil || proxy.Host == "" {
			return usageError{fmt.Errorf("--outbound-proxy: %q is no URL of a proxy", c.outboundProxy)}
		}
	}
	warn := func(ctx context.Context, warning string) {
		log.WarnContext(ctx, warning)
		server.Warn(ctx, warning)
	}
	h.principals, err = principal.New(principal.Config{
		Store: h.store.Principals(), Seal: master, NewID: newID, Issuer: h.issuer,
		RefuseOpenTrust: c.refuseOpenTrust, Warn: warn, InsecureUpstreams: c.privateEndpoints,
	})
	if err != nil {
		return err
	}
	endpoints := make(map[string]login.Endpoint, len(c.providerEndpoints))
	for provider, at := range c.providerEndpoints {
		endpoints[provider] = login.Endpoint{URL: at}
	}
	logins := login.Config{
		Now: now, Registry: h.principals, OwnIssuers: []string{"https://" + api.IdentityPools, h.issuer},
		Endpoints: endpoints, AllowPrivate: c.privateEndpoints, Proxy: proxy, RootCAs: cas,
		Observe: func(f login.Fetch) { observe(log, f, m) },
	}
	if m != nil {
		logins.KeyLookup = m.KeyLookup
		logins.Verified = func(v login.Verification) { m.Verification(v.Kind, outcome(v), v.Took) }
	}
	providers, err := login.New(logins)
	if err != nil {
		return usageError{fmt.Errorf("--provider-endpoint: %w", err)}
	}
	h.exchange, err = sts.New(sts.Config{
		Principals: h.principals, Tokens: h.keys, Issuer: h.keys, IssuerURL: h.issuer, Now: now,
		Providers: idtoken.By(providers), AllowPrivate: c.privateEndpoints, RootCAs: cas, Proxy: proxy,
	})
	if err != nil {
		return err
	}
	if c.guestIdle > 0 {
		h.guests = identity.NewGuests(h.store, c.guestIdle)
	}
	h.identities, err = identity.New(identity.Config{
		Store: h.store, Issuer: h.keys, Seal: master, Regions: h.regions, NewGUID: uuid.NewString,
		Logins: providers, Tokens: h.keys, Credentials: h.exchange, Roles: h.principals,
		RefuseUnsafeTrust: c.refuseOpenTrust, Guests: h.guests, Warn: warn,
	})
	return err
}

// newID returns a unique id of AWS's form.
func newID(prefix string) string { return prefix + rand.Text()[:17] }

// authorities reads certificates from a PEM file; nil where none is named.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", file)
	}
	return pool, nil
}

// outcome is what is counted of a login: ok, or why it was refused.
func outcome(v login.Verification) string {
	switch {
	case v.Reason != "":
		return string(v.Reason)
	case v.Err != nil:
		return "error"
	}
	return "ok"
}

// observe logs and counts what came of fetching a provider's keys.
func observe(log *slog.Logger, f login.Fetch, m *metrics.Instruments) {
	if m != nil {
		m.KeyFetch(f.Err)
	}
	attrs := []any{"issuer", f.Issuer, "keys", f.Keys, "skipped", f.Skipped}
	if f.Err != nil {
		log.Warn("the keys of an identity provider could not be fetched", append(attrs, "cause", f.Err)...)
		return
	}
	log.Debug("keys of an identity provider", attrs...)
}
