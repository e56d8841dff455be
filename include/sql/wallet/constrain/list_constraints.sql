-- Lists the rules of wallets and journal that stand: checks, and triggers, which hold for what is
-- written from then on.
SELECT
    conname AS name,
    convalidated AS validated,
    pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE
    conrelid IN ('user_wallet'::REGCLASS, 'coin_journal_entries'::REGCLASS)
    AND contype = 'c'
UNION ALL
SELECT
    tgname,
    TRUE,
    pg_get_triggerdef(oid)
FROM pg_trigger
WHERE
    tgrelid IN ('coin_ledger_transactions'::REGCLASS, 'coin_journal_entries'::REGCLASS)
    AND NOT tgisinternal
ORDER BY name
