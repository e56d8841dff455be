-- Whether a migration has cut over and stands: from then on juntas have their capital.
CREATE OR REPLACE FUNCTION is_capital_tracked() RETURNS BOOLEAN LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT 1 FROM trueup.capital_migrations WHERE cut_over_at IS NOT NULL AND undone_at IS NULL
);
