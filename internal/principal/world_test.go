package principal_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

// Who calls: the roots of two accounts.
var (
	owner    = principal.Root("111122223333")
	stranger = principal.Root("444455556666")
)

const (
	// nothing allows nothing that anybody asks for here.
	nothing = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "none:None", "Resource": "*"}}`
	trust   = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "777788889999"}, "Action": "sts:AssumeRole"}}`
	// malformed has an Effect that there is not.
	malformed     = `{"Version": "2012-10-17", "Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}`
	whatMalformed = "MalformedPolicyDocument: Syntax errors in policy: at /Statement/Effect: Effect is Allow or Deny."
)

// start is when worlds begin.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A clock stands still until it is told to go on.
type clock struct{ past atomic.Int64 }

func (c *clock) now() time.Time       { return start.Add(time.Duration(c.past.Load())) }
func (c *clock) goOn(d time.Duration) { c.past.Add(int64(d)) }

// A world is the service on a store in a file.
//
// Methods that return an error make one call. The others fail the test where a call
// fails: they belong to the goroutine of the test.
type world struct {
	testing.TB
	*principal.Service
	clock clock
	store principal.Store
	seal  *seal.Key
	// db keeps identities too.
	db *store.DB
}

func newWorld(t testing.TB) *world { return newWorldWith(t, principal.Config{}) }

// newWorldWith is newWorld with the settings of c.
func newWorldWith(t testing.TB, c principal.Config) *world {
	t.Helper()
	secret := make([]byte, 32)
	rand.Read(secret)
	master, err := seal.Parse(base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, seal: master}
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "store.db"), Now: w.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	w.store, w.db = db.Principals(), db
	c.Store, c.Seal, c.NewID = w.store, master, newID
	if w.Service, err = principal.New(c); err != nil {
		t.Fatal(err)
	}
	return w
}

func newID(prefix string) string { return prefix + rand.Text()[:17] }

// only drops what a call answers beside its error.
func only[T any](_ T, err error) error { return err }

// must returns what a call answers.
func must[T any](out T, err error) T {
	if err != nil {
		panic(err)
	}
	return out
}

// check fails the test where a call fails.
func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(answer(err))
	}
}

// user makes a user with the inline policies, and returns it as a caller.
func (w *world) user(name string, documents ...string) api.Caller {
	w.Helper()
	out, err := w.CreateUser(w.Context(), owner, &api.CreateUserInput{UserName: name})
	w.check(err)
	for n, d := range documents {
		w.check(w.putUserPolicy(name, fmt.Sprint("p", n), d))
	}
	return api.Caller{
		Account: owner.Account, Principal: out.User.Arn, ID: out.User.UserId, User: name,
		Region: "eu-central-1", SourceIP: "192.0.2.7", Secure: true, Now: start,
	}
}

// role makes a role.
func (w *world) role(name string) {
	w.Helper()
	w.check(only(w.CreateRole(w.Context(), owner, &api.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: trust})))
}

// policy makes a managed policy and returns its ARN.
func (w *world) policy(name, document string) (arn string) {
	w.Helper()
	out, err := w.CreatePolicy(w.Context(), owner, &api.CreatePolicyInput{PolicyName: name, PolicyDocument: document})
	w.check(err)
	return out.Policy.Arn
}

// key makes an access key of a user, or with an empty name of the root.
func (w *world) key(user string) *api.AccessKey {
	w.Helper()
	out, err := w.CreateAccessKey(w.Context(), owner, &api.CreateAccessKeyInput{UserName: user})
	w.check(err)
	return out.AccessKey
}

func (w *world) createUser(name string) error {
	return only(w.CreateUser(w.Context(), owner, &api.CreateUserInput{UserName: name}))
}

func (w *world) deleteUser(name string) error {
	return w.DeleteUser(w.Context(), owner, &api.DeleteUserInput{UserName: name})
}

func (w *world) deleteKey(user, id string) error {
	return w.DeleteAccessKey(w.Context(), owner, &api.DeleteAccessKeyInput{UserName: user, AccessKeyId: id})
}

func (w *world) rename(name, to, path string) error {
	return w.UpdateUser(w.Context(), owner, &api.UpdateUserInput{UserName: name, NewUserName: to, NewPath: path})
}

func (w *world) putUserPolicy(user, name, document string) error {
	return w.PutUserPolicy(w.Context(), owner, &api.PutUserPolicyInput{UserName: user, PolicyName: name, PolicyDocument: document})
}

func (w *world) putRolePolicy(role, name, document string) error {
	return w.PutRolePolicy(w.Context(), owner, &api.PutRolePolicyInput{RoleName: role, PolicyName: name, PolicyDocument: document})
}

func (w *world) attachUser(user, arn string) error {
	return w.AttachUserPolicy(w.Context(), owner, &api.AttachUserPolicyInput{UserName: user, PolicyArn: arn})
}

func (w *world) attachRole(role, arn string) error {
	return w.AttachRolePolicy(w.Context(), owner, &api.AttachRolePolicyInput{RoleName: role, PolicyArn: arn})
}

func (w *world) detachUser(user, arn string) error {
	return w.DetachUserPolicy(w.Context(), owner, &api.DetachUserPolicyInput{UserName: user, PolicyArn: arn})
}

func (w *world) detachRole(role, arn string) error {
	return w.DetachRolePolicy(w.Context(), owner, &api.DetachRolePolicyInput{RoleName: role, PolicyArn: arn})
}

func (w *world) addVersion(arn, document string, inForce bool) error {
	return only(w.CreatePolicyVersion(w.Context(), owner, &api.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: document, SetAsDefault: &inForce}))
}

func (w *world) deletePolicy(arn string) error {
	return w.DeletePolicy(w.Context(), owner, &api.DeletePolicyInput{PolicyArn: arn})
}

// holdings is all that the store keeps of an account.
type holdings struct {
	Users     []*principal.User
	Roles     []*principal.Role
	Policies  []*principal.Policy
	OIDC      []*principal.OIDCProvider
	SAML      []*principal.SAMLProvider
	Keys      []*principal.AccessKey
	LastUses  map[string]principal.KeyUse
	KeysByWho map[string]int
}

// state returns what the store keeps, by account.
func (w *world) state() map[string]holdings {
	w.Helper()
	const all = 10_000
	state := make(map[string]holdings)
	w.check(w.store.View(w.Context(), func(tx principal.Tx) error {
		clear(state)
		for _, account := range []string{owner.Account, stranger.Account, ""} {
			h := holdings{LastUses: map[string]principal.KeyUse{}, KeysByWho: map[string]int{}}
			var errs [5]error
			h.Users, errs[0] = tx.Users().List(account, "", all)
			h.Roles, errs[1] = tx.Roles().List(account, "", all)
			h.Policies, errs[2] = tx.Policies().List(account, "", all)
			h.OIDC, errs[3] = tx.OIDCProviders().List(account, "", all)
			h.SAML, errs[4] = tx.SAMLProviders().List(account, "", all)
			if err := errors.Join(errs[:]...); err != nil {
				return err
			}
			who := []string{""}
			for _, u := range h.Users {
				who = append(who, u.Name)
			}
			for _, user := range who {
				keys, err := tx.AccessKeysOf(account, user)
				if err != nil {
					return err
				}
				h.Keys = append(h.Keys, keys...)
				h.KeysByWho[user] = len(keys)
				for _, k := range keys {
					if use, err := tx.KeyUse(k.ID); err == nil {
						h.LastUses[k.ID] = use
					}
				}
			}
			state[account] = h
		}
		return nil
	}))
	return state
}

// answer puts an error as the client reads it: the exception and its text.
func answer(err error) string {
	if err == nil {
		return "success"
	}
	if refused, ok := errors.AsType[*api.Error](err); ok {
		return refused.Error()
	}
	return "internal error: " + err.Error()
}

// A refusal is a call that must not succeed, and its twin, which differs in what is
// wrong with the call, and must.
type refusal struct {
	name string
	call func() error
	// want is the exception and its text.
	want string
	twin func() error
}

// refuses checks that the operation refuses the calls and that a refused call changes
// nothing.
func (w *world) refuses(operation string, refusals ...refusal) {
	w.Helper()
	var op *api.Operation
	for _, s := range []*api.Service{api.IAM, api.STS, api.Control} {
		if found := s.Operation(operation); found != nil {
			op = found
		}
	}
	if op == nil {
		w.Fatalf("there is no operation %s", operation)
	}
	for _, r := range refusals {
		// A change is seen by its time, if by nothing else.
		w.clock.goOn(time.Second)
		before := w.state()
		err := r.call()
		refused, _ := errors.AsType[*api.Error](err)
		if got := answer(err); got != r.want {
			w.Errorf("%s, %s: got %s\nwant %s", operation, r.name, got, r.want)
		} else if !op.Declares(refused.Code) {
			w.Errorf("%s, %s: the operation does not declare %s", operation, r.name, got)
		}
		if diff := cmp.Diff(before, w.state()); diff != "" {
			w.Errorf("%s, %s: a refused call changed the store (-before +after)\n%s", operation, r.name, diff)
		}
		if err := r.twin(); err != nil {
			w.Errorf("%s, %s: its twin got %s, want success", operation, r.name, answer(err))
		}
	}
}

// together runs f(0) to f(n-1) at the same time.
func together(n int, f func(k int)) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for k := range n {
		wg.Go(func() {
			<-begin
			f(k)
		})
	}
	close(begin)
	wg.Wait()
}

// sized returns a policy document of n characters that are not white space.
func sized(n int) string {
	const before, after = `{"Statement":{"Effect":"Allow","Resource":"*","Action":"a:`, `"}}`
	return strings.Replace(before, ":", " :\n\t", 1) + strings.Repeat("x", n-len(before)-len(after)) + after
}
