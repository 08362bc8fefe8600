-- The tables are those of the file's schema of the same number; what they mean is written there. Each
-- statement is run by itself and may be run again. No column has a collation: texts are ordered
-- byte by byte, as identifiers are compared.

CREATE TABLE IF NOT EXISTS pool (
    id       BYTEA            NOT NULL,
    account  TEXT COLLATE "C" NOT NULL,
    region   TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    doc      TEXT COLLATE "C" NOT NULL,
    created  BIGINT           NOT NULL,
    modified BIGINT           NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX IF NOT EXISTS pool_by_account ON pool (account, region, created, id);

CREATE TABLE IF NOT EXISTS dead_pool (
    id BYTEA NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE IF NOT EXISTS identity (
    id             BYTEA            NOT NULL,
    pool           BYTEA            NOT NULL,
    authenticated  BIGINT           NOT NULL,
    disabled       BIGINT           NOT NULL,
    logins         TEXT COLLATE "C" NOT NULL,
    created        BIGINT           NOT NULL,
    modified       BIGINT           NOT NULL,
    revoked_before BIGINT,
    PRIMARY KEY (id)
);

CREATE INDEX IF NOT EXISTS identity_by_pool ON identity (pool, created, id);

CREATE TABLE IF NOT EXISTS login (
    pool     BYTEA NOT NULL,
    provider BYTEA NOT NULL,
    subject  BYTEA NOT NULL,
    identity BYTEA NOT NULL,
    PRIMARY KEY (pool, provider, subject)
);

CREATE TABLE IF NOT EXISTS entity (
    account TEXT COLLATE "C" NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    key     BYTEA            NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    doc     TEXT COLLATE "C" NOT NULL,
    created BIGINT           NOT NULL,
    PRIMARY KEY (account, kind, key)
);

CREATE TABLE IF NOT EXISTS access_key (
    id          TEXT COLLATE "C" NOT NULL,
    account     TEXT COLLATE "C" NOT NULL,
    user_key    BYTEA            NOT NULL,
    user_name   TEXT COLLATE "C" NOT NULL,
    secret      BYTEA            NOT NULL,
    inactive    BIGINT           NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    created     BIGINT           NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX IF NOT EXISTS access_key_by_user ON access_key (account, user_key, created, id);

CREATE TABLE IF NOT EXISTS access_key_use (
    id      TEXT COLLATE "C" NOT NULL,
    time    BIGINT           NOT NULL,
    service TEXT COLLATE "C" NOT NULL,
    region  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE IF NOT EXISTS signing_key (
    number    BIGINT           NOT NULL,
    key_id    TEXT COLLATE "C" NOT NULL,
    algorithm TEXT COLLATE "C" NOT NULL,
    private   BYTEA            NOT NULL,
    public    BYTEA            NOT NULL,
    created   BIGINT           NOT NULL,
    activates BIGINT           NOT NULL,
    expires   BIGINT,
    PRIMARY KEY (number)
);

CREATE UNIQUE INDEX IF NOT EXISTS signing_key_by_id ON signing_key (key_id);

CREATE TABLE IF NOT EXISTS setting (
    name  TEXT COLLATE "C" NOT NULL,
    value BYTEA            NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE IF NOT EXISTS audit_event (
    seq  BIGINT           NOT NULL,
    line TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (seq)
);

-- How often rows of the cached tables have changed, in its one row.
CREATE TABLE IF NOT EXISTS revision (
    id     BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (id)
);

INSERT INTO revision (id, number) VALUES (1, 0) ON CONFLICT DO NOTHING;

-- Of each connection that writes, the number of the last transaction that it has committed: by
-- it a connection that is lost while it commits finds out.
CREATE TABLE IF NOT EXISTS writer (
    id    BYTEA  NOT NULL,
    batch BIGINT NOT NULL,
    seen  BIGINT NOT NULL,
    PRIMARY KEY (id)
);

-- Numbers are given out in blocks.
CREATE TABLE IF NOT EXISTS counter (
    name TEXT COLLATE "C" NOT NULL,
    next BIGINT           NOT NULL,
    PRIMARY KEY (name)
);

INSERT INTO counter (name, next) VALUES ('event', 1) ON CONFLICT DO NOTHING;

-- Which process does what only one may do. fence counts the holders, beat what one shows of life.
CREATE TABLE IF NOT EXISTS lease (
    name   TEXT COLLATE "C" NOT NULL,
    holder BYTEA            NOT NULL,
    fence  BIGINT           NOT NULL,
    beat   BIGINT           NOT NULL,
    PRIMARY KEY (name)
);
