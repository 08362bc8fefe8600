package principal

import (
	"context"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// GetPolicyDecisions says what a user or a role of the caller's account may do, and why.
// Time, address and the like are those of the caller where the input has no others.
func (s *Service) GetPolicyDecisions(ctx context.Context, c api.Caller, in *api.GetPolicyDecisionsInput) (*api.GetPolicyDecisionsOutput, error) {
	if (in.UserName == "") == (in.RoleName == "") {
		return nil, api.DecisionNeedsOne.With()
	}
	sub, err := view(ctx, s, func(tx Tx) (*subject, error) { return s.imagined(tx, c, in) })
	if err != nil {
		return nil, err
	}
	given := make(map[string][]string, len(in.Context))
	for key, value := range in.Context {
		given[strings.ToLower(key)] = []string{value}
	}
	own := sub.context(nil)
	values := func(key string) []string {
		if v, ok := given[key]; ok {
			return v
		}
		return own(key)
	}
	resources := in.Resources
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	out := &api.GetPolicyDecisionsOutput{}
	for _, action := range in.Actions {
		for _, resource := range resources {
			d := iam.Evaluate(&iam.Request{Action: action, Resource: resource, Context: values}, sub.policies)
			out.Decisions = append(out.Decisions, api.PolicyDecision{
				Action: action, Resource: resource, Decision: outcome(d), Reason: d.String(),
			})
		}
	}
	return out, nil
}

// imagined returns the subject that would call: a user, or a session of a role.
func (s *Service) imagined(tx Tx, c api.Caller, in *api.GetPolicyDecisionsInput) (*subject, error) {
	who := c
	if in.UserName != "" {
		u, err := users.get(tx, c.Account, in.UserName)
		if isNotFound(err) {
			return nil, api.ResourceNotFound.With(iamARN(c.Account, "user/"+in.UserName))
		}
		if err != nil {
			return nil, err
		}
		who.Principal, who.ID, who.User, who.Session = u.ARN(), u.ID, u.Name, nil
		return s.subject(tx, who)
	}
	r, err := roles.get(tx, c.Account, in.RoleName)
	if isNotFound(err) {
		return nil, api.ResourceNotFound.With(iamARN(c.Account, "role/"+in.RoleName))
	}
	if err != nil {
		return nil, err
	}
	const name = "session"
	who.Principal, who.ID, who.User = sessionARN(r, name), sessionID(r, name), ""
	who.Session = &api.Session{Role: r.Name, Name: name, Issued: tx.Now()}
	return s.subject(tx, who)
}

func outcome(d iam.Decision) string {
	switch {
	case d.Allowed:
		return "allowed"
	case d.Denied:
		return "explicitDeny"
	}
	return "implicitDeny"
}
