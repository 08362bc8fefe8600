package principal

import (
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// iamARN returns the ARN of something in an account that belongs to no region.
func iamARN(account, resource string) string { return "arn:aws:iam::" + account + ":" + resource }

// ARN returns the user's ARN.
func (u *User) ARN() string { return iamARN(u.Account, "user"+u.Path+u.Name) }

// ARN returns the role's ARN.
func (r *Role) ARN() string { return iamARN(r.Account, "role"+r.Path+r.Name) }

// ARN returns the policy's ARN.
func (p *Policy) ARN() string { return iamARN(p.Account, "policy"+p.Path+p.Name) }

// ARN returns the provider's ARN.
func (p *OIDCProvider) ARN() string { return iamARN(p.Account, "oidc-provider/"+p.Name) }

// ARN returns the provider's ARN.
func (p *SAMLProvider) ARN() string { return iamARN(p.Account, "saml-provider/"+p.Name) }

// resourceOf returns what follows the account in an ARN of the account and the kind of
// resource.
func resourceOf(account, kind, arn string) (name string, ok bool) {
	return strings.CutPrefix(arn, iamARN(account, kind+"/"))
}

// policyOf returns the name in the ARN of a managed policy of the account. The path
// before it is not checked.
func policyOf(account, arn string) (name string, ok bool) {
	rest, ok := resourceOf(account, "policy", arn)
	return rest[strings.LastIndexByte(rest, '/')+1:], ok
}

// Root returns the root of an account as a caller, without region, address and time.
func Root(account string) api.Caller {
	return api.Caller{Account: account, Principal: identity.RootARN(account), ID: account}
}

// sessionARN returns the ARN of a session of the role.
func sessionARN(r *Role, name string) string {
	return "arn:aws:sts::" + r.Account + ":assumed-role/" + r.Name + "/" + name
}

// sessionID returns the unique id of a session of the role.
func sessionID(r *Role, name string) string { return r.ID + ":" + name }

// roleOf returns account and name in the ARN of a role. The path before the name is not
// checked.
func roleOf(arn string) (account, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::")
	account, resource, _ := strings.Cut(rest, ":")
	path, ok2 := strings.CutPrefix(resource, "role/")
	name = path[strings.LastIndexByte(path, '/')+1:]
	return account, name, ok && ok2 && len(account) == 12 && strings.Trim(account, "0123456789") == "" && name != ""
}

// IsRoot reports whether the caller is the root of an account with an access key of its
// own, to whom nothing is forbidden. Sessions of root are not: they may not call
// everything.
func IsRoot(c api.Caller) bool { return c.Session == nil && isRoot(c) }

// isRoot reports whether the caller is the root of an account, in a session or not.
func isRoot(c api.Caller) bool { return c.Account != "" && c.Principal == identity.RootARN(c.Account) }
