package principal

import (
	"maps"
	"slices"
	"time"
)

// An Entity is what the records of this package have in common. Names are unique in an
// account and kind without regard to case, and keep the case they were given.
type Entity struct {
	// Account has 12 digits. Name is unique in it; Path begins and ends with a slash.
	Account, Name, Path string
	// ID is unique over all accounts and never used again: AIDA… for users, AROA…
	// for roles, ANPA… for managed policies. Providers have none.
	ID      string
	Tags    map[string]string
	Created time.Time
}

// Permissions are the identity policies of a user or a role.
type Permissions struct {
	// Inline holds policy documents by their policy names.
	Inline map[string]string
	// Attached holds ARNs of managed policies, in the order of attaching.
	Attached []string
}

// A User is a person or program with access keys of its own.
type User struct {
	Entity
	Permissions
	// SessionsFrom: temporary credentials issued to the user before it are refused. Zero: none are.
	SessionsFrom time.Time
}

// A Role is what others may assume.
type Role struct {
	Entity
	Permissions
	Description string
	// Trust is the policy document that says who may assume the role.
	Trust string
	// Trusted holds the unique ids of the users and roles that Trust names, by ARN, as they
	// were when it was saved. Names that nobody had then are not in it.
	Trusted map[string]string
	// MaxSession is the longest session, in seconds: 3600 to 43200.
	MaxSession int64
	// SessionsFrom: temporary credentials issued before it are refused. Zero: none are.
	SessionsFrom time.Time
	// Upstream is where identities get the role's credentials from; nil: from this server.
	Upstream *Upstream
}

// An Upstream is a role of another STS, which stands behind one here.
type Upstream struct {
	// URL is where AssumeRoleWithWebIdentity is posted, RoleARN the role there.
	URL, RoleARN string
	// Duration is how long credentials are asked for, in seconds; 0: not said.
	Duration int64
	// Policy is a document that goes along as session policy; empty: none.
	Policy string
}

// A Policy is a managed policy with its versions.
type Policy struct {
	Entity
	Description string
	Updated     time.Time
	// Versions are at most five, oldest first. NextVersion numbers the next one.
	Versions    []PolicyVersion
	NextVersion int
}

// A PolicyVersion is one document of a managed policy. Exactly one is the default.
type PolicyVersion struct {
	// ID is v1, v2 …
	ID       string
	Document string
	Default  bool
	Created  time.Time
}

// An OIDCProvider is an OpenID Connect provider that an account trusts. Its Name is the
// URL without https://.
type OIDCProvider struct {
	Entity
	ClientIDs, Thumbprints []string
}

// A SAMLProvider is a SAML provider that an account trusts.
type SAMLProvider struct {
	Entity
	// Metadata is the XML document. ValidUntil is what it says; zero: nothing.
	Metadata   string
	ValidUntil time.Time
}

// An AccessKey signs requests for a user, or for the root of an account.
type AccessKey struct {
	// ID is 20 characters and begins with AKIA. Account has 12 digits.
	ID, Account string
	// User is the name of the user; empty: the account's root.
	User string
	// Secret is the secret access key, sealed; the id is bound to it.
	Secret []byte
	// Inactive keys are refused.
	Inactive bool
	Created  time.Time
	// Description is the operator's note; may be empty.
	Description string
}

// A KeyUse is the last use of an access key that was noted. Uses are noted at most
// once in some minutes, so it may be older than the last use.
type KeyUse struct {
	Time            time.Time
	Service, Region string
}

func (e Entity) clone() Entity {
	e.Tags = maps.Clone(e.Tags)
	return e
}

func (p Permissions) clone() Permissions {
	return Permissions{Inline: maps.Clone(p.Inline), Attached: slices.Clone(p.Attached)}
}

// Clone returns a deep copy.
func (u *User) Clone() *User {
	c := *u
	c.Entity, c.Permissions = u.Entity.clone(), u.Permissions.clone()
	return &c
}

// Clone returns a deep copy.
func (r *Role) Clone() *Role {
	c := *r
	c.Entity, c.Permissions = r.Entity.clone(), r.Permissions.clone()
	c.Trusted = maps.Clone(r.Trusted)
	if r.Upstream != nil {
		upstream := *r.Upstream
		c.Upstream = &upstream
	}
	return &c
}

// Clone returns a deep copy.
func (p *Policy) Clone() *Policy {
	c := *p
	c.Entity, c.Versions = p.clone(), slices.Clone(p.Versions)
	return &c
}

// Clone returns a deep copy.
func (p *OIDCProvider) Clone() *OIDCProvider {
	c := *p
	c.Entity, c.ClientIDs, c.Thumbprints = p.clone(), slices.Clone(p.ClientIDs), slices.Clone(p.Thumbprints)
	return &c
}

// Clone returns a deep copy.
func (p *SAMLProvider) Clone() *SAMLProvider {
	c := *p
	c.Entity = p.clone()
	return &c
}
