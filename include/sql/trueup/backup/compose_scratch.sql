-- Gives the statement that makes an empty database which sorts and encodes as this one does.
SELECT concat_ws(
    ' ',
    format(
        'CREATE DATABASE %%I TEMPLATE template0 ENCODING %%L LC_COLLATE %%L LC_CTYPE %%L',
        %(name)s::TEXT, pg_encoding_to_char(base.encoding), base.datcollate, base.datctype
    ),
    CASE base.datlocprovider
        WHEN 'i' THEN format('LOCALE_PROVIDER icu ICU_LOCALE %%L', own.locale)
        WHEN 'b' THEN format('LOCALE_PROVIDER builtin BUILTIN_LOCALE %%L', own.locale)
        ELSE 'LOCALE_PROVIDER libc'
    END,
    'ICU_RULES ' || quote_literal(to_jsonb(base) ->> 'daticurules')
) AS statement
FROM pg_database AS base
-- The column has another name since PostgreSQL 17.
CROSS JOIN LATERAL (
    SELECT coalesce(
        to_jsonb(base) ->> 'datlocale', to_jsonb(base) ->> 'daticulocale'
    ) AS locale
) AS own
WHERE base.datname = current_database()
