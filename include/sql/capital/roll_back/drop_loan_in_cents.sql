-- Takes back the rule that the run applied; with the shadow table it is gone.
ALTER TABLE IF EXISTS "PrestamoNew" DROP CONSTRAINT IF EXISTS "Prestamo_loan_in_cents"
