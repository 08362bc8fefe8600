package api

import (
	"bytes"
	"cmp"
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

// modelFolder is where Debian's python3-botocore, here of version 1.29, keeps AWS's
// service models.
const modelFolder = "/usr/lib/python3/dist-packages/botocore/data"

// modelled are the services that AWS has a model of.
var modelled = []struct {
	service *Service
	path    string
	// whole services are described with all their operations.
	whole bool
	// atLeast is a number of facts that shows that the model was read.
	atLeast     int
	differences []difference
}{
	{CognitoIdentity, "cognito-identity/2014-06-30", true, 300, []difference{
		{"shape IdentityProviderToken sensitive", "", "yes", "newer models mark it"},
		{"shape OIDCToken sensitive", "", "yes", "newer models mark it"},
		{"shape SecretKeyString sensitive", "", "yes", "newer models mark it"},
		{"shape SessionTokenString sensitive", "", "yes", "ours: a session token is a credential, and stays out of logs"},
	}},
	{IAM, "iam/2010-05-08", false, 1000, []difference{
		{"shape AccessKeyLastUsed member LastUsedDate required", "yes", "", "newer models do not require it: a key that was never used has none"},
		{"shape CreateOpenIDConnectProviderInput member ThumbprintList required", "yes", "", "newer models do not require it"},
		{"shape Policy member AttachmentCount required", "", "yes", "ours: it is in every answer, 0 as well"},
		{"shape Policy member PermissionsBoundaryUsageCount required", "", "yes", "ours: it is in every answer"},
	}},
	{STS, "sts/2011-06-15", false, 100, []difference{
		{"operation AssumeRoleWithWebIdentity public", "", "yes", "newer models mark it"},
		{"shape accessKeySecretType sensitive", "", "yes", "newer models mark it"},
		{"shape clientTokenType sensitive", "", "yes", "newer models mark it"},
		{"shape tokenType sensitive", "", "yes", "ours: a session token is a credential, and stays out of logs"},
	}},
}

// A difference is a fact in which the description is not the model. One that is no
// longer needed fails the test.
type difference struct{ fact, model, ours, reason string }

// facts says everything about a service that two descriptions of it can be
// compared in, one key for each fact.
type facts map[string]string

func TestServices_Model(t *testing.T) {
	t.Parallel()
	for _, tt := range modelled {
		t.Run(tt.service.Name, func(t *testing.T) {
			t.Parallel()
			var m model
			readModel(t, tt.path, "service-2.json", &m)
			var p paginators
			readModel(t, tt.path, "paginators-1.json", &p)
			if !tt.whole {
				maps.DeleteFunc(m.Operations, func(name string, _ modelOperation) bool { return tt.service.Operation(name) == nil })
			}

			want, got := m.facts(tt.service, p), describedFacts(t, tt.service)
			for _, d := range tt.differences {
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
			if len(want) < tt.atLeast {
				t.Errorf("the model yields %d facts, which can not be all", len(want))
			}
		})
	}
}

// describedFacts returns the facts of our description.
func describedFacts(t *testing.T, service *Service) facts {
	t.Helper()
	f := facts{
		"service name":      service.Name,
		"service version":   service.Version,
		"service protocol":  map[Protocol]string{JSON: "json", Query: "query"}[service.Protocol],
		"service target":    service.TargetPrefix,
		"service namespace": service.Namespace,
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
			f[key+" error "+string(code)] = fmt.Sprint(code.Status())
		}
		if p := op.Paging; p != nil && p.Paginated {
			f[key+" pages"] = fmt.Sprint(p.Token, p.Token, p.Limit, p.Results, p.More)
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
		APIVersion, EndpointPrefix, Protocol, TargetPrefix, XMLNamespace string
	}
	Operations map[string]modelOperation
	Shapes     map[string]modelShape
}

type modelOperation struct {
	Input, Output *modelRef
	Errors        []modelRef
	AuthType      string
}

type modelRef struct{ Shape string }

type modelShape struct {
	Type               string
	Min, Max           int64
	Pattern            string
	Enum, Required     []string
	Sensitive, Fault   bool
	Member, Key, Value *modelRef
	Members            modelMembers
	// Error is how an exception stands on the wire: with the Query protocol under a
	// code and a status of its own.
	Error struct {
		Code           string
		HTTPStatusCode int
	}
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
		Input  string   `json:"input_token"`
		Output string   `json:"output_token"`
		Limit  string   `json:"limit_key"`
		Result oneOrAll `json:"result_key"`
		More   string   `json:"more_results"`
	}
}

// oneOrAll is a list of names that stands as a string when it has one.
type oneOrAll []string

func (o *oneOrAll) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrAll{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// facts returns the facts of the model, as far as its operations reach.
func (m *model) facts(service *Service, pages paginators) facts {
	f := facts{
		"service name":      m.Metadata.EndpointPrefix,
		"service version":   m.Metadata.APIVersion,
		"service protocol":  m.Metadata.Protocol,
		"service target":    m.Metadata.TargetPrefix,
		"service namespace": m.Metadata.XMLNamespace,
	}
	ours := func(shape string) string { return ourName(service, shape) }
	for name, op := range m.Operations {
		key := "operation " + name
		f[key] = "described"
		if op.Input != nil {
			f[key+" input"] = ours(op.Input.Shape)
			m.addShape(f, ours, op.Input)
		}
		if op.Output != nil {
			f[key+" output"] = ours(op.Output.Shape)
			m.addShape(f, ours, op.Output)
		}
		if op.AuthType == "none" {
			f[key+" public"] = "yes"
		}
		for _, e := range op.Errors {
			wire := m.Shapes[e.Shape].Error
			f[key+" error "+cmp.Or(wire.Code, e.Shape)] = fmt.Sprint(cmp.Or(wire.HTTPStatusCode, jsonStatus(m.Shapes[e.Shape])))
		}
		if p, ok := pages.Pagination[name]; ok {
			f[key+" pages"] = fmt.Sprint(p.Input, p.Output, p.Limit, p.Result, p.More)
		}
	}
	return f
}

// jsonStatus is the status of an exception for which the model gives none, as with
// AWS JSON: it only tells whose fault it is.
func jsonStatus(s modelShape) int {
	if s.Fault {
		return 500
	}
	return 400
}

// addShape adds the facts of a shape and of those it is made of.
func (m *model) addShape(f facts, ours func(string) string, ref *modelRef) {
	key := "shape " + ours(ref.Shape)
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
			f[key+part] = ours(inner.Shape)
			m.addShape(f, ours, inner)
		}
	}
	if s.Member != nil {
		f[key+" element"] = ours(s.Member.Shape)
		m.addShape(f, ours, s.Member)
	}
	for i, member := range s.Members {
		f.member(key, i, member.name, ours(member.shape), slices.Contains(s.Required, member.name))
		m.addShape(f, ours, &modelRef{member.shape})
	}
}

// ourName is what we call a shape of the service: AWS's Request and Response are our
// Input and Output.
func ourName(service *Service, shape string) string {
	if service == STS && shape == "Credentials" {
		// The identity pool service has a type of that name with other members.
		return "STSCredentials"
	}
	for suffix, ours := range map[string]string{"Request": "Input", "Response": "Output"} {
		if op, ok := strings.CutSuffix(shape, suffix); ok {
			return op + ours
		}
	}
	return shape
}

// readModel decodes a file of the model. Without the file the test is skipped,
// but not where CI is true: there it must run.
func readModel(t *testing.T, path, name string, to any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(modelFolder, path, name))
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
