package store

import (
	"fmt"
	"math"
	"sync"
)

const (
	// firstNumber is that of each sequence: zero is none.
	firstNumber int64 = 1
	// numberBlock is how many numbers are taken at a time.
	numberBlock = 1000
	// maxSequences bounds the sequences of which numbers are at hand.
	maxSequences = 4096
)

// poolSequence is the sequence of the numbers of pools and providers. Each pool has one of its own,
// which its number names, for its identities.
const poolSequence = 0

// An identity has the number of its pool in the upper half of its own.
const (
	poolShift   = 32
	maxIdentity = math.MaxUint32
	maxPool     = math.MaxInt32
)

// numberings give out numbers of sequences, each once for all time and over all processes. What
// is taken in the database and not given out yet stands here. Numbers that were given out in
// a transaction which came to nothing may be lost, like those of a process that ends.
type numberings struct {
	mu   sync.Mutex
	left map[int64]numbers // by sequence
}

// numbers are those from next on, before end.
type numbers struct{ next, end int64 }

// forget gives up what was taken in a transaction that was rolled back, with all else.
func (n *numberings) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.left)
}

// newNumber returns a number that the sequence has never given out.
func (t *tx) newNumber(sequence int64) (int64, error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	size, limit := int64(numberBlock), int64(maxIdentity)
	if sequence == poolSequence {
		size, limit = 1, maxPool
	}
	n := &t.db.numberings
	n.mu.Lock()
	defer n.mu.Unlock()
	left := n.left[sequence]
	if left.next == left.end {
		end, err := t.db.engine.take(t, sequence, size)
		if err != nil {
			return 0, err
		}
		left = numbers{end - size, end}
	}
	number := left.next
	if number > limit {
		return 0, fmt.Errorf("sequence %d of numbers is used up", sequence)
	}
	left.next++
	if n.left == nil {
		n.left = make(map[int64]numbers)
	}
	if _, there := n.left[sequence]; !there && len(n.left) >= maxSequences {
		// Its numbers are lost, at most a block of four thousand million. Any victim will do.
		for victim := range n.left {
			delete(n.left, victim)
			break
		}
	}
	n.left[sequence] = left
	return number, nil
}

// newIdentityNumber returns a number for an identity of the pool.
func (t *tx) newIdentityNumber(p *pool) (int64, error) {
	n, err := t.newNumber(p.number)
	return p.base() | n, err
}
