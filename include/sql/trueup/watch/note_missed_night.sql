-- Notes that somebody was told that no night came after a system's last one.
UPDATE trueup.nights SET missed_told_at = clock_timestamp()
WHERE
    night_id = (
        SELECT last.night_id FROM trueup.last_nights AS last WHERE last.system = %(system)s
    )
