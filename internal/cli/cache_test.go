package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A keptCase is a profile whose credentials are kept.
type keptCase struct {
	config string
	env    []string
	// asks are the calls for credentials that the first command makes, as a part of each.
	asks []string
	// terminal: the real command would ask for a code, so that it never goes first.
	terminal bool
}

func keptCases() map[string]keptCase {
	const head = "[profile p]\nregion = us-east-1\n"
	const key = "[profile q]\n" + oracleKeys
	return map[string]keptCase{
		"role":                {config: head + oracleRole + "a\nsource_profile = q\n" + key, asks: []string{"Action=AssumeRole "}},
		"session":             {config: head + oracleRole + "a\nsource_profile = q\nrole_session_name = me\n" + key, asks: []string{" RoleSessionName=me"}},
		"all of a role":       {config: head + oracleRole + "a\nsource_profile = q\nexternal_id = \"é\"\nduration_seconds = 3600\n" + key, asks: []string{" DurationSeconds=3600"}},
		"code":                {config: head + oracleRole + "a\nsource_profile = q\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n" + key, asks: []string{" TokenCode=123456"}, terminal: true},
		"role by a role":      {config: head + oracleRole + "a\nsource_profile = r\n[profile r]\n" + oracleRole + "b\nsource_profile = q\n" + key, asks: []string{"role/b", "role/a"}},
		"web identity":        {config: head + oracleRole + "a\nweb_identity_token_file = HOME/token\n", asks: []string{"Action=AssumeRoleWithWebIdentity "}},
		"web identity of env": {config: head, env: []string{"AWS_WEB_IDENTITY_TOKEN_FILE=HOME/token", "AWS_ROLE_ARN=arn:aws:iam::111122223333:role/a", "AWS_ROLE_SESSION_NAME=me"}, asks: []string{" RoleSessionName=me"}},
		"single sign-on":      {config: head + "sso_start_url = https://start.example\nsso_region = eu-west-1\n" + oracleSSO, asks: []string{"/federation/credentials"}},
		"sign-on by session":  {config: head + "sso_session = work\n" + oracleSSO + "[sso-session work]\nsso_start_url = https://start.example\nsso_region = eu-west-1\n", asks: []string{"/federation/credentials"}},
	}
}

// cacheFiles are the files of the cache.
func cacheFiles(t *testing.T, env map[string]string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(env["HOME"], ".aws", "cli", "cache", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// forget empties the cache.
func forget(t *testing.T, env map[string]string) {
	t.Helper()
	for _, file := range cacheFiles(t, env) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// checkAsked checks that a command asked for credentials as it should, before it made its call.
func checkAsked(t *testing.T, who string, sent, asks []string) {
	t.Helper()
	ok := len(sent) == len(asks)+1
	for i, ask := range asks {
		ok = ok && strings.Contains(sent[i]+" ", ask)
	}
	if !ok || !strings.Contains(sent[len(asks)], "DescribeIdentityPool ASIA") {
		t.Errorf("%s sent %q, want calls with %q and then its own", who, sent, asks)
	}
}

// TestCache: credentials that a role gave are used until they are about to end, and are for
// their owner alone.
func TestCache(t *testing.T) {
	t.Parallel()
	for name, test := range keptCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			s := setup{env: append(test.env, "AWS_PROFILE=p"), config: test.config}
			env := s.write(t, c)
			run := func(asks []string) {
				t.Helper()
				sent, o := ourselves(t, c, &s, env)
				if o.Code != 0 {
					t.Fatalf("got %+v", o)
				}
				checkAsked(t, "ours", sent, asks)
			}
			run(test.asks)
			run(nil)
			files := cacheFiles(t, env)
			if len(files) != len(test.asks) {
				t.Fatalf("kept %q", files)
			}
			for path, mode := range map[string]os.FileMode{files[0]: 0o600, filepath.Dir(files[0]): os.ModeDir | 0o700} {
				if info, err := os.Stat(path); err != nil || info.Mode() != mode {
					t.Errorf("%s: %v, %v", path, info.Mode(), err)
				}
			}
			good, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			end := time.Now().Add(renewBefore - time.Second).UTC()
			for _, bad := range []string{
				"", "{", "[]", `{"Credentials": {"AccessKeyId": "ASIAx", "SecretAccessKey": "s", "SessionToken": "t"}}`,
				`{"Credentials": {"AccessKeyId": "ASIAx", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "` + end.Format(time.RFC3339) + `"}}`,
				`{"Credentials": {"SessionToken": "t", "Expiration": "2100-01-01T00:00:00UTC"}}`,
			} {
				for _, file := range files {
					if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				run(test.asks)
				run(nil)
			}
			if again, err := os.ReadFile(files[0]); err != nil || string(again) != string(good) {
				t.Errorf("got %s, %v, want %s", again, err, good)
			}
			// Where nothing can be kept, each command asks.
			dir := filepath.Dir(files[0])
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			run(test.asks)
			run(test.asks)
		})
	}
}

// TestCache_Shared: of AWS's command line and ours, one uses what the other keeps.
func TestCache_Shared(t *testing.T) {
	t.Parallel()
	aws := startAWS(t)
	c := newCloudAs(t, certificateOfAWS(t))
	proxy := proxyTo(t, c)
	theirs := func(t *testing.T, env map[string]string) []string {
		t.Helper()
		env = maps.Clone(env)
		env["HTTPS_PROXY"], env["PATH"] = proxy, "/usr/bin:/bin"
		args := []string{"cognito-identity", "describe-identity-pool", "--identity-pool-id", "x"}
		if o := aws.run(t, args, env, "", env["HOME"]); o.Code != 0 {
			t.Fatalf("aws: %+v", o)
		}
		return c.take()
	}
	for name, test := range keptCases() {
		t.Run(name, func(t *testing.T) {
			s := setup{env: append(test.env, "AWS_PROFILE=p", "AWS_CA_BUNDLE=HOME/ca.pem"), config: test.config, verify: true}
			env := s.write(t, c)
			sent, o := ourselves(t, c, &s, env)
			if o.Code != 0 {
				t.Fatalf("got %+v", o)
			}
			checkAsked(t, "ours", sent, test.asks)
			checkAsked(t, "aws", theirs(t, env), nil)
			if test.terminal {
				return
			}
			forget(t, env)
			checkAsked(t, "aws", theirs(t, env), test.asks)
			sent, o = ourselves(t, c, &s, env)
			if o.Code != 0 {
				t.Fatalf("got %+v", o)
			}
			checkAsked(t, "ours", sent, nil)
		})
	}
}

// certificateOfAWS is one for the hosts of AWS that these tests call.
func certificateOfAWS(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"sts.amazonaws.com", "*.us-east-1.amazonaws.com", "portal.sso.eu-west-1.amazonaws.com"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// proxyTo starts a proxy that leads to c, whatever is asked for, and returns its URL.
func proxyTo(t *testing.T, c *cloud) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go tunnel(client, c.Listener.Addr().String(), make(chan string, 1))
		}
	}()
	return fmt.Sprintf("http://%s", l.Addr())
}
