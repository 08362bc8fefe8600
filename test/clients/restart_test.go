package clients_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/coreos/go-oidc/v3/oidc"
)

// through returns a context in which an issuer's name leads to the world's server,
// wherever that listens now: as behind a load balancer.
func (w *world) through(ctx context.Context) context.Context {
	address := strings.TrimPrefix(w.url, "http://")
	return oidc.ClientContext(ctx, &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}})
}

func TestRestart_Kept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issuer := w.url
	pool := newPool(t, w.sdk())
	identity, before, err := tokenFor(t.Context(), w.sdk(), pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	keySet := fetch(t, w.url+"/.well-known/jwks_uri")

	w.stop()
	w.start()
	if got := fetch(t, w.url+"/.well-known/jwks_uri"); got != keySet {
		t.Errorf("key set after a restart:\n%s\nbefore:\n%s", got, keySet)
	}
	// The root access key is the same, and its secret is not shown again.
	if n := strings.Count(w.printed.String(), w.secret); n != 1 {
		t.Errorf("the root secret was printed %d times, want once", n)
	}
	again, after, err := tokenFor(t.Context(), w.sdk(), pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if again != identity {
		t.Errorf("identity %s after a restart, %s before", again, identity)
	}
	if got := part(t, after, 1)["iss"]; got != issuer {
		t.Errorf("issuer %v after a restart on another port, want %s", got, issuer)
	}
	// Whoever trusts the issuer of the first start trusts both tokens.
	p := relyingParty(t, w.through(t.Context()), issuer)
	verify(t, p, before, pool, identity)
	verify(t, p, after, pool, identity)
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var doc json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s (%v)", url, resp.Status, err)
	}
	return string(doc)
}

var (
	exportedID     = regexp.MustCompile(`(?m)^export AWS_ACCESS_KEY_ID=(AKIA[A-Z0-9]{16})$`)
	exportedSecret = regexp.MustCompile(`(?m)^export AWS_SECRET_ACCESS_KEY=(\S{40})$`)
)

// The operator's commands do the same whether the server runs or not.
func TestRestart_Commands(t *testing.T) {
	t.Parallel()
	const kid = "us-east-1-2"
	for name, running := range map[string]bool{"running": true, "stopped": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			pool := newPool(t, w.sdk())
			// command runs a command of the operator as the case wants it.
			command := func(args ...string) result {
				t.Helper()
				if !running {
					w.stop()
					defer w.start()
				}
				return w.poolkeeper(args...)
			}
			r := command("keys", "create")
			id, secret := exportedID.FindStringSubmatch(r.stdout), exportedSecret.FindStringSubmatch(r.stdout)
			if r.code != 0 || id == nil || secret == nil {
				t.Fatalf("keys create: code %d, %s", r.code, r.stderr)
			}
			backend := func(o *cognitoidentity.Options) {
				o.Credentials = credentials.NewStaticCredentialsProvider(id[1], secret[1], "")
			}
			if _, _, err := tokenFor(t.Context(), w.sdk(backend), pool, "alice"); err != nil {
				t.Errorf("with a new key: %v", err)
			}

			r = command("keys", "list", "--output", "json")
			var list struct {
				AccessKeyMetadata []struct{ AccessKeyId, Status string }
			}
			if err := json.Unmarshal([]byte(r.stdout), &list); err != nil || len(list.AccessKeyMetadata) != 2 ||
				list.AccessKeyMetadata[0].AccessKeyId != w.keyID || list.AccessKeyMetadata[1].AccessKeyId != id[1] ||
				list.AccessKeyMetadata[1].Status != "Active" {
				t.Errorf("keys list: %+v (%v)", r, err)
			}
			if strings.Contains(r.stdout, secret[1]) {
				t.Error("keys list shows a secret")
			}

			if r := command("keys", "delete", id[1]); r.code != 0 || r.stderr != "" || r.stdout != id[1]+" is deleted: requests signed with it are refused from now on.\n" {
				t.Errorf("keys delete: %+v", r)
			}
			_, _, err := tokenFor(t.Context(), w.sdk(backend), pool, "alice")
			if code := smithyCode(err); code != "UnrecognizedClientException" {
				t.Errorf("with a deleted key: %v, want UnrecognizedClientException", err)
			}
			if r := command("keys", "delete", id[1]); r.code != 1 || r.stderr != "poolkeeper: The Access Key with id "+id[1]+" cannot be found.\n" {
				t.Errorf("keys delete again: %+v", r)
			}
			if _, _, err := tokenFor(t.Context(), w.sdk(), pool, "alice"); err != nil {
				t.Errorf("with the root key, which is still there: %v", err)
			}

			if r := command("signing-keys", "rotate", "--now"); r.code != 0 || !strings.HasPrefix(r.stdout, kid+" ") {
				t.Errorf("signing-keys rotate: %+v", r)
			}
			r = command("signing-keys", "list")
			if want := regexp.MustCompile(`(?m)^` + kid + ` +RS512 +Active `); r.code != 0 || !want.MatchString(r.stdout) {
				t.Errorf("signing-keys list: %+v, want %s", r, want)
			}
			if _, token, err := tokenFor(t.Context(), w.sdk(), pool, "alice"); err != nil {
				t.Error(err)
			} else if got := part(t, token, 0)["kid"]; got != kid {
				t.Errorf("signed by %v, want %s", got, kid)
			}
		})
	}
}

// One server has a data directory to itself; a second one says so, and does no harm.
func TestRestart_Locked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.poolkeeper("serve", "--listen", "127.0.0.1:0")
	if r.code != 1 || !strings.Contains(r.stderr, "another process is using it") {
		t.Errorf("a second server: %+v", r)
	}
	if r := w.poolkeeper("keys", "list"); r.code != 0 || !strings.Contains(r.stdout, w.keyID) {
		t.Errorf("the first server, asked by its socket: %+v", r)
	}
	newPool(t, w.sdk())
}
