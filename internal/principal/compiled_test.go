package principal

import (
	"errors"
	"testing"
)

func TestDerived(t *testing.T) {
	t.Parallel()
	var d derived[int, int]
	calls := 0
	double := func(k int) (int, error) {
		calls++
		return 2 * k, nil
	}
	for range 2 {
		if v, err := d.of(1, double); v != 2 || err != nil || calls != 1 {
			t.Fatalf("got %d, %v after %d calls, want 2 after one", v, err, calls)
		}
	}
	broken := errors.New("broken")
	if v, err := d.of(2, func(int) (int, error) { return 5, broken }); !errors.Is(err, broken) {
		t.Errorf("got %d, %v, want the error", v, err)
	}
	if v, err := d.of(2, double); v != 4 || err != nil {
		t.Errorf("after an error: got %d, %v, want 4", v, err)
	}
	for k := range 3 * derivations {
		if v, err := d.of(k, double); v != 2*k || err != nil {
			t.Fatalf("of %d: got %d, %v", k, v, err)
		}
	}
	if len(d.m) != derivations {
		t.Errorf("got %d entries, want %d", len(d.m), derivations)
	}
}
