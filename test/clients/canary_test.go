package clients_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// canary is a part of everything that these tests send as a secret, a token or a
// developer user identifier. Where it turns up, something has leaked.
const canary = "canary7f3a9c"

// post sends a request as it is, signed if there are credentials. Unlike
// the clients of AWS it can be told to send nonsense.
func (w *world) post(operation, body string, signer *sigv4.Credentials, header map[string]string) (status int, answer string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService."+operation)
	if signer != nil {
		sigv4.Sign(&sigv4.Request{Method: r.Method, Path: "/", Host: r.Host, Header: r.Header, Body: []byte(body)},
			*signer, "us-east-1", "cognito-identity", time.Now())
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", operation, body, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", operation, body, err)
	}
	return resp.StatusCode, string(text)
}

// The log, at its most talkative, and the database hold no secret.
func TestCanary(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--log-level", "debug")
	c, ctx := w.sdk(), t.Context()
	pool := newPool(t, c)
	root := &sigv4.Credentials{AccessKeyID: w.keyID, SecretAccessKey: w.secret}
	created := w.poolkeeper("keys", "create")
	secrets := map[string]string{"the canary": canary, "the root secret": w.secret}
	if m := exportedSecret.FindStringSubmatch(created.stdout); m == nil {
		t.Fatalf("keys create: %+v", created)
	} else {
		secrets["the secret of another key"] = m[1]
	}
	_, token, err := tokenFor(ctx, c, pool, canary)
	if err != nil {
		t.Fatal(err)
	}
	_, _, secrets["the signature of a token"] = cutToken(t, token)
	master, err := os.ReadFile(filepath.Join(w.data, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	secrets["the master key"] = strings.TrimSpace(string(master))

	// Requests that are understood, and answered or refused.
	const ask = "GetOpenIdTokenForDeveloperIdentity"
	in := func(more string) string {
		return fmt.Sprintf(`{"IdentityPoolId": %q, "Logins": {%q: %q}%s}`, pool, provider, canary, more)
	}
	for _, tt := range []struct {
		operation, body string
		status          int
	}{
		{ask, in(``), 200},
		{ask, in(`, "PrincipalTags": {"` + canary + `": "` + canary + `"}`), 200},
		{ask, in(`, "PrincipalTags": {"` + canary + `": ""}`), 400},
		{ask, in(`, "TokenDuration": 0`), 400},
		{ask, in(`, "TokenDuration": "` + canary + `"`), 400},
		{ask, in(`, "IdentityId": "` + canary + `"`), 400},
		{ask, in(`, "IdentityId": "us-east-1:7d1f0ab2-0000-4000-8000-000000000000"`), 400},
		{ask, in(`, "Logins": {}`), 400},
		{ask, in(``) + canary, 400},
		{ask, strings.Replace(in(``), canary, canary+`\ud800`, 1), 400},
		{ask, strings.Replace(in(``), canary, canary+"\xff", 1), 400},
		{ask, strings.Replace(in(``), canary, canary+`\u0000`, 1), 400},
		{ask, strings.Replace(in(``), canary, canary+strings.Repeat("x", 50_000), 1), 400},
		{ask, strings.Replace(in(``), canary, canary+strings.Repeat("x", 2<<20), 1), 413},
		{ask, strings.Replace(in(``), provider, canary, 1), 400},
		{ask, in(``)[:len(in(``))-3], 400},
		{ask, `"` + canary + `"`, 400},
		{"LookupDeveloperIdentity", fmt.Sprintf(`{"IdentityPoolId": %q, "DeveloperUserIdentifier": %q}`, pool, canary), 200},
		{"LookupDeveloperIdentity", fmt.Sprintf(`{"IdentityPoolId": %q, "DeveloperUserIdentifier": "nobody %s"}`, pool, canary), 400},
		{"LookupDeveloperIdentity", fmt.Sprintf(`{"IdentityPoolId": %q, "NextToken": %q}`, pool, canary), 400},
		{"MergeDeveloperIdentities", fmt.Sprintf(`{"IdentityPoolId": %q, "DeveloperProviderName": %q, "SourceUserIdentifier": %[3]q, "DestinationUserIdentifier": "nobody %[3]s"}`, pool, provider, canary), 400},
		{"UnlinkDeveloperIdentity", fmt.Sprintf(`{"IdentityPoolId": %[1]q, "IdentityId": %[1]q, "DeveloperProviderName": %[2]q, "DeveloperUserIdentifier": %[3]q}`, pool, provider, canary), 400},
		{"GetId", fmt.Sprintf(`{"IdentityPoolId": %q, "Logins": {"accounts.google.com": %q}}`, pool, canary), 400},
		{"GetId", fmt.Sprintf(`{"IdentityPoolId": %q, "Logins": {"cognito-identity.amazonaws.com": %q}}`, pool, token), 400},
		{"GetId", fmt.Sprintf(`{"IdentityPoolId": %q}`, pool), 200},
		{"GetOpenIdToken", fmt.Sprintf(`{"IdentityId": %q, "Logins": {"cognito-identity.amazonaws.com": %q}}`, pool, token), 400},
		{canary, in(``), 400},
	} {
		if status, answer := w.post(tt.operation, tt.body, root, nil); status != tt.status {
			t.Errorf("%s %.200s: status %d, want %d: %s", tt.operation, tt.body, status, tt.status, answer)
		}
	}
	// Signatures that do not hold.
	for _, header := range []map[string]string{
		{"Authorization": canary},
		{"Authorization": "Bearer " + token},
		{"Authorization": "AWS4-HMAC-SHA256 " + canary},
		{"Authorization": "AWS4-HMAC-SHA256 Credential=" + w.secret + "/20260101/us-east-1/cognito-identity/aws4_request, SignedHeaders=host, Signature=" + canary},
		{"X-Amz-Security-Token": canary},
		{"X-Amz-Security-Token": token, "X-Amz-Date": canary},
		{"X-Amz-Content-Sha256": canary},
		{"Cookie": canary, "X-Amz-Date": "20010101T000000Z"},
	} {
		if status, answer := w.post(ask, in(``), root, header); status != 400 {
			t.Errorf("%s: status %d, want 400: %s", header, status, answer)
		}
	}
	mistaken := &sigv4.Credentials{AccessKeyID: w.secret, SecretAccessKey: w.keyID, SessionToken: canary}
	if status, _ := w.post(ask, in(``), mistaken, nil); status != 400 {
		t.Errorf("with id and secret exchanged: status %d, want 400", status)
	}
	// What is no request of ours at all.
	for _, raw := range []string{
		"GET /" + canary + "?X-Amz-Security-Token=" + canary + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: " + canary + "\r\nContent-Length: nonsense " + canary + "\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: " + strings.Repeat(canary, 10_000) + "\r\n\r\n",
		canary + "\r\n\r\n",
	} {
		sendRaw(t, w.url, raw)
	}
	// The log is there: it has a line of each request, which names what may be named.
	_, err = c.DescribeIdentityPool(ctx, &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: &pool})
	if err != nil {
		t.Fatal(err)
	}
	// Lines are written in batches, and a kill loses what waits.
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(w.log.String(), "op=DescribeIdentityPool status=200"); {
		if time.Now().After(deadline) {
			t.Fatal("the last request is not in the log after 10 s")
		}
		runtime.Gosched()
	}
	w.kill() // So that the write-ahead log of the database is left, too.
	log := w.log.String()
	if n := strings.Count(log, "msg=request "); n < 40 || !strings.Contains(log, "status=413") || !strings.Contains(log, "key="+w.keyID) {
		t.Errorf("the log has %d lines of requests:\n%s", n, log)
	}
	for what, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %s", what)
		}
	}

	// Users are kept as they are; secrets and private keys only under seal.
	secrets["a private key"] = "PRIVATE KEY"
	delete(secrets, "the canary")
	kept := 0
	for name, content := range w.contents() {
		kept += bytes.Count(content, []byte(canary))
		for what, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s has %s", name, what)
			}
		}
	}
	if kept == 0 {
		t.Error("not even the developer user is in the database: this test looks in the wrong place")
	}
	w.start()
}

// contents returns, by name, what the store of a server that does not run consists of: its files, or the rows
// of its database.
func (w *world) contents() map[string][]byte {
	w.t.Helper()
	if w.store != "" {
		return map[string][]byte{"the database": pgtest.Contents(w.t, w.store)}
	}
	all := make(map[string][]byte)
	for _, name := range []string{"poolkeeper.db", "poolkeeper.db-wal"} {
		content, err := os.ReadFile(filepath.Join(w.data, name))
		if err != nil {
			w.t.Fatal(err)
		}
		all[name] = content
	}
	return all
}

// sendRaw sends bytes and waits for the end of the answer.
func sendRaw(t *testing.T, url, text string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	// The server may answer and hang up before it has read all.
	io.WriteString(conn, text)
	answer, _ := io.ReadAll(conn)
	if !strings.HasPrefix(string(answer), "HTTP/1.1 4") && len(answer) > 0 {
		t.Errorf("%.80q is answered %.80q, want a refusal", text, answer)
	}
}

// A public operation may be signed. Then the signature must hold, which the clients of
// AWS, that never sign one, do not show.
func TestPublic_Signed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := fmt.Sprintf(`{"IdentityPoolId": %q}`, newPool(t, w.sdk()))
	for _, tt := range []struct {
		name   string
		signer *sigv4.Credentials
		status int
	}{
		{"unsigned", nil, 200},
		{"signed", &sigv4.Credentials{AccessKeyID: w.keyID, SecretAccessKey: w.secret}, 200},
		{"signed with another secret", &sigv4.Credentials{AccessKeyID: w.keyID, SecretAccessKey: "wrong"}, 400},
	} {
		if status, answer := w.post("GetId", body, tt.signer, nil); status != tt.status {
			t.Errorf("%s: status %d, want %d: %s", tt.name, status, tt.status, answer)
		}
	}
}
