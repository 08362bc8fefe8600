package fault_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// What is to be checked grows with the power of the ops whose answers are unknown, so a pool is
// left for another one after so many ops, or unknown ones.
const (
	opsPerPool     = 160
	unknownPerPool = 10
	clientsPerPool = 4
)

const noPool api.Code = "there is no such pool"

// A history is what clients asked about one pool, and what they were answered.
type history struct {
	pool  string
	begun time.Time
	most  int // ops

	mu      sync.Mutex
	ops     []porcupine.Operation
	unknown int
	numbers map[string]int16
	names   []string // of the identities; number 1 is the first
	last    [users]int16
}

func newHistory(pool string, most int) *history {
	return &history{pool: pool, begun: time.Now(), most: most, numbers: map[string]int16{}}
}

// number returns the number of an identity.
func (h *history) number(id string) int16 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.numbers[id] == 0 {
		h.names = append(h.names, id)
		h.numbers[id] = int16(len(h.names))
	}
	return h.numbers[id]
}

func (h *history) full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ops) >= h.most || h.unknown >= unknownPerPool || len(h.names) >= maxIDs-users*8
}

// choose returns an op that has a chance to meet others, and the name of its identity.
func (h *history) choose() (o op, identity string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o.user = int8(rand.N(users))
	o.other = (o.user + 1 + int8(rand.N(users-1))) % users
	recent := func() int16 {
		if len(h.names) == 0 {
			return 0
		}
		return int16(max(1, len(h.names)-rand.N(5)))
	}
	switch n := rand.N(100); {
	case n < 25:
		o.kind = signIn
	case n < 33:
		o.kind, o.identity = signIn, recent()
	case n < 42:
		o.kind = guest
	case n < 52:
		o.kind = merge
	case n < 65:
		o.kind, o.identity = unlink, h.last[o.user]
	case n < 70:
		o.kind, o.identity = remove, recent()
	case n < 90:
		o.kind = lookUp
	default:
		o.kind, o.identity = lookUpUser, recent()
	}
	if o.identity == 0 && (o.kind == unlink || o.kind == remove || o.kind == lookUpUser) {
		o.kind = lookUp
	}
	return h.plain(o)
}

// plain leaves out what an op does not use.
func (h *history) plain(o op) (op, string) {
	if o.kind != merge {
		o.other = 0
	}
	if o.kind == guest || o.kind == remove || o.kind == lookUpUser {
		o.user = 0
	}
	if o.identity == 0 {
		return o, ""
	}
	return o, h.names[o.identity-1]
}

func userName(u int8) string { return fmt.Sprint("user", u) }

// do asks a node for an op and writes down what came of it.
func (h *history) do(ctx context.Context, n *node, client int, o op, identity string) fate {
	from := int64(time.Since(h.begun))
	a, err := h.ask(ctx, n, o, identity)
	to := int64(time.Since(h.begun))
	f := fateOf(err)
	var refused *api.Error
	switch {
	case f == never:
		return f
	case f == unknown:
		a, to = answer{unknown: true}, forever
	case errors.As(err, &refused):
		a = answer{refusal: refused.Code}
		if refused.Message == api.PoolNotFound.With(h.pool).Message {
			a.refusal = noPool // which no state of the model answers: there is one
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if f == unknown {
		if o.kind == lookUp || o.kind == lookUpUser || o.kind == guest {
			return f // it has changed nothing, or nothing that anybody will see
		}
		h.unknown++
	}
	if a.identity != 0 && o.kind != guest {
		h.last[o.user] = a.identity
	}
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: o, Output: a, Call: from, Return: to})
	return f
}

func (h *history) ask(ctx context.Context, n *node, o op, identity string) (a answer, err error) {
	switch o.kind {
	case signIn:
		var out api.GetOpenIdTokenForDeveloperIdentityOutput
		err = n.call(ctx, "GetOpenIdTokenForDeveloperIdentity", &api.GetOpenIdTokenForDeveloperIdentityInput{
			IdentityPoolId: h.pool, IdentityId: identity, Logins: map[string]api.Secret{provider: api.Secret(userName(o.user))},
		}, &out)
		if err == nil {
			a.identity = h.number(out.IdentityId)
		}
	case guest:
		var out api.GetIdOutput
		if err = n.call(ctx, "GetId", &api.GetIdInput{IdentityPoolId: h.pool}, &out); err == nil {
			a.identity = h.number(out.IdentityId)
		}
	case merge:
		var out api.MergeDeveloperIdentitiesOutput
		err = n.call(ctx, "MergeDeveloperIdentities", &api.MergeDeveloperIdentitiesInput{
			IdentityPoolId: h.pool, DeveloperProviderName: provider,
			SourceUserIdentifier: userName(o.user), DestinationUserIdentifier: userName(o.other),
		}, &out)
		if err == nil {
			a.identity = h.number(out.IdentityId)
		}
	case unlink:
		err = n.call(ctx, "UnlinkDeveloperIdentity", &api.UnlinkDeveloperIdentityInput{
			IdentityPoolId: h.pool, IdentityId: identity, DeveloperProviderName: provider, DeveloperUserIdentifier: userName(o.user),
		}, nil)
	case lookUp, lookUpUser:
		in := &api.LookupDeveloperIdentityInput{IdentityPoolId: h.pool, IdentityId: identity}
		if o.kind == lookUp {
			in.DeveloperUserIdentifier = userName(o.user)
		}
		var out api.LookupDeveloperIdentityOutput
		err = n.call(ctx, "LookupDeveloperIdentity", in, &out)
		switch {
		case err != nil:
		case o.kind == lookUp:
			a.identity = h.number(out.IdentityId)
		default:
			for u := range int8(users) {
				if slices.Contains(out.DeveloperUserIdentifierList, userName(u)) {
					a.users |= 1 << u
				}
			}
		}
	case remove:
		var out api.DeleteIdentitiesOutput
		err = n.call(ctx, "DeleteIdentities", &api.DeleteIdentitiesInput{IdentityIdsToDelete: []string{identity}}, &out)
		if len(out.UnprocessedIdentityIds) > 0 {
			a.refusal = api.Code(out.UnprocessedIdentityIds[0].ErrorCode)
		}
	}
	return a, err
}

// readAll looks at everything at the end, through every node.
func (h *history) readAll(ctx context.Context, nodes []*node) error {
	for i, n := range nodes {
		ops := make([]op, 0, users+len(h.names))
		for u := range int8(users) {
			ops = append(ops, op{kind: lookUp, user: u})
		}
		for identity := range h.names {
			if identity%len(nodes) == i {
				ops = append(ops, op{kind: lookUpUser, identity: int16(identity + 1)})
			}
		}
		for _, o := range ops {
			name := ""
			if o.identity != 0 {
				name = h.names[o.identity-1]
			}
			if err := n.eventually(ctx, func() error {
				if f := h.do(ctx, n, clientsPerPool, o, name); f != answered {
					return fmt.Errorf("%v: fate %d", o, f)
				}
				return nil
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// verdicts checks histories and reports what is wrong with which.
func verdicts(t *testing.T, all []*history) (legal int, illegal []*history) {
	t.Helper()
	for i, h := range all {
		result, info := porcupine.CheckOperationsVerbose(model, h.ops, patience)
		switch result {
		case porcupine.Ok:
			legal++
			continue
		case porcupine.Unknown:
			t.Errorf("history %d of %d ops, %d unknown: could not be decided", i, len(h.ops), h.unknown)
			continue
		}
		illegal = append(illegal, h)
		at := filepath.Join(t.ArtifactDir(), fmt.Sprintf("history-%d.html", i))
		if err := porcupine.VisualizePath(model, info, at); err != nil {
			t.Error(err)
		}
	}
	return legal, illegal
}

// A traffic is clients that call about pools, and the histories that they have written.
type traffic struct {
	perPool   int // ops
	histories []*history
	answered  atomic.Int64
	unknown   atomic.Int64
	refused   atomic.Int64
}

// run has clients call until ctx ends, each time through one of the nodes.
func (f *traffic) run(ctx context.Context, t *testing.T, nodes []*node, lanes int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for range lanes {
		all.Go(func() {
			for ctx.Err() == nil {
				pool, err := nodes[rand.N(len(nodes))].pool(ctx)
				if err != nil {
					if ctx.Err() == nil {
						continue // that node is away
					}
					return
				}
				h := newHistory(pool, f.perPool)
				mu.Lock()
				f.histories = append(f.histories, h)
				mu.Unlock()
				var clients sync.WaitGroup
				for c := range clientsPerPool {
					clients.Go(func() { f.client(ctx, h, c, nodes) })
				}
				clients.Wait()
			}
		})
	}
	all.Wait()
	if f.answered.Load() == 0 {
		t.Error("nothing was answered")
	}
}

func (f *traffic) client(ctx context.Context, h *history, c int, nodes []*node) {
	for ctx.Err() == nil && !h.full() {
		o, identity := h.choose()
		// Not ctx: a call that was cut by its end would be one more unknown.
		switch h.do(context.WithoutCancel(ctx), nodes[rand.N(len(nodes))], c, o, identity) {
		case answered:
			f.answered.Add(1)
		case unknown:
			f.unknown.Add(1)
		case never:
			f.refused.Add(1)
			select {
			case <-time.After(10 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
}

// check reads everything through all nodes and fails unless each history is one of a service
// that does one thing after the other.
func (f *traffic) check(t *testing.T, nodes []*node) {
	t.Helper()
	for _, h := range f.histories {
		if err := h.readAll(t.Context(), nodes); err != nil {
			t.Fatalf("pool %s can not be read: %v", h.pool, err)
		}
	}
	legal, illegal := verdicts(t, f.histories)
	kinds := map[string]int{}
	for _, h := range f.histories {
		for _, o := range h.ops {
			kinds[string(o.Output.(answer).refusal)]++
		}
	}
	t.Logf("%d calls answered, %d unknown, %d not accepted; %d histories, %d linearizable; refusals %v",
		f.answered.Load(), f.unknown.Load(), f.refused.Load(), len(f.histories), legal, kinds)
	for _, h := range illegal {
		t.Errorf("the history of pool %s is that of no service: %d ops, %d unknown, drawn in %s", h.pool, len(h.ops), h.unknown, t.ArtifactDir())
		for _, o := range h.ops {
			t.Logf("%12d %12d  client %d: %v → %v", o.Call/1000, o.Return/1000, o.ClientId, o.Input, o.Output)
		}
	}
}
