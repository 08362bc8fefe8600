package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/cli"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
	"github.com/poolkeeper/poolkeeper/internal/store"
)

// build builds a command of this module, and installs it: what the linker has written, a page
// at a time, starts slower than a copy of it does.
func build(ctx context.Context, to, command string) error {
	linked := to + ".linked"
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", linked, "github.com/poolkeeper/poolkeeper/"+command)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", command, err, out)
	}
	if out, err := exec.CommandContext(ctx, "cp", linked, to).CombinedOutput(); err != nil {
		return fmt.Errorf("install %s: %w\n%s", command, err, out)
	}
	return os.Remove(linked)
}

// A product is the program, serving a data directory of its own.
type product struct {
	program, dir, algorithm string
	// settings are beyond the defaults.
	settings []string

	server  *server
	caller  caller
	checker *checker
	// stored are the GUIDs of the users that fill has made.
	stored []uuid.UUID
}

// storedID is the identity of a user that fill has made.
func (p *product) storedID(user uint64) string { return region + ":" + p.stored[user].String() }

// newProduct starts the program on a new directory, with one pool.
func newProduct(ctx context.Context, program, dir, algorithm string, settings ...string) (*product, error) {
	p := &product{program: program, dir: dir, algorithm: algorithm, settings: settings}
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	err := p.settle(ctx)
	if err != nil {
		p.server.stop()
	}
	return p, err
}

// start starts the program with its defaults but for the algorithm and the settings.
func (p *product) start(ctx context.Context) (err error) {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	p.server, err = start(ctx, p.log(), p.program, append([]string{
		"serve", "--data", p.dir, "--listen", "127.0.0.1:0", "--signing-algorithm", p.algorithm,
	}, p.settings...)...)
	if err == nil {
		p.caller.host = p.server.address()
	}
	return err
}

// log is where the program's log goes: a file, so that writing it is paid for.
func (p *product) log() string { return p.dir + ".log" }

// settle makes an access key and a pool.
func (p *product) settle(ctx context.Context) error {
	create := exec.CommandContext(ctx, p.program, "keys", "create", "--data", p.dir)
	create.Stderr = os.Stderr
	out, err := create.Output()
	if err != nil {
		return fmt.Errorf("make an access key: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), "="); name {
		case "export AWS_ACCESS_KEY_ID":
			p.caller.credentials.AccessKeyID = value
		case "export AWS_SECRET_ACCESS_KEY":
			p.caller.credentials.SecretAccessKey = value
		}
	}
	if p.caller.credentials == (sigv4.Credentials{}) {
		return fmt.Errorf("make an access key: it is not in %q", out)
	}
	pool := new(api.IdentityPool)
	err = p.client().Call(ctx, "CreateIdentityPool", &api.CreateIdentityPoolInput{
		IdentityPoolName: "bench", DeveloperProviderName: floorProvider,
	}, pool)
	if err != nil {
		return err
	}
	p.checker, err = newChecker(p.server, pool.IdentityPoolId, jose.SignatureAlgorithm(p.algorithm))
	return err
}

func (p *product) client() *cli.Client {
	return &cli.Client{
		Service: api.CognitoIdentity, Endpoint: p.server.url, Region: region,
		Credentials: p.caller.credentials, Now: time.Now,
	}
}

// userName is the developer user identifier of a number. Neighbours in number are
// not neighbours in an index. Names are in the order of scatter.
func userName(n uint64) string { return fmt.Sprintf("employee-%016x-%06d", scatter(n), n%1e6) }

func scatter(n uint64) uint64 { return (n + 1) * 0x9e3779b97f4a7c15 }

// tokens returns signed requests for the tokens of users.
func tokens(c *caller, pool string, users []uint64) []request {
	all := make([]request, len(users))
	for i, n := range users {
		user := userName(n)
		all[i] = c.request("GetOpenIdTokenForDeveloperIdentity", user,
			fmt.Sprintf(`{"IdentityPoolId":%q,"Logins":{%q:%q}}`, pool, floorProvider, user))
	}
	return all
}

func (p *product) tokens(users []uint64) []request { return tokens(&p.caller, p.checker.pool, users) }

// lookups returns signed requests for the identities of users.
func (p *product) lookups(users []string) []request {
	all := make([]request, len(users))
	for i, user := range users {
		all[i] = p.caller.request("LookupDeveloperIdentity", user,
			fmt.Sprintf(`{"IdentityPoolId":%q,"DeveloperUserIdentifier":%q}`, p.checker.pool, user))
	}
	return all
}

// describes returns signed requests for what is known of the identities of users.
func (p *product) describes(users []string) []request {
	all := make([]request, len(users))
	for i, user := range users {
		all[i] = p.caller.request("DescribeIdentity", user, fmt.Sprintf(`{"IdentityId":%q}`, p.checker.ids[user]))
	}
	return all
}

// fill stops the program, writes n users past it into its store, and starts it again.
// It returns how long the writing took, and the size of the database in bytes.
func (p *product) fill(ctx context.Context, n uint64) (took time.Duration, size int64, err error) {
	p.server.stop()
	path := filepath.Join(p.dir, "poolkeeper.db")
	master, err := seal.ReadFile(filepath.Join(p.dir, "master.key"))
	if err != nil {
		return 0, 0, err
	}
	db, err := store.Open(ctx, store.Config{Path: path, Now: time.Now})
	if err != nil {
		return 0, 0, err
	}
	err = db.UseIDKey(ctx, func(tx identity.Tx) ([]byte, error) { return identity.IDKey(tx, master) })
	if err != nil {
		return 0, 0, errors.Join(err, db.Close())
	}
	p.stored = make([]uuid.UUID, n)
	began := time.Now()
	// In the order of the names, where a tree only grows at its end: lookups do not
	// notice, and no other order is nearly as fast.
	users := upTo(n)
	slices.SortFunc(users, func(a, b uint64) int { return cmp.Compare(scatter(a), scatter(b)) })
	for batch := range slices.Chunk(users, 50_000) {
		err = db.Update(ctx, func(tx identity.Tx) error {
			for _, u := range batch {
				at := tx.Now()
				i := &identity.Identity{
					PoolID: p.checker.pool, Authenticated: true, Created: at, Modified: at,
					Logins: []identity.Login{{Provider: floorProvider, Subject: userName(u)}},
				}
				if err := tx.InsertIdentity(i); err != nil {
					return err
				}
				if p.stored[u], err = uuid.Parse(i.ID[len(region)+1:]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			break
		}
	}
	if closed := db.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return 0, 0, fmt.Errorf("load %d users: %w", n, err)
	}
	took = time.Since(began)
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	return took, info.Size(), p.start(ctx)
}
