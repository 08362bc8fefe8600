package sts

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// AssumeRoleWithWebIdentity returns temporary credentials of a role to whoever has a token
// of an identity pool here, or of an OpenID Connect provider that the account of the role
// has registered. See [principal.Service.AdmitWebIdentity] on who may take the role.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, c api.Caller, in *api.AssumeRoleWithWebIdentityInput) (*api.AssumeRoleWithWebIdentityOutput, error) {
	w, a, err := s.admitted(ctx, c, in)
	if err != nil {
		return nil, err
	}
	credentials, err := s.principals.Grant(a)
	if err != nil {
		return nil, err
	}
	return &api.AssumeRoleWithWebIdentityOutput{
		Credentials: credentials, SubjectFromWebIdentityToken: w.Who.Subject, AssumedRoleUser: &a.User,
		PackedPolicySize: a.PackedPolicySize, Provider: w.Who.Provider, Audience: w.Who.Audience, SourceIdentity: a.SourceIdentity,
	}, nil
}

// admitted decides AssumeRoleWithWebIdentity: it returns who takes the role, and the session.
func (s *Service) admitted(ctx context.Context, c api.Caller, in *api.AssumeRoleWithWebIdentityInput) (*principal.WebIdentityRequest, *principal.Admission, error) {
	account, err := principal.AccountOfRole(in.RoleArn)
	if err != nil {
		return nil, nil, err
	}
	if in.ProviderId != "" {
		return nil, nil, api.AccessTokensNotTaken.With()
	}
	audit.On(ctx, in.RoleArn)
	w, err := s.verified(ctx, account, in.WebIdentityToken)
	if err != nil {
		return nil, nil, err
	}
	audit.By(ctx, w.Who)
	w.RoleARN, w.SessionName, w.DurationSeconds, w.Policy = in.RoleArn, in.RoleSessionName, in.DurationSeconds, in.Policy
	for _, p := range in.PolicyArns {
		w.PolicyARNs = append(w.PolicyARNs, p.Arn)
	}
	a, err := s.principals.AdmitWebIdentity(ctx, c, w)
	return w, a, err
}

// maxIssuer is how long a registered provider's URL can be. Source: the IAM API.
const maxIssuer = 255

// verified returns what a token says, which is a token of this server or of a provider of the
// account.
func (s *Service) verified(ctx context.Context, account string, token api.Secret) (*principal.WebIdentityRequest, error) {
	t := explain.From(ctx)
	t.Plan("token", "provider")
	t.Plan(explain.TakeRole...)
	t.At("token", "a JSON Web Token: three parts with dots between, the second with iss, a text of at most %d bytes", maxIssuer)
	issuer, expires, err := peek(string(token))
	if err != nil {
		return nil, api.NotAnIDToken.With().Because(err)
	}
	t.At("provider", "this server, or an OpenID Connect provider that account %s has registered", account)
	t.Found("%s", explain.Quote(issuer))
	if issuer == s.issuerURL {
		return s.own(ctx, token, expires)
	}
	p, err := s.principals.OIDCProviderCalled(ctx, account, strings.TrimPrefix(issuer, "https://"))
	if errors.Is(err, identity.ErrNotFound) || err == nil && s.providers == nil {
		return nil, api.NoProviderForToken.With(issuer).Because(err)
	}
	if err != nil {
		return nil, err
	}
	t.About(p.Name)
	id, err := s.providers.IDToken(ctx, p, token)
	t.About("")
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return nil, refusal.worded()
	}
	if err != nil {
		return nil, fmt.Errorf("verify token of %s: %w", p.Name, err)
	}
	t.At("further claims", "sub of at most %d bytes; amr, email, source identity and tags as STS documents them, where the token has them", maxSubject)
	return id.request(p)
}

// own returns what a token of this server says.
func (s *Service) own(ctx context.Context, token api.Secret, expires int64) (*principal.WebIdentityRequest, error) {
	claims, err := s.tokens.VerifyOwn(ctx, token)
	if _, refused := errors.AsType[*api.Error](err); refused {
		// What an unverified token says of its end is good enough for a message.
		if now := s.now().Unix(); expires <= now {
			return nil, api.IDTokenExpired.With(now, expires).Because(err)
		}
		return nil, api.IDTokenNotVerified.With().Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("verify token: %w", err)
	}
	return &principal.WebIdentityRequest{
		Who:  &api.WebIdentity{Provider: api.IdentityPools, Subject: claims.Subject, Audience: claims.Audience, AMR: claims.AMR},
		Tags: tagList(claims.PrincipalTags), TokenIssued: claims.IssuedAt,
	}, nil
}

// peek returns who says to have issued a token, and until when, in seconds since 1970.
// Nothing of it is verified. A token without an end has ended.
func peek(token string) (issuer string, expires int64, err error) {
	segments := strings.SplitN(token, ".", 4)
	if len(segments) != 3 {
		return "", 0, errors.New("a compact JWS has two dots")
	}
	payload, err := base64.RawURLEncoding.DecodeString(segments[1])
	if err != nil {
		return "", 0, errors.New("the claims are not base64url")
	}
	var claims struct {
		Issuer  string  `json:"iss"`
		Expires float64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", 0, errors.New("the claims are no JSON object with a string iss and a number exp")
	}
	if claims.Issuer == "" || len(claims.Issuer) > maxIssuer {
		return "", 0, fmt.Errorf("iss has %d bytes", len(claims.Issuer))
	}
	const latest = 1 << 53
	return claims.Issuer, int64(min(max(claims.Expires, 0), latest)), nil
}

// Bounds of what tokens of registered providers say. Source: the STS API reference, and the
// IAM User Guide, "Pass session tags in AWS STS".
const (
	maxSubject  = 255
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

var sourceIdentity = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A[\w+=,.@-]{2,64}\z`) })

// request returns what the token of a registered provider says.
func (t *IDToken) request(p *principal.OIDCProvider) (*principal.WebIdentityRequest, error) {
	var claims struct {
		AMR            amr    `json:"amr"`
		Email          string `json:"email"`
		SourceIdentity string `json:"https://aws.amazon.com/source_identity"`
		Tags           struct {
			Principal  map[string][]string `json:"principal_tags"`
			Transitive []string            `json:"transitive_tag_keys"`
		} `json:"https://aws.amazon.com/tags"`
	}
	bad := func(claim string) error { return api.IDTokenClaimInvalid.With(claim) }
	if err := json.Unmarshal(t.Payload, &claims); err != nil {
		return nil, api.NotAnIDToken.With().Because(err)
	}
	if t.Subject == "" || len(t.Subject) > maxSubject {
		return nil, bad("sub")
	}
	if claims.SourceIdentity != "" && !sourceIdentity().MatchString(claims.SourceIdentity) {
		return nil, bad("https://aws.amazon.com/source_identity")
	}
	tags := make(map[string]string, len(claims.Tags.Principal))
	for key, values := range claims.Tags.Principal {
		if len(values) != 1 || key == "" || longer(key, maxTagKey) || longer(values[0], maxTagValue) {
			return nil, bad("https://aws.amazon.com/tags")
		}
		tags[key] = values[0]
	}
	if len(tags) > maxTags {
		return nil, bad("https://aws.amazon.com/tags")
	}
	w := &principal.WebIdentityRequest{
		Who:  &api.WebIdentity{Provider: p.ARN(), Subject: t.Subject, Audience: t.Audience, AMR: claims.AMR},
		Tags: tagList(tags), TransitiveTags: claims.Tags.Transitive, SourceIdentity: claims.SourceIdentity,
		Claims: map[string]string{"oaud": t.Audience},
	}
	// As documented, the key aud is azp where the token has that, and oaud is aud.
	if t.AuthorizedParty != "" {
		w.Who.Audience = t.AuthorizedParty
	}
	if claims.Email != "" {
		w.Claims["email"] = claims.Email
	}
	return w, nil
}

func longer(text string, most int) bool { return utf8.RuneCountInString(text) > most }

// amr is a list of strings, for which some providers write one string.
type amr []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *amr) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = amr{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// tagList returns tags in the order of their keys.
func tagList(tags map[string]string) (list []api.Tag) {
	for key, value := range tags {
		list = append(list, api.Tag{Key: key, Value: value})
	}
	slices.SortFunc(list, func(a, b api.Tag) int { return strings.Compare(a.Key, b.Key) })
	return list
}

// sessionName is how sessions that identity pools hand out are called (observed).
const sessionName = "CognitoIdentityCredentials"

var _ identity.CredentialIssuer = (*Service)(nil)

// ForIdentity implements [identity.CredentialIssuer].
func (s *Service) ForIdentity(ctx context.Context, f identity.ForIdentity) (*api.Credentials, error) {
	a, err := s.admittedIdentity(ctx, f)
	if err != nil {
		return nil, err
	}
	var c *api.STSCredentials
	if a.Role.Upstream != nil {
		c, err = s.upstream(ctx, f, a)
	} else {
		c, err = s.principals.Grant(a)
	}
	if err != nil {
		return nil, err
	}
	return &api.Credentials{
		AccessKeyId: c.AccessKeyId, SecretKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expiration.UTC().Truncate(time.Second),
	}, nil
}

// MayHave implements [identity.CredentialIssuer].
func (s *Service) MayHave(ctx context.Context, f identity.ForIdentity) error {
	a, err := s.admittedIdentity(ctx, f)
	if err != nil || a.Role.Upstream == nil {
		return err
	}
	t := explain.From(ctx)
	t.At("upstream", "credentials of %s from %s, by https", a.Role.Upstream.RoleARN, explain.Quote(a.Role.Upstream.URL))
	if _, err = s.target(f.RoleARN, a.Role.Upstream); err == nil {
		t.Found("not asked, since that would issue some")
	}
	return err
}

// admittedIdentity decides whether an identity may have credentials of the role.
func (s *Service) admittedIdentity(ctx context.Context, f identity.ForIdentity) (*principal.Admission, error) {
	misconfigured := func(err error) error {
		return api.PoolMisconfigured.With().Because(fmt.Errorf("role %s: %w", f.RoleARN, err))
	}
	account, err := principal.AccountOfRole(f.RoleARN)
	if err == nil && account != f.Account {
		err = errors.New("is of another account than the pool")
	}
	if err != nil {
		return nil, misconfigured(err)
	}
	a, err := s.principals.AdmitWebIdentity(ctx, api.Caller{Region: f.Region}, &principal.WebIdentityRequest{
		RoleARN: f.RoleARN, SessionName: sessionName, Tags: tagList(f.Tags),
		Who: &api.WebIdentity{
			Provider: api.IdentityPools, Subject: f.IdentityID, Audience: f.PoolID, AMR: f.AMR, ScopedDown: f.Guest,
		},
	})
	if refused, ok := errors.AsType[*api.Error](err); ok {
		if reason := refused.Reason(); reason != nil {
			err = reason // the message tells none
		}
		return nil, misconfigured(err)
	}
	return a, err
}
