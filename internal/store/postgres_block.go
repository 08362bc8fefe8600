package store

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// inBlocks are the statements of which a batch of Updates has many, each of which inserts a row that is
// another's: their rows wait for each other, and are inserted by one statement. Rows of earlier ones are
// sent first.
var inBlocks = [...]query{insertNewIdentity, insertLogin, insertEvent}

// How many rows the statements of a block insert: few texts, which are prepared once.
var blockSizes = [...]int{64, 16, 4, 1}

// blocks are rows that wait to be sent.
type blocks struct {
	rows [len(inBlocks)][][]driver.Value
	n    int
	// texts are the statements made so far.
	texts map[blockKey]query
}

type blockKey struct {
	q    query
	rows int
}

// wait takes a row of a statement, unless that is none of inBlocks.
func (b *blocks) wait(q query, args []driver.Value) bool {
	kind := slices.Index(inBlocks[:], q)
	if kind < 0 {
		return false
	}
	b.rows[kind] = append(b.rows[kind], slices.Clone(args))
	b.n++
	return true
}

// drop forgets them.
func (b *blocks) drop() {
	for kind := range b.rows {
		b.rows[kind] = b.rows[kind][:0]
	}
	b.n = 0
}

// release calls put with statements that insert what waits.
func (b *blocks) release(put func(q query, rows int, args []driver.Value) error) error {
	if b.n == 0 {
		return nil
	}
	defer b.drop()
	for kind, q := range inBlocks {
		for rest := b.rows[kind]; len(rest) > 0; {
			size := blockSizes[slices.IndexFunc(blockSizes[:], func(n int) bool { return n <= len(rest) })]
			rows := rest[:size]
			rest = rest[size:]
			if err := b.insert(q, rows, put); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *blocks) insert(q query, rows [][]driver.Value, put func(q query, rows int, args []driver.Value) error) error {
	if len(rows) == 1 {
		return put(q, 1, rows[0])
	}
	if q == insertNewIdentity {
		var guids []driver.Value
		for n, row := range rows {
			last := len(row) - 1
			guids = append(guids, row[last])
			rows[n] = row[:last]
		}
		if err := put(b.text(selectGUIDs, len(rows)), 0, guids); err != nil {
			return err
		}
		q = insertIdentities
	}
	return put(b.text(q, len(rows)), len(rows), slices.Concat(rows...))
}

// text returns a statement whose last parentheses are there for each of the rows, or whose only
// parameter is.
func (b *blocks) text(q query, rows int) query {
	key := blockKey{q, rows}
	if b.texts == nil {
		b.texts = make(map[blockKey]query)
	}
	if b.texts[key] == "" {
		b.texts[key] = repeatRows(q, rows)
	}
	return b.texts[key]
}

// repeatRows repeats the parameters of a statement, which stand together in parentheses.
func repeatRows(q query, rows int) query {
	from := strings.Index(string(q), "($1")
	to := from + strings.Index(string(q[from:]), ")")
	columns := strings.Count(string(q[from:to]), "$")
	var all strings.Builder
	all.WriteString(string(q[:from]))
	between := "), ("
	if columns == 1 {
		between = ", "
	}
	all.WriteByte('(')
	for n := range rows * columns {
		switch {
		case n == 0:
		case n%columns == 0:
			all.WriteString(between)
		default:
			all.WriteString(", ")
		}
		all.WriteByte('$')
		all.WriteString(strconv.Itoa(n + 1))
	}
	all.WriteString(string(q[to:]))
	return query(all.String())
}

// changes returns what fails with errRaced unless a statement has changed so many rows.
func changes(q query, rows int) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != int64(rows) {
			return fmt.Errorf("%w: %s", errRaced, q)
		}
		return nil
	}
}
