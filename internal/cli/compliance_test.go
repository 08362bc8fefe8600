package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestCompliance runs JMESPath's published compliance cases.
func TestCompliance(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/jmespath/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	ran := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		suites, err := decodeJSON(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, suite := range suites.([]any) {
			given, _ := suite.(*object).get("given")
			cases, _ := suite.(*object).get("cases")
			for _, c := range cases.([]any) {
				ran++
				runCompliance(t, filepath.Base(file), given, c.(*object))
			}
		}
	}
	if ran < 500 {
		t.Errorf("only %d cases", ran)
	}
}

func runCompliance(t *testing.T, file string, given any, c *object) {
	expression := c.values["expression"].(string)
	want, hasResult := c.get("result")
	kind, refused := c.get("error")
	if hasResult == refused {
		t.Errorf("%s: %s: a case has a result or an error", file, expression)
	}
	// A mistake of syntax is told before anything is sent.
	parsed, err := parseQuery(expression)
	if (err != nil) != (kind == "syntax") {
		t.Errorf("%s: %s: parsing it: %v, want the error %v", file, expression, err, kind)
	}
	var got any
	if err == nil {
		got, err = parsed.search(given)
	}
	var mistake *queryError
	switch {
	case refused && !errors.As(err, &mistake):
		t.Errorf("%s: %s: got %s, %v, want the error %s", file, expression, compactJSON.encode(got), err, kind)
	case hasResult && err != nil:
		t.Errorf("%s: %s: %v", file, expression, err)
	case hasResult && !equal(got, want):
		t.Errorf("%s: %s: got %s, want %s", file, expression, compactJSON.encode(got), compactJSON.encode(want))
	}
}
