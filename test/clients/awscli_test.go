package clients_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

var update = flag.Bool("update", false, "write what the AWS command line prints into testdata/aws")

// TestAWSCLI replays the sessions in testdata/aws, each on a server of its own. A session
// is what a person would see in a terminal, but for three things: error output is
// marked with "! ", an exit code other than 0 stands in brackets, and ids, tokens and
// dates have names, such as POOL1, in the order in which they are first printed. A
// blank line ends the output of a command.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	needAWSCLI(t)
	files, err := filepath.Glob("testdata/aws/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sessions in testdata/aws (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newSession(t).replay(string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for i, step := range steps(got) {
				if want := steps(string(text))[i]; step != want {
					t.Errorf("%s: got\n%s\nwant\n%s", file, step, want)
				}
			}
		})
	}
}

// TestAWSCLI_Complete holds the sessions to the description: each operation is called.
func TestAWSCLI_Complete(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/aws/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	words := regexp.MustCompile(`[A-Z]+[a-z]*`)
	for _, service := range []*api.Service{api.CognitoIdentity, api.IAM, api.STS} {
		for _, op := range service.Operations {
			// The command line has names of its own for these.
			name := strings.NewReplacer("OpenIDConnect", "OpenIdConnect", "SAMLProvider", "SamlProvider", "ClientID", "ClientId").Replace(op.Name)
			command := strings.ToLower(strings.TrimPrefix(words.ReplaceAllString(name, "-$0"), "-"))
			if !regexp.MustCompile(`aws ` + service.Name + ` ` + command + `\s`).MatchString(all.String()) {
				t.Errorf("no session in testdata/aws has the command %s of %s", command, service.Name)
			}
		}
	}
}

// A session is a terminal in which "aws" speaks to the world's server.
type session struct {
	*world
	env []string
	// names are the names given so far, by what they stand for.
	names map[string]string
}

func newSession(t *testing.T) *session {
	t.Helper()
	w := newWorld(t)
	bin := filepath.Join(w.dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	// The Debian release of the AWS command line takes the endpoint as an option only.
	aws := fmt.Sprintf("#!/bin/sh\nexec %s --endpoint-url %s \"$@\"\n", awsCLI, w.url)
	if err := os.WriteFile(filepath.Join(bin, "aws"), []byte(aws), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(bin, "poolkeeper")); err != nil {
		t.Fatal(err)
	}
	return &session{
		world: w,
		env:   w.environAWS("PATH="+bin+":/usr/bin:/bin", "POOLKEEPER_DATA="+w.data),
		names: map[string]string{w.keyID: "KEY", w.url: "URL"},
	}
}

// steps splits a session at its commands. The first part is what stands before them.
func steps(text string) []string {
	return strings.Split(text, "\n$ ")
}

// replay runs the commands of a session and returns it with the output that they have.
func (s *session) replay(text string) string {
	parts := steps(text)
	for i, part := range parts[1:] {
		command, rest, _ := strings.Cut(part, "\n")
		for strings.HasSuffix(command, `\`) {
			var line string
			line, rest, _ = strings.Cut(rest, "\n")
			command += "\n" + line
		}
		// What follows the blank line is a comment on the next command.
		_, comment, _ := strings.Cut("\n"+rest, "\n\n")
		if comment != "" {
			comment = "\n" + comment
		}
		parts[i+1] = command + "\n" + s.output(s.run(s.env, "/bin/sh", "-c", s.expand(command))) + comment
	}
	return strings.Join(parts, "\n$ ")
}

// later is what releases after 2.9 put before their messages.
var later = strings.NewReplacer("aws: [ERROR]: ", "", "An error occurred (ParamValidation): ", "")

// output writes down what a command did.
func (s *session) output(r result) string {
	var b strings.Builder
	b.WriteString(s.name(r.stdout))
	if text := strings.TrimSpace(later.Replace(s.name(r.stderr))); text != "" {
		b.WriteString("! " + strings.ReplaceAll(text, "\n", "\n! ") + "\n")
	}
	if r.code != 0 {
		fmt.Fprintf(&b, "[%d]\n", r.code)
	}
	return b.String()
}

var (
	// changing are the members whose values differ from run to run.
	changing = regexp.MustCompile(`"(IdentityPoolId|IdentityId|Token|NextToken|CreationDate|LastModifiedDate|CreateDate|UpdateDate|UserId|RoleId|PolicyId|AccessKeyId|SecretAccessKey|SecretKey|SessionToken|Expiration)": "([^"]+)"`)
	kinds    = map[string]string{
		"IdentityPoolId": "POOL", "IdentityId": "IDENTITY", "Token": "TOKEN", "NextToken": "PAGE",
		"CreationDate": "DATE", "LastModifiedDate": "DATE", "CreateDate": "WHEN", "UpdateDate": "WHEN",
		"UserId": "UID", "RoleId": "ROLEID", "PolicyId": "POLICYID", "AccessKeyId": "AKID", "SecretAccessKey": "SECRET", "SecretKey": "SECRET",
		"SessionToken": "SESSION", "Expiration": "WHEN",
	}
	// forms are what a value of a kind looks like: one that does not is not given a name.
	forms = map[string]*regexp.Regexp{
		"POOL":     regexp.MustCompile(`^(us-east-1|eu-west-1):[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`),
		"IDENTITY": regexp.MustCompile(`^(us-east-1|eu-west-1):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`),
		"TOKEN":    regexp.MustCompile(`^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$`),
		"PAGE":     regexp.MustCompile(`^[\w=-]+$`),
		"DATE":     regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d\d\d000)?\+00:00$`),
		"WHEN":     regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$`),
		"UID":      regexp.MustCompile(`^AIDA[A-Z2-7]{17}$`),
		"ROLEID":   regexp.MustCompile(`^AROA[A-Z2-7]{17}$`),
		"POLICYID": regexp.MustCompile(`^ANPA[A-Z2-7]{17}$`),
		"AKID":     regexp.MustCompile(`^A[KS]IA[A-Z2-7]{16}$`),
		"SESSION":  regexp.MustCompile(`^[\w-]{200,}$`),
		"SECRET":   regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`),
	}
	named = regexp.MustCompile(`\b(POOL|IDENTITY|TOKEN|PAGE|DATE|KEY|URL|UID|ROLEID|POLICYID|AKID|SECRET|SESSION)\d*\b`)
)

// name puts names in the place of what changes from run to run.
func (s *session) name(output string) string {
	for _, m := range changing.FindAllStringSubmatch(output, -1) {
		kind, value := kinds[m[1]], m[2]
		if _, known := s.names[value]; known || !forms[kind].MatchString(value) {
			continue
		}
		if kind == "WHEN" {
			// In whole seconds: two may or may not be the same.
			s.names[value] = kind
			continue
		}
		n := 1
		for _, name := range s.names {
			if strings.TrimRight(name, "0123456789") == kind {
				n++
			}
		}
		s.names[value] = fmt.Sprint(kind, n)
	}
	// Longest first: one value may be a part of another.
	values := slices.SortedFunc(maps.Keys(s.names), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, value := range values {
		output = strings.ReplaceAll(output, value, s.names[value])
	}
	return output
}

// expand is the inverse of name.
func (s *session) expand(command string) string {
	return named.ReplaceAllStringFunc(command, func(name string) string {
		for value, n := range s.names {
			if n == name {
				return value
			}
		}
		return name
	})
}
