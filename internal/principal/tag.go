package principal

import (
	"context"
	"maps"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// The tag operations of all kinds are alike. Keys of tags that differ only in case are the
// same, and keep the case they were given last; source: "Tags for IAM resources" of the
// IAM User Guide.

// TagUser adds tags to a user and replaces those with the same keys.
func (s *Service) TagUser(ctx context.Context, c api.Caller, in *api.TagUserInput) error {
	return tag(ctx, s, c, users, in.UserName, in.Tags)
}

// TagRole adds tags to a role and replaces those with the same keys.
func (s *Service) TagRole(ctx context.Context, c api.Caller, in *api.TagRoleInput) error {
	return tag(ctx, s, c, roles, in.RoleName, in.Tags)
}

// TagPolicy adds tags to a policy and replaces those with the same keys.
func (s *Service) TagPolicy(ctx context.Context, c api.Caller, in *api.TagPolicyInput) error {
	return tag(ctx, s, c, policies, in.PolicyArn, in.Tags)
}

// TagOpenIDConnectProvider adds tags to a provider and replaces those with the same keys.
func (s *Service) TagOpenIDConnectProvider(ctx context.Context, c api.Caller, in *api.TagOpenIDConnectProviderInput) error {
	return tag(ctx, s, c, oidcProviders, in.OpenIDConnectProviderArn, in.Tags)
}

// TagSAMLProvider adds tags to a provider and replaces those with the same keys.
func (s *Service) TagSAMLProvider(ctx context.Context, c api.Caller, in *api.TagSAMLProviderInput) error {
	return tag(ctx, s, c, samlProviders, in.SAMLProviderArn, in.Tags)
}

// UntagUser removes tags from a user. Keys it does not have are no error.
func (s *Service) UntagUser(ctx context.Context, c api.Caller, in *api.UntagUserInput) error {
	return untag(ctx, s, c, users, in.UserName, in.TagKeys)
}

// UntagRole removes tags from a role. Keys it does not have are no error.
func (s *Service) UntagRole(ctx context.Context, c api.Caller, in *api.UntagRoleInput) error {
	return untag(ctx, s, c, roles, in.RoleName, in.TagKeys)
}

// UntagPolicy removes tags from a policy. Keys it does not have are no error.
func (s *Service) UntagPolicy(ctx context.Context, c api.Caller, in *api.UntagPolicyInput) error {
	return untag(ctx, s, c, policies, in.PolicyArn, in.TagKeys)
}

// UntagOpenIDConnectProvider removes tags from a provider. Keys it does not have are no
// error.
func (s *Service) UntagOpenIDConnectProvider(ctx context.Context, c api.Caller, in *api.UntagOpenIDConnectProviderInput) error {
	return untag(ctx, s, c, oidcProviders, in.OpenIDConnectProviderArn, in.TagKeys)
}

// UntagSAMLProvider removes tags from a provider. Keys it does not have are no error.
func (s *Service) UntagSAMLProvider(ctx context.Context, c api.Caller, in *api.UntagSAMLProviderInput) error {
	return untag(ctx, s, c, samlProviders, in.SAMLProviderArn, in.TagKeys)
}

// ListUserTags returns the tags of a user, by key.
func (s *Service) ListUserTags(ctx context.Context, c api.Caller, in *api.ListUserTagsInput) (*api.ListUserTagsOutput, error) {
	tags, next, err := listTags(ctx, s, c, users, in.UserName, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &api.ListUserTagsOutput{Tags: tags, IsTruncated: truncated(next), Marker: next}, nil
}

// ListRoleTags returns the tags of a role, by key.
func (s *Service) ListRoleTags(ctx context.Context, c api.Caller, in *api.ListRoleTagsInput) (*api.ListRoleTagsOutput, error) {
	tags, next, err := listTags(ctx, s, c, roles, in.RoleName, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &api.ListRoleTagsOutput{Tags: tags, IsTruncated: truncated(next), Marker: next}, nil
}

// ListPolicyTags returns the tags of a policy, by key.
func (s *Service) ListPolicyTags(ctx context.Context, c api.Caller, in *api.ListPolicyTagsInput) (*api.ListPolicyTagsOutput, error) {
	tags, next, err := listTags(ctx, s, c, policies, in.PolicyArn, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &api.ListPolicyTagsOutput{Tags: tags, IsTruncated: truncated(next), Marker: next}, nil
}

// ListOpenIDConnectProviderTags returns the tags of a provider, by key.
func (s *Service) ListOpenIDConnectProviderTags(ctx context.Context, c api.Caller, in *api.ListOpenIDConnectProviderTagsInput) (*api.ListOpenIDConnectProviderTagsOutput, error) {
	tags, next, err := listTags(ctx, s, c, oidcProviders, in.OpenIDConnectProviderArn, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &api.ListOpenIDConnectProviderTagsOutput{Tags: tags, IsTruncated: truncated(next), Marker: next}, nil
}

// ListSAMLProviderTags returns the tags of a provider, by key.
func (s *Service) ListSAMLProviderTags(ctx context.Context, c api.Caller, in *api.ListSAMLProviderTagsInput) (*api.ListSAMLProviderTagsOutput, error) {
	tags, next, err := listTags(ctx, s, c, samlProviders, in.SAMLProviderArn, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &api.ListSAMLProviderTagsOutput{Tags: tags, IsTruncated: truncated(next), Marker: next}, nil
}

func tag[T any](ctx context.Context, s *Service, c api.Caller, k *kind[T], ref string, tags []api.Tag) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := k.change(tx, c.Account, ref, func(r *T) (err error) {
			e := k.entity(r)
			e.Tags, err = mergeTags(e.Tags, tags)
			return err
		})
		return err
	})
}

func untag[T any](ctx context.Context, s *Service, c api.Caller, k *kind[T], ref string, keys []string) error {
	return s.store.Update(ctx, func(tx Tx) error {
		_, err := k.change(tx, c.Account, ref, func(r *T) error {
			for _, key := range keys {
				deleteTag(k.entity(r).Tags, key)
			}
			return nil
		})
		return err
	})
}

func listTags[T any](ctx context.Context, s *Service, c api.Caller, k *kind[T], ref, marker string, limit int64) (page []api.Tag, next string, err error) {
	err = s.store.View(ctx, func(tx Tx) error {
		r, err := k.get(tx, c.Account, ref)
		if err != nil {
			return err
		}
		e := k.entity(r)
		p := pageOf{marker, limit, []string{"ListTags", k.what, c.Account, e.ID, e.Name}}
		position := func(t api.Tag) string { return t.Key }
		page, next, err = paged(s, p, inOrder(tagList(e.Tags), position), position)
		return err
	})
	return page, next, err
}

// mergeTags returns old with more, which replace those with the same keys.
func mergeTags(old map[string]string, more []api.Tag) (map[string]string, error) {
	merged, seen := maps.Clone(old), make(map[string]bool)
	if merged == nil && len(more) > 0 {
		merged = make(map[string]string, len(more))
	}
	for _, t := range more {
		key := strings.ToLower(t.Key)
		switch {
		case strings.HasPrefix(key, "aws:"):
			return nil, api.ReservedTagKey.With()
		case seen[key]:
			return nil, api.DuplicateTagKeys.With()
		}
		seen[key] = true
		deleteTag(merged, t.Key)
		merged[t.Key] = t.Value
	}
	if len(merged) > MaxTags {
		return nil, api.TagLimitReached.With()
	}
	return merged, nil
}

// deleteTag deletes the tag with the key, in whatever case.
func deleteTag(tags map[string]string, key string) {
	maps.DeleteFunc(tags, func(k, _ string) bool { return strings.EqualFold(k, key) })
}

// tagList returns tags by key; nil where there are none.
func tagList(tags map[string]string) (list []api.Tag) {
	for _, key := range sortedKeys(tags) {
		list = append(list, api.Tag{Key: key, Value: tags[key]})
	}
	return list
}
