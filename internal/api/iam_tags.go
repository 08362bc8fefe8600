package api

import "slices"

// The tag operations are alike but for what carries the tags.
var (
	userTags         = taggable{"User", "a user", onUser, required("UserName", existingUserName, "The user.")}
	roleTags         = taggable{"Role", "a role", onRole, required("RoleName", roleName, "The role.")}
	policyTags       = taggable{"Policy", "a managed policy", onPolicy, required("PolicyArn", iamARN, "The policy.")}
	oidcProviderTags = taggable{"OpenIDConnectProvider", "an OpenID Connect provider", onOIDCProvider, required("OpenIDConnectProviderArn", iamARN, "The provider.")}
	samlProviderTags = taggable{"SAMLProvider", "a SAML provider", onSAMLProvider, required("SAMLProviderArn", iamARN, "The SAML provider.")}
)

var (
	listOpenIDConnectProviderTags = oidcProviderTags.list(NoSuchEntity, InvalidInput)
	listPolicyTags                = policyTags.list(NoSuchEntity, InvalidInput)
	listRoleTags                  = roleTags.list(NoSuchEntity)
	listSAMLProviderTags          = samlProviderTags.list(NoSuchEntity, InvalidInput)
	listUserTags                  = userTags.list(NoSuchEntity)

	tagOpenIDConnectProvider = oidcProviderTags.tag()
	tagPolicy                = policyTags.tag()
	tagRole                  = roleTags.tag()
	tagSAMLProvider          = samlProviderTags.tag()
	tagUser                  = userTags.tag()

	untagOpenIDConnectProvider = oidcProviderTags.untag(NoSuchEntity, InvalidInput)
	untagPolicy                = policyTags.untag(NoSuchEntity, InvalidInput)
	untagRole                  = roleTags.untag(NoSuchEntity)
	untagSAMLProvider          = samlProviderTags.untag(NoSuchEntity, InvalidInput)
	untagUser                  = userTags.untag(NoSuchEntity)
)

// A taggable is something that carries tags.
type taggable struct {
	// noun is its part in the names of operations, phrase what prose calls it.
	noun, phrase string
	resource     Resource
	// id is the input member that names it.
	id Member
}

// list returns the operation that lists the tags of k.
func (k taggable) list(failures ...Code) *Operation {
	name := "List" + k.noun + "Tags"
	paging := pagedBy("Tags")
	// AWS's SDKs page none of these by themselves but the one of users.
	paging.Paginated = k.noun == "User"
	return &Operation{
		Name:     name,
		Doc:      "Lists the tags of " + k.phrase + ".",
		Access:   AccessList,
		Audit:    AuditRead,
		Resource: k.resource,
		Input:    pageInput(name+"Input", k.id),
		Output: pageOutput(name+"Output",
			required("Tags", iamTags, "The tags of this page."),
		),
		Errors: iamFailures(failures...),
		Paging: paging,
	}
}

// tag returns the operation that puts tags on k.
func (k taggable) tag() *Operation {
	name := "Tag" + k.noun
	return &Operation{
		Name:     name,
		Doc:      "Puts tags on " + k.phrase + ". A tag with a key that is there gets the new value.",
		Access:   AccessTagging,
		Audit:    AuditChange,
		Resource: k.resource,
		Input: structure(name+"Input", k.id,
			required("Tags", iamTags, "The tags to put on."),
		),
		Errors:     iamFailures(NoSuchEntity, LimitExceeded, InvalidInput, ConcurrentModification),
		Conditions: taggingConditions,
	}
}

// untag returns the operation that takes tags off k.
func (k taggable) untag(failures ...Code) *Operation {
	name := "Untag" + k.noun
	return &Operation{
		Name:     name,
		Doc:      "Takes tags off " + k.phrase + ". Keys that it does not have are passed over.",
		Access:   AccessTagging,
		Audit:    AuditChange,
		Resource: k.resource,
		Input: structure(name+"Input", k.id,
			required("TagKeys", iamTagKeys, "The keys of the tags to take off."),
		),
		Errors:     iamFailures(slices.Concat(failures, []Code{ConcurrentModification})...),
		Conditions: []Condition{{"aws:TagKeys", "TagKeys"}},
	}
}
