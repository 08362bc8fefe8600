package identity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

func (w *world) tag(arn string, tags map[string]string) error {
	return only(w.TagResource(w.Context(), owner, &api.TagResourceInput{ResourceArn: arn, Tags: tags}))
}

func (w *world) untag(arn string, keys ...string) error {
	return only(w.UntagResource(w.Context(), owner, &api.UntagResourceInput{ResourceArn: arn, TagKeys: keys}))
}

func (w *world) listTags(arn string) (map[string]string, error) {
	out, err := w.ListTagsForResource(w.Context(), owner, &api.ListTagsForResourceInput{ResourceArn: arn})
	if err != nil {
		return nil, err
	}
	return out.Tags, nil
}

// manyTags returns n tags.
func manyTags(n int) map[string]string {
	tags := make(map[string]string)
	for k := range n {
		tags[fmt.Sprint("key ", k)] = "v"
	}
	return tags
}

func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := identity.PoolARN(owner.Account, w.pool)
	for _, tc := range []struct {
		name string
		call func() error
		want map[string]string
	}{
		{"none at first", func() error { return nil }, map[string]string{}},
		{"untag what is not there", func() error { return w.untag(arn, "team") }, map[string]string{}},
		{"no tags", func() error { return w.tag(arn, nil) }, map[string]string{}},
		{"add", func() error { return w.tag(arn, map[string]string{"team": "a", "Team": ""}) }, map[string]string{"team": "a", "Team": ""}},
		{"replace one, add one", func() error { return w.tag(arn, map[string]string{"team": "b", "é_.:/=+-@ 1": "é_.:/=+-@ 1"}) },
			map[string]string{"team": "b", "Team": "", "é_.:/=+-@ 1": "é_.:/=+-@ 1"}},
		{"untag", func() error { return w.untag(arn, "team", "none", "team") }, map[string]string{"Team": "", "é_.:/=+-@ 1": "é_.:/=+-@ 1"}},
		{"untag the rest", func() error { return w.untag(arn, "Team", "é_.:/=+-@ 1") }, map[string]string{}},
	} {
		w.clock.goOn(time.Second)
		if err := tc.call(); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		got, err := w.listTags(arn)
		if err != nil || got == nil {
			t.Errorf("%s: list: got %#v, %v", tc.name, got, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
		described, err := w.DescribeIdentityPool(t.Context(), owner, &api.DescribeIdentityPoolInput{IdentityPoolId: w.pool})
		if err != nil || !cmp.Equal(described.IdentityPoolTags, tc.want) {
			t.Errorf("%s: the pool has %+v, %v, want %v", tc.name, described, err, tc.want)
		}
	}
}

// Every operation that sets tags holds them to the same rules.
func TestTags_Refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const (
		reserved = "InvalidParameterException: Invalid tag: keys that begin with aws: are reserved."
		letters  = "InvalidParameterException: Invalid tag: keys and values may have letters, digits, spaces and _ . : / = + - @ only."
		tooMany  = "InvalidParameterException: A resource can not have more than 50 tags."
	)
	operations := map[string]func(map[string]string) error{
		"CreateIdentityPool": func(tags map[string]string) error {
			return only(w.CreateIdentityPool(t.Context(), owner, &api.CreateIdentityPoolInput{IdentityPoolName: "p", IdentityPoolTags: tags}))
		},
		"UpdateIdentityPool": func(tags map[string]string) error {
			return only(w.UpdateIdentityPool(t.Context(), owner, &api.IdentityPool{IdentityPoolId: w.pool, IdentityPoolName: "p", IdentityPoolTags: tags}))
		},
		"TagResource": func(tags map[string]string) error {
			return w.tag(identity.PoolARN(owner.Account, w.pool), tags)
		},
	}
	for operation, set := range operations {
		one := func(key, value string) func() error {
			return func() error { return set(map[string]string{key: value}) }
		}
		fine := one("team", "a")
		w.refuses(operation, []refusal{
			{operation + ", reserved prefix", one("aws:team", "a"), reserved, one("aws team", "a")},
			{operation + ", reserved prefix in capitals", one("AWS:team", "a"), reserved, one("team:AWS:", "aws:a")},
			{operation + ", reserved prefix in mixed case", one("aWs:team", "a"), reserved, fine},
			{operation + ", ampersand in a key", one("a&b", "a"), letters, fine},
			{operation + ", star in a value", one("team", "*"), letters, one("team", "")},
			{operation + ", line feed in a value", one("team", "a\nb"), letters, one("team", "a b")},
			{operation + ", tab in a key", one("a\tb", "a"), letters, one("a b", "a")},
			{operation + ", one good, one bad", func() error { return set(map[string]string{"team": "a", "z": "<"}) }, letters, fine},
			{operation + ", 51", func() error { return set(manyTags(51)) }, tooMany, fine},
		})
	}
	full := w.newPool(owner, "")
	arn := identity.PoolARN(owner.Account, full)
	if err := w.tag(arn, manyTags(50)); err != nil {
		t.Fatalf("50 tags: %v", err)
	}
	w.refuses("TagResource", []refusal{
		{"a 51st", func() error { return w.tag(arn, map[string]string{"one more": ""}) }, tooMany, func() error {
			return w.tag(arn, map[string]string{"key 0": "new value"})
		}},
		{"a 51st beside one that is there", func() error { return w.tag(arn, map[string]string{"key 1": "", "one more": ""}) }, tooMany, func() error {
			if err := w.untag(arn, "key 1"); err != nil {
				return err
			}
			return w.tag(arn, map[string]string{"one more": ""})
		}},
	})
}

// Each operation that takes an ARN refuses those of anything but a pool of the caller's
// account and region.
func TestTags_ARNs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := identity.PoolARN(owner.Account, w.pool)
	unknown, poolAbroad := newID(home), w.newPool(ownerAbroad, "")
	strangersPool := w.newPool(stranger, "")
	notFound := func(arn string) string { return "ResourceNotFoundException: Resource '" + arn + "' not found." }
	invalid := func(arn string) string { return "InvalidParameterException: '" + arn + "' is not a valid ARN." }

	arns := []struct{ name, arn, want string }{
		{"unknown pool", identity.PoolARN(owner.Account, unknown), "ResourceNotFoundException: IdentityPool '" + unknown + "' not found."},
		{"pool of another account", identity.PoolARN(stranger.Account, strangersPool), ""},
		{"pool of another account, own account in the ARN", identity.PoolARN(owner.Account, strangersPool), "ResourceNotFoundException: IdentityPool '" + strangersPool + "' not found."},
		{"own pool, another account in the ARN", identity.PoolARN(stranger.Account, w.pool), ""},
		{"pool in another region", identity.PoolARN(owner.Account, poolAbroad), ""},
		{"own pool, another region in the ARN", strings.Replace(arn, home, abroad, 1), ""},
		{"another partition", strings.Replace(arn, "arn:aws:", "arn:aws-cn:", 1), ""},
		{"another service", strings.Replace(arn, "cognito-identity", "cognito-idp", 1), ""},
		{"no pool id", identity.PoolARN(owner.Account, ""), ""},
		{"longer by a slash", arn + "/", "ResourceNotFoundException: IdentityPool '" + w.pool + "/' not found."},
		{"in capitals", "arn:" + strings.ToUpper(arn[4:]), invalid("arn:" + strings.ToUpper(arn[4:]))},
		{"pool id alone", w.pool, invalid(w.pool)},
		{"pool id twice", w.pool + ":identitypool/" + w.pool, invalid(w.pool + ":identitypool/" + w.pool)},
		{"user pool", "arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_AbCdEf123", invalid("arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_AbCdEf123")},
		{"role", "arn:aws:iam::111122223333:role/r", invalid("arn:aws:iam::111122223333:role/r")},
	}
	operations := map[string]func(arn string) error{
		"TagResource":         func(arn string) error { return w.tag(arn, map[string]string{"team": "a"}) },
		"UntagResource":       func(arn string) error { return w.untag(arn, "team") },
		"ListTagsForResource": func(arn string) error { return only(w.listTags(arn)) },
	}
	for operation, call := range operations {
		var rows []refusal
		for _, a := range arns {
			if a.want == "" {
				a.want = notFound(a.arn)
			}
			rows = append(rows, refusal{operation + ", " + a.name, func() error { return call(a.arn) }, a.want, func() error { return call(arn) }})
		}
		w.refuses(operation, rows)
	}
}
