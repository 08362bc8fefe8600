package iam_test

import (
	"slices"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

func TestPinned(t *testing.T) {
	t.Parallel()
	const ann, role = "arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:role/r"
	const document = `{"Statement": [
		{"Effect": "Allow", "Principal": {"AWS": ["` + ann + `", "` + role + `", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:sts::111122223333:assumed-role/r/s"]}, "Action": "sts:*"},
		{"Effect": "Deny", "NotPrincipal": {"AWS": "` + ann + `", "Federated": "x"}, "Action": "sts:TagSession"}]}`
	trust, err := iam.Parse([]byte(document), iam.TrustPolicy)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := trust.Named(), []string{ann, role}; !slices.Equal(got, want) {
		t.Errorf("named %q, want %q", got, want)
	}
	pinned := trust.Pinned(map[string]string{ann: "AIDA1", role: "AROA1"})
	for _, tc := range []struct {
		name      string
		principal iam.Principal
		by        *iam.Policy
		action    string
		want      bool
	}{
		{"ann by name", iam.Principal{ARN: ann, ID: "AIDA2", ByName: true}, trust, "sts:AssumeRole", true},
		{"ann", iam.Principal{ARN: ann, ID: "AIDA1", ByName: true}, pinned, "sts:AssumeRole", true},
		{"ann, renamed", iam.Principal{ARN: ann + "a", ID: "AIDA1", ByName: true}, pinned, "sts:AssumeRole", true},
		{"another ann", iam.Principal{ARN: ann, ID: "AIDA2", ByName: true}, pinned, "sts:AssumeRole", false},
		{"ann without an id", iam.Principal{ARN: ann, ByName: true}, pinned, "sts:AssumeRole", false},
		{"the role", iam.Principal{ARN: "arn:aws:sts::111122223333:assumed-role/r/x", Role: role, ID: "AROA1", ByName: true}, pinned, "sts:AssumeRole", true},
		{"another role", iam.Principal{ARN: "arn:aws:sts::111122223333:assumed-role/r/x", Role: role, ID: "AROA2", ByName: true}, pinned, "sts:AssumeRole", false},
		{"a session by its own name", iam.Principal{ARN: "arn:aws:sts::111122223333:assumed-role/r/s", Role: role, ID: "AROA2", ByName: true}, pinned, "sts:AssumeRole", true},
		{"not denied", iam.Principal{ARN: ann, ID: "AIDA1", ByName: true}, pinned, "sts:TagSession", true},
		{"denied, since another", iam.Principal{ARN: ann, ID: "AIDA2"}, pinned, "sts:TagSession", false},
	} {
		if d := iam.EvaluateTrust(&iam.Request{Action: tc.action, Principal: tc.principal}, tc.by); d.Allowed != tc.want {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
}

func TestRenamed(t *testing.T) {
	t.Parallel()
	const ann = "arn:aws:iam::111122223333:user/ann"
	for _, tc := range []struct{ document, want string }{
		{`{"Statement": {"Principal": {"AWS": "` + ann + `"} } }`, `{"Statement": {"Principal": {"AWS": "AIDA"} } }`},
		{`{"Statement": {"Principal": {"AWS": "arn:aws:iam::111122223333:user\/ann"}}}`, `{"Statement": {"Principal": {"AWS": "AIDA"}}}`},
		{"{\"Statement\" :[ {\"NotPrincipal\":\n{\"AWS\":[ \"x\" ,\"" + ann + "\",\"" + ann + "\"]}}]}", "{\"Statement\" :[ {\"NotPrincipal\":\n{\"AWS\":[ \"x\" ,\"AIDA\",\"AIDA\"]}}]}"},
		{`{"Id": "` + ann + `", "Statement": [{"Sid": "AWS", "Principal": {"Federated": "` + ann + `"}, "Condition": {"StringEquals": {"aws:PrincipalArn": ["` + ann + `"]}}}]}`, ""},
		{`{"Statement": {"Principal": "*"}}`, ""},
		{`{"Statement": {"Principal": {"AWS": "` + ann + `/x"}}}`, ""},
	} {
		if tc.want == "" {
			tc.want = tc.document
		}
		if got := iam.Renamed(tc.document, map[string]string{ann: "AIDA"}); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.document, got, tc.want)
		}
	}
}

func TestMisses(t *testing.T) {
	t.Parallel()
	trust, err := iam.Parse([]byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"Federated": "p"}, "Action": "sts:TagSession"},
		{"Sid": "Two", "Effect": "Allow", "Principal": {"Federated": "q"}, "Action": "sts:AssumeRoleWithWebIdentity"},
		{"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
		{"Effect": "Allow", "Principal": {"Federated": "p"}, "Action": "*", "Condition": {"StringEquals": {"p:aud": ["a", "b"], "p:sub": "x"}}}]}`), iam.TrustPolicy)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]string{"p:aud": {"c"}}
	r := &iam.Request{
		Action: "sts:AssumeRoleWithWebIdentity", Principal: iam.Principal{Federated: []string{"p"}},
		Context: func(key string) []string { return values[key] },
	}
	d := iam.EvaluateTrust(r, trust)
	misses := iam.Misses(r, trust)
	const want = "no statement of 1 role trust policy allows sts:AssumeRoleWithWebIdentity; statement 1: another Action; statement 2 (Sid Two): another Principal; statement 4: StringEquals p:aud does not hold"
	if got := iam.Why(d, misses); got != want || d.Allowed {
		t.Errorf("got %s, want %s", got, want)
	}
	last := misses[len(misses)-1]
	if !slices.Equal(last.Wanted, []string{"a", "b"}) || !slices.Equal(last.Found, []string{"c"}) {
		t.Errorf("got %+v", last)
	}
	values["p:aud"] = []string{"b"}
	misses = iam.Misses(r, trust)
	if last := misses[len(misses)-1]; last.Key != "p:sub" || last.Found != nil {
		t.Errorf("got %+v", last)
	}
	values["p:sub"] = []string{"x"}
	if d := iam.EvaluateTrust(r, trust); !d.Allowed || len(iam.Misses(r, trust)) != 2 {
		t.Errorf("%s: misses %v", d, iam.Misses(r, trust))
	}
}
