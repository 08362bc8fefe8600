package principal

import (
	"context"
	"errors"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// A Decision is whether a caller may do something, and why.
type Decision struct {
	// Root: the caller is the root of the account, whom no policy concerns.
	Root bool
	// Decision is that of the caller's policies; for the root, that it is allowed.
	iam.Decision
}

// String tells a person how the request was decided.
func (d Decision) String() string {
	if d.Root {
		return "allowed: the root of an account may do everything in it"
	}
	return d.Decision.String()
}

// Authorize refuses what the caller may not do to the resource, an ARN or *. The root of
// an account may do everything; a user or a role what one of its policies allows and none
// denies; a session with policies of its own what these allow besides. Nobody else may do
// anything. That the resource is of the caller's account is for the operation to see to.
//
// Sessions of users and of root may not call IAM, nor of STS more than AssumeRole and
// GetCallerIdentity (the STS API reference, GetSessionToken): they hold no proof of a
// second factor.
//
// Conditions returns the values of condition keys in lower case that are the request's; it
// may be nil. Those of the caller, such as aws:SourceIp, are known here and go before.
func (s *Service) Authorize(ctx context.Context, c api.Caller, action, resource string, conditions func(key string) []string) error {
	d, err := s.Explain(ctx, c, action, resource, conditions)
	if err != nil || d.Allowed {
		return err
	}
	return d.Refusal(c, resource)
}

// Refusal is what a caller is told of a decision that does not allow, where resource is
// what AWS calls the one asked about.
func (d Decision) Refusal(c api.Caller, resource string) *api.Error {
	refused := api.NotAllowed.With(c.Principal, d.Action, resource)
	refused.Message += d.Because()
	return refused.Because(errors.New(d.String()))
}

// Explain returns the decision of Authorize. What sessions may not call is an
// [*api.Error] here too.
func (s *Service) Explain(ctx context.Context, c api.Caller, action, resource string, conditions func(key string) []string) (Decision, error) {
	if err := mayCall(c, action); err != nil {
		return Decision{}, err
	}
	return s.decide(ctx, c, action, resource, conditions)
}

// decide is Explain for what need not be a call.
func (s *Service) decide(ctx context.Context, c api.Caller, action, resource string, conditions func(key string) []string) (Decision, error) {
	if isRoot(c) {
		return Decision{true, iam.Decision{Allowed: true, Action: action, Resource: resource}}, nil
	}
	sub, err := view(ctx, s, func(tx Tx) (*subject, error) { return s.subject(tx, c) })
	if err != nil {
		return Decision{}, fmt.Errorf("read policies of %s: %w", c.Principal, err)
	}
	r := &iam.Request{Action: action, Resource: resource, Context: sub.context(conditions)}
	return Decision{Decision: iam.Evaluate(r, sub.policies)}, nil
}
