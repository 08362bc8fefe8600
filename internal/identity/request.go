package identity

import (
	"context"
	"sync/atomic"
)

// A Request is a span of Views to which what was current at its start is current enough: so a [Store]
// need not find out for each of them what is. A nil one is a span of each View alone.
type Request struct {
	// seen is one more than the state that was found to be current last; 0: none was.
	seen atomic.Int64
}

type requestKey struct{}

// WithRequest returns a context in which a Request begins.
func WithRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, requestKey{}, new(Request))
}

// RequestOf returns the Request of a context; nil: there is none.
func RequestOf(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

// Sees is called by a Store when it has found a state of its, by a number that only grows, to be
// current.
func (r *Request) Sees(state int64) {
	if r == nil {
		return
	}
	for {
		old := r.seen.Load()
		if old > state || r.seen.CompareAndSwap(old, state+1) {
			return
		}
	}
}

// Saw reports whether a state is no older than one that was current in the Request.
func (r *Request) Saw(state int64) bool {
	if r == nil {
		return false
	}
	seen := r.seen.Load()
	return seen > 0 && state >= seen-1
}

// Changes is called by a Store when an Update in the Request has returned: a View after it sees it.
func (r *Request) Changes() {
	if r != nil {
		r.seen.Store(0)
	}
}
