package principal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

const (
	issuer    = "https://id.example.com/x"
	poolID    = "eu-central-1:00000000-0000-4000-8000-000000000001"
	otherPool = "eu-central-1:00000000-0000-4000-8000-000000000002"
	userID    = "eu-central-1:00000000-0000-4000-8000-000000000011"
	guestID   = "eu-central-1:00000000-0000-4000-8000-000000000012"
	otherUser = "eu-central-1:00000000-0000-4000-8000-000000000013"
	noEntry   = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
)

var (
	userAMR  = []string{"authenticated", "login.app", "login.app:" + poolID + ":ann"}
	guestAMR = []string{"unauthenticated"}
)

// newPoolWorld has two pools of the owner with an identity each, and a guest in the first.
func newPoolWorld(t testing.TB, c principal.Config) *world {
	t.Helper()
	c.Issuer = issuer
	w := newWorldWith(t, c)
	w.check(w.db.Update(t.Context(), func(tx identity.Tx) error {
		for id, account := range map[string]string{poolID: owner.Account, otherPool: owner.Account} {
			if err := tx.InsertPool(&identity.Pool{ID: id, Account: account, DeveloperProvider: "login.app", AllowGuests: true, Created: start, Modified: start}); err != nil {
				return err
			}
		}
		for _, i := range []*identity.Identity{
			{ID: userID, PoolID: poolID, Authenticated: true, Logins: []identity.Login{{Provider: "login.app", Subject: "ann"}}},
			{ID: guestID, PoolID: poolID},
			{ID: otherUser, PoolID: otherPool, Authenticated: true, Logins: []identity.Login{{Provider: "login.app", Subject: "ann"}}},
		} {
			i.Created, i.Modified = start, start
			if err := tx.InsertIdentity(i); err != nil {
				return err
			}
		}
		return nil
	}))
	return w
}

// identify changes an identity.
func (w *world) identify(id string, f func(*identity.Identity)) {
	w.Helper()
	w.check(w.db.Update(w.Context(), func(tx identity.Tx) error {
		i, err := tx.Identity(id)
		if err != nil {
			return err
		}
		i = i.Clone()
		f(i)
		return tx.UpdateIdentity(i)
	}))
}

// lets is a trust policy for identities under a condition.
func lets(condition string) string { return letsWho(api.IdentityPools, condition) }

func letsWho(provider, condition string) string {
	return fmt.Sprintf(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Federated": %q}, "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"], "Condition": {%s}}}`, provider, condition)
}

const (
	ofPool    = `"StringEquals": {"cognito-identity.amazonaws.com:aud": "` + poolID + `"}`
	documents = ofPool + `, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`
)

// asUser is a request of the identity with a token that was just issued.
func (w *world) asUser(arn string) *principal.WebIdentityRequest {
	return &principal.WebIdentityRequest{
		RoleARN: arn, SessionName: "s1", TokenIssued: w.clock.now(),
		Who: &api.WebIdentity{Provider: api.IdentityPools, Subject: userID, Audience: poolID, AMR: userAMR},
	}
}

func (w *world) asGuest(arn string) *principal.WebIdentityRequest {
	r := w.asUser(arn)
	r.Who = &api.WebIdentity{Provider: api.IdentityPools, Subject: guestID, Audience: poolID, AMR: guestAMR}
	return r
}

// enter returns credentials for a request, and who signs with them.
func (w *world) enter(r *principal.WebIdentityRequest) (*api.STSCredentials, api.Caller, error) {
	w.Helper()
	a, err := w.AdmitWebIdentity(w.Context(), api.Caller{Region: "eu-central-1", SourceIP: "192.0.2.7", Secure: true, Now: w.clock.now()}, r)
	if err != nil {
		return nil, api.Caller{}, err
	}
	credentials, err := w.Grant(a)
	w.check(err)
	c, err := w.as(credentials)
	w.check(err)
	return credentials, c, nil
}

// Attack 25: documented trust policies, and those of whose authors meant more.
func TestAdmitWebIdentity_Trust(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, principal.Config{})
	arn := w.roleFor("r", lets(documents))
	const guests = ofPool + `, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}`
	requests := map[string]func(*principal.WebIdentityRequest){
		"user":  func(*principal.WebIdentityRequest) {},
		"guest": func(r *principal.WebIdentityRequest) { r.Who = w.asGuest(arn).Who },
		"other pool": func(r *principal.WebIdentityRequest) {
			r.Who = &api.WebIdentity{Provider: api.IdentityPools, Subject: otherUser, Audience: otherPool, AMR: []string{"authenticated", "login.app", "login.app:" + otherPool + ":ann"}}
		},
		// Not from a token of this server: those have an amr.
		"no amr": func(r *principal.WebIdentityRequest) { r.Who.AMR, r.TokenIssued = nil, time.Time{} },
		"amr as string": func(r *principal.WebIdentityRequest) {
			r.Who.AMR, r.TokenIssued = []string{"authenticated"}, time.Time{}
		},
	}
	for _, tc := range []struct {
		trust string
		want  []string
	}{
		{lets(documents), []string{"user", "amr as string"}},
		{lets(guests), []string{"guest"}},
		{lets(ofPool), []string{"user", "guest", "no amr", "amr as string"}},
		{lets(ofPool + `, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "login.app"}`), []string{"user"}},
		{lets(ofPool + `, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "login.app:*:ann"}`), []string{"user"}},
		{lets(`"StringEquals": {"cognito-identity.amazonaws.com:aud": "` + poolID + `", "cognito-identity.amazonaws.com:sub": ["` + userID + `", "x"]}`), []string{"user", "no amr", "amr as string"}},
		{lets(`"StringEquals": {"cognito-identity.amazonaws.com:aud": "` + otherPool + `"}`), []string{"other pool"}},
		{lets(`"StringEquals": {"cognito-identity.amazonaws.com:aud": ["` + otherPool + `", "` + poolID + `"]}, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`), []string{"user", "other pool", "amr as string"}},
		// Mistakes, evaluated exactly.
		{lets(`"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`), []string{"user", "other pool", "amr as string"}},
		{lets(`"StringEquals": {"cognito-identity.amazonaws.com:aud": "` + poolID + `", "cognito-identity.amazonaws.com:amr": "authenticated"}`), []string{"amr as string"}},
		{lets(ofPool + `, "ForAllValues:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`), []string{"no amr", "amr as string"}},
		{lets(`"StringLike": {"cognito-identity.amazonaws.com:aud": "*"}`), []string{"user", "guest", "other pool", "no amr", "amr as string"}},
		// Other providers, principals and actions.
		{letsWho("accounts.google.com", ofPool), nil},
		{letsWho("arn:aws:iam::111122223333:oidc-provider/id.example.com/x", ofPool), nil}, // not registered
		{letsWho("arn:aws:iam::111122223333:oidc-provider/cognito-identity.amazonaws.com", ofPool), nil},
		{admits("111122223333", ""), nil},
		{strings.Replace(lets(documents), "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole", 1), nil},
		{lets(ofPool + `, "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}, "Bool": {"aws:SecureTransport": "true"}, "StringEqualsIgnoreCase": {"aws:FederatedProvider": "cognito-identity.amazonaws.com", "sts:RoleSessionName": "s1"}`), []string{"user", "guest", "no amr", "amr as string"}},
		{lets(ofPool + `, "Null": {"aws:PrincipalArn": "false"}`), nil},
	} {
		w.check(w.trust("r", tc.trust))
		for name, change := range requests {
			r := w.asUser(arn)
			change(r)
			want := noEntry
			if slices.Contains(tc.want, name) {
				want = "success"
			}
			if _, _, err := w.enter(r); answer(err) != want {
				t.Errorf("%s\nby %s: got %s, want %s", tc.trust, name, answer(err), want)
			}
		}
	}
}

// What else may be wrong, each beside a twin that is right.
func TestAdmitWebIdentity_Refusals(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, principal.Config{})
	arn := w.roleFor("r", lets(documents))
	hour := must(w.CreateRole(t.Context(), owner, &api.CreateRoleInput{RoleName: "hour", Path: "/team/", AssumeRolePolicyDocument: lets(documents)})).Role.Arn
	ask := func(change func(*principal.WebIdentityRequest)) func() error {
		return func() error {
			r := w.asUser(arn)
			if change != nil {
				change(r)
			}
			_, _, err := w.enter(r)
			return err
		}
	}
	many := func(n int) (arns []string) {
		for range n {
			arns = append(arns, "arn:aws:iam::111122223333:policy/none")
		}
		return arns
	}
	w.refuses("AssumeRoleWithWebIdentity",
		refusal{"no role", ask(func(r *principal.WebIdentityRequest) { r.RoleARN += "q" }), noEntry, ask(nil)},
		refusal{"another path", ask(func(r *principal.WebIdentityRequest) { r.RoleARN = strings.Replace(hour, "/team", "", 1) }), noEntry,
			ask(func(r *principal.WebIdentityRequest) { r.RoleARN = hour })},
		refusal{"no ARN", ask(func(r *principal.WebIdentityRequest) { r.RoleARN = "arn:aws:iam::1111:role/role" }), "ValidationError: arn:aws:iam::1111:role/role is invalid", ask(nil)},
		refusal{"an unknown identity", ask(func(r *principal.WebIdentityRequest) { r.Who.Subject += "0" }), noEntry, ask(nil)},
		refusal{"an identity of another pool", ask(func(r *principal.WebIdentityRequest) { r.Who.Subject = otherUser }), noEntry, ask(nil)},
		refusal{"an unlinked login", ask(func(r *principal.WebIdentityRequest) {
			r.Who.AMR = []string{"authenticated", "login.app", "login.app:" + poolID + ":ben"}
		}), noEntry, ask(nil)},
		refusal{"too long", ask(func(r *principal.WebIdentityRequest) { r.RoleARN, r.DurationSeconds = hour, 3601 }),
			"ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
			ask(func(r *principal.WebIdentityRequest) { r.RoleARN, r.DurationSeconds = hour, 3600 })},
		refusal{"malformed policy", ask(func(r *principal.WebIdentityRequest) { r.Policy = malformed }), whatMalformed, ask(func(r *principal.WebIdentityRequest) { r.Policy = nothing })},
		refusal{"no such policy", ask(func(r *principal.WebIdentityRequest) { r.PolicyARNs = many(1) }),
			"ValidationError: Policy arn:aws:iam::111122223333:policy/none does not exist or is not attachable.", ask(nil)},
		refusal{"too many policies", ask(func(r *principal.WebIdentityRequest) { r.PolicyARNs = many(11) }), "ValidationError: A session can not have more than 10 managed policies.", ask(nil)},
		refusal{"tags of one key", ask(func(r *principal.WebIdentityRequest) { r.Tags = tags("K", "v", "k", "w") }),
			"InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive.", ask(func(r *principal.WebIdentityRequest) { r.Tags = tags("K", "v") })},
		refusal{"too much of policies", ask(func(r *principal.WebIdentityRequest) { r.Policy = sized(4100) }),
			"PackedPolicyTooLarge: Packed policy consumes 101% of allotted space, please use smaller policy.", ask(nil)},
		refusal{"too much of the user", ask(func(r *principal.WebIdentityRequest) {
			r.TokenIssued, r.Who.AMR = time.Time{}, []string{"authenticated", strings.Repeat("x", 6000)}
		}), "PackedPolicyTooLarge: What the token says of its user consumes 110% of allotted space.", ask(func(r *principal.WebIdentityRequest) {
			r.TokenIssued, r.Who.AMR = time.Time{}, []string{"authenticated", strings.Repeat("x", 5000)}
		})},
	)
}

// Tags and source identity need leave of their own.
func TestAdmitWebIdentity_TagsNeedLeave(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, principal.Config{})
	arn := w.roleFor("r", lets(documents))
	without := func(action string) string { return strings.Replace(lets(documents), action, "sts:Other", 1) }
	tagged := func(r *principal.WebIdentityRequest) { r.Tags = tags("Team", "blue") }
	sourced := func(r *principal.WebIdentityRequest) { r.SourceIdentity = "ann" }
	for _, tc := range []struct {
		trust string
		with  func(*principal.WebIdentityRequest)
		want  bool
	}{
		{lets(documents), tagged, true},
		{without("sts:TagSession"), tagged, false},
		{without("sts:TagSession"), sourced, true},
		{lets(documents), sourced, true},
		{without("sts:SetSourceIdentity"), sourced, false},
		{lets(ofPool + `, "StringEqualsIgnoreCase": {"aws:RequestTag/team": "blue"}`), tagged, true},
		{lets(ofPool + `, "StringEqualsIgnoreCase": {"aws:RequestTag/team": "red"}`), tagged, false},
		{lets(ofPool + `, "ForAllValues:StringLike": {"aws:TagKeys": ["Team"]}`), tagged, true},
		{lets(ofPool + `, "ForAllValues:StringLike": {"aws:TagKeys": ["Cost"]}`), tagged, false},
		{lets(ofPool + `, "StringLike": {"sts:SourceIdentity": "a*"}`), sourced, true},
		{lets(ofPool + `, "StringLike": {"sts:SourceIdentity": "b*"}`), sourced, false},
	} {
		w.check(w.trust("r", tc.trust))
		r := w.asUser(arn)
		tc.with(r)
		if _, _, err := w.enter(r); (err == nil) != tc.want || err != nil && answer(err) != noEntry {
			t.Errorf("%s: got %s, want admitted: %v", tc.trust, answer(err), tc.want)
		}
	}
}

// Attack 26: a role of another account than the pool's must ask for the audience.
func TestAdmitWebIdentity_AnotherAccount(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, principal.Config{})
	theirs := w.roleOf(stranger, "r", lets(documents))
	own := w.roleFor("r", lets(documents))
	for _, tc := range []struct {
		trust       string
		own, theirs bool
	}{
		{lets(documents), true, true},
		{lets(ofPool), true, true},
		{lets(`"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}`), true, false},
		{lets(`"StringLike": {"cognito-identity.amazonaws.com:aud": "eu-central-1:*"}`), true, false},
		{lets(`"StringEqualsIfExists": {"cognito-identity.amazonaws.com:aud": "` + poolID + `"}`), true, false},
		{lets(`"StringEquals": {"cognito-identity.amazonaws.com:aud": "` + otherPool + `"}`), false, false},
	} {
		for role, want := range map[string]bool{own: tc.own, theirs: tc.theirs} {
			account := owner
			if role == theirs {
				account = stranger
			}
			w.check(w.UpdateAssumeRolePolicy(t.Context(), account, &api.UpdateAssumeRolePolicyInput{RoleName: "r", PolicyDocument: tc.trust}))
			_, c, err := w.enter(w.asUser(role))
			if (err == nil) != want || err != nil && answer(err) != noEntry || err == nil && c.Account != account.Account {
				t.Errorf("%s\nfor %s: got %v, %s, want admitted: %v", tc.trust, role, c.Account, answer(err), want)
			}
		}
	}
}

// An account that has registered this server's issuer may name that in policies.
func TestAdmitWebIdentity_ByIssuer(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, principal.Config{})
	provider := must(w.createOIDC(issuer, poolID))
	arn := w.roleFor("r", letsWho(provider, `"StringEquals": {"id.example.com/x:aud": "`+poolID+`", "id.example.com/X:sub": "`+userID+`"}`))
	w.check(w.putRolePolicy("r", "p", `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${id.example.com/x:sub}/*"}}`))
	_, c, err := w.enter(w.asUser(arn))
	w.check(err)
	allow, deny := w.by(c, nil)
	allow("s3:GetObject", "arn:aws:s3:::b/"+userID+"/photo")
	deny("s3:GetObject", "arn:aws:s3:::b/"+guestID+"/photo")
	w.check(w.RemoveClientIDFromOpenIDConnectProvider(t.Context(), owner, &api.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider, ClientID: poolID}))
	if _, _, err := w.enter(w.asUser(arn)); answer(err) != noEntry {
		t.Errorf("another audience: got %s, want %s", answer(err), noEntry)
	}
}

// What credentials of an identity stand for, at any server.
func TestCredential_WebIdentity(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, principal.Config{})
	arn := w.roleFor("r", lets(documents))
	r := w.asUser(arn)
	r.SessionName, r.Tags, r.SourceIdentity, r.DurationSeconds = "CognitoIdentityCredentials", tags("Team", "blue"), "src", 900
	credentials, _, err := w.enter(r)
	w.check(err)
	second, err := principal.New(principal.Config{Store: w.store, Seal: w.seal, NewID: newID, Issuer: issuer})
	w.check(err)
	c, err := by(second, w, credentials)
	w.check(err)
	role := must(w.GetRole(t.Context(), owner, &api.GetRoleInput{RoleName: "r"})).Role
	want := api.Caller{
		Account: owner.Account, Principal: "arn:aws:sts::111122223333:assumed-role/r/CognitoIdentityCredentials",
		ID: role.RoleId + ":CognitoIdentityCredentials", AccessKeyID: credentials.AccessKeyId,
		Region: "eu-central-1", SourceIP: "192.0.2.7", Secure: true, Now: start,
		Session: &api.Session{
			Role: "r", Name: "CognitoIdentityCredentials", Tags: map[string]string{"Team": "blue"}, SourceIdentity: "src",
			WebIdentity: &api.WebIdentity{Provider: api.IdentityPools, Subject: userID, Audience: poolID, AMR: userAMR},
			Issued:      start, Expires: start.Add(15 * time.Minute),
		},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	w.clock.goOn(15 * time.Minute)
	if _, err := w.as(credentials); answer(err) != whatExpired {
		t.Errorf("at the end: got %s, want %s", answer(err), whatExpired)
	}
}

// Permissions that depend on who the identity is.
func TestAuthorize_WebIdentity(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, principal.Config{})
	arn := w.roleFor("r", lets(ofPool))
	statement := func(action, resource, condition string) string {
		return fmt.Sprintf(`{"Effect": "Allow", "Action": %q, "Resource": %q, "Condition": {%s}}`, action, resource, condition)
	}
	w.check(w.putRolePolicy("r", "p", `{"Version": "2012-10-17", "Statement": [`+strings.Join([]string{
		statement("s3:GetObject", "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*", ""),
		statement("s3:PutObject", "arn:aws:s3:::${aws:PrincipalTag/Team}/*", ""),
		statement("a:Aud", "*", ofPool),
		statement("a:OtherAud", "*", `"StringEquals": {"cognito-identity.amazonaws.com:aud": "`+otherPool+`"}`),
		statement("a:User", "*", `"ForAnyValue:StringEquals": {"cognito-identity.amazonaws.com:amr": "login.app"}`),
		statement("a:Guest", "*", `"ForAnyValue:StringEquals": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}`),
		statement("a:Pool", "*", `"StringEquals": {"aws:FederatedProvider": "cognito-identity.amazonaws.com"}`),
		statement("a:Id", "*", `"StringLike": {"aws:userid": "AROA*:s1"}`),
		statement("sts:AssumeRole", "*", ""),
	}, ",")+`]}`))
	r := w.asUser(arn)
	r.Tags = tags("Team", "blue")
	_, c, err := w.enter(r)
	w.check(err)
	// What a request says of itself does not count.
	allow, deny := w.by(c, map[string]string{
		"cognito-identity.amazonaws.com:aud": otherPool, "cognito-identity.amazonaws.com:sub": guestID,
		"cognito-identity.amazonaws.com:amr": "unauthenticated", "aws:federatedprovider": "other",
	})
	for range 2 {
		allow("s3:GetObject", "arn:aws:s3:::b/"+userID+"/photo")
		deny("s3:GetObject", "arn:aws:s3:::b/"+guestID+"/photo")
		allow("s3:PutObject", "arn:aws:s3:::blue/x")
		deny("s3:PutObject", "arn:aws:s3:::red/x")
		allow("a:Aud", "*")
		deny("a:OtherAud", "*")
		allow("a:User", "*")
		deny("a:Guest", "*")
		allow("a:Pool", "*")
		allow("a:Id", "*")
	}
	// A role taken further is no longer the identity's, though the trust policy may ask.
	next := w.roleFor("next", admits(owner.Account, `"StringEquals": {"aws:FederatedProvider": "cognito-identity.amazonaws.com", "cognito-identity.amazonaws.com:sub": "`+userID+`"}`))
	w.check(w.putRolePolicy("next", "p", document("Allow", "a:Pool", "*", `"Null": {"aws:FederatedProvider": "false"}`)))
	chained := w.session(c, next, nil)
	_, deny = w.by(chained, nil)
	deny("a:Pool", "*")
	if got := answer(only(w.assume(c, next, func(in *api.AssumeRoleInput) { in.DurationSeconds = 3601 }))); !strings.Contains(got, "1 hour session limit for roles assumed by role chaining") {
		t.Errorf("a longer session by chaining: got %s", got)
	}
	// The twin: another identity may not.
	_, g, err := w.enter(w.asGuest(arn))
	w.check(err)
	if got := answer(only(w.assume(g, next, nil))); !strings.HasPrefix(got, "AccessDenied") {
		t.Errorf("another identity takes the role further: got %s", got)
	}
}

// Attack 26: whatever their role may do, guests of an identity pool do no more than is for guests.
func TestAuthorize_GuestScopeDown(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, principal.Config{})
	arn := w.roleFor("r", lets(ofPool))
	w.check(w.putRolePolicy("r", "p", `{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}]}`))
	r := w.asGuest(arn)
	_, c, err := w.enter(r)
	w.check(err)
	full, _ := w.by(c, nil) // as in the classic flow
	full("iam:CreateUser", "*")
	r = w.asGuest(arn)
	r.Who.ScopedDown = true
	_, c, err = w.enter(r)
	w.check(err)
	allow, deny := w.by(c, nil)
	for _, action := range strings.Fields("s3:GetObject dynamodb:PutItem rum:PutRumEvents kms:Decrypt sagemaker:InvokeEndpoint textract:AnalyzeDocument cognito-identity:GetId execute-api:Invoke geo:GetPlace geo:ListGeofences") {
		allow(action, "*")
	}
	for _, action := range strings.Fields("iam:CreateUser sts:AssumeRole ec2:RunInstances kms:CreateKey sagemaker:CreateModel textract:StartDocumentAnalysis rum:DeleteAppMonitor geo:DeletePlaceIndex s3:DeleteObject poolkeeper:SetRoleUpstream") {
		deny(action, "*")
	}
}

// Attacks 31 and 32: what takes away an identity's sessions does so at the next request.
func TestCredential_WebIdentityEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world){
		"disabled": func(w *world) {
			w.identify(userID, func(i *identity.Identity) { i.Disabled, i.Logins = true, nil })
		},
		"identity deleted": func(w *world) {
			w.check(w.db.Update(w.Context(), func(tx identity.Tx) error { return tx.DeleteIdentity(userID) }))
		},
		"pool deleted": func(w *world) {
			w.check(w.db.Update(w.Context(), func(tx identity.Tx) error { return tx.DeletePool(poolID) }))
		},
		"role's sessions revoked": func(w *world) { w.check(w.revoke(api.RevokeSessionsInput{RoleName: "r"})) },
		"role deleted":            func(w *world) { w.check(w.DeleteRole(w.Context(), owner, &api.DeleteRoleInput{RoleName: "r"})) },
		"identity revoked": func(w *world) {
			w.identify(userID, func(i *identity.Identity) { i.RevokedBefore = w.clock.now().Add(time.Millisecond) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPoolWorld(t, principal.Config{})
			arn := w.roleFor("r", lets(ofPool))
			users, _, err := w.enter(w.asUser(arn))
			w.check(err)
			guests, _, err := w.enter(w.asGuest(w.roleFor("guests", lets(ofPool))))
			w.check(err)
			end(w)
			if _, err := w.as(users); answer(err) != whatUnknown {
				t.Errorf("got %s, want %s", answer(err), whatUnknown)
			}
			if name == "pool deleted" {
				return
			}
			if _, err := w.as(guests); err != nil {
				t.Errorf("another identity's session: %s", answer(err))
			}
			_, _, err = w.enter(w.asUser(arn))
			again := name == "role's sessions revoked"
			if (err == nil) != again || err != nil && answer(err) != noEntry {
				t.Errorf("with the same token: got %s, want admitted: %v", answer(err), again)
			}
		})
	}
}

// A session made just after a revocation is not one of those revoked.
func TestAdmitWebIdentity_AfterRevocation(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, principal.Config{})
	arn := w.roleFor("r", lets(ofPool))
	w.identify(userID, func(i *identity.Identity) { i.RevokedBefore = w.clock.now().Add(time.Millisecond) })
	r := w.asUser(arn)
	r.TokenIssued = time.Time{} // just verified
	_, c, err := w.enter(r)
	w.check(err)
	if !c.Session.Issued.Equal(start.Add(time.Millisecond)) {
		t.Errorf("the session begins at %v", c.Session.Issued)
	}
	w.clock.goOn(time.Second)
	if _, _, err := w.enter(w.asUser(arn)); err != nil {
		t.Errorf("with a later token: %s", answer(err))
	}
}

// Sessions by a registered provider's token know nothing of identity pools.
func TestAuthorize_OIDCProvider(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, principal.Config{})
	provider := must(w.createOIDC("https://issuer.example/T", "app"))
	arn := w.roleFor("r", letsWho(provider, `"StringEquals": {"issuer.example/T:aud": "app", "issuer.example/T:oaud": "server", "issuer.example/T:email": "ann@example.com", "aws:FederatedProvider": "`+provider+`"}`))
	w.check(w.putRolePolicy("r", "p", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "a:Sub", "Resource": "arn:aws:a:::${issuer.example/T:sub}"},
		{"Effect": "Allow", "Action": "a:Pools", "Resource": "*", "Condition": {"Null": {"cognito-identity.amazonaws.com:sub": "false"}}}]}`))
	r := &principal.WebIdentityRequest{
		RoleARN: arn, SessionName: "s1", Claims: map[string]string{"oaud": "server", "email": "ann@example.com"},
		Who: &api.WebIdentity{Provider: provider, Subject: "ann", Audience: "app"},
	}
	_, c, err := w.enter(r)
	w.check(err)
	allow, deny := w.by(c, nil)
	allow("a:Sub", "arn:aws:a:::ann")
	deny("a:Sub", "arn:aws:a:::ben")
	deny("a:Pools", "*")
	r.Claims["email"] = "ben@example.com"
	if _, _, err := w.enter(r); answer(err) != noEntry {
		t.Errorf("another claim: got %s, want %s", answer(err), noEntry)
	}
}
