package token_test

import (
	"encoding/base64"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

var algorithms = []string{token.RS512, token.RS256, token.ES256, token.EdDSA}

// start is when fake clocks begin.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A clock stands still until it is told to go on.
type clock struct{ past atomic.Int64 }

func (c *clock) now() time.Time          { return start.Add(time.Duration(c.past.Load())) }
func (c *clock) goOn(d time.Duration)    { c.past.Add(int64(d)) }
func (c *clock) goTo(past time.Duration) { c.past.Store(int64(past)) }

func masterKey(t testing.TB, letter string) *seal.Key {
	t.Helper()
	k, err := seal.Parse(base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32))))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// config is a whole Config, with which New succeeds. It signs with ES256, whose keys are
// made at once.
func config(t testing.TB, store identity.Store, now func() time.Time) token.Config {
	return token.Config{
		Store:       store,
		Seal:        masterKey(t, "k"),
		Issuer:      "https://id.example.com",
		Algorithm:   token.ES256,
		KeyIDPrefix: "us-east-1",
		Now:         now,
	}
}

// newRing returns a ring without keys.
func newRing(t testing.TB, c token.Config) *token.Ring {
	t.Helper()
	r, err := token.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// ensured returns a ring that is ready to sign.
func ensured(t testing.TB, c token.Config) *token.Ring {
	t.Helper()
	r := newRing(t, c)
	if err := r.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func claims(iat time.Time) identity.Claims {
	return identity.Claims{
		Subject:  "us-east-1:11111111-2222-3333-4444-555555555555",
		Audience: "us-east-1:99999999-8888-7777-6666-555555555555",
		AMR:      []string{"unauthenticated"},
		IssuedAt: iat,
		Lifetime: 10 * time.Minute,
	}
}

func issue(t testing.TB, r *token.Ring, c identity.Claims) string {
	t.Helper()
	secret, err := r.Issue(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return string(secret)
}

func TestNew_Config(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*token.Config)
		want   string // "": accepted
	}{
		{"as it is", func(c *token.Config) {}, ""},
		{"no algorithm", func(c *token.Config) { c.Algorithm = "" }, ""},
		{"issuer with a path", func(c *token.Config) { c.Issuer = "https://example.com:8443/id" }, ""},
		{"http on localhost", func(c *token.Config) { c.Issuer = "http://localhost:8000" }, ""},
		{"http on 127.0.0.1", func(c *token.Config) { c.Issuer = "http://127.0.0.1:8000" }, ""},
		{"http on ::1", func(c *token.Config) { c.Issuer = "http://[::1]:8000" }, ""},
		{"http elsewhere", func(c *token.Config) { c.Issuer = "http://poolkeeper.internal:7665" }, ""},
		{"another scheme", func(c *token.Config) { c.Issuer = "ftp://example.com" }, "neither https nor http"},
		{"no issuer", func(c *token.Config) { c.Issuer = "" }, "not an absolute URL"},
		{"issuer without a scheme", func(c *token.Config) { c.Issuer = "example.com" }, "not an absolute URL"},
		{"issuer without a host", func(c *token.Config) { c.Issuer = "https:///id" }, "not an absolute URL"},
		{"issuer with a port only", func(c *token.Config) { c.Issuer = "https://:8443" }, "not an absolute URL"},
		{"issuer not in plain form", func(c *token.Config) { c.Issuer = "HTTPS://example.com" }, "plain form"},
		{"issuer with a space", func(c *token.Config) { c.Issuer = "https://example.com " }, "plain form"},
		{"final slash", func(c *token.Config) { c.Issuer = "https://example.com/" }, "ends in a slash"},
		{"query", func(c *token.Config) { c.Issuer = "https://example.com?a=b" }, "query or a fragment"},
		{"empty query", func(c *token.Config) { c.Issuer = "https://example.com?" }, "query or a fragment"},
		{"fragment", func(c *token.Config) { c.Issuer = "https://example.com#a" }, "query or a fragment"},
		{"password", func(c *token.Config) { c.Issuer = "https://u:hunter2@example.com" }, "has a user name or password"},
		{"no store", func(c *token.Config) { c.Store = nil }, "no store"},
		{"no master key", func(c *token.Config) { c.Seal = nil }, "no master key"},
		{"no clock", func(c *token.Config) { c.Now = nil }, "no clock"},
		{"no key id prefix", func(c *token.Config) { c.KeyIDPrefix = "" }, "no key id prefix"},
		{"algorithm none", func(c *token.Config) { c.Algorithm = "none" }, `"none" is none of`},
		{"algorithm HS256", func(c *token.Config) { c.Algorithm = "HS256" }, `"HS256" is none of`},
		{"algorithm in lower case", func(c *token.Config) { c.Algorithm = "rs512" }, `"rs512" is none of`},
		{"published long enough", func(c *token.Config) { c.PublishAhead = 2*token.KeySetMaxAge + 1 }, ""},
		{"published too shortly", func(c *token.Config) { c.PublishAhead = 2 * token.KeySetMaxAge }, "not more than twice the cache time"},
		{"published in the past", func(c *token.Config) { c.PublishAhead = -time.Hour }, "not more than twice the cache time"},
		{"rotates often", func(c *token.Config) { c.RotateEvery = 15*time.Minute + 1 }, ""},
		{"rotates too often", func(c *token.Config) { c.RotateEvery = 15 * time.Minute }, "not more than the 15m0s"},
		{"no lifetime", func(c *token.Config) { c.MaxLifetime = -1 }, "longest token lifetime"},
		{"negative workers", func(c *token.Config) { c.Workers = -1 }, "-1 workers"},
	} {
		cl := new(clock)
		c := config(t, openStore(t, cl.now), cl.now)
		tc.change(&c)
		r, err := token.New(c)
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tc.name, err)
				continue
			}
			r.Close()
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.want)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the password: %v", tc.name, err)
		}
	}
	if _, err := token.New(token.Config{}); err == nil || len(strings.Split(err.Error(), "\n")) != 5 {
		t.Errorf("empty Config: got %v, want all five problems", err)
	}
}

// Header and payload are, but for the values, those of tokens seen of AWS.
func TestRing_Issue_Bytes(t *testing.T) {
	t.Parallel()
	iat := time.Date(2022, 8, 10, 15, 4, 59, 999e6, time.UTC) // 1660143899.999
	const head = `{"sub":"us-west-2:2128","aud":"us-west-2:9faf","amr":`
	for _, tc := range []struct {
		name   string
		change func(*identity.Claims)
		want   string
	}{
		{
			"developer, as in us-east-1",
			func(c *identity.Claims) {
				c.AMR = []string{"authenticated", "login.my.app", "login.my.app:us-west-2:9faf:759"}
			},
			head + `["authenticated","login.my.app","login.my.app:us-west-2:9faf:759"],` +
				`"iss":"https://id.example.com","exp":1660144799,"iat":1660143899}`,
		},
		{
			"unauthenticated, as in us-west-2",
			func(c *identity.Claims) {
				c.PoolARN = "arn:aws:cognito-identity:us-west-2:123456789012:identitypool/us-west-2:9faf"
				c.Lifetime = 600 * time.Second
			},
			head + `["unauthenticated"],"iss":"https://id.example.com",` +
				`"https://cognito-identity.amazonaws.com/identity-pool-arn":` +
				`"arn:aws:cognito-identity:us-west-2:123456789012:identitypool/us-west-2:9faf",` +
				`"exp":1660144499,"iat":1660143899}`,
		},
		{
			"principal tags",
			func(c *identity.Claims) {
				c.PrincipalTags = map[string]string{"repository": "x/y", "actor": "djonser", "Z": ""}
				c.PoolARN = "arn"
				c.Lifetime = 24 * time.Hour
			},
			head + `["unauthenticated"],` +
				`"https://aws.amazon.com/tags":{"principal_tags":{"Z":[""],"actor":["djonser"],"repository":["x/y"]}},` +
				`"iss":"https://id.example.com","https://cognito-identity.amazonaws.com/identity-pool-arn":"arn",` +
				`"exp":1660230299,"iat":1660143899}`,
		},
		{
			"empty principal tags",
			func(c *identity.Claims) { c.PrincipalTags = map[string]string{} },
			head + `["unauthenticated"],"iss":"https://id.example.com","exp":1660144799,"iat":1660143899}`,
		},
		{
			"characters that matter to JSON and HTML",
			func(c *identity.Claims) {
				c.AMR = []string{`<a&b> "\` + "\n\u2028é😀"}
				c.PrincipalTags = map[string]string{`"`: `\`}
			},
			head + `["<a&b> \"\\\n` + "\u2028é😀" + `"],"https://aws.amazon.com/tags":{"principal_tags":{"\"":["\\"]}},` +
				`"iss":"https://id.example.com","exp":1660144799,"iat":1660143899}`,
		},
		{
			"longer than the scratch space",
			func(c *identity.Claims) { c.AMR = []string{strings.Repeat("long", 1000)} },
			head + `["` + strings.Repeat("long", 1000) + `"],"iss":"https://id.example.com","exp":1660144799,"iat":1660143899}`,
		},
	} {
		for _, algorithm := range []string{token.RS512, token.ES256} {
			now := func() time.Time { return iat }
			c := config(t, openStore(t, now), now)
			c.Algorithm = algorithm
			cl := identity.Claims{
				Subject: "us-west-2:2128", Audience: "us-west-2:9faf", AMR: []string{"unauthenticated"},
				IssuedAt: iat, Lifetime: 15 * time.Minute,
			}
			tc.change(&cl)
			header, payload := decode(t, issue(t, ensured(t, c), cl))
			if want := `{"kid":"us-east-1-1","typ":"JWS","alg":"` + algorithm + `"}`; header != want {
				t.Errorf("%s: header: got %s, want %s", tc.name, header, want)
			}
			if payload != tc.want {
				t.Errorf("%s: payload:\n got %s\nwant %s", tc.name, payload, tc.want)
			}
		}
	}
}

// decode returns header and payload of a token in its own bytes.
func decode(t testing.TB, raw string) (header, payload string) {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("token has %d parts", len(parts))
	}
	h, err := base64.RawURLEncoding.Strict().DecodeString(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	p, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(h), string(p)
}

func TestRing_Issue_Refuses(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	r := ensured(t, config(t, openStore(t, cl.now), cl.now))
	for _, tc := range []struct {
		name   string
		change func(*identity.Claims)
		want   string // "": accepted
	}{
		{"as it is", func(c *identity.Claims) {}, ""},
		{"no subject", func(c *identity.Claims) { c.Subject = "" }, "is missing"},
		{"no audience", func(c *identity.Claims) { c.Audience = "" }, "is missing"},
		{"no amr", func(c *identity.Claims) { c.AMR = nil }, "is missing"},
		{"a second", func(c *identity.Claims) { c.Lifetime = time.Second }, ""},
		{"no lifetime", func(c *identity.Claims) { c.Lifetime = 0 }, "not a positive number of seconds"},
		{"negative lifetime", func(c *identity.Claims) { c.Lifetime = -time.Minute }, "not a positive number of seconds"},
		{"part of a second", func(c *identity.Claims) { c.Lifetime = 1500 * time.Millisecond }, "not a positive number of seconds"},
		{"a day", func(c *identity.Claims) { c.Lifetime = 24 * time.Hour }, ""},
		{"over a day", func(c *identity.Claims) { c.Lifetime = 24*time.Hour + time.Second }, "longer than 24h0m0s"},
		{"a clock ahead", func(c *identity.Claims) { c.IssuedAt = start.Add(5 * time.Minute) }, ""},
		{"issued later", func(c *identity.Claims) { c.IssuedAt = start.Add(5*time.Minute + 1) }, "in the future"},
		{"subject not UTF-8", func(c *identity.Claims) { c.Subject = "a\xff" }, "not valid UTF-8"},
		{"amr not UTF-8", func(c *identity.Claims) { c.AMR = []string{"a", "\xff"} }, "not valid UTF-8"},
		{"tag name not UTF-8", func(c *identity.Claims) { c.PrincipalTags = map[string]string{"\xff": "a"} }, "not valid UTF-8"},
		{"tag not UTF-8", func(c *identity.Claims) { c.PrincipalTags = map[string]string{"a": "\xff"} }, "not valid UTF-8"},
	} {
		c := claims(start)
		tc.change(&c)
		got, err := r.Issue(t.Context(), c)
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
			continue
		}
		if got != "" || err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.want)
		}
	}
}

func TestRing_Issue_BeforeEnsure(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	r := newRing(t, config(t, openStore(t, cl.now), cl.now))
	if _, err := r.Issue(t.Context(), claims(start)); err == nil || !strings.Contains(err.Error(), "no signing key is active") {
		t.Errorf("Issue: got %v", err)
	}
	if set, err := r.KeySet(t.Context()); err != nil || string(set) != `{"keys":[]}` {
		t.Errorf("KeySet: got %s, %v", set, err)
	}
}

func TestRing_Close(t *testing.T) {
	t.Parallel()
	cl := new(clock)
	c := config(t, openStore(t, cl.now), cl.now)
	c.Algorithm = token.RS512
	r := ensured(t, c)
	issue(t, r, claims(start))
	r.Close()
	r.Close()
	if _, err := r.Issue(t.Context(), claims(start)); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: got %v", err)
	}
}
