package principal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A pager is a list operation that answers in pages.
type pager struct {
	operation string
	// page returns what the entries of a page are called.
	page func(c api.Caller, marker string, limit int64) (names []string, truncated *bool, next string, err error)
	want []string
}

// names returns what f calls the entries.
func names[E any](entries []E, f func(E) string) (all []string) {
	for _, e := range entries {
		all = append(all, f(e))
	}
	return all
}

func same(s string) string { return s }

// pagers fills a world, of which there is a list of everything.
func (w *world) pagers() []pager {
	w.Helper()
	ctx := w.Context()
	five := []string{"A0", "A2", "A4", "b1", "b3"}
	var arns []string
	for _, n := range [5]int{3, 1, 4, 2, 0} { // not in the order of lists
		name := five[n]
		w.user(name)
		w.role(name)
		arns = append(arns, w.policy(name, nothing))
	}
	for n, name := range five {
		w.check(w.putUserPolicy("A0", name, nothing))
		w.check(w.putRolePolicy("A0", name, nothing))
		w.check(w.attachUser("A0", arns[n]))
		w.check(w.attachRole("A0", arns[n]))
		w.check(w.attachUser(name, arns[0]))
		if n > 0 {
			w.check(w.addVersion(arns[0], nothing, false))
		}
	}
	w.check(w.TagUser(ctx, owner, &api.TagUserInput{UserName: "A0", Tags: manyTags(5)}))
	w.check(w.TagRole(ctx, owner, &api.TagRoleInput{RoleName: "A0", Tags: manyTags(5)}))
	w.check(w.TagPolicy(ctx, owner, &api.TagPolicyInput{PolicyArn: arns[0], Tags: manyTags(5)}))
	keys := []string{w.key("A0").AccessKeyId}
	w.clock.goOn(1e9)
	keys = append(keys, w.key("A0").AccessKeyId)
	tagKeys := names(manyTags(5), func(t api.Tag) string { return t.Key })
	return []pager{
		{"ListUsers", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListUsers(ctx, c, &api.ListUsersInput{Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.Users, func(u api.User) string { return u.UserName }), out.IsTruncated, out.Marker, nil
		}, five},
		{"ListRoles", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListRoles(ctx, c, &api.ListRolesInput{Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.Roles, func(r api.Role) string { return r.RoleName }), out.IsTruncated, out.Marker, nil
		}, five},
		{"ListPolicies", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListPolicies(ctx, c, &api.ListPoliciesInput{Marker: m, MaxItems: n, OnlyAttached: yes(true)})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.Policies, func(p api.Policy) string { return p.PolicyName }), out.IsTruncated, out.Marker, nil
		}, five},
		{"ListPolicyVersions", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListPolicyVersions(ctx, c, &api.ListPolicyVersionsInput{PolicyArn: arns[0], Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.Versions, func(v api.PolicyVersion) string { return v.VersionId }), out.IsTruncated, out.Marker, nil
		}, []string{"v5", "v4", "v3", "v2", "v1"}},
		{"ListUserPolicies", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListUserPolicies(ctx, c, &api.ListUserPoliciesInput{UserName: "A0", Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.PolicyNames, same), out.IsTruncated, out.Marker, nil
		}, five},
		{"ListRolePolicies", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListRolePolicies(ctx, c, &api.ListRolePoliciesInput{RoleName: "A0", Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.PolicyNames, same), out.IsTruncated, out.Marker, nil
		}, five},
		{"ListAttachedUserPolicies", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListAttachedUserPolicies(ctx, c, &api.ListAttachedUserPoliciesInput{UserName: "A0", Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.AttachedPolicies, func(p api.AttachedPolicy) string { return p.PolicyName }), out.IsTruncated, out.Marker, nil
		}, five},
		{"ListAttachedRolePolicies", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListAttachedRolePolicies(ctx, c, &api.ListAttachedRolePoliciesInput{RoleName: "A0", Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.AttachedPolicies, func(p api.AttachedPolicy) string { return p.PolicyName }), out.IsTruncated, out.Marker, nil
		}, five},
		{"ListEntitiesForPolicy", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListEntitiesForPolicy(ctx, c, &api.ListEntitiesForPolicyInput{PolicyArn: arns[0], Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			all := names(out.PolicyRoles, func(r api.PolicyRole) string { return "role " + r.RoleName })
			all = append(all, names(out.PolicyUsers, func(u api.PolicyUser) string { return u.UserName })...)
			return all, out.IsTruncated, out.Marker, nil
		}, append([]string{"role A0"}, five...)},
		{"ListAccessKeys", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListAccessKeys(ctx, c, &api.ListAccessKeysInput{UserName: "A0", Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.AccessKeyMetadata, func(k api.AccessKeyMetadata) string { return k.AccessKeyId }), out.IsTruncated, out.Marker, nil
		}, keys},
		{"ListUserTags", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListUserTags(ctx, c, &api.ListUserTagsInput{UserName: "A0", Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.Tags, func(t api.Tag) string { return t.Key }), out.IsTruncated, out.Marker, nil
		}, tagKeys},
		{"ListRoleTags", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListRoleTags(ctx, c, &api.ListRoleTagsInput{RoleName: "A0", Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.Tags, func(t api.Tag) string { return t.Key }), out.IsTruncated, out.Marker, nil
		}, tagKeys},
		{"ListPolicyTags", func(c api.Caller, m string, n int64) ([]string, *bool, string, error) {
			out, err := w.ListPolicyTags(ctx, c, &api.ListPolicyTagsInput{PolicyArn: arns[0], Marker: m, MaxItems: n})
			if err != nil {
				return nil, nil, "", err
			}
			return names(out.Tags, func(t api.Tag) string { return t.Key }), out.IsTruncated, out.Marker, nil
		}, tagKeys},
	}
}

// Pages of any length together are the list, and each tells whether it is the last.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, p := range w.pagers() {
		for _, limit := range []int64{1, 2, 3, int64(len(p.want)), 1000, 0} {
			var got []string
			marker := ""
			for {
				page, truncated, next, err := p.page(owner, marker, limit)
				if err != nil {
					t.Fatalf("%s by %d: %s", p.operation, limit, answer(err))
				}
				if limit > 0 && int64(len(page)) > limit || len(page) == 0 || *truncated != (next != "") || len(next) > 320 {
					t.Fatalf("%s by %d: got %q, truncated %t, marker %q", p.operation, limit, page, *truncated, next)
				}
				got = append(got, page...)
				if marker = next; marker == "" {
					break
				}
			}
			if diff := cmp.Diff(p.want, got); diff != "" {
				t.Errorf("%s by %d (-want +got)\n%s", p.operation, limit, diff)
			}
		}
	}
}

// A marker is good for the list that it comes from, and for nothing else.
func TestPages_Markers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pagers := w.pagers()
	w.check(only(w.CreateUser(t.Context(), stranger, &api.CreateUserInput{UserName: "A0"})))
	markers := make(map[string]string)
	for _, p := range pagers {
		_, _, next, err := p.page(owner, "", 1)
		w.check(err)
		markers[p.operation] = next
	}
	const invalid = "ValidationError: Invalid Marker."
	for _, p := range pagers {
		own := markers[p.operation]
		page := func(c api.Caller, marker string) func() error {
			return func() error {
				_, _, _, err := p.page(c, marker, 1)
				return err
			}
		}
		rows := []refusal{
			{"edited", page(owner, own[:len(own)-2]+"AA"), invalid, page(owner, own)},
			{"cut", page(owner, own[:len(own)-4]), invalid, page(owner, own)},
			{"no base64", page(owner, "a b"), invalid, page(owner, "")},
		}
		for operation, marker := range markers {
			if operation != p.operation {
				rows = append(rows, refusal{"of " + operation, page(owner, marker), invalid, page(owner, own)})
			}
		}
		w.refuses(p.operation, rows...)
	}
	for _, p := range pagers[:3] { // which name nobody
		if _, _, _, err := p.page(stranger, markers[p.operation], 1); answer(err) != invalid {
			t.Errorf("%s by another account: got %s", p.operation, answer(err))
		}
	}
}

// Filters are kept to over all pages.
func TestPages_PathPrefix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	var want []string
	for n := range 150 {
		in := &api.CreateUserInput{UserName: fmt.Sprintf("u%03d", n), Path: "/a/"}
		if n%3 == 0 {
			in.Path = "/b/c/"
			want = append(want, in.UserName)
		}
		w.check(only(w.CreateUser(ctx, owner, in)))
	}
	for _, prefix := range []string{"/b/", "/b/c/", "/b"} {
		var got []string
		in := &api.ListUsersInput{PathPrefix: prefix, MaxItems: 7}
		for {
			out := must(w.ListUsers(ctx, owner, in))
			got = append(got, names(out.Users, func(u api.User) string { return u.UserName })...)
			if in.Marker = out.Marker; in.Marker == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", prefix, diff)
		}
	}
	if all := must(w.ListUsers(ctx, owner, &api.ListUsersInput{})); len(all.Users) != 100 || all.Marker == "" {
		t.Errorf("got %d users by default, marker %q", len(all.Users), all.Marker)
	}
	if none := must(w.ListUsers(ctx, owner, &api.ListUsersInput{PathPrefix: "/c/"})); none.Users == nil || len(none.Users) > 0 || *none.IsTruncated {
		t.Errorf("got %+v, want an empty list", none)
	}
}

// A marker shows nothing of where it stands.
func TestPages_MarkerIsSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("secretive")
	w.user("z")
	out := must(w.ListUsers(t.Context(), owner, &api.ListUsersInput{MaxItems: 1}))
	again := must(w.ListUsers(t.Context(), owner, &api.ListUsersInput{MaxItems: 1}))
	if out.Marker == again.Marker || strings.Contains(out.Marker, "secret") {
		t.Errorf("got %q and %q", out.Marker, again.Marker)
	}
}
