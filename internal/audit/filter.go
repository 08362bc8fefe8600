package audit

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A Filter says which events are wanted. Every field that is not its zero value narrows it.
type Filter struct {
	// From and To bound the time: From is within, To is not.
	From, To time.Time
	// Account is the one that the call concerns, or that of the caller.
	Account string
	// Names are event names; one of them is the event's.
	Names []string
	// Principal is who called: an ARN, an id, or the name of a user, role or session.
	Principal string
	AccessKey string
	// Source is an event source, or what comes before its first dot: iam.
	Source string
	// Error is an error code; * is any.
	Error string
	// Mentions is something that the event is about, which stands whole among its
	// resources, parameters or elements: an ARN, or the id of a pool or an identity.
	Mentions string
}

// Match reports whether the event is wanted.
func (f *Filter) Match(e *Event) bool {
	source, _, _ := strings.Cut(e.EventSource, ".")
	return !(e.EventTime.Before(f.From) ||
		!f.To.IsZero() && !e.EventTime.Before(f.To) ||
		f.Account != "" && f.Account != e.RecipientAccountID && f.Account != e.UserIdentity.AccountID ||
		len(f.Names) > 0 && !slices.Contains(f.Names, e.EventName) ||
		f.Principal != "" && !e.UserIdentity.is(f.Principal) ||
		f.AccessKey != "" && f.AccessKey != e.UserIdentity.AccessKeyID ||
		f.Source != "" && f.Source != e.EventSource && f.Source != source ||
		f.Error != "" && f.Error != e.ErrorCode && !(f.Error == "*" && e.ErrorCode != "") ||
		f.Mentions != "" && !e.mentions(f.Mentions))
}

// is reports whether who may be called so.
func (u *UserIdentity) is(who string) bool {
	if who == u.ARN || who == u.UserName || who == u.PrincipalID {
		return true
	}
	if u.SessionContext == nil || u.SessionContext.SessionIssuer == nil {
		return false
	}
	role := u.SessionContext.SessionIssuer
	return who == role.ARN || who == role.UserName || strings.HasSuffix(u.ARN, "/"+who)
}

func (e *Event) mentions(what string) bool {
	for _, r := range e.Resources {
		if r.ARN == what || strings.HasSuffix(r.ARN, "/"+what) {
			return true
		}
	}
	quoted, _ := jsontext.AppendQuote(nil, what) // what is not UTF-8 is in no event
	end := append([]byte{'/'}, quoted[1:]...)
	for _, elements := range []jsontext.Value{e.RequestParameters, e.ResponseElements} {
		if bytes.Contains(elements, quoted) || bytes.Contains(elements, end) {
			return true
		}
	}
	return false
}
