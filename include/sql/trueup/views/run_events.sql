-- Shows what happened to every run, a sentence a row; within a run, in the order of id.
CREATE OR REPLACE VIEW trueup.run_events AS
SELECT
    run_id,
    id,
    logged_at,
    stage,
    event
FROM trueup.audit_log;
