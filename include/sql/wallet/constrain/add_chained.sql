-- An entry begins with the balance that the wallet's last one left.
CREATE TRIGGER coin_journal_entries_chained AFTER INSERT ON coin_journal_entries
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION refuse_broken_chain()
