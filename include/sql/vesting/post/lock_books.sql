-- Waits until nobody writes lots and holds new ones back for the moment of a snapshot.
LOCK TABLE vault_vesting_lots IN SHARE MODE
