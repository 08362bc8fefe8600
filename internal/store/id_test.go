package store

import (
	"strings"
	"testing"
)

func FuzzSplitID(f *testing.F) {
	good := "eu-central-1:0123abcd-4567-89ab-cdef-0123456789ab"
	f.Add(good)
	f.Add(strings.ToUpper(good))
	f.Add(good[12:])
	f.Add(strings.ReplaceAll(good, "-", ":"))
	f.Add("a:b:" + good)
	if _, _, ok := splitID(good); !ok {
		f.Fatalf("%s is not an identifier", good)
	}
	f.Fuzz(func(t *testing.T, id string) {
		region, g, ok := splitID(id)
		if !ok {
			return
		}
		if back := joinID(region, g); back != id {
			t.Errorf("%q came back as %q", id, back)
		}
	})
}

func TestSplitID_Refuses(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"", ":", "0123abcd-4567-89ab-cdef-0123456789ab", ":0123abcd-4567-89ab-cdef-0123456789ab",
		"eu:0123ABCD-4567-89ab-cdef-0123456789ab", "eu:0123abcd-4567-89ab-cdef-0123456789a",
		"eu:0123abcd-4567-89ab-cdef-0123456789abc", "eu:0123abcd4-567-89ab-cdef-0123456789ab",
		"eu:0123abcd04567089ab0cdef00123456789ab", "eu:{123abcd-4567-89ab-cdef-0123456789a}",
		"eu:0123abcd-4567-89ab-cdef-0123456789ag", "eu-0123abcd-4567-89ab-cdef-0123456789ab",
	} {
		if region, g, ok := splitID(id); ok {
			t.Errorf("%q: got %q, %x", id, region, g)
		}
	}
}
