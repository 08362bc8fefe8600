-- +goose Up

-- signing is the algorithm that a pool wants its tokens signed with, empty where it is the
-- service's own: a column, since it is asked which of them any pool has.
ALTER TABLE pool ADD COLUMN signing TEXT NOT NULL DEFAULT '';

CREATE INDEX pool_by_signing ON pool (signing, id) WHERE signing <> '';

-- for_pools is 1 for a key that signs for the pools that ask for its algorithm. Those there are
-- are the service's own.
ALTER TABLE signing_key ADD COLUMN for_pools INTEGER NOT NULL DEFAULT 0;
