package server_test

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/server"
)

func discovery(t *testing.T, s *site, issuer string) (address string) {
	t.Helper()
	h, err := server.Discovery(issuer, s.keys, slog.New(slog.NewJSONHandler(&s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	l := httptest.NewServer(h)
	t.Cleanup(l.Close)
	return l.Listener.Addr().String()
}

var documents = []string{"openid-configuration", "jwks_uri", "jwks.json"}

// TestDiscovery_Documents: the documents say what they say whatever the request says.
func TestDiscovery_Documents(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := discovery(t, s, issuer)
	for _, name := range documents {
		target := "/base/.well-known/" + name
		get := func(method, target string, header ...field) *answer {
			return send(t, address, &request{method: method, target: target, header: append([]field{{"Host", "id.example"}}, header...)})
		}
		want := get("GET", target)
		if want.status != 200 || !json.Valid(want.body) {
			t.Fatalf("%s: got %d %s", name, want.status, want.body)
		}
		for header, value := range map[string]string{
			"Content-Type": "application/json", "Cache-Control": "public, max-age=300",
			"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff",
			"Access-Control-Allow-Credentials": "", "Vary": "",
		} {
			if got := want.get(header); got != value {
				t.Errorf("%s: %s: got %q, want %q", name, header, got, value)
			}
		}
		for _, header := range [][]field{
			{{"X-Forwarded-Host", "evil.example"}},
			{{"X-Forwarded-Host", "evil.example"}, {"X-Forwarded-Proto", "http"}, {"X-Forwarded-Prefix", "/evil"}},
			{{"Forwarded", "host=evil.example;proto=http"}},
			{{"X-Original-Url", "/evil"}, {"X-Rewrite-Url", "/evil"}},
			{{"Origin", "https://evil.example"}},
			{{"Accept", "text/html"}, {"Accept-Language", "de"}},
		} {
			if got := get("GET", target, header...); string(got.body) != string(want.body) || got.status != 200 {
				t.Errorf("%s with %v: got %d %s\nwant %s", name, header, got.status, got.body, want.body)
			}
		}
		for _, other := range []string{"evil.example", "evil.example:80", "127.0.0.1", "ID.EXAMPLE"} {
			got := send(t, address, &request{method: "GET", target: target, header: []field{{"Host", other}}})
			if string(got.body) != string(want.body) {
				t.Errorf("%s for host %s: got %s\nwant %s", name, other, got.body, want.body)
			}
		}
		if got := get("GET", "http://evil.example"+target); string(got.body) != string(want.body) {
			t.Errorf("%s in absolute form: got %s\nwant %s", name, got.body, want.body)
		}
		if got := get("GET", target+"?issuer=https://evil.example"); string(got.body) != string(want.body) {
			t.Errorf("%s with a query: got %s\nwant %s", name, got.body, want.body)
		}
		if got := get("HEAD", target); got.status != 200 || got.get("Content-Length") != want.get("Content-Length") || got.get("Cache-Control") == "" {
			t.Errorf("HEAD %s: got %d %v", name, got.status, got.header)
		}
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			if got := get(method, target); got.status != 405 || got.get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: got %d, Allow %q", method, name, got.status, got.get("Allow"))
			}
		}
	}
}

// TestDiscovery_Names: what the configuration names is served where it says, under the
// issuer's path and nowhere else.
func TestDiscovery_Names(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	for _, c := range []struct{ issuer, root string }{
		{"https://id.example/base", "/base"},
		{"https://id.example/a/deep/path", "/a/deep/path"},
		{"https://id.example", ""},
	} {
		address := discovery(t, s, c.issuer)
		get := func(target string) *answer {
			return send(t, address, &request{method: "GET", target: target, header: []field{{"Host", host}}})
		}
		for _, name := range documents {
			if got := get(c.root + "/.well-known/" + name); got.status != 200 {
				t.Errorf("%s: %s: got %d", c.issuer, name, got.status)
			}
			for _, elsewhere := range []string{"/elsewhere", c.root + "/more"} {
				if got := get(elsewhere + "/.well-known/" + name); got.status != 404 {
					t.Errorf("%s: %s below %s: got %d, want 404", c.issuer, name, elsewhere, got.status)
				}
			}
		}
	}
	var said struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	address := discovery(t, s, issuer)
	a := send(t, address, &request{method: "GET", target: "/base/.well-known/openid-configuration", header: []field{{"Host", host}}})
	if err := json.Unmarshal(a.body, &said); err != nil {
		t.Fatal(err)
	}
	if said.Issuer != issuer || !strings.HasPrefix(said.Keys, issuer+"/.well-known/") {
		t.Fatalf("got %+v", said)
	}
	a = send(t, address, &request{method: "GET", target: strings.TrimPrefix(said.Keys, "https://id.example"), header: []field{{"Host", host}}})
	if a.status != 200 || !strings.Contains(string(a.body), `"kid":"us-east-1-1"`) {
		t.Errorf("%s: got %d %s", said.Keys, a.status, a.body)
	}
}

// TestDiscovery_Failure: a store that fails is not the reader's business, and not cached.
func TestDiscovery_Failure(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := discovery(t, s, issuer)
	s.db.Close()
	for _, name := range documents {
		a := send(t, address, &request{method: "GET", target: "/base/.well-known/" + name, header: []field{{"Host", host}}})
		if a.status != 503 || a.get("Cache-Control") != "" || string(a.body) != "The document is not available now.\n" {
			t.Errorf("%s: got %d %v %s", name, a.status, a.header, a.body)
		}
	}
	if lines := s.log.lines(t, "discovery"); len(lines) != len(documents) || lines[0]["cause"] == "" {
		t.Errorf("logged %v", lines)
	}
}

func TestDiscovery_BadIssuer(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	if _, err := server.Discovery("https://id.example/%zz", s.keys, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("an issuer that is no URL is taken")
	}
}
