-- Rows of every table of schema version 2, as the program wrote them that knew it.

INSERT INTO pool (id, account, region, name, doc, created, modified) VALUES
    (X'00000001111141118111000000000001', '111122223333', 'eu-central-1', 'Shop',
     '{"allowGuests":true,"allowClassicFlow":false,"developerProvider":"login.example","loginProviders":{"graph.facebook.com":"7"},"openIDConnectProviders":["arn:aws:iam::111122223333:oidc-provider/idp.example"],"samlProviders":["arn:aws:iam::111122223333:saml-provider/s"],"cognitoProviders":[{"providerName":"p","clientID":"c","serverSideTokenCheck":true}],"tags":{"Team":"x"}}',
     1790000000001, 1790000000002),
    (X'00000001111141118111000000000002', '444455556666', 'us-east-1', 'bare', '{}', 1790000000003, 1790000000003);

INSERT INTO dead_pool (id) VALUES (X'00000001111141118111000000000009');

INSERT INTO identity (id, pool, authenticated, disabled, logins, created, modified) VALUES
    (X'00000002222242228222000000000001', X'00000001111141118111000000000001', 1, 0,
     '[["login.example","ann"],["graph.facebook.com","42"]]', 1790000000011, 1790000000012),
    (X'00000002222242228222000000000002', X'00000001111141118111000000000001', 1, 1, '[]', 1790000000013, 1790000000014),
    (X'00000002222242228222000000000009', X'00000001111141118111000000000009', 1, 0,
     '[["login.example","ann"]]', 1790000000015, 1790000000015);

INSERT INTO login (pool, provider, subject, identity) VALUES
    (X'00000001111141118111000000000001', CAST('login.example' AS BLOB), CAST('ann' AS BLOB), X'00000002222242228222000000000001'),
    (X'00000001111141118111000000000001', CAST('graph.facebook.com' AS BLOB), CAST('42' AS BLOB), X'00000002222242228222000000000001'),
    (X'00000001111141118111000000000009', CAST('login.example' AS BLOB), CAST('ann' AS BLOB), X'00000002222242228222000000000009');

INSERT INTO entity (account, kind, key, name, id, doc, created) VALUES
    ('111122223333', 'user', CAST('ann' AS BLOB), 'Ann', 'AIDAEXAMPLE', '{}', 1790000000041);

INSERT INTO access_key (id, account, user_key, user_name, secret, inactive, description, created) VALUES
    ('AKIAIOSFODNN7EXAMPLE', '111122223333', CAST('ann' AS BLOB), 'Ann', X'00FF01', 1, 'the shop''s backend', 1790000000022);

INSERT INTO access_key_use (id, time, service, region) VALUES
    ('AKIAIOSFODNN7EXAMPLE', 1790000000042, 'cognito-identity', 'eu-central-1');

INSERT INTO signing_key (number, key_id, algorithm, private, public, created, activates, expires) VALUES
    (1, 'eu-central-11', 'RS512', X'', X'0201', 1790000000031, 1790000000032, 1790000000033),
    (2, 'eu-central-12', 'ES256', X'0102', X'0202', 1790000000034, 1790000000035, NULL);

INSERT INTO setting (name, value) VALUES ('token home', X'6575'), ('empty', X'');
