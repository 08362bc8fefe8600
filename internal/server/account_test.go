package server_test

import (
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// TestAccounts_Apart: whoever has another account is told of what it does not have as of what
// does not exist, and changes nothing.
func TestAccounts_Apart(t *testing.T) {
	t.Parallel()
	const none = "us-east-1:00000000-0000-4000-8000-000000000000"
	for _, op := range api.CognitoIdentity.Operations {
		row := matrix[op.Name]
		// A public operation is anybody's; the others name a pool or an identity.
		if op.Public || !row.served || !strings.Contains(row.body, "%") {
			continue
		}
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, change{})
			address := s.listen(t)
			ask := func(who, body string) *answer {
				r := callCognito(op.Name, body)
				s.signing(who).sign(t, r)
				return send(t, address, r)
			}
			const form = "%POOL %IDENTITY"
			ids := strings.Fields(s.fresh(t, address, form))
			theirs := strings.NewReplacer("%POOL", ids[0], "%IDENTITY", ids[1]).Replace(row.body)
			nobodys := strings.NewReplacer("%POOL", none, "%IDENTITY", none).Replace(row.body)
			plain := func(a *answer) string {
				return strings.NewReplacer(ids[0], none, ids[1], none).Replace(string(a.body))
			}
			// Cold, and when the rows and keys are warm.
			for _, when := range []string{"cold", "warm"} {
				got, want := ask("other", theirs), ask("other", nobodys)
				if got.status != want.status || plain(got) != plain(want) || !strings.Contains(plain(want), "NotFound") && !strings.Contains(plain(want), "AccessDenied") {
					t.Errorf("%s: of theirs: %d %s\nof nobody's: %d %s", when, got.status, got.body, want.status, want.body)
				}
			}
			if a := ask("root", theirs); a.status != 200 || strings.Contains(string(a.body), "AccessDenied") {
				t.Errorf("afterwards, to whom it belongs: %d %s", a.status, a.body)
			}
		})
	}
}
