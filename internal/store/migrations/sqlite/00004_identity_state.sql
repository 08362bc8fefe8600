-- +goose Up

-- disabled becomes one of three: 0, 1 when the identity was merged into another, which
-- is what it was until now, and 2 when it is disabled and could be enabled again.
-- revoked_before is NULL while nothing of the identity was revoked.
ALTER TABLE identity ADD COLUMN revoked_before INTEGER;
