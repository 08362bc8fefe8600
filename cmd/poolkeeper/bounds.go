package main

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// Bounds are what clients may take of a server. Times must be more than zero.
type bounds struct {
	// connections are open at a time, for each listener; 0: any number.
	connections int
	// bodyBytes is the length of the longest body, headerBytes that of a request's line and
	// headers together.
	bodyBytes, headerBytes int
	// readHeader is how long headers may take, and a TLS handshake; read how long a whole
	// request may; write how long its handling and its answer may, from the end of the
	// headers on.
	readHeader, read, write time.Duration
	// idle is how long a connection stays without a request.
	idle time.Duration
}

// standard are the bounds where nobody sets others.
var standard = bounds{
	connections: 20000, bodyBytes: wire.MaxBody, headerBytes: 32 << 10,
	readHeader: 5 * time.Second, read: 15 * time.Second, write: 30 * time.Second, idle: time.Minute,
}

const (
	// minBody is a body with a login token of 50,000 characters, the longest, and the rest of its call.
	minBody = 64 << 10
	// A session token takes up to 8 KiB of the headers.
	minHeader = 16 << 10
	maxHeader = 1 << 20
	// minTime is what a request takes on a network that is not near.
	minTime = 100 * time.Millisecond
)

// check tells by bad what is wrong.
func (b *bounds) check(bad func(is bool, format string, args ...any)) {
	bad(b.connections < 0, "--max-connections: must not be negative")
	bad(b.bodyBytes < minBody || b.bodyBytes > wire.MaxBody, "--max-body-bytes: %d is not between %d and %d", b.bodyBytes, minBody, wire.MaxBody)
	bad(b.headerBytes < minHeader || b.headerBytes > maxHeader, "--max-header-bytes: %d is not between %d and %d", b.headerBytes, minHeader, maxHeader)
	for _, t := range []struct {
		name string
		is   time.Duration
	}{{"read-header", b.readHeader}, {"read", b.read}, {"write", b.write}, {"idle", b.idle}} {
		bad(t.is < minTime, "--%s-timeout: %v is less than %v; there is no going without", t.name, t.is, minTime)
	}
	bad(b.readHeader > b.read, "--read-header-timeout: %v is more than the %v of --read-timeout, in which the headers come too", b.readHeader, b.read)
	bad(b.read > b.write, "--write-timeout: %v is less than the %v of --read-timeout, which run at the same time", b.write, b.read)
}

// server returns a server with the bounds on requests and times.
func (b *bounds) server(log *slog.Logger, handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: b.readHeader,
		ReadTimeout:       b.read,
		WriteTimeout:      b.write,
		IdleTimeout:       b.idle,
		MaxHeaderBytes:    b.headerBytes,
		// WriteTimeout ends streams of HTTP/2. This ends a connection whose client takes nothing,
		// which would otherwise stay for as long as the client likes.
		HTTP2:    &http.HTTP2Config{WriteByteTimeout: b.write},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
