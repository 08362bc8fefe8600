-- What schema version 4 adds to the rows of version 3.

INSERT INTO identity (id, pool, authenticated, disabled, logins, created, modified, revoked_before) VALUES
    (X'00000002222242228222000000000004', X'00000001111141118111000000000001', 1, 2,
     '[["login.example","dan"]]', 1790000000016, 1790000000017, 1790000000018);

INSERT INTO login (pool, provider, subject, identity) VALUES
    (X'00000001111141118111000000000001', CAST('login.example' AS BLOB), CAST('dan' AS BLOB), X'00000002222242228222000000000004');
