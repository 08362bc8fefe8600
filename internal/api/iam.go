package api

import "slices"

// IAM is the part of AWS Identity and Access Management that identity pools and
// their callers need: users with access keys, roles, policies, and the providers
// that roles trust. Members, bounds and errors are those of AWS's service model of
// 2010-05-08; access levels, resources and condition keys those of the AWS service
// authorisation reference, without the keys of permissions boundaries and role
// templates, which do not exist here and so are in no request.
var IAM = &Service{
	Protocol:  Query,
	Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
	Name:      "iam",
	Version:   "2010-05-08",
	Doc:       "Users and roles of your account, the policies that say what they may do, and the identity providers that roles trust.",
	Operations: []*Operation{
		addClientIDToOpenIDConnectProvider,
		attachRolePolicy,
		attachUserPolicy,
		createAccessKey,
		createOpenIDConnectProvider,
		createPolicy,
		createPolicyVersion,
		createRole,
		createSAMLProvider,
		createUser,
		deleteAccessKey,
		deleteOpenIDConnectProvider,
		deletePolicy,
		deletePolicyVersion,
		deleteRole,
		deleteRolePolicy,
		deleteSAMLProvider,
		deleteUser,
		deleteUserPolicy,
		detachRolePolicy,
		detachUserPolicy,
		getAccessKeyLastUsed,
		getOpenIDConnectProvider,
		getPolicy,
		getPolicyVersion,
		getRole,
		getRolePolicy,
		getSAMLProvider,
		getUser,
		getUserPolicy,
		listAccessKeys,
		listAttachedRolePolicies,
		listAttachedUserPolicies,
		listEntitiesForPolicy,
		listGroupsForUser,
		listInstanceProfilesForRole,
		listOpenIDConnectProviderTags,
		listOpenIDConnectProviders,
		listPolicies,
		listPolicyTags,
		listPolicyVersions,
		listRolePolicies,
		listRoleTags,
		listRoles,
		listSAMLProviderTags,
		listSAMLProviders,
		listUserPolicies,
		listUserTags,
		listUsers,
		putRolePolicy,
		putUserPolicy,
		removeClientIDFromOpenIDConnectProvider,
		setDefaultPolicyVersion,
		tagOpenIDConnectProvider,
		tagPolicy,
		tagRole,
		tagSAMLProvider,
		tagUser,
		untagOpenIDConnectProvider,
		untagPolicy,
		untagRole,
		untagSAMLProvider,
		untagUser,
		updateAccessKey,
		updateAssumeRolePolicy,
		updateOpenIDConnectProviderThumbprint,
		updateRole,
		updateRoleDescription,
		updateSAMLProvider,
		updateUser,
	},
}

// The resources of operations on what exists.
var (
	onUser         = Resource{Form: UserByName, Member: "UserName", Called: "user ${UserName}"}
	onRole         = Resource{Form: RoleByName, Member: "RoleName", Called: "role ${RoleName}"}
	onPolicy       = Resource{Form: ByARN, Member: "PolicyArn", Called: "policy ${PolicyArn}"}
	onOIDCProvider = Resource{Form: ByARN, Member: "OpenIDConnectProviderArn"}
	onSAMLProvider = Resource{Form: ByARN, Member: "SAMLProviderArn"}
)

// Condition keys that several operations have.
var (
	taggingConditions   = tagging("Tags")
	attachingConditions = []Condition{{"iam:PolicyARN", "PolicyArn"}}
)

// iamFailures returns more together with the exception that IAM's operations list
// last.
func iamFailures(more ...Code) []Code { return slices.Concat(more, []Code{ServiceFailure}) }

// pageInput is the input of an operation that answers in pages: members, and what
// asks for a page.
func pageInput(name string, members ...Member) *Shape {
	return structure(name, slices.Concat(members, []Member{
		optional("Marker", marker, "Where to go on: the Marker of the page before."),
		optional("MaxItems", maxItems, "How many entries to return at most. Left out: 100."),
	})...)
}

// pageOutput is the output that belongs to pageInput.
func pageOutput(name string, members ...Member) *Shape {
	return structure(name, slices.Concat(members, []Member{
		optional("IsTruncated", iamBoolean, "Whether there is another page."),
		optional("Marker", responseMarker, "Where the next page begins; left out on the last page."),
	})...)
}

// pagedBy is the paging of an operation whose pages are in results.
func pagedBy(results ...string) *Paging {
	return &Paging{Token: "Marker", Limit: "MaxItems", Results: results, More: "IsTruncated", Paginated: true}
}
