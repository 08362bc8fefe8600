package dump

import (
	"bufio"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
)

// A Writer writes a stream: for each table Begin, Row as often as there are rows, End; at last
// Close. After an error nothing of it can be used.
type Writer struct {
	out   *bufio.Writer
	all   hash.Hash
	total int64

	table Table
	rows  int64
	sum   hash.Hash
	batch []byte
	row   []byte
}

// NewWriter begins a stream. The header's Format is filled in.
func NewWriter(out io.Writer, h Header) (*Writer, error) {
	w := &Writer{out: bufio.NewWriterSize(out, 64<<10), all: sha256.New()}
	h.Format = Format
	if err := w.write([]byte(magic)); err != nil {
		return nil, err
	}
	return w, w.frame(kindHeader, encodeJSON(h))
}

func (w *Writer) write(b []byte) error {
	w.all.Write(b)
	_, err := w.out.Write(b)
	return err
}

func (w *Writer) frame(kind byte, payload []byte) error {
	if err := w.write(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload)))); err != nil {
		return err
	}
	return w.write(payload)
}

// Begin begins a table.
func (w *Writer) Begin(t Table) error {
	w.table, w.rows, w.sum = t, 0, sha256.New()
	return w.frame(kindTable, encodeJSON(t))
}

// Row adds a row, with the values of the table's columns.
func (w *Writer) Row(values []driver.Value) error {
	row, err := appendRow(w.row[:0], w.table, values)
	if err != nil {
		return err
	}
	w.row = row
	if len(w.batch) > 0 && len(w.batch)+len(row) > BatchSize {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.batch = append(w.batch, row...)
	w.sum.Write(row)
	w.rows++
	return nil
}

func (w *Writer) flush() error {
	if len(w.batch) == 0 {
		return nil
	}
	err := w.frame(kindRows, w.batch)
	w.batch = w.batch[:0]
	return err
}

// End ends the table.
func (w *Writer) End() (Sum, error) {
	s := Sum{Table: w.table.Name, Rows: w.rows}
	w.sum.Sum(s.Digest[:0])
	w.total += w.rows
	if err := w.flush(); err != nil {
		return s, err
	}
	return s, w.frame(kindSum, append(binary.BigEndian.AppendUint64(nil, uint64(w.rows)), s.Digest[:]...))
}

// Close ends the stream. It does not close what it was written to.
func (w *Writer) Close() error {
	end := binary.BigEndian.AppendUint64(nil, uint64(w.total))
	w.all.Write(end)
	end = w.all.Sum(end)
	if err := w.frame(kindEnd, end); err != nil {
		return err
	}
	return w.out.Flush()
}

// appendRow encodes a row.
func appendRow(b []byte, t Table, values []driver.Value) ([]byte, error) {
	if len(values) != len(t.Columns) {
		return nil, fmt.Errorf("table %s: %d values in a row of %d", t.Name, len(values), len(t.Columns))
	}
	for i, c := range t.Columns {
		v := values[i]
		if c.Null {
			if v == nil {
				b = append(b, 0)
				continue
			}
			b = append(b, 1)
		}
		var ok bool
		switch c.Kind {
		case Int:
			var n int64
			n, ok = v.(int64)
			b = binary.AppendVarint(b, n)
		case Text:
			var s string
			s, ok = v.(string)
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		case Bytes:
			var s []byte
			s, ok = v.([]byte)
			// A driver may return no bytes at all for none.
			ok = ok || v == nil && !c.Null
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
		if !ok {
			return nil, fmt.Errorf("table %s, column %s: %T is no %s", t.Name, c.Name, v, c.Kind)
		}
	}
	if len(b) > maxRow {
		return nil, fmt.Errorf("table %s: a row of %d bytes is too long", t.Name, len(b))
	}
	return b, nil
}
