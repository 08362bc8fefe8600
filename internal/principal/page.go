package principal

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A marker is a position in a list, sealed for exactly one list: operation, account
// and all that selects the entries. So it says nothing to whom it is given, and one that is
// edited, forged or from elsewhere does not open.

// A pageOf is what a list operation is asked for.
type pageOf struct {
	marker string
	// limit is the length of a page; 0: [maxPage].
	limit int64
	// list names the list. No part holds a line feed but the last.
	list []string
}

// paged returns a page of a list, and the marker of the next; empty: there is none. Next
// returns at most limit entries that stand after a position; position is that of an entry.
// An empty page is not nil.
func paged[E any](s *Service, p pageOf, next func(after string, limit int) ([]E, error), position func(E) string) (entries []E, marker string, err error) {
	after, err := s.openMarker(p)
	if err != nil {
		return nil, "", err
	}
	limit := int(p.limit)
	if limit == 0 {
		limit = maxPage
	}
	if entries, err = next(after, limit+1); err != nil {
		return nil, "", err
	}
	if entries == nil {
		entries = []E{}
	}
	if len(entries) > limit {
		entries = entries[:limit]
		sealed := s.markers.Seal(strings.Join(p.list, "\n"), []byte(position(entries[limit-1])))
		marker = base64.RawURLEncoding.EncodeToString(sealed)
	}
	return entries, marker, nil
}

func (s *Service) openMarker(p pageOf) (after string, err error) {
	if p.marker == "" {
		return "", nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(p.marker)
	if err != nil {
		return "", api.InvalidMarker.With().Because(err)
	}
	plain, err := s.markers.Open(strings.Join(p.list, "\n"), sealed)
	if err != nil {
		return "", api.InvalidMarker.With().Because(err)
	}
	return string(plain), nil
}

// inOrder returns a source of entries, which stand in the order of their positions, for
// [paged].
func inOrder[E any](entries []E, position func(E) string) func(after string, limit int) ([]E, error) {
	return func(after string, limit int) ([]E, error) {
		n := slices.IndexFunc(entries, func(e E) bool { return position(e) > after })
		if n < 0 {
			return nil, nil
		}
		return entries[n:min(n+limit, len(entries))], nil
	}
}

func itself(s string) string { return s }

// truncated is what an answer says of a marker besides it.
func truncated(marker string) *bool {
	more := marker != ""
	return &more
}
