-- Must be refused: an entry that is changed.
UPDATE coin_journal_entries SET memo = 'probe' WHERE id = %(probe)s
