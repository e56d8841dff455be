-- Lists the lines of a block that are not plain.
SELECT position FROM judged WHERE NOT plain ORDER BY position
