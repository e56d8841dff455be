-- Counts earlier runs of this source whose rows got references by another prefix or mapping, when
-- this delivery needs references too: the same rows would get new ones, and be posted once more.
SELECT count(*) AS runs
FROM trueup.runs AS earlier
INNER JOIN trueup.runs AS this
    ON
        this.system = earlier.system
        AND this.source_id = earlier.source_id
        AND this.run_id <> earlier.run_id
WHERE
    this.run_id = %(run_id)s
    AND earlier.status = 'completed'
    AND (
        earlier.plan ->> 'prefix' <> this.plan ->> 'prefix'
        OR earlier.mapping_fingerprint <> this.mapping_fingerprint
    )
    AND EXISTS (
        SELECT 1 FROM trueup.prepared_entries AS entry
        WHERE entry.run_id = this.run_id AND entry.reference_generated
    )
    -- It posted under references of its own making; the source's own come again as they are.
    AND EXISTS (
        SELECT 1 FROM ledger_entries AS posted
        WHERE
            posted.id > earlier.high_water_entry_id
            AND posted.run_id = earlier.run_id
            AND starts_with(posted.reference_id, earlier.plan ->> 'prefix')
    )
