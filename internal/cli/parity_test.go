package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A parityCase is a command that AWS's command line and ours are given.
type parityCase struct {
	// command is what stands behind "aws", in words as a shell splits them. Words that begin
	// with "gtd" stand for the longest of the commands.
	command string
	// args, if not nil, are its words instead.
	args []string
	env  map[string]string
	// answers are those of the endpoint, in turn; the last one repeats. None: an empty object.
	answers []answer
	stdin   string
	// config and credentials are the files of that name.
	config, credentials string
	// message is what ours says where AWS's says something else, and why; "-" is nothing.
	message, why string
	// stdout is what ours prints where AWS's prints something else, for the reason in why;
	// "-" is nothing.
	stdout string
	// zero: our exit code is 0 whatever theirs is, for the reason in why.
	zero bool
}

// An answer is one of the endpoint.
type answer struct {
	status int
	header string
	body   string
}

// A sent request is what counts of it.
type sentRequest struct {
	Method, Path, Body string
	Header             map[string]string
}

// A recorder is an endpoint that keeps what it was sent.
type recorder struct {
	*httptest.Server
	mu      sync.Mutex
	sent    []sentRequest
	answers []answer
}

var signatureParts = regexp.MustCompile(`Credential=([^/]+)/\d{8}/([^,]+), SignedHeaders=([^,]+)`)

func newRecorder(t *testing.T) *recorder {
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		s := sentRequest{Method: req.Method, Path: req.URL.Path, Body: string(body), Header: map[string]string{}}
		for _, name := range []string{"Content-Type", "X-Amz-Target", "X-Amz-Security-Token", "Accept-Encoding"} {
			s.Header[name] = req.Header.Get(name)
		}
		if m := signatureParts.FindStringSubmatch(req.Header.Get("Authorization")); m != nil {
			s.Header["Authorization"] = strings.Join(m[1:], " ")
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sent = append(r.sent, s)
		a := answer{body: "{}"}
		if len(r.answers) > 0 {
			a = r.answers[0]
			if len(r.answers) > 1 {
				r.answers = r.answers[1:]
			}
		}
		w.Header().Set("Content-Type", req.Header.Get("Content-Type"))
		if name, value, ok := strings.Cut(a.header, ": "); ok {
			w.Header().Set(name, value)
		}
		if a.status != 0 {
			w.WriteHeader(a.status)
		}
		io.WriteString(w, a.body)
	}))
	t.Cleanup(r.Close)
	return r
}

// reset forgets what was sent and sets what is answered.
func (r *recorder) reset(answers []answer) []sentRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent, r.answers = nil, slices.Clone(answers)
	return sent
}

// An outcome is what came of a command.
type outcome struct {
	Stdout, Stderr string
	Code           int
}

// A realAWS is AWS's command line.
type realAWS struct {
	in  io.Writer
	out *bufio.Reader
}

func startAWS(t *testing.T) *realAWS {
	t.Helper()
	if _, err := os.Stat("/usr/lib/python3/dist-packages/awscli/clidriver.py"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("Debian's awscli is missing")
		}
		t.Skip("Debian's awscli is not here: nothing to compare with")
	}
	cmd := exec.Command("/usr/bin/python3", "testdata/aws.py")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &realAWS{in, bufio.NewReader(out)}
}

func (a *realAWS) run(t *testing.T, args []string, env map[string]string, stdin, dir string) outcome {
	t.Helper()
	command, err := json.Marshal(map[string]any{"args": args, "env": env, "stdin": stdin, "dir": dir})
	if err != nil {
		t.Fatal(err)
	}
	// A byte that is no UTF-8, which is 0xff in all cases, is half a surrogate pair in Python.
	command = bytes.ReplaceAll(command, []byte(`\ufffd`), []byte(`\udcff`))
	if _, err := a.in.Write(append(command, '\n')); err != nil {
		t.Fatal(err)
	}
	line, err := a.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	if err := json.Unmarshal(line, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func testVersion() string { return "test" }

// ours runs our command line, called aws.
func ours(t *testing.T, args []string, env map[string]string, stdin string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := &Command{
		Name: "aws", Version: testVersion, Services: []*api.Service{api.CognitoIdentity, api.STS, api.IAM},
		Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Stdin:  strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr, Now: time.Now,
		Ask: func(string) (string, error) { return "", errors.New("there is no terminal to ask at") },
	}
	zone, err := time.LoadLocation(cmp.Or(env["TZ"], "UTC"))
	if err != nil {
		t.Fatal(err)
	}
	c.Location = zone
	code := c.Run(t.Context(), args)
	return outcome{stdout.String(), stderr.String(), code}
}

const usageText = `usage: aws [options] <command> <subcommand> [<subcommand> ...] [parameters]
To see help text, you can run:

  aws help
  aws <command> help
  aws <command> <subcommand> help
`

// ourMessage is the message in our error output, without head and usage. Their places are
// checked by TestLayout.
func ourMessage(stderr string) string {
	stderr = strings.Replace(stderr, usageText, "", 1)
	_, message, ok := strings.Cut(stderr, "aws: [ERROR]: ")
	if !ok {
		return stderr
	}
	for _, class := range []string{"ParamValidation", "NoRegion", "NoCredentials", "Configuration"} {
		message = strings.TrimPrefix(message, "An error occurred ("+class+"): ")
	}
	return strings.TrimSpace(message)
}

// theirMessage is the same of the older command line that ours is compared with.
func theirMessage(stderr string) string {
	message := strings.Replace(stderr, usageText, "", 1)
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(message), "aws: error: "))
}

// newer changes a message of the older command line to what the newer one, which ours
// follows, says.
func newer(message string) string {
	// One more space in errors of shorthand.
	if at := strings.Index(message, " for input:\n"); at >= 0 && strings.Contains(message, "Expected: '") {
		at += len(" for input:\n")
		message = message[:at] + " " + message[at:]
	}
	if head, rest, ok := strings.Cut(message, ": Invalid choice, valid choices are:\n"); ok {
		_, suggestions, found := strings.Cut(rest, "\nInvalid choice: ")
		message = head + ": Found invalid choice " // and what, which the older says only with suggestions
		if found {
			word, list, _ := strings.Cut(suggestions, ", maybe you meant:\n")
			message += word + "\n\nMaybe you meant:\n" + list
		}
	}
	for python, plain := range map[string]string{
		"<class 'str'>": "string", "<class 'int'>": "integer", "<class 'bool'>": "boolean", "<class 'float'>": "number",
		"<class 'list'>, <class 'tuple'>": "list", "<class 'list'>": "list", "<class 'dict'>": "map", "<class 'NoneType'>": "null",
		"<class 'collections.OrderedDict'>": "map", "<class 'bytes'>": "bytes",
	} {
		message = strings.ReplaceAll(message, python, plain)
	}
	return message
}

func (c *parityCase) words(url string) []string {
	if c.args != nil {
		return c.args
	}
	words := splitWords(c.command)
	if words[0] == "gtd" {
		words = slices.Concat([]string{"cognito-identity", "get-open-id-token-for-developer-identity"}, words[1:])
	}
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "URL", url)
	}
	return words
}

// TestParity gives AWS's command line and ours the same words, with the same endpoint, and
// compares what they send, print and exit with.
func TestParity(t *testing.T) {
	t.Parallel()
	groups := parityCases()
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			aws := startAWS(t)
			endpoint := newRecorder(t)
			for _, c := range groups[name] {
				c.compare(t, aws, endpoint)
			}
		})
	}
}

func (c *parityCase) compare(t *testing.T, aws *realAWS, endpoint *recorder) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		".aws/config": c.config, ".aws/credentials": c.credentials, "logins.json": `{"a": "b"}`, "logins.txt": "a=b\n",
		"id": "us-east-1:file", "number": "60\n", "latin1": "caf\xe9", "utf16": "\xff\xfec\x00\xe9\x00", "list.json": `["x", "y"]`,
		"input.json": `{"IdentityPoolId": "from file", "Logins": {"a": "file"}}`, "input.yaml": "IdentityPoolId: from yaml\nLogins:\n  a: b\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{
		"HOME": dir, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
	}
	for name, value := range c.env {
		env[name] = value
		if value == "-" {
			delete(env, name)
		}
	}
	words := c.words(endpoint.URL)
	if !slices.Contains(words, "--endpoint-url") && !strings.Contains(strings.Join(words, " "), "--endpoint-url=") {
		// The older command line takes the endpoint from an option alone.
		words = slices.Concat([]string{"--endpoint-url", endpoint.URL}, words)
	}
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "DIR", dir)
	}
	endpoint.reset(c.answers)
	theirs := aws.run(t, words, env, c.stdin, dir)
	theirRequests := endpoint.reset(c.answers)
	got := ours(t, words, env, c.stdin)
	requests := endpoint.reset(nil)

	name := c.command
	if c.args != nil {
		name = strings.Join(c.args, " ")
	}
	wantOut, wantCode, wantMessage := theirs.Stdout, theirs.Code, newer(theirMessage(theirs.Stderr))
	if c.stdout != "" {
		wantOut = c.stdout
		if wantOut == "-" {
			wantOut = ""
		}
	}
	if c.zero {
		wantCode = 0
	}
	if got.Stdout != wantOut {
		t.Errorf("%s\nstdout\n%s", name, gocmp.Diff(wantOut, got.Stdout))
	}
	if got.Code != wantCode {
		t.Errorf("%s\nexit code %d, want %d: %s", name, got.Code, wantCode, got.Stderr)
	}
	if diff := gocmp.Diff(theirRequests, requests); diff != "" {
		t.Errorf("%s\nrequests\n%s", name, diff)
	}
	if c.message != "" {
		if c.why == "" {
			t.Errorf("%s\ndiffers without a reason", name)
		}
		if wantMessage = c.message; wantMessage == "-" {
			wantMessage = ""
		}
	}
	message := strings.ReplaceAll(ourMessage(got.Stderr), dir, "DIR")
	wantMessage = strings.ReplaceAll(wantMessage, dir, "DIR")
	if strings.HasSuffix(wantMessage, "Found invalid choice ") {
		message, _, _ = strings.Cut(message, "'")
	}
	if message != wantMessage {
		t.Errorf("%s\nmessage\n%s", name, gocmp.Diff(wantMessage, message))
	}
}
