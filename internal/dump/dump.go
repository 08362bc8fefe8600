// Package dump is the form in which the whole of a store goes from one place to another: a
// backup, and what is copied between databases. It owns the bytes, and that none of them is
// missing or changed. It knows neither what tables there are nor where rows come from.
//
// A stream begins with the line "poolkeeper-backup". Frames follow: one byte for the kind, the
// length in four bytes, big-endian, and as many bytes.
//
//	H  the header, JSON
//	T  a table begins: its name and columns, JSON
//	R  rows of it, at most [BatchSize] bytes unless one row alone is longer
//	S  the table ends: the number of its rows in 8 bytes, and the SHA-256 of the rows
//	Z  the end: the number of all rows, and the SHA-256 of all bytes before it and that number
//
// In a row are the columns in their order. One that may be null has a byte before, 0 for null
// and 1 for a value. An integer is a zigzag varint, a text or bytes a varint length and as many bytes.
//
// The sums tell of damage, not of forgery: who can write the file can write the sums.
package dump

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const (
	magic = "poolkeeper-backup\n"
	// Format is the version of the form that is written and read here.
	Format = 1
	// BatchSize is how many bytes of rows are together in memory, and maxRow how long a row may be. The
	// longest are those of SAML providers, of which IAM takes documents of ten million characters.
	BatchSize = 1 << 20
	maxRow    = 64 << 20
	sumSize   = 8 + sha256.Size
)

// The kinds of frames.
const (
	kindHeader = 'H'
	kindTable  = 'T'
	kindRows   = 'R'
	kindSum    = 'S'
	kindEnd    = 'Z'
)

// What reading fails with.
var (
	// ErrForeign: this is something else.
	ErrForeign = errors.New("not a backup of Poolkeeper")
	// ErrDamaged: something is missing, too much or not as it was written.
	ErrDamaged = errors.New("the backup is cut off or damaged")
)

// A Header tells what a stream is.
type Header struct {
	Format int `json:"format"`
	// Schema is the version of the tables.
	Schema  int64     `json:"schema"`
	Account string    `json:"account,omitempty"`
	Created time.Time `json:"created"`
	// Program is the version of the program that wrote it, for people.
	Program string `json:"program,omitempty"`
}

// A Kind is that of the values of a column.
type Kind string

// The kinds of values: int64, string, []byte.
const (
	Int   Kind = "int"
	Text  Kind = "text"
	Bytes Kind = "bytes"
)

// A Column is one of a table.
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	Null bool   `json:"null,omitempty"`
}

// A Table is what rows belong to.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
}

// A Sum tells whether two tables have the same rows in the same order.
type Sum struct {
	Table  string
	Rows   int64
	Digest [sha256.Size]byte
}

func encodeJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // of structs of texts and numbers
	}
	return text
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}
