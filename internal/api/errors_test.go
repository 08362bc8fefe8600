package api

import (
	"errors"
	"strings"
	"testing"
)

func TestError_Because(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk full")
	plain := PoolNotFound.With("us-east-1:0")
	caused := plain.Because(cause)

	if !errors.Is(caused, cause) {
		t.Errorf("errors.Is(%v, cause) = false, want true", caused)
	}
	if errors.Is(plain, cause) {
		t.Error("Because changed its receiver")
	}
	for _, err := range []*Error{plain, caused} {
		if got, want := err.Message, "IdentityPool 'us-east-1:0' not found."; got != want {
			t.Errorf("Message = %q, want %q", got, want)
		}
		if got, want := err.Error(), "ResourceNotFoundException: IdentityPool 'us-east-1:0' not found."; got != want {
			t.Errorf("Error() = %q, want %q", got, want)
		}
	}
	if strings.Contains(caused.Error(), cause.Error()) {
		t.Errorf("Error() = %q, which shows the cause", caused.Error())
	}
}

func TestCode_Status(t *testing.T) {
	t.Parallel()
	special := map[Code]int{InternalErrorException: 500, RequestEntityTooLargeException: 413}
	for _, code := range parsedCodes(t) {
		want := special[code]
		if want == 0 {
			want = 400
		}
		if got := code.Status(); got != want {
			t.Errorf("%s.Status() = %d, want %d", code, got, want)
		}
	}
}
