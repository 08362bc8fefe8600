package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/poolkeeper/poolkeeper/internal/metrics"
)

const (
	deploy    = "../../deploy"
	reference = "../../docs/CONFIGURATION.md"
)

func readFile(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What is made from the table of settings is as the table has it.
func TestSettings_Generated(t *testing.T) {
	t.Parallel()
	for path, write := range map[string]func(io.Writer) error{
		filepath.Join(deploy, "poolkeeper.yaml"): writeSample, reference: writeReference,
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if b.String() != readFile(t, path) {
			t.Errorf("%s is stale: run 'go generate ./cmd/poolkeeper'", path)
		}
	}
}

// The sample with all its settings set is what the defaults are.
func TestSettings_Sample(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "all.yaml")
	all := regexp.MustCompile(`(?m)^#([a-z0-9-]+:)`).ReplaceAllString(readFile(t, deploy, "poolkeeper.yaml"), "$1")
	if err := os.WriteFile(path, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &program{getenv: func(string) string { return "" }}
	var c config
	f, got := defaults(), pflag.NewFlagSet("", pflag.ContinueOnError)
	p.serveFlags(&c, got)
	if err := got.Set("config", path); err != nil {
		t.Fatal(err)
	}
	if _, err := p.configure(got); err != nil {
		t.Fatal(err)
	}
	if err := c.check(); err != nil {
		t.Error(err)
	}
	n := 0
	eachSetting(func(s *option) {
		if s.value == nil || s.stands != "" {
			return
		}
		n++
		if a, b := got.Lookup(s.name), f.Lookup(s.name); a.Value.String() != b.Value.String() || !a.Changed {
			t.Errorf("%s: the sample has %q (set: %v), the default is %q", s.name, a.Value, a.Changed, b.Value)
		}
	})
	if n < 25 {
		t.Errorf("only %d settings", n)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"listen", "listen", 0}, {"listen", "listn", 1}, {"listen", "lisetn", 2}, {"audit-log", "AUDIT_LOG", 0},
		{"", "abc", 3}, {"abc", "", 3}, {"data", "dev", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// metricName matches what may be the name of a metric of ours.
var metricName = regexp.MustCompile(`\b(?:poolkeeper|go|process)_[a-z_]+`)

// Every metric that alerts and dashboard name exists, and every one of ours is looked at.
func TestDeploy_Metrics(t *testing.T) {
	t.Parallel()
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(readFile(t, deploy, "grafana.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	var alerts struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, deploy, "alerts.yml")), &alerts); err != nil {
		t.Fatal(err)
	}
	expressions := map[string]string{}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			expressions[p.Title] += target.Expr + "\n"
		}
	}
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			expressions[r.Alert] = r.Expr
		}
	}
	if len(expressions) < 20 {
		t.Fatalf("only %d panels and alerts", len(expressions))
	}
	f := &front{certificate: new(certificate), listener: new(boundedListener)}
	have, used := metrics.New(f.look()).Names(), map[string]bool{}
	for where, e := range expressions {
		for _, name := range metricName.FindAllString(e, -1) {
			family := name
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				if base, ok := strings.CutSuffix(name, suffix); ok && !slices.Contains(have, name) {
					family = base
				}
			}
			used[family] = true
			if !slices.Contains(have, family) {
				t.Errorf("%s: there is no metric %s", where, name)
			}
		}
	}
	for _, name := range have {
		if strings.HasPrefix(name, "poolkeeper_") && !used[name] && name != "poolkeeper_build_info" {
			t.Errorf("nobody looks at %s", name)
		}
	}
}

// peer returns the path of a program that the test needs: without it, it is skipped, and
// fails where CI is set.
func peer(t *testing.T, what, path string) string {
	t.Helper()
	if path != "" {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("no %s here: scripts/test.sh installs it", what)
	}
	t.Skipf("no %s here: make test installs it", what)
	return ""
}

func TestDeploy_Alerts(t *testing.T) {
	t.Parallel()
	tool := peer(t, "promtool", os.Getenv("POOLKEEPER_PROMTOOL"))
	if out, err := exec.Command(tool, "check", "rules", filepath.Join(deploy, "alerts.yml")).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

func TestDeploy_Unit(t *testing.T) {
	t.Parallel()
	found, _ := exec.LookPath("systemd-analyze")
	tool := peer(t, "systemd-analyze", found)
	program, err := exec.LookPath("poolkeeper") // that of the scripts
	if err != nil {
		program = "/bin/true"
	}
	// The program is where the unit says on a machine that has it installed.
	unit := strings.ReplaceAll(readFile(t, deploy, "poolkeeper.service"), "/usr/local/bin/poolkeeper", program)
	path := filepath.Join(t.TempDir(), "poolkeeper.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "verify", "--man=no", path).CombinedOutput()
	if err != nil || strings.Contains(string(out), "poolkeeper.service") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
