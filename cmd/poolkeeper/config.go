package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/poolkeeper/poolkeeper/internal/cli"
	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

// A config is how the server runs. What fills it in is the table of settings.
type config struct {
	file string // --config

	data             string
	store            string // the URL of a database; empty: a file in data
	autoMigrate      bool
	masterKeyFile    string
	oldMasterKeyFile string

	listen         string
	tlsCert        string
	tlsKey         string
	tlsClientCA    string
	trustedProxies []string
	drainTime      time.Duration
	drainDelay     time.Duration
	adminListen    string
	rateLimits     []string
	bounds         bounds

	issuer           string
	regions          []string
	account          string
	signingAlgorithm string
	rotateEvery      time.Duration
	publishAhead     time.Duration
	certificates     bool
	guestIdle        time.Duration

	logFormat    string
	logLevel     string
	auditLog     string
	auditSize    int64
	auditKeep    int
	auditTokens  bool
	auditRefused bool
	auditSync    bool

	providerEndpoints map[string]string
	privateEndpoints  bool
	outboundProxy     string
	outboundCAs       string
	refuseOpenTrust   bool
	dev               bool
}

// explain has the flags of a command, and of those in it, in the order in which they were
// declared, and with the variables that they are filled from.
func explain(c *cobra.Command) {
	c.Flags().SortFlags = false
	c.Flags().VisitAll(func(flag *pflag.Flag) {
		if c.PreRunE != nil {
			_ = c.Flags().SetAnnotation(flag.Name, cli.Variable, []string{variable(flag.Name)}) // the flag is there
		}
	})
	for _, inner := range c.Commands() {
		explain(inner)
	}
}

const digits = "0123456789"

// regionName reports whether a region may be called so. With a GUID behind it an id has
// at most 55 characters.
func regionName(name string) bool {
	return name != "" && len(name) <= 18 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-"+digits) == "" &&
		name[0] != '-' && name[len(name)-1] != '-'
}

func accountID(id string) bool { return len(id) == 12 && strings.Trim(id, digits) == "" }

// check tells everything that is wrong at once.
func (c *config) check() error {
	var errs []error
	bad := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, usageError{fmt.Errorf(format, args...)})
		}
	}
	if c.store != "" {
		err := store.CheckURL(c.store)
		bad(err != nil, "--store: %v", err)
	}
	bad(len(c.regions) == 0, "--regions: at least one is needed")
	for _, r := range c.regions {
		bad(!regionName(r), "--regions: %q is not a name of at most 18 lower-case letters, digits and hyphens", r)
	}
	if c.issuer != "" {
		err := token.CheckIssuer(c.issuer)
		bad(err != nil, "--issuer: %v", err)
	}
	bad(c.account != "" && !accountID(c.account), "--account: %q has not 12 digits", c.account)
	bad(!slices.Contains(token.Algorithms, c.signingAlgorithm), "--signing-algorithm: %q is none of %s", c.signingAlgorithm, strings.Join(token.Algorithms, ", "))
	bad(c.rotateEvery < 0, "--rotate-signing-keys-every: must not be negative")
	bad(c.rotateEvery > 0 && c.rotateEvery < 2*c.publishAhead, "--rotate-signing-keys-every: %v is less than twice --publish-signing-keys-ahead", c.rotateEvery)
	bad(c.publishAhead <= 2*token.KeySetMaxAge, "--publish-signing-keys-ahead: verifiers keep a key set for %v, so it must be more than %v", token.KeySetMaxAge, 2*token.KeySetMaxAge)
	bad(c.guestIdle < 0 || c.guestIdle > 0 && c.guestIdle < minGuestIdle, "--guest-idle: at least %v, since uses are noted by the day; 0: guests stay", minGuestIdle)
	bad(c.logFormat != "text" && c.logFormat != "json", "--log-format: %q is neither text nor json", c.logFormat)
	bad(new(slog.Level).UnmarshalText([]byte(c.logLevel)) != nil, "--log-level: %q is none of debug, info, warn, error", c.logLevel)
	bad(c.auditSize < 0, "--audit-log-size: must not be negative")
	bad(c.auditKeep < 0, "--audit-log-keep: must not be negative")
	bad(c.auditLog == "-" && c.auditSync, "--audit-sync: standard output is not a disk")
	host, _, err := net.SplitHostPort(c.listen)
	bad(err != nil, "--listen: %v", err)
	bad(err == nil && c.dev && !loopback(host), "--dev accepts an access key that everybody knows: it listens on loopback only, not on %q", c.listen)
	if c.adminListen != "" {
		_, _, err := net.SplitHostPort(c.adminListen)
		bad(err != nil, "--admin-listen: %v", err)
	}
	bad((c.tlsCert == "") != (c.tlsKey == ""), "--tls-cert-file and --tls-key-file go together")
	bad(c.tlsClientCA != "" && c.tlsCert == "", "--tls-client-ca-file: clients can be asked for certificates over TLS only: --tls-cert-file")
	_, err = c.proxies()
	bad(err != nil, "--trusted-proxies: %v", err)
	c.bounds.check(bad)
	bad(c.drainTime < 0, "--drain-time: must not be negative")
	bad(c.drainDelay < 0, "--drain-delay: must not be negative")
	return errors.Join(append(errs, checkOperations(c.rateLimits))...)
}

// proxies returns the networks of --trusted-proxies.
func (c *config) proxies() (nets []netip.Prefix, err error) {
	for _, text := range c.trustedProxies {
		p, err := netip.ParsePrefix(text)
		if a, errAddr := netip.ParseAddr(text); err != nil && errAddr == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network", text)
		}
		nets = append(nets, p.Masked())
	}
	return nets, nil
}

// loopback reports whether a host of --listen is reached from this machine alone.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// home is the home region; empty for a command that is told no regions.
func (c *config) home() string {
	if len(c.regions) == 0 {
		return ""
	}
	return c.regions[0]
}

// auditPath is the file of the audit log; empty: standard output.
func (c *config) auditPath() string {
	switch c.auditLog {
	case "":
		return c.path("audit.jsonl")
	case "-":
		return ""
	}
	return c.auditLog
}

func (c *config) path(name string) string { return filepath.Join(c.data, name) }

// defaultData is where the operating system's users keep data.
func (p *program) defaultData() string {
	if dir := p.getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "poolkeeper")
	}
	if home := p.getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "poolkeeper")
	}
	return "poolkeeper-data"
}
