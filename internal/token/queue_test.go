package token

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// echo is a crypto.Signer whose signature is the digest.
type echo struct{ crypto.Signer }

func (echo) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	if len(digest) == 0 {
		return nil, errors.New("nothing to sign")
	}
	return digest, nil
}

func TestQueue_EachCallerGetsItsOwn(t *testing.T) {
	t.Parallel()
	q := newQueue(3, 1, signEach)
	defer q.close()
	var callers sync.WaitGroup
	for i := range 200 {
		callers.Go(func() {
			want := fmt.Sprint(i)
			got, err := q.signature(t.Context(), echo{}, 0, []byte(want))
			if err != nil || string(got) != want {
				t.Errorf("signature of %s = %q, %v", want, got, err)
			}
		})
	}
	callers.Wait()
	if got, err := q.signature(t.Context(), echo{}, 0, nil); err == nil {
		t.Errorf("a signer that fails: got %q and no error", got)
	}
}

// What waits is taken together, in order, up to the number of lanes.
func TestQueue_Lanes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var batches [][]string
		release := make(chan struct{})
		q := newQueue(1, 4, func(jobs []*job) {
			<-release
			var batch []string
			for _, j := range jobs {
				batch = append(batch, string(j.digest))
			}
			batches = append(batches, batch)
			signEach(jobs)
		})
		defer q.close()
		for i := range 6 {
			go q.signature(t.Context(), echo{}, 0, []byte{'0' + byte(i)})
			synctest.Wait()
		}
		close(release)
		synctest.Wait()
		want := [][]string{{"0"}, {"1", "2", "3", "4"}, {"5"}}
		if !slices.EqualFunc(batches, want, slices.Equal) {
			t.Errorf("batches: got %q, want %q", batches, want)
		}
	})
}

func TestQueue_CallerLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var signed []string
		release := make(chan struct{})
		q := newQueue(1, 1, func(jobs []*job) {
			<-release
			signed = append(signed, string(jobs[0].digest))
			signEach(jobs)
		})
		defer q.close()
		reason := errors.New("the client went away")
		ctx, cancel := context.WithCancelCause(t.Context())
		leave := make(chan error, 2)
		go q.signature(t.Context(), echo{}, 0, []byte("in work"))
		synctest.Wait()
		go func() {
			_, err := q.signature(ctx, echo{}, 0, []byte("queued"))
			leave <- err
		}()
		synctest.Wait()
		for range cap(q.jobs) - 1 {
			go q.signature(t.Context(), echo{}, 0, []byte("other"))
		}
		synctest.Wait()
		go func() {
			_, err := q.signature(ctx, echo{}, 0, []byte("before the full queue"))
			leave <- err
		}()
		synctest.Wait()
		cancel(reason)
		for range 2 {
			if err := <-leave; !errors.Is(err, reason) {
				t.Errorf("got %v, want %v", err, reason)
			}
		}
		close(release)
		synctest.Wait()
		if slices.Contains(signed, "queued") || len(signed) != cap(q.jobs) {
			t.Errorf("signed %q", signed)
		}
	})
}

func TestQueue_Close(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		q := newQueue(1, 1, func(jobs []*job) {
			<-release
			signEach(jobs)
		})
		const callers = 20 // in work, queued, and before the full queue
		failed := make(chan error, callers)
		for range callers {
			go func() {
				_, err := q.signature(t.Context(), echo{}, 0, []byte("x"))
				failed <- err
			}()
		}
		synctest.Wait()
		go q.close()
		for range callers {
			if err := <-failed; !errors.Is(err, errClosed) {
				t.Errorf("got %v, want %v", err, errClosed)
			}
		}
		close(release)
		q.close()
		if _, err := q.signature(t.Context(), echo{}, 0, []byte("x")); !errors.Is(err, errClosed) {
			t.Errorf("after close: got %v, want %v", err, errClosed)
		}
	})
}
