package token

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
)

var errClosed = errors.New("the ring is closed")

// A queue makes signatures that take long in a fixed number of goroutines, first
// come, first served. More of them at once than there are cores would take no less
// time, starve everything else, and share the cores in the scheduler's slices of 10 ms,
// so that the unlucky wait for tens of them.
type queue struct {
	jobs chan *job
	// sign fills in signature or err of each job. It is given as many jobs as are
	// waiting, at least one and at most lanes.
	sign  func([]*job)
	lanes int
	// observe is told how long each signature has waited and taken, by the clock now; nil:
	// nobody is. Both are set before the first job.
	observe func(waited, took time.Duration)
	now     func() time.Time

	stop    chan struct{}
	stopped sync.Once
	workers sync.WaitGroup
}

// A job is one signature. The worker that takes it from the queue owns it until done.
type job struct {
	private crypto.Signer
	hash    crypto.Hash
	digest  []byte

	signature []byte
	err       error

	queued time.Time // of an observed queue

	// gone: the caller no longer waits. done: signature and err are final.
	gone <-chan struct{}
	done chan struct{}
}

// newQueue starts the workers; close stops them.
func newQueue(workers, lanes int, sign func([]*job)) *queue {
	q := &queue{
		// Callers who find it full wait just the same, so its size matters little: enough
		// that no worker waits for a caller to be scheduled, and that lanes fill.
		jobs:  make(chan *job, 8*workers*lanes),
		sign:  sign,
		lanes: lanes,
		stop:  make(chan struct{}),
	}
	for range workers {
		q.workers.Go(q.work)
	}
	return q
}

// signature waits for a worker to sign the digest. It fails with the cause of ctx when
// that ends first; a signature that nobody waits for is not made.
func (q *queue) signature(ctx context.Context, private crypto.Signer, hash crypto.Hash, digest []byte) ([]byte, error) {
	j := &job{private: private, hash: hash, digest: digest, gone: ctx.Done(), done: make(chan struct{})}
	if q.observe != nil {
		j.queued = q.now()
	}
	select {
	case q.jobs <- j:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-q.stop:
		return nil, errClosed
	}
	select {
	case <-j.done:
		return j.signature, j.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-q.stop:
		return nil, errClosed
	}
}

func (q *queue) work() {
	batch := make([]*job, 0, q.lanes)
	for {
		select {
		case <-q.stop:
			return
		case j := <-q.jobs:
			batch = q.fill(append(batch[:0], j))
		}
		batch = slices.DeleteFunc(batch, (*job).abandoned)
		if len(batch) > 0 {
			q.make(batch)
		}
		for _, j := range batch {
			close(j.done)
		}
		clear(batch)
		// A worker with work never blocks; without this, whoever it just served would
		// wait for the end of its time slice.
		runtime.Gosched()
	}
}

// make signs the batch and tells the observer.
func (q *queue) make(batch []*job) {
	if q.observe == nil {
		q.sign(batch)
		return
	}
	began := q.now()
	q.sign(batch)
	took := q.now().Sub(began)
	for _, j := range batch {
		q.observe(began.Sub(j.queued), took)
	}
}

// fill adds to the batch what is waiting already.
func (q *queue) fill(batch []*job) []*job {
	for len(batch) < q.lanes {
		select {
		case j := <-q.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

func (j *job) abandoned() bool {
	select {
	case <-j.gone:
		return true
	default:
		return false
	}
}

// close returns when the workers have ended.
func (q *queue) close() {
	q.stopped.Do(func() { close(q.stop) })
	q.workers.Wait()
}

// signEach signs one job after another.
func signEach(batch []*job) {
	for _, j := range batch {
		j.signature, j.err = j.private.Sign(rand.Reader, j.digest, j.hash)
	}
}
