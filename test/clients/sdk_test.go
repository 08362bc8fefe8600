package clients_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// provider is the developer provider name of the pools of these tests.
const provider = "login.example"

// sdk returns a client of the AWS SDK for Go with the root access key.
func (w *world) sdk(more ...func(*cognitoidentity.Options)) *cognitoidentity.Client {
	return cognitoidentity.New(cognitoidentity.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(w.url),
		Credentials:  credentials.NewStaticCredentialsProvider(w.keyID, w.secret, ""),
	}, more...)
}

// newPool makes a pool that lets guests in.
func newPool(t *testing.T, c *cognitoidentity.Client) (id string) {
	t.Helper()
	pool, err := c.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{
		IdentityPoolName:               aws.String("app"),
		AllowUnauthenticatedIdentities: true,
		DeveloperProviderName:          aws.String(provider),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *pool.IdentityPoolId
}

// tokenFor is the main job: it returns the identity of a user, and a token.
func tokenFor(ctx context.Context, c *cognitoidentity.Client, pool, user string) (identity, token string, err error) {
	out, err := c.GetOpenIdTokenForDeveloperIdentity(ctx, &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: &pool, Logins: map[string]string{provider: user},
	})
	if err != nil {
		return "", "", err
	}
	return *out.IdentityId, *out.Token, nil
}

// claims returns a part of a token as it is.
func part(t *testing.T, token string, n int) (members map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token %q has %d parts", token, len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	if err != nil {
		t.Fatalf("token %q: %v", token, err)
	}
	return members
}

func TestSDK_MainFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, ctx := w.sdk(), t.Context()
	pool := newPool(t, c)

	out, err := c.GetOpenIdTokenForDeveloperIdentity(ctx, &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: &pool,
		Logins:         map[string]string{provider: "alice"},
		PrincipalTags:  map[string]string{"department": "research", "site": "Åre \u2028"},
		TokenDuration:  aws.Int64(7200),
	})
	if err != nil {
		t.Fatal(err)
	}
	alice := *out.IdentityId
	got := part(t, *out.Token, 1)
	exp, iat := got["exp"].(float64), got["iat"].(float64)
	if exp-iat != 7200 {
		t.Errorf("a token of 7200 s lives %v s", exp-iat)
	}
	if late := time.Since(time.Unix(int64(iat), 0)); late < -time.Second || late > patience {
		t.Errorf("iat is %v ago", late)
	}
	want := map[string]any{
		"sub":                         alice,
		"aud":                         pool,
		"amr":                         []any{"authenticated", provider, provider + ":" + pool + ":alice"},
		"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"department": []any{"research"}, "site": []any{"Åre \u2028"}}},
		"iss":                         w.url,
		"https://cognito-identity.amazonaws.com/identity-pool-arn": "arn:aws:cognito-identity:us-east-1:000000000000:identitypool/" + pool,
		"exp": exp, "iat": iat,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"kid": "us-east-1-1", "typ": "JWS", "alg": "RS512"}, part(t, *out.Token, 0)); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}

	// The guest becomes bob and keeps the identity; bob turns out to be alice.
	guest, err := c.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: &pool})
	if err != nil {
		t.Fatal(err)
	}
	linked, err := c.GetOpenIdTokenForDeveloperIdentity(ctx, &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: &pool, IdentityId: guest.IdentityId, Logins: map[string]string{provider: "bob"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if *linked.IdentityId != *guest.IdentityId {
		t.Errorf("bob has identity %s, want the guest's %s", *linked.IdentityId, *guest.IdentityId)
	}
	merged, err := c.MergeDeveloperIdentities(ctx, &cognitoidentity.MergeDeveloperIdentitiesInput{
		IdentityPoolId: &pool, DeveloperProviderName: aws.String(provider),
		SourceUserIdentifier: aws.String("bob"), DestinationUserIdentifier: aws.String("alice"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if *merged.IdentityId != alice {
		t.Errorf("merged into %s, want alice's %s", *merged.IdentityId, alice)
	}
	if identity, _, err := tokenFor(ctx, c, pool, "bob"); err != nil || identity != alice {
		t.Errorf("bob has identity %s (%v), want alice's %s", identity, err, alice)
	}

	// Dates are in UTC, to the millisecond.
	described, err := c.DescribeIdentity(ctx, &cognitoidentity.DescribeIdentityInput{IdentityId: &alice})
	if err != nil {
		t.Fatal(err)
	}
	created, modified := *described.CreationDate, *described.LastModifiedDate
	if !modified.After(created) || created.Location() != time.UTC || !created.Equal(created.Truncate(time.Millisecond)) {
		t.Errorf("alice was created %v and modified %v: want milliseconds of UTC, in order", created, modified)
	}
	if diff := cmp.Diff([]string{provider}, described.Logins); diff != "" {
		t.Errorf("logins (-want +got):\n%s", diff)
	}

	// The SDK's only paginator.
	for range 4 {
		newPool(t, c)
	}
	pools := make(map[string]bool)
	pages := 0
	for p := cognitoidentity.NewListIdentityPoolsPaginator(c, &cognitoidentity.ListIdentityPoolsInput{MaxResults: aws.Int32(2)}); p.HasMorePages(); pages++ {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, listed := range page.IdentityPools {
			pools[*listed.IdentityPoolId] = true
		}
	}
	if len(pools) != 5 || pages != 3 {
		t.Errorf("the paginator saw %d pools on %d pages, want 5 on 3", len(pools), pages)
	}
}

// counting counts the requests that go out.
type counting struct{ requests atomic.Int64 }

func (c *counting) Do(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return http.DefaultClient.Do(r)
}

// Every way in which the main operation refuses is a typed error, or, where the
// service model has none, a code; none is tried again.
func TestSDK_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, ctx := w.sdk(), t.Context()
	pool, elsewhere := newPool(t, c), newPool(t, c)
	_, err := c.UpdateIdentityPool(ctx, &cognitoidentity.UpdateIdentityPoolInput{
		IdentityPoolId: &pool, IdentityPoolName: aws.String("app"), AllowUnauthenticatedIdentities: true,
		SupportedLoginProviders: map[string]string{"accounts.google.com": "one.apps.googleusercontent.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	identityOf := func(pool, user string) string {
		t.Helper()
		identity, _, err := tokenFor(ctx, c, pool, user)
		if err != nil {
			t.Fatal(err)
		}
		return identity
	}
	alice, bob, foreign := identityOf(pool, "alice"), identityOf(pool, "bob"), identityOf(elsewhere, "alice")
	_, token, err := tokenFor(ctx, c, pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.MergeDeveloperIdentities(ctx, &cognitoidentity.MergeDeveloperIdentitiesInput{
		IdentityPoolId: &pool, DeveloperProviderName: aws.String(provider),
		SourceUserIdentifier: aws.String("bob"), DestinationUserIdentifier: aws.String("alice"),
	})
	if err != nil {
		t.Fatal(err)
	}
	left := identityOf(pool, "carol")
	_, err = c.UnlinkDeveloperIdentity(ctx, &cognitoidentity.UnlinkDeveloperIdentityInput{
		IdentityPoolId: &pool, IdentityId: &left, DeveloperProviderName: aws.String(provider), DeveloperUserIdentifier: aws.String("carol"),
	})
	if err != nil {
		t.Fatal(err)
	}

	type input = cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput
	many := func(n int) map[string]string {
		m := map[string]string{provider: "alice"}
		for i := len(m); i < n; i++ {
			m[fmt.Sprint("name", i)] = "value"
		}
		return m
	}
	const unknown = "us-east-1:7d1f0ab2-0000-4000-8000-000000000000"
	tests := []struct {
		name string
		// change makes the request a bad one: unchanged, it succeeds.
		change  func(*input)
		as      any
		message string
	}{
		{"unknown pool", func(in *input) { in.IdentityPoolId = aws.String(unknown) },
			new(*types.ResourceNotFoundException), "IdentityPool '" + unknown + "' not found."},
		{"pool of another region", func(in *input) { in.IdentityPoolId = aws.String("eu-west-1" + strings.TrimPrefix(pool, "us-east-1")) },
			new(*types.ResourceNotFoundException), "IdentityPool 'eu-west-1" + strings.TrimPrefix(pool, "us-east-1") + "' not found."},
		{"unknown identity", func(in *input) { in.IdentityId = aws.String(unknown) },
			new(*types.ResourceNotFoundException), "Identity '" + unknown + "' not found."},
		{"identity of another pool", func(in *input) { in.IdentityId = &foreign },
			new(*types.ResourceNotFoundException), "Identity '" + foreign + "' not found."},
		{"other developer provider", func(in *input) { in.Logins = map[string]string{"other.example": "alice"} },
			new(*types.InvalidParameterException), "This identity pool does not support the specified developer provider"},
		{"two developer providers", func(in *input) { in.Logins["other.example"] = "alice" },
			new(*types.InvalidParameterException), "This identity pool does not support the specified developer provider"},
		{"no developer provider", func(in *input) { in.Logins = map[string]string{"accounts.google.com": "token"} },
			new(*types.InvalidParameterException), "Please provide a login of the developer provider of this identity pool."},
		{"no logins", func(in *input) { in.Logins = map[string]string{} },
			new(*types.InvalidParameterException), "Please provide a login of the developer provider of this identity pool."},
		{"login of a public provider", func(in *input) { in.Logins["accounts.google.com"] = "token" },
			new(*types.NotAuthorizedException), "Invalid login token. Not a valid OpenId Connect identity token."},
		{"our own token as login", func(in *input) { in.Logins["cognito-identity.amazonaws.com"] = token },
			new(*types.NotAuthorizedException), "Invalid login token. Can't pass in a Cognito token."},
		{"merged identity", func(in *input) { in.IdentityId, in.Logins[provider] = &bob, "dave" },
			new(*types.NotAuthorizedException), "Access to Identity '" + bob + "' is forbidden."},
		{"identity without its last login", func(in *input) { in.IdentityId, in.Logins[provider] = &left, "dave" },
			new(*types.NotAuthorizedException), "Access to Identity '" + left + "' is forbidden."},
		{"new user, identity of another", func(in *input) { in.IdentityId, in.Logins[provider] = &alice, "dave" },
			new(*types.NotAuthorizedException), "Logins don't match. Please include at least one valid login for this identity or identity pool."},
		{"known user, another identity", func(in *input) { in.IdentityId = &left },
			new(*types.DeveloperUserAlreadyRegisteredException), "Developer user is already registered with another identity."},
		{"token of no time", func(in *input) { in.TokenDuration = aws.Int64(0) },
			new(*smithy.GenericAPIError), "1 validation error detected: Value '0' at 'tokenDuration' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"token of more than a day", func(in *input) { in.TokenDuration = aws.Int64(86401) },
			new(*smithy.GenericAPIError), "1 validation error detected: Value '86401' at 'tokenDuration' failed to satisfy constraint: Member must have value less than or equal to 86400"},
		{"pool id of another form", func(in *input) { in.IdentityPoolId = aws.String("app") },
			new(*smithy.GenericAPIError), `1 validation error detected: Value 'app' at 'identityPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`},
		{"identity id that is empty", func(in *input) { in.IdentityId = aws.String("") },
			new(*smithy.GenericAPIError), `2 validation errors detected: Value '' at 'identityId' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'identityId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`},
		{"user that is empty", func(in *input) { in.Logins[provider] = "" },
			new(*smithy.GenericAPIError), "1 validation error detected: Value '{login.example=***}' at 'logins' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 50000, Member must have length greater than or equal to 1]"},
		{"eleven logins", func(in *input) { in.Logins = many(11) },
			new(*smithy.GenericAPIError), "Member must have length less than or equal to 10"},
		{"tags beyond fifty", func(in *input) { in.PrincipalTags = many(51) },
			new(*smithy.GenericAPIError), "Member must have length less than or equal to 50"},
		{"tag without a value", func(in *input) { in.PrincipalTags = map[string]string{"department": ""} },
			new(*smithy.GenericAPIError), "1 validation error detected: Value '{department=}' at 'principalTags' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 1]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := &input{IdentityPoolId: &pool, Logins: map[string]string{provider: "alice"}}
			if _, err := c.GetOpenIdTokenForDeveloperIdentity(t.Context(), in); err != nil {
				t.Fatalf("the request as it was: %v", err)
			}
			tt.change(in)
			sent := new(counting)
			_, err := c.GetOpenIdTokenForDeveloperIdentity(t.Context(), in, func(o *cognitoidentity.Options) { o.HTTPClient = sent })
			if !errors.As(err, tt.as) {
				t.Fatalf("got %T %v, want %T", err, err, tt.as)
			}
			var refused smithy.APIError
			if errors.As(err, &refused); !strings.HasSuffix(refused.ErrorMessage(), tt.message) {
				t.Errorf("got %q, want %q", refused.ErrorMessage(), tt.message)
			}
			if _, generic := tt.as.(**smithy.GenericAPIError); generic && refused.ErrorCode() != "ValidationException" {
				t.Errorf("got %s, want ValidationException", refused.ErrorCode())
			}
			if n := sent.requests.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestSDK_Credentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := newPool(t, w.sdk())
	for _, tt := range []struct {
		name             string
		id, secret, sess string
		code             string
	}{
		{"as made", w.keyID, w.secret, "", ""},
		{"another secret", w.keyID, w.secret[1:] + "x", "", "InvalidSignatureException"},
		{"unknown key", "AKIANOBODYHASTHISKEY", w.secret, "", "UnrecognizedClientException"},
		{"a long-term key with a session token", w.keyID, w.secret, "token", "UnrecognizedClientException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sent := new(counting)
			c := w.sdk(func(o *cognitoidentity.Options) {
				o.Credentials, o.HTTPClient = credentials.NewStaticCredentialsProvider(tt.id, tt.secret, tt.sess), sent
			})
			_, _, err := tokenFor(t.Context(), c, pool, "alice")
			var refused smithy.APIError
			if errors.As(err, &refused); (tt.code == "") != (err == nil) || err != nil && refused.ErrorCode() != tt.code {
				t.Errorf("got %v, want %q", err, tt.code)
			}
			if n := sent.requests.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

// The SDK corrects its clock by the Date of an answer, if it holds the refusal for one
// of a clock that is off. It must come to do so with ours.
func TestSDK_ClockSkew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := newPool(t, w.sdk())
	for _, off := range []time.Duration{-time.Hour, time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			clock := &offClock{off: off}
			client := func(retryer aws.Retryer) *cognitoidentity.Client {
				return w.sdk(func(o *cognitoidentity.Options) {
					o.HTTPSignerV4, o.HTTPClient, o.Retryer = clock, clock, retryer
				})
			}
			_, _, err := tokenFor(t.Context(), client(aws.NopRetryer{}), pool, "alice")
			if err == nil || !strings.Contains(err.Error(), "InvalidSignatureException: Signature ") {
				t.Errorf("a clock that is off is not refused: %v", err)
			}
			// It tries again once, and from then on signs with the time of the server.
			c := client(retry.NewStandard())
			for call, want := range []int64{2, 1} {
				clock.requests.Store(0)
				if _, _, err := tokenFor(t.Context(), c, pool, "alice"); err != nil {
					t.Fatalf("call %d: %v", call, err)
				}
				if n := clock.requests.Load(); n != want {
					t.Errorf("call %d took %d requests, want %d", call, n, want)
				}
			}
		})
	}
}

// An offClock makes a client's clock wrong. The SDK's own clock can not be set, so this
// translates between the client's time and the server's: in the signatures that go
// out, and in the dates that come back.
type offClock struct {
	off time.Duration // what the client's clock is ahead
	counting
}

func (c *offClock) SignHTTP(ctx context.Context, cred aws.Credentials, r *http.Request, hash, service, region string, at time.Time, more ...func(*v4.SignerOptions)) error {
	return v4.NewSigner().SignHTTP(ctx, cred, r, hash, service, region, at.Add(c.off), more...)
}

func (c *offClock) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.counting.Do(r)
	if err != nil {
		return nil, err
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return nil, err
	}
	resp.Header.Set("Date", date.Add(-c.off).UTC().Format(http.TimeFormat))
	return resp, nil
}
