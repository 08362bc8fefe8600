package principal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func (w *world) createOIDC(url string, clients ...string) (arn string, err error) {
	out, err := w.CreateOpenIDConnectProvider(w.Context(), owner, &api.CreateOpenIDConnectProviderInput{Url: url, ClientIDList: clients})
	if err != nil {
		return "", err
	}
	return out.OpenIDConnectProviderArn, nil
}

func TestOIDCProvider_Life(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	print1, print2 := strings.Repeat("a", 40), strings.Repeat("b", 40)
	created := must(w.CreateOpenIDConnectProvider(ctx, owner, &api.CreateOpenIDConnectProviderInput{
		Url: "https://id.example.com:8443/realms/a", ClientIDList: []string{"app", "web", "app"}, ThumbprintList: []string{print1},
		Tags: []api.Tag{{Key: "k", Value: "v"}},
	}))
	arn := "arn:aws:iam::111122223333:oidc-provider/id.example.com:8443/realms/a"
	if diff := cmp.Diff(&api.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: arn, Tags: []api.Tag{{Key: "k", Value: "v"}}}, created); diff != "" {
		t.Errorf("created (-want +got)\n%s", diff)
	}
	want := &api.GetOpenIDConnectProviderOutput{
		Url: "id.example.com:8443/realms/a", ClientIDList: []string{"app", "web"}, ThumbprintList: []string{print1},
		CreateDate: start, Tags: []api.Tag{{Key: "k", Value: "v"}},
	}
	add := func(id string) error {
		return w.AddClientIDToOpenIDConnectProvider(ctx, owner, &api.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: id})
	}
	remove := func(id string) error {
		return w.RemoveClientIDFromOpenIDConnectProvider(ctx, owner, &api.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: id})
	}
	for _, tc := range []struct {
		name string
		call func() error
		want func()
	}{
		{"created", func() error { return nil }, func() {}},
		{"client added", func() error { return add("new") }, func() { want.ClientIDList = []string{"app", "web", "new"} }},
		{"added again", func() error { return add("new") }, func() {}},
		{"removed", func() error { return remove("app") }, func() { want.ClientIDList = []string{"web", "new"} }},
		{"removed again", func() error { return remove("app") }, func() {}},
		{"thumbprints", func() error {
			return w.UpdateOpenIDConnectProviderThumbprint(ctx, owner, &api.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{print2}})
		}, func() { want.ThumbprintList = []string{print2} }},
	} {
		w.clock.goOn(time.Minute)
		if err := tc.call(); err != nil {
			t.Fatalf("%s: %s", tc.name, answer(err))
		}
		tc.want()
		got := must(w.GetOpenIDConnectProvider(ctx, owner, &api.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
	list := must(w.ListOpenIDConnectProviders(ctx, owner, &api.ListOpenIDConnectProvidersInput{})).OpenIDConnectProviderList
	if diff := cmp.Diff([]api.OpenIDConnectProviderListEntry{{Arn: arn}}, list); diff != "" {
		t.Errorf("listed (-want +got)\n%s", diff)
	}
	for range 2 { // it does not fail when there is none
		w.check(w.DeleteOpenIDConnectProvider(ctx, owner, &api.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	}
	if list := must(w.ListOpenIDConnectProviders(ctx, owner, &api.ListOpenIDConnectProvidersInput{})).OpenIDConnectProviderList; list == nil || len(list) > 0 {
		t.Errorf("after deletion: got %#v, want an empty list", list)
	}
}

func TestOIDCProvider_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	create := func(url string, clients ...string) func() error {
		return func() error { return only(w.createOIDC(url, clients...)) }
	}
	many := func(n int) (ids []string) {
		for k := range n {
			ids = append(ids, fmt.Sprint("client ", k))
		}
		return ids
	}
	const invalid = "ValidationError: Invalid Open ID Connect Provider URL"
	rows := []refusal{
		{"not https", create("http://a.example"), "InvalidInput: Invalid Open ID Connect Provider URL. The URL must begin with https://.", create("https://a.example")},
		{"taken", create("https://a.example"), "EntityAlreadyExists: Provider with url https://a.example already exists.", create("https://a.example/b")},
		{"101 clients", create("https://c.example", many(101)...), "LimitExceeded: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100", create("https://c.example", many(100)...)},
		{"six thumbprints", func() error {
			return only(w.CreateOpenIDConnectProvider(ctx, owner, &api.CreateOpenIDConnectProviderInput{Url: "https://t.example", ThumbprintList: many(6)}))
		}, "InvalidInput: Thumbprint list must contain fewer than 5 entries.", func() error {
			return only(w.CreateOpenIDConnectProvider(ctx, owner, &api.CreateOpenIDConnectProviderInput{Url: "https://t.example", ThumbprintList: many(5)}))
		}},
	}
	for n, url := range []string{"a.example", "https://", "https://u:p@a.example", "https://a.example?q", "https://a.example?", "https://a.example#f", "https://a.example#", "//a.example", "https://a b", "https://a.example/é"} {
		rows = append(rows, refusal{url, create(url), invalid, create(fmt.Sprintf("https://%d.example", n))})
	}
	w.refuses("CreateOpenIDConnectProvider", rows...)
	const base = "arn:aws:iam::111122223333:oidc-provider/"
	const arn, none = base + "c.example", base + "none.example"
	notFound := func(arn string) string { return "NoSuchEntity: OpenIDConnect Provider not found for arn " + arn }
	get := func(arn string) func() error {
		return func() error {
			return only(w.GetOpenIDConnectProvider(ctx, owner, &api.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
		}
	}
	w.refuses("GetOpenIDConnectProvider",
		refusal{"none", get(none), notFound(none), get(arn)},
		refusal{"no ARN", get("https://c.example"), notFound("https://c.example"), get(arn)},
		refusal{"another kind", get("arn:aws:iam::111122223333:saml-provider/c.example"), notFound("arn:aws:iam::111122223333:saml-provider/c.example"), get(arn)},
	)
	add := func(arn, id string) func() error {
		return func() error {
			return w.AddClientIDToOpenIDConnectProvider(ctx, owner, &api.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: id})
		}
	}
	w.refuses("AddClientIDToOpenIDConnectProvider",
		refusal{"none", add(none, "x"), notFound(none), add(base+"a.example", "x")},
		refusal{"a 101st", add(arn, "x"), "LimitExceeded: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100", add(arn, "client 7")},
	)
	remove := func(arn string) func() error {
		return func() error {
			return w.RemoveClientIDFromOpenIDConnectProvider(ctx, owner, &api.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: "x"})
		}
	}
	w.refuses("RemoveClientIDFromOpenIDConnectProvider", refusal{"none", remove(none), notFound(none), remove(arn)})
	thumb := func(arn string, n int) func() error {
		return func() error {
			return w.UpdateOpenIDConnectProviderThumbprint(ctx, owner, &api.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: many(n)})
		}
	}
	w.refuses("UpdateOpenIDConnectProviderThumbprint",
		refusal{"none", thumb(none, 1), notFound(none), thumb(arn, 1)},
		refusal{"six", thumb(arn, 6), "InvalidInput: Thumbprint list must contain fewer than 5 entries.", thumb(arn, 5)},
	)
}

// metadata returns a SAML metadata document whose root has the attributes.
func metadata(attributes string) string {
	return `<?xml version="1.0"?><!-- metadata --><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ` + attributes +
		`><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></md:EntityDescriptor>` + "\n"
}

const entity = `entityID="https://idp.example"`

func (w *world) createSAML(name, document string) (arn string, err error) {
	out, err := w.CreateSAMLProvider(w.Context(), owner, &api.CreateSAMLProviderInput{Name: name, SAMLMetadataDocument: document})
	if err != nil {
		return "", err
	}
	return out.SAMLProviderArn, nil
}

func TestSAMLProvider_Life(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	const arn = "arn:aws:iam::111122223333:saml-provider/Idp"
	if got := must(w.createSAML("Idp", metadata(entity))); got != arn {
		t.Fatalf("got %s, want %s", got, arn)
	}
	compare := func(name string, want *api.GetSAMLProviderOutput) {
		t.Helper()
		if diff := cmp.Diff(want, must(w.GetSAMLProvider(ctx, owner, &api.GetSAMLProviderInput{SAMLProviderArn: arn}))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	compare("created", &api.GetSAMLProviderOutput{SAMLMetadataDocument: metadata(entity), CreateDate: start})
	w.clock.goOn(time.Hour)
	until := metadata(entity + ` validUntil="2027-01-02T03:04:05.678+01:00"`)
	w.check(only(w.UpdateSAMLProvider(ctx, owner, &api.UpdateSAMLProviderInput{SAMLProviderArn: arn, SAMLMetadataDocument: until})))
	validUntil := time.Date(2027, 1, 2, 2, 4, 5, 678e6, time.UTC)
	compare("updated", &api.GetSAMLProviderOutput{SAMLMetadataDocument: until, CreateDate: start, ValidUntil: validUntil})
	list := must(w.ListSAMLProviders(ctx, owner, &api.ListSAMLProvidersInput{})).SAMLProviderList
	if diff := cmp.Diff([]api.SAMLProviderListEntry{{Arn: arn, ValidUntil: validUntil, CreateDate: start}}, list); diff != "" {
		t.Errorf("listed (-want +got)\n%s", diff)
	}
}

func TestSAMLProvider_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	const invalid = "InvalidInput: Could not parse metadata"
	create := func(name, document string) func() error {
		return func() error { return only(w.createSAML(name, document)) }
	}
	rows := []refusal{
		{"name of any", create("idp", "<a/>"), invalid, create("idp", metadata(entity))},
		{"name taken", create("IDP", metadata(entity)), "EntityAlreadyExists: Provider with name IDP already exists.", create("idp2", metadata(entity))},
	}
	good := metadata(entity)
	for n, document := range []string{
		"", "no XML", good[:len(good)-9], good + "<a/>", good + "text", metadata(""), metadata(entity + ` validUntil="tomorrow"`),
		strings.Replace(good, "SAML:2.0:metadata", "SAML:1.1:metadata", 1), strings.ReplaceAll(good, "IDPSSO", "SPSSO"),
	} {
		name := fmt.Sprint("n", n)
		rows = append(rows, refusal{document, create(name, document), invalid, create(name, good)})
	}
	w.refuses("CreateSAMLProvider", rows...)
	const arn, none = "arn:aws:iam::111122223333:saml-provider/idp", "arn:aws:iam::111122223333:saml-provider/none"
	const notFound = "NoSuchEntity: Manifest not found for arn " + none
	get := func(arn string) func() error {
		return func() error {
			return only(w.GetSAMLProvider(ctx, owner, &api.GetSAMLProviderInput{SAMLProviderArn: arn}))
		}
	}
	w.refuses("GetSAMLProvider", refusal{"none", get(none), notFound, get(arn)})
	update := func(arn, document string) func() error {
		return func() error {
			return only(w.UpdateSAMLProvider(ctx, owner, &api.UpdateSAMLProviderInput{SAMLProviderArn: arn, SAMLMetadataDocument: document}))
		}
	}
	w.refuses("UpdateSAMLProvider",
		refusal{"none", update(none, good), notFound, update(arn, good)},
		refusal{"invalid", update(arn, "<a/>"), invalid, update(arn, good)})
	remove := func(arn string) func() error {
		return func() error {
			return w.DeleteSAMLProvider(ctx, owner, &api.DeleteSAMLProviderInput{SAMLProviderArn: arn})
		}
	}
	w.refuses("DeleteSAMLProvider", refusal{"none", remove(none), notFound, remove(arn)})
}
