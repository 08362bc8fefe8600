package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func (w *world) setSigning(pool, algorithm string) error {
	return w.SetIdentityPoolSigning(w.Context(), owner, &api.SetIdentityPoolSigningInput{IdentityPoolId: pool, SigningAlgorithm: algorithm})
}

// signing returns what the pool asks for and what signs now.
func (w *world) signing() [2]string {
	w.Helper()
	out, err := w.GetIdentityPoolSigning(w.Context(), owner, &api.GetIdentityPoolSigningInput{IdentityPoolId: w.pool})
	if err != nil {
		w.Fatal(err)
	}
	return [2]string{out.SigningAlgorithm, out.ActiveAlgorithm}
}

// algorithms returns the algorithms of a developer user's token, of a guest's, and what goes along to
// who issues credentials.
func (w *world) algorithms() (all [3]string) {
	w.Helper()
	of := func(raw api.Secret) string {
		head, _, _ := strings.Cut(string(raw), ".")
		b, err := base64.RawURLEncoding.DecodeString(head)
		if err != nil {
			w.Fatal(err)
		}
		var h struct{ Alg string }
		if err := json.Unmarshal(b, &h); err != nil {
			w.Fatal(err)
		}
		return h.Alg
	}
	dev, err := w.GetOpenIdTokenForDeveloperIdentity(w.Context(), owner, &api.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: w.pool, Logins: logins(provider, "ann"),
	})
	if err != nil {
		w.Fatal(err)
	}
	guest, err := w.openToken(w.guest())
	if err != nil {
		w.Fatal(err)
	}
	f, err := w.credentialsOf(dev.IdentityId, "", logins("cognito-identity.amazonaws.com", string(dev.Token)))
	if err != nil {
		w.Fatal(err)
	}
	return [3]string{of(dev.Token), of(guest.Token), f.SigningAlgorithm}
}

func TestSetIdentityPoolSigning(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	w.giveRoles()
	check := func(when string, signing [2]string, algorithms [3]string) {
		t.Helper()
		if got := w.signing(); got != signing {
			t.Errorf("%s: asks for %q and signs with %q, want %q", when, got[0], got[1], signing)
		}
		if got := w.algorithms(); got != algorithms {
			t.Errorf("%s: got %q, want %q", when, got, algorithms)
		}
	}
	check("at first", [2]string{"", "ES256"}, [3]string{"ES256", "ES256", ""})
	for range 2 { // it may be called again
		if err := w.setSigning(w.pool, "EdDSA"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.ring.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("published", [2]string{"EdDSA", "ES256"}, [3]string{"ES256", "ES256", "EdDSA"})
	w.clock.goOn(15 * time.Minute)
	check("published long enough", [2]string{"EdDSA", "EdDSA"}, [3]string{"EdDSA", "EdDSA", "EdDSA"})
	// Neither a new start nor an update of the pool forgets it.
	w.reopen()
	up := publicPool(provider)
	if _, err := w.UpdateIdentityPool(t.Context(), owner, &api.IdentityPool{
		IdentityPoolId: w.pool, IdentityPoolName: "other", AllowUnauthenticatedIdentities: true,
		OpenIdConnectProviderARNs: up.OpenIdConnectProviderARNs,
	}); err != nil {
		t.Fatal(err)
	}
	check("updated", [2]string{"EdDSA", "EdDSA"}, [3]string{"EdDSA", "EdDSA", "EdDSA"})
	if err := w.setSigning(w.pool, ""); err != nil {
		t.Fatal(err)
	}
	check("taken back", [2]string{"", "ES256"}, [3]string{"ES256", "ES256", ""})

	before := w.state()
	if err := w.setSigning(newID(home), "EdDSA"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("no such pool: got %v", err)
	}
	if diff := cmp.Diff(before, w.state()); diff != "" {
		t.Errorf("a refusal changed something (-before +after)\n%s", diff)
	}
}

func TestGetIdentityStatus(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	get := func(id string) *api.GetIdentityStatusOutput {
		t.Helper()
		out, err := w.GetIdentityStatus(t.Context(), owner, &api.GetIdentityStatusInput{IdentityPoolId: w.pool, IdentityId: id})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	ann, guest := w.user("ann"), w.guest()
	if err := w.attach(ann, "also ann"); err != nil {
		t.Fatal(err)
	}
	merged := w.mergedAway("ben", "cat")
	check := func(id, status string, users, providers []string) {
		t.Helper()
		want := &api.GetIdentityStatusOutput{IdentityId: id, Status: status, Logins: providers, DeveloperUserIdentifiers: users, CreationDate: start, LastModifiedDate: start}
		if diff := cmp.Diff(want, get(id)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", id, diff)
		}
	}
	check(ann, "Enabled", []string{"also ann", "ann"}, []string{provider})
	check(guest, "Enabled", nil, nil)
	check(merged, "Merged", nil, nil)
	w.disable(ann)
	check(ann, "Disabled", []string{"also ann", "ann"}, []string{provider})
	for _, users := range [][2]string{{"ann", "Disabled"}, {"cat", "Enabled"}} {
		out, err := w.SearchDeveloperIdentities(t.Context(), owner, &api.SearchDeveloperIdentitiesInput{IdentityPoolId: w.pool, Prefix: users[0]})
		if err != nil || len(out.DeveloperIdentities) != 1 || out.DeveloperIdentities[0].Status != users[1] {
			t.Errorf("search for %s: got %+v, %v, want %s", users[0], out, err, users[1])
		}
	}
	w.enable(ann)
	revoked, err := w.revoke(ann)
	if err != nil {
		t.Fatal(err)
	}
	if got := get(ann); got.Status != "Enabled" || !got.IssuedBefore.Equal(revoked.IssuedBefore) {
		t.Errorf("revoked: got %+v, want %v", got, revoked.IssuedBefore)
	}
	for name, in := range map[string]api.GetIdentityStatusInput{
		"no such identity":        {IdentityPoolId: w.pool, IdentityId: newID(home)},
		"identity of another one": {IdentityPoolId: w.newPool(owner, provider), IdentityId: ann},
		"no such pool":            {IdentityPoolId: newID(home), IdentityId: ann},
	} {
		if out, err := w.GetIdentityStatus(t.Context(), owner, &in); out != nil || err == nil || !strings.Contains(err.Error(), "not found") {
			t.Errorf("%s: got %+v, %v", name, out, err)
		}
	}
}
