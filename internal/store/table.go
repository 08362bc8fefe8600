package store

import (
	"database/sql/driver"
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/dump"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// A Sealed is a value in the store that is sealed under the master key.
type Sealed struct {
	// Table is "setting", "signing_key" or "access_key", and ID which of them it is.
	Table, ID string
	// Algorithm is a signing key's.
	Algorithm string
	// Value is empty when there is nothing any more.
	Value []byte
}

// sealedSettings are the settings that are sealed, first the one that says how.
var sealedSettings = []string{identity.SettingSeal, identity.SettingIDKey}

// A table is what is kept of a store when it moves, with the columns in the order of its
// insert. What several processes have between them stays where it is.
type table struct {
	dump.Table
	key    string
	insert query
	// sealed returns what is sealed in a row.
	sealed func([]driver.Value) (Sealed, bool)
}

// tables are in the order in which they move: first what is sealed, since without the right
// master key all else is in vain.
var tables = []*table{
	{
		Table: columns("setting", "name text", "value bytes"), key: "name", insert: insertSetting,
		sealed: func(row []driver.Value) (Sealed, bool) {
			if !slices.Contains(sealedSettings, row[0].(string)) {
				return Sealed{}, false
			}
			return Sealed{Table: "setting", ID: row[0].(string), Value: row[1].([]byte)}, true
		},
	},
	{
		Table: columns("signing_key", "number int", "key_id text", "algorithm text", "private bytes", "public bytes",
			"created int", "activates int", "expires int null", "for_pools int"), key: "number", insert: insertSigningKey,
		sealed: func(row []driver.Value) (Sealed, bool) {
			return Sealed{Table: "signing_key", ID: row[1].(string), Algorithm: row[2].(string), Value: row[3].([]byte)}, true
		},
	},
	{
		Table: columns("access_key", "id text", "account text", "user_key bytes", "user_name text", "secret bytes",
			"inactive int", "description text", "created int"), key: "id", insert: insertAccessKey,
		sealed: func(row []driver.Value) (Sealed, bool) {
			return Sealed{Table: "access_key", ID: row[0].(string), Value: row[4].([]byte)}, true
		},
	},
	{Table: columns("access_key_use", "id text", "time int", "service text", "region text"), key: "id", insert: insertKeyUse},
	{
		Table: columns("entity", "account text", "kind text", "key bytes", "name text", "id text", "doc text", "created int"),
		key:   "account, kind, key", insert: insertEntity,
	},
	{
		Table: columns("pool", "id bytes", "number int", "account text", "region text", "name text", "doc text", "created int", "modified int", "signing text"),
		key:   "id", insert: insertPool,
	},
	{Table: columns("dead_pool", "id bytes", "number int"), key: "id", insert: insertDeadPool},
	{Table: columns("provider", "number int", "pool int", "name bytes"), key: "number", insert: insertProvider},
	{Table: columns("numbering", "pool int", "next int"), key: "pool", insert: insertNumbering},
	{
		Table: columns("identity", "number int", "guid bytes null", "authenticated int", "disabled int", "logins bytes", "created int",
			"modified int null", "revoked_before int null", "seen int null"), key: "number", insert: insertIdentity,
	},
	{Table: columns("identity_guid", "guid bytes", "number int"), key: "guid", insert: insertGUID},
	{
		Table: columns("login", "provider int", "subject bytes", "identity int"),
		key:   "provider, subject", insert: insertLogin,
	},
	{Table: columns("audit_event", "seq int", "line text"), key: "seq", insert: insertEvent},
}

// columns makes a table of columns that are written as name, kind, and null if it may be that.
func columns(name string, all ...string) dump.Table {
	t := dump.Table{Name: name}
	for _, c := range all {
		words := strings.Fields(c)
		t.Columns = append(t.Columns, dump.Column{Name: words[0], Kind: dump.Kind(words[1]), Null: len(words) > 2})
	}
	return t
}
