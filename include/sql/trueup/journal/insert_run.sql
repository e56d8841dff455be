-- Opens a run.
INSERT INTO trueup.runs (
    run_id, dag_id, system, plan, dry_run, source, source_id, source_type, source_fingerprint,
    mapping_fingerprint, code_fingerprint, started_by
) VALUES (
    %(run_id)s, %(dag_id)s, %(system)s, %(plan)s, %(dry_run)s, %(source)s, %(source_id)s,
    %(source_type)s, %(source_fingerprint)s, %(mapping_fingerprint)s, %(code_fingerprint)s,
    %(started_by)s
)
