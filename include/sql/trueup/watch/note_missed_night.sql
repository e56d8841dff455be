-- Notes that somebody was told that nobody looks at a system's books.
INSERT INTO trueup.missed_nights (system, told_at) VALUES (%(system)s, clock_timestamp())
ON CONFLICT (system) DO UPDATE SET told_at = excluded.told_at
