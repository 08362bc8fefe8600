package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/cli"
	"github.com/poolkeeper/poolkeeper/internal/masterkey"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/server"
)

// The access key of serve --dev. Its secret is public: that is its purpose.
const (
	devKeyID  = "AKIAPOOLKEEPERDEVKEY"
	devSecret = "poolkeeper/well+known+secret/for+dev+only"
)

// flushTime is how long what requests leave behind may take at the end.
const flushTime = 10 * time.Second

func (p *program) serveCommand() *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use: "serve",
		Long: `Run the server, until interrupted.

The first start on an empty data directory makes a master key, a signing key and the
account's root access key, whose secret it prints once.

SIGHUP makes it read certificate, log level and rate limits again.`,
		Args: noArgs, Annotations: map[string]string{cli.Plain: ""},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(); err != nil {
				return err
			}
			return p.serve(cmd.Context(), &c, &reloading{p: p, cmd: cmd, flags: cmd.Flags()}, nil)
		},
	}
	p.serveFlags(&c, cmd.Flags())
	return p.configured(cmd)
}

// A started tells how to reach a server that has begun to listen.
type started struct {
	url string
	// key is the root access key of a first start; nil at any other.
	key *api.AccessKey
	c   *config
	h   *house
}

// serve runs the server until ctx ends or it can not go on. It calls ready, when
// given, instead of telling people how to begin. Without reloads it is deaf to SIGHUP.
func (p *program) serve(ctx context.Context, c *config, reloads *reloading, ready func(*started)) error {
	level := new(slog.LevelVar)
	log, flush := newLog(c, level, p.stderr)
	defer flush()
	restrictNewFiles()
	if p.getenv("GOGC") == "" {
		// The heap is a few megabytes, so twice as many are cheap. Measured on reads: a
		// tenth of the CPU less, and 5 MB more under load.
		debug.SetGCPercent(200)
	}

	f, err := p.openFront(c)
	if err != nil {
		return err
	}
	defer func() { _ = f.listener.Close() }() // serving has closed it, or nothing has come of it
	s := &started{url: f.url, c: c}
	// Only on loopback does the listen address tell by which name verifiers reach us.
	issuer := s.url
	if host, _, _ := net.SplitHostPort(f.listener.Addr().String()); !loopback(host) {
		issuer = ""
	}
	if s.h, err = p.open(ctx, c, true, issuer, log, f.metrics); err != nil {
		return err
	}
	defer s.h.close()
	f.h = s.h
	trail, err := p.openAudit(c, log)
	if err != nil {
		return err
	}
	defer func() { _ = trail.Close() }() // what it can not write it reports
	shared := server.Config{
		KeyUses: server.NewKeyUses(s.h.principals.NoteKeyUse, log),
		Audit:   &audit.Recorder{Log: trail, Issued: c.auditTokens, Refused: c.auditRefused},
		Now:     p.now, NewRequestID: uuid.NewString, Log: log,
	}
	public, err := p.publicServer(c, f, shared)
	if err != nil {
		return err
	}
	if s.h.fresh {
		// Of several servers that start on an empty database, one.
		led := s.h.store.Lead(ctx, "first start", func(ctx context.Context) { s.key, err = s.h.makeRootKey(ctx, p.now()) })
		if err = errors.Join(err, led); err != nil {
			return err
		}
	}
	control, err := p.listenControl(c)
	if err != nil {
		return err
	}
	defer control.Close()
	admin := adminHandler(f.health, f.metrics)
	servers := []serving{{public, f.accept()}, {p.controlServer(s.h, c, admin, shared), control}}
	if f.admin != nil {
		servers = append(servers, serving{adminServer(c, admin, log), f.admin})
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var background sync.WaitGroup
	alone := func(ctx context.Context, name string, f func(context.Context)) {
		background.Go(func() { _ = s.h.store.Lead(ctx, name, f) }) // it fails when ctx ends, or the store closes
	}
	alone(ctx, "signing keys", s.h.keys.Run)
	alone(ctx, "purge", func(ctx context.Context) { s.h.purge(ctx, log) })
	if s.h.guests != nil {
		alone(ctx, "guests", func(ctx context.Context) { s.h.sweep(ctx, log, f.metrics) })
	}
	f.watchCertificate(ctx, &background, log)
	if reloads != nil {
		reloads.front, reloads.level, reloads.log = f, level, log
		background.Go(func() { reloads.run(ctx) })
	}
	// What requests leave behind is seen to until after the last one.
	after, served := context.WithCancel(context.WithoutCancel(ctx))
	defer served()
	background.Go(func() { shared.KeyUses.Run(after, flushTime) })
	if s.h.guests != nil {
		background.Go(func() { s.h.noteGuests(after, log) })
	}
	alone(after, "audit log", func(ctx context.Context) {
		if err := audit.NewExporter(s.h.store.Audit(), trail, log).Run(ctx); err != nil {
			log.Error("the audit log lacks changes, which the next start adds", "cause", err)
		}
	})
	for _, sv := range servers {
		background.Go(func() {
			if err := sv.Serve(sv.on); !errors.Is(err, http.ErrServerClosed) {
				cancel(fmt.Errorf("serve: %w", err))
			}
		})
	}
	warnAboutIssuer(log, s.h.issuer, s.url)
	log.Info("listening", "url", s.url, "issuer", s.h.issuer, "regions", strings.Join(c.regions, ","), "account", s.h.account, "data", c.data)
	if f.admin != nil {
		log.Info("health, metrics and profiles", "url", "http://"+f.admin.Addr().String())
	}
	if ready == nil {
		ready = p.welcome
	}
	ready(s)
	p.notify(notifyReady)

	select {
	case <-ctx.Done():
	case <-s.h.store.Broken():
		// Nothing may be acknowledged after a failed sync until the store is reopened.
		cancel(errors.New("the store has failed: see the log, check the disk, start again"))
	}
	cause := context.Cause(ctx)
	f.stopping.Store(true)
	p.notify(notifyStopping)
	if errors.Is(cause, context.Canceled) {
		cause = nil
		log.Info("stopping")
		time.Sleep(c.drainDelay) // another signal ends the process at once
	}
	drain, stop := context.WithTimeout(context.WithoutCancel(ctx), c.drainTime)
	defer stop()
	for _, sv := range servers {
		if err := sv.Shutdown(drain); err != nil {
			log.Warn("requests were cut", "cause", err)
			sv.Close()
		}
	}
	cancel(nil)
	served()
	background.Wait()
	return cause
}

// A serving is a server and what it listens on.
type serving struct {
	*http.Server
	on net.Listener
}

// warnAboutIssuer tells the operator of an issuer at which verifiers would not find this
// server, or could be told anything.
func warnAboutIssuer(log *slog.Logger, issuer, listens string) {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Scheme == "https":
	case !loopback(u.Hostname()):
		log.Warn("the issuer is not https: who can change what verifiers fetch from it can forge tokens", "issuer", issuer)
	case issuer != listens:
		log.Warn("the issuer is another address than the one listened on: verifiers fetch keys from the issuer; --issuer changes it", "issuer", issuer, "url", listens)
	}
}

// services are those that clients call, and the operator too.
func (h *house) services() []server.Served {
	return []server.Served{
		{Service: api.CognitoIdentity, Bindings: server.CognitoIdentity(h.identities)},
		{Service: api.IAM, Bindings: server.IAM(h.principals)},
		{Service: api.STS, Bindings: server.STS(h.principals, h.exchange)},
		{Service: api.Identities, Bindings: server.Identities(h.identities, h.exchange)},
	}
}

// publicServer serves the API and discovery.
func (p *program) publicServer(c *config, f *front, s server.Config) (*http.Server, error) {
	h := f.h
	discovery, err := server.Discovery(h.issuer, h.keys, s.Log)
	if err != nil {
		return nil, err
	}
	signatures := &server.Signatures{Regions: c.regions, Keys: h.principals, Now: p.now}
	if c.dev {
		signatures.Dev = &server.DevKey{ID: devKeyID, Secret: devSecret, Account: h.account}
	}
	s.Services = h.services()
	s.Authenticate = signatures
	s.Authorize = &server.Policies{Principals: h.principals, Identities: h.identities}
	s.Limits, s.Observe = &f.limits, f.observe
	s.MaxBody = c.bounds.bodyBytes
	if s.Proxies, err = c.proxies(); err != nil {
		return nil, err
	}
	calls := server.New(s)
	return c.bounds.server(s.Log, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.URL.Path, "/.well-known/") {
			discovery.ServeHTTP(w, r)
			return
		}
		calls.ServeHTTP(w, r)
	})), nil
}

// welcome tells a person how to begin.
func (p *program) welcome(s *started) {
	out := p.stdout
	if s.c.auditPath() == "" {
		out = p.stderr // where no program reads
	}
	region := s.c.regions[0]
	id, secret := devKeyID, devSecret
	switch {
	case s.key != nil:
		id, secret = s.key.AccessKeyId, string(s.key.SecretAccessKey)
		fmt.Fprintf(out, "\nThis is the first start on %s.\nThe root access key of account %s; its secret is shown only now:\n", s.c.data, s.h.account)
	case s.c.dev:
		fmt.Fprintf(out, "\nThe access key of --dev:\n")
	default:
		fmt.Fprintf(out, "Poolkeeper listens on %s\n", s.url)
		return
	}
	fmt.Fprintf(out, `
  export AWS_ACCESS_KEY_ID=%s
  export AWS_SECRET_ACCESS_KEY=%s
  export AWS_DEFAULT_REGION=%s

A first command, with the AWS command line:

  aws cognito-identity create-identity-pool --endpoint-url %s \
    --identity-pool-name first --no-allow-unauthenticated-identities --developer-provider-name login.example

`, id, secret, region, s.url)
	if s.c.dev {
		fmt.Fprint(out, "UNSAFE: --dev accepts an access key that everybody knows. Do not keep anything here.\n")
	}
	fmt.Fprintf(out, "Poolkeeper listens on %s\n", s.url)
}

// listenControl listens on the socket by which the operator's commands reach a
// running server. Who may open the data directory may use it.
func (p *program) listenControl(c *config) (net.Listener, error) {
	path, err := c.controlSocket()
	if err != nil {
		return nil, err
	}
	// The store's lock is held, so a socket that is there is left over.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return l, nil
}

// controlServer serves the operator's operations, those of the other services that are about
// an account, and admin unless that is nil.
func (p *program) controlServer(h *house, c *config, admin http.Handler, s server.Config) *http.Server {
	operator := server.Operator{Account: h.account, Region: h.home}
	master := &masterkey.Rotation{
		Store: h.store, Seal: h.master, Dir: p.keyDir(c), Find: func() (*seal.Key, error) { return p.masterKey(c, false) },
	}
	s.Services = append(h.services(), server.Served{
		Service: api.Control, Bindings: server.Control(h.keys, h.principals, h.identities, master),
	})
	s.Authenticate, s.Authorize = operator, operator
	calls := server.New(s)
	control := standard.server(s.Log, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if admin != nil && isAdmin(r.URL.Path) {
			admin.ServeHTTP(w, r)
			return
		}
		calls.ServeHTTP(w, r)
	}))
	control.WriteTimeout = 0 // another master key takes as long as there are secrets, and the operator may wait
	return control
}
