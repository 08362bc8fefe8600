-- +goose Up

-- The day, in days since 1970, UTC, on which a guest was last seen to be used; NULL where
-- that is not known to be later than the day on which it was made.
ALTER TABLE identity ADD COLUMN seen INTEGER;
