package fault_test

import (
	"math"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// forever is when an op returns whose answer is unknown.
const forever = math.MaxInt64

// The checker refuses the histories of stores that are broken, each in one way, and takes the
// twins of right ones.
func TestChecker(t *testing.T) {
	t.Parallel()
	type entry struct {
		from, to int64
		op       op
		answer   answer
	}
	in := func(u int8, identity int16) op { return op{kind: signIn, user: u, identity: identity} }
	is := func(identity int16) answer { return answer{identity: identity} }
	find := func(u int8) op { return op{kind: lookUp, user: u} }
	no := func(c api.Code) answer { return answer{refusal: c} }
	const gone = api.ResourceNotFoundException
	open := answer{unknown: true}
	for name, c := range map[string]struct{ broken, right []entry }{
		"a lost link": {
			[]entry{{0, 1, in(0, 0), is(1)}, {2, 3, find(0), no(gone)}},
			[]entry{{0, 1, in(0, 0), is(1)}, {2, 3, find(0), is(1)}},
		},
		"a split identity": {
			[]entry{{0, 4, in(0, 0), is(1)}, {1, 5, in(0, 0), is(2)}},
			[]entry{{0, 4, in(0, 0), is(1)}, {1, 5, in(0, 0), is(1)}},
		},
		"one identity for two users": {
			[]entry{{0, 1, in(0, 0), is(1)}, {2, 3, in(1, 0), is(1)}},
			[]entry{{0, 1, in(0, 0), is(1)}, {2, 3, in(1, 0), is(2)}},
		},
		"a stale read": {
			[]entry{{0, 1, in(0, 0), is(1)}, {2, 3, op{kind: unlink, identity: 1}, answer{}}, {4, 5, find(0), is(1)}},
			[]entry{{0, 1, in(0, 0), is(1)}, {2, 5, op{kind: unlink, identity: 1}, answer{}}, {4, 6, find(0), is(1)}},
		},
		"a read that goes back": {
			[]entry{{0, 1, in(0, 0), is(1)}, {2, 9, op{kind: unlink, identity: 1}, answer{}}, {3, 4, find(0), no(gone)}, {5, 6, find(0), is(1)}},
			[]entry{{0, 1, in(0, 0), is(1)}, {2, 9, op{kind: unlink, identity: 1}, answer{}}, {3, 4, find(0), is(1)}, {5, 6, find(0), no(gone)}},
		},
		"a deleted identity that comes back": {
			[]entry{{0, 1, in(0, 0), is(1)}, {2, 3, op{kind: remove, identity: 1}, answer{}}, {4, 5, in(0, 0), is(1)}},
			[]entry{{0, 1, in(0, 0), is(1)}, {2, 3, op{kind: remove, identity: 1}, answer{}}, {4, 5, in(0, 0), is(2)}},
		},
		"half of a merge": {
			[]entry{
				{0, 1, in(0, 0), is(1)}, {2, 3, in(1, 0), is(2)}, {4, 5, op{kind: merge, user: 0, other: 1}, is(2)},
				{6, 7, op{kind: lookUpUser, identity: 2}, answer{users: 1 << 1}},
			},
			[]entry{
				{0, 1, in(0, 0), is(1)}, {2, 3, in(1, 0), is(2)}, {4, 5, op{kind: merge, user: 0, other: 1}, is(2)},
				{6, 7, op{kind: lookUpUser, identity: 2}, answer{users: 1<<0 | 1<<1}},
			},
		},
		"a guest with two users": {
			[]entry{{0, 1, op{kind: guest}, is(1)}, {2, 5, in(0, 1), is(1)}, {3, 6, in(1, 1), is(1)}},
			[]entry{{0, 1, op{kind: guest}, is(1)}, {2, 5, in(0, 1), is(1)}, {3, 6, in(1, 1), no(api.NotAuthorizedException)}},
		},
		"an unknown unlink that is there, and then is not": {
			[]entry{{0, 1, in(0, 0), is(1)}, {2, forever, op{kind: unlink, identity: 1}, open}, {4, 5, find(0), no(gone)}, {6, 7, find(0), is(1)}},
			[]entry{{0, 1, in(0, 0), is(1)}, {2, forever, op{kind: unlink, identity: 1}, open}, {4, 5, find(0), is(1)}, {6, 7, find(0), no(gone)}},
		},
		"what was seen of an unknown sign-in is lost": {
			[]entry{{0, forever, in(0, 0), open}, {2, 3, find(0), is(1)}, {4, 5, find(0), is(2)}},
			[]entry{{0, forever, in(0, 0), open}, {2, 3, find(0), no(gone)}, {4, 5, find(0), is(1)}},
		},
		"a merge of users whom nobody has seen": {
			[]entry{
				{0, forever, in(0, 0), open}, {0, forever, in(1, 0), open}, {1, 2, op{kind: merge, user: 1, other: 0}, is(1)},
				{3, 4, find(0), is(2)},
			},
			[]entry{
				{0, forever, in(0, 0), open}, {0, forever, in(1, 0), open}, {1, 2, op{kind: merge, user: 1, other: 0}, is(1)},
				{3, 4, find(0), is(1)}, {5, 6, find(1), is(1)},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, h := range []struct {
				entries []entry
				want    porcupine.CheckResult
			}{{c.broken, porcupine.Illegal}, {c.right, porcupine.Ok}} {
				var ops []porcupine.Operation
				for i, e := range h.entries {
					ops = append(ops, porcupine.Operation{ClientId: i, Input: e.op, Output: e.answer, Call: e.from, Return: e.to})
				}
				if got := porcupine.CheckOperationsTimeout(model, ops, patience); got != h.want {
					t.Errorf("%v: got %v, want %v", h.entries, got, h.want)
				}
			}
		})
	}
}
