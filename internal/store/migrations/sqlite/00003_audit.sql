-- +goose Up

-- Changes that are still to be written to the audit log, each with its line.
CREATE TABLE audit_event (
    seq  INTEGER NOT NULL,
    line TEXT    NOT NULL,
    PRIMARY KEY (seq)
) STRICT, WITHOUT ROWID;
