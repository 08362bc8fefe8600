package login

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// facebook asks the Graph API for which app an access token is and whose it is. Asked with
// the token itself, it needs no secret of the app, which pools do not have.
// Source: developers.facebook.com/docs/graph-api, nodes app and me.
func (p *Providers) facebook(ctx context.Context, provider string, apps []string, token string) (*identity.Verified, error) {
	header := http.Header{"Authorization": {"Bearer " + token}}
	id := func(path string) (string, error) {
		o, err := p.ask(ctx, "https://"+provider, path+"?fields=id", header)
		if err != nil {
			return "", err
		}
		s, ok := o.text("id")
		if !ok {
			return "", refuse(Unreachable, "answer without id")
		}
		return s, nil
	}
	t := explain.From(ctx)
	t.Plan("form", "app", "user", "subject")
	t.At("form", "printable ASCII without blanks")
	if err := headerSafe(token); err != nil {
		return nil, err
	}
	t.At("app", "Facebook to say that the token is for one of the pool's apps: %s", explain.List(apps))
	app, err := id("/app")
	if err != nil {
		return nil, err
	}
	t.Found("%s", explain.Quote(app))
	if !slices.Contains(apps, app) {
		return nil, refuse(WrongAudience, "token is for app %s", explain.Quote(app))
	}
	t.At("user", "Facebook to say whose the token is")
	user, err := id("/me")
	if err != nil {
		return nil, err
	}
	return opaque(t, provider, user, app, identity.LoginClaims{"id": {user}}, time.Time{})
}

// amazon asks Login with Amazon what an access token is.
// Source: developer.amazon.com/docs/login-with-amazon, "Verify access tokens".
func (p *Providers) amazon(ctx context.Context, provider string, apps []string, token string) (*identity.Verified, error) {
	t := explain.From(ctx)
	t.Plan("answer", "app", "issuer", "times", "user", "subject")
	t.At("answer", "Login with Amazon to say what the token is")
	o, err := p.ask(ctx, "https://"+provider, "/auth/o2/tokeninfo?access_token="+url.QueryEscape(token), nil)
	if err != nil {
		return nil, err
	}
	app, _ := o.text("app_id")
	client, _ := o.text("aud")
	t.At("app", "one of the pool's applications: %s", explain.List(apps))
	t.Found("application %s, client %s", explain.Quote(app), explain.Quote(client))
	// The pool's value is the application's id; the console of Login with Amazon shows
	// the client's id beside it.
	audience := app
	if !slices.Contains(apps, app) || app == "" {
		audience = client
	}
	if !slices.Contains(apps, audience) || audience == "" {
		return nil, refuse(WrongAudience, "token is for app %s, client %s", explain.Quote(app), explain.Quote(client))
	}
	t.At("issuer", "iss to be %s", explain.Quote("https://"+provider))
	if issuer, _ := o.text("iss"); issuer != "https://"+provider {
		return nil, refuse(WrongIssuer, "iss %s", explain.Quote(issuer))
	}
	// Here exp is how many seconds are left.
	t.At("times", "exp, which here is how many seconds are left, to be more than 0")
	left, there, err := o.time("exp")
	if err != nil || !there || left.Unix() <= 0 {
		t.Found("%s", explain.Quote(o["exp"]))
		return nil, &Refusal{Reason: Expired, Err: err}
	}
	t.At("user", "user_id, a text")
	user, ok := o.text("user_id")
	if !ok {
		return nil, &Refusal{Reason: MissingClaim, Claim: "user_id"}
	}
	return opaque(t, provider, user, audience, o.claims(), p.now().Add(time.Duration(left.Unix())*time.Second))
}

// opaque returns the login that a provider told of.
func opaque(t *explain.Record, provider, user, app string, claims identity.LoginClaims, expires time.Time) (*identity.Verified, error) {
	wantSubject(t, "what the provider calls the user")
	if err := checkSubject(t, user); err != nil {
		return nil, err
	}
	claims["sub"], claims["aud"] = []string{user}, []string{app}
	return &identity.Verified{
		Login:    identity.Login{Subject: user},
		AMR:      []string{provider, provider + ":OAuth:" + user},
		Audience: app,
		Claims:   claims,
		Expires:  expires,
	}, nil
}

// apiHosts are where providers answer that are not called by that host's name.
var apiHosts = map[string]string{
	"https://www.amazon.com": "https://api.amazon.com",
	"https://www.digits.com": "https://api.digits.com",
}

// base returns what stands before the path in a request to a provider.
func (p *Providers) base(provider string) string {
	base, _ := p.endpoint(provider)
	if host, ok := apiHosts[base]; ok {
		return host
	}
	return base
}

// ask asks a provider about a token. That it answers with a refusal is the token's fault,
// anything else but an answer is the provider's.
func (p *Providers) ask(ctx context.Context, provider, path string, header http.Header) (object, error) {
	status, body, err := p.client.get(ctx, p.base(provider)+path, header, nil)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, unreachable(err)
	case status == http.StatusBadRequest, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return nil, refuse(RefusedByProvider, "status %d", status)
	case status != http.StatusOK:
		return nil, refuse(Unreachable, "status %d", status)
	}
	o, err := parseObject(body)
	if err != nil {
		return nil, refuse(Unreachable, "answer: %w", err)
	}
	return o, nil
}

// headerSafe refuses a token that can not stand in a header field.
func headerSafe(token string) error {
	if slices.ContainsFunc([]byte(token), func(b byte) bool { return b <= ' ' || b >= 0x7f }) || token == "" {
		return refuse(RefusedByProvider, "not sent: it is not printable ASCII")
	}
	return nil
}
