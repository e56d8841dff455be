-- Shows the last night of every system, and whether it is overdue: nobody has looked for a day.
CREATE OR REPLACE VIEW trueup.last_nights AS
SELECT DISTINCT ON (system)
    system,
    night_id,
    looked_at,
    status,
    in_flight,
    now() - looked_at > INTERVAL '26 hours' AS overdue
FROM trueup.nights
ORDER BY system ASC, looked_at DESC;
