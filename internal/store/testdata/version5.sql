-- What schema version 5 adds to the rows of version 4.

INSERT INTO pool (id, account, region, name, doc, created, modified, signing) VALUES
    (X'00000001111141118111000000000003', '111122223333', 'eu-central-1', 'Fast', '{}', 1790000000004, 1790000000005, 'EdDSA');

INSERT INTO signing_key (number, key_id, algorithm, private, public, created, activates, expires, for_pools) VALUES
    (3, 'eu-central-13', 'EdDSA', X'0103', X'0203', 1790000000036, 1790000000037, NULL, 1);
