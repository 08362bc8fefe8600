package server_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/server"
)

// queryColumns is what columns is to services of the Query protocol: fewer, since the
// signature is the same code, and the names and the times differ.
func queryColumns() []column {
	with := func(who string, change func(*signing)) func(*testing.T, *site, *request) {
		return func(t *testing.T, s *site, r *request) {
			service := api.IAM
			if strings.Contains(string(r.body), "Version="+api.STS.Version) {
				service = api.STS
			}
			g := s.signingFor(service, who)
			if change != nil {
				change(&g)
			}
			g.sign(t, r)
		}
	}
	const differs = "The request signature we calculated does not match the signature you provided."
	return []column{
		{name: "unsigned", sign: func(*testing.T, *site, *request) {}, code: "MissingAuthenticationToken", message: "Request is missing Authentication Token", public: new("")},
		{name: "signed", sign: with("root", nil)},
		{name: "signed with the key of --dev", sign: with("dev", nil)},
		{name: "signed in another region", sign: with("root", func(g *signing) { g.region = otherRegion })},
		{name: "nearly too old", sign: with("root", func(g *signing) { g.at = g.at.Add(-15 * time.Minute) })},
		{name: "too old", sign: with("root", func(g *signing) { g.at = g.at.Add(-901 * time.Second) }), code: "SignatureDoesNotMatch", message: "Signature expired: "},
		{name: "unknown key", sign: with("nobody", nil), code: "InvalidClientTokenId", message: "The security token included in the request is invalid."},
		{name: "wrong secret", sign: with("liar", nil), code: "SignatureDoesNotMatch", message: differs},
		{name: "session token with a long-term key", sign: with("session", nil), code: "InvalidClientTokenId", message: "The security token included in the request is invalid"},
		{name: "wrong service", sign: with("root", func(g *signing) { g.service = "cognito-identity" }), code: "SignatureDoesNotMatch", message: "Credential should be scoped to correct service: '"},
		{name: "wrong region", sign: with("root", func(g *signing) { g.region = "eu-west-1" }), code: "SignatureDoesNotMatch", message: "Credential should be scoped to a valid region, not 'eu-west-1'. "},
		{name: "body changed", sign: func(t *testing.T, s *site, r *request) {
			with("root", nil)(t, s, r)
			r.body = append(r.body, "&Another=x"...)
		}, code: "SignatureDoesNotMatch", message: differs},
	}
}

// TestAuthentication_QueryMatrix sends every operation of the Query services in every way
// that must be refused, and in every way that must not.
func TestAuthentication_QueryMatrix(t *testing.T) {
	t.Parallel()
	for service, op := range publicOperations {
		if service.Protocol != api.Query {
			continue
		}
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			row := matrix[op.Name]
			s := newSite(t, change{})
			address := s.listen(t)
			unharmed := s.fresh(t, row.body)
			for _, c := range queryColumns() {
				body, want := unharmed, c.code
				if row.public && c.public != nil {
					want = *c.public
				}
				if want == "" {
					body = s.fresh(t, row.body)
				}
				r := callOf(service, op.Name, body)
				c.sign(t, s, r)
				a := send(t, address, r)
				if want == "" {
					checkPassed(t, c.name, row, a)
					continue
				}
				code, message := refusal(t, a)
				if a.status != 403 || code != c.code || !strings.HasPrefix(message, c.message) {
					t.Errorf("%s: got %d %s: %s\nwant 403 %s: %s", c.name, a.status, code, message, c.code, c.message)
				}
			}
			r := callOf(service, op.Name, unharmed)
			s.signingFor(service, "root").sign(t, r)
			checkPassed(t, "after all that was refused", row, send(t, address, r))
		})
	}
}

// TestStoreFailure_Query: when the store fails, every operation that asks it answers with the
// error that IAM has for it, and none says why.
func TestStoreFailure_Query(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)
	bodies := map[string]string{}
	for name, row := range matrix {
		bodies[name] = s.fresh(t, row.body)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, op := range api.IAM.Operations {
		for who, address := range map[string]string{"dev": address, "root": address, "operator": s.listenControl(t)} {
			r := callOf(api.IAM, op.Name, bodies[op.Name])
			if who != "operator" {
				s.signingFor(api.IAM, who).sign(t, r)
			}
			a := send(t, address, r)
			code, message := refusal(t, a)
			want := api.ServiceFailure
			if !op.Declares(want) {
				want = api.InternalFailure
			}
			if a.status != 500 || code != string(want) || message != "Internal error." {
				t.Errorf("%s by %s: got %d %s: %s", op.Name, who, a.status, code, message)
			}
		}
	}
}

// noted collects what KeyUses hands on.
type noted struct {
	mu   sync.Mutex
	uses []string
	err  error
}

func (n *noted) note(_ context.Context, id, service, region string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.uses = append(n.uses, id+" "+service+" "+region)
	return n.err
}

func (n *noted) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.uses
}

// TestKeyUses: a use of a key is noted once in a while, when the request was let through, and
// not at all otherwise.
func TestKeyUses(t *testing.T) {
	t.Parallel()
	var n noted
	var log logbook
	uses := server.NewKeyUses(n.note, slog.New(slog.NewJSONHandler(&log, nil)))
	s := newSite(t, change{server: func(c *server.Config) { c.KeyUses = uses }})
	address := s.listen(t)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { uses.Run(ctx, time.Minute) })
	s.newUser(t, account, "ann")
	ask := func(service *api.Service, who, operation, body string) {
		r := callOf(service, operation, body)
		if who != "" {
			s.signingFor(service, who).sign(t, r)
		}
		send(t, address, r)
	}
	wait := func(count int) {
		t.Helper()
		await(t, func() (int, bool) { return len(n.all()), len(n.all()) >= count })
	}
	root, ann := s.who["root"].AccessKeyID, s.who["ann"].AccessKeyID
	// Refused, unsigned, or with another's id: nothing.
	ask(api.CognitoIdentity, "ann", "ListIdentityPools", poolsAsked)
	ask(api.CognitoIdentity, "liar", "ListIdentityPools", poolsAsked)
	ask(api.CognitoIdentity, "root", "DescribeIdentityPool", `{}`)
	ask(api.CognitoIdentity, "", "GetId", `{"IdentityPoolId":"us-east-1:0"}`)
	// What an operation refuses was a use.
	ask(api.IAM, "root", "GetUser", "UserName=nobody")
	wait(1)
	ask(api.CognitoIdentity, "root", "ListIdentityPools", poolsAsked)
	ask(api.STS, "ann", "GetCallerIdentity", "")
	wait(2)
	s.clock.advance(14 * time.Minute)
	ask(api.CognitoIdentity, "root", "ListIdentityPools", poolsAsked)
	s.clock.advance(time.Minute)
	ask(api.CognitoIdentity, "root", "ListIdentityPools", poolsAsked)
	wait(3)
	// What can not be noted is in the log, and tried again with the next request.
	n.mu.Lock()
	n.err = errors.New("the disk is full")
	n.mu.Unlock()
	s.clock.advance(15 * time.Minute)
	ask(api.CognitoIdentity, "root", "ListIdentityPools", poolsAsked)
	wait(4)
	await(t, func() (string, bool) { return log.String(), strings.Contains(log.String(), "the disk is full") })
	ask(api.CognitoIdentity, "root", "ListIdentityPools", poolsAsked)
	stop()
	// What is left at the end is noted too.
	running.Wait()
	want := []string{
		root + " iam us-east-1", ann + " sts us-east-1", root + " cognito-identity us-east-1",
		root + " cognito-identity us-east-1", root + " cognito-identity us-east-1",
	}
	if got := n.all(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("noted %q\nwant %q", got, want)
	}
	if strings.Contains(s.log.String(), "the disk is full") {
		t.Error("the failure is in a request's log line")
	}
}

// TestKeyUses_Bounded: uses that nobody takes are dropped, and no request waits for them.
func TestKeyUses_Bounded(t *testing.T) {
	t.Parallel()
	var n noted
	uses := server.NewKeyUses(n.note, slog.New(slog.DiscardHandler))
	const keys = 1000
	for i := range keys {
		uses.Note(api.Caller{AccessKeyID: "AKIA" + time.Duration(i).String()}, "iam", start)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	uses.Run(ctx, time.Minute)
	if got := len(n.all()); got == 0 || got == keys {
		t.Errorf("%d of %d uses were noted, want some", got, keys)
	}
}
