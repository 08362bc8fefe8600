package api

import "slices"

// A Protocol is how the operations of a service are written on the wire.
type Protocol uint8

const (
	// JSON is AWS JSON 1.1: the operation in X-Amz-Target, input and output as JSON.
	JSON Protocol = iota
	// Query is the AWS Query protocol: Action, Version and input as a form, output as XML.
	Query
)

// A Service is a set of operations reached in the same way.
type Service struct {
	Protocol Protocol
	// Namespace is the XML namespace of a Query service's answers.
	Namespace string
	// Name is the signing name and the prefix of IAM actions.
	Name string
	// Version is the date of the published API; empty for our own.
	Version string
	// TargetPrefix comes before the dot in X-Amz-Target.
	TargetPrefix string
	// Doc is one line about the service.
	Doc        string
	Operations []*Operation
}

// Operation returns the operation called name, or nil. Names match exactly.
func (s *Service) Operation(name string) *Operation {
	for _, op := range s.Operations {
		if op.Name == name {
			return op
		}
	}
	return nil
}

// An Operation is one call of the API as data.
type Operation struct {
	Name string
	// Doc says in a few sentences what the operation does.
	Doc string
	// Public operations are accepted without a signature.
	Public bool
	// AnyPrincipal operations need a signature and no policy that allows them.
	AnyPrincipal bool
	// ByTrust operations need a signature, and are authorised by the method that serves
	// them: the trust policy of a role decides together with the caller's policies.
	ByTrust bool
	// Input is a Structure. Output is a Structure, or nil when success is an
	// empty body.
	Input, Output *Shape
	// Errors lists the modelled exceptions that the operation may return.
	Errors []Code
	// Access is the level that the AWS service authorisation reference gives.
	Access Access
	// Audit tells when the audit log records the operation.
	Audit Audit
	// Resource tells on which resource the operation is authorised.
	Resource Resource
	// Conditions lists the IAM condition keys of the operation beyond the
	// global ones.
	Conditions []Condition
	// Paging is nil for operations that answer at once.
	Paging *Paging
}

// Declares reports whether the operation may answer with c: it lists c, or c belongs to
// the phases that all operations share.
func (op *Operation) Declares(c Code) bool { return c.Shared() || slices.Contains(op.Errors, c) }

// Action returns the IAM action that authorises the operation of the service.
func (s *Service) Action(op *Operation) string { return s.Name + ":" + op.Name }

// A Condition is an IAM condition key that an operation has.
type Condition struct {
	// Key is spelled as the service authorisation reference does. ${TagKey} stands for
	// the key of a tag.
	Key string
	// Member names the input member that the values follow from. Empty: they are not in
	// the input.
	Member string
}

// Access is an access level of the AWS service authorisation reference.
type Access string

// The access levels.
const (
	AccessList        Access = "List"
	AccessRead        Access = "Read"
	AccessWrite       Access = "Write"
	AccessTagging     Access = "Tagging"
	AccessPermissions Access = "Permissions management"
)

// Audit tells when the audit log records an operation that succeeds, and how. One that is
// refused may be recorded whatever it is.
type Audit uint8

const (
	// AuditRead: it changes nothing and hands out nothing. Not recorded.
	AuditRead Audit = iota + 1
	// AuditChange: it changes what is stored. Recorded with each change.
	AuditChange
	// AuditIssue: it hands out an identity, a token or credentials. Recorded with each
	// change, as when a user is seen for the first time, and otherwise by setting.
	AuditIssue
)

// A Resource tells how the ARN on which an operation is authorised is formed.
type Resource struct {
	Form ResourceForm
	// Member names the input member that the form reads; empty for AnyResource.
	Member string
	// Path names the input member with the path of what an operation creates, a
	// slash when left out. Empty: the resource exists or has no path, so that only
	// the domain can tell its path.
	Path string
	// Called is what AWS's refusals call the resource, with ${…} for an input member and
	// for the Account and Region of the caller (observed). Empty: by the ARN.
	Called string
}

// ResourceForm is a way to form an ARN. Those of IAM have no region, and the
// caller's account.
type ResourceForm uint8

const (
	// AnyResource is "*": the operation names no resource.
	AnyResource ResourceForm = iota
	// ByARN takes the ARN from the member as it is.
	ByARN
	// PoolByID forms the ARN of the identity pool whose id the member holds.
	PoolByID
	// UserByName forms the ARN of the user whose name the member holds,
	// user/PATH/NAME. Without a value, it is the user who calls.
	UserByName
	// UserByAccessKey forms the ARN of the user who has the access key whose id the
	// member holds.
	UserByAccessKey
	// RoleByName forms the ARN of the role whose name the member holds, role/PATH/NAME.
	RoleByName
	// PolicyByName forms the ARN of the managed policy whose name the member holds,
	// policy/PATH/NAME.
	PolicyByName
	// OIDCProviderByURL forms the ARN of the OpenID Connect provider whose URL the
	// member holds: oidc-provider/ and the URL without its scheme.
	OIDCProviderByURL
	// SAMLProviderByName forms the ARN of the SAML provider whose name the member
	// holds, saml-provider/NAME.
	SAMLProviderByName
)

// Paging names the members by which an operation answers in pages.
type Paging struct {
	// Token is the member of input and output that carries the page token.
	Token string
	// Limit is the input member that bounds a page.
	Limit string
	// Results are the output members that hold the page. Limit bounds them together.
	Results []string
	// More is the output member that tells whether another page follows. Empty: the
	// token alone tells.
	More string
	// Paginated tells whether AWS's SDKs page the operation by themselves.
	Paginated bool
}
