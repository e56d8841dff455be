-- Tells whether somebody has looked at a system's books of late.
SELECT count(*) > 0 AS found
FROM trueup.nights
WHERE system = %(system)s AND looked_at > now() - %(within)s
