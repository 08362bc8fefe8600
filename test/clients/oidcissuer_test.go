package clients_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
)

// An oidcIssuer is a public OpenID Connect provider with one application, reached by https.
type oidcIssuer struct {
	*httptest.Server
	t      *testing.T
	client string
	key    *rsa.PrivateKey
	// caFile has the authority to trust for it.
	caFile string
}

func newOIDCIssuer(t *testing.T, client string) *oidcIssuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	documents := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "one", Algorithm: oidc.RS256}}}
	i := &oidcIssuer{httptest.NewUnstartedServer(documents), t, client, key, filepath.Join(t.TempDir(), "ca.pem")}
	i.StartTLS()
	t.Cleanup(i.Close)
	documents.SetIssuer(i.URL)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate().Raw})
	if err := os.WriteFile(i.caFile, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return i
}

// sign returns an ID token of a subject, good for an hour.
func (i *oidcIssuer) sign(subject string) string {
	i.t.Helper()
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"iss": i.URL, "aud": i.client, "sub": subject, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		i.t.Fatal(err)
	}
	return oidctest.SignIDToken(i.key, "one", oidc.RS256, string(claims))
}
