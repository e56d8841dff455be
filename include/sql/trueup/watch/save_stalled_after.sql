-- Keeps how long a run may be silent on which somebody works, where it is another than before.
UPDATE trueup.settings SET stalled_after = %(after)s
WHERE stalled_after <> %(after)s
