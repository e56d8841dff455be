-- Receives what plain rows move.
COPY trueup.movements (run_id, plain, account_id, currency_code, entries, debit, credit) FROM STDIN
