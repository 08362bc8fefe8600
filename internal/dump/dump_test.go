package dump

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var things = Table{Name: "thing", Columns: []Column{
	{Name: "n", Kind: Int}, {Name: "t", Kind: Text}, {Name: "b", Kind: Bytes}, {Name: "m", Kind: Int, Null: true},
}}

// write writes a table of rows.
func write(t testing.TB, out io.Writer, rows ...[]driver.Value) (Sum, *Writer) {
	t.Helper()
	w, err := NewWriter(out, Header{Schema: 9, Account: "a", Created: time.Unix(5, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(things); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := w.End()
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return sum, w
}

// read reads a stream of one table and returns its rows, and the size of its batches.
func read(in io.Reader) (rows [][]driver.Value, sizes []int, sum Sum, err error) {
	r, err := NewReader(in)
	if err != nil {
		return nil, nil, sum, err
	}
	for {
		if _, err := r.Next(); err != nil {
			return rows, sizes, r.Sum(), err
		}
		for {
			b, err := r.Batch()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				sizes = append(sizes, b.Size())
				err = b.Each(func(row []driver.Value) error {
					rows = append(rows, slices.Clone(row))
					return nil
				})
			}
			if err != nil {
				return rows, sizes, sum, err
			}
		}
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rows := [][]driver.Value{
		{int64(math.MinInt64), "", []byte{}, nil},
		{int64(math.MaxInt64), "a\x00ü\xff", []byte{0, 255}, int64(0)},
		{int64(0), strings.Repeat("x", 300), []byte("y"), int64(-1)},
	}
	var b bytes.Buffer
	wrote, _ := write(t, &b, rows...)
	got, _, sum, err := read(&b)
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, got); diff != "" {
		t.Errorf("rows: (-wrote +read)\n%s", diff)
	}
	if sum != wrote || sum.Rows != 3 || sum.Table != "thing" {
		t.Errorf("sum: wrote %v, read %v", wrote, sum)
	}
}

// However many rows there are, what is kept of them is a batch.
func TestBatches_Bounded(t *testing.T) {
	t.Parallel()
	const rows, size = 3000, 4000
	row := []driver.Value{int64(1), strings.Repeat("x", size), []byte{}, nil}
	all := slices.Repeat([][]driver.Value{row}, rows)
	all = append(all, []driver.Value{int64(1), strings.Repeat("x", 3*BatchSize), []byte{}, nil}, row)
	var b bytes.Buffer
	_, w := write(t, &b, all...)
	if got := cap(w.batch); got > 5*BatchSize {
		t.Errorf("the writer has kept %d bytes", got)
	}
	got, sizes, _, err := read(&b)
	if !errors.Is(err, io.EOF) || len(got) != len(all) {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	if want := rows * size / BatchSize; len(sizes) < want {
		t.Errorf("%d batches, want at least %d", len(sizes), want)
	}
	for _, n := range sizes {
		if n > BatchSize && n < 3*BatchSize {
			t.Errorf("a batch of %d bytes", n)
		}
	}
}

// The sum of a table does not depend on where batches end, and does on the order of rows.
func TestSum(t *testing.T) {
	t.Parallel()
	a, b := []driver.Value{int64(1), "a", []byte{}, nil}, []driver.Value{int64(2), "b", []byte{}, nil}
	ab, _ := write(t, io.Discard, a, b)
	ba, _ := write(t, io.Discard, b, a)
	again, _ := write(t, io.Discard, a, b)
	if ab == ba || ab != again {
		t.Errorf("sums: %v %v %v", ab, ba, again)
	}
}

func TestRow_Refused(t *testing.T) {
	t.Parallel()
	w, err := NewWriter(io.Discard, Header{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(things); err != nil {
		t.Fatal(err)
	}
	for _, row := range [][]driver.Value{
		{}, {nil, "", []byte{}, nil}, {int64(1), nil, []byte{}, nil}, {int64(1), []byte{}, []byte{}, nil},
		{int64(1), "", "", nil}, {int64(1), "", []byte{}, "1"}, {int64(1), strings.Repeat("x", maxRow), []byte{}, nil},
	} {
		if err := w.Row(row); err == nil {
			t.Errorf("%.100v was taken", row)
		}
	}
	if err := w.Row([]driver.Value{int64(1), "", nil, nil}); err != nil {
		t.Errorf("no bytes: %v", err)
	}
}

func FuzzReader(f *testing.F) {
	var b bytes.Buffer
	write(f, &b, []driver.Value{int64(1), "a", []byte{1}, int64(3)}, []driver.Value{int64(2), "", []byte{}, nil})
	f.Add(b.Bytes())
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, stream []byte) {
		if _, _, _, err := read(bytes.NewReader(stream)); err == nil {
			t.Error("a stream ends without a word")
		}
		if cut := len(stream) - 1; cut > 0 {
			if _, _, _, err := read(bytes.NewReader(stream[:cut])); errors.Is(err, io.EOF) && !errors.Is(err, ErrDamaged) {
				if _, _, _, err := read(bytes.NewReader(stream)); errors.Is(err, io.EOF) {
					t.Error("a stream is whole without its last byte, and with it")
				}
			}
		}
	})
}
