package login

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// oauth1 verifies a login of Twitter or Digits: consumer is the application's key and
// secret, credentials the user's token and secret, each pair with a semicolon between.
// Who can sign with all four is the user, in the eyes of the provider.
// Source: the Cognito developer guide, "Setting up Twitter as an identity pools IdP";
// developer.x.com, GET account/verify_credentials.
func (p *Providers) oauth1(ctx context.Context, provider, path, consumer, credentials string) (*identity.Verified, error) {
	t := explain.From(ctx)
	t.Plan("registration", "form", "answer", "user", "subject")
	t.At("registration", "a consumer key and secret in the pool, with a semicolon between")
	key, keySecret, ok := strings.Cut(consumer, ";")
	if !ok || key == "" || keySecret == "" {
		return nil, refuse(NotRegistered, "the pool has no consumer key and secret, with a semicolon between")
	}
	t.At("form", "a token and its secret, with a semicolon between")
	token, tokenSecret, ok := strings.Cut(credentials, ";")
	if !ok || token == "" || tokenSecret == "" {
		return nil, refuse(RefusedByProvider, "not sent: no token and secret, with a semicolon between")
	}
	to := p.base("https://" + provider)
	params := map[string]string{
		"oauth_consumer_key":     key,
		"oauth_nonce":            rand.Text(),
		"oauth_signature_method": "HMAC-SHA1",
		"oauth_timestamp":        strconv.FormatInt(p.now().Unix(), 10),
		"oauth_token":            token,
		"oauth_version":          "1.0",
	}
	params["oauth_signature"] = signOAuth1(http.MethodGet, to+path, params, keySecret, tokenSecret)
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		fields = append(fields, name+`="`+percent(params[name])+`"`)
	}
	header := http.Header{"Authorization": {"OAuth " + strings.Join(fields, ", ")}}
	t.At("answer", "%s to say that it knows consumer and token", provider)
	o, err := p.ask(ctx, "https://"+provider, path, header)
	if err != nil {
		return nil, err
	}
	t.At("user", "id_str, a text")
	user, ok := o.text("id_str")
	if !ok {
		return nil, refuse(Unreachable, "answer without id_str")
	}
	return opaque(t, provider, user, key, o.claims(), time.Time{})
}

// signOAuth1 signs a request without a query or a form. Source: RFC 5849, section 3.4.
func signOAuth1(method, to string, params map[string]string, secrets ...string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		pairs = append(pairs, percent(name)+"="+percent(params[name]))
	}
	base := strings.Join([]string{method, percent(to), percent(strings.Join(pairs, "&"))}, "&")
	for i, s := range secrets {
		secrets[i] = percent(s)
	}
	mac := hmac.New(sha1.New, []byte(strings.Join(secrets, "&")))
	mac.Write([]byte(base))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// percent encodes as RFC 5849, section 3.6 wants it.
func percent(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
