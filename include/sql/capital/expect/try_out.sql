-- Tries what only writing shows, through the triggers that stand: the worked examples; and what the
-- app's queries would cost, over fresh statistics. The caller takes it all back.
SELECT check_name, subject, found FROM verify_migration('examples')
UNION ALL
SELECT check_name, subject, found FROM verify_migration('costs')
