package identity

import (
	"cmp"
	"context"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
)

// ExplainLogin decides a public call of a pool of the caller's as the call itself would be
// decided, by the same code, and tells the steps. Providers are asked, and nothing is stored
// or issued; what an upstream of the role would say is not asked.
func (s *Service) ExplainLogin(ctx context.Context, c Caller, in *api.ExplainLoginInput) (*api.ExplainLoginOutput, error) {
	op := cmp.Or(in.Operation, "GetCredentialsForIdentity")
	if in.Operation == "" && in.IdentityId == "" {
		op = "GetId"
	}
	switch {
	case op == "GetId" && in.IdentityId != "":
		return nil, api.ExplainOfPool.With()
	case op != "GetId" && in.IdentityId == "":
		return nil, api.ExplainOfIdentity.With(op)
	}
	err := s.store.View(ctx, func(tx Tx) error {
		p, err := s.pool(tx, c, in.IdentityPoolId)
		if err == nil && in.IdentityId != "" {
			_, err = s.identityIn(tx, p, in.IdentityId)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	r := new(explain.Record)
	e, err := r.Explanation(s.rehearse(explain.Into(ctx, r), r, op, in, Caller{SourceIP: c.SourceIP, Secure: c.Secure, Now: c.Now}))
	if err != nil {
		return nil, fmt.Errorf("explain %s: %w", op, err)
	}
	return &api.ExplainLoginOutput{Explanation: e}, nil
}

// rehearse is the call up to where it would store or issue something.
func (s *Service) rehearse(ctx context.Context, t *explain.Record, op string, in *api.ExplainLoginInput, c Caller) error {
	look := func(ctx context.Context, resolve func(Tx) (link, error), _ func(id string) any) (link, error) {
		return view(ctx, s, resolve)
	}
	switch op {
	case "GetId":
		t.Plan("identity pool")
		planLogins(t, in.Logins, "guests")
		call := &api.GetIdInput{IdentityPoolId: in.IdentityPoolId, Logins: in.Logins}
		if len(in.Logins) == 0 {
			_, err := view(ctx, s, func(tx Tx) (*Pool, error) { return s.enterPool(ctx, tx, c, call) })
			return err
		}
		resolve, err := s.resolveForID(ctx, c, call)
		if err == nil {
			_, err = look(ctx, resolve, nil)
		}
		return err
	case "GetOpenIdToken":
		t.Plan("identity id", "flow")
		planLogins(t, in.Logins, "state", "guests")
		_, err := s.useForToken(ctx, c, &api.GetOpenIdTokenInput{IdentityId: in.IdentityId, Logins: in.Logins}, look)
		return err
	}
	if _, own := in.Logins[cognitoLogin]; own && len(in.Logins) == 1 {
		t.About(cognitoLogin)
		t.Plan("token")
		t.About("")
		t.Plan("identity id", "state")
	} else {
		t.Plan("identity id", "flow")
		planLogins(t, in.Logins, "state", "guests")
	}
	t.Plan("role choice")
	t.Plan(explain.TakeRole...)
	whom, err := s.useForCredentials(ctx, c, &api.GetCredentialsForIdentityInput{
		IdentityId: in.IdentityId, Logins: in.Logins, CustomRoleArn: in.CustomRoleArn,
	}, look)
	if err == nil {
		err = s.credentials.MayHave(ctx, *whom)
	}
	return err
}

// planLogins plans the steps about logins: whether the pool has their providers, what is
// between, their tokens, and whose they are.
func planLogins(t *explain.Record, logins map[string]api.Secret, between ...string) {
	each := func(step string) {
		for _, name := range sortedKeys(logins) {
			t.About(name)
			t.Plan(step)
		}
		t.About("")
	}
	each("provider")
	t.Plan(between...)
	each("token")
	if len(logins) > 0 {
		t.Plan("identity")
	}
}
