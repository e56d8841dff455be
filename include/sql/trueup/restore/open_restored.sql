-- Creates the schema in which tables are restored beside those that stand.
CREATE SCHEMA trueup_restored
