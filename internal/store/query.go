package store

import (
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/dump"
)

// A query is one SQL text. All texts of the product stand in this file, but for what
// several processes on one database have between them (postgres_query.go). They run
// unchanged on PostgreSQL and its relatives: parameters first appear in ascending
// order (SQLite numbers $n by first appearance), columns are named, an order ends in
// a unique key, and nothing is used that a distributed engine lacks (foreign
// keys, sequences, triggers, savepoints, row numbers). No key of a row changes, since it says
// where the row is; and what is to be written whether it is there or not is updated, or else inserted, since
// not every engine has ON CONFLICT DO UPDATE.
type query string

const (
	// The writer takes the write lock when it begins: a transaction that reads
	// first and then writes would be refused, whatever the busy timeout.
	beginRead  query = `BEGIN`
	beginWrite query = `BEGIN IMMEDIATE`
	commit     query = `COMMIT`
	rollback   query = `ROLLBACK`

	selectVersion query = `SELECT max(version_id) FROM schema_version`
)

const (
	selectPool query = `SELECT id, number, account, region, name, doc, created, modified, signing
		FROM pool WHERE id = $1`
	selectPoolNumbered query = `SELECT id, number, account, region, name, doc, created, modified, signing
		FROM pool WHERE number = $1`
	selectPools query = `SELECT id, number, account, region, name, doc, created, modified, signing
		FROM pool WHERE account = $1 AND region = $2 AND (created, id) > ($3, $4)
		ORDER BY created, id LIMIT $5`
	// Twice the condition: the first is that of the index.
	selectNextSigning query = `SELECT min(signing) FROM pool WHERE signing <> '' AND signing > $1`
	insertPool        query = `INSERT INTO pool (id, number, account, region, name, doc, created, modified, signing)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`
	updatePool query = `UPDATE pool SET account = $1, name = $2, doc = $3, created = $4, modified = $5, signing = $6
		WHERE id = $7 AND region = $8`
	deletePool query = `DELETE FROM pool WHERE id = $1 AND region = $2`

	selectDeadPool     query = `SELECT id FROM dead_pool WHERE id = $1`
	selectNextDeadPool query = `SELECT id, number FROM dead_pool ORDER BY id LIMIT 1`
	insertDeadPool     query = `INSERT INTO dead_pool (id, number) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	deleteDeadPool     query = `DELETE FROM dead_pool WHERE id = $1`
	selectDeadIdentity query = `SELECT number, guid, logins FROM identity WHERE number > $1 AND number < $2
		ORDER BY number LIMIT $3`
)

const (
	selectProvider     query = `SELECT number FROM provider WHERE pool = $1 AND name = $2`
	selectProviderName query = `SELECT name FROM provider WHERE number = $1`
	insertProvider     query = `INSERT INTO provider (number, pool, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	deleteProviders    query = `DELETE FROM provider WHERE pool = $1`

	// takeNumbers raises the next number of a sequence and returns it. The first to take any inserts the row.
	takeNumbers     query = `UPDATE numbering SET next = next + $1 WHERE pool = $2 RETURNING next`
	insertNumbering query = `INSERT INTO numbering (pool, next) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	deleteNumbering query = `DELETE FROM numbering WHERE pool = $1`
)

const (
	selectIdentity query = `SELECT number, guid, authenticated, disabled, logins, created, modified, revoked_before
		FROM identity WHERE number = $1 AND guid IS NULL`
	selectIdentityWithGUID query = `SELECT identity.number, identity.guid, authenticated, disabled, logins, created, modified, revoked_before
		FROM identity_guid JOIN identity ON identity.number = identity_guid.number
		WHERE identity_guid.guid = $1`
	selectIdentities query = `SELECT number, guid, authenticated, disabled, logins, created, modified, revoked_before
		FROM identity WHERE number > $1 AND number < $2 AND disabled < $3
		ORDER BY number LIMIT $4`
	insertIdentity query = `INSERT INTO identity
		(number, guid, authenticated, disabled, logins, created, modified, revoked_before, seen)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`
	// insertNewIdentity inserts nothing where the GUID that follows from the number is taken.
	insertNewIdentity query = `INSERT INTO identity
		(number, authenticated, disabled, logins, created, modified, revoked_before)
		SELECT $1, $2, $3, $4, $5, $6, $7
		WHERE NOT EXISTS (SELECT guid FROM identity_guid WHERE guid = $8) ON CONFLICT DO NOTHING`
	// insertIdentities and selectGUIDs are insertNewIdentity for several rows: no row may be selected.
	insertIdentities query = `INSERT INTO identity
		(number, authenticated, disabled, logins, created, modified, revoked_before)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`
	selectGUIDs    query = `SELECT guid FROM identity_guid WHERE guid IN ($1)`
	updateIdentity query = `UPDATE identity
		SET authenticated = $1, disabled = $2, logins = $3, created = $4, modified = $5, revoked_before = $6
		WHERE number = $7`
	deleteIdentity query = `DELETE FROM identity WHERE number = $1`

	insertGUID query = `INSERT INTO identity_guid (guid, number) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	deleteGUID query = `DELETE FROM identity_guid WHERE guid = $1`

	selectSeen query = `SELECT number, guid, authenticated, disabled, logins, created, seen
		FROM identity WHERE number > $1 ORDER BY number LIMIT $2`
	updateSeen query = `UPDATE identity SET seen = $1
		WHERE number = $2 AND authenticated = 0 AND (seen IS NULL OR seen < $1)`

	// The identities of these have the numbers of the pool and of the login together. Only where the
	// GUID is one that was given, the identity is looked at.
	selectLogin query = `SELECT identity, CASE WHEN identity < 0
			THEN (SELECT guid FROM identity WHERE number = $1 - login.identity) END
		FROM login WHERE provider = $2 AND subject = $3`
	// selectIdentityOfLogin has no join, which not every engine has of rows with different keys.
	selectIdentityOfLogin query = `SELECT number, guid, authenticated, disabled, logins, created, modified, revoked_before
		FROM identity WHERE number = (SELECT $1 + abs(login.identity) FROM login WHERE provider = $2 AND subject = $3)`
	selectLogins query = `SELECT login.subject, identity.number, identity.guid, identity.disabled
		FROM login JOIN identity ON identity.number = $1 + abs(login.identity)
		WHERE login.provider = $2 AND login.subject >= $3 AND login.subject < $4
		ORDER BY subject LIMIT $5`
	insertLogin query = `INSERT INTO login (provider, subject, identity)
		VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	deleteLogin query = `DELETE FROM login WHERE provider = $1 AND subject = $2`
)

const (
	selectEntity query = `SELECT name, id, doc, created
		FROM entity WHERE account = $1 AND kind = $2 AND key = $3`
	selectEntityKey query = `SELECT key FROM entity WHERE account = $1 AND kind = $2 AND key = $3`
	selectEntities  query = `SELECT name, id, doc, created
		FROM entity WHERE account = $1 AND kind = $2 AND key > $3
		ORDER BY key LIMIT $4`
	insertEntity query = `INSERT INTO entity (account, kind, key, name, id, doc, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`
	updateEntity query = `UPDATE entity SET name = $1, id = $2, doc = $3, created = $4
		WHERE account = $5 AND kind = $6 AND key = $7`
	deleteEntity query = `DELETE FROM entity WHERE account = $1 AND kind = $2 AND key = $3`
)

const (
	selectAccessKey query = `SELECT id, account, user_name, secret, inactive, description, created
		FROM access_key WHERE id = $1`
	selectAccessKeys query = `SELECT id, account, user_name, secret, inactive, description, created
		FROM access_key WHERE account = $1 AND user_key = $2 ORDER BY created, id`
	insertAccessKey query = `INSERT INTO access_key
		(id, account, user_key, user_name, secret, inactive, description, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`
	updateAccessKey query = `UPDATE access_key
		SET account = $1, user_key = $2, user_name = $3, secret = $4, inactive = $5, description = $6, created = $7
		WHERE id = $8`
	deleteAccessKey query = `DELETE FROM access_key WHERE id = $1`
	selectSecrets   query = `SELECT id, secret FROM access_key WHERE id > $1 ORDER BY id LIMIT $2`
	updateSecret    query = `UPDATE access_key SET secret = $1 WHERE id = $2`

	selectKeyUse query = `SELECT time, service, region FROM access_key_use WHERE id = $1`
	insertKeyUse query = `INSERT INTO access_key_use (id, time, service, region) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`
	updateKeyUse query = `UPDATE access_key_use SET time = $1, service = $2, region = $3 WHERE id = $4`
	deleteKeyUse query = `DELETE FROM access_key_use WHERE id = $1`
)

const (
	selectSigningKeys query = `SELECT number, key_id, algorithm, private, public, created, activates, expires, for_pools
		FROM signing_key ORDER BY number`
	insertSigningKey query = `INSERT INTO signing_key
		(number, key_id, algorithm, private, public, created, activates, expires, for_pools)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`
	updateSigningKey query = `UPDATE signing_key
		SET algorithm = $1, private = $2, public = $3, created = $4, activates = $5, expires = $6, for_pools = $7
		WHERE number = $8 AND key_id = $9`
)

const (
	selectEvents    query = `SELECT seq, line FROM audit_event ORDER BY seq LIMIT $1`
	selectLastEvent query = `SELECT seq FROM audit_event ORDER BY seq DESC LIMIT 1`
	insertEvent     query = `INSERT INTO audit_event (seq, line) VALUES ($1, $2)`
	deleteEvent     query = `DELETE FROM audit_event WHERE seq = $1`
)

const (
	selectSetting query = `SELECT value FROM setting WHERE name = $1`
	insertSetting query = `INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	updateSetting query = `UPDATE setting SET value = $1 WHERE name = $2`
)

// selectAll reads a table in the order of its key.
func selectAll(t *table) query {
	return query("SELECT " + names(t.Columns) + " FROM " + t.Name + " ORDER BY " + t.key)
}

func selectOne(t *table) query {
	return query("SELECT " + t.Columns[0].Name + " FROM " + t.Name + " ORDER BY " + t.key + " LIMIT 1")
}

// copyInto is followed by rows in PostgreSQL's binary form.
func copyInto(t *table) query {
	return query("COPY " + t.Name + " (" + names(t.Columns) + ") FROM STDIN WITH (FORMAT binary)")
}

func names(columns []dump.Column) string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	return strings.Join(all, ", ")
}
