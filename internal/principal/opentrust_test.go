package principal_test

import (
	"context"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

var _ identity.Roles = (*principal.Service)(nil)

const anyPool = `"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`

// Attack 25: by setting, no trust policy lets in identities of any pool.
func TestRefuseOpenTrust(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, principal.Config{RefuseOpenTrust: true, Issuer: issuer})
	w.role("r")
	const what = "MalformedPolicyDocument: The trust policy of role r lets in identities of any identity pool: it has no condition such as StringEquals that asks cognito-identity.amazonaws.com:aud for the id of yours."
	update := func(document string) func() error { return func() error { return w.trust("r", document) } }
	own := "arn:aws:iam::111122223333:oidc-provider/id.example.com/x"
	w.refuses("UpdateAssumeRolePolicy",
		refusal{"no audience", update(lets(anyPool)), what, update(lets(documents))},
		refusal{"any audience", update(lets(`"StringLike": {"cognito-identity.amazonaws.com:aud": "*"}`)), what, update(lets(ofPool))},
		refusal{"everyone", update(admits("*", "")), what, update(admits("111122223333", ""))},
		refusal{"our issuer", update(letsWho(own, "")), what, update(letsWho(own, `"StringEquals": {"id.example.com/x:aud": "`+poolID+`"}`))},
		refusal{"our issuer, another's audience", update(letsWho(own, `"StringEquals": {"issuer.example:aud": "`+poolID+`"}`)), what, update(letsWho("arn:aws:iam::111122223333:oidc-provider/issuer.example", ""))},
	)
	create := func(name, document string) func() error {
		return func() error {
			return only(w.CreateRole(t.Context(), owner, &api.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: document}))
		}
	}
	w.refuses("CreateRole", refusal{"no audience", create("q", lets(anyPool)), strings.Replace(what, "role r", "role q", 1), create("q", lets(documents))})
}

// Without the setting, who makes or changes such a role is warned, once it is so.
func TestWarn_OpenTrust(t *testing.T) {
	t.Parallel()
	var warnings []string
	w := newWorldWith(t, principal.Config{Issuer: issuer, Warn: func(_ context.Context, warning string) { warnings = append(warnings, warning) }})
	for _, tc := range []struct {
		name string
		call func() error
		want int
	}{
		{"create, any pool", func() error {
			return only(w.CreateRole(t.Context(), owner, &api.CreateRoleInput{RoleName: "open", AssumeRolePolicyDocument: lets(anyPool)}))
		}, 1},
		{"create it again", func() error {
			return only(w.CreateRole(t.Context(), owner, &api.CreateRoleInput{RoleName: "open", AssumeRolePolicyDocument: lets(anyPool)}))
		}, 0},
		{"create, one pool", func() error {
			return only(w.CreateRole(t.Context(), owner, &api.CreateRoleInput{RoleName: "safe", AssumeRolePolicyDocument: lets(documents)}))
		}, 0},
		{"change, any pool", func() error { return w.trust("safe", lets(anyPool)) }, 1},
		{"change one that is not there", func() error { return w.trust("none", lets(anyPool)) }, 0},
		{"change back", func() error { return w.trust("safe", lets(documents)) }, 0},
	} {
		warnings = nil
		err := tc.call()
		if len(warnings) != tc.want || tc.want > 0 && (err != nil || !strings.HasPrefix(warnings[0], "The trust policy of role ")) {
			t.Errorf("%s: %v, and warnings %q", tc.name, err, warnings)
		}
	}
}

func TestTrustsPool(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, principal.Config{Issuer: issuer})
	arn := w.roleFor("r", lets(documents))
	warning := func(arn string) string {
		t.Helper()
		got, err := w.TrustsPool(t.Context(), owner.Account, arn, poolID)
		w.check(err)
		return got
	}
	if got := warning(arn); got != "" {
		t.Errorf("documented: got %q", got)
	}
	w.check(w.trust("r", lets(anyPool)))
	if got := warning(arn); !strings.HasPrefix(got, "The trust policy of role r lets in") {
		t.Errorf("no audience: got %q", got)
	}
	for _, none := range []string{arn + "q", "arn:aws:iam::444455556666:role/r", "r"} {
		if got := warning(none); got != "" {
			t.Errorf("%s: got %q", none, got)
		}
	}
}

// Attack 26: who sets the roles of a pool must be allowed to pass them.
func TestMayPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const arn = "arn:aws:iam::111122223333:role/team/r"
	for _, tc := range []struct {
		policy string
		want   bool
	}{
		{nothing, false},
		{document("Allow", "iam:PassRole", arn, ""), true},
		{document("Allow", "iam:PassRole", "arn:aws:iam::111122223333:role/team/*", ""), true},
		{document("Allow", "iam:PassRole", "arn:aws:iam::111122223333:role/q", ""), false},
		{document("Allow", "iam:GetRole", "*", ""), false},
		{document("Allow", "iam:PassRole", "*", `"StringEquals": {"iam:PassedToService": "cognito-identity.amazonaws.com"}`), true},
		{document("Allow", "iam:PassRole", "*", `"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}`), false},
		{document("Deny", "iam:PassRole", "*", ""), false},
	} {
		c := w.user("ann", tc.policy)
		err := w.MayPass(t.Context(), c, arn)
		if (err == nil) != tc.want || err != nil && answer(err) != "NotAuthorizedException: Access to Role '"+arn+"' is forbidden." {
			t.Errorf("%s: got %s, want allowed: %v", tc.policy, answer(err), tc.want)
		}
		// A session of the user is not stopped by what IAM's own calls are.
		_, s := w.ownSession(c)
		if err := w.MayPass(t.Context(), s, arn); (err == nil) != tc.want {
			t.Errorf("%s, in a session: got %s, want allowed: %v", tc.policy, answer(err), tc.want)
		}
		w.check(w.DeleteUserPolicy(t.Context(), owner, &api.DeleteUserPolicyInput{UserName: "ann", PolicyName: "p0"}))
		w.check(w.deleteUser("ann"))
	}
	w.check(w.MayPass(t.Context(), owner, arn))
	for _, not := range []string{strings.Replace(arn, "111122223333", stranger.Account, 1), "arn:aws:iam::111122223333:user/r"} {
		if got := answer(w.MayPass(t.Context(), owner, not)); got != "NotAuthorizedException: Access to Role '"+not+"' is forbidden." {
			t.Errorf("%s by root: got %s", not, got)
		}
	}
}
