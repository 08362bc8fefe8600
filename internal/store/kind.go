package store

import (
	"fmt"
	"strconv"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/principal"
)

// The documents of entities. Their names, and those of the kinds, are part of the schema.
type (
	entityDoc struct {
		Path string            `json:"path,omitempty"`
		Tags map[string]string `json:"tags,omitempty"`
	}
	permissionsDoc struct {
		Inline   map[string]string `json:"inline,omitempty"`
		Attached []string          `json:"attached,omitempty"`
	}
	userDoc struct {
		entityDoc
		permissionsDoc
		SessionsFrom docTime `json:"sessionsFrom,omitzero"`
	}
	roleDoc struct {
		entityDoc
		permissionsDoc
		Description  string            `json:"description,omitempty"`
		Trust        string            `json:"trust,omitempty"`
		Trusted      map[string]string `json:"trusted,omitempty"`
		MaxSession   int64             `json:"maxSession,omitempty"`
		SessionsFrom docTime           `json:"sessionsFrom,omitzero"`
		Upstream     *upstreamDoc      `json:"upstream,omitempty"`
	}
	upstreamDoc struct {
		URL      string `json:"url"`
		RoleARN  string `json:"roleARN"`
		Duration int64  `json:"duration,omitempty"`
		Policy   string `json:"policy,omitempty"`
	}
	policyDoc struct {
		entityDoc
		Description string             `json:"description,omitempty"`
		Updated     docTime            `json:"updated,omitzero"`
		Versions    []policyVersionDoc `json:"versions,omitempty"`
		NextVersion int                `json:"nextVersion,omitempty"`
	}
	policyVersionDoc struct {
		ID       string  `json:"id"`
		Document string  `json:"document"`
		Default  bool    `json:"default,omitempty"`
		Created  docTime `json:"created,omitzero"`
	}
	oidcProviderDoc struct {
		entityDoc
		ClientIDs   []string `json:"clientIDs,omitempty"`
		Thumbprints []string `json:"thumbprints,omitempty"`
	}
	samlProviderDoc struct {
		entityDoc
		Metadata   string  `json:"metadata,omitempty"`
		ValidUntil docTime `json:"validUntil,omitzero"`
	}
)

// A docTime is a time as documents have it: milliseconds since 1970.
type docTime struct{ time.Time }

func (t docTime) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, t.UnixMilli(), 10), nil
}

func (t *docTime) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return fmt.Errorf("time %q: %w", text, err)
	}
	t.Time = toTime(n)
	return nil
}

func encodeEntity(e principal.Entity) entityDoc { return entityDoc{e.Path, e.Tags} }

func (d entityDoc) decode(e *principal.Entity) { e.Path, e.Tags = d.Path, d.Tags }

var users = kind[principal.User, userDoc]{
	name:   "user",
	cached: func(c *cache) *rows[entityKey, *principal.User] { return &c.users },
	common: func(u *principal.User) *principal.Entity { return &u.Entity },
	encode: func(u *principal.User) userDoc {
		return userDoc{encodeEntity(u.Entity), permissionsDoc(u.Permissions), docTime{u.SessionsFrom}}
	},
	decode: func(d userDoc, u *principal.User) {
		d.decode(&u.Entity)
		u.Permissions = principal.Permissions(d.permissionsDoc)
		u.SessionsFrom = d.SessionsFrom.Time
	},
}

var roles = kind[principal.Role, roleDoc]{
	name:   "role",
	cached: func(c *cache) *rows[entityKey, *principal.Role] { return &c.roles },
	common: func(r *principal.Role) *principal.Entity { return &r.Entity },
	encode: func(r *principal.Role) roleDoc {
		return roleDoc{
			entityDoc:      encodeEntity(r.Entity),
			permissionsDoc: permissionsDoc(r.Permissions),
			Description:    r.Description,
			Trust:          r.Trust,
			Trusted:        r.Trusted,
			MaxSession:     r.MaxSession,
			SessionsFrom:   docTime{r.SessionsFrom},
			Upstream:       (*upstreamDoc)(r.Upstream),
		}
	},
	decode: func(d roleDoc, r *principal.Role) {
		d.decode(&r.Entity)
		r.Permissions = principal.Permissions(d.permissionsDoc)
		r.Description = d.Description
		r.Trust = d.Trust
		r.Trusted = d.Trusted
		r.MaxSession = d.MaxSession
		r.SessionsFrom = d.SessionsFrom.Time
		r.Upstream = (*principal.Upstream)(d.Upstream)
	},
}

var policies = kind[principal.Policy, policyDoc]{
	name:   "policy",
	cached: func(c *cache) *rows[entityKey, *principal.Policy] { return &c.policies },
	common: func(p *principal.Policy) *principal.Entity { return &p.Entity },
	encode: func(p *principal.Policy) policyDoc {
		d := policyDoc{
			entityDoc:   encodeEntity(p.Entity),
			Description: p.Description,
			Updated:     docTime{p.Updated},
			NextVersion: p.NextVersion,
		}
		for _, v := range p.Versions {
			d.Versions = append(d.Versions, policyVersionDoc{v.ID, v.Document, v.Default, docTime{v.Created}})
		}
		return d
	},
	decode: func(d policyDoc, p *principal.Policy) {
		d.decode(&p.Entity)
		p.Description = d.Description
		p.Updated = d.Updated.Time
		p.NextVersion = d.NextVersion
		for _, v := range d.Versions {
			p.Versions = append(p.Versions, principal.PolicyVersion{
				ID: v.ID, Document: v.Document, Default: v.Default, Created: v.Created.Time,
			})
		}
	},
}

var oidcProviders = kind[principal.OIDCProvider, oidcProviderDoc]{
	name:   "oidc-provider",
	cached: func(c *cache) *rows[entityKey, *principal.OIDCProvider] { return &c.oidcProviders },
	common: func(p *principal.OIDCProvider) *principal.Entity { return &p.Entity },
	encode: func(p *principal.OIDCProvider) oidcProviderDoc {
		return oidcProviderDoc{encodeEntity(p.Entity), p.ClientIDs, p.Thumbprints}
	},
	decode: func(d oidcProviderDoc, p *principal.OIDCProvider) {
		d.decode(&p.Entity)
		p.ClientIDs, p.Thumbprints = d.ClientIDs, d.Thumbprints
	},
}

var samlProviders = kind[principal.SAMLProvider, samlProviderDoc]{
	name:   "saml-provider",
	cached: func(c *cache) *rows[entityKey, *principal.SAMLProvider] { return &c.samlProviders },
	common: func(p *principal.SAMLProvider) *principal.Entity { return &p.Entity },
	encode: func(p *principal.SAMLProvider) samlProviderDoc {
		return samlProviderDoc{encodeEntity(p.Entity), p.Metadata, docTime{p.ValidUntil}}
	},
	decode: func(d samlProviderDoc, p *principal.SAMLProvider) {
		d.decode(&p.Entity)
		p.Metadata, p.ValidUntil = d.Metadata, d.ValidUntil.Time
	},
}

func (t *tx) Users() principal.Entities[principal.User]                 { return users.of(t) }
func (t *tx) Roles() principal.Entities[principal.Role]                 { return roles.of(t) }
func (t *tx) Policies() principal.Entities[principal.Policy]            { return policies.of(t) }
func (t *tx) OIDCProviders() principal.Entities[principal.OIDCProvider] { return oidcProviders.of(t) }
func (t *tx) SAMLProviders() principal.Entities[principal.SAMLProvider] { return samlProviders.of(t) }
