package server

import (
	"context"
	"reflect"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// Policies is the Authorizer by the policies of the caller: the description says on which
// resource and with which condition keys an operation is authorised.
type Policies struct {
	Principals *principal.Service
	Identities *identity.Service
}

// Authorize implements [Authorizer]. Public operations are for everybody, signed or not.
func (p *Policies) Authorize(ctx context.Context, c api.Caller, s *api.Service, op *api.Operation, in any) error {
	if op.Public || op.Unconditional || principal.IsRoot(c) {
		return nil
	}
	target, err := p.target(ctx, c, s, op, in)
	if err != nil {
		return err
	}
	return p.Principals.Authorize(ctx, c, s.Action(op), target.ARN, func(key string) []string {
		return requestKey(op, in, target, key)
	})
}

// A target is what a call is about, as policies see it.
type target struct {
	principal.Target
	// pools are the ARNs of the pools that the call's identities belong to.
	pools []string
}

func (p *Policies) target(ctx context.Context, c api.Caller, s *api.Service, op *api.Operation, in any) (t target, err error) {
	named := member(in, op.Resource.Member)
	if s.Protocol == api.Query {
		t.Target, err = p.Principals.Target(ctx, c, op.Resource, named, member(in, op.Resource.Path))
		return t, err
	}
	switch op.Resource.Form {
	case api.PoolByID:
		t.ARN = identity.PoolARN(c.Account, named)
	case api.ByARN:
		t.ARN = named
	case api.AnyResource:
		t.ARN = "*"
		if op.Name == "ListIdentityPools" || op.Name == "CreateIdentityPool" {
			t.ARN = identity.PoolARN(c.Account, c.Region+":")
		}
	}
	return t, nil
}

// member returns the string that the input's field called name holds.
func member(in any, name string) string {
	if name == "" {
		return ""
	}
	return reflect.ValueOf(in).Elem().FieldByName(name).String()
}

// requestKey returns the values of a condition key in lower case that follow from the
// request.
func requestKey(op *api.Operation, in any, t target, key string) []string {
	if key == "cognito-identity:identitypoolarn" {
		return t.pools
	}
	if name, ok := strings.CutPrefix(key, "aws:resourcetag/"); ok {
		return tagValue(t.Tags, name)
	}
	return nil
}

func tagValue(tags map[string]string, name string) []string {
	for k, v := range tags {
		if strings.EqualFold(k, name) {
			return []string{v}
		}
	}
	return nil
}
