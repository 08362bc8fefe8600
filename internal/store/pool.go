package store

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// poolDoc is the column doc: what no query looks for. Its names are part of the
// schema.
type poolDoc struct {
	AllowGuests            bool                  `json:"allowGuests,omitempty"`
	AllowClassicFlow       *bool                 `json:"allowClassicFlow,omitempty"`
	DeveloperProvider      string                `json:"developerProvider,omitempty"`
	LoginProviders         map[string]string     `json:"loginProviders,omitempty"`
	OpenIDConnectProviders []string              `json:"openIDConnectProviders,omitempty"`
	SAMLProviders          []string              `json:"samlProviders,omitempty"`
	CognitoProviders       []poolCognitoProvider `json:"cognitoProviders,omitempty"`
	Tags                   map[string]string     `json:"tags,omitempty"`

	AuthenticatedRole string                     `json:"authenticatedRole,omitempty"`
	GuestRole         string                     `json:"guestRole,omitempty"`
	RoleMappings      map[string]poolRoleMapping `json:"roleMappings,omitempty"`
	TagMaps           map[string]poolTagMap      `json:"tagMaps,omitempty"`
}

type poolRoleMapping struct {
	ByToken bool              `json:"byToken,omitempty"`
	Deny    bool              `json:"deny,omitempty"`
	Rules   []poolMappingRule `json:"rules,omitempty"`
}

type poolMappingRule struct {
	Claim   string `json:"claim"`
	Match   string `json:"match"`
	Value   string `json:"value"`
	RoleARN string `json:"roleARN"`
}

type poolTagMap struct {
	Defaults bool              `json:"defaults,omitempty"`
	Tags     map[string]string `json:"tags,omitempty"`
}

type poolCognitoProvider struct {
	ProviderName         string `json:"providerName"`
	ClientID             string `json:"clientID"`
	ServerSideTokenCheck *bool  `json:"serverSideTokenCheck,omitempty"`
}

func encodePool(p *identity.Pool) (string, error) {
	doc := poolDoc{
		AllowGuests:            p.AllowGuests,
		AllowClassicFlow:       p.AllowClassicFlow,
		DeveloperProvider:      p.DeveloperProvider,
		LoginProviders:         p.LoginProviders,
		OpenIDConnectProviders: p.OpenIDConnectProviders,
		SAMLProviders:          p.SAMLProviders,
		Tags:                   p.Tags,
		AuthenticatedRole:      p.AuthenticatedRole,
		GuestRole:              p.GuestRole,
	}
	for _, c := range p.CognitoProviders {
		doc.CognitoProviders = append(doc.CognitoProviders, poolCognitoProvider(c))
	}
	for key, m := range p.RoleMappings {
		d := poolRoleMapping{ByToken: m.ByToken, Deny: m.Deny}
		for _, r := range m.Rules {
			d.Rules = append(d.Rules, poolMappingRule(r))
		}
		doc.RoleMappings = with(doc.RoleMappings, key, d)
	}
	for key, m := range p.TagMaps {
		doc.TagMaps = with(doc.TagMaps, key, poolTagMap(m))
	}
	b, err := json.Marshal(doc)
	return string(b), err
}

func decodePool(p *identity.Pool, text string) error {
	var doc poolDoc
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return fmt.Errorf("pool %s: %w", p.ID, err)
	}
	p.AllowGuests = doc.AllowGuests
	p.AllowClassicFlow = doc.AllowClassicFlow
	p.DeveloperProvider = doc.DeveloperProvider
	p.LoginProviders = doc.LoginProviders
	p.OpenIDConnectProviders = doc.OpenIDConnectProviders
	p.SAMLProviders = doc.SAMLProviders
	p.Tags = doc.Tags
	for _, c := range doc.CognitoProviders {
		p.CognitoProviders = append(p.CognitoProviders, identity.CognitoProvider(c))
	}
	p.AuthenticatedRole, p.GuestRole = doc.AuthenticatedRole, doc.GuestRole
	for key, d := range doc.RoleMappings {
		m := identity.RoleMapping{ByToken: d.ByToken, Deny: d.Deny}
		for _, r := range d.Rules {
			m.Rules = append(m.Rules, identity.MappingRule(r))
		}
		p.RoleMappings = with(p.RoleMappings, key, m)
	}
	for key, d := range doc.TagMaps {
		p.TagMaps = with(p.TagMaps, key, identity.TagMap(d))
	}
	return nil
}

// with returns m with another entry. m may be nil.
func with[V any](m map[string]V, key string, value V) map[string]V {
	if m == nil {
		m = make(map[string]V)
	}
	m[key] = value
	return m
}

// A pool is a pool with the number that its identities and providers know it by.
type pool struct {
	identity.Pool
	number int64
}

// base is less than the number of each of the pool's identities, and end is more.
func (p *pool) base() int64 { return p.number << poolShift }
func (p *pool) end() int64  { return (p.number + 1) << poolShift }

// region returns the region in the pool's id.
func (p *pool) region() string { return p.ID[:len(p.ID)-idTail] }

func decodePoolRow(row []driver.Value) (*pool, error) {
	p := &pool{
		Pool: identity.Pool{
			ID: joinID(row[3].(string), toGUID(row[0])), Account: row[2].(string), Name: row[4].(string),
			Created: toTime(row[6]), Modified: toTime(row[7]), SigningAlgorithm: row[8].(string),
		},
		number: row[1].(int64),
	}
	return p, decodePool(&p.Pool, row[5].(string))
}

// livePool returns the pool with the guid: ErrNotFound, also when it is deleted.
// Whatever is asked about an identity or a login goes through it or through
// livePoolNumbered, which is how those of a deleted pool are invisible while their rows still exist.
func (t *tx) livePool(g guid) (*pool, error) {
	if t.cache != nil {
		if p, ok := t.cache.pools.get(g); ok {
			return p, nil
		}
	}
	return t.readPool(selectPool, g.value())
}

// livePoolNumbered returns the pool with the number: ErrNotFound, also when it is deleted.
func (t *tx) livePoolNumbered(number int64) (*pool, error) {
	if t.cache != nil {
		if p, ok := t.cache.poolsNumbered.get(number); ok {
			return p, nil
		}
	}
	return t.readPool(selectPoolNumbered, number)
}

func (t *tx) readPool(q query, key driver.Value) (*pool, error) {
	row, err := t.first(q, key)
	if err != nil {
		return nil, err
	}
	g := toGUID(row[0])
	p, err := decodePoolRow(row)
	if err != nil {
		return nil, err
	}
	if c := t.cache; c != nil {
		c.pools.put(g, p)
		c.poolsNumbered.put(p.number, p)
	}
	return p, nil
}

// pool returns the pool with the id: ErrNotFound.
func (t *tx) pool(id string) (*pool, error) {
	_, g, ok := splitID(id)
	if !ok {
		return nil, identity.ErrNotFound
	}
	p, err := t.livePool(g)
	if err == nil && p.ID != id {
		return nil, identity.ErrNotFound
	}
	return p, err
}

func (t *tx) Pool(id string) (*identity.Pool, error) {
	p, err := t.pool(id)
	if err != nil {
		return nil, err
	}
	return &p.Pool, nil
}

func (t *tx) Pools(account, region string, after identity.Cursor, limit int) ([]*identity.Pool, error) {
	last, err := cursorID(region, after)
	if err != nil {
		return nil, err
	}
	var pools []*identity.Pool
	err = t.each(selectPools, func(row []driver.Value) error {
		p, err := decodePoolRow(row)
		pools = append(pools, &p.Pool)
		return err
	}, account, region, after.Created.UnixMilli(), last, int64(limit))
	return pools, err
}

// SigningAlgorithms asks for one after the other, so that it costs the same for any number of
// pools.
func (t *tx) SigningAlgorithms() ([]string, error) {
	var algorithms []string
	for last := ""; ; {
		row, err := t.first(selectNextSigning, last)
		if err != nil {
			return nil, err
		}
		var found bool
		if last, found = row[0].(string); !found {
			return algorithms, nil
		}
		algorithms = append(algorithms, last)
	}
}

// cursorID returns the guid after which a list of the region goes on, as a query
// takes it: empty, before all others, when the cursor names a time only.
func cursorID(region string, after identity.Cursor) ([]byte, error) {
	if after.ID == "" {
		return []byte{}, nil
	}
	r, g, ok := splitID(after.ID)
	if !ok || r != region {
		return nil, fmt.Errorf("cursor %q is not in a list of region %q", after.ID, region)
	}
	return g[:], nil
}

func (t *tx) InsertPool(p *identity.Pool) error {
	region, g, ok := splitID(p.ID)
	if !ok {
		return fmt.Errorf("insert pool: id %q is not REGION:GUID", p.ID)
	}
	doc, err := encodePool(p)
	if err != nil {
		return fmt.Errorf("insert pool %s: %w", p.ID, err)
	}
	// A new pool with the id of a dead one would bring its identities back.
	if _, err := t.first(selectDeadPool, g.value()); !errors.Is(err, identity.ErrNotFound) {
		if err == nil {
			err = identity.ErrConflict
		}
		return err
	}
	number, err := t.newNumber(poolSequence)
	if err != nil {
		return err
	}
	return t.execCached(identity.ErrConflict, insertPool, g.value(), number, p.Account, region, p.Name, doc,
		p.Created.UnixMilli(), p.Modified.UnixMilli(), p.SigningAlgorithm)
}

func (t *tx) UpdatePool(p *identity.Pool) error {
	region, g, ok := splitID(p.ID)
	if !ok {
		return identity.ErrNotFound
	}
	doc, err := encodePool(p)
	if err != nil {
		return fmt.Errorf("update pool %s: %w", p.ID, err)
	}
	return t.execCached(identity.ErrNotFound, updatePool, p.Account, p.Name, doc,
		p.Created.UnixMilli(), p.Modified.UnixMilli(), p.SigningAlgorithm, g.value(), region)
}

func (t *tx) DeletePool(id string) error {
	p, err := t.pool(id)
	if err != nil {
		return err
	}
	region, g, _ := splitID(id)
	if err := t.execCached(identity.ErrNotFound, deletePool, g.value(), region); err != nil {
		return err
	}
	_, err = t.exec(insertDeadPool, g.value(), p.number)
	return err
}

func (t *tx) PurgeDeleted(limit int) (more bool, err error) {
	for {
		row, err := t.first(selectNextDeadPool)
		if errors.Is(err, identity.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		id, dead := toGUID(row[0]), &pool{number: row[1].(int64)}
		n, more, err := t.purge(dead, limit)
		if err != nil || more {
			return more, err
		}
		limit -= n
		// Nobody asks a cache for providers of a pool that is dead: its number does not come again.
		if _, err := t.exec(deleteProviders, dead.number); err != nil {
			return false, err
		}
		if _, err := t.exec(deleteNumbering, dead.number); err != nil {
			return false, err
		}
		if _, err := t.exec(deleteDeadPool, id.value()); err != nil {
			return false, err
		}
	}
}
