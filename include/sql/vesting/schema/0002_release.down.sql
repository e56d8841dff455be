-- Forgets what became of lots that releases looked at.
DROP TABLE IF EXISTS vesting_release_outcomes;
