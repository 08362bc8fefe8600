package server_test

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/server"
)

// TestLog_Line: one line for each request, with all that is known of it.
func TestLog_Line(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)
	signed := func(who, operation, body string) *request {
		r := callCognito(operation, body)
		s.signing(who).sign(t, r)
		return r
	}
	by := map[string]any{"account": account, "principal": "arn:aws:iam::" + account + ":root", "key": s.who["root"].AccessKeyID, "region": region}
	for _, c := range []struct {
		name string
		r    *request
		op   string
		// status and code of the answer.
		status int
		code   string
		caller map[string]any
	}{
		{"success", signed("root", "ListIdentityPools", poolsAsked), "ListIdentityPools", 200, "", by},
		{"refused by the operation", signed("root", "DescribeIdentityPool", `{"IdentityPoolId":"us-east-1:0"}`), "DescribeIdentityPool", 400, "ResourceNotFoundException", by},
		{"refused before it", signed("root", "DescribeIdentityPool", `{}`), "DescribeIdentityPool", 400, "ValidationException", by},
		// Who could not prove who they are have no name here.
		{"wrong secret", signed("liar", "ListIdentityPools", poolsAsked), "ListIdentityPools", 400, "InvalidSignatureException", nil},
		{"session token", signed("session", "ListIdentityPools", poolsAsked), "ListIdentityPools", 400, "UnrecognizedClientException", nil},
		{"unsigned", callCognito("ListIdentityPools", poolsAsked), "ListIdentityPools", 400, "MissingAuthenticationTokenException", nil},
		{"public", callCognito("GetId", `{"IdentityPoolId":"us-east-1:0"}`), "GetId", 400, "ResourceNotFoundException", nil},
		{"page token", signed("root", "ListIdentityPools", `{"MaxResults":1,"NextToken":"x"}`), "ListIdentityPools", 400, "InvalidParameterException", by},
		{"not JSON", callCognito("GetId", "{"), "GetId", 400, "SerializationException", nil},
		{"too long", callCognito("GetId", strings.Repeat("a", 1<<20+1)), "", 413, "RequestEntityTooLargeException", nil},
		{"no such operation", callCognito("None", "{}"), "", 400, "UnknownOperationException", nil},
		{"GET", &request{method: "GET", target: "/", header: []field{{"Host", host}}}, "", 400, "BadRequest", nil},
		{"content type", &request{method: "POST", target: "/", header: []field{{"Host", host}}}, "", 403, "AccessDeniedException", nil},
		{"preflight", &request{method: "OPTIONS", target: "/", header: []field{{"Host", host}, {"Origin", "https://app.example"}}}, "", 200, "", nil},
	} {
		before := len(s.log.lines(t, "request"))
		a := send(t, address, c.r)
		// The line is written when the answer is: it may be a moment later.
		lines := await(t, func() ([]map[string]any, bool) {
			lines := s.log.lines(t, "request")[before:]
			return lines, len(lines) > 0
		})
		if len(lines) != 1 {
			t.Errorf("%s: %d lines: %v", c.name, len(lines), lines)
			continue
		}
		got := lines[0]
		for _, changing := range []string{"time", "took", "cause"} {
			delete(got, changing)
		}
		want := map[string]any{
			"level": "INFO", "msg": "request", "id": a.get("x-amzn-RequestId"), "op": c.op,
			"status": float64(c.status), "from": "127.0.0.1",
		}
		if c.code != "" {
			want["error"] = c.code
		}
		maps.Copy(want, c.caller)
		if diff := cmp.Diff(want, got); diff != "" || a.status != c.status {
			t.Errorf("%s: answered %d; log (-want +got)\n%s", c.name, a.status, diff)
		}
	}
}

// TestLog_KeepsSecrets: whatever a client sends, where it belongs or anywhere else, is not in the
// log; secrets are not in an answer either.
func TestLog_KeepsSecrets(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)
	const canary = "CANARYcanary0123456789"
	pool := s.fresh(t, "%POOL")
	sign := func(r *request) *request { s.signing("root").sign(t, r); return r }
	logins := `{"IdentityPoolId":"` + pool + `","Logins":{"login.example":"` + canary + `"}}`
	with := func(name, value string) *request {
		r := callCognito("ListIdentityPools", poolsAsked)
		r.set(name, value)
		return r
	}
	session := s.signing("root")
	session.who.SessionToken = canary
	foreign := callCognito("ListIdentityPools", poolsAsked)
	session.sign(t, foreign)
	presigned := callCognito("ListIdentityPools", poolsAsked)
	session.presign(t, presigned, 0)

	requests := []*request{
		sign(callCognito("GetOpenIdTokenForDeveloperIdentity", logins)),
		sign(callCognito("LookupDeveloperIdentity", `{"IdentityPoolId":"`+pool+`","DeveloperUserIdentifier":"`+canary+`"}`)),
		sign(callCognito("MergeDeveloperIdentities", `{"IdentityPoolId":"`+pool+`","DeveloperProviderName":"login.example","SourceUserIdentifier":"`+canary+`","DestinationUserIdentifier":"`+canary+`no"}`)),
		sign(callCognito("UnlinkDeveloperIdentity", `{"IdentityPoolId":"`+pool+`","IdentityId":"us-east-1:0","DeveloperProviderName":"login.example","DeveloperUserIdentifier":"`+canary+`"}`)),
		callCognito("GetId", logins),
		callCognito("GetId", `{"IdentityPoolId":"`+pool+`","Logins":{"www.amazon.com":"`+canary+`"}}`),
		callCognito("GetId", `{"IdentityPoolId":"","Logins":{"www.amazon.com":"`+canary+strings.Repeat("x", 50000)+`"}}`),
		callCognito("GetId", `{"IdentityPoolId":["`+canary+`"],"Logins":"`+canary+`"}`),
		callCognito("GetId", `{"`+canary+`":1,"`+canary+`":2}`),
		callCognito("GetId", canary),
		callCognito(canary, "{}"),
		foreign, presigned,
		with("Authorization", "Bearer "+canary),
		with("Authorization", canary),
		with("Content-Type", canary),
		with("X-Amz-Security-Token", canary),
		with("Cookie", canary),
		{method: canary, target: "/" + canary, header: []field{{"Host", canary}}},
		{method: "POST", target: "/?X-Amz-Algorithm=" + canary, header: with("X", "y").header, body: []byte(poolsAsked)},
		sign(callCognito("ListIdentityPools", `{"MaxResults":1,"NextToken":"`+canary+`"}`)),
	}
	reachedUser := false
	for _, r := range requests {
		a := send(t, address, r)
		if strings.Contains(string(a.body), canary) && strings.Contains(string(r.body), `"Logins"`) {
			t.Errorf("a login is in the answer %d %s", a.status, a.body)
		}
		reachedUser = reachedUser || a.status == 200
	}
	if !reachedUser {
		t.Error("no request succeeded: the canaries have not been where they belong")
	}
	text := await(t, func() (string, bool) {
		return s.log.String(), len(s.log.lines(t, "request")) >= len(requests)
	})
	if strings.Contains(text, canary) {
		t.Errorf("the canary is in the log:\n%s", text)
	}
	for who, c := range s.who {
		if strings.Contains(text, c.SecretAccessKey) {
			t.Errorf("the secret of %s is in the log", who)
		}
	}
	if strings.Contains(text, "eyJ") {
		t.Error("a token is in the log")
	}
	// The log would show it: the key that signed is there.
	if !strings.Contains(text, s.who["root"].AccessKeyID) {
		t.Error("the log does not even name the access key")
	}
}

// TestLog_Unforgeable: a line is a line, whatever is sent, in the text form as well.
func TestLog_Unforgeable(t *testing.T) {
	t.Parallel()
	var log logbook
	s := newSite(t, change{server: func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) }})
	address := s.listen(t)
	const forged = `\r\ntime=now level=INFO msg=request id=forged op=DeleteIdentityPool status=200`
	sign := func(r *request) *request { s.signing("root").sign(t, r); return r }
	requests := []*request{
		sign(callCognito("DescribeIdentityPool", `{"IdentityPoolId":"`+forged+`"}`)),
		sign(callCognito("CreateIdentityPool", `{"IdentityPoolName":"a`+forged+`","AllowUnauthenticatedIdentities":true}`)),
		sign(callCognito("ListIdentityPools", `{"MaxResults":1,"NextToken":"`+forged+`"}`)),
		callCognito("GetId", `{"IdentityPoolId":"us-east-1:0","Logins":{"`+forged+`":"`+forged+`"}}`),
		callCognito("GetId"+strings.NewReplacer(`\r`, "%0d", `\n`, "%0a").Replace(forged), "{}"),
	}
	for _, r := range requests {
		send(t, address, r)
	}
	text := await(t, func() (string, bool) {
		text := log.String()
		return text, strings.Count(text, "\n") >= len(requests)
	})
	if n := strings.Count(text, "\n"); n != len(requests) || strings.Contains(text, "forged") {
		t.Errorf("%d lines for %d requests:\n%s", n, len(requests), text)
	}
}

// TestPanic: an operation that panics costs its caller an error, and nobody else anything.
func TestPanic(t *testing.T) {
	t.Parallel()
	fault := make(chan struct{}, 1)
	s := newSite(t, change{
		identity: func(c *identity.Config) {
			next := c.NewGUID
			c.NewGUID = func() string {
				select {
				case <-fault:
					panic("the source of ids is dry")
				default:
					return next()
				}
			}
		},
		server: func(c *server.Config) { c.Strict = false },
	})
	address := s.listen(t)
	ask := func() *answer {
		r := callCognito("CreateIdentityPool", `{"IdentityPoolName":"x","AllowUnauthenticatedIdentities":true}`)
		s.signing("root").sign(t, r)
		return send(t, address, r)
	}
	fault <- struct{}{}
	a := ask()
	if want := `{"__type":"InternalErrorException","message":"Internal error."}`; a.status != 500 || string(a.body) != want ||
		a.get("x-amzn-ErrorType") != "InternalErrorException:" || a.get("x-amzn-RequestId") == "" {
		t.Errorf("got %d %v %s", a.status, a.header, a.body)
	}
	line := await(t, func() (map[string]any, bool) {
		for _, line := range s.log.lines(t, "request") {
			if line["id"] == a.get("x-amzn-RequestId") {
				return line, true
			}
		}
		return nil, false
	})
	cause, _ := line["cause"].(string)
	if line["level"] != "ERROR" || !strings.Contains(cause, "panic: the source of ids is dry\n") || !strings.Contains(cause, "identity.(*Service).CreateIdentityPool") {
		t.Errorf("logged %v, want the panic and its stack", line)
	}
	// No lock is left behind.
	if a := ask(); a.status != 200 {
		t.Errorf("the next call: got %d %s", a.status, a.body)
	}
}

// TestInternalError: what is not meant for clients is for the log, in full.
func TestInternalError(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{identity: func(c *identity.Config) {
		// The same id twice is a conflict that no operation declares.
		c.NewGUID = func() string { return "00000000-0000-4000-8000-000000000000" }
	}})
	address := s.listen(t)
	ask := func() *answer {
		r := callCognito("CreateIdentityPool", `{"IdentityPoolName":"x","AllowUnauthenticatedIdentities":true}`)
		s.signing("root").sign(t, r)
		return send(t, address, r)
	}
	if a := ask(); a.status != 200 {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	if a := ask(); a.status != 500 || string(a.body) != `{"__type":"InternalErrorException","message":"Internal error."}` {
		t.Errorf("got %d %s", a.status, a.body)
	}
	line := await(t, func() (map[string]any, bool) {
		lines := s.log.lines(t, "request")
		return lines[len(lines)-1], len(lines) == 2
	})
	if line["level"] != "ERROR" || line["cause"] != "insert identity pool: conflict" || line["error"] != "InternalErrorException" {
		t.Errorf("logged %v", line)
	}
}

// TestStrict: under test, an error that an operation does not declare is a panic.
func TestStrict(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{true, false} {
		s := newSite(t, change{server: func(c *server.Config) {
			c.Services[0].Service = altered("GetId", func(op *api.Operation) {
				op.Errors = slices.DeleteFunc(slices.Clone(op.Errors), func(c api.Code) bool { return c == api.ResourceNotFoundException })
			})
			c.Strict = strict
		}})
		ask := func() (p any) {
			defer func() { p = recover() }()
			r := httptest.NewRequest("POST", "/", strings.NewReader(`{"IdentityPoolId":"us-east-1:0"}`))
			r.Header.Set("Content-Type", mediaType)
			r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService.GetId")
			s.handler.ServeHTTP(httptest.NewRecorder(), r)
			return nil
		}
		if p := ask(); (p != nil) != strict || strict && !strings.Contains(fmt.Sprint(p), "does not declare") {
			t.Errorf("strict %v: panic %v", strict, p)
		}
	}
}

// await polls until what it asks for is there.
func await[T any](t testing.TB, ask func() (T, bool)) T {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		v, ok := ask()
		if ok {
			return v
		}
		if time.Now().After(deadline) {
			t.Fatalf("still %v", v)
		}
		runtime.Gosched()
	}
}

// A client is told no more than AWS tells; the log has the reason. Neither it nor the line of
// an explanation has the token, or says who the user is.
func TestLog_WhyRefused(t *testing.T) {
	t.Parallel()
	w := newWire(t, change{})
	alice, token := w.user("root", w.pool, "alice-the-user")
	w.newRole("elsewhere", poolTrust("us-east-1:another", "authenticated"))
	head := token[:strings.LastIndexByte(token, '.')+1]
	forged := head + strings.Repeat("A", len(token)-len(head))
	getID := func(claims map[string]any) func() *answer {
		return func() *answer {
			return w.call("", "GetId", `{"IdentityPoolId":"%s","Logins":{"op.example":"%s"}}`, w.pool, w.provider.token(t, claims))
		}
	}
	for _, c := range []struct {
		name, op, why string
		call          func() *answer
	}{
		{"issuer", "GetId", `wrong issuer: iss "https://other.example", want "https://op.example"`, getID(map[string]any{"iss": "https://other.example"})},
		{"audience", "GetId", "wrong audience: aud has none of the 1 registered client ids", getID(map[string]any{"aud": "other"})},
		{"expired", "GetId", "expired: 1400000000 >= 1399990000", getID(map[string]any{"exp": 1399990000})},
		{"own signature", "GetCredentialsForIdentity", "the signature is not that of the key", func() *answer {
			return w.call("", "GetCredentialsForIdentity", `{"IdentityId":"%s","Logins":{"%s":"%s"}}`, alice, ours, forged)
		}},
		{"exchange, signature", "AssumeRoleWithWebIdentity", "the signature is not that of the key", func() *answer {
			return w.call("", "AssumeRoleWithWebIdentity", "RoleArn=%s&RoleSessionName=session&WebIdentityToken=%s", roleARN("app"), forged)
		}},
		{"exchange, trust", "AssumeRoleWithWebIdentity", "statement 1: StringEquals cognito-identity.amazonaws.com:aud does not hold", func() *answer {
			return w.call("", "AssumeRoleWithWebIdentity", "RoleArn=%s&RoleSessionName=session&WebIdentityToken=%s", roleARN("elsewhere"), token)
		}},
		{"exchange, no role", "AssumeRoleWithWebIdentity", "role " + roleARN("none") + ": not found", func() *answer {
			return w.call("", "AssumeRoleWithWebIdentity", "RoleArn=%s&RoleSessionName=session&WebIdentityToken=%s", roleARN("none"), token)
		}},
	} {
		before := len(w.log.lines(t, "request"))
		if a := c.call(); a.status == 200 {
			t.Errorf("%s: answered %d %s", c.name, a.status, a.body)
		}
		line := await(t, func() (map[string]any, bool) {
			lines := w.log.lines(t, "request")
			return lines[len(lines)-1], len(lines) == before+1
		})
		if cause, _ := line["cause"].(string); line["op"] != c.op || !strings.Contains(cause, c.why) {
			t.Errorf("%s: the log has %v, want %s", c.name, line, c.why)
		}
	}
	w.ok("root", "ExplainWebIdentity", `{"RoleArn":"%s","WebIdentityToken":"%s"}`, roleARN("elsewhere"), token)
	w.ok("root", "ExplainLogin", `{"IdentityPoolId":"%s","IdentityId":"%s","Logins":{"%s":"%s"}}`, w.pool, alice, ours, forged)
	w.check("refused explanation", w.call("other", "ExplainWebIdentity", `{"RoleArn":"%s","WebIdentityToken":"%s"}`, roleARN("elsewhere"), token), "ResourceNotFoundException")
	for _, secret := range []string{token, forged, head, token[len(head):], "alice-the-user"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}
