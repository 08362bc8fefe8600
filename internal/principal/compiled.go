package principal

import (
	"fmt"
	"sync"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// compiled keeps policies that were parsed. It is keyed by the records, and the sessions,
// that they were parsed from: these are never modified, so a policy is as current as the
// record at hand, which is read at every request.
type compiled struct {
	inline  derived[*Permissions, []iam.Named]
	managed derived[*Policy, *iam.Policy]
	trust   derived[*Role, *iam.Policy]
	session derived[*api.Session, []iam.Named]
}

// policies returns the policies in force of who has the permissions. A policy that can
// not be read is an error: it may hold a Deny.
func (c *compiled) policies(tx Tx, account string, has *Permissions) ([]iam.Named, error) {
	inline, err := c.inline.of(has, parseInline)
	if err != nil || len(has.Attached) == 0 {
		return inline, err
	}
	all := make([]iam.Named, len(inline), len(inline)+len(has.Attached))
	copy(all, inline)
	for _, arn := range has.Attached {
		name, _ := policyOf(account, arn)
		p, err := tx.Policies().Get(account, name)
		if err != nil {
			return nil, fmt.Errorf("attached policy %s: %w", arn, err)
		}
		parsed, err := c.managed.of(p, parseManaged)
		if err != nil {
			return nil, fmt.Errorf("attached policy %s: %w", arn, err)
		}
		all = append(all, iam.Named{Name: p.Name, Policy: parsed})
	}
	return all, nil
}

// sessionPolicies returns the policies that limit a session; nil where none do. A managed
// policy that is gone may have held a Deny, so that a session which has one may do nothing.
func (c *compiled) sessionPolicies(tx Tx, account string, s *api.Session) ([]iam.Named, error) {
	if s != nil && s.WebIdentity != nil && s.WebIdentity.ScopedDown {
		return guestPolicies(), nil // such a session has no others
	}
	if s == nil || len(s.Policies)+len(s.PolicyARNs) == 0 {
		return nil, nil
	}
	inline, err := c.session.of(s, parseSession)
	if err != nil || len(s.PolicyARNs) == 0 {
		return inline, err
	}
	all := make([]iam.Named, len(inline), len(inline)+len(s.PolicyARNs))
	copy(all, inline)
	for _, arn := range s.PolicyARNs {
		p, err := policies.get(tx, account, arn)
		if isNotFound(err) {
			return []iam.Named{}, nil
		}
		if err != nil {
			return nil, err
		}
		parsed, err := c.managed.of(p, parseManaged)
		if err != nil {
			return nil, fmt.Errorf("session policy %s: %w", arn, err)
		}
		all = append(all, iam.Named{Name: p.Name, Policy: parsed})
	}
	return all, nil
}

func parseSession(s *api.Session) (all []iam.Named, err error) {
	for n, document := range s.Policies {
		parsed, err := iam.Parse([]byte(document), iam.SessionPolicy)
		if err != nil {
			return nil, fmt.Errorf("session policy %d: %w", n+1, err)
		}
		all = append(all, iam.Named{Policy: parsed})
	}
	return all, nil
}

func parseTrust(r *Role) (*iam.Policy, error) {
	trust, err := iam.Parse([]byte(r.Trust), iam.TrustPolicy)
	if err != nil {
		return nil, err
	}
	return trust.Pinned(r.Trusted), nil
}

func parseInline(p *Permissions) (all []iam.Named, err error) {
	for _, name := range sortedKeys(p.Inline) {
		parsed, err := iam.Parse([]byte(p.Inline[name]), iam.IdentityPolicy)
		if err != nil {
			return nil, fmt.Errorf("inline policy %s: %w", name, err)
		}
		all = append(all, iam.Named{Name: name, Policy: parsed})
	}
	return all, nil
}

func parseManaged(p *Policy) (*iam.Policy, error) {
	return iam.Parse([]byte(p.inForce().Document), iam.IdentityPolicy)
}

// derivations bounds each map of what was derived.
const derivations = 1024

// derived is a bounded map from things that do not change to what was computed from them, for concurrent
// use. The zero value is empty.
type derived[K comparable, V any] struct {
	mu sync.RWMutex
	m  map[K]V
}

// of returns what f makes of k, of which it is called at least once.
func (d *derived[K, V]) of(k K, f func(K) (V, error)) (V, error) {
	d.mu.RLock()
	v, ok := d.m[k]
	d.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := f(k)
	if err != nil {
		return v, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.m == nil {
		d.m = make(map[K]V)
	}
	if len(d.m) >= derivations {
		// Records that were replaced stay behind, in no order: any victim will do.
		for victim := range d.m {
			delete(d.m, victim)
			break
		}
	}
	d.m[k] = v
	return v, nil
}
