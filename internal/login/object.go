package login

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// An object is a JSON object, its members unread. Names match byte for byte.
type object map[string]jsontext.Value

// parseObject reads one JSON object and nothing behind it. Names that are there twice,
// invalid UTF-8 and lone surrogates are refused, at any depth: two readers could see two
// things in them.
func parseObject(text []byte) (object, error) {
	return readObject(jsontext.NewDecoder(bytes.NewBuffer(text)))
}

func readObject(d *jsontext.Decoder) (object, error) {
	begin, err := d.ReadToken()
	switch {
	case err != nil:
		return nil, errors.New("not JSON")
	case begin.Kind() != '{':
		return nil, errors.New("not a JSON object")
	}
	o := object{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, jsonError(err)
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, jsonError(err)
		}
		o[key] = value.Clone()
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, jsonError(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text behind the JSON object")
	}
	return o, nil
}

// jsonError hides what the text says: errors of the decoder quote it.
func jsonError(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return errors.New("JSON object with one name twice")
	}
	return errors.New("not JSON")
}

// text returns a member that is a string.
func (o object) text(name string) (string, bool) { return stringOf(o[name]) }

func stringOf(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	s, err := jsontext.AppendUnquote(nil, v)
	return string(s), err == nil
}

// texts returns a member that is a list of strings.
func (o object) texts(name string) ([]string, bool) {
	items, ok := itemsOf(o[name])
	if !ok {
		return nil, false
	}
	list := make([]string, 0, len(items))
	for _, v := range items {
		s, ok := stringOf(v)
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

// itemsOf returns the items of a value that is an array.
func itemsOf(v jsontext.Value) ([]jsontext.Value, bool) {
	if v.Kind() != '[' {
		return nil, false
	}
	// The value was read before, with all that is refused.
	d := jsontext.NewDecoder(bytes.NewBuffer(v), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	var items []jsontext.Value
	for d.PeekKind() != ']' {
		item, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		items = append(items, item.Clone())
	}
	return items, true
}

// lastSecond is the end of the year 9999: no token says a later time and means it.
const lastSecond = 253402300799

// time returns a member that is a NumericDate (RFC 7519, section 2), in whole seconds.
func (o object) time(name string) (at time.Time, there bool, err error) {
	v, there := o[name]
	if !there {
		return time.Time{}, false, nil
	}
	seconds := math.NaN()
	if v.Kind() == '0' {
		seconds, err = strconv.ParseFloat(string(v), 64)
	}
	// Written so that what is not a number fails too.
	if err != nil || !(math.Abs(seconds) <= lastSecond) {
		return time.Time{}, true, &Refusal{Reason: BadClaim, Claim: name}
	}
	return time.Unix(int64(math.Floor(seconds)), 0).UTC(), true, nil
}

// claims returns what role mappings and principal tags can use.
func (o object) claims() identity.LoginClaims {
	c := identity.LoginClaims{}
	for name, v := range o {
		if s, ok := scalar(v); ok {
			c[name] = []string{s}
			continue
		}
		items, ok := itemsOf(v)
		if !ok {
			continue
		}
		list := []string{}
		for _, item := range items {
			if s, ok := scalar(item); ok {
				list = append(list, s)
			}
		}
		if len(list) == len(items) {
			c[name] = list
		}
	}
	return c
}

func scalar(v jsontext.Value) (string, bool) {
	switch v.Kind() {
	case '"':
		return stringOf(v)
	case '0', 't', 'f':
		return string(v), true
	}
	return "", false
}

// maxSubject is how long a subject may be, in bytes. OpenID Connect Core, section 2, allows
// 255; workload identities of build services are longer.
const maxSubject = 1024

// wantSubject names the step at which a token says whose it is, by the claim.
func wantSubject(t *explain.Record, claim string) {
	t.At("subject", "%s, of 1 to %d bytes", claim, maxSubject)
}

// checkSubject refuses what can not be a subject.
func checkSubject(t *explain.Record, s string) error {
	t.Found("%s", explain.Quote(s))
	if s == "" || len(s) > maxSubject || strings.ContainsRune(s, 0) {
		return &Refusal{Reason: BadClaim, Claim: "sub"}
	}
	return nil
}
