package store

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A login is a login as rows have it. provider is 0 as long as its provider has no number.
type login struct {
	provider int64
	subject  string
}

// encodeLogins returns the column logins: each as NUMBER:SUBJECT, with a zero byte between two.
func encodeLogins(logins []login) []byte {
	b := []byte{}
	for n, l := range logins {
		if n > 0 {
			b = append(b, 0)
		}
		b = append(append(strconv.AppendInt(b, l.provider, 10), ':'), l.subject...)
	}
	return b
}

func decodeLogins(column []byte) ([]login, error) {
	if len(column) == 0 {
		return nil, nil
	}
	logins := make([]login, 0, 1+bytes.Count(column, []byte{0}))
	for text := range strings.SplitSeq(string(column), "\x00") {
		number, subject, _ := strings.Cut(text, ":")
		provider, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the logins of an identity: %w", err)
		}
		logins = append(logins, login{provider, subject})
	}
	return logins, nil
}

// named returns logins with the names of their providers.
func (t *tx) named(logins []login) ([]identity.Login, error) {
	if len(logins) == 0 {
		return nil, nil
	}
	all := make([]identity.Login, len(logins))
	for n, l := range logins {
		name, err := t.providerName(l.provider)
		if err != nil {
			return nil, err
		}
		all[n] = identity.Login{Provider: name, Subject: l.subject}
	}
	return all, nil
}

// numbered returns logins with the numbers of their providers, of those that have one. The table
// login would hold two equal logins once.
func (t *tx) numbered(p *pool, logins []identity.Login) ([]login, error) {
	all := make([]login, len(logins))
	for n, l := range logins {
		if !utf8.ValidString(l.Provider) || !utf8.ValidString(l.Subject) || strings.IndexByte(l.Subject, 0) >= 0 {
			return nil, fmt.Errorf("login %d is not UTF-8 without NUL", n)
		}
		if slices.Contains(logins[:n], l) {
			return nil, fmt.Errorf("login %d repeats another", n)
		}
		number, err := t.provider(providerKey{p.number, l.Provider})
		if err != nil && !errors.Is(err, identity.ErrNotFound) {
			return nil, err
		}
		all[n] = login{number, l.Subject}
	}
	return all, nil
}

// number gives numbers to those providers of logins that have none.
func (t *tx) number(p *pool, of []identity.Login, logins []login) error {
	for n := range logins {
		if logins[n].provider != 0 {
			continue
		}
		k := providerKey{p.number, of[n].Provider}
		number, err := t.provider(k) // a login before this one may have the same
		if errors.Is(err, identity.ErrNotFound) {
			number, err = t.newProvider(k)
		}
		if err != nil {
			return err
		}
		logins[n].provider = number
	}
	return nil
}

// without returns the logins of a that are not in b.
func without(a, b []login) []login {
	return slices.DeleteFunc(slices.Clone(a), func(l login) bool { return slices.Contains(b, l) })
}

// login returns the row of a login of the pool: ErrNotFound.
func (t *tx) login(p *pool, l login) ([]driver.Value, error) {
	return t.look(keyOfLogin(l), p.base(), l.provider, []byte(l.subject))
}

// checkFree tells whether logins of the pool can be linked: ErrConflict.
func (t *tx) checkFree(p *pool, logins []login) error {
	for _, l := range logins {
		if l.provider == 0 {
			continue
		}
		_, err := t.login(p, l)
		if err == nil {
			return identity.ErrConflict
		}
		if !errors.Is(err, identity.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (t *tx) link(logins []login, to *identityRow) error {
	for _, l := range logins {
		t.forget(keyOfLogin(l))
		if err := t.execOne(identity.ErrConflict, insertLogin, l.provider, []byte(l.subject), to.inLogin()); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) unlink(logins []login) error {
	for _, l := range logins {
		t.forget(keyOfLogin(l))
		if err := t.execAny(deleteLogin, l.provider, []byte(l.subject)); err != nil {
			return err
		}
	}
	return nil
}
