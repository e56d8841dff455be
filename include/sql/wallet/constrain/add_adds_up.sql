-- A credit raises a wallet by its amount, a debit lowers it.
ALTER TABLE coin_journal_entries ADD CONSTRAINT coin_journal_entries_adds_up CHECK (
    balance_after = balance_before + CASE direction WHEN 'credit' THEN amount ELSE -amount END
) NOT VALID
