package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// operatorCommands are commands of scripts beside those of testscript:
//
//	get URL FILE [CA [CERT KEY]]  fetch a URL, which may begin with unix:SOCKET:, into a file that begins
//	                              with the status and the protocol
//	hup                           send SIGHUP to the command in the background
//	await FILES PATTERN           wait until one of the files matches
//	manager FILE                  be a service manager that writes into a file what it is told
//	certificate NAME HOST:PORT    make NAME.pem and NAME.key for the host, certified by themselves
func operatorCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"get": get, "hup": hup, "await": awaitFile, "manager": manager,
		"certificate": func(ts *testscript.TestScript, _ bool, args []string) {
			host, _, err := net.SplitHostPort(args[1])
			ts.Check(err)
			ts.Check(writeCertificate(ts.MkAbs(args[0]), host))
		},
	}
}

var socketURL = regexp.MustCompile(`^unix:([^:]+):(.*)$`)

func get(ts *testscript.TestScript, neg bool, args []string) {
	transport := &http.Transport{ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	url := args[0]
	if m := socketURL.FindStringSubmatch(url); m != nil {
		socket := ts.MkAbs(m[1])
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
		url = "http://control" + m[2]
	}
	if len(args) > 2 {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(ts.ReadFile(args[2])))
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	if len(args) > 4 {
		pair, err := tls.X509KeyPair([]byte(ts.ReadFile(args[3])), []byte(ts.ReadFile(args[4])))
		ts.Check(err)
		transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	a, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Get(url)
	if neg {
		if err == nil {
			a.Body.Close()
			ts.Fatalf("%s answers %s", url, a.Status)
		}
		ts.Logf("%v", err)
		return
	}
	ts.Check(err)
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), append([]byte(a.Status+" "+a.Proto+"\n"), body...), 0o600))
}

func hup(ts *testscript.TestScript, _ bool, _ []string) {
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(syscall.SIGHUP))
	}
}

func awaitFile(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[1])
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		var text []byte
		for _, name := range strings.Fields(args[0]) {
			part, _ := os.ReadFile(ts.MkAbs(name))
			text = append(text, part...)
		}
		if pattern.Match(text) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%s does not match %q after 30 s:\n%s", args[0], args[1], text)
		}
	}
}

// manager sets NOTIFY_SOCKET.
func manager(ts *testscript.TestScript, _ bool, args []string) {
	dir, err := os.MkdirTemp("", "manager")
	ts.Check(err)
	socket := filepath.Join(dir, "s")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	ts.Check(err)
	file := ts.MkAbs(args[0])
	var done sync.WaitGroup
	done.Go(func() {
		buf := make([]byte, 1024)
		for {
			n, err := l.Read(buf)
			if err != nil {
				return
			}
			f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err == nil {
				_, _ = f.Write(append(buf[:n], '\n'))
				f.Close()
			}
		}
	})
	ts.Defer(func() {
		l.Close()
		done.Wait()
		os.RemoveAll(dir)
	})
	ts.Setenv("NOTIFY_SOCKET", socket)
}

// writeCertificate makes a certificate that is its own authority, at PATH.pem and PATH.key.
func writeCertificate(path, host string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: filepath.Base(path)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.ParseIP(host)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		path + ".pem": {Type: "CERTIFICATE", Bytes: der}, path + ".key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// A certificate that is replaced is taken without being told; one that is no good is not.
func TestCertificate_Watch(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tls")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeCertificate(path, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	c := &config{tlsCert: path + ".pem", tlsKey: path + ".key"}
	cert, err := c.certificate()
	if err != nil {
		t.Fatal(err)
	}
	first := cert.current.Load()
	told := make(chan error, 100)
	ended := make(chan struct{})
	ctx := t.Context()
	go func() {
		defer close(ended)
		cert.watch(ctx, time.Millisecond, func(err error) { told <- err })
	}()
	good, err := os.ReadFile(path + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	write(path+".pem", "nothing")
	if err := <-told; err == nil || cert.current.Load() != first {
		t.Errorf("a file without a certificate: %v, and taken %v", err, cert.current.Load() != first)
	}
	write(path+".pem", string(good)) // it is as before
	if err := writeCertificate(path, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	for <-told != nil { // between its two files, the pair does not fit
	}
	if cert.current.Load() == first {
		t.Error("the new certificate is not taken")
	}
}

// More connections than there may be wait, and come in when others go.
func TestBoundedListener(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newBoundedListener(inner, 2)
	accepted := make(chan net.Conn)
	ended := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- c
		}
	}()
	for range 3 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	one, two := <-accepted, <-accepted
	select {
	case <-accepted:
		t.Fatal("a third connection is let in")
	case <-time.After(20 * time.Millisecond):
	}
	if n := l.open.Load(); n != 2 {
		t.Errorf("%d open, want 2", n)
	}
	one.Close()
	one.Close() // once is enough
	three := <-accepted
	if n := l.open.Load(); n != 2 {
		t.Errorf("%d open, want 2", n)
	}
	l.Close()
	if err := <-ended; err == nil {
		t.Error("Accept goes on after Close")
	}
	two.Close()
	three.Close()
	if n := l.open.Load(); n != 0 {
		t.Errorf("%d open in the end", n)
	}
}
