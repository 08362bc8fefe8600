-- +goose Up

-- Users, roles, managed policies and the providers that an account trusts. key is the
-- name with its ASCII letters in lower case: BLOB, so that no collation orders a list.
CREATE TABLE entity (
    account TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    key     BLOB    NOT NULL,
    name    TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    doc     TEXT    NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (account, kind, key)
) STRICT, WITHOUT ROWID;

-- Access keys get a user, whose name is written twice: as it was given, and as a key of
-- entity. Those there are become keys of their account's root, whose name is empty. The
-- table is made anew because an added column would need a default, and root must
-- not be what a key belongs to when nobody says.
ALTER TABLE access_key RENAME TO access_key_1;

CREATE TABLE access_key (
    id          TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    user_key    BLOB    NOT NULL,
    user_name   TEXT    NOT NULL,
    secret      BLOB    NOT NULL,
    inactive    INTEGER NOT NULL,
    description TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

INSERT INTO access_key (id, account, user_key, user_name, secret, inactive, description, created)
SELECT id, account, X'', '', secret, 0, description, created FROM access_key_1;

DROP TABLE access_key_1;

CREATE INDEX access_key_by_user ON access_key (account, user_key, created, id);

-- The last use of each access key, apart from it because it changes far more often.
CREATE TABLE access_key_use (
    id      TEXT    NOT NULL,
    time    INTEGER NOT NULL,
    service TEXT    NOT NULL,
    region  TEXT    NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
