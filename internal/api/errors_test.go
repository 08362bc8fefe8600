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
	declared := parsedCodes(t)
	for _, code := range declared {
		if got := codes[code].status; got < 400 || got > 599 {
			t.Errorf("codes[%s].status = %d, want that of a failure", code, got)
		}
	}
	if len(codes) != len(declared) {
		t.Errorf("codes has %d entries for %d constants", len(codes), len(declared))
	}
	// Those of modelled exceptions are compared with the models.
	for code, want := range map[Code]int{
		InternalErrorException:         500,
		ValidationException:            400,
		AccessDeniedException:          400,
		RequestEntityTooLargeException: 413,
		ValidationError:                400,
		InvalidAction:                  400,
		IncompleteSignature:            400,
		Throttling:                     400,
		AccessDenied:                   403,
		InvalidClientTokenId:           403,
		SignatureDoesNotMatch:          403,
		MissingAuthenticationToken:     403,
		ExpiredToken:                   403,
		MalformedInput:                 400,
		MalformedQueryString:           404,
		InternalFailure:                500,
		"NoSuchCode":                   500,
	} {
		if got := code.Status(); got != want {
			t.Errorf("%s.Status() = %d, want %d", code, got, want)
		}
	}
}

// The reason is what the first refusal carries, however often it was worded anew.
func TestError_Reason(t *testing.T) {
	t.Parallel()
	why := errors.New("why")
	first := NotAnIDToken.With().Because(why)
	for name, tc := range map[string]struct {
		err  *Error
		want error
	}{
		"none":             {NotAnIDToken.With(), nil},
		"one":              {first, why},
		"worded anew":      {LoginNotVerified.With().Because(first), why},
		"twice":            {IDTokenNotVerified.With().Because(LoginNotVerified.With().Because(first)), why},
		"a text says more": {PoolMisconfigured.With().Because(TokenRevoked.With()), TokenRevoked.With()},
	} {
		got := tc.err.Reason()
		if (got == nil) != (tc.want == nil) || got != nil && got.Error() != tc.want.Error() {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
}
