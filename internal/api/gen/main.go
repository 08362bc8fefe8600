// Command gen writes what derives from the description of the operations: the Go
// types of package api and the reference page. It is run by go generate in the
// folder of package api.
//
// It decides wording and layout, and nothing about the operations.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// services are those described, in the order of the reference page.
var services = []*api.Service{api.CognitoIdentity, api.IAM, api.STS, api.Identities, api.Control}

// files are the generated files: paths relative to the folder of package api, and
// what makes their content.
var files = []struct {
	path    string
	content func([]*api.Service) ([]byte, error)
}{
	{"types_gen.go", goTypes},
	{filepath.Join("..", "..", "docs", "REFERENCE.md"), reference},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run() error {
	for _, f := range files {
		content, err := f.content(services)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(f.path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
