package identity

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A page token is the cursor, sealed for exactly one list: operation, account,
// region and all that selects the entries. So it says nothing to whom it is
// given, and one that is edited, forged or from elsewhere does not open.

// nextPage returns the token for what comes after the cursor.
func (s *Service) nextPage(after Cursor, list ...string) string {
	plain, err := json.Marshal(pagePosition{after.Created.UnixMilli(), after.ID})
	if err != nil {
		panic(err) // two scalars
	}
	return base64.RawURLEncoding.EncodeToString(s.pages.Seal(listName(list), plain))
}

// openPage returns the cursor of a token; of no token, the start of the list.
func (s *Service) openPage(token string, list ...string) (Cursor, error) {
	if token == "" {
		return Cursor{}, nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return Cursor{}, api.InvalidPageToken.With().Because(err)
	}
	plain, err := s.pages.Open(listName(list), sealed)
	if err != nil {
		return Cursor{}, api.InvalidPageToken.With().Because(err)
	}
	var p pagePosition
	if err := json.Unmarshal(plain, &p); err != nil {
		return Cursor{}, api.InvalidPageToken.With().Because(err)
	}
	return Cursor{Created: time.UnixMilli(p.Created).UTC(), ID: p.ID}, nil
}

type pagePosition struct {
	Created int64  `json:"c"`
	ID      string `json:"i"`
}

// listName joins what selects a list. No part holds a line feed but the last.
func listName(parts []string) string { return strings.Join(parts, "\n") }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
