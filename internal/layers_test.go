package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/poolkeeper/poolkeeper/"

// A room may import what its rule allows and nothing else of ours. The order is the
// order of the floors. A rule is not widened to make a build pass: move the code.
var rooms = []struct {
	room    string
	imports string // of ours
	forbids string // of the standard library
	reason  string
}{
	{"internal/api", "", "net/http database/sql", "the description knows no protocol"},
	{"internal/api/gen", "internal/api", "net/http database/sql", "the generator reads the description alone"},
	{"internal/explain", "internal/api", "net/http database/sql log/slog", "pure: what decisions tell, for those who may ask and never for a log"},
	{"internal/sigv4", "", "database/sql", "pure: time and secrets are arguments"},
	{"internal/iam", "", "net/http database/sql log/slog", "pure: documents and requests are arguments"},
	{"internal/seal", "", "net/http database/sql", "pure: keys and bytes"},
	{"internal/session", "internal/api internal/seal", "net/http database/sql log/slog", "pure: keys, texts and bytes"},
	{"internal/audit", "internal/api", "net/http database/sql", "events are formed from the description; who records them is above"},
	{"internal/identity", "internal/api internal/audit internal/explain internal/seal", "net/http database/sql log/slog", "the domain knows no protocol, no SQL and no log"},
	{"internal/principal", "internal/api internal/audit internal/explain internal/iam internal/identity internal/seal internal/session", "net/http database/sql log/slog", "who may do what knows no protocol, no SQL and no log"},
	{"internal/dump", "", "net/http database/sql log/slog", "pure: rows and bytes"},
	{"internal/store", "internal/audit internal/dump internal/identity internal/principal", "net/http", "the store keeps what the domain declares"},
	{"internal/store/storetest", "internal/api internal/audit internal/identity internal/principal", "net/http database/sql", "the contract, for any store"},
	{"internal/store/pgtest", "", "database/sql", "a server for tests knows nothing of ours"},
	{"internal/login", "internal/api internal/explain internal/identity internal/outbound", "database/sql log/slog", "inbound proof: asks providers, keeps nothing, and verifies no token of ours"},
	{"internal/token", "internal/api internal/audit internal/explain internal/identity internal/seal", "net/http database/sql", "outbound proof; keys are kept by the domain's store"},
	{"internal/outbound", "", "net/http database/sql log/slog", "pure: addresses"},
	{"internal/sts", "internal/api internal/audit internal/explain internal/identity internal/outbound internal/principal internal/wire", "database/sql log/slog", "exchanges what others verify and mint; asks other STSs"},
	{"internal/sts/idtoken", "internal/api internal/login internal/principal internal/sts", "net/http database/sql log/slog", "joins login and sts, which do not know each other"},
	{"internal/limit", "", "net/http database/sql log/slog", "pure: rates, names and the time are arguments"},
	{"internal/metrics", "", "net/http database/sql log/slog", "what is measured is told; nobody is asked"},
	{"internal/wire", "internal/api", "net/http database/sql", "bytes to types and back"},
	{"internal/server", "internal/api internal/audit internal/identity internal/limit internal/principal internal/sigv4 internal/sts internal/token internal/wire", "database/sql", "HTTP reads no store of its own"},
	{"internal/masterkey", "internal/api internal/identity internal/principal internal/seal internal/store internal/token", "net/http database/sql log/slog", "joins the store and the rooms whose secrets it has, while their key changes"},
	{"internal/state", "internal/api", "net/http database/sql", "declared state is a client: it calls operations, and others carry the calls"},
	{"internal/pagein", "", "net/http database/sql log/slog", "asks the kernel for the program's own memory"},
	{"internal/cli", "internal/api internal/sigv4 internal/wire", "database/sql", "a client like any other"},
}

// modules are the third-party modules that the program is made of, and why each is.
var modules = map[string]string{
	"filippo.io/age":                      "encrypts backups on request, and opens them",
	"github.com/coreos/go-oidc/v3":        "verifies tokens as relying parties do: token verify, demo",
	"github.com/crewjam/saml":             "verifies SAML responses: signatures, conditions, and what wraps them",
	"github.com/go-jose/go-jose/v4":       "reads tokens under an explicit list of algorithms",
	"github.com/go-json-experiment/json":  "strict JSON: duplicate names and bad UTF-8 are refused; the mirror of the standard library's next encoding/json/jsontext",
	"github.com/gofrs/flock":              "one process on a database file, on every operating system",
	"github.com/google/go-cmp":            "shows what a store does otherwise than the contract suite wants; not in the program",
	"github.com/google/uuid":              "identity ids, pool ids, request ids",
	"github.com/jackc/pgx/v5":             "PostgreSQL's protocol: of it, the connection alone (pgconn)",
	"github.com/pressly/goose/v3":         "schema migrations from embedded SQL",
	"github.com/russellhaering/goxmldsig": "the XML signatures under crewjam/saml; named for the clock that it takes",
	"github.com/spf13/cobra":              "declares commands, and makes the scripts that have four shells complete them",
	"github.com/spf13/pflag":              "the types of their flags",
	"go.yaml.in/yaml/v3":                  "reads declared state, with the line of each value, and --cli-input-yaml; the YAML organisation's continuation of gopkg.in/yaml.v3",
	"golang.org/x/net":                    "the proxy variables, read as every program reads them",
	"golang.org/x/term":                   "whether standard output is a terminal, and how wide",
	"golang.org/x/time":                   "token buckets of the rate limits",
	"golang.org/x/text":                   "how wide characters are in a table",
	"modernc.org/sqlite":                  "the embedded store, without cgo",
}

// clocks are the packages that may ask for the time, and why.
var clocks = map[string]string{
	"cmd/poolkeeper":        "wires the clock in",
	"bench":                 "measures",
	"bench/printfloor":      "a program of its own, which bench starts",
	"bench/startfloor":      "a program of its own, which bench starts",
	"internal/api/gen":      "a program of its own, run by go generate",
	"internal/store/pgtest": "tells tests in CI from others",
}

type pkg struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
	Module     struct{ Path string }
	Standard   bool
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Imports,GoFiles,Module,Standard"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestFloors(t *testing.T) {
	known := map[string]bool{}
	ours := list(t, module+"...")
	owner := map[string]string{}
	for _, p := range list(t, "-deps", module+"...") {
		owner[p.ImportPath] = p.Module.Path
	}
	for _, rule := range rooms {
		known[rule.room] = true
		i := slices.IndexFunc(ours, func(p pkg) bool { return p.ImportPath == module+rule.room })
		if i < 0 {
			t.Errorf("there is no room %s: its rule is stale", rule.room)
			continue
		}
		for _, imported := range ours[i].Imports {
			if own, ok := strings.CutPrefix(imported, module); ok && !slices.Contains(strings.Fields(rule.imports), own) {
				t.Errorf("%s imports %s: %s", rule.room, own, rule.reason)
			}
			if slices.Contains(strings.Fields(rule.forbids), imported) {
				t.Errorf("%s imports %s: %s", rule.room, imported, rule.reason)
			}
		}
	}
	used := map[string]bool{}
	for _, p := range ours {
		room := strings.TrimPrefix(p.ImportPath, module)
		if strings.HasPrefix(room, "internal/") && !known[room] {
			t.Errorf("room %s has no rule", room)
		}
		for _, imported := range p.Imports {
			m := owner[imported]
			if m == "" || m+"/" == module || strings.HasPrefix(room, "bench") {
				continue
			}
			used[m] = true
			if modules[m] == "" {
				t.Errorf("%s imports %s of module %s, which has no line of reason", room, imported, m)
			}
		}
	}
	for m := range modules {
		if !used[m] {
			t.Errorf("module %s is listed and not used", m)
		}
	}
}

// TestClockIsWiredIn: time comes in as an argument, so that a test can set it.
func TestClockIsWiredIn(t *testing.T) {
	for _, p := range list(t, module+"...") {
		room := strings.TrimPrefix(p.ImportPath, module)
		if clocks[room] != "" || len(p.GoFiles) == 0 {
			continue
		}
		args := []string{"-nE", `\btime\.(Now|Since|Until)\(|\bos\.(Getenv|LookupEnv|Environ|Exit)\(`}
		for _, f := range p.GoFiles {
			args = append(args, p.Dir+"/"+f)
		}
		if out, err := exec.Command("grep", args...).Output(); err == nil {
			t.Errorf("%s asks for the time or the environment itself, or exits:\n%s", room, out)
		}
	}
}
