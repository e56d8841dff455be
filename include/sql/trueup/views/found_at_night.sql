-- Shows what the nights found: what it is about, by how much it is off, and the likely cause.
CREATE OR REPLACE VIEW trueup.found_at_night AS
SELECT
    finding.night_id,
    finding.check_name,
    finding.number,
    finding.severity,
    finding.subject,
    finding.currency_code,
    finding.expected,
    finding.actual,
    finding.difference,
    finding.cause,
    greatest(
        coalesce(currency.minor_unit, 0), min_scale(finding.expected), min_scale(finding.actual)
    ) AS decimals
FROM trueup.night_findings AS finding
LEFT JOIN trueup.currencies AS currency ON currency.code = finding.currency_code;
