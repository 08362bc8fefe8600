package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxFile is far above the size of a key file: one line of 44 characters.
const maxFile = 1024

// Parse returns the master key that text holds: 32 bytes in base64 (RFC 4648,
// section 4, with padding), with white space around it or not. A key of zeros
// is refused: nobody drew it at random. The error does not show the text.
func Parse(text string) (*Key, error) {
	master, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil || len(master) != keySize {
		return nil, fmt.Errorf("master key is not %d bytes in base64", keySize)
	}
	if [keySize]byte(master) == [keySize]byte{} {
		return nil, errors.New("master key is all zeros")
	}
	return newKey(master), nil
}

// ReadFile returns the master key in the file. It refuses a file that anybody but its
// owner may read or write.
func ReadFile(path string) (*Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// The mode is that of the file now open, whatever the path names later.
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := st.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("master key file %s is open to others (mode %04o): chmod 600 %[1]s", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("read %s: too long for a master key", path)
	}
	k, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return k, nil
}

// CreateFile makes a master key and a new file for it, which only the owner may
// read. An existing file is left alone: [os.ErrExist]. When CreateFile
// returns, the file survives a power cut; when it fails, there is no file.
func CreateFile(path string) (*Key, error) {
	var master [keySize]byte
	if _, err := rand.Read(master[:]); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(master[:]) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return newKey(master[:]), nil
}

// CopyFile makes to a copy of the key file from, which is read as [ReadFile] does, and returns the key. What to
// was before, it is until the copy is durable.
func CopyFile(to, from string) (*Key, error) {
	if _, err := ReadFile(from); err != nil { // the mode, too
		return nil, err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	k, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", from, err)
	}
	f, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+".") // with mode 0600
	if err != nil {
		return nil, err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err == nil {
		return k, syncDir(filepath.Dir(to))
	}
	return nil, errors.Join(err, os.Remove(f.Name()))
}

// syncDir makes the names in a directory durable: syncing a file does not.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
