package principal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A Target is what a call is about, as policies see it.
type Target struct {
	// ARN is the resource of [Service.Authorize].
	ARN string
	// Tags are behind the condition keys aws:ResourceTag/… Nil for what has none or
	// does not exist.
	Tags map[string]string
}

// Target returns what a call on a resource of IAM is about. Named is what the resource's
// member holds, path what its path member does; both may be empty. What does not exist
// has the ARN that it would have without a path.
func (s *Service) Target(ctx context.Context, c api.Caller, r api.Resource, named, path string) (Target, error) {
	plain := func(kind, name string) (Target, error) { return Target{ARN: iamARN(c.Account, kind+name)}, nil }
	path = cmp.Or(path, "/")
	switch r.Form {
	case api.AnyResource:
		return Target{ARN: "*"}, nil
	case api.PolicyByName:
		return plain("policy", path+named)
	case api.OIDCProviderByURL:
		return plain("oidc-provider/", strings.TrimPrefix(named, "https://"))
	case api.SAMLProviderByName:
		return plain("saml-provider/", named)
	case api.UserByName:
		if named = cmp.Or(named, c.User); named == "" {
			return Target{ARN: c.Principal}, nil
		}
		if r.Path != "" {
			return plain("user", path+named)
		}
	case api.RoleByName:
		if r.Path != "" {
			return plain("role", path+named)
		}
	}
	return view(ctx, s, func(tx Tx) (Target, error) {
		switch r.Form {
		case api.UserByName:
			return target(tx, users, c.Account, named)
		case api.RoleByName:
			return target(tx, roles, c.Account, named)
		case api.UserByAccessKey:
			return keyTarget(tx, c.Account, named)
		case api.ByARN:
			return arnTarget(tx, c.Account, named)
		}
		return Target{}, fmt.Errorf("resource form %d is none of IAM's", r.Form)
	})
}

// target returns that of a record by its name.
func target[T any](tx Tx, k *kind[T], account, name string) (Target, error) {
	r, err := k.of(tx).Get(account, name)
	if errors.Is(err, identity.ErrNotFound) {
		return Target{ARN: iamARN(account, k.what+"/"+name)}, nil
	}
	if err != nil {
		return Target{}, fmt.Errorf("read %s %s of %s: %w", k.what, name, account, err)
	}
	return Target{ARN: k.arn(r), Tags: k.entity(r).Tags}, nil
}

// keyTarget returns that of the user of an access key. Of a key that is not the account's,
// it is a user without a name.
func keyTarget(tx Tx, account, id string) (Target, error) {
	k, err := tx.AccessKey(id)
	switch {
	case errors.Is(err, identity.ErrNotFound) || err == nil && k.Account != account:
		return Target{ARN: iamARN(account, "user/")}, nil
	case err != nil:
		return Target{}, fmt.Errorf("read access key %s: %w", id, err)
	case k.User == "":
		return Target{ARN: identity.RootARN(account)}, nil
	}
	return target(tx, users, account, k.User)
}

// arnTarget returns that of an ARN, which may be of anything.
func arnTarget(tx Tx, account, arn string) (Target, error) {
	t := Target{ARN: arn}
	err := addTags(&t, tx, policies, account)
	if err == nil {
		err = addTags(&t, tx, oidcProviders, account)
	}
	if err == nil {
		err = addTags(&t, tx, samlProviders, account)
	}
	return t, err
}

// addTags adds the tags of a target, if it is a record of the kind and account.
func addTags[T any](t *Target, tx Tx, k *kind[T], account string) error {
	r, err := k.get(tx, account, t.ARN)
	if isNotFound(err) {
		return nil
	}
	if err == nil {
		t.Tags = k.entity(r).Tags
	}
	return err
}
