-- A closed transaction has at least two entries, and they sum to zero; also when some come later.
CREATE TRIGGER coin_ledger_transactions_closed_in_balance
AFTER INSERT OR UPDATE ON coin_ledger_transactions
FOR EACH ROW WHEN (new.status = 'closed')
EXECUTE FUNCTION refuse_unbalanced();
CREATE TRIGGER coin_ledger_transactions_stays_in_balance AFTER INSERT ON coin_journal_entries
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalancing();
