package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// day is the column seen.
func day(t time.Time) int64 { return t.Unix() / 86400 }

func (t *tx) NoteGuestUse(id string, at time.Time) error {
	_, g, ok := splitID(id)
	if !ok {
		return nil
	}
	number, err := t.locate(g)
	if errors.Is(err, identity.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = t.execAny(updateSeen, day(at), number)
	}
	return err
}

func (t *tx) SweepGuests(before time.Time, after string, limit int) (removed int, next string, err error) {
	from, err := toPlace(after)
	if err != nil {
		return 0, "", fmt.Errorf("sweep guests: %w", err)
	}
	var idle []*identityRow
	looked := 0
	err = t.each(selectSeen, func(row []driver.Value) error {
		looked++
		next = fromPlace(row[0].(int64))
		seen, noted := row[6].(int64)
		if row[2].(int64) == 0 && row[3].(int64) == rowEnabled && len(row[4].([]byte)) == 0 &&
			toTime(row[5]).Before(before) && (!noted || seen < day(before)) {
			idle = append(idle, &identityRow{number: row[0].(int64), guid: row[1]})
		}
		return nil
	}, from, int64(limit))
	if err != nil {
		return 0, "", err
	}
	for _, i := range idle {
		if err := t.removeIdentity(i); err != nil {
			return 0, "", err
		}
	}
	if looked < limit {
		next = ""
	}
	return len(idle), next, nil
}

// A place in a list of identities is the number of the last one before it, in decimal; empty is the
// start.
func fromPlace(number int64) string { return strconv.FormatInt(number, 10) }

func toPlace(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no place in a list of identities", text)
	}
	return n, nil
}
