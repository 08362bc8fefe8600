package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/limit"
	"github.com/poolkeeper/poolkeeper/internal/metrics"
	"github.com/poolkeeper/poolkeeper/internal/server"
)

// A front is the side of a server that clients and the operator's tools see: listeners,
// certificate, rate limits, health and metrics.
type front struct {
	health
	listener *boundedListener
	admin    net.Listener // nil: none
	url      string
	// certificate is nil without TLS.
	certificate *certificate
	limits      limit.Limits
	metrics     *metrics.Instruments
	down        atomic.Bool // health.stopping
}

// openFront listens. Nothing is answered before there is a house behind it.
func (p *program) openFront(c *config) (*front, error) {
	f := new(front)
	f.health = health{stopping: &f.down, now: p.now}
	rates, err := limit.Parse(c.rateLimits)
	if err != nil {
		return nil, err
	}
	f.limits.Set(rates)
	scheme := "http://"
	if c.tlsCert != "" {
		scheme = "https://"
		if f.certificate, err = c.certificate(); err != nil {
			return nil, err
		}
	}
	l, err := listen("--listen", c.listen)
	if err != nil {
		return nil, err
	}
	f.listener, f.url = newBoundedListener(l, c.bounds.connections), scheme+l.Addr().String()
	if c.adminListen != "" {
		admin, err := listen("--admin-listen", c.adminListen)
		if err != nil {
			l.Close()
			return nil, err
		}
		f.admin = newBoundedListener(admin, c.bounds.connections)
	}
	f.metrics = metrics.New(f.look())
	return f, nil
}

// listen opens the address of a setting.
func listen(setting, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("another process listens on %s: stop it, or name another address", address)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return l, nil
}

// accept returns what the public server serves.
func (f *front) accept() net.Listener {
	if f.certificate == nil {
		return f.listener
	}
	return tls.NewListener(f.listener, f.certificate.config())
}

// look is what metrics are looked up by. They are first read when there is a house.
func (f *front) look() metrics.Look {
	l := metrics.Look{
		Version: version(), Now: f.now,
		Connections:     func() float64 { return float64(f.listener.open.Load()) },
		SigningQueue:    func() float64 { return float64(f.h.keys.Waiting()) },
		ActiveKeySince:  func() (time.Time, bool) { return f.h.activeSince() },
		AuditWaitsSince: func() (time.Time, bool) { return f.h.auditWaits() },
		StoreReads: func() (memory, database uint64) {
			s := f.h.store.Stats()
			return s.FromMemory, s.FromDatabase
		},
		StoreRetries: func() uint64 { return f.h.store.Stats().Retries },
		Refused:      f.limits.Refused,
		Checks: func() map[string]bool {
			hold := map[string]bool{}
			for name, err := range f.checks(context.Background()) {
				hold[name] = err == nil
			}
			return hold
		},
	}
	if f.certificate != nil {
		l.CertificateExpires = f.certificate.expires
	}
	return l
}

// observe counts a request.
func (f *front) observe(o server.Observation) {
	f.metrics.Request(o.Service, o.Operation, o.Outcome, o.Took)
	if o.Panicked {
		f.metrics.Panic()
	}
}

// watchCertificate has a changed certificate taken, until ctx ends.
func (f *front) watchCertificate(ctx context.Context, background *sync.WaitGroup, log *slog.Logger) {
	if f.certificate == nil {
		return
	}
	background.Go(func() {
		f.certificate.watch(ctx, certificateLook, func(err error) { f.tookCertificate(log, err) })
	})
}

func (f *front) tookCertificate(log *slog.Logger, err error) {
	f.metrics.Reload(err)
	if err != nil {
		log.Error("the certificate can not be read: the old one stays", "cause", err)
		return
	}
	until, _ := f.certificate.expires()
	log.Info("another certificate", "expires", until)
}

// A reloading makes a running server read again, on SIGHUP, what it can take while it runs.
type reloading struct {
	p   *program
	cmd *cobra.Command
	// flags are the settings in force.
	flags *pflag.FlagSet
	front *front
	level *slog.LevelVar
	log   *slog.Logger
}

// run reloads at each SIGHUP until ctx ends.
func (r *reloading) run(ctx context.Context) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGHUP)
	defer signal.Stop(told)
	for {
		select {
		case <-ctx.Done():
			return
		case <-told:
		}
		r.p.notify(notifyReloading)
		err := r.reload()
		r.front.metrics.Reload(err)
		if err != nil {
			r.log.Error("reload: everything stays as it was", "cause", err)
		}
		r.p.notify(notifyReady)
	}
}

// reload reads the configuration again, by the words of the command and the environment of
// the start, and takes what can be taken, or nothing.
func (r *reloading) reload() error {
	var c config
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	r.p.serveFlags(&c, f)
	_, words, err := r.cmd.Root().Find(r.p.args)
	if err == nil {
		err = f.Parse(words)
	}
	if err == nil {
		_, err = r.p.configure(f)
	}
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return err
	}
	rates, err := limit.Parse(c.rateLimits)
	if err != nil {
		return err
	}
	if r.front.certificate != nil {
		changed, err := r.front.certificate.reload()
		if err != nil {
			return err
		}
		if changed {
			r.front.tookCertificate(r.log, nil)
		}
	}
	live, others := changedSettings(r.flags, f)
	r.front.limits.Set(rates)
	r.log.Info("reloaded", "changed", strings.Join(live, ","))
	c.setLevel(r.level)
	if len(others) > 0 {
		r.log.Warn("settings have changed that the next start takes", "settings", strings.Join(others, ","))
	}
	for _, name := range live {
		_ = copyValue(r.flags.Lookup(name), f.Lookup(name)) // of one kind
	}
	return nil
}

// copyValue gives a flag the value of another one of its kind.
func copyValue(to, from *pflag.Flag) error {
	if list, ok := to.Value.(pflag.SliceValue); ok {
		return list.Replace(from.Value.(pflag.SliceValue).GetSlice())
	}
	return to.Value.Set(from.Value.String())
}

// checkOperations refuses rate limits of operations that do not exist.
func checkOperations(texts []string) error {
	rates, err := limit.Parse(texts)
	if err != nil {
		return usageError{fmt.Errorf("--rate-limits: %w", err)}
	}
	services := []*api.Service{api.CognitoIdentity, api.IAM, api.STS, api.Identities}
	for _, name := range rates.Operations() {
		if !slices.ContainsFunc(services, func(s *api.Service) bool { return s.Operation(name) != nil }) {
			return usageError{fmt.Errorf("--rate-limits: %q is neither an operation nor address, key or account", name)}
		}
	}
	return nil
}
