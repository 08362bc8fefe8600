package seal

import (
	"errors"
	"strings"
	"testing"
)

// parseLetter returns the key whose text is mostly that letter.
func parseLetter(t *testing.T, letter string) *Key {
	t.Helper()
	k, err := Parse(strings.Repeat(letter, 42) + "E=")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// While one key replaces another, values of both open, and which one seals is said by a value.
func TestWith(t *testing.T) {
	t.Parallel()
	one, two, three := parseLetter(t, "a"), parseLetter(t, "b"), parseLetter(t, "c")
	both := two.With(one)
	for _, c := range []struct {
		name       string
		key        *Key
		by         *Key
		want       error
		derivation bool
	}{
		{"its own", both, two, nil, false},
		{"the other's", both, one, nil, false},
		{"a third one's", both, three, ErrWrongKey, false},
		{"the other's by one alone", two, one, ErrWrongKey, false},
		{"the other's, derived", both, one, nil, true},
		{"a third one's, derived", both, three, ErrWrongKey, true},
		{"one key with two others", three.With(both), one, ErrWrongKey, false},
	} {
		key, by := c.key, c.by
		if c.derivation {
			key, by = key.Derive("d"), by.Derive("d")
		}
		sealed := by.Seal("p", []byte("s"))
		if got, err := key.Open("p", sealed); !errors.Is(err, c.want) || err == nil && string(got) != "s" {
			t.Errorf("%s: got %q, %v, want %v", c.name, got, err, c.want)
		}
		of, err := key.Of(sealed)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: Of: got %v, want %v", c.name, err, c.want)
		}
		if err != nil {
			continue
		}
		// What it seals then, the key alone opens that has sealed the value.
		if _, err := by.Open("p", of.Seal("p", nil)); err != nil {
			t.Errorf("%s: Of does not seal as the value is: %v", c.name, err)
		}
		if _, err := of.Open("p", key.Seal("p", nil)); err != nil {
			t.Errorf("%s: Of has lost a key: %v", c.name, err)
		}
	}
	if _, err := both.Open("q", one.Seal("p", nil)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("another purpose: got %v, want %v", err, ErrCorrupt)
	}
	if _, err := both.Of(nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Of nothing: got %v, want %v", err, ErrCorrupt)
	}
}
