package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// stamp is the form of the time in the name of a full file.
const stamp = "20060102T150405.000Z"

// nameParts returns what comes before and behind the time in names of full files.
func nameParts(path string) (before, behind string) {
	behind = filepath.Ext(path)
	return strings.TrimSuffix(path, behind) + "-", behind
}

// fullSince returns from when the name of a full file of the log at path is.
func fullSince(path, name string) (t time.Time, ok bool) {
	before, behind := nameParts(path)
	text, ok := strings.CutPrefix(name, before)
	if ok {
		text, ok = strings.CutSuffix(text, behind)
	}
	if !ok || len(text) != len(stamp) {
		return t, false
	}
	t, err := time.Parse(stamp, text)
	return t, err == nil
}

// Files returns the files of the log at path, oldest first: those that are full, and the one
// at path itself, if there is one.
func Files(path string) ([]string, error) {
	files, err := fullFiles(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err == nil {
		files = append(files, path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return files, nil
}

func fullFiles(path string) (files []string, err error) {
	entries, err := os.ReadDir(filepath.Dir(path)) // in the order of names, and so of time
	for _, e := range entries {
		name := filepath.Join(filepath.Dir(path), e.Name())
		if _, ok := fullSince(filepath.Clean(path), name); ok {
			files = append(files, name)
		}
	}
	return files, err
}

// A file is the one that a log is being written to.
type file struct {
	*os.File
	path string
	// size is how much of it is whole lines.
	size int64
}

// openFile opens the file for appending, makes it when there is none, and removes a last line
// that is not whole.
func openFile(path string) (*file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	size, err := mend(f)
	if err == nil && size == 0 {
		err = syncDir(path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return &file{f, path, size}, nil
}

// mend cuts off what comes behind the last line feed, and returns the size left.
func mend(f *os.File) (size int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, errors.New("not a regular file")
	}
	buf := make([]byte, 4<<10)
	for size = info.Size(); size > 0; {
		chunk := buf[:min(size, int64(len(buf)))]
		if _, err := f.ReadAt(chunk, size-int64(len(chunk))); err != nil {
			return 0, err
		}
		if end := bytes.LastIndexByte(chunk, '\n') + 1; end > 0 {
			size -= int64(len(chunk) - end)
			break
		}
		size -= int64(len(chunk))
	}
	if size == info.Size() {
		return size, nil
	}
	return size, f.Truncate(size)
}

// append writes whole lines. When it fails, none of them is there, if the disk lets them be
// removed; the file must not be written to any more.
func (f *file) append(lines []byte, sync bool) error {
	_, err := f.Write(lines)
	if err == nil && sync {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Truncate(f.size))
	}
	f.size += int64(len(lines))
	return nil
}

// close closes the file, if there is one. What was to be durable is.
func (f *file) close() {
	if f != nil {
		_ = f.Close()
	}
}

// rotate puts the file aside, begins another one, and removes the oldest but keep. The file
// is closed, also when rotate fails.
func (f *file) rotate(now time.Time, keep int) (next *file, err error) {
	full, err := fullFiles(f.path)
	// What nobody has waited for is not durable yet.
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	// Names are in the order in which files became full, also when the clock was set back.
	now = now.UTC().Truncate(time.Millisecond)
	if len(full) > 0 {
		if last, _ := fullSince(filepath.Clean(f.path), full[len(full)-1]); !now.After(last) {
			now = last.Add(time.Millisecond)
		}
	}
	before, behind := nameParts(f.path)
	name := before + now.Format(stamp) + behind
	if err := os.Rename(f.path, name); err != nil {
		return nil, err
	}
	full = append(full, name)
	for keep > 0 && len(full) > keep {
		_ = os.Remove(full[0]) // or the next time
		full = full[1:]
	}
	return openFile(f.path) // which makes all of it durable
}

// syncDir makes the names in the directory of path durable.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil // it knows no such thing
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// tail returns the last lines of a log, at most about limit bytes of them.
func tail(path string, limit int64) (map[string]bool, error) {
	lines := make(map[string]bool)
	files, err := Files(path)
	for len(files) > 0 && limit > 0 && err == nil {
		var text []byte
		last := files[len(files)-1]
		if text, err = readEnd(last, limit); err != nil {
			err = fmt.Errorf("read %s: %w", last, err)
		}
		for line := range bytes.Lines(text) {
			lines[string(line)] = true
		}
		limit -= int64(len(text))
		files = files[:len(files)-1]
	}
	return lines, err
}

// readEnd returns the last bytes of a file, at most limit.
func readEnd(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	text := make([]byte, min(size, limit))
	_, err = f.ReadAt(text, size-int64(len(text)))
	return text, err
}
