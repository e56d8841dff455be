-- Writes values alike in this transaction, whatever the database or the role prefers; what row
-- security would hide is an error.
SET LOCAL search_path = pg_catalog;
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = hex;
SET LOCAL intervalstyle = postgres;
SET LOCAL xmlbinary = base64;
SET LOCAL row_security = off;
-- A dump may take longer than a session is otherwise allowed to wait.
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL statement_timeout = 0;
