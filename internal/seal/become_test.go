package seal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A key that becomes another one seals and opens as that does, and so does what is derived from it.
func TestBecome(t *testing.T) {
	t.Parallel()
	one, two, three := parseLetter(t, "a"), parseLetter(t, "b"), parseLetter(t, "c")
	k := parseLetter(t, "a")
	derived := k.Derive("d")
	before, derivedBefore := k.Seal("p", []byte("s")), derived.Seal("p", []byte("s"))
	for _, step := range []struct {
		name         string
		next         *Key
		is           *Key
		knows, lacks []*Key
		opens        bool // what was sealed at first
	}{
		{"itself", one, one, []*Key{one}, []*Key{two, three}, true},
		{"with the next one", one.With(two), one, []*Key{one, two}, []*Key{three}, true},
		{"the next one", two.With(one), two, []*Key{one, two}, []*Key{three}, true},
		{"the one after that", three.With(two), three, []*Key{two, three}, []*Key{one}, false},
	} {
		k.Become(step.next)
		if !k.Is(step.is) || !step.is.Is(k) {
			t.Errorf("%s: it is another key", step.name)
		}
		for _, other := range step.knows {
			if got, err := k.Open("p", other.Seal("p", []byte("s"))); !k.Knows(other) || err != nil || string(got) != "s" {
				t.Errorf("%s: does not know one that it has: %v", step.name, err)
			}
			if _, err := derived.Open("p", other.Derive("d").Seal("p", nil)); err != nil {
				t.Errorf("%s: what is derived does not know one that it has: %v", step.name, err)
			}
		}
		for _, other := range step.lacks {
			if k.Knows(other) || k.Is(other) {
				t.Errorf("%s: knows one that it has not", step.name)
			}
			if _, err := derived.Open("p", other.Derive("d").Seal("p", nil)); err == nil {
				t.Errorf("%s: what is derived opens what it should not", step.name)
			}
		}
		if _, err := step.is.Derive("d").Open("p", derived.Seal("p", nil)); err != nil {
			t.Errorf("%s: what is derived does not seal as it should: %v", step.name, err)
		}
		if _, err := k.Open("p", before); (err == nil) != step.opens {
			t.Errorf("%s: what was sealed at first: %v", step.name, err)
		}
		if _, err := derived.Open("p", derivedBefore); (err == nil) != step.opens {
			t.Errorf("%s: what was sealed at first by what is derived: %v", step.name, err)
		}
	}
}

func TestCopyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	made, err := CreateFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CreateFile(to); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{bad, filepath.Join(dir, "none")} {
		if _, err := CopyFile(to, name); err == nil {
			t.Errorf("%s: copied", name)
		}
		if after, err := os.ReadFile(to); err != nil || !bytes.Equal(after, before) {
			t.Errorf("%s: a copy that failed has changed what was there: %v", name, err)
		}
	}
	got, err := CopyFile(to, from)
	if err != nil || !got.Is(made) {
		t.Fatalf("copy: %v", err)
	}
	if read, err := ReadFile(to); err != nil || !read.Is(made) {
		t.Errorf("the copy: %v", err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 3 {
		t.Errorf("left behind: %v, %v", names, err)
	}
	if _, err := CopyFile(filepath.Join(dir, "none", "to"), from); err == nil {
		t.Error("no error without a directory")
	}
}
