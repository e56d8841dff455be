-- Tells whether tables are bare: the trigger that keeps others out goes last.
SELECT EXISTS(
    SELECT 1 FROM pg_trigger
    WHERE tgrelid = ANY(%(tables)s::REGCLASS[]) AND tgname = 'trueup_initial_load'
) AS bare
