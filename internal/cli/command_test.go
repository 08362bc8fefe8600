package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// keyed is the environment of a user with a key.
func keyed(t *testing.T, more ...string) map[string]string {
	t.Helper()
	env := map[string]string{
		"HOME": t.TempDir(), "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_MAX_ATTEMPTS": "1",
	}
	for _, v := range more {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	return env
}

// TestLayout pins where message and usage stand: the newer command line, which is not here to
// compare with, has them so.
func TestLayout(t *testing.T) {
	t.Parallel()
	env := keyed(t)
	for _, c := range []struct {
		command, want string
		code          int
	}{
		{"cognito-identity get-id", "\naws: [ERROR]: An error occurred (ParamValidation): the following arguments are required: --identity-pool-id\n\n" + usageText, 252},
		{"cognito-identity get-id --identity-pool-id x --bogus y", "\n" + usageText + "\n\naws: [ERROR]: Unknown options: --bogus, y\n", 252},
		{"cognito-identity get-idd", "\naws: [ERROR]: An error occurred (ParamValidation): argument operation: Found invalid choice 'get-idd'\n\nMaybe you meant:\n\n  * get-id\n\n" + usageText, 252},
		{"cognito-identity get-id --identity-pool-id x --region 1", "\naws: [ERROR]: Provided region_name '1' doesn't match a supported format.\n", 255},
		{"cognito-identity get-id --identity-pool-id x --logins ''", "\naws: [ERROR]: An error occurred (ParamValidation): Error parsing parameter '--logins': Expected: '=', received: 'EOF' for input:\n \n^\n", 252},
		{"cognito-identity get-id --identity-pool-id x --query a[", "\naws: [ERROR]: An error occurred (ParamValidation): Bad value for --query a[: Invalid jmespath expression: Incomplete expression:\n\"a[\"\n   ^\n", 252},
		{"cognito-identity get-id --identity-pool-id '' --cli-error-format legacy", "\naws: [ERROR]: Parameter validation failed:\nInvalid length for parameter IdentityPoolId, value: 0, valid min length: 1\n", 252},
		{"cognito-identity get-id --identity-pool-id '' --cli-error-format json", "{\n    \"Code\": \"ParamValidation\",\n    \"Message\": \"Parameter validation failed:\\nInvalid length for parameter IdentityPoolId, value: 0, valid min length: 1\"\n}\n", 252},
	} {
		words := splitWords(c.command)
		got := ours(t, words, env, "")
		if got.Stderr != c.want || got.Code != c.code || got.Stdout != "" {
			t.Errorf("%s: exit code %d\n%s", c.command, got.Code, gocmp.Diff(c.want, got.Stderr))
		}
	}
	delete(env, "AWS_REGION")
	want := "\naws: [ERROR]: An error occurred (NoRegion): You must specify a region. You can also configure your region by running \"aws configure\".\n"
	if got := ours(t, []string{"cognito-identity", "get-id", "--identity-pool-id", "x"}, env, ""); got.Stderr != want || got.Code != 253 {
		t.Errorf("got %+v", got)
	}
}

// TestErrorFormat pins how a refusal is printed in each format.
func TestErrorFormat(t *testing.T) {
	t.Parallel()
	endpoint := newRecorder(t)
	for format, want := range map[string]string{
		"":         "\naws: [ERROR]: An error occurred (X) when calling the GetId operation (reached max retries: 0): m\n",
		"enhanced": "\naws: [ERROR]: An error occurred (X) when calling the GetId operation (reached max retries: 0): m\n",
		"json":     "{\n    \"Message\": \"m\",\n    \"Code\": \"X\",\n    \"message\": \"m\"\n}\n",
		"yaml":     "Code: X\nMessage: m\nmessage: m\n",
		"text":     "X\tm\tm\n",
	} {
		endpoint.reset([]answer{{status: 400, body: `{"__type":"X","message":"m"}`}})
		env := keyed(t, "AWS_CLI_ERROR_FORMAT="+format)
		got := ours(t, []string{"cognito-identity", "get-id", "--identity-pool-id", "x", "--endpoint-url", endpoint.URL}, env, "")
		if got.Stderr != want || got.Code != 254 {
			t.Errorf("%s: got %d, %q, want %q", format, got.Code, got.Stderr, want)
		}
	}
}

// TestAddresses: without an endpoint the services are where AWS has them, and the bytes
// that are sent there are signed for it.
func TestAddresses(t *testing.T) {
	t.Parallel()
	sent := make(chan string, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m := signatureParts.FindStringSubmatch(r.Header.Get("Authorization"))
		sent <- strings.Join([]string{r.Method, r.Host, r.RequestURI, r.Header.Get("X-Amz-Target"), strings.Join(m[min(1, len(m)):], " "), string(body)}, "\n")
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	const gtdTarget = "AWSCognitoIdentityService.GetOpenIdTokenForDeveloperIdentity"
	signed := "content-type;host;x-amz-date;x-amz-target"
	for _, c := range []struct{ command, want string }{
		{
			"cognito-identity get-open-id-token-for-developer-identity --identity-pool-id us-east-1:1 --identity-id us-east-1:2 --logins login.example=alice,b=c --principal-tags team=red --token-duration 900",
			"POST\ncognito-identity.us-east-1.amazonaws.com\n/\n" + gtdTarget + "\nAKIAIOSFODNN7EXAMPLE us-east-1/cognito-identity/aws4_request " + signed +
				"\n" + `{"IdentityPoolId": "us-east-1:1", "IdentityId": "us-east-1:2", "Logins": {"login.example": "alice", "b": "c"}, "PrincipalTags": {"team": "red"}, "TokenDuration": 900}`,
		},
		{
			`cognito-identity get-open-id-token-for-developer-identity --cli-input-json '{"IdentityPoolId": "us-east-1:1", "IdentityId": "us-east-1:2", "Logins": {"login.example": "alice", "b": "c"}, "PrincipalTags": {"team": "red"}, "TokenDuration": 900}' --cli-error-format json`,
			"POST\ncognito-identity.us-east-1.amazonaws.com\n/\n" + gtdTarget + "\nAKIAIOSFODNN7EXAMPLE us-east-1/cognito-identity/aws4_request " + signed +
				"\n" + `{"IdentityPoolId": "us-east-1:1", "IdentityId": "us-east-1:2", "Logins": {"login.example": "alice", "b": "c"}, "PrincipalTags": {"team": "red"}, "TokenDuration": 900}`,
		},
		{
			"AWS_USE_FIPS_ENDPOINT=true cognito-identity get-open-id-token-for-developer-identity --identity-pool-id x --logins a=b",
			"POST\ncognito-identity-fips.us-east-1.amazonaws.com\n/\n" + gtdTarget + "\nAKIAIOSFODNN7EXAMPLE us-east-1/cognito-identity/aws4_request " + signed + "\n" + `{"IdentityPoolId": "x", "Logins": {"a": "b"}}`,
		},
		{
			"AWS_USE_DUALSTACK_ENDPOINT=true cognito-identity get-open-id-token-for-developer-identity --region us-gov-west-1 --identity-pool-id x --logins a=b",
			"POST\ncognito-identity.us-gov-west-1.api.aws\n/\n" + gtdTarget + "\nAKIAIOSFODNN7EXAMPLE us-gov-west-1/cognito-identity/aws4_request " + signed + "\n" + `{"IdentityPoolId": "x", "Logins": {"a": "b"}}`,
		},
		{
			"AWS_USE_FIPS_ENDPOINT=true AWS_USE_DUALSTACK_ENDPOINT=true cognito-identity get-open-id-token-for-developer-identity --region ca-central-1 --identity-pool-id x --logins a=b",
			"POST\ncognito-identity-fips.ca-central-1.api.aws\n/\n" + gtdTarget + "\nAKIAIOSFODNN7EXAMPLE ca-central-1/cognito-identity/aws4_request " + signed + "\n" + `{"IdentityPoolId": "x", "Logins": {"a": "b"}}`,
		},
		{
			"AWS_USE_FIPS_ENDPOINT=true iam get-user",
			"POST\niam-fips.amazonaws.com\n/\n\nAKIAIOSFODNN7EXAMPLE us-east-1/iam/aws4_request content-type;host;x-amz-date\nAction=GetUser&Version=2010-05-08",
		},
		{
			`cognito-identity get-open-id-token-for-developer-identity --region cn-north-1 --identity-pool-id x --logins '{"a":"b"}' --principal-tags '{"c":"d"}'`,
			"POST\ncognito-identity.cn-north-1.amazonaws.com.cn\n/\n" + gtdTarget + "\nAKIAIOSFODNN7EXAMPLE cn-north-1/cognito-identity/aws4_request " + signed + "\n" + `{"IdentityPoolId": "x", "Logins": {"a": "b"}, "PrincipalTags": {"c": "d"}}`,
		},
		{"cognito-identity get-id --region eu-west-1 --identity-pool-id x", "POST\ncognito-identity.eu-west-1.amazonaws.com\n/\nAWSCognitoIdentityService.GetId\n\n" + `{"IdentityPoolId": "x"}`},
		{"sts get-caller-identity --region eu-west-1", "POST\nsts.eu-west-1.amazonaws.com\n/\n\nAKIAIOSFODNN7EXAMPLE eu-west-1/sts/aws4_request content-type;host;x-amz-date\nAction=GetCallerIdentity&Version=2011-06-15"},
		{"iam get-user --region eu-west-1", "POST\niam.amazonaws.com\n/\n\nAKIAIOSFODNN7EXAMPLE us-east-1/iam/aws4_request content-type;host;x-amz-date\nAction=GetUser&Version=2010-05-08"},
	} {
		var stderr bytes.Buffer
		words := splitWords(c.command)
		first := slices.IndexFunc(words, func(w string) bool { return !strings.HasPrefix(w, "AWS_") })
		env := keyed(t, words[:first]...)
		command := &Command{
			Version: testVersion,
			Name:    "aws", Services: []*api.Service{api.CognitoIdentity, api.STS, api.IAM}, Now: time.Now,
			Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
			Stdin:  strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if !strings.HasSuffix(address, ":443") {
					t.Errorf("dials %s", address)
				}
				return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
			},
		}
		command.Run(t.Context(), append(words[first:], "--no-verify-ssl"))
		select {
		case got := <-sent:
			if got != c.want {
				t.Errorf("%s\n%s", c.command, gocmp.Diff(c.want, got))
			}
		default:
			t.Errorf("%s sends nothing: %s", c.command, stderr.String())
		}
	}
}

// TestTLS: a certificate that nobody vouches for is refused.
func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	args := []string{"cognito-identity", "get-id", "--identity-pool-id", "x", "--endpoint-url", server.URL}
	got := ours(t, args, keyed(t), "")
	if got.Code != 255 || !strings.Contains(got.Stderr, "SSL validation failed for "+server.URL+"/ [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ") {
		t.Errorf("got %+v", got)
	}
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	var pem bytes.Buffer
	writeCertificate(t, &pem, server)
	if err := os.WriteFile(bundle, pem.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ours(t, append(args, "--ca-bundle", bundle), keyed(t), ""); got.Code != 254 {
		t.Errorf("got %+v", got)
	}

	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	https := strings.Replace(plain.URL, "http:", "https:", 1)
	env := keyed(t)
	env["AWS_MAX_ATTEMPTS"] = "1"
	got = ours(t, append(args, "--endpoint-url", https), env, "")
	if want := "SSL validation failed for " + https + "/ [SSL: WRONG_VERSION_NUMBER] wrong version number: the server speaks plain http"; got.Code != 255 || !strings.Contains(got.Stderr, want) {
		t.Errorf("got %+v\nwant %s", got, want)
	}
}

// TestUnreached words the ways not to get an answer.
func TestUnreached(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	rude, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rude.Close() })
	go func() {
		for {
			conn, err := rude.Accept()
			if err != nil {
				return
			}
			// What is unread when it is closed resets the connection: read first.
			_, _ = bufio.NewReader(conn).ReadString('}')
			conn.Close()
		}
	}()
	for url, want := range map[string]string{
		"http://127.0.0.1:1":                   "Could not connect to the endpoint URL: \"http://127.0.0.1:1/\"",
		"http://" + silent.Addr().String():     "Read timeout on endpoint URL: \"http://" + silent.Addr().String() + "/\"",
		"http://" + rude.Addr().String() + "/": "Connection was closed before we received a valid response from endpoint URL: \"http://" + rude.Addr().String() + "/\".",
		"ftp://x":                              "Not supported URL scheme ftp",
		"http://":                              "Invalid endpoint: http://",
	} {
		got := ours(t, []string{"cognito-identity", "get-id", "--identity-pool-id", "x", "--cli-read-timeout", "1", "--endpoint-url", url}, keyed(t), "")
		if got.Code != 255 || got.Stderr != "\naws: [ERROR]: "+want+"\n" {
			t.Errorf("%s: got %+v, want %s", url, got, want)
		}
	}
}

// TestInterrupt: whoever is interrupted says so by the exit code.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then does the server see the client go
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	var stdout bytes.Buffer
	env := keyed(t)
	c := &Command{
		Version: testVersion,
		Name:    "aws", Services: []*api.Service{api.CognitoIdentity}, Now: time.Now, Stdout: &stdout, Stderr: io.Discard,
		Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
	if code := c.Run(ctx, []string{"cognito-identity", "get-id", "--identity-pool-id", "x", "--endpoint-url", server.URL}); code != 130 || stdout.String() != "\n" {
		t.Errorf("got %d, %q", code, stdout.String())
	}
}

// TestEndpoints: where a service is, by the first that says so.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	endpoint := newRecorder(t)
	const services = "[profile p]\nservices = s\nendpoint_url = URL/profile/\n[services s]\ncognito_identity =\n  endpoint_url = URL/section/\nsts =\n  endpoint_url = URL/sts/\n"
	for _, c := range []struct{ config, env, args, want string }{
		{services, "AWS_PROFILE=p", "", "/section/"},
		{"[profile p]\nendpoint_url = URL/profile/\n", "AWS_PROFILE=p", "", "/profile/"},
		{services, "AWS_PROFILE=p AWS_ENDPOINT_URL=URL/global/", "", "/global/"},
		{services, "AWS_PROFILE=p AWS_ENDPOINT_URL=URL/global/ AWS_ENDPOINT_URL_COGNITO_IDENTITY=URL/service/", "", "/service/"},
		{services, "AWS_PROFILE=p AWS_ENDPOINT_URL=URL/global/", "--endpoint-url URL/flag/", "/flag/"},
		{services, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true AWS_ENDPOINT_URL=URL/global/", "--endpoint-url URL/flag/", "/flag/"},
	} {
		here := func(s string) string { return strings.ReplaceAll(s, "URL/", endpoint.URL+"/") }
		env := keyed(t, strings.Fields(here(c.env))...)
		path := filepath.Join(env["HOME"], "config")
		env["AWS_CONFIG_FILE"] = path
		if err := os.WriteFile(path, []byte(here(c.config)), 0o600); err != nil {
			t.Fatal(err)
		}
		endpoint.reset(nil)
		got := ours(t, append([]string{"cognito-identity", "get-id", "--identity-pool-id", "x"}, strings.Fields(here(c.args))...), env, "")
		if sent := endpoint.reset(nil); got.Code != 0 || len(sent) != 1 || sent[0].Path != c.want {
			t.Errorf("%+v: got %+v, %v", c, got, sent)
		}
	}
}

// TestRoles: credentials of a role are fetched from the security token service.
func TestRoles(t *testing.T) {
	t.Parallel()
	endpoint := newRecorder(t)
	const sts = `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
	const role = "role_arn = arn:aws:iam::111122223333:role/x\nrole_session_name = me\n"
	for name, config := range map[string]string{
		"source":      "[profile p]\n" + role + "source_profile = s\nexternal_id = e\n[profile s]\naws_access_key_id = AKIASOURCE\naws_secret_access_key = s\n",
		"itself":      "[profile p]\n" + role + "source_profile = p\nexternal_id = e\naws_access_key_id = AKIASOURCE\naws_secret_access_key = s\n",
		"environment": "[profile p]\n" + role + "credential_source = Environment\nexternal_id = e\n",
	} {
		env := keyed(t, "AWS_CONFIG_FILE="+filepath.Join(t.TempDir(), "config"))
		if err := os.WriteFile(env["AWS_CONFIG_FILE"], []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		endpoint.reset([]answer{{body: sts}, {body: "{}"}})
		env["AWS_ENDPOINT_URL"] = endpoint.URL
		got := ours(t, []string{"cognito-identity", "describe-identity-pool", "--identity-pool-id", "x", "--profile", "p"}, env, "")
		sent := endpoint.reset(nil)
		if got.Code != 0 || len(sent) != 2 {
			t.Fatalf("%s: got %+v, sent %v", name, got, sent)
		}
		if want := "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fx&RoleSessionName=me&ExternalId=e"; sent[0].Body != want {
			t.Errorf("%s: sent %s", name, sent[0].Body)
		}
		source := "AKIASOURCE "
		if name == "environment" {
			source = "AKIAIOSFODNN7EXAMPLE "
		}
		if !strings.HasPrefix(sent[0].Header["Authorization"], source) || !strings.HasPrefix(sent[1].Header["Authorization"], "ASIAROLE ") || sent[1].Header["X-Amz-Security-Token"] != "t" {
			t.Errorf("%s: sent %v", name, sent)
		}
	}
	for config, want := range map[string]string{
		"[profile p]\n" + role + "source_profile = nope\n":                                                                `The source profile "nope" must have credentials.`,
		"[profile p]\n" + role + "source_profile = q\n[profile q]\n" + role + "source_profile = p\n":                      "Infinite loop in credential configuration detected. Attempting to load from profile p which has already been visited. Visited profiles: ['p', 'q']",
		"[profile p]\n" + role + "credential_source = Moon\n":                                                             `The credential source "Moon" referenced in profile "p" is not valid.`,
		"[profile p]\n" + role + "source_profile = p\nmfa_serial = x\naws_access_key_id = a\naws_secret_access_key = b\n": "Profile p needs a code of the MFA device x: there is no terminal to ask at",
	} {
		env := keyed(t, "AWS_CONFIG_FILE="+filepath.Join(t.TempDir(), "config"))
		if err := os.WriteFile(env["AWS_CONFIG_FILE"], []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		got := ours(t, []string{"cognito-identity", "describe-identity-pool", "--identity-pool-id", "x", "--profile", "p", "--endpoint-url", endpoint.URL}, env, "")
		if got.Code != 255 || ourMessage(got.Stderr) != want {
			t.Errorf("got %+v, want %s", got, want)
		}
	}
}

// TestConfigure: what it writes is what the next command reads, and the rest of the files
// stays.
func TestConfigure(t *testing.T) {
	t.Parallel()
	endpoint := newRecorder(t)
	dir := t.TempDir()
	env := map[string]string{"HOME": dir, "AWS_EC2_METADATA_DISABLED": "true"}
	path := filepath.Join(dir, ".aws", "config")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	const before = "# mine\n[profile dev]\nregion = old\ns3 =\n  region = x\n\n[default]\nregion = us-west-2\n"
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	got := ours(t, []string{"configure", "--profile", "dev"}, env, "AKIADEV\nsecret/+\neu-west-1\n"+endpoint.URL+"\ntext\n")
	if got.Code != 0 || got.Stdout != "" {
		t.Fatalf("got %+v", got)
	}
	want := "# mine\n[profile dev]\nregion = eu-west-1\ns3 =\n  region = x\nendpoint_url = " + endpoint.URL + "\noutput = text\n\n[default]\nregion = us-west-2\n"
	if after, err := os.ReadFile(path); err != nil || string(after) != want {
		t.Errorf("%v\n%s", err, gocmp.Diff(want, string(after)))
	}
	secrets := filepath.Join(dir, ".aws", "credentials")
	if info, err := os.Stat(secrets); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("credentials: %v, %v", info, err)
	}
	endpoint.reset([]answer{{body: `{"IdentityPoolId":"x"}`}})
	got = ours(t, []string{"cognito-identity", "describe-identity-pool", "--identity-pool-id", "x", "--profile", "dev"}, env, "")
	if sent := endpoint.reset(nil); got.Stdout != "x\n" || len(sent) != 1 || !strings.HasPrefix(sent[0].Header["Authorization"], "AKIADEV eu-west-1/") {
		t.Errorf("got %+v, %v", got, sent)
	}
	// Empty answers keep everything; bad ones change nothing.
	for in, code := range map[string]int{"\n\n\n\n\n": 0, "AKIAOTHER\ns\nbad region\n": 255, "AKIAOTHER\ns\neu-west-1\nnowhere\n": 255, "AKIAOTHER\ns\n\n\nxml\n": 255, "AKIAOTHER\n": 255} {
		if got := ours(t, []string{"configure", "--profile", "dev"}, env, in); got.Code != code {
			t.Errorf("%q: got %+v, want %d", in, got, code)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != want {
			t.Errorf("%q: %v\n%s", in, err, gocmp.Diff(want, string(after)))
		}
	}
}

// TestDashed holds our names against those of AWS's command line.
func TestDashed(t *testing.T) {
	t.Parallel()
	names := map[string]bool{"CreateCachediSCSI": true, "ListMFADevices": true, "DBSnapshots": true, "EC2Instance": true, "IdSHA256": true}
	for _, s := range []*api.Service{api.CognitoIdentity, api.STS, api.IAM} {
		for _, op := range s.Operations {
			names[op.Name] = true
			for _, m := range op.Input.Members {
				names[m.Name] = true
			}
		}
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	in, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/bin/python3", "-c", "import json,sys,botocore; print(json.dumps({n: botocore.xform_name(n, '-') for n in json.load(sys.stdin)}))")
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("no botocore to compare with: %v", err)
	}
	want := map[string]string{}
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	for name, dash := range want {
		if got := dashed(name); got != dash {
			t.Errorf("%s: got %s, want %s", name, got, dash)
		}
	}
}

// TestSkeletons: each skeleton of an input is one that the command takes, but for lower
// bounds, as JSON and as YAML.
func TestSkeletons(t *testing.T) {
	t.Parallel()
	for _, s := range []*api.Service{api.CognitoIdentity, api.STS, api.IAM} {
		for _, op := range s.Operations {
			want := skeletonJSON.encode(sample(op.Input, "", false))
			fromJSON, err := decodeJSON(want)
			if err != nil {
				t.Errorf("%s: %v", op.Name, err)
			}
			fromYAML, err := decodeYAML(yamlSkeleton(op.Input))
			if err != nil {
				t.Errorf("%s: %v\n%s", op.Name, err, yamlSkeleton(op.Input))
				continue
			}
			if got := skeletonJSON.encode(fromYAML); got != want || skeletonJSON.encode(fromJSON) != want {
				t.Errorf("%s\n%s", op.Name, gocmp.Diff(want, got))
			}
			v := validation{}
			v.structure(op.Input, fromYAML.(*object), "")
			for _, p := range v.problems {
				if !strings.Contains(p, "valid min") {
					t.Errorf("%s: %s", op.Name, p)
				}
			}
		}
	}
}

// TestHelp: each page names each option, and is no wider than a terminal where it can be.
func TestHelp(t *testing.T) {
	t.Parallel()
	env := keyed(t)
	for _, s := range []*api.Service{api.CognitoIdentity, api.STS, api.IAM} {
		if got := ours(t, []string{s.Name, "help"}, env, ""); got.Code != 0 || !strings.Contains(got.Stdout, "AVAILABLE COMMANDS") {
			t.Errorf("%s: got %+v", s.Name, got)
		}
		for _, op := range s.Operations {
			got := ours(t, []string{s.Name, dashed(op.Name), "help"}, env, "")
			for _, o := range operationOptions(op) {
				if !o.hidden && !strings.Contains(got.Stdout, o.name) {
					t.Errorf("%s: no %s", op.Name, o.name)
				}
			}
			for line := range strings.Lines(got.Stdout) {
				if strings.Contains(line, " ") && len(line) > helpWidth+20 && !strings.Contains(line, "=") && !strings.Contains(line, "pattern") {
					t.Errorf("%s: %q is wide", op.Name, line)
				}
			}
		}
	}
}

// TestHelp_Asked: help is shown to who asks for it, in whatever way, in the midst of a command too.
func TestHelp_Asked(t *testing.T) {
	t.Parallel()
	env := keyed(t)
	for _, test := range []struct{ line, want string }{
		{"--help", "aws - "},
		{"-h", "aws - "},
		{"help cognito-identity", "cognito-identity - "},
		{"cognito-identity --help", "cognito-identity - "},
		{"--region us-east-1 sts -h", "sts - "},
		{"help iam list-users", "list-users - "},
		{"iam list-users --help", "list-users - "},
		{"iam create-role --role-name --help", "create-role - "},
		{"iam --output json get-user --user-name x -h", "get-user - "},
		{"iam list-userz --help", "iam - "},
		{"help configure", "configure - "},
		{"configure --help", "configure - "},
	} {
		got := ours(t, strings.Fields(test.line), env, "")
		if got.Code != 0 || !strings.HasPrefix(got.Stdout, "NAME\n       "+test.want) {
			t.Errorf("%s: got %d, %.60q, %q\nwant %s", test.line, got.Code, got.Stdout, got.Stderr, test.want)
		}
	}
}

// TestComplete: what a shell is told.
func TestComplete(t *testing.T) {
	t.Parallel()
	c := &Command{Services: []*api.Service{api.CognitoIdentity, api.STS, api.IAM}, Lookup: func(string) (string, bool) { return "", false }}
	for _, test := range []struct {
		line, word string
		want       []string
	}{
		{"", "cog", []string{"cognito-identity"}},
		{"cognito-identity", "get-id", []string{"get-id", "get-identity-pool-roles"}},
		{"cognito-identity get-id", "--id", []string{"--identity-pool-id"}},
		{"cognito-identity get-id --identity-pool-id x", "--acc", []string{"--account-id"}},
		{"cognito-identity get-id --output", "y", []string{"yaml", "yaml-stream"}},
		{"cognito-identity get-id", "--output=y", []string{"yaml", "yaml-stream"}},
		{"cognito-identity get-id", "--region=y", nil},
		{"cognito-identity create-identity-pool --no-allow-classic-flow", "--no-al", []string{"--no-allow-unauthenticated-identities"}},
		{"cognito-identity get-id --identity-pool-id", "", nil},
	} {
		suggestions, _ := c.Complete(strings.Fields(test.line), test.word)
		var got []string
		for _, s := range suggestions {
			name, _, _ := strings.Cut(s, "\t")
			got = append(got, name)
		}
		if diff := gocmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q + %q\n%s", test.line, test.word, diff)
		}
	}
}
