-- Shows what stands behind every run: its plan, fingerprints, approval and figures of its stages.
CREATE OR REPLACE VIEW trueup.run_details AS
SELECT
    run_id,
    attempt,
    plan,
    regime,
    source_type,
    source_fingerprint,
    content_fingerprint,
    mapping_fingerprint,
    code_fingerprint,
    left_out,
    approved_digest,
    approved_by,
    approved_at,
    figures
FROM trueup.runs;
