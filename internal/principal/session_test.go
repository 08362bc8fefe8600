package principal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/session"
)

// admits returns a trust policy that lets a principal do what sts:… there is, under a
// condition if that is not empty.
func admits(who, condition string) string {
	if condition != "" {
		condition = `, "Condition": {` + condition + `}`
	}
	return fmt.Sprintf(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": %q}, "Action": "sts:*"%s}}`, who, condition)
}

// roleFor makes a role of the owner with a trust policy, and returns its ARN.
func (w *world) roleFor(name, trust string) (arn string) { return w.roleOf(owner, name, trust) }

func (w *world) roleOf(account api.Caller, name, trust string) (arn string) {
	w.Helper()
	out, err := w.CreateRole(w.Context(), account, &api.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: trust, MaxSessionDuration: 43200})
	w.check(err)
	return out.Role.Arn
}

func (w *world) trust(role, document string) error {
	return w.UpdateAssumeRolePolicy(w.Context(), owner, &api.UpdateAssumeRolePolicyInput{RoleName: role, PolicyDocument: document})
}

// assume returns credentials of a role for a session called s; f may change the call.
func (w *world) assume(c api.Caller, arn string, f func(*api.AssumeRoleInput)) (*api.AssumeRoleOutput, error) {
	in := &api.AssumeRoleInput{RoleArn: arn, RoleSessionName: "s1"}
	if f != nil {
		f(in)
	}
	return w.AssumeRole(w.Context(), c, in)
}

// as returns who signs with temporary credentials now.
func (w *world) as(c *api.STSCredentials) (api.Caller, error) { return by(w.Service, w, c) }

// by is as at another server.
func by(s *principal.Service, w *world, c *api.STSCredentials) (api.Caller, error) {
	now := w.clock.now()
	got, err := s.Credential(w.Context(), c.AccessKeyId, string(c.SessionToken), now)
	if err != nil {
		return api.Caller{}, err
	}
	if secret, err := got.Secret(); err != nil || secret != c.SecretAccessKey {
		return api.Caller{}, fmt.Errorf("another secret access key than was given out: %w", err)
	}
	got.Caller.Region, got.Caller.SourceIP, got.Caller.Secure, got.Caller.Now = "eu-central-1", "192.0.2.7", true, now
	return got.Caller, nil
}

// session returns a caller in a session of a role.
func (w *world) session(c api.Caller, arn string, f func(*api.AssumeRoleInput)) api.Caller {
	w.Helper()
	out, err := w.assume(c, arn, f)
	w.check(err)
	s, err := w.as(out.Credentials)
	w.check(err)
	return s
}

// ownSession returns credentials of the user's or root's own, and the caller with them.
func (w *world) ownSession(c api.Caller) (*api.STSCredentials, api.Caller) {
	w.Helper()
	out, err := w.GetSessionToken(w.Context(), c, &api.GetSessionTokenInput{})
	w.check(err)
	s, err := w.as(out.Credentials)
	w.check(err)
	return out.Credentials, s
}

func (w *world) revoke(in api.RevokeSessionsInput) error {
	return only(w.RevokeSessions(w.Context(), owner, &in))
}

const (
	whatInvalid = "UnrecognizedClientException: The security token included in the request is invalid"
	whatUnknown = whatInvalid + "."
	whatExpired = "ExpiredTokenException: The security token included in the request is expired"
)

func TestCredential_Long(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	k := w.key("ann")
	got, err := w.Credential(t.Context(), k.AccessKeyId, "", start)
	w.check(err)
	secret, err := got.Secret()
	if err != nil || secret != k.SecretAccessKey {
		t.Errorf("another secret than was given out, or none: %v", err)
	}
	want := api.Caller{Account: ann.Account, Principal: ann.Principal, ID: ann.ID, User: "ann", AccessKeyID: k.AccessKeyId}
	if diff := cmp.Diff(want, got.Caller); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.Key == nil || got.Key.ID != k.AccessKeyId || got.Version == "" {
		t.Errorf("got the record %v, version %q", got.Key, got.Version)
	}
	for name, tc := range map[string]struct{ id, token, want string }{
		"unknown":              {"AKIANOBODYHASTHISKEY", "", whatUnknown},
		"empty":                {"", "", whatUnknown},
		"with a token":         {k.AccessKeyId, "token", whatInvalid},
		"unknown with a token": {"AKIANOBODYHASTHISKEY", "token", whatInvalid},
	} {
		if got := answer(only(w.Credential(t.Context(), tc.id, tc.token, start))); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
	w.check(w.setStatus("ann", k.AccessKeyId, "Inactive"))
	if got := answer(only(w.Credential(t.Context(), k.AccessKeyId, "", start))); got != whatUnknown {
		t.Errorf("inactive: got %s, want %s", got, whatUnknown)
	}
}

// What temporary credentials stand for.
func TestCredential_Temporary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clock.goOn(123 * time.Millisecond)
	ann := w.user("ann")
	arn := w.roleFor("r", admits(ann.Principal, ""))
	policy := w.policy("m", nothing)
	out, err := w.assume(ann, arn, func(in *api.AssumeRoleInput) {
		in.Tags, in.TransitiveTagKeys, in.SourceIdentity = tags("Team", "blue", "x", ""), []string{"Team"}, "who"
		in.Policy, in.PolicyArns = nothing, []api.PolicyDescriptorType{{Arn: policy}}
	})
	w.check(err)
	role := w.state()[owner.Account].Roles[0]
	annsOwn, _ := w.ownSession(ann)
	roots, _ := w.ownSession(owner)
	issued := start.Add(123 * time.Millisecond)
	for name, tc := range map[string]struct {
		c    *api.STSCredentials
		want api.Caller
	}{
		"role": {out.Credentials, api.Caller{
			Account: owner.Account, Principal: "arn:aws:sts::111122223333:assumed-role/r/s1", ID: role.ID + ":s1",
			Session: &api.Session{
				Role: "r", Name: "s1", SourceIdentity: "who",
				Tags: map[string]string{"Team": "blue", "x": ""}, TransitiveTags: []string{"Team"},
				Policies: []string{nothing}, PolicyARNs: []string{policy},
				Issued: issued, Expires: issued.Add(time.Hour),
			},
		}},
		"user": {annsOwn, api.Caller{
			Account: owner.Account, Principal: ann.Principal, ID: ann.ID, User: "ann",
			Session: &api.Session{Issued: issued, Expires: issued.Add(12 * time.Hour)},
		}},
		"root": {roots, api.Caller{
			Account: owner.Account, Principal: owner.Principal, ID: owner.ID,
			Session: &api.Session{Issued: issued, Expires: issued.Add(time.Hour)},
		}},
	} {
		want := tc.want
		want.AccessKeyID = tc.c.AccessKeyId
		got, err := w.Credential(t.Context(), tc.c.AccessKeyId, string(tc.c.SessionToken), issued)
		w.check(err)
		if diff := cmp.Diff(want, got.Caller); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if got.Key != nil || !tc.c.Expiration.Equal(want.Session.Expires) || !session.IsTemporary(tc.c.AccessKeyId) {
			t.Errorf("%s: got the record %v, the id %s and the end %v", name, got.Key, tc.c.AccessKeyId, tc.c.Expiration)
		}
		identity := must(w.GetCallerIdentity(t.Context(), got.Caller, &api.GetCallerIdentityInput{}))
		if diff := cmp.Diff(&api.GetCallerIdentityOutput{UserId: want.ID, Account: want.Account, Arn: want.Principal}, identity); diff != "" {
			t.Errorf("%s: who it is (-want +got)\n%s", name, diff)
		}
	}
	if got := *out.AssumedRoleUser; got.Arn != "arn:aws:sts::111122223333:assumed-role/r/s1" || got.AssumedRoleId != role.ID+":s1" {
		t.Errorf("got %+v", got)
	}
	if out.SourceIdentity != "who" || out.PackedPolicySize < 1 || out.PackedPolicySize > 20 {
		t.Errorf("got the source identity %q, and %d%% of the space used", out.SourceIdentity, out.PackedPolicySize)
	}
}

// Each case is refused, and its twin, from before it was made so, is not.
func TestCredential_TemporaryRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(w *world, c *api.STSCredentials) error
		want   string
	}{
		"no token": {func(_ *world, c *api.STSCredentials) error {
			c.SessionToken = ""
			return nil
		}, whatUnknown},
		"no token of ours": {func(_ *world, c *api.STSCredentials) error {
			c.SessionToken = "FwoGZXIvYXdzEXAMPLE"
			return nil
		}, whatInvalid},
		"one byte": {func(_ *world, c *api.STSCredentials) error {
			c.SessionToken = c.SessionToken[:99] + "AB" + c.SessionToken[101:]
			return nil
		}, whatInvalid},
		"token of another key": {func(w *world, c *api.STSCredentials) error {
			other, _ := w.ownSession(owner)
			c.SessionToken = other.SessionToken
			return nil
		}, whatInvalid},
		"id of another key": {func(w *world, c *api.STSCredentials) error {
			other, _ := w.ownSession(owner)
			c.AccessKeyId = other.AccessKeyId
			return nil
		}, whatInvalid},
		"id of a long-term key": {func(w *world, c *api.STSCredentials) error {
			c.AccessKeyId = w.key("").AccessKeyId
			return nil
		}, whatInvalid},
		"expired to the moment": {func(w *world, c *api.STSCredentials) error {
			w.clock.goOn(time.Hour)
			return nil
		}, whatExpired},
		"role gone": {func(w *world, _ *api.STSCredentials) error {
			return w.DeleteRole(w.Context(), owner, &api.DeleteRoleInput{RoleName: "r"})
		}, whatUnknown},
		"expired, and the role gone": {func(w *world, _ *api.STSCredentials) error {
			w.clock.goOn(time.Hour)
			return w.DeleteRole(w.Context(), owner, &api.DeleteRoleInput{RoleName: "r"})
		}, whatExpired},
		"another role of the name": {func(w *world, _ *api.STSCredentials) error {
			err := w.DeleteRole(w.Context(), owner, &api.DeleteRoleInput{RoleName: "r"})
			w.roleFor("r", admits("*", ""))
			return err
		}, whatUnknown},
		"revoked": {func(w *world, _ *api.STSCredentials) error {
			return w.revoke(api.RevokeSessionsInput{RoleName: "R"})
		}, whatUnknown},
	} {
		w := newWorld(t)
		arn := w.roleFor("r", admits("*", ""))
		out := must(w.assume(w.user("ann"), arn, nil)).Credentials
		if _, err := w.as(out); err != nil {
			t.Errorf("%s: the twin: got %s", name, answer(err))
		}
		w.check(tc.change(w, out))
		for range 2 {
			if got := answer(only(w.as(out))); got != tc.want {
				t.Errorf("%s: got %s, want %s", name, got, tc.want)
			}
		}
	}
}

// A session lasts as long as it was made for.
func TestCredential_LastMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, _ := w.ownSession(w.user("ann"))
	w.clock.goOn(12*time.Hour - time.Millisecond)
	if _, err := w.as(own); err != nil {
		t.Errorf("a millisecond before the end: got %s", answer(err))
	}
	w.clock.goOn(time.Millisecond)
	if got := answer(only(w.as(own))); got != whatExpired {
		t.Errorf("at the end: got %s, want %s", got, whatExpired)
	}
}

func TestCredential_UserGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	own, _ := w.ownSession(ann)
	w.check(w.rename("ann", "ann", "/team/"))
	if c, err := w.as(own); err != nil || c.Principal != "arn:aws:iam::111122223333:user/team/ann" {
		t.Errorf("after a change of path: got %q, %v", c.Principal, err)
	}
	w.check(w.deleteUser("ann"))
	if got := answer(only(w.as(own))); got != whatUnknown {
		t.Errorf("gone: got %s, want %s", got, whatUnknown)
	}
	w.user("ann")
	if got := answer(only(w.as(own))); got != whatUnknown {
		t.Errorf("another ann: got %s, want %s", got, whatUnknown)
	}
}

// secondServer is another server on the world's store.
func (w *world) secondServer() *principal.Service {
	w.Helper()
	s, err := principal.New(principal.Config{Store: w.store, Seal: w.seal, NewID: newID})
	w.check(err)
	return s
}

// What is revoked at one server is refused at the next request on any, and what is made
// after that is not, be it in the same millisecond.
func TestRevokeSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere := w.secondServer()
	ann, ben := w.user("ann"), w.user("ben")
	r, q := w.roleFor("r", admits("*", "")), w.roleFor("q", admits("*", ""))
	kinds := map[string]struct {
		in   api.RevokeSessionsInput
		make func() *api.STSCredentials
	}{
		"role r":   {api.RevokeSessionsInput{RoleName: "r"}, func() *api.STSCredentials { return must(w.assume(ann, r, nil)).Credentials }},
		"role q":   {api.RevokeSessionsInput{RoleName: "q"}, func() *api.STSCredentials { return must(w.assume(ann, q, nil)).Credentials }},
		"user ann": {api.RevokeSessionsInput{UserName: "ANN"}, func() *api.STSCredentials { c, _ := w.ownSession(ann); return c }},
		"user ben": {api.RevokeSessionsInput{UserName: "ben"}, func() *api.STSCredentials { c, _ := w.ownSession(ben); return c }},
		"root":     {api.RevokeSessionsInput{Root: yes(true)}, func() *api.STSCredentials { c, _ := w.ownSession(owner); return c }},
	}
	w.clock.goOn(time.Millisecond) // no whole second
	theirs := must(w.GetSessionToken(t.Context(), stranger, &api.GetSessionTokenInput{})).Credentials
	for name, tc := range kinds {
		made := map[string]*api.STSCredentials{}
		for kind := range kinds {
			made[kind] = kinds[kind].make()
			for _, s := range []*principal.Service{w.Service, elsewhere} {
				w.check(only(by(s, w, made[kind])))
			}
		}
		for again := range 2 {
			out := must(w.RevokeSessions(t.Context(), owner, &tc.in))
			if at := w.clock.now(); !out.IssuedBefore.After(at) || out.IssuedBefore.Sub(at) > 10*time.Millisecond {
				t.Errorf("%s: revoked what was issued before %v, at %v", name, out.IssuedBefore, at)
			}
			for _, s := range []*principal.Service{elsewhere, w.Service} {
				for kind, c := range made {
					want := "success"
					if kind == name {
						want = whatUnknown
					}
					if got := answer(only(by(s, w, c))); got != want {
						t.Errorf("%s revoked (%d): %s got %s, want %s", name, again, kind, got, want)
					}
				}
				if got := answer(only(by(s, w, theirs))); got != "success" {
					t.Errorf("%s revoked: the root of another account got %s", name, got)
				}
			}
			// New ones can be had at once.
			fresh := tc.make()
			for _, s := range []*principal.Service{elsewhere, w.Service} {
				if got := answer(only(by(s, w, fresh))); got != "success" {
					t.Errorf("%s revoked (%d): a new session got %s", name, again, got)
				}
			}
		}
	}
}

func TestRevokeSessions_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	w.role("r")
	const one = "InvalidParameterException: Please name one of RoleName, UserName and Root."
	call := func(in api.RevokeSessionsInput) func() error { return func() error { return w.revoke(in) } }
	role, user, root := call(api.RevokeSessionsInput{RoleName: "r"}), call(api.RevokeSessionsInput{UserName: "ann"}), call(api.RevokeSessionsInput{Root: yes(true)})
	w.refuses("RevokeSessions",
		refusal{"nobody", call(api.RevokeSessionsInput{}), one, root},
		refusal{"not root", call(api.RevokeSessionsInput{Root: yes(false)}), one, root},
		refusal{"two", call(api.RevokeSessionsInput{RoleName: "r", UserName: "ann"}), one, user},
		refusal{"root too", call(api.RevokeSessionsInput{RoleName: "r", Root: yes(true)}), one, role},
		refusal{"no such role", call(api.RevokeSessionsInput{RoleName: "ann"}), "ResourceNotFoundException: Resource 'arn:aws:iam::111122223333:role/ann' not found.", role},
		refusal{"no such user", call(api.RevokeSessionsInput{UserName: "r"}), "ResourceNotFoundException: Resource 'arn:aws:iam::111122223333:user/r' not found.", user},
		refusal{"another account's", func() error {
			return only(w.RevokeSessions(t.Context(), stranger, &api.RevokeSessionsInput{UserName: "ann"}))
		}, "ResourceNotFoundException: Resource 'arn:aws:iam::444455556666:user/ann' not found.", user},
	)
}

// A setting that can not be read may hold a revocation.
func TestCredential_BrokenSetting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, _ := w.ownSession(owner)
	w.check(w.store.Update(t.Context(), func(tx principal.Tx) error {
		return tx.PutSetting("sessions-from/"+owner.Account, []byte("yesterday"))
	}))
	if got := answer(only(w.as(own))); !strings.HasPrefix(got, "internal error: ") {
		t.Errorf("got %s, want an internal error", got)
	}
}

// Whoever signs while sessions are revoked is either taken or refused, and after the
// revocation refused.
func TestRace_RevokeWhileSigning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere := w.secondServer()
	ann := w.user("ann")
	arn := w.roleFor("r", admits("*", ""))
	for range 10 {
		var made [4]*api.STSCredentials
		for n := range made {
			made[n] = must(w.assume(ann, arn, nil)).Credentials
		}
		together(9, func(k int) {
			if k == 8 {
				if err := w.revoke(api.RevokeSessionsInput{RoleName: "r"}); err != nil {
					t.Error(answer(err))
				}
				for n, c := range made {
					if got := answer(only(by(elsewhere, w, c))); got != whatUnknown {
						t.Errorf("session %d, after the revocation: got %s", n, got)
					}
				}
				return
			}
			s := []*principal.Service{w.Service, elsewhere}[k%2]
			c, err := by(s, w, made[k/2])
			if err == nil {
				err = s.Authorize(t.Context(), c, "a:B", "*", nil)
			}
			if refused, ok := errors.AsType[*api.Error](err); !ok || refused.Code != api.AccessDeniedException && refused.Error() != whatUnknown {
				t.Errorf("got %s", answer(err))
			}
		})
		if _, err := w.as(must(w.assume(ann, arn, nil)).Credentials); err != nil {
			t.Errorf("a new session: got %s", answer(err))
		}
	}
}
