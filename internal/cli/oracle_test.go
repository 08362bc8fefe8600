package cli

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // names files, as AWS's tools do
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// The configuration of AWS's tools is read here by our own code, since the SDK's takes longer
// than the whole command may. These tests hold it to the SDK's: the same environment and files
// lead to the same requests.

// A cloud stands for all hosts of AWS, and others.
type cloud struct {
	*httptest.Server
	mu   sync.Mutex
	sent []string
}

func newCloud(t *testing.T) *cloud { return newCloudAs(t, nil) }

// newCloudAs makes one with a certificate; nil: one for example.com.
func newCloudAs(t *testing.T, certificate *tls.Certificate) *cloud {
	c := &cloud{}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(c.answer))
	c.Config.ErrorLog = log.New(io.Discard, "", 0) // some refuse its certificate, as they should
	c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if certificate != nil {
		c.TLS.Certificates = []tls.Certificate{*certificate}
	}
	c.StartTLS()
	t.Cleanup(c.Close)
	return c
}

// answer gives credentials that tell whom they were given for.
func (c *cloud) answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	signed := "unsigned"
	if m := signatureParts.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		signed = m[1] + " " + m[2]
	}
	line := strings.TrimSpace(strings.Join([]string{r.Method, r.Host, r.URL.RequestURI(), r.Header.Get("X-Amz-Target"), signed, r.Header.Get("X-Amz-Security-Token"), r.Header.Get("X-Amz-Sso_bearer_token")}, " "))
	switch {
	case strings.HasPrefix(r.URL.Path, "/federation/"):
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("X-Amz-Sso_bearer_token") == "bad" {
			w.Header().Set("X-Amzn-Errortype", "UnauthorizedException")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"__type":"UnauthorizedException","message":"Session token not found or invalid"}`)
			break
		}
		fmt.Fprintf(w, `{"roleCredentials":{"accessKeyId":"ASIASSO%s","secretAccessKey":"s","sessionToken":"t","expiration":4102444800000}}`, r.URL.Query().Get("role_name"))
	case r.URL.Path == "/token":
		var in map[string]string
		_ = json.Unmarshal(body, &in)
		line += " " + in["grantType"] + " " + in["refreshToken"]
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"accessToken":"renewed","expiresIn":3600,"refreshToken":"next","tokenType":"Bearer"}`)
	case r.Header.Get("X-Amz-Target") != "":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, "{}")
	default:
		_ = r.ParseForm()
		action := r.Form.Get("Action")
		for _, name := range []string{"Action", "RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds", "SerialNumber", "TokenCode", "WebIdentityToken"} {
			// Neither the name that is made up where none is configured nor the duration that the SDK
			// asks for where none is are anybody's.
			if v := r.Form.Get(name); v != "" && (name != "RoleSessionName" || v == "me") && (name != "DurationSeconds" || v != "900") {
				line += " " + name + "=" + v
			}
		}
		_, role, _ := strings.Cut(r.Form.Get("RoleArn"), "role/")
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>ASIA%[2]s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t%[2]s</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></%[1]sResult></%[1]sResponse>`, action, role)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, line)
}

func (c *cloud) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := c.sent
	c.sent = nil
	return sent
}

func (c *cloud) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, c.Listener.Addr().String())
}

// A setup is a configuration, as files and environment.
type setup struct {
	env                 []string
	config, credentials string
	// verify: the certificates are checked.
	verify bool
	// differs says why the SDK takes what AWS's command line and ours refuse, or the other way
	// round; empty: they agree.
	differs string
}

// write puts the files into a new home and returns the environment. HOME stands for it.
func (s *setup) write(t *testing.T, c *cloud) map[string]string {
	t.Helper()
	home := t.TempDir()
	var bundle bytes.Buffer
	writeCertificate(t, &bundle, c.Server)
	here := strings.NewReplacer("HOME", home)
	process := `printf '{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "s", "SessionToken": "p"}'`
	for name, content := range map[string]string{
		".aws/config": s.config, ".aws/credentials": s.credentials, "token": "webtoken", "ca.pem": bundle.String(), "process.sh": process,
		".aws/sso/cache/" + cacheName("https://start.example") + ".json": `{"startUrl": "https://start.example", "region": "eu-west-1", "accessToken": "legacy", "expiresAt": "2100-01-01T00:00:00Z"}`,
		".aws/sso/cache/" + cacheName("work") + ".json":                  `{"accessToken": "session", "expiresAt": "2100-01-01T00:00:00Z"}`,
		".aws/sso/cache/" + cacheName("soon") + ".json":                  `{"accessToken": "old", "expiresAt": "2020-01-01T00:00:00Z", "clientId": "c", "clientSecret": "s", "refreshToken": "r", "registrationExpiresAt": "2100-01-01T00:00:00Z"}`,
		".aws/sso/cache/" + cacheName("over") + ".json":                  `{"accessToken": "old", "expiresAt": "2020-01-01T00:00:00Z"}`,
		".aws/sso/cache/" + cacheName("bad") + ".json":                   `{"accessToken": "bad", "expiresAt": "2100-01-01T00:00:00Z"}`,
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(here.Replace(content)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{
		"HOME": home, "PATH": os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
		"AWS_CONFIG_FILE": filepath.Join(home, ".aws", "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, ".aws", "credentials"),
	}
	for _, v := range s.env {
		name, value, _ := strings.Cut(here.Replace(v), "=")
		env[name] = value
	}
	return env
}

func cacheName(key string) string {
	sum := sha1.Sum([]byte(key)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

// oracleVariables are those that the SDK reads; what a setup does not have is emptied.
var oracleVariables = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
	"AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT",
	"AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_COGNITO_IDENTITY",
	"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SSO", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
}

// theSDK makes the call as a program with the SDK does.
func theSDK(t *testing.T, c *cloud, s *setup, env map[string]string) (sent []string, attempts int, err error) {
	t.Helper()
	for _, name := range oracleVariables {
		t.Setenv(name, env[name])
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	client := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = c.dial
		tr.Proxy = nil
		if !s.verify {
			tr.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the server stands for many
		}
	})
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithHTTPClient(client), config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
		o.TokenProvider = func() (string, error) { return "123456", nil }
	}))
	if err != nil {
		return nil, 0, err
	}
	if cfg.Region == "" {
		return nil, 0, fmt.Errorf("no region")
	}
	_, err = cognitoidentity.NewFromConfig(cfg).DescribeIdentityPool(t.Context(), &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: aws.String("x")})
	return c.take(), cfg.RetryMaxAttempts, err
}

// ourselves makes the call with our command line.
func ourselves(t *testing.T, c *cloud, s *setup, env map[string]string) (sent []string, o outcome) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := &Command{
		Version: testVersion,
		Name:    "aws", Services: []*api.Service{api.CognitoIdentity, api.STS, api.IAM}, Now: time.Now, Dial: c.dial,
		Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Stdin:  strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Ask: func(string) (string, error) { return "123456", nil },
	}
	for name, value := range env {
		command.Environ = append(command.Environ, name+"="+value)
	}
	args := []string{"cognito-identity", "describe-identity-pool", "--identity-pool-id", "x"}
	if !s.verify {
		args = append(args, "--no-verify-ssl")
	}
	o.Code = command.Run(t.Context(), args)
	o.Stdout, o.Stderr = stdout.String(), stderr.String()
	return c.take(), o
}

const (
	oracleRole  = "role_arn = arn:aws:iam::111122223333:role/"
	oracleKeys  = "aws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n"
	oracleSSO   = "sso_account_id = 111122223333\nsso_role_name = dev\n"
	oracleLocal = "services = s\nendpoint_url = https://profile.example/p\n[services s]\ncognito_identity =\n  endpoint_url = https://section.example/s\nsts =\n  endpoint_url = https://sts.example/\n"
)

// TestOracle: each setup leads to the requests that the SDK makes, or both refuse it.
func TestOracle(t *testing.T) {
	c := newCloud(t)
	keys := []string{"AWS_ACCESS_KEY_ID=AKIAENV", "AWS_SECRET_ACCESS_KEY=s"}
	for name, s := range map[string]setup{
		"environment":                   {env: append(keys, "AWS_REGION=eu-west-1", "AWS_SESSION_TOKEN=t")},
		"default region":                {env: append(keys, "AWS_DEFAULT_REGION=eu-west-1")},
		"both regions":                  {env: append(keys, "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-2")},
		"no region":                     {env: keys},
		"no credentials":                {env: []string{"AWS_REGION=eu-west-1"}},
		"default profile":               {config: "[default]\nregion = eu-west-1\n" + oracleKeys},
		"credentials file":              {config: "[default]\nregion = eu-west-1\n" + oracleKeys, credentials: "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\naws_session_token = t\n"},
		"profile":                       {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleKeys},
		"profile by the other variable": {env: []string{"AWS_DEFAULT_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleKeys},
		"no such profile":               {env: append(keys, "AWS_PROFILE=nope", "AWS_REGION=eu-west-1"), config: "[default]\n"},
		"environment before profile":    {env: append(keys, "AWS_PROFILE=p"), config: "[profile p]\nregion = eu-west-1\n" + oracleKeys},
		"section without the word":      {env: []string{"AWS_PROFILE=p", "AWS_REGION=eu-west-1"}, config: "[p]\n" + oracleKeys},
		"quoted profile":                {env: []string{"AWS_PROFILE=two words"}, config: "[profile \"two words\"]\nregion = eu-west-1\n" + oracleKeys, differs: "the SDK keeps the quotes in the name"},
		"comments":                      {config: "# a\n; b\n[default]\nregion = eu-west-1 # c\n" + oracleKeys, differs: "only the SDK has comments behind a value"},
		"source profile":                {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nsource_profile = q\nrole_session_name = me\nexternal_id = e\nduration_seconds = 1800\n[profile q]\n" + oracleKeys},
		"source profile in credentials": {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nsource_profile = q\n", credentials: "[q]\n" + oracleKeys},
		"its own source":                {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nsource_profile = p\n" + oracleKeys},
		"chain of roles":                {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nsource_profile = q\n[profile q]\n" + oracleRole + "b\nsource_profile = r\n[profile r]\n" + oracleKeys},
		"loop of roles":                 {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nsource_profile = q\n[profile q]\n" + oracleRole + "b\nsource_profile = p\n"},
		"source without credentials":    {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nsource_profile = q\n[profile q]\nregion = x\n"},
		"no such source":                {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nsource_profile = q\n"},
		"source in the environment":     {env: append(keys[:2:2], "AWS_REGION=eu-west-1"), config: "[default]\n" + oracleRole + "a\ncredential_source = Environment\n"},
		"no such source of credentials": {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\ncredential_source = Moon\n"},
		"MFA":                           {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nsource_profile = q\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n[profile q]\n" + oracleKeys},
		"process":                       {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\ncredential_process = /bin/sh HOME/process.sh\n"},
		"process that fails":            {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\ncredential_process = /bin/false\n"},
		"process as source":             {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nsource_profile = q\n[profile q]\ncredential_process = /bin/sh HOME/process.sh\n"},
		"web identity":                  {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nweb_identity_token_file = HOME/token\nrole_session_name = me\n"},
		"web identity of environment":   {env: []string{"AWS_REGION=eu-west-1", "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/token", "AWS_ROLE_ARN=arn:aws:iam::111122223333:role/a", "AWS_ROLE_SESSION_NAME=me"}},
		"web identity as source":        {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nsource_profile = q\n[profile q]\n" + oracleRole + "b\nweb_identity_token_file = HOME/token\nrole_session_name = me\n"},
		"no token file":                 {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = eu-west-1\n" + oracleRole + "a\nweb_identity_token_file = HOME/nope\n"},
		"endpoint":                      {env: append(keys, "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=https://all.example/x")},
		"endpoint of the service":       {env: append(keys, "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=https://all.example", "AWS_ENDPOINT_URL_COGNITO_IDENTITY=https://one.example/")},
		"endpoint of another service":   {env: append(keys, "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL_STS=https://one.example/")},
		"endpoints of a profile":        {env: append(keys, "AWS_PROFILE=p", "AWS_REGION=eu-west-1"), config: "[profile p]\n" + oracleLocal},
		"endpoint of a profile":         {env: append(keys, "AWS_PROFILE=p", "AWS_REGION=eu-west-1"), config: "[profile p]\nendpoint_url = https://profile.example/p\n"},
		"endpoints ignored":             {env: append(keys, "AWS_PROFILE=p", "AWS_REGION=eu-west-1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"), config: "[profile p]\n" + oracleLocal},
		"endpoints ignored by profile":  {env: append(keys, "AWS_PROFILE=p", "AWS_REGION=eu-west-1"), config: "[profile p]\nignore_configured_endpoint_urls = true\n" + oracleLocal},
		"endpoint of the role's STS":    {env: []string{"AWS_PROFILE=p", "AWS_REGION=eu-west-1"}, config: "[profile q]\n" + oracleKeys + "[profile p]\n" + oracleRole + "a\nsource_profile = q\n" + oracleLocal},
		"FIPS":                          {env: append(keys, "AWS_REGION=us-east-1", "AWS_USE_FIPS_ENDPOINT=true")},
		"dual stack":                    {env: append(keys, "AWS_REGION=us-gov-west-1", "AWS_USE_DUALSTACK_ENDPOINT=true")},
		"FIPS and dual stack":           {env: append(keys, "AWS_REGION=eu-west-1", "AWS_USE_FIPS_ENDPOINT=true", "AWS_USE_DUALSTACK_ENDPOINT=true")},
		"FIPS of a profile, and a role": {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = us-east-2\nuse_fips_endpoint = true\n" + oracleRole + "a\nsource_profile = q\n[profile q]\n" + oracleKeys},
		"dual stack of a profile":       {env: append(keys, "AWS_PROFILE=p"), config: "[profile p]\nregion = cn-north-1\nuse_dualstack_endpoint = true\n"},
		"FIPS switched off":             {env: append(keys, "AWS_PROFILE=p", "AWS_USE_FIPS_ENDPOINT=false"), config: "[profile p]\nregion = us-east-1\nuse_fips_endpoint = true\n"},
		"attempts":                      {env: append(keys, "AWS_REGION=eu-west-1", "AWS_MAX_ATTEMPTS=7", "AWS_RETRY_MODE=adaptive")},
		"attempts of a profile":         {env: append(keys, "AWS_PROFILE=p", "AWS_MAX_ATTEMPTS="), config: "[profile p]\nregion = eu-west-1\nmax_attempts = 4\nretry_mode = standard\n"},
		"a bad retry mode":              {env: append(keys, "AWS_REGION=eu-west-1", "AWS_RETRY_MODE=often")},
		"no authority":                  {env: append(keys, "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=https://example.com"), verify: true},
		"authority":                     {env: append(keys, "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=https://example.com", "AWS_CA_BUNDLE=HOME/ca.pem"), verify: true},
		"authority of a profile":        {env: append(keys, "AWS_PROFILE=p", "AWS_ENDPOINT_URL=https://example.com"), config: "[profile p]\nregion = eu-west-1\nca_bundle = HOME/ca.pem\n", verify: true},
		"no file of authorities":        {env: append(keys, "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=https://example.com", "AWS_CA_BUNDLE=HOME/nope"), verify: true},
		"sign-on":                       {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = us-east-1\n" + oracleSSO + "sso_start_url = https://start.example\nsso_region = eu-west-1\n"},
		"sign-on by session":            {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = us-east-1\nsso_session = work\n" + oracleSSO + "[sso-session work]\nsso_start_url = https://start.example\nsso_region = eu-west-1\n"},
		"sign-on renewed":               {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = us-east-1\nsso_session = soon\n" + oracleSSO + "[sso-session soon]\nsso_start_url = https://start.example\nsso_region = eu-west-1\n"},
		"sign-on over":                  {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = us-east-1\nsso_session = over\n" + oracleSSO + "[sso-session over]\nsso_start_url = https://start.example\nsso_region = eu-west-1\n"},
		"sign-on refused":               {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = us-east-1\nsso_session = bad\n" + oracleSSO + "[sso-session bad]\nsso_start_url = https://start.example\nsso_region = eu-west-1\n"},
		"no sign-on":                    {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = us-east-1\n" + oracleSSO + "sso_start_url = https://other.example\nsso_region = eu-west-1\n"},
		"sign-on without a region":      {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = us-east-1\n" + oracleSSO + "sso_start_url = https://start.example\n"},
		"no such session":               {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = us-east-1\nsso_session = nope\n" + oracleSSO},
		"sign-on as source":             {env: []string{"AWS_PROFILE=p"}, config: "[profile p]\nregion = us-east-1\n" + oracleRole + "a\nsource_profile = q\n[profile q]\n" + oracleSSO + "sso_start_url = https://start.example\nsso_region = eu-west-1\n"},
		"sign-on, endpoint":             {env: []string{"AWS_PROFILE=p", "AWS_ENDPOINT_URL_SSO=https://sso.example"}, config: "[profile p]\nregion = us-east-1\n" + oracleSSO + "sso_start_url = https://start.example\nsso_region = eu-west-1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := compareSetup(t, c, &s); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// compareSetup says how the two differ; empty: they do not.
func compareSetup(t *testing.T, c *cloud, s *setup) string {
	t.Helper()
	// Each has files of its own: what one renews the other must not find.
	env := s.write(t, c)
	got, o := ourselves(t, c, s, env)
	want, attempts, err := theSDK(t, c, s, s.write(t, c))
	if (err == nil) != (o.Code == 0) != (s.differs != "") {
		return fmt.Sprintf("the SDK: %v\nwe: %d %s\n%q", err, o.Code, o.Stderr, got)
	}
	if err != nil || s.differs != "" {
		return ""
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		return "sent (-SDK +we)\n" + diff
	}
	command := &Command{Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	settings, err := command.configuration(&globals{words: words{}})
	if err != nil {
		return err.Error()
	}
	if r, err := settings.retries(); err != nil || r.attempts != attempts {
		return fmt.Sprintf("%+v attempts (%v), the SDK makes %d", r, err, attempts)
	}
	return ""
}

// TestOracle_Random: as TestOracle, of what is put together at random.
func TestOracle_Random(t *testing.T) {
	c := newCloud(t)
	rapid.Check(t, func(r *rapid.T) {
		s := setup{config: "[default]\n"}
		some := func(label string) bool { return rapid.Bool().Draw(r, label) }
		region := func(label string) string {
			return rapid.SampledFrom([]string{"us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "ap-southeast-2"}).Draw(r, label)
		}
		profile := rapid.SampledFrom([]string{"default", "p"}).Draw(r, "profile")
		if profile != "default" {
			s.env = append(s.env, "AWS_PROFILE="+profile)
			s.config += "region = mx-central-1\n[profile p]\n"
		}
		for _, v := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
			if some(v) {
				s.env = append(s.env, v+"="+region("region of "+v))
			}
		}
		if some("region") {
			s.config += "region = " + region("region of profile") + "\n"
		}
		if some("keys in environment") {
			s.env = append(s.env, "AWS_ACCESS_KEY_ID=AKIAENV", "AWS_SECRET_ACCESS_KEY=s")
			if some("token") {
				s.env = append(s.env, "AWS_SESSION_TOKEN=t")
			}
		}
		if some("keys in credentials file") {
			s.credentials = "[" + profile + "]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n"
		}
		switch rapid.IntRange(0, 3).Draw(r, "source") {
		case 0:
			s.config += oracleKeys
		case 1:
			s.config += oracleRole + "a\nsource_profile = q\n"
		case 2:
			s.config += "credential_process = /bin/sh HOME/process.sh\n"
		}
		for _, v := range []string{"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"} {
			if some(v) {
				s.env = append(s.env, v+"="+rapid.SampledFrom([]string{"true", "false", "TRUE"}).Draw(r, "value of "+v))
			}
			if name := strings.ToLower(strings.TrimPrefix(v, "AWS_")); some(name) {
				s.config += name + " = true\n"
			}
		}
		// The SDK refuses FIPS and dual stack at an endpoint of one's own, and takes the services
		// section before AWS_ENDPOINT_URL: in AWS's command line, which ours follows, it is not so.
		everything := strings.ToLower(strings.Join(s.env, " ") + s.config)
		if !strings.Contains(everything, "fips") && !strings.Contains(everything, "dualstack") {
			switch {
			case some("endpoints of profile"):
				s.config += oracleLocal
			case some("AWS_ENDPOINT_URL"):
				s.env = append(s.env, "AWS_ENDPOINT_URL=https://all.example/")
			}
			for _, v := range []string{"COGNITO_IDENTITY", "STS"} {
				if some("endpoint of " + v) {
					s.env = append(s.env, "AWS_ENDPOINT_URL_"+v+"=https://one.example/")
				}
			}
		}
		s.config += "[profile q]\naws_access_key_id = AKIASOURCE\naws_secret_access_key = s\n"
		if diff := compareSetup(t, c, &s); diff != "" {
			r.Fatalf("%+v\n%s", s, diff)
		}
	})
}

// TestAddresses_Oracle: services are where the SDK's published rules have them.
func TestAddresses_Oracle(t *testing.T) {
	t.Parallel()
	regions := []string{
		"us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "ca-central-1", "ap-southeast-2", "il-central-1", "mx-central-1", "xx-nowhere-1", "mars",
		"cn-north-1", "cn-northwest-1", "us-gov-west-1", "us-gov-east-1", "us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isob-west-1",
		"eu-isoe-west-1", "us-isof-south-1", "us-isof-east-1", "eusc-de-east-1",
	}
	for _, region := range regions {
		for _, v := range []variants{{}, {fips: true}, {dualStack: true}, {true, true}} {
			r, fips, dual := aws.String(region), aws.Bool(v.fips), aws.Bool(v.dualStack)
			for service, resolve := range map[string]func() (smithyendpoints.Endpoint, error){
				"cognito-identity": func() (smithyendpoints.Endpoint, error) {
					return cognitoidentity.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), cognitoidentity.EndpointParameters{Region: r, UseFIPS: fips, UseDualStack: dual})
				},
				"sts": func() (smithyendpoints.Endpoint, error) {
					return sts.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), sts.EndpointParameters{Region: r, UseFIPS: fips, UseDualStack: dual})
				},
				"iam": func() (smithyendpoints.Endpoint, error) {
					return iam.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), iam.EndpointParameters{Region: r, UseFIPS: fips, UseDualStack: dual})
				},
				"portal.sso": func() (smithyendpoints.Endpoint, error) {
					return sso.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), sso.EndpointParameters{Region: r, UseFIPS: fips, UseDualStack: dual})
				},
			} {
				want, err := resolve()
				if err != nil {
					t.Fatal(err)
				}
				wantRegion := region
				options, _ := smithyauth.GetAuthOptions(&want.Properties)
				for _, o := range options {
					if name, ok := smithyhttp.GetSigV4SigningRegion(&o.SignerProperties); ok {
						wantRegion = name
					}
				}
				if got, signed := address(service, region, v); got != want.URI.String() || signed != wantRegion {
					t.Errorf("%s in %s, %+v: got %s for %s, want %s for %s", service, region, v, got, signed, want.URI.String(), wantRegion)
				}
			}
		}
	}
}
