-- Lists deposits in quarantine of which this run made a lot all the same.
SELECT
    quarantined.position,
    lot.source_operation_id
FROM trueup.quarantine AS quarantined
INNER JOIN vault_vesting_lots AS lot
    ON lot.run_id = quarantined.run_id AND lot.run_line = quarantined.position
WHERE quarantined.run_id = %(run_id)s
ORDER BY quarantined.position
