-- Keeps what the plain rows of a block move.
INSERT INTO movements SELECT account_id, currency_code, entries, debit, credit FROM moved
