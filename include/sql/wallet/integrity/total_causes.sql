-- What drifts by its cause; the largest part first.
SELECT
    cause,
    count(*) AS users,
    sum(abs(drift))::BIGINT AS coins,
    sum(abs(journal_drift))::BIGINT AS coins_off_journal
FROM wallet_drifts
GROUP BY cause
ORDER BY sum(abs(drift)) DESC, cause ASC
