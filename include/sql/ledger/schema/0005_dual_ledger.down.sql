-- Makes way for the function that knew no outbox status.
DROP FUNCTION IF EXISTS post_ledger_batch(TEXT, BIGINT, BIGINT, BOOLEAN, TEXT);
