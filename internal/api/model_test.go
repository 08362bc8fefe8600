package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// modelFolder is where Debian's python3-botocore keeps AWS's model of the service.
const modelFolder = "/usr/lib/python3/dist-packages/botocore/data/cognito-identity/2014-06-30"

// differences are the facts in which the description is not that model, which is
// of botocore 1.29. An entry that is no longer needed fails the test.
var differences = []struct {
	fact, model, ours string
	reason            string
}{
	{"shape IdentityProviderToken sensitive", "", "yes", "newer models mark it"},
	{"shape OIDCToken sensitive", "", "yes", "newer models mark it"},
	{"shape SecretKeyString sensitive", "", "yes", "newer models mark it"},
	{"shape SessionTokenString sensitive", "", "yes", "ours: a session token is a credential, and stays out of logs"},
}

// facts says everything about a service that two descriptions of it can be
// compared in, one key for each fact.
type facts map[string]string

func TestCognitoIdentity_Model(t *testing.T) {
	t.Parallel()
	var m model
	readModel(t, "service-2.json", &m)
	var p paginators
	readModel(t, "paginators-1.json", &p)

	want, got := m.facts(p), describedFacts(t)
	for _, d := range differences {
		if want[d.fact] != d.model || got[d.fact] != d.ours {
			t.Errorf("difference %q (%s) is not needed: model %q, ours %q", d.fact, d.reason, want[d.fact], got[d.fact])
		}
		delete(want, d.fact)
		delete(got, d.fact)
	}
	all := maps.Clone(want)
	maps.Copy(all, got)
	for _, fact := range slices.Sorted(maps.Keys(all)) {
		if got[fact] != want[fact] {
			t.Errorf("%s:\n got %q\nwant %q", fact, got[fact], want[fact])
		}
	}
	if len(want) < 300 {
		t.Errorf("the model yields %d facts, which can not be all", len(want))
	}
}

// describedFacts returns the facts of our description.
func describedFacts(t *testing.T) facts {
	t.Helper()
	service := CognitoIdentity
	f := facts{
		"service name":    service.Name,
		"service version": service.Version,
		"service target":  service.TargetPrefix,
	}
	for _, op := range service.Operations {
		key := "operation " + op.Name
		f[key] = "described"
		f[key+" input"] = op.Input.Name
		if op.Output != nil {
			f[key+" output"] = op.Output.Name
		}
		if op.Public {
			f[key+" public"] = "yes"
		}
		for _, code := range op.Errors {
			f[key+" error "+string(code)] = "listed"
		}
		if p := op.Paging; p != nil && p.Paginated {
			f[key+" pages"] = strings.Join([]string{p.Token, p.Token, p.Limit, p.Result}, " ")
		}
	}
	kinds := map[Kind]string{String: "string", Integer: "integer", Long: "long", Boolean: "boolean",
		Timestamp: "timestamp", Blob: "blob", List: "list", Map: "map", Structure: "structure"}
	for name, s := range reachable(t, service) {
		key := "shape " + name
		f[key] = kinds[s.Kind]
		f.bounds(key, s.Min, s.Max)
		f.set(key+" pattern", s.Pattern)
		f.set(key+" values", strings.Join(s.Enum, " "))
		if s.Sensitive {
			f[key+" sensitive"] = "yes"
		}
		if s.Key != nil {
			f[key+" key"] = s.Key.Name
		}
		if s.Elem != nil {
			f[key+" element"] = s.Elem.Name
		}
		for i, m := range s.Members {
			f.member(key, i, m.Name, m.Shape.Name, m.Required)
		}
	}
	return f
}

func (f facts) set(key, value string) {
	if value != "" {
		f[key] = value
	}
}

// bounds adds bounds. One of zero says nothing and is none.
func (f facts) bounds(key string, min, max int64) {
	if min != 0 {
		f[key+" min"] = fmt.Sprint(min)
	}
	if max != 0 {
		f[key+" max"] = fmt.Sprint(max)
	}
}

func (f facts) member(key string, position int, name, shape string, required bool) {
	f[key+" member "+name] = shape
	f[key+" member "+name+" position"] = fmt.Sprint(position)
	if required {
		f[key+" member "+name+" required"] = "yes"
	}
}

// A model is the part of a botocore service model that is compared.
type model struct {
	Metadata struct {
		APIVersion, EndpointPrefix, TargetPrefix string
	}
	Operations map[string]struct {
		Input, Output *modelRef
		Errors        []modelRef
		AuthType      string
	}
	Shapes map[string]modelShape
}

type modelRef struct{ Shape string }

type modelShape struct {
	Type               string
	Min, Max           int64
	Pattern            string
	Enum, Required     []string
	Sensitive          bool
	Member, Key, Value *modelRef
	Members            modelMembers
}

// modelMembers keeps the order of a JSON object.
type modelMembers []modelMember

type modelMember struct{ name, shape string }

func (m *modelMembers) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var ref modelRef
		if err := d.Decode(&ref); err != nil {
			return err
		}
		*m = append(*m, modelMember{name.(string), ref.Shape})
	}
	return nil
}

type paginators struct {
	Pagination map[string]struct {
		Input  string `json:"input_token"`
		Output string `json:"output_token"`
		Limit  string `json:"limit_key"`
		Result string `json:"result_key"`
	}
}

// facts returns the facts of the model, as far as its operations reach.
func (m *model) facts(pages paginators) facts {
	f := facts{
		"service name":    m.Metadata.EndpointPrefix,
		"service version": m.Metadata.APIVersion,
		"service target":  m.Metadata.TargetPrefix,
	}
	for name, op := range m.Operations {
		key := "operation " + name
		f[key] = "described"
		if op.Input != nil {
			f[key+" input"] = ourName(op.Input.Shape)
			m.addShape(f, op.Input)
		}
		if op.Output != nil {
			f[key+" output"] = ourName(op.Output.Shape)
			m.addShape(f, op.Output)
		}
		if op.AuthType == "none" {
			f[key+" public"] = "yes"
		}
		for _, e := range op.Errors {
			f[key+" error "+e.Shape] = "listed"
		}
	}
	for name, p := range pages.Pagination {
		f["operation "+name+" pages"] = strings.Join([]string{p.Input, p.Output, p.Limit, p.Result}, " ")
	}
	return f
}

// addShape adds the facts of a shape and of those it is made of.
func (m *model) addShape(f facts, ref *modelRef) {
	key := "shape " + ourName(ref.Shape)
	if ref.Shape == "" || f[key] != "" {
		return
	}
	s := m.Shapes[ref.Shape]
	f[key] = s.Type
	f.bounds(key, s.Min, s.Max)
	f.set(key+" pattern", s.Pattern)
	f.set(key+" values", strings.Join(s.Enum, " "))
	if s.Sensitive {
		f[key+" sensitive"] = "yes"
	}
	for part, inner := range map[string]*modelRef{" key": s.Key, " element": s.Value} {
		if inner != nil {
			f[key+part] = ourName(inner.Shape)
			m.addShape(f, inner)
		}
	}
	if s.Member != nil {
		f[key+" element"] = ourName(s.Member.Shape)
		m.addShape(f, s.Member)
	}
	for i, member := range s.Members {
		f.member(key, i, member.name, ourName(member.shape), slices.Contains(s.Required, member.name))
		m.addShape(f, &modelRef{member.shape})
	}
}

// ourName is what we call a shape: AWS's Response is our Output.
func ourName(shape string) string {
	if op, ok := strings.CutSuffix(shape, "Response"); ok {
		return op + "Output"
	}
	return shape
}

// readModel decodes a file of the model. Without the file the test is skipped,
// but not where CI is true: there it must run.
func readModel(t *testing.T, name string, to any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(modelFolder, name))
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") != "true" {
		t.Skipf("AWS's model is not here, install Debian's python3-botocore: %v", err)
	}
	if err != nil {
		t.Fatalf("install Debian's python3-botocore: %v", err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatalf("decode %s: %v", name, err)
	}
}
