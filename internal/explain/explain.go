// Package explain keeps, while a decision is made, the steps that it comes to: what each
// wants and what it finds. The code that decides names them as it goes; a refusal is of the
// step that was named last. So an explanation comes from the decision itself and can not
// differ from it.
//
// It decides nothing. What it is told holds no token, no signature and no secret, but may
// tell who a user is: it is for whoever may ask, never for a log.
package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A Record holds the steps of one decision. Nil is a record of nothing: decisions that nobody
// wants explained have that. It is for one goroutine.
type Record struct {
	steps []step
	// at is how many steps there are up to the one named last, and next where what is
	// planned goes.
	at, next int
	about    string
	// withheld takes the place of the reason; empty: nothing does.
	withheld string
}

type step struct {
	about, name, want, found string
	named                    bool
}

type recordKey struct{}

// Into returns a context under which decisions are kept in r.
func Into(ctx context.Context, r *Record) context.Context {
	return context.WithValue(ctx, recordKey{}, r)
}

// From returns the record of a context; nil where it has none.
func From(ctx context.Context) *Record {
	r, _ := ctx.Value(recordKey{}).(*Record)
	return r
}

// About tells what the steps that follow are about, such as one of several logins; empty:
// nothing of the kind.
func (r *Record) About(what string) {
	if r != nil {
		r.about = what
	}
}

// Plan tells which steps come next if all goes well: behind those planned since the last
// step was named, and before those planned earlier. A step that is passed over, since it
// does not apply, vanishes.
func (r *Record) Plan(names ...string) {
	if r == nil {
		return
	}
	var more []step
	for _, name := range names {
		if r.find(name) < 0 {
			more = append(more, step{about: r.about, name: name})
		}
	}
	r.steps = slices.Insert(r.steps, r.next, more...)
	r.next += len(more)
}

// At names the step that the decision comes to. The format says what it wants, as the end of
// a sentence that begins with "expected:". A step may be named again, when it is
// gone through again.
func (r *Record) At(name, format string, args ...any) {
	if r == nil {
		return
	}
	i := r.find(name)
	if i < 0 {
		i = r.at
		r.steps = slices.Insert(r.steps, i, step{about: r.about, name: name})
	}
	s := &r.steps[i]
	s.want, s.found, s.named = fmt.Sprintf(format, args...), "", true
	if i > r.at {
		passed := slices.DeleteFunc(slices.Clone(r.steps[r.at:i]), func(s step) bool { return !s.named })
		r.steps = slices.Concat(r.steps[:r.at], passed, r.steps[i:])
		i = r.at + len(passed)
	}
	r.at, r.next = i+1, i+1
}

// Found tells what the step found that was named last.
func (r *Record) Found(format string, args ...any) {
	if r != nil && r.at > 0 {
		r.steps[r.at-1].found = fmt.Sprintf(format, args...)
	}
}

// Withhold tells instead of a refusal's reason, at the step named last, what those may know
// who ask.
func (r *Record) Withhold(instead string) {
	if r != nil {
		r.Found("%s", instead)
		r.withheld = instead
	}
}

func (r *Record) find(name string) int {
	return slices.IndexFunc(r.steps, func(s step) bool { return s.about == r.about && s.name == name })
}

// TakeRole are the steps at which somebody takes a role for whom a provider vouches.
var TakeRole = []string{"session", "size", "role", "web identity", "trust policy", "duration", "session policies"}

// The outcomes of steps, as the description has them.
const (
	passed     = "passed"
	failed     = "failed"
	notReached = "notReached"
)

// Explanation returns what became of the decision, which ended with err. An error that clients
// are not told is not one of the decision, and returned.
func (r *Record) Explanation(err error) (*api.Explanation, error) {
	e := &api.Explanation{Accepted: err == nil}
	if err != nil {
		var refused *api.Error
		if !errors.As(err, &refused) {
			return nil, err
		}
		e.Code, e.Message, e.Reason = string(refused.Code), refused.Message, refused.Message
		if reason := refused.Reason(); reason != nil {
			e.Reason = reason.Error()
		}
		if r.withheld != "" {
			e.Reason = r.withheld
		}
	}
	for i, s := range r.steps {
		out := api.ExplanationStep{Step: s.name, About: s.about, Outcome: passed, Expected: s.want, Found: s.found}
		switch {
		case e.Accepted && !s.named:
			continue
		case !e.Accepted && i == r.at-1:
			out.Outcome = failed
			if out.Found == "" {
				out.Found = e.Reason
			}
		case i >= r.at:
			out.Outcome, out.Expected, out.Found = notReached, "", ""
		}
		e.Steps = append(e.Steps, out)
	}
	return e, nil
}

// What is shown of texts that others chose: of one, in bytes, and of how many.
const maxQuoted, maxListed = 200, 10

// A Quote is a text that others chose. It prints in a form that is safe to show.
type Quote string

// String implements [fmt.Stringer].
func (q Quote) String() string {
	if len(q) > maxQuoted {
		return fmt.Sprintf("%q…", string(q[:maxQuoted]))
	}
	return fmt.Sprintf("%q", string(q))
}

// A List prints its texts, each as a [Quote].
type List []string

// String implements [fmt.Stringer].
func (l List) String() string {
	if len(l) == 0 {
		return "none"
	}
	var quoted []string
	for _, s := range l[:min(len(l), maxListed)] {
		quoted = append(quoted, Quote(s).String())
	}
	text := strings.Join(quoted, ", ")
	if more := len(l) - maxListed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// A Time prints to the second.
type Time time.Time

// String implements [fmt.Stringer].
func (t Time) String() string { return time.Time(t).UTC().Format(time.RFC3339) }
