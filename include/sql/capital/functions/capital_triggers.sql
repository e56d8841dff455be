-- The names of the triggers that a migration sets on the app's tables.
CREATE OR REPLACE FUNCTION capital_triggers() RETURNS SETOF TEXT LANGUAGE sql IMMUTABLE
RETURN unnest('{
    trueup_0_hold, trueup_1_log, trueup_1_log_update, trueup_2_shadow, trueup_3_capital,
    trueup_refuse_truncate, capital_follows
}'::TEXT[]);
