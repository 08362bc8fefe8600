package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Takes tells why a token or a session that was issued to the identity at a time is
// refused. Nil: it is taken.
func (i *Identity) Takes(issued time.Time) error {
	switch {
	case i.Disabled:
		return errDisabled
	case issued.Before(i.RevokedBefore):
		return fmt.Errorf("what was issued to the identity before %s is revoked", i.RevokedBefore.Format(time.RFC3339Nano))
	}
	return nil
}

// Vouches tells why a token with the amr claim is refused; see [Claims]. Nil: of the
// logins that the claim names, one at least is still linked, or the identity has
// never had a login and the claim names none.
func (i *Identity) Vouches(amr []string) error {
	guest := slices.Equal(amr, []string{unauthenticated})
	switch {
	case guest && i.Authenticated:
		return errors.New("the identity was a guest when the token was issued, and is none now")
	case !guest && !slices.ContainsFunc(i.Logins, func(l Login) bool { return i.namedIn(amr, l) }):
		return errors.New("no login that the token names is linked to the identity now")
	}
	return nil
}

// namedIn reports whether an amr claim names the login, which it does in one of the forms
// PROVIDER:POOL:USER for developer users, and PROVIDER:KIND:USER, where the provider may be
// its ARN, for others. A developer user's name is free, and may look like the end of an ARN.
func (i *Identity) namedIn(amr []string, l Login) bool {
	return slices.ContainsFunc(amr, func(entry string) bool {
		rest, ok := strings.CutSuffix(entry, ":"+l.Subject)
		if !ok {
			return false
		}
		if provider, developer := strings.CutSuffix(rest, ":"+i.PoolID); developer {
			return provider == l.Provider
		}
		provider := rest[:max(0, strings.LastIndexByte(rest, ':'))]
		arn, isARN := strings.CutPrefix(provider, "arn:aws:iam::")
		_, name, _ := strings.Cut(arn, ":oidc-provider/")
		return provider == l.Provider || isARN && name == l.Provider
	})
}
