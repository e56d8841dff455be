-- Removes the vault's tables.
DROP TABLE vault_vesting_lots;
DROP TABLE wallet_locks;
DROP TABLE ledger_entries;
DROP TABLE operations;
DROP TABLE accounts;
DROP TABLE vaults;
DROP TABLE users;
