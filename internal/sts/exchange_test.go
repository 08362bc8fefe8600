package sts_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/sts"
)

const whatSignature = "InvalidIdentityToken: The signature of the ID Token could not be verified."

func TestAssumeRoleWithWebIdentity_Answer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(owner, "app", lets(api.IdentityPools, ofPool))
	out, err := w.exchange(arn, w.token(func(c *identity.Claims) { c.PrincipalTags = map[string]string{"Team": "blue"} }), nil)
	w.check(err)
	c, err := w.as(out.Credentials.AccessKeyId, out.Credentials.SessionToken)
	w.check(err)
	id, _, _ := strings.Cut(c.ID, ":")
	want := &api.AssumeRoleWithWebIdentityOutput{
		Credentials: &api.STSCredentials{
			AccessKeyId: c.AccessKeyID, SecretAccessKey: out.Credentials.SecretAccessKey, SessionToken: out.Credentials.SessionToken, Expiration: start.Add(time.Hour),
		},
		SubjectFromWebIdentityToken: userID, Audience: poolID, Provider: "cognito-identity.amazonaws.com", PackedPolicySize: 1,
		AssumedRoleUser: &api.AssumedRoleUser{AssumedRoleId: id + ":s1", Arn: "arn:aws:sts::111122223333:assumed-role/app/s1"},
	}
	if diff := cmp.Diff(want, out); diff != "" || len(out.Credentials.SecretAccessKey) != 40 {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"Team": "blue"}, c.Session.Tags); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
	if out, err = w.exchange(arn, w.token(nil), nil); err != nil || out.PackedPolicySize != 0 {
		t.Errorf("without tags: got %d%%, %s", out.PackedPolicySize, answer(err))
	}
}

// Each refusal of a token of this server, beside a twin that is taken.
func TestAssumeRoleWithWebIdentity_OwnRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(owner, "app", lets(api.IdentityPools, ofPool+`, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`))
	good := w.token(nil)
	head, rest, _ := strings.Cut(string(good), ".")
	payload, signature, _ := strings.Cut(rest, ".")
	encoded := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	claim := func(f func(*identity.Claims)) api.Secret { return w.token(f) }
	another := newWorld(t).token(nil)
	for _, tc := range []struct {
		name, want string
		token      api.Secret
	}{
		{"guest", noEntry, claim(func(c *identity.Claims) { c.Subject, c.AMR = guestID, []string{"unauthenticated"} })},
		{"another pool", noEntry, claim(func(c *identity.Claims) { c.Audience = nowhere })},
		{"another identity", noEntry, claim(func(c *identity.Claims) { c.Subject = nowhere })},
		{"another's login", noEntry, claim(func(c *identity.Claims) {
			c.AMR = []string{"authenticated", "login.app", "login.app:" + poolID + ":ben"}
		})},
		{"another server's key", whatSignature, another},
		{"no signature", whatSignature, api.Secret(head + "." + payload + ".")},
		{"no algorithm", whatSignature, api.Secret(encoded(`{"alg":"none"}`) + "." + payload + "." + signature)},
		{"other claims", whatSignature, api.Secret(head + "." + encoded(fmt.Sprintf(`{"iss":%q,"sub":%q,"exp":%d}`, issuerURL, guestID, start.Add(time.Hour).Unix())) + "." + signature)},
		{"expired", fmt.Sprintf("ExpiredTokenException: Token expired: current date/time %d must be before the expiration date/time %d", start.Unix(), start.Add(-time.Minute).Unix()),
			claim(func(c *identity.Claims) { c.IssuedAt, c.Lifetime = start.Add(-time.Hour), 59*time.Minute })},
		{"ends now", fmt.Sprintf("ExpiredTokenException: Token expired: current date/time %d must be before the expiration date/time %d", start.Unix(), start.Unix()),
			claim(func(c *identity.Claims) { c.IssuedAt, c.Lifetime = start.Add(-time.Hour), time.Hour })},
	} {
		err := only(w.exchange(arn, tc.token, nil))
		if got := answer(err); got != tc.want {
			t.Errorf("%s: got %s\nwant %s", tc.name, got, tc.want)
		}
		w.checkDeclared(api.STS, "AssumeRoleWithWebIdentity", err)
		if refused, _ := errors.AsType[*api.Error](err); refused != nil && refused.Unwrap() == nil {
			t.Errorf("%s: the log is not told why", tc.name)
		}
		if err := only(w.exchange(arn, good, nil)); err != nil {
			t.Errorf("%s: the twin got %s", tc.name, answer(err))
		}
	}
	if err := only(w.exchange(arn, claim(func(c *identity.Claims) { c.IssuedAt, c.Lifetime = start.Add(-time.Hour), time.Hour+time.Second }), nil)); err != nil {
		t.Errorf("a second before the end: %s", answer(err))
	}
}

// What is no token at all, or of nobody.
func TestAssumeRoleWithWebIdentity_NoToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(owner, "app", lets(api.IdentityPools, ofPool))
	w.register(stranger)
	const noJWT = "InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
	none := func(iss string) string {
		return "InvalidIdentityToken: No OpenIDConnect provider found in your account for " + iss
	}
	of := func(payload string) string {
		return "eyJhbGciOiJFUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
	}
	for token, want := range map[string]string{
		"EAABwzLixnjYBO0":                      noJWT,
		"a.b":                                  noJWT,
		"a.b.c.d":                              noJWT,
		"a.!.c":                                noJWT,
		strings.Repeat(".", 20000):             noJWT,
		of(`[]`):                               noJWT,
		of(`{}`):                               noJWT,
		of(`{"iss":1}`):                        noJWT,
		of(`{"iss":"a","iss":"b"}`):            noJWT,
		of(`{"iss":"https://a","exp":"1"}`):    noJWT,
		of(`{"iss":"` + issuerURL + `"}`):      "ExpiredTokenException: Token expired: current date/time " + fmt.Sprint(start.Unix()) + " must be before the expiration date/time 0",
		of(`{"iss":"` + issuerURL + `/"}`):     none(issuerURL + "/"),
		of(`{"iss":"https://ID.example.com"}`): none("https://ID.example.com"),
		of(`{"iss":"https://cognito-identity.amazonaws.com"}`):  none("https://cognito-identity.amazonaws.com"),
		of(`{"iss":"` + strings.Repeat("a", 256) + `"}`):        noJWT,
		of(`{"iss":"` + issuerURL + `","exp":1e300,"sub":"a"}`): whatSignature,
		string(w.provider.token(t, nil)):                        none(foreign), // of another account
	} {
		err := only(w.exchange(arn, api.Secret(token), nil))
		if got := answer(err); got != want {
			t.Errorf("%.60s: got %s\nwant %s", token, got, want)
		}
	}
	w.register(owner)
	if got := answer(only(w.exchange(arn, w.provider.token(t, nil), nil))); got != noEntry {
		t.Errorf("of the own account: got %s, want %s", got, noEntry)
	}
	in := func(f func(*api.AssumeRoleWithWebIdentityInput)) string {
		return answer(only(w.exchange(arn, w.token(nil), f)))
	}
	if got := in(func(in *api.AssumeRoleWithWebIdentityInput) { in.RoleArn = "arn:aws:iam::aws:role/app" }); got != "ValidationError: arn:aws:iam::aws:role/app is invalid" {
		t.Errorf("no ARN: got %s", got)
	}
	if got := in(func(in *api.AssumeRoleWithWebIdentityInput) { in.ProviderId = "graph.facebook.com" }); got != api.AccessTokensNotTaken.With().Error() {
		t.Errorf("an access token: got %s", got)
	}
	if got := in(nil); got != "success" {
		t.Errorf("the twin: got %s", got)
	}
}

// Attacks 14 and 31: no byte of a token can be another one.
func TestAssumeRoleWithWebIdentity_EveryByteCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(owner, "app", lets(api.IdentityPools, ofPool))
	token := []byte(w.token(nil))
	for i := range token {
		old := token[i]
		for _, other := range []byte{'A', '_', old ^ 1} {
			if token[i] = other; other == old {
				continue
			}
			if err := only(w.exchange(arn, api.Secret(token), nil)); err == nil {
				t.Errorf("byte %d: %q for %q is taken", i, other, old)
			}
		}
		token[i] = old
	}
	if err := only(w.exchange(arn, api.Secret(token), nil)); err != nil {
		t.Errorf("the twin: %s", answer(err))
	}
}

// Attack 32: a token is exchanged only while what it says is so.
func TestAssumeRoleWithWebIdentity_StaleToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(owner, "app", lets(api.IdentityPools, ofPool))
	change := func(id string, f func(*identity.Identity)) {
		t.Helper()
		w.check(w.db.Update(t.Context(), func(tx identity.Tx) error {
			i, err := tx.Identity(id)
			if err != nil {
				return err
			}
			i = i.Clone()
			f(i)
			return tx.UpdateIdentity(i)
		}))
	}
	try := func(name string, token api.Secret, want string) {
		t.Helper()
		if got := answer(only(w.exchange(arn, token, nil))); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	ann := w.token(nil)
	try("as issued", ann, "success")
	ben := identity.Login{Provider: "login.app", Subject: "ben"}
	change(userID, func(i *identity.Identity) { i.Logins = append(i.Logins, ben) })
	try("another login linked", ann, "success")
	change(userID, func(i *identity.Identity) { i.Logins = []identity.Login{ben} })
	try("its login unlinked", ann, noEntry)
	byBen := w.token(func(c *identity.Claims) {
		c.AMR = []string{"authenticated", "login.app", "login.app:" + poolID + ":ben"}
	})
	try("the other login", byBen, "success")
	change(userID, func(i *identity.Identity) { i.RevokedBefore = w.now().Add(time.Millisecond) })
	try("revoked", byBen, noEntry)
	w.goOn(time.Second)
	later := w.token(func(c *identity.Claims) {
		c.AMR = []string{"authenticated", "login.app", "login.app:" + poolID + ":ben"}
	})
	try("issued later", later, "success")
	guest := w.token(func(c *identity.Claims) { c.Subject, c.AMR = guestID, []string{"unauthenticated"} })
	try("guest", guest, "success")
	change(guestID, func(i *identity.Identity) {
		i.Authenticated, i.Logins = true, []identity.Login{{Provider: "login.app", Subject: "cay"}}
	})
	try("guest no more", guest, noEntry)
	change(userID, func(i *identity.Identity) { i.Disabled, i.Logins = true, nil })
	try("disabled", later, noEntry)
	w.check(w.db.Update(t.Context(), func(tx identity.Tx) error { return tx.DeletePool(poolID) }))
	try("pool deleted", later, noEntry)
}

// Attack 30: as long as the role says, and no longer.
func TestAssumeRoleWithWebIdentity_Duration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(owner, "app", lets(api.IdentityPools, ofPool))
	for seconds, want := range map[int64]string{
		0: "success", 900: "success", 7200: "success",
		7201: "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
	} {
		out, err := w.exchange(arn, w.token(nil), func(in *api.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = seconds })
		if got := answer(err); got != want {
			t.Errorf("%d s: got %s, want %s", seconds, got, want)
		}
		if seconds == 0 {
			seconds = 3600
		}
		if err == nil && !out.Credentials.Expiration.Equal(start.Add(time.Duration(seconds)*time.Second)) {
			t.Errorf("%d s: got the end %v", seconds, out.Credentials.Expiration)
		}
	}
}

// Tokens of a provider that the role's account has registered.
func TestAssumeRoleWithWebIdentity_Provider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	provider := w.register(owner)
	arn := w.role(owner, "app", lets(provider, `"StringEquals": {"issuer.example/t:aud": "app"}`))
	out, err := w.exchange(arn, w.provider.token(t, map[string]any{
		"amr": "pwd", "https://aws.amazon.com/source_identity": "ann@example",
		"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"Team": []string{"blue"}, "Cost": []string{"7"}}, "transitive_tag_keys": []string{"Team"}},
	}), nil)
	w.check(err)
	if out.Provider != provider || out.Audience != "app" || out.SubjectFromWebIdentityToken != "ann" || out.SourceIdentity != "ann@example" || out.PackedPolicySize < 1 {
		t.Errorf("got %+v", out)
	}
	c, err := w.as(out.Credentials.AccessKeyId, out.Credentials.SessionToken)
	w.check(err)
	want := &api.Session{
		Role: "app", Name: "s1", SourceIdentity: "ann@example", Tags: map[string]string{"Team": "blue", "Cost": "7"}, TransitiveTags: []string{"Team"},
		WebIdentity: &api.WebIdentity{Provider: provider, Subject: "ann", Audience: "app", AMR: []string{"pwd"}},
		Issued:      start, Expires: start.Add(time.Hour),
	}
	if diff := cmp.Diff(want, c.Session); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	const bad = "InvalidIdentityToken: The ID Token has no valid claim "
	tagged := func(tags any) map[string]any { return map[string]any{"https://aws.amazon.com/tags": tags} }
	for _, tc := range []struct {
		name, want string
		claims     map[string]any
	}{
		{"another audience", "InvalidIdentityToken: Incorrect token audience", map[string]any{"aud": "other"}},
		{"expired", fmt.Sprintf("ExpiredTokenException: Token expired: current date/time %d must be before the expiration date/time %d", start.Unix(), start.Unix()), map[string]any{"exp": start.Unix()}},
		{"no subject", bad + "sub.", map[string]any{"sub": ""}},
		{"subject too long", bad + "sub.", map[string]any{"sub": strings.Repeat("s", 256)}},
		{"source identity", bad + "https://aws.amazon.com/source_identity.", map[string]any{"https://aws.amazon.com/source_identity": "ann smith"}},
		{"tag with two values", bad + "https://aws.amazon.com/tags.", tagged(map[string]any{"principal_tags": map[string]any{"a": []string{"b", "c"}}})},
		{"tag too long", bad + "https://aws.amazon.com/tags.", tagged(map[string]any{"principal_tags": map[string]any{"a": []string{strings.Repeat("é", 257)}}})},
		{"reserved tag", "InvalidParameterValue: Tag keys that begin with aws: are reserved.", tagged(map[string]any{"principal_tags": map[string]any{"AWS:a": []string{"b"}}})},
		{"transitive without a tag", "InvalidParameterValue: The specified transitive tag key must be included in the requested tags.", tagged(map[string]any{"transitive_tag_keys": []string{"a"}})},
		{"tags of another form", "InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)", tagged("Team=blue")},
		{"authorized party", noEntry, map[string]any{"azp": "other"}},
	} {
		err := only(w.exchange(arn, w.provider.token(t, tc.claims), nil))
		if got := answer(err); got != tc.want {
			t.Errorf("%s: got %s\nwant %s", tc.name, got, tc.want)
		}
		w.checkDeclared(api.STS, "AssumeRoleWithWebIdentity", err)
	}

	// By azp and oaud.
	hybrid := w.role(owner, "hybrid", lets(provider, `"StringEquals": {"issuer.example/t:aud": "phone", "issuer.example/t:oaud": "app"}`))
	if got := answer(only(w.exchange(hybrid, w.provider.token(t, map[string]any{"azp": "phone"}), nil))); got != "success" {
		t.Errorf("hybrid: got %s", got)
	}
	if got := answer(only(w.exchange(hybrid, w.provider.token(t, nil), nil))); got != noEntry {
		t.Errorf("hybrid without azp: got %s, want %s", got, noEntry)
	}
	// A role for identities is not for the provider's users, nor the reverse.
	pools := w.role(owner, "pools", lets(api.IdentityPools, ""))
	if got := answer(only(w.exchange(pools, w.provider.token(t, nil), nil))); got != noEntry {
		t.Errorf("role for identities: got %s, want %s", got, noEntry)
	}
	if got := answer(only(w.exchange(arn, w.token(nil), nil))); got != noEntry {
		t.Errorf("role for the provider: got %s, want %s", got, noEntry)
	}
}

// How STS words what a provider's verifier says.
func TestRefusal_Words(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(owner, "app", lets(w.register(owner), ""))
	for reason, want := range map[sts.Reason]string{
		sts.AlgorithmRefused:  whatSignature,
		sts.BadSignature:      whatSignature,
		sts.NotYetValid:       "InvalidIdentityToken: The ID Token is not valid yet.",
		sts.RefusedByProvider: "IDPRejectedClaim: The identity provider did not accept the token.",
		sts.UnknownKey:        "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
		sts.Unreachable:       "IDPCommunicationError: The identity provider that was to verify the token could not be reached.",
		sts.WrongAudience:     "InvalidIdentityToken: Incorrect token audience",
		sts.WrongCertificate:  "InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
		"malformed token":     "InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
	} {
		w.provider.refusal = &sts.Refusal{Reason: reason, Err: errors.New("because")}
		err := only(w.exchange(arn, w.provider.token(t, nil), nil))
		if got := answer(err); got != want {
			t.Errorf("%s: got %s\nwant %s", reason, got, want)
		}
		w.checkDeclared(api.STS, "AssumeRoleWithWebIdentity", err)
		if !errors.Is(err, w.provider.refusal) {
			t.Errorf("%s: the log is not told why: %v", reason, err)
		}
	}
	w.provider.refusal = errors.New("disk on fire")
	if got := answer(only(w.exchange(arn, w.provider.token(t, nil), nil))); !strings.HasPrefix(got, "internal error") {
		t.Errorf("another error: got %s", got)
	}
	w.provider.refusal = nil
	if got := answer(only(w.exchange(arn, w.provider.token(t, nil), nil))); got != "success" {
		t.Errorf("the twin: got %s", got)
	}
	w = newWorld(t, func(c *sts.Config) { c.Providers = nil })
	arn = w.role(owner, "app", lets(w.register(owner), ""))
	if got := answer(only(w.exchange(arn, w.provider.token(t, nil), nil))); got != "InvalidIdentityToken: No OpenIDConnect provider found in your account for "+foreign {
		t.Errorf("no verifier: got %s", got)
	}
}

func TestNew_Missing(t *testing.T) {
	t.Parallel()
	_, err := sts.New(sts.Config{})
	for _, field := range []string{"Principals", "Tokens", "Issuer", "IssuerURL", "Now"} {
		if err == nil || !strings.Contains(err.Error(), "Config."+field+" is not set") {
			t.Errorf("got %v, which does not tell of %s", err, field)
		}
	}
}
