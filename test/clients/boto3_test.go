package clients_test

import (
	"path/filepath"
	"regexp"
	"testing"
)

// TestBoto3 runs the cases of testdata/boto3_client.py, which are Python unit tests.
func TestBoto3(t *testing.T) {
	t.Parallel()
	needBoto3(t)
	script, err := filepath.Abs("testdata/boto3_client.py")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	// -B: no compiled files beside the sources.
	r := w.run(w.environAWS("POOLKEEPER_URL="+w.url), python, "-B", script)
	if r.code != 0 || !regexp.MustCompile(`\nRan \d\d tests in .*\n\nOK\n$`).MatchString(r.stderr) {
		t.Errorf("%s exited with code %d:\n%s%s", script, r.code, r.stdout, r.stderr)
	}
}
