package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func testBytes(t *testing.T, open func(t *testing.T) identity.Store) {
	runAll(t, open, []test[identity.Store]{{"Subjects", byteSubjects}, {"Providers", byteProviders}})
}

// distinct values that a careless store takes for equal, or changes.
func distinct() []string {
	long := strings.Repeat("a", 1023)
	return []string{
		"u", "U", " u", "u ", "u\t", "u\n", "u\u00a0", "u\u200b", "\ufeffu",
		"\u00e9", "e\u0301", // NFC, NFD
		"\ufb01", "fi", "\u0130", "i\u0307", "ß", "ss", "ſ", "s", "K", "\u212a",
		"0", "00", "1", "1.0", "1e0", "+1", "0x1", "true", "null", "NULL", "[]", "{}",
		`'`, `''`, `"`, `\`, `\\`, `%`, `_`, `*`, `?`, "$1", ":a", "--", ";", `'; DROP TABLE login; --`,
		"<&>", "\u2028", "\x01", "\x7f", "\U0001f600", "\U0010ffff", "\ufffd", "",
		long + "a", long + "b", long, strings.Repeat("\U0001f600", 256),
	}
}

func byteSubjects(t *testing.T, s identity.Store) {
	checkDistinct(t, s, func(value string) identity.Login { return login(value) })
}

func byteProviders(t *testing.T, s identity.Store) {
	checkDistinct(t, s, func(value string) identity.Login { return identity.Login{Provider: value, Subject: "u"} })
}

// checkDistinct links each login to an identity of its own, one after the other, and
// each must be free until then.
func checkDistinct(t *testing.T, s identity.Store, of func(string) identity.Login) {
	update(t, s, insertPool(newPool(1)))
	var all []identity.Login
	for n, value := range distinct() {
		l := of(value)
		all = append(all, l)
		checkFree(t, s, l)
		i := newIdentity(n, l)
		if err := s.Update(t.Context(), insert(i)); err != nil {
			t.Fatalf("insert login %+q: %v", l, err)
		}
		checkIdentity(t, s, i)
	}
	for n, l := range all {
		checkIdentity(t, s, newIdentity(n, l))
		update(t, s, change(newIdentity(n)))
		checkFree(t, s, l)
	}
	update(t, s, change(newIdentity(0, all...)))
	checkIdentity(t, s, newIdentity(0, all...))
	// Bounds between provider and subject count as well.
	apart := []identity.Login{{Provider: "ab", Subject: "c"}, {Provider: "a", Subject: "bc"}, {Provider: "abc", Subject: ""}}
	for n, l := range apart {
		i := newIdentity(1000+n, l)
		if err := s.Update(t.Context(), insert(i)); err != nil {
			t.Fatalf("insert login %s: %v", fmt.Sprintf("%+q", l), err)
		}
		checkIdentity(t, s, i)
	}
}
