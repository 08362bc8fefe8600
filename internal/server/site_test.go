package server_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/login"
	"github.com/poolkeeper/poolkeeper/internal/masterkey"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/server"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/sts"
	"github.com/poolkeeper/poolkeeper/internal/sts/idtoken"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

const (
	region       = "us-east-1"
	otherRegion  = "eu-central-1"
	account      = "111122223333"
	otherAccount = "444455556666"
	issuer       = "https://id.example/base"
)

// start is when every site's clock stands at first: as a timestamp of the wire, 1.4E9.
var start = time.Unix(1_400_000_000, 0).UTC()

// A clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A logbook keeps what is logged, as JSON lines.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// lines returns the lines that have the message, decoded.
func (l *logbook) lines(t testing.TB, message string) (lines []map[string]any) {
	t.Helper()
	for raw := range bytes.Lines([]byte(l.String())) {
		var line map[string]any
		if err := json.Unmarshal(raw, &line); err != nil {
			t.Fatalf("log line %q: %v", raw, err)
		}
		if line["msg"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}

// A site is a server with everything under it, on a store and a clock of its own.
type site struct {
	clock      clock
	log        logbook
	db         *store.DB
	keys       *token.Ring
	identities *identity.Service
	principals *principal.Service
	master     *masterkey.Rotation
	provider   *provider
	config     server.Config
	// handler serves what everybody may call; control what operators may.
	handler, control *server.Server
	// who holds the credentials that requests are signed with, by name.
	who map[string]sigv4.Credentials
}

// A change alters the configuration of a site before it is built.
type change struct {
	identity  func(*identity.Config)
	principal func(*principal.Config)
	server    func(*server.Config)
	// algorithm is that of tokens; empty: ES256, whose keys are made at once.
	algorithm string
	// now replaces the clock, for measurements.
	now func() time.Time
	log io.Writer
}

func newSite(t testing.TB, c change) *site {
	t.Helper()
	s := &site{clock: clock{now: start}}
	now := c.now
	if now == nil {
		now = s.clock.Now
	}
	var log io.Writer = &s.log
	if c.log != nil {
		log = c.log
	}
	keyDir := t.TempDir()
	master, err := seal.CreateFile(filepath.Join(keyDir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	s.db, err = store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "site.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	if err := s.db.UseIDKey(t.Context(), func(tx identity.Tx) ([]byte, error) { return identity.IDKey(tx, master) }); err != nil {
		t.Fatal(err)
	}
	err = s.db.Update(t.Context(), func(tx identity.Tx) error {
		return tx.PutSetting(identity.SettingSeal, master.Seal("setting/"+identity.SettingSeal, nil))
	})
	if err != nil {
		t.Fatal(err)
	}
	s.master = &masterkey.Rotation{Store: s.db, Seal: master, Dir: keyDir}
	s.keys, err = token.New(token.Config{
		Store: s.db, Seal: master, Issuer: issuer, Algorithm: cmp.Or(c.algorithm, token.ES256), KeyIDPrefix: region, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.keys.Close)
	if err := s.keys.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	administration := principal.Config{
		Store: s.db.Principals(), Seal: master, NewID: func(prefix string) string { return prefix + rand.Text()[:17] },
		Issuer: issuer, InsecureUpstreams: true,
	}
	if c.principal != nil {
		c.principal(&administration)
	}
	s.principals, err = principal.New(administration)
	if err != nil {
		t.Fatal(err)
	}
	s.provider = newProvider(t)
	logins, err := login.New(login.Config{
		Now: now, Registry: s.principals, OwnIssuers: []string{"https://" + api.IdentityPools, issuer},
		Endpoints: s.provider.endpoints(), AllowPrivate: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	exchange, err := sts.New(sts.Config{
		Principals: s.principals, Tokens: s.keys, Issuer: s.keys, IssuerURL: issuer, Now: now,
		Providers: idtoken.By(logins), AllowPrivate: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	domain := identity.Config{
		Store: s.db, Issuer: s.keys, Seal: master, Regions: []string{region, otherRegion}, NewGUID: uuid.NewString,
		Logins: logins, Tokens: s.keys, Credentials: exchange, Roles: s.principals,
	}
	if c.identity != nil {
		c.identity(&domain)
	}
	s.identities, err = identity.New(domain)
	if err != nil {
		t.Fatal(err)
	}
	s.config = server.Config{
		Services: []server.Served{
			{Service: api.CognitoIdentity, Bindings: server.CognitoIdentity(s.identities)},
			{Service: api.IAM, Bindings: server.IAM(s.principals)},
			{Service: api.STS, Bindings: server.STS(s.principals, exchange)},
			{Service: api.Identities, Bindings: server.Identities(s.identities, exchange)},
		},
		Authenticate: &server.Signatures{
			Regions: domain.Regions, Keys: s.principals, Now: now,
			Dev: &server.DevKey{ID: "AKIADEVDEVDEVDEVDEVD", Secret: "for development", Account: account},
		},
		Authorize: &server.Policies{Principals: s.principals, Identities: s.identities},
		Now:       now, NewRequestID: uuid.NewString, Strict: true,
		Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if c.server != nil {
		c.server(&s.config)
	}
	s.handler = server.New(s.config)
	operators := s.config
	operators.Services = []server.Served{
		{Service: api.Control, Bindings: server.Control(s.keys, s.principals, s.identities, s.master)},
		{Service: api.IAM, Bindings: server.IAM(s.principals)},
	}
	operator := server.Operator{Account: account, Region: region}
	operators.Authenticate, operators.Authorize = operator, operator
	s.control = server.New(operators)

	s.who = map[string]sigv4.Credentials{
		"root":  s.newKey(t, account, ""),
		"other": s.newKey(t, otherAccount, ""),
		"dev":   {AccessKeyID: "AKIADEVDEVDEVDEVDEVD", SecretAccessKey: "for development"},
		// nobody has a key that does not exist; liar has root's id without the secret.
		"nobody": {AccessKeyID: "AKIANOBODYNOBODYNOBO", SecretAccessKey: "nobody's"},
	}
	s.who["liar"] = sigv4.Credentials{AccessKeyID: s.who["root"].AccessKeyID, SecretAccessKey: "not the secret"}
	session := s.who["root"]
	session.SessionToken = "a session token that nobody issued"
	s.who["session"] = session
	return s
}

// newKey makes an access key for a user, or for the root.
func (s *site) newKey(t testing.TB, account, user string) sigv4.Credentials {
	t.Helper()
	out, err := s.principals.CreateAccessKey(context.Background(), principal.Root(account), &api.CreateAccessKeyInput{UserName: user})
	if err != nil {
		t.Fatal(err)
	}
	return sigv4.Credentials{AccessKeyID: out.AccessKey.AccessKeyId, SecretAccessKey: string(out.AccessKey.SecretAccessKey)}
}

// newUser makes a user who signs with a key, and may do what the statements of one policy
// say; without any, nothing.
func (s *site) newUser(t testing.TB, account, name string, statements ...string) {
	t.Helper()
	if _, err := s.principals.CreateUser(context.Background(), principal.Root(account), &api.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	s.allow(t, account, name, statements...)
	s.who[name] = s.newKey(t, account, name)
}

// allow replaces the policy of a user.
func (s *site) allow(t testing.TB, account, name string, statements ...string) {
	t.Helper()
	if len(statements) == 0 {
		return
	}
	err := s.principals.PutUserPolicy(context.Background(), principal.Root(account), &api.PutUserPolicyInput{
		UserName: name, PolicyName: "its-own",
		PolicyDocument: `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// listen serves what everybody may call and returns its address.
func (s *site) listen(t testing.TB) string {
	t.Helper()
	l := httptest.NewServer(s.handler)
	t.Cleanup(l.Close)
	return l.Listener.Addr().String()
}

func (s *site) listenControl(t testing.TB) string {
	t.Helper()
	l := httptest.NewServer(s.control)
	t.Cleanup(l.Close)
	return l.Listener.Addr().String()
}
