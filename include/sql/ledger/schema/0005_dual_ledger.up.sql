-- Makes way for a function that takes an outbox status: with both, a call would be ambiguous.
DROP FUNCTION IF EXISTS post_ledger_batch(TEXT, BIGINT, BIGINT, BOOLEAN, BOOLEAN);
