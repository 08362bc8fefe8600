package state_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/poolkeeper/poolkeeper/internal/state"
)

// Random states differ in all that a change can reach. What no change can reach, such as
// the path of a role, is the same wherever a name is the same.

var (
	namesGen = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "No", "12", "null", "x.y", "@=,+-_"}), 0, 3, rapid.ID[string])
	// textGen is any text that fits a policy, in which ${ begins a variable.
	textGen = rapid.OneOf(rapid.StringN(0, 20, -1).Filter(func(s string) bool { return !strings.Contains(s, "${") }), rapid.SampledFrom([]string{
		"", "*", "true", "~", "2012-10-17", "0x1F", "1_000", "12:30", "a: b", "a #b", "- a", " a", "a ", "a\nb", "a\n\nb\n", "\na", "a\n ", " a\nb", "\n", "\n\n", "a\n\n", "\ta\nb", "a \nb", "a\t\nb", "#a\nb", "a\n  b\n c", "---\n...\n", "a\r\nb", "a\tb",
		"{a}", "[a]", "&a", "<<", "%a", "---", "a\u0085b", "\ufeff", "\U0001F511", "é€", "\x00", "'", `"`, `\u0061`,
	}))
	// wordGen is text that fits tags and descriptions.
	wordGen = rapid.StringMatching(`[a-zA-Z0-9 é_.:/=+@-]{1,12}`)
	tagsGen = rapid.Custom(func(t *rapid.T) map[string]string {
		tags := make(map[string]string)
		// A key may change its case, but for the pools', where that makes another key.
		keys := rapid.SampledFrom([]string{"a", "A", "env", "ENV", " é", "12"})
		for _, key := range rapid.SliceOfNDistinct(keys, 0, 3, strings.ToLower).Draw(t, "tag keys") {
			tags[key] = rapid.OneOf(rapid.Just(""), wordGen).Draw(t, "tag value")
		}
		return orNil(tags)
	})
	policyGen = rapid.Custom(func(t *rapid.T) state.Document {
		return documentOf(t, map[string]any{
			"Version": "2012-10-17",
			"Statement": []any{map[string]any{
				"Effect":    rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect"),
				"Action":    []string{"a:B"},
				"Resource":  "*",
				"Condition": map[string]any{"StringEquals": map[string]any{"aws:RequestTag/x": rapid.SliceOfN(textGen, 1, 2).Draw(t, "values")}},
			}},
		})
	})
	trustGen = rapid.Custom(func(t *rapid.T) state.Document {
		return documentOf(t, map[string]any{"Statement": map[string]any{
			"Effect":    rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect"),
			"Principal": map[string]any{"AWS": "777788889999"},
			"Action":    "sts:AssumeRole",
		}})
	})
	flagGen = rapid.SampledFrom([]*bool{nil, new(false), new(true)})
)

// documentOf returns the document of a value of encoding/json.
func documentOf(t *rapid.T, v any) state.Document {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d, err := state.ParseDocument(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func orNil[M ~map[K]V, K comparable, V any](m M) M {
	if len(m) == 0 {
		return nil
	}
	return m
}

// some returns values in order, each once.
func some(t *rapid.T, of []string, what string) []string {
	var all []string
	for _, v := range of {
		if rapid.Bool().Draw(t, what) {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return all
}

func inlineGen(t *rapid.T) map[string]state.Document {
	inline := make(map[string]state.Document)
	for _, name := range namesGen.Draw(t, "inline policies") {
		inline[name] = policyGen.Draw(t, "inline policy")
	}
	return orNil(inline)
}

func draw(t *rapid.T, account string) *state.State {
	s := state.Whole([]string{account}, []string{home, abroad})
	a := s.Accounts[account]
	var policies []string
	for _, name := range namesGen.Draw(t, "policies") {
		p := &state.Policy{Path: "/" + strings.Repeat("p/", len(name)%2), Document: policyGen.Draw(t, "document"), Tags: tagsGen.Draw(t, "tags")}
		if len(name) > 1 {
			p.Description = "What " + name + " is for."
		}
		a.Policies[name] = p
		policies = append(policies, name)
	}
	for _, name := range namesGen.Draw(t, "users") {
		a.Users[name] = &state.User{
			Path:     rapid.SampledFrom([]string{"/", "/u/", "/u/~/"}).Draw(t, "path"),
			Policies: inlineGen(t), Attached: some(t, policies, "attached"), Tags: tagsGen.Draw(t, "tags"),
		}
	}
	for _, name := range namesGen.Draw(t, "roles") {
		a.Roles[name] = &state.Role{
			Path:               "/" + strings.Repeat("r/", len(name)%2),
			Description:        wordGen.Draw(t, "description"),
			MaxSessionDuration: rapid.SampledFrom([]int64{3600, 43200}).Draw(t, "session"),
			Trust:              trustGen.Draw(t, "trust"),
			Policies:           inlineGen(t), Attached: some(t, policies, "attached"), Tags: tagsGen.Draw(t, "tags"),
		}
	}
	for _, url := range some(t, []string{"https://a.example", "https://b.example:8443/x/"}, "OIDC providers") {
		a.OIDCProviders[url] = &state.OIDCProvider{
			ClientIDs:   some(t, []string{"a", "b c", "null"}, "client ids"),
			Thumbprints: some(t, []string{strings.Repeat("0", 40), strings.Repeat("aB", 20)}, "thumbprints"),
			Tags:        tagsGen.Draw(t, "tags"),
		}
	}
	for _, name := range some(t, []string{"s", "on"}, "SAML providers") {
		a.SAMLProviders[name] = &state.SAMLProvider{
			Metadata: metadata + rapid.SampledFrom([]string{"", "\n", "\t", "\r\n"}).Draw(t, "metadata"),
			Tags:     tagsGen.Draw(t, "tags"),
		}
	}
	for region := range a.IdentityPools {
		for _, name := range some(t, []string{"12", "a", "b c", "no"}, "pools") {
			p := &state.Pool{
				Name:                           name,
				AllowUnauthenticatedIdentities: rapid.Bool().Draw(t, "guests"),
				AllowClassicFlow:               flagGen.Draw(t, "classic"),
				OIDCProviders:                  some(t, []string{"https://a.example", "https://c.example/"}, "OIDC"),
				SAMLProviders:                  some(t, []string{"s", "on"}, "SAML"),
				SigningAlgorithm:               rapid.SampledFrom([]string{"", "RS512", "RS256", "ES256", "EdDSA"}).Draw(t, "signing"),
				Tags:                           tagsGen.Draw(t, "tags"),
			}
			if len(name) > 1 {
				p.DeveloperProviderName = "login." + name[:1]
			}
			if rapid.Bool().Draw(t, "social") {
				p.SupportedLoginProviders = map[string]string{"accounts.google.com": rapid.StringMatching(`[\w.]{1,9}`).Draw(t, "app")}
			}
			for _, client := range some(t, []string{"c", "d"}, "clients") {
				p.CognitoIdentityProviders = append(p.CognitoIdentityProviders, state.CognitoProvider{
					ProviderName: "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a", ClientID: client, ServerSideTokenCheck: flagGen.Draw(t, "check"),
				})
			}
			a.IdentityPools[region] = append(a.IdentityPools[region], p)
		}
	}
	return s
}

var alike = cmp.Options{
	cmpopts.IgnoreUnexported(state.State{}, state.Account{}, state.Policy{}, state.User{}, state.Pool{}),
	cmpopts.EquateEmpty(),
}

// TestWriteParse: what is written is read as it was, and leads to no change.
func TestWriteParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := draw(t, account)
		file := state.Write(want)
		got, err := state.Parse("state.yaml", file)
		if err != nil {
			t.Fatalf("%v\n%s", err, file)
		}
		if diff := cmp.Diff(want, got, alike); diff != "" {
			t.Fatalf("read otherwise than written (-want +got)\n%s\n%s", diff, file)
		}
		for _, o := range []state.Options{{}, {Prune: true, PrunePools: true}} {
			if changes, err := state.Diff(got, want, o); len(changes) > 0 || err != nil {
				t.Fatalf("equal states differ by %v, %v\n%s", changes, err, file)
			}
		}
	})
}

// TestMakesWhatIsDeclared: an account without anything, and then one with what was
// declared before, becomes what is declared, and stays so.
func TestMakesWhatIsDeclared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accounts := 0
	rapid.Check(t, func(t *rapid.T) {
		accounts++
		account := fmt.Sprintf("%012d", accounts)
		o := state.Options{Prune: true, PrunePools: true}
		for range 2 {
			want := draw(t, account)
			changes, err := state.Plan(w.Context(), w.call, want, o)
			if err != nil {
				t.Fatal(err)
			}
			if err := state.Apply(w.Context(), w.call, changes, func(state.Change) {}); err != nil {
				t.Fatal(err)
			}
			got, err := state.Read(w.Context(), w.call, state.Whole([]string{account}, []string{home, abroad}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, alike); diff != "" {
				t.Fatalf("made is not what was declared (-want +got)\n%s", diff)
			}
			if again, err := state.Diff(got, want, o); len(again) > 0 || err != nil {
				t.Fatalf("there is still to do: %v, %v", again, err)
			}
		}
	})
}
