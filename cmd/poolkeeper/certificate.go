package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// certificateLook is how often the files of the certificate are looked at.
const certificateLook = 10 * time.Second

// A certificate is what the server shows over TLS, and whom it lets in. It is read anew when
// its files change: a handshake takes what was read last.
type certificate struct {
	cert, key, clientCA string
	current             atomic.Pointer[tls.Config]

	mu sync.Mutex // guards read
	// read is what the files held.
	read [3][]byte
}

// certificate reads the certificate of the configuration.
func (c *config) certificate() (*certificate, error) {
	t := &certificate{cert: c.tlsCert, key: c.tlsKey, clientCA: c.tlsClientCA}
	_, err := t.reload()
	return t, err
}

// reload reads the files and reports whether they have changed. When they are no good, what
// was read before stays.
func (t *certificate) reload() (changed bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var read [3][]byte
	for i, file := range []struct{ flag, path string }{
		{"--tls-cert-file", t.cert}, {"--tls-key-file", t.key}, {"--tls-client-ca-file", t.clientCA},
	} {
		if file.path == "" {
			continue
		}
		if read[i], err = os.ReadFile(file.path); err != nil {
			return false, usageError{fmt.Errorf("%s: %w", file.flag, err)}
		}
	}
	same := true
	for i := range read {
		same = same && bytes.Equal(read[i], t.read[i])
	}
	if same {
		return false, nil
	}
	pair, err := tls.X509KeyPair(read[0], read[1])
	if err != nil {
		return false, usageError{fmt.Errorf("--tls-cert-file and --tls-key-file: %w", err)}
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{pair},
	}
	if t.clientCA != "" {
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(read[2]) {
			return false, usageError{errors.New("--tls-client-ca-file: there is no certificate in it")}
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	// A certificate and the key of another one, seen while they are replaced, have failed above.
	t.read = read
	t.current.Store(config)
	return true, nil
}

// config is what a listener takes.
func (t *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return t.current.Load(), nil },
	}
}

// expires is when the certificate ends.
func (t *certificate) expires() (time.Time, bool) {
	leaf := t.current.Load().Certificates[0].Leaf
	if leaf == nil {
		return time.Time{}, false
	}
	return leaf.NotAfter, true
}

// watch looks at the files until ctx ends, and tells of each change, with nil, and of each new
// failure.
func (t *certificate) watch(ctx context.Context, every time.Duration, tell func(error)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	failed := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		changed, err := t.reload()
		switch {
		case err != nil && err.Error() != failed:
			failed = err.Error()
			tell(err)
		case err == nil:
			failed = ""
			if changed {
				tell(nil)
			}
		}
	}
}
