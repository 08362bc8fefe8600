package state_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/state"
)

// metadata is the least that a SAML provider can be made of.
var metadata = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com">
  <!-- ` + strings.Repeat("padding ", 130) + `-->
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/>
</EntityDescriptor>
`

// indented is text that stands deeper.
func indented(by int, text string) string {
	return strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+strings.Repeat(" ", by))
}

// everything declares something of all that there is.
var everything = `version: 1
accounts:
  "111122223333":
    policies:
      uploads:
        path: /app/
        description: What the app may put where.
        document:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: s3:PutObject
              Resource: arn:aws:s3:::uploads/*
              Condition:
                Bool:
                  aws:SecureTransport: true
        tags:
          team: web
    users:
      app:
        path: /backends/
        policies:
          tokens:
            Version: "2012-10-17"
            Statement:
              Effect: Allow
              Action: cognito-identity:GetOpenIdTokenForDeveloperIdentity
              Resource: "*"
        attached:
          - uploads
        tags:
          env: prod
      idle: {}
    roles:
      guest:
        path: /guests/
        description: What guests are.
        maxSessionDuration: 7200
        trust:
          Version: "2012-10-17"
          Statement:
            Effect: Allow
            Principal:
              Federated: cognito-identity.amazonaws.com
            Action: sts:AssumeRoleWithWebIdentity
        policies:
          look:
            Version: "2012-10-17"
            Statement:
              Effect: Allow
              Action: s3:GetObject
              Resource: "*"
        attached:
          - uploads
        tags:
          env: prod
    oidcProviders:
      https://login.example.com/realms/app:
        clientIds:
          - app
          - shop
        thumbprints:
          - "0123456789012345678901234567890123456789"
        tags:
          env: prod
    samlProviders:
      office:
        metadata: |
          ` + indented(10, metadata) + `
        tags:
          env: prod
    identityPools:
      eu-central-1:
        - name: customers
          allowUnauthenticatedIdentities: true
          allowClassicFlow: false
          supportedLoginProviders:
            graph.facebook.com: "7346241598935552"
          developerProviderName: login.app
          oidcProviders:
            - https://login.example.com/realms/app
          cognitoIdentityProviders:
            - providerName: cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abcdefghi
              clientId: "1h57kf5cpq17m0eml12EXAMPLE"
              serverSideTokenCheck: true
          samlProviders:
            - office
          signingAlgorithm: ES256
          tags:
            env: prod
      us-east-1: []
`

func TestEverything(t *testing.T) {
	w := newWorld(t)
	w.words(w.apply(everything, state.Options{}),
		"+ policy uploads",
		"+ OIDC provider https://login.example.com/realms/app",
		"+ SAML provider office",
		"+ user app",
		"+ user app: inline policy tokens",
		"+ user app: policy uploads",
		"+ user idle",
		"+ role guest",
		"+ role guest: inline policy look",
		"+ role guest: policy uploads",
		"+ identity pool customers in eu-central-1",
		"~ identity pool customers: signingAlgorithm in eu-central-1",
	)
	// What was written by hand, in the usual order, is what an export says.
	_, got, _ := strings.Cut(string(w.export(account)), "\nversion:")
	if diff := cmp.Diff(strings.TrimPrefix(everything, "version:"), got); diff != "" {
		t.Errorf("export differs from what was applied (-want +got)\n%s", diff)
	}
}

const (
	document = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:B","Resource":"*"}}`
	another  = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"a:B","Resource":"*"}}`
	trust    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"777788889999"},"Action":"sts:AssumeRole"}}`
	distrust = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":"777788889999"},"Action":"sts:AssumeRole"}}`
)

// of returns a file that declares kinds of the account.
func of(kinds string, args ...any) string {
	return "version: 1\naccounts:\n  \"" + account + "\": " + fmt.Sprintf(kinds, args...) + "\n"
}

// TestChanges: each step is applied to what the one before it left.
func TestChanges(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"policy", []step{
			{of(`{policies: {p: {document: %s, tags: {A: "1", b: "2"}}}}`, document), []string{"+ policy p"}},
			// The same in other words.
			{of(`{policies: {p: {path: /, document: '  %s', tags: {b: "2", A: "1"}}}}`, document), nil},
			{of(`{policies: {p: {document: %s, tags: {a: "1", b: "2"}}}}`, another), []string{"~ policy p: document", "~ policy p: the tags a"}},
			{of(`{policies: {p: {document: %s, tags: {c: ""}}}}`, another), []string{"~ policy p: without the tags a, b", "~ policy p: the tags c"}},
			// A description can not be changed, so one that is left out does not matter.
			{of(`{policies: {q: {document: %s, description: words}}}`, document), []string{"+ policy q"}},
			{of(`{policies: {q: {document: %s}}}`, document), nil},
		}},
		{"versions", []step{
			{of(`{policies: {p: {document: %s}}}`, document), []string{"+ policy p"}},
			{of(`{policies: {p: {document: %s}}}`, another), []string{"~ policy p: document"}},
			{of(`{policies: {p: {document: %s}}}`, document), []string{"~ policy p: document"}},
			{of(`{policies: {p: {document: %s}}}`, another), []string{"~ policy p: document"}},
			{of(`{policies: {p: {document: %s}}}`, document), []string{"~ policy p: document"}},
			{of(`{policies: {p: {document: %s}}}`, another), []string{"- policy p: version v1, to make room for a new one", "~ policy p: document"}},
			{of(`{policies: {p: {document: %s}}}`, document), []string{"- policy p: version v2, to make room for a new one", "~ policy p: document"}},
		}},
		{"user", []step{
			{of(`{users: {u: {}}}`), []string{"+ user u"}},
			{of(`{users: {u: {path: /x/, tags: {a: "1"}}}}`), []string{"~ user u: path", "~ user u: the tags a"}},
			{of(`{policies: {p: {document: %[1]s}}, users: {u: {policies: {i: %[1]s, j: %[1]s}, attached: [p]}}}`, document), []string{
				"+ policy p", "~ user u: path", "+ user u: inline policy i", "+ user u: inline policy j", "+ user u: policy p", "~ user u: without the tags a",
			}},
			// By its ARN, the policy is the same; and it need not be declared.
			{of(`{users: {u: {policies: {j: %s}, attached: ["arn:aws:iam::111122223333:policy/p"]}}}`, another), []string{
				"- user u: inline policy i", "~ user u: inline policy j",
			}},
			{of(`{users: {u: {}}}`), []string{"- user u: inline policy j", "- user u: policy p"}},
		}},
		{"room", []step{
			// All inline policies of a user together have at most 2,048 characters.
			{of(`{users: {u: {policies: {i: %s, j: %s}}}}`, sized(100), sized(1900)), []string{"+ user u", "+ user u: inline policy i", "+ user u: inline policy j"}},
			{of(`{users: {u: {policies: {i: %s, j: %s}}}}`, sized(1900), sized(100)), []string{"~ user u: inline policy j", "~ user u: inline policy i"}},
			{of(`{users: {u: {policies: {h: %s}}}}`, sized(2000)), []string{"- user u: inline policy i", "- user u: inline policy j", "+ user u: inline policy h"}},
		}},
		{"role", []step{
			{of(`{roles: {r: {trust: %s}}}`, trust), []string{"+ role r"}},
			{of(`{roles: {r: {trust: %s, description: words, maxSessionDuration: 4000}}}`, distrust), []string{"~ role r: description, longest session", "~ role r: trust policy"}},
			{of(`{roles: {r: {trust: %s}}}`, distrust), []string{"~ role r: longest session"}},
			{of(`{policies: {p: {document: %[1]s}}, roles: {r: {trust: %[2]s, policies: {i: %[1]s}, attached: [p], tags: {a: "1"}}}}`, document, distrust), []string{
				"+ policy p", "+ role r: inline policy i", "+ role r: policy p", "~ role r: the tags a",
			}},
			{of(`{roles: {r: {trust: %s, attached: []}}}`, distrust), []string{"- role r: inline policy i", "- role r: policy p", "~ role r: without the tags a"}},
		}},
		{"providers", []step{
			{of(`{oidcProviders: {https://a.example: {clientIds: [a, b], thumbprints: ["%s"]}}, samlProviders: {s: {metadata: %q}}}`, strings.Repeat("a", 40), metadata), []string{
				"+ OIDC provider https://a.example", "+ SAML provider s",
			}},
			{of(`{oidcProviders: {https://a.example: {clientIds: [c, b], tags: {a: "1"}}}, samlProviders: {s: {metadata: %q, tags: {a: "1"}}}}`, metadata+"\n"), []string{
				"~ OIDC provider https://a.example: without client id a", "~ OIDC provider https://a.example: client id c",
				"~ OIDC provider https://a.example: thumbprints", "~ OIDC provider https://a.example: the tags a",
				"~ SAML provider s: metadata", "~ SAML provider s: the tags a",
			}},
			{of(`{oidcProviders: {https://a.example: {clientIds: [b, c]}}, samlProviders: {s: {metadata: %q}}}`, metadata+"\n"), []string{
				"~ OIDC provider https://a.example: without the tags a", "~ SAML provider s: without the tags a",
			}},
		}},
		{"pool", []step{
			{of(`{identityPools: {eu-central-1: [{name: a}], us-east-1: [{name: a}]}}`), []string{"+ identity pool a in eu-central-1", "+ identity pool a in us-east-1"}},
			{of(`{identityPools: {eu-central-1: [{name: a, allowUnauthenticatedIdentities: true, allowClassicFlow: true, developerProviderName: d, tags: {K: v, k: v}}]}}`), []string{
				"~ identity pool a: allowUnauthenticatedIdentities, allowClassicFlow, developerProviderName in eu-central-1", "~ identity pool a: the tags K, k in eu-central-1",
			}},
			// A developer provider name can not be taken away, so one that is left out does not matter.
			{of(`{identityPools: {eu-central-1: [{name: a, oidcProviders: [https://a.example], samlProviders: [s], tags: {K: w}}]}}`), []string{
				"~ identity pool a: allowUnauthenticatedIdentities, allowClassicFlow, oidcProviders, samlProviders in eu-central-1",
				"~ identity pool a: without the tags k in eu-central-1", "~ identity pool a: the tags K in eu-central-1",
			}},
			{of(`{identityPools: {eu-central-1: [{name: a, oidcProviders: ["arn:aws:iam::111122223333:oidc-provider/a.example"], samlProviders: ["arn:aws:iam::111122223333:saml-provider/s"], tags: {K: w}}]}}`), nil},
			{of(`{identityPools: {eu-central-1: [{name: b}]}}`), []string{"+ identity pool b in eu-central-1"}},
			{of(`{identityPools: {eu-central-1: [{name: b, signingAlgorithm: ES256}, {name: c, signingAlgorithm: RS512}]}}`), []string{
				"~ identity pool b: signingAlgorithm in eu-central-1",
				"+ identity pool c in eu-central-1", "~ identity pool c: signingAlgorithm in eu-central-1",
			}},
			{of(`{identityPools: {eu-central-1: [{name: b, allowClassicFlow: true, signingAlgorithm: EdDSA}, {name: c}]}}`), []string{
				"~ identity pool b: allowClassicFlow in eu-central-1", "~ identity pool b: signingAlgorithm in eu-central-1",
				"~ identity pool c: signingAlgorithm in eu-central-1",
			}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			for _, s := range test.steps {
				w.words(w.apply(s.file, state.Options{}), s.want...)
			}
		})
	}
}

// sized returns a policy document of n characters.
func sized(n int) string {
	const before, after = `{"Statement":{"Effect":"Allow","Action":"a:`, `","Resource":"*"}}`
	return before + strings.Repeat("x", n-len(before)-len(after)) + after
}

// A step is a file, and the changes it makes.
type step struct {
	file string
	want []string
}

func TestPrune(t *testing.T) {
	w := newWorld(t)
	all := of(`{
		policies: {p: {document: %[1]s}, q: {document: %[1]s}},
		users: {u: {policies: {i: %[1]s}, attached: [p]}, v: {attached: [q]}},
		roles: {r: {trust: %[2]s, policies: {i: %[1]s}, attached: [p]}},
		oidcProviders: {https://a.example: {}},
		samlProviders: {s: {metadata: %[3]q}},
		identityPools: {eu-central-1: [{name: a}], us-east-1: [{name: a}]}}`, document, trust, metadata)
	w.apply(all, state.Options{})
	w.apply(of(`{policies: {p: {document: %s}}}`, another), state.Options{})
	var key api.CreateAccessKeyOutput
	w.do("CreateAccessKey", &api.CreateAccessKeyInput{UserName: "u"}, &key)
	before := w.export(account)

	// Kinds that are not declared stay, and without pruning, all stays.
	prune := state.Options{Prune: true, PrunePools: true}
	w.words(w.apply(of(`{}`), prune))
	w.words(w.apply(of(`{policies: {}, users: {}, roles: {}, oidcProviders: {}, samlProviders: {}, identityPools: {eu-central-1: []}}`), state.Options{}))
	w.refused(of(`{policies: {}, users: {}}`), state.Options{Prune: true},
		"state.yaml:3: accounts.111122223333.policies: policy p is not here, and can not be pruned: it stays attached to 1 users or roles")
	w.refused(of(`{policies: {}, users: {v: {attached: [q]}}}`), state.Options{Prune: true},
		"state.yaml:3: accounts.111122223333.users.v.attached[0]: the policy q is in the account but not here, and would be pruned",
		"state.yaml:3: accounts.111122223333.policies: policy p is not here, and can not be pruned: it stays attached to 1 users or roles")
	if after := w.export(account); string(after) != string(before) {
		t.Errorf("what was not to be pruned was\n%s", cmp.Diff(string(before), string(after)))
	}

	w.words(w.apply(of(`{policies: {q: {document: %s}}, users: {v: {}}, roles: {}, oidcProviders: {}, samlProviders: {}, identityPools: {eu-central-1: []}}`, document), state.Options{Prune: true}),
		"- user v: policy q",
		"- role r: inline policy i",
		"- role r: policy p",
		"- role r",
		"- user u: inline policy i",
		"- user u: policy p",
		"- user u: access key "+key.AccessKey.AccessKeyId,
		"- user u",
		"- SAML provider s",
		"- OIDC provider https://a.example",
		"- policy p: version v1",
		"- policy p",
	)
	words := w.apply(of(`{identityPools: {eu-central-1: []}}`), state.Options{PrunePools: true})
	if len(words) != 1 || !strings.HasPrefix(words[0], "- identity pool a with all its identities (eu-central-1:") {
		t.Errorf("pools are pruned by %q", words)
	}
	want := string(state.Write(parse(t, of(`{policies: {q: {document: %s}}, users: {v: {}}, roles: {}, oidcProviders: {}, samlProviders: {}, identityPools: {eu-central-1: [], us-east-1: [{name: a}]}}`, document))))
	if diff := cmp.Diff(want, string(w.export(account))); diff != "" {
		t.Errorf("left is (-want +got)\n%s", diff)
	}
}

func TestPoolsOfOneName(t *testing.T) {
	w := newWorld(t)
	first := w.pool(home, &api.CreateIdentityPoolInput{IdentityPoolName: "a"})
	second := w.pool(home, &api.CreateIdentityPoolInput{IdentityPoolName: "a", AllowUnauthenticatedIdentities: true})
	if second < first {
		w.refused(of(`{identityPools: {eu-central-1: [{name: a}]}}`), state.Options{PrunePools: true},
			"state.yaml:3: accounts.111122223333.identityPools.eu-central-1[0].name: 2 pools of the account are called this: give the id, which is one of "+second+", "+first)
	} else {
		w.refused(of(`{identityPools: {eu-central-1: [{name: a}]}}`), state.Options{PrunePools: true},
			"state.yaml:3: accounts.111122223333.identityPools.eu-central-1[0].name: 2 pools of the account are called this: give the id, which is one of "+first+", "+second)
	}
	// An export tells them apart.
	w.words(w.apply(string(w.export(account)), state.Options{Prune: true, PrunePools: true}))
	// An id claims its pool, so that the name is that of the other.
	w.words(w.apply(of(`{identityPools: {eu-central-1: [{id: %q, name: a}, {name: a, allowUnauthenticatedIdentities: true}]}}`, first), state.Options{PrunePools: true}))
	w.words(w.apply(of(`{identityPools: {eu-central-1: [{id: %q, name: b}, {name: a, allowUnauthenticatedIdentities: true}]}}`, first), state.Options{PrunePools: true}),
		"~ identity pool a: name in eu-central-1")
	// Now the names are enough.
	if export := string(w.export(account)); strings.Contains(export, first) || strings.Contains(export, second) {
		t.Errorf("export has ids that nobody needs\n%s", export)
	}
	w.refused(of(`{identityPools: {eu-central-1: [{id: "eu-central-1:00000000-0000-4000-8000-000000000000", name: b}]}}`), state.Options{},
		"state.yaml:3: accounts.111122223333.identityPools.eu-central-1[0].id: the account has no pool with this id; without an id, one is made or found by its name")
}

func TestWhatCanNotBe(t *testing.T) {
	w := newWorld(t)
	w.apply(of(`{
		policies: {p: {document: %s, path: /x/, description: words}},
		users: {u: {}},
		roles: {r: {trust: %s, path: /x/}},
		identityPools: {eu-central-1: [{name: a, developerProviderName: d}]}}`, document, trust), state.Options{})
	w.refused(of(`
    policies:
      p:
        description: other
        document: %s
    users:
      U: {}
      v:
        attached:
          - p
          - q
          - arn:aws:iam::111122223333:policy/z/p
          - arn:aws:iam::aws:policy/AdministratorAccess
    roles:
      r:
        path: /y/
        trust: %s
    identityPools:
      eu-central-1:
        - name: a
          developerProviderName: e`, document, trust), state.Options{},
		`state.yaml:5: accounts.111122223333.policies.p.path: it is "/x/" in the account, and can not be changed: write that, or delete what has it first`,
		`state.yaml:6: accounts.111122223333.policies.p.description: it is "words" in the account, and can not be changed: write that, or delete what has it first`,
		`state.yaml:9: accounts.111122223333.users.U: the account has it as u, and case does not tell names apart: write it so`,
		`state.yaml:13: accounts.111122223333.users.v.attached[1]: no policy named q here or in the account`,
		`state.yaml:14: accounts.111122223333.users.v.attached[2]: no policy named arn:aws:iam::111122223333:policy/z/p here or in the account`,
		`state.yaml:15: accounts.111122223333.users.v.attached[3]: no policy named arn:aws:iam::aws:policy/AdministratorAccess here or in the account`,
		`state.yaml:18: accounts.111122223333.roles.r.path: it is "/x/" in the account, and can not be changed: write that, or delete what has it first`,
		`state.yaml:23: accounts.111122223333.identityPools.eu-central-1[0].developerProviderName: it is "d" in the account, and can not be changed: write that, or delete what has it first`,
	)
}

// TestPolicyOfAnotherPath: the ARN of a policy has its path, wherever it is known from.
func TestPolicyOfAnotherPath(t *testing.T) {
	w := newWorld(t)
	w.words(w.apply(of(`{policies: {p: {path: /x/, document: %s}}, users: {u: {attached: [P]}}}`, document), state.Options{}),
		"+ policy p", "+ user u", "+ user u: policy p")
	// Policies are not declared, so that pruning leaves p.
	w.words(w.apply(of(`{users: {u: {attached: ["arn:aws:iam::111122223333:policy/x/p", p]}}}`), state.Options{Prune: true}))
}

func TestStops(t *testing.T) {
	w := newWorld(t)
	// Package iam knows no effect of this name, and the file's bounds do not.
	file := of(`{users: {u: {policies: {i: {Version: 2012-10-17, Statement: {Effect: Perhaps, Action: a:B, Resource: "*"}}}}, v: {}}}`)
	changes, _ := w.plan(file, state.Options{})
	var done []string
	err := state.Apply(t.Context(), w.call, changes, func(c state.Change) { done = append(done, c.Words) })
	w.words(done, "+ user u")
	const want = "change 2 of 3 failed: + user u: inline policy i: MalformedPolicyDocument: Syntax errors in policy: at /Statement/Effect: Effect is Allow or Deny.\n" +
		"done before it:\n  + user u\nnot done:\n  + user v"
	if fmt.Sprint(err) != want {
		t.Errorf("Apply says\n%v\nwant\n%s", err, want)
	}
	if refused, ok := errors.AsType[*api.Error](err); !ok || refused.Code != api.MalformedPolicyDocument {
		t.Errorf("Apply does not pass on the refusal: %v", err)
	}
	// Mended, the rest is done.
	w.words(w.apply(strings.Replace(file, "Perhaps", "Deny", 1), state.Options{}), "+ user u: inline policy i", "+ user v")
}

// TestReadsWhatIsDeclared: who may not list users needs no users for a file without them.
func TestReadsWhatIsDeclared(t *testing.T) {
	w := newWorld(t)
	for kinds, want := range map[string]string{
		`{}`:                                  "",
		`{policies: {}}`:                      "ListPolicies",
		`{users: {}}`:                         "ListPolicies ListUsers",
		`{roles: {}}`:                         "ListPolicies ListRoles",
		`{oidcProviders: {}}`:                 "ListOpenIDConnectProviders",
		`{samlProviders: {}}`:                 "ListSAMLProviders",
		`{identityPools: {eu-central-1: []}}`: "ListIdentityPools",
	} {
		w.calls = nil
		w.plan(of("%s", kinds), state.Options{Prune: true, PrunePools: true})
		if got := strings.Join(w.calls, " "); got != want {
			t.Errorf("%s: called %s, want %s", kinds, got, want)
		}
	}
}

// TestReadFails: what could not be read is said.
func TestReadFails(t *testing.T) {
	w := newWorld(t)
	w.apply(everything, state.Options{})
	w.calls = nil
	w.export(account)
	for n, operation := range w.calls {
		calls := 0
		call := func(ctx context.Context, account, region string, s *api.Service, name string, in, out any) error {
			if calls++; calls > n {
				return errors.New("gone away")
			}
			return w.call(ctx, account, region, s, name, in, out)
		}
		_, err := state.Plan(t.Context(), call, parse(t, everything), state.Options{})
		if got := fmt.Sprint(err); !strings.HasPrefix(got, "read account 111122223333: "+operation) || !strings.HasSuffix(got, ": gone away") {
			t.Errorf("call %d, %s, fails: got %v", n, operation, err)
		}
	}
}

// TestPages: a list that does not fit a page is read to its end.
func TestPages(t *testing.T) {
	t.Parallel()
	const many = 130
	w := newWorld(t)
	var users, policies, roles, inline, pools []string
	for i := range many {
		name := fmt.Sprintf("n%03d", i)
		users = append(users, name+": {}")
		policies = append(policies, name+": {document: "+document+"}")
		roles = append(roles, name+": {trust: "+trust+"}")
		inline = append(inline, fmt.Sprintf(`%s: {Statement: {Effect: Deny, Action: "*", Resource: "*"}}`, name))
		pools = append(pools, "{name: "+name+"}")
	}
	join := func(all []string) string { return strings.Join(all, ", ") }
	// A role may have more inline policies than a page holds.
	roles[0] = "n000: {trust: " + trust + ", policies: {" + join(inline) + "}}"
	file := of(`{policies: {%s}, users: {%s}, roles: {%s}, identityPools: {eu-central-1: [%s]}}`, join(policies), join(users), join(roles), join(pools))
	if words := w.apply(file, state.Options{Prune: true, PrunePools: true}); len(words) != 5*many {
		t.Errorf("%d changes, want %d", len(words), 5*many)
	}
}
