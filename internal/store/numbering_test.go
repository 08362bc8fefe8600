package store

import "testing"

// What a process has taken of numbers is bounded, however many pools there were: what is dropped is
// lost, and no number comes twice.
func TestNumbers_Bounded(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	given := make(map[int64]int64)
	for range 2 {
		err := db.write(t.Context(), func(full fullTx) error {
			for pool := range int64(maxSequences + maxSequences/2) {
				n, err := full.(*tx).newNumber(firstNumber + pool)
				if err != nil {
					return err
				}
				if n <= given[pool] {
					t.Errorf("pool %d: got %d after %d", pool, n, given[pool])
				}
				given[pool] = n
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := len(db.numberings.left); n > maxSequences {
		t.Errorf("%d sequences are remembered, want at most %d", n, maxSequences)
	}
}
