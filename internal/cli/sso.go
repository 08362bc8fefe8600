package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// Single sign-on: `aws sso login` leaves a token in ~/.aws/sso/cache, which is shown to AWS's
// portal for the credentials of a role. Nothing here logs in.

// An ssoProfile is where a profile with single sign-on gets its credentials.
type ssoProfile struct {
	account, role, startURL, region string
	// session is the name of the sso-session section; empty: the profile has it all itself.
	session string
}

// ssoSettings are those that such a profile must have, or its session.
var ssoSettings = []string{"sso_role_name", "sso_account_id", "sso_start_url", "sso_region"}

// signOn reads the single sign-on of a profile; nil: it has none.
func (s *settings) signOn(name string) (*ssoProfile, error) {
	p := s.files.config[name]
	if p["sso_role_name"] == "" && p["sso_account_id"] == "" {
		return nil, nil
	}
	all := map[string]string{}
	for k, v := range p {
		all[k] = v
	}
	session := p["sso_session"]
	if session != "" {
		section, ok := s.files.sessions[session]
		if !ok {
			return nil, failed(`The specified sso-session does not exist: "%s"`, session)
		}
		for _, k := range slices.Sorted(maps.Keys(section)) {
			if have, ok := all[k]; ok && have != section[k] {
				return nil, failed("The value for %s is inconsistent between profile (%s) and sso-session (%s).", k, have, section[k])
			}
			all[k] = section[k]
		}
	}
	var missing []string
	for _, k := range ssoSettings {
		if all[k] == "" {
			missing = append(missing, k)
		}
	}
	if len(missing) > 0 {
		return nil, failed(`The profile "%s" is configured to use SSO but is missing required configuration: %s`, name, strings.Join(missing, ", "))
	}
	return &ssoProfile{all["sso_account_id"], all["sso_role_name"], all["sso_start_url"], all["sso_region"], session}, nil
}

// An ssoToken is what the cache has of a login.
type ssoToken struct {
	StartURL              string `json:"startUrl,omitempty"`
	Region                string `json:"region,omitempty"`
	AccessToken           string `json:"accessToken"`
	ExpiresAt             string `json:"expiresAt"`
	ClientID              string `json:"clientId,omitempty"`
	ClientSecret          string `json:"clientSecret,omitempty"`
	RegistrationExpiresAt string `json:"registrationExpiresAt,omitempty"`
	RefreshToken          string `json:"refreshToken,omitempty"`
}

// expired tells what to do about a login that is over.
func (s *settings) expired(name string) error {
	return failed("The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run aws sso login with the corresponding profile: aws sso login --profile %s", name)
}

// fromSSO shows the token of a login for the credentials of the profile's role.
func (s *settings) fromSSO(ctx context.Context, name string, p *ssoProfile) (sigv4.Credentials, error) {
	args := newObject()
	args.set("accountId", p.account)
	args.set("roleName", p.role)
	if p.session != "" {
		args.set("sessionName", p.session)
	} else {
		args.set("startUrl", p.startURL)
	}
	// By the provider's name `aws sso logout` knows what it has to delete.
	return s.cached(cacheKey(compactJSON, args), "sso", func() (temporary, error) { return s.roleCredentials(ctx, name, p) })
}

func (s *settings) roleCredentials(ctx context.Context, name string, p *ssoProfile) (none temporary, err error) {
	token, err := s.loginToken(ctx, name, p)
	if err != nil {
		return none, err
	}
	query := url.Values{"role_name": {p.role}, "account_id": {p.account}}
	req, err := s.ssoRequest(ctx, http.MethodGet, "sso", "portal.sso", p.region, "/federation/credentials?"+query.Encode(), nil)
	if err != nil {
		return none, err
	}
	req.Header.Set("x-amz-sso_bearer_token", token)
	status, text, err := s.ssoCall(req)
	switch {
	case err != nil:
		return none, err
	case status == http.StatusUnauthorized:
		return none, s.expired(name)
	case status != http.StatusOK:
		return none, ssoRefused(status, text, "GetRoleCredentials")
	}
	var answer struct {
		RoleCredentials struct {
			AccessKeyID, SecretAccessKey, SessionToken string
			Expiration                                 int64 // in milliseconds
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.RoleCredentials.AccessKeyID == "" {
		return none, failed("GetRoleCredentials answers without credentials.")
	}
	c := answer.RoleCredentials
	return temporary{c.AccessKeyID, c.SecretAccessKey, c.SessionToken, time.UnixMilli(c.Expiration).UTC().Format(time.RFC3339)}, nil
}

// loginToken is the token of the login, renewed where its session allows that and it expires
// soon.
func (s *settings) loginToken(ctx context.Context, name string, p *ssoProfile) (string, error) {
	key := p.session
	if key == "" {
		key = p.startURL
	}
	path := filepath.Join(s.home(), ".aws", "sso", "cache", sha1Hex(key)+".json")
	var token ssoToken
	text, err := os.ReadFile(path)
	if err != nil {
		return "", failed("Error loading SSO Token: Token for %s does not exist. To get one run: aws sso login --profile %s", key, name)
	}
	if json.Unmarshal(text, &token) != nil || token.AccessToken == "" || token.ExpiresAt == "" {
		return "", failed("Error loading SSO Token: Token for %s is invalid. To get another one run: aws sso login --profile %s", p.startURL, name)
	}
	expires, err := parseTime(token.ExpiresAt)
	if err != nil {
		return "", failed("Error loading SSO Token: Token for %s is invalid. To get another one run: aws sso login --profile %s", p.startURL, name)
	}
	left := expires.Sub(s.Now())
	if p.session != "" && left < renewBefore {
		if renewed := s.renewed(ctx, p, token); renewed != nil {
			if err := writeFile(path, renewed); err != nil {
				s.debugf("SSO token cache: %v", err)
			}
			return renewed.AccessToken, nil
		}
	}
	if left <= 0 {
		return "", s.expired(name)
	}
	return token.AccessToken, nil
}

// renewed is another token for the same login; nil: there is none to be had.
func (s *settings) renewed(ctx context.Context, p *ssoProfile, old ssoToken) *ssoToken {
	registered, err := parseTime(old.RegistrationExpiresAt)
	if err != nil || !registered.After(s.Now()) || old.RefreshToken == "" || old.ClientID == "" || old.ClientSecret == "" {
		return nil
	}
	ask, err := json.Marshal(map[string]string{
		"clientId": old.ClientID, "clientSecret": old.ClientSecret, "grantType": "refresh_token", "refreshToken": old.RefreshToken,
	})
	if err != nil {
		return nil
	}
	req, err := s.ssoRequest(ctx, http.MethodPost, "sso-oidc", "oidc", p.region, "/token", ask)
	if err != nil {
		return nil
	}
	req.Header.Set("Content-Type", "application/json")
	status, text, err := s.ssoCall(req)
	var answer struct {
		AccessToken, RefreshToken string
		ExpiresIn                 int64
	}
	if err != nil || status != http.StatusOK || json.Unmarshal(text, &answer) != nil || answer.AccessToken == "" {
		s.debugf("SSO token refresh attempt failed: %d %v", status, err)
		return nil
	}
	token := old
	token.StartURL, token.Region, token.AccessToken = p.startURL, p.region, answer.AccessToken
	token.ExpiresAt = s.Now().Add(time.Duration(answer.ExpiresIn) * time.Second).UTC().Format(time.RFC3339)
	if token.RefreshToken = answer.RefreshToken; token.RefreshToken == "" {
		token.RefreshToken = old.RefreshToken
	}
	return &token
}

// ssoRequest makes a request to one of the services of single sign-on, which are not signed.
func (s *settings) ssoRequest(ctx context.Context, method, service, host, region, path string, body []byte) (*http.Request, error) {
	base := s.configuredURL(service)
	if base == "" {
		base, _ = address(host, region, s.variants())
	}
	if _, err := endpoint(base); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, failed("Invalid endpoint: %s", base)
	}
	return req, nil
}

func (s *settings) ssoCall(req *http.Request) (status int, text []byte, err error) {
	client, err := s.httpClient(req.URL)
	if err != nil {
		return 0, nil, err
	}
	at := &url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host, Path: "/"}
	req.Header.Set("User-Agent", s.agent())
	s.debugf("Making request to %s", at)
	resp, err := client.Do(req)
	if err == nil {
		defer resp.Body.Close()
		status = resp.StatusCode
		text, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	}
	if err != nil {
		return 0, nil, (&caller{settings: s, url: at}).unreached(req.Context(), err)
	}
	return status, text, nil
}

// ssoRefused words a refusal of the portal.
func ssoRefused(status int, text []byte, operation string) error {
	var answer struct {
		Type    string `json:"__type"`
		Message string
	}
	_ = json.Unmarshal(text, &answer) // what is no JSON has no words
	if answer.Type == "" {
		answer.Type = fmt.Sprint(status)
	}
	return failed("An error occurred (%s) when calling the %s operation: %s", answer.Type, operation, answer.Message)
}
