package principal_test

import (
	"fmt"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

func yes(b bool) *bool { return &b }

func (w *world) getPolicy(arn string) (*api.Policy, error) {
	out, err := w.GetPolicy(w.Context(), owner, &api.GetPolicyInput{PolicyArn: arn})
	if err != nil {
		return nil, err
	}
	return out.Policy, nil
}

func (w *world) versions(arn string) (ids []string) {
	w.Helper()
	out, err := w.ListPolicyVersions(w.Context(), owner, &api.ListPolicyVersionsInput{PolicyArn: arn})
	w.check(err)
	for _, v := range out.Versions {
		id := v.VersionId
		if *v.IsDefaultVersion {
			id += " in force"
		}
		ids = append(ids, id)
	}
	return ids
}

func (w *world) setVersion(arn, id string) error {
	return w.SetDefaultPolicyVersion(w.Context(), owner, &api.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: id})
}

func (w *world) deleteVersion(arn, id string) error {
	return w.DeletePolicyVersion(w.Context(), owner, &api.DeletePolicyVersionInput{PolicyArn: arn, VersionId: id})
}

func TestPolicy_Life(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	w.role("r")
	created := must(w.CreatePolicy(t.Context(), owner, &api.CreatePolicyInput{
		PolicyName: "Read", Path: "/a/b/", PolicyDocument: nothing, Description: "reads", Tags: []api.Tag{{Key: "k", Value: "v"}},
	})).Policy
	if !regexp.MustCompile(`^ANPA[A-Z2-7]{17}$`).MatchString(created.PolicyId) {
		t.Errorf("got id %q, want ANPA and 17 more", created.PolicyId)
	}
	want := &api.Policy{
		PolicyName: "Read", PolicyId: created.PolicyId, Arn: "arn:aws:iam::111122223333:policy/a/b/Read", Path: "/a/b/",
		DefaultVersionId: "v1", IsAttachable: yes(true), Description: "reads", CreateDate: start, UpdateDate: start,
		Tags: []api.Tag{{Key: "k", Value: "v"}},
	}
	arn := created.Arn
	for _, tc := range []struct {
		name string
		call func() error
		want func()
	}{
		{"created", func() error { return nil }, func() {}},
		{"attached to a user", func() error { return w.attachUser("ann", arn) }, func() { want.AttachmentCount = 1 }},
		{"attached to a role", func() error { return w.attachRole("r", arn) }, func() { want.AttachmentCount = 2 }},
		{"attached again", func() error { return w.attachUser("ann", arn) }, func() {}},
		{"new version, not in force", func() error { return w.addVersion(arn, nothing, false) }, func() { want.UpdateDate = w.clock.now() }},
		{"set", func() error { return w.setVersion(arn, "v2") }, func() { want.DefaultVersionId = "v2" }},
		{"new version, in force", func() error { return w.addVersion(arn, nothing, true) }, func() { want.DefaultVersionId, want.UpdateDate = "v3", w.clock.now() }},
		{"detached from the user", func() error { return w.detachUser("ann", arn) }, func() { want.AttachmentCount = 1 }},
		{"detached from the role", func() error { return w.detachRole("r", arn) }, func() { want.AttachmentCount = 0 }},
	} {
		w.clock.goOn(time.Minute)
		if err := tc.call(); err != nil {
			t.Fatalf("%s: %s", tc.name, answer(err))
		}
		tc.want()
		if diff := cmp.Diff(want, must(w.getPolicy(arn))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
	listed := must(w.ListPolicies(t.Context(), owner, &api.ListPoliciesInput{})).Policies
	want.Description, want.Tags = "", nil
	if diff := cmp.Diff([]api.Policy{*want}, listed); diff != "" {
		t.Errorf("listed (-want +got)\n%s", diff)
	}
}

// Numbers of versions are never used again.
func TestPolicyVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.policy("p", sized(100))
	for _, tc := range []struct {
		name string
		call func() error
		want []string
	}{
		{"first", func() error { return nil }, []string{"v1 in force"}},
		{"second", func() error { return w.addVersion(arn, sized(102), false) }, []string{"v2", "v1 in force"}},
		{"third, in force", func() error { return w.addVersion(arn, sized(103), true) }, []string{"v3 in force", "v2", "v1"}},
		{"newest but one deleted", func() error { return w.deleteVersion(arn, "v2") }, []string{"v3 in force", "v1"}},
		{"back to the first", func() error { return w.setVersion(arn, "v1") }, []string{"v3", "v1 in force"}},
		{"newest deleted", func() error { return w.deleteVersion(arn, "v3") }, []string{"v1 in force"}},
		{"its number is not used again", func() error { return w.addVersion(arn, sized(104), false) }, []string{"v4", "v1 in force"}},
	} {
		if err := tc.call(); err != nil {
			t.Fatalf("%s: %s", tc.name, answer(err))
		}
		if diff := cmp.Diff(tc.want, w.versions(arn)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
	v := must(w.GetPolicyVersion(t.Context(), owner, &api.GetPolicyVersionInput{PolicyArn: arn, VersionId: "v4"})).PolicyVersion
	if got, err := url.PathUnescape(v.Document); err != nil || got != sized(104) {
		t.Errorf("document of v4: got %s, %v", got, err)
	}
}

// Documents are answered in percent-encoding, as AWS does: no plus for a blank.
func TestDocuments_AreEncoded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const (
		document = `{"Statement": [{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a+b/~x-._%"}]}`
		want     = "%7B%22Statement%22%3A%20%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22arn%3Aaws%3As3%3A%3A%3Aa%2Bb%2F~x-._%25%22%7D%5D%7D"
	)
	w.user("ann", document)
	if got := must(w.GetUserPolicy(t.Context(), owner, &api.GetUserPolicyInput{UserName: "ann", PolicyName: "p0"})).PolicyDocument; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPolicy_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	create := func(name, path, document string) func() error {
		return func() error {
			return only(w.CreatePolicy(ctx, owner, &api.CreatePolicyInput{PolicyName: name, Path: path, PolicyDocument: document}))
		}
	}
	w.refuses("CreatePolicy",
		refusal{"malformed", create("p", "", malformed), whatMalformed, create("p", "", nothing)},
		refusal{"a trust policy", create("t", "", trust), "MalformedPolicyDocument: Syntax errors in policy: at /Statement/Principal: only a trust policy has a Principal.", create("t", "", nothing)},
		refusal{"no JSON", create("j", "", "{"), "MalformedPolicyDocument: Syntax errors in policy: the document ends early.", create("j", "", nothing)},
		refusal{"name taken", create("P", "/x/", nothing), "EntityAlreadyExists: A policy called P already exists. Duplicate names are not allowed.", create("P2", "/x/", nothing)},
		refusal{"too large", create("large", "", sized(6145)), "LimitExceeded: Cannot exceed quota for PolicySize: 6144", create("large", "", sized(6144))},
	)
	const arn, none = "arn:aws:iam::111122223333:policy/p", "arn:aws:iam::111122223333:policy/none"
	notFound := func(arn string) string { return "NoSuchEntity: Policy " + arn + " was not found." }
	get := func(arn string) func() error { return func() error { return only(w.getPolicy(arn)) } }
	for _, other := range []string{
		none, "arn:aws:iam::444455556666:policy/p", "arn:aws:iam::aws:policy/p", "arn:aws:iam::111122223333:policy/x/p",
		"arn:aws:iam::111122223333:policy/P", "arn:aws:iam::111122223333:role/p", "arn:aws:iam::111122223333:policy/", "p",
	} {
		w.refuses("GetPolicy", refusal{other, get(other), notFound(other), get(arn)})
	}
	version := func(arn, document string) func() error {
		return func() error { return w.addVersion(arn, document, false) }
	}
	const fullText = "LimitExceeded: A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
	w.refuses("CreatePolicyVersion",
		refusal{"not found", version(none, nothing), notFound(none), version(arn, nothing)},
		refusal{"malformed", version(arn, malformed), whatMalformed, version(arn, nothing)},
		refusal{"too large", version(arn, sized(6145)), "LimitExceeded: Cannot exceed quota for PolicySize: 6144", version(arn, sized(6144))},
	)
	w.check(version(arn, nothing)())
	w.refuses("CreatePolicyVersion", refusal{"a sixth", version(arn, nothing), fullText, func() error {
		w.check(w.deleteVersion(arn, "v2"))
		return version(arn, nothing)()
	}})
	noVersion := "NoSuchEntity: Policy " + arn + " version v2 does not exist or is not attachable."
	w.refuses("GetPolicyVersion", refusal{"no such version", func() error {
		return only(w.GetPolicyVersion(ctx, owner, &api.GetPolicyVersionInput{PolicyArn: arn, VersionId: "v2"}))
	}, noVersion, func() error {
		return only(w.GetPolicyVersion(ctx, owner, &api.GetPolicyVersionInput{PolicyArn: arn, VersionId: "v3"}))
	}})
	w.refuses("SetDefaultPolicyVersion", refusal{"no such version", func() error { return w.setVersion(arn, "v2") }, noVersion, func() error { return w.setVersion(arn, "v3") }})
	w.refuses("DeletePolicyVersion",
		refusal{"no such version", func() error { return w.deleteVersion(arn, "v2") }, noVersion, func() error { return w.deleteVersion(arn, "v1") }},
		refusal{"in force", func() error { return w.deleteVersion(arn, "v3") }, "DeleteConflict: Cannot delete the default version of a policy.", func() error { return w.deleteVersion(arn, "v4") }},
	)
	w.user("ann")
	w.role("r")
	for _, hold := range []struct {
		who            string
		attach, detach func() error
	}{
		{"a user", func() error { return w.attachUser("ann", arn) }, func() error { return w.detachUser("ann", arn) }},
		{"a role", func() error { return w.attachRole("r", arn) }, func() error { return w.detachRole("r", arn) }},
	} {
		w.check(hold.attach())
		w.refuses("DeletePolicy", refusal{"attached to " + hold.who, func() error { return w.deletePolicy(arn) },
			"DeleteConflict: Cannot delete a policy attached to entities.", hold.detach})
	}
	w.refuses("DeletePolicy",
		refusal{"versions", func() error { return w.deletePolicy(arn) },
			"DeleteConflict: This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
			func() error {
				for _, id := range []string{"v5", "v6"} {
					w.check(w.deleteVersion(arn, id))
				}
				return w.deletePolicy(arn)
			}},
		refusal{"deleted", func() error { return w.deletePolicy(arn) }, notFound(arn), create("p", "", nothing)},
	)
}

func TestInline_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.user("ann")
	w.role("r")
	for _, kind := range []struct {
		what, name, nobody string
		limit              int
		put                func(who, name, document string) error
		get, drop          func(who, name string) error
	}{
		{"User", "ann", "NoSuchEntity: The user with name nobody cannot be found.", principal.MaxUserPolicies, w.putUserPolicy,
			func(who, name string) error {
				return only(w.GetUserPolicy(ctx, owner, &api.GetUserPolicyInput{UserName: who, PolicyName: name}))
			}, func(who, name string) error {
				return w.DeleteUserPolicy(ctx, owner, &api.DeleteUserPolicyInput{UserName: who, PolicyName: name})
			}},
		{"Role", "r", "NoSuchEntity: The role with name nobody cannot be found.", principal.MaxRolePolicies, w.putRolePolicy,
			func(who, name string) error {
				return only(w.GetRolePolicy(ctx, owner, &api.GetRolePolicyInput{RoleName: who, PolicyName: name}))
			}, func(who, name string) error {
				return w.DeleteRolePolicy(ctx, owner, &api.DeleteRolePolicyInput{RoleName: who, PolicyName: name})
			}},
	} {
		call := func(f func(who, name, document string) error, who, name, document string) func() error {
			return func() error { return f(who, name, document) }
		}
		lower := map[string]string{"User": "user", "Role": "role"}[kind.what]
		tooLarge := fmt.Sprintf("LimitExceeded: Maximum policy size of %d bytes exceeded for %s %s", kind.limit, lower, kind.name)
		w.refuses("Put"+kind.what+"Policy",
			refusal{"nobody", call(kind.put, "nobody", "p", nothing), kind.nobody, call(kind.put, kind.name, "p", nothing)},
			refusal{"malformed", call(kind.put, kind.name, "p", malformed), whatMalformed, call(kind.put, kind.name, "p", nothing)},
			refusal{"too large", call(kind.put, kind.name, "p", sized(kind.limit+1)), tooLarge, call(kind.put, kind.name, "p", sized(kind.limit-100))},
			refusal{"too large together", call(kind.put, kind.name, "q", sized(101)), tooLarge, call(kind.put, kind.name, "q", sized(100))},
			refusal{"too large, in place of one", call(kind.put, kind.name, "q", sized(101)), tooLarge, call(kind.put, kind.name, "p", sized(kind.limit-200))},
		)
		get := func(who, name string) func() error { return func() error { return kind.get(who, name) } }
		drop := func(who, name string) func() error { return func() error { return kind.drop(who, name) } }
		none := "NoSuchEntity: The " + lower + " policy with name none cannot be found."
		w.refuses("Get"+kind.what+"Policy",
			refusal{"nobody", get("nobody", "p"), kind.nobody, get(kind.name, "p")},
			refusal{"no policy", get(kind.name, "none"), none, get(kind.name, "q")})
		w.refuses("Delete"+kind.what+"Policy",
			refusal{"nobody", drop("nobody", "p"), kind.nobody, drop(kind.name, "p")},
			refusal{"no policy", drop(kind.name, "none"), none, drop(kind.name, "q")})
	}
}

func TestAttach_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	w.role("r")
	var arns []string
	for n := range 11 {
		arns = append(arns, w.policy(fmt.Sprint("p", n), nothing))
	}
	const none = "arn:aws:iam::111122223333:policy/none"
	for _, kind := range []struct {
		what, name, nobody, full string
		attach, detach           func(who, arn string) error
	}{
		{"User", "ann", "NoSuchEntity: The user with name nobody cannot be found.", "LimitExceeded: Cannot exceed quota for PoliciesPerUser: 10", w.attachUser, w.detachUser},
		{"Role", "r", "NoSuchEntity: The role with name nobody cannot be found.", "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10", w.attachRole, w.detachRole},
	} {
		attach := func(who, arn string) func() error { return func() error { return kind.attach(who, arn) } }
		detach := func(who, arn string) func() error { return func() error { return kind.detach(who, arn) } }
		w.refuses("Attach"+kind.what+"Policy",
			refusal{"nobody", attach("nobody", arns[0]), kind.nobody, attach(kind.name, arns[0])},
			refusal{"no policy", attach(kind.name, none), "NoSuchEntity: Policy " + none + " does not exist or is not attachable.", attach(kind.name, arns[1])},
		)
		for _, arn := range arns[:10] {
			w.check(kind.attach(kind.name, arn))
		}
		w.refuses("Attach"+kind.what+"Policy", refusal{"an eleventh", attach(kind.name, arns[10]), kind.full, attach(kind.name, arns[9])})
		w.refuses("Detach"+kind.what+"Policy",
			refusal{"nobody", detach("nobody", arns[0]), kind.nobody, detach(kind.name, arns[0])},
			refusal{"not attached", detach(kind.name, arns[0]), "NoSuchEntity: Policy " + arns[0] + " was not found.", attach(kind.name, arns[10])},
		)
	}
}

func TestListEntitiesForPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn, other := w.policy("p", nothing), w.policy("other", nothing)
	for _, name := range []string{"Ben", "ann"} {
		w.user(name)
		w.check(w.attachUser(name, arn))
		w.role(name)
		w.check(w.attachRole(name, arn))
	}
	w.user("carl")
	w.check(w.attachUser("carl", other))
	w.check(w.rename("ann", "", "/team/"))
	for _, tc := range []struct {
		in   api.ListEntitiesForPolicyInput
		want []string
	}{
		{api.ListEntitiesForPolicyInput{}, []string{"role ann", "role Ben", "user ann", "user Ben"}},
		{api.ListEntitiesForPolicyInput{EntityFilter: "User"}, []string{"user ann", "user Ben"}},
		{api.ListEntitiesForPolicyInput{EntityFilter: "Role"}, []string{"role ann", "role Ben"}},
		{api.ListEntitiesForPolicyInput{EntityFilter: "Group"}, nil},
		{api.ListEntitiesForPolicyInput{PathPrefix: "/team/"}, []string{"user ann"}},
		{api.ListEntitiesForPolicyInput{PolicyUsageFilter: "PermissionsPolicy", EntityFilter: "User"}, []string{"user ann", "user Ben"}},
		{api.ListEntitiesForPolicyInput{PolicyUsageFilter: "PermissionsBoundary"}, nil},
	} {
		tc.in.PolicyArn = arn
		var got []string
		out := must(w.ListEntitiesForPolicy(t.Context(), owner, &tc.in))
		for _, r := range out.PolicyRoles {
			got = append(got, "role "+r.RoleName)
		}
		for _, u := range out.PolicyUsers {
			got = append(got, "user "+u.UserName)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" || len(out.PolicyGroups) > 0 {
			t.Errorf("%+v: groups %v (-want +got)\n%s", tc.in, out.PolicyGroups, diff)
		}
	}
}
