-- Finds users whose active locks of the vault are not what is left in their vested lots.
SELECT
    'critical' AS severity,
    'user ' || user_id AS subject,
    currency AS currency_code,
    locked AS expected,
    remaining AS actual,
    cause
FROM vesting_lock_differences
