package main

import (
	"bytes"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// A first start that was cut before it had made the root access key is still a first
// start: otherwise nobody would ever be shown a key.
func TestOpen_FirstStartCutShort(t *testing.T) {
	t.Parallel()
	p := &program{getenv: func(string) string { return "" }, stdout: io.Discard, stderr: io.Discard, now: time.Now}
	c := &config{data: filepath.Join(t.TempDir(), "d"), regions: []string{"us-east-1"}, signingAlgorithm: "ES256"}
	for _, start := range []struct {
		name      string
		fresh, on bool
	}{{"first", true, false}, {"after one cut short", true, true}, {"after one that ended", false, true}} {
		h, err := p.open(t.Context(), c, true, "http://127.0.0.1:7665", slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatalf("%s: %v", start.name, err)
		}
		if h.fresh != start.fresh {
			t.Errorf("%s: fresh %t, want %t", start.name, h.fresh, start.fresh)
		}
		if h.fresh && start.on {
			if _, err := h.makeRootKey(t.Context(), time.Now()); err != nil {
				t.Errorf("%s: %v", start.name, err)
			}
		}
		h.close()
	}
}

// First starts that are cut short over and over leave keys that nobody has seen. That the
// root may have no more is no reason not to start.
func TestOpen_FirstStartsCutShort(t *testing.T) {
	t.Parallel()
	p := &program{getenv: func(string) string { return "" }, stdout: io.Discard, stderr: io.Discard, now: time.Now}
	c := &config{data: filepath.Join(t.TempDir(), "d"), regions: []string{"us-east-1"}, signingAlgorithm: "ES256"}
	h, err := p.open(t.Context(), c, true, "http://127.0.0.1:7665", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range principal.MaxAccessKeys {
		if _, err := h.principals.CreateAccessKey(t.Context(), principal.Root(h.account), &api.CreateAccessKeyInput{}); err != nil {
			t.Fatal(err)
		}
	}
	if key, err := h.makeRootKey(t.Context(), time.Now()); key != nil || err != nil {
		t.Errorf("makeRootKey: %v, %v, want no key and no error", key, err)
	}
	h.close()
	h, err = p.open(t.Context(), c, true, "http://127.0.0.1:7665", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if h.fresh {
		t.Error("the next start is a first start again")
	}
}

// The key set has certificates where they are asked for, and only there.
func TestOpen_Certificates(t *testing.T) {
	t.Parallel()
	p := &program{getenv: func(string) string { return "" }, stdout: io.Discard, stderr: io.Discard, now: time.Now}
	c := &config{data: filepath.Join(t.TempDir(), "d"), regions: []string{"us-east-1"}, signingAlgorithm: "ES256"}
	for _, asked := range []bool{false, true} {
		c.certificates = asked
		h, err := p.open(t.Context(), c, true, "http://127.0.0.1:7665", slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		set, err := h.keys.KeySet(t.Context())
		if err != nil || bytes.Contains(set, []byte(`"x5c":["`)) != asked {
			t.Errorf("asked for %t: got %s, %v", asked, set, err)
		}
		h.close()
	}
}
