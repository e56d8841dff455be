-- Takes back the rule that the run applied.
DROP TRIGGER IF EXISTS coin_ledger_transactions_closed_in_balance ON coin_ledger_transactions;
DROP TRIGGER IF EXISTS coin_ledger_transactions_stays_in_balance ON coin_journal_entries;
