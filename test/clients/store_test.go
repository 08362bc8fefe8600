package clients_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// A store is a SeaweedFS: S3, STS and IAM at one URL.
type store struct {
	t       *testing.T
	dir     string
	url     string
	root    *iam.Client
	process *process
}

const storeID, storeSecret = "STOREADMINISTRATOR", "not a secret: the store is this test's alone"

// newStore starts a store as the examples do, with an empty bucket photos.
func newStore(t *testing.T) *store {
	t.Helper()
	needAWSCLI(t)
	port := freePorts(t)
	s := &store{t: t, dir: shortDir(t), url: "http://127.0.0.1:" + strconv.Itoa(port)}
	s.root = iam.New(iam.Options{
		Region: "us-east-1", BaseEndpoint: &s.url, Credentials: credentials.NewStaticCredentialsProvider(storeID, storeSecret, ""),
	})
	s.process = startProcess(t, []string{
		"HOME=" + s.dir, "PATH=" + filepath.Dir(peerBinary(t, "weed")) + ":/usr/bin:/bin", "AWS_ACCESS_KEY_ID=" + storeID, "AWS_SECRET_ACCESS_KEY=" + storeSecret,
	}, "/bin/sh", "../../examples/storage/store.sh", s.dir, strconv.Itoa(port))
	s.await()
	if out, err := s.s3api(aws.Credentials{AccessKeyID: storeID, SecretAccessKey: storeSecret}, "create-bucket"); err != nil {
		t.Fatalf("create-bucket: %v\n%s", err, out)
	}
	return s
}

// shortDir is a directory with a short path, which sockets need.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// freePorts finds a port that is free with the three after it, and those 10,000 above: all
// below those that the kernel gives to others.
func freePorts(t *testing.T) int {
	t.Helper()
	free := func(port int) bool {
		for _, p := range []int{port, port + 1, port + 2, port + 3, port + 10000, port + 10001, port + 10002, port + 10003} {
			l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(p))
			if err != nil {
				return false
			}
			l.Close()
		}
		return true
	}
	for range 1000 {
		if port := 12000 + rand.IntN(10000); free(port) {
			return port
		}
	}
	t.Fatal("no ports are free")
	return 0
}

// await waits until the store answers.
func (s *store) await() {
	s.t.Helper()
	every, deadline := time.Tick(patience/200), time.After(2*patience)
	for {
		resp, err := http.Get(s.url + "/healthz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-every:
		case <-s.process.exited:
			s.t.Fatal("the store ended before it answered")
		case <-deadline:
			s.t.Fatalf("the store does not answer: %v", err)
		}
	}
}

// trust makes the store take tokens of an issuer for one audience, and gives the identities
// that they are about a folder each. It returns the role that they take for it.
func (s *store) trust(issuer, audience, role string) (arn string) {
	s.t.Helper()
	ctx := s.t.Context()
	_, err := s.root.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{audience}})
	if err != nil {
		s.t.Fatal(err)
	}
	policy, err := s.root.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: &role, PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::photos/${jwt:sub}/*"}]}`)})
	if err != nil {
		s.t.Fatal(err)
	}
	made, err := s.root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + issuer + `"},"Action":"sts:AssumeRoleWithWebIdentity",
		  "Condition":{"StringEquals":{"oidc:aud":"` + audience + `"}}}]}`)})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.root.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: policy.Policy.Arn}); err != nil {
		s.t.Fatal(err)
	}
	return *made.Role.Arn
}

// exchange shows the store a token, as the SDK's own provider does.
func (s *store) exchange(role, token string) (aws.Credentials, error) {
	unsigned := sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: &s.url, Credentials: aws.AnonymousCredentials{}})
	return stscreds.NewWebIdentityRoleProvider(unsigned, role, tokenText(token)).Retrieve(s.t.Context())
}

var refusal = regexp.MustCompile(`An error occurred \((\w+)\)`)

// s3api runs a command of the AWS command line on the bucket. Its error is the code of a
// refusal.
func (s *store) s3api(c aws.Credentials, command string, more ...string) (stdout string, err error) {
	s.t.Helper()
	w := &world{t: s.t, dir: s.dir, keyID: c.AccessKeyID, secret: c.SecretAccessKey}
	env := w.environAWS()
	if c.SessionToken != "" {
		env = append(env, "AWS_SESSION_TOKEN="+c.SessionToken)
	}
	r := w.run(env, awsCLI, append([]string{"--endpoint-url", s.url, "s3api", command, "--bucket", "photos"}, more...)...)
	if r.code == 0 {
		return r.stdout, nil
	}
	if m := refusal.FindStringSubmatch(r.stderr); m != nil {
		return "", fmt.Errorf("%s", m[1])
	}
	s.t.Fatalf("aws s3api %s %q: %s", command, more, r.stderr)
	return "", nil
}

// keeps checks what credentials are worth: an object in the folder is written and read back,
// and one outside of it is not.
func (s *store) keeps(t *testing.T, c aws.Credentials, folder string) {
	t.Helper()
	text := "hello from " + folder
	file := filepath.Join(t.TempDir(), "object")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.s3api(c, "put-object", "--key", folder+"/hello", "--body", file); err != nil {
		t.Errorf("write into the identity's own folder: %v", err)
		return
	}
	back := file + ".back"
	if _, err := s.s3api(c, "get-object", "--key", folder+"/hello", back); err != nil {
		t.Errorf("read from the identity's own folder: %v", err)
	} else if got, err := os.ReadFile(back); string(got) != text {
		t.Errorf("read back %q, %v, want %q", got, err, text)
	}
	if _, err := s.s3api(c, "put-object", "--key", "us-east-1:somebody-else/hello", "--body", file); err == nil || err.Error() != "AccessDenied" {
		t.Errorf("write into somebody else's folder: got %v, want AccessDenied", err)
	}
	if _, err := s.s3api(c, "list-objects-v2"); err == nil || err.Error() != "AccessDenied" {
		t.Errorf("list the bucket: got %v, want AccessDenied", err)
	}
}

// TestStore: a store with an STS of its own takes our tokens, and its credentials are worth
// what its policies say.
func TestStore(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	t.Run("token", s.takesTokens)
	t.Run("algorithm", s.takesAlgorithms)
	t.Run("upstream", s.standsBehindRole)
}

func (s *store) takesTokens(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.sdk()
	pool := newPool(t, c)
	role := s.trust(w.url, pool, "token")
	alice, token, err := tokenFor(ctx, c, pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	_, ofAnotherPool, err := tokenFor(ctx, c, newPool(t, c), "alice")
	if err != nil {
		t.Fatal(err)
	}
	stranger := newWorld(t)
	_, ofAnotherIssuer, err := tokenFor(ctx, stranger.sdk(), newPool(t, stranger.sdk()), "alice")
	if err != nil {
		t.Fatal(err)
	}
	head, payload, signature := cutToken(t, token)
	_, otherPayload, _ := cutToken(t, ofAnotherPool)
	for name, bad := range map[string]string{
		"of another pool":                 ofAnotherPool,
		"of another issuer":               ofAnotherIssuer,
		"with a changed signature":        head + "." + payload + "." + flipped(signature),
		"with another signature's claims": head + "." + otherPayload + "." + signature,
		"without a signature":             head + "." + payload + ".",
	} {
		if _, err := s.exchange(role, bad); code(err) == "" {
			t.Errorf("the store takes a token %s", name)
		}
	}
	got, err := s.exchange(role, token)
	if err != nil {
		t.Fatalf("the store refuses alice's token: %v", err)
	}
	s.keeps(t, got, alice)

	if r := w.poolkeeper("signing-keys", "rotate", "--now"); r.code != 0 {
		t.Fatalf("rotate: %+v", r)
	}
	_, newer, err := tokenFor(ctx, c, pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if old, new := part(t, token, 0)["kid"], part(t, newer, 0)["kid"]; old == new {
		t.Fatalf("the token after the rotation is still signed by %v", old)
	}
	for name, token := range map[string]string{"new": newer, "old": token} {
		if _, err := s.exchange(role, token); err != nil {
			t.Errorf("the store refuses a token of the %s key: %v", name, err)
		}
	}
}

// takesAlgorithms shows which of ours the store knows.
func (s *store) takesAlgorithms(t *testing.T) {
	for algorithm, known := range map[string]bool{"RS512": true, "RS256": true, "ES256": true, "EdDSA": false} {
		t.Run(algorithm, func(t *testing.T) {
			w := newWorld(t, "--signing-algorithm", algorithm)
			pool := newPool(t, w.sdk())
			_, token, err := tokenFor(t.Context(), w.sdk(), pool, "alice")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.exchange(s.trust(w.url, pool, algorithm), token); (err == nil) != known {
				t.Errorf("got %v, want it taken: %v", err, known)
			}
		})
	}
}

// standsBehindRole has the SDK get credentials of an identity as it always does: they are the
// store's.
func (s *store) standsBehindRole(t *testing.T) {
	w := newWorld(t, "--allow-private-endpoints")
	ctx, c := t.Context(), w.sdk()
	pool := newPool(t, c)
	theirs := s.trust(w.url, pool, "upstream")
	ours, err := w.iam().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("user"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity",
		  "Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"}}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.SetIdentityPoolRoles(ctx, &cognitoidentity.SetIdentityPoolRolesInput{IdentityPoolId: &pool, Roles: map[string]string{"authenticated": *ours.Role.Arn}})
	if err != nil {
		t.Fatal(err)
	}
	alice, token, err := tokenFor(ctx, c, pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	public := w.sdk(func(o *cognitoidentity.Options) { o.Credentials, o.RetryMaxAttempts = aws.AnonymousCredentials{}, 1 })
	ask := func() (aws.Credentials, error) {
		out, err := public.GetCredentialsForIdentity(ctx, &cognitoidentity.GetCredentialsForIdentityInput{
			IdentityId: &alice, Logins: map[string]string{"cognito-identity.amazonaws.com": token},
		})
		if err != nil {
			return aws.Credentials{}, err
		}
		return aws.Credentials{
			AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretKey, SessionToken: *out.Credentials.SessionToken,
			CanExpire: true, Expires: *out.Credentials.Expiration,
		}, nil
	}
	set := func(url, role string) {
		t.Helper()
		if r := w.poolkeeper("upstream", "set", *ours.Role.Arn, "--url", url, "--role", role); r.code != 0 {
			t.Fatalf("upstream set: %+v", r)
		}
	}

	set(s.url, strings.TrimSuffix(theirs, "upstream")+"none")
	if _, err := ask(); code(err) != "InvalidIdentityPoolConfigurationException" {
		t.Errorf("for a role that the store does not have: got %v", err)
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	set("http://"+nobody.Addr().String(), theirs)
	if _, err := ask(); code(err) != "ExternalServiceException" {
		t.Errorf("while the store is away: got %v", err)
	}
	set(s.url, theirs)
	got, err := ask()
	if err != nil {
		t.Fatalf("GetCredentialsForIdentity: %v", err)
	}
	if left := time.Until(got.Expires); left < 55*time.Minute || left > time.Hour+time.Second {
		t.Errorf("the credentials end in %v, want an hour", left)
	}
	s.keeps(t, got, alice)
}

// TestStorageExamples runs the examples as a reader does.
func TestStorageExamples(t *testing.T) {
	t.Parallel()
	needAWSCLI(t)
	weed := peerBinary(t, "weed")
	for _, name := range []string{"web-identity", "upstream"} {
		t.Run(name, func(t *testing.T) {
			script, err := filepath.Abs("../../examples/storage/" + name + ".sh")
			if err != nil {
				t.Fatal(err)
			}
			pools, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			pools.Close()
			_, port, _ := net.SplitHostPort(pools.Addr().String())
			dir := shortDir(t)
			p := startProcess(t, []string{
				"HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C.UTF-8", "PATH=" + filepath.Dir(program) + ":" + filepath.Dir(weed) + ":/usr/bin:/bin",
				"POOLKEEPER_PORT=" + port, "STORE_PORT=" + strconv.Itoa(freePorts(t)),
			}, "/bin/sh", script)
			select {
			case <-p.exited:
			case <-time.After(4 * patience):
				t.Fatal("the example does not end")
			}
			if exit := p.cmd.ProcessState.ExitCode(); exit != 0 || !strings.HasSuffix(p.log.String(), "read back: hello from alice\nrefused: (AccessDenied)\n") {
				t.Errorf("the example exits with code %d", exit)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("the example leaves %v behind (%v)", left, err)
			}
		})
	}
}
