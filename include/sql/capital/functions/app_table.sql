-- The table that the app wrote before the migration, whatever it is called by now.
CREATE OR REPLACE FUNCTION app_table(p_name TEXT) RETURNS REGCLASS LANGUAGE sql STABLE
RETURN coalesce(to_regclass(format('%I', p_name || 'Old')), to_regclass(format('%I', p_name)));
