-- Whether a row of a kind moves capital: everything but a loan that is pending or rejected.
CREATE OR REPLACE FUNCTION capital_moves(p_kind TEXT, p_word TEXT)
RETURNS BOOLEAN LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_kind <> 'PRESTAMO' OR p_word IN ('APPROVED', 'PAID');
