package principal_test

import (
	"fmt"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// count returns how many calls had each answer.
func count(errs []error) map[string]int {
	n := make(map[string]int)
	for _, err := range errs {
		n[answer(err)]++
	}
	return n
}

func TestRace_AccessKeysAtTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	errs := make([]error, 20)
	together(len(errs), func(k int) {
		errs[k] = only(w.CreateAccessKey(t.Context(), owner, &api.CreateAccessKeyInput{UserName: "ann"}))
	})
	got := count(errs)
	if got["success"] != 2 || got["LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2"] != 18 {
		t.Errorf("got %v, want two successes", got)
	}
	if keys := w.keys(owner, "ann"); len(keys) != 2 {
		t.Errorf("got %d keys, want 2", len(keys))
	}
}

func TestRace_SameName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	errs := make([]error, 20)
	together(len(errs), func(k int) { errs[k] = w.createUser([]string{"ann", "ANN"}[k%2]) })
	if got := count(errs); got["success"] != 1 || len(got) > 3 {
		t.Errorf("got %v, want one success", got)
	}
	if got := w.state()[owner.Account].Users; len(got) != 1 {
		t.Errorf("got %d users, want one", len(got))
	}
}

// A policy is either attached, or gone and attached to nobody.
func TestRace_AttachAgainstDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	w.role("r")
	for round := range 20 {
		arn := w.policy(fmt.Sprint("p", round), nothing)
		errs := make([]error, 3)
		together(3, func(k int) {
			switch k {
			case 0:
				errs[k] = w.attachUser("ann", arn)
			case 1:
				errs[k] = w.attachRole("r", arn)
			case 2:
				errs[k] = w.deletePolicy(arn)
			}
		})
		gone := errs[2] == nil
		if gone != (errs[0] != nil && errs[1] != nil) {
			t.Errorf("round %d: got %s, %s and %s", round, answer(errs[0]), answer(errs[1]), answer(errs[2]))
		}
		if _, err := w.getPolicy(arn); (err != nil) != gone {
			t.Errorf("round %d: deleted %t, and then got %s", round, gone, answer(err))
		}
		if errs[0] == nil {
			w.check(w.detachUser("ann", arn))
		}
		if errs[1] == nil {
			w.check(w.detachRole("r", arn))
		}
	}
	if s := w.state()[owner.Account]; len(s.Users[0].Attached)+len(s.Roles[0].Attached) > 0 {
		t.Errorf("got %q and %q, want nothing attached", s.Users[0].Attached, s.Roles[0].Attached)
	}
}

// A user that is deleted leaves no key behind.
func TestRace_KeyAgainstDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for round := range 20 {
		name := fmt.Sprint("u", round)
		w.user(name)
		var out *api.CreateAccessKeyOutput
		errs := make([]error, 2)
		together(2, func(k int) {
			if k == 0 {
				out, errs[0] = w.CreateAccessKey(t.Context(), owner, &api.CreateAccessKeyInput{UserName: name})
				return
			}
			errs[1] = w.deleteUser(name)
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("round %d: got %s and %s, want one to win", round, answer(errs[0]), answer(errs[1]))
		}
		if errs[0] == nil && w.signer(out.AccessKey.AccessKeyId).User != name {
			t.Errorf("round %d: the key does not sign", round)
		}
	}
}

// Whoever asks while policies change gets an answer of one of the states.
func TestRace_AuthorizeWhileChanging(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", document("Allow", "a:*", "*", ""))
	errs := make([]error, 8)
	together(len(errs), func(k int) {
		for n := range 50 {
			if k == 0 {
				errs[k] = w.putUserPolicy("ann", "q", document("Deny", fmt.Sprintf("b:%d", n), "*", ""))
			} else {
				errs[k] = w.Authorize(t.Context(), ann, "a:B", "*", nil)
			}
			if errs[k] != nil {
				return
			}
		}
	})
	if got := count(errs); got["success"] != len(errs) {
		t.Errorf("got %v, want successes", got)
	}
}
