-- +goose Up

-- Identifiers REGION:GUID are stored as the 16 bytes of the GUID; the region
-- stands once, in the pool's row. Times are milliseconds since 1970, UTC.

CREATE TABLE pool (
    id       BLOB    NOT NULL,
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    doc      TEXT    NOT NULL,
    created  INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX pool_by_account ON pool (account, region, created, id);

-- Deleted pools whose identities are still to be purged.
CREATE TABLE dead_pool (
    id BLOB NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

-- logins repeats the rows of login that point here, oldest first, as a JSON
-- array of [provider, subject], so that an identity is read by one probe.
CREATE TABLE identity (
    id            BLOB    NOT NULL,
    pool          BLOB    NOT NULL,
    authenticated INTEGER NOT NULL,
    disabled      INTEGER NOT NULL,
    logins        TEXT    NOT NULL,
    created       INTEGER NOT NULL,
    modified      INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX identity_by_pool ON identity (pool, created, id);

-- The key is what makes a login belong to at most one identity. Provider and
-- subject are BLOB so that no collation can ever apply to them.
CREATE TABLE login (
    pool     BLOB NOT NULL,
    provider BLOB NOT NULL,
    subject  BLOB NOT NULL,
    identity BLOB NOT NULL,
    PRIMARY KEY (pool, provider, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_key (
    id          TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    secret      BLOB    NOT NULL,
    description TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX access_key_by_account ON access_key (account, created, id);

-- expires is NULL while no later key is set to replace this one.
CREATE TABLE signing_key (
    number    INTEGER NOT NULL,
    key_id    TEXT    NOT NULL,
    algorithm TEXT    NOT NULL,
    private   BLOB    NOT NULL,
    public    BLOB    NOT NULL,
    created   INTEGER NOT NULL,
    activates INTEGER NOT NULL,
    expires   INTEGER,
    PRIMARY KEY (number),
    UNIQUE (key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    name  TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;
