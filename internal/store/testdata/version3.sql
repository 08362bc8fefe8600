-- What schema version 3 adds to the rows of version 2.

INSERT INTO audit_event (seq, line) VALUES (7, '{"eventName":"CreateUser"}');
