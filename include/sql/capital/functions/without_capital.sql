-- A row of the app without what the migration adds to it.
CREATE OR REPLACE FUNCTION without_capital(p_row JSONB) RETURNS JSONB LANGUAGE sql IMMUTABLE
RETURN p_row - '{current_capital,base_capital,available_capital}'::TEXT[];
