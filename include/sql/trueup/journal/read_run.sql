-- Reads one run.
SELECT
    run_id, dag_id, system, status, stage, plan, dry_run, source, source_id, source_type,
    source_fingerprint, mapping_fingerprint, code_fingerprint, attempt, staged_rows, staged_hash,
    left_out, total_to_process, total_read, total_posted, total_replayed, total_quarantined,
    breaks, high_water_entry_id, state_hash_before, state_hash_after, digest, approved_digest,
    approved_by, approved_at, failure, message, figures, started_by, started_at, last_seen_at,
    finished_at, regime, entry_id_base, content_fingerprint
FROM trueup.runs
WHERE run_id = %(run_id)s
