package masterkey

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/seal"
)

// Whatever step a rotation has come to when the process ends, a start finds both keys, and the rotation can
// go on, to that key and to no other.
func TestDirectory_EveryStep(t *testing.T) {
	t.Parallel()
	keys := t.TempDir()
	made := func(name string) (string, *seal.Key) {
		path := filepath.Join(keys, name)
		k, err := seal.CreateFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return path, k
	}
	oldPath, old := made("old")
	nextPath, next := made("next")
	otherPath, other := made("other")
	for _, c := range []struct {
		name    string
		files   map[string]string
		first   *seal.Key
		second  *seal.Key
		refused bool // another key
	}{
		{"before", map[string]string{keyFile: oldPath}, old, nil, false},
		{"the next one is there", map[string]string{keyFile: oldPath, nextFile: nextPath}, old, next, true},
		{"one of an earlier rotation, too", map[string]string{keyFile: oldPath, nextFile: nextPath, oldFile: otherPath}, old, next, true},
		{"the old one is kept", map[string]string{keyFile: oldPath, nextFile: nextPath, oldFile: oldPath}, old, next, true},
		{"it is in place", map[string]string{keyFile: nextPath, nextFile: nextPath, oldFile: oldPath}, next, old, false},
		{"done", map[string]string{keyFile: nextPath, oldFile: oldPath}, next, old, false},
		{"forgotten", map[string]string{keyFile: nextPath}, next, nil, false},
	} {
		fill := func() string {
			dir := t.TempDir()
			for name, from := range c.files {
				if _, err := seal.CopyFile(filepath.Join(dir, name), from); err != nil {
					t.Fatal(err)
				}
			}
			return dir
		}
		dir := fill()
		found, err := Read(dir, false)
		if err != nil {
			t.Fatal(err)
		}
		if !found.Is(c.first) || c.second != nil && !found.Knows(c.second) {
			t.Errorf("%s: a start does not find the keys", c.name)
		}
		if _, err := place(dir, nextPath, next); err != nil {
			t.Errorf("%s: go on: %v", c.name, err)
		}
		if err := exchange(dir, next); err != nil {
			t.Errorf("%s: come to the end: %v", c.name, err)
		}
		if found, err = Read(dir, false); err != nil || !found.Is(next) || c.first == old && !found.Knows(old) {
			t.Errorf("%s: at the end a start does not find the keys: %v", c.name, err)
		}
		if OnItsWay(dir) {
			t.Errorf("%s: there is more to do", c.name)
		}

		dir = fill()
		_, err = place(dir, otherPath, other)
		refused, ok := errors.AsType[*api.Error](err)
		if ok != c.refused || ok && refused.Code != api.ResourceConflictException || !ok && err != nil {
			t.Errorf("%s: another key: %v", c.name, err)
		}
		if found, err = Read(dir, false); err != nil || !found.Is(c.first) {
			t.Errorf("%s: after another key: %v", c.name, err)
		}
	}
	if _, err := Read(t.TempDir(), false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty directory: %v", err)
	}
	dir := t.TempDir()
	if _, err := Read(dir, true); err != nil {
		t.Errorf("a key is not made: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, nextFile), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, false); err == nil {
		t.Error("half a key is none")
	}
}
