package principal_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func (w *world) getUser(c api.Caller, name string) (*api.User, error) {
	out, err := w.GetUser(w.Context(), c, &api.GetUserInput{UserName: name})
	if err != nil {
		return nil, err
	}
	return out.User, nil
}

func TestUser_Life(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created := must(w.CreateUser(t.Context(), owner, &api.CreateUserInput{
		UserName: "Ann", Path: "/team/", Tags: []api.Tag{{Key: "b", Value: "2"}, {Key: "A", Value: ""}},
	})).User
	if !regexp.MustCompile(`^AIDA[A-Z2-7]{17}$`).MatchString(created.UserId) {
		t.Errorf("got id %q, want AIDA and 17 more", created.UserId)
	}
	want := &api.User{
		Path: "/team/", UserName: "Ann", UserId: created.UserId, Arn: "arn:aws:iam::111122223333:user/team/Ann",
		CreateDate: start, Tags: []api.Tag{{Key: "A"}, {Key: "b", Value: "2"}},
	}
	for name, got := range map[string]*api.User{
		"created": created, "by name": must(w.getUser(owner, "Ann")), "by name in another case": must(w.getUser(owner, "aNN")),
		"the caller": must(w.getUser(api.Caller{Account: owner.Account, Principal: created.Arn, User: "Ann"}, "")),
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	w.clock.goOn(time.Hour)
	w.check(w.rename("ann", "ANN", ""))
	want.UserName, want.Arn = "ANN", "arn:aws:iam::111122223333:user/team/ANN"
	if diff := cmp.Diff(want, must(w.getUser(owner, "ann"))); diff != "" {
		t.Errorf("in capitals (-want +got)\n%s", diff)
	}
	w.check(w.rename("ANN", "ben", "/"))
	want.UserName, want.Path, want.Arn = "ben", "/", "arn:aws:iam::111122223333:user/ben"
	if diff := cmp.Diff(want, must(w.getUser(owner, "ben"))); diff != "" {
		t.Errorf("renamed (-want +got)\n%s", diff)
	}
	w.check(w.deleteUser("BEN"))
	w.check(w.createUser("ben"))
	if again := must(w.getUser(owner, "ben")); again.UserId == created.UserId {
		t.Errorf("a user of the same name has the id of the one before, %s", again.UserId)
	}
}

// Who the root is is answered by its keys alone: there is no record of it.
func TestGetUser_Root(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := &api.User{UserId: "111122223333", Arn: "arn:aws:iam::111122223333:root"}
	if diff := cmp.Diff(want, must(w.getUser(owner, ""))); diff != "" {
		t.Errorf("root (-want +got)\n%s", diff)
	}
}

func TestUser_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ann := w.user("ann")
	w.user("ben")
	session := api.Caller{Account: owner.Account, Principal: "arn:aws:sts::111122223333:assumed-role/r/s", ID: "AROA:s"}
	const nobody = "NoSuchEntity: The user with name nobody cannot be found."
	w.refuses("CreateUser",
		refusal{"name taken", func() error { return w.createUser("ann") }, "EntityAlreadyExists: User with name ann already exists.", func() error { return w.createUser("anna") }},
		refusal{"name taken in another case and path", func() error {
			return only(w.CreateUser(ctx, owner, &api.CreateUserInput{UserName: "ANN", Path: "/p/"}))
		}, "EntityAlreadyExists: User with name ANN already exists.", func() error {
			return only(w.CreateUser(ctx, owner, &api.CreateUserInput{UserName: "ANN2", Path: "/p/"}))
		}},
		refusal{"boundary", func() error {
			return only(w.CreateUser(ctx, owner, &api.CreateUserInput{UserName: "carl", PermissionsBoundary: "arn:aws:iam::111122223333:policy/p"}))
		}, "InvalidInput: Permissions boundaries are not supported by this server.", func() error { return w.createUser("carl") }},
	)
	w.refuses("GetUser",
		refusal{"nobody", func() error { return only(w.getUser(owner, "nobody")) }, nobody, func() error { return only(w.getUser(owner, "ann")) }},
		refusal{"session without a name", func() error { return only(w.getUser(session, "")) },
			"ValidationError: Must specify userName when calling with non-User credentials", func() error { return only(w.getUser(session, "ann")) }},
	)
	w.refuses("UpdateUser",
		refusal{"nobody", func() error { return w.rename("nobody", "x", "") }, nobody, func() error { return w.rename("ann", "", "/x/") }},
		refusal{"name taken", func() error { return w.rename("ann", "ben", "") }, "EntityAlreadyExists: User with name ben already exists.", func() error { return w.rename("ann", "ann", "") }},
		refusal{"name taken in another case", func() error { return w.rename("ann", "BEN", "") }, "EntityAlreadyExists: User with name BEN already exists.", func() error { return w.rename("ben", "BEN", "") }},
	)
	w.refuses("ListGroupsForUser", refusal{"nobody", func() error {
		return only(w.ListGroupsForUser(ctx, owner, &api.ListGroupsForUserInput{UserName: "nobody"}))
	}, nobody, func() error {
		out, err := w.ListGroupsForUser(ctx, owner, &api.ListGroupsForUserInput{UserName: "ann"})
		if err == nil && (out.Groups == nil || len(out.Groups) > 0) {
			t.Errorf("got groups %#v, want an empty list", out.Groups)
		}
		return err
	}})

	arn := w.policy("p", nothing)
	k := w.key("ann")
	w.check(w.attachUser("ann", arn))
	w.check(w.putUserPolicy("ann", "inline", nothing))
	deletes := func(name, want string, twin func() error) {
		w.Helper()
		w.refuses("DeleteUser", refusal{name, func() error { return w.deleteUser(ann.User) }, want, twin})
	}
	w.refuses("DeleteUser", refusal{"nobody", func() error { return w.deleteUser("nobody") }, nobody, func() error { return w.deleteUser("anna") }})
	deletes("all", "DeleteConflict: Cannot delete entity, must detach all policies first.", func() error { return w.detachUser("ann", arn) })
	deletes("inline policy and key", "DeleteConflict: Cannot delete entity, must delete policies first.", func() error {
		return w.DeleteUserPolicy(ctx, owner, &api.DeleteUserPolicyInput{UserName: "ann", PolicyName: "inline"})
	})
	deletes("key", "DeleteConflict: Cannot delete entity, must delete access keys first.", func() error {
		w.check(w.deleteKey("ann", k.AccessKeyId))
		return w.deleteUser("ann")
	})
}
