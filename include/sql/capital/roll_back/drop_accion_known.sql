-- Takes back the rule that the run applied; with the movements it is gone.
ALTER TABLE IF EXISTS capital_movements DROP CONSTRAINT IF EXISTS capital_movements_accion_known
