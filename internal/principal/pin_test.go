package principal_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// trustShown is the trust policy of a role as GetRole shows it.
func (w *world) trustShown(name string) string {
	w.Helper()
	role, err := w.getRole(name)
	w.check(err)
	text, err := url.QueryUnescape(role.AssumeRolePolicyDocument)
	w.check(err)
	return text
}

// A trust policy means whom it named when it was saved: nobody else who gets the name.
func TestTrust_PinsUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, ben := w.user("ann"), w.user("ben")
	document := `{"Statement": {"Effect": "Allow", "Principal": {"AWS": ["` + ann.Principal + `", "` + ben.Principal + `"]}, "Action": "sts:*",
		"Condition": {"StringNotEquals": {"aws:PrincipalArn": "` + ann.Principal + `x"}}}}`
	arn := w.roleFor("r", document)
	theirs := w.roleOf(stranger, "r", document)
	may := func(name string, c api.Caller, arn string, want bool) {
		t.Helper()
		if err := only(w.assume(c, arn, nil)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	shows := func(name, want string) {
		t.Helper()
		if got := w.trustShown("r"); got != want {
			t.Errorf("%s: shown as %s\nwant %s", name, got, want)
		}
	}
	may("ann", ann, arn, true)
	shows("as saved", document)

	w.check(w.deleteUser("ann"))
	shows("ann is gone", strings.Replace(document, `"`+ann.Principal+`"`, `"`+ann.ID+`"`, 1))
	second := w.user("ann")
	may("another ann", second, arn, false)
	w.check(w.putUserPolicy("ann", "all", `{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}`))
	may("another ann, whose policies allow it", second, arn, false)
	may("another ann, in another account", second, theirs, false)
	may("ben", ben, arn, true)
	shows("another ann is there", strings.Replace(document, `"`+ann.Principal+`"`, `"`+ann.ID+`"`, 1))

	// Who is renamed is still the same.
	w.check(w.rename("ben", "benjamin", ""))
	benjamin := ben
	benjamin.Principal, benjamin.User = ben.Principal+"jamin", "benjamin"
	may("ben by another name", benjamin, arn, true)
	shows("ben has another name", strings.NewReplacer(`"`+ann.Principal+`"`, `"`+ann.ID+`"`, ben.Principal, benjamin.Principal).Replace(document))
	may("another ben", w.user("ben"), arn, false)

	// Saved anew, it means those who have the names now.
	w.check(w.trust("r", document))
	may("another ann, after it was saved anew", second, arn, true)
	may("ben by another name, after it was saved anew", benjamin, arn, false)
	shows("saved anew", document)
	w.check(w.trust("r", strings.Replace(document, ann.Principal+`"`, owner.Account+`"`, 1)))
	shows("without her name", strings.Replace(document, ann.Principal+`"`, owner.Account+`"`, 1))

	// Whom nobody knows yet can not be pinned.
	early := w.roleFor("early", admits("arn:aws:iam::111122223333:user/carl", ""))
	carl := w.user("carl")
	may("carl, who came later", carl, early, true)
	w.check(w.trust("early", admits(carl.Principal, "")))
	may("carl", carl, early, true)
	w.check(w.deleteUser("carl"))
	may("another carl", w.user("carl"), early, false)
	// An id is no name to save.
	w.refuses("UpdateAssumeRolePolicy", refusal{"an id", func() error { return w.trust("early", admits(carl.ID, "")) },
		"MalformedPolicyDocument: Syntax errors in policy: at /Statement/Principal/AWS: the principal \"" + carl.ID + "\" is neither an account nor an ARN.",
		func() error { return w.trust("early", admits(carl.Principal, "")) }})
}

func TestTrust_PinsRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	first := w.roleFor("first", admits(ann.Principal, ""))
	second := w.roleFor("second", admits(first, ""))
	denied := w.roleFor("denied", `{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}, {"Effect": "Deny", "NotPrincipal": {"AWS": ["`+first+`", "arn:aws:sts::111122223333:assumed-role/first/session"]}, "Action": "sts:*"}]}`)
	c := w.session(ann, first, nil)
	for _, arn := range []string{second, denied} {
		w.check(only(w.assume(c, arn, nil)))
	}
	if got, want := w.trustShown("second"), admits(first, ""); got != want {
		t.Errorf("shown as %s, want %s", got, want)
	}
	id, _, _ := strings.Cut(c.ID, ":")
	w.check(w.DeleteRole(t.Context(), owner, &api.DeleteRoleInput{RoleName: "first"}))
	if got, want := w.trustShown("second"), admits(id, ""); got != want {
		t.Errorf("the role is gone: shown as %s, want %s", got, want)
	}
	w.roleFor("first", admits(ann.Principal, ""))
	again := w.session(ann, first, nil)
	for _, arn := range []string{second, denied} {
		if got, want := answer(only(w.assume(again, arn, nil))), notAllowed(again, assumeAction, arn); got != want {
			t.Errorf("another role of the name: got %s, want %s", got, want)
		}
	}
	w.check(w.trust("second", admits(first, "")))
	w.check(only(w.assume(again, second, nil)))
	list, err := w.ListRoles(t.Context(), owner, &api.ListRolesInput{})
	w.check(err)
	for _, r := range list.Roles {
		if r.RoleName == "denied" && !strings.Contains(r.AssumeRolePolicyDocument, id) {
			t.Errorf("listed as %s", r.AssumeRolePolicyDocument)
		}
	}
}
