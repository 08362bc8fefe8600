package login

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/poolkeeper/poolkeeper/internal/explain"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// nameIDClaim is the claim that a subject's name goes by, for role mappings and tags,
// where the assertion has no attribute of that name.
const nameIDClaim = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"

// maxElements and maxDepth are how many elements a response may have, and how deep.
const maxElements, maxDepth = 2000, 50

// samlLogin verifies a SAML response in base64: one assertion, signed by a key in the
// provider's metadata, for us, now. A response may be presented more than once while it is
// valid: clients of identity pools do so, in GetId and after.
// Source: SAML 2.0 Core and Profiles, section 4.1.4; the IAM User Guide, "Configure SAML
// assertions for the authentication response"; the Cognito developer guide, "Setting up a
// SAML provider as an identity pool IdP".
func (p *Providers) samlLogin(ctx context.Context, pool *identity.Pool, arn, token string) (*identity.Verified, error) {
	t := explain.From(ctx)
	t.Plan("registration", "form", "assertion", "subject")
	t.At("registration", "a SAML provider %s in IAM, with a metadata document", explain.Quote(arn))
	name, ok := pool.ProviderName("saml-provider", arn)
	if !ok {
		return nil, refuse(NotRegistered, "not a SAML provider of the account")
	}
	metadata, err := p.registry.TrustedSAML(ctx, pool.Account, name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("look up SAML provider %s: %w", name, err)
	case metadata == "":
		return nil, refuse(NotRegistered, "account has no such SAML provider")
	}
	provider := &saml.EntityDescriptor{}
	if err := xml.Unmarshal([]byte(metadata), provider); err != nil {
		return nil, refuse(NotRegistered, "metadata: %w", err)
	}
	t.At("form", "a SAML response in base64, with one assertion that is not encrypted, and nothing that two readers could read differently")
	response, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return nil, refuse(RefusedByProvider, "not base64")
	}
	if err := checkResponse(response); err != nil {
		return nil, refuse(RefusedByProvider, "%w", err)
	}
	t.At("assertion", "one that a key in the metadata has signed, issued by %s, received by %s, for one of %s, valid at %s",
		explain.Quote(provider.EntityID), explain.Quote(p.saml.Recipient), explain.List(p.saml.Audiences), explain.Time(p.now()))
	a, err := p.assertion(provider, response)
	if err != nil {
		return nil, err
	}
	wantSubject(t, "a NameID that is not transient")
	subject := a.Subject.NameID
	if subject.Format == string(saml.TransientNameIDFormat) {
		// It names the session: the next login would be somebody else.
		return nil, refuse(RefusedByProvider, "NameID is transient")
	}
	if err := checkSubject(t, subject.Value); err != nil {
		return nil, err
	}
	claims := identity.LoginClaims{}
	for _, s := range a.AttributeStatements {
		for _, attribute := range s.Attributes {
			for _, v := range attribute.Values {
				claims[attribute.Name] = append(claims[attribute.Name], v.Value)
			}
		}
	}
	if _, ok := claims[nameIDClaim]; !ok {
		claims[nameIDClaim] = []string{subject.Value}
	}
	return &identity.Verified{
		Login:       identity.Login{Subject: subject.Value},
		AMR:         []string{arn, arn + ":SAML:" + subject.Value},
		ProviderARN: arn,
		Audience:    p.saml.Recipient,
		Claims:      claims,
		Expires:     expiry(a),
	}, nil
}

// assertion returns the one assertion of a response, verified.
func (p *Providers) assertion(provider *saml.EntityDescriptor, response []byte) (*saml.Assertion, error) {
	recipient, err := url.Parse(p.saml.Recipient)
	if err != nil {
		return nil, err
	}
	sp := &saml.ServiceProvider{
		EntityID:    p.saml.Audiences[0],
		AcsURL:      *recipient,
		IDPMetadata: provider,
		// The application asked, if anybody did: no request is known here.
		AllowIDPInitiated:           true,
		ValidateRequestID:           func(saml.Response, []string) error { return nil },
		ValidateAudienceRestriction: p.checkRestriction,
		RejectUnknownConditions:     true,
		RejectSHA1Signatures:        true,
		RejectExpiredIDPMetadata:    true,
		// As AWS does not either: certificates in metadata stand for their keys.
		IgnoreCertificateExpiry: true,
		Clock:                   dsig.NewFakeClockAt(p.now()),
	}
	a, err := sp.ParseXMLResponse(response, nil, *recipient)
	if err != nil {
		// The library's error holds the response; only the private one may be logged.
		var invalid *saml.InvalidResponseError
		if errors.As(err, &invalid) {
			err = invalid.PrivateErr
		}
		return nil, &Refusal{Reason: samlReason(err), Err: err}
	}
	if a.Subject == nil || a.Subject.NameID == nil {
		return nil, &Refusal{Reason: BadClaim, Claim: "NameID"}
	}
	return a, nil
}

func samlReason(err error) Reason {
	for _, r := range []struct {
		err    error
		reason Reason
	}{
		{saml.ErrInvalidSignature, BadSignature},
		{saml.ErrIssuerMismatch, WrongIssuer},
		{saml.ErrAudienceMismatch, WrongAudience},
		{saml.ErrExpired, Expired},
		{saml.ErrNotYetValid, NotYetValid},
	} {
		if errors.Is(err, r.err) {
			return r.reason
		}
	}
	return RefusedByProvider
}

// checkRestriction wants every audience restriction, and at least one, to name us (SAML
// Core, section 2.5.1.4).
func (p *Providers) checkRestriction(a *saml.Assertion) error {
	if len(a.Conditions.AudienceRestrictions) == 0 {
		return errors.New("no audience restriction")
	}
	for i := range a.Conditions.AudienceRestrictions {
		ours := func(to saml.Audience) bool { return slices.Contains(p.saml.Audiences, to.Value) }
		if !slices.ContainsFunc(a.Conditions.AudienceRestrictions[i].AllAudiences(), ours) {
			return errors.New("audience restriction names others")
		}
	}
	return nil
}

// expiry is when the first of an assertion's limits is reached.
func expiry(a *saml.Assertion) time.Time {
	end := a.Conditions.NotOnOrAfter
	for _, s := range a.AuthnStatements {
		if t := s.SessionNotOnOrAfter; t != nil && (end.IsZero() || t.Before(end)) {
			end = *t
		}
	}
	return end
}

// checkResponse refuses, before anything is verified, what leaves a choice: another
// assertion anywhere in the document, more signatures than the response's and the
// assertion's, and what could make two parsers see two documents.
func checkResponse(response []byte) error {
	d := xml.NewDecoder(bytes.NewReader(response))
	elements, depth, assertions, signatures := 0, 0, 0, 0
	for {
		token, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF):
			if assertions != 1 {
				return fmt.Errorf("%d assertions", assertions)
			}
			return nil
		case err != nil:
			return errors.New("not XML")
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("document type declaration")
		case xml.ProcInst:
			if t.Target != "xml" {
				return errors.New("processing instruction")
			}
		case xml.EndElement:
			depth--
		case xml.StartElement:
			elements++
			depth++
			switch {
			case elements > maxElements || depth > maxDepth:
				return errors.New("too many elements")
			case strings.EqualFold(t.Name.Local, "EncryptedAssertion"):
				return errors.New("assertion is encrypted")
			case strings.EqualFold(t.Name.Local, "Assertion"):
				assertions++
			case strings.EqualFold(t.Name.Local, "Signature"):
				signatures++
			}
			if assertions > 1 || signatures > 2 {
				return errors.New("more than one assertion, or more than two signatures")
			}
		}
	}
}
