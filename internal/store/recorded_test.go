package store_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

const (
	account  = "111122223333"
	region   = "eu-central-1"
	provider = "login.example"
	google   = "accounts.google.com"
	facebook = "graph.facebook.com"
	// What must be in no event.
	ann = "canary-ann"
	ben = "canary-ben"

	roleARN   = "arn:aws:iam::111122223333:role/users"
	policyARN = "arn:aws:iam::111122223333:policy/p"
	oidcARN   = "arn:aws:iam::111122223333:oidc-provider/idp.example"
	samlARN   = "arn:aws:iam::111122223333:saml-provider/s"
	document  = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "none:None", "Resource": "*"}}`
	trust     = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "777788889999"}, "Action": "sts:AssumeRole"}}`
	metadata  = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example">` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></md:EntityDescriptor>`
)

// A deployment is the services on one store.
type deployment struct {
	*testing.T
	db        *store.DB
	outside   outside
	services  map[*api.Service]any
	pool, id  string // of the identity pool, and of ann's identity
	guest     string
	accessKey string
}

func deploy(t *testing.T) *deployment {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	secret := make([]byte, 32)
	rand.Read(secret)
	master, err := seal.Parse(base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "store.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.UseIDKey(t.Context(), func(tx identity.Tx) ([]byte, error) { return identity.IDKey(tx, master) }); err != nil {
		t.Fatal(err)
	}
	ring, err := token.New(token.Config{Store: db, Seal: master, Issuer: "https://id.example.com", Algorithm: token.ES256, KeyIDPrefix: region, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	if err := ring.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	identities, err := identity.New(identity.Config{
		Store: db, Issuer: ring, Seal: master, Regions: []string{region}, NewGUID: uuid.NewString,
		Logins: outside(secret), Tokens: ring, Credentials: outside(secret), Roles: outside(secret),
	})
	if err != nil {
		t.Fatal(err)
	}
	principals, err := principal.New(principal.Config{
		Store: db.Principals(), Seal: master, NewID: func(prefix string) string { return prefix + rand.Text()[:17] },
	})
	if err != nil {
		t.Fatal(err)
	}
	return &deployment{T: t, db: db, outside: outside(secret), services: map[*api.Service]any{
		api.CognitoIdentity: identities, api.Identities: identities, api.IAM: principals, api.STS: principals, api.Control: operators{ring, principals},
	}}
}

// operators serve what operators call.
type operators struct {
	*token.Ring
	*principal.Service
}

// outside is what a pool relies on: a provider that vouches for users by a MAC under its key,
// and roles that anybody may pass.
type outside []byte

func (o outside) vouch(user string) api.Secret {
	h := hmac.New(sha256.New, o)
	h.Write([]byte(user))
	return api.Secret(user + "." + hex.EncodeToString(h.Sum(nil)))
}

func (o outside) Verify(_ context.Context, _ *identity.Pool, provider string, token api.Secret) (*identity.Verified, error) {
	user, _, _ := strings.Cut(string(token), ".")
	if !hmac.Equal([]byte(token), []byte(o.vouch(user))) {
		return nil, api.LoginNotVerified.With()
	}
	return &identity.Verified{Login: identity.Login{Provider: provider, Subject: user}, AMR: []string{provider}}, nil
}

func (outside) MayPass(context.Context, identity.Caller, string) error { return nil }

func (outside) TrustsPool(context.Context, string, string, string) (string, error) { return "", nil }

func (outside) MayHave(context.Context, identity.ForIdentity) error { return nil }

func (outside) ForIdentity(_ context.Context, f identity.ForIdentity) (*api.Credentials, error) {
	return &api.Credentials{AccessKeyId: "ASIAIOSFODNN7EXAMPLE", SecretKey: "canary-secret-key", SessionToken: api.Secret("canary-session-of-" + f.IdentityID)}, nil
}

// A change is a call that changes something: of an operation, by its name, with an input.
type change struct {
	operation string
	input     func(*deployment) any
	// then is told of the output.
	then func(d *deployment, out any)
}

// by makes Logins of pairs of a provider and a user.
func (d *deployment) by(pairs ...string) map[string]api.Secret {
	logins := make(map[string]api.Secret)
	for n := 0; n < len(pairs); n += 2 {
		logins[pairs[n]] = d.outside.vouch(pairs[n+1])
	}
	return logins
}

func with(in any) func(*deployment) any { return func(*deployment) any { return in } }

// changes are in an order in which each has what it needs.
var changes = []change{
	{"CreateIdentityPool", with(&api.CreateIdentityPoolInput{IdentityPoolName: "n", AllowUnauthenticatedIdentities: true, DeveloperProviderName: provider}),
		func(d *deployment, out any) { d.pool = out.(*api.IdentityPool).IdentityPoolId }},
	{"UpdateIdentityPool", func(d *deployment) any {
		return &api.IdentityPool{
			IdentityPoolId: d.pool, IdentityPoolName: "m", AllowUnauthenticatedIdentities: true, DeveloperProviderName: provider,
			SupportedLoginProviders: map[string]string{google: "a", facebook: "b"},
		}
	}, nil},
	{"GetId", func(d *deployment) any { return &api.GetIdInput{IdentityPoolId: d.pool} },
		func(d *deployment, out any) { d.guest = out.(*api.GetIdOutput).IdentityId }},
	{"GetOpenIdTokenForDeveloperIdentity", func(d *deployment) any {
		return &api.GetOpenIdTokenForDeveloperIdentityInput{IdentityPoolId: d.pool, Logins: map[string]api.Secret{provider: ann}, TokenDuration: 900}
	}, func(d *deployment, out any) { d.id = out.(*api.GetOpenIdTokenForDeveloperIdentityOutput).IdentityId }},
	{"GetOpenIdTokenForDeveloperIdentity", func(d *deployment) any { // another user, linked
		return &api.GetOpenIdTokenForDeveloperIdentityInput{IdentityPoolId: d.pool, Logins: map[string]api.Secret{provider: ben}}
	}, nil},
	{"MergeDeveloperIdentities", func(d *deployment) any {
		return &api.MergeDeveloperIdentitiesInput{IdentityPoolId: d.pool, DeveloperProviderName: provider, SourceUserIdentifier: ben, DestinationUserIdentifier: ann}
	}, nil},
	{"UnlinkDeveloperIdentity", func(d *deployment) any {
		return &api.UnlinkDeveloperIdentityInput{IdentityPoolId: d.pool, IdentityId: d.id, DeveloperProviderName: provider, DeveloperUserIdentifier: ben}
	}, nil},
	{"GetId", func(d *deployment) any {
		return &api.GetIdInput{IdentityPoolId: d.pool, Logins: d.by(facebook, "canary-1")}
	}, nil},
	{"GetOpenIdToken", func(d *deployment) any {
		return &api.GetOpenIdTokenInput{IdentityId: d.guest, Logins: d.by(google, "canary-2")}
	}, nil},
	{"SetIdentityPoolRoles", func(d *deployment) any {
		return &api.SetIdentityPoolRolesInput{IdentityPoolId: d.pool, Roles: map[string]string{"authenticated": roleARN}}
	}, nil},
	{"SetPrincipalTagAttributeMap", func(d *deployment) any {
		return &api.SetPrincipalTagAttributeMapInput{IdentityPoolId: d.pool, IdentityProviderName: google, UseDefaults: new(true)}
	}, nil},
	{"GetCredentialsForIdentity", func(d *deployment) any { // two identities become one
		return &api.GetCredentialsForIdentityInput{IdentityId: d.guest, Logins: d.by(google, "canary-2", facebook, "canary-1")}
	}, nil},
	{"UnlinkIdentity", func(d *deployment) any {
		return &api.UnlinkIdentityInput{IdentityId: d.guest, Logins: d.by(google, "canary-2"), LoginsToRemove: []string{facebook}}
	}, nil},
	{"EnsureDeveloperIdentity", func(d *deployment) any {
		return &api.EnsureDeveloperIdentityInput{IdentityPoolId: d.pool, DeveloperUserIdentifier: "canary-3"}
	}, nil},
	{"LinkDeveloperIdentity", func(d *deployment) any {
		return &api.LinkDeveloperIdentityInput{IdentityPoolId: d.pool, IdentityId: d.guest, DeveloperUserIdentifier: "canary-4"}
	}, nil},
	{"SetIdentityPoolSigning", func(d *deployment) any {
		return &api.SetIdentityPoolSigningInput{IdentityPoolId: d.pool, SigningAlgorithm: "EdDSA"}
	}, nil},
	{"DisableIdentity", func(d *deployment) any { return &api.DisableIdentityInput{IdentityPoolId: d.pool, IdentityId: d.guest} }, nil},
	{"EnableIdentity", func(d *deployment) any { return &api.EnableIdentityInput{IdentityPoolId: d.pool, IdentityId: d.guest} }, nil},
	{"RevokeIdentity", func(d *deployment) any { return &api.RevokeIdentityInput{IdentityPoolId: d.pool, IdentityId: d.guest} }, nil},
	{"TagResource", func(d *deployment) any {
		return &api.TagResourceInput{ResourceArn: identity.PoolARN(account, d.pool), Tags: map[string]string{"k": "v"}}
	}, nil},
	{"UntagResource", func(d *deployment) any {
		return &api.UntagResourceInput{ResourceArn: identity.PoolARN(account, d.pool), TagKeys: []string{"k"}}
	}, nil},
	{"DeleteIdentities", func(d *deployment) any { return &api.DeleteIdentitiesInput{IdentityIdsToDelete: []string{d.id}} }, nil},
	{"DeleteIdentityPool", func(d *deployment) any { return &api.DeleteIdentityPoolInput{IdentityPoolId: d.pool} }, nil},

	{"CreateUser", with(&api.CreateUserInput{UserName: "v"}), nil},
	{"UpdateUser", with(&api.UpdateUserInput{UserName: "v", NewUserName: "u"}), nil},
	{"TagUser", with(&api.TagUserInput{UserName: "u", Tags: []api.Tag{{Key: "k", Value: "v"}}}), nil},
	{"UntagUser", with(&api.UntagUserInput{UserName: "u", TagKeys: []string{"k"}}), nil},
	{"PutUserPolicy", with(&api.PutUserPolicyInput{UserName: "u", PolicyName: "i", PolicyDocument: document}), nil},
	{"DeleteUserPolicy", with(&api.DeleteUserPolicyInput{UserName: "u", PolicyName: "i"}), nil},
	{"CreateAccessKey", with(&api.CreateAccessKeyInput{UserName: "u"}),
		func(d *deployment, out any) { d.accessKey = out.(*api.CreateAccessKeyOutput).AccessKey.AccessKeyId }},
	{"UpdateAccessKey", func(d *deployment) any {
		return &api.UpdateAccessKeyInput{UserName: "u", AccessKeyId: d.accessKey, Status: "Inactive"}
	}, nil},
	{"DeleteAccessKey", func(d *deployment) any { return &api.DeleteAccessKeyInput{UserName: "u", AccessKeyId: d.accessKey} }, nil},
	{"CreateRole", with(&api.CreateRoleInput{RoleName: "r", AssumeRolePolicyDocument: trust}), nil},
	{"UpdateRole", with(&api.UpdateRoleInput{RoleName: "r", MaxSessionDuration: 7200}), nil},
	{"UpdateRoleDescription", with(&api.UpdateRoleDescriptionInput{RoleName: "r", Description: "z"}), nil},
	{"UpdateAssumeRolePolicy", with(&api.UpdateAssumeRolePolicyInput{RoleName: "r", PolicyDocument: trust}), nil},
	{"TagRole", with(&api.TagRoleInput{RoleName: "r", Tags: []api.Tag{{Key: "k", Value: "v"}}}), nil},
	{"UntagRole", with(&api.UntagRoleInput{RoleName: "r", TagKeys: []string{"k"}}), nil},
	{"PutRolePolicy", with(&api.PutRolePolicyInput{RoleName: "r", PolicyName: "i", PolicyDocument: document}), nil},
	{"SetRoleUpstream", with(&api.SetRoleUpstreamInput{RoleArn: "arn:aws:iam::" + account + ":role/r", Upstream: &api.RoleUpstream{Url: "https://sts.example", RoleArn: roleARN}}), nil},
	{"DeleteRoleUpstream", with(&api.DeleteRoleUpstreamInput{RoleArn: "arn:aws:iam::" + account + ":role/r"}), nil},
	{"RevokeSessions", with(&api.RevokeSessionsInput{RoleName: "r"}), nil},
	{"DeleteRolePolicy", with(&api.DeleteRolePolicyInput{RoleName: "r", PolicyName: "i"}), nil},
	{"CreatePolicy", with(&api.CreatePolicyInput{PolicyName: "p", PolicyDocument: document}), nil},
	{"CreatePolicyVersion", with(&api.CreatePolicyVersionInput{PolicyArn: policyARN, PolicyDocument: document}), nil},
	{"SetDefaultPolicyVersion", with(&api.SetDefaultPolicyVersionInput{PolicyArn: policyARN, VersionId: "v2"}), nil},
	{"DeletePolicyVersion", with(&api.DeletePolicyVersionInput{PolicyArn: policyARN, VersionId: "v1"}), nil},
	{"TagPolicy", with(&api.TagPolicyInput{PolicyArn: policyARN, Tags: []api.Tag{{Key: "k", Value: "v"}}}), nil},
	{"UntagPolicy", with(&api.UntagPolicyInput{PolicyArn: policyARN, TagKeys: []string{"k"}}), nil},
	{"AttachUserPolicy", with(&api.AttachUserPolicyInput{UserName: "u", PolicyArn: policyARN}), nil},
	{"DetachUserPolicy", with(&api.DetachUserPolicyInput{UserName: "u", PolicyArn: policyARN}), nil},
	{"AttachRolePolicy", with(&api.AttachRolePolicyInput{RoleName: "r", PolicyArn: policyARN}), nil},
	{"DetachRolePolicy", with(&api.DetachRolePolicyInput{RoleName: "r", PolicyArn: policyARN}), nil},
	{"DeletePolicy", with(&api.DeletePolicyInput{PolicyArn: policyARN}), nil},
	{"DeleteRole", with(&api.DeleteRoleInput{RoleName: "r"}), nil},
	{"DeleteUser", with(&api.DeleteUserInput{UserName: "u"}), nil},
	{"CreateOpenIDConnectProvider", with(&api.CreateOpenIDConnectProviderInput{Url: "https://idp.example"}), nil},
	{"AddClientIDToOpenIDConnectProvider", with(&api.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidcARN, ClientID: "c"}), nil},
	{"RemoveClientIDFromOpenIDConnectProvider", with(&api.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidcARN, ClientID: "c"}), nil},
	{"UpdateOpenIDConnectProviderThumbprint", with(&api.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: oidcARN, ThumbprintList: []string{strings.Repeat("a", 40)}}), nil},
	{"TagOpenIDConnectProvider", with(&api.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidcARN, Tags: []api.Tag{{Key: "k", Value: "v"}}}), nil},
	{"UntagOpenIDConnectProvider", with(&api.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidcARN, TagKeys: []string{"k"}}), nil},
	{"DeleteOpenIDConnectProvider", with(&api.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidcARN}), nil},
	{"CreateSAMLProvider", with(&api.CreateSAMLProviderInput{Name: "s", SAMLMetadataDocument: metadata}), nil},
	{"UpdateSAMLProvider", with(&api.UpdateSAMLProviderInput{SAMLProviderArn: samlARN, SAMLMetadataDocument: metadata}), nil},
	{"TagSAMLProvider", with(&api.TagSAMLProviderInput{SAMLProviderArn: samlARN, Tags: []api.Tag{{Key: "k", Value: "v"}}}), nil},
	{"UntagSAMLProvider", with(&api.UntagSAMLProviderInput{SAMLProviderArn: samlARN, TagKeys: []string{"k"}}), nil},
	{"DeleteSAMLProvider", with(&api.DeleteSAMLProviderInput{SAMLProviderArn: samlARN}), nil},

	{"RotateSigningKeys", with(&api.RotateSigningKeysInput{}), nil},
}

// method returns the method that serves an operation, if there is one, and its service.
func (d *deployment) method(operation string) (method reflect.Value, s *api.Service, op *api.Operation) {
	for s, on := range d.services {
		if op := s.Operation(operation); op != nil {
			return reflect.ValueOf(on).MethodByName(operation), s, op
		}
	}
	return method, nil, nil
}

// call calls an operation, and returns its output, or nil, and what is in the outbox then.
func (d *deployment) call(operation string, in any) (out any, p *audit.Pending, lines [][]byte) {
	d.Helper()
	method, s, op := d.method(operation)
	if !method.IsValid() {
		d.Fatalf("nothing serves %s", operation)
	}
	caller := principal.Root(account)
	caller.Region, caller.SourceIP, caller.Now = region, "192.0.2.7", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if op.Public {
		caller = api.Caller{Now: caller.Now, SourceIP: caller.SourceIP}
	}
	p = &audit.Pending{Service: s, Operation: op, Caller: caller, Input: in, RequestID: "request", UserAgent: "agent", NewID: uuid.NewString}
	results := method.Call([]reflect.Value{
		reflect.ValueOf(audit.With(d.Context(), p)), reflect.ValueOf(caller), reflect.ValueOf(in),
	})
	if err, _ := results[len(results)-1].Interface().(error); err != nil {
		d.Fatalf("%s: %v", operation, err)
	}
	if len(results) == 2 {
		out = results[0].Interface()
	}
	rows, err := d.db.Audit().Events(context.Background(), 10)
	if err != nil {
		d.Fatal(err)
	}
	for _, r := range rows {
		lines = append(lines, r.Line)
		if err := d.db.Audit().Drop(d.Context(), []audit.Row{r}); err != nil {
			d.Fatal(err)
		}
	}
	return out, p, lines
}

// secrets returns the secrets within a value.
func secrets(v reflect.Value) (all []string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return secrets(v.Elem())
		}
	case reflect.Struct:
		for n := range v.NumField() {
			if v.Type().Field(n).IsExported() {
				all = append(all, secrets(v.Field(n))...)
			}
		}
	case reflect.Slice:
		for n := range v.Len() {
			all = append(all, secrets(v.Index(n))...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			all = append(all, secrets(v.MapIndex(key))...)
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[api.Secret]() && v.Len() > 0 {
			return []string{v.String()}
		}
	}
	return all
}

// Each operation that changes something leaves one event with its name, and no secret in
// it.
func TestEveryChangeIsRecorded(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	tried := make(map[string]bool)
	secretsSeen := 0
	for _, c := range changes {
		tried[c.operation] = true
		in := c.input(d)
		out, p, lines := d.call(c.operation, in)
		if c.then != nil {
			c.then(d, out)
		}
		if len(lines) != 1 || !p.Recorded() {
			t.Errorf("%s: got %d events, recorded %t, want one", c.operation, len(lines), p.Recorded())
			continue
		}
		e, err := audit.Parse(lines[0])
		if err != nil {
			t.Fatal(err)
		}
		data := p.Operation.Public || c.operation == "GetOpenIdTokenForDeveloperIdentity"
		if e.EventName != c.operation || e.EventSource != audit.Source(p.Service) || e.ReadOnly ||
			e.ManagementEvent == data || e.RecipientAccountID != account || e.AWSRegion != region {
			t.Errorf("%s: got %s", c.operation, lines[0])
		}
		if p.Operation.Output != nil && len(p.Operation.Output.Members) > 0 && e.ResponseElements == nil {
			t.Errorf("%s: no response elements in %s", c.operation, lines[0])
		}
		found := append(secrets(reflect.ValueOf(in)), secrets(reflect.ValueOf(out))...)
		secretsSeen += len(found)
		for _, secret := range append(found, "canary") {
			if bytes.Contains(lines[0], []byte(secret)) {
				t.Errorf("%s: %q is in %s", c.operation, secret, lines[0])
			}
		}
	}
	if secretsSeen < 5 {
		t.Errorf("only %d secrets were looked for", secretsSeen)
	}
	for s := range d.services {
		if s == api.STS {
			continue // temporary credentials are kept nowhere
		}
		for _, op := range s.Operations {
			if method, _, _ := d.method(op.Name); op.Audit != api.AuditRead && method.IsValid() && !tried[op.Name] {
				t.Errorf("%s has no row: is what it changes recorded?", op.Name)
			}
		}
	}
}

// What changes nothing leaves none, and neither do changes that nobody called for.
func TestOnlyChangesAreRecorded(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	for _, c := range changes[:8] {
		out, _, _ := d.call(c.operation, c.input(d))
		if c.then != nil {
			c.then(d, out)
		}
	}
	for _, c := range []change{
		{"GetOpenIdTokenForDeveloperIdentity", changes[3].input, nil}, // a known user
		{"GetId", changes[7].input, nil},                              // a known login
		{"EnsureDeveloperIdentity", func(d *deployment) any {
			return &api.EnsureDeveloperIdentityInput{IdentityPoolId: d.pool, DeveloperUserIdentifier: ann}
		}, nil},
		{"EnableIdentity", func(d *deployment) any { return &api.EnableIdentityInput{IdentityPoolId: d.pool, IdentityId: d.id} }, nil},
		{"LinkDeveloperIdentity", func(d *deployment) any {
			return &api.LinkDeveloperIdentityInput{IdentityPoolId: d.pool, IdentityId: d.id, DeveloperUserIdentifier: ann}
		}, nil},
		{"DescribeIdentityPool", func(d *deployment) any { return &api.DescribeIdentityPoolInput{IdentityPoolId: d.pool} }, nil},
		{"ListUsers", with(&api.ListUsersInput{}), nil},
		{"GetCallerIdentity", with(&api.GetCallerIdentityInput{}), nil},
		{"GetSessionToken", with(&api.GetSessionTokenInput{}), nil},
		{"DeleteOpenIDConnectProvider", with(&api.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: oidcARN}), nil}, // there is none
	} {
		before := d.db.Stats()
		_, p, lines := d.call(c.operation, c.input(d))
		if len(lines) > 0 || p.Recorded() {
			t.Errorf("%s: got %s", c.operation, lines)
		}
		if after := d.db.Stats(); after.Commits != before.Commits {
			t.Errorf("%s has written to the database", c.operation)
		}
	}
	principals := d.services[api.IAM].(*principal.Service)
	out, _, _ := d.call("CreateAccessKey", &api.CreateAccessKeyInput{})
	id := out.(*api.CreateAccessKeyOutput).AccessKey.AccessKeyId
	if err := principals.NoteKeyUse(t.Context(), id, "iam", region); err != nil {
		t.Fatal(err)
	}
	err := d.db.Update(t.Context(), func(tx identity.Tx) error {
		_, err := tx.PurgeDeleted(10)
		if err != nil {
			return err
		}
		return tx.PutSetting("a", []byte("b"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := d.db.Audit().Events(t.Context(), 10); err != nil || len(rows) > 0 {
		t.Errorf("got %d events, %v, want none", len(rows), err)
	}
}
