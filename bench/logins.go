package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// The rows of public logins and of the exchange.
const (
	loginKnown     = "GetId, a known login, 1000 users"
	loginBesides   = "the same beside a provider that is dead"
	credentialsDev = "GetCredentialsForIdentity by RS512 token"
)

const (
	// liveProvider and deadProvider are what the program knows its identity providers by.
	liveProvider = "live.bench.example"
	deadProvider = "dead.bench.example"
	clientID     = "bench"
	// stuck is how many connections ask for logins of the dead provider, each again after
	// pauseStuck where it is refused at once.
	stuck      = 16
	pauseStuck = 100 * time.Millisecond
)

// A provider is an OpenID Connect provider of this process, by https on loopback, and beside it
// the address of one that takes connections and never says a word.
type provider struct {
	live, dead net.Listener
	server     *http.Server
	// authority is the file of the certificate by which both are trusted.
	authority string
	signer    jose.Signer
	// asked counts connections to the dead one.
	asked atomic.Int64
}

// newProvider starts the providers; close stops them.
func newProvider(dir string) (p *provider, err error) {
	p = &provider{authority: filepath.Join(dir, "authority.pem")}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	cert, err := p.certify()
	if err != nil {
		return p, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return p, err
	}
	// RS256 is what public providers sign with.
	p.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "bench-1"}}, nil)
	if err != nil {
		return p, err
	}
	if p.live, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return p, err
	}
	if p.dead, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return p, err
	}
	go p.neverAnswer()
	documents := map[string]any{
		"/.well-known/openid-configuration": map[string]any{
			"issuer": "https://" + liveProvider, "jwks_uri": "https://" + p.live.Addr().String() + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		},
		"/keys": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "bench-1", Algorithm: "RS256", Use: "sig"}}},
	}
	p.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewEncoder(w).Encode(documents[r.URL.Path]) // to whoever still listens
		}),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}},
		ReadHeaderTimeout: patience,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() { _ = p.server.ServeTLS(p.live, "", "") }() // until close
	return p, nil
}

// certify makes a certificate for 127.0.0.1 that is its own authority.
func (p *provider) certify() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, os.WriteFile(p.authority, text, 0o600)
}

// neverAnswer keeps the connections to the dead provider open until they are closed.
func (p *provider) neverAnswer() {
	for {
		c, err := p.dead.Accept()
		if err != nil {
			return
		}
		p.asked.Add(1)
		go func() {
			_, _ = io.Copy(io.Discard, c) // until whoever asks gives up
			c.Close()
		}()
	}
}

func (p *provider) close() {
	if p.server != nil {
		p.server.Close()
	}
	for _, l := range []net.Listener{p.live, p.dead} {
		if l != nil {
			l.Close()
		}
	}
}

// settings are those by which the program finds the providers.
func (p *provider) settings() []string {
	return []string{
		"--allow-private-endpoints", "--outbound-ca-file", p.authority,
		"--provider-endpoint", liveProvider + "=https://" + p.live.Addr().String(),
		"--provider-endpoint", deadProvider + "=https://" + p.dead.Addr().String(),
	}
}

// token returns an ID token, for a day, of a provider for a user.
func (p *provider) token(of, user string) (string, error) {
	now := time.Now().Unix()
	signed, err := p.signer.Sign(fmt.Appendf(nil, `{"iss":"https://%s","aud":%q,"sub":%q,"iat":%d,"exp":%d}`, of, clientID, user, now, now+86400))
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// unsigned returns a call of a public operation, as the SDK for Go v2 sends it.
func unsigned(host, operation, user, body string) request {
	return request{user: user, wire: []byte("POST / HTTP/1.1\r\nHost: " + host + "\r\n" +
		"User-Agent: aws-sdk-go-v2/1.48.0 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/cognitoidentity#1.34.0\r\n" +
		"Content-Length: " + strconv.Itoa(len(body)) + "\r\nAmz-Sdk-Invocation-Id: 9f2c5f0e-6f43-4b5e-9d25-5b1d3a1b0c11\r\n" +
		"Amz-Sdk-Request: attempt=1; max=3\r\nContent-Type: application/x-amz-json-1.1\r\n" +
		"X-Amz-Target: AWSCognitoIdentityService." + operation + "\r\nAccept-Encoding: gzip\r\n\r\n" + body)}
}

// logins adds the steps about public logins and the exchange.
func (b *bench) logins(ctx context.Context) error {
	b.progress("logins")
	providers, err := newProvider(b.dir)
	if err != nil {
		return err
	}
	b.closers = append(b.closers, providers.close)
	p, err := newProduct(ctx, b.program, filepath.Join(b.dir, "logins"), "RS512", providers.settings()...)
	if err != nil {
		return err
	}
	b.products = append(b.products, p)
	if err := p.trust(ctx); err != nil {
		return fmt.Errorf("providers and roles: %w", err)
	}
	known, err := p.publicLogins(providers, liveProvider, hotUsers)
	if err != nil {
		return err
	}
	o, err := (&load{server: p.server, conns: conns, requests: known, sample: 1}).run(ctx)
	if err == nil {
		err = checkAll(o.answers, p.checker.login)
	}
	if err != nil {
		return fmt.Errorf("first logins: %w", err)
	}
	stuckLogins, err := p.publicLogins(providers, deadProvider, stuck)
	if err != nil {
		return err
	}
	exchanges, err := b.exchanges(ctx, p)
	if err != nil {
		return err
	}

	b.load(credentialsDev, conns, p.server, p.checker.credentials, func() []request { return exchanges })
	b.load(loginKnown, conns, p.server, p.checker.login, func() []request { return known })
	b.steps = append(b.steps, func(ctx context.Context) error {
		return b.besides(ctx, p, providers, known, stuckLogins)
	})
	return nil
}

// loginGoals are the goals that the steps of logins measure.
func (b *bench) loginGoals() []goal {
	return []goal{
		atLeast("token RS512: CPU / that of GetId with a known login", b.ratio(tokenRS512, loginKnown, cpu), 5),
		atMost("GetCredentialsForIdentity by token: CPU / floor rs512", b.ratio(credentialsDev, floorRow(floorRS512), cpu), 0.25, ""),
		atMost("GetId beside a dead provider: p99 / without", b.ratio(loginBesides, loginKnown, p99), 1.5, ""),
	}
}

// trust registers the providers, lets the pool take their logins, and gives it a role.
func (p *product) trust(ctx context.Context) error {
	iam, pools := p.client(), p.client()
	iam.Service = api.IAM
	var arns []string
	for _, of := range []string{liveProvider, deadProvider} {
		var made api.CreateOpenIDConnectProviderOutput
		if err := iam.Call(ctx, "CreateOpenIDConnectProvider", &api.CreateOpenIDConnectProviderInput{
			Url: "https://" + of, ClientIDList: []string{clientID},
		}, &made); err != nil {
			return err
		}
		arns = append(arns, made.OpenIDConnectProviderArn)
	}
	if err := pools.Call(ctx, "UpdateIdentityPool", &api.IdentityPool{
		IdentityPoolId: p.checker.pool, IdentityPoolName: "bench", DeveloperProviderName: floorProvider, OpenIdConnectProviderARNs: arns,
	}, nil); err != nil {
		return err
	}
	var role api.CreateRoleOutput
	if err := iam.Call(ctx, "CreateRole", &api.CreateRoleInput{RoleName: "bench", AssumeRolePolicyDocument: fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},`+
			`"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":%q},`+
			`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}}`, p.checker.pool)}, &role); err != nil {
		return err
	}
	return pools.Call(ctx, "SetIdentityPoolRoles", &api.SetIdentityPoolRolesInput{
		IdentityPoolId: p.checker.pool, Roles: map[string]string{"authenticated": role.Role.Arn},
	}, nil)
}

// publicLogins returns requests for the identities of users of a provider.
func (p *product) publicLogins(providers *provider, of string, users uint64) ([]request, error) {
	all := make([]request, users)
	for n := range users {
		user := of + " " + userName(n)
		token, err := providers.token(of, user)
		if err != nil {
			return nil, err
		}
		all[n] = unsigned(p.server.address(), "GetId", user, fmt.Sprintf(`{"IdentityPoolId":%q,"Logins":{%q:%q}}`, p.checker.pool, of, token))
	}
	return all, nil
}

// exchanges has the program make tokens of developer users, and returns requests for the
// credentials that they are good for.
func (b *bench) exchanges(ctx context.Context, p *product) ([]request, error) {
	tokens := make([]request, hotUsers)
	for n := range tokens {
		user := userName(uint64(n))
		tokens[n] = p.caller.request("GetOpenIdTokenForDeveloperIdentity", user,
			fmt.Sprintf(`{"IdentityPoolId":%q,"TokenDuration":86400,"Logins":{%q:%q}}`, p.checker.pool, floorProvider, user))
	}
	o, err := (&load{server: p.server, conns: conns, requests: tokens, sample: 1}).run(ctx)
	if err != nil {
		return nil, fmt.Errorf("tokens to exchange: %w", err)
	}
	var all []request
	for _, a := range o.answers {
		id, token, err := p.checker.identity(a)
		if err != nil {
			return nil, err
		}
		all = append(all, unsigned(p.server.address(), "GetCredentialsForIdentity", a.user,
			fmt.Sprintf(`{"IdentityId":%q,"Logins":{"cognito-identity.amazonaws.com":%q}}`, id, token)))
	}
	return all, nil
}

// besides measures known logins while others wait for a provider that does not answer.
func (b *bench) besides(ctx context.Context, p *product, providers *provider, known, stuckLogins []request) error {
	aside, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	refused := make(chan error, len(stuckLogins))
	for _, r := range stuckLogins {
		all.Go(func() {
			if err := p.refuseAgainAndAgain(aside, r); err != nil {
				refused <- err
			}
		})
	}
	l := load{server: p.server, conns: conns, requests: known, warm: warm, timed: b.part, sample: sample}
	o, err := l.run(ctx)
	if err == nil {
		err = checkAll(o.answers, p.checker.login)
	}
	select {
	case err = <-refused:
	default:
	}
	if err != nil {
		return fmt.Errorf("%s: %w", loginBesides, err)
	}
	if providers.asked.Load() == 0 {
		return fmt.Errorf("%s: the dead provider was not asked", loginBesides)
	}
	b.add(loginBesides, conns, o.point())
	return nil
}

// refuseAgainAndAgain sends a login of the dead provider until ctx ends. Each answer must tell
// that the provider did not.
func (p *product) refuseAgainAndAgain(ctx context.Context, r request) error {
	s := sender{load: &load{server: p.server}}
	if err := s.dial(ctx); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	defer stop()
	defer s.conn.Close()
	for ctx.Err() == nil {
		status, err := s.exchange(r.wire)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case status != http.StatusBadRequest || !strings.Contains(string(s.body), string(api.ExternalServiceException)):
			return fmt.Errorf("a login of the dead provider: status %d: %s", status, s.body)
		}
		wait(ctx, pauseStuck)
	}
	return nil
}

// login checks an answer of GetId.
func (c *checker) login(a answer) error {
	_, _, err := c.identity(a)
	return err
}

// credentials checks an answer of GetCredentialsForIdentity.
func (c *checker) credentials(a answer) error {
	var out struct {
		IdentityId  string
		Credentials struct {
			AccessKeyId, SecretKey, SessionToken string
			Expiration                           float64
		}
	}
	if err := json.Unmarshal(a.body, &out); err != nil {
		return fmt.Errorf("answer %s: %w", a.body, err)
	}
	k := out.Credentials
	if out.IdentityId != c.ids[a.user] || k.AccessKeyId == "" || k.SecretKey == "" || k.SessionToken == "" || int64(k.Expiration) <= time.Now().Unix() {
		return errors.New("there are no credentials for the user in the answer")
	}
	return nil
}
