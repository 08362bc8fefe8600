package state

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// Options say what a plan may do beside making what is declared.
type Options struct {
	// Prune removes what is of a kind that an account declares, and not in it. Pools stay.
	Prune bool
	// PrunePools removes the pools of the regions that an account declares which are not in
	// it, with all their identities, which do not come back.
	PrunePools bool
}

// A Change is one call that a plan consists of.
type Change struct {
	Account, Region string
	Service         *api.Service
	Operation       string
	Input           any
	// Words say what the call does: they begin with + where something is made, with ~ where
	// it is changed, and with - where it goes.
	Words string

	// made, unless nil, takes what the call answers: the pool that changes behind it are
	// about. prepare, unless nil, is called before the call and completes Input from that.
	made    *api.IdentityPool
	prepare func()
}

// Diff returns the changes that make of have, which [Read] returned, what want declares,
// in an order that works; none: there is nothing to change. Of what can not be made, all
// of it, the error tells as [Problems].
func Diff(have, want *State, o Options) ([]Change, error) {
	var changes []Change
	var problems Problems
	for _, id := range sortedKeys(want.Accounts) {
		d := &differ{
			id: id, options: o, want: want.Accounts[id], have: have.Accounts[id],
			tell: func(at, text string) { problems.add(Problem{want.file, want.line(at), at, text}) },
		}
		if d.have == nil {
			d.have = &Account{}
		}
		changes = append(changes, d.diff()...)
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	return changes, nil
}

// line returns where in its file a path is, or the nearest that is above it.
func (s *State) line(at string) int {
	for at != "" {
		if line, ok := s.lines[at]; ok {
			return line
		}
		at = at[:max(0, strings.LastIndexAny(at, ".["))]
	}
	return 0
}

// A differ compares one account.
type differ struct {
	id         string
	options    Options
	have, want *Account
	changes    []Change
	// detached counts from how many a policy is taken, by ARN.
	detached map[string]int64
	tell     func(at, text string)
}

// diff returns the changes. What others name comes before them, and goes after them.
func (d *differ) diff() []Change {
	d.detached = make(map[string]int64)
	h, w := d.have, d.want
	compare(d, "policies", h.Policies, w.Policies, d.policy)
	compare(d, "oidcProviders", h.OIDCProviders, w.OIDCProviders, d.oidcProvider)
	compare(d, "samlProviders", h.SAMLProviders, w.SAMLProviders, d.samlProvider)
	compare(d, "users", h.Users, w.Users, d.user)
	compare(d, "roles", h.Roles, w.Roles, d.role)
	for _, region := range sortedKeys(w.IdentityPools) {
		d.pools(region, h.IdentityPools[region], w.IdentityPools[region])
	}
	if d.options.Prune {
		prune(h.Roles, w.Roles, d.removeRole)
		prune(h.Users, w.Users, d.removeUser)
		prune(h.SAMLProviders, w.SAMLProviders, d.removeSAMLProvider)
		prune(h.OIDCProviders, w.OIDCProviders, d.removeOIDCProvider)
		prune(h.Policies, w.Policies, d.removePolicy)
	}
	return d.changes
}

// compare calls one with each that is declared and the one that there is, or nil.
func compare[T any](d *differ, kind string, have, want map[string]*T, one func(at, name string, have, want *T)) {
	folded := make(map[string]string, len(have))
	for name := range have {
		folded[fold(name)] = name
	}
	for _, name := range sortedKeys(want) {
		at := d.at(kind, name)
		if there, ok := folded[fold(name)]; ok && there != name {
			d.tell(at, fmt.Sprintf("the account has it as %s, and case does not tell names apart: write it so", there))
			continue
		}
		one(at, name, have[name], want[name])
	}
}

// prune calls remove with each that there is and that is not declared, where its kind is.
func prune[T any](have, want map[string]*T, remove func(name string, have *T)) {
	if want == nil {
		return
	}
	declared := make(map[string]bool, len(want))
	for name := range want {
		declared[fold(name)] = true
	}
	for _, name := range sortedKeys(have) {
		if !declared[fold(name)] {
			remove(name, have[name])
		}
	}
}

// at returns the path of something in the account.
func (d *differ) at(kind string, names ...string) string {
	at := below(below("accounts", d.id), kind)
	for _, name := range names {
		at = below(at, name)
	}
	return at
}

// iam adds a call of IAM.
func (d *differ) iam(operation string, in any, words string, args ...any) {
	d.changes = append(d.changes, Change{Account: d.id, Service: api.IAM, Operation: operation, Input: in, Words: fmt.Sprintf(words, args...)})
}

func (d *differ) policy(at, name string, have, want *Policy) {
	if have == nil {
		d.iam("CreatePolicy", &api.CreatePolicyInput{
			PolicyName: name, Path: want.Path, Description: want.Description,
			PolicyDocument: string(want.Document), Tags: tagList(want.Tags),
		}, "+ policy %s", name)
		return
	}
	d.fixed(below(at, "path"), have.Path, want.Path)
	if want.Description != "" {
		d.fixed(below(at, "description"), have.Description, want.Description)
	}
	arn := policyARN(d.id, have.Path, name)
	if have.Document != want.Document {
		// Those not in force and the one that is.
		if len(have.versions)+1 >= maxVersions {
			oldest := have.versions[0]
			d.iam("DeletePolicyVersion", &api.DeletePolicyVersionInput{PolicyArn: arn, VersionId: oldest},
				"- policy %s: version %s, to make room for a new one", name, oldest)
		}
		yes := true
		d.iam("CreatePolicyVersion", &api.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: string(want.Document), SetAsDefault: &yes},
			"~ policy %s: document", name)
	}
	d.tags("policy "+name, have.Tags, want.Tags,
		func(keys []string) (string, any) {
			return "UntagPolicy", &api.UntagPolicyInput{PolicyArn: arn, TagKeys: keys}
		},
		func(tags []api.Tag) (string, any) {
			return "TagPolicy", &api.TagPolicyInput{PolicyArn: arn, Tags: tags}
		})
}

// fixed tells where something differs that can not be changed.
func (d *differ) fixed(at, have, want string) {
	if have != want {
		d.tell(at, fmt.Sprintf("it is %q in the account, and can not be changed: write that, or delete what has it first", have))
	}
}

func (d *differ) removePolicy(name string, have *Policy) {
	arn := policyARN(d.id, have.Path, name)
	if left := have.attached - d.detached[arn]; left > 0 {
		d.tell(d.at("policies"), fmt.Sprintf("policy %s is not here, and can not be pruned: it stays attached to %d users or roles", name, left))
		return
	}
	for _, v := range have.versions {
		d.iam("DeletePolicyVersion", &api.DeletePolicyVersionInput{PolicyArn: arn, VersionId: v}, "- policy %s: version %s", name, v)
	}
	d.iam("DeletePolicy", &api.DeletePolicyInput{PolicyArn: arn}, "- policy %s", name)
}

func (d *differ) oidcProvider(_, url string, have, want *OIDCProvider) {
	if have == nil {
		d.iam("CreateOpenIDConnectProvider", &api.CreateOpenIDConnectProviderInput{
			Url: url, ClientIDList: want.ClientIDs, ThumbprintList: want.Thumbprints, Tags: tagList(want.Tags),
		}, "+ OIDC provider %s", url)
		return
	}
	arn := oidcARN(d.id, url)
	gone, added := changed(have.ClientIDs, want.ClientIDs)
	for _, id := range gone {
		d.iam("RemoveClientIDFromOpenIDConnectProvider", &api.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: id},
			"~ OIDC provider %s: without client id %s", url, id)
	}
	for _, id := range added {
		d.iam("AddClientIDToOpenIDConnectProvider", &api.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: id},
			"~ OIDC provider %s: client id %s", url, id)
	}
	if !slices.Equal(set(have.Thumbprints), set(want.Thumbprints)) {
		// The list is required, and may be empty.
		d.iam("UpdateOpenIDConnectProviderThumbprint", &api.UpdateOpenIDConnectProviderThumbprintInput{
			OpenIDConnectProviderArn: arn, ThumbprintList: append([]string{}, want.Thumbprints...),
		}, "~ OIDC provider %s: thumbprints", url)
	}
	d.tags("OIDC provider "+url, have.Tags, want.Tags,
		func(keys []string) (string, any) {
			return "UntagOpenIDConnectProvider", &api.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, TagKeys: keys}
		},
		func(tags []api.Tag) (string, any) {
			return "TagOpenIDConnectProvider", &api.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, Tags: tags}
		})
}

func (d *differ) removeOIDCProvider(url string, _ *OIDCProvider) {
	d.iam("DeleteOpenIDConnectProvider", &api.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidcARN(d.id, url)},
		"- OIDC provider %s", url)
}

func (d *differ) samlProvider(_, name string, have, want *SAMLProvider) {
	if have == nil {
		d.iam("CreateSAMLProvider", &api.CreateSAMLProviderInput{
			Name: name, SAMLMetadataDocument: want.Metadata, Tags: tagList(want.Tags),
		}, "+ SAML provider %s", name)
		return
	}
	arn := samlARN(d.id, name)
	if have.Metadata != want.Metadata {
		d.iam("UpdateSAMLProvider", &api.UpdateSAMLProviderInput{SAMLProviderArn: arn, SAMLMetadataDocument: want.Metadata},
			"~ SAML provider %s: metadata", name)
	}
	d.tags("SAML provider "+name, have.Tags, want.Tags,
		func(keys []string) (string, any) {
			return "UntagSAMLProvider", &api.UntagSAMLProviderInput{SAMLProviderArn: arn, TagKeys: keys}
		},
		func(tags []api.Tag) (string, any) {
			return "TagSAMLProvider", &api.TagSAMLProviderInput{SAMLProviderArn: arn, Tags: tags}
		})
}

func (d *differ) removeSAMLProvider(name string, _ *SAMLProvider) {
	d.iam("DeleteSAMLProvider", &api.DeleteSAMLProviderInput{SAMLProviderArn: samlARN(d.id, name)}, "- SAML provider %s", name)
}

// changed returns what is in have alone and what is in want alone, in order.
func changed(have, want []string) (gone, added []string) {
	without := func(values, others []string) []string {
		return slices.DeleteFunc(set(values), func(v string) bool { return slices.Contains(others, v) })
	}
	return without(have, want), without(want, have)
}

// tags adds the calls that make tags of IAM, whose keys are the same where only case
// differs. Room is made first: there is a bound.
func (d *differ) tags(what string, have, want map[string]string, untag func([]string) (string, any), tag func([]api.Tag) (string, any)) {
	stays := make(map[string]bool, len(want))
	for key := range want {
		stays[fold(key)] = true
	}
	var gone []string
	for _, key := range sortedKeys(have) {
		if !stays[fold(key)] {
			gone = append(gone, key)
		}
	}
	if len(gone) > 0 {
		operation, in := untag(gone)
		d.iam(operation, in, "~ %s: without the tags %s", what, strings.Join(gone, ", "))
	}
	if put := newTags(have, want); len(put) > 0 {
		operation, in := tag(tagList(put))
		d.iam(operation, in, "~ %s: the tags %s", what, strings.Join(sortedKeys(put), ", "))
	}
}

// newTags returns the tags of want that have does not have, or has with another value.
func newTags(have, want map[string]string) map[string]string {
	put := maps.Clone(want)
	maps.DeleteFunc(put, func(key, value string) bool {
		old, ok := have[key]
		return ok && old == value
	})
	return put
}

func tagList(tags map[string]string) (list []api.Tag) {
	for _, key := range sortedKeys(tags) {
		list = append(list, api.Tag{Key: key, Value: tags[key]})
	}
	return list
}

func (d *differ) user(at, name string, have, want *User) {
	if have == nil {
		d.iam("CreateUser", &api.CreateUserInput{UserName: name, Path: want.Path, Tags: tagList(want.Tags)}, "+ user %s", name)
		have = &User{Path: want.Path, Tags: want.Tags}
	}
	if have.Path != want.Path {
		d.iam("UpdateUser", &api.UpdateUserInput{UserName: name, NewPath: want.Path}, "~ user %s: path", name)
	}
	d.permissions(at, userHolder(name), have.Policies, want.Policies, have.Attached, want.Attached)
	d.tags("user "+name, have.Tags, want.Tags,
		func(keys []string) (string, any) {
			return "UntagUser", &api.UntagUserInput{UserName: name, TagKeys: keys}
		},
		func(tags []api.Tag) (string, any) { return "TagUser", &api.TagUserInput{UserName: name, Tags: tags} })
}

func (d *differ) removeUser(name string, have *User) {
	d.permissions(d.at("users"), userHolder(name), have.Policies, nil, have.Attached, nil)
	for _, id := range have.keys {
		d.iam("DeleteAccessKey", &api.DeleteAccessKeyInput{UserName: name, AccessKeyId: id}, "- user %s: access key %s", name, id)
	}
	d.iam("DeleteUser", &api.DeleteUserInput{UserName: name}, "- user %s", name)
}

func (d *differ) role(at, name string, have, want *Role) {
	if have == nil {
		d.iam("CreateRole", &api.CreateRoleInput{
			RoleName: name, Path: want.Path, Description: want.Description, MaxSessionDuration: want.MaxSessionDuration,
			AssumeRolePolicyDocument: string(want.Trust), Tags: tagList(want.Tags),
		}, "+ role %s", name)
		made := *want
		made.Policies, made.Attached = nil, nil
		have = &made
	}
	d.fixed(below(at, "path"), have.Path, want.Path)
	var words []string
	update := &api.UpdateRoleInput{RoleName: name}
	if want.Description != "" && have.Description != want.Description {
		update.Description = want.Description
		words = append(words, "description")
	}
	if have.MaxSessionDuration != want.MaxSessionDuration {
		update.MaxSessionDuration = want.MaxSessionDuration
		words = append(words, "longest session")
	}
	if len(words) > 0 {
		d.iam("UpdateRole", update, "~ role %s: %s", name, strings.Join(words, ", "))
	}
	if have.Trust != want.Trust {
		d.iam("UpdateAssumeRolePolicy", &api.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: string(want.Trust)},
			"~ role %s: trust policy", name)
	}
	d.permissions(at, roleHolder(name), have.Policies, want.Policies, have.Attached, want.Attached)
	d.tags("role "+name, have.Tags, want.Tags,
		func(keys []string) (string, any) {
			return "UntagRole", &api.UntagRoleInput{RoleName: name, TagKeys: keys}
		},
		func(tags []api.Tag) (string, any) { return "TagRole", &api.TagRoleInput{RoleName: name, Tags: tags} })
}

func (d *differ) removeRole(name string, have *Role) {
	d.permissions(d.at("roles"), roleHolder(name), have.Policies, nil, have.Attached, nil)
	d.iam("DeleteRole", &api.DeleteRoleInput{RoleName: name}, "- role %s", name)
}

// A holder is a user or a role as one who has policies.
type holder struct {
	what string
	// calls return the operations about a policy: an inline one by its name, a managed one
	// by its ARN.
	put            func(policy, document string) (string, any)
	remove         func(policy string) (string, any)
	attach, detach func(arn string) (string, any)
}

func userHolder(name string) holder {
	return holder{
		what: "user " + name,
		put: func(policy, document string) (string, any) {
			return "PutUserPolicy", &api.PutUserPolicyInput{UserName: name, PolicyName: policy, PolicyDocument: document}
		},
		remove: func(policy string) (string, any) {
			return "DeleteUserPolicy", &api.DeleteUserPolicyInput{UserName: name, PolicyName: policy}
		},
		attach: func(arn string) (string, any) {
			return "AttachUserPolicy", &api.AttachUserPolicyInput{UserName: name, PolicyArn: arn}
		},
		detach: func(arn string) (string, any) {
			return "DetachUserPolicy", &api.DetachUserPolicyInput{UserName: name, PolicyArn: arn}
		},
	}
}

func roleHolder(name string) holder {
	return holder{
		what: "role " + name,
		put: func(policy, document string) (string, any) {
			return "PutRolePolicy", &api.PutRolePolicyInput{RoleName: name, PolicyName: policy, PolicyDocument: document}
		},
		remove: func(policy string) (string, any) {
			return "DeleteRolePolicy", &api.DeleteRolePolicyInput{RoleName: name, PolicyName: policy}
		},
		attach: func(arn string) (string, any) {
			return "AttachRolePolicy", &api.AttachRolePolicyInput{RoleName: name, PolicyArn: arn}
		},
		detach: func(arn string) (string, any) {
			return "DetachRolePolicy", &api.DetachRolePolicyInput{RoleName: name, PolicyArn: arn}
		},
	}
}

// permissions adds the calls that make a holder's policies. There are bounds on how many
// are attached and on the size of all inline policies together, so what goes goes first,
// and what grows least comes first.
func (d *differ) permissions(at string, h holder, have, want map[string]Document, attachedHave, attachedWant []string) {
	for _, name := range sortedKeys(have) {
		if _, stays := want[name]; !stays {
			operation, in := h.remove(name)
			d.iam(operation, in, "- %s: inline policy %s", h.what, name)
		}
	}
	names := sortedKeys(want)
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(len(want[a])-len(have[a]), len(want[b])-len(have[b]))
	})
	for _, name := range names {
		old, there := have[name]
		if there && old == want[name] {
			continue
		}
		sign := "~"
		if !there {
			sign = "+"
		}
		operation, in := h.put(name, string(want[name]))
		d.iam(operation, in, "%s %s: inline policy %s", sign, h.what, name)
	}

	var arnsHave, arnsWant []string
	for _, ref := range attachedHave {
		arn, _ := d.policyARN(ref, d.have)
		arnsHave = append(arnsHave, arn)
	}
	for i, ref := range attachedWant {
		arn, problem := d.wantedPolicy(ref)
		if problem != "" {
			d.tell(element(below(at, "attached"), i), problem)
		}
		arnsWant = append(arnsWant, arn)
	}
	gone, added := changed(arnsHave, arnsWant)
	for _, arn := range gone {
		d.detached[arn]++
		operation, in := h.detach(arn)
		d.iam(operation, in, "- %s: policy %s", h.what, policyOf(arn))
	}
	for _, arn := range added {
		operation, in := h.attach(arn)
		d.iam(operation, in, "+ %s: policy %s", h.what, policyOf(arn))
	}
}

// policyOf returns the name in the ARN of a managed policy.
func policyOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// wantedPolicy returns the ARN of a policy that will be there, or why there is none.
func (d *differ) wantedPolicy(ref string) (arn, problem string) {
	if arn, ok := d.policyARN(ref, d.want); ok {
		return arn, ""
	}
	arn, ok := d.policyARN(ref, d.have)
	switch {
	case !ok:
		return "", "no policy named " + ref + " here or in the account"
	case d.options.Prune && d.want.Policies != nil:
		return "", "the policy " + ref + " is in the account but not here, and would be pruned"
	}
	return arn, ""
}

// policyARN returns the ARN of the policy that ref, a name or an ARN, is in an account.
func (d *differ) policyARN(ref string, a *Account) (arn string, ok bool) {
	name := ref
	if isARN(ref) {
		name = policyOf(ref)
	}
	for there, p := range a.Policies {
		if fold(there) == fold(name) {
			arn, ok = policyARN(d.id, p.Path, there), true
		}
	}
	if !ok {
		arn, ok = a.managed[fold(name)]
	}
	if isARN(ref) && arn != ref {
		return ref, false
	}
	return arn, ok
}
