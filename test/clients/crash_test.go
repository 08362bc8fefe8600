package clients_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/smithy-go"
	_ "modernc.org/sqlite"
)

// TestCrash_Acknowledged kills the server under load, again and again, and holds it to
// what it acknowledged: not one answer is taken back, and what was not answered has
// either happened or not. (The kernel survives a SIGKILL, so this says nothing of power
// cuts.)
func TestCrash_Acknowledged(t *testing.T) {
	t.Parallel()
	const rounds, clients = 20, 8
	w := newWorld(t)
	pool := newPool(t, w.sdk())
	var all ledger
	for round := range rounds {
		var acknowledged ledger
		first := make(chan struct{})
		var once sync.Once
		load, stop := context.WithCancel(t.Context())
		c := w.sdk(func(o *cognitoidentity.Options) { o.Retryer = aws.NopRetryer{} })
		var work sync.WaitGroup
		for n := range clients {
			work.Go(func() {
				l := &loader{c: c, pool: pool, prefix: fmt.Sprintf("round %d, client %d", round, n), ledger: &acknowledged}
				for load.Err() == nil {
					if err := l.step(load); err != nil {
						var refused smithy.APIError
						if errors.As(err, &refused) {
							t.Errorf("%s: %v", l.prefix, err)
						}
						return
					}
					once.Do(func() { close(first) })
				}
			})
		}
		select {
		case <-first:
		case <-time.After(patience):
			t.Errorf("round %d: nothing was acknowledged within %v", round, patience)
		}
		// The moment is the point: no event marks it.
		time.Sleep(50*time.Millisecond + rand.N(350*time.Millisecond))
		w.kill()
		stop()
		work.Wait()
		if t.Failed() {
			return
		}
		w.start()
		acknowledged.check(t, w.sdk(), pool)
		all.users = append(all.users, acknowledged.users...)
	}
	all.check(t, w.sdk(), pool)
	t.Logf("%d rounds, %d users acknowledged or begun", rounds, len(all.users))

	w.stop()
	file := filepath.Join(w.data, "poolkeeper.db")
	if w.store != "" {
		// All of it can be read, the same twice, and a file can hold it.
		file = filepath.Join(w.dir, "copy.db")
		if r := w.run(w.environ(), program, "copy", "--from", w.store, "--to", "sqlite:"+file); r.code != 0 {
			t.Fatalf("copy: %+v", r)
		}
	}
	checkDatabase(t, file)
}

// A ledger is what the clients know of the users that they made.
type ledger struct {
	mu    sync.Mutex
	users []*user
}

// A user is what is known of one developer user.
type user struct {
	id string
	// identities are those that the user may have: one, if the last call about the user
	// was answered.
	identities []string
	// unanswered: the call that makes the user was not answered, so the user may have
	// no identity at all or, if identities is empty, any.
	unanswered bool
}

func (l *ledger) add(id string) *user {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := &user{id: id, unanswered: true}
	l.users = append(l.users, u)
	return u
}

// A loader makes users, links and merges, one call after the other.
type loader struct {
	c      *cognitoidentity.Client
	pool   string
	prefix string
	ledger *ledger
	n      int
	last   *user
}

// step makes a user: every third time out of a guest, and every third time the user turns
// out to be the one before. It writes down what it asks for before it asks.
func (l *loader) step(ctx context.Context) error {
	l.n++
	in := &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{IdentityPoolId: &l.pool}
	if l.n%3 == 1 {
		guest, err := l.c.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: &l.pool})
		if err != nil {
			return err
		}
		in.IdentityId = guest.IdentityId
	}
	u := l.ledger.add(fmt.Sprintf("%s, user %d", l.prefix, l.n))
	if in.IdentityId != nil {
		u.identities = []string{*in.IdentityId}
	}
	in.Logins = map[string]string{provider: u.id}
	out, err := l.c.GetOpenIdTokenForDeveloperIdentity(ctx, in)
	if err != nil {
		return err
	}
	if in.IdentityId != nil && *in.IdentityId != *out.IdentityId {
		return fmt.Errorf("guest %s became %s", *in.IdentityId, *out.IdentityId)
	}
	u.identities, u.unanswered = []string{*out.IdentityId}, false
	if l.n%3 == 0 {
		before := u.identities
		u.identities = slices.Concat(before, l.last.identities)
		merged, err := l.c.MergeDeveloperIdentities(ctx, &cognitoidentity.MergeDeveloperIdentitiesInput{
			IdentityPoolId: &l.pool, DeveloperProviderName: aws.String(provider),
			SourceUserIdentifier: &u.id, DestinationUserIdentifier: &l.last.id,
		})
		if err != nil {
			return err
		}
		if !slices.Equal(l.last.identities, []string{*merged.IdentityId}) {
			return fmt.Errorf("merged into %s, want %s", *merged.IdentityId, l.last.identities)
		}
		u.identities = l.last.identities
	}
	l.last = u
	return nil
}

// check looks up every user. What it finds of users who may have this or that
// it writes down: from then on, that is what they have.
func (l *ledger) check(t *testing.T, c *cognitoidentity.Client, pool string) {
	t.Helper()
	if !slices.ContainsFunc(l.users, func(u *user) bool { return !u.unanswered }) {
		t.Error("nothing was acknowledged")
	}
	users := make(chan *user)
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for u := range users {
				if err := u.check(t.Context(), c, pool); err != nil {
					t.Errorf("%s: %v", u.id, err)
				}
			}
		})
	}
	for _, u := range l.users {
		users <- u
	}
	close(users)
	work.Wait()
}

func (u *user) check(ctx context.Context, c *cognitoidentity.Client, pool string) error {
	found, err := c.LookupDeveloperIdentity(ctx, &cognitoidentity.LookupDeveloperIdentityInput{
		IdentityPoolId: &pool, DeveloperUserIdentifier: &u.id,
	})
	if err != nil && u.unanswered && smithyCode(err) == "ResourceNotFoundException" {
		// It has not happened, and so it can happen now: to the same guest, if there is one,
		// because that answer was given.
		in := &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{IdentityPoolId: &pool, Logins: map[string]string{provider: u.id}}
		if len(u.identities) == 1 {
			in.IdentityId = &u.identities[0]
		}
		out, err := c.GetOpenIdTokenForDeveloperIdentity(ctx, in)
		if err != nil {
			return err
		}
		if in.IdentityId != nil && *out.IdentityId != *in.IdentityId {
			return fmt.Errorf("guest %s became %s", *in.IdentityId, *out.IdentityId)
		}
		u.identities, u.unanswered = []string{*out.IdentityId}, false
		return nil
	}
	if err != nil {
		return err
	}
	identity := *found.IdentityId
	if len(u.identities) > 0 && !slices.Contains(u.identities, identity) {
		return fmt.Errorf("has identity %s, want %s", identity, u.identities)
	}
	if len(u.identities) == 1 && !u.unanswered {
		return nil
	}
	// It has happened as a whole: the identity knows the user, too, and gets a token.
	users, err := c.LookupDeveloperIdentity(ctx, &cognitoidentity.LookupDeveloperIdentityInput{IdentityPoolId: &pool, IdentityId: &identity})
	if err != nil {
		return err
	}
	if !slices.Contains(users.DeveloperUserIdentifierList, u.id) {
		return fmt.Errorf("has identity %s, whose users are %q", identity, users.DeveloperUserIdentifierList)
	}
	again, _, err := tokenFor(ctx, c, pool, u.id)
	if err != nil {
		return err
	}
	if again != identity {
		return fmt.Errorf("has identity %s, and then %s", identity, again)
	}
	u.identities, u.unanswered = []string{identity}, false
	return nil
}

func smithyCode(err error) string {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return refused.ErrorCode()
	}
	return ""
}

// checkDatabase has SQLite check the file that a stopped server leaves.
func checkDatabase(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %s (%v)", verdict, err)
	}
	rows, err := db.QueryContext(t.Context(), "PRAGMA foreign_key_check")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if rows.Next() {
		t.Error("foreign_key_check: a row refers to nothing")
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}
