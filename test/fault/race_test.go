package fault_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// losers are what a call may be refused with that has lost a race.
var losers = []api.Code{api.ResourceConflictException, api.ResourceNotFoundException, api.DeveloperUserAlreadyRegisteredException}

// A race is calls that begin at once.
type race struct {
	t    *testing.T
	name string
	won  int
	lost int
}

// run has all of them begin at once, and returns what each has answered with and "" where it has lost.
func (r *race) run(calls ...func() (string, error)) []string {
	r.t.Helper()
	answers, failures := make([]string, len(calls)), make([]error, len(calls))
	start := make(chan struct{})
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() {
			<-start
			answers[i], failures[i] = call()
		})
	}
	close(start)
	all.Wait()
	for i, err := range failures {
		var refused *api.Error
		switch {
		case err == nil:
			r.won++
			continue
		case !errors.As(err, &refused) || !slices.Contains(losers, refused.Code):
			r.t.Errorf("%s: %v", r.name, err)
		}
		r.lost++
		answers[i] = ""
	}
	return answers
}

// one returns the only answer of those who have won.
func (r *race) one(answers []string) string {
	r.t.Helper()
	answers = slices.DeleteFunc(slices.Clone(answers), func(a string) bool { return a == "" })
	slices.Sort(answers)
	if answers = slices.Compact(answers); len(answers) != 1 {
		r.t.Fatalf("%s: %d answers, want one: %q", r.name, len(answers), answers)
	}
	return answers[0]
}

// F14: calls about the same users begin at once, on either store, on PostgreSQL through two servers. Each race has one
// outcome, which every server tells afterwards; whoever loses is told so, and by no error of the server.
func TestRaces(t *testing.T) {
	t.Parallel()
	h := newKeyHost(t)
	for name, start := range map[string]func(*testing.T) []*node{
		"SQLite": func(t *testing.T) []*node {
			n := newNode(t, program(t), append(h.flags(), cheap...)...)
			n.start()
			return []*node{n}
		},
		"PostgreSQL": func(t *testing.T) []*node { return newCluster(t, 2, append(h.flags(), cheap...)...).nodes },
	} {
		t.Run(name, func(t *testing.T) {
			nodes := start(t)
			for _, n := range nodes {
				n.http = client(patience) // a race takes a while where many lose
			}
			rounds := 2
			if *long {
				rounds = 12
			}
			races(t, nodes, h, rounds)
		})
	}
}

func races(t *testing.T, nodes []*node, h *keyHost, rounds int) {
	const crowd = 16
	pool := googlePool(t, nodes[0])
	node := func(k int) *node { return nodes[k%len(nodes)] }
	signIn := func(k int, user, id string) (string, error) {
		var out api.GetOpenIdTokenForDeveloperIdentityOutput
		err := node(k).call(t.Context(), "GetOpenIdTokenForDeveloperIdentity", &api.GetOpenIdTokenForDeveloperIdentityInput{
			IdentityPoolId: pool, IdentityId: id, Logins: map[string]api.Secret{provider: api.Secret(user)},
		}, &out)
		return out.IdentityId, err
	}
	// where returns the identity of a user as all servers tell it; empty: there is none.
	where := func(user string) string {
		t.Helper()
		told := ""
		for k := range nodes {
			var out api.LookupDeveloperIdentityOutput
			err := node(k).call(t.Context(), "LookupDeveloperIdentity", &api.LookupDeveloperIdentityInput{IdentityPoolId: pool, DeveloperUserIdentifier: user}, &out)
			var refused *api.Error
			if err != nil && (!errors.As(err, &refused) || refused.Code != api.ResourceNotFoundException) {
				t.Fatal(err)
			}
			if k > 0 && out.IdentityId != told {
				t.Fatalf("%s has identity %q on one server, %q on another", user, told, out.IdentityId)
			}
			told = out.IdentityId
		}
		return told
	}
	must := func(id string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	all := map[string]*race{}
	named := func(name string) *race {
		if all[name] == nil {
			all[name] = &race{t: t, name: name}
		}
		return all[name]
	}
	for round := range rounds {
		user := func(name string) string { return fmt.Sprintf("%s-%d", name, round) }

		r := named("first sign-in of a developer user")
		var calls []func() (string, error)
		for k := range crowd {
			calls = append(calls, func() (string, error) { return signIn(k, user("ann"), "") })
		}
		before := r.lost
		ann := r.one(r.run(calls...))
		if r.lost != before {
			t.Errorf("%s: some were refused", r.name)
		}
		if got := where(user("ann")); got != ann {
			t.Errorf("%s: it is %q afterwards, was %q", r.name, got, ann)
		}

		r = named("first sign-in with a provider's token")
		calls = nil
		for k := range crowd {
			calls = append(calls, func() (string, error) { return h.signIn(t, node(k), pool, user("google")) })
		}
		before = r.lost
		if id := r.one(r.run(calls...)); id != must(h.signIn(t, node(1), pool, user("google"))) || r.lost != before {
			t.Errorf("%s: it is another one afterwards, or some were refused", r.name)
		}

		r = named("one developer user, many identities")
		calls = nil
		for k := range crowd {
			var guest api.GetIdOutput
			if err := node(k).call(t.Context(), "GetId", &api.GetIdInput{IdentityPoolId: pool}, &guest); err != nil {
				t.Fatal(err)
			}
			id := guest.IdentityId
			calls = append(calls, func() (string, error) { return signIn(k, user("ben"), id) })
		}
		before = r.won
		if ben := r.one(r.run(calls...)); where(user("ben")) != ben || r.won != before+1 {
			t.Errorf("%s: %d have won; it is %q, afterwards %q", r.name, r.won-before, ben, where(user("ben")))
		}

		r = named("merge, crosswise")
		a, b := must(signIn(0, user("a"), "")), must(signIn(1, user("b"), ""))
		merge := func(k int, from, to string) func() (string, error) {
			return func() (string, error) {
				var out api.MergeDeveloperIdentitiesOutput
				err := node(k).call(t.Context(), "MergeDeveloperIdentities", &api.MergeDeveloperIdentitiesInput{
					IdentityPoolId: pool, DeveloperProviderName: provider, SourceUserIdentifier: from, DestinationUserIdentifier: to,
				}, &out)
				return out.IdentityId, err
			}
		}
		merged := r.one(r.run(merge(0, user("a"), user("b")), merge(1, user("b"), user("a"))))
		if merged != a && merged != b || where(user("a")) != merged || where(user("b")) != merged {
			t.Errorf("%s: of %q and %q came %q; afterwards they have %q and %q", r.name, a, b, merged, where(user("a")), where(user("b")))
		}

		r = named("unlink against link")
		home := must(h.signIn(t, node(0), pool, user("cay"))) // by another login, which stays
		link := func(k int) (string, error) {
			var out api.GetOpenIdTokenForDeveloperIdentityOutput
			err := node(k).call(t.Context(), "GetOpenIdTokenForDeveloperIdentity", &api.GetOpenIdTokenForDeveloperIdentityInput{
				IdentityPoolId: pool, IdentityId: home,
				Logins: map[string]api.Secret{provider: api.Secret(user("cay")), google: api.Secret(h.token(t, user("cay"), node(k).now()))},
			}, &out)
			return out.IdentityId, err
		}
		must(link(0))
		calls = nil
		for k := range crowd {
			if k%2 == 0 {
				calls = append(calls, func() (string, error) { return link(k / 2) })
				continue
			}
			calls = append(calls, func() (string, error) {
				return "", node(k/2).call(t.Context(), "UnlinkDeveloperIdentity", &api.UnlinkDeveloperIdentityInput{
					IdentityPoolId: pool, IdentityId: home, DeveloperProviderName: provider, DeveloperUserIdentifier: user("cay"),
				}, nil)
			})
		}
		for _, id := range r.run(calls...) {
			if id != "" && id != home {
				t.Errorf("%s: linked to %q, not to %q", r.name, id, home)
			}
		}
		other := must(h.signIn(t, node(1), pool, user("cay")))
		if got := where(user("cay")); got != "" && got != home || other != home {
			t.Errorf("%s: afterwards it has %q, and the other login %q; want %q", r.name, got, other, home)
		}

		r = named("delete of a pool against sign-ins")
		doomed := googlePool(t, nodes[0])
		calls = []func() (string, error){func() (string, error) {
			return "", node(round).call(t.Context(), "DeleteIdentityPool", &api.DeleteIdentityPoolInput{IdentityPoolId: doomed}, nil)
		}}
		for k := range crowd {
			calls = append(calls, func() (string, error) { return h.signIn(t, node(k), doomed, fmt.Sprintf("%s-%d", user("late"), k)) })
		}
		r.run(calls...)
		for k := range nodes {
			_, err := h.signIn(t, node(k), doomed, user("later"))
			var refused *api.Error
			if !errors.As(err, &refused) || refused.Code != api.ResourceNotFoundException {
				t.Errorf("%s: afterwards: %v", r.name, err)
			}
		}
	}
	for name, r := range all {
		t.Logf("%s: %d rounds, %d calls done, %d refused", name, rounds, r.won, r.lost)
	}
}
