package store

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"time"
)

// day is the column seen.
func day(t time.Time) int64 { return t.Unix() / 86400 }

func (t *tx) NoteGuestUse(id string, at time.Time) error {
	_, g, ok := splitID(id)
	if !ok {
		return nil
	}
	_, err := t.exec(updateSeen, day(at), g.value())
	return err
}

func (t *tx) SweepGuests(before time.Time, after string, limit int) (removed int, next string, err error) {
	from, err := hex.DecodeString(after)
	if err != nil {
		return 0, "", fmt.Errorf("sweep guests after %q: %w", after, err)
	}
	var idle []guid
	looked := 0
	err = t.each(selectSeen, func(row []driver.Value) error {
		looked++
		id := toGUID(row[0])
		next = hex.EncodeToString(id[:])
		seen, noted := row[5].(int64)
		if row[1].(int64) == 0 && row[2].(int64) == rowEnabled && row[3].(string) == "[]" &&
			toTime(row[4]).Before(before) && (!noted || seen < day(before)) {
			idle = append(idle, id)
		}
		return nil
	}, notNull(from), int64(limit))
	if err != nil {
		return 0, "", err
	}
	for _, id := range idle {
		if _, err := t.exec(deleteIdentity, id.value()); err != nil {
			return 0, "", err
		}
	}
	if looked < limit {
		next = ""
	}
	return len(idle), next, nil
}
