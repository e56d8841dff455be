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
-- A name as everybody writes it: nothing to strip, nothing that a quote could have hidden.
CREATE MACRO is_name(name) AS
length(name) <= 255
AND regexp_full_match(name, '[!#-~\p{L}\p{N}]([^\x00-\x1f"\x7f]*[!#-~\p{L}\p{N}])?');
