package session

import (
	"encoding/base64"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// earlierToken was minted for full() under the master key of masterText.
const (
	earlierID    = "ASIAPTABYW4OMNYNMONS"
	earlierToken = "Af3UUXdqRFHnWOYsM8m2LFYHu0WtY3lIcKUldqfKs6DcF4-MckqWkPLa-E0XWaUEG0FzwoG4tjgw7UEosWrxGa48jGYZjEU0L6wnMaY6Ma1E6FiReqOj_nxWg-g9riFlfYDzocAgyMyeP-4Mos0WbHLnv-m10goCLHPAzmZwlboVCr5qfIdcTd81whndzWY7K1epaB9wZbCDnX0ZuxdPBdE6zC7RNjP0lm5_dHA03zeOYW3t6LnwQjlMreWUi3hslWhxe4TcZ9I7sHcqQ9k7D8Ttu_jRxsbIReDCiKBaGGN_uQ9hmRekyauMLUWQ69uPnQyfWE6Z6EGua58J2ppZioqF8BYdzUxZOBbBhtUWZeg3_3FD5E8CuVvH476LLYno0QykO8h-WokTR141IFQyw5vDRmb9OxTnAdMGKfq-YqNrF66E9SbA5U0NcE-Lj6UX5GYPIl8Xb_b_Ii2Iy6MPdYLVJStTBUHSzYe-4FVQAFFRU8MD1mSNl6dj8CMA1zGiKHsJ-iaSGUHvyDp4nQQBLINTqseqbTTsbNhpDbQ"
)

func textOf(sealed []byte) string { return base64.RawURLEncoding.EncodeToString(sealed) }

func bytesOf(t *testing.T, token api.Secret) []byte {
	t.Helper()
	sealed, err := base64.RawURLEncoding.DecodeString(string(token))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}
