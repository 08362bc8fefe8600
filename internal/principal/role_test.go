package principal_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func (w *world) getRole(name string) (*api.Role, error) {
	out, err := w.GetRole(w.Context(), owner, &api.GetRoleInput{RoleName: name})
	if err != nil {
		return nil, err
	}
	return out.Role, nil
}

func TestRole_Life(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created := must(w.CreateRole(t.Context(), owner, &api.CreateRoleInput{
		RoleName: "Guest", Path: "/web/", AssumeRolePolicyDocument: trust, Tags: []api.Tag{{Key: "k", Value: "v"}},
	})).Role
	if !regexp.MustCompile(`^AROA[A-Z2-7]{17}$`).MatchString(created.RoleId) {
		t.Errorf("got id %q, want AROA and 17 more", created.RoleId)
	}
	want := &api.Role{
		Path: "/web/", RoleName: "Guest", RoleId: created.RoleId, Arn: "arn:aws:iam::111122223333:role/web/Guest", CreateDate: start,
		AssumeRolePolicyDocument: url.PathEscape(trust), MaxSessionDuration: 3600, Tags: []api.Tag{{Key: "k", Value: "v"}},
	}
	compare := func(name string) {
		t.Helper()
		got := must(w.getRole("guest"))
		document, err := url.PathUnescape(got.AssumeRolePolicyDocument)
		if err != nil {
			t.Fatal(err)
		}
		got.AssumeRolePolicyDocument = url.PathEscape(document)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	compare("created")
	update := func(in api.UpdateRoleInput) {
		t.Helper()
		in.RoleName = "GUEST"
		w.check(only(w.UpdateRole(t.Context(), owner, &in)))
	}
	update(api.UpdateRoleInput{Description: "guests", MaxSessionDuration: 7200})
	want.Description, want.MaxSessionDuration = "guests", 7200
	compare("updated")
	update(api.UpdateRoleInput{MaxSessionDuration: 43200})
	want.MaxSessionDuration = 43200
	compare("session updated")
	update(api.UpdateRoleInput{Description: "visitors"})
	want.Description = "visitors"
	compare("description updated")
	described := must(w.UpdateRoleDescription(t.Context(), owner, &api.UpdateRoleDescriptionInput{RoleName: "guest"}))
	want.Description = ""
	if described.Role.Description != "" || described.Role.RoleName != want.RoleName {
		t.Errorf("description removed: got %+v", described.Role)
	}
	compare("description removed")
	other := strings.Replace(trust, "777788889999", "444455556666", 1)
	w.check(w.UpdateAssumeRolePolicy(t.Context(), owner, &api.UpdateAssumeRolePolicyInput{RoleName: "Guest", PolicyDocument: other}))
	want.AssumeRolePolicyDocument = url.PathEscape(other)
	compare("trust updated")
}

func TestRole_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	const nobody = "NoSuchEntity: The role with name nobody cannot be found."
	// large is a trust policy of n characters.
	large := func(n int) string {
		const rest = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:"}}`
		return strings.Replace(rest, "sts:", "sts:"+strings.Repeat("A", n-len(rest)), 1)
	}
	create := func(name, document, boundary string) func() error {
		return func() error {
			return only(w.CreateRole(ctx, owner, &api.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: document, PermissionsBoundary: boundary}))
		}
	}
	w.refuses("CreateRole",
		refusal{"an identity policy", create("r", nothing, ""), "MalformedPolicyDocument: Syntax errors in policy: at /Statement/Resource: a trust policy has no Resource: it is about its role.", create("r", trust, "")},
		refusal{"name taken", create("R", trust, ""), "EntityAlreadyExists: Role with name R already exists.", create("R2", trust, "")},
		refusal{"too large", create("l", large(2049), ""), "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048", create("l", large(2048), "")},
		refusal{"boundary", create("b", trust, "arn:aws:iam::111122223333:policy/p"), "InvalidInput: Permissions boundaries are not supported by this server.", create("b", trust, "")},
	)
	w.refuses("GetRole", refusal{"nobody", func() error { return only(w.getRole("nobody")) }, nobody, func() error { return only(w.getRole("r")) }})
	update := func(name string) func() error {
		return func() error { return only(w.UpdateRole(ctx, owner, &api.UpdateRoleInput{RoleName: name})) }
	}
	describe := func(name string) func() error {
		return func() error {
			return only(w.UpdateRoleDescription(ctx, owner, &api.UpdateRoleDescriptionInput{RoleName: name}))
		}
	}
	w.refuses("UpdateRoleDescription", refusal{"nobody", describe("nobody"), nobody, describe("r")})
	w.refuses("UpdateRole", refusal{"nobody", update("nobody"), nobody, update("r")})
	setTrust := func(name, document string) func() error {
		return func() error {
			return w.UpdateAssumeRolePolicy(ctx, owner, &api.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: document})
		}
	}
	w.refuses("UpdateAssumeRolePolicy",
		refusal{"nobody", setTrust("nobody", trust), nobody, setTrust("r", trust)},
		refusal{"malformed", setTrust("r", malformed), whatMalformed, setTrust("r", trust)},
		refusal{"too large", setTrust("r", large(2049)), "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048", setTrust("r", large(2048))},
	)
	profiles := func(name string) func() error {
		return func() error {
			out, err := w.ListInstanceProfilesForRole(ctx, owner, &api.ListInstanceProfilesForRoleInput{RoleName: name})
			if err == nil && (out.InstanceProfiles == nil || len(out.InstanceProfiles) > 0) {
				t.Errorf("got instance profiles %#v, want an empty list", out.InstanceProfiles)
			}
			return err
		}
	}
	w.refuses("ListInstanceProfilesForRole", refusal{"nobody", profiles("nobody"), nobody, profiles("r")})

	arn := w.policy("p", nothing)
	w.check(w.attachRole("r", arn))
	w.check(w.putRolePolicy("r", "inline", nothing))
	remove := func(name string) func() error {
		return func() error { return w.DeleteRole(ctx, owner, &api.DeleteRoleInput{RoleName: name}) }
	}
	w.refuses("DeleteRole",
		refusal{"nobody", remove("nobody"), nobody, remove("R2")},
		refusal{"policy attached", remove("r"), "DeleteConflict: Cannot delete entity, must detach all policies first.", func() error { return w.detachRole("r", arn) }},
		refusal{"inline policy", remove("r"), "DeleteConflict: Cannot delete entity, must delete policies first.", func() error {
			w.check(w.DeleteRolePolicy(ctx, owner, &api.DeleteRolePolicyInput{RoleName: "r", PolicyName: "inline"}))
			return remove("r")()
		}},
	)
}
