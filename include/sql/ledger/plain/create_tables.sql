-- Creates what one reading of a source needs: what is known beforehand, and what is found.
CREATE TABLE currencies (code VARCHAR PRIMARY KEY, minor_unit INTEGER);
CREATE TABLE accounts (account_id VARCHAR, currency_code VARCHAR);
-- A key's hash: two rows of one hash are looked at again, so that a collision does no harm.
CREATE TABLE keys (key_hash UBIGINT, position BIGINT, plain BOOLEAN);
CREATE TABLE movements (
    account_id VARCHAR, currency_code VARCHAR, entries BIGINT, debit DECIMAL(38, 8),
    credit DECIMAL(38, 8)
);
CREATE TABLE staged (position BIGINT, ledger_id VARCHAR, reference_id VARCHAR);
-- A name as everybody writes it: no blank of Unicode at its ends, which the careful reader would
-- strip, no quote, which may have been more than a character, and nothing that COPY would escape.
CREATE MACRO is_name(named, quote_mark) AS -- noqa: CP05
length(named) <= 255
AND NOT contains(named, quote_mark)
AND regexp_full_match(named, '[^\x00-\x1f"\\\x7f]+')
AND NOT regexp_matches(
    named,
    '^[\s\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]'
    || '|[\s\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]$'
);
