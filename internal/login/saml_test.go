package login

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

const (
	samlARN   = "arn:aws:iam::" + account + ":saml-provider/corporate"
	entityID  = "https://idp.example/metadata"
	recipient = "https://signin.aws.amazon.com/saml"
	samlBad   = refusedBy + samlARN + "'."
)

// certificate makes a certificate for a key that has expired long ago: it stands for the
// key alone.
func certificate(key *rsa.PrivateKey) []byte {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start.Add(-48 * time.Hour), NotAfter: start.Add(-24 * time.Hour)}
	return must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
}

func metadata(entity string, keys ...*rsa.PrivateKey) string {
	var list strings.Builder
	for _, k := range keys {
		list.WriteString(`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
			base64.StdEncoding.EncodeToString(certificate(k)) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`)
	}
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entity + `"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		list.String() + `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

const plainAssertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" IssueInstant="2026-03-01T11:59:58Z">` +
	`<saml:Issuer>https://idp.example/metadata</saml:Issuer>` +
	`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ann</saml:NameID>` +
	`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="https://signin.aws.amazon.com/saml" NotOnOrAfter="2026-03-01T12:05:00Z" InResponseTo="_r9"/></saml:SubjectConfirmation></saml:Subject>` +
	`<saml:Conditions NotBefore="2026-03-01T11:59:00Z" NotOnOrAfter="2026-03-01T12:05:00Z"><saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
	`<saml:AuthnStatement AuthnInstant="2026-03-01T11:59:58Z" SessionIndex="s1" SessionNotOnOrAfter="2026-03-01T12:04:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
	`<saml:AttributeStatement><saml:Attribute Name="groups"><saml:AttributeValue>a</saml:AttributeValue><saml:AttributeValue>b</saml:AttributeValue></saml:Attribute><saml:Attribute Name="mail"><saml:AttributeValue>a@example.com</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>` +
	`</saml:Assertion>`

// changed returns the plain assertion with pairs of texts replaced, each of which must be there.
func changed(t *testing.T, pairs ...string) string {
	t.Helper()
	a := plainAssertion
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(a, pairs[i]) {
			t.Fatalf("the assertion has no %q", pairs[i])
		}
		a = strings.ReplaceAll(a, pairs[i], pairs[i+1])
	}
	return a
}

// signed signs the root element of a document, within it, behind its issuer.
func signed(key *rsa.PrivateKey, method, document string) string {
	doc := etree.NewDocument()
	if err := doc.ReadFromString(document); err != nil {
		panic(err)
	}
	ctx := must(dsig.NewSigningContext(key, [][]byte{certificate(key)}))
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := ctx.SetSignatureMethod(method); err != nil {
		panic(err)
	}
	signature := must(ctx.ConstructSignature(doc.Root(), true))
	doc.Root().InsertChildAt(1, signature)
	return must(doc.WriteToString())
}

func response(assertions ...string) string {
	return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" IssueInstant="2026-03-01T11:59:58Z" Destination="https://signin.aws.amazon.com/saml">` +
		`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example/metadata</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` + strings.Join(assertions, "") + `</samlp:Response>`
}

func encoded(xml string) string { return base64.StdEncoding.EncodeToString([]byte(xml)) }

func samlWorld(t *testing.T) *world {
	w := newWorld(t, nil)
	w.pool.SAMLProviders = []string{samlARN}
	w.accounts.saml["corporate"] = metadata(entityID, rsaOne())
	return w
}

func TestSAML(t *testing.T) {
	t.Parallel()
	w := samlWorld(t)
	const sha256 = dsig.RSASHA256SignatureMethod
	whole := func(pairs ...string) string {
		return encoded(response(signed(rsaOne(), sha256, changed(t, pairs...))))
	}
	goodAssertion := signed(rsaOne(), sha256, plainAssertion)
	good := encoded(response(goodAssertion))
	evil := changed(t, ">ann<", ">root<", `ID="_a1"`, `ID="_a2"`)
	expired := "NotAuthorizedException: Invalid login token. Token is expired."

	// Signature wrapping: the signed assertion is somewhere, and another one is read.
	signatureOf := func(a string) string {
		from, to := strings.Index(a, "<ds:Signature"), strings.Index(a, "</ds:Signature>")+len("</ds:Signature>")
		return a[from:to]
	}
	wrapped := strings.Replace(goodAssertion, signatureOf(goodAssertion), "", 1)
	object := strings.Replace(signatureOf(goodAssertion), "</ds:Signature>", "<ds:Object>"+wrapped+"</ds:Object></ds:Signature>", 1)
	inObject := strings.Replace(evil, "</saml:Issuer>", "</saml:Issuer>"+object, 1)
	sameID := changed(t, ">ann<", ">root<")

	w.tries(samlARN, good, []try{
		{"not base64", "<" + good, samlBad},
		{"empty", "", samlBad},
		{"not XML", encoded("saml"), samlBad},
		{"no assertion", encoded(response()), samlBad},
		{"not signed", encoded(response(plainAssertion)), samlBad},
		{"signed by another key", encoded(response(signed(rsaTwo(), sha256, plainAssertion))), notVerified},
		{"signed with SHA-1", encoded(response(signed(rsaOne(), dsig.RSASHA1SignatureMethod, plainAssertion))), notVerified},
		{"changed after signing", encoded(strings.Replace(response(goodAssertion), ">ann<", ">root<", 1)), notVerified},
		{"attribute added after signing", encoded(strings.Replace(response(goodAssertion), "<saml:AttributeStatement>", `<saml:AttributeStatement><saml:Attribute Name="x"/>`, 1)), notVerified},
		{"wrapped: evil one first", encoded(response(evil, goodAssertion)), samlBad},
		{"wrapped: evil one last", encoded(response(goodAssertion, evil)), samlBad},
		{"wrapped: the same id", encoded(response(sameID, goodAssertion)), samlBad},
		{"wrapped: signed one inside the evil one's signature", encoded(response(inObject)), samlBad},
		{"wrapped: in an extension", encoded(strings.Replace(response(evil), "<samlp:Status>", "<samlp:Extensions>"+goodAssertion+"</samlp:Extensions><samlp:Status>", 1)), samlBad},
		{"wrapped: signature moved to the response", encoded(strings.Replace(response(sameID), "<samlp:Status>", signatureOf(goodAssertion)+"<samlp:Status>", 1)), notVerified},
		{"two assertions, both good", encoded(response(goodAssertion, goodAssertion)), samlBad},
		{"encrypted assertion", encoded(response(`<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>`)), samlBad},
		{"document type", encoded(`<!DOCTYPE x [<!ENTITY e "ann">]>` + response(goodAssertion)), samlBad},
		{"processing instruction", encoded(strings.Replace(response(goodAssertion), ">ann<", "><?x y?>ann<", 1)), samlBad},
		{"many elements", encoded(response(goodAssertion, strings.Repeat("<x/>", maxElements))), samlBad},
		{"deep", encoded(response(goodAssertion, strings.Repeat("<x>", maxDepth), strings.Repeat("</x>", maxDepth))), samlBad},
		{"assertion alone", encoded(goodAssertion), samlBad},
		{"status of failure", encoded(strings.Replace(response(goodAssertion), "status:Success", "status:Requester", 1)), samlBad},
		{"another issuer", whole(">https://idp.example/metadata<", ">https://evil.example<"), wrongIssuer},
		{"another audience", whole("urn:amazon:webservices", "urn:others"), notSupported},
		{"no audience restriction", whole("<saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction>", ""), notSupported},
		{"a second restriction to others", whole("</saml:AudienceRestriction>", "</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>urn:others</saml:Audience></saml:AudienceRestriction>"), notSupported},
		{"another recipient", whole(`Recipient="`+recipient, `Recipient="https://evil.example`), samlBad},
		{"another destination", encoded(strings.Replace(response(goodAssertion), `Destination="`+recipient, `Destination="https://evil.example`, 1)), samlBad},
		{"condition not understood", whole("<saml:AudienceRestriction>", `<x:Only xmlns:x="urn:x"/><saml:AudienceRestriction>`), samlBad},
		{"conditions over", whole(`NotOnOrAfter="2026-03-01T12:05:00Z"><saml:Aud`, `NotOnOrAfter="2026-03-01T11:57:00Z"><saml:Aud`), expired},
		{"confirmation over", whole(`NotOnOrAfter="2026-03-01T12:05:00Z" In`, `NotOnOrAfter="2026-03-01T11:57:00Z" In`), expired},
		{"issued long ago", whole(`IssueInstant="2026-03-01T11:59:58Z"`, `IssueInstant="2026-03-01T11:50:00Z"`), expired},
		{"not valid yet", whole(`NotBefore="2026-03-01T11:59:00Z"`, `NotBefore="2026-03-01T12:04:00Z"`), notYet},
		{"no statement of how", whole("saml:AuthnStatement", "saml:Advice"), samlBad},
		{"no bearer", whole("cm:bearer", "cm:holder-of-key"), samlBad},
		{"transient subject", whole("nameid-format:persistent", "nameid-format:transient"), samlBad},
		{"empty subject", whole(">ann<", "><"), notIDToken},
		{"another format", "e30.e30.AA", samlBad},

		{"twin: response signed too", encoded(signed(rsaOne(), sha256, response(goodAssertion))), "login ann"},
		{"twin: response signed alone", encoded(signed(rsaOne(), sha256, response(plainAssertion))), "login ann"},
		{"twin: the other audience", whole("urn:amazon:webservices", recipient), "login ann"},
		{"twin: nobody asked", whole(` InResponseTo="_r9"`, ""), "login ann"},
		// The signature covers the text without the comment, and so is what is read.
		{"twin: comment in the subject", encoded(strings.Replace(response(signed(rsaOne(), sha256, changed(t, ">ann<", ">ann.evil.example<"))), ">ann.evil", ">ann<!-- -->.evil", 1)), "login ann.evil.example"},
	})

	w.accounts.saml["corporate"] = metadata(entityID, rsaTwo(), rsaOne())
	if got, want := w.said(samlARN, good), "login ann"; got != want {
		t.Errorf("second key of the metadata: got %q, want %q", got, want)
	}
	for name, m := range map[string]string{
		"not registered": "", "broken": "<x", "expired": strings.Replace(metadata(entityID, rsaOne()), " entityID", ` validUntil="2026-02-01T00:00:00Z" entityID`, 1),
		"without keys": metadata(entityID),
	} {
		w.accounts.saml["corporate"] = m
		if got := w.said(samlARN, good); !strings.HasPrefix(got, "NotAuthorizedException: ") {
			t.Errorf("metadata %s: got %q", name, got)
		}
	}
	if got := w.said("corporate", good); got != notSupported {
		t.Errorf("by name: got %q, want %q", got, notSupported)
	}
}

func TestSAML_Verified(t *testing.T) {
	t.Parallel()
	w := samlWorld(t)
	token := encoded(response(signed(rsaOne(), dsig.RSASHA256SignatureMethod, plainAssertion)))
	for range 2 { // GetId, and then GetCredentialsForIdentity
		got, err := w.Verify(t.Context(), w.pool, samlARN, api.Secret(token))
		if err != nil {
			t.Fatal(err)
		}
		want := &identity.Verified{
			Login: identity.Login{Provider: samlARN, Subject: "ann"}, AMR: []string{samlARN, samlARN + ":SAML:ann"},
			ProviderARN: samlARN, Audience: recipient, Expires: start.Add(4 * time.Minute),
			Claims: identity.LoginClaims{"groups": {"a", "b"}, "mail": {"a@example.com"}, nameIDClaim: {"ann"}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func TestSAML_Configured(t *testing.T) {
	t.Parallel()
	const own = "https://pools.example/saml"
	w := newWorld(t, nil, func(c *Config) { c.SAML = SAML{Recipient: own, Audiences: []string{"urn:pools"}} })
	w.pool.SAMLProviders = []string{samlARN}
	w.accounts.saml["corporate"] = metadata(entityID, rsaOne())
	token := func(pairs ...string) string {
		r := response(signed(rsaOne(), dsig.RSASHA256SignatureMethod, changed(t, pairs...)))
		return encoded(strings.Replace(r, `Destination="`+recipient, `Destination="`+own, 1))
	}
	w.tries(samlARN, token(recipient, own, "urn:amazon:webservices", "urn:pools"), []try{
		{"AWS's audience", token(recipient, own), notSupported},
		{"AWS's recipient", token("urn:amazon:webservices", "urn:pools"), samlBad},
	})
}

func FuzzSAML(f *testing.F) {
	f.Add([]byte(response(signed(rsaOne(), dsig.RSASHA256SignatureMethod, plainAssertion))))
	f.Add([]byte(signed(rsaOne(), dsig.RSASHA256SignatureMethod, response(plainAssertion))))
	f.Add([]byte(`<a:Assertion xmlns:a="x"><a:Signature/></a:Assertion>`))
	p := must(New(Config{Now: func() time.Time { return start }, Registry: &accounts{saml: map[string]string{"corporate": metadata(entityID, rsaOne())}}}))
	pool := &identity.Pool{Account: account, SAMLProviders: []string{samlARN}}
	f.Fuzz(func(t *testing.T, document []byte) {
		v, err := p.Verify(t.Context(), pool, samlARN, api.Secret(base64.StdEncoding.EncodeToString(document)))
		if err == nil && v.Subject != "ann" {
			t.Errorf("taken for %q", v.Subject)
		}
	})
}
