-- Hashes what a table is made of: columns, constraints, indexes, triggers. Brackets and casts of a
-- text to a text are left out: PostgreSQL sets them otherwise when it reads its own output again.
WITH parts AS (
    SELECT concat_ws(
        ' ', 'column', row_number() OVER (ORDER BY attribute.attnum),
        quote_ident(attribute.attname), format_type(attribute.atttypid, attribute.atttypmod),
        attribute.attnotnull, attribute.attidentity, attribute.attgenerated,
        attribute.attcollation::REGCOLLATION, pg_get_expr(filling.adbin, filling.adrelid)
    ) AS part
    FROM pg_attribute AS attribute
    LEFT JOIN pg_attrdef AS filling
        ON filling.adrelid = attribute.attrelid AND filling.adnum = attribute.attnum
    WHERE
        attribute.attrelid = to_regclass(%(table)s)
        AND attribute.attnum > 0
        AND NOT attribute.attisdropped
    UNION ALL
    SELECT concat_ws(' ', 'constraint', quote_ident(conname), pg_get_constraintdef(oid))
    FROM pg_constraint
    WHERE conrelid = to_regclass(%(table)s)
    UNION ALL
    SELECT concat_ws(' ', 'index', indisclustered, indisreplident, pg_get_indexdef(indexrelid))
    FROM pg_index
    WHERE indrelid = to_regclass(%(table)s) AND indisvalid
    UNION ALL
    SELECT concat_ws(' ', 'trigger', tgenabled, pg_get_triggerdef(oid))
    FROM pg_trigger
    WHERE tgrelid = to_regclass(%(table)s) AND NOT tgisinternal
)
SELECT encode(sha256(convert_to(string_agg(
    regexp_replace(part, '[()]|::(text|character varying)(\[\])?', '', 'g'), E'\n'
    ORDER BY part COLLATE "C"
), 'UTF8')), 'hex') AS shape
FROM parts
