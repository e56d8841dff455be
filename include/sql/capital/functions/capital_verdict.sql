-- Why a row of the app's tables cannot be booked; nothing when it can. Types of acciones and
-- descriptions are free text of the app; statuses are not. p_junta_id: of a junta that is there.
CREATE OR REPLACE FUNCTION capital_verdict(
    p_kind TEXT, p_word TEXT, p_amount NUMERIC, p_junta_id TEXT, p_at TIMESTAMPTZ
) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_at IS NULL OR NOT isfinite(p_at) THEN 'invalid_timestamp'
    WHEN p_junta_id IS NULL THEN 'unknown_junta'
    WHEN p_amount IS NULL OR p_amount <= 0 OR p_amount >= 1e18 THEN 'invalid_amount'
    WHEN p_amount <> round(p_amount, 2) THEN 'excess_precision'
    WHEN
        p_kind = 'PRESTAMO'
        AND coalesce(p_word, '') NOT IN ('PENDING', 'APPROVED', 'REJECTED', 'PAID')
        THEN 'unknown_status'
    WHEN p_kind = 'MULTA' AND coalesce(p_word, '') NOT IN ('PENDING', 'PAID')
        THEN 'unknown_status'
END;
