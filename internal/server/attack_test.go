package server_test

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/server"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// A wire is a site that is spoken to from outside only.
type wire struct {
	*testing.T
	*site
	address string
	// pool gives the roles authenticated and guest to its identities; both may list
	// identities and IAM's users.
	pool string
}

func newWire(t *testing.T, c change) *wire {
	t.Helper()
	w := &wire{T: t, site: newSite(t, c)}
	w.address = w.listen(t)
	w.registerProvider(t)
	w.pool = w.newPool("root", account)
	w.newRole("authenticated", poolTrust(w.pool, "authenticated"))
	w.newRole("guest", poolTrust(w.pool, "unauthenticated"))
	w.ok("root", "SetIdentityPoolRoles", `{"IdentityPoolId":"%s","Roles":{"authenticated":"%s","unauthenticated":"%s"}}`, w.pool, roleARN("authenticated"), roleARN("guest"))
	return w
}

func roleARN(name string) string { return "arn:aws:iam::" + account + ":role/" + name }

// poolTrust is the documented trust policy, for identities of one kind.
func poolTrust(pool, amr string) string {
	return strings.Replace(trustOf(pool), `"authenticated"`, `"`+amr+`"`, 1)
}

// call calls an operation, signed unless who is empty.
func (w *wire) call(who, operation, format string, args ...any) *answer {
	w.Helper()
	for _, service := range public {
		if service.Operation(operation) == nil {
			continue
		}
		r := callOf(service, operation, fmt.Sprintf(format, args...))
		if who != "" {
			w.signingFor(service, who).sign(w.T, r)
		}
		return send(w.T, w.address, r)
	}
	w.Fatalf("there is no operation %s", operation)
	return nil
}

// ok is call, which must succeed.
func (w *wire) ok(who, operation, format string, args ...any) *answer {
	w.Helper()
	a := w.call(who, operation, format, args...)
	if a.status != 200 {
		w.Fatalf("%s by %q: %d %s", operation, who, a.status, a.body)
	}
	return a
}

func (w *wire) text(a *answer, path string) string {
	w.Helper()
	text, _ := find(w.T, path, a, path).(string)
	return text
}

// check wants an outcome: success, or a code.
func (w *wire) check(name string, a *answer, want string) {
	w.Helper()
	got := "success"
	if a.status != 200 {
		got, _ = refusal(w.T, a)
	}
	if got != want {
		w.Errorf("%s: got %s, want %s: %s", name, got, want, a.body)
	}
}

func (w *wire) newPool(who, account string) string {
	w.Helper()
	return w.text(w.ok(who, "CreateIdentityPool", `{"IdentityPoolName":"p","AllowUnauthenticatedIdentities":true,"AllowClassicFlow":true,"DeveloperProviderName":"login.example","OpenIdConnectProviderARNs":["arn:aws:iam::%s:oidc-provider/op.example"]}`, account), "IdentityPoolId")
}

func (w *wire) newRole(name, trust string) {
	w.Helper()
	w.ok("root", "CreateRole", "RoleName=%s&AssumeRolePolicyDocument=%s", name, url.QueryEscape(trust))
	w.ok("root", "PutRolePolicy", "RoleName=%s&PolicyName=p&PolicyDocument=%s", name, url.QueryEscape(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["cognito-identity:ListIdentities","iam:ListUsers"],"Resource":"*"}}`))
}

// user returns the identity of a developer user and a token of it.
func (w *wire) user(who, pool, name string) (id, token string) {
	w.Helper()
	a := w.ok(who, "GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":"%s","TokenDuration":3600,"Logins":{"login.example":"%s"}}`, pool, name)
	return w.text(a, "IdentityId"), w.text(a, "Token")
}

func (w *wire) guest(pool string) string {
	w.Helper()
	return w.text(w.ok("", "GetId", `{"IdentityPoolId":"%s"}`, pool), "IdentityId")
}

// exchange exchanges a token for credentials of a role.
func (w *wire) exchange(role, token string) *answer {
	w.Helper()
	e := w.call("root", "ExplainWebIdentity", `{"RoleArn":"%s","RoleSessionName":"session","WebIdentityToken":"%s"}`, roleARN(role), token)
	a := w.call("", "AssumeRoleWithWebIdentity", "RoleArn=%s&RoleSessionName=session&WebIdentityToken=%s", roleARN(role), token)
	w.foretold(e, a)
	return a
}

// foretold checks that an explanation, where root may have one, says how the call ends.
func (w *wire) foretold(explanation, a *answer) {
	w.Helper()
	if explanation.status != 200 {
		w.check("explanation", explanation, "ResourceNotFoundException") // of what is not root's
		return
	}
	accepted, _ := find(w.T, "explanation", explanation, "Explanation.Accepted").(bool)
	if accepted != (a.status == 200) {
		w.Errorf("explained as %s, and answered %s", explanation.body, a.body)
	}
	if a.status != 200 {
		code, message := refusal(w.T, a)
		if code != w.text(explanation, "Explanation.Code") || message != w.text(explanation, "Explanation.Message") {
			w.Errorf("explained as %s, and answered %s", explanation.body, a.body)
		}
	}
}

// credentials asks for an identity's; a login is of op.example, or a token of the pool.
func (w *wire) credentials(id, provider, token, more string) *answer {
	w.Helper()
	logins := ""
	if provider != "" {
		logins = fmt.Sprintf(`,"Logins":{"%s":"%s"}`, provider, token)
	}
	e := w.call("root", "ExplainLogin", `{"IdentityPoolId":"%s","IdentityId":"%s"%s%s}`, w.pool, id, logins, more)
	a := w.call("", "GetCredentialsForIdentity", `{"IdentityId":"%s"%s%s}`, id, logins, more)
	w.foretold(e, a)
	return a
}

// signs lets somebody sign with the credentials of an answer.
func (w *wire) signs(who string, a *answer) sigv4.Credentials {
	w.Helper()
	if a.status != 200 {
		w.Fatalf("no credentials: %s", a.body)
	}
	if a.get("Content-Type") == mediaXML {
		w.who[who] = sigv4.Credentials{AccessKeyID: w.text(a, "AccessKeyId"), SecretAccessKey: w.text(a, "SecretAccessKey"), SessionToken: w.text(a, "SessionToken")}
	} else {
		w.who[who] = sigv4.Credentials{AccessKeyID: w.text(a, "Credentials.AccessKeyId"), SecretAccessKey: w.text(a, "Credentials.SecretKey"), SessionToken: w.text(a, "Credentials.SessionToken")}
	}
	return w.who[who]
}

func (w *wire) lists(who string) *answer {
	w.Helper()
	return w.call(who, "ListIdentities", `{"IdentityPoolId":"%s","MaxResults":1}`, w.pool)
}

const ours = "cognito-identity.amazonaws.com"

// A token of one pool is none of another pool, nor a login of it; not even within one account.
func TestAttack14_OwnTokenElsewhere(t *testing.T) {
	t.Parallel()
	w := newWire(t, change{})
	alice, token := w.user("root", w.pool, "alice")
	first := w.pool
	w.pool = w.newPool("root", account)
	w.newRole("second", poolTrust(w.pool, "authenticated"))
	w.ok("root", "SetIdentityPoolRoles", `{"IdentityPoolId":"%s","Roles":{"authenticated":"%s"}}`, w.pool, roleARN("second"))
	there, own := w.user("root", w.pool, "alice")
	getID := func(provider, token string) *answer {
		return w.call("", "GetId", `{"IdentityPoolId":"%s","Logins":{"%s":"%s"}}`, w.pool, provider, token)
	}
	w.check("as a login, by our name", getID(ours, token), "NotAuthorizedException")
	w.check("as a login of a provider", getID("op.example", token), "NotAuthorizedException")
	w.check("a login of the provider", getID("op.example", w.provider.token(t, nil)), "success")
	w.check("for the identity there", w.credentials(there, ours, token, ""), "NotAuthorizedException")
	w.check("the other pool's role", w.exchange("second", token), "AccessDenied")
	w.check("its own token there", w.credentials(there, ours, own, ""), "success")
	w.check("its own token, the role", w.exchange("second", own), "success")
	w.pool = first
	w.check("the token where it is of", w.credentials(alice, ours, token, ""), "success")
	w.check("the token, its role", w.exchange("authenticated", token), "success")
}

// Of several logins one that is bad spoils the call, and nothing of it is linked.
func TestAttack15_OneOfTwo(t *testing.T) {
	t.Parallel()
	w := newWire(t, change{})
	w.ok("root", "CreateOpenIDConnectProvider", "Url=https://op.example/second&ClientIDList.member.1=client-one")
	w.ok("root", "UpdateIdentityPool", `{"IdentityPoolId":"%[1]s","IdentityPoolName":"p","AllowUnauthenticatedIdentities":true,"AllowClassicFlow":true,"OpenIdConnectProviderARNs":["arn:aws:iam::%[2]s:oidc-provider/op.example","arn:aws:iam::%[2]s:oidc-provider/op.example/second"]}`, w.pool, account)
	first := func(sub string) string { return w.provider.token(t, map[string]any{"sub": sub}) }
	second := func(sub string) string {
		return w.provider.token(t, map[string]any{"sub": sub, "iss": "https://op.example/second"})
	}
	getID := func(a, b string) *answer {
		return w.call("", "GetId", `{"IdentityPoolId":"%s","Logins":{"op.example":"%s","op.example/second":"%s"}}`, w.pool, a, b)
	}
	link := func(id, a, b string) *answer {
		return w.call("", "GetOpenIdToken", `{"IdentityId":"%s","Logins":{"op.example":"%s","op.example/second":"%s"}}`, id, a, b)
	}
	count := func() int {
		list, _ := find(t, "Identities", w.ok("root", "ListIdentities", `{"IdentityPoolId":"%s","MaxResults":60}`, w.pool), "Identities").([]any)
		return len(list)
	}
	forged := second("ann")
	forged = forged[:len(forged)-8] + "AAAAAAAA"
	guest := w.guest(w.pool)
	before := count()
	if before == 0 {
		t.Fatal("the guest is not listed")
	}
	for name, bad := range map[string]string{"forged": forged, "of the first provider": first("ann"), "nonsense": "x"} {
		w.check(name, getID(first("ann"), bad), "NotAuthorizedException")
		w.check(name+", for a guest", link(guest, first("ann"), bad), "NotAuthorizedException")
	}
	w.check("exchanged", getID(second("ann"), first("ann")), "NotAuthorizedException")
	if got := count(); got != before {
		t.Errorf("refused calls have made %d identities", got-before)
	}
	w.check("the guest is one still", w.credentials(guest, "", "", ""), "success")
	// The twin: both good, on the guest, which they both know from then on.
	w.check("both good", link(guest, first("ann"), second("ann")), "success")
	for provider, token := range map[string]string{"op.example": first("ann"), "op.example/second": second("ann")} {
		a := w.ok("", "GetId", `{"IdentityPoolId":"%s","Logins":{"%s":"%s"}}`, w.pool, provider, token)
		if got := w.text(a, "IdentityId"); got != guest {
			t.Errorf("%s leads to %s, want %s", provider, got, guest)
		}
	}
}

// Subjects that look alike are other users, and each keeps its identity.
func TestAttack16_SubjectsStayApart(t *testing.T) {
	t.Parallel()
	w := newWire(t, change{})
	getID := func(sub string) *answer {
		return w.call("", "GetId", `{"IdentityPoolId":"%s","Logins":{"op.example":"%s"}}`, w.pool, w.provider.token(t, map[string]any{"sub": sub}))
	}
	of := map[string]string{}
	for _, sub := range []string{"ann", "Ann", "ann ", " ann", "\u00e1nn", "a\u0301nn", "\u0430nn", "ann\u200b", "\ufb01", "fi", "K", "\u212a", "1", "01"} {
		id := w.text(getID(sub), "IdentityId")
		if other, taken := of[id]; taken || id == "" {
			t.Errorf("%q has the identity of %q", sub, other)
		}
		of[id] = sub
		if again := w.text(getID(sub), "IdentityId"); again != id {
			t.Errorf("%q: first %s, then %s", sub, id, again)
		}
	}
	for name, claims := range map[string]map[string]any{"a number": {"sub": 1}, "empty": {"sub": ""}, "NUL": {"sub": "a\x00"}, "none": {"sub": nil}} {
		a := w.call("", "GetId", `{"IdentityPoolId":"%s","Logins":{"op.example":"%s"}}`, w.pool, w.provider.token(t, claims))
		w.check(name, a, "NotAuthorizedException")
	}
}

// A role is for those whom its trust policy names; where that asks for no audience, which lets
// in identities of any pool, the setting refuses it.
func TestAttack25_RoleTrust(t *testing.T) {
	t.Parallel()
	w := newWire(t, change{})
	theirs := w.newPool("other", otherAccount)
	_, alice := w.user("root", w.pool, "alice")
	_, mallory := w.user("other", theirs, "alice")
	guest := w.text(w.ok("", "GetOpenIdToken", `{"IdentityId":"%s"}`, w.guest(w.pool)), "Token")
	theirGuest := w.text(w.ok("", "GetOpenIdToken", `{"IdentityId":"%s"}`, w.guest(theirs)), "Token")
	for _, c := range []struct{ role, name, token, want string }{
		{"authenticated", "user", alice, "success"},
		{"authenticated", "guest", guest, "AccessDenied"},
		{"authenticated", "user of another account's pool", mallory, "AccessDenied"},
		{"authenticated", "guest of another account's pool", theirGuest, "AccessDenied"},
		{"authenticated", "login token of a provider", w.provider.token(t, map[string]any{"aud": "client-one", "amr": []string{"authenticated"}}), "AccessDenied"},
		{"guest", "guest", guest, "success"},
		{"guest", "user", alice, "AccessDenied"},
		{"guest", "guest of another account's pool", theirGuest, "AccessDenied"},
	} {
		w.check(c.name+" on "+c.role, w.exchange(c.role, c.token), c.want)
	}

	strict := newWire(t, change{
		principal: func(c *principal.Config) { c.RefuseOpenTrust = true },
		identity:  func(c *identity.Config) { c.RefuseUnsafeTrust = true },
	})
	const open = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"}}`
	for trust, want := range map[string]string{open: "MalformedPolicyDocument", poolTrust(strict.pool, "authenticated"): "success"} {
		strict.check("create a role", strict.call("root", "CreateRole", "RoleName=r&AssumeRolePolicyDocument=%s", url.QueryEscape(trust)), want)
		strict.check("change one", strict.call("root", "UpdateAssumeRolePolicy", "RoleName=guest&PolicyDocument=%s", url.QueryEscape(trust)), want)
	}
	warned := newWire(t, change{
		principal: func(c *principal.Config) { c.Warn = server.Warn },
		identity:  func(c *identity.Config) { c.Warn = server.Warn },
	})
	for role, trust := range map[string]string{"warned": open, "quiet": poolTrust(warned.pool, "authenticated")} {
		for what, a := range map[string]*answer{
			"create": warned.ok("root", "CreateRole", "RoleName=%s&AssumeRolePolicyDocument=%s", role, url.QueryEscape(trust)),
			"change": warned.ok("root", "UpdateAssumeRolePolicy", "RoleName=%s&PolicyDocument=%s", role, url.QueryEscape(trust)),
			"give":   warned.ok("root", "SetIdentityPoolRoles", `{"IdentityPoolId":"%s","Roles":{"authenticated":"%s"}}`, warned.pool, roleARN(role)),
		} {
			if got := a.get("X-Poolkeeper-Warning"); (got == "") != (role == "quiet") || got != "" && !strings.Contains(got, "lets in identities of any identity pool") {
				t.Errorf("%s the role %s: warning %q", what, role, got)
			}
		}
	}
	lenient := newWire(t, change{identity: func(c *identity.Config) { c.RefuseUnsafeTrust = true }})
	lenient.newRole("open", open)
	for role, want := range map[string]string{"open": "InvalidParameterException", "authenticated": "success"} {
		lenient.check("give the role "+role, lenient.call("root", "SetIdentityPoolRoles", `{"IdentityPoolId":"%s","Roles":{"authenticated":"%s"}}`, lenient.pool, roleARN(role)), want)
	}
}

// Guests of the enhanced flow stay within what is for guests; who closes the classic flow has
// it closed; and a role is given and taken by those only who may.
func TestAttack26_RoleEscape(t *testing.T) {
	t.Parallel()
	w := newWire(t, change{})
	alice, token := w.user("root", w.pool, "alice")
	guest := w.guest(w.pool)
	w.signs("alice", w.credentials(alice, ours, token, ""))
	w.signs("a guest", w.credentials(guest, "", "", ""))
	for who, want := range map[string]string{"alice": "success", "a guest": "AccessDenied"} {
		w.check("IAM by "+who, w.call(who, "ListUsers", ""), want)
		w.check("identities by "+who, w.lists(who), "success")
	}

	for custom, want := range map[string]string{"guest": "NotAuthorizedException", "none": "NotAuthorizedException", "authenticated": "success"} {
		w.check("ask for "+custom, w.credentials(alice, ours, token, `,"CustomRoleArn":"`+roleARN(custom)+`"`), want)
	}

	set := func(who, role string) *answer {
		return w.call(who, "SetIdentityPoolRoles", `{"IdentityPoolId":"%s","Roles":{"authenticated":"%s","unauthenticated":"%s"}}`, w.pool, role, roleARN("guest"))
	}
	const sets = `{"Effect":"Allow","Action":"cognito-identity:SetIdentityPoolRoles","Resource":"*"}`
	w.newUser(t, account, "setter", sets)
	w.newUser(t, account, "passer", sets, `{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}`)
	w.check("without iam:PassRole", set("setter", roleARN("authenticated")), "NotAuthorizedException")
	w.check("a role of another account", set("passer", "arn:aws:iam::"+otherAccount+":role/authenticated"), "NotAuthorizedException")
	w.check("with iam:PassRole", set("passer", roleARN("authenticated")), "success")

	for setting, want := range map[string]string{`,"AllowClassicFlow":false`: "InvalidParameterException", `,"AllowClassicFlow":true`: "success"} {
		w.ok("root", "UpdateIdentityPool", `{"IdentityPoolId":"%s","IdentityPoolName":"p","AllowUnauthenticatedIdentities":true,"DeveloperProviderName":"login.example"%s}`, w.pool, setting)
		w.check("classic flow"+setting, w.call("", "GetOpenIdToken", `{"IdentityId":"%s"}`, guest), want)
	}
}

// Nobody gets a token of a user but who signs for the pool, and no user is moved silently.
func TestAttack27_DeveloperHijack(t *testing.T) {
	t.Parallel()
	w := newWire(t, change{})
	alice, _ := w.user("root", w.pool, "alice")
	w.user("root", w.pool, "bob")
	second, theirs := w.newPool("root", account), w.newPool("other", otherAccount)
	gone := w.guest(w.pool)
	w.ok("root", "DeleteIdentities", `{"IdentityIdsToDelete":["%s"]}`, gone)
	w.newUser(t, account, "lister", `{"Effect":"Allow","Action":"cognito-identity:List*","Resource":"*"}`)
	token := func(who, pool, id, user string) *answer {
		return w.call(who, "GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":"%s","IdentityId":"%s","Logins":{"login.example":"%s"}}`, pool, id, user)
	}
	for _, c := range []struct{ name, who, pool, id, user, want string }{
		{"the backend", "root", w.pool, alice, "alice", "success"},
		{"nobody", "", w.pool, alice, "alice", "MissingAuthenticationTokenException"},
		{"who has not the secret", "liar", w.pool, alice, "alice", "InvalidSignatureException"},
		{"who may not", "lister", w.pool, alice, "alice", "AccessDeniedException"},
		{"another account", "other", w.pool, alice, "alice", "ResourceNotFoundException"},
		{"another account, by its own pool", "other", theirs, alice, "alice", "ResourceNotFoundException"},
		{"by another pool", "root", second, alice, "alice", "ResourceNotFoundException"},
		{"alice's identity and bob", "root", w.pool, alice, "bob", "DeveloperUserAlreadyRegisteredException"},
		{"an identity that was deleted", "root", w.pool, gone, "carl", "ResourceNotFoundException"},
		{"alice's identity and somebody new, without alice", "root", w.pool, alice, "dora", "NotAuthorizedException"},
		{"a guest and somebody new", "root", w.pool, w.guest(w.pool), "dora", "success"},
	} {
		w.check(c.name, token(c.who, c.pool, c.id, c.user), c.want)
	}
	if id, _ := w.user("root", w.pool, "bob"); id == alice {
		t.Error("bob has been moved to alice's identity")
	}

	// A hundred at once want one new user, each for a guest of its own.
	const crowd = 100
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[string]int{}
	for range crowd {
		wg.Go(func() {
			id := w.guest(w.pool)
			a := token("root", w.pool, id, "contested")
			mu.Lock()
			defer mu.Unlock()
			if a.status == 200 {
				got[id]++
			} else if code, _ := refusal(t, a); code != "DeveloperUserAlreadyRegisteredException" {
				t.Errorf("got %s", a.body)
			}
		})
	}
	wg.Wait()
	if id, _ := w.user("root", w.pool, "contested"); len(got) != 1 || got[id] != 1 {
		t.Errorf("the user belongs to %s, and these were told so: %v", id, got)
	}
}

// Who knows the id of a guest is the guest, until there is a login; then only the login counts.
func TestAttack28_GuestTakeover(t *testing.T) {
	t.Parallel()
	w := newWire(t, change{})
	login := func(sub string) string { return w.provider.token(t, map[string]any{"sub": sub}) }
	link := func(id, sub string) *answer {
		return w.call("", "GetOpenIdToken", `{"IdentityId":"%s","Logins":{"op.example":"%s"}}`, id, login(sub))
	}
	guest, disabled := w.guest(w.pool), w.guest(w.pool)
	w.check("ann makes the guest hers", link(guest, "ann"), "success")
	w.check("mallory, who knows the id", link(guest, "mallory"), "NotAuthorizedException")
	w.check("mallory's credentials", w.credentials(guest, "op.example", login("mallory"), ""), "NotAuthorizedException")
	w.check("as a guest", w.credentials(guest, "", "", ""), "NotAuthorizedException")
	w.check("ann", w.credentials(guest, "op.example", login("ann"), ""), "success")
	w.ok("root", "DisableIdentity", `{"IdentityPoolId":"%s","IdentityId":"%s"}`, w.pool, disabled)
	w.check("a disabled guest", w.credentials(disabled, "", "", ""), "NotAuthorizedException")
	w.check("a disabled guest, with a login", link(disabled, "ben"), "NotAuthorizedException")
	w.ok("root", "EnableIdentity", `{"IdentityPoolId":"%s","IdentityId":"%s"}`, w.pool, disabled)
	w.check("the guest when enabled", link(disabled, "ben"), "success")

	pool := w.newPool("root", account)
	w.newRole("of-guests", poolTrust(pool, "unauthenticated"))
	token := w.text(w.ok("", "GetOpenIdToken", `{"IdentityId":"%s"}`, w.guest(pool)), "Token")
	w.check("a guest's token", w.exchange("of-guests", token), "success")
	w.ok("root", "UpdateIdentityPool", `{"IdentityPoolId":"%s","IdentityPoolName":"p","AllowUnauthenticatedIdentities":false}`, pool)
	w.check("a guest's token when the pool has none any more", w.exchange("of-guests", token), "AccessDenied")
}

// Nothing lasts longer than the description and the role say.
func TestAttack30_Durations(t *testing.T) {
	t.Parallel()
	w := newWire(t, change{})
	_, token := w.user("root", w.pool, "alice")
	for seconds, want := range map[string]string{
		"0": "ValidationException", "-1": "ValidationException", "86401": "ValidationException", "9223372036854775807": "ValidationException",
		"1": "success", "86400": "success",
	} {
		w.check("TokenDuration "+seconds, w.call("root", "GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":"%s","TokenDuration":%s,"Logins":{"login.example":"alice"}}`, w.pool, seconds), want)
	}
	policy := func(length int) string {
		const text = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
		return "&Policy=" + url.QueryEscape(text+strings.Repeat(" ", length-len(text)))
	}
	assume := func(name, token, more string) *answer {
		return w.call("", "AssumeRoleWithWebIdentity", "RoleArn=%s&RoleSessionName=%s&WebIdentityToken=%s%s", roleARN("authenticated"), name, token, more)
	}
	for more, want := range map[string]string{
		"&DurationSeconds=0": "ValidationError", "&DurationSeconds=-1": "ValidationError", "&DurationSeconds=899": "ValidationError",
		"&DurationSeconds=3601": "ValidationError", "&DurationSeconds=43200": "ValidationError", "&DurationSeconds=43201": "ValidationError",
		"&DurationSeconds=900": "success", "&DurationSeconds=3600": "success",
		policy(2049): "ValidationError", policy(2048): "success",
	} {
		w.check(more[:min(40, len(more))], assume("session", token, more), want)
	}
	w.ok("root", "UpdateRole", "RoleName=authenticated&MaxSessionDuration=43200")
	w.check("a role for twelve hours", assume("session", token, "&DurationSeconds=43200"), "success")
	w.check("and a second", assume("session", token, "&DurationSeconds=43201"), "ValidationError")
	for length, want := range map[int]string{1: "ValidationError", 2: "success", 64: "success", 65: "ValidationError"} {
		w.check("session name of "+strconv.Itoa(length), assume(strings.Repeat("n", length), token, ""), want)
	}
	for length, want := range map[int]string{3: "ValidationError", 4: "InvalidIdentityToken", 20000: "InvalidIdentityToken", 20001: "ValidationError"} {
		w.check("token of "+strconv.Itoa(length), assume("session", strings.Repeat("t", length), ""), want)
	}

	// An identity pool gives an hour, whatever the role allows.
	alice, token := w.user("root", w.pool, "alice")
	w.signs("alice", w.credentials(alice, ours, token, ""))
	w.clock.advance(time.Hour - time.Second)
	w.check("nearly an hour later", w.lists("alice"), "success")
	w.clock.advance(time.Second)
	w.check("an hour later", w.lists("alice"), "ExpiredTokenException")
}

// A session token is taken as it was issued, with its own key, and not otherwise.
func TestAttack31_SessionForgery(t *testing.T) {
	t.Parallel()
	w := newWire(t, change{})
	alice, token := w.user("root", w.pool, "alice")
	bob, bobs := w.user("root", w.pool, "bob")
	a, b := w.signs("alice", w.credentials(alice, ours, token, "")), w.signs("bob", w.credentials(bob, ours, bobs, ""))
	half := len(a.SessionToken) / 2
	forged := map[string]sigv4.Credentials{
		"without the token":      {AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey},
		"another's token":        {AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey, SessionToken: b.SessionToken},
		"another's id":           {AccessKeyID: b.AccessKeyID, SecretAccessKey: a.SecretAccessKey, SessionToken: a.SessionToken},
		"cut short":              {AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey, SessionToken: a.SessionToken[:half]},
		"spliced":                {AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey, SessionToken: a.SessionToken[:half] + b.SessionToken[half:]},
		"the identity's own JWT": {AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey, SessionToken: token},
	}
	for at := range a.SessionToken {
		c := byte('A')
		if a.SessionToken[at] == c {
			c = 'B'
		}
		forged["character "+strconv.Itoa(at)] = sigv4.Credentials{
			AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey, SessionToken: a.SessionToken[:at] + string(c) + a.SessionToken[at+1:],
		}
	}
	for name, who := range forged {
		w.who["mallory"] = who
		w.check(name, w.lists("mallory"), "UnrecognizedClientException")
	}
	w.who["mallory"] = sigv4.Credentials{AccessKeyID: a.AccessKeyID, SecretAccessKey: b.SecretAccessKey, SessionToken: a.SessionToken}
	w.check("another's secret", w.lists("mallory"), "InvalidSignatureException")
	w.check("alice", w.lists("alice"), "success")
	w.check("bob", w.lists("bob"), "success")
}

// What is taken away is taken away from tokens and credentials that are out already; but of an
// unlinked login, the sessions that it has begun last their hour, unless they are revoked.
func TestAttack32_StaleRights(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		end  func(w *wire, alice string)
		// credentials, exchange and session are what alice gets then for her token at either
		// place, and by the credentials that she has.
		credentials, exchange, session string
	}{
		{"nothing", func(*wire, string) {}, "success", "success", "success"},
		{"disabled", func(w *wire, alice string) {
			w.ok("root", "DisableIdentity", `{"IdentityPoolId":"%s","IdentityId":"%s"}`, w.pool, alice)
		}, "NotAuthorizedException", "AccessDenied", "UnrecognizedClientException"},
		{"revoked", func(w *wire, alice string) {
			w.ok("root", "RevokeIdentity", `{"IdentityPoolId":"%s","IdentityId":"%s"}`, w.pool, alice)
		}, "NotAuthorizedException", "AccessDenied", "UnrecognizedClientException"},
		{"deleted", func(w *wire, alice string) {
			w.ok("root", "DeleteIdentities", `{"IdentityIdsToDelete":["%s"]}`, alice)
		}, "ResourceNotFoundException", "AccessDenied", "UnrecognizedClientException"},
		{"unlinked", func(w *wire, alice string) {
			w.ok("root", "UnlinkDeveloperIdentity", `{"IdentityPoolId":"%s","IdentityId":"%s","DeveloperProviderName":"login.example","DeveloperUserIdentifier":"alice"}`, w.pool, alice)
		}, "NotAuthorizedException", "AccessDenied", "success"},
		{"role's trust changed", func(w *wire, _ string) {
			w.ok("root", "UpdateAssumeRolePolicy", "RoleName=authenticated&PolicyDocument=%s", url.QueryEscape(poolTrust(w.pool, "nobody")))
		}, "InvalidIdentityPoolConfigurationException", "AccessDenied", "success"},
		{"role's policy deleted", func(w *wire, _ string) {
			w.ok("root", "DeleteRolePolicy", "RoleName=authenticated&PolicyName=p")
		}, "success", "success", "AccessDeniedException"},
		{"role deleted", func(w *wire, _ string) {
			w.ok("root", "DeleteRolePolicy", "RoleName=authenticated&PolicyName=p")
			w.ok("root", "DeleteRole", "RoleName=authenticated")
		}, "InvalidIdentityPoolConfigurationException", "AccessDenied", "UnrecognizedClientException"},
		{"pool deleted", func(w *wire, _ string) {
			w.ok("root", "DeleteIdentityPool", `{"IdentityPoolId":"%s"}`, w.pool)
		}, "ResourceNotFoundException", "AccessDenied", "UnrecognizedClientException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, change{})
			alice, token := w.user("root", w.pool, "alice")
			w.signs("alice", w.exchange("authenticated", token))
			w.check("before", w.lists("alice"), "success")
			w.clock.advance(time.Second)
			c.end(w, alice)
			w.check("credentials", w.credentials(alice, ours, token, ""), c.credentials)
			w.check("exchange", w.exchange("authenticated", token), c.exchange)
			w.check("session", w.lists("alice"), c.session)
		})
	}

	// A provider that is removed proves nothing from then on.
	w := newWire(t, change{})
	login := w.provider.token(t, nil)
	id := func() *answer {
		return w.call("", "GetId", `{"IdentityPoolId":"%s","Logins":{"op.example":"%s"}}`, w.pool, login)
	}
	arn := "arn:aws:iam::" + account + ":oidc-provider/" + providerName
	w.check("a provider", id(), "success")
	w.ok("root", "DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn=%s", arn)
	w.check("a provider that IAM has no more", id(), "NotAuthorizedException")
	w.registerProvider(t)
	w.check("registered again", id(), "success")
	w.ok("root", "UpdateIdentityPool", `{"IdentityPoolId":"%s","IdentityPoolName":"p","AllowUnauthenticatedIdentities":true,"DeveloperProviderName":"login.example"}`, w.pool)
	w.check("a provider that the pool has no more", id(), "NotAuthorizedException")
}
