-- Creates the system user and its wallet where they are missing, and remembers that this run did:
-- they are the contra account of every opening balance.
WITH person AS (
    INSERT INTO users (id, username, email, role, status, is_bot)
    VALUES ('system', 'system', 'system@internal', 'admin', 'active', TRUE)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), wallet AS (
    INSERT INTO user_wallet (user_id, run_id)
    VALUES ('system', %(run_id)s)
    ON CONFLICT (user_id) DO NOTHING
    RETURNING wallet_id
)
INSERT INTO trueup.created_objects (run_id, kind, table_name, name)
SELECT %(run_id)s, 'account', 'users', id FROM person
UNION ALL
SELECT %(run_id)s, 'account', 'user_wallet', wallet_id FROM wallet
