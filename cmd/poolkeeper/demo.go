package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/cli"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

func (p *program) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use: "demo",
		Long: `Start a server on a throw-away directory, call it as a backend would, show each
step and what came of it, and stop. Nothing is left behind.`,
		Args: noArgs, Annotations: map[string]string{cli.Plain: ""},
		RunE: func(cmd *cobra.Command, _ []string) error { return p.demo(cmd.Context()) },
	}
}

// demo runs a server and the story against it; either ends the other.
func (p *program) demo(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "poolkeeper-demo-")
	if err != nil {
		return fmt.Errorf("throw-away directory: %w", err)
	}
	defer os.RemoveAll(dir)
	c := &config{
		data: dir, listen: "127.0.0.1:0", regions: []string{"us-east-1"},
		signingAlgorithm: token.RS512, publishAhead: token.DefaultPublishAhead,
		logFormat: "text", logLevel: "warn", drainTime: time.Second, bounds: standard,
	}
	// Who has read enough ends the demo, not the process, which has to remove the directory.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGPIPE)
	defer stop()
	ready := make(chan *started, 1)
	served := make(chan error, 1)
	go func() { served <- p.serve(ctx, c, nil, func(s *started) { ready <- s }) }()
	select {
	case err := <-served:
		return err
	case s := <-ready:
		err := p.story(ctx, s)
		stop()
		return errors.Join(err, <-served)
	}
}

// story is the main job, step by step. Each step checks what it shows.
func (p *program) story(ctx context.Context, s *started) error {
	const provider = "login.example"
	client := &cli.Client{
		Service: api.CognitoIdentity, Endpoint: s.url, Region: s.c.regions[0], Now: p.now,
		Credentials: sigv4.Credentials{AccessKeyID: s.key.AccessKeyId, SecretAccessKey: string(s.key.SecretAccessKey)},
	}
	number := 0
	step := func(title, operation string) {
		number++
		fmt.Fprintf(p.stdout, "\n%d. %s\n   %s\n", number, title, operation)
	}
	show := func(what, value string) { fmt.Fprintf(p.stdout, "     %-13s %s\n", what, value) }
	tokenFor := func(pool, identity, user string) (*api.GetOpenIdTokenForDeveloperIdentityOutput, error) {
		out := new(api.GetOpenIdTokenForDeveloperIdentityOutput)
		err := client.Call(ctx, "GetOpenIdTokenForDeveloperIdentity", &api.GetOpenIdTokenForDeveloperIdentityInput{
			IdentityPoolId: pool, IdentityId: identity, Logins: map[string]api.Secret{provider: api.Secret(user)},
		}, out)
		return out, err
	}
	expect := func(ok bool, what string) error {
		if !ok {
			return fmt.Errorf("step %d: expected %s", number, what)
		}
		return nil
	}

	fmt.Fprintf(p.stdout, "A server runs at %s, on a throw-away directory.\nThe calls below are signed with its root access key %s.\n", s.url, client.Credentials.AccessKeyID)

	step("Make an identity pool whose users come from your own login, "+provider+".", "CreateIdentityPool")
	pool := new(api.IdentityPool)
	err := client.Call(ctx, "CreateIdentityPool", &api.CreateIdentityPoolInput{
		IdentityPoolName: "demo", AllowUnauthenticatedIdentities: true, DeveloperProviderName: provider,
	}, pool)
	if err != nil {
		return err
	}
	show("pool", pool.IdentityPoolId)

	step("Your backend has authenticated alice. Get her identity and a token.", "GetOpenIdTokenForDeveloperIdentity")
	alice, err := tokenFor(pool.IdentityPoolId, "", "alice")
	if err != nil {
		return err
	}
	show("identity", alice.IdentityId+"  (new)")
	show("token", shorten(string(alice.Token)))

	step("Alice comes back another day: the same identity, for ever.", "GetOpenIdTokenForDeveloperIdentity")
	again, err := tokenFor(pool.IdentityPoolId, "", "alice")
	if err == nil {
		err = expect(again.IdentityId == alice.IdentityId, "the same identity")
	}
	if err != nil {
		return err
	}
	show("identity", again.IdentityId+"  (the same)")

	step("A guest has an identity without any login.", "GetId (unsigned: it is public)")
	guest := new(api.GetIdOutput)
	anonymous := *client
	anonymous.Credentials = sigv4.Credentials{}
	if err := anonymous.Call(ctx, "GetId", &api.GetIdInput{IdentityPoolId: pool.IdentityPoolId}, guest); err != nil {
		return err
	}
	show("identity", guest.IdentityId+"  (guest)")

	step("The guest signs up as bob: the login is linked, and the identity keeps its id.", "GetOpenIdTokenForDeveloperIdentity with IdentityId")
	bob, err := tokenFor(pool.IdentityPoolId, guest.IdentityId, "bob")
	if err == nil {
		err = expect(bob.IdentityId == guest.IdentityId, "the guest's identity")
	}
	if err != nil {
		return err
	}
	show("identity", bob.IdentityId+"  (the same, now bob's)")

	step("Bob turns out to be alice: merge the two identities into hers.", "MergeDeveloperIdentities")
	merged := new(api.MergeDeveloperIdentitiesOutput)
	err = client.Call(ctx, "MergeDeveloperIdentities", &api.MergeDeveloperIdentitiesInput{
		IdentityPoolId: pool.IdentityPoolId, DeveloperProviderName: provider,
		SourceUserIdentifier: "bob", DestinationUserIdentifier: "alice",
	}, merged)
	if err == nil {
		err = expect(merged.IdentityId == alice.IdentityId, "alice's identity")
	}
	if err != nil {
		return err
	}
	show("identity", merged.IdentityId)

	step("Both users now belong to one identity.", "LookupDeveloperIdentity")
	lookup := new(api.LookupDeveloperIdentityOutput)
	err = client.Call(ctx, "LookupDeveloperIdentity", &api.LookupDeveloperIdentityInput{
		IdentityPoolId: pool.IdentityPoolId, IdentityId: alice.IdentityId,
	}, lookup)
	users := strings.Join(lookup.DeveloperUserIdentifierList, ", ")
	if err == nil {
		err = expect(users == "alice, bob", "alice and bob")
	}
	if err != nil {
		return err
	}
	show("users", users)

	step("Anybody can verify the token by discovery alone, here with the library coreos/go-oidc.", "GET "+s.h.issuer+"/.well-known/openid-configuration")
	v := verification{token: string(alice.Token), audience: pool.IdentityPoolId, issuer: s.h.issuer, now: p.now}
	checked, err := v.run(ctx)
	if err == nil {
		err = expect(checked.idToken.Subject == alice.IdentityId, "alice's identity in the token")
	}
	if err != nil {
		return err
	}
	show("valid", "yes, until "+stamp(checked.idToken.Expiry))
	show("issuer", checked.idToken.Issuer)
	show("subject", checked.idToken.Subject)
	show("audience", checked.pool())
	show("login", strings.Join(checked.logins(), "; "))
	show("signature", checked.header.Algorithm+" by key "+checked.header.KeyID)

	step("And a token that was tampered with is refused.", "the same check, one character changed")
	v.token = tampered(v.token)
	_, err = v.run(ctx)
	if expected := expect(err != nil, "a refusal"); expected != nil {
		return expected
	}
	show("refused", err.Error())

	fmt.Fprintf(p.stdout, "\nDone. For a server of your own: poolkeeper serve\n")
	return nil
}

// shorten shows the two ends of a token.
func shorten(token string) string {
	if len(token) < 60 {
		return token
	}
	return fmt.Sprintf("%s…%s  (%d characters)", token[:32], token[len(token)-12:], len(token))
}

// tampered changes one character in the middle of the signature, where every bit counts.
func tampered(token string) string {
	at := len(token) - 100
	other := byte('A')
	if token[at] == other {
		other = 'B'
	}
	return token[:at] + string(other) + token[at+1:]
}
