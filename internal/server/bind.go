package server

import (
	"context"
	"reflect"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/sts"
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
		bind("GetCredentialsForIdentity", s.GetCredentialsForIdentity),
		bind("GetId", s.GetId),
		bind("GetIdentityPoolRoles", s.GetIdentityPoolRoles),
		bind("GetOpenIdToken", s.GetOpenIdToken),
		bind("GetOpenIdTokenForDeveloperIdentity", s.GetOpenIdTokenForDeveloperIdentity),
		bind("GetPrincipalTagAttributeMap", s.GetPrincipalTagAttributeMap),
		bind("ListIdentities", s.ListIdentities),
		bind("ListIdentityPools", s.ListIdentityPools),
		bind("ListTagsForResource", s.ListTagsForResource),
		bind("LookupDeveloperIdentity", s.LookupDeveloperIdentity),
		bind("MergeDeveloperIdentities", s.MergeDeveloperIdentities),
		bindEmpty("SetIdentityPoolRoles", s.SetIdentityPoolRoles),
		bind("SetPrincipalTagAttributeMap", s.SetPrincipalTagAttributeMap),
		bind("TagResource", s.TagResource),
		bindEmpty("UnlinkDeveloperIdentity", s.UnlinkDeveloperIdentity),
		bindEmpty("UnlinkIdentity", s.UnlinkIdentity),
		bind("UntagResource", s.UntagResource),
		bind("UpdateIdentityPool", s.UpdateIdentityPool),
	}
}

// IAM returns the bindings of the service that administers principals.
func IAM(s *principal.Service) []Binding {
	return []Binding{
		bindEmpty("AddClientIDToOpenIDConnectProvider", s.AddClientIDToOpenIDConnectProvider),
		bindEmpty("AttachRolePolicy", s.AttachRolePolicy),
		bindEmpty("AttachUserPolicy", s.AttachUserPolicy),
		bind("CreateAccessKey", s.CreateAccessKey),
		bind("CreateOpenIDConnectProvider", s.CreateOpenIDConnectProvider),
		bind("CreatePolicy", s.CreatePolicy),
		bind("CreatePolicyVersion", s.CreatePolicyVersion),
		bind("CreateRole", s.CreateRole),
		bind("CreateSAMLProvider", s.CreateSAMLProvider),
		bind("CreateUser", s.CreateUser),
		bindEmpty("DeleteAccessKey", s.DeleteAccessKey),
		bindEmpty("DeleteOpenIDConnectProvider", s.DeleteOpenIDConnectProvider),
		bindEmpty("DeletePolicy", s.DeletePolicy),
		bindEmpty("DeletePolicyVersion", s.DeletePolicyVersion),
		bindEmpty("DeleteRole", s.DeleteRole),
		bindEmpty("DeleteRolePolicy", s.DeleteRolePolicy),
		bindEmpty("DeleteSAMLProvider", s.DeleteSAMLProvider),
		bindEmpty("DeleteUser", s.DeleteUser),
		bindEmpty("DeleteUserPolicy", s.DeleteUserPolicy),
		bindEmpty("DetachRolePolicy", s.DetachRolePolicy),
		bindEmpty("DetachUserPolicy", s.DetachUserPolicy),
		bind("GetAccessKeyLastUsed", s.GetAccessKeyLastUsed),
		bind("GetOpenIDConnectProvider", s.GetOpenIDConnectProvider),
		bind("GetPolicy", s.GetPolicy),
		bind("GetPolicyVersion", s.GetPolicyVersion),
		bind("GetRole", s.GetRole),
		bind("GetRolePolicy", s.GetRolePolicy),
		bind("GetSAMLProvider", s.GetSAMLProvider),
		bind("GetUser", s.GetUser),
		bind("GetUserPolicy", s.GetUserPolicy),
		bind("ListAccessKeys", s.ListAccessKeys),
		bind("ListAttachedRolePolicies", s.ListAttachedRolePolicies),
		bind("ListAttachedUserPolicies", s.ListAttachedUserPolicies),
		bind("ListEntitiesForPolicy", s.ListEntitiesForPolicy),
		bind("ListGroupsForUser", s.ListGroupsForUser),
		bind("ListInstanceProfilesForRole", s.ListInstanceProfilesForRole),
		bind("ListOpenIDConnectProviderTags", s.ListOpenIDConnectProviderTags),
		bind("ListOpenIDConnectProviders", s.ListOpenIDConnectProviders),
		bind("ListPolicies", s.ListPolicies),
		bind("ListPolicyTags", s.ListPolicyTags),
		bind("ListPolicyVersions", s.ListPolicyVersions),
		bind("ListRolePolicies", s.ListRolePolicies),
		bind("ListRoleTags", s.ListRoleTags),
		bind("ListRoles", s.ListRoles),
		bind("ListSAMLProviderTags", s.ListSAMLProviderTags),
		bind("ListSAMLProviders", s.ListSAMLProviders),
		bind("ListUserPolicies", s.ListUserPolicies),
		bind("ListUserTags", s.ListUserTags),
		bind("ListUsers", s.ListUsers),
		bindEmpty("PutRolePolicy", s.PutRolePolicy),
		bindEmpty("PutUserPolicy", s.PutUserPolicy),
		bindEmpty("RemoveClientIDFromOpenIDConnectProvider", s.RemoveClientIDFromOpenIDConnectProvider),
		bindEmpty("SetDefaultPolicyVersion", s.SetDefaultPolicyVersion),
		bindEmpty("TagOpenIDConnectProvider", s.TagOpenIDConnectProvider),
		bindEmpty("TagPolicy", s.TagPolicy),
		bindEmpty("TagRole", s.TagRole),
		bindEmpty("TagSAMLProvider", s.TagSAMLProvider),
		bindEmpty("TagUser", s.TagUser),
		bindEmpty("UntagOpenIDConnectProvider", s.UntagOpenIDConnectProvider),
		bindEmpty("UntagPolicy", s.UntagPolicy),
		bindEmpty("UntagRole", s.UntagRole),
		bindEmpty("UntagSAMLProvider", s.UntagSAMLProvider),
		bindEmpty("UntagUser", s.UntagUser),
		bindEmpty("UpdateAccessKey", s.UpdateAccessKey),
		bindEmpty("UpdateAssumeRolePolicy", s.UpdateAssumeRolePolicy),
		bindEmpty("UpdateOpenIDConnectProviderThumbprint", s.UpdateOpenIDConnectProviderThumbprint),
		bind("UpdateRole", s.UpdateRole),
		bind("UpdateRoleDescription", s.UpdateRoleDescription),
		bind("UpdateSAMLProvider", s.UpdateSAMLProvider),
		bindEmpty("UpdateUser", s.UpdateUser),
	}
}

// Identities returns the bindings of the administrator's side of identities.
func Identities(s *identity.Service, exchange *sts.Service) []Binding {
	return []Binding{
		bindEmpty("DisableIdentity", s.DisableIdentity),
		bindEmpty("EnableIdentity", s.EnableIdentity),
		bind("EnsureDeveloperIdentity", s.EnsureDeveloperIdentity),
		bind("ExplainLogin", s.ExplainLogin),
		bind("ExplainWebIdentity", exchange.ExplainWebIdentity),
		bind("GetIdentityPoolSigning", s.GetIdentityPoolSigning),
		bind("GetIdentityStatus", s.GetIdentityStatus),
		bindEmpty("LinkDeveloperIdentity", s.LinkDeveloperIdentity),
		bind("RevokeIdentity", s.RevokeIdentity),
		bind("SearchDeveloperIdentities", s.SearchDeveloperIdentities),
		bindEmpty("SetIdentityPoolSigning", s.SetIdentityPoolSigning),
	}
}

// STS returns the bindings of the security token service.
func STS(s *principal.Service, exchange *sts.Service) []Binding {
	return []Binding{
		bind("AssumeRole", s.AssumeRole),
		bind("AssumeRoleWithWebIdentity", exchange.AssumeRoleWithWebIdentity),
		bind("GetCallerIdentity", s.GetCallerIdentity),
		bind("GetSessionToken", s.GetSessionToken),
	}
}

// MasterKeys replace the master key.
type MasterKeys interface {
	RotateMasterKey(context.Context, identity.Caller, *api.RotateMasterKeyInput) (*api.RotateMasterKeyOutput, error)
}

// Control returns the bindings of the operators' service.
func Control(keys *token.Ring, principals *principal.Service, identities *identity.Service, master MasterKeys) []Binding {
	return []Binding{
		bind("DeleteRoleUpstream", principals.DeleteRoleUpstream),
		bind("GetPolicyDecisions", principals.GetPolicyDecisions),
		bind("GetRoleUpstream", principals.GetRoleUpstream),
		bind("ListRegions", identities.ListRegions),
		bind("ListSigningKeys", keys.ListSigningKeys),
		bind("RevokeSessions", principals.RevokeSessions),
		bind("RotateMasterKey", master.RotateMasterKey),
		bind("RotateSigningKeys", keys.RotateSigningKeys),
		bind("SetRoleUpstream", principals.SetRoleUpstream),
	}
}
