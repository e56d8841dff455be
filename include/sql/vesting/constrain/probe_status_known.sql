-- Must be refused: a status that nobody knows.
-- Its keys lead nowhere: a check is asked before they are.
INSERT INTO vault_vesting_lots (
    vault_id, vault_code, user_id, deposit_day, release_day, amount, released_amount, status,
    source_operation_id, metadata
) VALUES (
    gen_random_uuid(), 'AVENIR', gen_random_uuid(), '2000-01-01', '2000-12-31', 1, 0, 'LOST',
    gen_random_uuid(), jsonb_build_object('probe', %(probe)s::TEXT)
)
