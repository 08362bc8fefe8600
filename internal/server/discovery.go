package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/token"
)

// Discovery returns the handler of the documents by which a token is verified, at the
// issuer's path. Their content depends on configuration and keys alone, never on the
// request. They may be read from any web page and cached by anybody.
func Discovery(issuer string, keys *token.Ring, log *slog.Logger) (http.Handler, error) {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	root := strings.TrimSuffix(u.Path, "/") + "/.well-known/"
	mux := http.NewServeMux()
	serve := func(name string, read func(context.Context) ([]byte, error)) {
		mux.HandleFunc("GET "+root+name, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", "*")
			body, err := read(r.Context())
			if err != nil {
				log.ErrorContext(r.Context(), "discovery", "document", name, "cause", err)
				http.Error(w, "The document is not available now.", http.StatusServiceUnavailable)
				return
			}
			h.Set("Content-Type", "application/json")
			h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(token.KeySetMaxAge.Seconds())))
			h.Set("X-Content-Type-Options", "nosniff")
			w.Write(body)
		})
	}
	serve("openid-configuration", keys.Discovery)
	serve("jwks_uri", keys.KeySet)
	serve("jwks.json", keys.KeySet)
	return mux, nil
}
