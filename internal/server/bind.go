package server

import (
	"context"
	"reflect"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/token"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// A Binding joins an operation of the description with the method that serves it.
type Binding struct {
	name     string
	newInput func() any
	call     func(context.Context, api.Caller, any) (any, error)
	in, out  reflect.Type
}

func bind[In, Out any](name string, f func(context.Context, api.Caller, *In) (*Out, error)) Binding {
	return Binding{
		name:     name,
		newInput: func() any { return new(In) },
		call: func(ctx context.Context, c api.Caller, in any) (any, error) {
			out, err := f(ctx, c, in.(*In))
			return out, err
		},
		in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
	}
}

// bindEmpty binds an operation whose success is an empty body.
func bindEmpty[In any](name string, f func(context.Context, api.Caller, *In) error) Binding {
	return Binding{
		name:     name,
		newInput: func() any { return new(In) },
		call: func(ctx context.Context, c api.Caller, in any) (any, error) {
			return nil, f(ctx, c, in.(*In))
		},
		in: reflect.TypeFor[In](),
	}
}

// check panics when the method's types are not those of the operation.
func (b Binding) check(op *api.Operation) {
	wire.MustFit(op.Input, b.in)
	if (op.Output == nil) != (b.out == nil) {
		panic("server: binding of " + op.Name + " and its description differ about an output")
	}
	if b.out != nil {
		wire.MustFit(op.Output, b.out)
	}
}

// CognitoIdentity returns the bindings of the identity pool service.
func CognitoIdentity(s *identity.Service) []Binding {
	return []Binding{
		bind("CreateIdentityPool", s.CreateIdentityPool),
		bind("DeleteIdentities", s.DeleteIdentities),
		bindEmpty("DeleteIdentityPool", s.DeleteIdentityPool),
		bind("DescribeIdentity", s.DescribeIdentity),
		bind("DescribeIdentityPool", s.DescribeIdentityPool),
		bind("GetId", s.GetId),
		bind("GetOpenIdTokenForDeveloperIdentity", s.GetOpenIdTokenForDeveloperIdentity),
		bind("ListIdentities", s.ListIdentities),
		bind("ListIdentityPools", s.ListIdentityPools),
		bind("ListTagsForResource", s.ListTagsForResource),
		bind("LookupDeveloperIdentity", s.LookupDeveloperIdentity),
		bind("MergeDeveloperIdentities", s.MergeDeveloperIdentities),
		bind("TagResource", s.TagResource),
		bindEmpty("UnlinkDeveloperIdentity", s.UnlinkDeveloperIdentity),
		bind("UntagResource", s.UntagResource),
		bind("UpdateIdentityPool", s.UpdateIdentityPool),
	}
}

// IAM returns the bindings of the service that administers principals.
func IAM(s *principal.Service) []Binding {
	return []Binding{
		bind("AddClientIDToOpenIDConnectProvider", s.AddClientIDToOpenIDConnectProvider),
	}
}

// STS returns the bindings of the security token service.
func STS(s *principal.Service) []Binding {
	return []Binding{bind("GetCallerIdentity", s.GetCallerIdentity)}
}

// Control returns the bindings of the operators' service.
func Control(keys *token.Ring) []Binding {
	return []Binding{
		bind("ListSigningKeys", keys.ListSigningKeys),
		bind("RotateSigningKeys", keys.RotateSigningKeys),
	}
}
