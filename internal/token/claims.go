package token

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// The claims that are AWS's own. Observed in its tokens; the first is also documented:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
const (
	claimTags    = "https://aws.amazon.com/tags"
	claimPoolARN = "https://cognito-identity.amazonaws.com/identity-pool-arn"
)

// errEncoding: escaping or replacing what is not UTF-8 would make one subject of two.
var errEncoding = errors.New("a claim is not valid UTF-8")

// check refuses claims that break the contract of [identity.Claims]. That a token is over
// before its key leaves the key set rests on the last two.
func (r *Ring) check(c identity.Claims, now time.Time) error {
	switch {
	case c.Subject == "" || c.Audience == "" || len(c.AMR) == 0:
		return errors.New("subject, audience or amr is missing")
	case c.Lifetime < time.Second || c.Lifetime%time.Second != 0:
		return fmt.Errorf("lifetime %v is not a positive number of seconds", c.Lifetime)
	case c.Lifetime > r.maxLifetime:
		return fmt.Errorf("lifetime %v is longer than %v", c.Lifetime, r.maxLifetime)
	case c.IssuedAt.After(now.Add(leeway)):
		return fmt.Errorf("issued at %v, which is in the future", c.IssuedAt)
	}
	return nil
}

// appendHeader appends the JOSE header. Its members, their order and the type JWS
// are those observed in AWS's tokens.
func appendHeader(b []byte, keyID, algorithm string) ([]byte, error) {
	b = append(b, `{"kid":`...)
	b, err := appendString(b, keyID)
	b = append(b, `,"typ":"JWS","alg":"`...)
	b = append(b, algorithm...)
	return append(b, `"}`...), err
}

// appendPayload appends the claims, in the order observed in AWS's tokens.
func appendPayload(b []byte, issuer string, c identity.Claims) ([]byte, error) {
	// One flag for all strings: nothing is used of a payload that has a bad one.
	valid := true
	str := func(s string) {
		var err error
		b, err = appendString(b, s)
		valid = valid && err == nil
	}
	lit := func(s string) { b = append(b, s...) }

	lit(`{"sub":`)
	str(c.Subject)
	lit(`,"aud":`)
	str(c.Audience)
	lit(`,"amr":[`)
	for i, m := range c.AMR {
		if i > 0 {
			lit(`,`)
		}
		str(m)
	}
	lit(`]`)
	if len(c.PrincipalTags) > 0 {
		lit(`,"` + claimTags + `":{"principal_tags":{`)
		for i, name := range slices.Sorted(maps.Keys(c.PrincipalTags)) {
			if i > 0 {
				lit(`,`)
			}
			str(name)
			lit(`:[`)
			str(c.PrincipalTags[name])
			lit(`]`)
		}
		lit(`}}`)
	}
	lit(`,"iss":`)
	str(issuer)
	if c.PoolARN != "" {
		lit(`,"` + claimPoolARN + `":`)
		str(c.PoolARN)
	}
	iat := c.IssuedAt.Unix()
	lit(`,"exp":`)
	b = strconv.AppendInt(b, iat+int64(c.Lifetime/time.Second), 10)
	lit(`,"iat":`)
	b = strconv.AppendInt(b, iat, 10)
	lit(`}`)
	if !valid {
		return nil, errEncoding
	}
	return b, nil
}

// appendString appends s as a JSON string (RFC 8259, section 7) that escapes only
// what must be: encoding/json would also escape for HTML, and replace what is not UTF-8.
func appendString(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return b, errEncoding
	}
	const hex = "0123456789abcdef"
	b = append(b, '"')
	done := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&0xf])
		}
	}
	b = append(b, s[done:]...)
	return append(b, '"'), nil
}
