package cli

import (
	"math/big"
	"net/url"
	"strings"
	"time"
)

// formats are the values of --output.
var formats = []string{"json", "text", "table", "yaml", "yaml-stream", "off"}

// globalOptions are the options of all commands.
func globalOptions() []option {
	return []option{
		{name: "--debug", arity: none, dest: "debug", value: true, doc: "Tell on standard error what is done."},
		{name: "--endpoint-url", dest: "endpoint-url", metavar: "url", doc: "Where to send requests, instead of to the service's own address."},
		{name: "--no-verify-ssl", arity: none, dest: "no-verify-ssl", value: true, doc: "UNSAFE: accept any TLS certificate."},
		{name: "--no-paginate", arity: none, dest: "no-paginate", value: true, doc: "Make one call only, where more would be made to get all pages."},
		{name: "--output", dest: "output", choices: formats, metavar: "format", doc: "How the answer is printed."},
		{name: "--query", dest: "query", metavar: "expression", doc: "A JMESPath expression that picks what is printed of the answer."},
		{name: "--profile", dest: "profile", metavar: "name", doc: "The profile of the configuration to use."},
		{name: "--region", dest: "region", metavar: "name", doc: "The region to call. Overrides configuration and environment."},
		{name: "--version", arity: none, dest: "version", value: true, doc: "Print the version."},
		{name: "--color", dest: "color", choices: []string{"on", "off", "auto"}, metavar: "when", doc: "Whether tables are coloured. auto: on a terminal."},
		{name: "--no-sign-request", arity: none, dest: "no-sign-request", value: true, doc: "Send requests without a signature, and load no credentials."},
		{name: "--ca-bundle", dest: "ca-bundle", metavar: "file", doc: "The certificates to trust, as PEM. Overrides configuration and environment."},
		{name: "--cli-read-timeout", dest: "read-timeout", metavar: "seconds", doc: "How long to wait for an answer; 0: without end. Left out: 60."},
		{name: "--cli-connect-timeout", dest: "connect-timeout", metavar: "seconds", doc: "How long to wait for a connection; 0: without end. Left out: 60."},
		{name: "--cli-binary-format", dest: "binary-format", choices: []string{"base64", "raw-in-base64-out"}, metavar: "format", doc: "How binary values are written. No operation here has any."},
		{name: "--no-cli-pager", arity: none, dest: "no-cli-pager", value: true, doc: "Print to the terminal without a pager."},
		{name: "--cli-auto-prompt", arity: none, dest: "auto-prompt", value: true, hidden: true},
		{name: "--no-cli-auto-prompt", arity: none, dest: "no-auto-prompt", value: true, hidden: true},
		{name: "--cli-error-format", dest: "error-format", choices: errorFormats, metavar: "format", doc: "How errors are printed."},
	}
}

// globals are the values of the options of all commands.
type globals struct {
	words
	query                       *expression
	readTimeout, connectTimeout time.Duration
}

// resolve checks the values that only code can.
func (w words) resolve() (*globals, error) {
	g := &globals{words: w}
	if text, ok := w["query"].(string); ok {
		var err error
		if g.query, err = parseQuery(text); err != nil {
			return nil, wrong("Bad value for --query %s: %v", text, err)
		}
	}
	if text, ok := w["endpoint-url"].(string); ok && !hasScheme(text) {
		return nil, wrong(`Bad value for --endpoint-url "%s": scheme is missing.  Must be of the form http://<hostname>/ or https://<hostname>/`, text)
	}
	var err error
	if g.readTimeout, err = w.seconds("read-timeout"); err != nil {
		return nil, err
	}
	g.connectTimeout, err = w.seconds("connect-timeout")
	return g, err
}

// hasScheme reports whether text begins as a URL with a scheme does.
func hasScheme(text string) bool {
	scheme, _, ok := strings.Cut(text, ":")
	if !ok || scheme == "" || !('a' <= scheme[0]|0x20 && scheme[0]|0x20 <= 'z') {
		return false
	}
	return strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

// defaultTimeout is how long to wait where nothing else is said.
const defaultTimeout = 60 * time.Second

// seconds is the timeout kept under dest; zero: without end.
func (w words) seconds(dest string) (time.Duration, error) {
	text, ok := w[dest].(string)
	if !ok {
		return defaultTimeout, nil
	}
	n, err := parseInt(text)
	if err != nil {
		return 0, failed("%v", err)
	}
	if n.Sign() < 0 || n.Cmp(big.NewInt(int64(1<<62/time.Second))) > 0 {
		return 0, failed("Attempted to set a timeout to %s, which is out of range.", n)
	}
	return time.Duration(n.Int64()) * time.Second, nil
}

// endpoint reads the URL of an endpoint.
func endpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, failed("Invalid endpoint: %s", text)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, failed("Not supported URL scheme %s", u.Scheme)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}
