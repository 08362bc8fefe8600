-- One transaction: what it moves is there before it or after it. What the tables mean is written in
-- the file's schema of the same number.

ALTER TABLE pool ADD COLUMN number BIGINT NOT NULL DEFAULT 0;

ALTER TABLE dead_pool ADD COLUMN number BIGINT NOT NULL DEFAULT 0;

CREATE TABLE pool_number (
    id     BYTEA  NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (id)
);

INSERT INTO pool_number (id, number)
SELECT id, row_number() OVER (ORDER BY id) FROM (SELECT id FROM pool UNION ALL SELECT id FROM dead_pool) p;

UPDATE pool SET number = (SELECT n.number FROM pool_number n WHERE n.id = pool.id);

UPDATE dead_pool SET number = (SELECT n.number FROM pool_number n WHERE n.id = dead_pool.id);

CREATE UNIQUE INDEX pool_by_number ON pool (number);

CREATE TABLE provider (
    number BIGINT NOT NULL,
    pool   BIGINT NOT NULL,
    name   BYTEA  NOT NULL,
    PRIMARY KEY (number)
);

CREATE UNIQUE INDEX provider_by_name ON provider (pool, name);

INSERT INTO provider (number, pool, name)
SELECT (SELECT count(*) FROM pool_number) + row_number() OVER (ORDER BY l.pool, l.provider), n.number, l.provider
FROM (SELECT DISTINCT pool, provider FROM login) l JOIN pool_number n ON n.id = l.pool;

CREATE TABLE identity_guid (
    guid   BYTEA  NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (guid)
);

INSERT INTO identity_guid (guid, number)
SELECT i.id, (n.number << 32) + row_number() OVER (ORDER BY i.pool, i.created, i.id)
FROM identity i JOIN pool_number n ON n.id = i.pool;

ALTER TABLE identity RENAME TO identity_6;

ALTER INDEX identity_pkey RENAME TO identity_6_pkey;

ALTER TABLE login RENAME TO login_6;

ALTER INDEX login_pkey RENAME TO login_6_pkey;

CREATE TABLE identity (
    number         BIGINT NOT NULL,
    guid           BYTEA,
    authenticated  BIGINT NOT NULL,
    disabled       BIGINT NOT NULL,
    logins         BYTEA  NOT NULL,
    created        BIGINT NOT NULL,
    modified       BIGINT,
    revoked_before BIGINT,
    seen           BIGINT,
    PRIMARY KEY (number)
);

INSERT INTO identity (number, guid, authenticated, disabled, logins, created, modified, revoked_before, seen)
SELECT g.number, i.id, i.authenticated, i.disabled,
    coalesce((
        SELECT string_agg(convert_to(p.number || ':' || (l.value ->> 1), 'UTF8'), '\x00'::bytea ORDER BY l.n)
        FROM json_array_elements(i.logins::json) WITH ORDINALITY l (value, n)
            JOIN provider p ON p.pool = g.number >> 32 AND p.name = convert_to(l.value ->> 0, 'UTF8')
    ), ''),
    i.created, CASE WHEN i.modified <> i.created THEN i.modified END, i.revoked_before, i.seen
FROM identity_6 i JOIN identity_guid g ON g.guid = i.id
ORDER BY g.number;

CREATE TABLE login (
    provider BIGINT NOT NULL,
    subject  BYTEA  NOT NULL,
    identity BIGINT NOT NULL,
    PRIMARY KEY (provider, subject)
);

INSERT INTO login (provider, subject, identity)
SELECT p.number, l.subject, -(g.number & 4294967295)
FROM login_6 l JOIN pool_number n ON n.id = l.pool JOIN provider p ON p.pool = n.number AND p.name = l.provider
    JOIN identity_guid g ON g.guid = l.identity
ORDER BY p.number, l.subject;

CREATE TABLE numbering (
    pool BIGINT NOT NULL,
    next BIGINT NOT NULL,
    PRIMARY KEY (pool)
);

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
SELECT 0, count(*) + 1 FROM (SELECT number FROM pool_number UNION ALL SELECT number FROM provider) n HAVING count(*) > 0;

DROP TABLE pool_number;

DROP TABLE identity_6;

DROP TABLE login_6;
