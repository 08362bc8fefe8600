package server

import (
	"cmp"
	"context"
	"os"
	"reflect"
	"slices"
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

// Authorize implements [Authorizer]. Public operations are for everybody, signed or not, and
// a trust policy is for the operation to look at.
func (p *Policies) Authorize(ctx context.Context, c api.Caller, s *api.Service, op *api.Operation, in any) error {
	if op.Public || op.AnyPrincipal || op.ByTrust || principal.IsRoot(c) {
		return nil
	}
	a := &asked{ctx: ctx, policies: p, caller: c, service: s, operation: op, input: reflect.ValueOf(in).Elem()}
	if err := a.resolve(); err != nil {
		return err
	}
	// Identities of several pools are as many questions, so that a policy which allows one
	// pool lets through no identity of another. Without a condition on the pool, the
	// first answer holds for all.
	for {
		d, err := p.Principals.Explain(ctx, c, s.Action(op), a.target.ARN, a.values)
		switch {
		case err != nil:
			return err
		case a.err != nil:
			return a.err
		case !d.Allowed:
			return d.Refusal(c, a.called())
		case len(a.pools) < 2:
			return nil
		}
		a.pools = a.pools[1:]
	}
}

// An asked is a call while it is authorised. What only a condition needs is read when a
// policy has that condition.
type asked struct {
	ctx       context.Context
	policies  *Policies
	caller    api.Caller
	service   *api.Service
	operation *api.Operation
	input     reflect.Value

	target principal.Target
	// tagged: the target's tags are read.
	tagged bool
	// pools are the ARNs of the pools of the identities that the call names, each once,
	// and empty for one that is nobody's or another account's; the first is asked about.
	// Nil: not read.
	pools []string
	// err is the first failure to read, after which no answer counts.
	err error
}

// resolve finds the resource.
func (a *asked) resolve() (err error) {
	r := a.operation.Resource
	named := a.text(r.Member)
	switch {
	case a.service.Protocol == api.Query:
		a.target, err = a.policies.Principals.Target(a.ctx, a.caller, r, named, a.text(r.Path))
		a.tagged = true
	case r.Form == api.PoolByID:
		a.target.ARN = identity.PoolARN(a.caller.Account, named)
	case r.Form == api.ByARN:
		a.target.ARN = named
	default:
		a.target.ARN = "*"
	}
	return err
}

// called is the resource as a refusal names it.
func (a *asked) called() string {
	known := true
	name := os.Expand(a.operation.Resource.Called, func(name string) string {
		switch name {
		case "Account":
			return a.caller.Account
		case "Region":
			return a.caller.Region
		case "PathPrefix":
			return cmp.Or(a.text(name), "/")
		case "UserName":
			name = cmp.Or(a.text(name), a.caller.User)
		default:
			name = a.text(name)
		}
		known = known && name != ""
		return name
	})
	if name == "" || !known {
		return a.target.ARN
	}
	return name
}

// text is the string that the input member called name holds; empty where there is none.
func (a *asked) text(name string) string {
	if name == "" {
		return ""
	}
	return a.input.FieldByName(name).String()
}

// values returns the values of a condition key in lower case that follow from the call.
func (a *asked) values(key string) []string {
	if tag, ok := strings.CutPrefix(key, "aws:resourcetag/"); ok {
		return tagValues(a.tags(), tag)
	}
	for _, c := range a.operation.Conditions {
		name, perTag := strings.CutSuffix(strings.ToLower(c.Key), "${tagkey}")
		tag, matches := strings.CutPrefix(key, name)
		if !matches || c.Member == "" || !perTag && tag != "" {
			continue
		}
		member := a.input.FieldByName(c.Member)
		switch {
		case name == "cognito-identity:identitypoolarn":
			return a.pool(texts(member))
		case perTag:
			return tagValues(tagsIn(member), tag)
		}
		return texts(member)
	}
	return nil
}

// tags returns the tags of the target.
func (a *asked) tags() map[string]string {
	if !a.tagged {
		a.tagged = true
		var err error
		a.target.Tags, err = a.policies.Identities.TagsOf(a.ctx, a.caller, a.target.ARN)
		a.fail(err)
	}
	return a.target.Tags
}

// pool returns the pool that is asked about.
func (a *asked) pool(identities []string) []string {
	if a.pools == nil {
		arns, err := a.policies.Identities.PoolARNs(a.ctx, a.caller, identities)
		a.fail(err)
		slices.Sort(arns)
		a.pools = slices.Compact(arns)
	}
	if len(a.pools) == 0 || a.pools[0] == "" {
		return nil
	}
	return a.pools[:1]
}

func (a *asked) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// texts returns the strings in a member: itself, its elements, or the keys of its tags.
func texts(member reflect.Value) (all []string) {
	switch list := member.Interface().(type) {
	case []string:
		return list
	case []api.Tag:
		for _, t := range list {
			all = append(all, t.Key)
		}
	case map[string]string:
		for key := range list {
			all = append(all, key)
		}
		slices.Sort(all)
	default:
		if text := member.String(); text != "" {
			return []string{text}
		}
	}
	return all
}

// tagsIn returns the tags in a member.
func tagsIn(member reflect.Value) map[string]string {
	list, ok := member.Interface().([]api.Tag)
	if !ok {
		tags, _ := member.Interface().(map[string]string)
		return tags
	}
	tags := make(map[string]string, len(list))
	for _, t := range list {
		tags[t.Key] = t.Value
	}
	return tags
}

// tagValues returns the values of the tags whose key is that of a condition. Conditions
// know no case; keys of pools do, so there may be several.
func tagValues(tags map[string]string, key string) (values []string) {
	for k, v := range tags {
		if strings.EqualFold(k, key) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}
