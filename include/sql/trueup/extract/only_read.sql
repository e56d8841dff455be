-- Lets a session that reads a source do nothing else.
SET default_transaction_read_only = on
