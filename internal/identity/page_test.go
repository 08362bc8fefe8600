package identity_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A lister returns a page of a list: the entries after token, and the token of what
// is left.
type lister func(token string) (entries []string, next string, err error)

// pages returns a list page by page. between, if any, is called between pages with
// their number so far.
func (w *world) pages(list lister, between func(page int)) (pages [][]string) {
	w.Helper()
	for token := ""; ; {
		entries, next, err := list(token)
		if err != nil {
			w.Fatalf("page %d: %v", len(pages)+1, err)
		}
		pages = append(pages, entries)
		if next == "" {
			return pages
		}
		if len(pages) == 1000 {
			w.Fatal("the list does not end")
		}
		token = next
		if between != nil {
			between(len(pages))
		}
	}
}

func (w *world) identitiesOf(c identity.Caller, pool string, hideDisabled *bool, max int64) lister {
	return func(token string) (ids []string, next string, err error) {
		out, err := w.ListIdentities(w.Context(), c, &api.ListIdentitiesInput{
			IdentityPoolId: pool, MaxResults: max, NextToken: token, HideDisabled: hideDisabled,
		})
		if err != nil {
			return nil, "", err
		}
		for _, i := range out.Identities {
			ids = append(ids, i.IdentityId)
		}
		return ids, out.NextToken, nil
	}
}

func (w *world) poolsOf(c identity.Caller, max int64) lister {
	return func(token string) (ids []string, next string, err error) {
		out, err := w.ListIdentityPools(w.Context(), c, &api.ListIdentityPoolsInput{MaxResults: max, NextToken: token})
		if err != nil {
			return nil, "", err
		}
		for _, p := range out.IdentityPools {
			ids = append(ids, p.IdentityPoolId)
		}
		return ids, out.NextToken, nil
	}
}

// lists returns lists of more than one page that differ in one thing each.
func (w *world) lists() map[string]lister {
	w.Helper()
	other := w.newPool(owner, provider)
	for _, c := range []identity.Caller{ownerAbroad, stranger} {
		w.newPool(c, provider)
		w.newPool(c, provider)
	}
	ann, ben := w.user("ann"), w.user("ben")
	w.mergedAway("ann 2", "ann")
	w.mergedAway("ben 2", "ben")
	abroadPool := w.newPool(ownerAbroad, "")
	for range 2 {
		must(w.GetId(w.Context(), anonymous, &api.GetIdInput{IdentityPoolId: other}))
		must(w.GetId(w.Context(), anonymous, &api.GetIdInput{IdentityPoolId: abroadPool}))
	}
	return map[string]lister{
		"pools":                            w.poolsOf(owner, 1),
		"pools of another region":          w.poolsOf(ownerAbroad, 1),
		"pools of another account":         w.poolsOf(stranger, 1),
		"identities":                       w.identitiesOf(owner, w.pool, nil, 1),
		"identities that are not disabled": w.identitiesOf(owner, w.pool, new(true), 1),
		"identities of another pool":       w.identitiesOf(owner, other, nil, 1),
		"identities of another region":     w.identitiesOf(ownerAbroad, abroadPool, nil, 1),
		"users":                            w.usersOf(owner, w.pool, ann, 1),
		"users of another identity":        w.usersOf(owner, w.pool, ben, 1),
	}
}

const invalidToken = "InvalidParameterException: Invalid NextToken."

// A token opens the list that it is from, and no other.
func TestPageToken_Foreign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lists := w.lists()
	for from, list := range lists {
		first, token, err := list("")
		if err != nil || token == "" {
			t.Errorf("%s: got token %q, %v, want one", from, token, err)
			continue
		}
		for to, list := range lists {
			got, _, err := list(token)
			switch {
			case from != to && answer(err) != invalidToken:
				t.Errorf("token of %s for %s: got %q, %s, want %s", from, to, got, answer(err), invalidToken)
			case from == to && (err != nil || len(got) != 1 || got[0] == first[0]):
				t.Errorf("second page of %s: got %q, %v, want another entry than %q", from, got, err, first)
			}
		}
	}

	// A token is bound to the account that it was given to, even where a stranger would
	// find nothing behind it.
	for who, c := range map[string]identity.Caller{"a stranger": stranger, "nobody": anonymous} {
		for name, list := range map[string]lister{
			"identities": w.identitiesOf(c, w.pool, nil, 1),
			"users":      w.usersOf(c, w.pool, w.user("ann"), 1),
		} {
			_, token, _ := lists[name]("")
			if _, _, err := list(token); answer(err) != invalidToken {
				t.Errorf("token of %s shown by %s: got %s, want %s", name, who, answer(err), invalidToken)
			}
		}
	}
	// A lookup by user has no pages.
	_, token, _ := lists["users"]("")
	ann := w.user("ann")
	for _, id := range []string{"", ann} {
		_, err := w.LookupDeveloperIdentity(t.Context(), owner, &api.LookupDeveloperIdentityInput{
			IdentityPoolId: w.pool, IdentityId: id, DeveloperUserIdentifier: "ann", NextToken: token,
		})
		if answer(err) != invalidToken {
			t.Errorf("token for a lookup by user, identity %q: got %s, want %s", id, answer(err), invalidToken)
		}
	}
	// The length of a page does not select entries, and may change on the way.
	_, token, _ = lists["pools"]("")
	if got, next, err := w.poolsOf(owner, 60)(token); err != nil || len(got) != 1 || next != "" {
		t.Errorf("longer second page: got %q, %q, %v, want the last pool", got, next, err)
	}
}

func TestPageToken_EditedOrForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere := newWorld(t)
	elsewhere.newPool(owner, "")
	_, foreign, err := elsewhere.poolsOf(owner, 1)("")
	if err != nil || foreign == "" {
		t.Fatalf("token of another server: got %q, %v", foreign, err)
	}
	for name, list := range w.lists() {
		_, token, err := list("")
		if err != nil {
			t.Fatal(err)
		}
		forged := map[string]string{
			"of another server": foreign,
			"with padding":      token + "=",
			"of zeros":          strings.Repeat("A", len(token)),
			"in the clear":      base64.RawURLEncoding.EncodeToString([]byte(`{"c":0,"i":""}`)),
			"with SQL":          "' OR '1'='1",
			"of one character":  "A",
			"as a number":       "1",
			"with an id":        w.pool,
			"cut short":         token[:len(token)-1],
			"without its head":  token[4:],
			"twice":             token + token,
			"very long":         strings.Repeat(token, 65535/len(token)),
		}
		for n := range token {
			edited := []byte(token)
			if edited[n]++; edited[n] == token[n] || !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", rune(edited[n])) {
				edited[n] = 'A'
			}
			forged[fmt.Sprintf("edited at %d", n)] = string(edited)
		}
		for how, token := range forged {
			if got, _, err := list(token); answer(err) != invalidToken {
				t.Errorf("%s, token %s, %q: got %q, %s, want %s", name, how, token, got, answer(err), invalidToken)
			}
		}
		if _, _, err := list(token); err != nil {
			t.Errorf("%s, token as it was: %v", name, err)
		}
	}
}

// A token says nothing to whom it is given, not even what was listed last.
func TestPageToken_Opaque(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, list := range w.lists() {
		entries, token, err := list("")
		if err != nil {
			t.Fatal(err)
		}
		plain, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			t.Errorf("%s: token %q: %v", name, token, err)
		}
		last := entries[len(entries)-1]
		if strings.Contains(token, last) || strings.Contains(string(plain), last) {
			t.Errorf("%s: token %q shows %q", name, token, last)
		}
	}
}

// FuzzPageToken opens anything as a page token: only those that were given open, each for
// its list.
func FuzzPageToken(f *testing.F) {
	w := newWorld(f)
	lists := w.lists()
	given := make(map[string]string)
	for name, list := range lists {
		_, token, err := list("")
		if err != nil {
			f.Fatal(err)
		}
		given[token] = name
		f.Add(token)
		f.Add(token[:len(token)/2])
		f.Add(token + "=")
	}
	for _, seed := range []string{"", "A", "AQ", "null", `{"c":0,"i":""}`, base64.RawURLEncoding.EncodeToString(make([]byte, 64))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		// The description lets no white space through, and none is the start of a list.
		if token == "" || strings.ContainsAny(token, "\r\n") {
			t.Skip()
		}
		for name, list := range lists {
			_, _, err := list(token)
			switch {
			case err == nil && given[token] != name:
				t.Errorf("%s: %q opens", name, token)
			case err != nil && (given[token] == name || answer(err) != invalidToken):
				t.Errorf("%s: %q: got %s", name, token, answer(err))
			}
		}
	})
}

func TestPages_Sizes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pools, guests := []string{w.pool}, []string{w.guest()}
	for range 6 { // seven of each, all made at the same time
		pools = append(pools, w.newPool(owner, ""))
		guests = append(guests, w.guest())
	}
	slices.Sort(pools)
	want := map[string][]string{"pools": pools, "identities": guests}
	for name, list := range map[string]func(max int64) lister{
		"pools":      func(max int64) lister { return w.poolsOf(owner, max) },
		"identities": func(max int64) lister { return w.identitiesOf(owner, w.pool, nil, max) },
	} {
		all := slices.Concat(w.pages(list(60), nil)...)
		if !slices.Equal(all, want[name]) {
			t.Errorf("%s made at one time: got %q, want %q", name, all, want[name])
		}
		for max, wantPages := range map[int64]int{1: 7, 2: 4, 3: 3, 6: 2, 7: 1, 8: 1} {
			pages := w.pages(list(max), nil)
			if got := slices.Concat(pages...); !slices.Equal(got, all) || len(pages) != wantPages {
				t.Errorf("%s, MaxResults %d: got %q, want %q in %d pages", name, max, pages, all, wantPages)
			}
			for _, page := range pages {
				if len(page) > int(max) {
					t.Errorf("%s, MaxResults %d: got a page of %d", name, max, len(page))
				}
			}
		}
	}
}

// A token of a version that listed identities by time does not open: what it names is no place in the list
// any more.
func TestPages_TokenOfAnOlderVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.guest()
	w.guest()
	list := w.identitiesOf(owner, w.pool, nil, 1)
	_, token, err := list("")
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Join([]string{"ListIdentities", owner.Account, w.pool, "false"}, "\n")
	plain := fmt.Sprintf(`{"c":%d,"i":%q}`, w.clock.now().UnixMilli(), first)
	old := base64.RawURLEncoding.EncodeToString(w.seal.Derive("page-token").Seal(name, []byte(plain)))
	if _, _, err := list(old); err == nil || answer(err) != invalidToken {
		t.Errorf("got %v, want %s", err, invalidToken)
	}
	if page, _, err := list(token); err != nil || len(page) != 1 || page[0] == first {
		t.Errorf("its own token: got %q, %v", page, err)
	}
}
