package identity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// alike are developer user identifiers that something along the way might take for one
// another: by folding, trimming, normalising, collating, cutting, parsing or quoting.
func alike() []string {
	long := strings.Repeat("x", 1024)
	return []string{
		"ann", "Ann", "ANN", "ann ", " ann", "ann  ", "ann\t", "ann\n", "ann\r\n", "\ufeffann", "a\u200dnn", "ａｎｎ", "ann.", "ann/",
		"é", "e\u0301", "É", "ß", "ss", "ẞ", "i", "İ", "ı", "I", "Å", "\u212b", "A\u030a", "ﬁ", "fi", "k", "\u212a",
		"0", "00", "0.0", "1e0", "1", "null", "true", " ", "\t", "\x01", "\x7f", "%", "_", "a%", "*", "?",
		"'", "''", `"`, `\`, `\\`, `\n`, "a:b", ":", `["a","b"]`, `{"a":1}`, "x'41'", "'; DROP TABLE login; --", "$1", "a,b", "<a>", "&lt;", "&",
		"\ufffd", "\ufffd\ufffd", "😀", "😁", "\u2028", "\u0378", "\U0010ffff",
		long, long[:1023], long[:1023] + "X", long[:1023] + "y", long[:1023] + " ", strings.Repeat("é", 1024), strings.Repeat("😀", 512), strings.Repeat("\x01", 1024),
	}
}

func TestIdentifiers_AreOpaque(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := alike()
	ids := make(map[string]string) // of users
	holders := make(map[string]string)
	for _, user := range users {
		id := w.user(user)
		if other, taken := holders[id]; taken {
			t.Errorf("%.40q and %.40q are one user", user, other)
		}
		ids[user], holders[id] = id, user
	}
	w.reopen()
	for _, user := range users {
		out, err := w.GetOpenIdTokenForDeveloperIdentity(t.Context(), owner, &api.GetOpenIdTokenForDeveloperIdentityInput{
			IdentityPoolId: w.pool, IdentityId: ids[user], Logins: logins(provider, user),
		})
		if err != nil {
			t.Errorf("%.40q with its identity: %v", user, err)
			continue
		}
		if got, want := w.claims(out.Token)["amr"].([]any)[2], provider+":"+w.pool+":"+user; got != want {
			t.Errorf("%.40q: amr: got %.120q, want %.120q", user, got, want)
		}
		if got, err := w.lookUp("", user); err != nil || got.IdentityId != ids[user] {
			t.Errorf("look up of %.40q: got %+v, %v, want identity %s", user, got, err, ids[user])
		}
		if got, err := w.lookUp(ids[user], ""); err != nil || !slices.Equal(got.DeveloperUserIdentifierList, []string{user}) {
			t.Errorf("look up of the identity of %.40q: got %.120q, %v", user, got, err)
		}
	}
	// Of users that look alike, the one that is meant is unlinked, merged and listed.
	for _, user := range users[1:] {
		if user == "ann " {
			continue
		}
		if err := w.unlink(ids[user], user); err != nil {
			t.Errorf("unlink %.40q: %v", user, err)
		}
	}
	if id, err := w.merge("ann ", "ann"); err != nil || id != ids["ann"] {
		t.Errorf("merge: got %s, %v, want %s", id, err, ids["ann"])
	}
	if got, err := w.lookUp(ids["ann"], ""); err != nil || !slices.Equal(got.DeveloperUserIdentifierList, []string{"ann", "ann "}) {
		t.Errorf("look up after all: got %+v, %v", got, err)
	}
}

// Lists of such users can be paged through, each user once.
func TestIdentifiers_Pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for some := range slices.Chunk(alike(), 20) {
		for _, user := range some[1:] {
			w.mergedAway(user, some[0])
		}
		got := slices.Concat(w.pages(w.usersOf(owner, w.pool, w.user(some[0]), 1), nil)...)
		want := slices.Sorted(slices.Values(some))
		if !slices.Equal(got, want) {
			t.Errorf("got %.400q\nwant %.400q", got, want)
		}
	}
}

// A developer user of Logins is no longer than one that the other operations can name.
func TestIdentifiers_TooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const want = "InvalidParameterException: A developer user identifier can not be longer than 1024 characters."
	call := func(user string) func() error {
		return func() error { return only(w.tokenIn(owner, w.pool, "", provider, user)) }
	}
	w.refuses("GetOpenIdTokenForDeveloperIdentity", []refusal{
		{"1025 letters", call(strings.Repeat("x", 1025)), want, call(strings.Repeat("x", 1024))},
		{"1025 letters of two bytes", call(strings.Repeat("é", 1025)), want, call(strings.Repeat("é", 1024))},
		{"513 characters of two code units", call(strings.Repeat("😀", 513)), want, call(strings.Repeat("😀", 512))},
	})
}
