package principal_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

func TestRoleUpstream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.roleFor("r", trust)
	theirs := w.roleOf(stranger, "theirs", trust)
	good := api.RoleUpstream{Url: "https://sts.example:9000/x", RoleArn: "arn:minio:iam:::role/dummy-internal", DurationSeconds: 900, Policy: nothing}
	set := func(arn string, change func(*api.RoleUpstream)) func() error {
		return func() error {
			u := good
			change(&u)
			return only(w.SetRoleUpstream(t.Context(), owner, &api.SetRoleUpstreamInput{RoleArn: arn, Upstream: &u}))
		}
	}
	is := func(url string) func(*api.RoleUpstream) { return func(u *api.RoleUpstream) { u.Url = url } }
	whatURL := api.InvalidUpstreamURL.With().Error()
	notFound := func(arn string) string { return "ResourceNotFoundException: Resource '" + arn + "' not found." }
	bad := []refusal{
		{"no role", set(arn+"q", is(good.Url)), notFound(arn + "q"), set(arn, is(good.Url))},
		{"role of another account", set(theirs, is(good.Url)), notFound(theirs), set(arn, is(good.Url))},
		{"no ARN", set("arn:aws:iam::111122223333:user/r", is(good.Url)), notFound("arn:aws:iam::111122223333:user/r"), set(arn, is(good.Url))},
		{"another path", set("arn:aws:iam::111122223333:role/x/r", is(good.Url)), notFound("arn:aws:iam::111122223333:role/x/r"), set(arn, is(good.Url))},
		{"malformed policy", set(arn, func(u *api.RoleUpstream) { u.Policy = malformed }), whatMalformed, set(arn, func(u *api.RoleUpstream) { u.Policy = "" })},
	}
	for _, url := range []string{"http://sts.example", "sts.example", "https://", "https://u@sts.example", "https://sts.example?a=b", "https://sts.example#a", "ftp://sts.example", "https:sts.example", "https://sts example", "https://:443"} {
		bad = append(bad, refusal{url, set(arn, is(url)), whatURL, set(arn, is("https://sts.example"))})
	}
	w.refuses("SetRoleUpstream", bad...)

	w.check(set(arn, is(good.Url))())
	got, err := w.GetRoleUpstream(t.Context(), owner, &api.GetRoleUpstreamInput{RoleArn: arn})
	w.check(err)
	if diff := cmp.Diff(&good, got.Upstream); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	w.refuses("GetRoleUpstream",
		refusal{"to a stranger", func() error {
			return only(w.GetRoleUpstream(t.Context(), stranger, &api.GetRoleUpstreamInput{RoleArn: arn}))
		}, notFound(arn), func() error {
			return only(w.GetRoleUpstream(t.Context(), owner, &api.GetRoleUpstreamInput{RoleArn: arn}))
		}},
	)
	// Other changes of the role leave it.
	w.check(w.trust("r", admits("*", "")))
	remove := func() error {
		return only(w.DeleteRoleUpstream(t.Context(), owner, &api.DeleteRoleUpstreamInput{RoleArn: arn}))
	}
	w.check(remove())
	w.refuses("DeleteRoleUpstream", refusal{"none", remove, "ResourceNotFoundException: Role 'r' has no upstream.", func() error {
		w.check(set(arn, is(good.Url))())
		return remove()
	}})
	if got := answer(only(w.GetRoleUpstream(t.Context(), owner, &api.GetRoleUpstreamInput{RoleArn: arn}))); got != "ResourceNotFoundException: Role 'r' has no upstream." {
		t.Errorf("got %s", got)
	}

	w = newWorldWith(t, principal.Config{InsecureUpstreams: true})
	arn = w.roleFor("r", trust)
	w.check(set(arn, is("http://127.0.0.1:9000"))())
}
