-- Gives the table that a constraint, a rule, a policy, a trigger or a default belongs to; NULL for
-- anything else. Both arguments are as in pg_depend.
CREATE OR REPLACE FUNCTION trueup.belongs_to(p_class OID, p_object OID)
RETURNS OID LANGUAGE sql STABLE
RETURN CASE p_class
    WHEN 'pg_constraint'::REGCLASS THEN (SELECT conrelid FROM pg_constraint WHERE oid = p_object)
    WHEN 'pg_rewrite'::REGCLASS THEN (SELECT ev_class FROM pg_rewrite WHERE oid = p_object)
    WHEN 'pg_policy'::REGCLASS THEN (SELECT polrelid FROM pg_policy WHERE oid = p_object)
    WHEN 'pg_trigger'::REGCLASS THEN (SELECT tgrelid FROM pg_trigger WHERE oid = p_object)
    WHEN 'pg_attrdef'::REGCLASS THEN (SELECT adrelid FROM pg_attrdef WHERE oid = p_object)
END;
