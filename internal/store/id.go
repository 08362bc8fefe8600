package store

import (
	"database/sql/driver"
	"strings"
)

// A guid is the GUID of an identifier REGION:GUID. Guids compare as the
// identifiers of one region do.
type guid [16]byte

// value is g as a parameter of a query.
func (g guid) value() driver.Value { return g[:] }

// The lengths of a GUID's text and of the colon before it.
const (
	guidText = 36
	idTail   = 1 + guidText
)

const hexDigits = "0123456789abcdef"

// splitID takes REGION:GUID apart. Only the canonical text, lower case with
// hyphens, is an identifier: each guid has one text, so nothing is lost.
func splitID(id string) (region string, g guid, ok bool) {
	n := len(id) - idTail
	if n < 1 || id[n] != ':' {
		return "", guid{}, false
	}
	text, at := id[n+1:], 0
	for i := 0; i < guidText; i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if text[i] != '-' {
				return "", guid{}, false
			}
			continue
		}
		d := strings.IndexByte(hexDigits, text[i])
		if d < 0 {
			return "", guid{}, false
		}
		g[at/2] = g[at/2]<<4 | byte(d)
		at++
	}
	return id[:n], g, true
}

// joinID is the inverse of splitID.
func joinID(region string, g guid) string {
	b := make([]byte, 0, len(region)+idTail)
	b = append(append(b, region...), ':')
	for i, c := range g {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(b)
}
