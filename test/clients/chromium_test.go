package clients_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A front is a reverse proxy before the server, as an installation has one for TLS. It notes what
// a browser sends, preflights among it, which no page is told of.
type front struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request
}

func (w *world) newFront() *front {
	to, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	f := &front{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // It is signed.
	}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.seen = append(f.seen, r.Clone(context.WithoutCancel(r.Context())))
		f.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	w.t.Cleanup(f.Close)
	return f
}

// checkCORS checks that a browser has asked for leave before all that needs it: what pages of
// origin have sent is allowed by what it asked.
func (f *front) checkCORS(t *testing.T, origin string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := map[string]bool{}
	calls := map[string]int{}
	for _, r := range f.seen {
		if got := r.Header.Get("Origin"); got != origin {
			t.Errorf("%s of origin %q, want %q", r.Method, got, origin)
		}
		if r.Method == http.MethodOptions {
			if got := r.Header.Get("Access-Control-Request-Method"); got != http.MethodPost {
				t.Errorf("a preflight for %q, want POST", got)
			}
			for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
				asked[name] = true
			}
			continue
		}
		for name := range r.Header {
			name = strings.ToLower(name)
			if own := name == "authorization" || strings.HasPrefix(name, "x-amz-") || strings.HasPrefix(name, "amz-sdk-"); own && !asked[name] {
				t.Errorf("%s was sent before a preflight has asked for it", name)
			}
		}
		calls[r.Method]++
	}
	for _, name := range []string{"amz-sdk-request", "authorization", "content-type", "x-amz-date", "x-amz-security-token", "x-amz-target"} {
		if !asked[name] {
			t.Errorf("no preflight has asked for %s", name)
		}
	}
	if calls[http.MethodPost] == 0 || len(calls) != 1 {
		t.Errorf("calls by method: %v, want POST alone", calls)
	}
}

// A site serves a page from an origin of its own, and takes its report.
type site struct {
	*httptest.Server
	reports chan string
}

func newSite(t *testing.T, script string, settings []byte) *site {
	s := &site{reports: make(chan string, 1)}
	mux := http.NewServeMux()
	answer := func(path, media string, body []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", media)
			w.Write(body)
		})
	}
	code, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	answer("/{$}", "text/html", []byte(`<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="page.js"></script>`))
	answer("/page.js", "text/javascript", code)
	answer("/settings.json", "application/json", settings)
	mux.HandleFunc("POST /report", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			body = []byte(err.Error())
		}
		s.reports <- string(body)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// origin is one by name: not the server's, which has an address, nor of its site.
func (s *site) origin() string { return strings.Replace(s.URL, "127.0.0.1", "localhost", 1) }

// visit opens the site in a browser of its own and returns what the page reports.
func (w *world) visit(s *site) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	said := newTranscript()
	cmd := exec.CommandContext(ctx, chromium,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--no-proxy-server", "--user-data-dir="+filepath.Join(w.dir, "browser"), "--enable-logging=stderr", s.origin()+"/")
	cmd.Env, cmd.Stdout, cmd.Stderr = w.environ(), said, said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait() // It ends by a signal.
		close(ended)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	select {
	case text := <-s.reports:
		return text
	case <-ended:
		w.t.Fatalf("the browser ended, or the page did not report within %v:\n%s", patience, said)
		return ""
	}
}

// TestChromium_CognitoCredentials: the providers of credentials of the AWS SDK for JavaScript in a
// page of another origin. The SDK sees there what it sees in Node.
func TestChromium_CognitoCredentials(t *testing.T) {
	t.Parallel()
	needNode(t)
	needChromium(t)
	a := newApplication(t)
	front := a.newFront()
	a.settings.Endpoint = front.URL
	bundle := filepath.Join(a.dir, "page.js")
	if r := a.run(a.environ(), node, jsFile(t, "bundle.mjs"), bundle); r.code != 0 {
		t.Fatalf("the page's script can not be made:\n%s", r.stderr)
	}
	told, err := json.Marshal(a.settings)
	if err != nil {
		t.Fatal(err)
	}
	site := newSite(t, bundle, told)
	a.check(t, a.visit(site))
	front.checkCORS(t, site.origin())
}
