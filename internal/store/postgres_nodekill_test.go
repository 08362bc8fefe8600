package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// A signUp is what callers were told of users while data nodes were killed.
type signUp struct {
	*testing.T
	mu sync.Mutex
	// told has the identity of each login that a caller was told.
	told  map[identity.Login]string
	count atomic.Int64
	// half are those that were seen by half.
	half map[identity.Login]bool
}

// errHalf: of what somebody has stored a part was found. Nodes have no snapshot that they share, so while one commits
// after the other, others see that too.
var errHalf = errors.New("one node has committed, another one has not")

// identityOf finds or makes the identity of a user, as the domain does.
func (s *signUp) identityOf(db *DB, l identity.Login) (id string, err error) {
	err = db.Update(s.Context(), func(tx identity.Tx) (err error) {
		if id, err = tx.IdentityOfLogin(benchPool, l); errors.Is(err, identity.ErrNotFound) {
			i := &identity.Identity{PoolID: benchPool, Authenticated: true, Logins: []identity.Login{l}, Created: tx.Now(), Modified: tx.Now()}
			err = tx.InsertIdentity(i)
			id = i.ID
			return err
		}
		if err == nil {
			if _, err = tx.Identity(id); errors.Is(err, identity.ErrNotFound) {
				err = errHalf
			}
		}
		return err
	})
	s.note(l, id, err)
	return id, err
}

// link gives an identity another login, unless it has it.
func (s *signUp) link(db *DB, id string, l identity.Login) {
	err := db.Update(s.Context(), func(tx identity.Tx) error {
		i, err := tx.Identity(id)
		if err != nil {
			return err
		}
		has, err := tx.IdentityOfLogin(benchPool, l)
		switch {
		case err == nil && has != id:
			return fmt.Errorf("it is of %s", has)
		case err == nil || !errors.Is(err, identity.ErrNotFound):
			return err
		case len(i.Logins) > 1:
			return errHalf
		}
		i = i.Clone()
		i.Logins = append(i.Logins, l)
		return tx.UpdateIdentity(i)
	})
	s.note(l, id, err)
}

func (s *signUp) note(l identity.Login, id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, errHalf):
		s.half[l] = true
	case errors.Is(err, identity.ErrUnavailable):
	case err != nil:
		s.Errorf("%s: %v", l.Subject, err)
	case s.told[l] != "" && s.told[l] != id:
		s.Errorf("%s was told to have %s, and now %s", l.Subject, s.told[l], id)
	default:
		s.told[l] = id
		s.count.Add(1)
	}
}

// await polls.
func (s *signUp) await(what string, is func() bool) {
	s.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); !is(); {
		select {
		case <-tick.C:
		case <-deadline:
			s.Fatalf("not %s after a minute", what)
		}
	}
}

// newSignUp starts three servers, of which the data nodes may be killed, and stores on them.
func newSignUp(t *testing.T) (s *signUp, dbs []*DB, coordinator *pgconn.PgConn, data []string, servers []*pgtest.Server) {
	t.Helper()
	url, data, servers := pgtest.StartNodes(t)
	spread(t, url, data)
	s = &signUp{T: t, told: map[identity.Login]string{}, half: map[identity.Login]bool{}}
	dbs = []*DB{openNodes(t, url), openNodes(t, url)}
	// Both providers get their numbers, so that no name is on its way when it is needed.
	first := benchIdentity(0)
	first.Logins = append(first.Logins, identity.Login{Provider: "second.example", Subject: "0"})
	err := dbs[0].Update(t.Context(), func(tx identity.Tx) error {
		return errors.Join(tx.InsertPool(&identity.Pool{ID: benchPool}), tx.InsertIdentity(first))
	})
	if err == nil {
		coordinator, err = pgconn.Connect(t.Context(), url)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = coordinator.Close(context.Background()) }) // it has only read
	return s, dbs, coordinator, data, servers
}

// Data nodes are killed. What callers were told holds: each login leads to the one identity that all its callers were told,
// which is there. What nobody was told may be there by half.
func TestPostgresNodes_Killed(t *testing.T) {
	t.Parallel()
	s, dbs, coordinator, data, servers := newSignUp(t)
	s.killInCommit(dbs, coordinator, data[1], servers[1])
	s.killUnderLoad(dbs, servers)
	orphans, dangling := s.check(dbs[0], coordinator)
	t.Logf("%d logins told, %d seen by half; left: %d identities without their login, %d logins without their identity",
		len(s.told), len(s.half), orphans, dangling)
}

// killUnderLoad kills nodes while users get identities and further logins.
func (s *signUp) killUnderLoad(dbs []*DB, servers []*pgtest.Server) {
	const callers = 6
	var all sync.WaitGroup
	var stop atomic.Bool
	for caller := range callers {
		all.Go(func() {
			db := dbs[caller%len(dbs)]
			// Two callers come for each user, each by another process.
			for k := 1; !stop.Load(); k++ {
				n := uint64(k*callers/2 + caller/2)
				if id, err := s.identityOf(db, benchLogin(n)); err == nil {
					s.link(db, id, identity.Login{Provider: "second.example", Subject: fmt.Sprint(n)})
				}
			}
		})
	}
	served := func(more int64) {
		before := s.count.Load()
		s.await("served", func() bool { return s.count.Load() > before+more })
	}
	retries := func() uint64 { return dbs[0].Stats().Retries + dbs[1].Stats().Retries }
	for _, node := range servers {
		served(40)
		tried := retries()
		node.Kill(s)
		s.await("missed", func() bool { return retries() > tried })
		node.Restart(s)
	}
	served(40)
	stop.Store(true)
	all.Wait()
}

// killInCommit kills the node on which postgres_fdw commits last, in its part of a commit: the other one has done its own, and
// keeps it. An identity without its login is in nobody's way: its user gets another one. A login without its identity
// is for ever in the way of its user. This is why nobody should run it.
func (s *signUp) killInCommit(dbs []*DB, coordinator *pgconn.PgConn, url string, server *pgtest.Server) {
	for _, c := range []struct {
		lost, kept        string // tables
		orphans, dangling int
		refused           error
	}{
		{"login", "identity", 1, 0, nil},
		{"identity", "login", 1, 1, errHalf},
	} {
		user := s.placed(dbs[0], coordinator, c.lost == "identity")
		node, err := pgconn.Connect(s.Context(), url)
		if err != nil {
			s.Fatal(err)
		}
		// Its part of a commit takes long until it is started again.
		err = node.Exec(s.Context(), `
			CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN IF pg_postmaster_start_time() = TG_ARGV[0]::timestamptz THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END $$;
			DO $$ BEGIN EXECUTE format('CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON `+c.lost+` DEFERRABLE INITIALLY DEFERRED
				FOR EACH ROW EXECUTE FUNCTION hold(%L)', pg_postmaster_start_time()); END $$`).Close()
		if err != nil {
			s.Fatal(err)
		}
		outcome := make(chan error, 1)
		go func() {
			_, err := s.identityOf(dbs[0], user)
			outcome <- err
		}()
		s.await("in its commit", func() bool {
			r := node.ExecParams(s.Context(), "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'", nil, nil, nil, nil).Read()
			return r.Err == nil && len(r.Rows) == 1
		})
		server.Kill(s)
		_ = node.Close(s.Context()) // it is lost
		server.Restart(s)
		if err := <-outcome; !errors.Is(err, c.refused) {
			s.Errorf("%s lost, %s kept: got %v, want %v", c.lost, c.kept, err, c.refused)
		}
		if _, err := s.identityOf(dbs[1], user); !errors.Is(err, c.refused) {
			s.Errorf("%s lost, %s kept, the next call: got %v, want %v", c.lost, c.kept, err, c.refused)
		}
		if orphans, dangling := s.check(dbs[0], coordinator); orphans != c.orphans || dangling != c.dangling {
			s.Errorf("%s lost, %s kept: %d identities without their login and %d logins without their identity, want %d and %d",
				c.lost, c.kept, orphans, dangling, c.orphans, c.dangling)
		}
	}
}

// placed returns a user who would get an identity whose row is on one node, the last one if so said, and whose login's is on the
// other. It makes users until the next number is on that node.
func (s *signUp) placed(db *DB, coordinator *pgconn.PgConn, identityLast bool) identity.Login {
	s.Helper()
	for n := uint64(1_000_000); ; n++ {
		l := benchLogin(n)
		if _, taken := s.told[l]; taken || s.half[l] {
			continue
		}
		r := coordinator.ExecParams(s.Context(), `
			SELECT satisfies_hash_partition('identity'::regclass, 2, 1, (SELECT max(number) + 1 FROM identity)),
				satisfies_hash_partition('login'::regclass, 2, 1, (SELECT min(provider) FROM login), convert_to($1, 'UTF8'))`,
			[][]byte{[]byte(l.Subject)}, nil, nil, nil).Read()
		if r.Err != nil {
			s.Fatal(r.Err)
		}
		identityIs, loginIs := string(r.Rows[0][0]) == "t", string(r.Rows[0][1]) == "t"
		switch {
		case identityIs == identityLast && loginIs != identityLast:
			return l
		case identityIs != identityLast:
			if _, err := s.identityOf(db, l); err != nil {
				s.Fatal(err)
			}
		}
	}
}

// check reads everything: what was told must be there. It returns how many identities are there without their login, and
// logins without their identity.
func (s *signUp) check(db *DB, coordinator *pgconn.PgConn) (orphans, dangling int) {
	s.Helper()
	told := map[string]bool{}
	err := db.View(s.Context(), func(tx identity.Tx) error {
		for l, id := range s.told {
			told[id] = true
			got, err := tx.IdentityOfLogin(benchPool, l)
			if err == nil {
				_, err = tx.Identity(got)
			}
			if err != nil || got != id {
				s.Errorf("%s was told to have %s: it has %s, %v", l.Subject, id, got, err)
			}
		}
		for after := ""; ; {
			page, next, err := tx.Identities(benchPool, false, after, 1000)
			if err != nil {
				return err
			}
			for _, i := range page {
				id, err := tx.IdentityOfLogin(benchPool, i.Logins[0])
				if err != nil && !errors.Is(err, identity.ErrNotFound) {
					return err
				}
				if id != i.ID {
					orphans++
					if told[i.ID] {
						s.Errorf("identity %s was told, and its login leads to %q", i.ID, id)
					}
				}
			}
			if after = next; after == "" {
				return nil
			}
		}
	})
	if err != nil {
		s.Fatal(err)
	}
	r := coordinator.ExecParams(s.Context(), `
		SELECT FROM login WHERE NOT EXISTS (SELECT FROM identity WHERE number & 4294967295 = login.identity)`, nil, nil, nil, nil).Read()
	if r.Err != nil {
		s.Fatal(r.Err)
	}
	return orphans, len(r.Rows)
}
