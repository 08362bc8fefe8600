package identity_test

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func (w *world) newAccessKey(c identity.Caller, description string) (api.AccessKey, api.Secret) {
	w.Helper()
	out, err := w.CreateAccessKey(w.Context(), c, &api.CreateAccessKeyInput{Description: description})
	if err != nil {
		w.Fatal(err)
	}
	return *out.AccessKey, out.SecretAccessKey
}

func (w *world) accessKeys(c identity.Caller) []api.AccessKey {
	w.Helper()
	out, err := w.ListAccessKeys(w.Context(), c, &api.ListAccessKeysInput{})
	if err != nil {
		w.Fatal(err)
	}
	return out.AccessKeys
}

func TestAccessKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.accessKeys(owner); got == nil || len(got) != 0 {
		t.Errorf("at first: got %#v, want an empty list", got)
	}
	form, secretForm := regexp.MustCompile(`\AAKIA[A-Z2-7]{16}\z`), regexp.MustCompile(`\A[A-Za-z0-9+/]{40}\z`)
	var keys []api.AccessKey
	secrets := make(map[string]api.Secret) // of ids
	for _, description := range []string{"", "backend", "backend"} {
		w.clock.goOn(time.Second)
		k, secret := w.newAccessKey(owner, description)
		if !form.MatchString(k.AccessKeyId) || !secretForm.MatchString(string(secret)) {
			t.Errorf("got id %q and a secret of %d characters, want AWS's form", k.AccessKeyId, len(secret))
		}
		want := api.AccessKey{AccessKeyId: k.AccessKeyId, AccountId: owner.Account, Description: description, CreationDate: w.clock.now()}
		if diff := cmp.Diff(want, k); diff != "" {
			t.Errorf("created (-want +got)\n%s", diff)
		}
		for id, other := range secrets {
			if id == k.AccessKeyId || other == secret {
				t.Errorf("access keys %s and %s share their id or secret", id, k.AccessKeyId)
			}
		}
		keys, secrets[k.AccessKeyId] = append(keys, k), secret
	}
	strangers, _ := w.newAccessKey(stranger, "")
	w.reopen()

	if diff := cmp.Diff(keys, w.accessKeys(owner)); diff != "" {
		t.Errorf("list (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]api.AccessKey{strangers}, w.accessKeys(stranger)); diff != "" {
		t.Errorf("another account's list (-want +got)\n%s", diff)
	}
	for id, want := range secrets {
		k, err := w.AccessKey(t.Context(), id)
		if err != nil {
			t.Errorf("access key %s: %v", id, err)
			continue
		}
		if got, err := w.OpenSecret(k); err != nil || got != want {
			t.Errorf("secret of %s: opening gives another, or %v", id, err)
		}
		if bytes.Contains(k.Secret, []byte(want)) {
			t.Errorf("the secret of %s is stored in the clear", id)
		}
	}
}

// A secret opens for the access key that it is of, under the master key that sealed it.
func TestAccessKeys_SecretIsBound(t *testing.T) {
	t.Parallel()
	w, elsewhere := newWorld(t), newWorld(t)
	a, _ := w.newAccessKey(owner, "")
	b, _ := w.newAccessKey(owner, "")
	ka, kb := must(w.AccessKey(t.Context(), a.AccessKeyId)), must(w.AccessKey(t.Context(), b.AccessKeyId))
	swapped := *ka
	swapped.Secret = kb.Secret
	if secret, err := w.OpenSecret(&swapped); err == nil || secret != "" {
		t.Errorf("secret of another access key: got %d characters, %v, want an error", len(secret), err)
	}
	if secret, err := elsewhere.OpenSecret(ka); err == nil || secret != "" {
		t.Errorf("under another master key: got %d characters, %v, want an error", len(secret), err)
	}
	if _, err := w.OpenSecret(ka); err != nil {
		t.Errorf("as it was: %v", err)
	}
}

func TestAccessKeys_Delete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, _ := w.newAccessKey(owner, "first")
	second, _ := w.newAccessKey(owner, "second")
	strangers, _ := w.newAccessKey(stranger, "")
	del := func(c identity.Caller, id string) func() error {
		return func() error {
			return w.DeleteAccessKey(t.Context(), c, &api.DeleteAccessKeyInput{AccessKeyId: id})
		}
	}
	notFound := func(id string) string {
		return "ResourceNotFoundException: Access key '" + id + "' not found."
	}
	w.refuses("DeleteAccessKey", []refusal{
		{"another account's", del(owner, strangers.AccessKeyId), notFound(strangers.AccessKeyId), del(stranger, strangers.AccessKeyId)},
		{"unknown", del(owner, "AKIANOBODYHASTHISKEY"), notFound("AKIANOBODYHASTHISKEY"), del(owner, first.AccessKeyId)},
		{"deleted before", del(owner, first.AccessKeyId), notFound(first.AccessKeyId), func() error { return nil }},
	})
	if got := w.accessKeys(owner); !slices.Equal(got, []api.AccessKey{second}) {
		t.Errorf("list: got %+v, want %+v alone", got, second)
	}
	for _, id := range []string{first.AccessKeyId, strangers.AccessKeyId, ""} {
		if k, err := w.AccessKey(t.Context(), id); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("access key %q: got %+v, %v, want %v", id, k, err, identity.ErrNotFound)
		}
	}
	if err := del(ownerAbroad, second.AccessKeyId)(); err != nil {
		t.Errorf("in another region, for access keys have none: %v", err)
	}
}
