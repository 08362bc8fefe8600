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

// livePool returns the pool with the guid: ErrNotFound, also when it is deleted.
// Whatever is asked about an identity or a login goes through it, which is how
// those of a deleted pool are invisible while their rows still exist.
func (t *tx) livePool(g guid) (*identity.Pool, error) {
	c := t.cache
	if c != nil {
		if p, ok := c.pools.get(g); ok {
			return p, nil
		}
	}
	row, err := t.first(selectPool, g.value())
	if err != nil {
		return nil, err
	}
	p := &identity.Pool{
		ID: joinID(row[1].(string), g), Account: row[0].(string), Name: row[2].(string),
		Created: toTime(row[4]), Modified: toTime(row[5]), SigningAlgorithm: row[6].(string),
	}
	if err := decodePool(p, row[3].(string)); err != nil {
		return nil, err
	}
	if c != nil {
		c.pools.put(g, p)
	}
	return p, nil
}

// region returns the region in the pool's id.
func region(p *identity.Pool) string { return p.ID[:len(p.ID)-idTail] }

func (t *tx) Pool(id string) (*identity.Pool, error) {
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

func (t *tx) Pools(account, region string, after identity.Cursor, limit int) ([]*identity.Pool, error) {
	last, err := cursorID(region, after)
	if err != nil {
		return nil, err
	}
	var pools []*identity.Pool
	err = t.each(selectPools, func(row []driver.Value) error {
		p := &identity.Pool{
			ID: joinID(region, toGUID(row[0])), Account: account, Name: row[1].(string),
			Created: toTime(row[3]), Modified: toTime(row[4]), SigningAlgorithm: row[5].(string),
		}
		pools = append(pools, p)
		return decodePool(p, row[2].(string))
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
	return t.execCached(identity.ErrConflict, insertPool, g.value(), p.Account, region, p.Name, doc,
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
	region, g, ok := splitID(id)
	if !ok {
		return identity.ErrNotFound
	}
	if err := t.execCached(identity.ErrNotFound, deletePool, g.value(), region); err != nil {
		return err
	}
	_, err := t.exec(insertDeadPool, g.value())
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
		pool := toGUID(row[0])
		n, more, err := t.purge(pool, limit)
		if err != nil || more {
			return more, err
		}
		limit -= n
		if _, err := t.exec(deleteDeadPool, pool.value()); err != nil {
			return false, err
		}
	}
}
