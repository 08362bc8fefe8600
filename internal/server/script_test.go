package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// The scripts in testdata say what goes over the wire. One is made of exchanges, and of
// comments that explain what is expected and why:
//
//	call OPERATION [by WHO] [in REGION] [at OFFSET] [presigned]
//	send METHOD TARGET [for SERVICE] [by WHO] [in REGION] [at OFFSET] [presigned]
//	control OPERATION
//	Header-Name: value
//	{"the":"body"}
//	answer STATUS
//	header-Name: value
//	{"the":"body"}
//	keep NAME = MEMBER.PATH
//	decode MEMBER
//
// call sends what an SDK sends; header lines add to it. send sends the headers that
// stand there and nothing but Host and Content-Length. Unsigned unless somebody is named:
// root of the site's account, other (root of another account), dev (the key of --dev),
// nobody (a key that does not exist), liar (root's key id, another secret), session
// (root with a session token). OFFSET moves the signer's clock against the server's.
// Behind "for" stands the service that a send is signed for, where it is another. control
// calls the operators' service. An operation of IAM or STS is called with its form, without
// Action and Version, whose lines are joined by ampersands.
//
// A body that is not a line of text is given as "body" and Go string literals, each
// with an optional "*COUNT" behind it.
//
// The answer's headers are given to the letter and complete, but for those that the runner checks
// by itself: Date, Content-Length, a fresh x-amzn-RequestId, which XML repeats as
// ${request}, and the usual Content-Type.
//
// keep names a value of the answer, in XML the first of that name; ${NAME} stands for it
// from there on, in that answer as well, and ${NAME%} for the value as a form has it. decode
// shows the header and the payload of a token.
//
// Between exchanges, "wait DURATION" moves the clock, which stands still otherwise, and
// "make keys" makes the signing keys that pools ask for, as a server does by itself in the
// background; "break store" makes the store fail, and "sign NAME ID SECRET" gives somebody else the
// name, who signs with a key from there on, and a session token if there is a third word.
// "token NAME {...}" keeps an ID token of op.example, in which the claims replace those of
// ann. ${upstream} is the URL of a host with three security token services: /sts, /refuses and
// /fails. ${keydir} is the directory of the master key, where "key NAME" makes another one. ${stamp} is the time as signatures write it, ${day}
// its day; ${root}, ${other} and ${dev} are access key ids.
//
// go test -update writes the answers anew: read the difference.
var update = flag.Bool("update", false, "rewrite the answers in testdata/*.txt")

// mediaXML is what an answer of a Query service is.
const mediaXML = "text/xml"

// A script is a file of testdata. Its steps keep the text they were read from.
type script struct{ steps []*step }

type step struct {
	line int
	// text holds what comes before the exchange: comments, blank lines and commands.
	text []string
	// ask holds the request's lines; nil at the end of the file.
	ask []string
	// want holds the answer's lines, from "answer" on; after holds keep and decode.
	want, after []string
}

func parseScript(t testing.TB, path string) *script {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := new(script)
	now := new(step)
	state := &now.text
	for n, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n") {
		word, _, _ := strings.Cut(line, " ")
		switch {
		case state == &now.text && (word == "call" || word == "send" || word == "control"):
			state, now.line = &now.ask, n+1
		case state == &now.ask && word == "answer":
			state = &now.want
		case (state == &now.want || state == &now.after) && (word == "keep" || word == "decode"):
			state = &now.after
		case (state == &now.want || state == &now.after) && line == "":
			s.steps = append(s.steps, now)
			now = new(step)
			state = &now.text
		case state == &now.ask && line == "":
			t.Fatalf("%s:%d: a request without an answer", path, n+1)
		}
		*state = append(*state, line)
	}
	s.steps = append(s.steps, now)
	return s
}

func (s *script) String() string {
	var lines []string
	for _, p := range s.steps {
		lines = slices.Concat(lines, p.text, p.ask, p.want, p.after)
	}
	return strings.Join(lines, "\n") + "\n"
}

// operation returns the operation that the step calls, if its ask says so.
func (p *step) operation() string {
	if len(p.ask) > 0 {
		if f := strings.Fields(p.ask[0]); f[0] == "call" || f[0] == "control" {
			return f[1]
		}
	}
	return ""
}

// outcome returns the status and, of an error, the code that the step expects.
func (p *step) outcome() (status, code string) {
	if len(p.want) == 0 {
		return "", ""
	}
	_, status, _ = strings.Cut(p.want[0], " ")
	for _, line := range p.want {
		if c := xmlCode.FindStringSubmatch(line); c != nil {
			return status, c[1]
		}
	}
	var body struct {
		Type string `json:"__type"`
	}
	if json.Unmarshal([]byte(p.want[len(p.want)-1]), &body) != nil {
		return status, ""
	}
	return status, body.Type
}

var xmlCode = regexp.MustCompile(`<Code>(\w+)</Code>`)

func scripts(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	return paths
}

func TestScripts(t *testing.T) {
	t.Parallel()
	for _, path := range scripts(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			runScript(t, path)
		})
	}
}

// A run is a script on its way.
type run struct {
	site               *site
	address, operators string
	vars               map[string]string
	ids                map[string]bool
}

func runScript(t *testing.T, path string) {
	site := newSite(t, change{})
	r := &run{site: site, address: site.listen(t), operators: site.listenControl(t), vars: map[string]string{}, ids: map[string]bool{}}
	for _, name := range []string{"root", "other", "dev"} {
		r.vars[name] = site.who[name].AccessKeyID
	}
	r.vars["upstream"] = site.provider.url
	r.vars["keydir"] = site.master.Dir
	s := parseScript(t, path)
	for _, p := range s.steps {
		for _, line := range p.text {
			r.command(t, path, line)
		}
		if p.ask == nil {
			continue
		}
		where := fmt.Sprintf("%s:%d", path, p.line)
		address, req := r.request(t, where, p.ask)
		got := send(t, address, req)
		r.checkAlways(t, where, req, got)
		for _, line := range p.after {
			r.keep(t, where, line, got)
		}
		want := []string{}
		for _, line := range p.want {
			want = append(want, r.expand(t, where, line))
		}
		lines, after := r.show(t, where, p, got)
		if *update {
			p.want, p.after = r.names(lines), after
			continue
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("%s: %s\n(-want +got)\n%s", where, p.ask[0], diff)
		}
		if diff := cmp.Diff(p.after, after); diff != "" {
			t.Errorf("%s: %s: token (-want +got)\n%s", where, p.ask[0], diff)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(s.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *run) command(t *testing.T, where, line string) {
	t.Helper()
	switch {
	case line == "" || strings.HasPrefix(line, "#"):
	case strings.HasPrefix(line, "sign "):
		words := strings.Fields(r.expand(t, where, line))
		who := sigv4.Credentials{AccessKeyID: words[2], SecretAccessKey: words[3]}
		if len(words) > 4 {
			who.SessionToken = words[4]
		}
		r.site.who[words[1]] = who
	case strings.HasPrefix(line, "token "):
		name, text, _ := strings.Cut(strings.TrimPrefix(line, "token "), " ")
		var claims map[string]any
		if err := json.Unmarshal([]byte(r.expand(t, where, text)), &claims); err != nil {
			t.Fatalf("%s: %s: %v", where, line, err)
		}
		r.vars[name] = r.site.provider.token(t, claims)
	case strings.HasPrefix(line, "key "):
		if _, err := seal.CreateFile(filepath.Join(r.site.master.Dir, strings.TrimPrefix(line, "key "))); err != nil {
			t.Fatal(err)
		}
	case line == "make keys":
		if err := r.site.keys.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
	case line == "break store":
		r.site.db.Close()
	case strings.HasPrefix(line, "wait "):
		d, err := time.ParseDuration(strings.TrimPrefix(line, "wait "))
		if err != nil {
			t.Fatal(err)
		}
		r.site.clock.advance(d)
	default:
		t.Fatalf("script: what is %q?", line)
	}
}

// request reads what is to be sent, and to where.
func (r *run) request(t *testing.T, where string, ask []string) (address string, req *request) {
	t.Helper()
	words := strings.Fields(r.expand(t, where, ask[0]))
	address = r.address
	sign := signing{service: api.CognitoIdentity.Name, region: region, at: r.site.clock.Now()}
	if words[0] == "control" {
		address = r.operators
	}
	query := queryService(words[1])
	isCall := words[0] != "send"
	switch {
	case isCall && query != nil:
		sign.service = query.Name
		req, words = callQuery(query, words[1], ""), words[2:]
	case words[0] == "call" && api.Identities.Operation(words[1]) != nil:
		sign.service = api.Identities.Name
		req, words = call(api.Identities.TargetPrefix, words[1], ""), words[2:]
	case words[0] == "call":
		req, words = callCognito(words[1], ""), words[2:]
	case words[0] == "control":
		req, words = call("PoolkeeperControl", words[1], ""), words[2:]
	default:
		req, words = &request{method: words[1], target: words[2], header: []field{{"Host", host}}}, words[3:]
	}
	signed, presigned := false, false
	for len(words) > 0 {
		switch words[0] {
		case "by":
			var known bool
			if sign.who, known = r.site.who[words[1]]; !known {
				t.Fatalf("%s: who is %s?", where, words[1])
			}
			signed, words = true, words[2:]
		case "for":
			sign.service, words = words[1], words[2:]
		case "in":
			sign.region, words = words[1], words[2:]
		case "at":
			d, err := time.ParseDuration(words[1])
			if err != nil {
				t.Fatalf("%s: %v", where, err)
			}
			sign.at, words = sign.at.Add(d), words[2:]
		case "presigned":
			presigned, words = true, words[1:]
		default:
			t.Fatalf("%s: what is %q?", where, words[0])
		}
	}
	var added []field
	for _, line := range ask[1:] {
		line = r.expand(t, where, line)
		name, value, isField := strings.Cut(line, ": ")
		switch {
		case strings.HasPrefix(line, "body "):
			req.body = literal(t, where, strings.TrimPrefix(line, "body "))
		case isField && headerName.MatchString(name):
			if name == "Host" || name == "X-Amz-Target" || name == "Content-Type" {
				req.set(name, "") // the script's own replaces it
			}
			added = append(added, field{name, value})
		case isCall && query != nil:
			req.body = append(req.body, "&"+line...)
		default:
			req.body = []byte(line)
		}
	}
	req.header = append(req.header, added...)
	switch {
	case presigned:
		sign.presign(t, req, 0)
	case signed:
		sign.sign(t, req)
	}
	return address, req
}

var headerName = regexp.MustCompile(`\A[A-Za-z0-9_-]+\z`)

// queryService returns the service of the Query protocol that has the operation, or nil.
func queryService(operation string) *api.Service {
	for _, s := range []*api.Service{api.IAM, api.STS} {
		if s.Operation(operation) != nil {
			return s
		}
	}
	return nil
}

// literal returns what Go string literals with counts stand for.
func literal(t *testing.T, where, text string) (body []byte) {
	t.Helper()
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			t.Fatalf("%s: %q: %v", where, text, err)
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("%s: %q: %v", where, quoted, err)
		}
		text = text[len(quoted):]
		n := 1
		if strings.HasPrefix(text, "*") {
			digits, rest, _ := strings.Cut(text[1:], " ")
			if n, err = strconv.Atoi(digits); err != nil {
				t.Fatalf("%s: %v", where, err)
			}
			text = rest
		}
		body = append(body, strings.Repeat(value, n)...)
	}
	return body
}

// long matches what is too long to read: the letter of a run, repeated.
var long = regexp.MustCompile(`u{64,}|\x{1f600}{64,}`)

// spell is the inverse of literal.
func spell(body string) string {
	var parts []string
	for body != "" {
		at := long.FindStringIndex(body)
		if at == nil {
			parts = append(parts, strconv.Quote(body))
			break
		}
		run := []rune(body[at[0]:at[1]])
		parts = append(parts, strconv.Quote(body[:at[0]]), fmt.Sprintf("%s*%d", strconv.Quote(string(run[0])), len(run)))
		body = body[at[1]:]
	}
	return strings.Join(parts, " ")
}

var variable = regexp.MustCompile(`\$\{(\w+)(%?)\}`)

// expand puts the values of the variables in.
func (r *run) expand(t *testing.T, where, line string) string {
	t.Helper()
	return variable.ReplaceAllStringFunc(line, func(v string) string {
		m := variable.FindStringSubmatch(v)
		name := m[1]
		switch name {
		case "stamp":
			return r.site.clock.Now().Format("20060102T150405Z")
		case "day":
			return r.site.clock.Now().Format("20060102")
		case "request":
			return v
		}
		value, known := r.vars[name]
		if !known && !*update {
			t.Errorf("%s: nothing is kept as %s", where, v)
		}
		if m[2] != "" {
			return url.QueryEscape(value)
		}
		return value
	})
}

// names puts the variables in for their values, the longest first.
func (r *run) names(lines []string) []string {
	order := slices.SortedFunc(maps.Keys(r.vars), func(a, b string) int {
		if d := len(r.vars[b]) - len(r.vars[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	out := slices.Clone(lines)
	for i := range out {
		for _, name := range order {
			out[i] = strings.ReplaceAll(out[i], r.vars[name], "${"+name+"}")
			out[i] = strings.ReplaceAll(out[i], url.QueryEscape(r.vars[name]), "${"+name+"%}")
		}
	}
	return out
}

var requestID = regexp.MustCompile(`\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z`)

// checkAlways checks what is the same of every answer.
func (r *run) checkAlways(t *testing.T, where string, req *request, got *answer) {
	t.Helper()
	id := got.get("x-amzn-RequestId")
	if !requestID.MatchString(id) || r.ids[id] {
		t.Errorf("%s: x-amzn-RequestId %q is not a fresh lower-case UUID", where, id)
	}
	r.ids[id] = true
	if _, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", got.get("Date")); err != nil {
		t.Errorf("%s: Date: %v", where, err)
	}
	if length := got.get("Content-Length"); req.method != "HEAD" && length != strconv.Itoa(len(got.body)) {
		t.Errorf("%s: Content-Length %q of a body of %d", where, length, len(got.body))
	}
}

// show returns the answer as a script has it.
func (r *run) show(t *testing.T, where string, p *step, got *answer) (lines, after []string) {
	t.Helper()
	lines = []string{fmt.Sprintf("answer %d", got.status)}
	for _, f := range got.header {
		switch {
		case f.name == "Date", f.name == "Content-Length", f.name == "x-amzn-RequestId":
		case f.name == "Content-Type" && (f.value == mediaType || f.value == mediaXML && bytes.HasPrefix(got.body, []byte("<"))):
		default:
			lines = append(lines, f.name+": "+f.value)
		}
	}
	switch body := string(got.body); {
	case body == "":
	case got.get("Content-Type") == mediaXML:
		body = strings.ReplaceAll(body, got.get("x-amzn-RequestId"), "${request}")
		lines = append(lines, strings.Split(strings.TrimSuffix(body, "\n"), "\n")...)
	case long.MatchString(body), strings.ContainsFunc(body, func(c rune) bool { return c < ' ' }):
		lines = append(lines, "body "+spell(body))
	default:
		lines = append(lines, body)
	}
	for _, line := range p.after {
		if strings.HasPrefix(line, "keep ") {
			after = append(after, line)
		}
		if member, ok := strings.CutPrefix(line, "decode "); ok {
			member, _, _ = strings.Cut(member, ":")
			token, _ := find(t, where, got, member).(string)
			parts := strings.Split(token, ".")
			if len(parts) != 3 {
				t.Fatalf("%s: %s is no token: %q", where, member, token)
			}
			var decoded []string
			for _, part := range parts[:2] {
				plain, err := base64.RawURLEncoding.DecodeString(part)
				if err != nil {
					t.Fatalf("%s: %v", where, err)
				}
				decoded = append(decoded, string(plain))
			}
			after = append(after, r.names([]string{"decode " + member + ": " + strings.Join(decoded, " ")})...)
		}
	}
	return lines, after
}

// keep remembers a value of the answer.
func (r *run) keep(t *testing.T, where, line string, got *answer) {
	t.Helper()
	if !strings.HasPrefix(line, "keep ") {
		return
	}
	name, path, ok := strings.Cut(strings.TrimPrefix(line, "keep "), " = ")
	value, isText := find(t, where, got, path).(string)
	if !ok || !isText || value == "" {
		t.Fatalf("%s: %s: nothing to keep in %s", where, line, got.body)
	}
	if _, twice := r.vars[name]; twice {
		t.Fatalf("%s: %s is kept already", where, name)
	}
	r.vars[name] = value
}

// find returns the member of the answer's body at a path of names and indices.
func find(t *testing.T, where string, got *answer, path string) any {
	t.Helper()
	if got.get("Content-Type") == mediaXML {
		text := regexp.MustCompile("<" + path + ">([^<]*)</").FindSubmatch(got.body)
		if text == nil {
			t.Fatalf("%s: no %s in %s", where, path, got.body)
		}
		return string(text[1])
	}
	var v any
	if err := json.Unmarshal(got.body, &v); err != nil {
		t.Fatalf("%s: %v in %q", where, err, got.body)
	}
	for part := range strings.SplitSeq(path, ".") {
		switch c := v.(type) {
		case map[string]any:
			v = c[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(c) {
				t.Fatalf("%s: no %s in %s", where, path, got.body)
			}
			v = c[i]
		default:
			t.Fatalf("%s: no %s in %s", where, path, got.body)
		}
	}
	return v
}
