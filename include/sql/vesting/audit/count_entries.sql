-- Counts the lots that stand and the users that have any, and from when to when they are.
SELECT
    count(DISTINCT user_id) AS accounts,
    count(*) AS entries,
    min(deposit_day)::TEXT AS earliest_entry,
    max(deposit_day)::TEXT AS latest_entry
FROM vault_vesting_lots
