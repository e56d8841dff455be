-- The columns that a table of the app and the one beside it both have, as a list of what is taken
-- from `live`; amounts are the same decimal number, however many zeros they end in.
CREATE OR REPLACE FUNCTION shadow_columns(p_old REGCLASS, p_new REGCLASS)
RETURNS TEXT LANGUAGE sql STABLE
RETURN (
    SELECT string_agg(
        format(
            CASE old.attname
                WHEN 'amount' THEN 'trim_scale(exact_amount(live.%I))' ELSE 'live.%I'
            END,
            old.attname
        ),
        ', ' ORDER BY old.attnum
    )
    FROM pg_attribute AS old
    INNER JOIN pg_attribute AS new
        ON new.attrelid = p_new AND new.attname = old.attname AND NOT new.attisdropped
    WHERE old.attrelid = p_old AND old.attnum > 0 AND NOT old.attisdropped AND old.attgenerated = ''
);
