package dump

import (
	"bufio"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
)

// A Reader reads a stream: Next for each table, and Batch until the table's end.
type Reader struct {
	in     *bufio.Reader
	all    hash.Hash
	total  int64
	header Header

	table  Table
	inside bool // a table has begun and not ended
	rows   int64
	sum    hash.Hash
	last   Sum
	buffer []byte
	row    []driver.Value
}

// NewReader reads the header: [ErrForeign], [ErrDamaged].
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, 64<<10), all: sha256.New()}
	begin := make([]byte, len(magic))
	switch _, err := io.ReadFull(r.in, begin); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), err == nil && string(begin) != magic:
		return nil, ErrForeign
	case err != nil:
		return nil, err
	}
	r.all.Write(begin)
	payload, err := r.expect(kindHeader)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(payload, &r.header); err != nil {
		return nil, damaged("header: %v", err)
	}
	if r.header.Format != Format {
		return nil, fmt.Errorf("the backup has form %d, this program knows form %d: use the program that wrote it, or a later one", r.header.Format, Format)
	}
	return r, nil
}

// Header returns the header.
func (r *Reader) Header() Header { return r.header }

// frame reads one frame; what it returns is valid until the next one.
func (r *Reader) frame() (kind byte, payload []byte, err error) {
	var head [5]byte
	if err := r.full(head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxRow {
		return 0, nil, damaged("a frame of %d bytes", n)
	}
	if head[0] != kindEnd {
		r.all.Write(head[:])
	}
	if int(n) > cap(r.buffer) {
		r.buffer = make([]byte, n)
	}
	payload = r.buffer[:n]
	if err := r.full(payload); err != nil {
		return 0, nil, err
	}
	if head[0] != kindEnd {
		r.all.Write(payload)
	}
	return head[0], payload, nil
}

func (r *Reader) full(b []byte) error {
	_, err := io.ReadFull(r.in, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends too early")
	}
	return err
}

func (r *Reader) expect(kind byte) ([]byte, error) {
	got, payload, err := r.frame()
	if err == nil && got != kind {
		err = damaged("a frame of kind %q where %q is due", got, kind)
	}
	return payload, err
}

// Next goes to the next table. After the last one it fails with [io.EOF] if all that was
// written has been read, and it is as it was written.
func (r *Reader) Next() (Table, error) {
	if r.inside {
		return Table{}, errors.New("the table before has not been read to its end")
	}
	kind, payload, err := r.frame()
	switch {
	case err != nil:
		return Table{}, err
	case kind == kindEnd:
		return Table{}, r.end(payload)
	case kind != kindTable:
		return Table{}, damaged("a frame of kind %q where a table is due", kind)
	}
	r.table, r.rows, r.sum, r.inside = Table{}, 0, sha256.New(), true
	if err := json.Unmarshal(payload, &r.table); err != nil {
		return Table{}, damaged("table: %v", err)
	}
	if len(r.table.Columns) == 0 {
		return Table{}, damaged("a table without columns")
	}
	r.row = make([]driver.Value, len(r.table.Columns))
	return r.table, nil
}

func (r *Reader) end(payload []byte) error {
	if len(payload) != sumSize {
		return damaged("its end")
	}
	r.all.Write(payload[:8])
	if int64(binary.BigEndian.Uint64(payload)) != r.total || string(r.all.Sum(nil)) != string(payload[8:]) {
		return damaged("the sum of it all is another one")
	}
	switch _, err := r.in.ReadByte(); {
	case err == nil:
		return damaged("something follows its end")
	case !errors.Is(err, io.EOF):
		return err
	}
	return io.EOF
}

// A Batch is some rows of a table.
type Batch struct {
	r *Reader
	b []byte
}

// Size returns how many bytes the rows have here.
func (b Batch) Size() int { return len(b.b) }

// Batch returns the next rows of the table, which are valid until the next call; [io.EOF] when
// there are no more and their sum is right.
func (r *Reader) Batch() (Batch, error) {
	kind, payload, err := r.frame()
	switch {
	case err != nil:
		return Batch{}, err
	case kind == kindRows:
		r.sum.Write(payload)
		return Batch{r, payload}, nil
	case kind != kindSum || len(payload) != sumSize:
		return Batch{}, damaged("a frame of kind %q in a table", kind)
	}
	r.inside = false
	r.last = Sum{Table: r.table.Name, Rows: r.rows}
	r.sum.Sum(r.last.Digest[:0])
	r.total += r.rows
	if int64(binary.BigEndian.Uint64(payload)) != r.rows || string(payload[8:]) != string(r.last.Digest[:]) {
		return Batch{}, damaged("the sum of table %s is another one", r.table.Name)
	}
	return Batch{}, io.EOF
}

// Sum returns that of the table that has ended last.
func (r *Reader) Sum() Sum { return r.last }

// Each calls f with each row. It must be called once, since it counts rows, too. The slice, not
// its values, is valid until f returns.
func (b Batch) Each(f func([]driver.Value) error) error {
	for rest := b.b; len(rest) > 0; {
		var err error
		if rest, err = b.r.decode(rest); err != nil {
			return err
		}
		b.r.rows++
		if err := f(b.r.row); err != nil {
			return err
		}
	}
	return nil
}

// decode reads a row and returns what follows.
func (r *Reader) decode(b []byte) ([]byte, error) {
	bad := damaged("a row of table %s", r.table.Name)
	for i, c := range r.table.Columns {
		if c.Null {
			if len(b) == 0 || b[0] > 1 {
				return nil, bad
			}
			null := b[0] == 0
			b = b[1:]
			if null {
				r.row[i] = nil
				continue
			}
		}
		if c.Kind == Int {
			v, n := binary.Varint(b)
			if n <= 0 {
				return nil, bad
			}
			r.row[i], b = v, b[n:]
			continue
		}
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, bad
		}
		value := b[n : n+int(size)]
		b = b[n+int(size):]
		switch c.Kind {
		case Text:
			r.row[i] = string(value)
		case Bytes:
			r.row[i] = append([]byte{}, value...)
		default:
			return nil, bad
		}
	}
	return b, nil
}
