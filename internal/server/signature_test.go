package server_test

import (
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/token"
)

// TestGetCredentialsForIdentity_SignsNothing: credentials for a developer user's token cost no
// RSA signature. A ring that is closed makes none, and still verifies.
func TestGetCredentialsForIdentity_SignsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{algorithm: token.RS512})
	address := s.listen(t)
	th := s.things(t, "%POOL")
	ask := func(operation string) *answer {
		t.Helper()
		r := callCognito(operation, th.in(matrix[operation].body))
		s.signing("root").sign(t, r)
		return send(t, address, r)
	}
	const signs, signsNot = "GetOpenIdTokenForDeveloperIdentity", "GetCredentialsForIdentity"
	for _, operation := range []string{signs, signsNot} {
		if a := ask(operation); a.status != 200 {
			t.Fatalf("%s: got %d %s", operation, a.status, a.body)
		}
	}
	s.keys.Close()
	if a := ask(signs); a.status != 500 {
		t.Errorf("%s without a signature: got %d %s", signs, a.status, a.body)
	}
	if a := ask(signsNot); a.status != 200 {
		t.Errorf("%s without a signature: got %d %s", signsNot, a.status, a.body)
	}
}
