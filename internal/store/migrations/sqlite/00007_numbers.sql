-- +goose Up

-- An identity becomes a number: that of its pool in the upper half, and in the lower half one
-- that counts the pool's identities. So a pool is a range of keys, new rows come at its end, and
-- the GUID of an identity, which is its number enciphered, needs no index. A login has the
-- number of its provider instead of pool and name. 0 is no number of anything.

ALTER TABLE pool ADD COLUMN number INTEGER NOT NULL DEFAULT 0;

ALTER TABLE dead_pool ADD COLUMN number INTEGER NOT NULL DEFAULT 0;

CREATE TABLE pool_number (
    id     BLOB    NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

INSERT INTO pool_number (id, number)
SELECT id, row_number() OVER (ORDER BY id) FROM (SELECT id FROM pool UNION ALL SELECT id FROM dead_pool);

UPDATE pool SET number = (SELECT n.number FROM pool_number n WHERE n.id = pool.id);

UPDATE dead_pool SET number = (SELECT n.number FROM pool_number n WHERE n.id = dead_pool.id);

CREATE UNIQUE INDEX pool_by_number ON pool (number);

-- The names of login providers of which any login of the pool is or was.
CREATE TABLE provider (
    number INTEGER NOT NULL,
    pool   INTEGER NOT NULL,
    name   BLOB    NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (pool, name)
) STRICT;

INSERT INTO provider (number, pool, name)
SELECT (SELECT count(*) FROM pool_number) + row_number() OVER (ORDER BY l.pool, l.provider), n.number, l.provider
FROM (SELECT DISTINCT pool, provider FROM login) l JOIN pool_number n ON n.id = l.pool;

-- The GUIDs of identities that have another one than that which follows from their number: all
-- that are older than this table. They keep it.
CREATE TABLE identity_guid (
    guid   BLOB    NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (guid)
) STRICT, WITHOUT ROWID;

INSERT INTO identity_guid (guid, number)
SELECT i.id, (n.number << 32) + row_number() OVER (ORDER BY i.pool, i.created, i.id)
FROM identity i JOIN pool_number n ON n.id = i.pool;

ALTER TABLE identity RENAME TO identity_6;

ALTER TABLE login RENAME TO login_6;

-- guid is NULL where it follows from the number, modified where it equals created. logins repeats the
-- rows of login that point here, oldest first: each the number of the provider in decimal, a colon and
-- the subject; a zero byte between two. The other columns are as before.
CREATE TABLE identity (
    number         INTEGER NOT NULL,
    guid           BLOB,
    authenticated  INTEGER NOT NULL,
    disabled       INTEGER NOT NULL,
    logins         BLOB    NOT NULL,
    created        INTEGER NOT NULL,
    modified       INTEGER,
    revoked_before INTEGER,
    seen           INTEGER,
    PRIMARY KEY (number)
) STRICT;

INSERT INTO identity (number, guid, authenticated, disabled, logins, created, modified, revoked_before, seen)
SELECT g.number, i.id, i.authenticated, i.disabled,
    coalesce((
        SELECT CAST(group_concat(p.number || ':' || (l.value ->> 1), char(0) ORDER BY l.key) AS BLOB)
        FROM json_each(i.logins) l CROSS JOIN provider p ON p.pool = g.number >> 32 AND p.name = CAST(l.value ->> 0 AS BLOB)
    ), X''),
    i.created, CASE WHEN i.modified <> i.created THEN i.modified END, i.revoked_before, i.seen
FROM identity_6 i JOIN identity_guid g ON g.guid = i.id
ORDER BY i.pool, i.created, i.id;

-- The key is what makes a login belong to at most one identity. identity is the lower half of the
-- identity's number, negative where its GUID is in identity_guid.
CREATE TABLE login (
    provider INTEGER NOT NULL,
    subject  BLOB    NOT NULL,
    identity INTEGER NOT NULL,
    PRIMARY KEY (provider, subject)
) STRICT, WITHOUT ROWID;

INSERT INTO login (provider, subject, identity)
SELECT p.number, l.subject, -(g.number & 4294967295)
FROM login_6 l JOIN pool_number n ON n.id = l.pool JOIN provider p ON p.pool = n.number AND p.name = l.provider
    JOIN identity_guid g ON g.guid = l.identity
ORDER BY l.pool, l.provider, l.subject;

-- The next numbers of the identities of each pool, and in the row of pool 0 that of pools
-- and providers. None is given twice, whatever is deleted.
CREATE TABLE numbering (
    pool INTEGER NOT NULL,
    next INTEGER NOT NULL,
    PRIMARY KEY (pool)
) STRICT;

INSERT INTO numbering (pool, next)
SELECT pool, (last & 4294967295) + 1
FROM (
    SELECT n.number AS pool, (
        SELECT i.number FROM identity i WHERE i.number > n.number << 32 AND i.number < (n.number + 1) << 32
        ORDER BY i.number DESC LIMIT 1
    ) AS last
    FROM pool_number n
) l
WHERE last IS NOT NULL;

INSERT INTO numbering (pool, next)
SELECT 0, count(*) + 1 FROM (SELECT number FROM pool_number UNION ALL SELECT number FROM provider) HAVING count(*) > 0;

DROP TABLE pool_number;

DROP TABLE identity_6;

DROP TABLE login_6;
