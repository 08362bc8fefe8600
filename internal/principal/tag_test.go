package principal_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A tagged is something that has tags, and the operations on them.
type tagged struct {
	noun     string
	create   func(tags []api.Tag) error
	tag      func(ref string, tags []api.Tag) error
	untag    func(ref string, keys ...string) error
	list     func(ref string) ([]api.Tag, error)
	ref      string
	none     string
	notFound string
}

// everyTagged makes one of each kind.
func (w *world) everyTagged() []tagged {
	w.Helper()
	ctx := w.Context()
	n := 0
	fresh := func() string { n++; return fmt.Sprint("fresh", n) }
	w.user("ann")
	w.role("ann")
	policy := w.policy("ann", nothing)
	oidc := must(w.createOIDC("https://ann.example"))
	saml := must(w.createSAML("ann", metadata(entity)))
	return []tagged{
		{"User", func(tags []api.Tag) error {
			return only(w.CreateUser(ctx, owner, &api.CreateUserInput{UserName: fresh(), Tags: tags}))
		}, func(ref string, tags []api.Tag) error {
			return w.TagUser(ctx, owner, &api.TagUserInput{UserName: ref, Tags: tags})
		}, func(ref string, keys ...string) error {
			return w.UntagUser(ctx, owner, &api.UntagUserInput{UserName: ref, TagKeys: keys})
		}, func(ref string) ([]api.Tag, error) {
			out, err := w.ListUserTags(ctx, owner, &api.ListUserTagsInput{UserName: ref})
			if err != nil {
				return nil, err
			}
			return out.Tags, nil
		}, "ann", "none", "NoSuchEntity: The user with name none cannot be found."},
		{"Role", func(tags []api.Tag) error {
			return only(w.CreateRole(ctx, owner, &api.CreateRoleInput{RoleName: fresh(), AssumeRolePolicyDocument: trust, Tags: tags}))
		}, func(ref string, tags []api.Tag) error {
			return w.TagRole(ctx, owner, &api.TagRoleInput{RoleName: ref, Tags: tags})
		}, func(ref string, keys ...string) error {
			return w.UntagRole(ctx, owner, &api.UntagRoleInput{RoleName: ref, TagKeys: keys})
		}, func(ref string) ([]api.Tag, error) {
			out, err := w.ListRoleTags(ctx, owner, &api.ListRoleTagsInput{RoleName: ref})
			if err != nil {
				return nil, err
			}
			return out.Tags, nil
		}, "ann", "none", "NoSuchEntity: The role with name none cannot be found."},
		{"Policy", func(tags []api.Tag) error {
			return only(w.CreatePolicy(ctx, owner, &api.CreatePolicyInput{PolicyName: fresh(), PolicyDocument: nothing, Tags: tags}))
		}, func(ref string, tags []api.Tag) error {
			return w.TagPolicy(ctx, owner, &api.TagPolicyInput{PolicyArn: ref, Tags: tags})
		}, func(ref string, keys ...string) error {
			return w.UntagPolicy(ctx, owner, &api.UntagPolicyInput{PolicyArn: ref, TagKeys: keys})
		}, func(ref string) ([]api.Tag, error) {
			out, err := w.ListPolicyTags(ctx, owner, &api.ListPolicyTagsInput{PolicyArn: ref})
			if err != nil {
				return nil, err
			}
			return out.Tags, nil
		}, policy, policy + "2", "NoSuchEntity: Policy " + policy + "2 was not found."},
		{"OpenIDConnectProvider", func(tags []api.Tag) error {
			return only(w.CreateOpenIDConnectProvider(ctx, owner, &api.CreateOpenIDConnectProviderInput{Url: "https://" + fresh(), Tags: tags}))
		}, func(ref string, tags []api.Tag) error {
			return w.TagOpenIDConnectProvider(ctx, owner, &api.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: ref, Tags: tags})
		}, func(ref string, keys ...string) error {
			return w.UntagOpenIDConnectProvider(ctx, owner, &api.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: ref, TagKeys: keys})
		}, func(ref string) ([]api.Tag, error) {
			out, err := w.ListOpenIDConnectProviderTags(ctx, owner, &api.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: ref})
			if err != nil {
				return nil, err
			}
			return out.Tags, nil
		}, oidc, oidc + "2", "NoSuchEntity: OpenIDConnect Provider not found for arn " + oidc + "2"},
		{"SAMLProvider", func(tags []api.Tag) error {
			return only(w.CreateSAMLProvider(ctx, owner, &api.CreateSAMLProviderInput{Name: fresh(), SAMLMetadataDocument: metadata(entity), Tags: tags}))
		}, func(ref string, tags []api.Tag) error {
			return w.TagSAMLProvider(ctx, owner, &api.TagSAMLProviderInput{SAMLProviderArn: ref, Tags: tags})
		}, func(ref string, keys ...string) error {
			return w.UntagSAMLProvider(ctx, owner, &api.UntagSAMLProviderInput{SAMLProviderArn: ref, TagKeys: keys})
		}, func(ref string) ([]api.Tag, error) {
			out, err := w.ListSAMLProviderTags(ctx, owner, &api.ListSAMLProviderTagsInput{SAMLProviderArn: ref})
			if err != nil {
				return nil, err
			}
			return out.Tags, nil
		}, saml, saml + "2", "NoSuchEntity: Manifest not found for arn " + saml + "2"},
	}
}

// tags makes tags of keys, each followed by its value.
func tags(pairs ...string) []api.Tag {
	list := []api.Tag{}
	for n := 0; n < len(pairs); n += 2 {
		list = append(list, api.Tag{Key: pairs[n], Value: pairs[n+1]})
	}
	return list
}

// manyTags returns n tags.
func manyTags(n int) (list []api.Tag) {
	for k := range n {
		list = append(list, api.Tag{Key: fmt.Sprint("key ", k), Value: "v"})
	}
	return list
}

func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, k := range w.everyTagged() {
		for _, tc := range []struct {
			name string
			call func() error
			want []api.Tag
		}{
			{"none at first", func() error { return nil }, tags()},
			{"untag what is not there", func() error { return k.untag(k.ref, "team") }, tags()},
			{"add", func() error { return k.tag(k.ref, tags("team", "a", "Cost", "")) }, tags("Cost", "", "team", "a")},
			{"replace one, add one", func() error { return k.tag(k.ref, tags("team", "b", "x", "y")) }, tags("Cost", "", "team", "b", "x", "y")},
			{"replace in another case", func() error { return k.tag(k.ref, tags("TEAM", "c")) }, tags("Cost", "", "TEAM", "c", "x", "y")},
			{"untag in another case", func() error { return k.untag(k.ref, "cOST", "none") }, tags("TEAM", "c", "x", "y")},
			{"untag the rest", func() error { return k.untag(k.ref, "team", "x", "x") }, tags()},
		} {
			if err := tc.call(); err != nil {
				t.Errorf("%s, %s: %s", k.noun, tc.name, answer(err))
			}
			if diff := cmp.Diff(tc.want, must(k.list(k.ref))); diff != "" {
				t.Errorf("%s, %s (-want +got)\n%s", k.noun, tc.name, diff)
			}
		}
	}
}

func TestTags_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const (
		reserved  = "InvalidInput: Tag keys that begin with aws: are reserved."
		duplicate = "InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive."
		full      = "LimitExceeded: The number of tags has reached the maximum limit."
	)
	for _, k := range w.everyTagged() {
		for operation, set := range map[string]func(...string) func() error{
			"Create" + k.noun: func(pairs ...string) func() error { return func() error { return k.create(tags(pairs...)) } },
			"Tag" + k.noun:    func(pairs ...string) func() error { return func() error { return k.tag(k.ref, tags(pairs...)) } },
		} {
			w.refuses(operation,
				refusal{"reserved prefix", set("aws:team", "a"), reserved, set("awsteam", "a")},
				refusal{"reserved prefix in mixed case", set("aWs:team", "a"), reserved, set("team", "aws:a")},
				refusal{"twice", set("a", "1", "b", "2", "a", "1"), duplicate, set("a", "1", "b", "2")},
				refusal{"twice in another case", set("team", "1", "Team", "1"), duplicate, set("team", "1", "teams", "1")},
			)
		}
		w.refuses("Create"+k.noun, refusal{"51", func() error { return k.create(manyTags(51)) }, full, func() error { return k.create(manyTags(50)) }})
		w.check(k.untag(k.ref, "awsteam", "team", "teams", "a", "b"))
		w.check(k.tag(k.ref, manyTags(50)))
		w.refuses("Tag"+k.noun,
			refusal{"none", func() error { return k.tag(k.none, tags("a", "b")) }, k.notFound, func() error { return k.tag(k.ref, tags("KEY 0", "b")) }},
			refusal{"a 51st", func() error { return k.tag(k.ref, tags("one more", "")) }, full, func() error {
				w.check(k.untag(k.ref, "key 1"))
				return k.tag(k.ref, tags("one more", ""))
			}},
		)
		w.refuses("Untag"+k.noun, refusal{"none", func() error { return k.untag(k.none, "a") }, k.notFound, func() error { return k.untag(k.ref, "a") }})
		w.refuses("List"+k.noun+"Tags", refusal{"none", func() error { return only(k.list(k.none)) }, k.notFound, func() error { return only(k.list(k.ref)) }})
	}
}
