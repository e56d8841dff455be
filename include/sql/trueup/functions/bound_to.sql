-- Lists what is bound to tables or to their row types, as in pg_depend: views, functions, policies,
-- publications, keys of other tables. What belongs to one of the tables is not in it.
CREATE OR REPLACE FUNCTION trueup.bound_to(p_tables OID[])
RETURNS TABLE (classid OID, objid OID, objsubid INTEGER) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT needs.classid, needs.objid, needs.objsubid
    FROM pg_depend AS needs
    INNER JOIN pg_class AS class ON class.oid = ANY(p_tables)
    INNER JOIN pg_type AS type ON type.oid = class.reltype
    WHERE
        (
            (needs.refclassid = 'pg_class'::REGCLASS AND needs.refobjid = class.oid)
            OR (
                needs.refclassid = 'pg_type'::REGCLASS
                AND needs.refobjid IN (class.reltype, type.typarray)
            )
        )
        AND (needs.deptype = 'n' OR needs.classid = 'pg_publication_rel'::REGCLASS)
        AND trueup.belongs_to(needs.classid, needs.objid) = ANY(p_tables) IS NOT TRUE
$$;
