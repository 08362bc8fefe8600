package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// TestSignOn: what is wrong with a login is told with what to do, and what is renewed is kept.
func TestSignOn(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	const session = "sso_start_url = https://start.example\nsso_region = eu-west-1\n"
	profile := func(name string) string {
		return "[profile p]\nregion = us-east-1\nsso_session = " + name + "\n" + oracleSSO + "[sso-session " + name + "]\n" + session
	}
	for name, test := range map[string]struct{ config, want string }{
		"over": {profile("over"), "The SSO session associated with this profile has expired or is otherwise invalid. " +
			"To refresh this SSO session run aws sso login with the corresponding profile: aws sso login --profile p"},
		"refused": {profile("bad"), "The SSO session associated with this profile has expired or is otherwise invalid. " +
			"To refresh this SSO session run aws sso login with the corresponding profile: aws sso login --profile p"},
		"none":       {profile("nobody"), "Error loading SSO Token: Token for nobody does not exist. To get one run: aws sso login --profile p"},
		"no session": {"[profile p]\nregion = us-east-1\nsso_session = nope\n" + oracleSSO, `The specified sso-session does not exist: "nope"`},
		"incomplete": {"[profile p]\nregion = us-east-1\nsso_role_name = dev\nsso_region = eu-west-1\n", `The profile "p" is configured to use SSO but is missing required configuration: sso_account_id, sso_start_url`},
		"two regions": {
			strings.Replace(profile("work"), oracleSSO, oracleSSO+"sso_region = us-east-1\n", 1),
			"The value for sso_region is inconsistent between profile (us-east-1) and sso-session (eu-west-1).",
		},
	} {
		s := setup{env: []string{"AWS_PROFILE=p"}, config: test.config}
		if _, o := ourselves(t, c, &s, s.write(t, c)); o.Code != 255 || ourMessage(o.Stderr) != test.want {
			t.Errorf("%s: got %+v, want %s", name, o, test.want)
		}
	}
	s := setup{env: []string{"AWS_PROFILE=p"}, config: profile("soon")}
	env := s.write(t, c)
	if _, o := ourselves(t, c, &s, env); o.Code != 0 {
		t.Fatalf("got %+v", o)
	}
	path := filepath.Join(env["HOME"], ".aws", "sso", "cache", cacheName("soon")+".json")
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), `"accessToken":"renewed"`) || !strings.Contains(string(text), `"refreshToken":"next"`) {
		t.Errorf("kept %s, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v", info, err)
	}
	forget(t, env)
	if sent, o := ourselves(t, c, &s, env); o.Code != 0 || len(sent) != 2 || !strings.HasSuffix(sent[0], " renewed") {
		t.Errorf("got %+v, sent %v", o, sent)
	}
}

// TestMFA: the code is asked for at the terminal, and goes with the request for the role.
func TestMFA(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	s := setup{config: "[profile p]\nregion = us-east-1\n" + oracleRole + "a\nsource_profile = q\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n[profile q]\n" + oracleKeys}
	env := s.write(t, c)
	env["AWS_PROFILE"] = "p"
	var stderr bytes.Buffer
	asked := ""
	command := &Command{
		Version: testVersion,
		Name:    "aws", Services: []*api.Service{api.CognitoIdentity, api.STS}, Now: time.Now, Dial: c.dial,
		Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Stdout: io.Discard, Stderr: &stderr,
		Ask: func(prompt string) (string, error) { asked = prompt; return " 123456\n", nil },
	}
	args := []string{"cognito-identity", "describe-identity-pool", "--identity-pool-id", "x", "--no-verify-ssl"}
	if code := command.Run(t.Context(), args); code != 0 {
		t.Fatalf("got %d, %s", code, stderr.String())
	}
	if want := "Enter MFA code for arn:aws:iam::111122223333:mfa/me: "; asked != want {
		t.Errorf("asked %q, want %q", asked, want)
	}
	if sent := c.take(); len(sent) != 2 || !strings.HasSuffix(sent[0], " SerialNumber=arn:aws:iam::111122223333:mfa/me TokenCode=123456") || !strings.Contains(sent[1], " ASIAa ") {
		t.Errorf("sent %q", sent)
	}
	command.Ask = func(string) (string, error) { return "", errors.New("there is no terminal to ask at") }
	if code := command.Run(t.Context(), args); code != 0 {
		t.Errorf("what is kept needs no code: got %d, %s", code, stderr.String())
	}
	if sent := c.take(); len(sent) != 1 || !strings.Contains(sent[0], " ASIAa ") {
		t.Errorf("sent %q", sent)
	}
	forget(t, env)
	if code := command.Run(t.Context(), args); code != 255 || !strings.Contains(stderr.String(), "Profile p needs a code of the MFA device arn:aws:iam::111122223333:mfa/me: there is no terminal to ask at") {
		t.Errorf("got %d, %s", code, stderr.String())
	}
	if sent := c.take(); sent != nil {
		t.Errorf("sent %q", sent)
	}
}

// TestProxy: AWS's hosts are reached by the proxy that the environment names, which is told
// the host and nothing else.
func TestProxy(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Close() })
	connects := make(chan string, 1)
	go func() {
		for {
			client, err := proxy.Accept()
			if err != nil {
				return
			}
			go tunnel(client, c.Listener.Addr().String(), connects)
		}
	}()
	env := keyed(t, "HTTPS_PROXY=http://"+proxy.Addr().String())
	args := strings.Fields("cognito-identity get-open-id-token-for-developer-identity --identity-pool-id x --logins a=b --no-verify-ssl")
	if got := ours(t, args, env, ""); got.Code != 0 {
		t.Fatalf("got %+v", got)
	}
	if got, want := <-connects, "CONNECT cognito-identity.us-east-1.amazonaws.com:443"; got != want {
		t.Errorf("the proxy is told %s, want %s", got, want)
	}
	want := "POST cognito-identity.us-east-1.amazonaws.com / AWSCognitoIdentityService.GetOpenIdTokenForDeveloperIdentity AKIAIOSFODNN7EXAMPLE us-east-1/cognito-identity/aws4_request"
	if sent := c.take(); len(sent) != 1 || sent[0] != want {
		t.Errorf("sent %q, want %s", sent, want)
	}
	env["HTTPS_PROXY"] = "http://user:pw@127.0.0.1:1"
	if got := ours(t, args, env, ""); got.Code != 255 || ourMessage(got.Stderr) != `Failed to connect to proxy URL: "http://user:xxxxx@127.0.0.1:1"` {
		t.Errorf("got %+v", got)
	}
	// One that refuses is one that can not be used.
	refusing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(refusing.Close)
	env["HTTPS_PROXY"] = refusing.URL
	if got := ours(t, args, env, ""); got.Code != 255 || ourMessage(got.Stderr) != `Failed to connect to proxy URL: "`+refusing.URL+`"` {
		t.Errorf("got %+v", got)
	}
	// What can not be read does not mean that there is none.
	env["HTTPS_PROXY"] = ":secret:"
	if got := ours(t, args, env, ""); got.Code != 255 || ourMessage(got.Stderr) != "The proxy that is configured for https is not a URL" {
		t.Errorf("got %+v", got)
	}
	// What NO_PROXY names is reached directly: here by nobody.
	env["NO_PROXY"] = "127.0.0.1"
	if got := ours(t, append(args, "--endpoint-url", c.URL), env, ""); got.Code != 0 {
		t.Errorf("got %+v", got)
	}
	if got := ours(t, append(args, "--endpoint-url", "http://user:pw@127.0.0.1:1"), env, ""); ourMessage(got.Stderr) != `Could not connect to the endpoint URL: "http://user:xxxxx@127.0.0.1:1/"` {
		t.Errorf("got %+v", got)
	}
}

// tunnel answers a CONNECT, and then passes on what either side says to the other.
func tunnel(client net.Conn, to string, connects chan<- string) {
	defer client.Close()
	req, err := http.ReadRequest(bufio.NewReader(client))
	if err != nil {
		return
	}
	connects <- req.Method + " " + req.Host
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	fmt.Fprint(client, "HTTP/1.1 200 OK\r\n\r\n")
	done := make(chan struct{}, 2)
	for _, ends := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(ends[0], ends[1])
			done <- struct{}{}
		}()
	}
	<-done
}

// TestPager: what is to be seen is seen also without a pager: a new secret is told only once.
func TestPager(t *testing.T) {
	cat, err := exec.LookPath("cat")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	for _, test := range []struct{ pager, stdout, stderr string }{
		{cat, "text", ""},
		{"", "text", ""},
		{" ", "text", ""},
		{"less", "text", ""},
		{"nosuch -x", "text", `warning: the pager can not be started: exec: "nosuch": `},
	} {
		var out, errs bytes.Buffer
		c := &Command{Terminal: 80, Stdout: &out, Stderr: &errs, Lookup: func(name string) (string, bool) {
			return test.pager, name == "PAGER"
		}}
		s := &settings{Command: c, globals: &globals{words: words{}}, scoped: map[string]string{}}
		err := c.paged(s, func(w io.Writer) error {
			_, err := io.WriteString(w, "text")
			return err
		})
		if err != nil || out.String() != test.stdout || !strings.HasPrefix(errs.String(), test.stderr) || (test.stderr == "") != (errs.Len() == 0) {
			t.Errorf("%q: got %v, %q, %q", test.pager, err, out.String(), errs.String())
		}
	}
}

// TestTerminal: a table is as wide as the terminal allows, and as 80 columns do where
// there is none; colours are the terminal's alone.
func TestTerminal(t *testing.T) {
	t.Parallel()
	o := newObject()
	for _, n := range []string{"IdentityPoolId", "IdentityPoolName", "DeveloperProviderName"} {
		o.set(n, strings.Repeat("x", 24))
	}
	for _, test := range []struct {
		width    int
		upright  bool
		coloured bool
	}{{0, true, false}, {80, true, true}, {120, false, true}} {
		c := &Command{Terminal: test.width}
		var out strings.Builder
		if err := c.render(&out, "table", "auto", "GetId", o); err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(out.String(), "\n")
		if upright := len(first) <= defaultWidth; upright != test.upright {
			t.Errorf("%d columns:\n%s", test.width, out.String())
		}
		if coloured := strings.Contains(out.String(), "\x1b["); coloured != test.coloured {
			t.Errorf("%d columns: coloured %v", test.width, coloured)
		}
	}
}
