package cli_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/cli"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/server"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

const (
	region  = "us-east-1"
	account = "111122223333"
)

// newServer returns a client of a server of its own, with the root's access key.
func newServer(t *testing.T) *cli.Client {
	t.Helper()
	master, err := seal.CreateFile(filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "site.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.UseIDKey(t.Context(), func(tx identity.Tx) ([]byte, error) { return identity.IDKey(tx, master) }); err != nil {
		t.Fatal(err)
	}
	keys, err := token.New(token.Config{
		Store: db, Seal: master, Issuer: "https://id.example", Algorithm: token.ES256, KeyIDPrefix: region, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(keys.Close)
	if err := keys.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	service, err := identity.New(identity.Config{Store: db, Issuer: keys, Seal: master, Regions: []string{region}, NewGUID: uuid.NewString})
	if err != nil {
		t.Fatal(err)
	}
	principals, err := principal.New(principal.Config{
		Store: db.Principals(), Seal: master, NewID: func(prefix string) string { return prefix + rand.Text()[:17] },
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := principals.CreateAccessKey(t.Context(), principal.Root(account), &api.CreateAccessKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	l := httptest.NewServer(server.New(server.Config{
		Services: []server.Served{
			{Service: api.CognitoIdentity, Bindings: server.CognitoIdentity(service)},
			{Service: api.IAM, Bindings: server.IAM(principals)},
		},
		Authenticate: &server.Signatures{Regions: []string{region}, Keys: principals, Now: time.Now},
		Authorize:    &server.Policies{Principals: principals, Identities: service},
		Now:          time.Now, NewRequestID: uuid.NewString, Log: slog.New(slog.DiscardHandler), Strict: true,
	}))
	t.Cleanup(l.Close)
	return &cli.Client{
		Service: api.CognitoIdentity, Endpoint: l.URL, HTTP: l.Client(), Region: region, Now: time.Now,
		Credentials: sigv4.Credentials{AccessKeyID: key.AccessKey.AccessKeyId, SecretAccessKey: string(key.AccessKey.SecretAccessKey)},
	}
}

// TestClient_RoundTrip: what goes in comes out, members of every kind.
func TestClient_RoundTrip(t *testing.T) {
	t.Parallel()
	c := newServer(t)
	no := false
	in := &api.CreateIdentityPoolInput{
		IdentityPoolName: "round trip", AllowUnauthenticatedIdentities: true, AllowClassicFlow: &no,
		SupportedLoginProviders:   map[string]string{"www.amazon.com": "amzn1.application"},
		DeveloperProviderName:     "login.example",
		OpenIdConnectProviderARNs: []string{"arn:aws:iam::111122223333:oidc-provider/op.example"},
		CognitoIdentityProviders:  []api.CognitoIdentityProvider{{ProviderName: "cognito-idp.us-east-1.amazonaws.com/us-east-1_1", ClientId: "x", ServerSideTokenCheck: &no}},
		IdentityPoolTags:          map[string]string{"a key": "a value", "b": ""},
	}
	var made, read api.IdentityPool
	if err := c.Call(t.Context(), "CreateIdentityPool", in, &made); err != nil {
		t.Fatal(err)
	}
	want := api.IdentityPool{
		IdentityPoolId: made.IdentityPoolId, IdentityPoolName: in.IdentityPoolName,
		AllowUnauthenticatedIdentities: true, AllowClassicFlow: &no,
		SupportedLoginProviders: in.SupportedLoginProviders, DeveloperProviderName: in.DeveloperProviderName,
		OpenIdConnectProviderARNs: in.OpenIdConnectProviderARNs, CognitoIdentityProviders: in.CognitoIdentityProviders,
		IdentityPoolTags: in.IdentityPoolTags,
	}
	if err := c.Call(t.Context(), "DescribeIdentityPool", &api.DescribeIdentityPoolInput{IdentityPoolId: made.IdentityPoolId}, &read); err != nil {
		t.Fatal(err)
	}
	for _, got := range []api.IdentityPool{made, read} {
		if diff := cmp.Diff(want, got); diff != "" || got.IdentityPoolId == "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}

	// Identifiers keep every byte.
	user := "alice \"<&>\" \\ \u2028 \U0001f600 é e\u0301"
	var out api.GetOpenIdTokenForDeveloperIdentityOutput
	err := c.Call(t.Context(), "GetOpenIdTokenForDeveloperIdentity", &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: made.IdentityPoolId, Logins: map[string]api.Secret{"login.example": api.Secret(user)}, TokenDuration: 60,
	}, &out)
	if err != nil || out.Token == "" {
		t.Fatalf("got %+v, %v", out, err)
	}
	var found api.LookupDeveloperIdentityOutput
	err = c.Call(t.Context(), "LookupDeveloperIdentity", &api.LookupDeveloperIdentityInput{IdentityPoolId: made.IdentityPoolId, IdentityId: out.IdentityId}, &found)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{user}, found.DeveloperUserIdentifierList); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var described api.IdentityDescription
	if err := c.Call(t.Context(), "DescribeIdentity", &api.DescribeIdentityInput{IdentityId: out.IdentityId}, &described); err != nil {
		t.Fatal(err)
	}
	if age := time.Since(described.CreationDate); age < 0 || age > time.Minute {
		t.Errorf("created at %v", described.CreationDate)
	}

	// An empty body, with and without a place for it; an empty structure.
	arn := "arn:aws:cognito-identity:us-east-1:111122223333:identitypool/" + made.IdentityPoolId
	if err := c.Call(t.Context(), "TagResource", &api.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"x": "y"}}, new(api.TagResourceOutput)); err != nil {
		t.Error(err)
	}
	if err := c.Call(t.Context(), "DeleteIdentityPool", &api.DeleteIdentityPoolInput{IdentityPoolId: made.IdentityPoolId}, nil); err != nil {
		t.Error(err)
	}
}

// TestClient_Query: the same of a service of the Query protocol.
func TestClient_Query(t *testing.T) {
	t.Parallel()
	c := newServer(t)
	c.Service = api.IAM
	var made api.CreateUserOutput
	in := &api.CreateUserInput{UserName: "backend", Path: "/a/", Tags: []api.Tag{{Key: "team", Value: "a + b=c"}, {Key: "x", Value: "é"}}}
	if err := c.Call(t.Context(), "CreateUser", in, &made); err != nil {
		t.Fatal(err)
	}
	var read api.GetUserOutput
	if err := c.Call(t.Context(), "GetUser", &api.GetUserInput{UserName: "backend"}, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made.User, read.User); diff != "" || made.User.Path != "/a/" || !slices.Equal(made.User.Tags, in.Tags) {
		t.Errorf("got %+v; made, read:\n%s", made.User, diff)
	}
	if err := c.Call(t.Context(), "DeleteUser", &api.DeleteUserInput{UserName: "backend"}, nil); err != nil {
		t.Error(err)
	}
	wantRefusal(t, c.Call(t.Context(), "GetUser", &api.GetUserInput{UserName: "backend"}, &read), api.UserNotFound.With("backend"))
}

// TestClient_Unsigned: without credentials a call goes unsigned, which public operations take.
func TestClient_Unsigned(t *testing.T) {
	t.Parallel()
	c := newServer(t)
	var pool api.IdentityPool
	if err := c.Call(t.Context(), "CreateIdentityPool", &api.CreateIdentityPoolInput{IdentityPoolName: "x", AllowUnauthenticatedIdentities: true}, &pool); err != nil {
		t.Fatal(err)
	}
	anonymous := &cli.Client{Service: c.Service, Endpoint: c.Endpoint}
	var out api.GetIdOutput
	if err := anonymous.Call(t.Context(), "GetId", &api.GetIdInput{IdentityPoolId: pool.IdentityPoolId}, &out); err != nil || out.IdentityId == "" {
		t.Errorf("got %+v, %v", out, err)
	}
	err := anonymous.Call(t.Context(), "DeleteIdentityPool", &api.DeleteIdentityPoolInput{IdentityPoolId: pool.IdentityPoolId}, nil)
	wantRefusal(t, err, api.MissingAuthentication.With())
}

// TestClient_Path: an endpoint with a path and a query is signed as it is sent.
func TestClient_Path(t *testing.T) {
	t.Parallel()
	c := newServer(t)
	for _, more := range []string{"/", "/a/b", "/a%2Fb/", "/?x=1&a=%20", "//a/../b"} {
		at := *c
		at.Endpoint += more
		if err := at.Call(t.Context(), "ListIdentityPools", &api.ListIdentityPoolsInput{MaxResults: 1}, new(api.ListIdentityPoolsOutput)); err != nil {
			t.Errorf("%s: %v", more, err)
		}
	}
}

func wantRefusal(t *testing.T, err error, want *api.Error) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) || e.Code != want.Code || e.Message != want.Message {
		t.Errorf("got %v, want %v", err, want)
	}
}

// TestClient_Refusal: what the server refuses is an *api.Error, in every phase.
func TestClient_Refusal(t *testing.T) {
	t.Parallel()
	c := newServer(t)
	none := "us-east-1:00000000-0000-4000-8000-000000000000"
	wantRefusal(t, c.Call(t.Context(), "DescribeIdentityPool", &api.DescribeIdentityPoolInput{IdentityPoolId: none}, new(api.IdentityPool)),
		api.PoolNotFound.With(none))
	wantRefusal(t, c.Call(t.Context(), "ListIdentityPools", &api.ListIdentityPoolsInput{MaxResults: 61}, new(api.ListIdentityPoolsOutput)),
		&api.Error{Code: api.ValidationException, Message: "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60"})
	wantRefusal(t, c.Call(t.Context(), "GetIdentityPoolRoles", &api.GetIdentityPoolRolesInput{IdentityPoolId: none}, nil),
		api.PoolNotFound.With(none))
	stranger := *c
	stranger.Credentials.AccessKeyID = "AKIANOBODYNOBODYNOBO"
	wantRefusal(t, stranger.Call(t.Context(), "ListIdentityPools", &api.ListIdentityPoolsInput{MaxResults: 1}, nil),
		api.UnrecognizedKey.With())
}

// TestClient_OddAnswers: what is no answer of the protocol is an error that says what came
// and from where, and never a refusal.
func TestClient_OddAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		body   string
		// want is in the error; empty: there is none.
		want string
		// code is that of a refusal.
		code api.Code
	}{
		{"an answer", 200, `{"IdentityId":"us-east-1:1"}`, "", ""},
		{"with more than is known", 200, `{"IdentityId":"us-east-1:1","New":{"a":[]}}`, "", ""},
		{"with less", 200, `{}`, "", ""},
		{"beyond constraints", 200, `{"IdentityId":""}`, "", ""},
		{"refused", 400, `{"__type":"NotAuthorizedException","message":"no"}`, "NotAuthorizedException: no", api.NotAuthorizedException},
		{"refused with a namespace and a capital", 400, `{"__type":"com.amazonaws.cognito#NotAuthorizedException:http://x/","Message":"no"}`, "NotAuthorizedException: no", api.NotAuthorizedException},
		{"refused without a message", 400, `{"__type":"SerializationException"}`, "SerializationException", api.SerializationException},

		{"HTML, 200", 200, "<html>hello</html>", "call GetId: read answer of http://", ""},
		{"empty, 200", 200, "", "read answer of", ""},
		{"another type", 200, `{"IdentityId":1}`, "read answer of", ""},
		{"a name twice", 200, `{"IdentityId":"a","IdentityId":"b"}`, "read answer of", ""},
		{"a gateway's page", 502, "<html>bad gateway</html>", "502 Bad Gateway", ""},
		{"no body", 503, "", "503 Service Unavailable", ""},
		{"JSON that is no error", 500, `{"message":"no"}`, "500 Internal Server Error", ""},
		{"XML", 403, "<AccessDeniedException>\n</AccessDeniedException>\n", "403 Forbidden", ""},
		{"huge", 200, `{"IdentityId":"` + strings.Repeat("a", 2<<20) + `"}`, "with more than 1048576 bytes", ""},
		{"huge and an error", 400, `{"__type":"X","message":"` + strings.Repeat("a", 2<<20) + `"}`, "400 Bad Request with more than 1048576 bytes", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			}))
			defer l.Close()
			client := &cli.Client{Service: api.CognitoIdentity, Endpoint: l.URL}
			err := client.Call(t.Context(), "GetId", &api.GetIdInput{IdentityPoolId: "us-east-1:0"}, new(api.GetIdOutput))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			var e *api.Error
			if refused := errors.As(err, &e); refused != (c.code != "") || refused && e.Code != c.code {
				t.Errorf("a refusal: %v, want %q", e, c.code)
			}
		})
	}
}

// TestClient_Endless: an answer without an end is left.
func TestClient_Endless(t *testing.T) {
	t.Parallel()
	l := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for err := error(nil); err == nil; {
			_, err = w.Write(make([]byte, 1<<16))
		}
	}))
	defer l.Close()
	client := &cli.Client{Service: api.CognitoIdentity, Endpoint: l.URL}
	err := client.Call(t.Context(), "GetId", &api.GetIdInput{IdentityPoolId: "us-east-1:0"}, new(api.GetIdOutput))
	if err == nil || !strings.Contains(err.Error(), "with more than") {
		t.Errorf("got %v", err)
	}
}

func TestClient_NoServer(t *testing.T) {
	t.Parallel()
	l := httptest.NewServer(http.NotFoundHandler())
	l.Close()
	for _, c := range []struct{ endpoint, operation, want string }{
		{l.URL, "GetId", "call GetId: "},
		{"http://%zz", "GetId", "call GetId: "},
		{l.URL, "NoSuchOperation", "cognito-identity has no operation NoSuchOperation"},
	} {
		client := &cli.Client{Service: api.CognitoIdentity, Endpoint: c.endpoint}
		err := client.Call(t.Context(), c.operation, &api.GetIdInput{IdentityPoolId: "us-east-1:0"}, nil)
		if err == nil || !strings.HasPrefix(fmt.Sprint(err), c.want) {
			t.Errorf("%s at %s: got %v, want %q", c.operation, c.endpoint, err, c.want)
		}
	}
}
