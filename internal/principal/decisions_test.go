package principal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// decide returns the decisions as one line each.
func (w *world) decide(in *api.GetPolicyDecisionsInput) string {
	out, err := w.GetPolicyDecisions(w.Context(), owner, in)
	if err != nil {
		return answer(err)
	}
	var b strings.Builder
	for _, d := range out.Decisions {
		fmt.Fprintf(&b, "%s %s on %s: %s\n", d.Decision, d.Action, d.Resource, d.Reason)
	}
	return b.String()
}

func TestGetPolicyDecisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("backend", `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Own", "Effect": "Allow", "Action": "cognito-identity:*", "Resource": "arn:aws:s3:::mine"},
		{"Effect": "Deny", "Action": "cognito-identity:Delete*", "Resource": "*"},
		{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*", "Condition": {
			"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "StringEquals": {"aws:username": "backend"}}}]}`)
	w.role("app")
	w.check(w.putRolePolicy("app", "reads", `{"Version": "2012-10-17", "Statement": {
		"Effect": "Allow", "Action": "cognito-identity:List*", "Resource": "*", "Condition": {"StringLike": {"aws:userid": "AROA*:*"}}}}`))

	for _, tc := range []struct {
		name string
		in   api.GetPolicyDecisionsInput
		want string
	}{
		{"nobody", api.GetPolicyDecisionsInput{Actions: []string{"iam:GetUser"}},
			"InvalidParameterException: Please name one of RoleName and UserName."},
		{"two", api.GetPolicyDecisionsInput{UserName: "backend", RoleName: "app", Actions: []string{"iam:GetUser"}},
			"InvalidParameterException: Please name one of RoleName and UserName."},
		{"unknown user", api.GetPolicyDecisionsInput{UserName: "none", Actions: []string{"iam:GetUser"}},
			"ResourceNotFoundException: Resource 'arn:aws:iam::111122223333:user/none' not found."},
		{"unknown role", api.GetPolicyDecisionsInput{RoleName: "none", Actions: []string{"iam:GetUser"}},
			"ResourceNotFoundException: Resource 'arn:aws:iam::111122223333:role/none' not found."},
		{"each action on each resource", api.GetPolicyDecisionsInput{
			UserName: "backend", Actions: []string{"cognito-identity:GetId", "cognito-identity:DeleteIdentities"}, Resources: []string{"arn:aws:s3:::mine", "arn:aws:s3:::yours"},
		}, `allowed cognito-identity:GetId on arn:aws:s3:::mine: allowed by statement 1 (Sid Own) of the identity-based policy p0
implicitDeny cognito-identity:GetId on arn:aws:s3:::yours: no statement of 1 identity-based policy allows cognito-identity:GetId on arn:aws:s3:::yours
explicitDeny cognito-identity:DeleteIdentities on arn:aws:s3:::mine: denied by statement 2 of the identity-based policy p0
explicitDeny cognito-identity:DeleteIdentities on arn:aws:s3:::yours: denied by statement 2 of the identity-based policy p0
`},
		{"given context, and the user's own", api.GetPolicyDecisionsInput{
			UserName: "backend", Actions: []string{"iam:GetUser"}, Context: map[string]string{"AWS:sourceIP": "10.1.2.3"},
		}, "allowed iam:GetUser on *: allowed by statement 3 of the identity-based policy p0\n"},
		{"other context", api.GetPolicyDecisionsInput{
			UserName: "backend", Actions: []string{"iam:GetUser"}, Context: map[string]string{"aws:SourceIp": "11.1.2.3"},
		}, "implicitDeny iam:GetUser on *: no statement of 1 identity-based policy allows iam:GetUser on *\n"},
		{"role", api.GetPolicyDecisionsInput{RoleName: "app", Actions: []string{"cognito-identity:ListIdentityPools"}},
			"allowed cognito-identity:ListIdentityPools on *: allowed by statement 1 of the identity-based policy reads\n"},
	} {
		if diff := cmp.Diff(tc.want, w.decide(&tc.in)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}
