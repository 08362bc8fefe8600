package state

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A Call calls an operation of a service with in, a pointer to the operation's input, and
// fills out, which is nil where the answer is of no interest. Region is empty for IAM,
// which has none. A Call that can not act for an account fails. What the service refuses
// is an [*api.Error].
type Call func(ctx context.Context, account, region string, s *api.Service, operation string, in, out any) error

// A State is what a file declares, or what there is, of some accounts.
type State struct {
	// Accounts are by their 12 digits.
	Accounts map[string]*Account

	// Where a State comes from a file: its name, and the lines of what is in it by path.
	file  string
	lines map[string]int
}

// An Account is what is declared of an account. A nil map is a kind that is not
// declared, an empty one a kind of which there is nothing.
type Account struct {
	Policies      map[string]*Policy       // by name
	Users         map[string]*User         // by name
	Roles         map[string]*Role         // by name
	OIDCProviders map[string]*OIDCProvider // by URL
	SAMLProviders map[string]*SAMLProvider // by name
	// IdentityPools are by region; a region that is not there is not declared.
	IdentityPools map[string][]*Pool

	// managed are the ARNs of all managed policies by folded name, as [Read] found them.
	managed map[string]string
}

// A Policy is a managed policy, and the version of it that is in force.
type Policy struct {
	Path string
	// Description is empty where it does not matter: it can not be changed.
	Description string
	Document    Document
	Tags        map[string]string

	// As [Read] found it: the versions that are not in force, oldest first, and the number
	// of users and roles that the policy is attached to.
	versions []string
	attached int64
}

// A User is a user without its access keys.
type User struct {
	Path     string
	Policies map[string]Document // inline
	Attached []string            // names or ARNs of managed policies
	Tags     map[string]string

	// keys are the ids of the access keys, as [Read] found them.
	keys []string
}

// A Role is a role.
type Role struct {
	Path string
	// Description is empty where it does not matter: it can not be taken away.
	Description        string
	MaxSessionDuration int64 // in seconds
	Trust              Document
	Policies           map[string]Document // inline
	Attached           []string            // names or ARNs of managed policies
	Tags               map[string]string
}

// An OIDCProvider is an OpenID Connect provider.
type OIDCProvider struct {
	ClientIDs   []string
	Thumbprints []string
	Tags        map[string]string
}

// A SAMLProvider is a SAML provider.
type SAMLProvider struct {
	Metadata string
	Tags     map[string]string
}

// A Pool is an identity pool.
type Pool struct {
	// ID tells pools of one name in one region apart. Empty: the name is enough.
	ID                             string
	Name                           string
	AllowUnauthenticatedIdentities bool
	AllowClassicFlow               *bool
	SupportedLoginProviders        map[string]string
	// DeveloperProviderName is empty where it does not matter: it can not be taken away.
	DeveloperProviderName    string
	OIDCProviders            []string // URLs or ARNs
	CognitoIdentityProviders []CognitoProvider
	SAMLProviders            []string // names or ARNs
	// SigningAlgorithm is empty for that of the server.
	SigningAlgorithm string
	Tags             map[string]string

	// id is the pool's, as [Read] found it.
	id string
}

// A CognitoProvider is an app client of a user pool.
type CognitoProvider struct {
	ProviderName         string
	ClientID             string
	ServerSideTokenCheck *bool
}

// Whole returns a State that declares every kind of the accounts, and pools of the
// regions, with nothing in them: the scope of an export.
func Whole(accounts, regions []string) *State {
	s := &State{Accounts: make(map[string]*Account)}
	for _, account := range accounts {
		a := &Account{
			Policies:      map[string]*Policy{},
			Users:         map[string]*User{},
			Roles:         map[string]*Role{},
			OIDCProviders: map[string]*OIDCProvider{},
			SAMLProviders: map[string]*SAMLProvider{},
			IdentityPools: map[string][]*Pool{},
		}
		for _, region := range regions {
			a.IdentityPools[region] = nil
		}
		s.Accounts[account] = a
	}
	return s
}

const (
	defaultPath               = "/"
	defaultMaxSessionDuration = 3600
	// maxVersions is how many versions a managed policy has at most; source: "IAM and AWS
	// STS quotas" of the IAM User Guide.
	maxVersions = 5
)

func newPolicy() *Policy { return &Policy{Path: defaultPath} }
func newUser() *User     { return &User{Path: defaultPath} }
func newRole() *Role     { return &Role{Path: defaultPath, MaxSessionDuration: defaultMaxSessionDuration} }

// iamARN returns the ARN of what an account has in IAM.
func iamARN(account, resource string) string { return "arn:aws:iam::" + account + ":" + resource }

func policyARN(account, path, name string) string { return iamARN(account, "policy"+path+name) }

// oidcARN returns the ARN of the provider that ref, a URL or an ARN, names.
func oidcARN(account, ref string) string {
	if isARN(ref) {
		return ref
	}
	return iamARN(account, "oidc-provider/"+strings.TrimPrefix(ref, https))
}

// samlARN returns the ARN of the provider that ref, a name or an ARN, names.
func samlARN(account, ref string) string {
	if isARN(ref) {
		return ref
	}
	return iamARN(account, "saml-provider/"+ref)
}

const https = "https://"

func isARN(ref string) bool { return strings.HasPrefix(ref, "arn:") }

// fold returns what is the same for names that IAM takes for the same.
func fold(name string) string { return strings.ToLower(name) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// set returns the values in order, each once; nil: there are none.
func set(values []string) []string {
	if len(values) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(values)))
}
