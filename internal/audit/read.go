package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"time"
)

const (
	// maxLine bounds the bytes of a line. Those that a Log writes are much shorter.
	maxLine = 1 << 20
	// window is how many events later than one another may stand before it.
	window = 4096
	// remembered is how many events, at least, are told from one that came before.
	remembered = 1 << 16
	// followEvery is how often Follow looks for more.
	followEvery = 250 * time.Millisecond
)

// Read yields the wanted events of the files, which are in the order of [Files]: in the
// order of their times, and each once, however often it was written. Events that came out of
// order are put right among some thousands, so one that was kept waiting for long, as by a
// disk that was full, may come late.
//
// What is no event is yielded as an error, and does not end it; a file that can not be read
// does. The last line of the last file may be one that is being written.
func Read(paths []string, f Filter) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		var waiting queue
		known := newKnown()
		for e, err := range readFiles(paths) {
			var malformed *lineError
			switch {
			case err != nil:
				if !yield(nil, err) || !errors.As(err, &malformed) {
					return
				}
			case f.Match(e) && known.add(e.EventID):
				heap.Push(&waiting, queued{e, known.count})
				if len(waiting) > window && !yield(heap.Pop(&waiting).(queued).Event, nil) {
					return
				}
			}
		}
		for len(waiting) > 0 {
			if !yield(heap.Pop(&waiting).(queued).Event, nil) {
				return
			}
		}
	}
}

// readFiles yields the events of the files as they stand there.
func readFiles(paths []string) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		if len(paths) == 0 {
			return
		}
		full, path := paths[:len(paths)-1], paths[len(paths)-1]
		// The last one may get another name while others are read.
		last, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer last.Close()
		for _, path := range full {
			file, err := os.Open(path)
			if err != nil {
				yield(nil, err)
				return
			}
			goesOn := readFile(file, false, yield)
			file.Close()
			if !goesOn {
				return
			}
		}
		readFile(last, true, yield)
	}
}

// readFile yields the events of a file, and reports whether more are wanted. Of one that grows,
// a last line without its end is left out.
func readFile(file *os.File, grows bool, yield func(*Event, error) bool) bool {
	lines := lineReader{name: file.Name(), r: bufio.NewReaderSize(file, 64<<10)}
	for {
		e, err := lines.next()
		if errors.Is(err, io.EOF) {
			return grows || len(lines.line) == 0 || yield(nil, &lineError{lines.name, lines.number + 1, io.ErrUnexpectedEOF})
		}
		if !yield(e, err) {
			return false
		}
	}
}

// Follow yields the wanted events of the file at path as they stand there, from its beginning
// on, then those that are appended, and goes on with the next files when it is full. It ends
// when ctx does, or after an error that is not about a line.
func Follow(ctx context.Context, path string, f Filter) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		known := newKnown()
		file, err := os.Open(path)
		for err == nil {
			for e, failure := range followFile(ctx, path, file) {
				var malformed *lineError
				if failure != nil {
					if !yield(nil, failure) || !errors.As(failure, &malformed) {
						file.Close()
						return
					}
				} else if f.Match(e) && known.add(e.EventID) && !yield(e, nil) {
					file.Close()
					return
				}
			}
			var next *os.File
			next, err = nextFile(ctx, path, file)
			file.Close()
			file = next
		}
		if ctx.Err() == nil {
			yield(nil, err)
		}
	}
}

// followFile yields the events of a file of the log at path until it is full and has ended.
func followFile(ctx context.Context, path string, file *os.File) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		lines := lineReader{name: file.Name(), r: bufio.NewReader(file)}
		for full := false; ; {
			e, err := lines.next()
			switch {
			case !errors.Is(err, io.EOF):
				if !yield(e, err) {
					return
				}
			case full:
				return
			case replaced(file, path):
				full = true // what was appended before that is there now
			case !pause(ctx):
				return
			}
		}
	}
}

// nextFile opens the file of the log at path that comes after one that is full.
func nextFile(ctx context.Context, path string, full *os.File) (*os.File, error) {
	for {
		next, err := openAfter(path, full)
		if next == nil && err == nil && !pause(ctx) {
			err = ctx.Err()
		}
		if next != nil || err != nil {
			return next, err
		}
	}
}

// openAfter is nextFile, but returns neither a file nor an error where it is not there
// yet, or files change their names at the moment.
func openAfter(path string, full *os.File) (*os.File, error) {
	name, err := nameAfter(path, full)
	if name == "" || err != nil {
		return nil, err
	}
	next, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if name, err = nameAfter(path, full); err != nil || name == "" || replaced(next, name) {
		return nil, errors.Join(err, next.Close())
	}
	return next, nil
}

// nameAfter returns the name of the file that comes after one, or nothing.
func nameAfter(path string, file *os.File) (string, error) {
	files, err := Files(path)
	if err != nil {
		return "", err
	}
	// One that is not there any more was the oldest.
	n := 1 + slices.IndexFunc(files, func(name string) bool { return !replaced(file, name) })
	if n == len(files) {
		return "", nil
	}
	return files[n], nil
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(followEvery)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// replaced reports whether another file than f stands at path.
func replaced(f *os.File, path string) bool {
	was, err := f.Stat()
	if err != nil {
		return false
	}
	is, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(was, is)
}

// A lineError is a line that is no event.
type lineError struct {
	name string
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.name, e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// A lineReader reads events line by line. When it has come to the end, it can go on with
// what is appended.
type lineReader struct {
	name   string
	r      *bufio.Reader
	number int
	// line is what there is of the line that is being read. long: its beginning is left out.
	line []byte
	long bool
}

var errLong = fmt.Errorf("longer than %d bytes", maxLine)

// next returns the next event. io.EOF: there is no whole line any more.
func (l *lineReader) next() (*Event, error) {
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.line)+len(part) > maxLine {
			l.line, l.long = l.line[:0], true
		}
		l.line = append(l.line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				err = fmt.Errorf("read %s: %w", l.name, err)
			}
			return nil, err
		}
		line, long := l.line, l.long
		l.line, l.long = l.line[:0], false
		l.number++
		if long {
			return nil, l.fail(errLong)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e, err := Parse(line)
		if err != nil {
			return nil, l.fail(err)
		}
		return e, nil
	}
}

func (l *lineReader) fail(err error) error { return &lineError{l.name, l.number, err} }

// A queue is a heap of events by time, and then in the order in which they came.
type queue []queued

type queued struct {
	*Event
	number int
}

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return cmp.Or(q[i].EventTime.Compare(q[j].EventTime), cmp.Compare(q[i].number, q[j].number)) < 0
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(queued)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// known remembers the ids of the last events, in two halves of which the older is forgotten
// when the newer is full.
type known struct {
	newer, older map[string]bool
	// count is how many events were added.
	count int
}

func newKnown() *known { return &known{newer: make(map[string]bool)} }

// add reports whether the id is new.
func (k *known) add(id string) bool {
	if k.newer[id] || k.older[id] {
		return false
	}
	if len(k.newer) == remembered {
		k.newer, k.older = make(map[string]bool), k.newer
	}
	k.newer[id] = true
	k.count++
	return true
}
