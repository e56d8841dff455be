-- Measures juntas and movements for the trend from night to night.
SELECT
    juntas,
    movements,
    over_available AS loans_above_available,
    jsonb_build_object('XXX', current::TEXT) AS current_capital,
    jsonb_build_object('XXX', base::TEXT) AS base_capital
FROM capital_figures()
