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
		for n, path := range paths {
			for e, err := range readFile(path, n == len(paths)-1) {
				var malformed *lineError
				switch {
				case errors.As(err, &malformed):
					if !yield(nil, err) {
						return
					}
				case err != nil:
					yield(nil, err)
					return
				case f.Match(e) && known.add(e.EventID):
					heap.Push(&waiting, queued{e, known.count})
					if len(waiting) > window && !yield(heap.Pop(&waiting).(queued).Event, nil) {
						return
					}
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

// Follow yields the wanted events of the file at path as they stand there, from its beginning
// on, then those that are appended, and goes on with the next file when this one is full. It
// ends when ctx does, or after a file that can not be read.
func Follow(ctx context.Context, path string, f Filter) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		known := newKnown()
		for {
			for e, err := range followFile(ctx, path) {
				var malformed *lineError
				if err != nil {
					if !yield(nil, err) || !errors.As(err, &malformed) {
						return
					}
				} else if f.Match(e) && known.add(e.EventID) && !yield(e, nil) {
					return
				}
			}
			if ctx.Err() != nil {
				return
			}
		}
	}
}

// followFile yields the events of the file at path until another one stands there, and the
// file has ended.
func followFile(ctx context.Context, path string) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) && pause(ctx) {
				return // between two files, there is a moment without one
			}
			if ctx.Err() == nil {
				yield(nil, err)
			}
			return
		}
		defer file.Close()
		lines := lineReader{name: path, r: bufio.NewReader(file)}
		for full := false; ; {
			e, err := lines.next()
			switch {
			case !errors.Is(err, io.EOF):
				var malformed *lineError
				if !yield(e, err) || err != nil && !errors.As(err, &malformed) {
					return
				}
			case full:
				return
			case !pause(ctx):
				return
			default:
				// What was appended before the file was full is there now.
				full = replaced(file, path)
			}
		}
	}
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

// readFile yields the events of a file. Of one that grows, a last line without its end
// is left out.
func readFile(path string, grows bool) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer file.Close()
		lines := lineReader{name: path, r: bufio.NewReaderSize(file, 64<<10)}
		for {
			e, err := lines.next()
			if errors.Is(err, io.EOF) {
				if len(lines.line) > 0 && !grows {
					yield(nil, lines.fail(io.ErrUnexpectedEOF))
				}
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
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
