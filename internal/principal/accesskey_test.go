package principal_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

func (w *world) keys(c api.Caller, user string) []api.AccessKeyMetadata {
	w.Helper()
	out, err := w.ListAccessKeys(w.Context(), c, &api.ListAccessKeysInput{UserName: user})
	w.check(err)
	return out.AccessKeyMetadata
}

func (w *world) setStatus(user, id, status string) error {
	return w.UpdateAccessKey(w.Context(), owner, &api.UpdateAccessKeyInput{UserName: user, AccessKeyId: id, Status: status})
}

// signer returns who signs with an access key; empty: nobody.
func (w *world) signer(id string) api.Caller {
	w.Helper()
	_, c, err := w.AccessKey(w.Context(), id)
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		w.Fatal(err)
	}
	return c
}

func TestAccessKey_Form(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	for who, c := range map[string]struct {
		by   api.Caller
		user string
		want api.Caller
	}{
		"root by itself":       {owner, "", owner},
		"user by the root":     {owner, "ANN", ann},
		"user by herself":      {ann, "", ann},
		"user by her own name": {ann, "ann", ann},
	} {
		out := must(w.CreateAccessKey(t.Context(), c.by, &api.CreateAccessKeyInput{UserName: c.user})).AccessKey
		if !regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`).MatchString(out.AccessKeyId) || len(out.SecretAccessKey) != 40 ||
			out.Status != "Active" || out.UserName != c.want.User || !out.CreateDate.Equal(start) {
			t.Errorf("%s: got %+v with a secret of %d characters", who, out, len(out.SecretAccessKey))
		}
		key, signer, err := w.AccessKey(t.Context(), out.AccessKeyId)
		if err != nil {
			t.Fatal(err)
		}
		if secret, err := w.OpenSecret(key); err != nil || secret != out.SecretAccessKey {
			t.Errorf("%s: the secret that was stored is not the one that was answered: %v", who, err)
		}
		want := api.Caller{Account: c.want.Account, Principal: c.want.Principal, ID: c.want.ID, User: c.want.User, AccessKeyID: out.AccessKeyId}
		if diff := cmp.Diff(want, signer); diff != "" {
			t.Errorf("%s: who signs (-want +got)\n%s", who, diff)
		}
		w.check(w.deleteKey(c.want.User, out.AccessKeyId))
		if got := w.signer(out.AccessKeyId); got != (api.Caller{}) {
			t.Errorf("%s: a deleted key signs for %+v", who, got)
		}
	}
}

// A sealed secret opens for the key that it belongs to alone.
func TestOpenSecret_OfAnotherKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, _, _ := w.AccessKey(t.Context(), w.key("").AccessKeyId)
	b, _, _ := w.AccessKey(t.Context(), w.key("").AccessKeyId)
	mixed := *a
	mixed.Secret = b.Secret
	if secret, err := w.OpenSecret(&mixed); err == nil || secret != "" {
		t.Errorf("got a secret, %v, want an error", err)
	}
	if _, err := w.OpenSecret(a); err != nil {
		t.Errorf("its own: %v", err)
	}
}

func TestAccessKey_SecretIsSaidOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	k := w.key("ann")
	kept := fmt.Sprintf("%+v %+v", w.keys(owner, "ann"), w.state())
	for _, key := range w.state()[owner.Account].Keys {
		kept += string(key.Secret)
	}
	if strings.Contains(kept, string(k.SecretAccessKey)) {
		t.Error("the secret can be read again")
	}
	if !strings.Contains(kept, k.AccessKeyId) {
		t.Error("the id can not")
	}
}

func TestAccessKey_InactiveDoesNotSign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	k := w.key("ann")
	for _, status := range []string{"Inactive", "Active", "Inactive", "Inactive"} {
		w.check(w.setStatus("ann", k.AccessKeyId, status))
		if got := w.signer(k.AccessKeyId); (got.User == ann.User) != (status == "Active") {
			t.Errorf("%s: signs for %+v", status, got)
		}
		if got := w.keys(owner, "ann"); len(got) != 1 || got[0].Status != status {
			t.Errorf("%s: listed as %+v", status, got)
		}
	}
}

// Keys go with their user, whatever it is called.
func TestAccessKey_Rename(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	first, second, root := w.key("ann"), w.key("ann"), w.key("")
	for _, name := range []string{"ANN", "ben", "ann"} {
		w.check(w.rename("ann", name, "/"+name+"/"))
		want := "arn:aws:iam::111122223333:user/" + name + "/" + name
		for _, k := range []*api.AccessKey{first, second} {
			if got := w.signer(k.AccessKeyId); got.User != name || got.Principal != want || got.ID != ann.ID {
				t.Errorf("%s: signs for %+v", name, got)
			}
		}
		if got := w.keys(owner, name); len(got) != 2 || got[0].UserName != name {
			t.Errorf("%s: got keys %+v", name, got)
		}
		w.check(w.rename(name, "ann", "/"))
	}
	if got := w.signer(root.AccessKeyId); got.Principal != owner.Principal {
		t.Errorf("the root's key signs for %+v", got)
	}
}

func TestAccessKey_LastUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	key, _, err := w.AccessKey(t.Context(), w.key("ann").AccessKeyId)
	w.check(err)
	got := func() api.AccessKeyLastUsed {
		out := must(w.GetAccessKeyLastUsed(t.Context(), owner, &api.GetAccessKeyLastUsedInput{AccessKeyId: key.ID}))
		if out.UserName != "ann" {
			t.Errorf("got user %q, want ann", out.UserName)
		}
		return *out.AccessKeyLastUsed
	}
	if diff := cmp.Diff(api.AccessKeyLastUsed{ServiceName: "N/A", Region: "N/A"}, got()); diff != "" {
		t.Errorf("never used (-want +got)\n%s", diff)
	}
	for _, tc := range []struct {
		after   time.Duration
		service string
		want    api.AccessKeyLastUsed
	}{
		{time.Minute, "sts", api.AccessKeyLastUsed{LastUsedDate: start.Add(time.Minute), ServiceName: "sts", Region: "eu-central-1"}},
		{14 * time.Minute, "iam", api.AccessKeyLastUsed{LastUsedDate: start.Add(time.Minute), ServiceName: "sts", Region: "eu-central-1"}},
		{time.Minute, "iam", api.AccessKeyLastUsed{LastUsedDate: start.Add(16 * time.Minute), ServiceName: "iam", Region: "eu-central-1"}},
	} {
		w.clock.goOn(tc.after)
		w.check(w.NoteKeyUse(t.Context(), key.ID, tc.service, "eu-central-1"))
		if diff := cmp.Diff(tc.want, got()); diff != "" {
			t.Errorf("%v later (-want +got)\n%s", tc.after, diff)
		}
	}
	w.clock.goOn(time.Hour)
	w.check(w.deleteKey("ann", key.ID))
	if err := w.NoteKeyUse(t.Context(), key.ID, "iam", "eu-central-1"); err != nil {
		t.Errorf("use of a key that is gone: %v", err)
	}
}

func TestAccessKey_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ann := w.user("ann")
	w.user("ben")
	const (
		nobody = "NoSuchEntity: The user with name nobody cannot be found."
		full   = "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2"
	)
	create := func(c api.Caller, user string) func() error {
		return func() error { return only(w.CreateAccessKey(ctx, c, &api.CreateAccessKeyInput{UserName: user})) }
	}
	w.refuses("CreateAccessKey", refusal{"nobody", create(owner, "nobody"), nobody, create(owner, "ann")})
	w.check(create(ann, "")())
	w.check(create(owner, "")())
	w.check(create(owner, "")())
	w.refuses("CreateAccessKey",
		refusal{"a third", create(owner, "ann"), full, create(owner, "ben")},
		refusal{"a third of her own", create(ann, ""), full, create(ann, "ben")},
		refusal{"a third of the root", create(owner, ""), full, func() error {
			w.check(w.deleteKey("", w.keys(owner, "")[0].AccessKeyId))
			return create(owner, "")()
		}},
	)
	id, bens := w.keys(owner, "ann")[0].AccessKeyId, w.keys(owner, "ben")[0].AccessKeyId
	unknown := func(id string) string { return "NoSuchEntity: The Access Key with id " + id + " cannot be found." }
	const none = "AKIANOBODYHASTHISKEY"
	w.refuses("UpdateAccessKey",
		refusal{"unknown", func() error { return w.setStatus("ann", none, "Inactive") }, unknown(none), func() error { return w.setStatus("ann", id, "Inactive") }},
		refusal{"another user's", func() error { return w.setStatus("ann", bens, "Inactive") }, unknown(bens), func() error { return w.setStatus("ben", bens, "Inactive") }},
		refusal{"a user's, as the root's", func() error { return w.setStatus("", id, "Active") }, unknown(id), func() error { return w.setStatus("ann", id, "Active") }},
		refusal{"nobody's", func() error { return w.setStatus("nobody", id, "Active") }, nobody, func() error { return w.setStatus("ANN", id, "Active") }},
	)
	w.refuses("DeleteAccessKey",
		refusal{"another user's, as her own", func() error {
			return w.DeleteAccessKey(ctx, ann, &api.DeleteAccessKeyInput{AccessKeyId: bens})
		}, unknown(bens), func() error { return w.deleteKey("ben", bens) }},
		refusal{"deleted", func() error { return w.deleteKey("ben", bens) }, unknown(bens), func() error {
			return w.DeleteAccessKey(ctx, ann, &api.DeleteAccessKeyInput{AccessKeyId: id})
		}},
	)
	w.refuses("ListAccessKeys", refusal{"nobody", func() error {
		return only(w.ListAccessKeys(ctx, owner, &api.ListAccessKeysInput{UserName: "nobody"}))
	}, nobody, func() error { return only(w.ListAccessKeys(ctx, owner, &api.ListAccessKeysInput{UserName: "ann"})) }})
	w.refuses("GetAccessKeyLastUsed", refusal{"unknown", func() error {
		return only(w.GetAccessKeyLastUsed(ctx, owner, &api.GetAccessKeyLastUsedInput{AccessKeyId: id}))
	}, unknown(id), func() error {
		return only(w.GetAccessKeyLastUsed(ctx, owner, &api.GetAccessKeyLastUsedInput{AccessKeyId: w.keys(owner, "")[0].AccessKeyId}))
	}})
}

// A key whose user is not there signs for nobody, and not for the root.
func TestAccessKey_UserGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	k := w.key("ann")
	if w.signer(k.AccessKeyId).User != "ann" {
		t.Error("the key does not sign for ann")
	}
	w.check(w.store.Update(t.Context(), func(tx principal.Tx) error { return tx.Users().Delete(owner.Account, "ann") }))
	if got := w.signer(k.AccessKeyId); got != (api.Caller{}) {
		t.Errorf("signs for %+v", got)
	}
}
