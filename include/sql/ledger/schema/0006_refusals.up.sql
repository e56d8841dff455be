-- Keeps "the other ledger has refused it" apart from "it may have arrived": both are FAILED.
ALTER TABLE dual_ledger_outbox
ADD COLUMN IF NOT EXISTS refused BOOLEAN NOT NULL DEFAULT FALSE;

-- What was refused until now says so in the words of the answer.
UPDATE dual_ledger_outbox SET refused = TRUE
WHERE status = 'FAILED' AND last_error ~ ' answered (400|409|413|422)\.';
