package identity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// The public operations of a world are the service's, and each is explained before it is
// called: the explanation must foretell how the call ends, in every test that makes one.

// GetId is the service's.
func (w *world) GetId(ctx context.Context, c identity.Caller, in *api.GetIdInput) (out *api.GetIdOutput, err error) {
	skip := in.AccountId != "" // of which explanations do not know
	w.foretold(ctx, c, skip, "GetId", &api.ExplainLoginInput{IdentityPoolId: in.IdentityPoolId, Logins: in.Logins}, func() error {
		out, err = w.Service.GetId(ctx, c, in)
		return err
	})
	return out, err
}

// GetOpenIdToken is the service's.
func (w *world) GetOpenIdToken(ctx context.Context, c identity.Caller, in *api.GetOpenIdTokenInput) (out *api.GetOpenIdTokenOutput, err error) {
	w.foretold(ctx, c, false, "GetOpenIdToken", &api.ExplainLoginInput{IdentityId: in.IdentityId, Logins: in.Logins}, func() error {
		out, err = w.Service.GetOpenIdToken(ctx, c, in)
		return err
	})
	return out, err
}

// GetCredentialsForIdentity is the service's.
func (w *world) GetCredentialsForIdentity(ctx context.Context, c identity.Caller, in *api.GetCredentialsForIdentityInput) (out *api.GetCredentialsForIdentityOutput, err error) {
	skip := w.roles.silent // an upstream, which explanations do not ask
	w.foretold(ctx, c, skip, "GetCredentialsForIdentity", &api.ExplainLoginInput{IdentityId: in.IdentityId, Logins: in.Logins, CustomRoleArn: in.CustomRoleArn}, func() error {
		out, err = w.Service.GetCredentialsForIdentity(ctx, c, in)
		return err
	})
	return out, err
}

// foretold calls an operation, and before it has it explained to the owner of the pool.
func (w *world) foretold(ctx context.Context, c identity.Caller, skip bool, operation string, in *api.ExplainLoginInput, call func() error) {
	w.Helper()
	if skip || w.racing || w.notary.during != nil || c.Region != "" {
		_ = call()
		return
	}
	asked := w.notary.asked.Load()
	e := w.explained(ctx, operation, in)
	w.notary.asked.Store(asked)
	err := call()
	refused, ok := errors.AsType[*api.Error](err)
	switch {
	case e == nil && (!ok || refused.Code != api.ResourceNotFoundException):
		w.Errorf("%s ends with %v, and is explained to nobody", operation, err)
	case e == nil || err != nil && !ok:
	case err == nil && (!e.Accepted || e.Code != ""):
		w.Errorf("%s succeeds, and is explained as %+v", operation, e)
	case err != nil && (e.Accepted || e.Code != string(refused.Code) || e.Message != refused.Message || failedStep(e) == nil):
		w.Errorf("%s ends with %v, and is explained as %+v", operation, err, e)
	}
}

// explained returns the explanation for whoever may have it; nil: nobody may.
func (w *world) explained(ctx context.Context, operation string, in *api.ExplainLoginInput) *api.Explanation {
	w.Helper()
	in.Operation = operation
	if in.IdentityPoolId == "" {
		err := w.store.View(ctx, func(tx identity.Tx) error {
			i, err := tx.Identity(in.IdentityId)
			if err == nil {
				in.IdentityPoolId = i.PoolID
			}
			return err
		})
		if err != nil {
			return nil
		}
	}
	for _, c := range []identity.Caller{owner, ownerAbroad, stranger} {
		out, err := w.ExplainLogin(ctx, c, in)
		if err == nil {
			return out.Explanation
		}
		if refused, ok := errors.AsType[*api.Error](err); !ok || refused.Code != api.ResourceNotFoundException {
			return nil
		}
	}
	return nil
}

func failedStep(e *api.Explanation) *api.ExplanationStep {
	for i := range e.Steps {
		if e.Steps[i].Outcome == "failed" {
			return &e.Steps[i]
		}
	}
	return nil
}

// outline is an explanation in short: the steps up to the one that failed, and after a bar
// those that were not reached.
func outline(e *api.Explanation) string {
	var passed, after []string
	failed := ""
	for _, s := range e.Steps {
		name := s.Step
		if s.About != "" {
			name += "(" + s.About + ")"
		}
		switch s.Outcome {
		case "passed":
			passed = append(passed, name)
		case "failed":
			failed = " !" + name
		default:
			after = append(after, name)
		}
	}
	return strings.Join(passed, " ") + failed + strings.TrimRight(" | "+strings.Join(after, " "), " |")
}

func TestExplainLogin_Steps(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	w.giveRoles()
	ann := w.person(google, "ann", userPool, "ann")
	ben := w.person(google, "ben")
	guest := w.guest()
	developer := w.user("dev")
	gone := w.person(google, "gone")
	w.disable(gone)
	own := func(user string) map[string]api.Secret {
		out, err := w.GetOpenIdTokenForDeveloperIdentity(t.Context(), owner, &api.GetOpenIdTokenForDeveloperIdentityInput{IdentityPoolId: w.pool, Logins: logins(provider, user)})
		if err != nil {
			t.Fatal(err)
		}
		return map[string]api.Secret{cognito: out.Token}
	}
	forged := logins(google, "forged")
	both := func(a, b string) map[string]api.Secret {
		return map[string]api.Secret{google: w.by(google, a)[google], userPool: w.by(userPool, b)[userPool]}
	}
	const (
		g, u = "(" + google + ")", "(" + userPool + ")"
	)
	for name, tc := range map[string]struct {
		in            api.ExplainLoginInput
		want, because string
	}{
		"new login": {api.ExplainLoginInput{Logins: w.by(google, "new")},
			"identity pool provider" + g + " token" + g + " identity", ""},
		"known login": {api.ExplainLoginInput{Logins: w.by(google, "ann")},
			"identity pool provider" + g + " token" + g + " identity", ""},
		"guest": {api.ExplainLoginInput{}, "identity pool guests", ""},
		"not of the pool": {api.ExplainLoginInput{Logins: w.by(facebook, "x")},
			"identity pool !provider(" + facebook + ") | guests token(" + facebook + ") identity", "Token is not from"},
		"forged": {api.ExplainLoginInput{Logins: forged},
			"identity pool provider" + g + " !token" + g + " | identity", "Couldn't verify"},
		"the second is forged": {api.ExplainLoginInput{Logins: map[string]api.Secret{google: w.by(google, "ann")[google], userPool: "forged"}},
			"identity pool provider" + g + " provider" + u + " token" + g + " !token" + u + " | identity", ""},
		"disabled": {api.ExplainLoginInput{Logins: w.by(google, "gone")},
			"identity pool provider" + g + " token" + g + " !identity", "the identity is disabled"},
		"one login of a provider": {api.ExplainLoginInput{Logins: both("ben", "ann")},
			"identity pool provider" + g + " provider" + u + " token" + g + " token" + u + " !identity", "Both identities"},

		"of the identity": {api.ExplainLoginInput{IdentityId: ann, Logins: w.by(google, "ann")},
			"identity id flow provider" + g + " state token" + g + " identity role choice role", ""},
		"of another's": {api.ExplainLoginInput{IdentityId: ben, Logins: w.by(google, "ann")},
			"identity id flow provider" + g + " state token" + g + " !identity | role choice" + roleSteps, "none of the call's"},
		"without logins": {api.ExplainLoginInput{IdentityId: ann},
			"identity id flow !state | guests role choice" + roleSteps, "no guest's"},
		"a guest's":         {api.ExplainLoginInput{IdentityId: guest}, "identity id flow state guests role choice role", ""},
		"disabled identity": {api.ExplainLoginInput{IdentityId: gone, Logins: w.by(google, "gone")}, "identity id flow provider" + g + " !state | guests token" + g + " identity role choice" + roleSteps, "the identity is disabled"},
		"another role": {api.ExplainLoginInput{IdentityId: ann, Logins: w.by(google, "ann"), CustomRoleArn: arnOf("other")},
			"identity id flow provider" + g + " state token" + g + " identity !role choice |" + roleSteps, "forbidden"},
		"own token": {api.ExplainLoginInput{IdentityId: developer, Logins: own("dev")},
			own7 + " identity id state role choice role", ""},
		"own token of another": {api.ExplainLoginInput{IdentityId: ann, Logins: own("dev")},
			own7 + " identity id !state | role choice" + roleSteps, "of another identity"},
		"own token, signature": {api.ExplainLoginInput{IdentityId: developer, Logins: map[string]api.Secret{cognito: own("dev")[cognito] + "AA"}},
			strings.Join(strings.Fields(own7)[:6], " ") + " !signature(" + cognito + ") | claims(" + cognito + ") identity id state role choice" + roleSteps, "not that of the key"},
		"own token as any other": {api.ExplainLoginInput{IdentityId: ann, Operation: "GetOpenIdToken", Logins: own("dev")},
			"identity id flow !provider(" + cognito + ") | state guests token(" + cognito + ") identity", "Cognito token"},
		"basic flow": {api.ExplainLoginInput{IdentityId: ann, Operation: "GetOpenIdToken", Logins: w.by(google, "ann")},
			"identity id flow provider" + g + " state token" + g + " identity", ""},
	} {
		before := w.state()
		tc.in.IdentityPoolId = w.pool
		out, err := w.ExplainLogin(t.Context(), owner, &tc.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		e := out.Explanation
		if got := outline(e); got != tc.want {
			t.Errorf("%s: got  %s\nwant %s", name, got, tc.want)
		}
		if e.Accepted != (tc.because == "" && !strings.Contains(tc.want, "!")) || !strings.Contains(e.Reason, tc.because) {
			t.Errorf("%s: accepted %v, because %q", name, e.Accepted, e.Reason)
		}
		if s := failedStep(e); s != nil && (s.Expected == "" || s.Found == "") {
			t.Errorf("%s: step %+v", name, s)
		}
		if diff := cmp.Diff(before, w.state()); diff != "" {
			t.Errorf("%s has changed the store (-before +after)\n%s", name, diff)
		}
		for _, token := range tc.in.Logins {
			if text := fmt.Sprint(*e); len(token) > 10 && strings.Contains(text, string(token)) {
				t.Errorf("%s repeats the token: %s", name, text)
			}
		}
	}
}

// roleSteps are those that taking the role would have.
const roleSteps = " session size role web identity trust policy duration session policies"

// own7 are the seven steps of a token of this server, and the one before.
const own7 = "token(cognito-identity.amazonaws.com) form(cognito-identity.amazonaws.com) issuer(cognito-identity.amazonaws.com) times(cognito-identity.amazonaws.com)" +
	" key(cognito-identity.amazonaws.com) algorithm(cognito-identity.amazonaws.com) signature(cognito-identity.amazonaws.com) claims(cognito-identity.amazonaws.com)"

// Who asks about what is not his learns nothing, beside a twin who may.
func TestExplainLogin_Refusals(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	ann := w.person(google, "ann")
	other := w.newPublicPool("")
	ask := func(c identity.Caller, pool, id, operation string) func() error {
		return func() error {
			return only(w.ExplainLogin(t.Context(), c, &api.ExplainLoginInput{IdentityPoolId: pool, IdentityId: id, Operation: operation, Logins: w.by(google, "ann")}))
		}
	}
	good := ask(owner, w.pool, ann, "")
	noPool := "ResourceNotFoundException: IdentityPool '" + w.pool + "' not found."
	w.refuses("ExplainLogin", []refusal{
		{"a stranger", ask(stranger, w.pool, ann, ""), noPool, good},
		{"in another region", ask(ownerAbroad, w.pool, ann, ""), noPool, good},
		{"an identity of another pool", ask(owner, other, ann, ""), noSuchIdentity(ann), ask(owner, other, "", "")},
		{"GetId of an identity", ask(owner, w.pool, ann, "GetId"), "InvalidParameterException: GetId names no identity: please leave IdentityId out.", ask(owner, w.pool, "", "GetId")},
		{"credentials of nobody", ask(owner, w.pool, "", "GetCredentialsForIdentity"), "InvalidParameterException: GetCredentialsForIdentity names an identity: please give IdentityId.", good},
	})
}
