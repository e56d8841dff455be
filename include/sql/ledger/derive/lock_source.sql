-- Holds an old table still: who writes to it waits until this transaction ends.
LOCK TABLE {source} IN SHARE MODE
