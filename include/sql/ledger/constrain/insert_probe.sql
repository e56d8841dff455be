-- Puts up an account that may not overdraw, for the proof; the savepoint takes it away again.
INSERT INTO bank_accounts (id, currency_code, allow_overdraft) VALUES (%(probe)s, 'XTS', FALSE)
