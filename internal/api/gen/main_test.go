package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func TestFiles_UpToDate(t *testing.T) {
	t.Parallel()
	for _, f := range files {
		want, err := f.content(services)
		if err != nil {
			t.Errorf("%s: %v", f.path, err)
			continue
		}
		got, err := os.ReadFile(filepath.Join("..", f.path))
		if err != nil {
			t.Errorf("read generated file: %v", err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale, run go generate ./internal/api (-file +description):\n%s",
				f.path, cmp.Diff(string(got), string(want)))
		}
	}
}

// A code without a meaning would be missing from the reference page.
func TestMeanings_Complete(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join("..", "errors.go"))
	if err != nil {
		t.Fatal(err)
	}
	var declared, described []string
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +Code = "(\w+)"$`).FindAllStringSubmatch(string(source), -1) {
		declared = append(declared, m[1])
	}
	if len(declared) == 0 {
		t.Fatal("errors.go: no codes found")
	}
	for _, ofProtocol := range meanings {
		for _, m := range ofProtocol {
			described = append(described, string(m.code))
		}
	}
	slices.Sort(declared)
	slices.Sort(described)
	if diff := cmp.Diff(declared, described); diff != "" {
		t.Errorf("meanings are not those of the codes in errors.go (-declared +described):\n%s", diff)
	}
}

func TestConstraints_Wording(t *testing.T) {
	t.Parallel()
	plain := func(s string) string { return s }
	id := &api.Shape{Kind: api.String, Min: 1, Max: 55, Pattern: `\d+`}
	for _, tt := range []struct {
		shape *api.Shape
		want  string
	}{
		{&api.Shape{Kind: api.String}, ""},
		{&api.Shape{Kind: api.String, Max: 256}, "at most 256 characters"},
		{&api.Shape{Kind: api.String, Min: 2}, "at least 2 characters"},
		{&api.Shape{Kind: api.String, Enum: []string{"A", "B"}}, "one of A, B"},
		{&api.Shape{Kind: api.Long, Min: 1, Max: 60}, "1 to 60"},
		{id, `1 to 55 characters, pattern \d+`},
		{&api.Shape{Kind: api.List, Max: 60, Elem: id}, `at most 60 elements; each 1 to 55 characters, pattern \d+`},
		{&api.Shape{Kind: api.Map, Max: 2, Key: id, Elem: &api.Shape{Kind: api.String}}, `at most 2 entries; keys 1 to 55 characters, pattern \d+`},
	} {
		if got := constraints(tt.shape, plain); got != tt.want {
			t.Errorf("constraints(%+v) = %q, want %q", tt.shape, got, tt.want)
		}
	}
}

func TestResource_Wording(t *testing.T) {
	t.Parallel()
	const user = "`arn:aws:iam::ACCOUNT:user/PATH/NAME`"
	in := &api.Shape{Kind: api.Structure, Members: []api.Member{{Name: "U"}, {Name: "R", Required: true}, {Name: "P"}}}
	for _, tt := range []struct {
		resource api.Resource
		want     string
	}{
		{api.Resource{}, "`*`"},
		{api.Resource{Form: api.ByARN, Member: "R"}, "the ARN in `R`"},
		{api.Resource{Form: api.UserByName, Member: "R"}, user + " of the NAME in `R`"},
		{api.Resource{Form: api.UserByName, Member: "U"}, user + " of the NAME in `U`, or of the caller without it"},
		{api.Resource{Form: api.UserByName, Member: "R", Path: "P"}, user + " of the NAME in `R` and the PATH in `P`"},
	} {
		if got := resource(&api.Operation{Resource: tt.resource, Input: in}); got != tt.want {
			t.Errorf("resource(%+v) = %q, want %q", tt.resource, got, tt.want)
		}
	}
	for form := api.AnyResource + 1; form <= api.SAMLProviderByName; form++ {
		if got := resource(&api.Operation{Resource: api.Resource{Form: form, Member: "R"}, Input: in}); got == "`*`" {
			t.Errorf("resource of form %d = %q, which is any", form, got)
		}
	}
}

func TestGoType(t *testing.T) {
	t.Parallel()
	text := &api.Shape{Kind: api.String}
	secret := &api.Shape{Kind: api.String, Sensitive: true}
	flag := &api.Shape{Kind: api.Boolean}
	part := &api.Shape{Kind: api.Structure, Name: "Part"}
	for _, tt := range []struct {
		shape    *api.Shape
		required bool
		want     string
	}{
		{text, false, "string"},
		{secret, true, "Secret"},
		{&api.Shape{Kind: api.Integer}, false, "int64"},
		{&api.Shape{Kind: api.Long}, true, "int64"},
		{flag, true, "bool"},
		{flag, false, "*bool"},
		{&api.Shape{Kind: api.Timestamp}, false, "time.Time"},
		{part, true, "*Part"},
		{&api.Shape{Kind: api.List, Elem: part}, false, "[]Part"},
		{&api.Shape{Kind: api.List, Elem: flag}, false, "[]bool"},
		{&api.Shape{Kind: api.Map, Key: text, Elem: secret}, true, "map[string]Secret"},
		{&api.Shape{Kind: api.Map, Key: text, Elem: part}, false, "map[string]Part"},
	} {
		got, err := goType(tt.shape, tt.required)
		if got != tt.want || err != nil {
			t.Errorf("goType(kind %d, required %t) = %q, %v, want %q", tt.shape.Kind, tt.required, got, err, tt.want)
		}
	}
	for name, shape := range map[string]*api.Shape{
		"a kind without a Go type": {Kind: api.Blob},
		"a map with secret keys":   {Kind: api.Map, Key: secret, Elem: text},
	} {
		if got, err := goType(shape, false); err == nil {
			t.Errorf("goType of %s = %q, want an error", name, got)
		}
	}
}
