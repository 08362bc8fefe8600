package clients_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/coreos/go-oidc/v3/oidc"
)

// An issuer is an OpenID provider of zitadel/oidc, on https with a certificate of an
// authority that the test has made.
type issuer struct {
	t *testing.T
	// url is the issuer, and name what IAM and Logins call it.
	url, name string
	// authority is the file of the authority's certificate.
	authority string

	program, certificate, key string
	trusted                   *x509.CertPool
	running                   *process
}

// newIssuer starts an issuer on a free port.
func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, program: peerBinary(t, "issuer")}
	i.certify()
	i.start("127.0.0.1:0")
	return i
}

var issues = regexp.MustCompile(`(?m)^issuer (https://(?:\S+))$`)

func (i *issuer) start(listen string) {
	i.t.Helper()
	i.running = startProcess(i.t, []string{"HOME=" + i.t.TempDir()}, i.program,
		"--listen", listen, "--certificate", i.certificate, "--key", i.key)
	i.url = i.running.wait(issues)
	i.name = strings.TrimPrefix(i.url, "https://")
}

// restart starts the issuer anew where it was, with another signing key.
func (i *issuer) restart() {
	i.t.Helper()
	i.running.stop()
	i.start(i.name)
}

// certify makes an authority and a certificate for the loopback address.
func (i *issuer) certify() {
	i.t.Helper()
	dir := i.t.TempDir()
	i.authority, i.certificate, i.key = filepath.Join(dir, "authority.pem"), filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	check := func(err error) {
		i.t.Helper()
		if err != nil {
			i.t.Fatal(err)
		}
	}
	write := func(file, kind string, der []byte) {
		i.t.Helper()
		check(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	check(err)
	write(i.authority, "CERTIFICATE", der)
	authority, err = x509.ParseCertificate(der)
	check(err)
	i.trusted = x509.NewCertPool()
	i.trusted.AddCert(authority)

	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	der, err = x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), authorityKey)
	check(err)
	write(i.certificate, "CERTIFICATE", der)
	der, err = x509.MarshalPKCS8PrivateKey(key)
	check(err)
	write(i.key, "PRIVATE KEY", der)
}

// login is what a browser does for a user, and the application behind it: it goes to the
// provider's page, answers it, and fetches the ID token for the code that comes back.
func (i *issuer) login(client string) (token string) {
	i.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		i.t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: i.trusted}}
	i.t.Cleanup(transport.CloseIdleConnections)
	browser := &http.Client{Transport: transport, Jar: jar, Timeout: patience, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "shop.example" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	// send returns where an answer leads, or where it came from.
	send := func(r *http.Request, err error) (at *url.URL, body []byte) {
		i.t.Helper()
		if err != nil {
			i.t.Fatal(err)
		}
		if r.Method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := browser.Do(r)
		if err != nil {
			i.t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err = io.ReadAll(resp.Body); err != nil {
			i.t.Fatal(err)
		}
		if to, err := resp.Location(); err == nil {
			return to, body
		}
		return resp.Request.URL, body
	}
	ctx := i.t.Context()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, browser), i.url)
	if err != nil {
		i.t.Fatal(err)
	}
	const callback = "https://shop.example/callback"
	page, _ := send(http.NewRequestWithContext(ctx, http.MethodGet, provider.Endpoint().AuthURL+"?"+url.Values{
		"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid profile email"}, "state": {"s"},
	}.Encode(), nil))
	back, body := send(http.NewRequestWithContext(ctx, http.MethodPost, i.url+"/login/username", strings.NewReader(url.Values{
		"username": {"test-user2"}, "password": {"verysecure"}, "id": {page.Query().Get("authRequestID")},
	}.Encode())))
	if back.Host != "shop.example" {
		i.t.Fatalf("login as %s ends at %s\n%s", client, back, body)
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodPost, provider.Endpoint().TokenURL, strings.NewReader(url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {callback},
	}.Encode()))
	if err != nil {
		i.t.Fatal(err)
	}
	ask.SetBasicAuth(client, "secret")
	_, body = send(ask, nil)
	var answer struct {
		IDToken string `json:"id_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.IDToken == "" {
		i.t.Fatalf("login as %s: no ID token in %s (%v)", client, body, err)
	}
	return answer.IDToken
}

// A shop is a pool whose users log in at an issuer, and a role for them that trusts the
// pool, and the issuer itself.
type shop struct {
	*world
	pool, role string
	public     *cognitoidentity.Client
}

func newShop(t *testing.T, i *issuer, flags ...string) *shop {
	t.Helper()
	s := &shop{world: newWorld(t, flags...)}
	ctx, root := t.Context(), s.iam()
	registered, err := root.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &i.url, ClientIDList: []string{"shop", "late"}})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := s.sdk().CreateIdentityPool(ctx, &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName: aws.String("shop"), OpenIdConnectProviderARNs: []string{*registered.OpenIDConnectProviderArn},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.pool = *pool.IdentityPoolId
	role, err := root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("user"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity",
		 "Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + s.pool + `"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}},
		{"Effect":"Allow","Principal":{"Federated":"` + *registered.OpenIDConnectProviderArn + `"},"Action":"sts:AssumeRoleWithWebIdentity",
		 "Condition":{"StringEquals":{"` + i.name + `:aud":"shop","` + i.name + `:sub":"id2"}}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	s.role = *role.Role.Arn
	_, err = root.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("user"), PolicyName: aws.String("itself"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cognito-identity:DescribeIdentityPool","Resource":"*"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.sdk().SetIdentityPoolRoles(ctx, &cognitoidentity.SetIdentityPoolRolesInput{IdentityPoolId: &s.pool, Roles: map[string]string{"authenticated": s.role}})
	if err != nil {
		t.Fatal(err)
	}
	s.public = s.sdk(func(o *cognitoidentity.Options) { o.Credentials = aws.AnonymousCredentials{} })
	return s
}

// enter is GetId for a login.
func (s *shop) enter(i *issuer, token string) (identity string, err error) {
	out, err := s.public.GetId(s.t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &s.pool, Logins: map[string]string{i.name: token}})
	if err != nil {
		return "", err
	}
	return *out.IdentityId, nil
}

// direct exchanges a token of the issuer, as the SDK's own provider does.
func (s *shop) direct(token string) aws.CredentialsProvider {
	unsigned := sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: &s.url, Credentials: aws.AnonymousCredentials{}})
	return stscreds.NewWebIdentityRoleProvider(unsigned, s.role, tokenText(token))
}

type tokenText string

func (t tokenText) GetIdentityToken() ([]byte, error) { return []byte(t), nil }

// describes reports how the role's one permission, and what it does not permit, are answered
// to credentials.
func (s *shop) describes(c aws.CredentialsProvider) (may, mayNot error) {
	theirs := s.sdk(func(o *cognitoidentity.Options) { o.Credentials = aws.NewCredentialsCache(c) })
	_, may = theirs.DescribeIdentityPool(s.t.Context(), &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: &s.pool})
	_, mayNot = theirs.DeleteIdentityPool(s.t.Context(), &cognitoidentity.DeleteIdentityPoolInput{IdentityPoolId: &s.pool})
	return may, mayNot
}

// TestIssuer: a user of somebody else's OpenID provider logs in there, and here gets an
// identity, tokens and credentials; tokens that are not of that user for this application
// get nothing, and leave nothing behind.
func TestIssuer(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := newShop(t, i, "--allow-private-endpoints", "--outbound-ca-file", i.authority)
	ctx := t.Context()
	token := i.login("shop")

	refused := map[string]string{
		"for another application":    i.login("other"),
		"that has expired":           i.login("late"),
		"with a changed signature":   token[:strings.LastIndex(token, ".")+1] + flipped(token[strings.LastIndex(token, ".")+1:]),
		"with the claims of another": strings.Join([]string{strings.Split(token, ".")[0], strings.Split(i.login("shop"), ".")[1], strings.Split(token, ".")[2]}, "."),
	}
	for name, bad := range refused {
		if _, err := s.enter(i, bad); code(err) != "NotAuthorizedException" {
			t.Errorf("GetId with a token %s: got %v", name, err)
		}
		want := "InvalidIdentityToken"
		if name == "that has expired" {
			want = "ExpiredTokenException"
		}
		if _, err := s.direct(bad).Retrieve(ctx); code(err) != want {
			t.Errorf("AssumeRoleWithWebIdentity with a token %s: got %v, want %s", name, err, want)
		}
	}
	count := func() int {
		out, err := s.sdk().ListIdentities(ctx, &cognitoidentity.ListIdentitiesInput{IdentityPoolId: &s.pool, MaxResults: aws.Int32(60)})
		if err != nil {
			t.Fatal(err)
		}
		return len(out.Identities)
	}
	if n := count(); n != 0 {
		t.Errorf("there are %d identities after refused tokens, want none", n)
	}

	identity, err := s.enter(i, token)
	if err != nil {
		t.Fatalf("GetId: %v", err)
	}
	if again, err := s.enter(i, i.login("shop")); again != identity || err != nil {
		t.Errorf("GetId with a later login: %s, %v, want %s", again, err, identity)
	}
	if n := count(); n != 1 {
		t.Errorf("there are %d identities, want 1", n)
	}
	logins := map[string]string{i.name: token}
	ours, err := s.public.GetOpenIdToken(ctx, &cognitoidentity.GetOpenIdTokenInput{IdentityId: &identity, Logins: logins})
	if err != nil {
		t.Fatalf("GetOpenIdToken: %v", err)
	}
	verify(t, relyingParty(t, ctx, s.url), *ours.Token, s.pool, identity)
	if amr := part(t, *ours.Token, 1)["amr"].([]any); len(amr) != 3 || amr[0] != "authenticated" || amr[1] != i.name {
		t.Errorf("amr is %v", amr)
	}
	if _, err := s.public.GetOpenIdToken(ctx, &cognitoidentity.GetOpenIdTokenInput{IdentityId: &identity}); code(err) != "NotAuthorizedException" {
		t.Errorf("GetOpenIdToken without the login: got %v", err)
	}

	got, err := s.public.GetCredentialsForIdentity(ctx, &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &identity, Logins: logins})
	if err != nil {
		t.Fatalf("GetCredentialsForIdentity: %v", err)
	}
	for name, c := range map[string]aws.CredentialsProvider{
		"of the identity":            credentials.NewStaticCredentialsProvider(*got.Credentials.AccessKeyId, *got.Credentials.SecretKey, *got.Credentials.SessionToken),
		"for our token":              s.direct(*ours.Token),
		"for the issuer's own token": s.direct(token),
	} {
		if may, mayNot := s.describes(c); may != nil || code(mayNot) != "AccessDeniedException" {
			t.Errorf("credentials %s: what the role allows: %v, what not: %v", name, may, mayNot)
		}
	}

	// With another key, after the little while for which nobody asks the provider again.
	i.restart()
	newer := i.login("shop")
	if old, new := part(t, token, 0)["kid"], part(t, newer, 0)["kid"]; old == new {
		t.Fatalf("the issuer still signs with key %v", old)
	}
	again, err := s.enter(i, newer)
	every, deadline := time.Tick(patience/200), time.After(patience)
	for code(err) == "NotAuthorizedException" {
		select {
		case <-every:
			again, err = s.enter(i, newer)
		case <-deadline:
			t.Fatalf("GetId with a token of the new key, for %v: %v", patience, err)
		}
	}
	if again != identity || err != nil {
		t.Errorf("GetId with a token of the new key: %s, %v, want %s", again, err, identity)
	}
	if _, err := s.enter(i, token); code(err) != "NotAuthorizedException" {
		t.Errorf("GetId with a token of a key that the issuer does not have any more: got %v", err)
	}
}

// TestIssuer_Unreachable: the same login is refused where the operator has not said that
// providers may be at private addresses, or by whom they are certified.
func TestIssuer_Unreachable(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	token := i.login("shop")
	for name, tt := range map[string]struct {
		flags []string
		want  string
	}{
		"told both":               {[]string{"--allow-private-endpoints", "--outbound-ca-file", i.authority}, ""},
		"not told of addresses":   {[]string{"--outbound-ca-file", i.authority}, "ExternalServiceException"},
		"not told of authorities": {[]string{"--allow-private-endpoints"}, "ExternalServiceException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := newShop(t, i, tt.flags...).enter(i, token); code(err) != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
