-- Adds juntas with members, acciones, multas and three years of loans with their instalments to
-- the tables of the app. The same numbers give the same rows: ids and amounts are drawn from
-- hashes. Together they make exactly so many movements as were asked for: a pending or a rejected
-- loan makes none, and dirty rows come on top.
-- Ids rise as the app's do, and as they do are found together in an index.
CREATE OR REPLACE FUNCTION pg_temp.named(name TEXT, number BIGINT) RETURNS TEXT
LANGUAGE sql IMMUTABLE
RETURN 'c' || lpad(to_hex(number), 8, '0') || left(md5(%(seed)s || name || number), 16);

-- A number from 0 up to 1 that looks like chance.
CREATE OR REPLACE FUNCTION pg_temp.draw(name TEXT, number BIGINT) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE
RETURN ('x' || left(md5(%(seed)s || name || number), 7))::BIT(28)::INTEGER / 268435456.0;

-- What the app has beside the tables that a migration is about, and depends on.
CREATE TABLE IF NOT EXISTS "Member" (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    document_number TEXT NOT NULL,
    junta_id TEXT NOT NULL REFERENCES "Junta" (id),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

ALTER TABLE "Prestamo"
ADD COLUMN IF NOT EXISTS monthly_interest NUMERIC(6, 4),
ADD COLUMN IF NOT EXISTS number_of_installments INTEGER,
ADD COLUMN IF NOT EXISTS guarantee_type TEXT;

-- The first payment into a junta is its founders' accion; after it, members buy month by month.
CREATE TEMPORARY TABLE loan ON COMMIT DROP AS
WITH drawn AS (
    SELECT
        number,
        1 + floor(%(juntas)s * pg_temp.draw('loan of', number))::BIGINT AS junta,
        (ARRAY[3, 6, 12])[1 + floor(3 * pg_temp.draw('term', number))::INTEGER] AS term,
        (ARRAY[0.01, 0.015, 0.02, 0.05])[1 + floor(4 * pg_temp.draw('rate', number))::INTEGER]
            AS rate,
        CASE
            WHEN pg_temp.draw('status', number) < 0.08 THEN 'PENDING'
            WHEN pg_temp.draw('status', number) < 0.14 THEN 'REJECTED'
            WHEN pg_temp.draw('status', number) < 0.56 THEN 'APPROVED'
            ELSE 'PAID'
        END AS status,
        -- In the second to the 35th month, and never in its last days.
        TIMESTAMPTZ '2021-01-01 12:00:00+00'
        + (1 + floor(34 * pg_temp.draw('month', number))) * INTERVAL '1 month'
        + floor(26 * 86400 * pg_temp.draw('second', number)) * INTERVAL '1 second' AS created_at
    FROM generate_series(1, floor(%(movements)s * 0.06)::BIGINT) AS number
)

SELECT
    number,
    junta,
    term,
    rate,
    status,
    created_at,
    CASE status
        WHEN 'PAID' THEN term
        WHEN 'APPROVED' THEN floor(term * pg_temp.draw('paid', number))::INTEGER
        ELSE 0
    END AS paid,
    FALSE AS above,
    NULL::NUMERIC AS amount
FROM drawn
UNION ALL
-- Above what the junta has at that hour: a bridge that is paid back on the same day.
SELECT
    10000000 + number,
    number,
    1,
    0.01,
    'PAID',
    TIMESTAMPTZ '2021-01-28 15:00:00+00' + (6 + mod(number, 24)) * INTERVAL '1 month',
    1,
    TRUE,
    NULL
FROM generate_series(1, %(above)s::BIGINT) AS number;

CREATE TEMPORARY TABLE multa ON COMMIT DROP AS
SELECT
    number,
    1 + floor(%(juntas)s * pg_temp.draw('multa of', number))::BIGINT AS junta,
    (ARRAY['Tardanza', 'Inasistencia', 'Mora'])[1 + mod(number, 3)::INTEGER] AS description,
    round(1 + 19 * pg_temp.draw('multa', number), 2) AS amount,
    (ARRAY['PENDING', 'PAID', 'PAID'])[
        1 + floor(3 * pg_temp.draw('multa status', number))::INTEGER
    ] AS status,
    TIMESTAMPTZ '2021-01-01 19:00:00+00'
    + floor(26 * pg_temp.draw('multa day', number)) * INTERVAL '1 day'
    + floor(36 * pg_temp.draw('multa month', number)) * INTERVAL '1 month' AS created_at
FROM generate_series(1, floor(%(movements)s * 0.1)::BIGINT) AS number;

CREATE TEMPORARY TABLE accion ON COMMIT DROP AS
WITH wanted AS (
    SELECT
        %(movements)s - (SELECT count(*) FROM multa)
        - (SELECT sum(paid + (status IN ('APPROVED', 'PAID'))::INTEGER) FROM loan) AS acciones
), numbered AS (
    SELECT
        number,
        1 + mod(number - 1, %(juntas)s) AS junta,
        number <= %(juntas)s AS is_first,
        -- Month after month, each junta once in a round.
        floor((number - 1) * 36 / acciones) AS month
    FROM wanted, generate_series(1, acciones) AS number
)

SELECT
    number,
    junta,
    CASE
        WHEN is_first THEN 'INICIAL'
        WHEN mod(number, 17) = 3 THEN 'EXTRAORDINARIA'
        ELSE 'MENSUAL'
    END AS type,
    CASE
        WHEN is_first THEN round(500 + 1500 * pg_temp.draw('first', number), 2)
        WHEN mod(number, 17) = 3 THEN round(10 + 490 * pg_temp.draw('extra', number), 2)
        -- The price of a junta's accion, and how many a member buys.
        ELSE (ARRAY[10, 12.50, 20, 33.33, 50])[1 + mod(junta, 5)]
            * (1 + floor(4 * pg_temp.draw('acciones', number)))
    END AS amount,
    CASE
        WHEN is_first THEN TIMESTAMPTZ '2021-01-01 08:00:00+00'
        ELSE TIMESTAMPTZ '2021-01-01 09:00:00+00' + month * INTERVAL '1 month'
            + floor(26 * pg_temp.draw('day', number)) * INTERVAL '1 day'
            + mod(number, 600) * INTERVAL '1 minute'
    END AS created_at
FROM numbered;

ANALYZE loan, accion;

-- A junta lends a share of what it was given so far, split over all its loans: so it always has it.
WITH given AS (
    SELECT
        junta,
        created_at,
        sum(amount) OVER (PARTITION BY junta ORDER BY created_at, kind, number) AS capital,
        number,
        kind
    FROM (
        SELECT 'accion' AS kind, number, junta, created_at, amount FROM accion
        UNION ALL
        SELECT 'loan', number, junta, created_at, NULL FROM loan
    ) AS events
)

UPDATE loan
SET amount = CASE
    WHEN loan.above THEN given.capital * 2
    ELSE round(
        given.capital * 0.6 / share.loans * (0.5 + 0.5 * pg_temp.draw('lent', loan.number)), 2
    )
END
FROM given
INNER JOIN (
    SELECT junta, count(*) AS loans FROM loan WHERE NOT above GROUP BY junta
    UNION ALL
    SELECT number, 1 FROM generate_series(1, %(juntas)s::BIGINT) AS number
    WHERE number NOT IN (SELECT junta FROM loan WHERE NOT above)
) AS share ON share.junta = given.junta
WHERE given.kind = 'loan' AND given.number = loan.number;

INSERT INTO "Junta" (id, name, created_at)
SELECT
    pg_temp.named('junta', number),
    (ARRAY['Los Andes', 'Santa Rosa', 'El Progreso', 'La Esperanza', 'Nuevo Amanecer'])[
        1 + mod(number, 5)
    ] || ' ' || %(seed)s || '-' || number,
    TIMESTAMPTZ '2020-12-01 12:00:00+00'
FROM generate_series(1, %(juntas)s::BIGINT) AS number;

INSERT INTO "Member" (id, name, document_number, junta_id, created_at)
SELECT
    pg_temp.named('member', junta * 1000 + position),
    'Socio ' || junta || '-' || position,
    lpad(mod(junta * 7919 + position * 104729, 100000000)::TEXT, 8, '0'),
    pg_temp.named('junta', junta),
    TIMESTAMPTZ '2020-12-15 12:00:00+00'
FROM generate_series(1, %(juntas)s::BIGINT) AS junta
CROSS JOIN generate_series(1, %(members)s::BIGINT) AS position;

INSERT INTO "Accion" (id, type, amount, created_at, junta_id, member_id)
SELECT
    pg_temp.named('accion', number),
    type,
    amount::DOUBLE PRECISION,
    created_at,
    pg_temp.named('junta', junta),
    pg_temp.named('member', junta * 1000 + 1 + mod(number / %(juntas)s, %(members)s))
FROM accion;

INSERT INTO "Multa" (id, amount, description, status, created_at, junta_id, member_id)
SELECT
    pg_temp.named('multa', number),
    amount::DOUBLE PRECISION,
    description,
    status,
    created_at,
    pg_temp.named('junta', junta),
    pg_temp.named('member', junta * 1000 + 1 + mod(number, %(members)s))
FROM multa;

INSERT INTO "Prestamo" (
    id, amount, description, status, created_at, junta_id, member_id, monthly_interest,
    number_of_installments, guarantee_type
)
SELECT
    pg_temp.named('loan', number),
    amount::DOUBLE PRECISION,
    CASE WHEN above THEN 'Prestamo puente' END,
    status,
    created_at,
    pg_temp.named('junta', junta),
    pg_temp.named('member', junta * 1000 + 1 + mod(number, %(members)s)),
    rate,
    term,
    CASE WHEN mod(number, 3) = 0 THEN 'AVAL' END
FROM loan;

INSERT INTO "PagoPrestamo" (id, amount, date, prestamo_id)
SELECT
    pg_temp.named('pago', loan.number * 100 + installment.number),
    installment.amount::DOUBLE PRECISION,
    loan.created_at
    + CASE
        WHEN loan.above THEN INTERVAL '3 hours' ELSE installment.number * INTERVAL '1 month'
    END,
    pg_temp.named('loan', loan.number)
FROM loan
CROSS JOIN LATERAL installments(loan.amount, loan.rate, loan.term) AS installment
WHERE installment.number <= loan.paid;

-- Rows that can make no movement, each wrong in one way; all else about them is in order.
CREATE TEMPORARY TABLE dirty ON COMMIT DROP AS
SELECT
    kind,
    amount,
    pg_temp.named('dirty ' || kind, 4000000000) AS row_id,
    CASE WHEN kind <> 'orphan' THEN pg_temp.named('junta', 1) END AS junta_id,
    pg_temp.named('member', 1001) AS member_id,
    CASE WHEN kind = 'unknown' THEN 'ANULADO' ELSE 'APPROVED' END AS loan_status,
    CASE WHEN kind = 'unknown' THEN 'ANULADO' ELSE 'PAID' END AS multa_status,
    TIMESTAMPTZ '2022-06-15 10:00:00+00' AS created_at
FROM (
    VALUES
    ('fraction', 10.005), ('negative', -5), ('missing', NULL), ('infinite', 'NaN'),
    ('unknown', 7), ('orphan', 8)
) AS known (kind, amount)
WHERE kind = ANY(%(dirt)s::TEXT[]);

INSERT INTO "Accion" (id, type, amount, created_at, junta_id, member_id)
SELECT row_id, 'MENSUAL', amount, created_at, junta_id, member_id FROM dirty
WHERE kind <> 'unknown';

INSERT INTO "Multa" (id, amount, description, status, created_at, junta_id, member_id)
SELECT row_id, amount, 'Tardanza', multa_status, created_at, junta_id, member_id FROM dirty;

INSERT INTO "Prestamo" (id, amount, description, status, created_at, junta_id, member_id)
SELECT row_id, amount, kind, loan_status, created_at, junta_id, member_id FROM dirty;

-- Of a loan that is in order, for a payment is judged by itself; or of none.
INSERT INTO "PagoPrestamo" (id, amount, date, prestamo_id)
SELECT
    row_id,
    amount,
    created_at,
    CASE WHEN kind <> 'orphan' THEN (SELECT pg_temp.named('loan', min(number)) FROM loan) END
FROM dirty
WHERE kind <> 'unknown';

ANALYZE "Junta", "Member", "Accion", "Multa", "Prestamo", "PagoPrestamo";
