package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/poolkeeper/poolkeeper/internal/token"
)

// A config is how the server runs. Each value comes from its flag, or else from the
// environment variable that the flag's help names, or else is the default.
type config struct {
	data             string
	store            string
	autoMigrate      bool
	masterKeyFile    string
	oldMasterKeyFile string
	listen           string
	issuer           string
	regions          []string
	account          string
	signingAlgorithm string
	rotateEvery      time.Duration
	publishAhead     time.Duration
	certificates     bool
	logFormat        string
	logLevel         string
	auditLog         string
	auditSize        int64
	auditKeep        int
	auditTokens      bool
	auditRefused     bool
	auditSync        bool
	dev              bool

	providerEndpoints map[string]string
	privateEndpoints  bool
	outboundProxy     string
	outboundCAs       string
	refuseOpenTrust   bool
}

// dataFlags are the settings of every command that works on a data directory.
func (p *program) dataFlags(c *config, f *pflag.FlagSet) {
	f.StringVar(&c.data, "data", p.defaultData(), "the data `directory`")
	f.StringVar(&c.store, "store", "", "the `URL` of a PostgreSQL database, postgres://…, which several servers may share (default a file in the data directory)")
	f.StringVar(&c.masterKeyFile, "master-key-file", "", "the `file` of the master key (default master.key in the data directory; POOLKEEPER_MASTER_KEY may hold the key itself)")
	f.StringVar(&c.oldMasterKeyFile, "old-master-key-file", "", "the `file` of a second master key, which opens what is sealed under it, while one replaces the other")
}

func (p *program) serveFlags(c *config, f *pflag.FlagSet) {
	p.dataFlags(c, f)
	f.BoolVar(&c.autoMigrate, "auto-migrate", false, "bring the schema of --store up to date; without it, 'poolkeeper migrate' does")
	f.StringVar(&c.listen, "listen", "127.0.0.1:7665", "the `address` to listen on")
	f.StringVar(&c.issuer, "issuer", "", "the `URL` that tokens name as their issuer, where verifiers find the keys (default: as before; at the first start the listen address)")
	f.StringSliceVar(&c.regions, "regions", []string{"us-east-1"}, "the `names` of the regions served, the first one the home region")
	f.StringVar(&c.account, "account", "", "the account's 12 `digits`, at the first start (default 000000000000)")
	f.StringVar(&c.signingAlgorithm, "signing-algorithm", token.RS512, "the `algorithm` of tokens: "+strings.Join(token.Algorithms, ", "))
	f.DurationVar(&c.rotateEvery, "rotate-signing-keys-every", 90*24*time.Hour, "replace the signing key after this `time`; 0: only when told")
	f.DurationVar(&c.publishAhead, "publish-signing-keys-ahead", token.DefaultPublishAhead, "publish a signing key this `time` before it signs")
	f.BoolVar(&c.certificates, "jwks-x5c", false, "put a certificate of each signing key into the key set, for verifiers that know no other form of a key, as older Ceph does")
	f.StringVar(&c.logFormat, "log-format", "text", "`text or json`")
	f.StringVar(&c.logLevel, "log-level", "info", "the lowest `level` logged: debug, info, warn, error")
	f.StringVar(&c.auditLog, "audit-log", "", "the `file` of the audit log; - is standard output (default audit.jsonl in the data directory)")
	f.Int64Var(&c.auditSize, "audit-log-size", 100, "begin another file of the audit log after this many `megabytes`; 0: never")
	f.IntVar(&c.auditKeep, "audit-log-keep", 0, "how `many` full files of the audit log are kept; 0: all")
	f.BoolVar(&c.auditTokens, "audit-tokens", false, "record each token and credential issued too, not only changes")
	f.BoolVar(&c.auditRefused, "audit-refused", true, "record calls that are refused")
	f.BoolVar(&c.auditSync, "audit-sync", false, "answer no call before its record is on the disk; changes are durable without")
	f.StringToStringVar(&c.providerEndpoints, "provider-endpoint", nil, "where an identity provider is found instead of where its name says, as `PROVIDER=URL`; may be repeated")
	f.BoolVar(&c.privateEndpoints, "allow-private-endpoints", false, "ask identity providers and upstreams also at loopback and private addresses, and by plain http")
	f.StringVar(&c.outboundProxy, "outbound-proxy", "", "the `URL` of the HTTP proxy by which identity providers and upstreams are asked; it is trusted to refuse private addresses")
	f.StringVar(&c.outboundCAs, "outbound-ca-file", "", "a PEM `file` of the authorities that identity providers and upstreams are certified by (default: the system's)")
	f.BoolVar(&c.refuseOpenTrust, "refuse-open-trust", false, "refuse trust policies that let in identities of any pool, instead of warning")
	f.BoolVar(&c.dev, "dev", false, "UNSAFE, for trying out: accept a well-known access key too; loopback only")
}

// environment fills the flags that were not given from POOLKEEPER_ variables, and
// says in their help which.
func (p *program) environment(f *pflag.FlagSet) error {
	var errs []error
	f.VisitAll(func(flag *pflag.Flag) {
		name := variable(flag.Name)
		if value := p.getenv(name); value != "" && !flag.Changed && flag.Name != "help" && flag.Name != "version" {
			if err := f.Set(flag.Name, value); err != nil {
				errs = append(errs, usageError{fmt.Errorf("%s: %w", name, err)})
			}
		}
	})
	return errors.Join(errs...)
}

func variable(flag string) string {
	return "POOLKEEPER_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// configured adds the environment to a command's settings.
func (p *program) configured(c *cobra.Command) *cobra.Command {
	c.Flags().VisitAll(func(flag *pflag.Flag) { flag.Usage += " [$" + variable(flag.Name) + "]" })
	c.PreRunE = func(c *cobra.Command, _ []string) error { return p.environment(c.Flags()) }
	return c
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
	bad(c.logFormat != "text" && c.logFormat != "json", "--log-format: %q is neither text nor json", c.logFormat)
	bad(new(slog.Level).UnmarshalText([]byte(c.logLevel)) != nil, "--log-level: %q is none of debug, info, warn, error", c.logLevel)
	bad(c.auditSize < 0, "--audit-log-size: must not be negative")
	bad(c.auditKeep < 0, "--audit-log-keep: must not be negative")
	bad(c.auditLog == "-" && c.auditSync, "--audit-sync: standard output is not a disk")
	host, _, err := net.SplitHostPort(c.listen)
	bad(err != nil, "--listen: %v", err)
	bad(err == nil && c.dev && !loopback(host), "--dev accepts an access key that everybody knows: it listens on loopback only, not on %q", c.listen)
	return errors.Join(errs...)
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
