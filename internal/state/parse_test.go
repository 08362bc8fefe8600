package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/state"
)

// TestSpellings: what may be written in several ways is the same.
func TestSpellings(t *testing.T) {
	want := string(state.Write(parse(t, of(`{policies: {p: {document: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "*"}]}}}}`))))
	for name, file := range map[string]string{
		"an account without quotes": `
version: 1
accounts:
  111122223333:
    policies:
      p:
        document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: a:B, Resource: "*"}]}
`,
		"a date, another order, defaults": `
accounts:
  "111122223333":
    policies: {p: {tags: {}, path: /, description: "", document: {Statement: [{Resource: "*", Action: a:B, Effect: Allow}], Version: 2012-10-17}}}
version: 1
`,
		"JSON as text": of(`{policies: {p: {document: ' {"Statement": [{"Effect": "All\u006fw", "Action": "a:B", "Resource": "*"}], "Version": "2012-10-17"}' }}}`),
		"JSON of several lines": `---
version: 1
accounts:
  "111122223333":
    policies:
      p:
        document: |
          {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "*"}]
          }
`,
		"aliases": `
version: 1
accounts:
  "111122223333":
    policies:
      p:
        document:
          Version: "2012-10-17"
          Statement: [{Effect: Allow, Action: a:B, Resource: &all "*"}]
        tags: &none {}
        description: ""
`,
	} {
		if got := string(state.Write(parse(t, file))); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	shared := parse(t, of(`{roles: {a: {trust: &trust {Statement: {Effect: Deny}}}, b: {trust: *trust}}}`))
	if roles := shared.Accounts[account].Roles; roles["a"].Trust != roles["b"].Trust || roles["b"].Trust != `{"Statement":{"Effect":"Deny"}}` {
		t.Errorf("an alias is read as %q, what it stands for as %q", roles["b"].Trust, roles["a"].Trust)
	}
}

func TestDocuments(t *testing.T) {
	for text, want := range map[string]string{
		`{"b":1,"a":[true,null,1.50e+3,-0],"Statement":{},"Version":"v"}`: `{"Version":"v","Statement":{},"a":[true,null,1.50e+3,-0],"b":1}`,
		`{"a":"é€𝄞\u0000\u000a\"\\\/<"}`:                                  `{"a":"é\u20ac\ud834\udd1e\u0000\u000a\"\\/<"}`,
		strings.Repeat(`{"a":`, 32) + `1` + strings.Repeat(`}`, 32):       strings.Repeat(`{"a":`, 32) + `1` + strings.Repeat(`}`, 32),
	} {
		got, err := state.ParseDocument(text)
		if string(got) != want || err != nil {
			t.Errorf("%s\nis %s, %v\nwant %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		``, `[]`, `"a"`, `{`, `{}{}`, `{"a":1,"a":1}`, `{"a":01}`, `{"a":"` + "\xff" + `"}`, `{"a":1}x`, `{"a":[1}`, `{a: 1}`,
		strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat(`}`, 33),
	} {
		if got, err := state.ParseDocument(text); err == nil {
			t.Errorf("%s is taken as %s", text, got)
		}
	}
}

func TestProblems(t *testing.T) {
	const a = "accounts.111122223333"
	for _, test := range []struct {
		name, file string
		want       []string
	}{
		{"nothing", "", []string{"state.yaml:1: the file is empty"}},
		{"comments alone", "# nothing\n", []string{"state.yaml:1: the file is empty"}},
		{"not YAML", "version: 1\naccounts: {\n", []string{"state.yaml:2: not YAML: did not find expected node content"}},
		{"two documents", "version: 1\naccounts: {}\n---\nversion: 1\n", []string{"state.yaml:3: a second document begins"}},
		{"not UTF-8", "version: 1\naccounts: {} # \xff\n", []string{"state.yaml: not YAML: invalid leading UTF-8 octet"}},
		{"a list", "- 1\n", []string{"state.yaml:1: a mapping must stand here"}},
		{"keys", "a: 1\nversion: 1\nversion: 1\n? [a]\n: 1\n<<: {}\nnull: 1\n", []string{
			"state.yaml:1: a: there is no such key; here may stand version, accounts",
			"state.yaml:1: accounts is missing",
			"state.yaml:3: version: stands on line 2 already",
			"state.yaml:4: a key must be text",
			"state.yaml:6: a key must be text",
			"state.yaml:7: a key must be text",
		}},
		{"version", "version: 2\naccounts: {}\n", []string{"state.yaml:1: version: version 2 of the format is not known here: this is version 1"}},
		{"version in quotes", "version: \"1\"\naccounts: {}\n", []string{"state.yaml:1: version: a whole number must stand here"}},
		{"version otherwise", "version: 0x1\naccounts: {}\n", []string{"state.yaml:1: version: a whole number must stand here"}},
		{"accounts", "version: 1\naccounts: {1: {}, 1111222233334: {}, abcdabcdabcd: {}}\n", []string{
			"state.yaml:2: accounts.1: an account has 12 digits",
			"state.yaml:2: accounts.1111222233334: an account has 12 digits",
			"state.yaml:2: accounts.abcdabcdabcd: an account has 12 digits",
		}},
		{"wrong types", of(`
    policies: []
    users:
      a:
      b: {path: 1, policies: {c: true, d: "{"}, attached: a, tags: {a: 1, b: null}}
    roles:
      r: {trust: [], maxSessionDuration: "4000", description: {}}
    identityPools:
      eu-central-1:
        - name: 12
          allowUnauthenticatedIdentities: yes
          allowClassicFlow: 1
          cognitoIdentityProviders: [{}, a]
      us-east-1: {}
      us-west-2: [null]`), []string{
			"state.yaml:4: " + a + ".policies: a mapping must stand here",
			"state.yaml:6: " + a + ".users.a: a mapping must stand here",
			`state.yaml:7: ` + a + `.users.b.path: text must stand here: write "1", with the quotes`,
			"state.yaml:7: " + a + ".users.b.policies.c: a policy document must stand here: a mapping, or JSON in quotes",
			"state.yaml:7: " + a + ".users.b.policies.d: not JSON: jsontext: unexpected EOF after offset 1",
			"state.yaml:7: " + a + ".users.b.attached: a list must stand here",
			`state.yaml:7: ` + a + `.users.b.tags.a: text must stand here: write "1", with the quotes`,
			"state.yaml:7: " + a + ".users.b.tags.b: text must stand here",
			"state.yaml:9: " + a + ".roles.r.trust: a policy document must stand here: a mapping, or JSON in quotes",
			"state.yaml:9: " + a + ".roles.r.maxSessionDuration: a whole number must stand here",
			"state.yaml:9: " + a + ".roles.r.description: text must stand here",
			`state.yaml:12: ` + a + `.identityPools.eu-central-1[0].name: text must stand here: write "12", with the quotes`,
			"state.yaml:13: " + a + ".identityPools.eu-central-1[0].allowUnauthenticatedIdentities: true or false must stand here",
			"state.yaml:14: " + a + ".identityPools.eu-central-1[0].allowClassicFlow: true or false must stand here",
			"state.yaml:15: " + a + ".identityPools.eu-central-1[0].cognitoIdentityProviders[0]: providerName is missing",
			"state.yaml:15: " + a + ".identityPools.eu-central-1[0].cognitoIdentityProviders[0]: clientId is missing",
			"state.yaml:15: " + a + ".identityPools.eu-central-1[0].cognitoIdentityProviders[1]: a mapping must stand here",
			"state.yaml:16: " + a + ".identityPools.us-east-1: a list must stand here",
			"state.yaml:17: " + a + ".identityPools.us-west-2[0]: a mapping must stand here",
		}},
		{"missing", of(`{policies: {p: {}}, roles: {r: {}}, samlProviders: {s: {}}, identityPools: {eu-central-1: [{}]}, groups: {}}`), []string{
			"state.yaml:3: " + a + ".policies.p: document is missing",
			"state.yaml:3: " + a + ".roles.r: trust is missing",
			"state.yaml:3: " + a + ".samlProviders.s: metadata is missing",
			"state.yaml:3: " + a + ".identityPools.eu-central-1[0]: name is missing",
			"state.yaml:3: " + a + ".groups: there is no such key; here may stand policies, users, roles, oidcProviders, samlProviders, identityPools",
		}},
		{"bounds", of(`{
    policies: {"a b": {document: {}, path: x}},
    users: {u: {attached: ["a b", "arn:", ""]}},
    roles: {r: {trust: {}, maxSessionDuration: 60}},
    oidcProviders: {"http://a.example": {thumbprints: [ab]}},
    samlProviders: {s: {metadata: <a/>}},
    identityPools: {eu central: [{name: "a/b", id: x, supportedLoginProviders: {a: "&"}}]}}`), []string{
			`state.yaml:4: ` + a + `.policies."a b": Member must satisfy regular expression pattern: [\w+=,.@-]+`,
			`state.yaml:4: ` + a + `.policies."a b".path: Member must satisfy regular expression pattern: ((/[A-Za-z0-9\.,\+@=_-]+)*)/`,
			`state.yaml:5: ` + a + `.users.u.attached[0]: Member must satisfy regular expression pattern: [\w+=,.@-]+`,
			`state.yaml:5: ` + a + `.users.u.attached[1]: Member must have length greater than or equal to 20`,
			`state.yaml:5: ` + a + `.users.u.attached[2]: Member must have length greater than or equal to 1`,
			`state.yaml:5: ` + a + `.users.u.attached[2]: Member must satisfy regular expression pattern: [\w+=,.@-]+`,
			`state.yaml:6: ` + a + `.roles.r.maxSessionDuration: Member must have value greater than or equal to 3600`,
			`state.yaml:7: ` + a + `.oidcProviders.http://a.example: a provider's URL begins with https://`,
			`state.yaml:7: ` + a + `.oidcProviders.http://a.example.thumbprints[0]: Member must have length greater than or equal to 40`,
			`state.yaml:8: ` + a + `.samlProviders.s.metadata: Member must have length greater than or equal to 1000`,
			`state.yaml:9: ` + a + `.identityPools."eu central": this is not the name of a region`,
			`state.yaml:9: ` + a + `.identityPools."eu central"[0].name: Member must satisfy regular expression pattern: [\w\s+=,.@-]+`,
			`state.yaml:9: ` + a + `.identityPools."eu central"[0].id: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`,
			`state.yaml:9: ` + a + `.identityPools."eu central"[0].supportedLoginProviders.a: Member must satisfy regular expression pattern: [\w.;_/-]+`,
			`state.yaml:9: ` + a + `.identityPools."eu central"[0].id: the id of a pool in eu central begins with eu central:`,
		}},
		{"the same twice", of(`{
    users: {u: {tags: {a: x, A: x}}, U: {}},
    identityPools: {eu-central-1: [{name: a}, {name: a}, {name: a, id: "eu-central-1:a"}, {name: b, id: "eu-central-1:a"}]}}`), []string{
			"state.yaml:4: " + a + ".users.u.tags.a: A is the same key: case does not tell keys apart",
			"state.yaml:4: " + a + ".users.U: u is the same name: case does not tell names apart",
			"state.yaml:5: " + a + `.identityPools.eu-central-1[1].name: ` + a + `.identityPools.eu-central-1[0] has the name "a" without an id too: give the ids`,
			"state.yaml:5: " + a + ".identityPools.eu-central-1[3].id: " + a + ".identityPools.eu-central-1[2] has this id too",
		}},
		{"documents", of(`
    roles:
      r:
        trust: {a: 012, b: 0x1F, c: .inf, d: 1_000, e: !!binary aGk=, f: !mine x, g: 12, h: "012", a: 1}
      s: {trust: '{"a":1} x'}
      t: {trust: '[]'}
      u: {trust: %s1%s}`, strings.Repeat("{a: ", 33), strings.Repeat("}", 33)), []string{
			`state.yaml:6: ` + a + `.roles.r.trust.a: stands on line 6 already`,
			`state.yaml:6: ` + a + `.roles.r.trust.a: this is neither text nor a number of JSON: write "012", with the quotes`,
			`state.yaml:6: ` + a + `.roles.r.trust.b: this is neither text nor a number of JSON: write "0x1F", with the quotes`,
			`state.yaml:6: ` + a + `.roles.r.trust.c: this is neither text nor a number of JSON: write ".inf", with the quotes`,
			`state.yaml:6: ` + a + `.roles.r.trust.d: this is neither text nor a number of JSON: write "1_000", with the quotes`,
			`state.yaml:6: ` + a + `.roles.r.trust.e: this is neither text nor a number of JSON: write "aGk=", with the quotes`,
			`state.yaml:6: ` + a + `.roles.r.trust.f: this is neither text nor a number of JSON: write "x", with the quotes`,
			`state.yaml:7: ` + a + `.roles.s.trust: something follows the JSON of a policy document`,
			`state.yaml:8: ` + a + `.roles.t.trust: a policy document is a mapping`,
			`state.yaml:9: ` + a + `.roles.u.trust` + strings.Repeat(".a", 33) + `: a policy document nests at most 32 deep`,
		}},
		{"an alias of itself", of(`{roles: {r: {trust: &a {a: *a}}}}`), []string{
			"state.yaml:3: " + a + ".roles.r.trust" + strings.Repeat(".a", 33) + ": a policy document nests at most 32 deep",
		}},
		{"an unknown alias", of(`{roles: *a}`), []string{"state.yaml: not YAML: unknown anchor 'a' referenced"}},
		{"aliases of aliases", of(`{roles: {r: {trust: {z: [&a [x,x,x,x,x,x,x,x], &b [*a,*a,*a,*a,*a,*a,*a,*a], &c [*b,*b,*b,*b,*b,*b,*b,*b], &d [*c,*c,*c,*c,*c,*c,*c,*c], &e [*d,*d,*d,*d,*d,*d,*d,*d], &f [*e,*e,*e,*e,*e,*e,*e,*e], &g [*f,*f,*f,*f,*f,*f,*f,*f], &h [*g,*g,*g,*g,*g,*g,*g,*g]]}}}}`), []string{
			"state.yaml:3: aliases make too much of the file",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := state.Parse("state.yaml", []byte(test.file))
			if got, want := fmt.Sprint(err), strings.Join(test.want, "\n"); got != want {
				t.Errorf("%s\nhas the problems\n%s\nwant\n%s", test.file, got, want)
			}
			if problems, ok := errors.AsType[state.Problems](err); s != nil || !ok || len(problems) != len(test.want) {
				t.Errorf("got the state %v and the error %#v", s, err)
			}
		})
	}
}

func TestTooMuch(t *testing.T) {
	_, err := state.Parse("state.yaml", bytes.Repeat([]byte("#"), state.MaxFile+1))
	if got := fmt.Sprint(err); got != fmt.Sprintf("state.yaml: the file has more than %d bytes", state.MaxFile) {
		t.Errorf("a file that is too large: %s", got)
	}
	_, err = state.Parse("state.yaml", []byte("version: 1\naccounts:\n"+strings.Repeat("  a: {}\n", 200)))
	lines := strings.Split(fmt.Sprint(err), "\n")
	if want := "state.yaml: there are more problems than these 100"; len(lines) != 101 || lines[100] != want {
		t.Errorf("%d problems, of which the last is %q, want 101 and %q", len(lines), lines[len(lines)-1], want)
	}
}

// TestGuide: the example of the guide can be applied.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "STATE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(guide), "```yaml\n")
	example, _, found := strings.Cut(example, "```\n")
	if !found {
		t.Fatal("the guide has no example")
	}
	newWorld(t).apply(example, state.Options{Prune: true})
}

// FuzzParse: whatever a file holds, it is refused with problems, or written as a file
// that says the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(everything))
	f.Add([]byte(of(`{roles: {a: {trust: &trust {Statement: {Effect: Deny}}}, b: {trust: *trust}}}`)))
	f.Add([]byte(of(`{policies: {p: {document: '{"a":[1e400,-0,1.0,"\u0000\u2028"]}', tags: {a: "x y"}}}}`)))
	f.Add([]byte(of(`{samlProviders: {s: {metadata: %q}}, identityPools: {a: [{name: a, id: "a:0"}]}}`, metadata+" \r\n")))
	f.Add([]byte("version: 1 # one\naccounts: {}\n...\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := state.Parse("f", data)
		if err != nil {
			if problems, ok := errors.AsType[state.Problems](err); !ok || len(problems) == 0 {
				t.Fatalf("the error is %#v", err)
			}
			return
		}
		file := state.Write(s)
		again, err := state.Parse("f", file)
		if err != nil {
			t.Fatalf("written, it is refused: %v\n%s", err, file)
		}
		if second := state.Write(again); !bytes.Equal(file, second) {
			t.Fatalf("written as\n%s\nand then as\n%s", file, second)
		}
		if changes, err := state.Diff(again, s, state.Options{}); err == nil && len(changes) > 0 {
			t.Fatalf("equal states differ by %v", changes)
		}
	})
}
