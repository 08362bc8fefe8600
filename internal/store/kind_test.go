package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// Documents that were written once must be read for ever.
func TestKinds_Documents(t *testing.T) {
	t.Parallel()
	when := time.UnixMilli(1_790_000_000_001).UTC()
	e := principal.Entity{Path: "/team/", Tags: map[string]string{"Team": "x"}}
	p := principal.Permissions{Inline: map[string]string{"Read": `{"a":1}`}, Attached: []string{"b", "a"}}

	checkDocument(t, &users, &principal.User{}, `{}`)
	checkDocument(t, &users, &principal.User{Entity: e, Permissions: p, SessionsFrom: when},
		`{"path":"/team/","tags":{"Team":"x"},"inline":{"Read":"{\"a\":1}"},"attached":["b","a"],"sessionsFrom":1790000000001}`)
	checkDocument(t, &roles, &principal.Role{
		Entity: e, Permissions: p, Description: "d", Trust: "{}", Trusted: map[string]string{"arn": "AIDA"}, MaxSession: 3600, SessionsFrom: time.UnixMilli(0).UTC(),
	}, `{"path":"/team/","tags":{"Team":"x"},"inline":{"Read":"{\"a\":1}"},"attached":["b","a"],`+
		`"description":"d","trust":"{}","trusted":{"arn":"AIDA"},"maxSession":3600,"sessionsFrom":0}`)
	checkDocument(t, &roles, &principal.Role{Entity: e, Upstream: &principal.Upstream{URL: "https://sts.example", RoleARN: "arn"}},
		`{"path":"/team/","tags":{"Team":"x"},"upstream":{"url":"https://sts.example","roleARN":"arn"}}`)
	checkDocument(t, &roles, &principal.Role{Upstream: &principal.Upstream{URL: "https://sts.example", RoleARN: "arn", Duration: 900, Policy: "{}"}},
		`{"upstream":{"url":"https://sts.example","roleARN":"arn","duration":900,"policy":"{}"}}`)
	checkDocument(t, &policies, &principal.Policy{
		Entity: e, Description: "d", Updated: when, NextVersion: 3,
		Versions: []principal.PolicyVersion{{ID: "v1", Document: "{ }", Created: when}, {ID: "v2", Document: "{}", Default: true}},
	}, `{"path":"/team/","tags":{"Team":"x"},"description":"d","updated":1790000000001,`+
		`"versions":[{"id":"v1","document":"{ }","created":1790000000001},{"id":"v2","document":"{}","default":true}],"nextVersion":3}`)
	checkDocument(t, &oidcProviders, &principal.OIDCProvider{Entity: e, ClientIDs: []string{"b", "a"}, Thumbprints: []string{"00"}},
		`{"path":"/team/","tags":{"Team":"x"},"clientIDs":["b","a"],"thumbprints":["00"]}`)
	checkDocument(t, &samlProviders, &principal.SAMLProvider{Entity: e, Metadata: "<a/>", ValidUntil: when},
		`{"path":"/team/","tags":{"Team":"x"},"metadata":"\u003ca/\u003e","validUntil":1790000000001}`)
}

func checkDocument[T, D any](t *testing.T, k *kind[T, D], record *T, text string) {
	t.Helper()
	got, err := json.Marshal(k.encode(record))
	if err != nil || string(got) != text {
		t.Errorf("document of %s: got %s, %v, want %s", k.name, got, err, text)
	}
	var doc D
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	back := new(T)
	k.decode(doc, back)
	if diff := cmp.Diff(record, back); diff != "" {
		t.Errorf("%s %s: (-want +got)\n%s", k.name, text, diff)
	}
}

func TestKinds_BadDocument(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		`{"sessionsFrom":1}`: true, `{"sessionsFrom":-1}`: true, `{"later":1}`: true,
		`{"sessionsFrom":"1"}`: false, `{"sessionsFrom":1.5}`: false, `{"path":1}`: false, ``: false,
	} {
		var doc userDoc
		if err := json.Unmarshal([]byte(text), &doc); (err == nil) != ok {
			t.Errorf("%s: got error %v", text, err)
		}
	}
}
