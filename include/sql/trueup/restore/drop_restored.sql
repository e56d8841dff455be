-- Drops what a restore that did not end has left beside the tables that stand.
DROP SCHEMA IF EXISTS trueup_restored CASCADE
