package masterkey

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/seal"
)

// The files of a data directory. A rotation copies the new key to nextFile before anything is sealed
// under it, and when all is, the key to oldFile, and renames nextFile to keyFile. Whichever of these
// steps is the last, keyFile and the other that Read takes have both keys.
const (
	keyFile  = "master.key"
	nextFile = "master.key.new"
	oldFile  = "master.key.old"
)

// Read returns the master key that is kept in a data directory: with that which is to replace it,
// while a rotation has not come to its end, or else with that which it has replaced, if these are
// there. With create it makes one where there is none.
func Read(dir string, create bool) (*seal.Key, error) {
	key, err := seal.ReadFile(filepath.Join(dir, keyFile))
	if create && errors.Is(err, fs.ErrNotExist) {
		return seal.CreateFile(filepath.Join(dir, keyFile))
	}
	if err != nil {
		return nil, err
	}
	for _, name := range []string{nextFile, oldFile} {
		other, err := seal.ReadFile(filepath.Join(dir, name))
		switch {
		case err == nil && !other.Is(key):
			return key.With(other), nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return key, nil
}

// OnItsWay reports whether a rotation in the data directory has not come to its end: then there is a
// key that the store needs beside the one in use.
func OnItsWay(dir string) bool {
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, nextFile))
	return err == nil
}

// place has the directory keep the next key beside the present one, and returns it as it is kept.
func place(dir, file string, next *seal.Key) (*seal.Key, error) {
	present, err := seal.ReadFile(filepath.Join(dir, keyFile))
	if err != nil || present.Is(next) {
		return next, err
	}
	begun, err := seal.ReadFile(filepath.Join(dir, nextFile))
	switch {
	case err == nil && begun.Is(next):
		return next, nil
	case err == nil && !begun.Is(present):
		return nil, api.MasterKeyOnItsWay.With(filepath.Join(dir, nextFile))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return seal.CopyFile(filepath.Join(dir, nextFile), file)
}

// exchange puts the next key in the place of the present one, which is kept.
func exchange(dir string, next *seal.Key) error {
	key, waiting := filepath.Join(dir, keyFile), filepath.Join(dir, nextFile)
	present, err := seal.ReadFile(key)
	if err != nil {
		return err
	}
	if !present.Is(next) {
		if _, err := seal.CopyFile(filepath.Join(dir, oldFile), key); err != nil {
			return err
		}
		if _, err := seal.CopyFile(key, waiting); err != nil {
			return err
		}
	}
	if err := os.Remove(waiting); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
