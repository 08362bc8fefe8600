package sts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/sts"
)

// explained has an exchange explained to the root of the role's account; nil: it is not one that
// can be explained.
func (w *world) explained(in *api.AssumeRoleWithWebIdentityInput) *api.Explanation {
	w.Helper()
	account, err := principal.AccountOfRole(in.RoleArn)
	if err != nil || in.ProviderId != "" {
		return nil
	}
	c := principal.Root(account)
	c.Now, c.SourceIP = w.now(), "192.0.2.7"
	out, err := w.ExplainWebIdentity(w.Context(), c, &api.ExplainWebIdentityInput{
		RoleArn: in.RoleArn, WebIdentityToken: in.WebIdentityToken, RoleSessionName: in.RoleSessionName,
		PolicyArns: in.PolicyArns, Policy: in.Policy, DurationSeconds: in.DurationSeconds,
	})
	if err != nil {
		var refused *api.Error
		if errors.As(err, &refused) {
			w.Errorf("explain: %v", err)
		}
		return nil
	}
	return out.Explanation
}

// foretold checks that an explanation agrees with how the exchange ends.
func (w *world) foretold(e *api.Explanation, err error) {
	w.Helper()
	refused, ok := errors.AsType[*api.Error](err)
	switch {
	case e == nil || err != nil && !ok:
	case err == nil && (!e.Accepted || e.Code != ""):
		w.Errorf("an exchange succeeds, and is explained as %+v", e)
	case err != nil && (e.Accepted || e.Code != string(refused.Code) || e.Message != refused.Message || failedStep(e) == nil):
		w.Errorf("an exchange ends with %v, and is explained as %+v", err, e)
	}
}

func failedStep(e *api.Explanation) *api.ExplanationStep {
	for i := range e.Steps {
		if e.Steps[i].Outcome == "failed" {
			return &e.Steps[i]
		}
	}
	return nil
}

// Every way in which an exchange is refused, with the step at which it is and what was found
// there; that the call itself ends in the same way is checked by exchange.
func TestExplainWebIdentity_Steps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.role(owner, "app", lets(api.IdentityPools, ofPool+`, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`))
	untagged := w.role(owner, "untagged", strings.Replace(lets(api.IdentityPools, ofPool), "sts:TagSession", "sts:Other", 1))
	denies := w.role(owner, "denies", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {`+ofPool+`}},
		{"Sid": "NotAnn", "Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:sub": "`+userID+`"}}}]}`)
	elsewhere := w.role(stranger, "open", lets(api.IdentityPools, `"StringLike": {"cognito-identity.amazonaws.com:sub": "*"}`))
	w.register(owner)
	federated := w.role(owner, "federated", lets("arn:aws:iam::"+owner.Account+":oidc-provider/issuer.example/t", `"StringEquals": {"issuer.example/t:aud": "app"}`))
	refusing := func(r *sts.Refusal) func() { return func() { w.provider.refusal = r } }
	own := w.token
	claim := func(name string, value any) api.Secret { return w.provider.token(t, map[string]any{name: value}) }
	disable := func(is bool) func() {
		return func() {
			w.check(w.db.Update(t.Context(), func(tx identity.Tx) error {
				i, err := tx.Identity(userID)
				if err != nil {
					return err
				}
				i = i.Clone()
				i.Disabled = is
				return tx.UpdateIdentity(i)
			}))
		}
	}
	good := own(nil)
	for name, tc := range map[string]struct {
		role  string
		token api.Secret
		call  func(*api.AssumeRoleWithWebIdentityInput)
		// before and after change something for the time of the call.
		before, after func()
		step          string // empty: it is accepted
		found         []string
	}{
		"good":              {role: app, token: good},
		"no token":          {role: app, token: "EAABwzLixnjYBO0", step: "token", found: []string{"two dots"}},
		"claims, no JSON":   {role: app, token: "e30.e.e30", step: "token"},
		"unknown provider":  {role: app, token: claim("iss", "https://other.example"), step: "provider", found: []string{"https://other.example"}},
		"own, a signature":  {role: app, token: good + "AA", step: "signature", found: []string{"not that of the key"}},
		"own, expired":      {role: app, token: own(func(c *identity.Claims) { c.IssuedAt, c.Lifetime = start.Add(-time.Hour), time.Hour }), step: "times", found: []string{"exp 2026-03-01T12:00:00Z"}},
		"own, another key":  {role: app, token: newWorld(t).token(nil), step: "signature"},
		"gone identity":     {role: app, token: own(func(c *identity.Claims) { c.Subject = nowhere }), step: "web identity", found: []string{nowhere}},
		"unlinked login":    {role: app, token: own(func(c *identity.Claims) { c.AMR = []string{"authenticated", "x", "x:y"} }), step: "web identity", found: []string{userID}},
		"disabled identity": {role: app, token: good, before: disable(true), after: disable(false), step: "web identity"},
		"guest":             {role: app, token: own(func(c *identity.Claims) { c.Subject, c.AMR = guestID, []string{"unauthenticated"} }), step: "trust policy", found: []string{"ForAnyValue:StringLike cognito-identity.amazonaws.com:amr", `wanted "authenticated", found "unauthenticated"`}},
		"denied":            {role: denies, token: good, step: "trust policy", found: []string{"denied by statement 2 (Sid NotAnn)"}},
		"no leave for tags": {role: untagged, token: own(func(c *identity.Claims) { c.PrincipalTags = map[string]string{"a": "b"} }), step: "trust policy, sts:TagSession", found: []string{"statement 1: another Action"}},
		"tags":              {role: app, token: own(func(c *identity.Claims) { c.PrincipalTags = map[string]string{"a": "b"} })},
		"no role":           {role: app + "q", token: good, step: "role", found: []string{app + "q"}},
		"open, elsewhere":   {role: elsewhere, token: good, step: "trust policy", found: []string{"another account"}},
		"too long":          {role: app, token: good, call: func(in *api.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = 7201 }, step: "duration", found: []string{"7201"}},
		"long enough":       {role: app, token: good, call: func(in *api.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = 7200 }},
		"malformed policy":  {role: app, token: good, call: func(in *api.AssumeRoleWithWebIdentityInput) { in.Policy = "{}" }, step: "session"},
		"policy":            {role: app, token: good, call: func(in *api.AssumeRoleWithWebIdentityInput) { in.Policy = nothing }},
		"no such policy": {role: app, token: good, call: func(in *api.AssumeRoleWithWebIdentityInput) {
			in.PolicyArns = []api.PolicyDescriptorType{{Arn: "arn:aws:iam::111122223333:policy/none"}}
		}, step: "session policies", found: []string{"policy/none"}},
		"too much policy": {role: app, token: good, call: func(in *api.AssumeRoleWithWebIdentityInput) {
			in.Policy = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::` + strings.Repeat("x", 4500) + `"}}`
		}, step: "size", found: []string{"Packed policy consumes"}},

		"federated":                 {role: federated, token: claim("sub", "ann")},
		"federated, to the other":   {role: app, token: claim("sub", "ann"), step: "trust policy", found: []string{"statement 1: another Principal"}},
		"federated, long subject":   {role: federated, token: claim("sub", strings.Repeat("s", 256)), step: "further claims", found: []string{"sub"}},
		"federated, bad signature":  {role: federated, token: claim("sub", "ann"), before: refusing(&sts.Refusal{Reason: sts.BadSignature}), after: func() { w.provider.refusal = nil }, step: "provider"},
		"federated, does not reply": {role: federated, token: claim("sub", "ann"), before: refusing(&sts.Refusal{Reason: sts.Unreachable}), after: func() { w.provider.refusal = nil }, step: "provider"},
	} {
		in := &api.AssumeRoleWithWebIdentityInput{RoleArn: tc.role, RoleSessionName: "s1", WebIdentityToken: tc.token}
		if tc.call != nil {
			tc.call(in)
		}
		if tc.before != nil {
			tc.before()
		}
		e := w.explained(in)
		_, err := w.exchange(tc.role, tc.token, tc.call)
		if tc.after != nil {
			tc.after()
		}
		if e == nil || e.Accepted != (err == nil) {
			t.Errorf("%s: explained as %+v, and ends with %v", name, e, err)
			continue
		}
		s := failedStep(e)
		if (s == nil) != (tc.step == "") || s != nil && (s.Step != tc.step || s.Expected == "" || s.Found == "") {
			t.Errorf("%s: step %+v, want %q", name, s, tc.step)
			continue
		}
		for _, text := range tc.found {
			if !strings.Contains(s.Found, text) {
				t.Errorf("%s: found %q, want %q in it", name, s.Found, text)
			}
		}
		if last := e.Steps[len(e.Steps)-1]; tc.step != "" && last.Step != "session policies" && last.Step != tc.step {
			t.Errorf("%s: ends with %q", name, last.Step)
		}
		parts := strings.Split(string(tc.token), ".")
		if signature := parts[len(parts)-1]; len(signature) > 20 && strings.Contains(fmt.Sprint(*e), signature) {
			t.Errorf("%s: the explanation repeats the signature", name)
		}
	}
}

// An identity of another account's pool is told of no more than the wire tells.
func TestExplainWebIdentity_Withholds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(stranger, "theirs", lets(api.IdentityPools, ofPool))
	mine := w.role(owner, "mine", lets(api.IdentityPools, ofPool))
	said := func(token api.Secret) string {
		t.Helper()
		e := w.explained(&api.AssumeRoleWithWebIdentityInput{RoleArn: arn, RoleSessionName: "s1", WebIdentityToken: token})
		if s := failedStep(e); s != nil {
			return s.Step + ": " + s.Found + "; " + e.Reason
		}
		return "accepted"
	}
	if got := said(w.token(nil)); got != "accepted" {
		t.Fatalf("as issued: %s", got)
	}
	gone := said(w.token(func(c *identity.Claims) { c.Subject = nowhere }))
	unlinked := said(w.token(func(c *identity.Claims) { c.AMR = []string{"authenticated", "x", "x:y"} }))
	if gone != unlinked || !strings.HasPrefix(gone, "web identity: the identity pool is not of the role's account") || strings.Contains(gone, "login that") {
		t.Errorf("told of an identity that is gone %q, and of one that has lost a login %q", gone, unlinked)
	}
	// The twin: who has the pool is told.
	e := w.explained(&api.AssumeRoleWithWebIdentityInput{RoleArn: mine, RoleSessionName: "s1", WebIdentityToken: w.token(func(c *identity.Claims) { c.Subject = nowhere })})
	if !strings.Contains(e.Reason, "identity "+nowhere) {
		t.Errorf("the owner is told %q", e.Reason)
	}
	for _, c := range []api.Caller{owner, {}} {
		_, err := w.ExplainWebIdentity(t.Context(), c, &api.ExplainWebIdentityInput{RoleArn: arn, WebIdentityToken: w.token(nil)})
		if got, want := answer(err), "ResourceNotFoundException: '"+arn+"' is no role of this account."; got != want {
			t.Errorf("by %q: got %s, want %s", c.Principal, got, want)
		}
	}
}
