package principal_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// internal methods serve no operation.
var internalMethods = map[string]string{
	"AccessKey":  "finds out who calls",
	"Credential": "finds out who calls",
	"OpenSecret": "finds out who calls",
	"NoteKeyUse": "notes who has called",
	"Authorize":  "decides about the caller",
	"Explain":    "decides about the caller",
	"Target":     "see TestTarget",

	"AdmitWebIdentity":   "AssumeRoleWithWebIdentity once the token is verified",
	"Grant":              "AssumeRoleWithWebIdentity once the token is verified",
	"OIDCProviderCalled": "AssumeRoleWithWebIdentity before the token is verified",
	"MayPass":            "for identity pools",
	"TrustedOIDC":        "for the verification of logins",
	"TrustedSAML":        "for the verification of logins",
	"TrustsPool":         "for identity pools",
}

// elsewhereServed are operations that other rooms serve.
var elsewhereServed = []string{"AssumeRoleWithWebIdentity", "ListRegions", "ListSigningKeys", "RotateMasterKey", "RotateSigningKeys"}

// ownersWorld has one of everything, and everything of it has what mark says in its name.
func ownersWorld(t *testing.T) (w *world, refs map[string]string) {
	t.Helper()
	w = newWorld(t)
	ctx := t.Context()
	w.user("marked")
	w.role("marked")
	policy := w.policy("marked", nothing)
	w.check(w.addVersion(policy, nothing, false))
	w.check(w.putUserPolicy("marked", "marked", nothing))
	w.check(w.putRolePolicy("marked", "marked", nothing))
	w.check(w.attachUser("marked", policy))
	w.check(w.attachRole("marked", policy))
	oidc := must(w.createOIDC("https://marked.example", "marked"))
	saml := must(w.createSAML("marked", metadata(entity)))
	all := tags("marked", "marked")
	w.check(w.TagUser(ctx, owner, &api.TagUserInput{UserName: "marked", Tags: all}))
	w.check(w.TagRole(ctx, owner, &api.TagRoleInput{RoleName: "marked", Tags: all}))
	w.check(w.TagPolicy(ctx, owner, &api.TagPolicyInput{PolicyArn: policy, Tags: all}))
	return w, map[string]string{
		"UserName": "marked", "RoleName": "marked", "PolicyName": "marked", "Name": "new", "VersionId": "v1", "Status": "Inactive",
		"PolicyArn": policy, "OpenIDConnectProviderArn": oidc, "SAMLProviderArn": saml,
		"AccessKeyId": w.key("marked").AccessKeyId, "Url": "https://new.example", "ClientID": "marked",
		"SAMLMetadataDocument": metadata(entity), "PolicyDocument": nothing, "AssumeRolePolicyDocument": trust,
	}
}

// ask calls the method that serves an operation, with an input whose strings are refs by
// the names of their members, and returns all that it answers, and whether it succeeds.
func (w *world) ask(c api.Caller, op string, refs map[string]string) (said string, ok bool) {
	w.Helper()
	m := reflect.ValueOf(w.Service).MethodByName(op)
	in := reflect.New(m.Type().In(2).Elem())
	for name, value := range refs {
		if f := in.Elem().FieldByName(name); f.IsValid() {
			f.SetString(value)
		}
	}
	switch op {
	case "UpdateAssumeRolePolicy":
		in.Elem().FieldByName("PolicyDocument").SetString(trust)
	case "CreateUser":
		in.Elem().FieldByName("UserName").SetString("new")
	case "CreateRole":
		in.Elem().FieldByName("RoleName").SetString("new")
	case "CreatePolicy":
		in.Elem().FieldByName("PolicyName").SetString("new")
	}
	if f := in.Elem().FieldByName("TagKeys"); f.IsValid() {
		f.Set(reflect.ValueOf([]string{"marked"}))
	}
	results := m.Call([]reflect.Value{reflect.ValueOf(w.Context()), reflect.ValueOf(c), in})
	if err, _ := results[len(results)-1].Interface().(error); err != nil {
		return answer(err), false
	}
	text, err := json.Marshal(results[0].Interface())
	if err != nil {
		w.Fatal(err)
	}
	return string(text), true
}

// elsewhere returns refs to what nobody has.
func elsewhere(refs map[string]string) map[string]string {
	none := make(map[string]string)
	for name, value := range refs {
		switch {
		case name == "AccessKeyId":
			value = "AKIANOBODYHASTHISKEY"
		case strings.HasSuffix(name, "Arn") || name == "UserName" || name == "RoleName" || name == "PolicyName":
			value = strings.ReplaceAll(value, "marked", "absent")
		}
		none[name] = value
	}
	return none
}

// hide takes from an answer what it says of the question.
func hide(answer string, refs map[string]string) string {
	for name, value := range refs {
		if strings.HasSuffix(name, "Arn") || name == "AccessKeyId" {
			answer = strings.ReplaceAll(answer, value, name)
		}
	}
	return strings.NewReplacer("marked", "X", "absent", "X").Replace(answer)
}

// Every operation has its method, and there is no other.
func TestTenancy_EveryMethodServes(t *testing.T) {
	t.Parallel()
	methods := make(map[string]bool)
	for m := range reflect.TypeFor[*principal.Service]().Methods() {
		methods[m.Name] = true
	}
	for _, op := range slices.Concat(api.IAM.Operations, api.STS.Operations, api.Control.Operations) {
		if slices.Contains(elsewhereServed, op.Name) {
			continue
		}
		if !methods[op.Name] {
			t.Errorf("%s has no method", op.Name)
		}
		delete(methods, op.Name)
	}
	for name := range internalMethods {
		if !methods[name] {
			t.Errorf("there is no method %s", name)
		}
		delete(methods, name)
	}
	for name := range methods {
		t.Errorf("%s serves no operation", name)
	}
}

// What another account has is answered as what does not exist, and neither touched nor
// shown.
func TestTenancy_NotYoursIsNotThere(t *testing.T) {
	t.Parallel()
	w, refs := ownersWorld(t)
	none := elsewhere(refs)
	for _, op := range api.IAM.Operations {
		for name, c := range map[string]api.Caller{"another account": stranger, "nobody": {}} {
			before := w.state()[owner.Account]
			said, _ := w.ask(c, op.Name, refs)
			got := hide(said, refs)
			said, _ = w.ask(c, op.Name, none)
			want := hide(said, none)
			if diff := cmp.Diff(before, w.state()[owner.Account]); diff != "" {
				t.Errorf("%s by %s changed the owner's holdings (-before +after)\n%s", op.Name, name, diff)
			}
			creates := strings.HasPrefix(op.Name, "Create")
			if !creates && got != want {
				t.Errorf("%s by %s: got %s\nwant, as of what is not there, %s", op.Name, name, got, want)
			}
			if strings.Contains(got, owner.Account) || strings.Contains(got, `"X"`) && !creates {
				t.Errorf("%s by %s: got %s, which shows what the owner has", op.Name, name, got)
			}
		}
	}
}

// The twin: the same calls are answered to the owner, and otherwise than for what is not
// there.
func TestTenancy_YoursIsThere(t *testing.T) {
	t.Parallel()
	for _, op := range api.IAM.Operations {
		// Each in a world of its own: some take away what others ask for.
		w, refs := ownersWorld(t)
		switch op.Name {
		case "DeleteUser", "DeleteRole", "DeletePolicy":
			w.check(w.detachUser("marked", refs["PolicyArn"]))
			w.check(w.detachRole("marked", refs["PolicyArn"]))
			w.check(w.deleteKey("marked", refs["AccessKeyId"]))
			w.check(w.deleteVersion(refs["PolicyArn"], "v2"))
			w.check(w.DeleteUserPolicy(t.Context(), owner, &api.DeleteUserPolicyInput{UserName: "marked", PolicyName: "marked"}))
			w.check(w.DeleteRolePolicy(t.Context(), owner, &api.DeleteRolePolicyInput{RoleName: "marked", PolicyName: "marked"}))
		case "DeletePolicyVersion":
			refs["VersionId"] = "v2"
		}
		got, ok := w.ask(owner, op.Name, refs)
		if !ok {
			t.Errorf("%s by the owner: got %s", op.Name, got)
		}
		if op.Output == nil || strings.HasPrefix(op.Name, "Create") || op.Name == "UpdateRole" ||
			op.Name == "ListGroupsForUser" || op.Name == "ListInstanceProfilesForRole" ||
			op.Name == "ListOpenIDConnectProviderTags" || op.Name == "ListSAMLProviderTags" {
			continue
		}
		if !strings.Contains(got, "marked") && op.Name != "GetSAMLProvider" && !strings.Contains(op.Name, "PolicyVersion") {
			t.Errorf("%s by the owner: got %s, which shows nothing of what there is", op.Name, got)
		}
	}
}
