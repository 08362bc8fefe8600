package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/poolkeeper/poolkeeper/internal/cli"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

// An option is one setting, a key of the configuration: by this name a flag, with POOLKEEPER_ and in
// capitals an environment variable, and a key of the configuration file.
type option struct {
	name string
	// doc is one line; the word in backquotes is what the value is.
	doc string
	// value binds the setting to a config.
	value binding
	// stands is the default for people, where it is not one text everywhere; then the sample
	// has example.
	stands, example string
	// data: commands that work on a data directory have it too.
	data bool
	// outbound: commands that ask identity providers have it too.
	outbound bool
	// secret: it comes from the environment alone, since others can read a command's words.
	secret bool
	// live: a running server takes a change of it when it is told to reload.
	live bool
	// show returns what may be shown of a value; nil: all.
	show func(string) string
}

// A section is a part of the table with a heading.
type section struct {
	title    string
	settings []option
}

// A binding makes the flag of a setting.
type binding func(p *program, c *config, f *pflag.FlagSet, name, doc string)

func text(at func(*config) *string, std string) binding {
	return func(_ *program, c *config, f *pflag.FlagSet, name, doc string) { f.StringVar(at(c), name, std, doc) }
}

func list(at func(*config) *[]string, std ...string) binding {
	return func(_ *program, c *config, f *pflag.FlagSet, name, doc string) {
		f.StringSliceVar(at(c), name, std, doc)
	}
}

func duration(at func(*config) *time.Duration, std time.Duration) binding {
	return func(_ *program, c *config, f *pflag.FlagSet, name, doc string) { f.DurationVar(at(c), name, std, doc) }
}

func number(at func(*config) *int, std int) binding {
	return func(_ *program, c *config, f *pflag.FlagSet, name, doc string) { f.IntVar(at(c), name, std, doc) }
}

func boolean(at func(*config) *bool, std bool) binding {
	return func(_ *program, c *config, f *pflag.FlagSet, name, doc string) { f.BoolVar(at(c), name, std, doc) }
}

// settings is the table: flags and their help, environment, the file, the sample of it and
// the reference page all come from here.
var settings = []section{
	{"Data", []option{
		{name: "data", doc: "the data `directory`", data: true, stands: "~/.local/share/poolkeeper", example: "/var/lib/poolkeeper",
			value: func(p *program, c *config, f *pflag.FlagSet, name, doc string) {
				f.StringVar(&c.data, name, p.defaultData(), doc)
			}},
		{name: "store", doc: "the `URL` of a PostgreSQL database, postgres://…, which several servers may share (default a file in the data directory)", data: true, show: withoutPassword,
			value: text(func(c *config) *string { return &c.store }, "")},
		{name: "auto-migrate", doc: "bring the schema of --store up to date; without it, 'poolkeeper migrate' does",
			value: boolean(func(c *config) *bool { return &c.autoMigrate }, false)},
		{name: "master-key", doc: "the master `key` itself, base64 of 32 bytes, instead of a file", secret: true,
			show: func(string) string { return "(secret)" }},
		{name: "master-key-file", doc: "the `file` of the master key (default master.key in the data directory; POOLKEEPER_MASTER_KEY may hold the key itself)", data: true,
			value: text(func(c *config) *string { return &c.masterKeyFile }, "")},
		{name: "old-master-key-file", doc: "the `file` of a second master key, which opens what is sealed under it, while one replaces the other", data: true,
			value: text(func(c *config) *string { return &c.oldMasterKeyFile }, "")},
	}},
	{"Listening", []option{
		{name: "listen", doc: "the `address` to listen on",
			value: text(func(c *config) *string { return &c.listen }, "127.0.0.1:7665")},
		{name: "tls-cert-file", doc: "serve TLS with the certificate chain in this PEM `file`; read again when it changes",
			value: text(func(c *config) *string { return &c.tlsCert }, "")},
		{name: "tls-key-file", doc: "the PEM `file` of the certificate's private key",
			value: text(func(c *config) *string { return &c.tlsKey }, "")},
		{name: "tls-client-ca-file", doc: "let in only clients with a certificate of the authorities in this PEM `file`",
			value: text(func(c *config) *string { return &c.tlsClientCA }, "")},
		{name: "trusted-proxies", doc: "the `addresses` and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed",
			value: list(func(c *config) *[]string { return &c.trustedProxies })},
		{name: "admin-listen", doc: "the `address` of health, metrics and profiles, for whoever reaches it (default: none, only the control socket in the data directory)",
			value: text(func(c *config) *string { return &c.adminListen }, "")},
		{name: "drain-delay", doc: "once told to stop, go on serving for this `time` while not being ready, so that load balancers take notice",
			value: duration(func(c *config) *time.Duration { return &c.drainDelay }, 0)},
		{name: "drain-time", doc: "how much `time` requests under way have once the server stops",
			value: duration(func(c *config) *time.Duration { return &c.drainTime }, 10*time.Second)},
	}},
	{"Limits", []option{
		{name: "max-connections", doc: "how many `connections` are open at a time, at each of the addresses; more wait; 0: any number",
			value: number(func(c *config) *int { return &c.bounds.connections }, standard.connections)},
		{name: "max-body-bytes", doc: "the longest body of a request, in `bytes`, at most the 1048576 of the default",
			value: number(func(c *config) *int { return &c.bounds.bodyBytes }, standard.bodyBytes)},
		{name: "max-header-bytes", doc: "how many `bytes` the headers of a request have together, about",
			value: number(func(c *config) *int { return &c.bounds.headerBytes }, standard.headerBytes)},
		{name: "read-header-timeout", doc: "the `time` in which the headers of a request come, and a TLS handshake is done",
			value: duration(func(c *config) *time.Duration { return &c.bounds.readHeader }, standard.readHeader)},
		{name: "read-timeout", doc: "the `time` in which a request comes, headers and body",
			value: duration(func(c *config) *time.Duration { return &c.bounds.read }, standard.read)},
		{name: "write-timeout", doc: "the `time`, from the end of its headers, in which a request is answered and the client has taken the answer",
			value: duration(func(c *config) *time.Duration { return &c.bounds.write }, standard.write)},
		{name: "idle-timeout", doc: "close connections that have been without a request for this `time`",
			value: duration(func(c *config) *time.Duration { return &c.bounds.idle }, standard.idle)},
		{name: "rate-limits", doc: "answer TooManyRequestsException beyond these `rates` a second: aws, address=RATE, key=RATE, account=RATE, OPERATION=RATE; each may be RATE/BURST; each server counts for itself", live: true,
			value: list(func(c *config) *[]string { return &c.rateLimits })},
	}},
	{"Identity", []option{
		{name: "issuer", doc: "the `URL` that tokens name as their issuer, where verifiers find the keys (default: as before; at the first start the listen address)",
			value: text(func(c *config) *string { return &c.issuer }, "")},
		{name: "regions", doc: "the `names` of the regions served, the first one the home region",
			value: list(func(c *config) *[]string { return &c.regions }, "us-east-1")},
		{name: "account", doc: "the account's 12 `digits`, at the first start (default 000000000000)",
			value: text(func(c *config) *string { return &c.account }, "")},
		{name: "guest-idle", doc: "remove guests without logins that were not used for this `time`; 0: never",
			value: duration(func(c *config) *time.Duration { return &c.guestIdle }, 0)},
	}},
	{"Signing keys", []option{
		{name: "signing-algorithm", doc: "the `algorithm` of tokens: " + strings.Join(token.Algorithms, ", "),
			value: text(func(c *config) *string { return &c.signingAlgorithm }, token.RS512)},
		{name: "rotate-signing-keys-every", doc: "replace the signing key after this `time`; 0: only when told",
			value: duration(func(c *config) *time.Duration { return &c.rotateEvery }, 90*24*time.Hour)},
		{name: "publish-signing-keys-ahead", doc: "publish a signing key this `time` before it signs",
			value: duration(func(c *config) *time.Duration { return &c.publishAhead }, token.DefaultPublishAhead)},
		{name: "jwks-x5c", doc: "put a certificate of each signing key into the key set, for verifiers that know no other form of a key, as older Ceph does",
			value: boolean(func(c *config) *bool { return &c.certificates }, false)},
	}},
	{"Logs", []option{
		{name: "log-format", doc: "the `format` of the log: text or json",
			value: text(func(c *config) *string { return &c.logFormat }, "text")},
		{name: "log-level", doc: "the lowest `level` logged: debug, info, warn, error", live: true,
			value: text(func(c *config) *string { return &c.logLevel }, "info")},
		{name: "audit-log", doc: "the `file` of the audit log; - is standard output (default audit.jsonl in the data directory)",
			value: text(func(c *config) *string { return &c.auditLog }, "")},
		{name: "audit-log-size", doc: "begin another file of the audit log after this many `megabytes`; 0: never",
			value: func(_ *program, c *config, f *pflag.FlagSet, name, doc string) {
				f.Int64Var(&c.auditSize, name, 100, doc)
			}},
		{name: "audit-log-keep", doc: "how many full `files` of the audit log are kept; 0: all",
			value: number(func(c *config) *int { return &c.auditKeep }, 0)},
		{name: "audit-tokens", doc: "record each token and credential issued too, not only changes",
			value: boolean(func(c *config) *bool { return &c.auditTokens }, false)},
		{name: "audit-refused", doc: "record calls that are refused",
			value: boolean(func(c *config) *bool { return &c.auditRefused }, true)},
		{name: "audit-sync", doc: "answer no call before its record is on the disk; changes are durable without",
			value: boolean(func(c *config) *bool { return &c.auditSync }, false)},
	}},
	{"Identity providers and upstreams", []option{
		{name: "provider-endpoint", doc: "where an identity provider is found instead of where its name says, as `PROVIDER=URL`; may be repeated", outbound: true,
			value: func(_ *program, c *config, f *pflag.FlagSet, name, doc string) {
				f.StringToStringVar(&c.providerEndpoints, name, nil, doc)
			}},
		{name: "allow-private-endpoints", doc: "ask identity providers and upstreams also at loopback and private addresses, and by plain http", outbound: true,
			value: boolean(func(c *config) *bool { return &c.privateEndpoints }, false)},
		{name: "outbound-proxy", doc: "the `URL` of the HTTP proxy by which identity providers and upstreams are asked; it is trusted to refuse private addresses", outbound: true, show: withoutPassword,
			value: text(func(c *config) *string { return &c.outboundProxy }, "")},
		{name: "outbound-ca-file", doc: "a PEM `file` of the authorities that identity providers and upstreams are certified by (default: the system's)", outbound: true,
			value: text(func(c *config) *string { return &c.outboundCAs }, "")},
		{name: "refuse-open-trust", doc: "refuse trust policies that let in identities of any pool, instead of warning",
			value: boolean(func(c *config) *bool { return &c.refuseOpenTrust }, false)},
		{name: "dev", doc: "UNSAFE, for trying out: accept a well-known access key too; loopback only",
			value: boolean(func(c *config) *bool { return &c.dev }, false)},
	}},
}

// minGuestIdle is the shortest time after which guests are removed: their uses are noted by
// the day.
const minGuestIdle = 48 * time.Hour

// eachSetting calls f with every setting of the table, in order.
func eachSetting(f func(*option)) {
	for _, s := range settings {
		for i := range s.settings {
			f(&s.settings[i])
		}
	}
}

// withoutPassword hides the passwords in a URL, also those that libpq takes as parameters.
func withoutPassword(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "(not a URL)"
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "(not a URL)"
	}
	for _, name := range []string{"password", "sslpassword"} {
		if q.Has(name) {
			q.Set(name, "xxxxx")
			u.RawQuery = q.Encode()
		}
	}
	return u.Redacted()
}

// fromTable marks the flags that are settings: the file speaks of no others.
const fromTable = "poolkeeper-setting"

// flags adds the settings that a command has.
func (p *program) flags(c *config, f *pflag.FlagSet, has func(*option) bool) {
	f.StringVar(&c.file, "config", "", "a YAML `file` of settings, which flags and environment override")
	eachSetting(func(s *option) {
		if s.value != nil && has(s) {
			s.value(p, c, f, s.name, s.doc)
			_ = f.SetAnnotation(s.name, fromTable, []string{s.name}) // the flag is there
		}
	})
}

// dataFlags are the settings of every command that works on a data directory.
func (p *program) dataFlags(c *config, f *pflag.FlagSet) {
	p.flags(c, f, func(s *option) bool { return s.data })
}

func (p *program) serveFlags(c *config, f *pflag.FlagSet) {
	p.flags(c, f, func(*option) bool { return true })
	for _, s := range settings {
		for _, o := range s.settings {
			if o.value != nil {
				_ = f.SetAnnotation(o.name, cli.Section, []string{s.title}) // the flag is there
			}
		}
	}
}

func variable(flag string) string {
	return "POOLKEEPER_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// configured adds environment and file to a command's flags.
func (p *program) configured(c *cobra.Command) *cobra.Command {
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		_, err := p.configure(c.Flags())
		return err
	}
	return c
}

// configure fills the flags that were not given from the environment, and what is left from
// the file. It returns where each of the settings comes from that is not the default.
func (p *program) configure(f *pflag.FlagSet) (sources map[string]string, err error) {
	sources = map[string]string{}
	f.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed {
			sources[flag.Name] = "flag"
		}
	})
	var errs []error
	f.VisitAll(func(flag *pflag.Flag) {
		name := variable(flag.Name)
		if value := p.getenv(name); value != "" && !flag.Changed && flag.Name != "help" && flag.Name != "version" {
			if err := f.Set(flag.Name, value); err != nil {
				errs = append(errs, usageError{fmt.Errorf("%s: %w", name, err)})
			}
			sources[flag.Name] = name
		}
	})
	if file := f.Lookup("config"); file != nil && file.Value.String() != "" {
		errs = append(errs, fill(f, file.Value.String(), sources))
	}
	return sources, errors.Join(errs...)
}

// fill sets the flags that nobody has set yet to what a file says.
func fill(f *pflag.FlagSet, path string, sources map[string]string) error {
	document, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return usageError{fmt.Errorf("--config: %w", err)}
	}
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(document, &root); err != nil {
		return usageError{fmt.Errorf("%s: %w", path, err)}
	}
	if len(root.Content) == 0 {
		return nil // nothing but comments
	}
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		return usageError{fmt.Errorf("%s:%d: settings are KEY: VALUE", path, top.Line)}
	}
	var errs []error
	seen := map[string]bool{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		err := checkKey(key.Value)
		flag := f.Lookup(key.Value)
		switch {
		case err != nil:
		case seen[key.Value]:
			err = fmt.Errorf("%s stands here twice", key.Value)
		case flag == nil || flag.Annotations[fromTable] == nil || sources[key.Value] != "":
			// Another command's, or overridden.
		default:
			err = setFromYAML(flag, value)
			flag.Changed, sources[key.Value] = true, path
		}
		seen[key.Value] = true
		if err != nil {
			errs = append(errs, usageError{fmt.Errorf("%s:%d: %w", path, key.Line, err)})
		}
	}
	return errors.Join(errs...)
}

// checkKey refuses a key that a file may not have, and names the one that may be meant.
func checkKey(name string) error {
	nearest, best := "", 4
	var err error
	known := false
	eachSetting(func(s *option) {
		if s.name == name {
			known = true
			if s.secret {
				err = fmt.Errorf("%s comes from the environment alone: %s", name, variable(name))
			}
		}
		if d := distance(s.name, name); d < best {
			nearest, best = s.name, d
		}
	})
	switch {
	case known:
		return err
	case nearest != "":
		return fmt.Errorf("there is no setting %q: is %s meant?", name, nearest)
	}
	return fmt.Errorf("there is no setting %q: see 'poolkeeper config sample'", name)
}

// distance is how many letters must be added, taken away or replaced to make b of a, where
// an underscore is as good as a hyphen and case does not matter.
func distance(a, b string) int {
	b = strings.ReplaceAll(strings.ToLower(b), "_", "-")
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := diagonal
			if a[i] != b[j] {
				next = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// setFromYAML sets a flag to a scalar, a list or a map of scalars.
func setFromYAML(flag *pflag.Flag, n *yaml.Node) error {
	scalar := func(n *yaml.Node) (string, error) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			return "", fmt.Errorf("%s: a plain value is wanted here", flag.Name)
		}
		return n.Value, nil
	}
	slice, isList := flag.Value.(pflag.SliceValue)
	switch {
	case n.Kind == yaml.SequenceNode && isList:
		values := make([]string, len(n.Content))
		for i, item := range n.Content {
			var err error
			if values[i], err = scalar(item); err != nil {
				return err
			}
		}
		return slice.Replace(values)
	case n.Kind == yaml.MappingNode && flag.Value.Type() == "stringToString":
		for i := 0; i+1 < len(n.Content); i += 2 {
			value, err := scalar(n.Content[i+1])
			if err != nil {
				return err
			}
			if err := flag.Value.Set(n.Content[i].Value + "=" + value); err != nil {
				return fmt.Errorf("%s: %w", flag.Name, err)
			}
		}
		return nil
	}
	value, err := scalar(n)
	if err != nil {
		return err
	}
	if isList && strings.TrimSpace(value) == "" {
		return slice.Replace(nil)
	}
	if err := flag.Value.Set(value); err != nil {
		return fmt.Errorf("%s: %w", flag.Name, err)
	}
	return nil
}

// changedSettings names the settings in which two configurations differ, those first that
// a running server takes.
func changedSettings(old, now *pflag.FlagSet) (live, others []string) {
	eachSetting(func(s *option) {
		if s.value == nil || old.Lookup(s.name).Value.String() == now.Lookup(s.name).Value.String() {
			return
		}
		if s.live {
			live = append(live, s.name)
		} else {
			others = append(others, s.name)
		}
	})
	return slices.Clip(live), slices.Clip(others)
}
