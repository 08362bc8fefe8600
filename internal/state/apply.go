package state

import (
	"context"
	"fmt"
	"strings"
)

// Plan reads what there is and returns the changes that make of it what want declares:
// [Read] and [Diff].
func Plan(ctx context.Context, call Call, want *State, o Options) ([]Change, error) {
	have, err := Read(ctx, call, want)
	if err != nil {
		return nil, err
	}
	return Diff(have, want, o)
}

// Apply makes the changes, one after the other, and calls done after each. It stops at
// the first that fails; the error is then a [*StoppedError]. A plan made afterwards has
// what is left.
func Apply(ctx context.Context, call Call, changes []Change, done func(Change)) error {
	for i, c := range changes {
		var out any
		if c.made != nil {
			out = c.made
		}
		if c.prepare != nil {
			c.prepare()
		}
		if err := call(ctx, c.Account, c.Region, c.Service, c.Operation, c.Input, out); err != nil {
			return &StoppedError{Done: changes[:i], Failed: c, Left: changes[i+1:], Err: err}
		}
		done(c)
	}
	return nil
}

// A StoppedError says at which change Apply stopped.
type StoppedError struct {
	Done   []Change
	Failed Change
	Left   []Change
	// Err is why Failed did. Whether it was made is not known where Err is no refusal of the
	// service: an answer may have been lost.
	Err error
}

// Error says in several lines what failed, what was done before it, and what was not done.
func (e *StoppedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "change %d of %d failed: %s: %v", len(e.Done)+1, len(e.Done)+1+len(e.Left), e.Failed.Words, e.Err)
	for _, part := range []struct {
		title   string
		changes []Change
	}{{"done before it", e.Done}, {"not done", e.Left}} {
		if len(part.changes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s:", part.title)
		for _, c := range part.changes {
			b.WriteString("\n  " + c.Words)
		}
	}
	return b.String()
}

// Unwrap returns why the change failed.
func (e *StoppedError) Unwrap() error { return e.Err }
