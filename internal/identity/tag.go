package identity

import (
	"context"
	"maps"
	"strings"
	"unicode"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// checkTags refuses tags that no resource may have.
// Source: the tagging page of the Cognito developer guide.
func checkTags(tags map[string]string) error {
	if len(tags) > MaxTags {
		return api.TooManyTags.With(MaxTags)
	}
	for _, key := range sortedKeys(tags) {
		switch {
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return api.InvalidTag.With("keys that begin with aws: are reserved.")
		case !taggable(key) || !taggable(tags[key]):
			return api.InvalidTag.With("keys and values may have letters, digits, spaces and _ . : / = + - @ only.")
		}
	}
	return nil
}

func taggable(text string) bool {
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Zs, r) && !strings.ContainsRune("_.:/=+-@", r) {
			return false
		}
	}
	return true
}

// taggedPool returns the pool that an ARN names.
func (s *Service) taggedPool(tx Tx, c Caller, arn string) (*Pool, error) {
	id, ok := poolOfARN(c, arn)
	if !ok {
		if strings.HasPrefix(arn, "arn:") && strings.Contains(arn, ":identitypool/") {
			return nil, api.ResourceNotFound.With(arn)
		}
		return nil, api.InvalidARN.With(arn)
	}
	return s.pool(tx, c, id)
}

// TagResource adds tags to a pool and replaces those with the same keys.
func (s *Service) TagResource(ctx context.Context, c Caller, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	return update(ctx, s, func(tx Tx) (*api.TagResourceOutput, error) {
		p, err := s.taggedPool(tx, c, in.ResourceArn)
		if err != nil {
			return nil, err
		}
		if err := checkTags(in.Tags); err != nil {
			return nil, err
		}
		p = p.Clone()
		if p.Tags == nil {
			p.Tags = make(map[string]string, len(in.Tags))
		}
		maps.Copy(p.Tags, in.Tags)
		if len(p.Tags) > MaxTags {
			return nil, api.TooManyTags.With(MaxTags)
		}
		p.Modified = tx.Now()
		return &api.TagResourceOutput{}, tx.UpdatePool(p)
	})
}

// UntagResource removes tags from a pool. Keys it does not have are no error.
func (s *Service) UntagResource(ctx context.Context, c Caller, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	return update(ctx, s, func(tx Tx) (*api.UntagResourceOutput, error) {
		p, err := s.taggedPool(tx, c, in.ResourceArn)
		if err != nil {
			return nil, err
		}
		p = p.Clone()
		for _, key := range in.TagKeys {
			delete(p.Tags, key)
		}
		p.Modified = tx.Now()
		return &api.UntagResourceOutput{}, tx.UpdatePool(p)
	})
}

// ListTagsForResource returns the tags of a pool.
func (s *Service) ListTagsForResource(ctx context.Context, c Caller, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	return view(ctx, s, func(tx Tx) (*api.ListTagsForResourceOutput, error) {
		p, err := s.taggedPool(tx, c, in.ResourceArn)
		if err != nil {
			return nil, err
		}
		return &api.ListTagsForResourceOutput{Tags: tagsOf(p)}, nil
	})
}

// tagsOf returns the tags, never nil: the service answers {} where there are none.
func tagsOf(p *Pool) map[string]string {
	if p.Tags == nil {
		return map[string]string{}
	}
	return p.Tags
}
