-- The table in which money is exact: the shadow of a table of the app, or that table itself once
-- the shadow has taken its name. None of none: a rule that is no key leads nowhere.
CREATE OR REPLACE FUNCTION carried_table(p_name TEXT)
RETURNS REGCLASS LANGUAGE sql STABLE STRICT
RETURN coalesce(to_regclass(format('%I', p_name || 'New')), to_regclass(format('%I', p_name)));
