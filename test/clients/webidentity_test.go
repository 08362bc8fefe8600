package clients_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// awsNames are the hosts of AWS in whose place a stand-in answers.
var awsNames = []string{"sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "cognito-identity.us-east-1.amazonaws.com"}

// A standIn is what clients that can not be told another endpoint take for AWS: a proxy that
// leads AWS's names, and no others, to the server by TLS, under an authority of its own.
type standIn struct {
	// proxy is the URL of the proxy, and ca the file with the authority's certificate.
	proxy, ca string

	mu sync.Mutex
	// hosts are those that were asked for, in order.
	hosts []string
}

// newStandIn makes a stand-in of the world's server.
func (w *world) newStandIn() *standIn {
	w.t.Helper()
	to, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: awsNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		w.t.Fatal(err)
	}
	f := &standIn{ca: filepath.Join(w.dir, "ca.pem")}
	if err := os.WriteFile(f.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		w.t.Fatal(err)
	}
	// The Host is signed: it goes on as it is.
	inside := httptest.NewUnstartedServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}})
	inside.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	inside.StartTLS()
	w.t.Cleanup(inside.Close)

	proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.hosts = append(f.hosts, r.Host)
		f.mu.Unlock()
		host, port, _ := net.SplitHostPort(r.Host)
		if r.Method != http.MethodConnect || port != "443" || !slices.Contains(awsNames, host) {
			http.Error(rw, "there is no other host", http.StatusForbidden)
			return
		}
		onward, err := net.Dial("tcp", inside.Listener.Addr().String())
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
			return
		}
		defer onward.Close()
		conn, buffered, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			w.t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		join(conn, buffered.Reader, onward)
	}))
	w.t.Cleanup(proxy.Close)
	f.proxy = proxy.URL
	return f
}

// join carries bytes between a client and a server until one of them ends.
func join(client net.Conn, from *bufio.Reader, server net.Conn) {
	done := make(chan struct{}, 2)
	go func() { io.Copy(server, from); done <- struct{}{} }()
	go func() { io.Copy(client, server); done <- struct{}{} }()
	<-done
}

func (f *standIn) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.hosts)
}

// A workload is a user's token in a file, and a role that it is good for.
type workload struct {
	pool, role, file, token string
}

// newWorkload makes a pool, a role that may describe it, and a file with a token of alice.
func (w *world) newWorkload() workload {
	w.t.Helper()
	ctx, c := w.t.Context(), w.sdk()
	l := workload{pool: newPool(w.t, c), file: filepath.Join(w.dir, "token")}
	role, err := w.iam().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("workload"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + l.pool + `"}}}]}`)})
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.iam().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("workload"), PolicyName: aws.String("reads"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cognito-identity:DescribeIdentityPool","Resource":"*"}]}`)})
	if err != nil {
		w.t.Fatal(err)
	}
	l.role = *role.Role.Arn
	if _, l.token, err = tokenFor(ctx, c, l.pool, "alice"); err != nil {
		w.t.Fatal(err)
	}
	l.write(w.t, l.token)
	return l
}

func (l workload) write(t *testing.T, token string) {
	t.Helper()
	if err := os.WriteFile(l.file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
}

// profile writes a configuration whose profile workload takes the role by the token.
func (w *world) profile(l workload, more string) (file string) {
	w.t.Helper()
	file = filepath.Join(w.dir, "config")
	text := "[profile workload]\nregion = us-east-1\nrole_arn = " + l.role + "\nweb_identity_token_file = " + l.file + "\nrole_session_name = job-1\n" + more
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

const assumed = "arn:aws:sts::000000000000:assumed-role/workload/job-1"

// An unmodified aws, for which the name of AWS's STS is the only one there is, takes a role by
// a token of ours, and speaks to the server with the credentials.
func TestAWSCLI_WebIdentityTokenFile(t *testing.T) {
	t.Parallel()
	needAWSCLI(t)
	w := newWorld(t)
	f, l := w.newStandIn(), w.newWorkload()
	environ := w.environ("AWS_CONFIG_FILE="+w.profile(l, ""), "AWS_PROFILE=workload", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
		"HTTPS_PROXY="+f.proxy, "AWS_CA_BUNDLE="+f.ca)
	if r := w.run(environ, awsCLI, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"); r.stdout != assumed+"\n" {
		t.Errorf("get-caller-identity: %+v", r)
	}
	if r := w.run(environ, awsCLI, "cognito-identity", "describe-identity-pool", "--identity-pool-id", l.pool, "--query", "IdentityPoolName", "--output", "text"); r.stdout != "app\n" {
		t.Errorf("what the role allows: %+v", r)
	}
	if r := w.run(environ, awsCLI, "cognito-identity", "delete-identity-pool", "--identity-pool-id", l.pool); r.code != 254 || !strings.Contains(r.stderr, "(AccessDeniedException)") || !strings.Contains(r.stderr, assumed) {
		t.Errorf("what the role does not allow: %+v", r)
	}
	for _, host := range f.asked() {
		if name, _, _ := strings.Cut(host, ":"); !slices.Contains(awsNames, name) {
			t.Errorf("it asked %s", host)
		}
	}
	if len(f.asked()) == 0 {
		t.Error("it asked no host of AWS by the proxy")
	}
	// A token that was changed is refused; the one before, in its place again, is taken.
	for token, want := range map[string]int{l.token + "AA": 254, l.token: 0} {
		w.forget()
		l.write(t, token)
		r := w.run(environ, awsCLI, "sts", "get-caller-identity")
		if r.code != want || want != 0 && !strings.Contains(r.stderr, "(InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation") {
			t.Errorf("with a token of %d bytes: %+v", len(token), r)
		}
	}
}

// forget removes the credentials that command lines keep in files, which would be taken instead of a token.
func (w *world) forget() {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.dir, ".aws", "cli", "cache")); err != nil {
		w.t.Fatal(err)
	}
}

// Our own command line takes the same profile, with an endpoint in it.
func TestPoolkeeper_WebIdentityTokenFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.newWorkload()
	environ := w.environ("AWS_CONFIG_FILE="+w.profile(l, "endpoint_url = "+w.url+"\n"), "AWS_PROFILE=workload", "AWS_EC2_METADATA_DISABLED=true")
	if r := w.run(environ, program, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"); r.stdout != assumed+"\n" {
		t.Errorf("get-caller-identity: %+v", r)
	}
	if r := w.run(environ, program, "cognito-identity", "describe-identity-pool", "--identity-pool-id", l.pool, "--query", "IdentityPoolName", "--output", "text"); r.stdout != "app\n" {
		t.Errorf("what the role allows: %+v", r)
	}
	if r := w.run(environ, program, "cognito-identity", "delete-identity-pool", "--identity-pool-id", l.pool); r.code != 254 || !strings.Contains(r.stderr, "(AccessDeniedException)") {
		t.Errorf("what the role does not allow: %+v", r)
	}
	// As with aws, what was fetched is used on.
	l.write(t, l.token+"AA")
	if r := w.run(environ, program, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"); r.stdout != assumed+"\n" {
		t.Errorf("credentials that are kept: %+v", r)
	}
	w.forget()
	if r := w.run(environ, program, "sts", "get-caller-identity"); r.code != 254 || !strings.Contains(r.stderr, "(InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation") {
		t.Errorf("a token that was changed: %+v", r)
	}
	// By the variables of a workload, without a profile.
	w.forget()
	l.write(t, l.token)
	environ = w.environ("AWS_WEB_IDENTITY_TOKEN_FILE="+l.file, "AWS_ROLE_ARN="+l.role, "AWS_ROLE_SESSION_NAME=job-1", "AWS_ENDPOINT_URL="+w.url, "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true")
	if r := w.run(environ, program, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"); r.stdout != assumed+"\n" {
		t.Errorf("by variables: %+v", r)
	}
}

// boto3 exchanges the token of AWS_WEB_IDENTITY_TOKEN_FILE by itself. At 1.26 it knows no other
// endpoint for that than AWS's.
func TestBoto3_WebIdentityTokenFile(t *testing.T) {
	t.Parallel()
	needBoto3(t)
	script, err := filepath.Abs("testdata/boto3_webidentity.py")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	f, l := w.newStandIn(), w.newWorkload()
	environ := func() []string {
		return w.environ("AWS_WEB_IDENTITY_TOKEN_FILE="+l.file, "AWS_ROLE_ARN="+l.role, "AWS_ROLE_SESSION_NAME=job-1", "AWS_DEFAULT_REGION=us-east-1",
			"AWS_EC2_METADATA_DISABLED=true", "HTTPS_PROXY="+f.proxy, "AWS_CA_BUNDLE="+f.ca, "POOLKEEPER_URL="+w.url)
	}
	r := w.run(environ(), python, "-B", script, l.pool)
	var got map[string]string
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	for what, want := range map[string]string{"arn": assumed, "pool": "app", "refused": "AccessDeniedException"} {
		if got[what] != want {
			t.Errorf("%s: got %q, want %q", what, got[what], want)
		}
	}
	l.write(t, l.token+"AA")
	if r := w.run(environ(), python, "-B", script, l.pool); r.code == 0 || !regexp.MustCompile(`InvalidIdentityToken.*AssumeRoleWithWebIdentity`).MatchString(r.stderr) {
		t.Errorf("a token that was changed: %+v", r)
	}
}
