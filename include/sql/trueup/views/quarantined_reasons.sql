-- Shows for which reasons every run has quarantined how many rows; nothing of the rows themselves.
CREATE OR REPLACE VIEW trueup.quarantined_reasons AS
SELECT
    quarantine.run_id,
    quarantine.reason_code,
    reason.meaning,
    count(*) AS rows,
    min(quarantine.position) AS first_position
FROM trueup.quarantine
INNER JOIN trueup.reason_codes AS reason ON reason.code = quarantine.reason_code
GROUP BY quarantine.run_id, quarantine.reason_code, reason.meaning;
