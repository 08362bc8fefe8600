package session

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/seal"
)

const (
	// The master keys 00 01 … 1f and 01 02 … 20.
	masterText      = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	otherMasterText = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
)

func newTokens(t testing.TB, master string) *Tokens {
	t.Helper()
	key, err := seal.Parse(master)
	if err != nil {
		t.Fatal(err)
	}
	return New(key)
}

func (t *Tokens) mustMint(tb testing.TB, c Content) Credentials {
	tb.Helper()
	m, err := t.Mint(c)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

var issued = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)

func full() Content {
	return Content{
		Kind: OfRole, Account: "111122223333", Name: "writer", ID: "AROAEXAMPLEEXAMPLE234",
		Session: api.Session{
			Role: "writer", Name: "nightly", SourceIdentity: "ann",
			Tags: map[string]string{"Team": "blue", "é & <ü>": "\u2028", "none": ""}, TransitiveTags: []string{"Team"},
			Policies:   []string{`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`, "{}"},
			PolicyARNs: []string{"arn:aws:iam::111122223333:policy/p"},
			Issued:     issued, Expires: issued.Add(time.Hour),
		},
	}
}

func contents() map[string]Content {
	times := api.Session{Issued: issued, Expires: issued.Add(time.Hour)}
	return map[string]Content{
		"full": full(),
		"user": {Kind: OfUser, Account: "111122223333", Name: "ann", ID: "AIDAEXAMPLEEXAMPLE234", Session: times},
		"root": {Kind: OfRoot, Account: "111122223333", Session: times},
		"web": {Kind: OfWebIdentity, Account: "111122223333", Name: "guest", ID: "AROAEXAMPLEEXAMPLE234", Session: api.Session{
			Role: "guest", Name: "CognitoIdentityCredentials", Issued: issued, Expires: issued.Add(time.Hour),
			WebIdentity: &api.WebIdentity{
				Provider: api.IdentityPools, Subject: "eu-central-1:1", Audience: "eu-central-1:2", AMR: []string{"authenticated", "é & <ü>"}, ScopedDown: true,
			},
		}},
	}
}

func TestTokens_RoundTrip(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, masterText)
	for name, want := range contents() {
		m := tokens.mustMint(t, want)
		// Another server has the key alone.
		got, err := newTokens(t, masterText).Open(m.AccessKeyID, string(m.Token))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Secret != m.Secret {
			t.Errorf("%s: the secret in the token is not the one given out", name)
		}
		got.Secret = ""
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestMint_Form(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, masterText)
	seen := map[string]bool{}
	for range 100 {
		m := tokens.mustMint(t, full())
		if !regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(m.AccessKeyID) || len(m.Secret) != 40 || !IsTemporary(m.AccessKeyID) {
			t.Errorf("got the id %s and a secret of %d characters", m.AccessKeyID, len(m.Secret))
		}
		if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(string(m.Token)) {
			t.Error("the token is not to be put in a header or URL as it is")
		}
		for _, s := range []string{m.AccessKeyID, string(m.Secret), string(m.Token)} {
			if seen[s] {
				t.Error("something was given out twice")
			}
			seen[s] = true
		}
		if printed := fmt.Sprintf("%v %+v %q", m, m, m); strings.Contains(printed, string(m.Secret)) || strings.Contains(printed, string(m.Token)) {
			t.Error("credentials print themselves")
		}
	}
	if IsTemporary("AKIAEXAMPLEEXAMPLE23") {
		t.Error("a long-term key is taken for a temporary one")
	}
}

// A plain session fits where proxies are strict; the largest one fits in 8 KiB.
func TestMint_Size(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, masterText)
	plain := Content{Kind: OfRole, Account: "111122223333", Name: strings.Repeat("r", 64), ID: "AROAEXAMPLEEXAMPLE234",
		Session: api.Session{Name: strings.Repeat("s", 64), SourceIdentity: strings.Repeat("i", 64), Issued: issued, Expires: issued}}
	if n := len(tokens.mustMint(t, plain).Token); n > 700 {
		t.Errorf("a plain session has a token of %d characters", n)
	}
	largest := plain
	for {
		more := largest
		more.Session.Policies = []string{strings.Repeat(`"`, 10+len(strings.Join(largest.Session.Policies, "")))}
		n, err := Packed(&more.Session)
		if err != nil {
			t.Fatal(err)
		}
		if n > MaxPacked {
			break
		}
		largest = more
	}
	largest.Kind, largest.Session.WebIdentity = OfWebIdentity, &api.WebIdentity{Subject: strings.Repeat("s", MaxIdentity-len(`{"p":"","s":"","a":""}`))}
	if n, err := Identity(&largest.Session); n != MaxIdentity || err != nil {
		t.Fatalf("the web identity has %d bytes, %v", n, err)
	}
	if n := len(tokens.mustMint(t, largest).Token); n < 4000 || n > 8<<10 {
		t.Errorf("the largest session has a token of %d characters", n)
	}
}

func TestPacked(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		s    api.Session
		want int
	}{
		{api.Session{}, 0},
		{api.Session{Role: "r", Name: "n", SourceIdentity: "s", Tags: map[string]string{}}, 0},
		{api.Session{Tags: map[string]string{"k": "v"}}, len(`"t":{"k":"v"}`)},
		{api.Session{Tags: map[string]string{"k": "<"}, TransitiveTags: []string{"k"}}, len(`"t":{"k":"<"},"c":["k"]`)},
		{api.Session{Policies: []string{"{}"}, PolicyARNs: []string{"a"}}, len(`"p":["{}"],"m":["a"]`)},
	} {
		if got, err := Packed(&tc.s); got != tc.want || err != nil {
			t.Errorf("%+v: got %d, %v, want %d", tc.s, got, err, tc.want)
		}
	}
}

func (t *Tokens) refuses(tb testing.TB, what, id, token string) {
	tb.Helper()
	if c, err := t.Open(id, token); c != nil || !errors.Is(err, ErrInvalid) {
		tb.Fatalf("%s: got %v, %v, want ErrInvalid", what, c, err)
	}
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// No character may be another one, and none may be missing or added.
func TestOpen_EveryCharacterCounts(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, masterText)
	for name, c := range contents() {
		m := tokens.mustMint(t, c)
		id, token := m.AccessKeyID, string(m.Token)
		for i := range len(token) {
			for _, other := range []byte(alphabet + "+/=\n\x00 ") {
				if other == token[i] || i%7 != 0 && other%8 != 0 && i < len(token)-3 {
					continue // a sample; all of the end, where bits may stand for nothing
				}
				tokens.refuses(t, fmt.Sprintf("%s: %q for character %d", name, other, i), id, token[:i]+string(rune(other))+token[i+1:])
			}
			tokens.refuses(t, fmt.Sprintf("%s: cut before %d", name, i), id, token[:i])
			tokens.refuses(t, fmt.Sprintf("%s: without the first %d", name, i+1), id, token[i+1:])
			tokens.refuses(t, fmt.Sprintf("%s: a line end before %d", name, i), id, token[:i]+"\n"+token[i:])
		}
		for _, end := range []string{"A", "=", "==", "\r\n", ".", token} {
			tokens.refuses(t, fmt.Sprintf("%s: with %q behind it", name, end), id, token+end)
		}
		if _, err := tokens.Open(id, token); err != nil {
			t.Errorf("%s: the twin: %v", name, err)
		}
	}
}

// Each bit of what is behind the letters counts.
func TestOpen_EveryBitCounts(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, masterText)
	m := tokens.mustMint(t, full())
	sealed := bytesOf(t, m.Token)
	for i := range 8 * len(sealed) {
		sealed[i/8] ^= 1 << (i % 8)
		tokens.refuses(t, fmt.Sprintf("bit %d", i), m.AccessKeyID, textOf(sealed))
		sealed[i/8] ^= 1 << (i % 8)
	}
	if _, err := tokens.Open(m.AccessKeyID, textOf(sealed)); err != nil {
		t.Errorf("the twin: %v", err)
	}
}

func TestOpen_Spliced(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, masterText)
	a, b := tokens.mustMint(t, full()), tokens.mustMint(t, full())
	for cut := 1; cut < min(len(a.Token), len(b.Token)); cut++ {
		spliced := a.Token[:cut] + b.Token[cut:]
		if spliced == a.Token || spliced == b.Token {
			continue // they begin alike
		}
		for _, id := range []string{a.AccessKeyID, b.AccessKeyID} {
			tokens.refuses(t, fmt.Sprintf("spliced at %d", cut), id, string(spliced))
		}
	}
	tokens.refuses(t, "token of another", a.AccessKeyID, string(b.Token))
	tokens.refuses(t, "of another", b.AccessKeyID, string(a.Token))
}

func TestOpen_Refusals(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, masterText)
	m := tokens.mustMint(t, full())
	newTokens(t, otherMasterText).refuses(t, "another master key", m.AccessKeyID, string(m.Token))
	tokens.refuses(t, "nothing", m.AccessKeyID, "")
	tokens.refuses(t, "no id", "", string(m.Token))
	tokens.refuses(t, "the id in other letters", strings.ToLower(m.AccessKeyID), string(m.Token))
	tokens.refuses(t, "a long-term id", "AKIA"+m.AccessKeyID[4:], string(m.Token))
	tokens.refuses(t, "too long", m.AccessKeyID, strings.Repeat("A", maxToken+1))

	// What this version does not know may be a limit.
	id := m.AccessKeyID
	by := func(version, document string) string {
		return textOf(tokens.key.Derive(id).Seal(version, []byte(document)))
	}
	const known = `{"k":"user","a":"111122223333","n":"ann","u":"AIDA","s":"secret","i":1,"e":2`
	for what, token := range map[string]string{
		"another version":                     by("2", known+"}"),
		"an unknown member":                   by(version, known+`,"x":1}`),
		"an unknown kind":                     by(version, strings.Replace(known, "user", "federated", 1)+"}"),
		"no kind":                             by(version, `{"a":"111122223333","s":"secret","i":1,"e":2}`),
		"no JSON":                             by(version, known),
		"nothing":                             by(version, ""),
		"a number as a name":                  by(version, strings.Replace(known, `"ann"`, "1", 1)+"}"),
		"no web identity":                     by(version, strings.Replace(known, "user", "web", 1)+"}"),
		"a web identity of a user":            by(version, known+`,"w":{"p":"p","s":"s","a":"a"}}`),
		"a web identity of a role":            by(version, strings.Replace(known, "user", "role", 1)+`,"w":{"p":"p","s":"s","a":"a"}}`),
		"an unknown member of a web identity": by(version, strings.Replace(known, "user", "web", 1)+`,"w":{"p":"p","s":"s","a":"a","x":1}}`),
		"at rest":                             textOf(tokens.key.Seal(version, []byte(known+"}"))),
	} {
		tokens.refuses(t, what, id, token)
	}
	if c, err := tokens.Open(id, by(version, known+"}")); err != nil || c.Name != "ann" || c.Session.Role != "" {
		t.Errorf("the twin: got %v, %v", c, err)
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		s    api.Session
		want int
	}{
		{api.Session{Tags: map[string]string{"k": "v"}}, 0},
		{api.Session{WebIdentity: &api.WebIdentity{}}, len(`{"p":"","s":"","a":""}`)},
		{api.Session{WebIdentity: &api.WebIdentity{Provider: "p", AMR: []string{"<"}, ScopedDown: true}}, len(`{"p":"p","s":"","a":"","m":["<"],"g":true}`)},
	} {
		if got, err := Identity(&tc.s); got != tc.want || err != nil {
			t.Errorf("%+v: got %d, %v, want %d", tc.s, got, err, tc.want)
		}
	}
}

// Servers of several versions may run at once: each opens what any other has made.
func TestOpen_EarlierToken(t *testing.T) {
	t.Parallel()
	const id, token = earlierID, earlierToken
	got, err := newTokens(t, masterText).Open(id, token)
	if err != nil {
		t.Fatal(err)
	}
	want := full()
	want.Secret = got.Secret
	if diff := cmp.Diff(&want, got); diff != "" || len(got.Secret) != 40 {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Nothing opens but what was minted.
func FuzzOpen(f *testing.F) {
	tokens := newTokens(f, masterText)
	f.Add(earlierID, earlierToken)
	f.Add(earlierID, earlierToken[1:])
	f.Add(earlierID, earlierToken+"A")
	f.Add("ASIAEXAMPLEEXAMPLE23", earlierToken)
	f.Add(earlierID, "AQ")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, id, token string) {
		c, err := tokens.Open(id, token)
		if opened := err == nil; opened != (id == earlierID && token == earlierToken) || opened != (c != nil) {
			t.Errorf("Open(%q, %q) = %v, %v", id, token, c, err)
		}
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("Open(%q, %q): %v", id, token, err)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	tokens := newTokens(b, masterText)
	m := tokens.mustMint(b, full())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tokens.Open(m.AccessKeyID, string(m.Token)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMint(b *testing.B) {
	tokens := newTokens(b, masterText)
	c := full()
	b.ReportAllocs()
	for b.Loop() {
		tokens.mustMint(b, c)
	}
}
