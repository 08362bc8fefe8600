package fault_test

import (
	"context"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/cli"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// as calls an operation of any service with an access key.
func (n *node) as(ctx context.Context, key sigv4.Credentials, service *api.Service, name string, in, out any) error {
	c := cli.Client{
		Service: service, Endpoint: "http://" + n.address, HTTP: n.http, Region: "us-east-1", Credentials: key, Now: n.now,
	}
	return c.Call(ctx, name, in, out)
}

// operate calls an operation as the operator does, through the socket in the data directory.
func (n *node) operate(ctx context.Context, name string, in, out any) error {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(n.data, "control.sock"))
	}}
	defer transport.CloseIdleConnections()
	c := cli.Client{Service: api.Control, Endpoint: "http://control/", HTTP: &http.Client{Transport: transport, Timeout: patience}, Now: n.now}
	return c.Call(ctx, name, in, out)
}

// tool is a command of the program on the node's data directory.
func (n *node) tool(words ...string) *exec.Cmd {
	cmd := exec.Command(n.program, words...)
	cmd.Env = []string{"POOLKEEPER_DATA=" + n.data, "HOME=" + n.dir, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TZ=UTC"}
	return cmd
}

// runTool runs a command to its end and returns what it writes.
func (n *node) runTool(words ...string) string {
	n.t.Helper()
	out, err := n.tool(words...).CombinedOutput()
	if err != nil {
		n.t.Fatalf("%q: %v: %s", words, err, out)
	}
	return string(out)
}

// accessKeys makes users with an access key each.
func (n *node) accessKeys(t *testing.T, names ...string) (keys []sigv4.Credentials) {
	t.Helper()
	for _, name := range names {
		if err := n.as(t.Context(), devKey, api.IAM, "CreateUser", &api.CreateUserInput{UserName: name}, new(api.CreateUserOutput)); err != nil {
			t.Fatal(err)
		}
		var out api.CreateAccessKeyOutput
		if err := n.as(t.Context(), devKey, api.IAM, "CreateAccessKey", &api.CreateAccessKeyInput{UserName: name}, &out); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, sigv4.Credentials{AccessKeyID: out.AccessKey.AccessKeyId, SecretAccessKey: string(out.AccessKey.SecretAccessKey)})
	}
	return keys
}

// refused returns how many of the access keys the server does not take.
func (n *node) refused(keys []sigv4.Credentials) (refused int) {
	for _, key := range keys {
		err := n.eventually(n.t.Context(), func() error {
			return n.as(n.t.Context(), key, api.STS, "GetCallerIdentity", new(api.GetCallerIdentityInput), new(api.GetCallerIdentityOutput))
		})
		if err != nil {
			if refused == 0 {
				n.t.Logf("an access key: %v", err)
			}
			refused++
		}
	}
	return refused
}
