-- Takes back the rule that the run applied; with the shadow table it is gone.
ALTER TABLE IF EXISTS "PagoPrestamoNew" DROP CONSTRAINT IF EXISTS "PagoPrestamo_payment_in_cents"
