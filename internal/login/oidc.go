package login

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

const (
	// maxToken is how long a token may be, in bytes. Source: the service model's bound on
	// a value of Logins.
	maxToken = 50000
	// leeway is how far a provider's clock may be from ours.
	leeway = time.Minute
)

// An Issuer is an OpenID Connect provider, as somebody registered it who may.
type Issuer struct {
	// URL is the issuer, with its scheme. It is compared byte for byte.
	URL string
	// Aliases are what tokens may have as iss beside it.
	Aliases []string
	// ClientIDs are the applications whose tokens are taken. Empty: none is.
	ClientIDs []string
	// Thumbprints are SHA-1 sums, in hex, of certificates to trust beside those of public
	// authorities, for this issuer alone. Empty: none.
	Thumbprints []string
}

// Claims is what a verified ID token says.
type Claims struct {
	// Issuer is iss as the token has it, and Subject sub.
	Issuer, Subject string
	// Audience is the registered client id that aud holds: the first, if several.
	Audience string
	// AuthorizedParty is azp; empty: the token has none.
	AuthorizedParty string
	Expires         time.Time
	// Values are the claims that are strings or lists of them.
	Values identity.LoginClaims
	// Payload is all that was signed, a JSON object.
	Payload []byte

	members object
}

// IDToken verifies an ID token of an issuer. Its errors are a [*Refusal], or the end of
// ctx.
//
// The claims are looked at before the signature, so that only a token which could be
// taken makes us ask the provider.
func (p *Providers) IDToken(ctx context.Context, i Issuer, raw string) (*Claims, error) {
	t := explain.From(ctx)
	t.Plan("form", "algorithm", "header", "claims", "issuer", "audience", "subject", "times", "keys", "key", "signature")
	h, payload, err := splitToken(t, raw)
	if err != nil {
		return nil, err
	}
	members, err := parseObject(payload)
	if err != nil {
		return nil, refuse(Malformed, "claims: %w", err)
	}
	c := &Claims{Payload: payload, members: members}
	from, issuer := p.endpoint(i.URL)
	if err := p.checkClaims(t, c, issuer, i); err != nil {
		return nil, err
	}
	key, err := p.keys.key(ctx, sourceOf(issuer, from, i.Thumbprints), h.alg, h.kid, h.named)
	if err != nil {
		return nil, err
	}
	t.At("signature", "one of the key, over what the token says")
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{h.alg})
	if err != nil {
		return nil, refuse(Malformed, "JWS: %w", err)
	}
	verified, err := signed.Verify(key)
	if err != nil || !bytes.Equal(verified, payload) {
		return nil, refuse(BadSignature, "kid %s, %s", explain.Quote(h.kid), h.alg)
	}
	c.Values = members.claims()
	return c, nil
}

// sourceOf returns where an issuer's keys come from.
func sourceOf(issuer, from string, thumbprints []string) source {
	sorted := slices.Sorted(slices.Values(thumbprints))
	return source{issuer, from, strings.ToLower(strings.Join(sorted, " "))}
}

// A header is the part of a JOSE header that is listened to. A key, or where to find one,
// is not: jwk, jku, x5c and x5u are what an attacker would like to choose.
type header struct {
	alg   jose.SignatureAlgorithm
	kid   string
	named bool
}

// tokenTypes are what typ may be, without regard to case: that of any JWT, or of any JWS.
// RFC 8725, section 3.11: other kinds of token say so here.
var tokenTypes = []string{"jwt", "jws", "jose", "application/jwt"}

// splitToken takes a compact JWS (RFC 7515, section 7.1) apart, as far as can be done
// without its key, and decides about the algorithm.
func splitToken(t *explain.Record, raw string) (header, []byte, error) {
	t.At("form", "a JSON Web Token of at most %d bytes: three parts with dots between, the first a JSON object", maxToken)
	if len(raw) > maxToken {
		return header{}, nil, refuse(Malformed, "longer than %d bytes", maxToken)
	}
	if n := strings.Count(raw, "."); n != 2 {
		return header{}, nil, refuse(Malformed, "%d dots", n)
	}
	first, rest, _ := strings.Cut(raw, ".")
	second, last, _ := strings.Cut(rest, ".")
	head, err := decodeSegment(first)
	if err != nil {
		return header{}, nil, refuse(Malformed, "header is not base64url")
	}
	o, err := parseObject(head)
	if err != nil {
		return header{}, nil, refuse(Malformed, "header: %w", err)
	}
	alg, ok := o.text("alg")
	t.At("algorithm", "one of %s", algorithmNames)
	t.Found("%s", explain.Quote(alg))
	if !ok || !slices.Contains(algorithms, jose.SignatureAlgorithm(alg)) {
		return header{}, nil, refuse(AlgorithmRefused, "alg %s", explain.Quote(alg))
	}
	t.At("header", "a kid of at most %d bytes, if any; a typ of JWT or JWS, if any; no extensions", maxKeyID)
	h := header{alg: jose.SignatureAlgorithm(alg)}
	if _, h.named = o["kid"]; h.named {
		if h.kid, ok = o.text("kid"); !ok || len(h.kid) > maxKeyID {
			return header{}, nil, refuse(Malformed, "kid is no string of at most %d bytes", maxKeyID)
		}
	}
	if _, there := o["typ"]; there {
		if typ, _ := o.text("typ"); !slices.Contains(tokenTypes, strings.ToLower(typ)) {
			return header{}, nil, refuse(WrongType, "typ %s", explain.Quote(typ))
		}
	}
	// No extension is understood (RFC 7515, section 4.1.11), and these are of other formats.
	for _, name := range []string{"crit", "b64", "enc", "zip"} {
		if _, there := o[name]; there {
			return header{}, nil, refuse(Malformed, "header has %s", name)
		}
	}
	t.At("claims", "a JSON object in base64url, in which no name stands twice, and a signature in base64url behind it")
	payload, err := decodeSegment(second)
	if err != nil {
		return header{}, nil, refuse(Malformed, "claims are not base64url")
	}
	if signature, err := decodeSegment(last); err != nil || len(signature) == 0 {
		return header{}, nil, refuse(Malformed, "signature is not base64url")
	}
	return h, payload, nil
}

// checkClaims decides about all claims. Source: OpenID Connect Core, section 3.1.3.7.
func (p *Providers) checkClaims(t *explain.Record, c *Claims, issuer string, i Issuer) error {
	var err error
	if t != nil {
		t.At("issuer", "iss to be %s", explain.List(append([]string{issuer}, i.Aliases...)))
	}
	if c.Issuer, err = c.required("iss"); err != nil {
		return err
	}
	t.Found("%s", explain.Quote(c.Issuer))
	switch {
	case slices.Contains(p.ownIssuers, c.Issuer):
		return refuse(OwnToken, "iss %s", explain.Quote(c.Issuer))
	case c.Issuer != issuer && !slices.Contains(i.Aliases, c.Issuer):
		return refuse(WrongIssuer, "iss %s, want %s", explain.Quote(c.Issuer), explain.Quote(issuer))
	}
	t.At("audience", "aud with one of the registered client ids: %s", explain.List(i.ClientIDs))
	if err := c.checkAudience(t, i.ClientIDs); err != nil {
		return err
	}
	wantSubject(t, "sub")
	if c.Subject, err = c.required("sub"); err != nil {
		return err
	}
	if err := checkSubject(t, c.Subject); err != nil {
		return err
	}
	return c.checkTimes(t, p.now())
}

// required returns a claim that must be there and a string.
func (c *Claims) required(name string) (string, error) {
	if _, ok := c.members[name]; !ok {
		return "", &Refusal{Reason: MissingClaim, Claim: name}
	}
	s, ok := c.members.text(name)
	if !ok {
		return "", &Refusal{Reason: BadClaim, Claim: name}
	}
	return s, nil
}

func (c *Claims) checkAudience(t *explain.Record, clients []string) error {
	if _, ok := c.members["aud"]; !ok {
		return &Refusal{Reason: MissingClaim, Claim: "aud"}
	}
	one, isOne := c.members.text("aud")
	audiences, isList := c.members.texts("aud")
	switch {
	case isOne:
		audiences = []string{one}
	case !isList:
		return &Refusal{Reason: BadClaim, Claim: "aud"}
	}
	t.Found("%s", explain.List(audiences))
	registered := func(id string) bool { return id != "" && slices.Contains(clients, id) }
	i := slices.IndexFunc(audiences, registered)
	if i < 0 {
		return refuse(WrongAudience, "aud has none of the %d registered client ids", len(clients))
	}
	c.Audience = audiences[i]
	_, hasParty := c.members["azp"]
	party, isText := c.members.text("azp")
	if hasParty || len(audiences) > 1 {
		t.Found("%s, and azp %s", explain.List(audiences), explain.Quote(party))
	}
	switch {
	case hasParty && !isText:
		return &Refusal{Reason: BadClaim, Claim: "azp"}
	case len(audiences) > 1 && !hasParty:
		return &Refusal{Reason: MissingClaim, Claim: "azp"}
	// With one audience azp may be another client of it: Google has the application's own
	// client there, and in aud its server's.
	case len(audiences) > 1 && !registered(party):
		return refuse(WrongAudience, "azp is not a registered client id")
	}
	c.AuthorizedParty = party
	return nil
}

func (c *Claims) checkTimes(t *explain.Record, now time.Time) error {
	t.At("times", "exp later than %s, and no nbf or iat later than %s; %s of difference between clocks is allowed for", explain.Time(now), explain.Time(now), leeway)
	expires, there, err := c.members.time("exp")
	switch {
	case err != nil:
		return err
	case !there:
		return &Refusal{Reason: MissingClaim, Claim: "exp"}
	case !now.Before(expires.Add(leeway)):
		t.Found("exp %s, %s ago", explain.Time(expires), now.Sub(expires).Round(time.Second))
		return &Refusal{Reason: Expired, Now: now, Expires: expires}
	}
	c.Expires = expires
	t.Found("exp %s", explain.Time(expires))
	for _, name := range []string{"nbf", "iat"} {
		from, there, err := c.members.time(name)
		switch {
		case err != nil:
			return err
		case there && now.Add(leeway).Before(from):
			t.Found("%s %s, in %s", name, explain.Time(from), from.Sub(now).Round(time.Second))
			return &Refusal{Reason: NotYetValid, Claim: name}
		}
	}
	return nil
}
