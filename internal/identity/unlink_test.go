package identity_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// unlinkBy takes public logins from an identity: pairs as for by.
func (w *world) unlinkBy(id string, remove []string, pairs ...string) error {
	return w.UnlinkIdentity(w.Context(), anonymous, &api.UnlinkIdentityInput{IdentityId: id, Logins: w.by(pairs...), LoginsToRemove: remove})
}

func TestUnlinkIdentity(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	ann := must(w.tokenBy("", provider, "ann", google, "1", userPool, "2", samlARN, "3"))
	w.clock.goOn(time.Hour)
	if err := w.unlinkBy(ann, []string{userPool, samlARN, userPool}, google, "1"); err != nil {
		t.Fatal(err)
	}
	want := &identity.Identity{
		ID: ann, PoolID: w.pool, Authenticated: true, Created: start, Modified: start.Add(time.Hour),
		Logins: []identity.Login{{Provider: provider, Subject: "ann"}, {Provider: google, Subject: "1"}},
	}
	if diff := cmp.Diff(want, w.stored(ann)); diff != "" {
		t.Errorf("identity (-want +got)\n%s", diff)
	}
	if got := w.person(userPool, "2"); got == ann {
		t.Error("a login that was unlinked still leads to the identity")
	}
	// A provider that the pool has no more can still be left.
	if err := w.setPool(func(p *api.IdentityPool) { p.SupportedLoginProviders = nil }); err != nil {
		t.Fatal(err)
	}
	must(w.tokenBy(ann, provider, "ann", samlARN, "new"))
	if err := w.unlinkBy(ann, []string{google, samlARN}, samlARN, "new"); err != nil {
		t.Fatal(err)
	}
	if got := w.user("ann"); got != ann || len(w.stored(ann).Logins) != 1 {
		t.Errorf("got %s, %+v, want the developer user alone", got, w.stored(ann))
	}
	before := w.state()
	must(w.tokenBy(ann, provider, "ann", samlARN, "last"))
	if err := w.unlinkBy(ann, nil, samlARN, "last"); err != nil {
		t.Errorf("nothing to remove: %v", err)
	}
	if diff := cmp.Diff(len(before[owner.Account].Identities), len(w.state()[owner.Account].Identities)); diff != "" {
		t.Error(diff)
	}

	// Without its last login it can not be used, nor be taken by a new one.
	ben := w.person(oidcProvider, "ben")
	if err := w.unlinkBy(ben, []string{oidcProvider}, oidcProvider, "ben"); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"no logins":    only(w.openToken(ben)),
		"unlink again": w.unlinkBy(ben, []string{oidcProvider}, oidcProvider, "ben"),
	} {
		if got := answer(err); got != forbidden(ben) {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if got := w.person(oidcProvider, "ben"); got == ben {
		t.Error("ben has his old identity")
	}
}

func TestUnlinkIdentity_Refusals(t *testing.T) {
	t.Parallel()
	w := newPublicWorld(t)
	ann := must(w.tokenBy("", provider, "ann", google, "1", userPool, "2"))
	ben, guest := w.person(google, "ben"), w.guest()
	disabled, merged := w.person(google, "disabled", userPool, "disabled"), w.mergedAway("a", "b")
	w.disable(disabled)
	unknown := newID(home)
	call := func(id string, remove string, pairs ...string) func() error {
		return func() error { return w.unlinkBy(id, []string{remove}, pairs...) }
	}
	raw := func(c identity.Caller, logins map[string]api.Secret) func() error {
		return func() error {
			return w.UnlinkIdentity(t.Context(), c, &api.UnlinkIdentityInput{IdentityId: ann, Logins: logins, LoginsToRemove: []string{userPool}})
		}
	}
	// The twin unlinks one login and links it again.
	good := func() error {
		if err := w.unlinkBy(ann, []string{userPool}, google, "1"); err != nil {
			return err
		}
		return only(w.openToken(ann, google, "1", userPool, "2"))
	}
	notLinked := func(id, name string) string {
		return "ResourceNotFoundException: Identity '" + id + "' has no login of " + name + "."
	}
	w.refuses("UnlinkIdentity", []refusal{
		{"unknown", call(unknown, google, google, "1"), noSuchIdentity(unknown), good},
		{"signed for another region", raw(ownerAbroad, w.by(google, "1")), noSuchIdentity(ann), good},
		{"no logins", call(ann, google), forbidden(ann), good},
		{"guest", call(guest, google, google, "x"), dontMatch, good},
		{"guest, no logins", call(guest, google), forbidden(guest), good},
		{"merged", call(merged, google, google, "1"), forbidden(merged), good},
		{"disabled", call(disabled, userPool, google, "disabled"), forbidden(disabled), good},
		{"login of another", call(ann, userPool, google, "ben"), dontMatch, good},
		{"login of nobody", call(ann, userPool, samlARN, "x"), dontMatch, good},
		{"forged", raw(anonymous, logins(google, "forged")), notVerified, good},
		{"one of two is forged", raw(anonymous, logins(google, w.notary.vouch(google, "1"), userPool, "forged")), notVerified, good},
		{"developer provider as proof", raw(anonymous, logins(provider, "ann")), "InvalidParameterException: Please provide a valid public provider", good},
		{"Cognito token as proof", raw(anonymous, w.ownToken("ann", nil)), cognitoToken, good},
		{"developer provider to remove", call(ann, provider, google, "1"), "InvalidParameterException: Please provide a valid public provider", good},
		{"login that is not linked", call(ann, samlARN, google, "1"), notLinked(ann, samlARN), good},
		{"login that is not linked beside one that is", func() error { return w.unlinkBy(ann, []string{userPool, "x"}, google, "1") }, notLinked(ann, "x"), good},
	})
	if got := w.person(google, "ben"); got != ben {
		t.Errorf("ben: got %s, want %s", got, ben)
	}
	w.notary.silent.Store(google)
	w.refuses("UnlinkIdentity", []refusal{{"provider is silent", raw(anonymous, w.by(google, "1")), unreachable, func() error { return only(w.signIn("ann")) }}})
}
