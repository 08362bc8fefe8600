package server_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/server"
)

// public are the services that everybody may call.
var public = []*api.Service{api.CognitoIdentity, api.IAM, api.STS, api.Identities}

// publicOperations yields the operations of these services.
func publicOperations(yield func(*api.Service, *api.Operation) bool) {
	for _, s := range public {
		for _, op := range s.Operations {
			if !yield(s, op) {
				return
			}
		}
	}
}

// TestBindings_Complete: every operation is served. That none is bound twice is New's to see.
func TestBindings_Complete(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)
	for service, op := range publicOperations {
		r := callOf(service, op.Name, "")
		s.signingFor(service, "root").sign(t, r)
		if a := send(t, address, r); strings.Contains(string(a.body), "is not served yet") {
			t.Errorf("%s: %s", op.Name, a.body)
		}
	}
	operators := s.listenControl(t)
	for _, op := range api.Control.Operations {
		a := send(t, operators, call("PoolkeeperControl", op.Name, "{}"))
		if strings.Contains(string(a.body), "UnknownOperationException") {
			t.Errorf("%s: %s", op.Name, a.body)
		}
	}
}

// TestBindings_Missing: what is described and not bound says so, once it is known who asks.
func TestBindings_Missing(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{server: func(c *server.Config) { c.Services[0].Bindings = nil }})
	address := s.listen(t)
	for who, want := range map[string]string{"root": "Operation ListIdentityPools is not served yet.", "liar": "The request signature we calculated"} {
		r := callCognito("ListIdentityPools", `{"MaxResults":"of the wrong type"}`)
		s.signing(who).sign(t, r)
		if _, message := refusal(t, send(t, address, r)); !strings.HasPrefix(message, want) {
			t.Errorf("%s: got %q, want %q", who, message, want)
		}
	}
}

// altered is the description with one operation changed.
func altered(name string, change func(*api.Operation)) *api.Service {
	s := *api.CognitoIdentity
	s.Operations = slices.Clone(s.Operations)
	for i, op := range s.Operations {
		if op.Name == name {
			changed := *op
			change(&changed)
			s.Operations[i] = &changed
		}
	}
	return &s
}

// TestNew_PanicsOnMisfit: what does not fit together is found when the program starts.
func TestNew_PanicsOnMisfit(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	lookup := api.CognitoIdentity.Operation("LookupDeveloperIdentity")
	for _, c := range []struct {
		name   string
		change func(*server.Config)
		want   string
	}{
		{"all fits", func(*server.Config) {}, ""},
		{"nothing is bound", func(c *server.Config) { c.Services[0].Bindings = nil }, ""},
		{"bound twice", func(c *server.Config) {
			c.Services[0].Bindings = slices.Concat(c.Services[0].Bindings, c.Services[0].Bindings[3:4])
		}, "bound twice"},
		{"no such operation", func(c *server.Config) { c.Services[0].Service = api.Control }, "in the description"},
		{"another input", func(c *server.Config) {
			c.Services[0].Service = altered("GetId", func(op *api.Operation) { op.Input = lookup.Input })
		}, "does not fit"},
		{"another output", func(c *server.Config) {
			c.Services[0].Service = altered("GetId", func(op *api.Operation) { op.Output = lookup.Output })
		}, "does not fit"},
		{"an output where none is made", func(c *server.Config) {
			c.Services[0].Service = altered("DeleteIdentityPool", func(op *api.Operation) { op.Output = lookup.Output })
		}, "differ about an output"},
		{"no output where one is made", func(c *server.Config) {
			c.Services[0].Service = altered("GetId", func(op *api.Operation) { op.Output = nil })
		}, "differ about an output"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := s.config
			config.Services = slices.Clone(config.Services)
			c.change(&config)
			defer func() {
				p := recover()
				text, _ := p.(string)
				if (p == nil) != (c.want == "") || !strings.Contains(text, c.want) {
					t.Errorf("got panic %v, want one with %q", p, c.want)
				}
			}()
			server.New(config)
		})
	}
}

// A reason why an error that AWS's model lists is not produced here.
const (
	noLimits   = "there may be any number of everything"
	policies   = "who may not is told so by the policies, with another code"
	noConflict = "nothing that the operation does can conflict"
	noBadInput = "the constraints leave nothing that the operation could refuse"
	noLookup   = "the operation names nothing that could be missing"
	oneWriter  = "the store is serialisable: nothing is modified at the same time"
	noOpinion  = "ID tokens are verified here: a provider is asked for its keys, and not about a token"
	noBoundary = "it would be that of a permissions boundary, and there are none"
	idempotent = "to delete what is not there succeeds"
	tooMany    = "it takes more things than a script can hold: the tests of package principal show it"
)

// unreached lists the errors of served operations
// that can not occur yet, with the reason.
var unreached = map[string]string{
	"CreateIdentityPool NotAuthorizedException":            policies,
	"CreateIdentityPool ResourceConflictException":         noConflict,
	"CreateIdentityPool LimitExceededException":            noLimits,
	"DeleteIdentities InvalidParameterException":           noBadInput,
	"DeleteIdentityPool InvalidParameterException":         noBadInput,
	"DeleteIdentityPool NotAuthorizedException":            policies,
	"DescribeIdentity InvalidParameterException":           noBadInput,
	"DescribeIdentity NotAuthorizedException":              policies,
	"DescribeIdentityPool InvalidParameterException":       noBadInput,
	"DescribeIdentityPool NotAuthorizedException":          policies,
	"GetId LimitExceededException":                         noLimits,
	"GetIdentityPoolRoles InvalidParameterException":       noBadInput,
	"GetIdentityPoolRoles NotAuthorizedException":          policies,
	"GetIdentityPoolRoles ResourceConflictException":       noConflict,
	"GetPrincipalTagAttributeMap NotAuthorizedException":   policies,
	"ListIdentities NotAuthorizedException":                policies,
	"ListIdentityPools NotAuthorizedException":             policies,
	"ListIdentityPools ResourceNotFoundException":          noLookup,
	"ListTagsForResource NotAuthorizedException":           policies,
	"LookupDeveloperIdentity NotAuthorizedException":       policies,
	"MergeDeveloperIdentities NotAuthorizedException":      policies,
	"SetIdentityPoolRoles ResourceConflictException":       noConflict,
	"SetIdentityPoolRoles ConcurrentModificationException": oneWriter,
	"SetPrincipalTagAttributeMap NotAuthorizedException":   policies,
	"TagResource NotAuthorizedException":                   policies,
	"UnlinkDeveloperIdentity NotAuthorizedException":       policies,
	"UnlinkIdentity ResourceConflictException":             noConflict,
	"UntagResource NotAuthorizedException":                 policies,
	"UpdateIdentityPool NotAuthorizedException":            policies,
	"UpdateIdentityPool ResourceConflictException":         noConflict,
	"UpdateIdentityPool ConcurrentModificationException":   oneWriter,
	"UpdateIdentityPool LimitExceededException":            noLimits,

	"AddClientIDToOpenIDConnectProvider InvalidInput":      noBadInput,
	"AddClientIDToOpenIDConnectProvider LimitExceeded":     tooMany,
	"AttachRolePolicy InvalidInput":                        noBadInput,
	"AttachRolePolicy LimitExceeded":                       tooMany,
	"AttachUserPolicy InvalidInput":                        noBadInput,
	"AttachUserPolicy LimitExceeded":                       tooMany,
	"CreateOpenIDConnectProvider LimitExceeded":            noLimits,
	"CreatePolicyVersion InvalidInput":                     noBadInput,
	"CreateSAMLProvider LimitExceeded":                     noLimits,
	"CreateUser LimitExceeded":                             noLimits,
	"CreateUser NoSuchEntity":                              noBoundary,
	"DeleteAccessKey LimitExceeded":                        noLimits,
	"DeleteOpenIDConnectProvider InvalidInput":             noBadInput,
	"DeleteOpenIDConnectProvider NoSuchEntity":             idempotent,
	"DeletePolicy InvalidInput":                            noBadInput,
	"DeletePolicy LimitExceeded":                           noLimits,
	"DeletePolicyVersion InvalidInput":                     noBadInput,
	"DeletePolicyVersion LimitExceeded":                    noLimits,
	"DeleteRole LimitExceeded":                             noLimits,
	"DeleteRolePolicy LimitExceeded":                       noLimits,
	"DeleteSAMLProvider InvalidInput":                      noBadInput,
	"DeleteSAMLProvider LimitExceeded":                     noLimits,
	"DeleteUser LimitExceeded":                             noLimits,
	"DeleteUserPolicy LimitExceeded":                       noLimits,
	"DetachRolePolicy InvalidInput":                        noBadInput,
	"DetachRolePolicy LimitExceeded":                       noLimits,
	"DetachUserPolicy InvalidInput":                        noBadInput,
	"DetachUserPolicy LimitExceeded":                       noLimits,
	"GetOpenIDConnectProvider InvalidInput":                noBadInput,
	"GetPolicy InvalidInput":                               noBadInput,
	"GetPolicyVersion InvalidInput":                        noBadInput,
	"GetSAMLProvider InvalidInput":                         noBadInput,
	"ListAttachedRolePolicies InvalidInput":                noBadInput,
	"ListAttachedUserPolicies InvalidInput":                noBadInput,
	"ListEntitiesForPolicy InvalidInput":                   noBadInput,
	"ListOpenIDConnectProviderTags InvalidInput":           noBadInput,
	"ListPolicyTags InvalidInput":                          noBadInput,
	"ListPolicyVersions InvalidInput":                      noBadInput,
	"ListSAMLProviderTags InvalidInput":                    noBadInput,
	"RemoveClientIDFromOpenIDConnectProvider InvalidInput": noBadInput,
	"SetDefaultPolicyVersion InvalidInput":                 noBadInput,
	"SetDefaultPolicyVersion LimitExceeded":                noLimits,
	"TagOpenIDConnectProvider LimitExceeded":               tooMany,
	"TagPolicy LimitExceeded":                              tooMany,
	"TagRole LimitExceeded":                                tooMany,
	"TagSAMLProvider LimitExceeded":                        tooMany,
	"TagUser LimitExceeded":                                tooMany,
	"UntagOpenIDConnectProvider InvalidInput":              noBadInput,
	"UntagPolicy InvalidInput":                             noBadInput,
	"UntagSAMLProvider InvalidInput":                       noBadInput,
	"UpdateAccessKey LimitExceeded":                        noLimits,
	"UpdateSAMLProvider LimitExceeded":                     noLimits,
	"UpdateUser LimitExceeded":                             noLimits,

	"AssumeRoleWithWebIdentity IDPRejectedClaim": noOpinion,

	"AssumeRole ExpiredTokenException": "who signs with credentials that have expired is told ExpiredToken",

	"ListRegions InternalErrorException": "it asks nobody",

	"RotateSigningKeys ResourceConflictException": noConflict,
}

// neverReached lists the errors that no operation has, or that no script shows.
var neverReached = map[api.Code]string{
	api.TooManyRequestsException:      "TestLimits shows it of every operation",
	api.ConcurrentModification:        oneWriter,
	api.RegionDisabledException:       "every region that is served is enabled",
	api.EntityTemporarilyUnmodifiable: "nothing is made in the background",
	api.UnmodifiableEntity:            "there are no roles that belong to services",
	api.PolicyNotAttachable:           "every policy can be attached",
	api.ServiceFailure:                "TestStoreFailure_Query shows it of every operation",
}

// TestScripts_Reach: the scripts show every served operation succeed, and with every error that
// its description lists, but for those that are listed as out of reach.
func TestScripts_Reach(t *testing.T) {
	t.Parallel()
	reached := map[string]bool{}
	for _, path := range scripts(t) {
		for _, p := range parseScript(t, path).steps {
			status, code := p.outcome()
			if status == "200" {
				code = "success"
			}
			reached[p.operation()+" "+code] = true
		}
	}
	known := map[string]bool{}
	for _, op := range slices.Concat(api.CognitoIdentity.Operations, api.IAM.Operations, api.STS.Operations, api.Identities.Operations, api.Control.Operations) {
		if !reached[op.Name+" success"] {
			t.Errorf("no script shows %s succeed", op.Name)
		}
		for _, code := range op.Errors {
			key := op.Name + " " + string(code)
			known[key] = true
			reason := unreached[key]
			if of, ok := neverReached[code]; ok {
				reason = of
			}
			if reached[key] == (reason != "") {
				t.Errorf("%s: reached by a script %v, out of reach because %q", key, reached[key], reason)
			}
		}
	}
	for key := range unreached {
		if !known[key] {
			t.Errorf("%s is listed as out of reach and not described", key)
		}
	}
}
