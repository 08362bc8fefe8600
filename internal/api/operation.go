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
	// Input is a Structure. Output is a Structure, or nil when success is an
	// empty body.
	Input, Output *Shape
	// Errors lists the modelled exceptions that the operation may return.
	Errors []Code
	// Access is the level that the AWS service authorisation reference gives.
	Access Access
	// Resource tells on which resource the operation is authorised.
	Resource Resource
	// Conditions lists the IAM condition keys of the operation beyond the
	// global ones, as the service authorisation reference spells them.
	Conditions []string
	// Paging is nil for operations that answer at once.
	Paging *Paging
}

// Declares reports whether the operation may answer with c: it lists c, or c belongs to
// the phases that all operations share.
func (op *Operation) Declares(c Code) bool { return c.Shared() || slices.Contains(op.Errors, c) }

// Action returns the IAM action that authorises the operation of the service.
func (s *Service) Action(op *Operation) string { return s.Name + ":" + op.Name }

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

// A Resource tells how the ARN on which an operation is authorised is formed.
type Resource struct {
	Form ResourceForm
	// Member names the input member that the form reads; empty for AnyResource.
	Member string
}

// ResourceForm is a way to form an ARN.
type ResourceForm uint8

const (
	// AnyResource is "*": the operation names no resource.
	AnyResource ResourceForm = iota
	// PoolByID forms the ARN of the identity pool whose id the member holds.
	PoolByID
	// PoolByARN takes the ARN from the member as it is.
	PoolByARN
)

// Paging names the members by which an operation answers in pages.
type Paging struct {
	// Token is the member of input and output that carries the page token.
	Token string
	// Limit is the input member that bounds a page.
	Limit string
	// Result is the output member that holds the page.
	Result string
	// Paginated tells whether AWS's SDKs page the operation by themselves.
	Paginated bool
}
