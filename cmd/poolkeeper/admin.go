package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync/atomic"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/metrics"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

const (
	// checkTime bounds how long the checks of being ready take together.
	checkTime = 5 * time.Second
	// clockSkew is how far the clock may be behind what the store has seen.
	clockSkew = 5 * time.Minute
)

// Health is what a server tells of itself.
type health struct {
	h *house
	// stopping: it was told to stop.
	stopping *atomic.Bool
	now      func() time.Time
}

// checks returns the conditions of being ready, each with what is wrong; nil: nothing.
func (h health) checks(ctx context.Context) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	checks := map[string]error{"store": h.h.store.Check(ctx), "key": nil, "clock": nil, "running": nil}
	if h.stopping.Load() {
		checks["running"] = errors.New("stopping")
	}
	keys, err := h.h.keys.Keys(ctx)
	if err == nil && activeKey(keys) == nil {
		err = errors.New("no signing key is active")
	}
	checks["key"] = err
	for _, k := range keys {
		if behind := k.Created.Sub(h.now()); behind > clockSkew {
			checks["clock"] = fmt.Errorf("the clock is %v behind the newest signing key", behind.Round(time.Second))
		}
	}
	return checks
}

func activeKey(keys []token.Key) *token.Key {
	for i := range keys {
		if keys[i].Status == token.Active {
			return &keys[i]
		}
	}
	return nil
}

// ready answers whether this server can do its work: 200 or 503, and each check by name.
func (h health) ready(w http.ResponseWriter, r *http.Request) {
	status, told := http.StatusOK, map[string]string{}
	for name, err := range h.checks(r.Context()) {
		told[name] = "ok"
		if err != nil {
			status, told[name] = http.StatusServiceUnavailable, err.Error()
		}
	}
	answer(w, status, told)
}

// live answers that the process is there: whether a restart would help is not for the store
// to say.
func (h health) live(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"process": "ok"})
}

func answer(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	text, _ := json.Marshal(body) // texts by text
	_, _ = w.Write(append(text, '\n'))
}

// adminHandler serves health, metrics and profiles.
func adminHandler(h health, m *metrics.Instruments) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz/live", h.live)
	mux.HandleFunc("GET /healthz/ready", h.ready)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", metrics.ContentType)
		_, _ = m.WriteTo(w) // who reads has gone
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// isAdmin reports whether a path is one of adminHandler's.
func isAdmin(path string) bool {
	return path == "/metrics" || strings.HasPrefix(path, "/healthz/") || strings.HasPrefix(path, "/debug/pprof/")
}

// adminServer serves adminHandler alone. A profile takes as long as it is asked to.
func adminServer(c *config, handler http.Handler, log *slog.Logger) *http.Server {
	s := c.bounds.server(log, handler)
	s.WriteTimeout = 0
	return s
}

// activeSince is when the key that signs began to.
func (h *house) activeSince() (time.Time, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	keys, err := h.keys.Keys(ctx)
	k := activeKey(keys)
	if err != nil || k == nil {
		return time.Time{}, false
	}
	return k.Activates, true
}

// auditWaits is the time of the oldest event that is not in the audit log.
func (h *house) auditWaits() (time.Time, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	rows, err := h.store.Audit().Events(ctx, 1)
	if err != nil {
		return time.Time{}, false
	}
	if len(rows) == 0 {
		return time.Time{}, true
	}
	var e audit.Event
	if err := json.Unmarshal(rows[0].Line, &e); err != nil {
		return time.Time{}, false
	}
	return e.EventTime, true
}
