-- Lists currencies in which the active locks are not what is left in the vested lots.
SELECT
    currency,
    sum(locked) AS locked,
    sum(remaining) AS remaining,
    sum(difference) AS difference,
    count(*) AS users
FROM vesting_lock_differences
GROUP BY currency
ORDER BY currency
