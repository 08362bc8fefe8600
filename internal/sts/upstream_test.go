package sts_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/sts"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

const (
	theirRole = "arn:minio:iam:::role/dummy-internal"
	external  = "ExternalServiceException: An external service did not answer. Please try again."
)

var operation = api.STS.Operation("AssumeRoleWithWebIdentity")

// An upstream is an STS that takes tokens of a world.
type upstream struct {
	of *world
	// answers are what it does in turn instead of answering, and the last ever after.
	answers []http.HandlerFunc
	calls   atomic.Int64

	mu   sync.Mutex
	last api.AssumeRoleWithWebIdentityInput
}

func (u *upstream) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	n := int(u.calls.Add(1))
	if len(u.answers) > 0 {
		if f := u.answers[min(n, len(u.answers))-1]; f != nil {
			f(rw, r)
			return
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		http.Error(rw, "not a form", http.StatusBadRequest)
		return
	}
	var in api.AssumeRoleWithWebIdentityInput
	form, err := wire.ParseForm(body, r.URL.RawQuery)
	if err == nil {
		err = wire.DecodeForm(operation.Input, form, &in)
	}
	if err == nil {
		_, err = u.of.ring.VerifyOwn(r.Context(), in.WebIdentityToken)
	}
	if err != nil {
		refuse(400, api.NotAnIDToken.With())(rw, r)
		return
	}
	u.mu.Lock()
	u.last = in
	u.mu.Unlock()
	rw.Write(wire.AppendXML(nil, api.STS, operation, "request", &api.AssumeRoleWithWebIdentityOutput{Credentials: &api.STSCredentials{
		AccessKeyId: "THEIRACCESSKEYID", SecretAccessKey: "their-secret", SessionToken: "their-token", Expiration: u.of.now().Add(30 * time.Minute),
	}}))
}

// refuse answers with an error of STS.
func refuse(status int, e *api.Error) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(status)
		rw.Write(wire.AppendErrorXML(nil, api.STS.Namespace, "request", e))
	}
}

// say answers with a status and a body.
func say(status int, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(status)
		io.WriteString(rw, body)
	}
}

// hang answers when the client is gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // so that the server notices
	<-r.Context().Done()
}

// backed returns a world with a role that an upstream stands behind.
func backed(t testing.TB, u *upstream, settings ...func(*sts.Config)) (w *world, arn string) {
	t.Helper()
	w = newWorld(t, settings...)
	u.of = w
	server := httptest.NewServer(u)
	t.Cleanup(server.Close)
	arn = w.role(owner, "backed", lets(api.IdentityPools, ofPool+`, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`))
	w.back(arn, api.RoleUpstream{Url: server.URL, RoleArn: theirRole})
	return w, arn
}

func TestUpstream(t *testing.T) {
	t.Parallel()
	u := &upstream{}
	w, arn := backed(t, u)
	got, err := w.ForIdentity(t.Context(), user(arn))
	w.check(err)
	want := &api.Credentials{AccessKeyId: "THEIRACCESSKEYID", SecretKey: "their-secret", SessionToken: "their-token", Expiration: start.Add(30 * time.Minute)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	claims, err := w.ring.VerifyOwn(t.Context(), u.last.WebIdentityToken)
	w.check(err)
	if claims.Subject != userID || claims.Audience != poolID || !slices.Equal(claims.AMR, userAMR) || claims.PrincipalTags["Team"] != "blue" || !claims.Expires.Equal(start.Add(time.Hour)) {
		t.Errorf("the token says %+v", claims)
	}
	u.last.WebIdentityToken = ""
	if diff := cmp.Diff(api.AssumeRoleWithWebIdentityInput{RoleArn: theirRole, RoleSessionName: "CognitoIdentityCredentials"}, u.last); diff != "" {
		t.Errorf("the call (-want +got)\n%s", diff)
	}

	// Duration and session policy go along.
	up, err := w.principals.GetRoleUpstream(t.Context(), owner, &api.GetRoleUpstreamInput{RoleArn: arn})
	w.check(err)
	up.Upstream.DurationSeconds, up.Upstream.Policy = 900, nothing
	w.back(arn, *up.Upstream)
	w.check(only(w.ForIdentity(t.Context(), user(arn))))
	if u.last.DurationSeconds != 900 || u.last.Policy != nothing {
		t.Errorf("got %d s and the policy %q", u.last.DurationSeconds, u.last.Policy)
	}
	if claims, err = w.ring.VerifyOwn(t.Context(), u.last.WebIdentityToken); err != nil || !claims.Expires.Equal(start.Add(15*time.Minute)) {
		t.Errorf("the token for 900 s: %+v, %v", claims, err)
	}

	// The token is signed as the pool wants it, once that can be.
	w.check(w.db.Update(t.Context(), func(tx identity.Tx) error {
		p, err := tx.Pool(poolID)
		if err != nil {
			return err
		}
		p = p.Clone()
		p.SigningAlgorithm = "EdDSA"
		return tx.UpdatePool(p)
	}))
	w.check(w.ring.Ensure(t.Context()))
	w.goOn(15 * time.Minute)
	wanted := user(arn)
	wanted.SigningAlgorithm = "EdDSA"
	w.check(only(w.ForIdentity(t.Context(), wanted)))
	if header, _, _ := strings.Cut(string(u.last.WebIdentityToken), "."); header != base64.RawURLEncoding.EncodeToString([]byte(`{"kid":"k-2","typ":"JWS","alg":"EdDSA"}`)) {
		t.Errorf("the token for a pool that asks for EdDSA has the header %s", header)
	}

	// The trust policy here still decides.
	before := u.calls.Load()
	if got := answer(only(w.ForIdentity(t.Context(), guest(arn)))); got != misconfigured || u.calls.Load() != before {
		t.Errorf("a guest: got %s, and %d calls", got, u.calls.Load()-before)
	}
	// Without an upstream, credentials are ours again.
	w.check(only(w.principals.DeleteRoleUpstream(t.Context(), owner, &api.DeleteRoleUpstreamInput{RoleArn: arn})))
	own, err := w.ForIdentity(t.Context(), user(arn))
	w.check(err)
	w.check(only(w.as(own.AccessKeyId, own.SessionToken)))
}

// What an upstream may answer, and how often it is asked.
func TestUpstream_Answers(t *testing.T) {
	t.Parallel()
	credentials := func(f func(*api.STSCredentials)) http.HandlerFunc {
		c := &api.STSCredentials{AccessKeyId: "THEIRACCESSKEYID", SecretAccessKey: "s", SessionToken: "t", Expiration: start.Add(time.Hour)}
		f(c)
		return say(200, string(wire.AppendXML(nil, api.STS, operation, "r", &api.AssumeRoleWithWebIdentityOutput{Credentials: c})))
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		t.Error("a redirect was followed")
		rw.WriteHeader(500)
	}))
	t.Cleanup(elsewhere.Close)
	redirect := func(status int) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, elsewhere.URL, status) }
	}
	for _, tc := range []struct {
		name    string
		answers []http.HandlerFunc
		want    string
		calls   int64
	}{
		{"at once", nil, "success", 1},
		{"refused", []http.HandlerFunc{refuse(403, api.WebIdentityNotAllowed.With())}, misconfigured, 1},
		{"refused, not in XML", []http.HandlerFunc{say(400, "no")}, misconfigured, 1},
		{"not found", []http.HandlerFunc{say(404, "")}, misconfigured, 1},
		{"redirect", []http.HandlerFunc{redirect(302)}, misconfigured, 1},
		{"redirect with the body", []http.HandlerFunc{redirect(307)}, misconfigured, 1},
		{"fails", []http.HandlerFunc{say(500, "")}, external, 2},
		{"fails once", []http.HandlerFunc{say(503, ""), nil}, "success", 2},
		{"fails once and refuses", []http.HandlerFunc{say(503, ""), say(403, "")}, misconfigured, 2},
		{"throttles once", []http.HandlerFunc{refuse(400, &api.Error{Code: api.Throttling, Message: "Rate exceeded"}), nil}, "success", 2},
		{"too many requests", []http.HandlerFunc{say(429, "")}, external, 2},
		{"its own provider is silent", []http.HandlerFunc{refuse(400, api.IdentityProviderSilent.With())}, external, 2},
		{"cut off once", []http.HandlerFunc{func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil}, "success", 2},
		{"no XML", []http.HandlerFunc{say(200, "{}")}, external, 2},
		{"nothing", []http.HandlerFunc{say(200, "")}, external, 2},
		{"an entity bomb", []http.HandlerFunc{say(200, `<!DOCTYPE a [<!ENTITY b "bbbb">]><AssumeRoleWithWebIdentityResponse>&b;</AssumeRoleWithWebIdentityResponse>`)}, external, 2},
		{"too long", []http.HandlerFunc{say(200, strings.Repeat(" ", 64<<10+1))}, external, 2},
		{"another operation", []http.HandlerFunc{say(200, `<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>`)}, external, 2},
		{"no credentials", []http.HandlerFunc{say(200, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>`)}, external, 2},
		{"no secret", []http.HandlerFunc{credentials(func(c *api.STSCredentials) { c.SecretAccessKey = "" })}, external, 2},
		{"no session token", []http.HandlerFunc{credentials(func(c *api.STSCredentials) { c.SessionToken = "" })}, external, 2},
		{"over already", []http.HandlerFunc{credentials(func(c *api.STSCredentials) { c.Expiration = start })}, external, 2},
		{"of another second", []http.HandlerFunc{credentials(func(c *api.STSCredentials) { c.Expiration = start.Add(time.Second) })}, "success", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			u := &upstream{answers: tc.answers}
			w, arn := backed(t, u)
			err := only(w.ForIdentity(t.Context(), user(arn)))
			if got := answer(err); got != tc.want || u.calls.Load() != tc.calls {
				t.Errorf("got %s after %d calls, want %s after %d", got, u.calls.Load(), tc.want, tc.calls)
			}
			if err == nil {
				return
			}
			w.checkDeclared(api.CognitoIdentity, "GetCredentialsForIdentity", err)
			if refused, _ := errors.AsType[*api.Error](err); refused.Unwrap() == nil {
				t.Error("the log is not told why")
			}
		})
	}
}

// Attack 38: an upstream that repeats the token does not bring it into the log.
func TestUpstream_TokenStaysOutOfErrors(t *testing.T) {
	t.Parallel()
	u := &upstream{}
	u.answers = []http.HandlerFunc{func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, err := wire.ParseForm(body, "")
		var in api.AssumeRoleWithWebIdentityInput
		if err := errors.Join(err, wire.DecodeForm(operation.Input, form, &in)); err != nil {
			t.Error(err)
		}
		refuse(400, &api.Error{Code: api.ValidationError, Message: "Value '" + string(in.WebIdentityToken) + "' is invalid"})(rw, r)
	}}
	w, arn := backed(t, u)
	err := only(w.ForIdentity(t.Context(), user(arn)))
	refused, ok := errors.AsType[*api.Error](err)
	if !ok || !strings.Contains(fmt.Sprint(refused.Unwrap()), "ValidationError") || strings.Contains(fmt.Sprint(refused.Unwrap()), "eyJ") {
		t.Errorf("got %v", refused.Unwrap())
	}
}

// A dead or slow upstream costs its callers a bounded time.
func TestUpstream_Slow(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]http.HandlerFunc{
		"silent": hang,
		"drips": func(rw http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for r.Context().Err() == nil {
				io.WriteString(rw, " ")
				http.NewResponseController(rw).Flush()
				<-tick.C
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, arn := backed(t, &upstream{answers: []http.HandlerFunc{slow}}, func(c *sts.Config) { c.UpstreamTimeout = 100 * time.Millisecond })
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					if got := answer(only(w.ForIdentity(t.Context(), user(arn)))); got != external {
						t.Errorf("got %s, want %s", got, external)
					}
				})
			}
			all.Wait()
		})
	}
}

// While an upstream holds all the requests that it may get, and more wait, others answer.
func TestUpstream_OthersAnswer(t *testing.T) {
	t.Parallel()
	const share = 32
	arrived := make(chan struct{}, share)
	ctx, cancel := context.WithCancel(t.Context())
	dead := &upstream{answers: []http.HandlerFunc{func(rw http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		hang(rw, r)
	}}}
	w, arn := backed(t, dead, func(c *sts.Config) { c.UpstreamTimeout = time.Minute })
	healthy := httptest.NewServer(&upstream{of: w})
	t.Cleanup(healthy.Close)
	other := w.role(owner, "other", lets(api.IdentityPools, ofPool))
	w.back(other, api.RoleUpstream{Url: healthy.URL, RoleArn: theirRole})
	own := w.role(owner, "own", lets(api.IdentityPools, ofPool))
	var all sync.WaitGroup
	for range 3 * share {
		all.Go(func() {
			if err := only(w.ForIdentity(ctx, user(arn))); !errors.Is(err, context.Canceled) {
				t.Errorf("got %s, want the end of the call", answer(err))
			}
		})
	}
	for range share {
		<-arrived
	}
	for range 20 {
		w.check(only(w.ForIdentity(t.Context(), user(other))))
		w.check(only(w.ForIdentity(t.Context(), user(own))))
	}
	cancel()
	all.Wait()
}

// At one time, an upstream gets no more requests than are its share.
func TestUpstream_Concurrency(t *testing.T) {
	t.Parallel()
	const share, calls = 32, 96
	var now, most atomic.Int64
	arrived, leave := make(chan struct{}, calls), make(chan struct{})
	u := &upstream{answers: []http.HandlerFunc{func(rw http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		arrived <- struct{}{}
		<-leave
		now.Add(-1)
		say(403, "")(rw, r)
	}}}
	w, arn := backed(t, u, func(c *sts.Config) { c.UpstreamTimeout = time.Minute })
	var all sync.WaitGroup
	for range calls {
		all.Go(func() {
			if got := answer(only(w.ForIdentity(t.Context(), user(arn)))); got != misconfigured {
				t.Errorf("got %s, want %s", got, misconfigured)
			}
		})
	}
	for range share {
		<-arrived
	}
	for range calls - share {
		leave <- struct{}{}
		<-arrived
	}
	for range share {
		leave <- struct{}{}
	}
	all.Wait()
	if most.Load() != share {
		t.Errorf("got %d requests at a time, want %d", most.Load(), share)
	}
}

// Who is gone is not told that the upstream is.
func TestUpstream_CallerGone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	u := &upstream{answers: []http.HandlerFunc{func(rw http.ResponseWriter, r *http.Request) {
		cancel(gone)
		hang(rw, r)
	}}}
	w, arn := backed(t, u, func(c *sts.Config) { c.UpstreamTimeout = time.Minute })
	if err := only(w.ForIdentity(ctx, user(arn))); !errors.Is(err, gone) {
		t.Errorf("got %s, want the end of the call", answer(err))
	}
}

// Attack 8: no upstream is inside, and none in the clear, unless it is allowed.
func TestUpstream_Address(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var heard atomic.Int64
	u := &upstream{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		heard.Add(1)
		u.ServeHTTP(rw, r)
	}))
	server.Listener.Close()
	server.Listener = listener
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it does not like to be turned away
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, tc := range []struct {
		url     string
		private bool
		want    string
	}{
		{"https://127.0.0.1:" + port, false, external},
		{"https://localhost:" + port, false, external},
		{"https://[::ffff:127.0.0.1]:" + port, false, external},
		{"https://169.254.169.254", true, external},
		{"http://127.0.0.1:" + port, false, misconfigured},
		{"https://127.0.0.1:" + port, true, "success"},
	} {
		w := newWorld(t, func(c *sts.Config) { c.AllowPrivate, c.RootCAs = tc.private, roots })
		u.of = w
		arn := w.role(owner, "backed", lets(api.IdentityPools, ofPool))
		w.back(arn, api.RoleUpstream{Url: tc.url, RoleArn: theirRole})
		before := heard.Load()
		if got := answer(only(w.ForIdentity(t.Context(), user(arn)))); got != tc.want {
			t.Errorf("%s, private %v: got %s, want %s", tc.url, tc.private, got, tc.want)
		}
		if was := heard.Load() > before; was != (tc.want == "success") {
			t.Errorf("%s, private %v: it was heard: %v", tc.url, tc.private, was)
		}
	}
	// Whose certificate is nobody's.
	w := newWorld(t)
	arn := w.role(owner, "backed", lets(api.IdentityPools, ofPool))
	w.back(arn, api.RoleUpstream{Url: "https://127.0.0.1:" + port, RoleArn: theirRole})
	if got := answer(only(w.ForIdentity(t.Context(), user(arn)))); got != external {
		t.Errorf("an unknown certificate: got %s, want %s", got, external)
	}
}
