package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"math"
	random "math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The rows of the table.
const (
	rawRS512 = "raw: crypto/rsa 2048, SHA-512, signatures"
	rawES256 = "raw: crypto/ecdsa P-256, signatures"
	rawSync  = "raw: append 128 bytes, fdatasync"

	tokenRS512   = "token RS512, 1000 users"
	tokenRS512At = "token RS512, 1000 users, 64 connections"
	tokenES256   = "token ES256, 1000 users"
	tokenMany    = "token ES256, many users"
	tokenManyAt  = "token ES256, many users, 64 connections"
	lookupMany   = "LookupDeveloperIdentity, many users"
	tokenEdDSA   = "token EdDSA, 1000 users"
	tokenNew     = "token ES256, each a new user, durable"
	storedUsers  = "database of a million users, MB on disk"
	lookupUser   = "LookupDeveloperIdentity by user"
	describe     = "DescribeIdentity"

	startVersion = "start to print the version and end"
	startFloor   = "floor: start to first answer, ES256 signed"
	startToken   = "start to first token, keys and users there"
	startIdle    = "start, then idle"
)

func floorRow(name string) string { return "floor: " + name }

const (
	conns     = 16
	manyConns = 64
	// hotUsers are the users of a case that is not about their number.
	hotUsers = 1000
	// drawn is how many of many users a round asks for.
	drawn = 20_000
	// sample: of so many answers one is checked beyond its status.
	sample = 50
	starts = 15
	// turns are how often in a round a bare operation and what is compared with it alternate.
	turns = 3
	// warm is how long a load runs before it is measured: caches fill meanwhile.
	warm = 300 * time.Millisecond
)

// A bench is one run of the benchmark.
type bench struct {
	config
	results
	self     string // this program
	floors   []*server
	products []*product
	steps    []func(context.Context) error
	// seen is how many users have been met as new ones.
	seen  uint64
	notes []string
	// closers end what this process serves.
	closers []func()
}

// run makes the servers, measures in rounds, and then what is measured once.
func (b *bench) run(ctx context.Context) error {
	rs512, err := b.product(ctx, "rs512", "RS512", hotUsers)
	if err != nil {
		return err
	}
	es256, err := b.product(ctx, "es256", "ES256", hotUsers)
	if err != nil {
		return err
	}
	eddsa, err := b.product(ctx, "eddsa", "EdDSA", hotUsers)
	if err != nil {
		return err
	}
	fresh, err := b.product(ctx, "new", "ES256", 0)
	if err != nil {
		return err
	}
	many, err := b.product(ctx, "many", "ES256", 0)
	if err != nil {
		return err
	}
	if err := b.fill(ctx, many); err != nil {
		return err
	}

	database, pg, err := b.postgres(ctx)
	if err != nil {
		return err
	}

	// What a goal compares stands side by side.
	for _, name := range []string{floorBare, floorJSON, floorSigV4} {
		if err := b.floor(ctx, name, jose.RS512); err != nil {
			return err
		}
	}
	users := names(upTo(hotUsers))
	b.load(lookupUser, conns, es256.server, es256.checker.lookup, func() []request { return es256.lookups(users) })
	b.load(describe, conns, es256.server, es256.checker.describe, func() []request { return es256.describes(users) })
	err = b.beside(rawRS512, bareRS512, func() error {
		err := b.floor(ctx, floorRS512, jose.RS512)
		b.hot(tokenRS512, conns, rs512)
		return err
	})
	if err != nil {
		return err
	}
	b.hot(tokenRS512At, manyConns, rs512)
	if err := b.logins(ctx); err != nil {
		return err
	}
	err = b.beside(rawES256, bareES256, func() error {
		err := b.floor(ctx, floorES256, jose.ES256)
		b.hot(tokenES256, conns, es256)
		if pg != nil {
			b.hot(tokenPostgres, conns, pg)
		}
		return err
	})
	if err != nil {
		return err
	}
	b.load(tokenMany, conns, many.server, many.checker.token, func() []request { return many.tokens(b.draw(many)) })
	b.load(tokenManyAt, manyConns, many.server, many.checker.token, func() []request { return many.tokens(b.draw(many)) })
	b.load(lookupMany, conns, many.server, many.checker.lookup, func() []request { return many.lookups(names(b.draw(many))) })
	if err := b.floor(ctx, floorEdDSA, jose.EdDSA); err != nil {
		return err
	}
	b.hot(tokenEdDSA, conns, eddsa)
	b.steps = append(b.steps, func(ctx context.Context) error { return b.newUsers(ctx, fresh) })
	if err := b.embedded(ctx); err != nil {
		return err
	}
	if database != nil {
		if err := b.inserts(ctx, database); err != nil {
			return err
		}
	}

	for round := range b.rounds {
		b.progress("round %d of %d", round+1, b.rounds)
		for _, step := range b.steps {
			if err := step(ctx); err != nil {
				return err
			}
		}
		for _, p := range b.products {
			if err := os.Truncate(p.log(), 0); err != nil {
				return err
			}
		}
	}
	if err := b.crash(ctx, fresh); err != nil {
		return err
	}
	if err := b.commandLine(ctx, rs512); err != nil {
		return err
	}
	return b.starts(ctx, rs512)
}

// product starts the program on a new directory, and has it meet users.
func (b *bench) product(ctx context.Context, name, algorithm string, users uint64) (*product, error) {
	p, err := newProduct(ctx, b.program, filepath.Join(b.dir, name), algorithm)
	if err != nil {
		return nil, err
	}
	b.products = append(b.products, p)
	return p, b.meet(ctx, p, p.tokens(upTo(users)))
}

// meet sends each request once, and learns the users' identities.
func (b *bench) meet(ctx context.Context, p *product, requests []request) error {
	o, err := (&load{server: p.server, conns: conns, requests: requests, sample: 1}).run(ctx)
	if err != nil {
		return err
	}
	return p.checker.met(o.answers)
}

// fill gives the program very many users.
func (b *bench) fill(ctx context.Context, p *product) error {
	b.progress("loading %d users", b.users)
	took, size, err := p.fill(ctx, b.users)
	if err != nil {
		return err
	}
	b.note("Many users: %d, loaded through the store in %.0f s (%.0f/s); the database has %.0f MB, %d bytes for each.",
		b.users, took.Seconds(), float64(b.users)/took.Seconds(), mega(size), uint64(size)/b.users)
	b.add(storedUsers, 0, point{Memory: mega(size) * 1e6 / float64(b.users)})
	// When it is measured, the program's page cache is as full as it gets.
	return b.meet(ctx, p, p.tokens(b.draw(p)))
}

// draw returns some of very many users.
func (b *bench) draw(p *product) []uint64 {
	users := make([]uint64, drawn)
	for i := range users {
		users[i] = random.Uint64N(b.users)
		p.checker.know(userName(users[i]), p.storedID(users[i]))
	}
	return users
}

// floor starts a floor and adds its step.
func (b *bench) floor(ctx context.Context, name string, algorithm jose.SignatureAlgorithm) error {
	s, err := start(ctx, filepath.Join(b.dir, "floor-"+name+".log"), b.self, "floor", name)
	if err != nil {
		return err
	}
	b.floors = append(b.floors, s)
	c := caller{host: s.address()}
	c.credentials.AccessKeyID, c.credentials.SecretAccessKey = floorKeyID, floorSecret
	check := fixed
	if name == floorES256 || name == floorEdDSA || name == floorRS512 {
		k, err := newChecker(s, floorPool, algorithm)
		if err != nil {
			return err
		}
		check = k.token
	}
	b.load(floorRow(name), conns, s, check, func() []request { return tokens(&c, floorPool, upTo(hotUsers)) })
	return nil
}

func (b *bench) hot(row string, conns int, p *product) {
	b.load(row, conns, p.server, p.checker.token, func() []request { return p.tokens(upTo(hotUsers)) })
}

// load adds a step that sends requests, signed anew in each round, for b.part.
func (b *bench) load(row string, conns int, s *server, check func(answer) error, requests func() []request) {
	b.steps = append(b.steps, func(ctx context.Context) error {
		l := load{server: s, conns: conns, requests: requests(), warm: warm, timed: b.part, sample: sample}
		o, err := l.run(ctx)
		if err == nil {
			err = checkAll(o.answers, check)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", row, err)
		}
		b.add(row, conns, o.point())
		return nil
	})
}

func (o *outcome) point() point {
	n := float64(o.requests)
	return point{
		CPU: o.cpu.Seconds() * 1e6 / n, Rate: n / o.elapsed.Seconds(),
		P50: milli(quantile(o.latencies, 0.50)), P99: milli(quantile(o.latencies, 0.99)),
		Memory: mega(o.memory),
	}
}

// quantile returns the least of the sorted values that a share q does not exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// beside adds the steps that others adds, and around them those of a bare operation, which is
// compared with them, and takes them in turns: on a machine that others use, too, the same work
// costs another amount a second later. It also costs more there while all cores are busy, as a
// server keeps them, so the bare operation is done on all of them.
func (b *bench) beside(row string, bare func() (sign func() error, each time.Duration, err error), others func() error) error {
	sign, each, err := bare()
	if err != nil {
		return err
	}
	b.place(row, 0)
	first := len(b.steps)
	if err := others(); err != nil {
		return err
	}
	compared := slices.Clone(b.steps[first:])
	n := max(1, int(b.part/4/each))
	b.steps = append(b.steps[:first], func(ctx context.Context) error {
		for range turns {
			before, err := onAllCores(n, sign)
			for _, step := range compared {
				if err == nil {
					err = step(ctx)
				}
			}
			after, err2 := onAllCores(n, sign)
			if err := errors.Join(err, err2); err != nil {
				return fmt.Errorf("%s: %w", row, err)
			}
			b.add(row, 0, point{CPU: (before.CPU + after.CPU) / 2, Rate: (before.Rate + after.Rate) / 2})
		}
		return nil
	})
	return nil
}

// onAllCores does the work n times on each core, and returns the CPU of one and the rate of all.
func onAllCores(n int, work func() error) (point, error) {
	began, before := time.Now(), ownCPU()
	errs := make([]error, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			for range n {
				if errs[i] = work(); errs[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	done := float64(n * len(errs))
	return point{
		CPU:  (ownCPU() - before).Seconds() * 1e6 / done,
		Rate: done / time.Since(began).Seconds(),
	}, errors.Join(errs...)
}

// signedInput is what a bare signature is of: about what a token has.
var signedInput = make([]byte, 700)

// bareRS512 returns a signature in this process, for any thread, and about how long it takes.
func bareRS512() (sign func() error, each time.Duration, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	return func() error {
		digest := sha512.Sum512(signedInput)
		_, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA512, digest[:])
		return err
	}, 700 * time.Microsecond, err
}

func bareES256() (sign func() error, each time.Duration, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return func() error {
		digest := sha256.Sum256(signedInput)
		_, _, err := ecdsa.Sign(rand.Reader, key, digest[:])
		return err
	}, 25 * time.Microsecond, err
}

// newUsers measures users who are seen for the first time, and the disk before and
// after them.
func (b *bench) newUsers(ctx context.Context, p *product) error {
	before, err := syncs(p.dir, b.part/4)
	if err != nil {
		return err
	}
	o, err := (&load{server: p.server, conns: manyConns, requests: p.tokens(b.unseen()), sample: 1}).run(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", tokenNew, err)
	}
	after, err := syncs(p.dir, b.part/4)
	if err != nil {
		return err
	}
	if err := p.checker.met(o.answers); err != nil {
		return fmt.Errorf("%s: %w", tokenNew, err)
	}
	b.add(rawSync, 0, point{Rate: (before + after) / 2})
	b.add(tokenNew, manyConns, o.point())
	return nil
}

// unseen returns users that no other call has returned.
func (b *bench) unseen() []uint64 {
	from := b.seen
	b.seen += b.newcomers
	return upTo(b.seen)[from:]
}

// syncs returns how many appends a second the disk makes durable one by one.
func syncs(dir string, d time.Duration) (float64, error) {
	f, err := os.CreateTemp(dir, "fdatasync-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	record := make([]byte, 128)
	n, began := 0, time.Now()
	for ; time.Since(began) < d; n++ {
		if _, err := f.Write(record); err != nil {
			return 0, err
		}
		if err := fdatasync(f); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// crash kills the program while it meets new users, starts it again, and asks for
// each user whom it has ever acknowledged.
func (b *bench) crash(ctx context.Context, p *product) error {
	b.progress("kill -9 and restart")
	// Half of the time that as many new users took before.
	half := time.Duration(float64(b.newcomers) / 2 / b.median(tokenNew, rate) * float64(time.Second))
	killed := make(chan struct{})
	time.AfterFunc(half, func() {
		defer close(killed)
		p.server.kill()
	})
	l := load{server: p.server, conns: manyConns, requests: p.tokens(b.unseen()), sample: 1, mayBreak: true}
	o, err := l.run(ctx)
	<-killed
	if err != nil {
		return fmt.Errorf("kill -9: %w", err)
	}
	answered := len(o.answers)
	if err := p.checker.met(o.answers); err != nil {
		return fmt.Errorf("kill -9: %w", err)
	}
	if err := p.start(ctx); err != nil {
		return fmt.Errorf("start after kill -9: %w", err)
	}
	users := make([]string, 0, len(p.checker.ids))
	for user := range p.checker.ids {
		users = append(users, user)
	}
	o, err = (&load{server: p.server, conns: conns, requests: p.lookups(users), sample: 1}).run(ctx)
	if err == nil {
		err = checkAll(o.answers, p.checker.lookup)
	}
	if err != nil {
		return fmt.Errorf("after kill -9, an acknowledged user: %w", err)
	}
	b.note("kill -9: %d of %d new users had been acknowledged; after the restart, all %d of this run are there.",
		answered, len(l.requests), len(users))
	return nil
}

// upTo returns the numbers from 0 up to n.
func upTo(n uint64) []uint64 {
	all := make([]uint64, n)
	for i := range all {
		all[i] = uint64(i)
	}
	return all
}

func names(users []uint64) []string {
	all := make([]string, len(users))
	for i, n := range users {
		all[i] = userName(n)
	}
	return all
}

func milli(d time.Duration) float64 { return d.Seconds() * 1000 }
func mega(bytes int64) float64      { return float64(bytes) / 1e6 }
